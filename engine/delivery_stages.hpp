/// The two legs of an order as histories of their own, where the hand-over to the carrier is known: handling, from the
/// order to the hand-over, and transit, from there to the door. Each is learnt and scored like whole orders
/// (delivery_time.hpp), so that one sees which of the two a model knows and which it does not. Pure computation.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "engine/order_history.hpp"

namespace peakstorm {

struct StageHistory {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  OrderHistory history;
  std::vector<std::uint32_t> of_order;  ///< By order of the whole history: its number here, or `none`.
};

/// "Delivered" is handed over; the promise is the order's. Orders that came without a known hand-over are left out;
/// those with neither are under way, as far as is known.
StageHistory handling_stage(const OrderHistory& orders);

/// "Placed" is handed over, at noon; of the promise counts what is left of it then, at least the day itself: what is
/// handed over after its promise is late on every later day. Orders without a known hand-over, or with one that lies
/// after their delivery, are left out. Promise levels are those of the stage.
StageHistory transit_stage(const OrderHistory& orders);

}  // namespace peakstorm
