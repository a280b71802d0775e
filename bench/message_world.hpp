/// A world that is just large enough for messages to be about something.
#pragma once

#include "engine/world.hpp"

namespace peakstorm::bench {

/// Three carriers, three facilities and a shipper in one zone.
inline World message_world() {
  World world;
  world.first_day_unix = 1'385'337'600;  // 25 November 2013.
  world.day_count = 40;
  world.zones = {{"America/New_York", {{SimTime::min(), hours(-5)}}}};
  world.regions = {{"NY"}};
  for (const char* name : {"ups", "fedex", "usps"}) {
    Carrier carrier;
    carrier.name = name;
    Service service;
    service.name = carrier.name + "-ground";
    service.carrier = CarrierId{static_cast<std::uint8_t>(world.carriers.size())};
    world.carriers.push_back(carrier);
    world.services.push_back(service);
  }
  for (const char* name : {"louisville", "secaucus", "maspeth"}) {
    Facility facility;
    facility.name = name;
    world.facilities.push_back(facility);
  }
  world.nodes.resize(1);
  world.nodes[0].name = "edison";
  world.destinations.resize(1);
  world.destinations[0].name = "100";
  world.sizes = {{ppm_one, 482, 1000}};
  return world;
}

}  // namespace peakstorm::bench
