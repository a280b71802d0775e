/// A World for the tests of results: two carriers, three services, two shippers, two destinations in different
/// zones, two facilities and two ship nodes. Just enough names for outcomes to refer to.
#pragma once

#include "engine/world.hpp"

namespace peakstorm::test {

inline World small_world() {
  World world;
  world.name = "small";
  world.title = "A small world";
  world.description = "For tests";
  world.first_day_unix = 1'385'337'600;  // 2013-11-25
  world.day_count = 20;
  world.drain_days = 5;
  world.measure_from = 2;
  world.measure_to = 18;
  world.calendar_from = -10;
  world.zones = {{"UTC", {{SimTime::min(), SimDuration{0}}}}, {"America/Chicago", {{SimTime::min(), -hours(6)}}}};
  world.calendars = {{"daily", std::vector<bool>(60, true)}};
  world.regions = {{"TX"}, {"ME"}};
  world.destinations = {{"752", RegionId{0}, ZoneId{1}, {32.8, -96.8}, 3},
                        {"041", RegionId{1}, ZoneId{0}, {43.7, -70.3}, 1}};
  world.carriers.resize(2);
  world.carriers[0].name = "swift";
  world.carriers[1].name = "plain";
  world.services.resize(3);
  world.services[0].name = "swift-next-day";
  world.services[0].tier = Tier::express;
  world.services[0].mode = Mode::air;
  world.services[0].commit_time = hours(12);
  world.services[1].name = "swift-ground";
  world.services[1].mode = Mode::road;
  world.services[1].commit_time = hours(20);
  world.services[2].name = "plain-ground";
  world.services[2].carrier = CarrierId{1};
  world.services[2].tier = Tier::economy;
  world.services[2].commit_time = hours(24);
  world.shippers.resize(2);
  world.shippers[0].name = "northstar";
  world.shippers[0].window_from = hours(8);
  world.shippers[0].window_to = hours(18);
  world.shippers[0].recovery_credit = 2000;
  world.shippers[0].recovery_refunds_shipping = true;
  world.shippers[1].name = "others";
  world.shippers[1].role = ShipperRole::background;
  world.facilities.resize(2);
  world.facilities[0].name = "dallas-hub";
  world.facilities[0].kind = FacilityKind::hub;
  world.facilities[0].sorts = {{hours(22), hours(26), 0x7f, 1000}};
  world.facilities[1].name = "portland-depot";
  world.facilities[1].carrier = CarrierId{1};
  world.facilities[1].kind = FacilityKind::depot;
  world.facilities[1].region = RegionId{1};
  world.facilities[1].stops_per_day = 500;
  world.lanes = {{FacilityId{0},
                  FacilityId{1},
                  Mode::road,
                  false,
                  2500,
                  hours(40),
                  {{hours(3), 0x1f}, {hours(9), 0x7f}},
                  minutes(15),
                  900,
                  0,
                  0}};
  world.nodes.resize(2);
  world.nodes[0].name = "node-a";
  world.nodes[0].zone = ZoneId{1};
  world.nodes[1].name = "node-b";
  world.nodes[1].shipper = ShipperId{1};
  Disruption storm;
  storm.name = "ice";
  storm.from = day_zero + days(8);
  storm.to = day_zero + days(10);
  storm.facilities = {true, false};
  storm.destinations = {true, false};
  storm.nodes = {false, false};
  storm.speed = 400'000;
  storm.regions = {RegionId{0}};
  world.disruptions = {storm};
  return world;
}

}  // namespace peakstorm::test
