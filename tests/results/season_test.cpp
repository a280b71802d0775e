// Goal: policies meet the same orders, and a season's sums are the numbers that a run of its own reports.
#include "results/season.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "engine/simulation.hpp"
#include "scenarios/policies.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

struct Ran {
  SeasonRecord season;
  MeasureMap measures;
  /// Order instant, destination and size of every tracked parcel; a guarantee may have raised its tier.
  std::multiset<std::tuple<SimTime, DestinationId, std::uint8_t>> demand;
};

Ran run(const World& world, std::uint32_t replication) {
  Measures measures(world, {.streams = true});
  SimulationOptions options;
  options.run = {world.seed, replication};
  options.threads = 1;
  EXPECT_TRUE(simulate(world, options, measures));
  measures.finish();
  Ran ran{season_of(world, measures), measures.measures(), {}};
  for (const TrackedParcel& p : measures.tracked()) {
    ran.demand.emplace(p.facts.ordered, p.facts.destination, p.facts.size);
  }
  return ran;
}

class Seasons : public ::testing::Test {
 protected:
  Seasons() {
    std::filesystem::remove(world_.path() / "orders.csv");  // Two given orders would replace all others.
    // Guaranteed orders are sent faster when their promise would be late: then a later promise comes sooner.
    world_.replace("scenario.toml", "2013-12-04 23:00", "2013-11-25 00:30");
    test::write_file(home_.path() / "p.toml",
                     "without_carriers = true\n[[policy]]\nname = \"later\"\n[[policy.shipper]]\nname = \"toys\"\n"
                     "buffer_days = 4\n[policy.shopper]\nnotices = false\n");
    policies_ = PolicyFile::read(world_.path(), home_.path() / "p.toml");
  }
  test::WorldFolder world_;
  test::TemporaryFolder home_;
  tl::expected<PolicyFile, std::vector<Fault>> policies_ = tl::unexpected(std::vector<Fault>());
};

TEST_F(Seasons, DemandIsTheSameUnderEveryPolicy) {
  ASSERT_TRUE(policies_);
  ASSERT_EQ(policies_->policies().size(), 5U);
  for (std::uint32_t replication = 0; replication < 2; ++replication) {
    const auto control = run(policies_->world(0).value(), replication).demand;
    ASSERT_GT(control.size(), 1'000U);
    for (std::size_t p = 1; p < 5; ++p) {
      EXPECT_TRUE(run(policies_->world(p).value(), replication).demand == control) << policies_->policies()[p].name;
    }
  }
  EXPECT_FALSE(run(policies_->world(0).value(), 0).demand == run(policies_->world(0).value(), 1).demand);
}

TEST_F(Seasons, SumsAreTheMeasuresOfTheRun) {
  ASSERT_TRUE(policies_);
  const Ran ran = run(policies_->world(2).value(), 0);
  const SeasonSums& s = ran.season.sums;
  const auto measure = [&](const char* name) { return ran.measures.at(name).value.value(); };
  EXPECT_DOUBLE_EQ(*s.value(Yardstick::promise_kept), measure("promise_kept"));
  EXPECT_DOUBLE_EQ(*s.value(Yardstick::contacts_per_order), measure("contacts_per_order"));
  EXPECT_DOUBLE_EQ(*s.value(Yardstick::cost_per_order) * 100, measure("cost.per_order"));
  EXPECT_DOUBLE_EQ(static_cast<double>(s.shipping_cents), measure("shipping_cost"));
  EXPECT_DOUBLE_EQ(static_cast<double>(s.recovery_cents), measure("recovery_cost"));
  EXPECT_DOUBLE_EQ(static_cast<double>(s.contact_cents), measure("contact_cost"));
  EXPECT_DOUBLE_EQ(static_cast<double>(s.extra_attempt_cents), measure("extra_attempt_cost"));
  EXPECT_NEAR(*s.value(Yardstick::nps), measure("nps"), 1e-3);
  EXPECT_NEAR(*s.value(Yardstick::lifetime_value) * 100, measure("lifetime_value"), 1e-2);
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;
  for (const LeagueRow& row : ran.season.league) {
    kept += row.kept;
    broken += row.broken;
    EXPECT_LE(row.early_kept, row.kept);
    EXPECT_EQ(row.blame[0] + row.blame[1] + row.blame[2] + row.blame[3], row.broken);
  }
  EXPECT_EQ(kept, s.kept);
  EXPECT_EQ(broken, s.broken);
  EXPECT_GT(*s.value(Yardstick::delivered_days), 0);
  EXPECT_GT(*s.value(Yardstick::promised_days), 0);
}

TEST_F(Seasons, ALongerBufferIsPromisedLaterAndKeptMoreOften) {
  ASSERT_TRUE(policies_);
  const SeasonSums control = run(policies_->world(0).value(), 0).season.sums;
  const SeasonSums later = run(policies_->world(2).value(), 0).season.sums;
  EXPECT_EQ(control.orders, later.orders);
  EXPECT_GT(*later.value(Yardstick::promised_days), *control.value(Yardstick::promised_days) + 2);
  EXPECT_GE(*later.value(Yardstick::promise_kept), *control.value(Yardstick::promise_kept));
}

}  // namespace
}  // namespace peakstorm
