// Goal: carriers are chosen and dates promised by the rules that engine/promise says, from nothing but what was known.
// Method: rules alone on drawn candidates; small worlds with a carrier that is slower than it says, or has no room.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "engine/geo.hpp"
#include "engine/promise/carrier_choice.hpp"
#include "engine/promise/learned_transit.hpp"
#include "engine/promise/promise_rule.hpp"
#include "engine/promise/quote.hpp"
#include "tests/engine/rank_runs.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using test::small_world;
using namespace test::rank_runs;

/// small_world() with a cheap carrier "beta" on the same ground whose published day is a day too early to the east, and
/// a closure late in the season.
World two_carriers(double orders_per_day = 150) {
  World world = small_world(orders_per_day);
  world.day_count = 20;
  world.measure_to = world.day_count;
  const auto copy = [&](FacilityId f, const char* name) {
    Facility facility = world.facilities[index(f)];
    facility.name = name;
    facility.carrier = CarrierId{1};
    world.facilities.push_back(facility);
  };
  copy(test::west_hub, "B-WEST");
  copy(test::east_hub, "B-EAST");
  copy(test::west_depot, "B-WEST-DEPOT");
  copy(test::east_depot, "B-EAST-DEPOT");
  for (std::size_t l = 0; l < 4; ++l) {
    Lane lane = world.lanes[l];
    lane.from = FacilityId{static_cast<std::uint16_t>(index(lane.from) + 4)};
    lane.to = FacilityId{static_cast<std::uint16_t>(index(lane.to) + 4)};
    if (l == 0) lane.transit = hours(36);
    world.lanes.push_back(lane);
  }
  Carrier beta = world.carriers[0];
  beta.name = "beta";
  world.carriers.push_back(beta);
  Service slow = world.services[0];
  slow.name = "slow";
  slow.carrier = CarrierId{1};
  slow.rates = {{5000, 500, 50}};
  world.services.push_back(slow);
  world.coverage.push_back({FacilityId{6}, FacilityId{7}});
  world.shippers[0].tariffs = {{Tier::standard, ServiceId{0}, ppm_one / 2},
                               {Tier::standard, ServiceId{1}, ppm_one / 2}};
  world.shippers[0].target_days = {2, 2, 2};
  world.nodes[0].pickups.push_back({CarrierId{1}, FacilityId{4}, hours(17), minutes(40), 0});
  return world;
}

/// Closes the east of both carriers for two days from day 12 on.
Disruption closure(const World& world) {
  Disruption d;
  d.name = "flood";
  d.kind = DisruptionKind::closure;
  d.from = day_zero + days(12);
  d.to = day_zero + days(14);
  d.facilities = {false, true, false, true, false, true, false, true};
  d.destinations.assign(world.destinations.size(), false);
  d.nodes = {false};
  d.closed = true;
  return d;
}

double kept_share(const World& world, const std::vector<Outcome>& outcomes, Day from, ServiceId service) {
  double kept = 0;
  double all = 0;
  for (const Outcome& o : outcomes) {
    if (o.service != service || Day{o.order_day} < from || o.promise_day == no_day || o.fate == Fate::cancelled)
      continue;
    ++all;
    kept += o.fate == Fate::delivered && o.delivered_day <= o.promise_day ? 1 : 0;
  }
  EXPECT_GT(all, 50) << world.name;
  return kept / all;
}

std::vector<Outcome> outcomes_of(const World& world) {
  KeepingRecorder recorder(false);
  test::run(world, recorder);
  return recorder.all_outcomes();
}

TEST(CarrierChoice, FollowsThePolicy) {
  std::vector<promise::Candidate> offers(3);
  for (std::size_t i = 0; i < 3; ++i) offers[i].service = ServiceId{static_cast<std::uint8_t>(i)};
  //                 dear and sure        cheap and late       slow
  offers[0].price = 900, offers[1].price = 500, offers[2].price = 300;
  for (auto& o : offers) o.list_price = o.price;
  offers[0].on_time = 0.99, offers[1].on_time = 0.6, offers[2].on_time = 0.1;
  offers[0].days = 2, offers[1].days = 2, offers[2].days = 6;
  offers[0].meets = offers[1].meets = true;
  offers[0].share_ends = 200'000, offers[1].share_ends = 700'000, offers[2].share_ends = ppm_one;
  Shipper shipper;
  const auto best = [&](CarrierPolicy policy, Ppm point = 0) {
    shipper.policy = policy;
    return promise::pick(shipper, offers, point);
  };
  EXPECT_EQ(best(CarrierPolicy::fixed_split, 199'999), 0U);
  EXPECT_EQ(best(CarrierPolicy::fixed_split, 200'000), 1U);
  EXPECT_EQ(best(CarrierPolicy::fixed_split, 999'999), 2U);
  EXPECT_EQ(best(CarrierPolicy::cheapest_published), 1U);
  shipper.late_penalty = 900;  // 900 + 9, 500 + 360, 300 + 810
  EXPECT_EQ(best(CarrierPolicy::least_expected_cost), 1U);
  shipper.late_penalty = 1200;  // 900 + 12, 500 + 480, 300 + 1080
  EXPECT_EQ(best(CarrierPolicy::least_expected_cost), 0U);
  EXPECT_EQ(best(CarrierPolicy::regional_reliability), 0U);
  shipper.reliability_slack = 400'000;
  EXPECT_EQ(best(CarrierPolicy::regional_reliability), 1U);
  offers[1].within_cap = false;
  EXPECT_EQ(best(CarrierPolicy::diversified), 0U);
  // Without room there is none, until nobody has any.
  offers[0].has_room = false;
  EXPECT_EQ(best(CarrierPolicy::diversified), 2U);
  EXPECT_EQ(best(CarrierPolicy::fixed_split, 0), 1U);
  for (auto& o : offers) o.has_room = false;
  EXPECT_EQ(best(CarrierPolicy::cheapest_published), 1U);
}

TEST(Bars, DealOutWhatTheBarredCarrierHadAndMoveNobodyElse) {
  World world = two_carriers();
  Service third = world.services[0];
  third.name = "third";
  world.services.push_back(third);
  world.shippers[0].tariffs = {{Tier::standard, ServiceId{0}, 200'000},
                               {Tier::standard, ServiceId{1}, 500'000},
                               {Tier::standard, ServiceId{2}, 300'000}};
  World barred = world;
  barred.shippers[0].bars = {{CarrierId{1}, {false, true}}};
  const promise::Tariffs before(world);
  const promise::Tariffs after(barred);
  constexpr ShipNodeId node{0};
  std::map<std::pair<ServiceId, ServiceId>, int> moves;
  constexpr std::uint32_t draws = 10'000;
  for (std::uint32_t i = 0; i < draws; ++i) {
    const std::uint32_t word = i * (0xffff'ffffU / draws);
    const auto choice = [&](const World& w, const promise::Tariffs& tariffs, unsigned destination) {
      return tariffs.choose(w.shippers[0], node, DestinationId{static_cast<std::uint16_t>(destination)}, Tier::standard,
                            word);
    };
    EXPECT_EQ(choice(world, before, 0), choice(barred, after, 0));  // The other region.
    ++moves[{choice(world, before, 1), choice(barred, after, 1)}];
  }
  EXPECT_EQ(moves.size(), 4U);
  EXPECT_NEAR((moves[{ServiceId{0}, ServiceId{0}}]), 2'000, 5);
  EXPECT_NEAR((moves[{ServiceId{2}, ServiceId{2}}]), 3'000, 5);
  EXPECT_NEAR((moves[{ServiceId{1}, ServiceId{0}}]), 2'000, 5);  // 0.2 of the remaining 0.5.
  EXPECT_NEAR((moves[{ServiceId{1}, ServiceId{2}}]), 3'000, 5);
  EXPECT_FALSE(after.serves(node, world.shippers[0].tariffs[1], DestinationId{1}));
  EXPECT_TRUE(after.serves(node, world.shippers[0].tariffs[1], DestinationId{0}));
}

TEST(Bars, HoldUnderEveryPolicyAndOverflow) {
  World world = two_carriers();
  world.shippers[0].bars = {{CarrierId{1}, {false, true}}};
  world.nodes[0].pickups[0].pieces_per_day = 40;
  for (Tariff& tariff : world.shippers[0].tariffs) tariff.cap = 600'000;
  for (std::size_t policy = 0; policy < policy_names.size(); ++policy) {
    for (std::size_t overflow = 0; overflow < overflow_names.size(); ++overflow) {
      world.shippers[0].policy = static_cast<CarrierPolicy>(policy);
      world.shippers[0].overflow = static_cast<Overflow>(overflow);
      std::size_t to_east = 0;
      for (const Outcome& o : outcomes_of(world)) {
        if (o.destination != DestinationId{1}) continue;
        ++to_east;
        EXPECT_EQ(o.service, ServiceId{0}) << policy_names[policy] << ' ' << overflow_names[overflow];
      }
      EXPECT_GT(to_east, 500U);
    }
  }
}

TEST(LearnedTransit, ShrinksTowardsTheCoarserGroup) {
  const World world = small_world();
  Learning learning;
  learning.shrinkage = 2'000'000;
  promise::LearnedTransit learned(world, learning);
  const auto shares = [&](int weekday) { return learned.shares(ServiceId{0}, RegionId{0}, weekday, false); };
  EXPECT_EQ(promise::share_by(shares(0), 0), 1);  // At its word.
  EXPECT_EQ(promise::share_by(shares(0), -1), 0);
  // Six on a Monday, two days late: 2/8 of the service keeps its day, (1/4 x 2)/8 of those groups that lean on it.
  for (int i = 0; i < 6; ++i) learned.learn({DestinationId{0}, 7, 8, 8, 10, ServiceId{0}, 0});
  EXPECT_DOUBLE_EQ(promise::share_by(shares(0), 0), 1.0 / 4 / 4 / 4 / 4);
  EXPECT_DOUBLE_EQ(promise::share_by(shares(1), 0), 1.0 / 4 / 4 / 4);
  EXPECT_DOUBLE_EQ(promise::share_by(learned.regional_shares(ServiceId{0}, RegionId{0}), 0), 1.0 / 4 / 4);
  EXPECT_DOUBLE_EQ(promise::share_by(learned.regional_shares(ServiceId{0}, RegionId{1}), 0), 1.0 / 4);
  EXPECT_EQ(promise::share_by(shares(0), 2), 1);
}

TEST(LearnedTransit, ANetworkIsStrainedWhenWhatWasDueHasNotCome) {
  const World world = small_world();
  promise::LearnedTransit learned(world, world.shippers[0].learning);
  for (int i = 0; i < 20; ++i) learned.tendered(CarrierId{0}, RegionId{0}, 5);
  for (int i = 0; i < 17; ++i) learned.learn({DestinationId{0}, 4, 5, 5, 5, ServiceId{0}, 0});
  EXPECT_FALSE(learned.strained(CarrierId{0}, RegionId{0}, 7)) << "the news may still come";
  EXPECT_TRUE(learned.strained(CarrierId{0}, RegionId{0}, 8));
  EXPECT_FALSE(learned.strained(CarrierId{0}, RegionId{1}, 8));
  learned.learn({DestinationId{0}, 4, 5, 5, 9, ServiceId{0}, 0});
  EXPECT_FALSE(learned.strained(CarrierId{0}, RegionId{0}, 10)) << "two of twenty are a tenth, not more";
  EXPECT_FALSE(learned.strained(CarrierId{0}, RegionId{0}, 15)) << "long ago";
}

TEST(PromiseRule, PromisesTheDayThatItsSharesSay) {
  const World world = small_world();
  const Service& service = world.services[0];
  promise::ShiftShares shares{};  // 50 % on the day, 80 % a day later, 95 % two, all at nine.
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const int shift = static_cast<int>(i) + promise::earliest_shift;
    shares[i] = shift < 0 ? 0 : shift == 0 ? 0.5 : shift == 1 ? 0.8 : shift < 9 ? 0.95 : 1;
  }
  PromiseRule rule;
  const auto day = [&](double level) { return promise::rule_day(world, rule, service, 3, 2, shares, level); };
  rule.kind = PromiseKind::quantile;
  EXPECT_EQ(day(0.5), 5);
  EXPECT_EQ(day(0.51), 6);
  EXPECT_EQ(day(0.95), 7);
  EXPECT_EQ(day(1), 14);
  rule.kind = PromiseKind::cost;
  rule.late_cost = 1000;
  rule.day_cost = 100;  // Worth it while a day keeps more than a tenth of the promises.
  EXPECT_EQ(day(0), 7);
  rule.day_cost = 200;
  EXPECT_EQ(day(0), 6);
  rule.day_cost = 7;  // The last twentieth, seven days on, for 49: but once, for 50.
  EXPECT_EQ(day(0), 14);
  rule.day_cost = 8;
  EXPECT_EQ(day(0), 7);
  rule.late_cost_per_day = true;  // Each of those days costs 50.
  EXPECT_EQ(day(0), 14);
  rule.hedges = {{4, 6, 1}, {5, 9, 2}};
  EXPECT_EQ(promise::hedge_days(rule, 3), 0);
  EXPECT_EQ(promise::hedge_days(rule, 5), 3);
  EXPECT_EQ(promise::hedge_days(rule, 6), 2);
}

TEST(PromisedLevel, CountsPromisesWithoutNewsAsBroken) {
  PromiseRule rule;
  rule.kind = PromiseKind::quantile;
  rule.quantile = 900'000;
  rule.step = 100'000;
  promise::PromisedLevel level(rule);
  for (int i = 0; i < 10; ++i) level.promised(4);
  for (int i = 0; i < 5; ++i) level.learn({DestinationId{0}, 2, 4, 4, 4, ServiceId{0}, 0});
  level.learn({DestinationId{0}, 2, 4, 4, 5, ServiceId{0}, 0});
  level.judge(6);
  EXPECT_DOUBLE_EQ(level.level(), 0.9);
  level.judge(7);
  EXPECT_DOUBLE_EQ(level.level(), 0.9 + 0.1 * (0.5 - 0.1));
}

TEST(Decisions, SeeNothingOfTheFuture) {
  for (const CarrierPolicy policy : {CarrierPolicy::least_expected_cost, CarrierPolicy::regional_reliability}) {
    for (const PromiseKind kind : {PromiseKind::quantile, PromiseKind::cost}) {
      World calm = two_carriers();
      calm.shippers[0].policy = policy;
      calm.shippers[0].promise.kind = kind;
      calm.shippers[0].overflow = Overflow::reroute;
      World flooded = calm;
      flooded.disruptions = {closure(flooded)};
      Disruption embargo = closure(flooded);
      embargo.name = "embargo";
      embargo.closed = false;
      embargo.embargo = true;
      embargo.carrier = CarrierId{0};
      embargo.destinations.assign(2, true);
      flooded.disruptions.push_back(embargo);
      KeepingRecorder one;
      KeepingRecorder other;
      test::run(calm, one);
      test::run(flooded, other);
      ASSERT_EQ(one.kept_facts.size(), other.kept_facts.size());
      std::size_t before = 0;
      std::size_t changed = 0;
      for (std::size_t i = 0; i < one.kept_facts.size(); ++i) {
        if (one.kept_facts[i].ordered < closure(calm).from) {
          ASSERT_EQ(one.kept_facts[i], other.kept_facts[i]) << "order " << i;
          ++before;
        } else if (!(one.kept_facts[i] == other.kept_facts[i])) {
          ++changed;
        }
      }
      EXPECT_GT(before, 1000U);
      EXPECT_GT(changed, 10U) << "the closure must be learned of, in the end";
    }
  }
}

TEST(Decisions, DoNotDependOnThreadsRanksOrCheckpoints) {
  World world = two_carriers();
  world.disruptions = {closure(world)};
  Shipper& shipper = world.shippers[0];
  shipper.policy = CarrierPolicy::least_expected_cost;
  shipper.promise.kind = PromiseKind::quantile;
  shipper.overflow = Overflow::reroute;
  for (Pickup& pickup : world.nodes[0].pickups) pickup.pieces_per_day = 100;
  const auto reference = run(world, {1, 1});
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    for (const unsigned threads : {1U, 2U, 8U}) {
      if (test::sanitized && ranks * threads != 4) continue;
      expect_same(*run(world, {ranks, threads}), *reference,
                  std::to_string(ranks) + " ranks, " + std::to_string(threads) + " threads");
    }
  }
  const auto kept = run(world, {2, 1}, every(hours(91) + minutes(7)));
  expect_same(*kept, *reference, "with checkpoints");
  for (const auto& [at, parts] : kept->checkpoints) {
    expect_same(*run(world, {1, 2}, {.from = {at, &parts}}), *reference, "resumed");
  }
}

TEST(Decisions, ALearnedQuantileKeepsWhatPublishedTransitBreaks) {
  World world = two_carriers();
  Shipper& shipper = world.shippers[0];
  const ServiceId slow{1};
  const double published = kept_share(world, outcomes_of(world), 10, slow);
  shipper.promise.kind = PromiseKind::quantile;
  shipper.promise.quantile = 900'000;
  const double learned = kept_share(world, outcomes_of(world), 10, slow);
  EXPECT_LT(published, 0.6);
  EXPECT_GT(learned, 0.85);
}

TEST(Decisions, TheFirstPromiseIsKeptForEver) {
  World world = two_carriers();
  world.disruptions = {closure(world)};
  world.shippers[0].promise.kind = PromiseKind::quantile;
  KeepingRecorder recorder;
  test::run(world, recorder);
  std::map<ParcelId, std::uint16_t> first;
  for (const ParcelFacts& facts : recorder.kept_facts) first[facts.id] = facts.promise_day;
  std::size_t revised = 0;
  for (const Outcome& o : recorder.all_outcomes()) {
    ASSERT_EQ(o.promise_day, first.at(o.id));
    revised += o.revised_day != o.promise_day ? 1 : 0;
  }
  EXPECT_GT(revised, 10U);
}

TEST(Decisions, ExpectedCostLeavesTheCarrierThatBreaksItsWord) {
  World world = two_carriers();
  const auto share_of_slow_to_the_east = [&](CarrierPolicy policy) {
    world.shippers[0].policy = policy;
    double slow = 0;
    double all = 0;
    for (const Outcome& o : outcomes_of(world)) {
      if (o.order_day < 10 || o.destination != DestinationId{1}) continue;
      ++all;
      slow += o.service == ServiceId{1} ? 1 : 0;
    }
    return slow / all;
  };
  EXPECT_EQ(share_of_slow_to_the_east(CarrierPolicy::cheapest_published), 1);
  EXPECT_EQ(share_of_slow_to_the_east(CarrierPolicy::least_expected_cost), 0);
  EXPECT_EQ(share_of_slow_to_the_east(CarrierPolicy::regional_reliability), 0);
  world.shippers[0].tariffs[1].cap = 300'000;
  EXPECT_NEAR(share_of_slow_to_the_east(CarrierPolicy::diversified), 0.3, 0.02);
}

TEST(Decisions, OverflowIsDeferredReroutedOrDeclinedButNeverInfinite) {
  World world = two_carriers(100);
  world.shippers[0].tariffs = {{Tier::standard, ServiceId{0}, ppm_one}};
  world.shippers[0].day_cv = 0;
  world.nodes[0].pickups[0].pieces_per_day = 80;
  const auto tally = [&](Overflow overflow) {
    world.shippers[0].overflow = overflow;
    std::map<std::uint16_t, std::size_t> tendered;
    std::size_t declined = 0;
    std::size_t late = 0;
    std::size_t all = 0;
    for (const Outcome& o : outcomes_of(world)) {
      ++all;
      if (o.tender_day != no_day) ++tendered[o.tender_day];
      if (o.fate == Fate::cancelled) {
        EXPECT_EQ(o.cause, Cause::pickup_cap);
        ++declined;
      } else if (o.fate != Fate::delivered || o.delivered_day > o.promise_day) {
        ++late;
      }
    }
    for (const auto& [day, pieces] : tendered) EXPECT_LE(pieces, 80U) << "day " << day;
    return std::array<std::size_t, 3>{all, declined, late};
  };
  const auto [all, none, waited] = tally(Overflow::wait);
  EXPECT_EQ(none, 0U);
  EXPECT_GT(waited, all / 4) << "the truck leaves them behind, and the promise did not know";
  const auto [same, deferred_declined, deferred] = tally(Overflow::defer);
  EXPECT_EQ(same, all);
  EXPECT_EQ(deferred_declined, 0U);
  EXPECT_LT(deferred, all / 50);
  const auto [also, declined, kept] = tally(Overflow::decline);
  EXPECT_EQ(also, all);
  EXPECT_NEAR(static_cast<double>(declined), 20.0 * 20, 120);
  EXPECT_LT(kept, all / 50);
}

TEST(Decisions, ATruckThatSkipsZonesTakesItsAreaAlone) {
  World world = small_world();
  const Cents ordinary = promise::Tariffs(world).cost(ShipNodeId{0}, ServiceId{0}, DestinationId{1}, 0, 0);
  Pickup truck{CarrierId{0}, test::east_hub, hours(17), hours(14), 0};
  truck.destinations = {false, true};
  truck.piece_cost = 120;
  world.nodes[0].pickups.push_back(truck);
  const promise::Tariffs tariffs(world);
  EXPECT_EQ(tariffs.days(ShipNodeId{0}, ServiceId{0}, DestinationId{0}), 1);
  EXPECT_EQ(tariffs.days(ShipNodeId{0}, ServiceId{0}, DestinationId{1}), 1) << "counted from where it is injected";
  EXPECT_EQ(tariffs.cost(ShipNodeId{0}, ServiceId{0}, DestinationId{1}, 0, 0), ordinary + 120);
  KeepingRecorder recorder;
  test::run(world, recorder);
  std::map<ParcelId, DestinationId> to;
  for (const ParcelFacts& facts : recorder.kept_facts) to[facts.id] = facts.destination;
  std::size_t arrived = 0;
  for (const Scan& scan : recorder.kept_scans) {
    if (scan.kind != ScanKind::arrived) continue;
    ++arrived;
    if (to.at(scan.parcel) == DestinationId{1}) {
      EXPECT_NE(scan.place, world.place(test::west_hub));
    }
  }
  EXPECT_GT(arrived, 1000U);
  world.shippers[0].zone_skip = false;
  EXPECT_EQ(promise::Tariffs(world).days(ShipNodeId{0}, ServiceId{0}, DestinationId{1}), 2);
}

TEST(Decisions, ShoppersTakeTheTierThatIsSoonAndCheap) {
  World world = two_carriers();
  Shipper& shipper = world.shippers[0];
  shipper.tiers = {ppm_one / 2, ppm_one / 2, 0};
  shipper.target_days = {4, 2, 2};
  shipper.tariffs = {{Tier::economy, ServiceId{1}, ppm_one}, {Tier::standard, ServiceId{0}, ppm_one}};
  const auto economy_share = [&] {
    KeepingRecorder recorder;
    test::run(world, recorder);
    double economy = 0;
    for (const ParcelFacts& facts : recorder.kept_facts) economy += facts.tier == Tier::economy ? 1 : 0;
    return economy / static_cast<double>(recorder.kept_facts.size());
  };
  const double by_share = economy_share();
  EXPECT_NEAR(by_share, 0.5, 0.03);
  shipper.tier_choice = true;
  shipper.day_weight = 0;
  EXPECT_NEAR(economy_share(), by_share, 0.03);
  // Both are promised for the same day, economy two days before its target: e^0.8 to 1.
  shipper.day_weight = 0.4;
  EXPECT_NEAR(economy_share(), 2.2255 / 3.2255, 0.03);
  shipper.day_weight = 0;
  shipper.fee_weight = 0.2;
  shipper.tier_fees = {0, 500, 0};
  EXPECT_NEAR(economy_share(), 2.7183 / 3.7183, 0.03);
}

TEST(LegWork, IsWeightTimesDistanceAndStopsOfMeasuredParcels) {
  World world = small_world();
  world.measure_from = 3;
  world.measure_to = 8;
  world.carriers[0].first_attempt_success = 800'000;
  world.sizes = {{ppm_one / 2, 1500, 10'000}, {ppm_one / 2, 400, 10'000}};
  const std::array<std::uint32_t, 4> km{900, 900, 30, 40};
  for (std::size_t l = 0; l < 4; ++l) world.lanes[l].km = km[l];
  world.lanes[0].mode = Mode::air;
  world.services[0].mode = Mode::air;
  const auto drive = static_cast<std::uint64_t>(
      std::llround(great_circle_km(world.nodes[0].position, world.facilities[index(test::west_hub)].position)));
  const auto kept = run(world, {1, 1});
  std::map<ParcelId, ParcelFacts> facts;
  for (const ParcelFacts& of : kept->recorder.kept_facts) facts[of.id] = of;
  LegWork expected;
  for (const Scan& scan : kept->recorder.kept_scans) {
    const ParcelFacts& of = facts.at(scan.parcel);
    const Day day = world.zones[0].local_day(of.ordered);
    if (day < 3 || day >= 8) continue;
    const std::uint64_t grams = world.sizes[of.size].weight_g;
    const bool east = of.destination == DestinationId{1};
    if (scan.kind == ScanKind::accepted) expected.road_g_km += grams * drive;
    if (scan.kind == ScanKind::out_for_delivery) ++expected.stops;
    if (scan.kind != ScanKind::departed) continue;
    if (scan.place == world.place(test::west_hub) && east) {
      expected.air_g_km += grams * 900;
    } else {
      expected.road_g_km += grams * (east ? 40 : 30);
    }
  }
  EXPECT_GT(expected.stops, 500U);
  ASSERT_EQ(kept->recorder.kept_legs.size(), 1U);
  EXPECT_EQ(kept->recorder.kept_legs[0], expected);
  EXPECT_EQ(run(world, {3, 1})->recorder.kept_legs, kept->recorder.kept_legs);
  const auto saved = run(world, {2, 1}, every(hours(100)));
  for (const auto& [at, parts] : saved->checkpoints) {
    EXPECT_EQ(run(world, {1, 1}, {.from = {at, &parts}})->recorder.kept_legs, kept->recorder.kept_legs);
  }
}

}  // namespace
}  // namespace peakstorm
