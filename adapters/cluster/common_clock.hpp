/// One time for all ranks. Hosts' monotonic clocks begin at any instant, and run apart by some parts in a million; how
/// far apart two are is asked by messages there and back, as Cristian (Probabilistic clock synchronization, 1989) does:
/// the true difference lies within half of the fastest message's way of what that message found.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "adapters/cluster/start.hpp"

namespace peakstorm::cluster {

/// A message of rank 0's, and the answer of another rank, which tells its own time.
struct RoundTrip {
  std::chrono::nanoseconds sent{};   ///< By rank 0's clock.
  std::chrono::nanoseconds there{};  ///< By the other's.
  std::chrono::nanoseconds back{};   ///< By rank 0's.
};

/// What a rank's clock shows beyond rank 0's.
struct ClockOffset {
  std::chrono::nanoseconds offset{};
  std::chrono::nanoseconds uncertainty{};  ///< The true offset differs by at most so much.
};

/// By the fastest of the trips. Requires: at least one.
ClockOffset offset_of(std::span<const RoundTrip> trips);

/// A rank's monotonic clock.
using HostClock = std::function<std::chrono::nanoseconds()>;

/// Measures all ranks against rank 0, one after the other: some milliseconds in all. Returns this rank's offset; rank
/// 0's is zero. Collective.
ClockOffset compare_clocks(Job& job, const HostClock& clock);

}  // namespace peakstorm::cluster
