/// Distances on the globe.
#pragma once

#include <cmath>
#include <numbers>

#include "engine/world.hpp"

namespace peakstorm {

/// Great-circle distance in kilometres by the haversine formula (Sinnott 1984), on a sphere of the Earth's mean radius
/// 6371.0088 km (IUGG); within 0.6 % of the ellipsoid. Requires finite degrees.
inline double great_circle_km(Position a, Position b) {
  constexpr double radians = std::numbers::pi / 180.0;
  const double lat = std::sin((b.lat - a.lat) * radians / 2);
  const double lon = std::sin((b.lon - a.lon) * radians / 2);
  const double h = lat * lat + std::cos(a.lat * radians) * std::cos(b.lat * radians) * lon * lon;
  return 2 * 6371.0088 * std::asin(std::sqrt(h < 1 ? h : 1));
}

}  // namespace peakstorm
