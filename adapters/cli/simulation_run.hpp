/// One simulated replication as the verbs show it: with progress while it runs, as JSON and text afterwards.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "engine/simulation.hpp"
#include "results/measure_map.hpp"
#include "results/run_recorder.hpp"

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

/// Bytes that one of `ranks_here` processes on this machine may take: its share of --memory, by default of what the
/// machine has or its control group allows. 0: unknown, no limit.
std::uint64_t memory_limit(const SimulationFlags& flags, std::size_t ranks_here);

/// Simulates as many replications as the flags ask for, from that of `options`, one after the other, into `recorder`;
/// progress calls a single one `phase`. A stop is no error: the
/// run it hits is partial and the last one. Errors: as of peakstorm::simulate, and what the recorder could not
/// write.
Result<std::vector<SimulationRun>> run_replications(const World& world, const SimulationFlags& flags,
                                                    SimulationOptions options, RunRecorder& recorder,
                                                    const std::stop_token& stop, bool quiet,
                                                    const std::string& phase = "simulate");

/// Sum over carriers.
Census total_of(const SimulationSummary& summary);

/// Highest resident memory of this process so far, MiB.
double peak_rss_mib();

/// The members of the JSON object of `simulate` and `drill` that tell of the simulation: of the first replication
/// in full; with several, "digest" covers all and "replications" lists each.
boost::json::object run_json(const World& world, const SimulationFlags& flags, const std::vector<SimulationRun>& runs);
/// Adds "on_time" (a rate per definition, null when nothing was counted), "on_time_interval" (where there are
/// replications) and "measures" (all of them by name).
void add_measures(boost::json::object& object, const MeasureMap& measures);

/// The lines on the terminal: what ran and conservation; on time by definition.
std::string run_text(const World& world, const std::vector<SimulationRun>& runs);
std::string on_time_text(const MeasureMap& measures);

}  // namespace peakstorm::cli
