// peakstorm fit network: a carrier's facilities, lanes and times of legs, learnt from its records.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "scenarios/library.hpp"
#include "scenarios/network_fit.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  NetworkSources sources;
  std::string map;
  NetworkScenario scenario;
  OutputFlags output;
};

/// A file, or the name of one of the library's maps; the file that was asked for where there is neither.
fs::path find_map(const std::string& name_or_path) {
  std::error_code ignored;
  const auto library = library_folder();
  if (fs::exists(name_or_path, ignored) || !library) return name_or_path;
  const fs::path ready = *library / "maps" / (name_or_path + ".toml");
  return fs::exists(ready, ignored) ? ready : fs::path(name_or_path);
}

boost::json::object json_of(const NetworkRecords& records, const NetworkFit& fit, const NetworkErrors& errors) {
  boost::json::object set_aside;
  for (const auto& [reason, count] : records.set_aside) set_aside[reason] = count;
  boost::json::array lines;
  for (const auto& line : errors.lines) {
    lines.push_back({{"name", line.name},
                     {"legs", line.legs},
                     {"mae_minutes", line.mean_minutes},
                     {"median_minutes", line.median_minutes}});
  }
  boost::json::object json{{"rows", records.rows},
                           {"legs", records.legs.size()},
                           {"rows_set_aside", std::move(set_aside)},
                           {"facilities", records.facilities.size()},
                           {"corridors", fit.corridors.size()},
                           {"shrinkage_legs", fit.shrinkage_legs},
                           {"unseen_legs", errors.legs},
                           {"errors", std::move(lines)}};
  if (errors.legs > 0) json["coverage_80"] = errors.coverage_80;
  return json;
}

std::string text_of(const NetworkRecords& records, const NetworkFit& fit, const NetworkErrors& errors) {
  std::string text = fmt::format("{}, {}, {} from {}.\n", plural(records.facilities.size(), "facility"),
                                 plural(fit.corridors.size(), "corridor"), plural(records.legs.size(), "leg"),
                                 plural(records.rows, "row"));
  for (const auto& [reason, count] : records.set_aside) text += fmt::format("  set aside: {} x {}\n", count, reason);
  if (errors.legs == 0) {
    return text +
           "No leg was kept from the fit: how well it predicts is not known. Map 'set' and 'fit' to keep some.\n";
  }
  text += fmt::format("\nPredicted medians of {} that the fit did not see, minutes:\n  {:<50} {:>6} {:>10} {:>10}\n",
                      plural(errors.legs, "leg"), "", "legs", "mean error", "median");
  for (const auto& line : errors.lines) {
    text += fmt::format("  {:<50} {:>6} {:>10.1f} {:>10.1f}\n", line.name, line.legs, line.mean_minutes,
                        line.median_minutes);
  }
  return text + fmt::format("{:.1f} % of those on known corridors lie within their 80 % interval.\n",
                            100 * errors.coverage_80);
}

ExitCode fit(Flags flags) {
  flags.sources.map = find_map(flags.map);
  const auto records = read_network_records(flags.sources);
  if (!records) {
    report_faults(flags.sources.legs, records.error());
    return ExitCode::input_rejected;
  }
  const NetworkFit fitted = fit_network(*records);
  const NetworkErrors errors = errors_of(*records);
  std::optional<WrittenNetwork> written;
  if (!flags.scenario.folder.empty()) {
    const auto done = write_network_scenario(*records, fitted, flags.scenario);
    if (!done) {
      report_faults(flags.scenario.folder, {done.error()});
      return ExitCode::input_rejected;
    }
    written = *done;
  }
  if (flags.output.json) {
    boost::json::object json = json_of(*records, fitted, errors);
    if (written) {
      json["scenario"] = {{"folder", flags.scenario.folder.string()},
                          {"facilities", written->facilities},
                          {"lanes", written->lanes},
                          {"departures_per_day", written->departures_per_day},
                          {"origin", written->origin},
                          {"unreachable", written->unreachable},
                          {"placement_error", written->placement_error}};
    }
    print_json(json);
  } else if (!flags.output.quiet) {
    print_text(text_of(*records, fitted, errors));
    if (written) {
      print_text(fmt::format(
          "\n{0}: {1}, {2}, {3} a day; {4} without a way from {5} left out.\nNext: peakstorm check {0}\n",
          flags.scenario.folder.string(), plural(written->facilities, "facility"), plural(written->lanes, "lane"),
          plural(written->departures_per_day, "departure"), plural(written->unreachable, "facility"), written->origin));
    }
  }
  return ExitCode::passed;
}

}  // namespace

void add_fit(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("fit", "Learn a part of a scenario from records");
  verb->require_subcommand(1);
  auto* const network =
      verb->add_subcommand("network", "A carrier's facilities, lanes and times of legs, from leg records");
  network->add_option("legs", flags->sources.legs, "CSV, a row per leg or per stage of one")->required();
  network
      ->add_option("--map", flags->map, "Which column is what: a TOML file, or a map of the library (delhivery-legs)")
      ->required();
  network->add_option("--corridors", flags->sources.corridors,
                      "CSV, a row per pair of facilities: medians of more legs");
  network->add_option("--facilities", flags->sources.facilities, "CSV, a row per facility: region, volume, position");
  network->add_option("--out", flags->scenario.folder, "New scenario folder to write");
  network->add_option("--orders", flags->scenario.orders_per_day, "Orders a day of the scenario's shipper")
      ->check(CLI::Range(1.0, 1e8));
  network->add_option("--pieces", flags->scenario.pieces_per_departure, "Capacity of a departure")
      ->check(CLI::Range(1U, 1'000'000U));
  add_output_flags(*network, flags->output);
  network->callback([flags, &action] { action = [flags](const Context&) { return fit(*flags); }; });
}

}  // namespace peakstorm::cli
