#include "engine/flow/sourcing.hpp"

#include <algorithm>
#include <cmath>

#include "engine/check.hpp"
#include "engine/geo.hpp"

namespace peakstorm::flow {

SimTime work_begins(const World& world, const ShipNode& node, SimTime at) {
  const TimeZone& zone = world.zones[index(node.zone)];
  const Day day = zone.local_day(at);
  const SimDuration time = zone.time_of_day(at);
  if (world.is_open(node.calendar, day) && time <= node.cut_off) {
    return time >= opening ? at : zone.to_instant(day, opening);
  }
  return zone.to_instant(promise::add_open_days(world, node.calendar, day + 1, 0), opening);
}

bool Sourcing::is_needed(const World& world, ShipperId shipper) {
  if (world.shippers[index(shipper)].ship_from != ShipFrom::served) return true;
  return std::any_of(world.nodes.begin(), world.nodes.end(),
                     [&](const ShipNode& node) { return node.shipper == shipper && !node.stock.empty(); });
}

Sourcing::Sourcing(const Context& context, ShipperId shipper)
    : context_(context), shipper_(context.world.shippers[index(shipper)]) {
  const World& world = context.world;
  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    const ShipNode& of = world.nodes[n];
    if (of.shipper != shipper) continue;
    Node node;
    node.id = ShipNodeId{static_cast<std::uint16_t>(n)};
    node.left.resize(world.sizes.size());
    const TimeZone& zone = world.zones[index(of.zone)];
    for (const StockLot& lot : of.stock) {
      node.lots.push_back({lot.from <= 0 ? SimTime::min() : zone.to_instant(lot.from, SimDuration{}), lot});
      is_limited_ = true;
    }
    if (shipper_.ship_from == ShipFrom::promise) {
      for (const Pickup& pickup : of.pickups) {
        const CalendarId calendar = world.carriers[index(pickup.carrier)].pickup;
        node.pickups.push_back(network::daily(world, of.zone, calendar, pickup.time, day_zero, context.end));
      }
    }
    nodes_.push_back(std::move(node));
  }
  std::sort(nodes_.begin(), nodes_.end(), [&](const Node& a, const Node& b) {
    return world.nodes[index(a.id)].name < world.nodes[index(b.id)].name;
  });
}

Day Sourcing::published_day(const Node& node, const Order& order, ServiceId id) const {
  const World& world = context_.world;
  const ShipNode& of = world.nodes[index(node.id)];
  const Service& service = world.services[index(id)];
  const SimTime packed = work_begins(world, of, order.at) + of.handling_max;
  SimTime pickup = context_.end;
  for_each_pickup(world, of, service.carrier, order.destination, [&](std::size_t p) {
    const std::size_t visit = node.pickups[p].first_at_or_after(packed);
    if (visit < node.pickups[p].size()) pickup = std::min(pickup, node.pickups[p][visit]);
  });
  const Day tender = world.zones[index(of.zone)].local_day(pickup);
  return promise::published_day(world, service, tender, context_.tariffs.days(node.id, id, order.destination));
}

Sourcing::Rank Sourcing::rank(const Node& node, const Order& order) const {
  const World& world = context_.world;
  if (shipper_.ship_from == ShipFrom::served) return {node.id == order.home ? 0 : 1, 0};
  if (shipper_.ship_from == ShipFrom::nearest) {
    const double km =
        great_circle_km(world.nodes[index(node.id)].position, world.destinations[index(order.destination)].position);
    return {0, std::llround(km * 1'000)};
  }
  const ServiceId service = context_.tariffs.choose(shipper_, node.id, order.destination, order.tier, order.share_word);
  const Cents price =
      context_.tariffs.cost(node.id, service, order.destination, order.size, std::numeric_limits<Day>::min());
  if (shipper_.ship_from == ShipFrom::cheapest) return {0, price};
  const Day ordered = context_.zone_of(order.destination).local_day(order.at);
  const Day last = ordered + shipper_.target_days[static_cast<std::size_t>(order.tier)];
  // Days within the target are all alike.
  return {std::max(published_day(node, order, service), last), price};
}

void Sourcing::receive(Node& node, SimTime now) const {
  for (; node.next_lot < node.lots.size() && node.lots[node.next_lot].from <= now; ++node.next_lot) {
    const StockLot& lot = node.lots[node.next_lot].lot;
    (lot.size ? node.left[*lot.size] : node.left_any) += context_.scaled_milli(lot.units, ppm_one);
  }
}

std::int64_t* Sourcing::stock_of(Node& node, std::uint8_t size) const {
  // Below scale 1 what is left may be part of a unit: it is sold, so that on average none is left over.
  const std::int64_t least = context_.hard_limits ? 1'000 : 1;
  if (node.left[size] >= least) return &node.left[size];
  return node.left_any >= least ? &node.left_any : nullptr;
}

Sourcing::Choice Sourcing::take(const Order& order) {
  std::optional<Rank> first;
  std::optional<Rank> best;
  Node* favourite = nullptr;
  Node* sender = nullptr;
  for (Node& node : nodes_) {
    if (shipper_.ship_from == ShipFrom::served && node.id != order.home) continue;
    const Rank its = rank(node, order);
    if (!first || its < *first) {
      first = its;
      favourite = &node;
    }
    if (is_limited_) receive(node, order.at);
    if (is_limited_ && stock_of(node, order.size) == nullptr) continue;
    if (!best || its < *best) {
      best = its;
      sender = &node;
    }
  }
  if (sender == nullptr) return {};
  if (is_limited_) *stock_of(*sender, order.size) -= 1'000;
  return {sender->id, sender != favourite};
}

}  // namespace peakstorm::flow
