/// What a run holds in memory, for the limit of SimulationOptions.
#pragma once

#include <cstdint>

namespace peakstorm::flow {

// Measured on us-peak-day (README.md, "Memory"): resident bytes over parcels in flight, blocks that are not full and
// freed pages that the allocator keeps included.
inline constexpr double bytes_per_parcel = 52;
/// Facts, shopper and outcome of a parcel that is followed one by one; kept to the end of the run.
inline constexpr double bytes_per_tracked = 560;
/// A scan that waits for its turn in the stream, and its copy while its minute is put in order.
inline constexpr double bytes_per_scan = 48;

}  // namespace peakstorm::flow
