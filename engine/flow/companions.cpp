#include "engine/flow/companions.hpp"

#include <algorithm>
#include <limits>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

bool is_retailer(const World& world, ShipperId shipper) {
  return world.shippers[index(shipper)].role == ShipperRole::retailer;
}
bool is_retailers(const World& world, std::size_t node) {
  return is_retailer(world, world.nodes[node].shipper);
}

/// Whether the same shoppers come, by name, at the same times.
bool same_demand(const Shipper& a, const Shipper& b) {
  return a.name == b.name && a.role == b.role && a.orders_per_day == b.orders_per_day && a.hours == b.hours &&
         a.weekdays == b.weekdays && a.season == b.season && a.day_cv == b.day_cv &&
         a.day_correlation == b.day_correlation;
}

/// The nodes of retailers as in `world`, the others as in `policy`; `take` is called with the world and the index in it
/// of each, in the order of `world`. False when there are more or fewer of the others.
template <class Take>
bool with_retailers_of(const World& world, const World& policy, const Take& take) {
  std::size_t next = 0;
  const auto skip = [&] {
    while (next < policy.nodes.size() && is_retailers(policy, next)) ++next;
  };
  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    if (is_retailers(world, n)) {
      take(world, n);
      continue;
    }
    skip();
    if (next == policy.nodes.size()) return false;
    take(policy, next++);
  }
  skip();
  return next == policy.nodes.size();
}

}  // namespace

bool can_ride_along(const World& world, const World& policy) {
  if (!std::equal(world.shippers.begin(), world.shippers.end(), policy.shippers.begin(), policy.shippers.end(),
                  same_demand) ||
      world.disruptions.size() != policy.disruptions.size()) {
    return false;
  }
  // Given orders name their nodes by number.
  if (!world.orders.empty() &&
      !std::equal(world.nodes.begin(), world.nodes.end(), policy.nodes.begin(), policy.nodes.end(),
                  [](const ShipNode& a, const ShipNode& b) { return a.name == b.name && a.shipper == b.shipper; })) {
    return false;
  }
  // With what retailers decide taken from `world`, the two must be equal.
  World rest = policy;
  for (std::size_t s = 0; s < world.shippers.size(); ++s) {
    if (world.shippers[s].role == ShipperRole::retailer) rest.shippers[s] = world.shippers[s];
  }
  rest.shopper = world.shopper;
  rest.loyalty = world.loyalty;  // Of what is measured afterwards.
  rest.nodes.clear();
  for (Disruption& disruption : rest.disruptions) disruption.nodes.clear();
  const bool fits = with_retailers_of(world, policy, [&](const World& from, std::size_t node) {
    rest.nodes.push_back(from.nodes[node]);
    for (std::size_t d = 0; d < rest.disruptions.size(); ++d) {
      const std::vector<bool>& touched = from.disruptions[d].nodes;
      if (node < touched.size()) rest.disruptions[d].nodes.push_back(touched[node]);
    }
  });
  return fits && fingerprint(rest) == fingerprint(world);
}

double retail_share(const World& world) {
  double all = 0;
  double retail = 0;
  for (const Shipper& shipper : world.shippers) {
    all += shipper.orders_per_day;
    if (shipper.role == ShipperRole::retailer) retail += shipper.orders_per_day;
  }
  return all > 0 ? retail / all : 1;
}

std::size_t companions_max(const World& world) {
  const auto retailers =
      static_cast<std::size_t>(std::count_if(world.shippers.begin(), world.shippers.end(), [](const Shipper& shipper) {
        return shipper.role == ShipperRole::retailer;
      }));
  std::size_t nodes = 0;
  for (std::size_t n = 0; n < world.nodes.size(); ++n) nodes += is_retailers(world, n) ? 1 : 0;
  constexpr std::size_t shippers_max = std::numeric_limits<std::uint8_t>::max();
  const std::size_t places = world.facilities.size() + world.nodes.size();
  const std::size_t by_shippers =
      (shippers_max - std::min(shippers_max, world.shippers.size())) / std::max<std::size_t>(1, retailers);
  // Policies may have more nodes than the run's own retailers: twice as many leave room.
  const std::size_t by_nodes =
      (index(no_place) - std::min(index(no_place), places)) / std::max<std::size_t>(1, 2 * nodes);
  return std::max<std::size_t>(1, std::min(by_shippers, by_nodes));
}

namespace flow {

Companions::Companions(World& world, std::span<const Companion> companions)
    : companions_(companions.size()),
      facilities_(world.facilities.size()),
      first_node_(world.nodes.size()),
      first_place_(world.facilities.size() + world.nodes.size()),
      first_shipper_(world.shippers.size()) {
  std::vector<GivenOrder> orders;
  for (std::size_t c = 0; c < companions.size(); ++c) {
    const World& theirs = *companions[c].world;
    std::vector<ShipperId> number(theirs.shippers.size());  // In the run, by their own.
    for (std::size_t s = 0; s < theirs.shippers.size(); ++s) {
      const ShipperId own{static_cast<std::uint8_t>(s)};
      if (!is_retailer(theirs, own)) continue;
      number[s] = ShipperId{static_cast<std::uint8_t>(world.shippers.size())};
      world.shippers.push_back(theirs.shippers[s]);
      shippers_.push_back(own);
    }
    for (std::size_t n = 0; n < theirs.nodes.size(); ++n) {
      if (!is_retailers(theirs, n)) continue;
      const ShipNodeId node{static_cast<std::uint16_t>(world.nodes.size())};
      world.nodes.push_back(theirs.nodes[n]);
      world.nodes.back().shipper = number[index(theirs.nodes[n].shipper)];
      nodes_.push_back({c, ShipNodeId{static_cast<std::uint16_t>(n)}});
      for (std::size_t d = 0; d < world.disruptions.size(); ++d) {
        const std::vector<bool>& touched = theirs.disruptions[d].nodes;
        world.disruptions[d].nodes.push_back(n < touched.size() && touched[n]);
      }
      for (const GivenOrder& order : theirs.orders) {
        if (index(order.node) != n) continue;
        orders.push_back(order);
        orders.back().node = node;
      }
    }
  }
  if (orders.empty()) return;
  world.orders.insert(world.orders.end(), orders.begin(), orders.end());
  std::stable_sort(world.orders.begin(), world.orders.end(),
                   [](const GivenOrder& a, const GivenOrder& b) { return a.at < b.at; });
}

}  // namespace flow
}  // namespace peakstorm
