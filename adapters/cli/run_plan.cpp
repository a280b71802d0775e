#include "adapters/cli/run_plan.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "scenarios/save.hpp"

namespace peakstorm::cli {

std::filesystem::path default_run_folder(const World& world, std::uint64_t seed) {
  const std::string name = fmt::format("{}-{}-{:%Y%m%dT%H%M%SZ}", world.name, seed, fmt::gmtime(std::time(nullptr)));
  const std::filesystem::path runs = "runs";
  std::filesystem::path folder = runs / name;
  for (int copy = 2; std::filesystem::exists(folder); ++copy) folder = runs / fmt::format("{}-{}", name, copy);
  return folder;
}

RunFolderPlan plan_of(const Scenario& scenario, const SimulationFlags& flags, const SimulationOptions& options,
                      const std::filesystem::path& folder, const std::string& command_line) {
  RunFolderPlan plan;
  plan.folder = folder;
  plan.facts.seed = options.run.seed;
  plan.facts.replications = flags.replications;
  plan.facts.scale = options.scale;
  plan.facts.without = options.without;
  plan.facts.threads = options.threads;
  plan.facts.version = PEAKSTORM_VERSION;
  plan.facts.command_line = command_line;
  plan.world_text = world_text(scenario.world);
  plan.scenario = scenario.folder;
  plan.published = scenario.published;
  return plan;
}

}  // namespace peakstorm::cli
