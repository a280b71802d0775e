/// Distance on the sphere.
#pragma once

#include "engine/world.hpp"

namespace peakstorm {

/// Great-circle distance in kilometres by the haversine formula (Sinnott 1984), on a sphere of the
/// Earth's mean radius 6371.0088 km (IUGG); within 0.6 % of the ellipsoid. Requires finite degrees.
double great_circle_km(Position a, Position b);

}  // namespace peakstorm
