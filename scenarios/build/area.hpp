/// Areas: `all`, `states TX AR`, `circle 32.8 -97.0 200km`, `facilities a b`, joined by " + ".
#pragma once

#include <optional>
#include <vector>

#include "scenarios/build/builder.hpp"

namespace peakstorm::scenarios {

struct Area {
  struct Circle {
    Position centre;
    double radius_km = 0;
    bool operator==(const Circle&) const = default;
  };
  bool all = false;
  std::vector<RegionId> regions;  ///< Ascending, each once.
  std::vector<Circle> circles;
  std::vector<FacilityId> facilities;

  /// Whether a place lies in it, by its region or its position; facilities named one by one aside.
  [[nodiscard]] bool covers(RegionId region, Position position) const;
  bool operator==(const Area&) const = default;
};

/// Reads the area in a cell; nothing, and a fault for every unknown name, when it cannot.
std::optional<Area> read_area(const Builder& b, const Row& row, std::string_view column);
/// Reads it from `text`, a part of the cell.
std::optional<Area> read_area(const Builder& b, const Row& row, std::string_view column, std::string_view text);

}  // namespace peakstorm::scenarios
