// peakstorm replay: sends a finished run's scans and checks to a target again, reads tracking back and compares it
// with the truth. The run folder is only read; --out writes another one, with this replay in it.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/limit_run.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/replay_run.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/verbs.hpp"
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

ExitCode replay_limit(const Flags& flags, const ReplayOptions& options, const World& world, ReplaySource& source,
                      std::span<const Gate> written, const Context& context) {
  const auto limit = limit_options(flags.replay, options);
  if (!limit) return report(limit.error());
  const std::vector<Gate> gates = limit_gates(written, measure_catalogue(world));
  const auto result = run_limit(world, source, options, *limit, gates, context.stop.token(), flags.output.quiet);
  if (!result) return report(result.error());
  if (flags.output.json) {
    print_json({{"run_folder", flags.folder}, {"limit", limit_json(*result, *limit, gates)}});
  } else if (!flags.output.quiet) {
    print_text(limit_text(*result, *limit, gates));
  }
  return limit_verdict(*result);
}

ExitCode replay_folder(const Flags& flags, const Context& context) {
  const auto run = RunReader::open(flags.folder);
  if (!run) return report(run.error());
  const auto scenario = open_inputs(**run);
  if (!scenario) return scenario.error();
  const World& world = scenario->world;
  const auto gates = parse_gates(world.gates, flags.gates, measure_catalogue(world));
  if (!gates) return gates.error();
  auto options = replay_options(world, scenario->folder, flags.replay);
  if (!options) return report(options.error());
  const auto jwks = publish_jwks(world, *options, flags.replay, flags.output.quiet);  // Served until the end.
  if (!jwks) return report(jwks.error());

  std::optional<ReplayFolder> kept;
  if (!flags.out.empty()) {
    if (flags.replay.find_limit) {
      return report(Error{ErrorKind::bad_input,
                          "--out: a search for the limit is no replay to be kept; leave out one of "
                          "--out and --find-limit"});
    }
    auto folder = ReplayFolder::create(**run, flags.out);
    if (!folder) return report(folder.error());
    kept = std::move(*folder);
  }

  auto parcels = (*run)->parcels();
  if (!parcels) return report(parcels.error());
  const auto source = (*run)->replay_source();
  if (!source) return report(source.error());
  std::unique_ptr<TrackingEndpoint> endpoint;
  if (options->target.empty()) {
    auto started = start_embedded(*options, flags.replay);
    if (!started) return report(started.error());
    endpoint = std::move(*started);
  }
  if (flags.replay.find_limit) return replay_limit(flags, *options, world, **source, *gates, context);
  Reconciliation recorder(world, std::move(*parcels), shown_rules(world, options->format),
                          reconcile_options(world, *options));
  const auto told = (*run)->for_each_scan([&recorder](std::span<const Scan> scans) { recorder.truth(scans); });
  if (!told) return report(told.error());

  const auto summary = run_replay(world, **source, *options, recorder, context.stop.token(), flags.output.quiet);
  if (!summary) {
    if (kept) kept->discard();
    return report(summary.error());
  }

  const ReplayResults& results = recorder.results();
  const bool partial = !summary->complete || (*run)->manifest().partial;
  auto measures = (*run)->measures();
  if (!measures) return report(measures.error());
  results.add_to(*measures);
  const auto verdicts = evaluate_gates(*gates, *measures, partial);
  if (const auto junit = write_junit(flags.gates, verdicts, world.name); !junit) return report(junit.error());
  if (kept) {
    const auto written = kept->write_tables(results, *measures, verdicts, context.command_line, partial)
                             .and_then([&] { return write_report(flags.out); })
                             .and_then([&] { return kept->seal(); });
    if (!written) return report(written.error());
  }
  if (flags.output.json) {
    print_json({{"run_folder", kept ? flags.out : flags.folder},
                {"partial", partial},
                {"replay", replay_json(*summary, results)},
                {"on_time_shown", on_time_shown_json(results)},
                {"findings", findings_json(results)},
                {"gates", gates_json(verdicts)}});
  } else if (!flags.output.quiet) {
    std::string text = replay_text(*summary, results) + gates_text(verdicts);
    if (kept) text += "Report: " + (std::filesystem::path(flags.out) / "report.html").string() + "\n";
    print_text(text);
  }
  return verdict_of(verdicts, partial);
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
