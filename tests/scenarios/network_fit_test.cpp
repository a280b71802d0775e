// Goal: what legs take is learnt from records as they are, predictions of unseen legs are as good as said, and what is
// wrong with the files is named. Method: records of a carrier whose truth is known; then real ones, where they are.
#include "scenarios/network_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/portable_math.hpp"
#include "engine/random.hpp"
#include "scenarios/loader.hpp"
#include "tests/temporary_folder.hpp"

namespace peakstorm {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr const char* map_text = R"([places]
zone = "Asia/Kolkata"
[legs]
from = "a"
to = "b"
departed = "left"
minutes = "took"
road_minutes = "road"
km = "km"
vehicle = "truck"
set = "part"
fit = "train"
[regions]
"North" = [28.0, 77.0]
)";

/// Facilities in a ring, a corridor from each to its neighbours on both sides.
constexpr std::size_t ring = 60;

double true_ratio(std::size_t from, bool forward) {
  const Draws draws(RunKey{5, 0}, Purpose::test, from, forward ? 1 : 2);
  return 2 * portable_exp(0.4 * normal_quantile(draws.unit(0)));
}

/// `legs` of each corridor, each at its corridor's ratio times a lognormal factor of deviation 0.25; the second half of
/// them is kept from the fit.
std::string ring_records(int legs) {
  std::ostringstream csv;
  csv << "a,b,left,took,road,km,truck,part\n";
  for (std::size_t from = 0; from < ring; ++from) {
    for (const bool forward : {true, false}) {
      const std::size_t to = (from + (forward ? 1 : ring - 1)) % ring;
      const double road = 40 + static_cast<double>(from % 7) * 25;
      for (int i = 0; i < legs; ++i) {
        const Draws draws(RunKey{6, 0}, Purpose::test, from * 2 + (forward ? 1 : 0), static_cast<std::uint32_t>(i));
        const double took = road * true_ratio(from, forward) * portable_exp(0.25 * normal_quantile(draws.unit(0)));
        csv << 'H' << from << ",H" << to << ",2018-09-" << (i % 20 + 10) << " 21:05:00," << took << ',' << road << ','
            << road * 0.9 << ",van," << (i < legs / 2 ? "train" : "test") << '\n';
      }
    }
  }
  return csv.str();
}

struct Files {
  explicit Files(const std::string& legs, const std::string& map = map_text) {
    sources.legs = folder.file("legs.csv", legs);
    sources.map = folder.file("map.toml", map);
  }
  TemporaryFolder folder;
  NetworkSources sources;
};

const NetworkErrors::Line& line_of(const NetworkErrors& errors, const std::string& name) {
  const auto at = std::find_if(errors.lines.begin(), errors.lines.end(), [&](const auto& l) { return l.name == name; });
  if (at == errors.lines.end()) throw std::runtime_error("no line " + name);
  return *at;
}

TEST(NetworkFit, FindsTheMediansAndTheSpreadThatMadeTheRecords) {
  const Files files(ring_records(60));
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records) << records.error()[0].text();
  EXPECT_EQ(records->facilities.size(), ring);
  EXPECT_EQ(records->legs.size(), ring * 2 * 60);
  EXPECT_TRUE(records->set_aside.empty());
  const NetworkFit fit = fit_network(*records);
  ASSERT_EQ(fit.corridors.size(), ring * 2);
  // n0 = (pi/2) 0.25^2 / 0.4^2 = 0.61; both deviations are estimated.
  EXPECT_NEAR(fit.shrinkage_legs, 0.61, 0.3);
  double worst = 0;
  for (const auto& corridor : fit.corridors) {
    const auto from = static_cast<std::size_t>(std::stoi(records->facilities[corridor.from].code.substr(1)));
    const auto to = static_cast<std::size_t>(std::stoi(records->facilities[corridor.to].code.substr(1)));
    const double truth = (40 + static_cast<double>(from % 7) * 25) * true_ratio(from, to == (from + 1) % ring);
    worst = std::max(worst, std::abs(std::log(corridor.median / truth)));
    EXPECT_LE(corridor.p10, corridor.median);
    EXPECT_LE(corridor.median, corridor.p90);
    // exp(-0.25 x 1.2816) and its inverse, of a few hundred legs and more per class.
    EXPECT_NEAR(corridor.p10 / corridor.median, 0.726, 0.05);
    EXPECT_NEAR(corridor.p90 / corridor.median, 1.378, 0.1);
  }
  // The median of 30 legs errs by 0.25 sqrt(pi / 2 / 30) = 0.057; four of those.
  EXPECT_LT(worst, 0.23);
}

TEST(NetworkFit, PredictsUnseenLegsBetterThanOneRatioAndCoversAtItsRate) {
  const Files files(ring_records(60));
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records);
  const NetworkErrors errors = errors_of(*records);
  EXPECT_EQ(errors.legs, ring * 2 * 30);
  EXPECT_LT(line_of(errors, "known corridors").mean_minutes,
            0.7 * line_of(errors, "known corridors, one ratio for all").mean_minutes);
  // 3,600 legs: a standard error of 0.7 points, and the estimated medians widen what they miss.
  EXPECT_NEAR(errors.coverage_80, 0.8, 0.03);
}

// Two legs of a corridor say little of it: what they say is drawn towards what its vehicle usually takes.
TEST(NetworkFit, ShrinksCorridorsOfFewLegs) {
  const Files few(ring_records(4));
  const auto records = read_network_records(few.sources);
  ASSERT_TRUE(records);
  const NetworkErrors errors = errors_of(*records);
  EXPECT_LT(line_of(errors, "known corridors").mean_minutes,
            line_of(errors, "known corridors, the corridor's own median ratio").mean_minutes);
}

// Pairs of facilities whose ways take the same ratio there and back; of the last pairs the way back was never seen.
TEST(NetworkFit, AWayThatWasNeverSeenIsDrawnTowardsTheWayBack) {
  std::ostringstream csv;
  csv << "a,b,left,took,road,km,truck,part\n";
  constexpr std::size_t pairs = 60;
  for (std::size_t p = 0; p < pairs; ++p) {
    const double ratio = true_ratio(p, true);
    const auto leg = [&](char from, char to, const char* part) {
      csv << from << p << ',' << to << p << ",2018-09-10 21:00," << 100 * ratio << ",100,90,van," << part << '\n';
    };
    for (int i = 0; i < 12; ++i) leg('A', 'B', "train");
    for (int i = 0; p < pairs - 20 && i < 12; ++i) leg('B', 'A', "train");
    if (p >= pairs - 20) leg('B', 'A', "test");
  }
  const Files files(csv.str());
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records) << records.error()[0].text();
  EXPECT_NEAR(fit_network(*records).shared_with_way_back, 1, 1e-3);
  const NetworkErrors errors = errors_of(*records);
  EXPECT_EQ(line_of(errors, "unknown corridors").legs, 20U);
  EXPECT_LT(line_of(errors, "unknown corridors").mean_minutes, 0.1);
}

TEST(NetworkFit, WholeLegsAreToldFromStagesWhereTheRecordsSay) {
  std::string map = map_text;
  const std::string sets = "set = \"part\"\nfit = \"train\"\n";
  map.replace(map.find(sets), sets.size(), "leg = \"trip\"\nlast = \"end\"\nwhole = \"yes\"\n");
  std::ostringstream csv;
  csv << "trip,a,b,left,took,road,km,truck,end\n";
  // Whole legs wait half an hour at their gate; stages were read off just before it.
  for (int i = 0; i < 200; ++i) {
    csv << "t" << i << ",A" << i % 5 << ",B,2018-09-10 21:00," << (i % 2 == 0 ? 150 : 120) << ",60,50,van,"
        << (i % 2 == 0 ? "yes" : "no") << '\n';
  }
  const Files files(csv.str(), map);
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records) << records.error()[0].text();
  const NetworkFit fit = fit_network(*records);
  for (const auto& corridor : fit.corridors) EXPECT_NEAR(corridor.median, 150, 1e-6);
}

TEST(NetworkFit, WritesAScenarioThatIsFitToRun) {
  const Files files(ring_records(40));
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records);
  const NetworkFit fit = fit_network(*records);
  const auto target = files.folder / "ring-world";
  const auto written = write_network_scenario(*records, fit, {target, 500, 200});
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(written->facilities, ring);
  EXPECT_EQ(written->lanes, 2 * ring);
  EXPECT_EQ(written->unreachable, 0U);
  const auto world = load_scenario(target);
  ASSERT_TRUE(world) << world.error()[0].text();
  EXPECT_EQ(world->facilities.size(), 2 * ring);  // A depot beside each.
  EXPECT_EQ(world->destinations.size(), ring);
  const auto lane = std::find_if(world->lanes.begin(), world->lanes.end(),
                                 [](const Lane& l) { return l.transit_p90 > SimDuration{}; });
  ASSERT_NE(lane, world->lanes.end());
  EXPECT_EQ(lane->departures.front().time, hours(21) + minutes(5));
  EXPECT_EQ(write_network_scenario(*records, fit, {target, 500, 200}).error().message, "it exists already");
}

TEST(NetworkFit, OnlyTheLastStageOfALegCounts) {
  std::string map = map_text;
  map.replace(map.find("set = \"part\"\nfit = \"train\"\n"), std::string("set = \"part\"\nfit = \"train\"\n").size(),
              "leg = \"trip\"\n");
  const Files files(
      "trip,a,b,left,took,road,km,truck\n"
      "t1,A,B,2018-09-10 21:00,30,20,15,van\n"
      "t1,A,B,2018-09-10 21:00,90,60,50,van\n"
      "t1,A,B,2018-09-10 21:00,60,40,30,van\n"
      "t1,B,C,2018-09-10 23:00,60,40,30,van\n",
      map);
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records) << records.error()[0].text();
  ASSERT_EQ(records->legs.size(), 2U);
  EXPECT_EQ(records->legs[0].minutes, 90);
  EXPECT_EQ(records->set_aside.at("an earlier stage of a leg"), 2U);
}

TEST(NetworkFit, RowsThatSayTheImpossibleAreCountedByReason) {
  const Files files(
      "a,b,left,took,road,km,truck,part\n"
      "A,B,2018-09-10 21:00,90,60,50,van,train\n"
      "A,A,2018-09-10 21:00,90,60,50,van,train\n"
      "A,B,2018-09-10 21:00,-5,60,50,van,train\n"
      "A,B,2018-09-10 21:00,,60,50,van,train\n"
      "A,B,2018-19-10 21:00,90,60,50,van,train\n"
      "A,?,2018-09-10 21:00,90,60,50,van,train\n"
      "A,B,2018-09-10 21:00,90,60\n");
  const auto records = read_network_records(files.sources);
  ASSERT_TRUE(records) << records.error()[0].text();
  EXPECT_EQ(records->rows, 7U);
  EXPECT_EQ(records->legs.size(), 1U);
  EXPECT_THAT(records->set_aside, ::testing::ElementsAre(::testing::Pair("a facility's code is no name", 1),
                                                         ::testing::Pair("ends where it begins", 1),
                                                         ::testing::Pair("no local time of departure", 1),
                                                         ::testing::Pair("no time above 0", 2),
                                                         ::testing::Pair("wrong number of cells", 1)));
}

struct BadFile {
  const char* name;
  const char* legs;
  const char* map_from;
  const char* map_to;
  const char* fault;
};
class BadNetworkFile : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadNetworkFile, IsNamedWithPlaceAndCure) {
  std::string map = map_text;
  const std::string from = GetParam().map_from;
  if (!from.empty()) map.replace(map.find(from), from.size(), GetParam().map_to);
  const Files files(GetParam().legs, map);
  const auto records = read_network_records(files.sources);
  ASSERT_FALSE(records);
  ASSERT_EQ(records.error().size(), 1U) << records.error()[1].text();
  EXPECT_THAT(records.error()[0].text(), HasSubstr(GetParam().fault));
}

constexpr const char* one_leg = "a,b,left,took,road,km,truck,part\nA,B,2018-09-10 21:00,90,60,50,van,train\n";
INSTANTIATE_TEST_SUITE_P(
    NetworkFit, BadNetworkFile,
    ::testing::Values(
        BadFile{"WholeWithoutLast", one_leg, "km = \"km\"", "whole = \"yes\"", "legs.whole: there is no 'last'"},
        BadFile{"LastWithoutWhole", one_leg, "km = \"km\"", "last = \"km\"", "legs.last: there is no 'whole'"},
        BadFile{"NoSuchColumn", one_leg, "\"took\"", "\"tok\"", "legs.csv:1: tok: no such column"},
        BadFile{"NearColumn", one_leg, "\"took\"", "\"tok\"", "did you mean 'took'?"},
        BadFile{"ColumnTwice", "a,b,a,left,took,road,km,truck,part\nA,B,A,,9,6,5,v,train\n", "", "",
                "legs.csv:1: a: the column is there twice"},
        BadFile{"KeyMissing", one_leg, "minutes = \"took\"\n", "", "map.toml:3: legs.minutes: the key is missing"},
        BadFile{"UnknownKey", one_leg, "km = ", "kms = ", "map.toml:9: legs.kms: unknown key; did you mean 'km'?"},
        BadFile{"NoZone", one_leg, "Asia/Kolkata", "Asia/Kolkatta", "map.toml:2: places.zone: "},
        BadFile{"NoToml", one_leg, "[legs]", "[legs", "map.toml:3: "},
        BadFile{"NoDegrees", one_leg, "[28.0, 77.0]", "[280.0, 77.0]", "map.toml:14: regions.North: no latitude"},
        BadFile{"FitWithoutSet", one_leg, "set = \"part\"\n", "", "legs.fit: there is no 'set'"},
        BadFile{"NoRow", "a,b,left,took,road,km,truck,part\n", "", "", "legs.csv: no row"},
        BadFile{"NothingUsable", "a,b,left,took,road,km,truck,part\nA,A,,1,1,1,v,train\n", "", "",
                "no leg to learn from: 1 x ends where it begins"},
        BadFile{"Empty", "", "", "", "legs.csv: no header"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(NetworkFit, AFileThatIsNotThereIsNamed) {
  Files files(one_leg);
  files.sources.legs = files.folder / "absent.csv";
  const auto records = read_network_records(files.sources);
  ASSERT_FALSE(records);
  EXPECT_THAT(records.error()[0].text(), HasSubstr("absent.csv"));
}

// The records of an Indian carrier: 1,004 legs on known corridors that the fit did not see.
TEST(NetworkFit, ErrsByAtMost34MinutesOnUnseenLegsOfARealCarrier) {
  const std::filesystem::path data = std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "../shared/data/delhivery";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no real records on this machine";
  const auto map = std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library/maps/delhivery-legs.toml";
  const auto records = read_network_records(
      {data / "raw_scan_sample_5k.csv", map, data / "corridor_train.csv", data / "hub_metrics.csv"});
  ASSERT_TRUE(records) << records.error()[0].text();
  const NetworkErrors errors = errors_of(*records);
  const auto& known = line_of(errors, "known corridors");
  EXPECT_EQ(known.legs, 1004U);
  EXPECT_LE(known.mean_minutes, 34);
  EXPECT_LT(known.mean_minutes, line_of(errors, "known corridors, the corridor's own median ratio").mean_minutes);
  EXPECT_NEAR(errors.coverage_80, 0.8, 0.05);
  // With corridors that the fit never saw among them.
  EXPECT_LE(line_of(errors, "all").mean_minutes, 37);
  EXPECT_LE(line_of(errors, "all").median_minutes, 14);
}

}  // namespace
}  // namespace peakstorm
