#include "engine/flow/memory.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/simulation.hpp"

namespace peakstorm {
namespace {

/// Days from order to delivery that a shipper's tariffs publish, each band alike, and one for the order and the round.
double days_in_network(const World& world, const Shipper& shipper) {
  double days = 1;
  double weights = 0;
  double sum = 0;
  for (const Tariff& tariff : shipper.tariffs) {
    const double weight =
        std::max<double>(shipper.tiers[static_cast<std::size_t>(tariff.tier)], 1) * std::max<double>(tariff.share, 1);
    double bands = 0;
    const auto& published = world.services[index(tariff.service)].published;
    for (const auto& band : published) bands += band.days;
    if (!published.empty()) sum += weight * bands / static_cast<double>(published.size());
    weights += weight;
  }
  if (weights > 0) days += sum / weights;
  return days;
}

/// Orders of a shipper by day, before chance.
std::vector<double> orders_by_day(const World& world, std::size_t shipper_number, double scale) {
  const Shipper& shipper = world.shippers[shipper_number];
  std::vector<double> orders(static_cast<std::size_t>(std::max<Day>(world.day_count, 0)));
  bool given = false;
  for (const GivenOrder& order : world.orders) {
    if (index(world.nodes[index(order.node)].shipper) != shipper_number) continue;
    given = true;
    const auto day = static_cast<std::size_t>(std::max<std::int64_t>(0, (order.at - day_zero) / days(1)));
    if (day < orders.size()) orders[day] += 1;
  }
  if (given) return orders;
  for (std::size_t d = 0; d < orders.size(); ++d) {
    const auto weekday = static_cast<std::size_t>(weekday_of(world.first_day_unix, static_cast<Day>(d)));
    const double season = shipper.season.empty() ? 1.0 : shipper.season[std::min(d, shipper.season.size() - 1)] * 1e-6;
    orders[d] = shipper.orders_per_day * scale * season * shipper.weekdays[weekday] * 1e-6;
  }
  return orders;
}

}  // namespace

MemoryEstimate estimate_memory(const World& world, const SimulationOptions& options, bool streams, bool background) {
  MemoryEstimate estimate;
  const auto day_count = static_cast<std::size_t>(std::max<Day>(world.day_count, 0));
  std::vector<double> in_flight(day_count);
  std::vector<double> tracked_in_flight(day_count);
  for (std::size_t s = 0; s < world.shippers.size(); ++s) {
    const std::vector<double> orders = orders_by_day(world, s, options.scale);
    const bool is_tracked = world.shippers[s].role == ShipperRole::retailer;
    const double stay = days_in_network(world, world.shippers[s]);
    for (std::size_t d = 0; d < day_count; ++d) {
      double present = 0;
      for (std::size_t back = 0; back <= d && static_cast<double>(back) < stay; ++back) {
        present += orders[d - back] * std::min(1.0, stay - static_cast<double>(back));
      }
      in_flight[d] += present;
      if (is_tracked) tracked_in_flight[d] += present;
      if (is_tracked && streams) estimate.tracked += orders[d];
    }
  }
  for (const double parcels : in_flight) estimate.parcels_in_flight = std::max(estimate.parcels_in_flight, parcels);
  double listed = 0;  // Parcels of which scans are collected.
  for (const double parcels : background ? in_flight : tracked_in_flight) listed = std::max(listed, parcels);

  // Published days and prices, load plans, and what 64 partitions count; the rest of the program.
  const auto nodes = static_cast<double>(world.nodes.size());
  const auto services = static_cast<double>(world.services.size());
  const auto destinations = static_cast<double>(world.destinations.size());
  const auto facilities = static_cast<double>(world.facilities.size());
  const double tables = nodes * services * destinations * 3 + nodes * destinations * 20 + facilities * facilities * 30;
  const double counts = 64.0 * 168 * 2 * (destinations + 2 * static_cast<double>(day_count) * services);
  // A round's deliveries are known when it leaves: about two scans of each parcel in flight may wait.
  const double scans = streams ? 2 * listed * flow::bytes_per_scan : 0;
  const double bytes = 64e6 + tables + counts + estimate.parcels_in_flight * flow::bytes_per_parcel +
                       estimate.tracked * flow::bytes_per_tracked + scans;
  estimate.bytes = static_cast<std::uint64_t>(std::min(bytes, 1e18));
  return estimate;
}

}  // namespace peakstorm
