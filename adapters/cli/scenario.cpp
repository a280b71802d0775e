#include "adapters/cli/scenario.hpp"

#include <fmt/format.h>

#include "adapters/cli/output.hpp"
#include "adapters/cli/text.hpp"
#include "results/measures.hpp"
#include "scenarios/library.hpp"
#include "scenarios/validation.hpp"

namespace peakstorm::cli {

namespace {

tl::expected<Scenario, ExitCode> load(std::filesystem::path folder, const std::string& name,
                                      const WhatIf* what_if = nullptr) {
  auto world = load_scenario(folder, name, what_if);
  if (!world) {
    report_faults(folder, world.error());
    return tl::unexpected(ExitCode::input_rejected);
  }
  auto published = published_figures(folder, *world);
  if (!published) {
    report_faults(folder, published.error());
    return tl::unexpected(ExitCode::input_rejected);
  }
  return Scenario{std::move(folder), std::move(*world), std::move(*published)};
}

}  // namespace

tl::expected<std::vector<PublishedFigure>, std::vector<Fault>> published_figures(const std::filesystem::path& folder,
                                                                                 const World& world) {
  std::vector<std::string> measures;
  for (const auto& [name, unit] : measure_catalogue(world)) measures.push_back(name);
  return read_validation(folder, world, measures);
}

void report_faults(const std::filesystem::path& folder, const std::vector<Fault>& faults) {
  std::string text;
  for (const auto& fault : faults) {
    const bool elsewhere = std::filesystem::path(fault.file).is_absolute();
    text += (elsewhere ? "" : (folder / "").string()) + fault.text() + "\n";
  }
  note(text + fmt::format("peakstorm: {} has {}",
                          folder.filename().empty() ? folder.string() : folder.filename().string(),
                          plural(faults.size(), "fault")));
}

tl::expected<Scenario, ExitCode> open_scenario(const std::string& name_or_path) {
  auto folder = find_scenario(name_or_path);
  if (!folder) return tl::unexpected(report(folder.error()));
  return load(std::move(*folder), {});
}

tl::expected<Scenario, ExitCode> open_inputs(const std::filesystem::path& inputs, const std::string& name,
                                             const WhatIf* what_if) {
  return load(inputs, name, what_if);
}

tl::expected<Scenario, ExitCode> open_inputs(const RunReader& run) {
  return load(run.inputs(), run.manifest().scenario);
}

}  // namespace peakstorm::cli
