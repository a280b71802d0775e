/// validation.csv of a scenario: published figures, and which measure of a run stands beside each (FORMAT.md).
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "engine/published_figure.hpp"
#include "engine/world.hpp"
#include "scenarios/loader.hpp"

namespace peakstorm {

/// In the order of the file; none when there is no such file. `measures`: the names that a run of this world measures;
/// another one is a fault that names the near ones. Never throws; any thread.
tl::expected<std::vector<PublishedFigure>, std::vector<Fault>> read_validation(
    const std::filesystem::path& folder, const World& world, const std::vector<std::string>& measures);

}  // namespace peakstorm
