// peakstorm compare: policies of one scenario on the same seasons, until it is known which is better.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "adapters/cli/compare_run.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/live.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/progress.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/space_points.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "engine/shared_season.hpp"
#include "results/compare_folder.hpp"
#include "results/compare_report.hpp"
#include "scenarios/instant.hpp"
#include "scenarios/library.hpp"
#include "scenarios/policies.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Flags {
  SimulationFlags simulation;  ///< scenario, scale, seed, threads, memory.
  std::string policies;
  std::string best = yardstick_infos[0].name;
  std::optional<double> precision;
  std::optional<double> delta;
  double level = 0.95;
  std::size_t least = 10;
  std::size_t most = 1'000;
  std::optional<std::size_t> fixed;
  bool optimise = false;
  std::optional<std::size_t> budget;  ///< Seasons that a search may take.
  bool exact = false;
  std::string time;
  std::string out;
  std::string resume;
  OutputFlags output;
};

/// Everything a comparison is made from.
struct Job {
  std::optional<PolicyFile> file;
  std::vector<World> worlds;               ///< By policy, while they are few; otherwise each season loads its own.
  std::vector<SpacePoint> points;          ///< Of the space: policies after those of the file.
  std::map<SpacePoint, World> fit_worlds;  ///< Of points, while they are few: loaded when they were checked.
  std::vector<ComparedPolicy> policies;
  CompareReport report;     ///< Names; the rest at the end.
  double retail_share = 0;  ///< Of the control's orders.
  CompareFacts facts;
  SeasonsPlan seasons;
  std::vector<std::vector<std::optional<SeasonRecord>>> leagues;  ///< Of the control and those without a carrier.
  std::unique_ptr<CompareFolder> folder;
  std::optional<Clock::duration> time;
};

/// Seasons of a search, unless --budget says otherwise.
constexpr std::size_t budget_default = 1'000;
/// Worlds of so many policies are kept in memory.
constexpr std::size_t worlds_kept = 128;

/// Retailers with no more of the orders than this share their seasons: nobody feels what they do. COMPARE.md has the
/// error that it makes.
constexpr double shared_below = 0.01;

ExitCode rejected(const std::string& message) {
  return report({ErrorKind::bad_input, "compare: " + message});
}

Yardstick yardstick_of(const std::string& name) {
  for (std::size_t y = 0; y < yardsticks; ++y) {
    if (name == yardstick_infos[y].name) return static_cast<Yardstick>(y);
  }
  return Yardstick::promise_kept;
}

tl::expected<void, ExitCode> plan_comparison(const Flags& flags, ComparisonPlan& plan) {
  plan.best = yardstick_of(flags.best);
  plan.delta = flags.delta.value_or(info_of(plan.best).indifference);
  plan.precision = flags.precision.value_or(plan.delta);
  plan.level = flags.level;
  plan.least = flags.least;
  plan.most = flags.most;
  plan.fixed = flags.fixed;
  if (plan.most < plan.least) {
    return tl::unexpected(rejected(fmt::format("--most {} is below --least {}; raise it", plan.most, plan.least)));
  }
  return {};
}

tl::expected<World, std::vector<Fault>> load(const Job& job, std::size_t policy) {
  const std::size_t named = job.file->policies().size();
  if (policy < named) return job.file->world(policy);
  const SpacePoint& point = job.points[policy - named];
  const auto loaded = job.fit_worlds.find(point);
  return loaded == job.fit_worlds.end() ? job.file->world_at(point) : loaded->second;
}

/// Loads every policy once: whatever is wrong is said before anything runs.
tl::expected<void, ExitCode> check_policies(Job& job, const fs::path& scenario) {
  for (const Policy& policy : job.file->policies()) job.policies.push_back({policy.name, policy.note, policy.changes});
  for (const auto& point : job.points) {
    const Policy policy = job.file->at(point);
    job.policies.push_back({policy.name, policy.note, policy.changes});
  }
  std::vector<Fault> faults;
  std::optional<World> control;
  for (std::size_t p = 0; p < job.policies.size(); ++p) {
    auto world = load(job, p);
    if (!world) {
      for (Fault& fault : world.error()) {
        if (std::find(faults.begin(), faults.end(), fault) == faults.end()) faults.push_back(std::move(fault));
      }
      continue;
    }
    job.facts.names.push_back(job.policies[p].name);
    job.facts.fingerprints.push_back(fingerprint(*world).hex());
    if (p == 0) {
      job.report.title = world->title;
      for (const Service& service : world->services) {
        job.report.services.push_back(service.name);
        job.report.carriers.push_back(world->carriers[index(service.carrier)].name);
      }
      for (const Region& region : world->regions) job.report.regions.push_back(region.name);
      job.retail_share = retail_share(*world);
      control = *world;
    }
    const bool may_share = !job.facts.exact && job.retail_share <= shared_below;
    job.seasons.shared.push_back(may_share && control && can_ride_along(*control, *world));
    if (job.policies.size() <= worlds_kept) job.worlds.push_back(std::move(*world));
  }
  job.fit_worlds.clear();
  if (faults.empty()) return {};
  report_faults(scenario, faults);
  return tl::unexpected(ExitCode::input_rejected);
}

/// Half of the budget looks at as many points as it can, the other half tells the good ones apart; with a fixed number
/// of seasons there is nothing to tell apart afterwards.
tl::expected<void, ExitCode> choose_points(Job& job, const fs::path& scenario, const fs::path& file) {
  if (job.file->space().empty()) {
    return tl::unexpected(rejected(file.string() + ": --optimise needs a [space]; scenarios/FORMAT.md describes it"));
  }
  const std::size_t named = job.file->policies().size();
  const ComparisonPlan& plan = job.facts.plan;
  const std::size_t each = plan.fixed.value_or(2 * plan.least);
  const std::size_t affordable = *job.facts.budget / each;
  if (affordable < named + 2) {
    return tl::unexpected(rejected(
        fmt::format("--budget {}: {} seasons of {} policies and two points of the space need {}; raise it, or lower {}",
                    *job.facts.budget, each, named, each * (named + 2), plan.fixed ? "--replications" : "--least")));
  }
  if (named >= policies_max) {
    return tl::unexpected(rejected(fmt::format("{}: {} policies leave no room for a search; name fewer than {}",
                                               file.string(), named, policies_max)));
  }
  std::vector<Fault> faults;  // Of the first that cannot run.
  auto found = fit_points_within(job.file->space(), std::min(affordable, policies_max) - named,
                                 [&](const SpacePoint& point) -> std::optional<std::string> {
                                   auto world = job.file->world_at(point);
                                   if (world) {
                                     if (job.fit_worlds.size() < worlds_kept) job.fit_worlds.emplace(point, *world);
                                     return std::nullopt;
                                   }
                                   if (faults.empty()) faults = world.error();
                                   return job.file->at(point).name + ": " + world.error().front().text();
                                 });
  if (found.points.empty()) {
    report_faults(scenario, faults);
    return tl::unexpected(
        rejected(fmt::format("{}: none of the {} points of its [space] that were looked at can run; "
                             "the faults above are of the first",
                             file.string(), found.unfit)));
  }
  job.points = std::move(found.points);
  job.report.explored = explored_by(job.file->space(), job.points);
  job.report.explored->unfit = found.unfit;
  job.report.explored->unfit_why = std::move(found.unfit_why);
  return {};
}

tl::expected<void, ExitCode> open_policies(Job& job, const fs::path& scenario, const fs::path& file,
                                           const std::string& name) {
  auto read = PolicyFile::read(scenario, file, name);
  if (!read) {
    report_faults(scenario, read.error());
    return tl::unexpected(ExitCode::input_rejected);
  }
  job.file = std::move(*read);
  if (job.facts.budget) {
    if (auto points = choose_points(job, scenario, file); !points) return points;
  }
  if (job.file->policies().size() + job.points.size() < 2) {
    return tl::unexpected(rejected(file.string() +
                                   ": there is no [[policy]] or [[grid]] to compare; search its [space] with "
                                   "--optimise"));
  }
  return check_policies(job, scenario);
}

/// A comparison that begins.
tl::expected<void, ExitCode> begin(const Flags& flags, Job& job) {
  if (flags.simulation.scenario.empty()) {
    return tl::unexpected(rejected("name a scenario, or a comparison to go on with --resume DIR"));
  }
  if (flags.policies.empty()) {
    return tl::unexpected(rejected("--policies FILE is missing: a TOML file with [[policy]] or [[grid]]"));
  }
  auto folder = find_scenario(flags.simulation.scenario);
  if (!folder) return tl::unexpected(report(folder.error()));
  if (auto planned = plan_comparison(flags, job.facts.plan); !planned) return planned;
  if (flags.optimise) job.facts.budget = flags.budget.value_or(budget_default);
  job.facts.exact = flags.exact;
  if (auto opened = open_policies(job, *folder, flags.policies, {}); !opened) return opened;
  auto world = job.file->world(0);
  job.facts.version = PEAKSTORM_VERSION;
  job.facts.scenario = world->name;
  job.facts.policies = fs::path(flags.policies).filename().string();
  job.facts.seed = flags.simulation.seed.value_or(world->seed);
  job.facts.replication = flags.simulation.replication;
  job.facts.scale = flags.simulation.scale.value_or(1.0);
  if (flags.out.empty()) return {};
  std::vector<std::pair<fs::path, std::string>> copies;
  for (const InputFile& input : scenario_files(*folder)) {
    copies.emplace_back(*folder / input.name, "scenario/" + world->name + "/" + input.name);
  }
  for (const fs::path& input : job.file->files()) copies.emplace_back(input, "policies/" + input.filename().string());
  auto made = CompareFolder::create(flags.out, job.facts, copies);
  if (!made) return tl::unexpected(report(made.error()));
  job.folder = std::move(*made);
  return {};
}

/// One that goes on. What was asked for stands in its folder.
tl::expected<void, ExitCode> go_on(const Flags& flags, Job& job) {
  auto opened = CompareFolder::open(flags.resume);
  if (!opened) return tl::unexpected(report(opened.error()));
  job.folder = std::move(*opened);
  const CompareFacts facts = job.folder->facts();
  job.facts.plan = facts.plan;
  job.facts.budget = facts.budget;
  job.facts.exact = facts.exact;
  if (facts.version != PEAKSTORM_VERSION) {
    return tl::unexpected(
        rejected(fmt::format("{} was begun by version {}, this is {}; go on with that one, or begin again",
                             flags.resume, facts.version, PEAKSTORM_VERSION)));
  }
  if (auto policies = open_policies(job, job.folder->scenario(), job.folder->policies(), facts.scenario); !policies) {
    return policies;
  }
  if (job.facts.names != facts.names || job.facts.fingerprints != facts.fingerprints) {
    return tl::unexpected(rejected(flags.resume +
                                   ": its scenario or policies have changed since it was begun; restore them, "
                                   "or begin a new comparison"));
  }
  job.facts = facts;
  return {};
}

std::string inputs_text(const CompareFacts& facts) {
  return fmt::format("inputs {} {}, seed {}, scale {}", facts.scenario, facts.fingerprints.front().substr(0, 8),
                     facts.seed, facts.scale);
}

LeagueSeasons seasons_of(const Job& job, std::size_t policy) {
  LeagueSeasons all{policy, {}};
  for (const auto& season : job.leagues[policy]) {
    if (!season) break;
    all.seasons.push_back(&*season);
  }
  return all;
}

/// How the seasons were simulated, and what that leaves out.
std::string seasons_text(const Job& job) {
  const auto& shared = job.seasons.shared;
  const auto together = static_cast<std::size_t>(std::count(shared.begin(), shared.end(), true));
  const std::string share = fmt::format("retailers place {:.2g} % of the orders", job.retail_share * 100);
  if (together == 0) {
    if (job.facts.exact) return "each policy simulated its own seasons (--exact)";
    return fmt::format("each policy simulated its own seasons: {}, more than the {:.2g} % up to which they share",
                       share, shared_below * 100);
  }
  std::string text = fmt::format("{} of {} policies shared each season's network, loaded by the control's parcels: {}",
                                 together, shared.size(), share);
  if (together < shared.size()) text += "; the others change more than retailers decide and ran by themselves";
  return text + "; --exact runs each by itself";
}

CompareReport report_of(const Job& job, const Experiment& experiment) {
  CompareReport made = job.report;
  made.scenario = job.facts.scenario;
  made.inputs = inputs_text(job.facts);
  made.version = job.facts.version;
  made.seed = job.facts.seed;
  made.scale = job.facts.scale;
  made.plan = job.facts.plan;
  made.seasons = seasons_text(job);
  made.policies = job.policies;
  for (std::size_t p = 0; p < made.policies.size(); ++p) made.policies[p].shared = job.seasons.shared[p];
  made.found = experiment.result(made.inputs);
  std::vector<LeagueSeasons> without;
  for (const auto& one : job.file->without_carriers()) {
    without.push_back(seasons_of(job, one.policy));
    without.back().cut_in = one.region;
  }
  made.league = league_of(seasons_of(job, 0), without, made.plan.level);
  return made;
}

/// Of the seasons whose services and regions the league is made of.
void keep_league(Job& job, Season season, const SeasonRecord& record) {
  const auto& without = job.file->without_carriers();
  const auto is_this = [&](const PolicyFile::Without& one) { return one.policy == season.policy; };
  if (season.policy != 0 && std::none_of(without.begin(), without.end(), is_this)) return;
  auto& seasons = job.leagues[season.policy];
  if (seasons.size() <= season.replication) seasons.resize(season.replication + 1);
  seasons[season.replication] = record;
}

std::string cell(const std::optional<Interval>& interval, double scale, int digits) {
  if (!interval) return "-";
  return fmt::format("{:.{}f}", interval->mean * scale, digits);
}
std::string difference_cell(const std::optional<Interval>& interval, double scale, int digits) {
  if (!interval) return "";
  return fmt::format("{:+.{}f} ({:+.{}f} to {:+.{}f})", interval->mean * scale, digits, interval->low * scale, digits,
                     interval->high * scale, digits);
}

/// Of carriers left out in one region alone, what certainly changes there.
std::string regional_cuts_text(const CompareReport& made) {
  const auto& cuts = made.league.cuts;
  std::vector<std::size_t> certain;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (!cuts[i].cut_in || !cuts[i].region) continue;
    ++tried;
    if (cuts[i].difference.low > 0 || cuts[i].difference.high < 0) certain.push_back(i);
  }
  if (tried == 0) return {};
  std::stable_sort(certain.begin(), certain.end(),
                   [&](std::size_t x, std::size_t y) { return cuts[x].difference.mean > cuts[y].difference.mean; });
  std::string text =
      fmt::format("Carriers left out in one region: of {}, {} certainly change the promises kept there, pp:\n", tried,
                  certain.size());
  // The best and the worst; the page has all.
  constexpr std::size_t shown_each_end = 6;
  for (std::size_t i = 0; i < certain.size(); ++i) {
    if (i == shown_each_end && certain.size() > 2 * shown_each_end) {
      i = certain.size() - shown_each_end;
      text += "  ...\n";
    }
    const League::Cut& there = cuts[certain[i]];
    const auto over_all = std::find_if(
        cuts.begin(), cuts.end(), [&](const League::Cut& cut) { return cut.policy == there.policy && !cut.region; });
    text += fmt::format("  {}: {} in {}", made.policies[there.policy].name, difference_cell(there.difference, 100, 2),
                        made.regions[index(*there.region)]);
    if (over_all != cuts.end()) text += fmt::format(", {} over all", difference_cell(over_all->difference, 100, 2));
    text += "\n";
  }
  return text + fmt::format("  {} intervals together\n", cuts.size());
}

std::string text_of(const CompareReport& made) {
  const Comparison& found = made.found;
  // On a terminal nobody reads a hundred rows: the control, who is worth a look, and the best of the others.
  constexpr std::size_t rows_max = 30;
  std::vector<std::size_t> order(made.policies.size());
  for (std::size_t p = 0; p < order.size(); ++p) order[p] = p;
  const auto rank = [&](std::size_t p) {
    const auto& value = found.policies[p].value[0];
    return std::tuple(p != 0, found.selected != p, !found.policies[p].dominated_by.empty(), value ? -value->mean : 0.0);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return rank(x) < rank(y); });
  std::size_t width = 6;
  for (const ComparedPolicy& policy : made.policies) width = std::max(width, policy.name.size());
  std::string text =
      fmt::format("{}: {} policies, seed {}, scale {}{}\n", made.title, made.policies.size(), made.seed, made.scale,
                  found.cut_short ? "  (cut short: nothing is decided beyond what is said)" : "");
  text += fmt::format("  {:<{}}  {:>7}  {:>9}  {:<26}  {:>7}  {:<26}  {:>8}  {:<24}\n", "policy", width, "seasons",
                      "kept %", "difference, pp", "$/order", "difference", "promised", "difference, days");
  for (std::size_t i = 0; i < std::min(rows_max, order.size()); ++i) {
    const Comparison::OfPolicy& of = found.policies[order[i]];
    const bool on_front = of.dominated_by.empty() && of.seasons >= 2;
    text += fmt::format("{}{} {:<{}}  {:>7}  {:>9}  {:<26}  {:>7}  {:<26}  {:>8}  {:<24}\n",
                        found.selected == order[i] ? '*' : ' ', on_front ? 'P' : ' ', made.policies[order[i]].name,
                        width - 1, of.seasons, cell(of.value[0], 100, 2), difference_cell(of.difference[0], 100, 2),
                        cell(of.value[1], 1, 2), difference_cell(of.difference[1], 1, 2), cell(of.value[2], 1, 2),
                        difference_cell(of.difference[2], 1, 2));
  }
  if (order.size() > rows_max) text += fmt::format("  and {} more\n", order.size() - rows_max);
  text += fmt::format(
      "  * selected   P nobody is certainly better by promises, cost and speed ({} intervals together)\n"
      "  differences from '{}' with simultaneous {:.4g} % intervals ({} together, Bonferroni)\n",
      found.pareto_intervals, made.policies[0].name, made.plan.level * 100, found.intervals);
  std::vector<double> ratios;
  for (const auto& of : found.policies) {
    if (of.variance_ratio[0]) ratios.push_back(*of.variance_ratio[0]);
  }
  if (!ratios.empty()) {
    std::nth_element(ratios.begin(), ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2), ratios.end());
    text +=
        fmt::format("  common random numbers: independent seasons would need {:.3g} times as many (median, promises)\n",
                    ratios[ratios.size() / 2]);
  }
  text += "  seasons: " + made.seasons + "\n" + found.statement + "\n" + regional_cuts_text(made);
  if (made.explored) {
    text += fmt::format("{} of the {} points of the space were run{}.\n", made.explored->points, made.explored->of,
                        made.explored->is_all() ? "" : "; of the others nothing is known");
    for (const CompareReport::Axis& axis : made.explored->axes) {
      text += fmt::format("  {}: {} of {} values from {} to {}\n", axis.name, axis.met, axis.of, axis.from, axis.to);
    }
    if (made.explored->unfit > 0) {
      text += fmt::format("  {} more cannot run and were left out, for instance {}\n", made.explored->unfit,
                          made.explored->unfit_why);
    }
  }
  return text;
}

/// Until decided, out of time or stopped.
tl::expected<bool, ExitCode> run(Job& job, Experiment& experiment, const Flags& flags, const Context& context) {
  const auto began = Clock::now();
  std::optional<Progress> progress;
  std::size_t fresh = 0;
  const std::size_t before = experiment.seasons();
  bool out_of_time = false;
  const auto waiting = [&] {
    const auto left = experiment.forecast();
    const auto done = static_cast<double>(experiment.seasons());
    progress->update(left ? done / std::max(1.0, done + static_cast<double>(*left)) : 0, fresh);
    out_of_time = out_of_time || (job.time && Clock::now() - began >= *job.time);
    return !out_of_time;
  };
  const auto finished = [&](Season season, const SeasonRecord& record) -> Result<void> {
    if (job.folder) {
      if (auto kept = job.folder->append(season, record); !kept) return kept;
    }
    experiment.add(season, record.sums);
    keep_league(job, season, record);
    ++fresh;
    return {};
  };
  while (true) {
    const std::vector<Season> next = experiment.next();
    if (next.empty()) break;
    if (job.facts.budget && experiment.seasons() + next.size() > *job.facts.budget) break;
    const std::size_t undecided = experiment.undecided();
    progress.emplace(fmt::format("{} of {} undecided", undecided, job.facts.names.size()), "seasons",
                     progress_style(flags.output.quiet));
    fresh = 0;
    auto ended = run_seasons(job.seasons, next, context.stop.token(), finished, waiting);
    if (!ended) return tl::unexpected(report(ended.error()));
    progress.reset();
    if (*ended == SeasonsEnd::stopped) return false;
  }
  if (!flags.output.quiet) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began);
    note(fmt::format("{} in {}", plural(experiment.seasons() - before, "season"), clock_text(seconds)));
  }
  return true;
}

ExitCode compare(const Flags& flags, const Context& context) {
  Job job;
  if (!flags.time.empty()) {
    const auto time = read_duration(flags.time);
    if (!time) return rejected("--time: " + time.error().message);
    job.time = std::chrono::milliseconds(time->count());
  }
  const auto prepared = flags.resume.empty() ? begin(flags, job) : go_on(flags, job);
  if (!prepared) return prepared.error();
  if (context.live != nullptr) context.live->title(job.report.title);

  SimulationOptions& options = job.seasons.options;
  options.run = {job.facts.seed, job.facts.replication};
  options.scale = job.facts.scale;
  options.threads =
      flags.simulation.threads != 0 ? flags.simulation.threads : std::max(1U, std::thread::hardware_concurrency());
  options.memory_bytes = memory_limit(flags.simulation, 1);
  job.seasons.world_of = [&job](std::size_t policy) -> Result<World> {
    if (policy < job.worlds.size()) return job.worlds[policy];
    auto world = load(job, policy);
    if (!world) return fail(ErrorKind::bad_input, world.error().front().text());
    return std::move(*world);
  };
  job.leagues.resize(job.facts.names.size());
  Experiment experiment(job.facts.names, job.facts.plan);
  if (job.folder) {
    for (const auto& [season, record] : job.folder->seasons()) {
      experiment.add(season, record.sums);
      keep_league(job, season, record);
    }
  }
  const auto decided = run(job, experiment, flags, context);
  if (!decided) return decided.error();

  const CompareReport made = report_of(job, experiment);
  const std::string json = comparison_json(made);
  if (job.folder) {
    if (auto written = job.folder->write("comparison.json", json + "\n"); !written) return report(written.error());
    if (auto written = job.folder->write("report.html", comparison_page(made)); !written)
      return report(written.error());
  }
  if (flags.output.json) {
    print_text(json + "\n");
  } else if (!flags.output.quiet) {
    print_text(text_of(made));
    if (job.folder) print_text(fmt::format("Report: {}/report.html\n", job.folder->path().string()));
    if (job.folder && !*decided) {
      print_text(fmt::format("Go on with: peakstorm compare --resume {}\n", job.folder->path().string()));
    }
  }
  return *decided ? ExitCode::passed : ExitCode::gate_failed;
}

}  // namespace

void add_compare(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("compare", "Compare policies on the same seasons, with confidence");
  SimulationFlags& simulation = flags->simulation;
  verb->add_option("scenario", simulation.scenario, "Folder, or name of a scenario of the library");
  auto* const policies = verb->add_option("--policies", flags->policies,
                                          "TOML file with [[policy]] and [[grid]]; its tables lie beside it")
                             ->type_name("FILE");
  const CLI::Range fraction(1e-9, 1e9);
  auto* const best = verb->add_option("--best", flags->best, "Yardstick to select by (default promise_kept)");
  std::vector<std::string> names;
  names.reserve(yardstick_infos.size());
  for (const YardstickInfo& info : yardstick_infos) names.emplace_back(info.name);
  best->check(CLI::IsMember(names));
  auto* const precision = verb->add_option("--precision", flags->precision,
                                           "Half width of the difference from the control to reach, in the yardstick's "
                                           "unit (default: --delta)")
                              ->check(fraction);
  auto* const delta = verb->add_option("--delta", flags->delta,
                                       "Smallest difference that matters (default: 0.005 of promises or contacts, "
                                       "$0.05, 0.05 days)")
                          ->check(fraction);
  auto* const level =
      verb->add_option("--level", flags->level, "Confidence (default 0.95)")->check(CLI::Range(0.5, 0.9999));
  auto* const least = verb->add_option("--least", flags->least, "Seasons before the first look (default 10)")
                          ->check(CLI::Range(std::size_t{2}, std::size_t{100'000}));
  auto* const most = verb->add_option("--most", flags->most, "Seasons after which to give up (default 1000)")
                         ->check(CLI::Range(std::size_t{2}, std::size_t{1'000'000}));
  auto* const fixed =
      verb->add_option("--replications", flags->fixed, "Instead of a rule: so many seasons of every policy")
          ->check(CLI::Range(std::size_t{2}, std::size_t{1'000'000}));
  fixed->excludes(precision)->excludes(most);
  auto* const optimise =
      verb->add_flag("--optimise", flags->optimise, "Search the [space] of the policies file as well");
  auto* const budget = verb->add_option("--budget", flags->budget,
                                        "Seasons that --optimise may take, of all policies together (default 1000)")
                           ->check(CLI::Range(std::size_t{4}, std::size_t{10'000'000}))
                           ->needs(optimise);
  auto* const exact = verb->add_flag("--exact", flags->exact,
                                     "Simulate every season of every policy by itself, also where retailers are too "
                                     "small for others to feel what they decide");
  verb->add_option("--time", flags->time, "Stop after so long, for instance 10m; what was run is kept")
      ->type_name("LENGTH");
  auto* const scale =
      verb->add_option("--scale", simulation.scale, "Volume and capacity (default 1)")->check(CLI::Range(1e-6, 10.0));
  auto* const seed = verb->add_option("--seed", simulation.seed, "Seed (default: the scenario's)");
  auto* const replication =
      verb->add_option("--replication", simulation.replication, "Number of the first season (default 0)");
  verb->add_option("--threads", simulation.threads, "Seasons at once (default: all processors)")
      ->check(CLI::Range(0U, 1024U));
  verb->add_option("--memory", simulation.memory_gib, "GiB that all seasons at once may take")
      ->check(CLI::Range(0.01, 1e6));
  auto* const out =
      verb->add_option("--out", flags->out, "New folder for the comparison: its seasons and result")->type_name("DIR");
  auto* const resume =
      verb->add_option("--resume", flags->resume, "Go on with a comparison that was stopped")->type_name("DIR");
  for (CLI::Option* option : {policies, best, precision, delta, level, least, most, fixed, exact, scale, seed,
                              replication, out, optimise, budget}) {
    resume->excludes(option);
  }
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context& context) { return compare(*flags, context); }; });
}

}  // namespace peakstorm::cli
