#include "engine/tracking_number.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>

#include "engine/random.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

World world_with(NumberFormat format, std::size_t nodes, Day day_count) {
  World world;
  world.day_count = day_count;
  world.nodes.resize(nodes);
  world.carriers.resize(1);
  world.carriers[0].number_format = format;
  return world;
}

constexpr NumberFormat all_formats[] = {NumberFormat::plain, NumberFormat::ups_1z, NumberFormat::fedex_12,
                                        NumberFormat::usps_22, NumberFormat::s10};

// Goal: no two parcels of a run share a number, whichever carriers they go by.
// Method: the corners of the id's fields as they occur (node < 4096, hour < 4096, serial < 2^26) and random ids
// between them, all formats into one set.
TEST(TrackingNumber, IsUniqueOverAllFormatsAndTheWholeRangeOfIds) {
  std::vector<ParcelId> ids;
  for (const unsigned node : {0U, 1U, 4095U}) {
    for (const unsigned hour : {0U, 1U, 4095U}) {
      for (const unsigned serial : {0U, 1U, 9U, 10U, (1U << 26U) - 1}) {
        ids.push_back(
            make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(node)}, static_cast<std::uint16_t>(hour), serial));
      }
    }
  }
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const Draws draws({3, 0}, Purpose::test, i);
    ids.push_back(make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(draws.below(0, 4096))},
                                 static_cast<std::uint16_t>(draws.below(1, 4096)), draws.below(2, 1U << 26U)));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  // One parcel has one carrier, so ids are dealt out to formats; neighbours get different ones.
  std::vector<World> worlds;
  for (const NumberFormat format : all_formats) worlds.push_back(world_with(format, 4096, 171));
  std::unordered_set<std::string> numbers;
  std::size_t i = 0;
  for (const NumberFormat shift : all_formats) {
    numbers.clear();
    for (const ParcelId id : ids) {
      numbers.insert(tracking_number(worlds[(index(shift) + i++) % worlds.size()], CarrierId{0}, id));
    }
    EXPECT_EQ(numbers.size(), ids.size());
  }
}

// Exhaustive over a small world: consecutive serials of every node and hour.
TEST(TrackingNumber, IsUniqueInASmallWorldCompletely) {
  for (const NumberFormat format : all_formats) {
    const World world = world_with(format, 5, 2);
    std::unordered_set<std::string> numbers;
    std::size_t count = 0;
    for (unsigned node = 0; node < 5; ++node) {
      for (unsigned hour = 0; hour < 48; ++hour) {
        for (unsigned serial = 0; serial < 50; ++serial, ++count) {
          numbers.insert(tracking_number(
              world, CarrierId{0},
              make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(node)}, static_cast<std::uint16_t>(hour), serial)));
        }
      }
    }
    EXPECT_EQ(numbers.size(), count);
  }
}

TEST(TrackingNumber, LooksLikeItsCarriers) {
  const ParcelId small = make_parcel_id(ShipNodeId{2}, 30, 5);
  const auto number = [&](NumberFormat format, ParcelId id) {
    return tracking_number(world_with(format, 40, 40), CarrierId{0}, id);
  };
  EXPECT_EQ(number(NumberFormat::ups_1z, small).size(), 18U);
  EXPECT_EQ(number(NumberFormat::ups_1z, small).substr(0, 2), "1Z");
  EXPECT_EQ(number(NumberFormat::fedex_12, small).size(), 12U);
  EXPECT_EQ(number(NumberFormat::usps_22, small).size(), 22U);
  EXPECT_EQ(number(NumberFormat::usps_22, small).substr(0, 2), "94");
  EXPECT_EQ(number(NumberFormat::s10, small).size(), 13U);
  EXPECT_EQ(number(NumberFormat::plain, small).size(), 16U);
  // 2.4 million serials per node and hour still fit the short FedEx form; one more digit goes to Ground.
  const ParcelId large = make_parcel_id(ShipNodeId{2}, 30, 3'000'000);
  EXPECT_EQ(number(NumberFormat::fedex_12, large).size(), 22U);
  EXPECT_EQ(number(NumberFormat::fedex_12, large).substr(0, 2), "96");
  EXPECT_EQ(number(NumberFormat::s10, large).substr(0, 2), "PS");
}

}  // namespace
}  // namespace peakstorm
