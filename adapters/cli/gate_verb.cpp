// peakstorm gate: the verdict on a finished run, by the scenario's gates and further ones.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/measures.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  std::string folder;
  bool only_required = false;
  GateFlags gates;
  OutputFlags output;
};

ExitCode judge_run(const Flags& flags) {
  const auto run = RunReader::open(flags.folder);
  if (!run) return report(run.error());
  const auto scenario = open_inputs(**run);
  if (!scenario) return scenario.error();
  const World& world = scenario->world;
  const auto written = flags.only_required ? std::span<const GateText>() : std::span<const GateText>(world.gates);
  const auto gates = parse_gates(written, flags.gates, measure_catalogue(world));
  if (!gates) return gates.error();
  if (gates->empty()) {
    return report({ErrorKind::bad_input, "gate: nothing to judge by: the scenario has no [gate]; add --require EXPR"});
  }
  const auto measures = (*run)->measures();
  if (!measures) return report(measures.error());
  const bool partial = (*run)->manifest().partial;
  const auto results = evaluate_gates(*gates, *measures, partial);
  if (const auto junit = write_junit(flags.gates, results, world.name); !junit) return report(junit.error());
  if (flags.output.json) {
    print_json({{"run_folder", flags.folder},
                {"partial", partial},
                {"passed", verdict_of(results, partial) == ExitCode::passed},
                {"gates", gates_json(results)}});
  } else if (!flags.output.quiet) {
    print_text(gates_text(results));
  }
  return verdict_of(results, partial);
}

}  // namespace

void add_gate(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("gate", "Judge a finished run by the scenario's gates and --require");
  verb->add_option("run-folder", flags->folder, "Folder that drill or simulate wrote")->required();
  verb->add_flag("--only-required", flags->only_required, "Leave the scenario's own gates out");
  add_gate_flags(*verb, flags->gates);
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context&) { return judge_run(*flags); }; });
}

}  // namespace peakstorm::cli
