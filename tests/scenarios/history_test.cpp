// Goal: every row of a history is used or named; a file that cannot be used says where and why.
#include "scenarios/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "scenarios/text/civil.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using scenarios::unix_day;
using ::testing::HasSubstr;

class History : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("peakstorm-history-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  static HistoryMap map() {
    HistoryMap map;
    map.order = "id";
    map.placed = {"ordered", "paid"};
    map.promised = "promised";
    map.handed = "handed";
    map.delivered = "came";
    map.to = "state";
    map.seller = "seller";
    return map;
  }
  static constexpr const char* header = "id,ordered,paid,promised,handed,came,state,seller\n";
  Result<HistoryReading> read(const std::string& rows, const HistoryMap& with = map()) const {
    return read_history(write("orders.csv", header + rows), with);
  }
  static std::uint64_t rows_of(const HistoryReading& reading, const std::string& reason) {
    for (const SetAside& aside : reading.set_aside) {
      if (aside.reason == reason) return aside.rows;
    }
    return 0;
  }
  fs::path folder_;
};

constexpr const char* good = "a,2017-11-01 10:00:00,,2017-11-20,2017-11-02 09:00:00,2017-11-30 12:00:00,SP,s1\n";

TEST_F(History, ReadsWhatAMapNames) {
  const auto reading = read(std::string(good) + "b,,2017-11-30 23:15,2017-12-20,,,RJ,\n");
  ASSERT_TRUE(reading) << reading.error().message;
  ASSERT_EQ(reading->history.orders.size(), 2U);
  const PastOrder& a = reading->history.orders[0];
  EXPECT_EQ(a.placed, unix_day(2017, 11, 1));
  EXPECT_EQ(a.hour, 10);
  EXPECT_FALSE(a.second_clock);
  EXPECT_EQ(a.lead(), 19);
  EXPECT_EQ(*a.handed, unix_day(2017, 11, 2));
  EXPECT_TRUE(a.late());
  EXPECT_EQ(reading->history.regions[a.to], "SP");
  const PastOrder& b = reading->history.orders[1];
  EXPECT_TRUE(b.second_clock);
  EXPECT_EQ(b.hour, 23);
  EXPECT_FALSE(b.delivered);
  EXPECT_EQ(b.seller, 0U);
  EXPECT_EQ(reading->history.as_of, unix_day(2017, 11, 30));
  EXPECT_FALSE(reading->unfinished_month);
}

TEST_F(History, NamesAndCountsEveryRowItCannotUse) {
  const auto reading = read(std::string(good) +
                            "a,2017-11-01,,2017-11-20,,,SP,s1\n"            // second row of the order
                            "c,2017-02-30,,2017-11-20,,,SP,s1\n"            // no such day
                            "d,2017-11-01,,20 Nov,,,SP,s1\n"                // no date at all
                            "e,,,2017-11-20,,,SP,s1\n"                      // never placed
                            "f,2017-11-21,,2017-11-20,,,SP,s1\n"            // promised for the day before
                            "g,2017-11-05,,2017-11-20,,2017-11-04,SP,s1\n"  // came before it was placed
                            "h,2017-11-05T10:00:00Z,,2017-11-20,,,SP,s1\n"  // another zone
                            "i,2017-11-05,,2019-11-20,,,SP,s1\n"            // two years
                            "j,2017-11-05,,2017-11-20\n"                    // cut off
                            "k,2017-11-30,,2017-12-20,2017-11-29,,SP,s1\n"  // handed over before: used without
                            ",2017-11-05,,2017-11-20,,,SP,s1\n");
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->rows_read, 12U);
  EXPECT_EQ(reading->history.orders.size(), 2U);
  EXPECT_EQ(reading->handed_ignored, 1U);
  EXPECT_EQ(rows_of(*reading, "a second row of the same order"), 1U);
  EXPECT_EQ(rows_of(*reading, "impossible date: ordered"), 1U);
  EXPECT_EQ(rows_of(*reading, "impossible date: promised"), 1U);
  EXPECT_EQ(rows_of(*reading, "missing: ordered"), 1U);
  EXPECT_EQ(rows_of(*reading, "missing: id"), 1U);
  EXPECT_EQ(rows_of(*reading, "impossible dates: promised before it was placed"), 1U);
  EXPECT_EQ(rows_of(*reading, "impossible dates: delivered before it was placed"), 1U);
  EXPECT_EQ(rows_of(*reading, "another time zone: ordered"), 1U);
  EXPECT_EQ(rows_of(*reading, "impossible dates: promised too long after it was placed"), 1U);
  EXPECT_EQ(rows_of(*reading, "another number of cells than the header"), 1U);
  std::uint64_t all = reading->history.orders.size();
  for (const SetAside& aside : reading->set_aside) all += aside.rows;
  EXPECT_EQ(all, reading->rows_read) << "a row is neither used nor set aside";
}

TEST_F(History, BelievesNeitherTheStatusNorTheDateAlone) {
  HistoryMap with = map();
  with.status = "state";
  with.delivered_words = {"delivered"};
  with.delivered_weight = 3;
  const auto reading = read(
      "a,2017-11-01,,2017-11-20,,2017-11-30,delivered,s1\n"
      "b,2017-11-01,,2017-11-20,,,delivered,s1\n"
      "c,2017-11-01,,2017-11-20,,2017-11-30,canceled,s1\n"
      "d,2017-11-01,,2017-11-20,,,shipped,s1\n",
      with);
  ASSERT_TRUE(reading) << reading.error().message;
  ASSERT_EQ(reading->history.orders.size(), 2U);
  EXPECT_EQ(reading->history.orders[0].weight, 3);
  EXPECT_EQ(reading->history.orders[1].weight, 1);
  EXPECT_EQ(rows_of(*reading, "delivered by its status, without a date"), 1U);
  EXPECT_EQ(rows_of(*reading, "a delivery date, but not delivered by its status"), 1U);
}

TEST_F(History, KnowsAMonthThatWasCutShort) {
  const auto reading = read(std::string(good) + "b,2017-12-11,,2017-12-20,,,SP,s1\n");
  ASSERT_TRUE(reading) << reading.error().message;
  ASSERT_TRUE(reading->unfinished_month);
  EXPECT_EQ(*reading->unfinished_month, unix_day(2017, 12, 1));
}

TEST_F(History, ReadsTheOtherFormsOfDates) {
  HistoryMap with = map();
  with.dates = {DateForm::day_month};
  const auto days = read("a,2-Jun-06,,12-Jul-2006,,30-Jun-06,SP,s\n", with);
  ASSERT_TRUE(days) << days.error().message;
  EXPECT_EQ(days->history.orders[0].placed, unix_day(2006, 6, 2));
  EXPECT_EQ(days->history.orders[0].promised, unix_day(2006, 7, 12));
  with.dates = {DateForm::iso, DateForm::month_day};
  const auto months = read("a,9/8/2017 3:25,,10/1/17,,,SP,s\n", with);
  ASSERT_TRUE(months) << months.error().message;
  EXPECT_EQ(months->history.orders[0].placed, unix_day(2017, 9, 8));
  EXPECT_EQ(months->history.orders[0].hour, 3);
}

TEST_F(History, FilesThatCannotBeUsedSayWhere) {
  const auto missing_column =
      read_history(write("orders.csv", "id,orderd,paid,promised,handed,came,state,seller\n"), map());
  ASSERT_FALSE(missing_column);
  EXPECT_EQ(missing_column.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(missing_column.error().message,
              HasSubstr((folder_ / "orders.csv").string() +
                        ":1: ordered: the header has no such column; did you mean 'orderd'"));
  const auto zones = read("a,2017-11-01T10:00:00+01:00,,2017-11-20,,,SP,s1\n");
  ASSERT_FALSE(zones);
  EXPECT_THAT(zones.error().message, HasSubstr("no row can be used; most often: another time zone: ordered, first in "
                                               "line 2"));
  const auto empty = read("");
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message, HasSubstr("it holds a header and nothing else"));
  const auto nothing = read_history(write("orders.csv", ""), map());
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message, HasSubstr("orders.csv:1: the file holds no table"));
  const auto twice = read_history(write("orders.csv", "id,id\n1,2\n"), map());
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message, HasSubstr("id: two columns have this name"));
  EXPECT_FALSE(read_history(folder_ / "none.csv", map()));
}

TEST_F(History, OrdersToPredictBringNoOutcomes) {
  const auto known = read(good);
  ASSERT_TRUE(known);
  const auto asked =
      read_orders(write("new.csv", std::string(header) + "z,2018-01-02,,2018-01-20,2018-01-03,2018-01-09,SP,new\n"),
                  map(), known->history);
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_FALSE(asked->history.orders[0].delivered);
  EXPECT_FALSE(asked->history.orders[0].handed);
  EXPECT_EQ(asked->history.orders[0].to, known->history.orders[0].to);
  EXPECT_EQ(asked->history.orders[0].seller, 0U) << "a seller the history does not know";
}

TEST_F(History, MapsOfTheLibraryAreRead) {
  const auto olist = load_history_map("olist");
  ASSERT_TRUE(olist) << olist.error().message;
  EXPECT_EQ(olist->delivered_weight, 3.45);
  EXPECT_EQ(olist->placed.size(), 2U);
  const auto scms = load_history_map("scms");
  ASSERT_TRUE(scms) << scms.error().message;
  EXPECT_EQ(scms->dates.size(), 2U);
  const auto strike = load_shock("brazil-strike-2018");
  ASSERT_TRUE(strike) << strike.error().message;
  EXPECT_EQ(strike->measured, unix_day(2018, 5, 25));
  const auto unknown = load_history_map("olst");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("ready maps: olist, scms"));
}

TEST_F(History, MapsThatAreWrongNameFileLineAndField) {
  const auto misspelt = load_history_map(write("m.toml", "[columns]\nordr = \"id\"\n").string());
  ASSERT_FALSE(misspelt);
  EXPECT_THAT(misspelt.error().message,
              HasSubstr((folder_ / "m.toml").string() +
                        ":2: columns.ordr: there is no such field; did you mean 'columns.order'"));
  const auto number = load_history_map(write("m.toml", "[columns]\norder = 3\n").string());
  ASSERT_FALSE(number);
  EXPECT_THAT(number.error().message, HasSubstr("m.toml:2: columns.order: not a text; write it in quotes"));
  const auto broken = load_history_map(write("m.toml", "[columns\n").string());
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("m.toml:1: "));
  const auto backwards = load_shock(write("s.toml",
                                          "[shock]\nsource=\"x\"\nfirst=2018-05-21\nlast=2018-05-20\n"
                                          "measured=2018-05-21\nmeasured_loss=0.4\nundelivered=1\npieces_a_day=1\n"
                                          "days_to_normal=15\n"));
  ASSERT_FALSE(backwards);
  EXPECT_THAT(backwards.error().message, HasSubstr("shock.last: not within a year from shock.first on"));
}

// Goal: the course of a strike obeys its published facts.
TEST_F(History, AShockLosesAndClearsWhatItsFactsSay) {
  const auto facts = load_shock("brazil-strike-2018");
  ASSERT_TRUE(facts);
  const ShockCourse course = course_of(*facts, {unix_day(2018, 5, 31)}, 9);
  const auto on = [&](int month, int day) {
    return static_cast<std::size_t>(unix_day(2018, static_cast<unsigned>(month), static_cast<unsigned>(day)) -
                                    course.shock.first);
  };
  EXPECT_NEAR(course.deliveries[on(5, 25)], 0.6, 1e-12);
  EXPECT_NEAR(course.backlog[on(5, 30)], 85.0 / 25, 1e-9);
  EXPECT_NEAR(course.backlog.back(), 0, 1e-9);
  EXPECT_EQ(course.shock.first + static_cast<CalendarDay>(course.backlog.size()), unix_day(2018, 6, 15));
  for (const double factor : course.shock.factor) {
    EXPECT_GT(factor, 0);
    EXPECT_LE(factor, 1.34);  // 134 % of a normal day's deliveries while the backlog is cleared.
  }
}

TEST_F(History, ExtendedPromisesAreAMarginAndOthersAreNot) {
  const auto facts = load_shock("brazil-strike-2018");
  ASSERT_TRUE(facts);
  std::vector<PastOrder> orders;
  for (CalendarDay day = facts->first - 40; day < facts->last + 80; ++day) {
    PastOrder order;
    order.placed = day;
    order.promised = day + (day >= facts->first + 5 && day <= facts->last + 5 ? 30 : 20);
    orders.push_back(order);
  }
  set_aside_extensions(*facts, orders);
  for (const PastOrder& order : orders) {
    if (order.placed < facts->first + 4 || order.placed > facts->last + 6) {
      EXPECT_EQ(order.telling_share, 1);
    }
    if (order.placed >= facts->first + 6 && order.placed <= facts->last + 4) {
      EXPECT_NEAR(order.lead() * order.telling_share, 20, 1e-9);
    }
  }
}

}  // namespace
}  // namespace peakstorm
