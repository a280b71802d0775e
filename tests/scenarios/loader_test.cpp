// What a valid scenario becomes.
#include "scenarios/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/message_formats.hpp"
#include "scenarios/library.hpp"
#include "scenarios/save.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::TemporaryFolder;
using test::WorldFolder;
using ::testing::Each;
using ::testing::ElementsAre;

World load(const std::filesystem::path& folder) {
  auto world = load_scenario(folder);
  if (world) return *std::move(world);
  for (const Fault& fault : world.error()) ADD_FAILURE() << fault.text();
  throw std::runtime_error("the scenario has faults");
}

template <class T>
const T& named(const std::vector<T>& things, std::string_view name) {
  const auto thing = std::find_if(things.begin(), things.end(), [&](const T& t) { return t.name == name; });
  if (thing == things.end()) throw std::runtime_error("nothing is named " + std::string(name));
  return *thing;
}

class LoadedWorld : public ::testing::Test {
 protected:
  const WorldFolder folder_;
  const World world_ = load(folder_.path());
};

TEST(Loader, ReadsWhatCanBeDecided) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "policy = \"fixed_split\"\ncancelled = 0.01",
                 "policy = \"least_expected_cost\"\nlate_penalty = 9.50\nreliability_slack = 0.02\n"
                 "overflow = \"reroute\"\nzone_skip = false\n"
                 "tier_choice = { day_weight = 0.2, fees = { express = 9.99 } }\n"
                 "learning = { shrinkage = 4, news_delay = \"3h\", strained_above = 0.2 }\ncancelled = 0.01");
  folder.replace("scenario.toml", "service = \"snail-mail\"\nshare = 0.3",
                 "service = \"snail-mail\"\nshare = 0.3\ncap = 0.4");
  folder.replace("scenario.toml", "[[shipper.guarantee]]",
                 "[shipper.promise]\nrule = \"cost\"\nquantile = 0.9\nconformal = false\nstep = 0.1\nday_cost = 0.5\n"
                 "late_cost = 12\nlate_cost_per_day = true\n[[shipper.promise.hedge]]\nfrom = 2013-12-02\n"
                 "to = 2013-12-04\ndays = 2\n[[shipper.promise.hedge]]\nfrom = 2013-12-01\ndays = 1\n"
                 "[[shipper.guarantee]]");
  folder.replace("scenario.toml", "[replay]", "[carbon]\nenabled = false\nair_g_per_tkm = 500\n[replay]");
  const World world = load(folder.path());
  const Shipper& toys = named(world.shippers, "toys");
  EXPECT_EQ(toys.policy, CarrierPolicy::least_expected_cost);
  EXPECT_EQ(toys.late_penalty, 950);
  EXPECT_EQ(toys.reliability_slack, 20'000U);
  EXPECT_EQ(toys.overflow, Overflow::reroute);
  EXPECT_FALSE(toys.zone_skip);
  EXPECT_TRUE(toys.tier_choice);
  EXPECT_EQ(toys.day_weight, 0.2);
  EXPECT_EQ(toys.fee_weight, 0.1);
  EXPECT_EQ(toys.tier_fees, (std::array<Cents, tier_count>{0, 0, 999}));
  EXPECT_EQ(toys.learning.shrinkage, 4'000'000U);
  EXPECT_EQ(toys.learning.news_delay, hours(3));
  EXPECT_EQ(toys.learning.strained_above, 200'000U);
  EXPECT_TRUE(std::any_of(toys.tariffs.begin(), toys.tariffs.end(), [](const Tariff& t) { return t.cap == 400'000; }));
  const PromiseRule& rule = toys.promise;
  EXPECT_EQ(rule.kind, PromiseKind::cost);
  EXPECT_EQ(rule.quantile, 900'000U);
  EXPECT_FALSE(rule.conformal);
  EXPECT_EQ(rule.step, 100'000U);
  EXPECT_EQ(rule.day_cost, 50);
  EXPECT_EQ(rule.late_cost, 1200);
  EXPECT_TRUE(rule.late_cost_per_day);
  ASSERT_EQ(rule.hedges.size(), 2U);
  EXPECT_EQ(rule.hedges[0].from, 6);
  EXPECT_EQ(rule.hedges[0].to, world.day_count + world.drain_days);
  EXPECT_EQ(rule.hedges[0].days, 1);
  EXPECT_EQ(rule.hedges[1].from, 7);
  EXPECT_EQ(rule.hedges[1].to, 10);
  EXPECT_FALSE(world.carbon.enabled);
  EXPECT_EQ(world.carbon.air_g_per_tkm, 500);
  EXPECT_EQ(world.carbon.stop_g, 180);
}

TEST_F(LoadedWorld, HasTheHorizonOfItsSettings) {
  EXPECT_EQ(world_.name, "two-towns");
  EXPECT_EQ(world_.title, "Two towns");
  EXPECT_EQ(world_.first_day_unix, 16'034 * 86'400LL);
  EXPECT_EQ(world_.day_count, 14);
  EXPECT_EQ(world_.drain_days, 10);
  EXPECT_EQ(world_.measure_from, 3);
  EXPECT_EQ(world_.measure_to, 12);
  EXPECT_EQ(world_.seed, 7U);
  EXPECT_EQ(world_.calendar_from, -30);
  EXPECT_EQ(world_.replay.scale, 0.01);
  ASSERT_EQ(world_.gates.size(), 2U);
  EXPECT_EQ(world_.gates[1].expression, "endpoint.p99 <= 250ms");
  EXPECT_EQ(world_.gates[1].file, "scenario.toml");
  EXPECT_EQ(world_.gates[1].line, 103);
}

TEST_F(LoadedWorld, KnowsItsHolidays) {
  const auto work = static_cast<CalendarId>(&named(world_.calendars, "work") - world_.calendars.data());
  EXPECT_TRUE(world_.is_open(work, 0));    // Monday, 25 November.
  EXPECT_FALSE(world_.is_open(work, 3));   // Thanksgiving.
  EXPECT_FALSE(world_.is_open(work, 5));   // Saturday.
  EXPECT_FALSE(world_.is_open(work, 30));  // Christmas, in the drain.
  EXPECT_TRUE(world_.is_open(work, -3));   // The Friday before.
  EXPECT_TRUE(world_.is_open(work, 14 + 10 + 119));
  for (const Calendar& calendar : world_.calendars) EXPECT_EQ(calendar.open.size(), 30U + 14 + 10 + 120);
  EXPECT_THAT(named(world_.calendars, "daily").open, Each(true));
}

TEST_F(LoadedWorld, HasCarriersWithTheGivenAndTheDefaultShares) {
  const Carrier& swift = named(world_.carriers, "swift");
  EXPECT_EQ(swift.number_format, NumberFormat::ups_1z);
  EXPECT_EQ(swift.first_attempt_success, 972'000U);
  EXPECT_EQ(swift.loss, 30U);
  EXPECT_EQ(swift.held_minutes, 1'440U);
  EXPECT_EQ(world_.calendars[index(swift.pickup)].name, "work");
  const Carrier& snail = named(world_.carriers, "snail");
  EXPECT_EQ(snail.missed_scan, Carrier{}.missed_scan);
  EXPECT_EQ(world_.calendars[index(snail.pickup)].name, "daily");
}

TEST_F(LoadedWorld, SharesMayBeKeptToAnArea) {
  folder_.replace("nodes.csv", "daily,18:00,1h,5h,share 1", "daily,18:00,1h,5h,share 1 in states EA");
  const World world = load(folder_.path());
  const ShipNode& node = named(world.nodes, "bulk");
  for (std::size_t d = 0; d < world.destinations.size(); ++d) {
    EXPECT_EQ(node.demand[d] > 0, world.destinations[d].name != "west-1") << world.destinations[d].name;
  }
}

TEST_F(LoadedWorld, ReplansAfterTwoHoursOrAsSaid) {
  EXPECT_EQ(named(world_.carriers, "snail").replan_after, hours(2));
  folder_.replace("scenario.toml", "name = \"snail\"", "name = \"snail\"\nreplan_after = \"6h\"");
  EXPECT_EQ(named(load(folder_.path()).carriers, "snail").replan_after, hours(6));
}

TEST_F(LoadedWorld, JoinsTheTimetablesOfALane) {
  const auto lane = std::find_if(world_.lanes.begin(), world_.lanes.end(), [&](const Lane& l) {
    return world_.facilities[index(l.from)].name == "east-hub" && world_.facilities[index(l.to)].name == "west-hub" &&
           l.mode == Mode::road;
  });
  ASSERT_NE(lane, world_.lanes.end());
  ASSERT_EQ(lane->departures.size(), 3U);
  EXPECT_EQ(lane->departures[0].time, hours(6));
  EXPECT_EQ(lane->departures[0].weekdays, 0x20);
  EXPECT_EQ(lane->departures[2].time, hours(23));
  EXPECT_EQ(lane->departures[2].weekdays, 0x1f);
  EXPECT_EQ(lane->transit, hours(40));
  EXPECT_EQ(lane->cut_off, minutes(15));
  EXPECT_EQ(lane->pieces, 2'000U);
  EXPECT_EQ(lane->weight_kg, 0U);
  EXPECT_EQ(world_.lanes.size(), 7U);
}

TEST_F(LoadedWorld, LetsASortCrossMidnight) {
  const Facility& hub = named(world_.facilities, "east-hub");
  ASSERT_EQ(hub.sorts.size(), 2U);
  EXPECT_EQ(hub.sorts[1].from, hours(22) + minutes(30));
  EXPECT_EQ(hub.sorts[1].to, hours(27) + minutes(30));
  EXPECT_EQ(named(world_.facilities, "west-hub").sorts[0].to, hours(24));
  EXPECT_TRUE(named(world_.facilities, "post").sorts.empty());
}

TEST_F(LoadedWorld, ReadsPlaces) {
  const Facility& depot = named(world_.facilities, "east-depot");
  EXPECT_EQ(depot.kind, FacilityKind::depot);
  EXPECT_EQ(depot.stops_per_day, 3'000U);
  EXPECT_EQ(depot.load_out, hours(8) + minutes(30));
  EXPECT_EQ(depot.round_length, hours(8));
  EXPECT_EQ(depot.area_km2, 120);
  EXPECT_EQ(world_.zones[index(depot.zone)].name, "America/New_York");
  EXPECT_EQ(world_.regions[index(depot.region)].name, "EA");
  EXPECT_EQ(named(world_.facilities, "west-hub").customs_minutes, 120U);
  EXPECT_EQ(named(world_.facilities, "west-hub").customs_held, 50'000U);
}

// Rounds left every other day: the midnight that ends a day was taken for one of the day after.
TEST_F(LoadedWorld, TakesALoadOutAtMidnightForTheStartOfTheDay) {
  folder_.replace("facilities.csv", "3000,08:30,8h,120", "3000,24:00,8h,120");
  const World world = load(folder_.path());
  EXPECT_EQ(named(world.facilities, "east-depot").load_out, SimDuration{});
}

TEST_F(LoadedWorld, SpreadsDemandByArea) {
  // Destinations stand in the order of their names: east-1, east-2, west-1.
  EXPECT_THAT(named(world_.nodes, "toy-east").demand, ElementsAre(30'000'000, 10'000'000, 0));
  EXPECT_THAT(named(world_.nodes, "toy-west").demand, ElementsAre(0, 0, 20'000'000));
  EXPECT_THAT(named(world_.nodes, "bulk").demand, ElementsAre(30'000'000, 10'000'000, 20'000'000));
}

TEST_F(LoadedWorld, SpreadsDemandByShare) {
  folder_.replace("nodes.csv", "states EA", "share 0.25");
  folder_.replace("nodes.csv", "circle 39.7 -105.0 300km", "share 0.75");
  const World world = load(folder_.path());
  EXPECT_THAT(named(world.nodes, "toy-east").demand, ElementsAre(7'500'000, 2'500'000, 5'000'000));
  EXPECT_THAT(named(world.nodes, "toy-west").demand, ElementsAre(22'500'000, 7'500'000, 15'000'000));
}

TEST_F(LoadedWorld, SpreadsDemandByDistance) {
  folder_.replace("nodes.csv", "states EA", "nearest");
  folder_.replace("nodes.csv", "circle 39.7 -105.0 300km", "nearest");
  const World world = load(folder_.path());
  EXPECT_THAT(named(world.nodes, "toy-east").demand, ElementsAre(30'000'000, 10'000'000, 0));
  EXPECT_THAT(named(world.nodes, "toy-west").demand, ElementsAre(0, 0, 20'000'000));
}

TEST_F(LoadedWorld, HasServicesWithBandsAndSurcharges) {
  const Service& ground = named(world_.services, "swift-ground");
  ASSERT_EQ(ground.published.size(), 2U);
  EXPECT_EQ(ground.published[0].km_max, 500U);
  EXPECT_EQ(ground.published[1].km_max, 0xffff'ffffU);
  EXPECT_EQ(ground.published[1].days, 4);
  EXPECT_EQ(ground.rates[1].base, 910);
  EXPECT_EQ(ground.rates[1].per_kg, 85);
  EXPECT_EQ(ground.fuel, 70'000U);
  const Service& air = named(world_.services, "swift-air");
  ASSERT_EQ(air.peaks.size(), 2U);
  EXPECT_EQ(air.peaks[0].from, 0);
  EXPECT_EQ(air.peaks[0].to, 6);
  EXPECT_EQ(air.peaks[1].amount, 250);
  EXPECT_EQ(air.mode, Mode::air);
}

TEST_F(LoadedWorld, AppliesPlannedCapacityToEveryCarrierOfAStar) {
  ASSERT_EQ(world_.capacity.size(), 3U);
  EXPECT_EQ(world_.capacity[0].carrier, world_.capacity[1].carrier);
  EXPECT_EQ(world_.capacity[1].from, 6);
  EXPECT_EQ(world_.capacity[1].to, 30);
  EXPECT_EQ(world_.capacity[1].linehaul, 1'250'000U);
  EXPECT_EQ(world_.capacity[2].rounds, 1'050'000U);
}

TEST_F(LoadedWorld, HasShippersWithProfilesOfMeanOne) {
  for (const Shipper& shipper : world_.shippers) {
    EXPECT_EQ(std::accumulate(shipper.hours.begin(), shipper.hours.end(), 0U), 24U * ppm_one);
    EXPECT_EQ(std::accumulate(shipper.weekdays.begin(), shipper.weekdays.end(), 0U), 7U * ppm_one);
    EXPECT_EQ(shipper.season.size(), 14U);
  }
  const Shipper& toys = named(world_.shippers, "toys");
  // 1, 1, 1, 1, 1, 1, 3 has the sum 9.
  EXPECT_THAT(toys.weekdays, ElementsAre(777'778, 777'778, 777'778, 777'778, 777'778, 777'777, 2'333'333));
  EXPECT_EQ(toys.season[4], 2'500'000U);
  EXPECT_EQ(toys.season[7], 3'400'000U);
  EXPECT_EQ(toys.season[5], ppm_one);
  EXPECT_THAT(toys.tiers, ElementsAre(0, 750'000, 250'000));
  EXPECT_THAT(toys.target_days, ElementsAre(7, 4, 1));
  EXPECT_EQ(toys.tariffs.size(), 3U);
  EXPECT_EQ(toys.window_from, hours(9));
  EXPECT_EQ(toys.recovery_credit, 2'000);
  ASSERT_EQ(toys.guarantees.size(), 1U);
  EXPECT_EQ(toys.guarantees[0].until_day, 9);
  EXPECT_EQ(toys.guarantees[0].until_time, hours(23));
  EXPECT_EQ(toys.guarantees[0].date, 11);
  EXPECT_EQ(named(world_.shippers, "others").role, ShipperRole::background);
}

TEST_F(LoadedWorld, PlacesDisruptionsInTimeAndArea) {
  const Disruption& ice = named(world_.disruptions, "ice");
  EXPECT_EQ(ice.from, day_zero + days(10) + hours(19));  // Noon in Denver is 19:00 UTC.
  EXPECT_EQ(ice.to, day_zero + days(12) + hours(1));
  EXPECT_EQ(ice.speed, 600'000U);
  EXPECT_THAT(ice.destinations, ElementsAre(false, false, true));
  EXPECT_THAT(ice.nodes, ElementsAre(false, false, true));  // bulk, toy-east, toy-west.
  for (std::size_t i = 0; i < world_.facilities.size(); ++i) {
    EXPECT_EQ(ice.facilities[i], world_.facilities[i].name.find("west") != std::string::npos);
  }
  EXPECT_EQ(ice.radius_km, 200);

  const Disruption& rush = named(world_.disruptions, "rush");
  EXPECT_EQ(rush.from, day_zero + days(7) + hours(5));  // Midnight in New York.
  EXPECT_EQ(rush.to, day_zero + days(8) + hours(5));
  EXPECT_EQ(rush.demand, 1'630'000U);
  EXPECT_THAT(rush.destinations, Each(true));
  EXPECT_EQ(world_.shippers[index(*rush.shipper)].name, "toys");

  const Disruption& dark = named(world_.disruptions, "dark");
  EXPECT_EQ(dark.scan_delay, hours(6));
  EXPECT_EQ(std::count(dark.facilities.begin(), dark.facilities.end(), true), 2);
  EXPECT_THAT(dark.destinations, Each(false));
}

TEST_F(LoadedWorld, ReadsGivenOrders) {
  ASSERT_EQ(world_.orders.size(), 2U);
  EXPECT_EQ(world_.orders[0].at, day_zero + hours(14));
  EXPECT_EQ(world_.orders[0].promise_day, no_day);
  EXPECT_EQ(world_.orders[0].tier, Tier::express);
  EXPECT_EQ(world_.orders[1].at, day_zero + days(1) + hours(17) + minutes(30) + SimDuration{15'000});
  EXPECT_EQ(world_.orders[1].promise_day, 8);
  EXPECT_EQ(world_.orders[1].size, 1);
  EXPECT_EQ(world_.nodes[index(world_.orders[1].node)].name, "toy-west");
}

TEST_F(LoadedWorld, CoversTheZonesWellBeyondTheHorizon) {
  // 2013-11-25 less 60 days still has summer time, and so has the day 120 days after the end.
  for (const TimeZone& zone : world_.zones) ASSERT_EQ(zone.spans.size(), 3U) << zone.name;
  const TimeZone& denver = named(world_.zones, "America/Denver");
  EXPECT_EQ(denver.offset_at(day_zero), -hours(7));
  EXPECT_EQ(denver.offset_at(day_zero + days(110)), -hours(6));
}

TEST_F(LoadedWorld, DoesNotDependOnTheOrderOfRows) {
  const std::string before = world_text(world_);
  std::mt19937 shuffler(20131202);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    // Orders are a sequence in time.
    if (entry.path().extension() != ".csv" || entry.path().filename() == "orders.csv") continue;
    std::istringstream in(test::read_file(entry.path()));
    std::string header;
    std::getline(in, header);
    std::vector<std::string> rows;
    for (std::string row; std::getline(in, row);) rows.push_back(row);
    std::shuffle(rows.begin(), rows.end(), shuffler);
    std::string text = header + "\n# a comment\n\n";
    for (const std::string& row : rows) text += row + "\r\n";
    test::write_file(entry.path(), text);
  }
  EXPECT_EQ(world_text(load(folder_.path())), before);
}

TEST_F(LoadedWorld, MayBeLoadedFromAnyPathToItsFolder) {
  EXPECT_TRUE(load_scenario(folder_.path() / ""));
  EXPECT_TRUE(load_scenario(folder_.path() / "." / ".." / "two-towns"));
}

TEST_F(LoadedWorld, SavesItselfAsToml) {
  const TemporaryFolder out;
  ASSERT_TRUE(write_world(world_, out.path() / "world.toml"));
  const toml::table saved = toml::parse_file((out.path() / "world.toml").string());
  EXPECT_EQ(saved["scenario"]["name"].value<std::string>(), "two-towns");
  EXPECT_EQ(saved["scenario"]["measure_to"].value<std::string>(), "2013-12-06");
  EXPECT_EQ(saved["carrier"][0]["loss"].value<double>(), 0.00003);
  EXPECT_EQ(saved["shipper"][0]["guarantee"][0]["upgrade_to"].value<std::string>(), "express");
  EXPECT_EQ(saved["table"]["lanes"]["rows"].value<int>(), 7);
  EXPECT_EQ(saved["gate"]["require"][1].value<std::string>(), "endpoint.p99 <= 250ms");
  EXPECT_FALSE(write_world(world_, out.path() / "no" / "such" / "folder.toml"));
}

TEST_F(LoadedWorld, SavesEveryChangeOfATable) {
  const std::string before = world_text(world_);
  folder_.replace("lanes.csv", "post,post-west,road,2900,50h", "post,post-west,road,2900,51h");
  EXPECT_NE(world_text(load(folder_.path())), before);
}

TEST_F(LoadedWorld, ListsItsInputsWithHashes) {
  test::write_file(folder_.path() / "README.md", "not an input");
  const auto files = scenario_files(folder_.path());
  ASSERT_EQ(files.size(), 17U);
  EXPECT_TRUE(std::is_sorted(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const InputFile& file : files) {
    EXPECT_EQ(file.size, std::filesystem::file_size(folder_.path() / file.name));
    EXPECT_EQ(file.xxh128.size(), 32U);
  }
  const std::string before = files[6].xxh128;
  ASSERT_EQ(files[6].name, "lanes.csv");
  folder_.replace("lanes.csv", "50h", "51h");
  EXPECT_NE(scenario_files(folder_.path())[6].xxh128, before);
}

TEST_F(LoadedWorld, TakesEveryFormatThatTheCommandLineTakes) {
  std::string written = R"(format = "easypost")";
  for (const std::string_view name : message_formats) {
    std::string further = R"(format = ")" + std::string(name) + R"(")";
    folder_.replace("scenario.toml", written, further);
    EXPECT_EQ(load(folder_.path()).replay.format, name);
    written = std::move(further);
  }
}

TEST_F(LoadedWorld, TakesATemplateOfItsOwnFolderAsAnInput) {
  folder_.replace("scenario.toml", R"(format = "easypost")", R"(format = "template:hook.json")");
  test::write_file(folder_.path() / "hook.json", "{}");
  EXPECT_EQ(load(folder_.path()).replay.format, "template:hook.json");
  const auto files = scenario_files(folder_.path());
  EXPECT_EQ(std::count_if(files.begin(), files.end(), [](const InputFile& f) { return f.name == "hook.json"; }), 1);
}

TEST(Library, EveryScenarioOfItChecksClean) {
  const auto entries = list_library(std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library").value();
  ASSERT_FALSE(entries.empty());
  for (const LibraryEntry& entry : entries) {
    SCOPED_TRACE(entry.name);
    EXPECT_FALSE(entry.title.empty() || entry.description.empty());
    const World world = load(entry.folder);
    EXPECT_FALSE(world.nodes.empty());
  }
}

}  // namespace
}  // namespace peakstorm
