#include "adapters/cli/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "adapters/cli/text.hpp"

namespace peakstorm::cli {
namespace {

using Profile = ParallelismProfile;

boost::json::object json_of(const Profile::Distribution& d) {
  return {{"mean", d.mean}, {"min", d.min}, {"median", d.median}, {"p90", d.p90}, {"p99", d.p99}, {"max", d.max}};
}
boost::json::object json_of(const Profile::Work& work) {
  return {{"events", work.events}, {"parcels_handled", work.units}};
}

/// Processes with the most work, the first one first.
std::vector<std::size_t> busiest(const Profile& profile, std::size_t count) {
  std::vector<std::size_t> order(profile.by_process.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return profile.by_process[a].ns > profile.by_process[b].ns; });
  order.resize(std::min(order.size(), count));
  return order;
}

const std::string& name_of(const World& world, std::size_t process) {
  return world.place_name(PlaceId{static_cast<std::uint16_t>(process)});
}

}  // namespace

boost::json::object profile_json(const World& world, const SimulationRun& run) {
  const Profile& p = *run.summary.profile;
  boost::json::array partitions;
  for (const Profile::Work& work : p.by_partition) partitions.push_back(json_of(work));
  boost::json::array processes;
  for (const std::size_t process : busiest(p, 10)) {
    boost::json::object one = json_of(p.by_process[process]);
    one["place"] = name_of(world, process);
    processes.push_back(std::move(one));
  }
  boost::json::array speed_up;
  for (const Profile::SpeedUp& s : p.speed_up) {
    speed_up.push_back({{"cores", s.cores},
                        {"by_partition", s.by_partition},
                        {"by_process", s.by_process},
                        {"barrier_share", s.barrier_share}});
  }
  return {{"counted",
           {{"windows", p.windows},
            {"window_mean_ms", p.span_mean.count()},
            {"events_per_window", json_of(p.events_per_window)},
            {"parcels_handled_per_window", json_of(p.units_per_window)},
            {"total", json_of(p.total)},
            {"critical_path_partition", json_of(p.critical_partition)},
            {"critical_path_process", json_of(p.critical_process)},
            {"partitions", std::move(partitions)},
            {"busiest", std::move(processes)}}},
          {"computed",
           {{"event_ns", p.costs.event_ns},
            {"parcel_handled_ns", p.costs.unit_ns},
            {"barrier_ns_per_doubling", p.costs.barrier_ns},
            {"total_ns", p.total.ns},
            {"critical_path_partition_ns", p.critical_partition.ns},
            {"critical_path_process_ns", p.critical_process.ns},
            {"partition_max_over_mean", p.balance},
            {"speed_up", std::move(speed_up)}}},
          {"measured", {{"wall_s", run.wall.count()}, {"threads", run.threads}}}};
}

std::string profile_text(const World& world, const SimulationRun& run) {
  const Profile& p = *run.summary.profile;
  std::string text = "Parallelism (counted)\n";
  text += fmt::format("  {} windows of {:.1f} minutes on average; {} events, {} parcels handled\n",
                      full_count(p.windows), static_cast<double>(p.span_mean.count()) / 60'000,
                      full_count(p.total.events), full_count(p.total.units));
  const auto line = [&text](const char* what, const Profile::Distribution& d) {
    text += fmt::format("  {:<27}mean {:.1f}, median {}, 90 % {}, 99 % {}, most {}\n", what, d.mean,
                        full_count(d.median), full_count(d.p90), full_count(d.p99), full_count(d.max));
  };
  line("events per window", p.events_per_window);
  line("parcels handled per window", p.units_per_window);
  text += fmt::format("  critical path: {} parcels handled by partition, {} by process\n",
                      full_count(p.critical_partition.units), full_count(p.critical_process.units));
  text += "  busiest:";
  for (const std::size_t process : busiest(p, 5)) {
    const Profile::Work& work = p.by_process[process];
    text += fmt::format(" {} {:.1f} %", name_of(world, process), p.total.ns > 0 ? 100 * work.ns / p.total.ns : 0);
  }
  text += fmt::format(
      "\nExpected speed-up (computed, not measured: {} ns per event, {} ns per parcel handled,\n"
      "  {} ns per window and doubling of cores; busiest of {} partitions {:.2f} times the mean)\n",
      p.costs.event_ns, p.costs.unit_ns, p.costs.barrier_ns, p.by_partition.size(), p.balance);
  text += "  cores   partitions of this run   best of any partition   time at barriers\n";
  for (const Profile::SpeedUp& s : p.speed_up) {
    text += fmt::format("  {:>5}{:>25.2f}{:>24.2f}{:>17.1f} %\n", s.cores, s.by_partition, s.by_process,
                        100 * s.barrier_share);
  }
  text += fmt::format("Measured: {:.1f} s on {} threads\n", run.wall.count(), run.threads);
  return text;
}

}  // namespace peakstorm::cli
