// Which process goes to which partition and rank: cut and balance, on drawn graphs and on the library's United States.

#include "engine/partition/work_graph.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

#include "engine/flow/context.hpp"
#include "engine/partition/planned_flow.hpp"
#include "scenarios/loader.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

using partition::assign;
using partition::quality;
using partition::Quality;
using partition::WorkGraph;

/// `towns` cliques of eight processes that talk a lot among each other, in a ring whose neighbours hardly talk.
WorkGraph ring_of_towns(std::uint32_t towns) {
  WorkGraph graph;
  graph.work.assign(std::size_t{towns} * 8, 10);
  for (std::uint32_t t = 0; t < towns; ++t) {
    for (std::uint32_t i = 0; i < 8; ++i) {
      for (std::uint32_t j = 0; j < i; ++j) graph.links.push_back({t * 8 + i, t * 8 + j, 100});
    }
    graph.links.push_back({t * 8, ((t + 1) % towns) * 8, 1});
  }
  return graph;
}

/// What the kernel does by default: processes dealt out in the order of a hash.
std::vector<std::uint32_t> hashed(std::size_t processes, std::size_t partitions) {
  std::vector<std::uint32_t> order(processes);
  for (std::size_t i = 0; i < processes; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(), [](std::uint32_t a, std::uint32_t b) { return mix64(a) < mix64(b); });
  std::vector<std::uint32_t> partition(processes);
  for (std::size_t i = 0; i < processes; ++i) partition[order[i]] = static_cast<std::uint32_t>(i % partitions);
  return partition;
}

TEST(Assign, CutsBetweenTownsNotThroughThem) {
  const WorkGraph graph = ring_of_towns(16);
  const std::vector<std::uint32_t> partition = assign(graph, 32, 4);
  const Quality merits = quality(graph, partition, 32, 4);
  // Four arcs of four towns: four links of 1 among 16 x 2800 + 16.
  EXPECT_DOUBLE_EQ(merits.cut_share, 4.0 / (16 * 2800 + 16));
  EXPECT_DOUBLE_EQ(merits.ranks, 1);
  EXPECT_DOUBLE_EQ(merits.partitions, 1);
}

TEST(Assign, UsesEveryPartitionWhateverTheWeights) {
  // A giant, some dwarfs, and processes that do nothing.
  for (const std::size_t processes : {1U, 2U, 3U, 7U, 8U, 9U, 31U, 100U}) {
    WorkGraph graph;
    graph.work.assign(processes, 0);
    graph.work[0] = 1e12;
    for (std::uint32_t i = 1; i < processes; ++i) {
      graph.work[i] = i % 3;
      graph.links.push_back({0, i, 5});
    }
    for (const std::size_t ranks : {1U, 2U, 3U, 8U, 64U}) {
      for (std::size_t partitions = 1; partitions <= processes; partitions += 1 + partitions / 4) {
        const std::vector<std::uint32_t> partition = assign(graph, partitions, ranks);
        ASSERT_EQ(partition.size(), processes);
        const std::set<std::uint32_t> used(partition.begin(), partition.end());
        EXPECT_EQ(used.size(), partitions) << processes << " processes, " << ranks << " ranks";
        EXPECT_EQ(*used.rbegin(), partitions - 1);
      }
    }
  }
}

TEST(Assign, IsSilentAndCompleteOnAnyGraph) {
  // METIS complains on standard output about graphs it cannot cut; a program whose output is read must not.
  const std::uint64_t seed = 20261122;
  ::testing::internal::CaptureStdout();
  for (std::uint64_t round = 0; round < 300; ++round) {
    const Draws draws(RunKey{seed, 0}, Purpose::order, round, 0);
    const std::uint32_t processes = 1 + draws.below(0, 200);
    const std::size_t ranks = 1 + draws.below(1, 16);
    WorkGraph graph;
    for (std::uint32_t i = 0; i < processes; ++i) {
      const Draws mine(RunKey{seed, 1}, Purpose::order, round, i);
      graph.work.push_back(std::pow(mine.unit(0), static_cast<double>(1 + round % 60)) * 1000);
      // Trees, stars and loose ends.
      if (i > 0 && mine.below(1, 4) != 0) graph.links.push_back({i, mine.below(2, i), 1000 * mine.unit(3)});
    }
    const std::size_t partitions = 1 + draws.below(2, processes);
    const std::vector<std::uint32_t> partition = assign(graph, partitions, ranks);
    const std::set<std::uint32_t> used(partition.begin(), partition.end());
    EXPECT_EQ(used.size(), partitions) << processes << " processes, " << ranks << " ranks, round " << round;
  }
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST(Assign, HasOneAnswerAlsoForThreadsThatAskAtOnce) {
  const WorkGraph graph = ring_of_towns(50);
  const std::vector<std::uint32_t> answer = assign(graph, 64, 8);
  std::vector<std::vector<std::uint32_t>> answers(4);
  std::vector<std::thread> askers;
  askers.reserve(answers.size());
  for (auto& mine : answers) askers.emplace_back([&] { mine = assign(graph, 64, 8); });
  for (std::thread& asker : askers) asker.join();
  for (const auto& mine : answers) EXPECT_EQ(mine, answer);
}

TEST(PlannedFlow, FollowsEveryOrderToItsDepot) {
  const World world = test::small_world(200);
  SimulationOptions options;
  const flow::Context context(world, options, false, false);
  const WorkGraph graph = partition::planned_flow(context);
  ASSERT_EQ(graph.work.size(), 5U);
  // Half of 200 orders a day stay in the west, half cross over: 32 bytes each, and a container per departure.
  const auto bytes = [&](std::uint32_t a, std::uint32_t b) {
    double sum = 0;
    for (const WorkGraph::Link& link : graph.links) {
      if (std::minmax(link.a, link.b) == std::minmax(a, b)) sum += link.bytes;
    }
    return sum;
  };
  EXPECT_DOUBLE_EQ(bytes(0, 4), 200 * 32 + 64);
  EXPECT_DOUBLE_EQ(bytes(0, 2), 100 * 32 + 64);
  EXPECT_DOUBLE_EQ(bytes(0, 1), 100 * 32 + 2 * 64);
  EXPECT_DOUBLE_EQ(bytes(1, 3), 100 * 32 + 64);
  EXPECT_DOUBLE_EQ(bytes(2, 3), 0);
}

TEST(PartitionOfLp, TheUnitedStatesAreCutBetterThanByHash) {
  const auto world = load_scenario(std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library/christmas-2013");
  ASSERT_TRUE(world.has_value());
  SimulationOptions options;
  options.scale = 0.01;
  const flow::Context context(*world, options, false, false);
  const WorkGraph graph = partition::planned_flow(context);
  for (const std::size_t ranks : {2U, 4U, 8U}) {
    const Quality cut = quality(graph, partition::partition_of_lp(context, 64, ranks), 64, ranks);
    const Quality hash = quality(graph, hashed(graph.work.size(), 64), 64, ranks);
    RecordProperty("cut" + std::to_string(ranks), std::to_string(cut.cut_share));
    std::cout << ranks << " ranks: bytes cut " << cut.cut_share << " (by hash " << hash.cut_share << "), ranks "
              << cut.ranks << " (" << hash.ranks << "), partitions " << cut.partitions << " (" << hash.partitions
              << ")\n";
    EXPECT_LT(cut.cut_share, hash.cut_share / 2) << ranks;
    EXPECT_LT(cut.ranks, 1.1) << ranks;
    EXPECT_LT(cut.partitions, hash.partitions) << ranks;
  }
}

/// Pearson's correlation.
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sa = 0;
  double sb = 0;
  double saa = 0;
  double sbb = 0;
  double sab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  return (n * sab - sa * sb) / std::sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}

TEST(PlannedFlow, IsTheWorkThatARunDoes) {
  const auto world = load_scenario(std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library/blizzard-memphis");
  ASSERT_TRUE(world.has_value());
  SimulationOptions options;
  options.scale = 0.002;
  options.profile = true;
  options.without.fill(true);
  test::KeepingRecorder recorder(false);
  const SimulationSummary summary = test::run(*world, recorder, options);
  ASSERT_TRUE(summary.profile);
  EXPECT_EQ(summary.profile->total.units, summary.scans);
  EXPECT_EQ(summary.profile->total.events, summary.events);
  const flow::Context context(*world, options, false, false);
  const WorkGraph graph = partition::planned_flow(context);
  std::vector<double> counted;
  for (const ParallelismProfile::Work& work : summary.profile->by_process) {
    counted.push_back(static_cast<double>(work.units) + partition::scans_per_event * static_cast<double>(work.events));
  }
  const double alike = correlation(graph.work, counted);
  std::cout << "correlation of planned and counted work " << alike << "\n";
  EXPECT_GT(alike, 0.95);
  // Watching changes nothing.
  options.profile = false;
  EXPECT_EQ(test::run(*world, recorder, options).digest, summary.digest);
}

}  // namespace
}  // namespace peakstorm
