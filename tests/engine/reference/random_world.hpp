/// Small worlds drawn from a seed, with everything in them that the model knows, and more of it than in life: a few
/// dozen to a few hundred parcels that get lost, held, missorted, refused, left behind and sent back.
#pragma once

#include <cstdint>

#include "engine/world.hpp"

namespace peakstorm::test {

/// A checked world. Times of travel have odd milliseconds, so that containers of different origin rarely arrive at the
/// same instant; timetables and cut-offs lie on full ten minutes, as sort waves do, so that pieces often dock at the
/// very cut-off.
World random_world(std::uint64_t seed);

/// The scale at which to run it: mostly 1.
double random_scale(std::uint64_t seed);

}  // namespace peakstorm::test
