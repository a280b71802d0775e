/// One simulated replication as the verbs show it: with progress while it runs, as JSON and text afterwards.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <stop_token>
#include <string>

#include "adapters/cli/flags.hpp"
#include "engine/recorder.hpp"
#include "engine/simulation.hpp"
#include "results/measure_map.hpp"

namespace peakstorm::cli {

struct SimulationRun {
  SimulationSummary summary;
  RunKey key;
  double scale = 1;
  unsigned threads = 1;  ///< Really used.
  std::chrono::duration<double> wall{};
};

/// What the engine is to do for replication number `replication`, from the flags, the world's defaults and
/// `default_scale`.
SimulationOptions options_of(const World& world, const SimulationFlags& flags, std::uint32_t replication,
                             double default_scale);

/// Simulates into `recorder`. Errors as of peakstorm::simulate; a stop is no error but a partial summary.
Result<SimulationRun> run_simulation(const World& world, SimulationOptions options, Recorder& recorder,
                                     const std::stop_token& stop, bool quiet);

/// Sum over carriers.
Census total_of(const SimulationSummary& summary);

/// Highest resident memory of this process so far, MiB.
double peak_rss_mib();

// Members of the JSON object of `simulate` and `drill`.
boost::json::object conservation_json(const World& world, const SimulationSummary& summary);
/// A rate per definition; null when nothing was counted.
boost::json::object on_time_json(const MeasureMap& measures);
/// Likewise {"low":, "high":} where there are replications; empty otherwise.
boost::json::object on_time_interval_json(const MeasureMap& measures);
/// Every measure by name; null when nothing was counted.
boost::json::object measures_json(const MeasureMap& measures);
/// The run itself: scenario, seed, scale, digest, counts and costs.
boost::json::object run_json(const World& world, const SimulationFlags& flags, const SimulationRun& run);

/// The lines on the terminal: what ran, on time by definition, conservation.
std::string run_text(const World& world, const SimulationRun& run);
std::string on_time_text(const MeasureMap& measures);

}  // namespace peakstorm::cli
