#include "engine/partition/planned_flow.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "engine/flow/facility.hpp"

namespace peakstorm::partition {
namespace {

// Scans of an ordinary parcel.
constexpr double scans_at_node = 2;     // Label, accepted.
constexpr double scans_per_sort = 3;    // Arrived, processed, departed.
constexpr double scans_at_depot = 3;    // Arrived, out for delivery, delivered.
constexpr double container_bytes = 64;  // An event and its container.
constexpr std::size_t share_samples = 16;
constexpr int hops_max = 64;  // A way by the plan is shorter; a guard against plans that send pieces in circles.

/// Follows orders through the plans, adding up work and bytes.
class Walk {
 public:
  explicit Walk(const flow::Context& context) : context_(context), world_(context.world) {
    graph_.work.resize(world_.facilities.size() + world_.nodes.size());
    Day day = world_.measure_from;
    while (weekday_of(world_.first_day_unix, day) != 1) ++day;
    start_ = day_zero + days(day);
    for (const Facility& facility : world_.facilities) {
      spans_.push_back(network::sort_spans(world_, facility, start_, start_ + days(21)));
    }
  }

  WorkGraph run() {
    for (std::size_t n = 0; n < world_.nodes.size(); ++n) collect(ShipNodeId{static_cast<std::uint16_t>(n)});
    for (const auto& [lane, pieces] : by_lane_) ride(lane, pieces);
    events();
    for (auto& [pair, bytes] : bytes_) graph_.links.push_back({pair.first, pair.second, bytes});
    return std::move(graph_);
  }

 private:
  [[nodiscard]] std::uint32_t process(ShipNodeId node) const {
    return static_cast<std::uint32_t>(world_.facilities.size() + index(node));
  }
  void send(std::uint32_t a, std::uint32_t b, double bytes) { bytes_[std::minmax(a, b)] += bytes; }

  void collect(ShipNodeId id) {
    const ShipNode& node = world_.nodes[index(id)];
    const Shipper& shipper = world_.shippers[index(node.shipper)];
    const double all = context_.shipper_demand[index(node.shipper)];
    if (all <= 0) return;
    // What goes to one depot in one mode over one pickup goes the same way.
    std::map<std::array<std::size_t, 3>, double> batches;
    for (std::size_t d = 0; d < world_.destinations.size(); ++d) {
      if (node.demand[d] == 0) continue;
      const DestinationId destination{static_cast<std::uint16_t>(d)};
      const double orders = shipper.orders_per_day * context_.scale * static_cast<double>(node.demand[d]) / all;
      graph_.work[process(id)] += orders * scans_at_node;
      for (std::size_t t = 0; t < tier_count; ++t) {
        if (shipper.tiers[t] == 0) continue;
        const double share = shipper.tiers[t] * 1e-6 / share_samples;
        for (std::size_t i = 0; i < share_samples; ++i) {
          const auto word = static_cast<std::uint32_t>((2 * i + 1) * (std::uint64_t{1} << 31U) / share_samples);
          const ServiceId service = context_.tariffs.choose(shipper, id, destination, static_cast<Tier>(t), word);
          const Service& chosen = context_.service(service);
          const auto pickup = std::find_if(node.pickups.begin(), node.pickups.end(),
                                           [&](const Pickup& p) { return p.carrier == chosen.carrier; });
          if (pickup == node.pickups.end()) continue;
          batches[{static_cast<std::size_t>(pickup - node.pickups.begin()), static_cast<std::size_t>(chosen.mode),
                   index(context_.depot_of(chosen.carrier, destination))}] += orders * share;
        }
      }
    }
    const TimeZone& zone = context_.zone(node.zone);
    for (const auto& [key, pieces] : batches) {
      const auto& [p, mode, depot] = key;
      const Pickup& pickup = node.pickups[p];
      send(process(id), static_cast<std::uint32_t>(pickup.facility), pieces * sizeof(flow::Parcel));
      const SimTime there = zone.to_instant(zone.local_day(start_ + hours(12)), pickup.time) + pickup.drive;
      go(static_cast<Mode>(mode), pickup.facility, FacilityId{static_cast<std::uint16_t>(depot)}, there, pieces);
    }
    for (const Pickup& pickup : node.pickups) {
      send(process(id), static_cast<std::uint32_t>(pickup.facility), container_bytes);
    }
  }

  /// Sorts and sends `pieces` on until they reach their depot.
  void go(Mode mode, FacilityId from, FacilityId depot, SimTime at, double pieces) {
    for (int hop = 0; hop < hops_max && from != depot; ++hop) {
      graph_.work[index(from)] += pieces * scans_per_sort;
      const SimTime ready = at + world_.facilities[index(from)].handling;
      const auto& spans = spans_[index(from)];
      const auto span = std::upper_bound(spans.begin(), spans.end(), ready,
                                         [](SimTime t, const network::OpenSpan& s) { return t < s.to; });
      const SimTime docked = span == spans.end() ? ready : std::max(ready, span->from);
      const LaneId lane = context_.routes.usual(mode, from, depot, docked);
      if (lane == network::no_lane) return;
      by_lane_[index(lane)] += pieces;
      const Lane& ridden = world_.lanes[index(lane)];
      const network::Timetable& timetable = context_.departures[index(lane)];
      const std::size_t next = timetable.first_at_or_after(docked + ridden.cut_off);
      // After the run's last departure the hour no longer matters.
      at = (next < timetable.size() ? timetable[next] : docked) + ridden.transit;
      from = ridden.to;
    }
    if (from == depot) graph_.work[index(depot)] += pieces * scans_at_depot;
  }

  void ride(std::size_t lane, double pieces) {
    const Lane& ridden = world_.lanes[lane];
    send(static_cast<std::uint32_t>(ridden.from), static_cast<std::uint32_t>(ridden.to), pieces * sizeof(flow::Parcel));
  }

  /// Events that come by timetable, however many pieces there are.
  void events() {
    for (std::size_t l = 0; l < world_.lanes.size(); ++l) {
      const Lane& lane = world_.lanes[l];
      const auto departures = static_cast<double>(lane.departures.size());
      const bool used = by_lane_.contains(l);
      graph_.work[index(lane.from)] += departures * scans_per_event;
      if (!used) continue;
      graph_.work[index(lane.to)] += departures * scans_per_event;
      send(static_cast<std::uint32_t>(lane.from), static_cast<std::uint32_t>(lane.to), departures * container_bytes);
    }
    for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
      const Facility& facility = world_.facilities[f];
      for (const SortWindow& window : facility.sorts) {
        graph_.work[f] += static_cast<double>((window.to - window.from) / flow::wave) * scans_per_event;
      }
      if (facility.kind == FacilityKind::depot) graph_.work[f] += scans_per_event;
    }
    for (std::size_t n = 0; n < world_.nodes.size(); ++n) {
      graph_.work[world_.facilities.size() + n] +=
          (24 + static_cast<double>(world_.nodes[n].pickups.size())) * scans_per_event;
    }
  }

  const flow::Context& context_;
  const World& world_;
  SimTime start_;
  std::vector<std::vector<network::OpenSpan>> spans_;
  std::map<std::size_t, double> by_lane_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> bytes_;
  WorkGraph graph_;
};

}  // namespace

WorkGraph planned_flow(const flow::Context& context) {
  return Walk(context).run();
}

std::vector<std::uint32_t> partition_of_lp(const flow::Context& context, std::size_t partitions, std::size_t ranks) {
  const WorkGraph graph = planned_flow(context);
  return assign(graph, std::min(partitions, graph.work.size()), ranks);
}

}  // namespace peakstorm::partition
