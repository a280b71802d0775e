/// The highest rate at which a target still keeps the gates, found by trials (adapters/limit_search.hpp has the
/// procedure and what it may claim).
///
/// A trial sends the source's next messages at a fixed rate for a while, open loop, waits for the answers, and is
/// judged by what happened to them. All trials share one transport and go on where the one before stopped, so that a
/// parcel's story stays in its order. Nothing is read back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/limit_search.hpp"
#include "adapters/replay.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"

namespace peakstorm {

struct LimitOptions {
  LimitSearch::Bounds bounds;
  std::chrono::duration<double> trial{5};  ///< Planned length of each; > 0.
};

/// Who says whether a trial held.
class LimitJudge {
 public:
  virtual ~LimitJudge() = default;
  /// Keeps what happens in the trial that begins; used until `fault` is asked for.
  virtual ReplayRecorder& begin(double rate) = 0;
  /// Why the trial failed; nothing when it held.
  virtual std::optional<std::string> fault(const ReplaySummary& summary) = 0;
};

struct LimitTrial {
  double rate = 0;
  LimitSearch::Stage stage = LimitSearch::Stage::bracket;
  std::optional<std::string> fault;  ///< None: it held.
  ReplaySummary summary;
};

struct LimitResult {
  std::vector<LimitTrial> trials;
  /// The limit lies in [low, high] with this confidence. Without `low` it is below the lowest rate that may be tried,
  /// without `high` above the highest one.
  std::optional<double> low;
  std::optional<double> high;
  double confidence = 0;
  unsigned low_trials = 0;   ///< All of them held at `low`.
  unsigned high_trials = 0;  ///< All of them failed at `high`.
  bool complete = false;     ///< False: stopped, or the messages ran out; then the numbers above say nothing.
  std::string incomplete;    ///< Why, with the cure.
};

/// Errors: those of `replay`. Of `options`, pace and read-back count for nothing; each trial may drain for as long as
/// it was planned to take.
Result<LimitResult> find_limit(const World& world, ReplaySource& source, const ReplayOptions& options,
                               const LimitOptions& limit, LimitJudge& judge, const std::stop_token& stop,
                               const std::function<void(const ReplayProgress&)>& progress);

}  // namespace peakstorm
