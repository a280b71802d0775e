// Goal: every kind of mistake gets its own message, with the exact place and a cure.
// Method: one valid world, broken in one place at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "scenarios/loader.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::WorldFolder;
using ::testing::HasSubstr;

struct Broken {
  std::string_view name;
  std::string_view file;  ///< Edited.
  std::string_view from;
  std::string_view to;
  std::string_view fault_file;  ///< Where the one fault is reported.
  int line;
  std::string_view field;
  std::string_view message;
  std::string_view cure;
};

class BrokenWorld : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenWorld, GetsOneFaultWithPlaceAndCure) {
  const Broken& broken = GetParam();
  const WorldFolder folder;
  ASSERT_NO_FATAL_FAILURE(folder.replace(broken.file, broken.from, broken.to));
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world.has_value()) << "the fault went unnoticed";
  std::string all;
  for (const Fault& fault : world.error()) all += fault.text() + "\n";
  ASSERT_EQ(world.error().size(), 1U) << all;
  const Fault& fault = world.error().front();
  EXPECT_EQ(fault.file, broken.fault_file) << all;
  EXPECT_EQ(fault.line, broken.line) << all;
  EXPECT_EQ(fault.field, broken.field) << all;
  EXPECT_THAT(fault.message, HasSubstr(std::string(broken.message)));
  EXPECT_THAT(fault.cure, HasSubstr(std::string(broken.cure)));
}

const Broken broken_worlds[] = {
    // scenario.toml
    {"TomlSyntax", "scenario.toml", "seed = 7", "seed = = 7", "scenario.toml", 11, "", "", "TOML"},
    {"TomlKeyTwice", "scenario.toml", "seed = 7", "seed = 7\nseed = 8", "scenario.toml", 12, "", "seed", "TOML"},
    {"UnknownKey", "scenario.toml", "drain_days", "drain_day", "scenario.toml", 8, "scenario.drain_day", "unknown key",
     "drain_days"},
    {"UnknownTable", "scenario.toml", "[shopper]", "[shoper]", "scenario.toml", 88, "shoper", "unknown key", "shopper"},
    {"NameOfAnotherFolder", "scenario.toml", "\"two-towns\"", "\"three-towns\"", "scenario.toml", 3, "scenario.name",
     "differs from the folder's", "rename"},
    {"UnknownFormat", "scenario.toml", "format = \"easypost\"", "format = \"shipo\"", "scenario.toml", 98,
     "replay.format", "unknown format 'shipo'", "did you mean 'shippo'?"},
    {"TemplateElsewhere", "scenario.toml", "format = \"easypost\"", "format = \"template:../hook.json\"",
     "scenario.toml", 98, "replay.format", "own folder", "template:FILE"},
    {"TemplateMissing", "scenario.toml", "format = \"easypost\"", "format = \"template:hook.json\"", "scenario.toml",
     98, "replay.format", "no file 'hook.json'", "add it"},
    {"NoFirstDay", "scenario.toml", "first_day = 2013-11-25\n", "", "scenario.toml", 2, "scenario.first_day", "missing",
     "first_day = "},
    {"DaysAsText", "scenario.toml", "days = 14", "days = \"14\"", "scenario.toml", 7, "scenario.days",
     "not a whole number", "from 1 to 1000"},
    {"HorizonTooLong", "scenario.toml", "days = 14", "days = 995", "scenario.toml", 2, "scenario.days", "1005", "1000"},
    {"MeasureOutside", "scenario.toml", "measure_to = 2013-12-06", "measure_to = 2014-12-06", "scenario.toml", 10,
     "scenario.measure_to", "outside the horizon", "2013-11-25 to 2013-12-08"},
    {"UnknownZone", "scenario.toml", "America/New_York", "America/New_Yrok", "scenario.toml", 12, "scenario.home_zone",
     "unknown time zone", "America/New_York"},
    {"SizesDoNotSum", "scenario.toml", "share = 0.6", "share = 0.5", "scenario.toml", 14, "size.share", "sum to 0.9",
     "sum to 1"},
    {"ShareAboveOne", "scenario.toml", "bad_address = 0.002", "bad_address = 2", "scenario.toml", 28,
     "carrier.bad_address", "above 1", "fraction"},
    {"ShareTooFine", "scenario.toml", "loss = 0.00003", "loss = 0.00000003", "scenario.toml", 32, "carrier.loss",
     "six decimals", "six decimals"},
    {"DurationWithoutUnit", "scenario.toml", "held_time = \"24h\"", "held_time = \"24\"", "scenario.toml", 35,
     "carrier.held_time", "no unit", "36h"},
    {"UnknownNumberFormat", "scenario.toml", "ups_1z", "ups", "scenario.toml", 25, "carrier.number_format",
     "unknown value", "fedex_12"},
    {"UnknownPickupCalendar", "scenario.toml", "\"work\"", "\"wrok\"", "scenario.toml", 26, "carrier.pickup_calendar",
     "unknown calendar", "work"},
    {"CarrierTwice", "scenario.toml", "name = \"snail\"", "name = \"snail\"\n[[carrier]]\nname = \"snail\"",
     "scenario.toml", 43, "carrier.name", "stands twice, first in line 41", "rename"},
    {"TooFewHours", "scenario.toml", "hours = [1, ", "hours = [", "scenario.toml", 48, "shipper.hours", "23 entries",
     "24 factors"},
    {"TiersDoNotSum", "scenario.toml", "express = 0.25", "express = 0.2", "scenario.toml", 53, "shipper.tiers",
     "sum to 0.95", "sum to 1"},
    {"WindowReversed", "scenario.toml", "[\"09:00\", \"18:00\"]", "[\"19:00\", \"18:00\"]", "scenario.toml", 58,
     "shipper.window", "ends before", "earlier time first"},
    {"TariffSharesDoNotSum", "scenario.toml", "share = 0.7", "share = 0.6", "scenario.toml", 65, "shipper.tariff.share",
     "tier standard sum to 0.9", "sum to 1"},
    {"UnknownService", "scenario.toml", "\"swift-ground\"", "\"swift-grond\"", "scenario.toml", 67,
     "shipper.tariff.service", "unknown service", "swift-ground"},
    {"TierWithoutService", "scenario.toml", "tiers = { economy = 1 }", "tiers = { express = 1 }", "scenario.toml", 78,
     "shipper.tariff", "no service for the tier express", "[[shipper.tariff]]"},
    {"UnknownPolicy", "scenario.toml", "policy = \"fixed_split\"", "policy = \"cheapest\"", "scenario.toml", 55,
     "shipper.policy", "unknown value 'cheapest'", "cheapest_published, least_expected_cost"},
    {"UnknownOverflow", "scenario.toml", "cancelled = 0.01", "overflow = \"drop\"", "scenario.toml", 56,
     "shipper.overflow", "unknown value", "wait, defer, reroute or decline"},
    {"CapAboveOne", "scenario.toml", "service = \"snail-mail\"\nshare = 0.3",
     "service = \"snail-mail\"\nshare = 0.3\ncap = 1.5", "scenario.toml", 73, "shipper.tariff.cap", "above 1",
     "fraction"},
    {"UnknownPromiseRule", "scenario.toml", "[[shipper.guarantee]]",
     "[shipper.promise]\nrule = \"median\"\n[[shipper.guarantee]]", "scenario.toml", 74, "shipper.promise.rule",
     "unknown value", "published, quantile or cost"},
    {"PromiseQuantileTooLow", "scenario.toml", "[[shipper.guarantee]]",
     "[shipper.promise]\nquantile = 0.2\n[[shipper.guarantee]]", "scenario.toml", 74, "shipper.promise.quantile",
     "out of range", "0.5 to 0.999"},
    {"HedgeOutside", "scenario.toml", "[[shipper.guarantee]]",
     "[[shipper.promise.hedge]]\nfrom = 2014-12-18\ndays = 1\n[[shipper.guarantee]]", "scenario.toml", 74,
     "shipper.promise.hedge.from", "no day of the hedge", "2013-11-25 to 2013-12-18"},
    {"NewsTooLate", "scenario.toml", "cancelled = 0.01", "learning = { news_delay = \"2d\" }", "scenario.toml", 56,
     "shipper.learning.news_delay", "not simulated", "1m to 12h"},
    {"GuaranteeOutside", "scenario.toml", "date = 2013-12-06\nupgrade", "date = 2014-12-06\nupgrade", "scenario.toml",
     75, "shipper.guarantee.date", "outside the horizon", "2013-11-25 to 2013-12-18"},
    {"UnknownSeason", "scenario.toml", "season = \"retail\"", "season = \"retial\"", "scenario.toml", 50,
     "shipper.season", "unknown season", "retail"},
    {"SpeedAndSeconds", "scenario.toml", "seconds = 30", "seconds = 30\nspeed = 10", "scenario.toml", 98,
     "replay.speed", "both", "remove one"},
    {"FaultRateAboveOne", "scenario.toml", "[replay]", "[faults]\nredelivery = 1.5\n[replay]", "scenario.toml", 96,
     "faults.redelivery", "above 1", "fraction"},
    {"UnknownFault", "scenario.toml", "[replay]", "[faults]\nredelivry = 0.5\n[replay]", "scenario.toml", 96,
     "faults.redelivry", "unknown", "redelivery"},
    {"GateNotText", "scenario.toml", "\"promise_kept >= 0.9\"", "0.9", "scenario.toml", 102, "gate.require",
     "not a text", "require = ["},

    // Syntax of tables.
    {"UnknownColumn", "lanes.csv", "volume_m3", "volume_m", "lanes.csv", 1, "volume_m", "unknown column", "volume_m3"},
    {"RaggedRow", "coverage.csv", "snail,east-1,post-east", "snail,east-1", "coverage.csv", 5, "", "2 cells", "commas"},
    {"OpenQuote", "calendars.csv", "six,Mon-Sat", "six,\"Mon-Sat", "calendars.csv", 3, "", "never closed",
     "close the cell"},
    {"ColumnTwice", "season.csv", "date,retail,flat", "date,retail,retail", "season.csv", 1, "retail", "stands twice",
     "remove"},
    {"EmptyCell", "transit.csv", "swift-ground,500,1", "swift-ground,500,", "transit.csv", 3, "days", "empty",
     "fill it in"},

    // Places.
    {"DailyRedefined", "calendars.csv", "six,Mon-Sat,2013-12-25", "six,Mon-Sat,2013-12-25\ndaily,Mon-Fri,",
     "calendars.csv", 4, "calendar", "always exists", "another name"},
    {"ImpossibleDate", "calendars.csv", "2013-11-28", "2013-11-31", "calendars.csv", 2, "closed", "no day",
     "correct the date"},
    {"LatitudeTooHigh", "demand.csv", "40.9", "140.9", "demand.csv", 3, "lat", "out of range", "90"},
    {"NegativeWeight", "demand.csv", "-73.8,10", "-73.8,-10", "demand.csv", 3, "weight", "negative", "whole number"},
    {"PlaceInUnknownZone", "facilities.csv", "WE,America/Denver,39.8", "WE,America/Denvr,39.8", "facilities.csv", 3,
     "zone", "unknown time zone", "America/Denver"},
    {"ZeroHandling", "facilities.csv", "-74.1,30m", "-74.1,0m", "facilities.csv", 2, "handling", "zero", "30m"},
    {"DepotWithoutStops", "facilities.csv", "20m,3000,08:30,8h,120", "20m,,08:30,8h,120", "facilities.csv", 4,
     "stops_per_day", "a depot needs it", "fill in"},
    {"HubWithRounds", "facilities.csv", "-74.1,30m,,,,,,", "-74.1,30m,,,8h,,,", "facilities.csv", 2, "round_length",
     "only a depot", "empty the cell"},
    {"FacilityTwice", "facilities.csv", "\nwest-hub,", "\neast-hub,", "facilities.csv", 3, "facility",
     "stands twice, first in line 2", "rename"},
    {"RegionWithoutDemand", "facilities.csv", "west-hub,swift,air_hub,WE", "west-hub,swift,air_hub,WF",
     "facilities.csv", 3, "region", "unknown region", "WE"},
    {"SortsOverlap", "sorts.csv", "22:30,03:30", "21:00,03:30", "sorts.csv", 3, "from", "line 2", "hours"},
    {"SortOpensAllWeekTwice", "sorts.csv", "22:30,03:30,Mon-Fri", "22:30,17:30,Mon-Fri", "sorts.csv", 3, "from",
     "overlaps", "weekdays"},
    {"SortOfNoLength", "sorts.csv", "17:00,21:30", "17:00,17:00", "sorts.csv", 2, "to", "same time", "00:00 to 24:00"},
    {"SortOfNoRate", "sorts.csv", "daily,4000", "daily,0", "sorts.csv", 4, "pieces_per_hour", "too small", "from 1"},

    // Lanes.
    {"LaneToNowhere", "lanes.csv", "west-hub,west-depot,", "west-hub,west-depto,", "lanes.csv", 7, "to",
     "unknown facility", "west-depot"},
    {"LaneOfNoTime", "lanes.csv", "road,20,40m", "road,20,0m", "lanes.csv", 6, "transit", "zero", "30m"},
    {"LaneOfNegativeCapacity", "lanes.csv", "05:00,Mon-Sat,10m,4000,,,\npost,post-west",
     "05:00,Mon-Sat,10m,-1,,,\npost,post-west", "lanes.csv", 8, "pieces", "negative", "from 1"},
    {"LaneToItself", "lanes.csv", "west-hub,east-hub,", "east-hub,east-hub,", "lanes.csv", 5, "to", "where it begins",
     "facilities"},
    {"LaneBetweenCarriers", "lanes.csv", "west-hub,east-hub,", "west-hub,post,", "lanes.csv", 5, "to", "two carriers",
     "one carrier"},
    {"TimetablesDisagree", "lanes.csv", "road,2900,40h,06:00", "road,2900,41h,06:00", "lanes.csv", 3, "transit",
     "another value in line 2", "departures and weekdays"},
    {"DepartureTwice", "lanes.csv", "06:00 12:00,Sat", "06:00 06:00,Sat", "lanes.csv", 3, "departures", "twice",
     "pieces"},
    {"BadWeekdays", "lanes.csv", "06:00 12:00,Sat,", "06:00 12:00,Saturday,", "lanes.csv", 3, "weekdays", "no weekdays",
     "Mon-Fri"},

    // Coverage and reach.
    {"CoverageByHub", "coverage.csv", "swift,west-1,west-depot", "swift,west-1,west-hub", "coverage.csv", 4, "depot",
     "not a depot", "kind depot"},
    {"CoverageByAnother", "coverage.csv", "snail,west-1,post-west", "snail,west-1,west-depot", "coverage.csv", 7,
     "depot", "another carrier", "snail"},
    {"CoveredTwice", "coverage.csv", "swift,east-2,", "swift,east-1,", "coverage.csv", 3, "destination", "line 2",
     "remove"},
    {"Uncovered", "coverage.csv", "swift,west-1,west-depot\n", "", "coverage.csv", 1, "destination",
     "no depot for 1 destinations that are sent to with it: west-1", "add a row"},
    {"Unreachable", "lanes.csv", "west-hub,west-depot,road", "west-hub,west-depot,air", "coverage.csv", 4, "depot",
     "no road path leads from pickup facility 'west-hub' to depot 'west-depot' for service 'swift-ground'",
     "lanes.csv"},
    {"NeverCollected", "pickups.csv", "toy-west,snail,post,16:00,30h,\n", "", "pickups.csv", 1, "node",
     "'snail' never collects at node 'toy-west'", "add a row"},
    {"CapacityOverlaps", "capacity.csv", "swift,2013-12-01", "swift,2013-11-30", "capacity.csv", 3, "from", "line 2",
     "disjoint"},
    {"CapacityOfNothing", "capacity.csv", "1.3,1.25,1.2", "1.3,0,1.2", "capacity.csv", 3, "linehaul", "0", "above 0"},

    // Services.
    {"ServiceOfNobody", "services.csv", "snail-mail,snail,", "snail-mail,snial,", "services.csv", 4, "carrier",
     "unknown carrier", "snail"},
    {"BandsEnd", "transit.csv", "swift-ground,any,4", "swift-ground,5000,4", "transit.csv", 4, "km_max",
     "beyond its last band", "any"},
    {"NoRate", "rates.csv", "snail-mail,any,4.5,0.3\n", "", "rates.csv", 1, "km_max", "'snail-mail' has no rate",
     "any"},
    {"RateTooFine", "rates.csv", "4.5,0.3", "4.505,0.3", "rates.csv", 5, "base", "no amount", "7.95"},
    {"PeaksOverlap", "peaks.csv", "2013-12-01,2013-12-31", "2013-11-30,2013-12-31", "peaks.csv", 3, "from", "line 2",
     "disjoint"},
    {"PeakReversed", "peaks.csv", "2013-11-25,2013-11-30", "2013-11-30,2013-11-25", "peaks.csv", 2, "to",
     "before it begins", "from"},
    {"SeasonOutside", "season.csv", "2013-11-29", "2014-11-29", "season.csv", 2, "date", "outside",
     "2013-11-25 to 2013-12-18"},

    // Ship nodes.
    {"NodeSharesDoNotSum", "nodes.csv", "share 1", "share 0.9", "nodes.csv", 4, "serves", "sum to 0.9", "sum to 1"},
    {"NodesMixed", "nodes.csv", "states EA", "nearest", "nodes.csv", 3, "serves", "different ways", "one of"},
    {"NodeAreasOverlap", "nodes.csv", "300km", "9000km", "nodes.csv", 3, "serves",
     "served from the nodes 'toy-east' and 'toy-west'", "disjoint"},
    {"HandlingReversed", "nodes.csv", "40.7,-74.3,work,15:00,1h,5h", "40.7,-74.3,work,15:00,6h,5h", "nodes.csv", 2,
     "handling_max", "shorter", "swap"},
    {"NoDrive", "pickups.csv", "17:00,40m,900", "17:00,0m,900", "pickups.csv", 2, "drive", "zero", "30m"},
    {"PickupByAnother", "pickups.csv", "toy-east,snail,post,", "toy-east,snail,east-hub,", "pickups.csv", 3, "facility",
     "another carrier", "snail"},

    // Disruptions and orders.
    {"UnknownKind", "disruptions.csv", "ice,storm", "ice,strom", "disruptions.csv", 2, "kind", "unknown kind", "storm"},
    {"UnknownState", "disruptions.csv", "states WE", "states WX", "disruptions.csv", 2, "area", "unknown region", "WE"},
    {"BadCircle", "disruptions.csv", "circle 39.7 -105.0 200km", "circle 39.7 -105.0", "disruptions.csv", 2, "area",
     "LAT LON RADIUS", "200km"},
    {"NoEffect", "disruptions.csv", ",0.6,0.7,,,,", ",,,,,,", "disruptions.csv", 2, "kind", "no effect", "speed"},
    {"StormReversed", "disruptions.csv", "2013-12-06 18:00", "2013-12-04 18:00", "disruptions.csv", 2, "to",
     "before it begins", "from"},
    {"StormOfAnotherYear", "disruptions.csv", "rush,surge,2013-12-02,2013-12-02", "rush,surge,2012-12-02,2012-12-02",
     "disruptions.csv", 3, "from", "outside", "2013-11-25"},
    {"InstantWithoutZone", "disruptions.csv", "2013-12-03 08:00 UTC", "2013-12-03 08:00", "disruptions.csv", 4, "from",
     "no time zone", "America/Chicago"},
    {"OrdersUnsorted", "orders.csv", "2013-11-25 09:00", "2013-11-27 09:00", "orders.csv", 3, "ordered_at", "earlier",
     "sort"},
    {"OrderTooLate", "orders.csv", "2013-11-26 10:30:15", "2013-12-26 10:30:15", "orders.csv", 3, "ordered_at",
     "outside", "2013-11-25 to 2013-12-08"},
    {"OrderOfUnknownSize", "orders.csv", "standard,1,", "standard,2,", "orders.csv", 3, "size", "too large",
     "from 0 to 1"},
    {"OrderOfUnservedTier", "orders.csv", "west-1,standard", "west-1,economy", "orders.csv", 3, "tier", "no service",
     "[[shipper.tariff]]"},
    {"PromiseBeforeOrder", "orders.csv", ",2013-12-03", ",2013-11-03", "orders.csv", 3, "promise", "before the order",
     "correct"},
};

INSTANTIATE_TEST_SUITE_P(Scenario, BrokenWorld, ::testing::ValuesIn(broken_worlds),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Faults, ARegionalCarrierMayLeaveGapsThatAnotherTariffFills) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "name = \"swift\"", "name = \"swift\"\nregional = true");
  folder.replace("coverage.csv", "swift,west-1,west-depot\n", "");
  folder.replace("pickups.csv", "toy-west,swift,west-hub,17:00,40m,\n", "");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);  // Nobody else carries express; snail takes the standard parcels.
  ASSERT_EQ(world.error().size(), 1U);
  EXPECT_EQ(world.error()[0].file, "coverage.csv");
  EXPECT_THAT(world.error()[0].message, HasSubstr("no express tariff of shipper 'toys' takes its parcels from node"));
  EXPECT_THAT(world.error()[0].message, HasSubstr("to 1 destinations: west-1"));
}

TEST(Faults, TheCapsOfATierMustLeaveRoomForItsOrders) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "policy = \"fixed_split\"\ncancelled = 0.01", "policy = \"diversified\"");
  folder.replace("scenario.toml", "service = \"swift-air\"\nshare = 1", "service = \"swift-air\"\ncap = 0.9");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 1U);
  EXPECT_EQ(world.error()[0].field, "shipper.tariff.cap");
  EXPECT_THAT(world.error()[0].message, HasSubstr("the caps of the tier express sum to 0.9"));
}

TEST(Faults, BackgroundVolumeNeitherLearnsNorPromises) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "policy = \"cheapest_published\"",
                 "promise = { rule = \"quantile\" }\npolicy = \"least_expected_cost\"");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 2U);
  EXPECT_THAT(world.error()[0].text() + world.error()[1].text(), HasSubstr("keeps no account of its parcels"));
  EXPECT_THAT(world.error()[0].text() + world.error()[1].text(), HasSubstr("quotes no promise"));
}

TEST(Faults, ATruckThatSkipsZonesNeedsAnAreaWithPeople) {
  const WorldFolder folder;
  test::write_file(folder.path() / "pickups.csv",
                   "node,carrier,facility,time,drive,pieces_per_day,area,piece_cost\n"
                   "x,x,x,17:00,1h,,circle 0 0 1km,1.00\n");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  const bool told = std::any_of(world.error().begin(), world.error().end(), [](const Fault& fault) {
    return fault.file == "pickups.csv" && fault.line == 2 && fault.field == "area" &&
           fault.message.find("no destination lies in the area") != std::string::npos;
  });
  EXPECT_TRUE(told);
}

TEST(Faults, OneShippersNodesSellInOneArea) {
  const WorldFolder folder;
  folder.replace("nodes.csv", "daily,18:00,1h,5h,share 1", "daily,18:00,1h,5h,share 0.5 in states EA");
  test::write_file(folder.path() / "nodes.csv",
                   test::read_file(folder.path() / "nodes.csv") +
                       "bulk-2,others,EA,America/New_York,40.7,-74.3,daily,18:00,1h,5h,share 0.5\n");
  test::write_file(folder.path() / "pickups.csv",
                   test::read_file(folder.path() / "pickups.csv") + "bulk-2,snail,post,19:00,30m,\n");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error()[0].field, "serves");
  EXPECT_THAT(world.error()[0].message, HasSubstr("in different areas"));
}

TEST(Faults, QuantilesOfALaneStandTogetherAroundItsTransit) {
  struct Case {
    const char* p10;
    const char* p90;
    const char* field;  ///< Empty: fit to run.
    const char* message;
  };
  for (const Case& c :
       {Case{"", "", "", ""}, Case{"35m", "1h", "", ""}, Case{"40m", "40m", "", ""},
        Case{"35m", "", "transit_p90", "the other quantile"}, Case{"", "1h", "transit_p10", "the other quantile"},
        Case{"41m", "1h", "transit_p10", "longer than 'transit'"}, Case{"35m", "39m", "transit_p90", "shorter than"},
        Case{"3m", "1h", "transit_p10", "less than a tenth"}, Case{"35m", "7h", "transit_p90", "more than ten times"},
        Case{"0m", "1h", "transit_p10", "zero"}}) {
    SCOPED_TRACE(std::string(c.p10) + " " + c.p90);
    const WorldFolder folder;
    std::istringstream lines(test::read_file(folder.path() / "lanes.csv"));
    std::string text;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string cells = number == 1   ? ",transit_p10,transit_p90"
                                : number == 6 ? "," + std::string(c.p10) + "," + c.p90
                                              : ",,";
      text += line + cells + "\n";
    }
    test::write_file(folder.path() / "lanes.csv", text);
    const auto world = load_scenario(folder.path());
    ASSERT_EQ(world.has_value(), *c.field == '\0');
    if (world) continue;
    ASSERT_EQ(world.error().size(), 1U) << world.error()[1].text();
    EXPECT_EQ(world.error()[0].line, 6);
    EXPECT_EQ(world.error()[0].field, c.field);
    EXPECT_THAT(world.error()[0].message, HasSubstr(c.message));
  }
}

TEST(Faults, AreAllReportedAtOnceInTheOrderOfFilesAndLines) {
  const WorldFolder folder;
  folder.replace("lanes.csv", "road,20,40m", "road,20,0m");
  folder.replace("lanes.csv", "06:00 12:00,Sat", "06:00 25:00,Sat");
  folder.replace("demand.csv", "40.9", "x");
  folder.replace("scenario.toml", "seed = 7", "sead = 7");
  folder.replace("orders.csv", "toy-west", "toy-wets");
  folder.replace("rates.csv", "4.5,0.3", "-4.5,0.3");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  std::vector<std::string> places;
  for (const Fault& fault : world.error()) {
    places.push_back(fault.file + ":" + std::to_string(fault.line) + ":" + fault.field);
  }
  EXPECT_THAT(places,
              ::testing::ElementsAre("demand.csv:3:lat", "lanes.csv:3:departures", "lanes.csv:6:transit",
                                     "orders.csv:3:node", "rates.csv:5:base", "scenario.toml:11:scenario.sead"));
}

TEST(Faults, ReadAsPlaceFieldMessageAndCure) {
  const Fault fault{"lanes.csv", 14, "to", "unknown facility 'CDG'", "correct the name"};
  EXPECT_EQ(fault.text(), "lanes.csv:14: to: unknown facility 'CDG'; correct the name");
  EXPECT_EQ((Fault{"lanes.csv", 0, "", "the file is missing", "add it"}).text(),
            "lanes.csv: the file is missing; add it");
}

TEST(Faults, NameAMissingTable) {
  const WorldFolder folder;
  std::filesystem::remove(folder.path() / "rates.csv");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 1U);
  EXPECT_EQ(world.error()[0].file, "rates.csv");
  EXPECT_EQ(world.error()[0].line, 0);
  EXPECT_THAT(world.error()[0].message, HasSubstr("missing"));
}

TEST(Faults, NameATableThatNobodyReads) {
  const WorldFolder folder;
  std::filesystem::rename(folder.path() / "disruptions.csv", folder.path() / "disruption.csv");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 1U);
  EXPECT_EQ(world.error()[0].text(),
            "disruption.csv: no table of the format has this name; did you mean 'disruptions.csv'?");
}

TEST(Faults, OfBrokenTablesAreToldEvenWithoutSettings) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "seed = 7", "seed = ");
  folder.replace("rates.csv", "4.5,0.3", "\"4.5,0.3");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 2U);
  EXPECT_EQ(world.error()[0].file, "rates.csv");
  EXPECT_EQ(world.error()[1].file, "scenario.toml");
}

TEST(Faults, OfALongUnreachableRegionAreGroupedByServiceAndDepot) {
  const WorldFolder folder;
  // Without the lane to the west, two services lose one depot each; a hundred destinations would add no fault.
  folder.replace("lanes.csv", "west-hub,west-depot,road,25,45m,05:00,daily,10m,4000,,,\n", "");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  ASSERT_EQ(world.error().size(), 2U);
  EXPECT_THAT(world.error()[0].message, HasSubstr("'swift-air'"));
  EXPECT_THAT(world.error()[1].message, HasSubstr("'swift-ground'"));
}

TEST(Faults, NameAFolderThatIsNotThere) {
  const auto world = load_scenario("/nowhere/at/all");
  ASSERT_FALSE(world);
  EXPECT_THAT(world.error()[0].text(), HasSubstr("/nowhere/at/all: there is no such folder"));
  EXPECT_FALSE(load_scenario(""));
}

}  // namespace
}  // namespace peakstorm
