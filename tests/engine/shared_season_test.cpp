// Goal: policies that ride along in one season notice each other not at all, are noticed by nobody, and fare as a real
// parcel in their place would.
// Method: on drawn worlds with everything in them, a shared season against the season alone (digest of the real
// parcels), a companion that does what the real retailer does against it (every scan, act and outcome), and a policy
// with this and that company, any number of threads (bit for bit).
#include "engine/shared_season.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/reference/random_world.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;

constexpr std::uint64_t seeds = test::sanitized ? 20 : 200;

SimulationOptions options_for(std::uint64_t seed, unsigned threads = 1) {
  SimulationOptions options;
  options.run = {seed, 0};
  options.threads = threads;
  options.scale = test::random_scale(seed);
  return options;
}

/// What retailers' parcels made of a season.
struct Record {
  std::vector<ParcelFacts> facts;
  std::vector<Scan> scans;
  std::vector<ShopperAct> acts;
  std::vector<Outcome> outcomes;  ///< By id.
  std::vector<LegWork> legs;
  bool operator==(const Record&) const = default;
};

Record record_of(const World& world, const KeepingRecorder& kept) {
  Record record{kept.kept_facts, kept.kept_scans, kept.kept_acts, {}, kept.kept_legs};
  for (const Outcome& outcome : kept.all_outcomes()) {
    if (world.shippers[index(outcome.shipper)].role == ShipperRole::retailer) record.outcomes.push_back(outcome);
  }
  std::sort(record.outcomes.begin(), record.outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  return record;
}

struct Shared {
  SimulationSummary summary;
  Record real;
  std::vector<Record> companions;
};

Shared share(const World& world, const std::vector<World>& policies, const SimulationOptions& options) {
  std::vector<std::unique_ptr<KeepingRecorder>> recorders;
  std::vector<Companion> companions;
  for (const World& policy : policies) {
    EXPECT_TRUE(can_ride_along(world, policy));
    recorders.push_back(std::make_unique<KeepingRecorder>());
    companions.push_back({&policy, recorders.back().get()});
  }
  KeepingRecorder real;
  const auto summary = simulate_shared(world, companions, options, real);
  EXPECT_TRUE(summary.has_value()) << (summary ? "" : summary.error().message);
  Shared shared{summary.value_or(SimulationSummary{}), record_of(world, real), {}};
  for (std::size_t c = 0; c < policies.size(); ++c) {
    shared.companions.push_back(record_of(policies[c], *recorders[c]));
  }
  return shared;
}

/// Number `number` of some other ways to run the retailers of `world`.
World policy(const World& world, int number) {
  World changed = world;
  for (Shipper& shipper : changed.shippers) {
    if (shipper.role != ShipperRole::retailer) continue;
    switch (number) {
      case 0:
        shipper.policy = CarrierPolicy::cheapest_published;
        shipper.buffer_days = 1;
        break;
      case 1:
        shipper.promise.kind = PromiseKind::quantile;
        shipper.overflow = Overflow::defer;
        break;
      case 2:
        shipper.policy = CarrierPolicy::regional_reliability;
        shipper.promise.kind = PromiseKind::cost;
        shipper.tier_choice = true;
        break;
      default:
        shipper.policy = CarrierPolicy::diversified;
        for (Tariff& tariff : shipper.tariffs) tariff.cap = 400'000;
        // The first carrier goes everywhere.
        if (world.carriers.size() > 1) {
          shipper.bars = {{CarrierId{1}, std::vector<bool>(world.regions.size(), true)}};
        }
    }
  }
  if (number == 0) changed.shopper.notices = !changed.shopper.notices;
  for (ShipNode& node : changed.nodes) {
    if (changed.shippers[index(node.shipper)].role != ShipperRole::retailer || number != 1) continue;
    for (Pickup& pickup : node.pickups) pickup.pieces_per_day = 5;
  }
  return changed;
}

TEST(SharedSeason, NobodyNoticesWhoRidesAlong) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("world " + std::to_string(seed));
    const World world = test::random_world(seed);
    KeepingRecorder alone;
    const SimulationSummary summary = test::run(world, alone, options_for(seed));
    const Shared shared = share(world, {world, policy(world, 0), policy(world, 1)}, options_for(seed));
    EXPECT_EQ(shared.summary.digest, summary.digest);
    EXPECT_EQ(shared.summary.parcels, summary.parcels);
    EXPECT_EQ(shared.summary.scans_by_kind, summary.scans_by_kind);
    EXPECT_EQ(shared.summary.conservation, summary.conservation);
    EXPECT_EQ(shared.real, record_of(world, alone));
    if (HasFailure()) return;
  }
}

TEST(SharedSeason, CompanyChangesNothing) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("world " + std::to_string(seed));
    const World world = test::random_world(seed);
    const int number = static_cast<int>(seed % 4);
    const World mine = policy(world, number);
    const Shared alone = share(world, {mine}, options_for(seed));
    const Shared company =
        share(world, {policy(world, (number + 1) % 4), world, mine, policy(world, (number + 2) % 4), mine},
              options_for(seed, 2));
    EXPECT_EQ(company.companions[2], alone.companions[0]);
    EXPECT_EQ(company.companions[4], alone.companions[0]);
    if (HasFailure()) return;
  }
}

/// A drawn world without what comes piece by piece: held pieces, and pickups straight at a delivering depot.
World plain_world(std::uint64_t seed) {
  World world = test::random_world(seed);
  for (Carrier& carrier : world.carriers) carrier.held = 0;
  return world;
}
bool collects_for_depots(const World& world) {
  return std::any_of(world.nodes.begin(), world.nodes.end(), [&](const ShipNode& node) {
    return world.shippers[index(node.shipper)].role == ShipperRole::retailer &&
           std::any_of(node.pickups.begin(), node.pickups.end(), [&](const Pickup& pickup) {
             return world.facilities[index(pickup.facility)].kind == FacilityKind::depot;
           });
  });
}

// In about one of a thousand drawn worlds a parcel fares otherwise all the same; none of these is among them.
TEST(SharedSeason, WhoDoesWhatTheRetailerDoesSeesWhatItSees) {
  std::size_t parcels = 0;
  for (std::uint64_t seed = 1; seed <= 2 * seeds; ++seed) {
    SCOPED_TRACE("world " + std::to_string(seed));
    const World world = plain_world(seed);
    if (collects_for_depots(world)) continue;
    const Shared shared = share(world, {world}, options_for(seed));
    const Record& twin = shared.companions[0];
    EXPECT_TRUE(twin == shared.real);
    parcels += twin.outcomes.size();
    if (HasFailure()) return;
  }
  EXPECT_GT(parcels, test::sanitized ? 100 : 2'000);
}

/// Everywhere else the few parcels in question get another place in the same queue.
TEST(SharedSeason, HardlyAnyParcelFaresOtherwise) {
  std::size_t parcels = 0;
  std::size_t others = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const World world = test::random_world(seed);
    const Shared shared = share(world, {world}, options_for(seed));
    const std::vector<Outcome>& twins = shared.companions[0].outcomes;
    ASSERT_EQ(twins.size(), shared.real.outcomes.size()) << "world " << seed;
    parcels += twins.size();
    for (std::size_t i = 0; i < twins.size(); ++i) others += twins[i] == shared.real.outcomes[i] ? 0 : 1;
  }
  // 5.9 % of them, of worlds that are made of such parcels.
  EXPECT_LT(static_cast<double>(others), 0.1 * static_cast<double>(parcels));
}

TEST(SharedSeason, WhoChangesTheNetworkMayNotRideAlong) {
  const World world = test::troubled_world();
  EXPECT_TRUE(can_ride_along(world, world));
  const auto refused = [&](const auto& change) {
    World changed = world;
    change(changed);
    return !can_ride_along(world, changed);
  };
  EXPECT_TRUE(refused([](World& w) { w.carriers[0].loss += 1; }));
  EXPECT_TRUE(refused([](World& w) { w.facilities[0].stops_per_day += 1; }));
  EXPECT_TRUE(refused([](World& w) { w.disruptions[0].speed -= 1; }));
  EXPECT_TRUE(refused([](World& w) { w.disruptions.pop_back(); }));
  EXPECT_TRUE(refused([](World& w) { w.services[0].residential += 1; }));
  EXPECT_TRUE(refused([](World& w) { w.shippers[0].orders_per_day += 1; }));
  EXPECT_TRUE(refused([](World& w) { w.shippers[0].name = "another"; }));
  EXPECT_TRUE(refused([](World& w) { w.shippers[0].role = ShipperRole::background; }));
  EXPECT_FALSE(refused([](World& w) { w.shippers[0].buffer_days += 1; }));
  EXPECT_FALSE(refused([](World& w) { w.shopper.notices = false; }));
  EXPECT_FALSE(refused([](World& w) { w.nodes[0].cut_off = hours(16); }));
  EXPECT_FALSE(refused([](World& w) {
    w.nodes.push_back(w.nodes[0]);
    w.nodes.back().name = "SECOND";
    for (Disruption& disruption : w.disruptions) disruption.nodes.push_back(false);
  }));
}

TEST(SharedSeason, SaysWhatItCannotDo) {
  const World world = test::troubled_world();
  KeepingRecorder real;
  std::vector<std::unique_ptr<KeepingRecorder>> recorders;
  std::vector<Companion> companions;
  const auto message = [&](const SimulationOptions& options) {
    const auto summary = simulate_shared(world, companions, options, real);
    return summary ? std::string() : summary.error().message;
  };
  for (std::size_t c = 0; c <= companions_max(world); ++c) {
    recorders.push_back(std::make_unique<KeepingRecorder>());
    companions.push_back({&world, recorders.back().get()});
  }
  EXPECT_NE(message({}).find("share several"), std::string::npos);
  companions.resize(1);
  SimulationOptions options;
  options.profile = true;
  EXPECT_NE(message(options).find("has no profile"), std::string::npos);
}

TEST(RetailShare, IsThatOfTheOrders) {
  World world = test::small_world(100);
  EXPECT_DOUBLE_EQ(retail_share(world), 1);
  world.shippers.push_back(world.shippers[0]);
  world.shippers[1].role = ShipperRole::background;
  world.shippers[1].orders_per_day = 300;
  EXPECT_DOUBLE_EQ(retail_share(world), 0.25);
}

}  // namespace
}  // namespace peakstorm
