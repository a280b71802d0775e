#include "engine/flow/context.hpp"

#include <algorithm>
#include <cmath>

#include "engine/portable_math.hpp"

namespace peakstorm::flow {
namespace {

/// Daily factors of a shipper: gamma with mean 1 and the given coefficient of variation, correlated from day
/// to day through a Gaussian copula. The gamma quantile is Wilson and Hilferty's cube (1931): its mean is within
/// 0.1 % of 1 up to a CV of 0.5.
std::vector<double> day_factors(const World& world, const Shipper& shipper, RunKey run) {
  const double cv = shipper.day_cv * 1e-6;
  const double correlation = shipper.day_correlation * 1e-6;
  const double fresh = std::sqrt(1 - correlation * correlation);
  std::vector<double> factors;
  double z = 0;
  for (Day day = 0; day < world.day_count; ++day) {
    const Draws draws(run, Purpose::day_factor, hash64(shipper.name), static_cast<std::uint32_t>(day));
    const double shock = normal_quantile(draws.unit(0));
    z = day == 0 ? shock : correlation * z + fresh * shock;
    const double root = std::max(0.0, 1 - cv * cv / 9 + z * cv / 3);
    factors.push_back(root * root * root);
  }
  return factors;
}

}  // namespace

Context::Context(const World& w, const SimulationOptions& options, bool wants_streams, bool wants_background,
                 const Companions* riding)
    : world(w),
      run(options.run),
      draw_key(options.run),
      run_hash(hash64(options.run.seed, options.run.replication)),
      scale(options.scale),
      hard_limits(options.scale >= 1),
      streams(wants_streams),
      background_streams(wants_background),
      companions(riding),
      end(day_zero + days(w.day_count + w.drain_days)),
      field(w, options.without),
      routes(w, field.closures()),
      tariffs(w) {
  horizon_day = w.day_count + w.drain_days;
  for (const TimeZone& zone : w.zones) horizon_day = std::min(horizon_day, zone.local_day(end) - 1);
  for (const Lane& lane : w.lanes) departures.push_back(network::departures(w, lane, day_zero, end));
  for (const Facility& facility : w.facilities) place_hash.push_back(hash64(facility.name));
  for (const ShipNode& node : w.nodes) place_hash.push_back(hash64(node.name));
  lanes_from.resize(w.facilities.size());
  for (std::size_t l = 0; l < w.lanes.size(); ++l) {
    lanes_from[index(w.lanes[l].from)].push_back(LaneId{static_cast<std::uint16_t>(l)});
  }
  // Ordered by names, not by rows: the order is visible in the numbers of events and in wrong loads.
  const auto rank = [&](LaneId id) {
    const Lane& lane = w.lanes[index(id)];
    return std::pair(place_hash[index(lane.to)], lane.mode);
  };
  dock_of_lane.resize(w.lanes.size());
  for (auto& lanes : lanes_from) {
    std::sort(lanes.begin(), lanes.end(), [&](LaneId a, LaneId b) { return rank(a) < rank(b); });
    for (std::size_t i = 0; i < lanes.size(); ++i) dock_of_lane[index(lanes[i])] = static_cast<std::uint32_t>(i);
  }
  for (const Destination& destination : w.destinations) destination_hash.push_back(hash64(destination.name));
  shipper_demand.resize(w.shippers.size());
  for (const ShipNode& node : w.nodes) {
    for (const std::uint64_t weight : node.demand) shipper_demand[index(node.shipper)] += static_cast<double>(weight);
  }
  for (const Shipper& shipper : w.shippers) day_factor.push_back(day_factors(w, shipper, run));
  for (const Service& s : w.services) service_hash.push_back(hash64(s.name));
}

const PlannedCapacity* Context::planned(CarrierId carrier, Day day) const {
  for (const PlannedCapacity& plan : world.capacity) {
    if (plan.carrier == carrier && day >= plan.from && day < plan.to) return &plan;
  }
  return nullptr;
}

std::int64_t Context::scaled_milli(std::uint32_t amount, Ppm a, Ppm b, Ppm c) const {
  // Multiplied as whole numbers: 0.9 times ten pieces is nine, where 900000 * 1e-6 would make it a little less, and
  // eight. The grain takes up what is left of rounding.
  const double factors = static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c) / 1e18;
  return static_cast<std::int64_t>(static_cast<double>(amount) * 1000.0 * scale * factors + 1e-6);
}

}  // namespace peakstorm::flow
