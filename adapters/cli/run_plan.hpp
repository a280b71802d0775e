/// Where a run goes and what identifies it.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/scenario.hpp"
#include "engine/simulation.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::cli {

/// runs/SCENARIO-SEED-YYYYmmddTHHMMSSZ below the working folder, with -2, -3 ... behind when it is there.
std::filesystem::path default_run_folder(const World& world, std::uint64_t seed);

RunFolderPlan plan_of(const Scenario& scenario, const SimulationFlags& flags, const SimulationOptions& options,
                      const std::filesystem::path& folder, const std::string& command_line);

}  // namespace peakstorm::cli
