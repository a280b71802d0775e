// The parsers of single fields, as tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "engine/geo.hpp"
#include "scenarios/text/csv.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/hash.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/utf8.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm::scenarios {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
struct Case {
  std::string_view text;
  std::optional<T> value;  ///< Nothing: a complaint, which holds the words below.
  std::string_view words;
};

template <class T, class Parser>
void check(const std::vector<Case<T>>& cases, const Parser& parser) {
  for (const Case<T>& c : cases) {
    SCOPED_TRACE(std::string("text: '") + std::string(c.text) + "'");
    const auto value = parser(c.text);
    ASSERT_EQ(value.has_value(), c.value.has_value()) << (value ? "" : value.error().message);
    if (value) {
      EXPECT_EQ(static_cast<T>(*value), *c.value);
    } else {
      EXPECT_THAT(value.error().message + "; " + value.error().cure, HasSubstr(std::string(c.words)));
      EXPECT_FALSE(value.error().cure.empty());
    }
  }
}

TEST(Field, Shares) {
  check<Ppm>({{"0", 0, ""},
              {"1", 1'000'000, ""},
              {"0.25", 250'000, ""},
              {"0.29", 290'000, ""},
              {"0.000001", 1, ""},
              {"0.999999", 999'999, ""},
              {"1.000000", 1'000'000, ""},
              {"1.000001", {}, "above 1"},
              {"0.0000001", {}, "six decimals"},
              {"-0.1", {}, "negative"},
              {"25%", {}, "0.25 for 25 %"},
              {".5", {}, "not a number"},
              {"5.", {}, "not a number"},
              {"1e-3", {}, "not a number"},
              {"nan", {}, "not a number"},
              {"99999999999999999999", {}, "too large"},
              {"", {}, "not a number"}},
             parse_share);
}

TEST(Field, Factors) {
  check<Ppm>({{"1.37", 1'370'000, ""},
              {"0", 0, ""},
              {"1000", 1'000'000'000, ""},
              {"1000.000001", {}, "too large"},
              {"4294967296", {}, "too large"},
              {"-2", {}, "negative"},
              {"1,5", {}, "not a number"}},
             parse_factor);
  check<Ppm>({{"0.000001", 1, ""}, {"0", {}, "factor is 0"}, {"0.0", {}, "factor is 0"}}, parse_positive_factor);
}

TEST(Field, Counts) {
  check<std::uint64_t>({{"1", 1, ""},
                        {"500", 500, ""},
                        {"0", {}, "too small"},
                        {"501", {}, "too large"},
                        {"-7", {}, "negative"},
                        {"7.0", {}, "not a whole number"},
                        {"+7", {}, "not a whole number"},
                        {"18446744073709551617", {}, "too large"},
                        {"", {}, "not a whole number"}},
                       [](std::string_view t) { return parse_count(t, 1, 500); });
}

TEST(Field, Decimals) {
  check<double>({{"-97.25", -97.25, ""},
                 {"0", 0, ""},
                 {"180", 180, ""},
                 {"180.1", {}, "out of range"},
                 {"nan", {}, "not a number"},
                 {"inf", {}, "not a number"},
                 {"1e1", {}, "not a number"},
                 {"--1", {}, "not a number"},
                 {"-", {}, "not a number"},
                 {"12 ", {}, "not a number"}},
                [](std::string_view t) { return parse_decimal(t, -180, 180); });
}

TEST(Field, Dates) {
  check<UnixDay>({{"1970-01-01", 0, ""},
                  {"2013-11-25", 16'034, ""},
                  {"2012-02-29", 15'399, ""},
                  {"2013-02-29", {}, "no day of the calendar"},
                  {"2100-02-29", {}, "no day of the calendar"},
                  {"2013-13-01", {}, "no day of the calendar"},
                  {"2013-00-10", {}, "no day of the calendar"},
                  {"2013-1-05", {}, "not a date"},
                  {"24.12.2013", {}, "2013-12-24"},
                  {"1969-12-31", {}, "out of range"},
                  {"2200-01-01", {}, "out of range"}},
                 parse_date);
  EXPECT_EQ(date_text(16'034), "2013-11-25");
  EXPECT_EQ(date_text(0), "1970-01-01");
}

TEST(Field, Times) {
  check<SimDuration>({{"00:00", minutes(0), ""},
                      {"17:30", minutes(1'050), ""},
                      {"24:00", hours(24), ""},
                      {"24:01", {}, "no time of day"},
                      {"12:60", {}, "no time of day"},
                      {"8:30", {}, "two digits"},
                      {"0830", {}, "not a time"},
                      {"5pm", {}, "not a time"}},
                     parse_time);
  EXPECT_EQ(time_text(minutes(65)), "01:05");
}

TEST(Field, Durations) {
  check<SimDuration>({{"90m", minutes(90), ""},
                      {"2h30m", minutes(150), ""},
                      {"3d", days(3), ""},
                      {"1d1h1m1s", SimDuration{90'061'000}, ""},
                      {"0m", minutes(0), ""},
                      {"90", {}, "has no unit"},
                      {"-1h", {}, "negative"},
                      {"30m2h", {}, "not a length"},
                      {"1h1h", {}, "not a length"},
                      {"1.5h", {}, "not a length"},
                      {"h", {}, "not a length"},
                      {"", {}, "empty"},
                      {"3650d", days(3650), ""},
                      {"3650d1s", {}, "too long"},
                      {"99999999999d", {}, "not a length"}},
                     parse_duration);
  check<SimDuration>({{"1s", SimDuration{1'000}, ""}, {"0h", {}, "zero"}}, parse_positive_duration);
}

TEST(Field, Money) {
  check<Cents>({{"7.95", 795, ""},
                {"7.9", 790, ""},
                {"0", 0, ""},
                {"1000000", 100'000'000, ""},
                {"1000000.01", {}, "too large"},
                {"7.955", {}, "two decimals"},
                {"-1", {}, "negative"},
                {"$5", {}, "no amount"}},
               parse_money);
}

TEST(Field, Weekdays) {
  check<int>({{"daily", 0x7f, ""},
              {"Mon-Fri", 0x1f, ""},
              {"Mon-Sat", 0x3f, ""},
              {"Tue+Thu+Sat", 0x2a, ""},
              {"Sun", 0x40, ""},
              {"Sat-Mon", 0x61, ""},
              {"Mon-Wed + Sun", 0x47, ""},
              {"Mon-Wed+Tue", {}, "twice"},
              {"Mo-Fr", {}, "no weekdays"},
              {"Mon-", {}, "no weekdays"},
              {"", {}, "no weekdays"}},
             parse_weekdays);
}

TEST(Field, Names) {
  check<std::string>({{"ups-louisville", "ups-louisville", ""},
                      {"A.b_9", "A.b_9", ""},
                      {"", {}, "empty"},
                      {"two words", {}, "not a name"},
                      {"a/b", {}, "not a name"},
                      {"..", {}, "not a name"},
                      {"\xc3\xa9", {}, "not a name"}},
                     parse_name);
}

TEST(Field, YesNo) {
  check<bool>({{"yes", true, ""}, {"false", false, ""}, {"Yes", {}, "yes or no"}, {"1", {}, "yes or no"}},
              parse_yes_no);
}

TEST(Field, MillionthsOfATomlNumberAreExact) {
  // Goal: no share or amount that can be written is off by one through its double. Method: every millionth of a
  // unit, and every cent of a hundred dollars, as a double made the way a parser makes it.
  for (Ppm ppm = 0; ppm <= ppm_one; ++ppm) {
    ASSERT_EQ(ppm_of(static_cast<double>(ppm) / 1e6, 1).value(), ppm);
  }
  for (Cents cents = 0; cents <= 10'000; ++cents) {
    ASSERT_EQ(cents_of(static_cast<double>(cents) / 100).value(), cents);
  }
  EXPECT_EQ(ppm_of(999.999999, 1'000).value(), 999'999'999U);
  EXPECT_FALSE(ppm_of(0.1234567, 1));
  EXPECT_FALSE(ppm_of(1.000001, 1));
  EXPECT_FALSE(ppm_of(-0.1, 1));
  EXPECT_FALSE(ppm_of(std::numeric_limits<double>::quiet_NaN(), 1));
  EXPECT_FALSE(ppm_of(std::numeric_limits<double>::infinity(), 1));
  EXPECT_FALSE(cents_of(1e18));
  EXPECT_FALSE(cents_of(0.001));
}

TEST(Field, QuotedTextStaysShortAndPrintable) {
  EXPECT_EQ(in_quotes("a\nb\x1b"), "'a?b?'");
  EXPECT_EQ(in_quotes("\xff"
                      "a\xc3"),
            "'?a?'");
  EXPECT_EQ(in_quotes("Z\xc3\xbcrich"), "'Zürich'");
  EXPECT_LT(in_quotes(std::string(10'000, 'x')).size(), 60U);
  // Forty bytes would cut the last of these two-byte letters in half.
  std::string letters = "x";
  for (int i = 0; i < 40; ++i) letters += "\xc3\xa9";
  EXPECT_TRUE(is_utf8(in_quotes(letters)));
}

TEST(Csv, CountsLinesThroughCommentsBlankLinesAndQuotedLineBreaks) {
  const CsvText csv = read_csv("\xef\xbb\xbf# comment\r\na,b\r\n\r\n1,\"x\ny\"\n2,\" z \"\"q\"\"\"\n");
  EXPECT_THAT(csv.faults, IsEmpty());
  ASSERT_EQ(csv.rows.size(), 3U);
  EXPECT_EQ(csv.rows[0][0].line, 2);
  EXPECT_EQ(csv.rows[1][1].text, "x\ny");
  EXPECT_EQ(csv.rows[1][1].line, 4);
  EXPECT_EQ(csv.rows[2][0].line, 6);
  EXPECT_EQ(csv.rows[2][1].text, " z \"q\"");
}

TEST(Csv, AcceptsEveryLineEndAndAFileWithoutALastOne) {
  for (const char* text : {"a,b\n1,2\n", "a,b\r\n1,2", "a,b\r1,2\r", "a , b \n\t1,2"}) {
    const CsvText csv = read_csv(text);
    ASSERT_EQ(csv.rows.size(), 2U) << text;
    EXPECT_EQ(csv.rows[0][1].text, "b");
    EXPECT_EQ(csv.rows[1][0].text, "1");
    EXPECT_EQ(csv.rows[1][1].text, "2");
  }
}

TEST(Csv, AQuotedEmptyCellIsARowAndAnEmptyLineIsNot) {
  EXPECT_EQ(read_csv("a\n\"\"\n\n").rows.size(), 2U);
}

TEST(Csv, NamesTheLineOfEachFault) {
  struct Broken {
    std::string text;
    int line;
    const char* message;
  };
  const std::vector<Broken> cases{
      {"a\n1\n\"open\nand on\n", 3, "never closed"},
      {"a\nx\"y\n", 2, "quote inside"},
      {"a\n\"x\"y\n", 2, "after the closing quote"},
      {std::string("a\nx\0y\n", 6), 2, "control character"},
      {"a\n\xff\n", 2, "not UTF-8"},
      {"a\n\xc0\xaf\n", 2, "not UTF-8"},
      {"a\n\n" + std::string(csv_cell_max + 1, 'x') + "\n", 3, "65537 bytes"},
  };
  for (const Broken& broken : cases) {
    const CsvText csv = read_csv(broken.text);
    ASSERT_EQ(csv.faults.size(), 1U) << broken.message;
    EXPECT_EQ(csv.faults[0].line, broken.line) << broken.message;
    EXPECT_THAT(csv.faults[0].message, HasSubstr(broken.message));
  }
}

TEST(Csv, GoesOnAfterAFault) {
  const CsvText csv = read_csv("a\nx\"y\nfine\n\xff\nalso\n");
  EXPECT_EQ(csv.faults.size(), 2U);
  ASSERT_EQ(csv.rows.size(), 3U);
  EXPECT_EQ(csv.rows[2][0].text, "also");
  EXPECT_EQ(csv.rows[2][0].line, 5);
}

TEST(Utf8, FollowsRfc3629) {
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa6"));
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Instant, IsReadInItsZone) {
  check<std::int64_t>({{"1970-01-01 00:00 UTC", 0, ""},
                       {"2013-12-05 12:00 America/Chicago", 1'386'266'400, ""},
                       {"2013-12-05 12:00:07 America/Chicago", 1'386'266'407, ""},
                       {"2013-12-05 24:00 UTC", 1'386'288'000, ""},
                       {"2014-07-01 12:00 America/New_York", 1'404'230'400, ""},
                       // Clocks go forward at 02:00 on 9 March 2014 and back at 02:00 on 2 November.
                       {"2014-03-09 01:59 America/New_York", 1'394'348'340, ""},
                       {"2014-03-09 02:30 America/New_York", {}, "does not exist"},
                       {"2014-03-09 03:00 America/New_York", 1'394'348'400, ""},
                       {"2014-11-02 01:30 America/New_York", {}, "UTC"},
                       {"2014-11-02 01:30 America/Phoenix", 1'414'917'000, ""},
                       {"2014-11-02 02:00 America/New_York", 1'414'911'600, ""},
                       {"2013-12-05 12:00", {}, "no time zone"},
                       {"2013-12-05 12:00 America/Chicagoo", {}, "America/Chicago"},
                       {"2013-12-05 12:00 ../../etc/passwd", {}, "unknown time zone"},
                       {"2013-12-05T12:00Z", {}, "not an instant"},
                       {"2013-12-05 25:00 UTC", {}, "no time of day"},
                       {"2013-12-05 12:00:60 UTC", {}, "no time of day"}},
                      parse_instant);
}

TEST(ZoneTable, HoldsTheChangesOfTheHorizonAndNoOthers) {
  const UnixDay first = parse_date("2014-02-01").value();
  const TimeZone zone = zone_table("America/New_York", first, first - 60, first + 120);
  ASSERT_EQ(zone.spans.size(), 2U);
  EXPECT_EQ(zone.spans[0].from, SimTime::min());
  EXPECT_EQ(zone.spans[0].offset, -hours(5));
  EXPECT_EQ(zone.spans[1].from, day_zero + days(36) + hours(7));
  EXPECT_EQ(zone.spans[1].offset, -hours(4));
  EXPECT_EQ(zone_table("America/Phoenix", first, first - 60, first + 300).spans.size(), 1U);
}

TEST(LocalMidnight, FallsOnTheGapsEndWhereThereIsNoMidnight) {
  // Brazil put its clocks forward at midnight: 3 Nov 2018 was followed by 01:00 on the 4th, 03:00 UTC.
  EXPECT_EQ(local_midnight("America/Sao_Paulo", parse_date("2018-11-04").value()), 1'541'300'400);
  EXPECT_EQ(local_midnight("America/New_York", parse_date("2013-12-02").value()), 1'385'960'400);
}

TEST(NearNames, AreThoseWithFewEdits) {
  EXPECT_EQ(edit_distance("lanes", "lanse", 3), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 5), 3U);
  EXPECT_EQ(edit_distance("abc", "xyz", 1), 2U);
  EXPECT_EQ(edit_distance("", "ab", 5), 2U);
  EXPECT_THAT(near_names("chicago-hbu", {"atlanta-hub", "chicago-hub", "chicago-depot"}), ElementsAre("chicago-hub"));
  EXPECT_EQ(did_you_mean("zzz", {"alpha"}, "look it up"), "look it up");
  EXPECT_EQ(did_you_mean("ab", {"aa", "bb"}, ""), "did you mean 'aa' or 'bb'?");
}

TEST(GreatCircle, MatchesPublishedDistances) {
  // JFK to Heathrow, 5541 km on the sphere (airport codes' published positions).
  EXPECT_NEAR(great_circle_km({40.6398, -73.7789}, {51.4706, -0.4619}), 5541, 5);
  EXPECT_NEAR(great_circle_km({0, 0}, {0, 180}), 20'015.1, 0.1);
  EXPECT_EQ(great_circle_km({12.5, 7}, {12.5, 7}), 0);
}

TEST(Hash, IsTheCanonicalXxh3) {
  // The published value of XXH3_128bits for the empty text with seed 0.
  EXPECT_EQ(xxh128_hex(""), "99aa06d3014798d86001c324468d497f");
}

}  // namespace
}  // namespace peakstorm::scenarios
