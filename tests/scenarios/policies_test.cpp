// Goal: a policy changes what it names and nothing else, the scenario as it is always takes part, grids expand to every
// point once, and every mistake in the file gets a message with place, field and cure.
#include "scenarios/policies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/save.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::TemporaryFolder;
using test::WorldFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Policies : public ::testing::Test {
 protected:
  tl::expected<PolicyFile, std::vector<Fault>> read(std::string_view text) {
    test::write_file(file(), text);
    return PolicyFile::read(world_.path(), file());
  }
  [[nodiscard]] std::filesystem::path file() const { return home_.path() / "policies.toml"; }
  [[nodiscard]] std::string base_text() const { return world_text(load_scenario(world_.path()).value()); }
  /// The only fault of reading the file, without the folder in front; else of policy `number`.
  std::string fault_of(std::string_view text, std::size_t number = 1) {
    auto policies = read(text);
    std::vector<Fault> faults;
    if (!policies) {
      faults = policies.error();
    } else if (auto world = policies->world(number); !world) {
      faults = world.error();
    }
    if (faults.size() != 1) {
      ADD_FAILURE() << faults.size() << " faults";
      for (const Fault& f : faults) ADD_FAILURE() << f.text();
      return {};
    }
    EXPECT_EQ(std::filesystem::path(faults.front().file).parent_path(), home_.path()) << faults.front().text();
    faults.front().file = std::filesystem::path(faults.front().file).filename();
    return faults.front().text();
  }
  static std::vector<std::string> names_of(const PolicyFile& file) {
    std::vector<std::string> names;
    for (const Policy& p : file.policies()) names.push_back(p.name);
    return names;
  }

  WorldFolder world_;
  TemporaryFolder home_;
};

TEST_F(Policies, TheScenarioAsItIsAndTheCheapestAlwaysTakePart) {
  const auto policies = read("[[policy]]\nname = \"later\"\n[[policy.shipper]]\nname = \"toys\"\nbuffer_days = 2\n");
  ASSERT_TRUE(policies) << policies.error().front().text();
  EXPECT_THAT(names_of(*policies), ElementsAre("as-is", "cheapest-published", "later"));
  EXPECT_EQ(world_text(policies->world(0).value()), base_text());
  const World cheapest = policies->world(1).value();
  for (const Shipper& s : cheapest.shippers) EXPECT_EQ(s.policy, CarrierPolicy::cheapest_published);
  const World later = policies->world(2).value();
  const World base = load_scenario(world_.path()).value();
  EXPECT_EQ(base.shippers[0].buffer_days, 1);
  EXPECT_EQ(later.shippers[0].buffer_days, 2);
  EXPECT_THAT(policies->policies()[2].changes, ElementsAre("shipper.toys.buffer_days = 2"));
  World same = later;
  same.shippers[0].buffer_days = 1;
  EXPECT_EQ(world_text(same), base_text());  // Nothing else has changed.
}

TEST_F(Policies, ListsWithoutNamesAreReplacedAndTablesAreMerged) {
  const auto policies = read(R"(
control = "today"
cheapest_published = false
[[policy]]
name = "all-swift"
[policy.shopper]
notices = false
[[policy.shipper]]
name = "toys"
target_days = { express = 3 }
[[policy.shipper.tariff]]
tier = "express"
service = "swift-air"
share = 1
[[policy.shipper.tariff]]
tier = "standard"
service = "swift-ground"
share = 1
)");
  ASSERT_TRUE(policies) << policies.error().front().text();
  EXPECT_THAT(names_of(*policies), ElementsAre("today", "all-swift"));
  const auto world = policies->world(1);
  ASSERT_TRUE(world) << world.error().front().text();
  const Shipper& toys = world->shippers[0];
  EXPECT_EQ(toys.tariffs.size(), 2U);
  EXPECT_EQ(toys.target_days, (std::array<std::uint8_t, 3>{7, 4, 3}));
  EXPECT_FALSE(world->shopper.notices);
}

TEST_F(Policies, AGridHasEveryPointOnceWithTheLastAxisFastest) {
  const auto policies = read(R"(
cheapest_published = false
[[grid]]
name = "mix"
[[grid.axis]]
name = "buffer"
key = "shipper.toys.buffer_days"
from = 0
to = 1
step = 1
[[grid.axis]]
name = "ground"
split = "toys.standard"
services = ["swift-ground", "snail-mail"]
step = 0.5
)");
  ASSERT_TRUE(policies) << policies.error().front().text();
  EXPECT_THAT(names_of(*policies), ElementsAre("as-is", "mix.buffer-0.ground-100-0", "mix.buffer-0.ground-50-50",
                                               "mix.buffer-0.ground-0-100", "mix.buffer-1.ground-100-0",
                                               "mix.buffer-1.ground-50-50", "mix.buffer-1.ground-0-100"));
  const World world = policies->world(2).value();
  EXPECT_EQ(world.shippers[0].buffer_days, 0);
  std::vector<Ppm> shares;
  for (const Tariff& t : world.shippers[0].tariffs) {
    if (t.tier == Tier::standard) shares.push_back(t.share);
  }
  EXPECT_THAT(shares, ElementsAre(500'000U, 500'000U));
  EXPECT_EQ(policies->world(3).value().shippers[0].tariffs.size(), 2U);  // A share of zero leaves the service out.
  EXPECT_THAT(policies->policies()[2].changes,
              ElementsAre("shipper.toys.buffer_days = 0", "shipper.toys.standard = swift-ground 0.5, snail-mail 0.5"));
}

TEST_F(Policies, ASpaceIsWalkedByPoint) {
  const auto policies = read(R"(
[space]
[[space.axis]]
name = "buffer"
key = "shipper.toys.buffer_days"
values = [0, 3]
[[space.axis]]
name = "credit"
key = "shipper.toys.recovery_credit"
from = 0
to = 20
step = 2.5
)");
  ASSERT_TRUE(policies) << policies.error().front().text();
  ASSERT_EQ(policies->space().size(), 2U);
  EXPECT_EQ(policies->space()[1].points.size(), 9U);
  EXPECT_EQ(policies->at({1, 3}).name, "space.buffer-3.credit-7.5");
  const World world = policies->world_at({1, 3}).value();
  EXPECT_EQ(world.shippers[0].buffer_days, 3);
  EXPECT_EQ(world.shippers[0].recovery_credit, 750);
}

TEST_F(Policies, ACarrierIsLeftOutWhereOthersCanTakeOver) {
  const auto policies = read("cheapest_published = false\nwithout_carriers = true\n");
  ASSERT_TRUE(policies) << policies.error().front().text();
  EXPECT_THAT(names_of(*policies), ElementsAre("as-is", "without-swift", "without-snail"));
  ASSERT_EQ(policies->without_carriers().size(), 2U);
  EXPECT_EQ(policies->without_carriers()[0].carrier, "swift");
  const World world = policies->world(1).value();
  // Express keeps swift: nobody else serves it.
  ASSERT_EQ(world.shippers[0].tariffs.size(), 2U);
  for (const Tariff& t : world.shippers[0].tariffs) EXPECT_EQ(t.share, ppm_one);
}

TEST_F(Policies, ACarrierIsLeftOutInOneRegionAlone) {
  const auto policies = read("cheapest_published = false\nwithout_carriers_in = \"all\"\n");
  ASSERT_TRUE(policies) << policies.error().front().text();
  EXPECT_THAT(names_of(*policies), ElementsAre("as-is", "without-swift-in-EA", "without-swift-in-WE",
                                               "without-snail-in-EA", "without-snail-in-WE"));
  ASSERT_EQ(policies->without_carriers().size(), 4U);
  const World world = policies->world(2).value();
  const auto& cut = policies->without_carriers()[1];
  EXPECT_EQ(cut.carrier, "swift");
  ASSERT_TRUE(cut.region.has_value());
  EXPECT_EQ(world.regions[index(*cut.region)].name, "WE");
  EXPECT_EQ(cut.policy, 2U);
  // Express keeps swift, also there: nobody else serves it.
  const auto swift =
      std::find_if(world.carriers.begin(), world.carriers.end(), [](const Carrier& c) { return c.name == "swift"; });
  const CarrierId id{static_cast<std::uint8_t>(swift - world.carriers.begin())};
  const RegionId other{static_cast<std::uint8_t>(1 - index(*cut.region))};
  EXPECT_TRUE(world.shippers[0].bars_carrier(id, *cut.region, Tier::standard));
  EXPECT_FALSE(world.shippers[0].bars_carrier(id, *cut.region, Tier::express));
  EXPECT_FALSE(world.shippers[0].bars_carrier(id, other, Tier::standard));
  EXPECT_THAT(policies->policies()[2].changes, ElementsAre("shipper.toys.bar = swift in WE: standard"));
  const auto one = read("cheapest_published = false\nwithout_carriers_in = [\"WE\", \"WE\"]\n");
  ASSERT_TRUE(one) << one.error().front().text();
  EXPECT_THAT(names_of(*one), ElementsAre("as-is", "without-swift-in-WE", "without-snail-in-WE"));
}

TEST_F(Policies, ABarIsADecisionLikeAnyOther) {
  const std::string head =
      "cheapest_published = false\n[[policy]]\nname = \"x\"\n[[policy.shipper]]\nname = \"toys\"\n";
  const auto policies =
      read(head + "[[policy.shipper.bar]]\ncarrier = \"snail\"\nregions = [\"WE\"]\ntiers = [\"standard\"]\n");
  ASSERT_TRUE(policies) << policies.error().front().text();
  const auto world = policies->world(1);
  ASSERT_TRUE(world) << world.error().front().text();
  ASSERT_EQ(world->shippers[0].bars.size(), 1U);
  EXPECT_THAT(world_text(*world), HasSubstr("[[shipper.bar]]"));
  EXPECT_EQ(fault_of(head + "[[policy.shipper.bar]]\ncarrier = \"snails\"\nregions = [\"WE\"]\n"),
            "policies.toml:7: shipper.bar.carrier: unknown carrier 'snails'; did you mean 'snail'?");
  EXPECT_EQ(fault_of(head + "[[policy.shipper.bar]]\ncarrier = \"snail\"\nregions = [\"EA\", \"WX\"]\n"),
            "policies.toml:8: shipper.bar.regions: unknown region 'WX'; did you mean 'WE'?");
  EXPECT_EQ(fault_of(head + "[[policy.shipper.bar]]\ncarrier = \"snail\"\nregions = []\n"),
            "policies.toml:8: shipper.bar.regions: the list is empty; name a region, or remove the bar");
  EXPECT_EQ(
      fault_of(head + "[[policy.shipper.bar]]\ncarrier = \"swift\"\nregions = [\"WE\"]\n"),
      "policies.toml:7: shipper.bar: the bars of shipper 'toys' leave no express tariff from node 'toy-west' to 1 "
      "destinations: west-1; bar fewer regions, limit the bar to other tiers (tiers = [\"...\"]), or add a "
      "carrier's tariff");
  EXPECT_EQ(fault_of("without_carriers_in = [\"EA\", \"WX\"]\n"),
            "policies.toml:1: without_carriers_in: unknown region 'WX'; did you mean 'WE'?");
  EXPECT_THAT(fault_of("without_carriers_in = \"some\"\n"),
              HasSubstr("policies.toml:1: without_carriers_in: this is no list of regions; write \"all\""));
}

TEST_F(Policies, TablesAreReadFromBesideTheFile) {
  test::write_file(home_.path() / "dear.csv",
                   "service,km_max,base,per_kg\nswift-air,any,31.40,3.25\nswift-ground,any,9.10,0.85\n"
                   "snail-mail,any,4.5,0.3\n");
  const auto policies = read("[[policy]]\nname = \"dear\"\ntables = { \"rates.csv\" = \"dear.csv\" }\n");
  ASSERT_TRUE(policies) << policies.error().front().text();
  const auto world = policies->world(2);
  ASSERT_TRUE(world) << world.error().front().text();
  Cents highest = 0;
  for (const Service& s : world->services) highest = std::max(highest, s.rates.back().base);
  EXPECT_EQ(highest, 3140);
  EXPECT_EQ(policies->files().size(), 2U);
  test::write_file(home_.path() / "dear.csv", "service,km_max,base,per_kg\nswift-air,any,much,3.25\n");
  const auto faulty = policies->world(2);
  ASSERT_FALSE(faulty);
  EXPECT_THAT(faulty.error().front().text(), HasSubstr("dear.csv:2: base: the amount 'much'"));
  EXPECT_EQ(faulty.error().front().text().find(home_.path().string()), 0U);
}

TEST_F(Policies, FaultsStandWhereTheFileHasThem) {
  const std::string policy = "cheapest_published = false\n[[policy]]\nname = \"x\"\n";
  EXPECT_EQ(fault_of(policy + "[[policy.shipper]]\nname = \"toys\"\nbuffer_days = 99\n"),
            "policies.toml:6: shipper.buffer_days: 99 is out of range; write a whole number from 0 to 60");
  EXPECT_EQ(fault_of(policy + "[[policy.shipper]]\nname = \"toy\"\nbuffer_days = 2\n"),
            "policies.toml:4: shipper.name: unknown shipper 'toy'; did you mean 'toys'?");
  EXPECT_EQ(fault_of(policy + "[[policy.shipper]]\nname = \"toys\"\nbufer_days = 2\n"),
            "policies.toml:6: shipper.bufer_days: unknown key 'bufer_days'; did you mean 'buffer_days'?");
  EXPECT_EQ(fault_of(policy + "[policy.shoper]\nnotices = false\n"),
            "policies.toml:4: shoper: unknown key 'shoper'; did you mean 'shopper' or 'shipper'?");
  EXPECT_EQ(fault_of(policy + "[policy.scenario]\nseed = 2\n"),
            "policies.toml:4: scenario: a policy cannot change [scenario]; policies are compared on the same days, "
            "demand and seed; write another scenario for other ones");
  EXPECT_EQ(fault_of(policy),
            "policies.toml:2: policy: 'x' changes nothing; give it a change; the scenario as it is "
            "takes part anyway");
  EXPECT_EQ(fault_of(policy + "[[policy.shipper]]\nname = \"toys\"\n[[policy.shipper.tariff]]\ntier = \"express\"\n"
                              "service = \"swift-air\"\nshare = 1\n[[policy.shipper.tariff]]\ntier = \"standard\"\n"
                              "service = \"swift-grund\"\nshare = 1\n"),
            "policies.toml:12: shipper.tariff.service: unknown service 'swift-grund'; did you mean 'swift-ground'?");
  EXPECT_EQ(fault_of("[[policy]\n"), fault_of("[[policy]\n"));
  EXPECT_THAT(fault_of("[[policy]\n"), HasSubstr("policies.toml:1: "));
  EXPECT_EQ(
      fault_of("[[policies]]\nname = \"x\"\n"),
      "policies.toml:1: policies: unknown key 'policies'; a policies file holds [[policy]], [[grid]] and [space]");
  EXPECT_THAT(fault_of("cheapest_published = false\n"), HasSubstr("there is nothing to compare"));
  EXPECT_THAT(fault_of(policy + "tables = { \"lane.csv\" = \"x.csv\" }\n"),
              HasSubstr("policies.toml:4: tables: unknown table 'lane.csv'; did you mean 'lanes.csv'?"));
  EXPECT_THAT(fault_of(policy + "tables = { \"season.csv\" = \"x.csv\" }\n"), HasSubstr("does not change the demand"));
}

TEST_F(Policies, FaultsOfAxesStandAtTheAxis) {
  const std::string grid = "cheapest_published = false\n[[grid]]\nname = \"g\"\n[[grid.axis]]\nname = \"a\"\n";
  EXPECT_EQ(fault_of(grid + "key = \"shipper.toys.buffer_days\"\nvalues = [70]\n"),
            "policies.toml:7: shipper.buffer_days: 70 is out of range; write a whole number from 0 to 60");
  EXPECT_EQ(fault_of(grid + "key = \"shipper.toys.buffer_days\"\nfrom = 70\nto = 80\nstep = 5\n"),
            "policies.toml:6: shipper.buffer_days: 70 is out of range; write a whole number from 0 to 60");
  EXPECT_EQ(fault_of(grid + "key = \"shipper.nobody.buffer_days\"\nvalues = [1]\n"),
            "policies.toml:6: key: 'shipper.nobody.buffer_days' leads to nothing in scenario.toml; write the way to a "
            "key, members of lists by their name: shipper.NAME.buffer_days");
  EXPECT_THAT(fault_of(grid + "key = \"shipper.toys.buffer_days\"\nfrom = 3\nto = 1\nstep = 1\n"),
              HasSubstr("policies.toml:9: step: from, to and step make no range"));
  EXPECT_THAT(fault_of(grid + "split = \"toys.standard\"\nservices = [\"swift-ground\", \"snail\"]\nstep = 0.5\n"),
              HasSubstr("policies.toml:7: services: unknown service 'snail'"));
  EXPECT_THAT(fault_of(grid + "split = \"toys.standard\"\nservices = [\"swift-ground\", \"snail-mail\"]\nstep = 0.3\n"),
              HasSubstr("policies.toml:8: step: the step does not divide 1"));
  EXPECT_THAT(fault_of(grid + "split = \"toys.standard\"\nservices = [\"swift-ground\", \"snail-mail\"]\n"
                              "values = [[0.5, 0.4]]\n"),
              HasSubstr("policies.toml:8: values: this is not a share for each"));
  EXPECT_THAT(fault_of(grid + "key = \"replay.speed\"\nvalues = [1]\n"), HasSubstr("a policy cannot change [replay]"));
}

TEST_F(Policies, AFaultyScenarioIsReportedAsSuch) {
  world_.replace("scenario.toml", "days = 14", "days = 0");
  const auto policies = read("[[policy]]\nname = \"x\"\n");
  ASSERT_FALSE(policies);
  EXPECT_EQ(policies.error().front().file, "scenario.toml");
}

TEST(LibraryPolicies, OfOneOrEightAreFitToRun) {
  const auto folder = std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library/one-or-eight";
  const auto policies = PolicyFile::read(folder, folder / "policies.toml");
  ASSERT_TRUE(policies) << policies.error().front().text();
  ASSERT_EQ(policies->policies().size(), 8U);
  EXPECT_EQ(policies->policies().front().name, "one-carrier");
  for (std::size_t p = 0; p < 8; ++p) {
    const auto world = policies->world(p);
    ASSERT_TRUE(world) << policies->policies()[p].name << ": " << world.error().front().text();
    for (const Shipper& shipper : world->shippers) {
      if (shipper.role == ShipperRole::background) continue;
      EXPECT_EQ(shipper.tariffs.size(), p < 2 ? 1U : 8U);
    }
  }
}

}  // namespace
}  // namespace peakstorm
