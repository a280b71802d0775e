// Timetables, routes, disruptions and quotes on the small world.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/disruption/field.hpp"
#include "engine/network/journey.hpp"
#include "engine/network/routes.hpp"
#include "engine/network/timetable.hpp"
#include "engine/promise/quote.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

using test::small_world;

SimTime at(Day day, std::int64_t hour, std::int64_t minute = 0) {
  return day_zero + days(day) + hours(hour) + minutes(minute);
}

/// New York in autumn 2014: clocks go back at 06:00 UTC on day 5.
TimeZone autumn() {
  return {"America/New_York", {{SimTime::min(), -hours(4)}, {at(5, 6), -hours(5)}}};
}
/// ... and in spring: forward at 07:00 UTC on day 5.
TimeZone spring() {
  return {"America/New_York", {{SimTime::min(), -hours(5)}, {at(5, 7), -hours(4)}}};
}

TEST(TimeZone, LocalDayAndTimeRoundTrip) {
  const TimeZone zone = autumn();
  for (std::int64_t hour = 0; hour < 300; ++hour) {
    const SimTime instant = at(0, hour, 17);
    const SimTime back = zone.to_instant(zone.local_day(instant), zone.time_of_day(instant));
    // The repeated hour maps to its first occurrence.
    if (instant >= at(5, 6) && instant < at(5, 7)) {
      EXPECT_EQ(back, instant - hours(1));
    } else {
      EXPECT_EQ(back, instant);
    }
  }
}

TEST(TimeZone, AReadingInTheSpringGapLandsAfterIt) {
  const TimeZone zone = spring();
  EXPECT_EQ(zone.to_instant(5, hours(1)), at(5, 6));
  EXPECT_EQ(zone.to_instant(5, hours(2) + minutes(30)), at(5, 7, 30));
  EXPECT_EQ(zone.to_instant(5, hours(4)), at(5, 8));
}

// Quantiles of the law by definition: a tenth below transit_p10, half below transit, a tenth above transit_p90.
// Standard errors of the three shares over 40,000 journeys are 0.0015, 0.0025 and 0.0015.
TEST(Journey, HasTheQuantilesOfItsLane) {
  Lane lane;
  lane.transit = hours(10);
  lane.transit_p10 = hours(8);
  lane.transit_p90 = hours(15);
  const DrawKey key(RunKey{7, 1});
  constexpr int count = 40'000;
  int below_p10 = 0;
  int below_median = 0;
  int above_p90 = 0;
  for (int i = 0; i < count; ++i) {
    const SimDuration length = network::journey(key, lane, 1, 2, day_zero + minutes(i));
    EXPECT_GE(length, network::shortest_journey(lane));
    below_p10 += static_cast<int>(length < lane.transit_p10);
    below_median += static_cast<int>(length < lane.transit);
    above_p90 += static_cast<int>(length > lane.transit_p90);
  }
  EXPECT_NEAR(below_p10, 0.1 * count, 4 * 0.0015 * count);
  EXPECT_NEAR(below_median, 0.5 * count, 4 * 0.0025 * count);
  EXPECT_NEAR(above_p90, 0.1 * count, 4 * 0.0015 * count);
  // A fiftieth of the lower half lies below the 1 % quantile, a fifth of it below transit_p10.
  EXPECT_NEAR(static_cast<double>(network::shortest_journey(lane) / minutes(1)),
              600 * std::pow(0.8, std::log(50) / std::log(5)), 1);
}

TEST(Journey, BelongsToTheLaneAndTheDeparture) {
  Lane lane;
  lane.transit = hours(10);
  lane.transit_p10 = hours(8);
  lane.transit_p90 = hours(15);
  const DrawKey key(RunKey{7, 1});
  const SimDuration one = network::journey(key, lane, 1, 2, at(0, 6));
  EXPECT_EQ(network::journey(key, lane, 1, 2, at(0, 6)), one);
  EXPECT_NE(network::journey(key, lane, 2, 1, at(0, 6)), one);
  EXPECT_NE(network::journey(key, lane, 1, 2, at(1, 6)), one);
  EXPECT_NE(network::journey(DrawKey(RunKey{7, 2}), lane, 1, 2, at(0, 6)), one);
  lane.transit_p10 = lane.transit_p90 = SimDuration{};
  EXPECT_EQ(network::journey(key, lane, 1, 2, at(0, 6)), hours(10));
  EXPECT_EQ(network::shortest_journey(lane), hours(10));
}

TEST(Timetable, RunsOnItsWeekdaysOnly) {
  World world = small_world();
  world.lanes[0].departures = {{hours(4), 0b0011111}, {hours(22), 0b0000010}};
  const network::Timetable timetable = network::departures(world, world.lanes[0], day_zero, day_zero + days(7));
  ASSERT_EQ(timetable.size(), 6U);
  EXPECT_EQ(timetable[0], at(0, 4));
  EXPECT_EQ(timetable[2], at(1, 22));
  EXPECT_EQ(timetable[5], at(4, 4));
  EXPECT_EQ(timetable.first_at_or_after(at(4, 4)), 5U);
  EXPECT_EQ(timetable.first_at_or_after(at(4, 4, 1)), 6U);
}

TEST(Timetable, SortWindowsMayCrossMidnight) {
  const World world = small_world();
  const auto spans = network::sort_spans(world, world.facilities[0], day_zero, day_zero + days(2));
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].to, at(0, 2));
  EXPECT_EQ(spans[1].from, at(0, 18));
  EXPECT_EQ(spans[1].to, at(1, 2));
}

TEST(Routes, FollowTheTimetableTowardsTheDepot) {
  const World world = small_world();
  const network::Routes routes(world);
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::east_depot, at(3, 20)), LaneId{0});
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::west_depot, at(3, 20)), LaneId{2});
  EXPECT_TRUE(routes.reachable(Mode::air, test::west_hub, test::east_depot));
  EXPECT_FALSE(routes.reachable(Mode::road, test::west_depot, test::east_depot));
  // Arrives about 19:30, leaves 22 h, arrives at 10 h, is sorted from 18 h, leaves 5 h, arrives 6 h: 34.5 h. Hours of
  // the plan stand for their middle, so each stop may be half an hour off.
  const SimDuration left = routes.remaining(Mode::road, test::west_hub, test::east_depot, at(3, 19), at(3, 19));
  EXPECT_NEAR(static_cast<double>(left / minutes(1)), 34.5 * 60, 60);
}

TEST(Routes, ALaneThatRunsOnOtherDaysIsStillAWay) {
  World world = small_world();
  for (Lane& lane : world.lanes) {
    for (Departure& departure : lane.departures) departure.weekdays = 0b0100000;  // Saturdays.
  }
  const network::Routes routes(world);
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::east_depot, at(3, 20)), LaneId{0});
  test::KeepingRecorder recorder;
  const SimulationSummary summary = test::run(world, recorder);
  EXPECT_GT(summary.conservation[0].delivered, 0U);
}

TEST(Routes, RoadServicesDoNotFly) {
  World world = small_world();
  Lane flight = world.lanes[0];
  flight.mode = Mode::air;
  flight.transit = hours(2);
  world.lanes.push_back(flight);
  const network::Routes routes(world);
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::east_depot, at(3, 20)), LaneId{0});
  EXPECT_EQ(routes.next(Mode::air, test::west_hub, test::east_depot, at(3, 20)), LaneId{4});
}

TEST(Routes, TheLoadPlanDependsOnTheHour) {
  // A direct night lane to the far depot beats the way over the hub, but only for who is docked before it leaves.
  World world = small_world();
  Lane direct = world.lanes[0];
  direct.to = test::east_depot;
  direct.departures = {{hours(20)}};
  direct.transit = hours(20);
  world.lanes.push_back(direct);
  const network::Routes routes(world);
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::east_depot, at(3, 18)), LaneId{4});
  EXPECT_EQ(routes.next(Mode::road, test::west_hub, test::east_depot, at(3, 21)), LaneId{0});
}

Disruption everywhere(const World& world, DisruptionKind kind, SimTime from, SimTime to) {
  Disruption d;
  d.name = "d";
  d.kind = kind;
  d.from = from;
  d.to = to;
  d.facilities.assign(world.facilities.size(), true);
  d.destinations.assign(world.destinations.size(), true);
  d.nodes.assign(world.nodes.size(), true);
  return d;
}

TEST(Field, OverlappingEffectsMultiplyAndClosuresAddUp) {
  World world = small_world();
  Disruption first = everywhere(world, DisruptionKind::storm, at(1, 0), at(3, 0));
  first.speed = 500'000;
  Disruption second = everywhere(world, DisruptionKind::closure, at(2, 0), at(2, 12));
  second.speed = 400'000;
  second.closed = true;
  world.disruptions = {first, second};
  const disruption::Field field(world, {});
  const disruption::EffectSteps& steps = field.facility(test::west_hub);
  EXPECT_EQ(steps.at(at(0, 23)).speed, ppm_one);
  EXPECT_EQ(steps.at(at(1, 0)).speed, 500'000U);
  EXPECT_EQ(steps.at(at(2, 6)).speed, 200'000U);
  EXPECT_TRUE(steps.at(at(2, 6)).closed);
  EXPECT_EQ(steps.reopens(at(2, 6)), at(2, 12));
  EXPECT_EQ(steps.reopens(at(2, 12)), at(2, 12));
  EXPECT_TRUE(steps.closed_within(at(1, 0), at(2, 0)));
  EXPECT_FALSE(steps.closed_within(at(2, 12), at(4, 0)));
  const disruption::Field calm(world, {true, true, false, false, false, false});
  EXPECT_TRUE(calm.facility(test::west_hub).quiet());
}

TEST(Field, ACarriersTroubleIsItsOwn) {
  World world = small_world();
  world.carriers.push_back(world.carriers[0]);
  world.facilities[1].carrier = CarrierId{1};
  Disruption d = everywhere(world, DisruptionKind::embargo, at(1, 0), at(2, 0));
  d.carrier = CarrierId{1};
  d.embargo = true;
  d.staffing = 1;
  world.disruptions = {d};
  const disruption::Field field(world, {});
  EXPECT_TRUE(field.facility(test::west_hub).quiet());
  EXPECT_FALSE(field.facility(test::east_hub).quiet());
  EXPECT_TRUE(field.node(ShipNodeId{0}).quiet());
  EXPECT_FALSE(field.embargoed(CarrierId{0}, ShipNodeId{0}, DestinationId{0}, at(1, 5)));
  EXPECT_TRUE(field.embargoed(CarrierId{1}, ShipNodeId{0}, DestinationId{0}, at(1, 5)));
  EXPECT_FALSE(field.embargoed(CarrierId{1}, ShipNodeId{0}, DestinationId{0}, at(2, 0)));
}

TEST(Quote, CountsWorkingDaysAndRoundsUpToADeliveryDay) {
  World world = small_world();
  // Monday is day 0. Transit days are working days; Saturday is a delivery day, Sunday is not.
  Calendar weekdays{"weekdays", {}};
  Calendar no_sunday{"no-sunday", {}};
  for (Day day = -30; day < 270; ++day) {
    const int weekday = weekday_of(world.first_day_unix, day);
    weekdays.open.push_back(weekday < 5);
    no_sunday.open.push_back(weekday < 6);
  }
  world.calendars = {weekdays, no_sunday};
  Service service = world.services[0];
  service.transit = CalendarId{0};
  service.delivery = CalendarId{1};
  struct Case {
    Day tender;
    int days;
    Day expected;
  };
  for (const Case& c :
       {Case{0, 1, 1}, Case{3, 1, 4}, Case{4, 1, 7}, Case{4, 0, 4}, Case{5, 1, 7}, Case{6, 0, 7}, Case{2, 5, 9}}) {
    EXPECT_EQ(promise::published_day(world, service, c.tender, c.days), c.expected) << c.tender << "+" << c.days;
  }
  const auto with_a_buffer_day = [&](Day tender) {
    return promise::add_open_days(world, service.delivery, promise::published_day(world, service, tender, 1), 1);
  };
  EXPECT_EQ(with_a_buffer_day(3), 5);
  EXPECT_EQ(with_a_buffer_day(4), 8);
}

TEST(Quote, CheapestPublishedTakesTheCheapestThatMeetsTheTarget) {
  World world = small_world();
  Service fast = world.services[0];
  fast.name = "fast";
  fast.published = {{5000, 1}};
  fast.rates = {{5000, 2000, 0}};
  world.services.push_back(fast);
  Shipper& shop = world.shippers[0];
  shop.policy = CarrierPolicy::cheapest_published;
  shop.tariffs = {{Tier::express, ServiceId{0}, 0}, {Tier::express, ServiceId{1}, 0}};
  const promise::Tariffs tariffs(world);
  const auto choose = [&](std::uint8_t target, DestinationId to) {
    shop.target_days[2] = target;
    return tariffs.choose(shop, ShipNodeId{0}, to, Tier::express, 0);
  };
  const DestinationId near{0};
  const DestinationId far{1};  // 854 km: two days on the ground.
  EXPECT_EQ(choose(1, near), ServiceId{0});
  EXPECT_EQ(choose(1, far), ServiceId{1});
  EXPECT_EQ(choose(2, far), ServiceId{0});
  EXPECT_EQ(choose(0, far), ServiceId{1}) << "nothing meets it: the fastest";
}

TEST(Quote, ChargesWeightFuelResidentialAndPeak) {
  World world = small_world();
  Service& service = world.services[0];
  service.rates = {{500, 800, 50}, {5000, 1000, 100}};
  service.fuel = 200'000;
  service.residential = 300;
  service.peaks = {{20, 30, 65}};
  world.sizes = {{ppm_one, 2'500, 1}};
  const promise::Tariffs tariffs(world);
  EXPECT_EQ(tariffs.cost(ShipNodeId{0}, ServiceId{0}, DestinationId{0}, 0, 5), (800 + 125) * 12 / 10 + 300);
  EXPECT_EQ(tariffs.cost(ShipNodeId{0}, ServiceId{0}, DestinationId{1}, 0, 20), (1000 + 250) * 12 / 10 + 300 + 65);
  EXPECT_EQ(tariffs.cost(ShipNodeId{0}, ServiceId{0}, DestinationId{1}, 0, 30), (1000 + 250) * 12 / 10 + 300);
}

TEST(Quote, AGuaranteeAppliesUntilItsLastMinute) {
  Shipper shop;
  shop.guarantees = {{hours(23), 27, 29, Tier::express}};
  EXPECT_NE(promise::applicable_guarantee(shop, 27, hours(23), 30), nullptr);
  EXPECT_EQ(promise::applicable_guarantee(shop, 27, hours(23) + minutes(1), 30), nullptr);
  EXPECT_EQ(promise::applicable_guarantee(shop, 27, hours(9), 29), nullptr) << "already promised in time";
}

}  // namespace
}  // namespace peakstorm
