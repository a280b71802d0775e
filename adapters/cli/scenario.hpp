/// From what the user calls a scenario to a checked World.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "engine/published_figure.hpp"
#include "results/run_folder.hpp"
#include "scenarios/loader.hpp"

namespace peakstorm::cli {

/// Every fault on standard error, one line each, with the folder in front so that an editor finds the line.
void report_faults(const std::filesystem::path& folder, const std::vector<Fault>& faults);

struct Scenario {
  std::filesystem::path folder;
  World world;
  std::vector<PublishedFigure> published;  ///< What validation.csv puts beside a run's measures.
};
/// The published figures of a scenario whose world is loaded; every fault of validation.csv.
tl::expected<std::vector<PublishedFigure>, std::vector<Fault>> published_figures(const std::filesystem::path& folder,
                                                                                 const World& world);

/// Finds a scenario by path or library name and loads it. Whatever is wrong has been reported when there is
/// no Scenario.
tl::expected<Scenario, ExitCode> open_scenario(const std::string& name_or_path);

/// The scenario that was copied to `inputs`, under the name it had; `what_if`: none, or one of its futures.
tl::expected<Scenario, ExitCode> open_inputs(const std::filesystem::path& inputs, const std::string& name,
                                             const WhatIf* what_if = nullptr);

/// The scenario as a finished run kept it.
tl::expected<Scenario, ExitCode> open_inputs(const RunReader& run);

}  // namespace peakstorm::cli
