/// A small world with everything that is awkward on a wire: names in several scripts, quotes in names, both
/// hemispheres, offsets of a quarter hour, an autumn fold and a spring gap within its days.
#pragma once

#include <string>
#include <vector>

#include "engine/scan.hpp"
#include "engine/world.hpp"

namespace peakstorm::testing {

/// 28 October 2013, 00:00 UTC. New York leaves daylight time on 3 November at 06:00 UTC.
inline constexpr std::int64_t first_day_unix = 1'382'918'400;

inline World tiny_world() {
  World world;
  world.name = "tiny";
  world.first_day_unix = first_day_unix;
  world.day_count = 40;
  const SimTime fold = day_zero + days(6) + hours(6);
  const SimTime gap = day_zero + days(20) + hours(3);
  world.zones = {{"UTC", {{SimTime::min(), hours(0)}}},
                 {"America/New_York", {{SimTime::min(), hours(-4)}, {fold, hours(-5)}}},
                 {"Australia/Sydney", {{SimTime::min(), hours(10)}, {gap, hours(11)}}},
                 {"Asia/Kathmandu", {{SimTime::min(), minutes(345)}}},
                 {"America/St_Johns", {{SimTime::min(), minutes(-150)}, {fold, minutes(-210)}}}};
  world.regions = {{"NY"}, {"New South Wales"}, {"बागमती"}, {"Nordrhein-Westfalen \"NRW\""}};
  const auto carrier = [](std::string name, NumberFormat format) {
    Carrier c;
    c.name = std::move(name);
    c.number_format = format;
    return c;
  };
  world.carriers = {carrier("ups", NumberFormat::ups_1z), carrier("fedex", NumberFormat::fedex_12),
                    carrier("usps", NumberFormat::usps_22), carrier("Kurier \"Müller\" & Söhne", NumberFormat::s10),
                    carrier("bike", NumberFormat::plain)};
  for (std::uint8_t i = 0; i < 5; ++i) {
    Service service;
    service.name = "service-" + std::to_string(i);
    service.carrier = CarrierId{i};
    world.services.push_back(service);
  }
  const std::vector<std::string> places{"louisville", "Köln/Bonn", "東京 🗼", "back\\slash \"quoted\"",
                                        "tab\tand\nline"};
  for (std::size_t i = 0; i < places.size(); ++i) {
    Facility facility;
    facility.name = places[i];
    facility.zone = ZoneId{static_cast<std::uint8_t>(i % world.zones.size())};
    facility.region = RegionId{static_cast<std::uint8_t>(i % world.regions.size())};
    world.facilities.push_back(facility);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    ShipNode node;
    node.name = i == 2 ? "Lager Süd" : "node-" + std::to_string(i);
    node.zone = ZoneId{static_cast<std::uint8_t>(i + 1)};
    node.region = RegionId{static_cast<std::uint8_t>(i)};
    world.nodes.push_back(node);
    Destination destination;
    destination.name = "10" + std::to_string(i);
    destination.zone = ZoneId{static_cast<std::uint8_t>(i + 1)};
    destination.region = RegionId{static_cast<std::uint8_t>(i)};
    world.destinations.push_back(destination);
  }
  // 482 g are 17.0 ounces: the number that EasyPost's verifier stumbles over when it is written 17.
  world.sizes = {{500'000, 482, 1000}, {300'000, 1'500, 10'000}, {200'000, 0, 1}};
  return world;
}

inline ParcelFacts facts_of(ParcelId id, std::uint8_t service) {
  ParcelFacts facts;
  facts.id = id;
  facts.node = node_of(id);
  facts.service = ServiceId{service};
  facts.ordered = day_zero + hours(hour_of(id));
  facts.promise_day = 9;
  facts.window_from = hours(8);
  facts.window_to = hours(20);
  return facts;
}

}  // namespace peakstorm::testing
