#include "adapters/cli/simulation_run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
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

Essentials essentials_of(const World& world, const RunRecorder& recorder, const SimulationProgress& now) {
  const auto promises = recorder.promises_so_far();
  Essentials essentials;
  essentials.promises = {promises.kept, promises.broken};
  essentials.in_network = now.in_network;
  essentials.simulated_unix_s =
      world.first_day_unix + std::chrono::duration_cast<std::chrono::seconds>(now.now - day_zero).count();
  return essentials;
}

boost::json::object json_of(const Census& census) {
  return {{"injected", census.injected}, {"delivered", census.delivered}, {"lost", census.lost},
          {"returned", census.returned}, {"inside", census.inside},       {"balanced", census.balanced()}};
}

constexpr double gib = 1024.0 * 1024 * 1024;

/// Bytes that this process may use: the machine's memory, or less where a control group says so. 0 when unknown.
std::uint64_t machine_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  std::uint64_t bytes =
      pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) : 0;
  // Version 2, then version 1; no limit reads "max" or a number beyond all memory.
  for (const char* const path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::uint64_t limit = 0;
    if (file >> limit && limit > 0) bytes = bytes == 0 ? limit : std::min(bytes, limit);
  }
  return bytes;
}

}  // namespace

SimulationOptions options_of(const World& world, const SimulationFlags& flags, std::uint32_t replication,
                             double default_scale) {
  SimulationOptions options;
  options.run = {flags.seed.value_or(world.seed), replication};
  options.threads = flags.threads != 0 ? flags.threads : std::max(1U, std::thread::hardware_concurrency());
  options.scale = flags.scale.value_or(default_scale);
  options.without = flags.without;
  options.memory_bytes = memory_limit(flags, 1);
  return options;
}

std::uint64_t memory_limit(const SimulationFlags& flags, std::size_t ranks_here) {
  const std::uint64_t all =
      flags.memory_gib ? static_cast<std::uint64_t>(*flags.memory_gib * gib) : machine_memory_bytes();
  return all / std::max<std::size_t>(1, ranks_here);
}

Result<std::vector<SimulationRun>> run_replications(const World& world, const SimulationFlags& flags,
                                                    SimulationOptions options, RunRecorder& recorder,
                                                    const std::stop_token& stop, bool quiet, const std::string& phase) {
  std::vector<SimulationRun> runs;
  options.stop = stop;
  const std::uint32_t first = options.run.replication;
  for (std::uint32_t number = 0; number < flags.replications; ++number) {
    options.run.replication = first + number;
    Progress progress(flags.replications == 1 ? phase : fmt::format("run {}", options.run.replication), "scans",
                      progress_style(quiet));
    SimulationProgress last;
    options.progress = [&](const SimulationProgress& now) {
      last = now;
      progress.update(share_done(now), now.scans, [&] { return essentials_of(world, recorder, now); });
    };
    const auto began = std::chrono::steady_clock::now();
    auto summary = simulate(world, options, recorder.replication(number));
    if (!summary) {
      // What the recorder could not take in says more than that it was not taken in.
      if (auto kept = recorder.status(); !kept) return tl::unexpected(kept.error());
      return tl::unexpected(summary.error());
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    last.in_network = total_of(*summary).inside;
    progress.finish(summary->scans, [&] { return essentials_of(world, recorder, last); });
    if (auto kept = recorder.simulated(number, *summary, wall.count()); !kept) return tl::unexpected(kept.error());
    runs.push_back({std::move(*summary), options.run, options.scale, options.threads, wall});
    if (runs.back().summary.partial) break;
  }
  return runs;
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

boost::json::object run_json(const World& world, const SimulationFlags& flags, const std::vector<SimulationRun>& runs) {
  const SimulationRun& run = runs.front();
  const auto& summary = run.summary;
  boost::json::array without;
  for (std::size_t kind = 0; kind < flags.without.size(); ++kind) {
    if (flags.without[kind]) without.emplace_back(disruption_kind_names[kind]);
  }
  boost::json::array replications;
  Digest digest = summary.digest;
  for (const auto& one : runs) {
    replications.push_back({{"replication", one.key.replication},
                            {"digest", one.summary.digest.hex()},
                            {"parcels", one.summary.parcels},
                            {"scans", one.summary.scans},
                            {"wall_s", one.wall.count()}});
    if (&one == &run) continue;
    digest = {hash64(digest.high, one.summary.digest.high), hash64(digest.low, one.summary.digest.low)};
  }
  const double wall_s = run.wall.count();
  return {{"scenario", world.name},
          {"seed", run.key.seed},
          {"replication", run.key.replication},
          {"scale", run.scale},
          {"without", std::move(without)},
          {"threads", run.threads},
          {"digest", digest.hex()},
          {"partial", runs.back().summary.partial},
          {"parcels", summary.parcels},
          {"tracked", summary.tracked},
          {"scans", summary.scans},
          {"events", summary.events},
          {"windows", summary.windows},
          {"wall_s", wall_s},
          {"parcels_per_s", wall_s > 0 ? static_cast<double>(summary.parcels) / wall_s : 0},
          {"scans_per_s", wall_s > 0 ? static_cast<double>(summary.scans) / wall_s : 0},
          {"in_flight_max", summary.in_flight_max},
          {"peak_rss_mib", peak_rss_mib()},
          {"conservation", conservation_json(world, summary)},
          {"replications", std::move(replications)}};
}

void add_measures(boost::json::object& object, const MeasureMap& measures) {
  boost::json::object on_time;
  boost::json::object intervals;
  for (const char* definition : on_time_names) {
    const Measure* measure = find(measures, std::string("on_time.") + definition);
    on_time[definition] = measure != nullptr ? number_or_null(measure->value) : boost::json::value(nullptr);
    if (measure != nullptr && measure->low && measure->high) {
      intervals[definition] = {{"low", *measure->low}, {"high", *measure->high}, {"level", 0.95}};
    }
  }
  boost::json::object all;
  for (const auto& [name, measure] : measures) all[name] = number_or_null(measure.value);
  object["on_time"] = std::move(on_time);
  if (!intervals.empty()) object["on_time_interval"] = std::move(intervals);
  object["measures"] = std::move(all);
}

std::string run_text(const World& world, const std::vector<SimulationRun>& runs) {
  const SimulationRun& run = runs.front();
  const auto& summary = run.summary;
  const Census total = total_of(summary);
  std::string text = fmt::format("{}, seed {}, scale {}{}{}\n", world.title, run.key.seed, run.scale,
                                 runs.size() > 1 ? fmt::format(", {} replications", runs.size()) : "",
                                 runs.back().summary.partial ? "  (cut short: all numbers are partial)" : "");
  text += fmt::format("  {} parcels, {} scans in {:.1f} s; digest {}\n", full_count(summary.parcels),
                      full_count(summary.scans), run.wall.count(), summary.digest.hex());
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
