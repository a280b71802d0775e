// Goal: what leaves when is arithmetic: rates that change are followed to the item, and written rates mean what they
// say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "adapters/replay/pacer.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

RateProfile rates(std::string_view text) {
  auto profile = RateProfile::parse(text);
  EXPECT_TRUE(profile) << profile.error().message;
  return profile ? *profile : RateProfile::constant(1);
}

TEST(RateProfile, IsReadAndWritten) {
  for (const char* text : {"500", "0.25", "200:10s,400:10s,800", "100-2000:60s", "100-2000:60s,2000:5s,1"}) {
    EXPECT_EQ(rates(text).text(), text);
    EXPECT_EQ(rates(rates(text).text()), rates(text));
  }
  EXPECT_EQ(rates("5:3"), rates("5:3s"));
  EXPECT_EQ(rates("100-2000:60s,50").highest(), 2000);
  EXPECT_EQ(rates("500"), RateProfile::constant(500));
}

TEST(RateProfile, WhatIsNoRateIsRefusedWithTheCure) {
  struct Case {
    const char* text;
    const char* what;
  };
  for (const Case& c : {Case{"", "a rate is a number"},
                        {"0", "above 0"},
                        {"-5", "a rate is a number"},
                        {"1e7", "at most"},
                        {"fast", "a rate is a number"},
                        {"nan", "a rate is a number"},
                        {"inf", "at most"},
                        {"5,6", "only the last piece"},
                        {"5:10s,", "a rate is a number"},
                        {"5:", "a length"},
                        {"5:0s", "a length"},
                        {"5:1m", "a length"},
                        {"5-6", "a ramp needs a length"},
                        {"5-:3s", "after '-'"},
                        {"5-6-7:3s", "after '-'"},
                        {"5 :3s", "a rate is a number"}}) {
    const auto profile = RateProfile::parse(c.text);
    ASSERT_FALSE(profile) << c.text;
    EXPECT_EQ(profile.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(profile.error().message, HasSubstr(c.what)) << c.text;
    EXPECT_THAT(profile.error().message, HasSubstr("for instance"));
  }
}

TEST(RateProfile, StepsAreHeldAndTheLastRateStays) {
  const RateProfile steps = rates("10:2s,20:1s,5");
  EXPECT_EQ(steps.seconds_until(0), 0);
  EXPECT_EQ(steps.seconds_until(19), 1.9);
  EXPECT_EQ(steps.seconds_until(20), 2);
  EXPECT_EQ(steps.seconds_until(30), 2.5);
  EXPECT_EQ(steps.seconds_until(40), 3);
  EXPECT_EQ(steps.seconds_until(41), 3.2);
  EXPECT_EQ(rates("10:2s").seconds_until(100), 10);
}

// Method: the integral of the rate up to the instant of item n is n.
TEST(RateProfile, RampsReachEachItemWhenTheIntegralOfTheRateDoes) {
  struct Case {
    const char* text;
    double (*sent)(double);
  };
  for (const Case& c :
       {Case{"100-2000:60s",
             [](double t) { return t <= 60 ? 100 * t + 1900 * t * t / 120 : 63'000 + 2000 * (t - 60); }},
        {"2000-1:10s", [](double t) { return t <= 10 ? 2000 * t - 1999 * t * t / 20 : 10'005 + (t - 10); }}}) {
    const RateProfile ramp = rates(c.text);
    double before = -1;
    for (double n = 0; n < 100'000; n += 7) {
      const double t = ramp.seconds_until(n);
      EXPECT_GT(t, before);
      EXPECT_NEAR(c.sent(t), n, 1e-6 * std::max(1.0, n)) << c.text;
      before = t;
    }
  }
}

TEST(Pacer, FollowsARamp) {
  const Pacer pacer = Pacer::by_rates(rates("100-300:2s"));
  EXPECT_EQ(pacer.intended(day_zero, 0), 0ns);
  EXPECT_EQ(pacer.intended(never, 400), 2s);
  EXPECT_EQ(pacer.intended(never, 700), 3s);
}

}  // namespace
}  // namespace peakstorm
