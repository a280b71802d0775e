/// How parallel a run was, window by window, and what that promises on more cores.
///
/// Counts (events, units of work) are exact and depend on the model, the run key and, where said, the partition;
/// never on the machine. Everything in nanoseconds is computed from them with WorkCosts: no clock is read here.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/time.hpp"

namespace peakstorm {

/// What work is taken to cost. Defaults: least squares of relative errors over single-threaded runs, from the first
/// window to the end, of christmas-2013 (scales 0.00001 to 0.01, 460,281 to 730,373 events, 139,087 to 143,290,263
/// scans, 0.51 to 7.59 s) and us-peak-day (0.00001 to 0.02, 86,245 to 121,215 events, 10,975 to 20,919,291 scans, 0.04
/// to 1.06 s) on one core of an Intel Xeon at 2.6 GHz, 22 November 2026. Alone they give 1,107 and 51 ns, and 490 and
/// 54 ns: an event costs more where the load plan is renewed. The barrier is an assumption (a tree of cache-line
/// transfers and wake-ups).
struct WorkCosts {
  double event_ns = 630;
  double unit_ns = 55;       ///< A scan of a parcel.
  double barrier_ns = 1500;  ///< Per window and doubling of cores.
};

struct ParallelismProfile {
  /// Work of something over the whole run.
  struct Work {
    std::uint64_t events = 0;
    std::uint64_t units = 0;  ///< Of the model: parcels handled, one per scan.
    double ns = 0;            ///< Computed.
  };
  struct Distribution {
    double mean = 0;
    std::uint64_t min = 0;
    std::uint64_t median = 0;
    std::uint64_t p90 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t max = 0;
  };
  /// Expected on `cores`, if in each window the heaviest item goes first to the least loaded core.
  struct SpeedUp {
    unsigned cores = 1;
    double by_partition = 1;   ///< Items are the partitions of this run.
    double by_process = 1;     ///< Items are single processes: no partition does better.
    double barrier_share = 0;  ///< Of the time by partition.
  };

  std::uint64_t windows = 0;
  SimDuration span_mean{};  ///< Simulated time from a window's first event to its end: the lookahead used.
  Distribution events_per_window;
  Distribution units_per_window;
  Work total;
  std::vector<Work> by_partition;
  std::vector<Work> by_process;  ///< By LpId.
  double balance = 1;            ///< Work of the busiest partition over the mean.
  /// Sums over windows of the most that one partition, or one process, has to do: no number of cores is faster. Each
  /// member by its own maximum.
  Work critical_partition;
  Work critical_process;
  std::vector<SpeedUp> speed_up;  ///< For profile_cores.
  WorkCosts costs;
};

inline constexpr unsigned profile_cores[] = {1, 2, 8, 64, 512};

}  // namespace peakstorm
