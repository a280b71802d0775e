#include "adapters/cli/compare_run.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/shared_season.hpp"
#include "results/measures.hpp"

namespace peakstorm::cli {
namespace {

using namespace std::chrono_literals;

/// What one simulation gives.
struct Task {
  std::uint32_t replication = 0;
  std::vector<std::size_t> policies;
  bool together = false;
};

/// Seasons that share a replication and may ride along come together, at most `companions_most` at once; the others
/// each by itself.
std::vector<Task> tasks_of(const SeasonsPlan& plan, const std::vector<Season>& seasons, std::size_t companions_most) {
  std::map<std::uint32_t, std::vector<std::size_t>> by_replication;
  for (const Season& season : seasons) by_replication[season.replication].push_back(season.policy);
  std::vector<Task> tasks;
  for (const auto& [replication, policies] : by_replication) {
    Task together{replication, {}, true};
    const auto close = [&, &number = replication] {
      if (!together.policies.empty()) tasks.push_back(std::move(together));
      together = {number, {}, true};
    };
    for (const std::size_t policy : policies) {
      if (policy < plan.shared.size() && plan.shared[policy]) {
        together.policies.push_back(policy);
        if (together.policies.size() == companions_most) close();
      } else {
        tasks.push_back({replication, {policy}, false});
      }
    }
    close();
  }
  return tasks;
}

/// How many fit into a run and its memory.
std::size_t companions_at_once(const World& world, const SimulationOptions& options) {
  const std::size_t most = companions_max(world);
  if (options.memory_bytes == 0) return most;
  const auto bytes = [&](bool streams) {
    return static_cast<double>(estimate_memory(world, options, streams, false).bytes);
  };
  constexpr double tables = 2e6;  // Of its Measures.
  const double each = bytes(true) - bytes(false) + tables;
  const double room = 0.7 * static_cast<double>(options.memory_bytes) - bytes(true);
  return std::clamp<std::size_t>(room > each ? static_cast<std::size_t>(room / each) : 1, 1, most);
}

/// What the workers and the calling thread share.
struct Desk {
  std::mutex mutex;
  std::condition_variable news;
  std::size_t next = 0;  ///< Of the tasks.
  std::size_t working = 0;
  struct Done {
    Season season;
    Result<SeasonRecord> record;
  };
  std::deque<Done> done;
};

/// The worlds of policies that ride along, each made once.
using Worlds = std::map<std::size_t, World>;

Result<Worlds> worlds_of(const SeasonsPlan& plan, const std::vector<Task>& tasks) {
  Worlds worlds;
  for (const Task& task : tasks) {
    if (!task.together) continue;
    for (const std::size_t policy : task.policies) {
      if (worlds.contains(policy)) continue;
      auto world = plan.world_of(policy);
      if (!world) return tl::unexpected(world.error());
      worlds.emplace(policy, std::move(*world));
    }
  }
  return worlds;
}

/// One record for each policy of the task, or what went wrong.
Result<std::vector<SeasonRecord>> run_task(const SeasonsPlan& plan, const World& control, const Worlds& worlds,
                                           const Task& task, const SimulationOptions& options,
                                           const std::stop_token& stop) {
  if (task.together) {
    std::vector<const World*> companions;
    for (const std::size_t policy : task.policies) companions.push_back(&worlds.at(policy));
    return simulate_together(control, companions, options, task.replication, stop);
  }
  auto world = plan.world_of(task.policies.front());
  if (!world) return tl::unexpected(world.error());
  auto record = simulate_season(*world, options, task.replication, stop);
  if (!record) return tl::unexpected(record.error());
  return std::vector<SeasonRecord>{std::move(*record)};
}

void work(const SeasonsPlan& plan, const World& control, const Worlds& worlds, const std::vector<Task>& tasks,
          unsigned threads, const std::stop_token& stop, Desk& desk) {
  while (true) {
    const Task* task = nullptr;
    {
      const std::lock_guard lock(desk.mutex);
      if (desk.next == tasks.size() || stop.stop_requested()) break;
      task = &tasks[desk.next++];
    }
    SimulationOptions options = plan.options;
    options.threads = threads;
    auto records = run_task(plan, control, worlds, *task, options, stop);
    const std::lock_guard lock(desk.mutex);
    for (std::size_t i = 0; i < task->policies.size(); ++i) {
      auto record = records ? Result<SeasonRecord>(std::move((*records)[i]))
                            : Result<SeasonRecord>(tl::unexpected(records.error()));
      desk.done.push_back({{task->policies[i], task->replication}, std::move(record)});
    }
    desk.news.notify_one();
  }
  const std::lock_guard lock(desk.mutex);
  --desk.working;
  desk.news.notify_one();
}

}  // namespace

Result<SeasonRecord> simulate_season(const World& world, SimulationOptions options, std::uint32_t season,
                                     const std::stop_token& stop) {
  MeasuresOptions wanted;
  wanted.streams = true;
  Measures measures(world, wanted);
  options.run.replication += season;
  options.stop = stop;
  const auto summary = simulate(world, options, measures);
  if (!summary) return tl::unexpected(summary.error());
  if (summary->partial) return fail(ErrorKind::interrupted, "the season was cut short");
  measures.finish();
  return season_of(world, measures);
}

Result<std::vector<SeasonRecord>> simulate_together(const World& world, const std::vector<const World*>& companions,
                                                    SimulationOptions options, std::uint32_t season,
                                                    const std::stop_token& stop) {
  std::vector<std::unique_ptr<Measures>> measures;
  std::vector<Companion> riding;
  for (const World* const policy : companions) {
    MeasuresOptions wanted;
    wanted.streams = true;
    wanted.hours = false;  // No yardstick asks.
    measures.push_back(std::make_unique<Measures>(*policy, wanted));
    riding.push_back({policy, measures.back().get()});
  }
  // Of the real parcels nothing is wanted: the control rides along as well, and policies are compared like with like.
  Measures real(world, {});
  options.run.replication += season;
  options.stop = stop;
  const auto summary = simulate_shared(world, riding, options, real);
  if (!summary) return tl::unexpected(summary.error());
  if (summary->partial) return fail(ErrorKind::interrupted, "the season was cut short");
  std::vector<SeasonRecord> records;
  for (std::size_t c = 0; c < companions.size(); ++c) {
    measures[c]->finish();
    records.push_back(season_of(*companions[c], *measures[c]));
    measures[c].reset();
  }
  return records;
}

Result<SeasonsEnd> run_seasons(const SeasonsPlan& plan, const std::vector<Season>& seasons, const std::stop_token& stop,
                               const std::function<Result<void>(Season, const SeasonRecord&)>& finished,
                               const std::function<bool()>& waiting) {
  const unsigned all = std::max(1U, plan.options.threads);
  const bool any_shared = std::find(plan.shared.begin(), plan.shared.end(), true) != plan.shared.end();
  SeasonsPlan each = plan;
  World control;
  std::size_t most = 1;
  if (any_shared) {
    auto world = plan.world_of(0);
    if (!world) return tl::unexpected(world.error());
    control = std::move(*world);
    SimulationOptions one = plan.options;
    one.memory_bytes /= all;
    most = companions_at_once(control, one);
  }
  const std::vector<Task> tasks = tasks_of(plan, seasons, most);
  const auto worlds = worlds_of(plan, tasks);
  if (!worlds) return tl::unexpected(worlds.error());
  const auto workers = static_cast<unsigned>(std::min<std::size_t>(all, tasks.size()));
  if (workers > 0) each.options.memory_bytes /= workers;
  std::stop_source end;
  const std::stop_callback outer(stop, [&end] { end.request_stop(); });
  Desk desk;
  desk.working = workers;
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  for (unsigned w = 0; w < workers; ++w) {
    threads.emplace_back([&] { work(each, control, *worlds, tasks, all / workers, end.get_token(), desk); });
  }
  Result<SeasonsEnd> outcome = SeasonsEnd::done;
  std::unique_lock lock(desk.mutex);
  while (desk.working > 0 || !desk.done.empty()) {
    desk.news.wait_for(lock, 200ms, [&] { return !desk.done.empty() || desk.working == 0; });
    std::deque<Desk::Done> done;
    done.swap(desk.done);
    lock.unlock();
    for (Desk::Done& one : done) {
      Result<void> taken;
      if (one.record) {
        taken = finished(one.season, *one.record);
      } else if (one.record.error().kind == ErrorKind::interrupted) {
        if (outcome) outcome = SeasonsEnd::stopped;
      } else {
        taken = tl::unexpected(one.record.error());
      }
      if (!taken && outcome) {
        outcome = tl::unexpected(taken.error());
        end.request_stop();
      }
    }
    if (!waiting()) end.request_stop();
    lock.lock();
  }
  if (outcome && desk.next < tasks.size()) outcome = SeasonsEnd::stopped;
  return outcome;
}

}  // namespace peakstorm::cli
