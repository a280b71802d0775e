// Goal: the scores of a backtest are what their names say. Method: a handful of orders whose scores are computed by
// hand, and distributions that are right or wrong on purpose.
#include "results/backtest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/random.hpp"

namespace peakstorm {
namespace {

constexpr CalendarDay november = 17'471;  // 2017-11-01
using ::testing::HasSubstr;

OrderHistory nobody() {
  OrderHistory history;
  history.regions = {"unknown", "SP", "RJ"};
  history.sellers = {"unknown"};
  return history;
}

PastOrder order_of(CalendarDay placed, int lead, int took, std::uint32_t to = 1) {
  PastOrder order;
  order.placed = placed;
  order.promised = placed + lead;
  order.delivered = placed + took;
  order.to = to;
  return order;
}

/// Comes on one of `days` days from the first on, each alike; `late` of all states.
DeliveryOutlook even(int days, double late) {
  DeliveryOutlook outlook;
  outlook.late.fill(late);
  outlook.late_mean = late;
  for (int d = 0; d < days; ++d) outlook.by_day.push_back(static_cast<double>(d + 1) / days);
  return outlook;
}

TEST(Backtest, MonthlyErrorIsInPointsAndEachMonthCountsAlike) {
  const OrderHistory history = nobody();
  Scoreboard scores(history, {"2017-12"});
  for (int i = 0; i < 100; ++i) {
    scores.add(order_of(november, 10, i < 20 ? 15 : 5), even(20, 0.1), {0.1, 0.2, 0.3});
    scores.add(order_of(november + 30, 10, i < 50 ? 15 : 5), even(20, 0.1), {0.1, 0.2, 0.3});
  }
  for (int i = 0; i < 99; ++i) scores.add(order_of(november + 61, 10, 15), even(20, 0.1), {0, 0, 0});
  const BacktestScore score = scores.finish();
  ASSERT_EQ(score.by_month.size(), 3U);
  EXPECT_FALSE(score.by_month[2].counted) << "99 orders are too few";
  EXPECT_NEAR(score.mae_points, (10 + 40) / 2.0, 1e-9);
  EXPECT_NEAR(score.mae_points_not_apart, 10, 1e-9);
  EXPECT_NEAR(score.apart_share, 0.8, 1e-9);
  EXPECT_NEAR(score.baselines[1], (0 + 30) / 2.0, 1e-9);
  EXPECT_EQ(score.reliability[1].n, 299U);
}

// Goal: the floor of chance knows that orders of one seller share his luck. Method: two months of 100 orders, in which
// the orders of a seller are late all together or not at all; beside them the same orders with a seller each.
TEST(Backtest, ChanceIsLargerWhereOrdersShareASeller) {
  const OrderHistory history = nobody();
  constexpr int a_seller = 5;
  Scoreboard together(history, {});
  Scoreboard alone(history, {});
  for (int i = 0; i < 200; ++i) {
    PastOrder order = order_of(i < 100 ? november : november + 30, 10, i / a_seller % 5 == 0 ? 15 : 5);
    order.seller = static_cast<std::uint32_t>(1 + i / a_seller);
    together.add(order, even(20, 0.2), {});
    order.seller = 0;
    alone.add(order, even(20, 0.2), {});
  }
  const BacktestScore shared = together.finish();
  const BacktestScore single = alone.finish();
  EXPECT_NEAR(single.cluster_effect, 1, 1e-9);
  EXPECT_NEAR(shared.cluster_effect, a_seller, 1e-9);
  // 100 orders at 0.2: standard deviation 4 points, mean of its absolute value 3.19, of two such 1.70 around that.
  EXPECT_NEAR(single.noise_points, 4 * std::sqrt(2 / 3.141592653589793), 1e-6);
  EXPECT_NEAR(single.noise_points_sd, 4 * std::sqrt((1 - 2 / 3.141592653589793) / 2), 1e-6);
  EXPECT_NEAR(shared.noise_points, single.noise_points * std::sqrt(5.0), 1e-6);
}

TEST(Backtest, RightDistributionsAreFlatCoveredAndCloseAndWrongOnesAreNot) {
  const OrderHistory history = nobody();
  Scoreboard right(history, {});
  Scoreboard wrong(history, {});
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    const auto took = static_cast<int>(Draws(RunKey{3, 0}, Purpose::test, i).below(0, 20));
    right.add(order_of(november, 10, took), even(20, 9.0 / 20), {});
    wrong.add(order_of(november, 10, took), even(40, 29.0 / 40), {});
  }
  const BacktestScore good = right.finish();
  const BacktestScore bad = wrong.finish();
  for (const double share : good.pit) EXPECT_NEAR(share, 0.1, 0.03);
  EXPECT_LT(good.ks, 0.04);
  EXPECT_GT(bad.ks, 0.4);
  EXPECT_LT(good.reliability_gap, 4);
  EXPECT_GT(bad.reliability_gap, 20);
  EXPECT_GE(good.covered[1], 0.8);  // Whole days: at least the level.
  EXPECT_LT(good.covered[1], 0.95);
  for (std::size_t q = 0; q < 4; ++q) EXPECT_LT(good.pinball[q], bad.pinball[q]);
  EXPECT_EQ(good.windows_covered, good.windows);
  EXPECT_EQ(bad.windows_covered, 0U);
}

TEST(Backtest, BaselinesSeeOnlyWhatWasKnown) {
  OrderHistory history = nobody();
  for (int i = 0; i < 40; ++i) history.orders.push_back(order_of(november - 100, 10, i < 10 ? 15 : 5));  // long ago
  for (int i = 0; i < 40; ++i) history.orders.push_back(order_of(november - 20, 10, i < 20 ? 12 : 4));   // recent
  for (int i = 0; i < 40; ++i) history.orders.push_back(order_of(november - 2, 1, 300));                 // not known
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < history.orders.size(); ++i) all.push_back(i);
  const Baselines baselines(history, all, november);
  // The promises of the last 40 have expired, and nothing has come: they are late by then.
  const auto rates = baselines.late(order_of(november, 8, 0));
  EXPECT_NEAR(rates[0], (10 + 20 + 40) / 120.0, 1e-12);
  EXPECT_NEAR(rates[1], (20 + 40) / 80.0, 1e-12);
  EXPECT_NEAR(rates[2], 0.5, 1e-12);
}

TEST(Backtest, OrdersThatNeverCameAreCountedBeside) {
  const OrderHistory history = nobody();
  Scoreboard scores(history, {});
  PastOrder lost = order_of(november, 10, 5);
  lost.delivered.reset();
  auto outlook = even(20, 0.1);
  outlook.never = 0.5;
  scores.add(lost, outlook, {});
  scores.add(order_of(november, 10, 5), outlook, {});
  const BacktestScore score = scores.finish();
  EXPECT_EQ(score.orders, 1U);
  EXPECT_EQ(score.never, 1U);
  EXPECT_NEAR(score.never_actual, 0.5, 1e-12);
}

TEST(Backtest, ThePageIsSelfContainedAndEscapesWhatItShows) {
  const OrderHistory history = nobody();
  Scoreboard scores(history, {});
  for (int i = 0; i < 120; ++i) scores.add(order_of(november, 10, i < 20 ? 15 : 5), even(20, 0.1), {0.1, 0.2, 0.3});
  BacktestPage page;
  page.title = "<b>orders</b>";
  page.figures = {{"late rate", "predicted", "1 month", "6.67 points"}};
  const std::string html = backtest_page(page, scores.finish());
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;orders"));
  EXPECT_THAT(html, HasSubstr("6.67 points"));
  EXPECT_THAT(html, HasSubstr("2017-11"));
  EXPECT_EQ(html.find("http"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace peakstorm
