#include "tests/engine/small_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

namespace peakstorm::test {

World small_world(double orders_per_day) {
  World world;
  world.name = "small";
  world.first_day_unix = 1'385'337'600;  // 25 Nov 2013, a Monday.
  world.day_count = 14;
  world.drain_days = 14;
  world.measure_to = world.day_count;
  world.calendar_from = -30;
  world.zones = {{"UTC", {{SimTime::min(), SimDuration{}}}}};
  world.calendars = {{"daily", std::vector<bool>(300, true)}};
  world.regions = {{"W"}, {"E"}};
  world.destinations = {{"D-WEST", RegionId{0}, ZoneId{0}, {40, -100}, 500},
                        {"D-EAST", RegionId{1}, ZoneId{0}, {40, -90}, 500}};
  Carrier alpha;
  alpha.name = "alpha";
  alpha.first_attempt_success = ppm_one;
  alpha.bad_address = alpha.missort = alpha.loss = alpha.damage = alpha.held = 0;
  alpha.missed_scan = alpha.late_scan = alpha.false_delivery = 0;
  world.carriers = {alpha};
  Service ground;
  ground.name = "ground";
  ground.commit_time = hours(20);
  ground.published = {{500, 1}, {5000, 2}};
  ground.rates = {{5000, 800, 50}};
  world.services = {ground};

  const auto facility = [](const char* name, FacilityKind kind, double lon) {
    Facility f;
    f.name = name;
    f.kind = kind;
    f.position = {40, lon};
    f.handling = minutes(20);
    if (kind == FacilityKind::hub) {
      f.sorts = {{hours(18), hours(26), 0x7f, 2000}};
    } else {
      f.stops_per_day = 400;
      f.load_out = hours(8);
      f.round_length = hours(9);
    }
    return f;
  };
  world.facilities = {facility("WEST", FacilityKind::hub, -100), facility("EAST", FacilityKind::hub, -90),
                      facility("WEST-DEPOT", FacilityKind::depot, -100.2),
                      facility("EAST-DEPOT", FacilityKind::depot, -90.2)};
  const auto lane = [](FacilityId from, FacilityId to, SimDuration transit, std::vector<Departure> departures,
                       std::uint32_t pieces) {
    Lane l;
    l.from = from;
    l.to = to;
    l.transit = transit;
    l.departures = std::move(departures);
    l.cut_off = minutes(15);
    l.pieces = pieces;
    return l;
  };
  world.lanes = {lane(west_hub, east_hub, hours(12), {{hours(4)}, {hours(22)}}, 300),
                 lane(east_hub, west_hub, hours(12), {{hours(4)}, {hours(22)}}, 300),
                 lane(west_hub, west_depot, hours(1), {{hours(5)}}, 400),
                 lane(east_hub, east_depot, hours(1), {{hours(5)}}, 400)};
  world.coverage = {{west_depot, east_depot}};
  world.sizes = {{ppm_one, 1500, 10'000}};

  Shipper shop;
  shop.name = "shop";
  shop.orders_per_day = orders_per_day;
  shop.hours.fill(ppm_one);
  shop.weekdays.fill(ppm_one);
  shop.tiers = {0, ppm_one, 0};
  shop.target_days = {7, 5, 2};
  shop.tariffs = {{Tier::standard, ServiceId{0}, ppm_one}};
  shop.window_from = hours(8);
  shop.window_to = hours(20);
  world.shippers = {shop};
  ShipNode node;
  node.name = "NODE";
  node.position = {40, -100.1};
  node.cut_off = hours(14);
  node.handling_min = hours(1);
  node.handling_max = hours(2);
  node.demand = {500, 500};
  node.pickups = {{CarrierId{0}, west_hub, hours(17), minutes(40), 0}};
  world.nodes = {node};
  return world;
}

World troubled_world() {
  World world = small_world(600);
  Carrier& carrier = world.carriers[0];
  carrier.first_attempt_success = 900'000;
  carrier.bad_address = 20'000;
  carrier.missort = 20'000;
  carrier.loss = 5'000;
  carrier.damage = 5'000;
  carrier.held = 10'000;
  carrier.missed_scan = 50'000;
  carrier.late_scan = 50'000;
  carrier.false_delivery = 10'000;
  world.shippers[0].cancelled = 20'000;
  world.shippers[0].day_cv = 300'000;
  Disruption storm;
  storm.name = "storm";
  storm.from = day_zero + days(4);
  storm.to = day_zero + days(6);
  storm.facilities = {true, false, true, false};
  storm.destinations = {true, false};
  storm.nodes = {true};
  storm.speed = 500'000;
  storm.staffing = 300'000;
  Disruption closure = storm;
  closure.kind = DisruptionKind::closure;
  closure.from = day_zero + days(5);
  closure.closed = true;
  Disruption surge = storm;
  surge.kind = DisruptionKind::surge;
  surge.speed = surge.staffing = ppm_one;
  surge.demand = 1'600'000;
  world.disruptions = {storm, closure, surge};
  return world;
}

RecorderShard& KeepingRecorder::shard(std::size_t partition) {
  while (shards_.size() <= partition) shards_.push_back(std::make_unique<Shard>());
  return *shards_[partition];
}

std::vector<Outcome> KeepingRecorder::all_outcomes() const {
  std::vector<Outcome> all;
  for (const auto& shard : shards_) all.insert(all.end(), shard->kept.begin(), shard->kept.end());
  return all;
}

void KeepingRecorder::parcels(std::span<const ParcelFacts> facts) {
  kept_facts.insert(kept_facts.end(), facts.begin(), facts.end());
}
void KeepingRecorder::scans(std::span<const Scan> scans) {
  kept_scans.insert(kept_scans.end(), scans.begin(), scans.end());
}
void KeepingRecorder::acts(std::span<const ShopperAct> acts) {
  kept_acts.insert(kept_acts.end(), acts.begin(), acts.end());
}
void KeepingRecorder::load_series(PlaceId place, SimDuration /*step*/, std::span<const PlaceLoad> loads) {
  if (kept_loads.size() <= index(place)) kept_loads.resize(index(place) + 1);
  kept_loads[index(place)].assign(loads.begin(), loads.end());
}
void KeepingRecorder::place_days(std::span<const PlaceDay> days) {
  kept_days.insert(kept_days.end(), days.begin(), days.end());
}
void KeepingRecorder::census(CarrierId carrier, std::span<const Census> census) {
  if (kept_census.size() <= index(carrier)) kept_census.resize(index(carrier) + 1);
  kept_census[index(carrier)].assign(census.begin(), census.end());
}
void KeepingRecorder::queues(std::span<const QueueAccount> queues) {
  kept_queues.insert(kept_queues.end(), queues.begin(), queues.end());
}

void KeepingRecorder::save(ArchiveWriter& archive) const {
  std::vector<Outcome> outcomes = all_outcomes();
  std::sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  archive(outcomes, kept_facts, kept_scans, kept_acts);
}
void KeepingRecorder::absorb(ArchiveReader& archive) {
  const auto add = [&archive](auto& to) {
    std::remove_reference_t<decltype(to)> more;
    archive(more);
    to.insert(to.end(), more.begin(), more.end());
  };
  add(shards_.at(0)->kept);
  add(kept_facts);
  add(kept_scans);
  add(kept_acts);
}

SimulationSummary run(const World& world, Recorder& recorder, SimulationOptions options) {
  Result<SimulationSummary> summary = simulate(world, options, recorder);
  EXPECT_TRUE(summary.has_value()) << (summary ? "" : summary.error().message);
  return summary.value_or(SimulationSummary{});
}

}  // namespace peakstorm::test
