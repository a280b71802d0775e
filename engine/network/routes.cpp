#include "engine/network/routes.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <limits>

#include "engine/network/timetable.hpp"
#include "engine/random.hpp"

namespace peakstorm::network {
namespace {

struct Arc {
  std::uint32_t minutes = 0;
};
using Graph = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, Arc>;
constexpr std::uint32_t far = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t slot_minutes = 24 * 60 / slots_per_day;

/// One arc of the time-expanded day, from a facility's dock at an hour over a lane.
struct Ride {
  std::size_t lane = 0;
  std::uint32_t from_slot = 0;
  std::uint32_t to = 0;  // Facility, local index.
  std::uint32_t to_slot = 0;
  std::uint32_t minutes = 0;  // Waiting for the departure and riding.
};

/// A day well inside the horizon that is a Tuesday, and whose neighbours are ordinary too.
Day ordinary_day(const World& world) {
  Day day = world.measure_from;
  while (weekday_of(world.first_day_unix, day) != 1) ++day;
  return day;
}

std::uint64_t lane_hash(const World& world, const Lane& lane) {
  return hash64(hash64(world.facilities[index(lane.from)].name), hash64(world.facilities[index(lane.to)].name)) +
         static_cast<std::uint64_t>(lane.mode);
}

class CarrierPlan {
 public:
  CarrierPlan(const World& world, CarrierId carrier) : world_(world), local_(world.facilities.size(), far) {
    for (std::size_t f = 0; f < world.facilities.size(); ++f) {
      if (world.facilities[f].carrier != carrier) continue;
      local_[f] = static_cast<std::uint32_t>(facilities_.size());
      facilities_.push_back(f);
    }
    day_ = day_zero + days(ordinary_day(world));
    for (std::size_t l = 0; l < world.lanes.size(); ++l) {
      if (local_[index(world.lanes[l].from)] != far) lanes_.push_back(l);
    }
  }

  [[nodiscard]] const std::vector<std::size_t>& facilities() const { return facilities_; }

  /// Calls visit(facility, slot, lane or no_lane, minutes from arrival) for every facility and hour, towards `depot`.
  template <class Visit>
  void towards(std::size_t depot, Visit&& visit) const {
    const std::size_t n = facilities_.size();
    std::vector<std::uint32_t> distance(vertices(), far);
    boost::dijkstra_shortest_paths(
        graph_, finish(local_[depot]),
        boost::weight_map(boost::get(&Arc::minutes, graph_))
            .distance_map(boost::make_iterator_property_map(distance.begin(), boost::get(boost::vertex_index, graph_)))
            .distance_inf(far));
    for (std::size_t f = 0; f < n; ++f) {
      for (std::uint32_t s = 0; s < slots_per_day; ++s) {
        // The best ride from this dock at this hour, waiting for later ones included.
        std::size_t best = world_.lanes.size();
        std::uint32_t least = far;
        for (const Ride& ride : rides_[f]) {
          const std::uint32_t onward = distance[arrival(ride.to, ride.to_slot)];
          if (onward == far) continue;
          const std::uint32_t waiting =
              ((ride.from_slot + slots_per_day - s) % slots_per_day) * slot_minutes + ride.minutes + onward;
          if (waiting < least || (waiting == least &&
                                  lane_hash(world_, world_.lanes[ride.lane]) < lane_hash(world_, world_.lanes[best]))) {
            least = waiting;
            best = ride.lane;
          }
        }
        visit(facilities_[f], s, best, distance[arrival(f, s)]);
      }
    }
  }

  void build(Mode mode) {
    const std::size_t n = facilities_.size();
    rides_.assign(n, {});
    std::vector<std::pair<std::size_t, std::size_t>> edges;
    std::vector<Arc> arcs;
    // All arcs are reversed: Dijkstra starts at the depot.
    const auto add = [&](std::size_t from, std::size_t to, std::uint32_t minutes) {
      edges.emplace_back(to, from);
      arcs.push_back({minutes});
    };
    for (std::size_t f = 0; f < n; ++f) {
      const Facility& facility = world_.facilities[facilities_[f]];
      const auto spans = sort_spans(world_, facility, day_ - days(1), day_ + days(8));
      for (std::uint32_t s = 0; s < slots_per_day; ++s) {
        add(dock(f, s), dock(f, (s + 1) % slots_per_day), slot_minutes);
        // Arrivals of an hour stand for its middle.
        const SimTime ready = day_ + minutes(s * slot_minutes + slot_minutes / 2) + facility.handling;
        SimTime sorted = ready;
        if (!spans.empty()) {
          auto span = std::find_if(spans.begin(), spans.end(), [&](const OpenSpan& o) { return o.to > ready; });
          sorted = span == spans.end() ? ready + days(7) : std::max(ready, span->from);
        }
        const auto took = static_cast<std::uint32_t>((sorted - (ready - facility.handling)) / minutes(1));
        add(arrival(f, s), dock(f, slot_of(sorted)), std::max(took, 1U));
        add(arrival(f, s), finish(f), 0);
      }
    }
    for (const std::size_t l : lanes_) {
      const Lane& lane = world_.lanes[l];
      if (mode == Mode::road && lane.mode == Mode::air) continue;
      const std::size_t from = local_[index(lane.from)];
      const std::size_t to = local_[index(lane.to)];
      Timetable timetable = departures(world_, lane, day_, day_ + days(1));
      if (timetable.size() == 0) {
        // It does not run on that weekday: plan as if it did. Parcels then wait for its own days.
        Lane daily = lane;
        for (Departure& departure : daily.departures) departure.weekdays = 0x7f;
        timetable = departures(world_, daily, day_, day_ + days(1));
      }
      for (const SimTime departure : timetable.instants()) {
        // A dock slot stands for its middle: the last slot whose middle makes the cut-off.
        const SimTime last = departure - lane.cut_off - minutes(slot_minutes / 2);
        const std::uint32_t from_slot = slot_of(last);
        const SimTime from_middle = last - (last - day_zero) % minutes(slot_minutes) + minutes(slot_minutes / 2);
        const auto took = static_cast<std::uint32_t>((departure - from_middle + lane.transit) / minutes(1));
        const std::uint32_t to_slot = slot_of(departure + lane.transit);
        rides_[from].push_back({l, from_slot, static_cast<std::uint32_t>(to), to_slot, took});
        add(dock(from, from_slot), arrival(to, to_slot), took);
      }
    }
    graph_ = Graph(boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), arcs.begin(), vertices());
  }

 private:
  [[nodiscard]] std::size_t vertices() const { return facilities_.size() * (2 * slots_per_day + 1); }
  [[nodiscard]] std::size_t arrival(std::size_t f, std::size_t s) const { return f * slots_per_day + s; }
  [[nodiscard]] std::size_t dock(std::size_t f, std::size_t s) const {
    return (facilities_.size() + f) * slots_per_day + s;
  }
  [[nodiscard]] std::size_t finish(std::size_t f) const { return 2 * facilities_.size() * slots_per_day + f; }
  [[nodiscard]] static std::uint32_t slot_of(SimTime at) {
    const std::int64_t slot = floor_div(at.time_since_epoch().count(), minutes(slot_minutes).count());
    return static_cast<std::uint32_t>(slot - floor_div(slot, slots_per_day) * static_cast<std::int64_t>(slots_per_day));
  }

  const World& world_;
  std::vector<std::uint32_t> local_;
  std::vector<std::size_t> facilities_;
  std::vector<std::size_t> lanes_;
  std::vector<std::vector<Ride>> rides_;
  SimTime day_;
  Graph graph_;
};

}  // namespace

Routes::Routes(const World& world)
    : base_(world.facilities.size()), depots_(world.facilities.size()), depot_rank_(world.facilities.size()) {
  std::vector<std::vector<std::size_t>> depots(world.carriers.size());
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    if (world.facilities[f].kind != FacilityKind::depot) continue;
    auto& mine = depots[index(world.facilities[f].carrier)];
    depot_rank_[f] = static_cast<std::uint32_t>(mine.size());
    mine.push_back(f);
  }
  std::size_t size = 0;
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    depots_[f] = static_cast<std::uint32_t>(depots[index(world.facilities[f].carrier)].size());
    base_[f] = size;
    size += std::size_t{2} * depots_[f] * slots_per_day;
  }
  next_.assign(size, static_cast<std::uint16_t>(index(no_lane)));
  remaining_.assign(size, 0xffff);
  for (std::size_t c = 0; c < world.carriers.size(); ++c) {
    CarrierPlan plan(world, CarrierId{static_cast<std::uint8_t>(c)});
    for (const Mode mode : {Mode::road, Mode::air}) {
      plan.build(mode);
      for (const std::size_t depot : depots[c]) {
        plan.towards(depot, [&](std::size_t f, std::uint32_t s, std::size_t lane, std::uint32_t minutes_left) {
          const std::size_t at =
              base_[f] + (static_cast<std::size_t>(mode) * depots_[f] + depot_rank_[depot]) * slots_per_day + s;
          if (lane < world.lanes.size()) next_[at] = static_cast<std::uint16_t>(lane);
          remaining_[at] = static_cast<std::uint16_t>(std::min<std::uint32_t>(minutes_left, 0xffff));
        });
      }
    }
  }
}

}  // namespace peakstorm::network
