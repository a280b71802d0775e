/// What a replay has done so far: counted, and told to whoever watches. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "adapters/replay.hpp"
#include "adapters/replay/work.hpp"

namespace peakstorm {

class Tally {
 public:
  /// Between two words to `progress`, and so how long a wait may be at most.
  static constexpr std::chrono::nanoseconds every = std::chrono::milliseconds{100};

  /// `progress` may be empty. Both must outlive it.
  Tally(const ReplayTime& time, const std::function<void(const ReplayProgress&)>& progress)
      : time_(time), progress_(progress) {}

  ReplaySummary summary;
  std::uint64_t phase_sent = 0;  ///< Of the phase's total.
  std::uint64_t confirmed = 0;   ///< By a broker.
  bool answered = false;         ///< Any request, with anything.
  std::string last_failure;      ///< Why the last request that got no answer got none.

  /// Counts from zero again, promises registered excepted: they stay.
  void restart();
  void enter(ReplayPhase phase, std::uint64_t total);
  /// An attempt's end.
  void count(RequestKind kind, RequestFate fate);
  /// Tells `progress`, when it is time for that or `last`.
  void report(std::size_t in_flight, std::size_t waiting, bool last = false);

 private:
  const ReplayTime& time_;
  const std::function<void(const ReplayProgress&)>& progress_;
  ReplayPhase phase_ = ReplayPhase::registering;
  std::uint64_t total_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t reported_sent_ = 0;
  std::chrono::nanoseconds reported_at_{};
};

}  // namespace peakstorm
