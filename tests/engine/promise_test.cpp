// Promised days, conformal bounds and shrinkage against theory (values 21 and 22 of the validation table).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/kernel/exponential.hpp"
#include "engine/portable_math.hpp"
#include "engine/promise/conformal.hpp"
#include "engine/promise/day_rule.hpp"
#include "engine/random.hpp"
#include "tests/theory.hpp"

namespace peakstorm::promise {
namespace {

using test::expect_theory;

double exponential_draw(std::uint32_t i) {
  return kernel::exponential(Draws({21, 0}, Purpose::test, 1, i).word(0));
}

// T ~ Exp(1), a promised day costs 0.1, a day of lateness 1: d* = ln 10 = 2.302585 costs .330259, and the mean pinball
// loss at the 0.9 quantile is .230259. Draws in blocks, whose means are the samples.
TEST(Newsvendor, CostsAndPinballLossOfAnExponentialTransit) {
  const double level = newsvendor_level(0.1, 1);
  EXPECT_DOUBLE_EQ(level, 0.9);
  const double day = -std::log(1 - level);
  EXPECT_NEAR(day, 2.302585, 5e-7);
  std::vector<double> costs;
  std::vector<double> losses;
  std::vector<double> covered;
  double lower = 0;
  double higher = 0;
  constexpr std::uint32_t block = 5000;
  for (std::uint32_t b = 0; b < 200; ++b) {
    std::vector<double> actual;
    double cost = 0;
    for (std::uint32_t i = 0; i < block; ++i) {
      actual.push_back(exponential_draw(b * block + i));
      cost += 0.1 * day + std::max(0.0, actual.back() - day);
    }
    const auto loss_of = [&](double promised) {
      return mean_pinball_loss(level, actual, std::vector<double>(block, promised));
    };
    costs.push_back(cost / block);
    losses.push_back(loss_of(day));
    covered.push_back(coverage(actual, std::vector<double>(block, day)));
    lower += loss_of(day - 0.1);
    higher += loss_of(day + 0.1);
  }
  expect_theory("cost", costs, 0.330259);
  expect_theory("pinball loss", losses, 0.230259);
  expect_theory("coverage", covered, 0.9);
  // Under the same draws the quantile is better than its neighbours on both sides.
  const double at = test::estimate(losses).mean * 200;
  EXPECT_GT(lower, at);
  EXPECT_GT(higher, at);
}

TEST(PinballLoss, WeighsLateAndEarlyDays) {
  EXPECT_DOUBLE_EQ(pinball_loss(0.9, 5, 3), 1.8);
  EXPECT_DOUBLE_EQ(pinball_loss(0.9, 3, 5), 0.2);
  EXPECT_DOUBLE_EQ(pinball_loss(0.9, 4, 4), 0);
}

// T ~ LogN(ln 3, 0.4): q95 = 5.7924, so 6 days; P(T <= 5) = .899210, P(T <= 6) = .958440.
TEST(BestDay, OfALognormalTransit) {
  constexpr std::uint32_t n = 1'000'000;
  std::vector<double> transit;
  for (std::uint32_t i = 0; i < n; ++i) {
    const double z = normal_quantile(Draws({21, 0}, Purpose::test, 2, i).unit(0));
    transit.push_back(3 * portable_exp(0.4 * z));
  }
  const std::vector<double> late = late_shares(transit);
  const auto expect_share = [&](double share, double theory) {
    EXPECT_LT(std::abs(share - theory), 4 * std::sqrt(theory * (1 - theory) / n)) << share << " " << theory;
  };
  expect_share(1 - late[5], 0.899210);
  expect_share(1 - late[6], 0.958440);
  EXPECT_EQ(late.back(), 0);
  EXPECT_EQ(day_covering(late, 0.95), 6U);
  EXPECT_EQ(day_covering(late, 0.89), 5U);
  const auto within =
      static_cast<double>(std::count_if(transit.begin(), transit.end(), [](double days) { return days <= 5.7924; }));
  expect_share(within / n, 0.95);
  // Linear: the first day by which 1 - h / b have come. Step: day d + 1 is worth its day while P(d < T <= d + 1) > h /
  // b; here P(5 < T <= 6) = .0592 and P(4 < T <= 5) = .1352.
  EXPECT_EQ(best_day(late, 0.05, 1, Lateness::linear).day, 6U);
  EXPECT_EQ(best_day(late, 0.08, 1, Lateness::step).day, 5U);
  EXPECT_EQ(best_day(late, 0.05, 1, Lateness::step).day, 6U);
}

// Exhaustive model: the rule against the definition of the costs, on small laws with long tails.
TEST(BestDay, HasTheLeastCostByDefinition) {
  for (std::uint32_t world = 0; world < 200; ++world) {
    const Draws draws({22, 0}, Purpose::test, 3, world);
    std::vector<double> transit;
    for (std::uint32_t i = 0; i < 12; ++i) transit.push_back(Draws({22, 1}, Purpose::test, world, i).below(0, 15));
    const double h = 0.01 + draws.unit(0);
    const double b = 3 * draws.unit(1);
    const std::vector<double> late = late_shares(transit);
    for (const Lateness lateness : {Lateness::linear, Lateness::step}) {
      double least = 1e300;
      for (int d = 0; d < 20; ++d) {
        double cost = h * d;
        for (const double t : transit) {
          cost += b / 12 * (lateness == Lateness::linear ? std::max(0.0, t - d) : (t > d ? 1.0 : 0.0));
        }
        least = std::min(least, cost);
      }
      EXPECT_NEAR(best_day(late, h, b, lateness).cost, least, 1e-12) << world;
    }
    if (h < b) {
      EXPECT_EQ(best_day(late, h, b, Lateness::linear).day, day_covering(late, newsvendor_level(h, b))) << world;
    }
  }
}

// n = 99, alpha = 0.1: the 90th smallest; its coverage over calibration sets is Beta(90, 10): mean .9, deviation
// .02985.
TEST(Conformal, CoverageIsBetaDistributed) {
  constexpr std::uint32_t sets = 20'000;
  std::vector<double> coverages;
  std::vector<double> squares;
  for (std::uint32_t set = 0; set < sets; ++set) {
    std::vector<double> scores;
    for (std::uint32_t i = 0; i < 99; ++i) scores.push_back(Draws({22, set}, Purpose::test, 4, i).unit(0));
    // Uniform scores: the bound is its own coverage.
    coverages.push_back(conformal_bound(scores, 0.1).value());
    squares.push_back((coverages.back() - 0.9) * (coverages.back() - 0.9));
  }
  expect_theory("coverage", coverages, 0.9);
  expect_theory("variance of coverage", squares, 0.02985 * 0.02985, 0.02);
}

TEST(Conformal, TooFewScoresGiveNoBound) {
  std::vector<double> scores{3, 1, 2, 5, 4, 9, 8, 7};
  EXPECT_FALSE(conformal_bound(scores, 0.1));
  scores.push_back(6);
  EXPECT_EQ(conformal_bound(scores, 0.1), 9);
  EXPECT_EQ(conformal_bound(scores, 0.5), 5);
  EXPECT_FALSE(conformal_bound({}, 0.5));
}

// Whatever the data do, the miss rate comes within (max(a, 1 - a) + g) / (n g) of the target. Here the scores treble in
// the middle of the season, which leaves a fixed bound at twice its miss rate or worse.
TEST(AdaptiveConformal, KeepsItsRateThroughAPeak) {
  constexpr std::uint32_t n = 4000;
  constexpr double target = 0.1;
  constexpr double gamma = 0.02;
  AdaptiveLevel level(target, gamma);
  double missed = 0;
  double missed_fixed = 0;
  std::vector<double> past;
  for (std::uint32_t i = 0; i < 99; ++i) past.push_back(exponential_draw(2'000'000 + i));
  const double fixed = conformal_bound(past, target).value();
  for (std::uint32_t i = 0; i < n; ++i) {
    const double score = exponential_draw(3'000'000 + i) * (i < n / 2 ? 1 : 3);
    const auto bound =
        level.alpha() <= 0 ? std::optional<double>() : conformal_bound(past, std::min(level.alpha(), 0.999));
    const bool miss = level.alpha() >= 1 || (bound && score > *bound);
    level.update(miss);
    missed += miss ? 1 : 0;
    missed_fixed += score > fixed ? 1 : 0;
  }
  EXPECT_LE(std::abs(missed / n - target), (0.9 + gamma) / (n * gamma));
  EXPECT_GT(missed_fixed / n, 2 * target);
}

TEST(Shrinkage, WeighsALaneByItsParcels) {
  EXPECT_NEAR(shrinkage_weight(5, 2.7), 0.6494, 5e-5);
  EXPECT_NEAR(shrinkage_weight(50, 2.7), 0.9488, 5e-5);
  EXPECT_DOUBLE_EQ(shrunk_mean(10, 4, 0, 2.7), 4);
}

// Lanes with means of variance 1 around 5 and noise of variance n0: the shrunk mean has the least squared error,
// n0 / (n + n0) of the lanes' variance, against n0 / n for the lane's own mean.
TEST(Shrinkage, HasTheLeastSquaredError) {
  constexpr double n0 = 2.7;
  constexpr int n = 5;
  std::vector<double> errors;
  for (std::uint32_t lane = 0; lane < 200'000; ++lane) {
    const auto normal = [&](std::uint32_t i) {
      return normal_quantile(Draws({23, 0}, Purpose::test, lane, i).unit(0));
    };
    const double truth = 5 + normal(0);
    const double own = truth + std::sqrt(n0 / n) * normal(1);
    const double error = shrunk_mean(own, 5, n, n0) - truth;
    errors.push_back(error * error);
  }
  expect_theory("squared error", errors, n0 / (n + n0));
}

}  // namespace
}  // namespace peakstorm::promise
