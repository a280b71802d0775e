// Goal: recovery, loyalty, ship nodes and stock are read as written, and refused with the place and the cure.
// Method: two-towns with one key or table more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scenarios/loader.hpp"
#include "scenarios/policies.hpp"
#include "scenarios/save.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// two-towns without its flat recovery.
class Recoveries : public ::testing::Test {
 protected:
  Recoveries() { folder_.replace("scenario.toml", "recovery_credit = 20.00\nrecovery_refunds_shipping = true\n", ""); }
  /// Of the shopper's keys, and tables behind the shipper's.
  void shipper(std::string_view keys, std::string_view tables = "") {
    folder_.replace("scenario.toml", "buffer_days = 1\n", "buffer_days = 1\n" + std::string(keys));
    folder_.replace("scenario.toml", "[[shipper.guarantee]]\n", std::string(tables) + "[[shipper.guarantee]]\n");
  }
  [[nodiscard]] World load() const {
    auto world = load_scenario(folder_.path());
    if (world) return *std::move(world);
    for (const Fault& fault : world.error()) ADD_FAILURE() << fault.text();
    throw std::runtime_error("the scenario has faults");
  }
  /// The one fault.
  [[nodiscard]] std::string fault() const {
    const auto world = load_scenario(folder_.path());
    if (world) return "the fault went unnoticed";
    std::string all;
    for (const Fault& fault : world.error()) all += fault.text() + "\n";
    EXPECT_EQ(world.error().size(), 1U) << all;
    return all;
  }
  const test::WorldFolder folder_;
};

TEST_F(Recoveries, AreReadAsWritten) {
  shipper("ship_from = \"promise\"\n",
          "[shipper.recovery]\nwhen = \"complaint\"\nbudget = 1234.50\n"
          "[[shipper.recovery.grade]]\nafter = \"2d\"\ncredit = 10.00\nrefund_shipping = true\n"
          "[[shipper.recovery.grade]]\nafter = \"0h\"\ntiers = [\"express\"]\ncredit = 5.00\n");
  folder_.replace("scenario.toml", "[replay]",
                  "[loyalty]\nenabled = false\nsurvey = \"promise\"\nsurvey_wait = \"6h\"\nasked_before = -1\n"
                  "asked_after = 0.5\nunhappy_answer = 2\norders_per_year = 5\norders_shape = 2\nfailure_delay = 0.2\n"
                  "failure_delay_low = 0.1\nfailure_delay_high = 0.3\nmargin = 20\ncredit_full = 10\ncapped = false\n"
                  "satisfaction = { apology = -0.1, refund = 0.2, credit = 1.5 }\nrepurchase = { credit = 0.7 }\n"
                  "[replay]");
  folder_.replace("scenario.toml", "notice_effect = 0.30", "notice_effect = 0.30\nrecovery_effect = 0.1");
  folder_.replace("services.csv", "commit_time,residential,fuel", "commit_time,residential,fuel,extra_attempt");
  folder_.replace("services.csv", "swift-air,swift,express,air,work,six,12:00,3.10,0.1",
                  "swift-air,swift,express,air,work,six,12:00,3.10,0.1,1.75");
  folder_.replace("services.csv", "20:00,2.80,0.07", "20:00,2.80,0.07,");
  folder_.replace("services.csv", "six,six,20:00,,", "six,six,20:00,,,");
  test::write_file(folder_.path() / "stock.csv",
                   "node,size,from,units\ntoy-east,,2013-11-27,500\ntoy-east,1,,20\ntoy-west,,,40\n");
  const World world = load();
  const Shipper& toys = world.shippers[0];
  ASSERT_EQ(toys.name, "toys");
  EXPECT_EQ(toys.ship_from, ShipFrom::promise);
  EXPECT_EQ(toys.recovery.when, RecoveryWhen::complaint);
  EXPECT_EQ(toys.recovery.budget, 123'450);
  ASSERT_EQ(toys.recovery.grades.size(), 2U);
  EXPECT_EQ(toys.recovery.grades[0].after, hours(0));
  EXPECT_THAT(toys.recovery.grades[0].tiers, ElementsAre(false, false, true));
  EXPECT_EQ(toys.recovery.grades[0].credit, 500);
  EXPECT_FALSE(toys.recovery.grades[0].refunds_shipping);
  EXPECT_EQ(toys.recovery.grades[1].after, hours(48));
  EXPECT_THAT(toys.recovery.grades[1].tiers, ElementsAre(true, true, true));
  EXPECT_TRUE(toys.recovery.grades[1].refunds_shipping);
  const LoyaltyModel& m = world.loyalty;
  EXPECT_FALSE(m.enabled);
  EXPECT_EQ(m.survey, SurveyClock::promise);
  EXPECT_EQ(m.survey_wait, hours(6));
  EXPECT_EQ(m.asked_before, -1);
  EXPECT_EQ(m.asked_after, 0.5);
  EXPECT_EQ(m.unhappy_answer, 2);
  EXPECT_EQ(m.orders_per_year, 5);
  EXPECT_EQ(m.orders_shape, 2);
  EXPECT_EQ(m.failure_delay, 0.2);
  EXPECT_EQ(m.failure_delay_low, 0.1);
  EXPECT_EQ(m.failure_delay_high, 0.3);
  EXPECT_EQ(m.margin, 2'000);
  EXPECT_EQ(m.credit_full, 1'000);
  EXPECT_FALSE(m.capped);
  EXPECT_EQ(m.satisfaction.apology, -0.1);
  EXPECT_EQ(m.satisfaction.refund, 0.2);
  EXPECT_EQ(m.satisfaction.credit, 1.5);
  EXPECT_EQ(m.repurchase.credit, 0.7);
  EXPECT_EQ(m.repurchase.refund, LoyaltyModel{}.repurchase.refund);
  EXPECT_EQ(world.shopper.recovery_effect, 0.1);
  const auto air = std::find_if(world.services.begin(), world.services.end(),
                                [](const Service& s) { return s.name == "swift-air"; });
  EXPECT_EQ(air->extra_attempt, 175);
  const auto node =
      std::find_if(world.nodes.begin(), world.nodes.end(), [](const ShipNode& n) { return n.name == "toy-east"; });
  ASSERT_EQ(node->stock.size(), 2U);
  EXPECT_EQ(node->stock[0].from, 0);
  EXPECT_EQ(node->stock[0].size, std::uint8_t{1});
  EXPECT_EQ(node->stock[0].units, 20U);
  EXPECT_EQ(node->stock[1].from, 2);
  EXPECT_FALSE(node->stock[1].size);
  const std::string saved = world_text(world);
  for (const char* text : {"ship_from = \"promise\"", "recovery_budget_cents = 123450", "extra_attempt_cents = 175",
                           "survey = \"promise\"", "recovery_effect = 0.1", "[2, -1, 500]"}) {
    EXPECT_THAT(saved, HasSubstr(text));
  }
}

struct Wrong {
  const char* keys;
  const char* tables;
  const char* fault;  ///< File, line and field, what is wrong.
  const char* cure;
};

class WrongRecovery : public Recoveries, public ::testing::WithParamInterface<Wrong> {};

TEST_P(WrongRecovery, GetsOneFaultWithPlaceAndCure) {
  shipper(GetParam().keys, GetParam().tables);
  const std::string text = fault();
  EXPECT_THAT(text, HasSubstr(GetParam().fault));
  EXPECT_THAT(text, HasSubstr(GetParam().cure));
}

const Wrong wrong[] = {
    {"", "[shipper.recovery]\nbudget = 5\n", "shipper.recovery.grade: the key is missing",
     "[[shipper.recovery.grade]]"},
    {"", "[shipper.recovery]\nwhen = \"never\"\n[[shipper.recovery.grade]]\nafter = \"0h\"\n",
     "shipper.recovery.when: unknown value 'never'", "broken or complaint"},
    {"", "[[shipper.recovery.grade]]\ncredit = 5\n", "shipper.recovery.grade.after: the key is missing",
     "after = \"0h\""},
    {"", "[[shipper.recovery.grade]]\nafter = 2\n", "shipper.recovery.grade.after: this is not a text",
     "double quotes"},
    {"", "[[shipper.recovery.grade]]\nafter = \"0h\"\ntiers = [\"fast\"]\n",
     "shipper.recovery.grade.tiers: unknown tier 'fast'", "economy, standard or express"},
    {"", "[[shipper.recovery.grade]]\nafter = \"0h\"\ntiers = []\n", "shipper.recovery.grade.tiers: the list is empty",
     "name a tier"},
    {"", "[[shipper.recovery.grade]]\nafter = \"0h\"\ncredit = -1\n", "shipper.recovery.grade.credit:", "write"},
    {"", "[[shipper.recovery.grade]]\nafter = \"0h\"\ncredit = 5\n[[shipper.recovery.grade]]\nafter = \"1d\"\n",
     "it gives less than the grade in line", "at least as much"},
    {"",
     "[[shipper.recovery.grade]]\nafter = \"0h\"\nrefund_shipping = true\n[[shipper.recovery.grade]]\nafter = \"1d\"\n"
     "credit = 50\n",
     "it gives less than the grade in line", "at least as much"},
    {"", "[[shipper.recovery.grade]]\nafter = \"0h\"\n[[shipper.recovery.grade]]\nafter = \"0h\"\n",
     "it begins together with the grade in line", "different tiers"},
    {"recovery_credit = 5\n", "[[shipper.recovery.grade]]\nafter = \"0h\"\n",
     "shipper.recovery_credit: the shipper has a recovery plan as well", "remove it, or set it to 0"},
    {"ship_from = \"anywhere\"\n", "", "shipper.ship_from: unknown value 'anywhere'",
     "served, nearest, cheapest or promise"},
    {"ship_from = \"nearest\"\npromise = { rule = \"quantile\" }\n", "",
     "shipper.ship_from: the shipper's nodes learn from the orders they serve", "do not learn"},
};
INSTANTIATE_TEST_SUITE_P(Scenario, WrongRecovery, ::testing::ValuesIn(wrong));

TEST_F(Recoveries, WrongStockGetsOneFaultWithPlaceAndCure) {
  const auto with = [&](const char* row) {
    test::write_file(folder_.path() / "stock.csv", "node,size,from,units\n" + std::string(row) + "\n");
    return fault();
  };
  EXPECT_THAT(with("toy-eats,,,5"), HasSubstr("stock.csv:2: node: unknown node 'toy-eats'"));
  EXPECT_THAT(with("toy-east,2,,5"), HasSubstr("stock.csv:2: size: there are 2 sizes"));
  EXPECT_THAT(with("toy-east,,2014-05-01,5"), HasSubstr("stock.csv:2: from: the day lies after the last day"));
  EXPECT_THAT(with("toy-east,,,-5"), HasSubstr("stock.csv:2: units:"));
  EXPECT_THAT(with("bulk,,,5"), HasSubstr("stock.csv:2: node: only a retailer's orders"));
}

TEST_F(Recoveries, WrongLoyaltyGetsOneFaultWithPlaceAndCure) {
  const auto with = [&](const std::string& keys) {
    const test::WorldFolder folder;
    folder.replace("scenario.toml", "[replay]", "[loyalty]\n" + keys + "\n[replay]");
    const auto world = load_scenario(folder.path());
    if (world) return std::string("the fault went unnoticed");
    EXPECT_EQ(world.error().size(), 1U);
    return world.error().front().text();
  };
  EXPECT_THAT(with("repurchase = { credit = 3 }"),
              HasSubstr("loyalty.repurchase.credit: the number is out of range; write a number from -1 to 2"));
  EXPECT_THAT(with("orders_per_year = 0"), HasSubstr("loyalty.orders_per_year: the number is out of range"));
  EXPECT_THAT(with("failure_delay_low = 0.5"), HasSubstr("loyalty.failure_delay_low: the range ends below"));
  EXPECT_THAT(with("credit_full = 0"), HasSubstr("loyalty.credit_full: a credit of nothing"));
  EXPECT_THAT(with("survey = \"monthly\""), HasSubstr("delivery or promise"));
  EXPECT_THAT(with("npss = 3"), HasSubstr("unknown key 'npss'"));
}

// Any node may send to anywhere then, so every one of them must be able to.
TEST_F(Recoveries, ANodeThatMayBeChosenMustReachWhatTheOthersServe) {
  folder_.replace("scenario.toml", "buffer_days = 1\n", "buffer_days = 1\nship_from = \"nearest\"\n");
  EXPECT_TRUE(load_scenario(folder_.path()));
}

TEST_F(Recoveries, AShipperChoosesAmongAHundredNodesAtMost) {
  std::filesystem::remove(folder_.path() / "orders.csv");
  std::string nodes = "node,shipper,region,zone,lat,lon,calendar,cut_off,handling_min,handling_max,serves\n";
  nodes += "bulk,others,EA,America/New_York,40.7,-74.3,daily,18:00,1h,5h,share 1\n";
  const auto add = [&](const std::string& name) {
    nodes += name + ",toys,EA,America/New_York,40.7,-74.3,work,15:00,1h,5h,nearest\n";
  };
  for (const char* name : {"toy-east", "toy-west"}) add(name);
  for (int i = 0; i < 99; ++i) add("toy-" + std::to_string(i));
  test::write_file(folder_.path() / "nodes.csv", nodes);
  folder_.replace("scenario.toml", "buffer_days = 1\n", "buffer_days = 1\nship_from = \"nearest\"\n");
  EXPECT_THAT(fault(), HasSubstr("shipper.ship_from: the shipper has 101 nodes to choose among"));
}

TEST_F(Recoveries, PoliciesDecideThem) {
  test::write_file(folder_.path() / "stock.csv", "node,units\ntoy-east,500\ntoy-west,100\n");
  test::TemporaryFolder home;
  test::write_file(home.path() / "staged.csv", "node,units\ntoy-east,300\ntoy-west,300\n");
  test::write_file(home.path() / "p.toml",
                   "[[policy]]\nname = \"staged\"\ntables = { \"stock.csv\" = \"staged.csv\" }\n"
                   "[[policy.shipper]]\nname = \"toys\"\nship_from = \"nearest\"\n"
                   "recovery = { budget = 100, grade = [{ after = \"0h\", credit = 5 }] }\n");
  const auto policies = PolicyFile::read(folder_.path(), home.path() / "p.toml");
  ASSERT_TRUE(policies);
  std::size_t staged = 0;
  while (policies->policies()[staged].name != "staged") ++staged;
  const auto world = policies->world(staged);
  ASSERT_TRUE(world) << world.error().front().text();
  EXPECT_EQ(world->shippers[0].ship_from, ShipFrom::nearest);
  EXPECT_EQ(world->shippers[0].recovery.budget, 10'000);
  for (const ShipNode& node : world->nodes) {
    EXPECT_TRUE(index(node.shipper) != 0 || node.stock.at(0).units == 300);
  }
}

}  // namespace
}  // namespace peakstorm
