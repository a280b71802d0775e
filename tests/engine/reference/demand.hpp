/// Orders: those given, or drawn hour by hour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/engine/reference/setting.hpp"

namespace peakstorm::test::plain {

struct Order {
  ParcelId id{};
  SimTime at;
  DestinationId destination{};
  Tier tier = Tier::standard;
  std::uint8_t size = 0;
  std::uint32_t share_word = 0;    ///< Draw of the carrier, where the shipper splits its volume.
  std::uint16_t promise = no_day;  ///< When it is given.
  bool picks_tier = false;
  std::uint32_t tier_word = 0;  ///< ... by this draw.
};

/// All orders of a node that come before the end.
std::vector<Order> orders_of(const Setting& setting, std::size_t n);

}  // namespace peakstorm::test::plain
