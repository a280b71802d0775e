#include "scenarios/fit/leg_map.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/build/folder.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm::scenarios {
namespace {

struct Section {
  std::string_view name;
  std::vector<std::string_view> required;
  std::vector<std::string_view> optional;
};

class MapReader {
 public:
  MapReader(const std::filesystem::path& file, Faults& faults) : file_(file.string()), faults_(faults) {}

  LegMap read(std::string_view text) {
    toml::table root;
    try {
      root = toml::parse(text);
    } catch (const toml::parse_error& error) {
      faults_.add(file_, static_cast<int>(error.source().begin.line), "", std::string(error.description()),
                  "mend the TOML syntax; see toml.io");
      return {};
    }
    LegMap map;
    map.legs = columns(root, {"legs",
                              {"from", "to", "minutes", "road_minutes"},
                              {"departed", "km", "vehicle", "leg", "last", "whole", "set", "fit"}});
    if (const auto whole = map.legs.find("whole"); whole != map.legs.end()) {
      map.whole_value = whole->second;
      map.legs.erase(whole);
      if (!map.legs.contains("last"))
        add(root, "legs.whole", "there is no 'last'", "name the column that has this value");
    } else if (map.legs.contains("last")) {
      add(root, "legs.last", "there is no 'whole'", "say which value the last row of a leg has there");
    }
    if (const auto fit = map.legs.find("fit"); fit != map.legs.end()) {
      map.fit_value = fit->second;
      map.legs.erase(fit);
      if (!map.legs.contains("set")) add(root, "legs.fit", "there is no 'set'", "name the column that has this value");
    }
    if (root.contains("corridors")) {
      map.corridors = columns(root, {"corridors", {"from", "to", "legs", "ratio", "road_minutes"}, {"km", "vehicle"}});
    }
    if (root.contains("facilities")) {
      map.facilities = columns(root, {"facilities", {"facility"}, {"region", "pieces", "lat", "lon"}});
    }
    read_places(root, map);
    unknown_keys(root, "", {"legs", "corridors", "facilities", "places", "regions"});
    return map;
  }

 private:
  void add(const toml::node& at, std::string_view key, std::string message, std::string cure) {
    faults_.add(file_, static_cast<int>(at.source().begin.line), key, std::move(message), std::move(cure));
  }
  void unknown_keys(const toml::table& table, const std::string& prefix, const std::vector<std::string_view>& known) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      add(node, prefix + std::string(key.str()), "unknown key", did_you_mean(key.str(), known, "remove it"));
    }
  }
  const toml::table* section(const toml::table& root, std::string_view name) {
    const toml::node* node = root.get(name);
    if (node == nullptr) {
      faults_.add(file_, 1, name, "the section is missing", "add [" + std::string(name) + "]");
      return nullptr;
    }
    if (!node->is_table()) add(*node, name, "no section", "write [" + std::string(name) + "]");
    return node->as_table();
  }
  ColumnNames columns(const toml::table& root, const Section& wanted) {
    ColumnNames names;
    const toml::table* table = section(root, wanted.name);
    if (table == nullptr) return names;
    std::vector<std::string_view> known = wanted.required;
    known.insert(known.end(), wanted.optional.begin(), wanted.optional.end());
    const std::string prefix = std::string(wanted.name) + ".";
    unknown_keys(*table, prefix, known);
    for (const auto& [key, node] : *table) {
      if (const auto* text = node.as_string(); text != nullptr && !text->get().empty()) {
        names[std::string(key.str())] = text->get();
      } else {
        add(node, prefix + std::string(key.str()), "no name of a column", "write the column's name in quotes");
      }
    }
    for (const std::string_view key : wanted.required) {
      if (!table->contains(key)) {
        add(*table, prefix + std::string(key), "the key is missing", "say which column it is");
      }
    }
    return names;
  }
  void read_places(const toml::table& root, LegMap& map) {
    const toml::table* places = section(root, "places");
    if (places != nullptr) {
      unknown_keys(*places, "places.", {"zone"});
      const toml::node* zone = places->get("zone");
      const auto* text = zone == nullptr ? nullptr : zone->as_string();
      if (text == nullptr) {
        add(zone == nullptr ? *places : *zone, "places.zone", "no time zone", "write an IANA name in quotes");
      } else if (const auto known = parse_zone(text->get()); !known) {
        add(*zone, "places.zone", known.error().message, known.error().cure);
      } else {
        map.zone = *known;
      }
    }
    const toml::node* regions = root.get("regions");
    if (regions == nullptr) return;
    if (!regions->is_table()) return add(*regions, "regions", "no section", "write [regions]");
    for (const auto& [name, node] : *regions->as_table()) {
      const auto* pair = node.as_array();
      const auto degrees = [&](std::size_t i) {
        return pair == nullptr || pair->size() != 2 ? std::nullopt : pair->get(i)->value<double>();
      };
      const auto lat = degrees(0);
      const auto lon = degrees(1);
      if (!lat || !lon || !(*lat >= -90 && *lat <= 90) || !(*lon >= -180 && *lon <= 180)) {
        add(node, "regions." + std::string(name.str()), "no latitude and longitude", "write it as [19.4, 76.1]");
      } else {
        map.region_centres[std::string(name.str())] = {*lat, *lon};
      }
    }
  }

  std::string file_;
  Faults& faults_;
};

}  // namespace

LegMap read_leg_map(const std::filesystem::path& file, Faults& faults) {
  const auto text = read_text(file);
  if (!text) {
    faults.add(file.string(), 0, "", text.error());
    return {};
  }
  return MapReader(file, faults).read(*text);
}

}  // namespace peakstorm::scenarios
