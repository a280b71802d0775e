// Goal: a history's two legs hold each order once, with the days that belong to the leg, and a model of a leg learns
// that leg and nothing of the other. Method: a market whose handling and transit are drawn apart.
#include "engine/delivery_stages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/delivery_time.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

constexpr CalendarDay first_day = 17'000;

PastOrder order_of(std::optional<CalendarDay> handed, std::optional<CalendarDay> delivered) {
  PastOrder order;
  order.placed = first_day;
  order.promised = first_day + 10;
  order.hour = 22;
  order.second_clock = true;
  order.handed = handed;
  order.delivered = delivered;
  return order;
}

TEST(DeliveryStages, EachOrderIsInTheLegsThatItsDatesTell) {
  OrderHistory orders;
  orders.regions = {"unknown", "A"};
  orders.sellers = {"unknown", "s"};
  orders.as_of = first_day + 40;
  orders.orders = {
      order_of(first_day + 3, first_day + 8),    // Both legs.
      order_of({}, first_day + 8),               // Neither: nobody knows when it was handed over.
      order_of({}, {}),                          // Not handed over so far.
      order_of(first_day + 3, {}),               // Under way with the carrier.
      order_of(first_day + 12, first_day + 15),  // Handed over after its promise.
      order_of(first_day + 12, first_day + 11),  // Handed over after it came: a slip of the pen.
  };
  const StageHistory handling = handling_stage(orders);
  const StageHistory transit = transit_stage(orders);
  constexpr auto none = StageHistory::none;
  EXPECT_EQ(handling.of_order, (std::vector<std::uint32_t>{0, none, 1, 2, 3, 4}));
  EXPECT_EQ(transit.of_order, (std::vector<std::uint32_t>{0, none, none, 1, 2, none}));
  EXPECT_EQ(handling.history.orders[0].delivered, first_day + 3);
  EXPECT_EQ(handling.history.orders[0].promised, first_day + 10);
  EXPECT_FALSE(handling.history.orders[1].delivered);
  EXPECT_EQ(transit.history.orders[0].placed, first_day + 3);
  EXPECT_EQ(transit.history.orders[0].delivered, first_day + 8);
  EXPECT_EQ(transit.history.orders[0].lead(), 7);
  EXPECT_FALSE(transit.history.orders[0].second_clock);
  EXPECT_FALSE(transit.history.orders[1].delivered);
  EXPECT_EQ(transit.history.orders[2].lead(), 0);
  EXPECT_TRUE(transit.history.orders[2].late());
  EXPECT_EQ(handling.history.sellers, orders.sellers);
  EXPECT_EQ(transit.history.regions, orders.regions);
  EXPECT_EQ(transit.history.as_of, orders.as_of);
}

TEST(DeliveryStages, ASlowSellerShowsInHandlingAlone) {
  OrderHistory orders;
  orders.regions = {"unknown", "A"};
  orders.sellers = {"unknown", "quick", "slow"};
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    const Draws draws(RunKey{9, 0}, Purpose::test, i);
    PastOrder order;
    order.id = std::to_string(i);
    order.placed = first_day + static_cast<CalendarDay>(i / 20);
    order.promised = order.placed + 14;
    order.to = 1;
    order.seller = 1 + i % 2;
    order.handed = order.placed + 1 + static_cast<CalendarDay>(draws.below(0, order.seller == 2 ? 8 : 3));
    order.delivered = *order.handed + 2 + static_cast<CalendarDay>(draws.below(1, 6));
    orders.as_of = std::max(orders.as_of, *order.delivered);
    orders.orders.push_back(std::move(order));
  }
  set_promise_levels(orders.orders);
  const auto days = [&](const StageHistory& stage, double* quick, double* slow) {
    std::vector<std::uint32_t> all(stage.history.orders.size());
    std::iota(all.begin(), all.end(), 0U);
    const auto model = DeliveryModel::fit(stage.history, all, orders.as_of + 1);
    ASSERT_NE(model, nullptr);
    PastOrder order = stage.history.orders[2'000];
    order.seller = 1;
    *quick = model->predict(order).quantile(0.9);
    order.seller = 2;
    *slow = model->predict(order).quantile(0.9);
  };
  double quick = 0;
  double slow = 0;
  days(handling_stage(orders), &quick, &slow);
  EXPECT_GE(slow, quick + 2);
  days(transit_stage(orders), &quick, &slow);
  EXPECT_NEAR(slow, quick, 1);
}

}  // namespace
}  // namespace peakstorm
