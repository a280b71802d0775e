#include "adapters/cli/simulation_run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/json.hpp>
#include <thread>

#include "adapters/cli/progress.hpp"
#include "adapters/cli/text.hpp"
#include "engine/on_time.hpp"

namespace peakstorm::cli {
namespace {

boost::json::value number_or_null(const std::optional<double>& value) {
  return value ? boost::json::value(*value) : boost::json::value(nullptr);
}

const Measure* find(const MeasureMap& measures, const std::string& name) {
  const auto found = measures.find(name);
  return found == measures.end() ? nullptr : &found->second;
}

double share_done(const SimulationProgress& progress) {
  const auto whole = static_cast<double>((progress.end - day_zero).count());
  return whole > 0 ? static_cast<double>((progress.now - day_zero).count()) / whole : 0;
}

boost::json::object json_of(const Census& census) {
  return {{"injected", census.injected}, {"delivered", census.delivered}, {"lost", census.lost},
          {"returned", census.returned}, {"inside", census.inside},       {"balanced", census.balanced()}};
}

}  // namespace

SimulationOptions options_of(const World& world, const SimulationFlags& flags, std::uint32_t replication,
                             double default_scale) {
  SimulationOptions options;
  options.run = {flags.seed.value_or(world.seed), replication};
  options.threads = flags.threads != 0 ? flags.threads : std::max(1U, std::thread::hardware_concurrency());
  options.scale = flags.scale.value_or(default_scale);
  options.without = flags.without;
  return options;
}

Result<SimulationRun> run_simulation(const World& world, SimulationOptions options, Recorder& recorder,
                                     const std::stop_token& stop, bool quiet) {
  Progress progress("simulate", "scans", progress_style(quiet));
  options.stop = stop;
  options.progress = [&](const SimulationProgress& now) { progress.update(share_done(now), now.scans); };
  const auto began = std::chrono::steady_clock::now();
  auto summary = simulate(world, options, recorder);
  if (!summary) return tl::unexpected(summary.error());
  SimulationRun run{std::move(*summary), options.run, options.scale, options.threads,
                    std::chrono::steady_clock::now() - began};
  progress.finish(run.summary.scans);
  return run;
}

Census total_of(const SimulationSummary& summary) {
  Census total;
  for (const auto& census : summary.conservation) {
    total.injected += census.injected;
    total.delivered += census.delivered;
    total.lost += census.lost;
    total.returned += census.returned;
    total.inside += census.inside;
  }
  return total;
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts in KiB.
}

boost::json::object conservation_json(const World& world, const SimulationSummary& summary) {
  boost::json::object object = json_of(total_of(summary));
  boost::json::object carriers;
  for (std::size_t c = 0; c < summary.conservation.size(); ++c) {
    carriers[world.carriers[c].name] = json_of(summary.conservation[c]);
  }
  object["carriers"] = std::move(carriers);
  return object;
}

boost::json::object on_time_json(const MeasureMap& measures) {
  boost::json::object object;
  for (const char* definition : on_time_names) {
    const Measure* measure = find(measures, std::string("on_time.") + definition);
    object[definition] = measure != nullptr ? number_or_null(measure->value) : boost::json::value(nullptr);
  }
  return object;
}

boost::json::object on_time_interval_json(const MeasureMap& measures) {
  boost::json::object object;
  for (const char* definition : on_time_names) {
    const Measure* measure = find(measures, std::string("on_time.") + definition);
    if (measure == nullptr || !measure->low || !measure->high) continue;
    object[definition] = {{"low", *measure->low}, {"high", *measure->high}};
  }
  return object;
}

boost::json::object measures_json(const MeasureMap& measures) {
  boost::json::object object;
  for (const auto& [name, measure] : measures) object[name] = number_or_null(measure.value);
  return object;
}

boost::json::object run_json(const World& world, const SimulationFlags& flags, const SimulationRun& run) {
  const auto& summary = run.summary;
  boost::json::array without;
  for (std::size_t kind = 0; kind < flags.without.size(); ++kind) {
    if (flags.without[kind]) without.emplace_back(disruption_kind_names[kind]);
  }
  const double wall_s = run.wall.count();
  return {{"scenario", world.name},
          {"seed", run.key.seed},
          {"replication", run.key.replication},
          {"scale", run.scale},
          {"without", std::move(without)},
          {"threads", run.threads},
          {"digest", summary.digest.hex()},
          {"partial", summary.partial},
          {"parcels", summary.parcels},
          {"tracked", summary.tracked},
          {"scans", summary.scans},
          {"events", summary.events},
          {"windows", summary.windows},
          {"wall_s", wall_s},
          {"parcels_per_s", wall_s > 0 ? static_cast<double>(summary.parcels) / wall_s : 0},
          {"scans_per_s", wall_s > 0 ? static_cast<double>(summary.scans) / wall_s : 0},
          {"peak_rss_mib", peak_rss_mib()},
          {"conservation", conservation_json(world, summary)}};
}

std::string run_text(const World& world, const SimulationRun& run) {
  const auto& summary = run.summary;
  const Census total = total_of(summary);
  std::string text = fmt::format("{}, seed {}, scale {}{}\n", world.title, run.key.seed, run.scale,
                                 summary.partial ? "  (cut short: all numbers are partial)" : "");
  text += fmt::format("  {} parcels, {} scans; digest {}\n", full_count(summary.parcels), full_count(summary.scans),
                      summary.digest.hex());
  text += fmt::format("  tendered {} = delivered {} + lost {} + returned {} + inside {}\n", full_count(total.injected),
                      full_count(total.delivered), full_count(total.lost), full_count(total.returned),
                      full_count(total.inside));
  return text;
}

std::string on_time_text(const MeasureMap& measures) {
  static constexpr std::array<const char*, on_time_definitions> meanings{
      "delivered by the first promised date",
      "by the last date shown before it expired",
      "first attempt by the first promised date",
      "within the promised hours, or a day before",
      "by the carrier's own commitment",
      "one day of grace on the road, weather set aside",
      "by the promised date, as the carrier reports"};
  std::string text = "On time\n";
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const Measure* measure = find(measures, std::string("on_time.") + on_time_names[d]);
    if (measure == nullptr || !measure->value) continue;
    std::string interval;
    if (measure->low && measure->high)
      interval = fmt::format(" ({} to {})", percent(*measure->low), percent(*measure->high));
    text += fmt::format("  {:<15}{:>10}{}  {}\n", on_time_names[d], percent(*measure->value), interval, meanings[d]);
  }
  return text;
}

}  // namespace peakstorm::cli
