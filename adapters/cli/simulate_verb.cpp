// peakstorm simulate: runs a world, sends nothing to anybody.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/profile.hpp"
#include "adapters/cli/run_plan.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/measures.hpp"
#include "results/report.hpp"
#include "results/run_recorder.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  SimulationFlags simulation;
  GateFlags gates;
  OutputFlags output;
  std::string out;
  bool profile = false;
};

/// The report needs the tables, the manifest covers the report.
Result<void> write_folder(RunRecorder& recorder, std::span<const GateResult> gates) {
  if (recorder.folder() == nullptr) return {};
  return recorder.write_tables(gates).and_then([&] { return write_report(*recorder.folder()); }).and_then([&] {
    return recorder.seal();
  });
}

ExitCode simulate_scenario(const Flags& flags, const Context& context) {
  const auto scenario = open_scenario(flags.simulation.scenario);
  if (!scenario) return scenario.error();
  const World& world = scenario->world;
  // The scenario's own gates are about a drill; most of them need a replay.
  const auto gates = parse_gates({}, flags.gates, measure_catalogue(world));
  if (!gates) return gates.error();

  SimulationOptions options = options_of(world, flags.simulation, flags.simulation.replication, 1);
  options.profile = flags.profile;
  RunRecorderOptions recording;
  recording.streams = !flags.out.empty();
  if (!flags.out.empty()) {
    recording.folder = plan_of(*scenario, flags.simulation, options, flags.out, context.command_line);
  }
  auto recorder = RunRecorder::create(world, recording);
  if (!recorder) return report(recorder.error());

  const auto runs =
      run_replications(world, flags.simulation, options, **recorder, context.stop.token(), flags.output.quiet);
  if (!runs) return report(runs.error());

  const bool partial = (*recorder)->partial();
  const MeasureMap measures = (*recorder)->measures();
  const auto results = evaluate_gates(*gates, measures, partial);
  if (const auto written = write_folder(**recorder, results); !written) return report(written.error());
  if (const auto written = write_junit(flags.gates, results, world.name); !written) return report(written.error());

  if (flags.output.json) {
    boost::json::object object = run_json(world, flags.simulation, *runs);
    add_measures(object, measures);
    if (flags.profile) object["profile"] = profile_json(world, runs->front());
    object["gates"] = gates_json(results);
    object["run_folder"] = flags.out.empty() ? boost::json::value(nullptr) : boost::json::value(flags.out);
    print_json(object);
  } else if (!flags.output.quiet) {
    std::string text = run_text(world, *runs) + "\n" + on_time_text(measures);
    if (!results.empty()) text += "\n" + gates_text(results);
    if (flags.profile) text += "\n" + profile_text(world, runs->front());
    if (!flags.out.empty()) text += fmt::format("\nReport: {}/report.html\n", flags.out);
    print_text(text);
  }
  return verdict_of(results, partial);
}

}  // namespace

void add_simulate(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("simulate", "Simulate a scenario; replays nothing");
  add_simulation_flags(*verb, flags->simulation);
  add_gate_flags(*verb, flags->gates);
  verb->add_option("--out", flags->out, "Write a run folder; must not exist yet (default: none is written)")
      ->type_name("DIR");
  verb->add_flag("--profile", flags->profile,
                 "Say how parallel the run was, and what speed-up to expect on more cores (of the first replication)");
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context& context) { return simulate_scenario(*flags, context); }; });
}

}  // namespace peakstorm::cli
