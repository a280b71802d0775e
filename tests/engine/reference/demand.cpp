#include "tests/engine/reference/demand.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "engine/flow/variates.hpp"
#include "engine/portable_math.hpp"

namespace peakstorm::test::plain {

namespace {

using flow::AliasTable;

double day_factor(const Setting& setting, const Shipper& shipper, std::int64_t day) {
  const double correlation = shipper.day_correlation * 1e-6;
  double z = 0;
  for (std::int64_t d = 0; d <= day; ++d) {
    const Draws draws(setting.options.run, Purpose::day_factor, hash64(shipper.name), static_cast<std::uint32_t>(d));
    const double shock = normal_quantile(draws.unit(0));
    z = d == 0 ? shock : correlation * z + std::sqrt(1 - correlation * correlation) * shock;
  }
  const double cv = shipper.day_cv * 1e-6;
  return std::pow(std::max(0.0, 1 - cv * cv / 9 + z * cv / 3), 3);
}

/// Those of one hour.
void draw_orders(const Setting& setting, std::size_t n, const Shipper& shipper, std::int64_t hour,
                 std::vector<Order>& orders) {
  const ShipNode& node = setting.world.nodes[n];
  const SimTime from = day_zero + hours(hour);
  double shipper_weight = 0;
  for (const ShipNode& other : setting.world.nodes) {
    if (other.shipper != node.shipper) continue;
    for (const std::uint64_t weight : other.demand) shipper_weight += static_cast<double>(weight);
  }
  std::map<std::string, std::map<std::string, std::size_t>> by_zone;  // Zone, destination: both in order of name.
  for (std::size_t d = 0; d < setting.world.destinations.size(); ++d) {
    if (node.demand[d] > 0)
      by_zone[setting.zone(setting.world.destinations[d].zone).name][setting.world.destinations[d].name] = d;
  }
  std::vector<std::uint64_t> sizes;
  for (const SizeClass& size : setting.world.sizes) sizes.push_back(size.share);
  const AliasTable size_table(sizes);
  const AliasTable tier_table({shipper.tiers[0], shipper.tiers[1], shipper.tiers[2]});
  std::uint32_t serial = 0;
  for (const auto& [zone_name, destinations] : by_zone) {
    const TimeZone& local = setting.zone(setting.world.destinations[destinations.begin()->second].zone);
    std::vector<std::uint64_t> weights;
    std::vector<std::size_t> ids;
    double zone_weight = 0;
    // Candidates come at the surge of the busiest area; the others keep their share of them.
    double busiest = 0;
    for (const auto& [name, d] : destinations) {
      ids.push_back(d);
      busiest = std::max(busiest, setting.surge(node.shipper, d, from));
      weights.push_back(node.demand[d]);
      zone_weight += static_cast<double>(node.demand[d]);
    }
    const Day day = local.local_day(from);
    const double season =
        shipper.season.empty()
            ? 1
            : shipper.season[static_cast<std::size_t>(std::clamp(day, 0, setting.world.day_count - 1))] * 1e-6;
    const double mean = shipper.orders_per_day / 24 * setting.options.scale * zone_weight / shipper_weight * season *
                        1e-12 * shipper.hours[static_cast<std::size_t>(local.time_of_day(from) / hours(1))] *
                        shipper.weekdays[static_cast<std::size_t>(weekday_of(setting.world.first_day_unix, day))] *
                        day_factor(setting, shipper, hour / 24) * busiest;
    const std::uint64_t count =
        flow::poisson(DrawKey(setting.options.run), Purpose::order_count,
                      hash64(hash64(hash64(node.name), hash64(zone_name)), static_cast<std::uint64_t>(hour)), mean);
    for (std::uint64_t i = 0; i < count; ++i) {
      const ParcelId id =
          make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(n)}, static_cast<std::uint16_t>(hour), serial++);
      const std::uint64_t key = parcel_key(hash64(node.name), id);
      const Draws draws(setting.options.run, Purpose::order, key, 0);
      const std::size_t d = ids[AliasTable(weights).pick(draws.word(1))];
      const double keep = setting.surge(node.shipper, d, from) / busiest;
      if (busiest != 1 && Draws(setting.options.run, Purpose::order, key, 2).unit(0) >= keep) continue;
      const auto size =
          static_cast<std::uint8_t>(size_table.pick(Draws(setting.options.run, Purpose::order, key, 1).word(0)));
      orders.push_back({id, from + SimDuration{draws.below(0, 3'600'000)}, DestinationId{static_cast<std::uint16_t>(d)},
                        static_cast<Tier>(tier_table.pick(draws.word(2))), size, draws.word(3), no_day, true,
                        draws.word(2)});
    }
  }
}

}  // namespace

std::vector<Order> orders_of(const Setting& setting, std::size_t n) {
  std::vector<Order> orders;
  const ShipNode& node = setting.world.nodes[n];
  const Shipper& shipper = setting.world.shippers[index(node.shipper)];
  const auto of_shipper = [&](const GivenOrder& o) {
    return setting.world.nodes[index(o.node)].shipper == node.shipper;
  };
  if (std::any_of(setting.world.orders.begin(), setting.world.orders.end(), of_shipper)) {
    std::map<std::int64_t, std::uint32_t> serials;
    for (const GivenOrder& o : setting.world.orders) {
      if (index(o.node) != n) continue;
      const std::int64_t hour = floor_div(ms(o.at), 3'600'000);
      if (hours(hour) >= setting.end - day_zero) continue;
      const ParcelId id =
          make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(n)}, static_cast<std::uint16_t>(hour), serials[hour]++);
      orders.push_back({id, o.at, o.destination, o.tier, o.size, 0, o.promise_day});
    }
    return orders;
  }
  for (std::int64_t hour = 0; hour < std::int64_t{setting.world.day_count} * 24; ++hour)
    draw_orders(setting, n, shipper, hour, orders);
  return orders;
}

}  // namespace peakstorm::test::plain
