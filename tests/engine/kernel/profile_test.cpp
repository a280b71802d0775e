// The parallelism profile of a model whose profile is known by hand.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/kernel/profiler.hpp"

namespace peakstorm::kernel {
namespace {

/// Four processes that only count: process p takes 10 p units per event.
struct Tellers {
  struct Payload {};
  [[nodiscard]] std::size_t lp_count() const { return 4; }
  [[nodiscard]] std::string name(LpId lp) const { return "teller " + std::to_string(index(lp)); }
  [[nodiscard]] std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  [[nodiscard]] SimDuration lookahead(LpId) const { return minutes(10); }
  [[nodiscard]] std::uint64_t work_done(std::size_t partition) const { return done[partition]; }
  void handle(const Event<Payload>& event, Outbox<Payload>& outbox) {
    done[outbox.partition()] += 10 * index(event.target);
  }
  std::vector<std::uint64_t> done = std::vector<std::uint64_t>(2);
};

constexpr std::int64_t customers = 100;

/// In each of 100 windows process p has p + 1 events; 0 and 1 share a partition, 2 and 3 the other.
ParallelismProfile profile_of(unsigned threads, WorkCosts costs) {
  Tellers model;
  Profiler profiler(4, 2, costs);
  Settings settings;
  settings.threads = threads;
  settings.partition_of_lp = {0, 0, 1, 1};
  settings.probe = &profiler;
  Engine<Tellers> engine(model, settings);
  for (std::int64_t hour = 0; hour < customers; ++hour) {
    for (std::uint32_t p = 0; p < 4; ++p) {
      for (std::uint32_t i = 0; i <= p; ++i) engine.schedule(LpId{p}, day_zero + hours(hour), {});
    }
  }
  EXPECT_EQ(engine.run().events, 1000U);
  return profiler.profile();
}

TEST(Profile, CountsWhatIsKnown) {
  for (const unsigned threads : {1U, 2U}) {
    const ParallelismProfile p = profile_of(threads, {1, 0, 0});
    EXPECT_EQ(p.windows, 100U);
    EXPECT_EQ(p.span_mean, minutes(10));
    EXPECT_EQ(p.total.events, 1000U);
    EXPECT_EQ(p.total.units, 100U * (1 * 2 + 2 * 3 + 3 * 4) * 10);
    EXPECT_EQ(p.events_per_window.min, 10U);
    EXPECT_EQ(p.events_per_window.median, 10U);
    EXPECT_EQ(p.events_per_window.max, 10U);
    EXPECT_DOUBLE_EQ(p.events_per_window.mean, 10);
    ASSERT_EQ(p.by_partition.size(), 2U);
    EXPECT_EQ(p.by_partition[0].events, 300U);
    EXPECT_EQ(p.by_partition[1].events, 700U);
    EXPECT_EQ(p.by_process[2].events, 300U);
    EXPECT_EQ(p.by_process[2].units, 6000U);
    EXPECT_DOUBLE_EQ(p.balance, 1.4);
    EXPECT_EQ(p.critical_partition.events, 700U);
    EXPECT_EQ(p.critical_process.events, 400U);
    EXPECT_EQ(p.critical_process.units, 12'000U);
  }
}

TEST(Profile, ComputesTheSpeedUpOfGreedyAssignment) {
  // Per window 10 ns of events: partitions of 3 and 7, processes of 1, 2, 3 and 4.
  const ParallelismProfile free = profile_of(1, {1, 0, 0});
  ASSERT_EQ(free.speed_up.size(), 5U);
  EXPECT_EQ(free.speed_up[1].cores, 2U);
  EXPECT_DOUBLE_EQ(free.speed_up[0].by_partition, 1);
  EXPECT_DOUBLE_EQ(free.speed_up[1].by_partition, 10.0 / 7);
  EXPECT_DOUBLE_EQ(free.speed_up[1].by_process, 2);  // 4 + 1 and 3 + 2.
  EXPECT_DOUBLE_EQ(free.speed_up[4].by_partition, 10.0 / 7);
  EXPECT_DOUBLE_EQ(free.speed_up[4].by_process, 10.0 / 4);
  // A barrier of 1 ns per doubling: none on one core, 3 on eight.
  const ParallelismProfile paid = profile_of(1, {1, 0, 1});
  EXPECT_DOUBLE_EQ(paid.speed_up[0].by_process, 1);
  EXPECT_DOUBLE_EQ(paid.speed_up[1].by_process, 10.0 / 6);
  EXPECT_DOUBLE_EQ(paid.speed_up[2].by_process, 10.0 / 7);
  EXPECT_DOUBLE_EQ(paid.speed_up[2].barrier_share, 3.0 / 10);
  // Units cost as well: 1 ns each makes process 3 the slowest by far.
  const ParallelismProfile weighed = profile_of(1, {0, 1, 0});
  EXPECT_DOUBLE_EQ(weighed.speed_up[4].by_process, 200.0 / 120);
}

}  // namespace
}  // namespace peakstorm::kernel
