// peakstorm replay: sends a finished run's scans and checks to a target again, reads tracking back and compares it
// with the truth. The run folder is only read; --out writes another one, with this replay in it. Under mpirun all ranks
// send it together.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>
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
#include "adapters/cli/replay_ranks.hpp"
#include "adapters/cli/replay_run.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/together.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cluster/watch.hpp"
#include "results/measures.hpp"
#include "results/reconcile.hpp"
#include "results/report.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  std::string folder;
  ReplayFlags replay;
  GateFlags gates;
  OutputFlags output;
  std::string out;
};

/// Everything that is read and opened before anything is sent.
struct Replay {
  std::unique_ptr<RunReader> run;
  std::optional<Scenario> scenario;
  std::vector<Gate> gates;
  ReplayOptions options;
  std::optional<ReplayFolder> kept;
  std::unique_ptr<ReplaySource> source;
  std::unique_ptr<TrackingEndpoint> endpoint;
  std::unique_ptr<JwksServer> jwks;          ///< Served until the end.
  std::unique_ptr<Reconciliation> recorder;  ///< Null on ranks other than 0, and in a search for the limit.
  std::unique_ptr<ServedCarriers> carriers;  ///< Null when none are asked for.
};

tl::expected<void, ExitCode> rejected(const Error& error) {
  return tl::unexpected(report(error));
}
tl::expected<void, ExitCode> rejected(const char* message) {
  return rejected(Error{ErrorKind::bad_input, message});
}

/// Reads and checks what all ranks need.
tl::expected<void, ExitCode> prepare(const Flags& flags, const Context& context, Replay& replay) {
  if (flags.replay.find_limit && !flags.out.empty()) {
    return rejected("--out: a search for the limit is no replay to be kept; leave out one of --out and --find-limit");
  }
  if (context.job != nullptr && flags.replay.find_limit) {
    return rejected("--find-limit: the search runs in one process; leave out mpirun, or give a --rate");
  }
  if (context.job != nullptr && flags.replay.carriers.port) {
    return rejected("--serve-carriers: ranks have no common simulated instant; leave out mpirun or the carriers");
  }
  if (context.job != nullptr && flags.replay.against.empty()) {
    return rejected(
        "the embedded endpoint serves one process; start 'peakstorm endpoint' and name it with --against URL");
  }
  auto run = RunReader::open(flags.folder);
  if (!run) return rejected(run.error());
  replay.run = std::move(*run);
  auto scenario = open_inputs(*replay.run);
  if (!scenario) return tl::unexpected(scenario.error());
  replay.scenario = std::move(*scenario);
  const World& world = replay.scenario->world;
  if (context.live != nullptr) context.live->title(world.title);
  auto gates = parse_gates(world.gates, flags.gates, measure_catalogue(world));
  if (!gates) return tl::unexpected(gates.error());
  replay.gates = std::move(*gates);
  auto options = replay_options(world, replay.scenario->folder, flags.replay);
  if (!options) return rejected(options.error());
  replay.options = std::move(*options);
  auto source = replay.run->replay_source();
  if (!source) return rejected(source.error());
  replay.source = std::move(*source);
  return {};
}

/// What all ranks must have alike. The secret is not compared: it would have to be told.
cluster::Intent intent_of(const Replay& replay) {
  cluster::Intent intent;
  const auto add = [&](const char* name, std::string value) { intent.facts.emplace_back(name, std::move(value)); };
  const ReplayOptions& o = replay.options;
  add("version", PEAKSTORM_VERSION);
  add("run", fmt::format("{} with digest {}", replay.run->manifest().scenario, replay.run->manifest().digest));
  add("target", o.target);
  add("format", o.format);
  add("pace", o.rates.empty() ? fmt::format("speed {}, {} s", o.speed, o.seconds) : o.rates.text());
  add("read-back", o.track_pages ? "wanted" : "not wanted");
  add("promises", o.register_promises ? "registered" : "not registered");
  std::string faults = fmt::format("seed {}", o.faults.seed);
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
    if (o.faults.rate[kind] > 0) faults += fmt::format(", {} {}", fault_names[kind], o.faults.rate[kind]);
  }
  add("faults", faults);
  return intent;
}

/// What one process has, or rank 0: the key file, the new folder, the embedded endpoint, the truth.
tl::expected<void, ExitCode> open(const Flags& flags, const Context& context, Replay& replay) {
  if (!is_first(context)) return {};
  const World& world = replay.scenario->world;
  auto jwks = publish_jwks(world, replay.options, flags.replay, flags.output.quiet);
  if (!jwks) return rejected(jwks.error());
  replay.jwks = std::move(*jwks);
  if (!flags.out.empty()) {
    auto folder = ReplayFolder::create(*replay.run, flags.out);
    if (!folder) return rejected(folder.error());
    replay.kept = std::move(*folder);
  }
  if (replay.options.target.empty()) {
    auto started = start_embedded(replay.options, flags.replay);
    if (!started) return rejected(started.error());
    replay.endpoint = std::move(*started);
  }
  if (flags.replay.find_limit) return {};
  auto parcels = replay.run->parcels();
  if (!parcels) return rejected(parcels.error());
  replay.recorder = std::make_unique<Reconciliation>(world, std::move(*parcels), shown_rules(world, replay.options),
                                                     reconcile_options(world, replay.options));
  const auto told = replay.run->for_each_scan([&](std::span<const Scan> scans) { replay.recorder->truth(scans); });
  if (!told) return rejected(told.error());
  if (!flags.replay.carriers.port) return {};
  const auto known = replay.run->replay_source();
  if (!known) return rejected(known.error());
  auto served = carriers_beside(world, **known, replay.options, flags.replay, flags.output.quiet);
  if (!served) return rejected(served.error());
  replay.carriers = std::move(*served);
  return {};
}

ExitCode replay_limit(const Flags& flags, const Replay& replay, const Context& context) {
  const World& world = replay.scenario->world;
  const auto limit = limit_options(flags.replay, replay.options);
  if (!limit) return report(limit.error());
  const std::vector<Gate> gates = limit_gates(replay.gates, measure_catalogue(world));
  const auto result =
      run_limit(world, *replay.source, replay.options, *limit, gates, context.stop.token(), flags.output.quiet);
  if (!result) return report(result.error());
  if (flags.output.json) {
    print_json({{"run_folder", flags.folder}, {"limit", limit_json(*result, *limit, gates)}});
  } else if (!flags.output.quiet) {
    print_text(limit_text(*result, *limit, gates));
  }
  return limit_verdict(*result);
}

tl::expected<ReplaySummary, ExitCode> send(const Flags& flags, const Replay& replay, const Context& context) {
  const World& world = replay.scenario->world;
  if (context.job != nullptr) {
    return run_replay_together(context, world, *replay.source, replay.options, replay.recorder.get(),
                               flags.output.quiet);
  }
  auto summary = run_replay(world, *replay.source, replay.options, *replay.recorder, context.stop.token(),
                            flags.output.quiet, replay.recorder.get());
  if (!summary) return tl::unexpected(report(summary.error()));
  return *summary;
}

/// Judges, writes and prints.
ExitCode conclude(const Flags& flags, const Context& context, Replay& replay, const ReplaySummary& summary) {
  const ReplayResults& results = replay.recorder->results();
  const bool partial = !summary.complete || replay.run->manifest().partial;
  auto measures = replay.run->measures();
  if (!measures) return report(measures.error());
  results.add_to(*measures);
  const auto verdicts = evaluate_gates(replay.gates, *measures, partial);
  if (const auto junit = write_verdicts(flags.gates, checks_of(verdicts), *measures, replay.scenario->world.name);
      !junit) {
    return report(junit.error());
  }
  auto& kept = replay.kept;
  if (kept) {
    const auto written =
        kept->write_tables(results, *measures, verdicts, context.command_line, partial)
            .and_then([&] { return write_report(flags.out); })
            .and_then(
                [&] { return replay.carriers ? write_polls(replay.carriers->ledger, flags.out) : Result<void>(); })
            .and_then([&] { return kept->seal(); });
    if (!written) return report(written.error());
    if (context.live != nullptr) context.live->report(std::filesystem::path(flags.out) / "report.html");
  }
  if (flags.output.json) {
    print_json({{"run_folder", kept ? flags.out : flags.folder},
                {"partial", partial},
                {"polls", replay.carriers ? boost::json::value(polls_json(replay.carriers->ledger)) : nullptr},
                {"replay", replay_json(summary, results)},
                {"on_time_shown", on_time_shown_json(results)},
                {"findings", findings_json(results)},
                {"gates", gates_json(verdicts)}});
  } else if (!flags.output.quiet) {
    std::string text = replay_text(summary, results);
    if (replay.carriers) text += polls_text(replay.carriers->ledger);
    text += gates_text(verdicts);
    if (kept) text += "Report: " + (std::filesystem::path(flags.out) / "report.html").string() + "\n";
    print_text(text);
  }
  return verdict_of(verdicts, partial);
}

ExitCode replay_folder(const Flags& flags, const Context& context) {
  if (context.last_words != nullptr) context.last_words->set("nothing of the replay is kept; start it again\n");
  Replay replay;
  if (const auto ready = together(
          context, [&] { return prepare(flags, context, replay); }, [&] { return intent_of(replay); });
      !ready) {
    return ready.error();
  }
  const auto opened = together(context, [&] { return open(flags, context, replay); });
  if (opened && flags.replay.find_limit) return replay_limit(flags, replay, context);
  const auto summary = opened ? send(flags, replay, context) : tl::unexpected(opened.error());
  if (replay.carriers) replay.carriers->carriers->stop();
  if (!summary) {
    if (replay.kept) replay.kept->discard();
    return summary.error();
  }
  return is_first(context) ? conclude(flags, context, replay, *summary) : ExitCode::passed;
}

}  // namespace

void add_replay(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("replay", "Replay a finished run's scans and checks against a target");
  verb->add_option("run-folder", flags->folder, "Folder that drill or simulate wrote")->required();
  add_replay_flags(*verb, flags->replay);
  add_gate_flags(*verb, flags->gates);
  verb->add_option("--out", flags->out, "Run folder of its own for this replay; must not exist yet")->type_name("DIR");
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context& context) { return replay_folder(*flags, context); }; });
}

}  // namespace peakstorm::cli
