// Goal: a row claims a day only on evidence: the bound is Clopper-Pearson's where seasons agree, lower where they do
// not, holds at its rate on a model with known answer, and the first day that fails ends the row.
#include "results/order_by.hpp"

#include <gtest/gtest.h>

#include <random>

namespace peakstorm {
namespace {

std::vector<Arrivals> seasons_of(const std::vector<std::vector<ArrivalCount>>& days_of_seasons, Day first) {
  std::vector<Arrivals> seasons;
  for (const auto& days : days_of_seasons) {
    Arrivals season;
    for (std::size_t d = 0; d < days.size(); ++d) {
      if (days[d].orders > 0) season[{Tier::standard, std::nullopt, first + static_cast<Day>(d)}] = days[d];
    }
    seasons.push_back(season);
  }
  return seasons;
}

TEST(OrderBy, BoundIsClopperPearsonWhenSeasonsAgree) {
  // 190 of 200: the exact one-sided 95 % bound is 0.9167; a variance from few seasons widens it, many hardly.
  const std::vector<double> orders(50, 4);
  std::vector<double> in_time(50, 4);
  for (std::size_t s = 0; s < 10; ++s) in_time[5 * s] = 3;
  const double low = clustered_lower_bound(in_time, orders, 0.95);
  EXPECT_LT(low, 0.9167);
  EXPECT_GT(low, 0.914);
  // All in time: 0.05^(1/59) is the first that reaches 95 %.
  EXPECT_LT(flawless_lower_bound(58, 0.95), 0.95);
  EXPECT_GT(flawless_lower_bound(59, 0.95), 0.95);
  EXPECT_DOUBLE_EQ(clustered_lower_bound(orders, orders, 0.95), flawless_lower_bound(200, 0.95));
}

TEST(OrderBy, SeasonsThatDifferSayLess) {
  const std::vector<double> orders(20, 100);
  const std::vector<double> even(20, 96);
  std::vector<double> storms(20, 100);
  storms[3] = storms[11] = 60;
  EXPECT_GT(clustered_lower_bound(even, orders, 0.95), 0.949);
  EXPECT_LT(clustered_lower_bound(storms, orders, 0.95), 0.93);
  EXPECT_EQ(clustered_lower_bound(std::vector<double>(20, 0), orders, 0.95), 0);
}

TEST(OrderBy, TheFirstDayThatFailsEndsTheRow) {
  // Fine, nobody orders, fine, not fine, fine again: the last day is the third.
  const std::vector<ArrivalCount> days{{200, 200}, {0, 0}, {200, 199}, {200, 150}, {200, 200}};
  const auto rows = order_by(seasons_of({days, days, days}, 10), 0.95, 0.95);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].last, 12);
  EXPECT_EQ(rows[0].orders, 2'400U);
  ASSERT_TRUE(rows[0].next);
  EXPECT_EQ(rows[0].next->day, 13);
  EXPECT_DOUBLE_EQ(rows[0].next->share, 0.75);
  EXPECT_FALSE(rows[0].too_few);
}

TEST(OrderBy, FewOrdersProveNothing) {
  const auto rows = order_by(seasons_of({{{5, 5}}, {{5, 5}}}, 10), 0.95, 0.95);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].last);
  EXPECT_TRUE(rows[0].too_few);
}

TEST(OrderBy, ClaimsADayTooManyAtMostAsOftenAsItSays) {
  // Goal: the error rate at the edge. Method: 1,000 studies of 20 seasons of 40 orders, all days exactly at 95 % in the
  // mean with seasons that differ (0.95 +- 0.03): every claim is a false one.
  std::mt19937_64 random(4711);
  std::size_t claims = 0;
  for (int study = 0; study < 1'000; ++study) {
    std::vector<std::vector<ArrivalCount>> seasons;
    for (int s = 0; s < 20; ++s) {
      const double p = std::uniform_int_distribution<int>(0, 1)(random) == 0 ? 0.92 : 0.98;
      seasons.push_back({{40, std::binomial_distribution<std::uint32_t>(40, p)(random)}});
    }
    claims += order_by(seasons_of(seasons, 0), 0.95, 0.95)[0].last ? 1 : 0;
  }
  EXPECT_LE(claims, 70U);  // 50 wanted; 70 is 2.9 standard deviations beyond.
  EXPECT_GE(claims, 5U);   // A bound that never claims would be safe and useless.
}

}  // namespace
}  // namespace peakstorm
