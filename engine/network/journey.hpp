#pragma once

#include "engine/random.hpp"
#include "engine/world.hpp"

namespace peakstorm::network {

/// How long the journey that leaves a lane's dock at `departure` takes in ordinary weather.
///
/// A lane with transit_p10 and transit_p90 has an asymmetric log-Laplace law: the logarithm of the time over `transit`,
/// its median, is exponential on either side, with means such that a tenth of journeys are shorter than transit_p10 and
/// a tenth longer than transit_p90. Of 945 road legs of 2018 (Delhivery; time over the lane's own median) the
/// logarithms at 1, 10, 25, 75, 90 and 99 % are -0.65, -0.22, -0.08, 0.09, 0.27 and 0.96. As many standard deviations
/// of a normal law those are 0.28, 0.18, 0.12, 0.14, 0.21 and 0.41, as many means of an exponential one 0.16, 0.14,
/// 0.12, 0.13, 0.17 and 0.24: the tails are far heavier than lognormal, and a little heavier than this. A hundredth of
/// journeys take the 1 % quantile exactly, so that there is a shortest one, on which the kernel's lookahead rests; one
/// in a thousand takes the 99.9 % quantile. A lane without the two takes `transit` each time.
///
/// All that leaves a lane at one instant travels together: the draw belongs to the lane and the instant.
/// `from_hash`, `to_hash`: hash64 of the names of the lane's ends.
SimDuration journey(const DrawKey& key, const Lane& lane, std::uint64_t from_hash, std::uint64_t to_hash,
                    SimTime departure);

/// No journey is shorter; > 0.
SimDuration shortest_journey(const Lane& lane);

}  // namespace peakstorm::network
