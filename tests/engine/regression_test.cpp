// One test per bug that the reference simulator found in the engine.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using test::small_world;

std::size_t count(const std::vector<Scan>& scans, ScanKind kind, PlaceId place) {
  return static_cast<std::size_t>(
      std::count_if(scans.begin(), scans.end(), [&](const Scan& s) { return s.kind == kind && s.place == place; }));
}

/// All orders at once, at noon of day 0, for the western destination; every later step could take them all.
World one_batch(std::size_t parcels) {
  World world = small_world(1);
  for (std::size_t i = 0; i < parcels; ++i) {
    world.orders.push_back({day_zero + hours(12), ShipNodeId{0}, DestinationId{0}, Tier::standard, 0, no_day});
  }
  return world;
}

// 550,000 * 1e-6 is a little less than 0.55, and twenty pieces times that were ten.
TEST(Regression, FiftyFivePerCentOfTwentyPiecesAreEleven) {
  World world = one_batch(30);
  world.lanes[2].pieces = 20;
  world.capacity = {{CarrierId{0}, 0, 100, ppm_one, 550'000, ppm_one}};
  KeepingRecorder recorder;
  test::run(world, recorder);
  std::size_t first_morning = 0;
  for (const Scan& s : recorder.kept_scans) {
    if (s.kind == ScanKind::departed && s.at == day_zero + days(1) + hours(5)) ++first_morning;
  }
  EXPECT_EQ(first_morning, 11U);
}

// Given orders of the last local day that came after midnight UTC were dropped without a word.
TEST(Regression, GivenOrdersOfTheLastLocalEveningInTheWestAreTaken) {
  World world = small_world(1);
  world.zones.push_back({"west", {{SimTime::min(), -hours(6)}}});
  world.destinations[0].zone = ZoneId{1};
  world.day_count = 2;
  for (const std::int64_t hour : {12, 47, 50}) {
    world.orders.push_back({day_zero + hours(hour), ShipNodeId{0}, DestinationId{0}, Tier::standard, 0, no_day});
  }
  KeepingRecorder recorder;
  const SimulationSummary summary = test::run(world, recorder);
  EXPECT_EQ(summary.parcels, 3U);
}

// A truck that was late for want of staff was counted as held up by weather, and set aside by commit_lenient.
TEST(Regression, OnlyWeatherMakesALatePickupWeather) {
  for (const DisruptionKind kind : {DisruptionKind::storm, DisruptionKind::staffing}) {
    World world = one_batch(5);
    Disruption slow;
    slow.name = "slow";
    slow.kind = kind;
    slow.from = day_zero + hours(16);
    slow.to = day_zero + hours(18);
    slow.facilities = {true, false, false, false};
    slow.destinations = {false, false};
    slow.nodes = {false};
    slow.speed = 500'000;
    world.disruptions = {slow};
    KeepingRecorder recorder;
    test::run(world, recorder);
    for (const Outcome& o : recorder.all_outcomes()) {
      EXPECT_EQ(o.cause, Cause::lane_weather);
      EXPECT_EQ(o.weather, kind == DisruptionKind::storm);
    }
  }
}

// The share of bad addresses was that of the carrier first chosen, not of the one that a guarantee upgraded to.
TEST(Regression, BadAddressesAreThoseOfTheCarrierThatDelivers) {
  World world = one_batch(40);
  Carrier careless = world.carriers[0];
  careless.name = "careless";
  careless.bad_address = ppm_one;
  world.carriers.push_back(careless);
  world.coverage.push_back({std::nullopt, std::nullopt});
  // The careless carrier has a hub and a depot of its own for the west.
  for (const FacilityId like : {test::west_hub, test::west_depot}) {
    Facility f = world.facilities[index(like)];
    f.name += "-2";
    f.carrier = CarrierId{1};
    world.facilities.push_back(f);
  }
  Lane lane = world.lanes[2];
  lane.from = FacilityId{4};
  lane.to = FacilityId{5};
  world.lanes.push_back(lane);
  world.coverage[1] = {FacilityId{5}, std::nullopt};
  world.nodes[0].demand = {1, 0};
  world.nodes[0].pickups.push_back({CarrierId{1}, FacilityId{4}, hours(17), minutes(40), 0});
  Service careless_ground = world.services[0];
  careless_ground.name = "careless-ground";
  careless_ground.carrier = CarrierId{1};
  world.services.push_back(careless_ground);
  Service fast = world.services[0];
  fast.name = "fast";
  fast.tier = Tier::express;
  world.services.push_back(fast);
  world.shippers[0].tariffs = {{Tier::standard, ServiceId{1}, ppm_one}, {Tier::express, ServiceId{2}, ppm_one}};
  world.shippers[0].guarantees = {{hours(24), 0, 0, Tier::express}};
  KeepingRecorder recorder;
  test::run(world, recorder);
  for (const Outcome& o : recorder.all_outcomes()) {
    EXPECT_EQ(o.service, ServiceId{2});
    EXPECT_EQ(o.fate, Fate::delivered);
  }
}

// A daily departure at 19:30 that a change of the clocks moves from 23:30 to 00:30 UTC is missing on one UTC day.
// When load plans were made for that day, the lane did not exist, and the run stopped.
TEST(Regression, AClockChangeOnThePlannedDayLosesNoLane) {
  World world = one_batch(5);
  // Day 1, a Tuesday, has no such departure: 23:30 of day 0 is before the change, 00:30 of day 2 after it.
  world.zones.push_back({"fold", {{SimTime::min(), -hours(4)}, {day_zero + days(1) + hours(6), -hours(5)}}});
  world.facilities[0].zone = ZoneId{1};
  world.lanes[2].departures = {{hours(19) + minutes(30)}};
  KeepingRecorder recorder;
  test::run(world, recorder);
  for (const Outcome& o : recorder.all_outcomes()) EXPECT_EQ(o.fate, Fate::delivered);
}

// Where the planned Tuesday is day 0, a departure just after midnight has its cut-off before instant zero, and its
// way was reckoned an hour too short: the plan preferred it to a lane that is there half an hour sooner.
TEST(Regression, ADepartureJustAfterMidnightOfDayZeroIsNotAnHourShorter) {
  World world = one_batch(5);
  world.first_day_unix += 86'400;  // A Tuesday.
  world.lanes[2].departures = {{minutes(10)}};
  world.lanes[2].transit = hours(3);
  Lane sooner = world.lanes[2];
  sooner.mode = Mode::air;
  sooner.departures = {{minutes(90)}};
  sooner.transit = minutes(70);
  world.lanes.push_back(sooner);
  world.services[0].mode = Mode::air;
  KeepingRecorder recorder;
  test::run(world, recorder);
  for (const Scan& s : recorder.kept_scans) {
    if (s.kind == ScanKind::departed) {
      EXPECT_EQ(s.at, day_zero + days(1) + minutes(90));
    }
  }
}

// A load-out at 23:40 that a gap in the clocks moved past midnight swallowed the next day's.
TEST(Regression, AGapAtMidnightSwallowsNoLoadOut) {
  World world = one_batch(8);
  world.zones.push_back({"gap", {{SimTime::min(), SimDuration{}}, {day_zero + days(2) - minutes(30), hours(1)}}});
  world.facilities[2].zone = ZoneId{1};
  world.facilities[2].load_out = hours(23) + minutes(40);
  world.facilities[2].stops_per_day = 2;
  KeepingRecorder recorder;
  test::run(world, recorder);
  // Local 23:40 of day 1 does not exist; then 23:40 of days 2, 3 and 4, which are an hour earlier in UTC.
  for (const SimTime at : {day_zero + hours(47) + minutes(40), day_zero + hours(70) + minutes(40),
                           day_zero + hours(94) + minutes(40), day_zero + hours(118) + minutes(40)}) {
    EXPECT_EQ(std::count_if(recorder.kept_scans.begin(), recorder.kept_scans.end(),
                            [&](const Scan& s) { return s.kind == ScanKind::out_for_delivery && s.at == at; }),
              2)
        << at.time_since_epoch() / hours(1);
  }
  EXPECT_EQ(count(recorder.kept_scans, ScanKind::out_for_delivery, PlaceId{2}), 8U);
}

}  // namespace
}  // namespace peakstorm
