// The parcel network against queueing theory: the production docks and sorters, fed so that theory knows the
// answer. Statistical tests use fixed seeds and |z| < 4 with the standard error over replications.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using test::small_world;

/// One dock, one departure a day of `capacity` pieces, Poisson(orders_per_day) parcels a day; the rest of the
/// network never limits.
World one_dock(double orders_per_day, std::uint32_t capacity, Ppm day_cv) {
  World world = small_world(orders_per_day);
  world.day_count = 1500;
  world.drain_days = 2;
  world.measure_to = world.day_count;
  world.calendars = {{"daily", std::vector<bool>(2000, true)}};
  world.nodes[0].demand = {1, 0};
  world.nodes[0].cut_off = hours(24);
  world.nodes[0].handling_min = world.nodes[0].handling_max = SimDuration{};
  for (Facility& facility : world.facilities) facility.sorts.clear();
  world.facilities[index(test::west_depot)].stops_per_day = 1'000'000;
  world.lanes[2].departures = {{hours(20)}};
  world.lanes[2].pieces = capacity;
  world.shippers[0].day_cv = day_cv;
  world.shopper.enabled = false;
  return world;
}

struct Bulk {
  double left = 0;     ///< Mean number left on the dock by a departure.
  double none = 0;     ///< Share of departures that leave nobody.
  double left_se = 0;  ///< Standard error over replications.
  double none_se = 0;
};

Bulk measure(const World& world, std::uint32_t replications) {
  std::vector<double> left;
  std::vector<double> none;
  for (std::uint32_t r = 0; r < replications; ++r) {
    KeepingRecorder recorder(false);
    SimulationOptions options;
    options.run = {17, r};
    test::run(world, recorder, options);
    double sum = 0;
    double empty = 0;
    double days_counted = 0;
    // 21:00, after the departure at 20:00 and before the next pickup; the first 300 days warm the queue up.
    const auto& loads = recorder.kept_loads[index(test::west_hub)];
    for (std::size_t day = 300; day < 1490; ++day) {
      const PlaceLoad& load = loads[day * 24 + 21];
      sum += load.docked;
      empty += load.docked == 0 ? 1 : 0;
      days_counted += 1;
    }
    left.push_back(sum / days_counted);
    none.push_back(empty / days_counted);
  }
  const auto mean_and_error = [](const std::vector<double>& xs) {
    double mean = 0;
    for (const double x : xs) mean += x / static_cast<double>(xs.size());
    double squares = 0;
    for (const double x : xs) squares += (x - mean) * (x - mean);
    const auto n = static_cast<double>(xs.size());
    return std::pair(mean, std::sqrt(squares / (n - 1) / n));
  };
  const auto [l, l_se] = mean_and_error(left);
  const auto [n, n_se] = mean_and_error(none);
  return {l, n, l_se, n_se};
}

// Bailey's bulk queue Q' = (Q + A - C)^+ with Poisson arrivals; Spitzer's identity gives the exact values
// (a, C): E[left], P(none left).
TEST(TrailerRollover, PoissonArrivalsMatchSpitzersIdentity) {
  struct Case {
    double a;
    std::uint32_t capacity;
    double left;
    double none;
  };
  for (const Case& c : {Case{0.8, 1, 1.6, 0.445108}, Case{9, 10, 3.101238, 0.446500}}) {
    const Bulk bulk = measure(one_dock(c.a, c.capacity, 0), 24);
    EXPECT_LT(std::abs(bulk.left - c.left), 4 * bulk.left_se) << bulk.left << " +- " << bulk.left_se;
    EXPECT_LT(std::abs(bulk.none - c.none), 4 * bulk.none_se) << bulk.none << " +- " << bulk.none_se;
    EXPECT_LT(bulk.left_se, 0.1 * c.left);
  }
}

// The same with a gamma day factor of CV 0.1: over-dispersion, not the mean, is what leaves parcels behind.
TEST(TrailerRollover, GammaMixedArrivalsMatchTheirExactValue) {
  const Bulk bulk = measure(one_dock(95, 100, 100'000), 16);
  EXPECT_LT(std::abs(bulk.left - 12.1369), 4 * bulk.left_se) << bulk.left << " +- " << bulk.left_se;
  EXPECT_LT(std::abs(bulk.none - 0.4370), 4 * bulk.none_se) << bulk.none << " +- " << bulk.none_se;
  EXPECT_LT(bulk.left_se, 0.1 * 12.1369);
}

// Fluid limit: a sorter closed for tau hours at load rho needs tau rho / (1 - rho) hours after it reopens.
TEST(Closure, RecoveryTakesRhoOverOneMinusRhoTimesTheClosure) {
  for (const double rho : {0.7, 0.8}) {
    World world = small_world(24 * 2000 * rho);
    world.day_count = 12;
    world.shippers[0].hours.fill(ppm_one);
    world.nodes[0].demand = {1, 0};
    world.nodes[0].cut_off = hours(24);
    world.nodes[0].handling_min = world.nodes[0].handling_max = SimDuration{};
    world.nodes[0].pickups.clear();
    for (std::int64_t hour = 0; hour < 24; ++hour) {
      world.nodes[0].pickups.push_back({CarrierId{0}, test::west_hub, hours(hour), minutes(30), 0});
    }
    world.shopper.enabled = false;
    world.facilities[0].sorts = {{SimDuration{}, hours(24), 0x7f, 2000}};
    world.facilities[2].stops_per_day = 1'000'000;
    world.lanes[2].pieces = 1'000'000;
    Disruption closure;
    closure.name = "closure";
    closure.kind = DisruptionKind::closure;
    closure.from = day_zero + days(4);
    closure.to = closure.from + hours(24);
    closure.facilities = {true, false, false, false};
    closure.destinations = {false, false};
    closure.nodes = {false};
    closure.closed = true;
    world.disruptions = {closure};
    // Common random numbers: the same arrivals with and without the closure. The two paths of the backlog meet again
    // when the idle time of the undisturbed sorter has worked the closure off.
    KeepingRecorder disturbed(false);
    test::run(world, disturbed);
    KeepingRecorder calm(false);
    SimulationOptions options;
    options.without[static_cast<std::size_t>(DisruptionKind::closure)] = true;
    test::run(world, calm, options);
    const auto& loads = disturbed.kept_loads[index(test::west_hub)];
    const auto& ordinary = calm.kept_loads[index(test::west_hub)];
    std::size_t recovered = 5 * 24;
    for (std::size_t hour = 4 * 24; hour < 13 * 24; ++hour) {
      if (loads[hour].sorting > ordinary[hour].sorting) recovered = hour + 1;
    }
    const double took = static_cast<double>(recovered - 5 * 24);
    const double expected = 24 * rho / (1 - rho);
    // The night's orders come in one wave at opening, so idle time comes in daily portions: up to 18 h either way.
    EXPECT_GE(took, expected - 18) << rho;
    EXPECT_LE(took, expected + 18) << rho;
  }
}

// Attempts succeed with probability p, three at most: mean (1 - q^3) / p, returned q^3.
TEST(Attempts, NumberAndReturnsAreGeometric) {
  World world = small_world(3000);
  world.carriers[0].first_attempt_success = 700'000;
  world.carriers[0].held_for_pickup = 0;
  world.facilities[0].sorts[0].pieces_per_hour = world.facilities[1].sorts[0].pieces_per_hour = 1'000'000;
  for (Lane& lane : world.lanes) lane.pieces = 1'000'000;
  for (Facility& facility : world.facilities) facility.stops_per_day = 1'000'000;
  world.shopper.enabled = false;
  KeepingRecorder recorder(false);
  const SimulationSummary summary = test::run(world, recorder);
  double attempts = 0;
  double returned = 0;
  const auto n = static_cast<double>(summary.parcels);
  for (const Outcome& outcome : recorder.all_outcomes()) {
    attempts += outcome.attempts;
    returned += outcome.fate == Fate::returned ? 1 : 0;
  }
  const double q = 0.3;
  const double mean = (1 - q * q * q) / 0.7;                        // 1.39
  const double variance = 0.7 + 4 * 0.21 + 9 * 0.09 - mean * mean;  // P(1) = .7, P(2) = .21, P(3) = .09
  EXPECT_LT(std::abs(attempts / n - mean) / std::sqrt(variance / n), 4);
  EXPECT_LT(std::abs(returned / n - q * q * q) / std::sqrt(0.027 * 0.973 / n), 4);
}

// Uneven headways {6, 2, 6, 10} h: a parcel that comes at any time waits sum h^2 / (2 sum h) = 3.6667 h, not 3.
TEST(Headways, UnevenDeparturesMakeParcelsWaitLonger) {
  World world = small_world(4000);
  world.day_count = 30;
  world.nodes[0].demand = {1, 0};
  world.nodes[0].cut_off = hours(24);
  world.nodes[0].handling_min = world.nodes[0].handling_max = SimDuration{};
  world.nodes[0].pickups.clear();
  // Twelve trucks an hour stand for arrivals at any time.
  for (std::int64_t minute = 0; minute < 24 * 60; minute += 5) {
    world.nodes[0].pickups.push_back({CarrierId{0}, test::west_hub, minutes(minute), minutes(30), 0});
  }
  world.shopper.enabled = false;
  for (Facility& facility : world.facilities) facility.sorts.clear();
  world.lanes[2].departures = {{hours(3)}, {hours(9)}, {hours(11)}, {hours(17)}};
  world.lanes[2].cut_off = SimDuration{};
  world.lanes[2].pieces = 1'000'000;
  world.facilities[2].stops_per_day = 1'000'000;
  // Orders arrive round the clock, but work starts at six: give the node's orders as real ones instead, ready at once.
  KeepingRecorder recorder(false);
  test::run(world, recorder);
  // Docked at T, waiting for the next departure; only daytime arrivals are even over the hours, so compare the dock's
  // Little account over hours 6 to 24 with the integral over the same arrivals: see the exact sum below.
  const QueueAccount* dock = nullptr;
  for (const QueueAccount& queue : recorder.kept_queues) {
    if (queue.place == PlaceId{0} && queue.queue == 1) dock = &queue;
  }
  ASSERT_NE(dock, nullptr);
  const double mean_wait = static_cast<double>(dock->sojourn) / static_cast<double>(dock->pieces) / 3'600'000;
  // Arrivals on the dock: a quarter (the night's orders) at 6:50, the rest evenly from 6:50 to 0:50. Expected wait:
  // .25 x 2.17 h + .75 x [ (2.17^2 + 2^2 + 6^2) / 2 + evening ] / 18, evening from 17:00 to 0:50 waits for 3:00.
  const double evening = 7.83 * (10.0 + 10.0 - 7.83) / 2;
  const double day_part = (2.17 * 2.17 + 4 + 36) / 2 + evening;
  EXPECT_NEAR(mean_wait, 0.25 * 2.17 + 0.75 * day_part / 18, 0.12);
}

}  // namespace
}  // namespace peakstorm
