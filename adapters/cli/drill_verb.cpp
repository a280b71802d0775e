// peakstorm drill: the whole loop. Simulates, replays against the target, reads tracking back, compares it with
// the truth, writes the run folder and its report, and judges by the gates.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/limit_run.hpp"
#include "adapters/cli/live.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/replay_run.hpp"
#include "adapters/cli/run_plan.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/measures.hpp"
#include "results/report.hpp"
#include "results/run_recorder.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  SimulationFlags simulation;
  ReplayFlags replay;
  GateFlags gates;
  OutputFlags output;
  std::string out;
};

/// Points `options` to an embedded endpoint where no other target is given.
Result<std::unique_ptr<TrackingEndpoint>> target_of(ReplayOptions& options, const ReplayFlags& flags) {
  if (!options.target.empty()) return nullptr;
  return start_embedded(options, flags);
}

/// Replays what `recorder` holds, and keeps in it what happened. `carriers` is set to those that were served meanwhile.
Result<ReplaySummary> replay_run(const World& world, RunRecorder& recorder, ReplayOptions& options,
                                 const ReplayFlags& flags, const StopSignals& stop, bool quiet,
                                 std::unique_ptr<ServedCarriers>& carriers) {
  const auto endpoint = target_of(options, flags);
  if (!endpoint) return tl::unexpected(endpoint.error());
  const auto source = recorder.replay_source();
  if (!source) return tl::unexpected(source.error());
  const auto kept = recorder.replay_recorder(shown_rules(world, options), reconcile_options(world, options));
  if (!kept) return tl::unexpected(kept.error());
  if (flags.carriers.port) {
    const auto seen = recorder.replay_source();
    if (!seen) return tl::unexpected(seen.error());
    auto served = carriers_beside(world, **seen, options, flags, quiet);
    if (!served) return tl::unexpected(served.error());
    carriers = std::move(*served);
  }
  auto summary = run_replay(world, **source, options, **kept, stop.token(), quiet, recorder.replaying());
  if (carriers) carriers->carriers->stop();
  return summary;
}

/// The search for the limit with what `recorder` holds; its result also goes to limit.json in the run folder.
Result<LimitResult> limit_run(const World& world, RunRecorder& recorder, ReplayOptions& options,
                              const LimitOptions& limit, std::span<const Gate> gates, const Flags& flags,
                              const std::filesystem::path& folder, const StopSignals& stop) {
  const auto endpoint = target_of(options, flags.replay);
  if (!endpoint) return tl::unexpected(endpoint.error());
  const auto source = recorder.replay_source();
  if (!source) return tl::unexpected(source.error());
  auto result = run_limit(world, **source, options, limit, gates, stop.token(), flags.output.quiet);
  if (!result) return result;
  std::ofstream file(folder / "limit.json", std::ios::binary | std::ios::trunc);
  file << boost::json::serialize(limit_json(*result, limit, gates)) << '\n';
  if (!file.flush()) return fail(ErrorKind::io, (folder / "limit.json").string() + ": cannot be written");
  return result;
}

std::string causes_text(const World& world, const HeadlineNumbers& headline) {
  std::string text;
  for (std::size_t i = 0; i < headline.causes.size() && i < 3; ++i) {
    const auto& cause = headline.causes[i];
    if (cause.broken_promises == 0) break;
    // Without a place no time was lost anywhere: the date was too tight from the start.
    text +=
        fmt::format("  {:<24} {:<16} {}\n", cause.place == no_place ? "nowhere" : world.place_name(cause.place),
                    cause.cause == Cause::none ? "date too tight" : cause_names[static_cast<std::size_t>(cause.cause)],
                    plural(cause.broken_promises, "promise"));
  }
  return text.empty() ? text : "Where most promises were lost\n" + text;
}

ExitCode drill(const Flags& flags, const Context& context) {
  const auto scenario = open_scenario(flags.simulation.scenario);
  if (!scenario) return scenario.error();
  const World& world = scenario->world;
  if (context.live != nullptr) context.live->title(world.title);
  const auto gates = parse_gates(world.gates, flags.gates, measure_catalogue(world));
  if (!gates) return gates.error();
  auto replaying = replay_options(world, scenario->folder, flags.replay);
  if (!replaying) return report(replaying.error());
  const auto jwks = publish_jwks(world, *replaying, flags.replay, flags.output.quiet);  // Served until the end.
  if (!jwks) return report(jwks.error());
  const auto limit = limit_options(flags.replay, *replaying);
  if (flags.replay.find_limit && !limit) return report(limit.error());
  const std::vector<Gate> trial_gates = limit_gates(*gates, measure_catalogue(world));

  const SimulationOptions options =
      options_of(world, flags.simulation, flags.simulation.replication, world.replay.scale);
  // The engine checks it, too, but by then there would be half a run folder.
  if (auto fits = check_run(world, options, true, false); !fits) return report(fits.error());
  const std::filesystem::path folder =
      flags.out.empty() ? default_run_folder(world, options.run.seed) : std::filesystem::path(flags.out);
  RunRecorderOptions recording;
  recording.folder = plan_of(*scenario, flags.simulation, options, folder, context.command_line);
  auto recorder = RunRecorder::create(world, recording);
  if (!recorder) return report(recorder.error());

  const auto runs =
      run_replications(world, flags.simulation, options, **recorder, context.stop.token(), flags.output.quiet);
  if (!runs) return report(runs.error());

  // A target that fails is told at the end and in the exit code; what was simulated is kept all the same.
  std::unique_ptr<ServedCarriers> carriers;
  std::optional<Result<ReplaySummary>> replayed;
  std::optional<Result<LimitResult>> limited;
  if ((*recorder)->partial()) {
    // What was simulated is not whole: nothing to replay.
  } else if (flags.replay.find_limit) {
    limited = limit_run(world, **recorder, *replaying, *limit, trial_gates, flags, folder, context.stop);
  } else {
    replayed = replay_run(world, **recorder, *replaying, flags.replay, context.stop, flags.output.quiet, carriers);
  }
  const ReplayResults* results = replayed && *replayed ? (*recorder)->replay_results() : nullptr;

  const bool partial = (*recorder)->partial();
  const MeasureMap measures = (*recorder)->measures();
  // A search for the limit reads nothing back: gates on the endpoint are its trials', and those on findings nobody's.
  std::vector<Gate> of_run = *gates;
  if (limited) {
    std::erase_if(of_run, [&](const Gate& gate) {
      const auto measured = measures.find(gate.measure);
      return is_of_trials(gate) || measured == measures.end() || !measured->second.value;
    });
  }
  const auto verdicts = evaluate_gates(of_run, measures, partial);
  const auto written =
      (*recorder)
          ->write_tables(verdicts)
          .and_then([&] { return write_report(folder); })
          .and_then([&] { return carriers ? write_polls(carriers->ledger, folder.string()) : Result<void>(); })
          .and_then([&] { return (*recorder)->seal(); });
  if (!written) return report(written.error());
  if (context.live != nullptr) context.live->report(folder / "report.html");
  if (const auto junit = write_verdicts(flags.gates, checks_of(verdicts), measures, world.name); !junit)
    return report(junit.error());

  if (flags.output.json) {
    boost::json::object object = run_json(world, flags.simulation, *runs);
    object["partial"] = partial;
    add_measures(object, measures);
    object["replay"] = results != nullptr ? boost::json::value(replay_json(**replayed, *results)) : nullptr;
    if (results != nullptr) object["on_time_shown"] = on_time_shown_json(*results);
    object["polls"] = carriers ? boost::json::value(polls_json(carriers->ledger)) : nullptr;
    object["findings"] = results != nullptr ? boost::json::value(findings_json(*results)) : nullptr;
    if (limited && *limited) object["limit"] = limit_json(**limited, *limit, trial_gates);
    object["gates"] = gates_json(verdicts);
    object["run_folder"] = folder.string();
    object["report"] = (folder / "report.html").string();
    print_json(object);
  } else if (!flags.output.quiet) {
    std::string text = run_text(world, *runs) + on_time_text(measures);
    text += causes_text(world, (*recorder)->headline());
    if (results != nullptr) text += replay_text(**replayed, *results);
    if (carriers) text += polls_text(carriers->ledger);
    if (limited && *limited) text += limit_text(**limited, *limit, trial_gates);
    text += gates_text(verdicts);
    text += fmt::format("Report: {}\n", (folder / "report.html").string());
    print_text(text);
  }
  if (replayed && !*replayed) return report(replayed->error());
  if (limited && !*limited) return report(limited->error());
  if (limited && limit_verdict(**limited) != ExitCode::passed) return limit_verdict(**limited);
  return verdict_of(verdicts, partial);
}

}  // namespace

void add_drill(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb =
      program.add_subcommand("drill", "Simulate, replay against an endpoint, read back, report, judge by the gates");
  add_simulation_flags(*verb, flags->simulation);
  add_replay_flags(*verb, flags->replay);
  add_gate_flags(*verb, flags->gates);
  verb->add_option("--out", flags->out, "Run folder; must not exist yet (default: runs/SCENARIO-SEED-TIME)")
      ->type_name("DIR");
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context& context) { return drill(*flags, context); }; });
}

}  // namespace peakstorm::cli
