/// A policy's changes in a scenario.toml that has been read: keys by their way, lists by their members' names.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/world.hpp"
#include "scenarios/build/faults.hpp"

namespace peakstorm::scenarios {

/// A value made here that stands in `line`: parsed from a text that begins there.
toml::table made_in_line(int line, const std::string& text);
/// As short as it can be without changing the number.
std::string number_text(double value);
/// Adds "buffer_days = 2", or with its way from the root, as the terminal and the report show it.
void list_changes(const toml::table& table, const std::string& path, std::vector<std::string>& out);

/// A key by its way from the root: "shipper.northstar.buffer_days"; members of a list go by their name, which may
/// itself hold dots.
struct Place {
  toml::table* table = nullptr;
  std::string key;
};

/// Makes the tables on the way that are missing. None when the way leads through something that is no table.
std::optional<Place> find_place(toml::table& root, std::string_view path);

/// `from` comes on top of `into`. What is listed by name is met by name; other lists are replaced.
/// Adds a fault of scenario.toml for each member of a list that has a name which is not there.
void merge(toml::table& into, toml::table&& from, const std::string& path, Faults& faults);

/// A shipper's table by its name; null when there is none.
toml::table* shipper_of(toml::table& root, const std::string& name);
/// Gives a tier of a shipper these shares; tariffs that stay keep their other keys.
void split_tariffs(toml::table& root, const std::string& shipper, const std::string& tier,
                   const std::vector<std::pair<std::string, Ppm>>& shares, int line);

}  // namespace peakstorm::scenarios
