// Goal: what a model of delivery times leaves over of the share late is found where there is something, and nothing is
// found where there is nothing. Method: outcomes drawn from log odds that are written down below, beside predictions
// that lack a part of them.
#include "engine/delivery_calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "engine/random.hpp"

namespace peakstorm {
namespace {

constexpr CalendarDay first_day = 17'000;
constexpr int fortnights = 26;
constexpr std::uint32_t regions = 6;
constexpr double predicted = 0.08;

double logistic(double odds) {
  return 1 / (1 + std::exp(-odds));
}
/// What the prediction lacks: three bad months, and one bad region.
double lacking(int fortnight, std::uint32_t region) {
  return (fortnight >= 10 && fortnight < 16 ? 0.7 : 0.0) + (region == 2 ? 0.5 : 0.0);
}

std::vector<DeliveryCalibration::Case> cases_of(double share, std::uint64_t seed) {
  std::vector<DeliveryCalibration::Case> cases;
  const double base = std::log(predicted / (1 - predicted));
  for (std::uint32_t i = 0; i < 12'000; ++i) {
    const Draws draws(RunKey{seed, 0}, Purpose::test, i);
    const auto day = static_cast<CalendarDay>(draws.below(0, fortnights * DeliveryCalibration::fortnight_days));
    const std::uint32_t region = 1 + draws.below(1, regions);
    const double truth = logistic(base + share * lacking(day / DeliveryCalibration::fortnight_days, region));
    cases.push_back({first_day + day, region, predicted, draws.unit(2) < truth, 3.45});
  }
  return cases;
}

PastOrder order_of(int fortnight, std::uint32_t region) {
  PastOrder order;
  order.placed = first_day + fortnight * DeliveryCalibration::fortnight_days + 3;
  order.promised = order.placed + 10;
  order.to = region;
  return order;
}

TEST(DeliveryCalibration, FindsBadTimesAndBadRegions) {
  const DeliveryCalibration calibration = DeliveryCalibration::of(cases_of(1, 11));
  double before = 0;
  double after = 0;
  // The first and the last fortnights of a bad spell are pulled towards the good ones beside them.
  for (const int fortnight : {2, 5, 8, 12, 13, 18, 22}) {
    for (std::uint32_t region = 1; region <= regions; ++region) {
      const double truth = lacking(fortnight, region);
      const double found = calibration.offset(order_of(fortnight, region));
      EXPECT_NEAR(found, truth, 0.35) << fortnight << " " << region;
      before += std::abs(truth);
      after += std::abs(found - truth);
    }
  }
  EXPECT_LT(after, 0.6 * before);
  EXPECT_GT(calibration.fortnight_spread(), 0.2);
  EXPECT_GT(calibration.region_spread(), 0.1);
  EXPECT_EQ(calibration.offset(order_of(fortnights + 30, regions + 9)), 0) << "of times unseen it says nothing";
  EXPECT_EQ(calibration.offset(order_of(-30, regions + 9)), 0);
}

TEST(DeliveryCalibration, FindsNothingWhereTheModelIsRight) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    const DeliveryCalibration calibration = DeliveryCalibration::of(cases_of(0, seed));
    EXPECT_LT(calibration.fortnight_spread(), 0.12) << seed;
    EXPECT_LT(calibration.region_spread(), 0.12) << seed;
    for (int fortnight = 0; fortnight < fortnights; ++fortnight) {
      EXPECT_NEAR(calibration.offset(order_of(fortnight, 1)), 0, 0.2) << seed << " " << fortnight;
    }
  }
}

TEST(DeliveryCalibration, OnlyRatiosOfWeightsCount) {
  std::vector<DeliveryCalibration::Case> cases = cases_of(1, 11);
  const DeliveryCalibration as_it_was = DeliveryCalibration::of(cases);
  for (auto& one : cases) one.weight *= 4;
  const DeliveryCalibration heavier = DeliveryCalibration::of(cases);
  EXPECT_NEAR(heavier.offset(order_of(12, 2)), as_it_was.offset(order_of(12, 2)), 1e-9);
}

TEST(DeliveryCalibration, MovesTheDaysWithTheShareLate) {
  const DeliveryCalibration calibration = DeliveryCalibration::of(cases_of(1, 11));
  const PastOrder order = order_of(12, 2);
  DeliveryOutlook outlook;
  outlook.late.fill(0.2);
  outlook.late_mean = 0.2;
  for (int d = 0; d <= 20; ++d) outlook.by_day.push_back(d <= 10 ? 0.8 * (d + 1) / 11 : 0.8 + 0.02 * (d - 10));
  const DeliveryOutlook old = outlook;
  calibration.apply(order, outlook);
  const double expected = logistic(std::log(0.2 / 0.8) + calibration.offset(order));
  EXPECT_GT(expected, 0.3);
  EXPECT_NEAR(outlook.late_mean, expected, 1e-9);
  EXPECT_NEAR(1 - outlook.by_day[10], expected, 1e-9);
  EXPECT_NEAR(outlook.by_day.back(), 1, 1e-12);
  for (std::size_t d = 1; d < outlook.by_day.size(); ++d) EXPECT_GE(outlook.by_day[d], outlook.by_day[d - 1]);
  EXPECT_NEAR(outlook.by_day[4] / outlook.by_day[8], old.by_day[4] / old.by_day[8], 1e-12);
  EXPECT_NEAR((1 - outlook.by_day[12]) / (1 - outlook.by_day[17]), (1 - old.by_day[12]) / (1 - old.by_day[17]), 1e-9);
}

/// A market in which every order comes evenly within 20 days of a promise of 12.
OrderHistory market() {
  OrderHistory history;
  history.regions = {"unknown", "A"};
  history.sellers = {"unknown"};
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    PastOrder order;
    order.id = std::to_string(i);
    order.placed = first_day + static_cast<CalendarDay>(i / 20);
    order.promised = order.placed + 12;
    order.to = 1;
    order.delivered = order.placed + static_cast<CalendarDay>(Draws(RunKey{5, 0}, Purpose::test, i).below(0, 20));
    history.as_of = std::max(history.as_of, *order.delivered);
    history.orders.push_back(order);
  }
  return history;
}

TEST(DeliveryCalibration, LearnsFromAHistoryAndLooksAtNothingLater) {
  OrderHistory history = market();
  std::vector<std::uint32_t> all(history.orders.size());
  std::iota(all.begin(), all.end(), 0U);
  const CalendarDay until = first_day + 100;
  const auto calibration = DeliveryCalibration::learn(history, all, until);
  ASSERT_TRUE(calibration.has_value());
  for (PastOrder& order : history.orders) {
    if (*order.delivered >= until) order.delivered = order.placed + 300;
  }
  const auto other_future = DeliveryCalibration::learn(history, all, until);
  ASSERT_TRUE(other_future.has_value());
  for (int fortnight = 0; fortnight < 8; ++fortnight) {
    EXPECT_EQ(calibration->offset(order_of(fortnight, 1)), other_future->offset(order_of(fortnight, 1)));
  }
  EXPECT_FALSE(DeliveryCalibration::learn(history, std::span(all).first(120), until).has_value())
      << "too few to learn from without a quarter of the sellers";
}

}  // namespace
}  // namespace peakstorm
