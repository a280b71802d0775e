/// The map of a carrier's leg records: scenarios/fit/README.md describes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "scenarios/build/faults.hpp"
#include "scenarios/fit/mapped_table.hpp"

namespace peakstorm::scenarios {

struct LegMap {
  ColumnNames legs;
  ColumnNames corridors;
  ColumnNames facilities;
  std::string zone;
  std::string fit_value;    ///< Of the column `set`: rows to fit on; empty: all.
  std::string whole_value;  ///< Of the column `last`: rows at the end of their leg; empty: nobody says.
  std::map<std::string, std::pair<double, double>> region_centres;
};

/// Faults: no TOML, unknown or missing keys, values of a wrong kind.
LegMap read_leg_map(const std::filesystem::path& file, Faults& faults);

}  // namespace peakstorm::scenarios
