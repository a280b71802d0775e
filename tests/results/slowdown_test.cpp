// Goal: a comparison of noisy figures cries wolf no more often than it says, finds what it says it would find, and a
// history names the run where a level shifted.
// Method: tables by hand for the arithmetic; for the rates thousands of made-up comparisons of fixed seed, with the
// noise that machines have: skewed, with outliers, drifting, in coarse steps.
#include "results/slowdown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "engine/random.hpp"
#include "results/level_shift.hpp"

namespace peakstorm {
namespace {

using ::testing::DoubleNear;
using ::testing::SizeIs;

TEST(SignedRank, HasTheSharesOfAllSigns) {
  // Five positive values: one of 32 ways.
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{1, 2, 3, 4, 5}), 1.0 / 32);
  // Sum 14 of 15: that one, and the one in which only the smallest is negative.
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{-1, 2, 3, 4, 5}), 2.0 / 32);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{-1, -2, -3, -4, -5}), 1);
  // Published: n = 10, W = 45, P = 0.0420 (Hollander & Wolfe, table A.4: 44 has 0.053, 45 has 0.042).
  EXPECT_NEAR(signed_rank_p(std::vector<double>{1, 2, 3, -4, 5, -6, 7, 8, 9, 10}), 0.0420, 0.0005);
  // Ties: |1|, |1|, |2| have ranks 1.5, 1.5, 3; W = 4.5, reached by two of eight ways, and 6 by one.
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{1, -1, 2}), 3.0 / 8);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{0, 0, 0}), 1);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector<double>{}), 1);
}

TEST(MedianShift, HasTheIntervalOfTheTest) {
  EXPECT_FALSE(median_shift(std::vector<double>{1, 2, 3, 4, 5}));
  // Six values: the extremes reach 1 - 2 / 64.
  const auto six = median_shift(std::vector<double>{1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(six);
  EXPECT_DOUBLE_EQ(six->mean, 3.5);
  EXPECT_DOUBLE_EQ(six->low, 1);
  EXPECT_DOUBLE_EQ(six->high, 6);
  EXPECT_DOUBLE_EQ(six->level, 1 - 2.0 / 64);
  // Ten values at 95 %: nine pair means fall out on either side, 95.12 % (Hollander & Wolfe, table A.4: W = 47 has
  // 0.024).
  std::vector<double> ten;
  for (int i = 1; i <= 10; ++i) ten.push_back(std::pow(1.7, i));
  const auto interval = median_shift(ten);
  ASSERT_TRUE(interval);
  EXPECT_THAT(interval->level, DoubleNear(0.9512, 0.001));
  // The two sides of one coin: the test rejects a shift just outside, and not one just inside.
  const auto p = [&](double shift) {
    std::vector<double> moved;
    for (const double value : ten) moved.push_back(value - shift);
    return signed_rank_p(moved);
  };
  EXPECT_LE(p(interval->low - 1e-9), 0.025);
  EXPECT_GT(p(interval->low + 1e-9), 0.024);
}

/// Uniform in (0, 1) by comparison, pair and purpose.
double uniform(std::uint64_t world, std::uint64_t pair, std::uint32_t what) {
  return Draws({77, 0}, Purpose::test, hash64(world, pair), what).unit(0);
}
double normal(std::uint64_t world, std::uint64_t pair, std::uint32_t what) {
  return std::sqrt(-2 * std::log(uniform(world, pair, what))) *
         std::cos(2 * std::numbers::pi * uniform(world, pair, what + 1000));
}

/// One run's figure on an idle machine would be 100.
using Noise = std::function<double(std::uint64_t world, std::uint64_t pair, std::uint32_t run)>;

double skewed(std::uint64_t world, std::uint64_t pair, std::uint32_t run) {
  return 100 * std::exp(0.05 * normal(world, pair, run));
}
/// One run in ten is disturbed and takes up to three times as long.
double outlying(std::uint64_t world, std::uint64_t pair, std::uint32_t run) {
  const double hit = uniform(world, pair, run + 20) < 0.1 ? 1 + 2 * uniform(world, pair, run + 30) : 1;
  return skewed(world, pair, run) * hit;
}
/// The machine becomes slower all the while; runs of a pair are half a step apart, whichever comes first.
double drifting(std::uint64_t world, std::uint64_t pair, std::uint32_t run) {
  const bool second = (pair + run) % 2 == 1;
  return skewed(world, pair, run) * (1 + 0.03 * (static_cast<double>(pair) + (second ? 0.5 : 0)));
}
/// A clock of coarse steps: many pairs are equal.
double coarse(std::uint64_t world, std::uint64_t pair, std::uint32_t run) {
  return std::round(skewed(world, pair, run) / 5) * 5;
}

SlowdownTest compare(const Noise& noise, std::uint64_t world, double slower, const SlowdownPlan& plan,
                     std::size_t figures = 1) {
  std::vector<ComparedFigure> names(figures);
  SlowdownTest test(names, plan);
  while (test.wanted() > 0) {
    std::vector<double> baseline;
    std::vector<double> candidate;
    for (std::size_t f = 0; f < figures; ++f) {
      const std::uint64_t figure_world = world * 16 + f;
      baseline.push_back(noise(figure_world, test.pairs(), 0));
      candidate.push_back(noise(figure_world, test.pairs(), 1) * slower);
    }
    test.add(baseline, candidate);
  }
  return test;
}

/// Share of comparisons with any figure found worse.
int alarms(const Noise& noise, double slower, const SlowdownPlan& plan, std::size_t figures, int comparisons) {
  int found = 0;
  for (int c = 0; c < comparisons; ++c) {
    bool any = false;
    for (const auto& result : compare(noise, static_cast<std::uint64_t>(c), slower, plan, figures).results()) {
      any = any || result.verdict == SlowdownVerdict::worse;
    }
    found += any ? 1 : 0;
  }
  return found;
}

// No floor, so that nothing but the test itself holds the rate.
TEST(Slowdown, FalseAlarmsAreNoMoreThanStatedOverAThousandComparisonsOfEquals) {
  for (const double level : {0.01, 0.05}) {
    const SlowdownPlan plan{.level = level, .floor = 0, .pairs = 10, .confirmations = 10};
    for (const std::size_t figures : {std::size_t{1}, std::size_t{3}}) {
      for (const auto& [name, noise] : {std::pair<const char*, Noise>{"skewed", skewed},
                                        {"outlying", outlying},
                                        {"drifting", drifting},
                                        {"coarse", coarse}}) {
        const int found = alarms(noise, 1, plan, figures, 1'000);
        EXPECT_LE(found, 1'000 * level) << name << ", " << figures << " figures";
        RecordProperty(std::string(name) + std::to_string(figures) + "_" + std::to_string(level), found);
      }
    }
  }
}

TEST(Slowdown, TheFloorIsNoiseByDefinition) {
  const SlowdownPlan plan{.level = 0.01, .floor = 0.02, .pairs = 10, .confirmations = 10};
  EXPECT_LE(alarms(skewed, 1.02, plan, 1, 1'000), 10);
}

TEST(Slowdown, ATenthSlowerIsFound) {
  const SlowdownPlan plan{.level = 0.01, .floor = 0.02, .pairs = 10, .confirmations = 10};
  EXPECT_GE(alarms(skewed, 1.1, plan, 1, 1'000), 850);
  EXPECT_GE(alarms(drifting, 1.1, plan, 1, 1'000), 850);
  const SlowdownPlan longer{.level = 0.01, .floor = 0.02, .pairs = 20, .confirmations = 20};
  EXPECT_GE(alarms(skewed, 1.1, longer, 1, 1'000), 980);
  // Disturbed runs cost power, not correctness.
  EXPECT_GE(alarms(outlying, 1.1, plan, 1, 1'000), 350);
}

// What is stated as detectable is detected nine times in ten, give or take what its own estimate is worth.
TEST(Slowdown, FindsWhatItSaysItWouldFind) {
  const SlowdownPlan plan{.level = 0.01, .floor = 0.02, .pairs = 10, .confirmations = 10};
  std::vector<double> stated;
  for (std::uint64_t world = 0; world < 40; ++world) {
    const auto detectable = compare(skewed, 5'000 + world, 1, plan).detectable(0);
    ASSERT_TRUE(detectable);
    stated.push_back(*detectable);
  }
  const double typical = sample_quantile(stated, 0.5);
  EXPECT_GT(typical, 0.02);
  const int found = alarms(skewed, 1 + typical, plan, 1, 1'000);
  EXPECT_GE(found, 750);
  EXPECT_LE(found, 990);
}

TEST(Slowdown, TellsWorseFromBetterByTheFiguresDirection) {
  SlowdownTest test({{"p99", false}, {"throughput", true}}, {});
  while (test.wanted() > 0) {
    const double noise = 1 + 0.001 * static_cast<double>(test.pairs());
    test.add(std::vector<double>{10 * noise, 500}, std::vector<double>{8, 400});
  }
  const auto results = test.results();
  EXPECT_EQ(test.pairs(), 20U);
  EXPECT_EQ(results[0].verdict, SlowdownVerdict::better);
  EXPECT_EQ(results[1].verdict, SlowdownVerdict::worse);
  ASSERT_TRUE(results[1].change);
  EXPECT_NEAR(results[1].change->mean, -0.2, 1e-9);
  EXPECT_LT(results[0].change->low, results[0].change->high);
}

TEST(Slowdown, EqualRunsNeedNoConfirmation) {
  SlowdownTest test({{"cpu", false}}, {});
  while (test.wanted() > 0) test.add(std::vector<double>{3}, std::vector<double>{3});
  EXPECT_EQ(test.pairs(), 10U);
  EXPECT_EQ(test.results().front().verdict, SlowdownVerdict::no_worse);
}

TEST(Slowdown, WithoutARatioThereIsNoVerdict) {
  SlowdownTest test({{"errors", false}}, {});
  while (test.wanted() > 0) test.add(std::vector<double>{0}, std::vector<double>{3});
  EXPECT_EQ(test.results().front().verdict, SlowdownVerdict::unmeasured);
}

std::vector<double> history(std::uint64_t world, std::size_t runs,
                            const std::vector<std::pair<std::size_t, double>>& steps) {
  std::vector<double> values;
  double level = 1;
  for (std::size_t run = 0; run < runs; ++run) {
    for (const auto& [at, factor] : steps) level *= at == run ? factor : 1;
    values.push_back(outlying(world, run, 0) * level);
  }
  return values;
}

TEST(LevelShift, NamesTheRun) {
  // No noise: exact.
  std::vector<double> clean(12, 5.0);
  for (std::size_t i = 7; i < 12; ++i) clean[i] = 6;
  const auto shifts = level_shifts(clean);
  ASSERT_THAT(shifts, SizeIs(1));
  EXPECT_EQ(shifts[0].at, 7U);
  EXPECT_EQ(shifts[0].before, 5);
  EXPECT_EQ(shifts[0].after, 6);
  EXPECT_THAT(level_shifts(std::vector<double>(50, 3.0)), SizeIs(0));
  EXPECT_THAT(level_shifts(std::vector<double>{}), SizeIs(0));
  // One wild value is no new level.
  std::vector<double> wild(20, 5.0);
  wild[10] = 500;
  EXPECT_THAT(level_shifts(wild), SizeIs(0));
}

TEST(LevelShift, FindsStepsInNoiseAndKeepsItsLevel) {
  int false_alarms = 0;
  int found = 0;
  int both = 0;
  for (std::uint64_t world = 0; world < 300; ++world) {
    false_alarms += level_shifts(history(world, 30, {})).empty() ? 0 : 1;
    const auto one = level_shifts(history(world, 30, {{18, 1.2}}));
    for (const auto& shift : one) found += shift.at >= 16 && shift.at <= 20 ? 1 : 0;
    const auto two = level_shifts(history(world, 60, {{20, 1.25}, {40, 0.8}}));
    both += two.size() == 2 && two[0].at >= 18 && two[0].at <= 22 && two[1].at >= 38 && two[1].at <= 42 ? 1 : 0;
  }
  // Level 1 %: three are expected; more than nine have a probability below 0.2 %.
  EXPECT_LE(false_alarms, 9);
  EXPECT_GE(found, 200);
  EXPECT_GE(both, 240);
}

}  // namespace
}  // namespace peakstorm
