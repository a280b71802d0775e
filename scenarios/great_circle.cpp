#include "scenarios/great_circle.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace peakstorm {

double great_circle_km(Position a, Position b) {
  constexpr double earth_radius_km = 6371.0088;
  constexpr double radian = std::numbers::pi / 180;
  const double up = std::sin((b.lat - a.lat) * radian / 2);
  const double across = std::sin((b.lon - a.lon) * radian / 2);
  const double h = up * up + std::cos(a.lat * radian) * std::cos(b.lat * radian) * across * across;
  return 2 * earth_radius_km * std::asin(std::sqrt(std::clamp(h, 0.0, 1.0)));
}

}  // namespace peakstorm
