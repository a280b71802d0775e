#include "scenarios/build/area.hpp"

#include <algorithm>

#include "engine/geo.hpp"

namespace peakstorm::scenarios {
namespace {

const char* const area_cure = "write all, states TX AR, circle 32.8 -97.0 200km or facilities a b, joined by ' + '";

bool read_circle(const Row& row, std::string_view column, const std::vector<std::string_view>& words, Area& out) {
  if (words.size() != 4 || !words[3].ends_with("km")) {
    row.fault(column, "the circle has not the form LAT LON RADIUS", "write for instance circle 32.8 -97.0 200km");
    return false;
  }
  const auto lat = parse_decimal(words[1], -90, 90);
  const auto lon = parse_decimal(words[2], -180, 180);
  const auto radius = parse_decimal(words[3].substr(0, words[3].size() - 2), 0, 20'100);
  for (const auto* number : {&lat, &lon, &radius}) {
    if (!*number) row.fault(column, number->error());
  }
  if (!lat || !lon || !radius) return false;
  if (*radius <= 0) {
    row.fault(column, "the circle's radius is 0", "write a radius above 0 km");
    return false;
  }
  out.circles.push_back({{*lat, *lon}, *radius});
  return true;
}

/// Reads "KIND name name ..." into ids.
template <class Id>
bool read_members(const Row& row, std::string_view column, const std::vector<std::string_view>& words,
                  const Names& names, std::vector<Id>& out) {
  if (words.size() == 1) {
    row.fault(column, in_quotes(words[0]) + " names nothing", area_cure);
    return false;
  }
  bool good = true;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (const auto id = names.find(words[i])) {
      out.push_back(static_cast<Id>(*id));
    } else {
      if (names.complete()) row.fault(column, unknown_name(words[i], names));
      good = false;
    }
  }
  return good;
}

}  // namespace

bool Area::covers(RegionId region, Position position) const {
  if (all || std::binary_search(regions.begin(), regions.end(), region)) return true;
  return std::any_of(circles.begin(), circles.end(), [&](const Circle& circle) {
    return great_circle_km(circle.centre, position) <= circle.radius_km;
  });
}

std::optional<Area> read_area(const Builder& b, const Row& row, std::string_view column) {
  return read_area(b, row, column, row.text(column));
}

std::optional<Area> read_area(const Builder& b, const Row& row, std::string_view column, std::string_view text) {
  Area area;
  bool good = true;
  std::string_view rest = text;
  while (true) {
    const std::size_t plus = rest.find('+');
    const auto words = split_list(rest.substr(0, plus));
    const std::string_view kind = words.empty() ? std::string_view() : words[0];
    if (kind == "all" && words.size() == 1) {
      area.all = true;
    } else if (kind == "states") {
      good = read_members(row, column, words, b.regions, area.regions) && good;
    } else if (kind == "circle") {
      good = read_circle(row, column, words, area) && good;
    } else if (kind == "facilities") {
      good = read_members(row, column, words, b.facilities, area.facilities) && good;
    } else {
      row.fault(column, in_quotes(trim(rest.substr(0, plus))) + " is no area", area_cure);
      good = false;
    }
    if (plus == std::string_view::npos) break;
    rest.remove_prefix(plus + 1);
  }
  const auto tidy = [](auto& ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  };
  tidy(area.regions);
  tidy(area.facilities);
  return good ? std::optional(std::move(area)) : std::nullopt;
}

}  // namespace peakstorm::scenarios
