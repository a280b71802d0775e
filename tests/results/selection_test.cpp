// Selection of the best, simultaneous intervals and stopping rules against their published constants and guarantees
// (value 24 of the validation table).
#include "results/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/portable_math.hpp"
#include "engine/random.hpp"
#include "results/experiment.hpp"
#include "tests/theory.hpp"

namespace peakstorm {
namespace {

/// Standard normal draw of (experiment, system, replication).
double normal(std::uint32_t experiment, std::uint64_t system, std::size_t replication) {
  return normal_quantile(
      Draws({24, experiment}, Purpose::test, system, static_cast<std::uint32_t>(replication)).unit(0));
}

/// Slippage configuration: the last system is better than all others, which are equal, by exactly delta = 1; half of
/// the variance, 4 in all, is common to the systems of a replication.
double slippage(std::uint32_t experiment, std::size_t system, std::size_t systems, std::size_t replication) {
  return (system + 1 == systems ? 1.0 : 0.0) +
         std::sqrt(2.0) * (normal(experiment, system, replication) + normal(experiment, 1'000, replication));
}

std::vector<std::vector<double>> slippage_stage(std::uint32_t experiment, std::size_t systems, std::size_t count) {
  std::vector<std::vector<double>> stage(systems);
  for (std::size_t i = 0; i < systems; ++i) {
    for (std::size_t r = 0; r < count; ++r) stage[i].push_back(slippage(experiment, i, systems, r));
  }
  return stage;
}

/// A probability of correct selection of at least 0.95, by `correct` of 1,000 experiments: four standard errors of
/// 0.95.
void expect_correct(int correct) {
  EXPECT_GE(correct, 950 - 4 * std::sqrt(1000 * 0.95 * 0.05));
}

TEST(KimNelson, H2HasItsPublishedForm) {
  EXPECT_NEAR(kim_nelson_h2(2, 0.05, 10), 6.012905, 5e-7);
  EXPECT_NEAR(kim_nelson_h2(10, 0.05, 20), 11.511485, 5e-7);
  EXPECT_NEAR(kim_nelson_h2(100, 0.05, 20), 20.272054, 5e-7);
}

class Elimination : public ::testing::TestWithParam<KimNelson::Variances> {};

TEST_P(Elimination, SelectsTheBestInTheSlippageConfiguration) {
  for (const std::size_t systems : {2U, 10U}) {
    int correct = 0;
    for (std::uint32_t experiment = 0; experiment < 1000; ++experiment) {
      KimNelson choice(slippage_stage(experiment, systems, 20), 0.05, 1, GetParam());
      std::vector<double> values(systems);
      while (!choice.decided()) {
        for (const std::size_t i : choice.survivors()) {
          values[i] = slippage(experiment, i, systems, choice.replications());
        }
        choice.observe(values);
      }
      correct += choice.survivors().front() + 1 == systems ? 1 : 0;
    }
    expect_correct(correct);
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, Elimination,
                         ::testing::Values(KimNelson::Variances::first_stage, KimNelson::Variances::updated));

// A wrong h^2 hides behind a conservative bound, so the bound itself is followed by hand: two systems, difference 2,
// -1, 2, -1, ... with mean 0.5 and S^2 = 2.5 over the first ten; delta 1. Room after r is (h^2 S^2 - r) / (2 r), which
// the lead of 0.5 (0.5 + 1.5 / r after odd r) passes first at r = 9 or later: at r = 10 room is .2516, so it is decided
// there.
TEST(KimNelson, EliminatesWhenTheLeadPassesTheRoom) {
  std::vector<std::vector<double>> stage(2);
  for (int r = 0; r < 10; ++r) {
    stage[0].push_back(r % 2 == 0 ? 2 : -1);
    stage[1].push_back(0);
  }
  const double room = (6.012905 * 2.5 - 10) / 20;
  EXPECT_GT(0.5, room);
  EXPECT_TRUE(KimNelson(stage, 0.05, 1).decided());
  // With the lead shifted to just below and above the room the answer changes.
  for (const double shift : {-0.01, 0.01}) {
    auto moved = stage;
    for (double& value : moved[0]) value += room - 0.5 + shift;
    EXPECT_EQ(KimNelson(moved, 0.05, 1).decided(), shift > 0);
  }
}

TEST(KimNelson, EqualSystemsEndWithOneOfThem) {
  const std::vector<double> same{1, 2, 1, 2, 1};
  EXPECT_EQ(KimNelson(std::vector<std::vector<double>>{same, same, same}, 0.05, 1).survivors(),
            std::vector<std::size_t>{0});
}

TEST(TwoStage, TakesTheReplicationsOfItsFormula) {
  // Differences 2, -1, 2, -1, ...: S^2 = 2.5; t(0.95, 9) = 1.833113.
  std::vector<std::vector<double>> stage(2);
  for (int r = 0; r < 10; ++r) {
    stage[0].push_back(r % 2 == 0 ? 2 : -1);
    stage[1].push_back(0);
  }
  EXPECT_EQ(two_stage_replications(stage, 0.05, 0.5), 34U);  // 1.833113^2 x 2.5 / 0.25 = 33.6
  EXPECT_EQ(two_stage_replications(stage, 0.05, 5), 10U);
  // A third system splits alpha: t(0.975, 9) = 2.262157. The largest variance of a difference counts.
  stage.push_back(stage[1]);
  EXPECT_EQ(two_stage_replications(stage, 0.05, 0.5), 52U);  // 2.262157^2 x 2.5 / 0.25 = 51.2
}

TEST(TwoStage, SelectsTheBestInTheSlippageConfiguration) {
  int correct = 0;
  for (std::uint32_t experiment = 0; experiment < 1000; ++experiment) {
    const std::size_t n = two_stage_replications(slippage_stage(experiment, 5, 20), 0.05, 1);
    correct += largest_mean(slippage_stage(experiment, 5, n)) == 4 ? 1 : 0;
  }
  expect_correct(correct);
}

TEST(Ocba, SharesOfThreeEquallyNoisySystems) {
  // Costs 0, 1, 2: the cheapest is best.
  const auto shares = ocba_shares(std::vector<double>{0, -1, -2}, std::vector<double>{1, 1, 1});
  EXPECT_NEAR(shares[0], 0.4519, 5e-5);
  EXPECT_NEAR(shares[1], 0.4384, 5e-5);
  EXPECT_NEAR(shares[2], 0.1096, 5e-5);
}

TEST(Ocba, EqualMeansAreTheLimitOfNearOnes) {
  const std::vector<double> variances{4, 1, 9, 2};
  const auto tied = ocba_shares(std::vector<double>{5, 5, 5, 1}, variances);
  const auto near = ocba_shares(std::vector<double>{5, 5 - 1e-9, 5 - 1e-9, 1}, variances);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(tied[i], near[i], 1e-8);
  EXPECT_EQ(tied[3], 0);
  EXPECT_EQ(ocba_shares(std::vector<double>{1, 2}, std::vector<double>{0, 0}), (std::vector<double>{0.5, 0.5}));
}

TEST(SimultaneousIntervals, HoldTogetherAsOftenAsTheySay) {
  // Independent systems, where Bonferroni is nearly exact: 1 - (1 - .05 / 5)^5 = .049 miss.
  int all = 0;
  int alone = 0;
  for (std::uint32_t experiment = 0; experiment < 1000; ++experiment) {
    std::vector<std::vector<double>> systems(5);
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t r = 0; r < 10; ++r) systems[i].push_back(normal(experiment, i, r));
    }
    const auto hold = [](const std::vector<Interval>& intervals) {
      return std::all_of(intervals.begin(), intervals.end(),
                         [](const Interval& interval) { return interval.low <= 0 && 0 <= interval.high; });
    };
    all += hold(simultaneous_intervals(systems)) ? 1 : 0;
    bool each = true;
    for (const auto& system : systems) each = each && hold({*t_interval(system)});
    alone += each ? 1 : 0;
  }
  EXPECT_GE(all, 932);
  EXPECT_LE(all, 968);
  EXPECT_LT(alone, 850);  // .95^5 = .774: what five separate intervals promise together.
}

TEST(DifferencesFromControl, UseThePairsAndLeaveTheControlOut) {
  const std::vector<std::vector<double>> systems{{1, 12, 5}, {2, 13, 6}, {3, 11, 9}};
  const auto intervals = differences_from_control(systems, 0);
  ASSERT_EQ(intervals.size(), 2U);
  EXPECT_DOUBLE_EQ(intervals[0].mean, 1);
  EXPECT_DOUBLE_EQ(intervals[0].half_width(), 0);
  EXPECT_NEAR(intervals[1].half_width(), paired_difference(systems[2], systems[0], 0.975)->half_width(), 1e-12);
}

TEST(Precision, StopsAtTheAskedHalfWidthAndNotBeforeTheTenthReplication) {
  std::vector<double> values{99, 101, 99, 101, 99, 101, 99, 101, 99};
  EXPECT_FALSE(precise_enough(values, {.absolute = 50}));
  values.push_back(101);
  EXPECT_TRUE(precise_enough(values, {.absolute = 50}));
  const double half = t_interval(values)->half_width();  // 2.262 x 1.054 / sqrt(10) = .754
  EXPECT_NEAR(half, 0.754, 5e-4);
  EXPECT_FALSE(precise_enough(values, {.absolute = half * 0.99}));
  EXPECT_TRUE(precise_enough(values, {.relative = 0.0077}));    // .0077 / 1.0077 x 100 = .7641
  EXPECT_FALSE(precise_enough(values, {.relative = 0.00757}));  // .00757 / 1.00757 x 100 = .7513; not .757
  EXPECT_EQ(replications_forecast(values, {.absolute = half / 2}), 40U);
  EXPECT_FALSE(replications_forecast(std::vector<double>{1}, {.absolute = 1}));
}

TEST(Mser5, FindsTheEndOfATransient) {
  std::vector<double> series;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    series.push_back(normal(0, 5, i) + (i < 300 ? 10.0 * (300 - i) / 300 : 0.0));
  }
  const auto found = mser5(series);
  ASSERT_TRUE(found);
  // The last tenth of the ramp is below the noise.
  EXPECT_GE(found->cut, 240U);
  EXPECT_LE(found->cut, 400U);
  EXPECT_TRUE(found->long_enough);
}

TEST(Mser5, SaysWhenASeriesNeverSettles) {
  std::vector<double> series;
  for (std::uint32_t i = 0; i < 500; ++i) series.push_back(i);
  EXPECT_FALSE(mser5(series)->long_enough);
  EXPECT_FALSE(mser5(std::vector<double>(49)));
  EXPECT_EQ(mser5(std::vector<double>(100, 3.0))->cut, 0U);
}

}  // namespace
}  // namespace peakstorm
