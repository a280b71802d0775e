#include "adapters/cli/compare_run.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "results/measures.hpp"

namespace peakstorm::cli {
namespace {

using namespace std::chrono_literals;

/// What the workers and the calling thread share.
struct Desk {
  std::mutex mutex;
  std::condition_variable news;
  std::size_t next = 0;  ///< Of the seasons.
  std::size_t working = 0;
  struct Done {
    Season season;
    Result<SeasonRecord> record;
  };
  std::deque<Done> done;
};

void work(const SeasonsPlan& plan, const std::vector<Season>& seasons, unsigned threads, const std::stop_token& stop,
          Desk& desk) {
  while (true) {
    Season season;
    {
      const std::lock_guard lock(desk.mutex);
      if (desk.next == seasons.size() || stop.stop_requested()) break;
      season = seasons[desk.next++];
    }
    SimulationOptions options = plan.options;
    options.threads = threads;
    auto world = plan.world_of(season.policy);
    auto record = world ? simulate_season(*world, options, season.replication, stop)
                        : Result<SeasonRecord>(tl::unexpected(world.error()));
    const std::lock_guard lock(desk.mutex);
    desk.done.push_back({season, std::move(record)});
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

Result<SeasonsEnd> run_seasons(const SeasonsPlan& plan, const std::vector<Season>& seasons, const std::stop_token& stop,
                               const std::function<Result<void>(Season, const SeasonRecord&)>& finished,
                               const std::function<bool()>& waiting) {
  const unsigned all = std::max(1U, plan.options.threads);
  const auto workers = static_cast<unsigned>(std::min<std::size_t>(all, seasons.size()));
  SeasonsPlan each = plan;
  if (workers > 0) each.options.memory_bytes /= workers;
  std::stop_source end;
  const std::stop_callback outer(stop, [&end] { end.request_stop(); });
  Desk desk;
  desk.working = workers;
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  for (unsigned w = 0; w < workers; ++w) {
    threads.emplace_back([&] { work(each, seasons, all / workers, end.get_token(), desk); });
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
  if (outcome && desk.next < seasons.size()) outcome = SeasonsEnd::stopped;
  return outcome;
}

}  // namespace peakstorm::cli
