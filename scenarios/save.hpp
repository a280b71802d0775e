/// Writes the resolved World for the run folder, so that a run tells what it ran on when its scenario has
/// changed or gone.
#pragma once

#include <filesystem>
#include <string>

#include "engine/result.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// The World as TOML: every scalar, carrier, service, shipper, node, disruption and gate in full; destinations,
/// facilities, lanes, coverage and given orders as counts with an XXH3-128 hash over all their fields. The same
/// World gives the same text.
std::string world_text(const World& world);

/// Writes world_text to `path`. Error: io.
Result<void> write_world(const World& world, const std::filesystem::path& path);

}  // namespace peakstorm
