/// What a policy changes in a scenario while it is read: keys of scenario.toml, and tables read from elsewhere.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "scenarios/build/faults.hpp"

namespace peakstorm::scenarios {

struct Overlay {
  std::filesystem::path file;  ///< Absolute: what faults name.
  /// Changes the parsed scenario.toml. Nodes it brings in stand in lines beyond `lines`: the lines of `file` count on
  /// from there, so that a fault of either file finds its place.
  std::function<void(toml::table& root)> change;
  int lines = 0;
  std::map<std::string, std::filesystem::path, std::less<>> tables;  ///< By the table's name, absolute.

  /// Puts the faults that belong to the policies file or its tables where they belong.
  void place(std::vector<Fault>& faults) const;
};

/// load_scenario with an overlay: null for none.
tl::expected<World, std::vector<Fault>> load_with(const std::filesystem::path& folder, const std::string& name,
                                                  const Overlay* overlay);

}  // namespace peakstorm::scenarios
