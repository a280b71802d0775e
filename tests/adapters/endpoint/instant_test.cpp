#include "adapters/endpoint/instant.hpp"

#include <gtest/gtest.h>

namespace peakstorm::endpoint {
namespace {

std::string text(std::int64_t unix_ms) {
  std::string out;
  append_instant(unix_ms, out);
  return out;
}

TEST(ParseInstant, ReadsRfc3339) {
  struct Case {
    const char* text;
    std::int64_t unix_ms;
    int offset;
  };
  for (const Case& one : {Case{"1970-01-01T00:00:00Z", 0, 0},
                          {"2013-12-24T18:03:00Z", 1387908180000, 0},
                          {"2013-12-24t12:03:00.5-06:00", 1387908180500, -360},
                          {"2013-12-24 23:33:00.123456789+05:30", 1387908180123, 330},
                          {"2013-12-24T18:02:60Z", 1387908180000, 0},
                          {"1969-12-31T23:59:59.999Z", -1, 0},
                          {"2016-02-29T00:00:00Z", 1456704000000, 0},
                          // The two readings of a fold are an hour apart.
                          {"2013-11-03T01:30:00-04:00", 1383456600000, -240},
                          {"2013-11-03T01:30:00-05:00", 1383460200000, -300}}) {
    SCOPED_TRACE(one.text);
    const auto instant = parse_instant(one.text);
    ASSERT_TRUE(instant);
    EXPECT_EQ(instant->unix_ms, one.unix_ms);
    EXPECT_EQ(instant->offset_minutes, one.offset);
  }
}

TEST(ParseInstant, RefusesWhatNamesNoInstant) {
  for (const char* bad : {"",
                          "2013-12-24",
                          "2013-12-24T18:03:00",
                          "2013-12-24T18:03:00.Z",
                          "2013-12-24T18:03Z",
                          "2013-13-24T18:03:00Z",
                          "2013-02-29T18:03:00Z",
                          "2013-12-24T24:00:00Z",
                          "2013-12-24T18:60:00Z",
                          "2013-12-24T18:03:61Z",
                          "2013-12-24T18:03:00-0600",
                          "2013-12-24T18:03:00-06",
                          "2013-12-24T18:03:00Z ",
                          " 2013-12-24T18:03:00Z",
                          "2013-12-24T18:03:00+24:00",
                          "0000-12-24T18:03:00Z",
                          "20131224T180300Z",
                          "2013-12-24T18:03:00.5",
                          "2013-12-24T1a:03:00Z",
                          "tomorrow"}) {
    EXPECT_FALSE(parse_instant(bad)) << bad;
  }
}

TEST(AppendInstant, IsReadBack) {
  EXPECT_EQ(text(1387908180500), "2013-12-24T18:03:00.500Z");
  for (const std::int64_t unix_ms :
       {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1387908180500}, std::int64_t{951782399999}}) {
    const auto back = parse_instant(text(unix_ms));
    ASSERT_TRUE(back) << text(unix_ms);
    EXPECT_EQ(back->unix_ms, unix_ms);
  }
}

TEST(ParseDate, TakesTheDateAsWritten) {
  EXPECT_EQ(parse_date("1970-01-02"), 1);
  EXPECT_EQ(parse_date("2013-12-24T23:00:00-06:00"), parse_date("2013-12-24"));
  for (const char* bad : {"", "2013-12", "2013-02-29", "2013-12-24x", "24.12.2013"})
    EXPECT_FALSE(parse_date(bad)) << bad;
}

TEST(ParseTimeOfDay, ReadsHoursAndMinutes) {
  EXPECT_EQ(parse_time_of_day("08:30"), 510);
  EXPECT_EQ(parse_time_of_day("24:00"), 1440);
  for (const char* bad : {"", "8:30", "24:01", "12:60", "08:30:00"}) EXPECT_FALSE(parse_time_of_day(bad)) << bad;
}

}  // namespace
}  // namespace peakstorm::endpoint
