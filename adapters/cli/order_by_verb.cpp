// peakstorm order-by: until which day one may order, by tier and region, to have it by a deadline.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/cli/dates.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/hint.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/progress.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cli/write_file.hpp"
#include "results/order_by.hpp"
#include "scenarios/library.hpp"
#include "scenarios/policies.hpp"

namespace peakstorm::cli {
namespace {

namespace json = boost::json;

struct Flags {
  SimulationFlags simulation;
  std::string policies;
  std::string policy;
  std::string deadline;
  double kept = 95;        ///< Percent.
  double confidence = 95;  ///< Percent.
  bool regions = true;
  std::string out;
  OutputFlags output;
};

/// What the rows are about.
struct Study {
  World world;
  std::string policy;  ///< Empty: the scenario as it is.
  Day deadline = 0;
  CalendarDay first_day = 0;
  std::size_t seasons = 0;
  double scale = 1;
  std::uint64_t seed = 0;
  double kept = 0;
  double confidence = 0;
  std::vector<OrderByRow> rows;
  [[nodiscard]] CalendarDay calendar(Day day) const { return first_day + day; }
};

ExitCode rejected(const std::string& message) {
  return report({ErrorKind::bad_input, "order-by: " + message});
}

/// The scenario, or the policy of the file that was named.
tl::expected<World, ExitCode> open_world(const Flags& flags) {
  if (flags.policies.empty()) {
    auto scenario = open_scenario(flags.simulation.scenario);
    if (!scenario) return tl::unexpected(scenario.error());
    return std::move(scenario->world);
  }
  const auto folder = find_scenario(flags.simulation.scenario);
  if (!folder) return tl::unexpected(report(folder.error()));
  const auto refused = [&](const std::vector<Fault>& faults) {
    report_faults(*folder, faults);
    return tl::unexpected(ExitCode::input_rejected);
  };
  const auto file = PolicyFile::read(*folder, flags.policies);
  if (!file) return refused(file.error());
  std::vector<std::string> names;
  for (const Policy& policy : file->policies()) names.push_back(policy.name);
  const auto found = std::find(names.begin(), names.end(), flags.policy);
  if (found == names.end()) {
    const std::string meant = nearest(flags.policy, names);
    return tl::unexpected(rejected(
        fmt::format("--policy '{}': {} has no such policy; {}", flags.policy, flags.policies,
                    meant.empty() ? fmt::format("it has {}", fmt::join(names, ", ")) : "did you mean " + meant + "?")));
  }
  auto world = file->world(static_cast<std::size_t>(found - names.begin()));
  if (!world) return refused(world.error());
  return std::move(*world);
}

/// Of the flag, or the 24th of December that the measured days lead up to.
Result<Day> deadline_of(const World& world, const std::string& text) {
  const auto first_day = static_cast<CalendarDay>(world.first_day_unix / 86'400);
  // A destination's local day may end hours after the day of UTC; the run's last one is not whole.
  const Day last = world.day_count + world.drain_days - 2;
  const auto on_days = [&](Day day) { return day >= world.measure_from && day <= last; };
  const std::string range = fmt::format("measured orders and the end of the run leave {} to {}",
                                        date_text(first_day + world.measure_from), date_text(first_day + last));
  if (!text.empty()) {
    const auto date = read_date("--deadline", text);
    if (!date) return tl::unexpected(date.error());
    if (!on_days(*date - first_day)) {
      return fail(ErrorKind::bad_input,
                  fmt::format("--deadline {} is not on the days of the scenario; {}", text, range));
    }
    return *date - first_day;
  }
  for (Day day = world.measure_from; day <= last; ++day) {
    if (date_text(first_day + day).ends_with("-12-24")) return day;
  }
  return fail(
      ErrorKind::bad_input,
      fmt::format("there is no 24 December on the days of the scenario; name a day with --deadline: {}", range));
}

/// All seasons, one after the other. None: stopped.
tl::expected<std::optional<std::vector<Arrivals>>, ExitCode> run_all(const Study& study, const Flags& flags,
                                                                     const Context& context) {
  std::vector<Arrivals> seasons;
  SimulationOptions options = options_of(study.world, flags.simulation, flags.simulation.replication, 1.0);
  options.stop = context.stop.token();
  Progress progress("order-by", "seasons", progress_style(flags.output.quiet));
  const auto all = static_cast<double>(study.seasons);
  const double days = study.world.day_count + study.world.drain_days;
  options.progress = [&](const SimulationProgress& now) {
    const double of_season = static_cast<double>((now.now - day_zero) / peakstorm::days(1)) / days;
    progress.update(std::min(1.0, (static_cast<double>(seasons.size()) + of_season) / all), seasons.size());
  };
  while (seasons.size() < study.seasons) {
    MeasuresOptions wanted;
    wanted.streams = true;
    Measures measures(study.world, wanted);
    const auto summary = simulate(study.world, options, measures);
    if (!summary) return tl::unexpected(report(summary.error()));
    if (summary->partial) return std::nullopt;
    measures.finish();
    seasons.push_back(arrivals_of(study.world, measures, study.deadline));
    ++options.run.replication;
  }
  progress.finish(seasons.size());
  return seasons;
}

std::string region_of(const Study& study, const OrderByRow& row) {
  return row.region ? study.world.regions[index(*row.region)].name : "everywhere";
}

/// "97.20": a bound is rounded down, so that 94.999 is not shown as 95.
std::string bound_text(double share) {
  return fmt::format("{:.2f}", std::floor(share * 1e4) / 100);
}

std::string text_of(const Study& study, bool with_regions) {
  const World& world = study.world;
  std::string text = fmt::format(
      "{}{}: last day to order and have it by {}, {}, with at least {:.4g} % probability at {:.4g} % confidence\n"
      "{}, seed {}, scale {}\n\n  {:<9} {:<12} {:>9}  {:<10}  {:>9} {:>9} {:>9}  {}\n",
      world.title, study.policy.empty() ? "" : " (" + study.policy + ")", short_date(study.calendar(study.deadline)),
      date_text(study.calendar(study.deadline)), study.kept * 100, study.confidence * 100,
      plural(study.seasons, "season"), study.seed, study.scale, "tier", "region", "orders", "order by", "in time %",
      "at least", "worst", "the next day");
  for (const OrderByRow& row : study.rows) {
    if (row.region && !with_regions) continue;
    text += fmt::format("  {:<9} {:<12} {:>9}  ", tier_names[static_cast<std::size_t>(row.tier)], region_of(study, row),
                        row.orders);
    if (row.safe) {
      text += fmt::format("{:<10}  {:>9.2f} {:>9} {:>9.2f}  ", short_date(study.calendar(row.safe->day)),
                          row.safe->share * 100, bound_text(row.safe->low), row.safe->worst * 100);
    } else {
      text += fmt::format("{:<10}  {:>9} {:>9} {:>9}  ", row.too_few ? "unknown" : "too late", "", "", "");
    }
    if (row.next) {
      text += row.too_few ? fmt::format("{}: {} prove nothing", short_date(study.calendar(row.next->day)),
                                        plural(row.next->orders, "order"))
                          : fmt::format("{}: {:.2f} ({} at least)", short_date(study.calendar(row.next->day)),
                                        row.next->share * 100, bound_text(row.next->low));
    }
    while (text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text +
         "\n  Every row holds by itself. In time: delivered on the day or before, of that day's orders over all "
         "seasons;\n"
         "  worst: in the worst season. Chance within the model, not what its inputs may be wrong by.\n";
}

json::value json_of(const Study& study, const std::optional<OrderByRow::OfDay>& day) {
  if (!day) return nullptr;
  return {{"date", date_text(study.calendar(day->day))},
          {"orders", day->orders},
          {"share", day->share},
          {"low", day->low},
          {"worst_season", day->worst}};
}

json::object json_of(const Study& study) {
  json::array rows;
  for (const OrderByRow& row : study.rows) {
    rows.push_back({{"tier", tier_names[static_cast<std::size_t>(row.tier)]},
                    {"region", row.region ? json::value(region_of(study, row)) : json::value(nullptr)},
                    {"orders", row.orders},
                    {"order_by", row.last ? json::value(date_text(study.calendar(*row.last))) : json::value(nullptr)},
                    {"last_safe", json_of(study, row.safe)},
                    {"next", json_of(study, row.next)},
                    {"too_few", row.too_few}});
  }
  return {{"scenario", study.world.name},
          {"policy", study.policy.empty() ? json::value(nullptr) : json::value(study.policy)},
          {"deadline", date_text(study.calendar(study.deadline))},
          {"kept", study.kept},
          {"confidence", study.confidence},
          {"seasons", study.seasons},
          {"seed", study.seed},
          {"scale", study.scale},
          {"rows", std::move(rows)}};
}

std::string csv_of(const Study& study) {
  std::string text = "tier,region,orders,order_by,share,low,worst_season,next,next_share,next_low\n";
  const auto cells = [&](const std::optional<OrderByRow::OfDay>& day) {
    return day ? fmt::format("{},{:.6f},{:.6f}", date_text(study.calendar(day->day)), day->share, day->low)
               : std::string(",,");
  };
  for (const OrderByRow& row : study.rows) {
    text += fmt::format("{},{},{},{},{},{}\n", tier_names[static_cast<std::size_t>(row.tier)], region_of(study, row),
                        row.orders, cells(row.safe), row.safe ? fmt::format("{:.6f}", row.safe->worst) : "",
                        cells(row.next));
  }
  return text;
}

ExitCode order_by_days(const Flags& flags, const Context& context) {
  if (flags.policies.empty() != flags.policy.empty()) {
    return rejected("--policies FILE and --policy NAME go together; give both or none");
  }
  auto world = open_world(flags);
  if (!world) return world.error();
  Study study;
  study.world = std::move(*world);
  const auto deadline = deadline_of(study.world, flags.deadline);
  if (!deadline) return rejected(deadline.error().message);
  study.policy = flags.policy;
  study.deadline = *deadline;
  study.first_day = static_cast<CalendarDay>(study.world.first_day_unix / 86'400);
  study.seasons = flags.simulation.replications;
  study.scale = flags.simulation.scale.value_or(1.0);
  study.seed = flags.simulation.seed.value_or(study.world.seed);
  study.kept = flags.kept / 100;
  study.confidence = flags.confidence / 100;
  const auto seasons = run_all(study, flags, context);
  if (!seasons) return seasons.error();
  if (!*seasons) {
    note("order-by was stopped; nothing is said from part of the seasons");
    return ExitCode::gate_failed;
  }
  study.rows = order_by(**seasons, study.kept, study.confidence);
  if (!flags.out.empty()) {
    if (const auto written = write_file(flags.out, csv_of(study)); !written) return report(written.error());
  }
  if (flags.output.json) {
    print_json(json_of(study));
  } else if (!flags.output.quiet) {
    print_text(text_of(study, flags.regions));
  }
  return ExitCode::passed;
}

}  // namespace

void add_order_by(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb =
      program.add_subcommand("order-by", "Until which day to order, by tier and region, with its confidence");
  SimulationFlags& simulation = flags->simulation;
  simulation.replications = 30;
  verb->add_option("scenario", simulation.scenario, "Folder, or name of a scenario of the library")->required();
  verb->add_option("--policies", flags->policies, "TOML file with the policy to use instead of the scenario as it is")
      ->type_name("FILE");
  verb->add_option("--policy", flags->policy, "Its name in that file");
  verb->add_option("--deadline", flags->deadline, "Day by whose end it must be there (default: 24 December)")
      ->type_name("DATE");
  verb->add_option("--kept", flags->kept, "Probability to be there, percent (default 95)")
      ->check(CLI::Range(50.0, 99.99));
  verb->add_option("--confidence", flags->confidence, "Confidence, percent (default 95)")
      ->check(CLI::Range(60.0, 99.99));
  verb->add_option("--replications", simulation.replications, "Seasons (default 30)")->check(CLI::Range(2U, 100'000U));
  verb->add_flag("!--no-regions", flags->regions, "Print the rows of everywhere only");
  verb->add_option("--out", flags->out, "CSV file for all rows")->type_name("FILE");
  verb->add_option("--scale", simulation.scale, "Volume and capacity (default 1)")->check(CLI::Range(1e-6, 10.0));
  verb->add_option("--seed", simulation.seed, "Seed (default: the scenario's)");
  verb->add_option("--replication", simulation.replication, "Number of the first season (default 0)");
  verb->add_option("--threads", simulation.threads, "Threads (default: all processors)")->check(CLI::Range(0U, 1024U));
  verb->add_option("--memory", simulation.memory_gib, "GiB that a season may take")->check(CLI::Range(0.01, 1e6));
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context& context) { return order_by_days(*flags, context); }; });
}

}  // namespace peakstorm::cli
