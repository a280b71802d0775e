#include "engine/delivery_stages.hpp"

#include <algorithm>

#include "engine/delivery_time.hpp"

namespace peakstorm {
namespace {

StageHistory empty_like(const OrderHistory& orders) {
  StageHistory stage;
  stage.history.regions = orders.regions;
  stage.history.sellers = orders.sellers;
  stage.history.holidays = orders.holidays;
  stage.history.as_of = orders.as_of;
  stage.of_order.assign(orders.orders.size(), StageHistory::none);
  return stage;
}

void add(StageHistory& stage, std::size_t of, const PastOrder& order) {
  stage.of_order[of] = static_cast<std::uint32_t>(stage.history.orders.size());
  stage.history.orders.push_back(order);
}

}  // namespace

StageHistory handling_stage(const OrderHistory& orders) {
  StageHistory stage = empty_like(orders);
  for (std::size_t i = 0; i < orders.orders.size(); ++i) {
    PastOrder order = orders.orders[i];
    if (order.delivered && !order.handed) continue;
    order.delivered = order.handed;
    add(stage, i, order);
  }
  return stage;
}

StageHistory transit_stage(const OrderHistory& orders) {
  StageHistory stage = empty_like(orders);
  for (std::size_t i = 0; i < orders.orders.size(); ++i) {
    PastOrder order = orders.orders[i];
    if (!order.handed || (order.delivered && *order.delivered < *order.handed)) continue;
    constexpr int noon = 12;
    order.placed = *order.handed;
    order.hour = noon;
    order.second_clock = false;
    order.promised = std::max(order.promised, order.placed);
    add(stage, i, order);
  }
  set_promise_levels(stage.history.orders);
  return stage;
}

}  // namespace peakstorm
