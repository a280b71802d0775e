#pragma once

#include <vector>

#include "engine/world.hpp"
#include "scenarios/network_fit.hpp"

namespace peakstorm::scenarios {

struct Placement {
  std::vector<Position> positions;  ///< By facility.
  double error = 0;                 ///< Median of |distance - wanted| / wanted over corridors of a known length.
};

/// Where facilities stand. Those without a position begin at the centre of their region and are moved until corridors
/// are as long on the map as on the road over `detour`, as well as may be: stochastic gradient descent on the stress
/// (Zheng, Pawar and Goodman 2019), in the order of the corridors, so that the result is the same each time.
/// Requires facilities.
Placement place(const NetworkRecords& records);

/// Length of a road over the great circle's; 1.2 to 1.4 in most countries (Ballou, Rahardja and Sakai 2002).
inline constexpr double detour = 1.3;

}  // namespace peakstorm::scenarios
