/// From what the user calls a scenario to a checked World.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "scenarios/loader.hpp"

namespace peakstorm::cli {

/// The folder: `name` itself when there is such a folder, else the scenario of that name in the library.
/// Errors: bad_input, with the nearest name of the library.
Result<std::filesystem::path> find_scenario(const std::string& name);

/// Every fault on standard error, one line each, below the folder's name.
void report_faults(const std::filesystem::path& folder, const std::vector<Fault>& faults);

struct Scenario {
  std::filesystem::path folder;
  World world;
};
/// Finds and loads. Whatever is wrong has been reported when there is no Scenario.
tl::expected<Scenario, ExitCode> open_scenario(const std::string& name);

}  // namespace peakstorm::cli
