// peakstorm gate: the verdict on a finished run, by the scenario's gates, further ones, a baseline, and its history; or
// on two commands measured side by side.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/pairs.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/baseline.hpp"
#include "results/measures.hpp"
#include "results/run_folder.hpp"
#include "results/run_history.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string folder;
  bool only_required = false;
  std::string baseline;
  bool accept = false;
  std::string history;
  std::string label;
  PairsFlags pairs;
  std::string floor;
  std::string level;
  std::string detect;
  GateFlags gates;
  OutputFlags output;
};

/// A baseline and where it came from.
struct Reference {
  Baseline baseline;
  std::string where;
  std::unique_ptr<RunReader> run;  ///< When it is a run folder: its scans can be compared one by one.
};

/// Where --baseline PATH keeps the baseline of `scenario`, unless it is a run folder.
fs::path baseline_file(const fs::path& path, const std::string& scenario) {
  std::error_code error;
  const bool file = fs::is_regular_file(path, error) || (!fs::is_directory(path, error) && path.extension() == ".json");
  return file ? path : path / baseline_file_name(scenario);
}

/// A finished run, or one that was cut off while it was written: never a folder of baselines.
bool is_run_folder(const fs::path& path) {
  std::error_code error;
  return fs::exists(path / "manifest.json", error) || fs::exists(path / "world.toml", error);
}

/// None: there is no baseline yet, which only --accept may find.
Result<std::optional<Reference>> open_reference(const Flags& flags, const std::string& scenario) {
  const fs::path path(flags.baseline);
  if (is_run_folder(path)) {
    if (flags.accept) {
      return fail(ErrorKind::bad_input, flags.baseline +
                                            ": a run folder, which nothing may change; --accept writes to a folder of "
                                            "baselines or to a file NAME.json");
    }
    auto run = RunReader::open(path);
    if (!run) return tl::unexpected(run.error());
    auto baseline = baseline_of(**run);
    if (!baseline) return tl::unexpected(baseline.error());
    return Reference{std::move(*baseline), flags.baseline, std::move(*run)};
  }
  const fs::path file = baseline_file(path, scenario);
  std::error_code error;
  if (!fs::exists(file, error)) {
    if (flags.accept) return std::nullopt;
    return fail(ErrorKind::bad_input,
                fmt::format("{}: no baseline of '{}' there; write the first with --accept", file.string(), scenario));
  }
  auto baseline = read_baseline(file);
  if (!baseline) return tl::unexpected(baseline.error());
  return Reference{std::move(*baseline), file.string(), nullptr};
}

/// What a baseline says of a run.
struct Compared {
  std::string where;
  bool first = false;  ///< There was none; it is being written now.
  BaselineChanges changes;
  std::vector<Check> checks;
};

Result<Compared> compare_with_baseline(const Flags& flags, const RunReader& run, const Baseline& mine) {
  Compared compared;
  auto reference = open_reference(flags, mine.scenario);
  if (!reference) return tl::unexpected(reference.error());
  if (!*reference) {
    compared.first = true;
    compared.where = baseline_file(flags.baseline, mine.scenario).string();
    compared.checks.push_back({"baseline", "simulated world", GateVerdict::passed,
                               fmt::format("the first baseline of '{}': digest {}", mine.scenario, mine.digest), "", "",
                               0});
    return compared;
  }
  const Reference& r = **reference;
  compared.where = r.where;
  // Another version's numbers may be accepted; another scenario's or scale's would only be a mistake in the command.
  Baseline like = r.baseline;
  if (flags.accept) like.version = mine.version;
  if (auto same = check_comparable(like, mine, r.where); !same) return tl::unexpected(same.error());
  compared.changes = compare_baselines(r.baseline, mine);
  std::optional<std::string> first_scan;
  if (r.run && compared.changes.digest_changed) {
    auto found = first_different_scan(*r.run, run);
    if (!found) return tl::unexpected(found.error());
    first_scan = std::move(*found);
  }
  compared.checks = baseline_checks(r.baseline, mine, compared.changes, first_scan, flags.accept);
  return compared;
}

boost::json::array checks_json(std::span<const Check> checks) {
  boost::json::array array;
  for (const Check& check : checks) {
    array.push_back({{"group", check.group},
                     {"name", check.name},
                     {"verdict", gate_verdict_names[static_cast<std::size_t>(check.verdict)]},
                     {"message", check.message},
                     {"detail", check.detail}});
  }
  return array;
}

boost::json::array changes_json(const std::vector<BaselineChanges::OfMeasure>& changes) {
  const auto number = [](const std::optional<double>& value) {
    return value ? boost::json::value(*value) : boost::json::value(nullptr);
  };
  boost::json::array array;
  for (const auto& change : changes) {
    array.push_back({{"measure", change.name}, {"before", number(change.before)}, {"after", number(change.after)}});
  }
  return array;
}

boost::json::object trend_json(const std::vector<HistoryEntry>& history) {
  boost::json::array array;
  for (const Trend& trend : trends(history, true)) {
    boost::json::array shifts;
    for (const Trend::Shift& shift : trend.shifts) {
      shifts.push_back({{"run", shift.run + 1},
                        {"label", history[shift.run].label},
                        {"before", shift.before},
                        {"after", shift.after},
                        {"p", shift.p ? boost::json::value(*shift.p) : boost::json::value(nullptr)}});
    }
    array.push_back({{"measure", trend.measure},
                     {"runs", trend.runs},
                     {"first", trend.first},
                     {"last", trend.last},
                     {"shifts", std::move(shifts)}});
  }
  return {{"runs", history.size()}, {"trends", std::move(array)}};
}

std::string checks_text(const char* heading, std::span<const Check> checks) {
  std::string text = fmt::format("{}\n", heading);
  for (const Check& check : checks) {
    text += fmt::format("  {:<7}{}\n", gate_verdict_names[static_cast<std::size_t>(check.verdict)], check.message);
    std::string_view rest = check.detail;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      text += fmt::format("         {}\n", rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return text;
}

/// The run against what was asked of it.
ExitCode judge_run(const Flags& flags) {
  const auto run = RunReader::open(flags.folder);
  if (!run) return report(run.error());
  if (const auto checked = check_manifest(**run); !checked) return report(checked.error());
  const auto scenario = open_inputs(**run);
  if (!scenario) return scenario.error();
  const World& world = scenario->world;
  const auto written = flags.only_required ? std::span<const GateText>() : std::span<const GateText>(world.gates);
  const auto gates = parse_gates(written, flags.gates, measure_catalogue(world));
  if (!gates) return gates.error();
  if (gates->empty() && flags.baseline.empty() && flags.history.empty()) {
    return report({ErrorKind::bad_input,
                   "gate: nothing to judge by: the scenario has no [gate]; add --require EXPR or --baseline PATH"});
  }
  const auto measures = (*run)->measures();
  if (!measures) return report(measures.error());
  const bool partial = (*run)->manifest().partial;
  const auto results = evaluate_gates(*gates, *measures, partial);
  std::vector<Check> checks = checks_of(results);
  if (partial) {
    checks.push_back({"run", "complete", GateVerdict::error,
                      "the run is partial: it was cut short, and what was not measured might have failed", "", "", 0});
  }

  std::optional<Compared> compared;
  std::optional<Baseline> mine;
  if (!partial && (!flags.baseline.empty() || !flags.history.empty())) {
    auto made = baseline_of(**run);
    if (!made) return report(made.error());
    mine = std::move(*made);
  }
  if (mine && !flags.baseline.empty()) {
    auto result = compare_with_baseline(flags, **run, *mine);
    if (!result) return report(result.error());
    compared = std::move(*result);
    checks.insert(checks.end(), compared->checks.begin(), compared->checks.end());
  }
  const bool passed = all_passed(checks);
  if (flags.accept && passed) {
    const fs::path file = baseline_file(flags.baseline, mine->scenario);
    std::error_code error;
    if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
    if (const auto saved = replace_file(file, baseline_json(*mine)); !saved) return report(saved.error());
  }
  std::vector<HistoryEntry> history;
  if (!flags.history.empty()) {
    // A partial run's numbers are no part of a trend.
    if (mine) {
      if (const auto added = append_history(flags.history, history_entry(*mine, flags.label, passed)); !added) {
        return report(added.error());
      }
    }
    auto read = read_history(flags.history);
    if (!read) return report(read.error());
    history = std::move(*read);
  }
  if (const auto put = write_verdicts(flags.gates, checks, *measures, world.name); !put) return report(put.error());

  if (flags.output.json) {
    boost::json::object object{{"run_folder", flags.folder},
                               {"partial", partial},
                               {"passed", passed},
                               {"gates", gates_json(results)},
                               {"checks", checks_json(checks)}};
    if (compared) {
      object["baseline"] = {{"path", compared->where},
                            {"accepted", flags.accept && passed},
                            {"behaviour_changed", compared->changes.behaviour_changed()},
                            {"simulated", changes_json(compared->changes.simulated)},
                            {"defects", changes_json(compared->changes.defects)},
                            {"measured", changes_json(compared->changes.measured)},
                            {"inputs", boost::json::value_from(compared->changes.inputs)}};
    }
    if (!history.empty()) object["history"] = trend_json(history);
    print_json(object);
  } else if (!flags.output.quiet) {
    std::string text = gates_text(results);
    if (partial) text += checks_text("Run", std::span(checks).last(1));
    if (compared) {
      text += (text.empty() ? "" : "\n") +
              checks_text(fmt::format("Baseline {}", compared->where).c_str(), compared->checks);
      const std::string measured = measured_text(compared->changes);
      if (!measured.empty()) {
        text += "  Measured, for information: one run against one proves nothing (gate --measure does)\n" + measured;
      }
      if (flags.accept) {
        text += passed ? fmt::format("  accepted: {} {}\n", compared->where, compared->first ? "written" : "renewed")
                       : "  not accepted: a gate failed\n";
      }
    }
    if (!history.empty()) text += (text.empty() ? "" : "\n") + trends_text(history);
    print_text(text);
  }
  return passed ? ExitCode::passed : ExitCode::gate_failed;
}

/// "2%", "0.02": a share of at most `most`.
Result<double> share_of(const std::string& text, const char* flag, double most) {
  const bool percent = text.ends_with('%');
  const std::string digits = percent ? text.substr(0, text.size() - 1) : text;
  double value = 0;
  std::size_t used = 0;
  try {
    value = std::stod(digits, &used) / (percent ? 100 : 1);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != digits.size() || !(value >= 0 && value <= most)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: '{}' is no share of at most {}; write for instance 2% or 0.02", flag, text, most));
  }
  return value;
}

ExitCode measure_commands(const Flags& flags, const Context& context) {
  PairsFlags pairs = flags.pairs;
  for (const auto& [text, flag, most, into] : {std::tuple(&flags.floor, "--floor", 10.0, &pairs.plan.floor),
                                               std::tuple(&flags.level, "--false-alarms", 0.5, &pairs.plan.level)}) {
    if (text->empty()) continue;
    const auto value = share_of(*text, flag, most);
    if (!value) return report(value.error());
    *into = *value;
  }
  if (pairs.plan.level <= 0)
    return report({ErrorKind::bad_input, "--false-alarms: 0 would need pairs without end; give 1%"});
  if (!flags.detect.empty()) {
    const auto value = share_of(flags.detect, "--detect", 10);
    if (!value) return report(value.error());
    pairs.detect = *value;
  }
  const auto outcome = run_pairs(pairs, context.stop.token(), flags.output.quiet || flags.output.json);
  if (!outcome) return report(outcome.error());
  MeasureMap none;
  if (const auto put = write_verdicts(flags.gates, outcome->checks, none, "measured"); !put) return report(put.error());
  const bool passed = all_passed(outcome->checks);
  if (flags.output.json) {
    print_json({{"passed", passed},
                {"pairs", outcome->pairs},
                {"figures", pairs_json(*outcome)},
                {"checks", checks_json(outcome->checks)}});
  } else if (!flags.output.quiet) {
    print_text(pairs_text(*outcome, pairs));
  }
  return passed ? ExitCode::passed : ExitCode::gate_failed;
}

ExitCode show_history(const Flags& flags) {
  const auto history = read_history(flags.history);
  if (!history) return report(history.error());
  if (flags.output.json) {
    print_json(trend_json(*history));
  } else if (!flags.output.quiet) {
    print_text(trends_text(*history));
  }
  return ExitCode::passed;
}

ExitCode gate(const Flags& flags, const Context& context) {
  const auto refuse = [](const char* what) { return report({ErrorKind::bad_input, std::string("gate: ") + what}); };
  const bool measures = !flags.pairs.candidate.empty() || !flags.pairs.baseline.empty();
  if (measures) {
    if (flags.pairs.candidate.empty() || flags.pairs.baseline.empty()) {
      return refuse("two commands make a comparison: --measure CANDIDATE and --beside BASELINE");
    }
    if (!flags.folder.empty() || !flags.baseline.empty() || flags.accept || !flags.history.empty() ||
        !flags.gates.require.empty()) {
      return refuse("--measure compares two commands and judges no run folder; call gate twice");
    }
    return measure_commands(flags, context);
  }
  if (flags.accept && flags.baseline.empty()) return refuse("--accept renews a baseline: name it by --baseline PATH");
  if (!flags.folder.empty()) return judge_run(flags);
  if (!flags.history.empty()) {
    if (!flags.baseline.empty() || !flags.gates.require.empty()) return refuse("a run folder is missing");
    return show_history(flags);
  }
  return refuse("judge what? a run folder, or --measure CANDIDATE --beside BASELINE, or --history FILE");
}

}  // namespace

void add_gate(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand(
      "gate", "Judge a finished run by its gates and a baseline, or measure two commands side by side");
  verb->add_option("run-folder", flags->folder, "Folder that drill, simulate or replay wrote");
  verb->add_flag("--only-required", flags->only_required, "Leave the scenario's own gates out");
  verb->add_option("--baseline", flags->baseline,
                   "Compare with a run folder, a folder of baselines (SCENARIO.json) or one such file")
      ->type_name("PATH");
  verb->add_flag("--accept", flags->accept, "Renew that baseline by this run, and say what changed");
  verb->add_option("--history", flags->history,
                   "Add the run to this file and show where levels shifted; without a run folder: only show")
      ->type_name("FILE");
  verb->add_option("--label", flags->label, "Name of the run in the history, for instance a commit")->type_name("TEXT");
  verb->add_option("--measure", flags->pairs.candidate,
                   "Run this command and --beside in alternating pairs, and judge whether this one is slower")
      ->type_name("COMMAND");
  verb->add_option("--beside", flags->pairs.baseline, "The command to compare with")->type_name("COMMAND");
  verb->add_option("--lower", flags->pairs.lower,
                   "A figure of which less is better: wall_s, cpu_s, peak_rss_mib or a number in the JSON that the "
                   "commands print (default: wall_s and cpu_s)")
      ->allow_extra_args(false)
      ->type_name("FIGURE");
  verb->add_option("--higher", flags->pairs.higher, "A figure of which more is better")
      ->allow_extra_args(false)
      ->type_name("FIGURE");
  verb->add_option("--pairs", flags->pairs.plan.pairs, "Pairs of runs before the first look")
      ->check(CLI::Range(5, 200))
      ->capture_default_str();
  verb->add_option("--confirm", flags->pairs.plan.confirmations, "Fresh pairs for a suspect")
      ->check(CLI::Range(5, 200))
      ->capture_default_str();
  verb->add_option("--floor", flags->floor, "Smaller changes are noise (default: 2%)")->type_name("SHARE");
  verb->add_option("--false-alarms", flags->level, "Probability of failing equals, over all figures (default: 1%)")
      ->type_name("SHARE");
  verb->add_option("--detect", flags->detect, "Do not pass when a slowdown of this size would have been missed")
      ->type_name("SHARE");
  verb->add_option("--ratio", flags->pairs.ratio, "Compare with this multiple of --beside instead of with itself")
      ->check(CLI::Range(0.001, 1000.0))
      ->type_name("RATIO");
  verb->add_option("--patience", flags->pairs.patience_s, "Seconds for one run of a command")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  add_gate_flags(*verb, flags->gates);
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context& context) { return gate(*flags, context); }; });
}

}  // namespace peakstorm::cli
