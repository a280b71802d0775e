// Goal: orders are sent from the node that the rule names, as long as it has them, whoever asks on which thread or
// rank. Method: a small world with a node at both ends; stocks are counted again from the facts of the orders.
#include "engine/flow/sourcing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/engine/rank_runs.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using namespace test::rank_runs;

constexpr ShipNodeId west{0};
constexpr ShipNodeId east{1};
constexpr DestinationId to_west{0};
constexpr DestinationId to_east{1};

/// Nodes at both ends, of which the western one serves everybody.
World two_nodes(ShipFrom rule) {
  World world = test::small_world(300);
  world.sizes = {{ppm_one / 2, 500, 5'000}, {ppm_one / 2, 4'000, 40'000}};
  ShipNode node = world.nodes[0];
  node.name = "EAST-NODE";
  node.position = {40, -90.1};
  node.demand = {0, 0};
  node.pickups[0].facility = test::east_hub;
  world.nodes.push_back(node);
  world.shippers[0].ship_from = rule;
  return world;
}

struct Sent {
  std::map<std::pair<DestinationId, ShipNodeId>, std::size_t> from;
  std::size_t second_choice = 0;
  std::size_t declined = 0;
  std::set<ParcelId> ids;
};

Sent sent(const World& world, const SimulationOptions& options = {}) {
  KeepingRecorder recorder;
  test::run(world, recorder, options);
  Sent all;
  for (const ParcelFacts& facts : recorder.kept_facts) {
    ++all.from[{facts.destination, facts.node}];
    all.second_choice += facts.second_choice ? 1 : 0;
    all.ids.insert(facts.id);
  }
  for (const Outcome& outcome : recorder.all_outcomes()) {
    all.ids.insert(outcome.id);
    if (outcome.cause == Cause::out_of_stock) {
      EXPECT_EQ(outcome.fate, Fate::cancelled);
      ++all.declined;
    }
  }
  // The first scan is made where the parcel is packed.
  std::map<ParcelId, ShipNodeId> node_of_order;
  for (const ParcelFacts& facts : recorder.kept_facts) node_of_order[facts.id] = facts.node;
  for (const Scan& scan : recorder.kept_scans) {
    if (scan.kind != ScanKind::label_created) continue;
    EXPECT_EQ(scan.place, world.place(node_of_order.at(scan.parcel)));
  }
  return all;
}

TEST(Sourcing, TheRuleNamesTheNode) {
  const Sent served = sent(two_nodes(ShipFrom::served));
  EXPECT_EQ(served.from.count({to_east, east}), 0U);
  const Sent nearest = sent(two_nodes(ShipFrom::nearest));
  EXPECT_EQ(nearest.from.count({to_east, west}), 0U);
  EXPECT_EQ(nearest.from.count({to_west, east}), 0U);
  EXPECT_GT(nearest.from.at({to_east, east}), 1'000U);
  EXPECT_EQ(nearest.second_choice, 0U);
  EXPECT_EQ(nearest.ids, served.ids) << "the orders are the same under every rule";

  World cheap = two_nodes(ShipFrom::cheapest);
  EXPECT_EQ(sent(cheap).from.count({to_east, west}), 0U) << "of equals the first by name, EAST-NODE";
}

TEST(Sourcing, CheapestAndPromiseWeighPriceAndDate) {
  World world = two_nodes(ShipFrom::cheapest);
  // Dear beyond 500 km: each end from its own node.
  world.services[0].rates = {{500, 500, 0}, {5000, 900, 0}};
  const Sent by_price = sent(world);
  EXPECT_EQ(by_price.from.count({to_east, west}), 0U);
  EXPECT_EQ(by_price.from.count({to_west, east}), 0U);
  // Cheap from afar, and soon enough: the price decides. Where it would be too late, the date.
  world.services[0].rates = {{500, 900, 0}, {5000, 500, 0}};
  world.shippers[0].ship_from = ShipFrom::promise;
  const Sent in_time = sent(world);
  EXPECT_EQ(in_time.from.count({to_east, east}), 0U);
  EXPECT_EQ(in_time.from.count({to_west, west}), 0U);
  world.shippers[0].target_days = {1, 1, 1};
  const Sent at_once = sent(world);
  EXPECT_EQ(at_once.from.count({to_east, west}), 0U);
  EXPECT_GT(at_once.from.at({to_east, east}), 1'000U);
}

TEST(Sourcing, StockRunsOutAndIsNeverOversold) {
  World world = two_nodes(ShipFrom::nearest);
  world.nodes[0].stock = {{0, std::nullopt, 2'000}};
  world.nodes[1].stock = {{0, std::uint8_t{0}, 300}, {0, std::uint8_t{1}, 200}, {7, std::nullopt, 400}};
  KeepingRecorder recorder;
  test::run(world, recorder);
  std::size_t from_west = 0;
  std::map<std::uint8_t, std::size_t> early;  // From the east, before the lot of day 7.
  std::size_t from_east = 0;
  std::size_t second = 0;
  for (const ParcelFacts& facts : recorder.kept_facts) {
    (facts.node == west ? from_west : from_east) += 1;
    if (facts.node == east && facts.ordered < day_zero + days(7)) ++early[facts.size];
    const bool is_home = facts.node == (facts.destination == to_west ? west : east);
    EXPECT_EQ(facts.second_choice, !is_home);
    second += facts.second_choice ? 1 : 0;
  }
  EXPECT_EQ(early[0], 300U);
  EXPECT_EQ(early[1], 200U);
  EXPECT_EQ(from_east, 900U);
  EXPECT_EQ(from_west, 2'000U);
  EXPECT_GT(second, 100U);
  const auto outcomes = recorder.all_outcomes();
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(),
                                                   [](const Outcome& o) { return o.cause == Cause::out_of_stock; })),
            outcomes.size() - 2'900);
}

TEST(Sourcing, WhoServesAloneSendsNothingFromElsewhere) {
  World world = two_nodes(ShipFrom::served);
  world.nodes[0].stock = {{0, std::nullopt, 500}};
  world.nodes[1].stock = {{0, std::nullopt, 5'000}};
  const Sent all = sent(world);
  EXPECT_EQ(all.from.size(), 2U);
  EXPECT_EQ(all.from.at({to_west, west}) + all.from.at({to_east, west}), 500U);
  EXPECT_EQ(all.declined, all.ids.size() - 500);
}

TEST(Sourcing, AStockShrinksWithTheScale) {
  World world = two_nodes(ShipFrom::nearest);
  world.nodes[0].stock = {{0, std::nullopt, 1'000}};
  world.nodes[1].stock = {{0, std::nullopt, 1'000}};
  const Sent all = sent(world, {.scale = 0.1});
  std::size_t units = 0;
  for (const auto& [way, count] : all.from) units += count;
  EXPECT_EQ(units, 200U);
  EXPECT_GT(all.declined, 0U);
}

TEST(Sourcing, GivenOrdersFollowTheRuleToo) {
  World world = two_nodes(ShipFrom::nearest);
  for (int i = 0; i < 50; ++i) {
    world.orders.push_back({day_zero + days(1) + minutes(20 * i), west, i % 2 == 0 ? to_west : to_east, Tier::standard,
                            static_cast<std::uint8_t>(i % 2), no_day});
  }
  const Sent all = sent(world);
  EXPECT_EQ(all.from.size(), 2U);
  EXPECT_EQ(all.from.at({to_west, west}), 25U);
  EXPECT_EQ(all.from.at({to_east, east}), 25U);
}

TEST(Sourcing, DoesNotDependOnThreadsRanksOrCheckpoints) {
  World world = two_nodes(ShipFrom::promise);
  world.shippers[0].target_days = {1, 1, 1};
  world.nodes[0].stock = {{0, std::nullopt, 900}, {5, std::uint8_t{1}, 300}};
  world.nodes[1].stock = {{0, std::nullopt, 700}, {9, std::nullopt, 250}};
  const auto reference = run(world, {1, 1});
  ASSERT_EQ(reference->summary.tracked, 2'150U);
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    for (const unsigned threads : {1U, 8U}) {
      if (test::sanitized && ranks * threads > 4) continue;
      expect_same(*run(world, {ranks, threads}), *reference,
                  std::to_string(ranks) + " ranks, " + std::to_string(threads) + " threads");
    }
  }
  const auto kept = run(world, {2, 1}, every(hours(67) + minutes(7)));
  expect_same(*kept, *reference, "with checkpoints");
  for (const auto& [at, parts] : kept->checkpoints) {
    expect_same(*run(world, {1, 2}, {.from = {at, &parts}}), *reference, "resumed");
  }
}

}  // namespace
}  // namespace peakstorm
