// Load plans that follow closures: a diamond of four hubs, of which the short way's middle closes.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/network/routes.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

constexpr FacilityId first_hub{0};
constexpr FacilityId last_hub{1};
constexpr FacilityId short_hub{4};
constexpr FacilityId long_hub{5};
constexpr LaneId over_short{0};
constexpr LaneId over_long{1};

SimTime at(Day day, std::int64_t hour, std::int64_t minute = 0) {
  return day_zero + days(day) + hours(hour) + minutes(minute);
}

/// FIRST to LAST over SHORT (8 hours) or over LONG (24 hours); hubs sort around the clock, trucks leave every hour.
World diamond() {
  World world = test::small_world(200);
  world.facilities[0].name = "FIRST";
  world.facilities[1].name = "LAST";
  for (const char* name : {"SHORT", "LONG"}) {
    Facility hub = world.facilities[0];
    hub.name = name;
    world.facilities.push_back(hub);
  }
  for (Facility& facility : world.facilities) {
    if (facility.kind == FacilityKind::hub) facility.sorts = {{hours(0), hours(24), 0x7f, 5000}};
  }
  const Lane pattern = world.lanes[0];
  world.lanes.erase(world.lanes.begin(), world.lanes.begin() + 2);
  const auto lane = [&](FacilityId from, FacilityId to, SimDuration transit) {
    Lane l = pattern;
    l.from = from;
    l.to = to;
    l.transit = transit;
    l.departures.clear();
    for (std::int64_t hour = 0; hour < 24; ++hour) l.departures.push_back({hours(hour)});
    return l;
  };
  world.lanes = {lane(first_hub, short_hub, hours(4)),        lane(first_hub, long_hub, hours(12)),
                 lane(short_hub, last_hub, hours(4)),         lane(long_hub, last_hub, hours(12)),
                 lane(first_hub, test::west_depot, hours(1)), lane(last_hub, test::east_depot, hours(1))};
  return world;
}

Disruption closed(const World& world, FacilityId facility, SimTime from, SimTime to) {
  Disruption d;
  d.name = "snow";
  d.kind = DisruptionKind::closure;
  d.from = from;
  d.to = to;
  d.closed = true;
  d.facilities.assign(world.facilities.size(), false);
  d.facilities[index(facility)] = true;
  d.destinations.assign(world.destinations.size(), false);
  d.nodes.assign(world.nodes.size(), false);
  return d;
}

TEST(RevisedRoutes, GoAroundAClosedHubFromTheDelayOnUntilTheDelayAfterItOpens) {
  const World world = diamond();
  const std::vector<network::Closure> closures{{short_hub, at(3, 6), at(5, 6)}};
  const network::Routes routes(world, closures);
  const auto next = [&](SimTime now) { return routes.next(Mode::road, first_hub, test::east_depot, now); };
  EXPECT_EQ(next(at(3, 5)), over_short);
  EXPECT_EQ(next(at(3, 7, 59)), over_short) << "closed, and not yet known at the docks";
  EXPECT_EQ(next(at(3, 8)), over_long);
  EXPECT_EQ(next(at(4, 9)), over_long) << "22 hours are still announced, the detour takes 16";
  EXPECT_EQ(next(at(5, 7, 59)), over_long) << "open, and not yet known at the docks";
  EXPECT_EQ(next(at(5, 8)), over_short);
  // What was expected at noon of day 3 does not know of the revision a minute before it is published.
  const auto left = [&](SimTime now) {
    return routes.remaining(Mode::road, first_hub, test::east_depot, at(3, 12), now) / minutes(1);
  };
  EXPECT_EQ(left(at(3, 7, 59)), left(at(0, 0)));
  EXPECT_EQ(left(at(3, 8)), left(at(0, 0)) + 16 * 60);
}

TEST(RevisedRoutes, WaitWhereTheDetourTakesLonger) {
  const World world = diamond();
  // 12 hours, of which 10 are left when the plan is made; the detour takes 16 more than the usual way.
  const network::Routes routes(world, std::vector<network::Closure>{{short_hub, at(3, 6), at(3, 18)}});
  for (std::int64_t hour = 6; hour < 24; ++hour) {
    EXPECT_EQ(routes.next(Mode::road, first_hub, test::east_depot, at(3, hour)), over_short) << hour;
  }
}

TEST(RevisedRoutes, LookAgainEveryDayWhatIsStillAnnounced) {
  const World world = diamond();
  // At day 4, 08:00, ten hours are left.
  const network::Routes routes(world, std::vector<network::Closure>{{short_hub, at(3, 6), at(4, 18)}});
  EXPECT_EQ(routes.next(Mode::road, first_hub, test::east_depot, at(4, 7)), over_long);
  EXPECT_EQ(routes.next(Mode::road, first_hub, test::east_depot, at(4, 8)), over_short);
}

TEST(RevisedRoutes, OnlyTreesThatPassTheClosedHubAreWorkedOutAgain) {
  const World world = diamond();
  // Two depots and two modes make four trees; those of EAST-DEPOT pass SHORT.
  const network::Routes passed(world, std::vector<network::Closure>{{short_hub, at(3, 6), at(4, 18)}});
  ASSERT_EQ(passed.editions().size(), 3U);
  EXPECT_EQ(passed.editions()[0].published, at(3, 8));
  EXPECT_EQ(passed.editions()[0].recomputed, 2U);
  EXPECT_EQ(passed.editions()[1].published, at(4, 8));
  EXPECT_EQ(passed.editions()[1].recomputed, 2U);
  EXPECT_EQ(passed.editions()[2].published, at(4, 20));
  EXPECT_EQ(passed.editions()[2].recomputed, 0U) << "the usual plan is back";
  EXPECT_GT(passed.editions()[2].changed, 0U);

  const network::Routes elsewhere(world, std::vector<network::Closure>{{long_hub, at(3, 6), at(4, 18)}});
  for (const auto& edition : elsewhere.editions()) {
    EXPECT_EQ(edition.recomputed, 0U);
    EXPECT_EQ(edition.changed, 0U);
  }
  EXPECT_EQ(elsewhere.bytes(), network::Routes(world).bytes());
  EXPECT_FALSE(elsewhere.revised(first_hub, at(3, 12)));
}

TEST(RevisedRoutes, OverlappingClosuresEndWithTheUsualPlan) {
  const World world = diamond();
  const network::Routes usual(world);
  // Both ways close in turn and together; afterwards every row is the usual one again.
  const network::Routes routes(world, std::vector<network::Closure>{{short_hub, at(3, 6), at(6, 6)},
                                                                    {long_hub, at(4, 6), at(8, 6)},
                                                                    {last_hub, at(4, 12), at(5, 12)},
                                                                    {short_hub, at(5, 6), at(7, 0)}});
  EXPECT_EQ(routes.next(Mode::road, first_hub, test::east_depot, at(3, 12)), over_long);
  EXPECT_EQ(routes.next(Mode::road, first_hub, test::east_depot, at(4, 9)), over_short) << "LONG is closed for longer";
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    for (std::int64_t hour = 0; hour < 24; ++hour) {
      const FacilityId from{static_cast<std::uint16_t>(f)};
      const SimTime now = at(9, hour);
      EXPECT_EQ(routes.next(Mode::road, from, test::east_depot, now),
                usual.next(Mode::road, from, test::east_depot, now));
      EXPECT_EQ(routes.remaining(Mode::road, from, test::east_depot, now, now),
                usual.remaining(Mode::road, from, test::east_depot, now, now));
    }
  }
}

TEST(RevisedRoutes, ALongClosureOfTheWholeNetworkCostsFewEditions) {
  World world = diamond();
  world.day_count = 200;
  std::vector<network::Closure> closures;
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    closures.push_back({FacilityId{static_cast<std::uint16_t>(f)}, at(3, 0), at(180, 0)});
  }
  const network::Routes routes(world, closures);
  // The wait reckoned with is at most a week: only the last week's revisions say something new.
  EXPECT_LE(routes.editions().size(), 9U);
}

/// Instants of delivery at EAST of the parcels ordered on days [from, to).
std::vector<SimTime> deliveries(const World& world, Day from, Day to) {
  test::KeepingRecorder recorder;
  test::run(world, recorder);
  std::vector<SimTime> instants;
  for (const Outcome& outcome : recorder.all_outcomes()) {
    if (outcome.fate != Fate::delivered || outcome.destination != DestinationId{1}) continue;
    if (outcome.order_day >= from && outcome.order_day < to) instants.push_back(outcome.at);
  }
  std::sort(instants.begin(), instants.end());
  return instants;
}

World with_closure(SimDuration replan_after, SimTime from, SimTime to) {
  World world = diamond();
  world.carriers[0].replan_after = replan_after;
  world.disruptions = {closed(world, short_hub, from, to)};
  return world;
}

TEST(Rerouting, BringsParcelsSoonerThanWaiting) {
  const std::vector<SimTime> waiting = deliveries(with_closure(days(100), at(3, 6), at(8, 6)), 3, 6);
  const std::vector<SimTime> around = deliveries(with_closure(hours(2), at(3, 6), at(8, 6)), 3, 6);
  ASSERT_EQ(waiting.size(), around.size());
  ASSERT_GT(waiting.size(), 100U);
  // SHORT opens on day 8 at 06:00: too late for that day's round.
  EXPECT_GT(waiting.front(), at(8, 0));
  EXPECT_LT(around[around.size() / 2], at(8, 0));
}

TEST(Rerouting, BlamesTheClosureForWhatTheDetourCosts) {
  const World world = with_closure(hours(2), at(3, 6), at(8, 6));
  test::KeepingRecorder recorder;
  test::run(world, recorder);
  std::size_t blamed = 0;
  for (const Outcome& outcome : recorder.all_outcomes()) {
    if (outcome.culprit == world.place(first_hub) && outcome.cause == Cause::closure) ++blamed;
  }
  EXPECT_GT(blamed, 100U);
}

TEST(Rerouting, AClosureOverWithinTheDelayChangesNothing) {
  test::KeepingRecorder recorder;
  const auto digest = [&](SimDuration replan_after) {
    return test::run(with_closure(replan_after, at(3, 18), at(3, 20)), recorder).digest;
  };
  EXPECT_EQ(digest(hours(2)), digest(days(100)));
}

TEST(Rerouting, WithoutAnotherWayParcelsWait) {
  const auto only_way = [](SimDuration replan_after) {
    World world = with_closure(replan_after, at(3, 6), at(8, 6));
    std::erase_if(world.lanes, [](const Lane& lane) { return lane.from == long_hub || lane.to == long_hub; });
    return deliveries(world, 0, 14);
  };
  const std::vector<SimTime> instants = only_way(hours(2));
  EXPECT_GT(instants.size(), 500U);
  EXPECT_EQ(instants, only_way(days(100)));
}

TEST(Rerouting, HasOneDigestForAnyNumberOfThreads) {
  const World world = with_closure(hours(2), at(3, 6), at(8, 6));
  test::KeepingRecorder recorder;
  SimulationOptions options;
  options.threads = 1;
  const Digest alone = test::run(world, recorder, options).digest;
  for (const unsigned threads : {2U, 8U}) {
    options.threads = threads;
    EXPECT_EQ(test::run(world, recorder, options).digest, alone) << threads;
  }
  options.threads = 1;
  options.without[static_cast<std::size_t>(DisruptionKind::closure)] = true;
  World calm = diamond();
  EXPECT_EQ(test::run(world, recorder, options).digest, test::run(calm, recorder, options).digest);
}

}  // namespace
}  // namespace peakstorm
