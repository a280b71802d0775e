#include "scenarios/fit/placement.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/geo.hpp"
#include "engine/random.hpp"
#include "scenarios/fit/median.hpp"

namespace peakstorm::scenarios {
namespace {

constexpr int sweeps = 200;
constexpr double km_per_degree = 6371.0088 * std::numbers::pi / 180;
/// First places spread over some sixty kilometres, lest facilities of a region pull in one direction only.
constexpr double first_spread_km = 60;

struct Point {
  double x = 0;  ///< Kilometres.
  double y = 0;
};

/// Kilometres east and north of a middle; good enough for a country.
class Plane {
 public:
  explicit Plane(Position middle)
      : middle_(middle), east_(km_per_degree * std::cos(middle.lat * std::numbers::pi / 180)) {}
  [[nodiscard]] Point of(Position p) const {
    return {(p.lon - middle_.lon) * east_, (p.lat - middle_.lat) * km_per_degree};
  }
  [[nodiscard]] Position back(Point p) const {
    return {std::clamp(middle_.lat + p.y / km_per_degree, -89.0, 89.0),
            std::clamp(middle_.lon + p.x / east_, -179.0, 179.0)};
  }

 private:
  Position middle_;
  double east_;
};

Position middle_of(const NetworkRecords& records) {
  Position sum{0, 0};
  double count = 0;
  const auto add = [&](double lat, double lon) {
    sum.lat += lat;
    sum.lon += lon;
    ++count;
  };
  for (const FacilityRecord& facility : records.facilities) {
    if (facility.placed) add(facility.lat, facility.lon);
  }
  for (const auto& [name, centre] : records.region_centres) add(centre.first, centre.second);
  return count == 0 ? Position{0, 0} : Position{sum.lat / count, sum.lon / count};
}

}  // namespace

Placement place(const NetworkRecords& records) {
  const Position middle = middle_of(records);
  const Plane plane(middle);
  std::vector<Point> points;
  for (const FacilityRecord& facility : records.facilities) {
    if (facility.placed) {
      points.push_back(plane.of({facility.lat, facility.lon}));
      continue;
    }
    const auto centre = records.region_centres.find(facility.region);
    Point at = plane.of(centre == records.region_centres.end() ? middle
                                                               : Position{centre->second.first, centre->second.second});
    const std::uint64_t name = hash64(facility.code);
    at.x += (static_cast<double>(name & 0xffffU) / 65535 - 0.5) * first_spread_km;
    at.y += (static_cast<double>(name >> 16U & 0xffffU) / 65535 - 0.5) * first_spread_km;
    points.push_back(at);
  }
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const double step = 0.5 * (1 - static_cast<double>(sweep) / sweeps);
    for (const CorridorRecord& corridor : records.corridors) {
      if (corridor.km == 0) continue;
      Point& a = points[corridor.from];
      Point& b = points[corridor.to];
      const double apart = std::max(1e-3, std::hypot(b.x - a.x, b.y - a.y));
      const double move = step * (apart - corridor.km / detour) / apart / 2;
      const Point towards{(b.x - a.x) * move, (b.y - a.y) * move};
      const bool free_a = !records.facilities[corridor.from].placed;
      const bool free_b = !records.facilities[corridor.to].placed;
      if (free_a) a = {a.x + towards.x, a.y + towards.y};
      if (free_b) b = {b.x - towards.x, b.y - towards.y};
    }
  }
  Placement placement;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const FacilityRecord& facility = records.facilities[i];
    placement.positions.push_back(facility.placed ? Position{facility.lat, facility.lon} : plane.back(points[i]));
  }
  std::vector<double> errors;
  for (const CorridorRecord& corridor : records.corridors) {
    if (corridor.km == 0) continue;
    const double wanted = corridor.km / detour;
    const double got = great_circle_km(placement.positions[corridor.from], placement.positions[corridor.to]);
    errors.push_back(std::abs(got - wanted) / wanted);
  }
  if (!errors.empty()) placement.error = median(std::move(errors));
  return placement;
}

}  // namespace peakstorm::scenarios
