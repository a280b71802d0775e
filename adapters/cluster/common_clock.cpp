#include "adapters/cluster/common_clock.hpp"

#include <algorithm>

#include "engine/check.hpp"

namespace peakstorm::cluster {
namespace {

using std::chrono::nanoseconds;
// The first ones open connections; of the others one or two meet no other traffic.
constexpr std::size_t trips_per_rank = 100;

}  // namespace

ClockOffset offset_of(std::span<const RoundTrip> trips) {
  PEAKSTORM_CHECK(!trips.empty(), trips.size());
  const auto fastest = std::min_element(trips.begin(), trips.end(), [](const RoundTrip& a, const RoundTrip& b) {
    return a.back - a.sent < b.back - b.sent;
  });
  const nanoseconds length = fastest->back - fastest->sent;
  // Half a nanosecond of an odd length is within what is said to be uncertain.
  return {fastest->there - (fastest->sent + length / 2), length / 2 + nanoseconds{length.count() % 2}};
}

ClockOffset compare_clocks(Job& job, const HostClock& clock) {
  ClockOffset mine;
  for (std::size_t rank = 1; rank < job.ranks(); ++rank) {
    if (job.rank() == rank) {
      for (std::size_t i = 0; i < trips_per_rank; ++i) {
        job.receive(0);
        job.send(0, clock().count());
      }
      mine.offset = nanoseconds{job.receive(0)};
      mine.uncertainty = nanoseconds{job.receive(0)};
    } else if (job.rank() == 0) {
      std::vector<RoundTrip> trips(trips_per_rank);
      for (RoundTrip& trip : trips) {
        trip.sent = clock();
        job.send(rank, 0);
        trip.there = nanoseconds{job.receive(rank)};
        trip.back = clock();
      }
      const ClockOffset found = offset_of(trips);
      job.send(rank, found.offset.count());
      job.send(rank, found.uncertainty.count());
    }
  }
  return mine;
}

}  // namespace peakstorm::cluster
