#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "engine/random.hpp"
#include "results/histogram.hpp"
#include "results/interval.hpp"

namespace peakstorm {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A standard normal draw (Box & Muller) that belongs to (test, run, number).
double normal(std::uint32_t run, std::uint32_t number) {
  const Draws draws({42, run}, Purpose::test, 7, number);
  return std::sqrt(-2 * std::log(draws.unit(0))) * std::cos(2 * 3.14159265358979323846 * draws.unit(1));
}

TEST(TQuantile, MatchesTheTables) {
  // Abramowitz & Stegun, table 26.10.
  EXPECT_NEAR(t_quantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(t_quantile(0.975, 9), 2.262, 5e-4);
  EXPECT_NEAR(t_quantile(0.95, 29), 1.699, 5e-4);
}

TEST(TInterval, OfThreeValuesByHand) {
  const auto interval = t_interval(std::vector<double>{1, 2, 3});
  ASSERT_TRUE(interval);
  EXPECT_DOUBLE_EQ(interval->mean, 2);
  EXPECT_NEAR(interval->half_width(), 4.302653 / std::sqrt(3.0), 1e-5);
  EXPECT_EQ(interval->n, 3U);
}

TEST(TInterval, OneReplicationSaysNothing) {
  EXPECT_FALSE(t_interval(std::vector<double>{0.9}));
  EXPECT_FALSE(ratio_interval(std::vector<double>{9}, std::vector<double>{10}));
  EXPECT_FALSE(ratio_interval(std::vector<double>{0, 0}, std::vector<double>{0, 0}));
}

// Goal: intervals cover as often as they say: within [.932, .968] over 1,000 macro-replications, 2.6 standard errors.
// Method: 1,000 experiments of 10 replications with a known truth, fixed seed.
TEST(Coverage, OfTheTInterval) {
  int covered = 0;
  for (std::uint32_t run = 0; run < 1000; ++run) {
    std::vector<double> values(10);
    for (std::uint32_t i = 0; i < 10; ++i) values[i] = 5 + 2 * normal(run, i);
    const auto interval = t_interval(values);
    covered += static_cast<int>(interval->low <= 5 && 5 <= interval->high);
  }
  EXPECT_GE(covered, 932);
  EXPECT_LE(covered, 968);
}

TEST(Coverage, OfThePairedDifferenceUnderCommonRandomNumbers) {
  int covered = 0;
  double paired = 0;
  double separate = 0;
  for (std::uint32_t run = 0; run < 1000; ++run) {
    std::vector<double> a(10);
    std::vector<double> b(10);
    for (std::uint32_t i = 0; i < 10; ++i) {
      const double common = 3 * normal(run, i);
      a[i] = common + 1 + 0.2 * normal(run, 100 + i);
      b[i] = common;
    }
    const auto interval = paired_difference(a, b);
    covered += static_cast<int>(interval->low <= 1 && 1 <= interval->high);
    paired += interval->half_width();
    separate += t_interval(a)->half_width();
  }
  EXPECT_GE(covered, 932);
  EXPECT_LE(covered, 968);
  EXPECT_LT(paired, separate / 5);
}

TEST(Coverage, OfTheRatioEstimator) {
  // A replication has 800 to 1200 parcels and its own bad luck, shared by all its parcels: p = 0.9 + 0.02 z. The true
  // ratio is E[kept] / E[counted] = 0.9, as size and luck are independent.
  int covered = 0;
  for (std::uint32_t run = 0; run < 1000; ++run) {
    std::vector<double> kept(20);
    std::vector<double> counted(20);
    for (std::uint32_t i = 0; i < 20; ++i) {
      counted[i] = 800 + 400 * Draws({43, run}, Purpose::test, 8, i).unit(0);
      kept[i] = counted[i] * (0.9 + 0.02 * normal(run, i));
    }
    const auto interval = ratio_interval(kept, counted);
    covered += static_cast<int>(interval->low <= 0.9 && 0.9 <= interval->high);
  }
  EXPECT_GE(covered, 932);
  EXPECT_LE(covered, 968);
}

TEST(Coverage, OfTheMedianIsAtLeastWhatIsSaid) {
  int covered = 0;
  double level = 0;
  for (std::uint32_t run = 0; run < 1000; ++run) {
    std::vector<double> values(25);
    for (std::uint32_t i = 0; i < 25; ++i) values[i] = std::exp(normal(run, i));
    const auto interval = quantile_interval(values, 0.5);
    ASSERT_TRUE(interval);
    level = interval->level;
    covered += static_cast<int>(interval->low <= 1 && 1 <= interval->high);
  }
  EXPECT_GE(level, 0.95);
  EXPECT_NEAR(covered / 1000.0, level, 4 * std::sqrt(level * (1 - level) / 1000));
}

TEST(QuantileInterval, RanksOfTheMedianOfTwentyFive) {
  // Tables: ranks 8 and 18 of 25 cover the median with probability 0.9567.
  std::vector<double> values;
  for (int i = 1; i <= 25; ++i) values.push_back(i);
  const auto interval = quantile_interval(values, 0.5);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 8);
  EXPECT_EQ(interval->high, 18);
  EXPECT_NEAR(interval->level, 0.9567, 1e-4);
}

TEST(QuantileInterval, FiveValuesDoNotHoldTheMedianAt95Percent) {
  EXPECT_FALSE(quantile_interval(std::vector<double>{1, 2, 3, 4, 5}, 0.5));
  EXPECT_TRUE(quantile_interval(std::vector<double>{1, 2, 3, 4, 5, 6}, 0.5));
}

// Model: the histogram against a sorted vector, over nine decades.
TEST(LatencyHistogram, QuantilesAreWithinThreeDigitsOfTheSortedValues) {
  LatencyHistogram histogram;
  LatencyHistogram left;
  LatencyHistogram right;
  std::vector<std::int64_t> values;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const Draws draws({1, 0}, Purpose::test, 1, i);
    values.push_back(static_cast<std::int64_t>(std::exp(draws.unit(0) * 29)));
    histogram.record(nanoseconds{values.back()});
    (i % 3 == 0 ? left : right).record(nanoseconds{values.back()});
  }
  left.merge(right);
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * 20'000 - 1e-6)));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto got = static_cast<double>(histogram.quantile(q).count());
    EXPECT_GE(got, truth) << q;
    EXPECT_LE(got, truth * 1.001 + 1) << q;
    EXPECT_EQ(histogram.quantile(q), left.quantile(q));
  }
  EXPECT_EQ(histogram.max().count(), values.back());
  EXPECT_EQ(histogram.min().count(), values.front());
  EXPECT_EQ(histogram.hgrm(), left.hgrm());
}

TEST(LatencyHistogram, OddValuesKeepTheirCount) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.99).count(), 0);
  histogram.record(nanoseconds{-5});
  histogram.record(std::chrono::hours{30});
  histogram.record(milliseconds{1}, 0);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.quantile(1), std::chrono::hours{30});
}

TEST(LatencyHistogram, NinetyNinthOfAHundredIsTheNinetyNinth) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(nanoseconds{i});
  EXPECT_EQ(histogram.quantile(0.99).count(), 99);
  EXPECT_EQ(histogram.quantile(0.5).count(), 50);
  EXPECT_EQ(histogram.quantile(0.999).count(), 100);
}

TEST(LatencyHistogram, HgrmEndsAtTheMaximumWithEveryValue) {
  LatencyHistogram histogram;
  for (int i = 0; i < 1000; ++i) histogram.record(microseconds{i});
  std::istringstream lines(histogram.hgrm());
  std::string line;
  std::getline(lines, line);
  EXPECT_NE(line.find("Percentile"), std::string::npos);
  double value = 0;
  double level = 0;
  std::uint64_t count = 0;
  std::uint64_t rows = 0;
  while (std::getline(lines, line)) {
    if (line.empty() || line[0] == '#') continue;
    double next_value = 0;
    double next_level = 0;
    std::uint64_t next_count = 0;
    std::istringstream(line) >> next_value >> next_level >> next_count;
    EXPECT_GE(next_value, value);
    EXPECT_GE(next_level, level);
    EXPECT_GE(next_count, count);
    value = next_value;
    level = next_level;
    count = next_count;
    ++rows;
  }
  EXPECT_EQ(value, 0.999);
  EXPECT_EQ(level, 1);
  EXPECT_EQ(count, 1000U);
  EXPECT_GT(rows, 20U);
}

}  // namespace
}  // namespace peakstorm
