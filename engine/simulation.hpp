/// Runs a World. The result depends on the World, the seed, the replication, the scale and nothing else:
/// not on threads, partitions or ranks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/recorder.hpp"
#include "engine/result.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// 128-bit digest of a run: the sum, over every scan and outcome (with its place in the total order) and
/// every statistic, of a 128-bit hash. Two runs with the same digest had the same scans in the same order.
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Digest&) const = default;
  [[nodiscard]] std::string hex() const;  ///< 32 lower-case digits.
};

struct SimulationProgress {
  SimTime now;  ///< Everything before it is done.
  SimTime end;
  std::uint64_t parcels = 0;
  std::uint64_t scans = 0;
};

struct SimulationOptions {
  RunKey run{};
  unsigned threads = 0;                                       ///< 0: as many as the machine has.
  double scale = 1;                                           ///< Volume and capacity; (0, 10].
  std::array<bool, disruption_kind_names.size()> without{};   ///< Disruption kinds left out, by DisruptionKind.
  std::function<void(const SimulationProgress&)> progress{};  ///< Called after every window.
  std::stop_token stop{};  ///< Ends the run at the next window; the summary is then partial.
};

struct SimulationSummary {
  Digest digest;
  bool partial = false;
  std::uint64_t parcels = 0;  ///< Orders that got a label.
  std::uint64_t tracked = 0;  ///< Of which retailers'.
  std::uint64_t scans = 0;    ///< Of all parcels, missed ones included.
  std::uint64_t events = 0;   ///< Kernel events.
  std::uint64_t windows = 0;
  SimTime end;
  std::vector<Census> conservation;  ///< Per carrier at the end.
  std::array<std::uint64_t, scan_kind_end> scans_by_kind{};
};

/// Checks the options against the world (scale in range, ids wide enough), runs it, and returns what
/// happened. Errors: bad_input. Conservation and Little's law are checked on the way, in every build.
Result<SimulationSummary> simulate(const World& world, const SimulationOptions& options, Recorder& recorder);

}  // namespace peakstorm
