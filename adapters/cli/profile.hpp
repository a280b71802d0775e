/// The parallelism profile of a run, for people and for programs.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "adapters/cli/simulation_run.hpp"

namespace peakstorm::cli {

/// Both require run.summary.profile. "counted" is exact and the same on every machine, "computed" follows from it and
/// the stated costs, "measured" is this machine's clock.
boost::json::object profile_json(const World& world, const SimulationRun& run);
std::string profile_text(const World& world, const SimulationRun& run);

}  // namespace peakstorm::cli
