#include "engine/network/routes.hpp"

#include <algorithm>
#include <array>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <limits>
#include <unordered_map>
#include <utility>

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

/// What one tree says of one facility, by hour.
struct Row {
  std::array<std::uint16_t, slots_per_day> next{};
  std::array<std::uint16_t, slots_per_day> remaining{};
};

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

  /// Calls visit(facility, row) for every facility of the carrier, towards `depot`.
  template <class Visit>
  void towards(std::size_t depot, Visit&& visit) const {
    const std::size_t n = facilities_.size();
    std::vector<std::uint32_t> distance(vertices(), far);
    boost::dijkstra_shortest_paths(
        graph_, finish(local_[depot]),
        boost::weight_map(boost::get(&Arc::minutes, graph_))
            .distance_map(boost::make_iterator_property_map(distance.begin(), boost::get(boost::vertex_index, graph_)))
            .distance_inf(far));
    Row row;
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
        row.next[s] = static_cast<std::uint16_t>(best < world_.lanes.size() ? best : index(no_lane));
        row.remaining[s] = static_cast<std::uint16_t>(std::min<std::uint32_t>(distance[arrival(f, s)], 0xffff));
      }
      visit(facilities_[f], row);
    }
  }

  /// Lays out the day. `shut` by facility of the world: how long a piece waits before its gate.
  void build(Mode mode, const std::vector<SimDuration>& shut) {
    if (mode == built_mode_ && shut == built_shut_) return;
    built_mode_ = mode;
    built_shut_ = shut;
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
        // A change of the clocks can push a daily departure out of a UTC day: then the next day stands for it.
        for (SimDuration later{}; timetable.size() == 0; later += days(1)) {
          std::vector<SimTime> instants = departures(world_, daily, day_ + later, day_ + later + days(1)).instants();
          for (SimTime& instant : instants) instant -= later;
          timetable = Timetable{std::move(instants)};
        }
      }
      for (const SimTime departure : timetable.instants()) {
        // A dock slot stands for its middle: the last slot whose middle makes the cut-off.
        const SimTime last = departure - lane.cut_off - minutes(slot_minutes / 2);
        const std::uint32_t from_slot = slot_of(last);
        // Floored: on day 0 the last slot can lie before instant zero.
        const std::int64_t slot = floor_div(last.time_since_epoch().count(), minutes(slot_minutes).count());
        const SimTime from_middle = day_zero + minutes(slot_minutes) * slot + minutes(slot_minutes / 2);
        const SimDuration transit = lane.transit + shut[index(lane.to)];
        const auto took = static_cast<std::uint32_t>((departure - from_middle + transit) / minutes(1));
        const std::uint32_t to_slot = slot_of(departure + transit);
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
  Mode built_mode_ = Mode::road;  // What graph_ and rides_ are for; an empty built_shut_: nothing yet.
  std::vector<SimDuration> built_shut_;
};

}  // namespace

/// Fills in the Routes, carrier by carrier.
class Planner {
 public:
  Planner(const World& world, Routes& routes) : world_(world), routes_(routes) {}

  /// The plan of an ordinary day.
  void plan(CarrierPlan& plan, const std::vector<std::size_t>& depots) {
    const std::vector<SimDuration> open(world_.facilities.size());
    for (const Mode mode : {Mode::road, Mode::air}) {
      plan.build(mode, open);
      for (const std::size_t depot : depots) {
        plan.towards(depot, [&](std::size_t f, const Row& row) { put(row, row_of(mode, f, depot)); });
      }
    }
  }

  /// The editions that `closures`, all of this carrier, make necessary.
  void revise(CarrierPlan& plan, CarrierId carrier, const std::vector<std::size_t>& depots,
              const std::vector<Closure>& closures) {
    delay_ = world_.carriers[index(carrier)].replan_after;
    std::vector<SimTime> instants;
    for (const Closure& closure : closures) {
      if (closure.to - closure.from <= delay_) continue;
      for (SimTime at = closure.from + delay_; at < closure.to; at += renewal) instants.push_back(at);
      instants.push_back(closure.to + delay_);
    }
    std::sort(instants.begin(), instants.end());
    instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
    if (instants.empty()) return;

    start(plan.facilities(), depots);
    std::vector<SimDuration> before(world_.facilities.size());
    for (const SimTime at : instants) {
      std::vector<SimDuration> shut(world_.facilities.size());
      bool weather = false;
      for (const Closure& closure : closures) {
        const SimDuration rest = announced_rest(closure, at);
        if (rest <= SimDuration::zero()) continue;
        shut[index(closure.facility)] = std::max(shut[index(closure.facility)], rest);
        weather = weather || closure.weather;
      }
      if (shut == before) continue;
      Routes::Edition edition{carrier, at, 0, 0, weather};
      for (const Mode mode : {Mode::road, Mode::air}) revise_trees(plan, mode, depots, shut, edition);
      publish(plan.facilities(), edition);
      before = std::move(shut);
    }
  }

 private:
  /// A tree as the latest edition has it.
  struct Tree {
    std::vector<bool> usually_passes;  ///< By facility of the world; its own depot not counted.
    std::vector<bool> passes;
    std::vector<SimDuration> shut;  ///< What it reckons with; empty: nothing.
  };

  /// How long the plan published last, at `at` or before, takes the closure to go on from its publication; zero when
  /// there is none.
  [[nodiscard]] SimDuration announced_rest(const Closure& closure, SimTime at) const {
    const SimTime known = closure.from + delay_;
    if (closure.to - closure.from <= delay_ || at < known || at >= closure.to + delay_) return {};
    const SimTime last = std::min(at, closure.to - SimDuration{1});
    return std::min(closure.to - (known + renewal * ((last - known) / renewal)), reckoned_max);
  }

  [[nodiscard]] std::size_t column(Mode mode, std::size_t f, std::size_t depot) const {
    return routes_.column(mode, facility(f), facility(depot));
  }
  [[nodiscard]] std::size_t row_of(Mode mode, std::size_t f, std::size_t depot) const {
    return routes_.row(mode, facility(f), facility(depot));
  }
  static FacilityId facility(std::size_t f) { return FacilityId{static_cast<std::uint16_t>(f)}; }

  void put(const Row& row, std::size_t id) {
    const auto at = static_cast<std::ptrdiff_t>(id * slots_per_day);
    std::copy(row.next.begin(), row.next.end(), routes_.next_.begin() + at);
    std::copy(row.remaining.begin(), row.remaining.end(), routes_.remaining_.begin() + at);
  }
  [[nodiscard]] bool is(const Row& row, std::size_t id) const {
    const auto at = static_cast<std::ptrdiff_t>(id * slots_per_day);
    return std::equal(row.next.begin(), row.next.end(), routes_.next_.begin() + at) &&
           std::equal(row.remaining.begin(), row.remaining.end(), routes_.remaining_.begin() + at);
  }
  /// The row's number; rows that say the same share one.
  std::uint32_t intern(const Row& row, std::size_t usual) {
    if (is(row, usual)) return static_cast<std::uint32_t>(usual);
    std::uint64_t hash = 0;
    for (std::size_t s = 0; s < slots_per_day; ++s) {
      hash = mix64(hash + ((std::uint64_t{row.next[s]} << 16U) | row.remaining[s]));
    }
    const auto [first, last] = known_.equal_range(hash);
    for (auto same = first; same != last; ++same) {
      if (is(row, same->second)) return same->second;
    }
    const std::size_t id = routes_.next_.size() / slots_per_day;
    routes_.next_.resize(routes_.next_.size() + slots_per_day);
    routes_.remaining_.resize(routes_.remaining_.size() + slots_per_day);
    put(row, id);
    known_.emplace(hash, static_cast<std::uint32_t>(id));
    return static_cast<std::uint32_t>(id);
  }

  void start(const std::vector<std::size_t>& facilities, const std::vector<std::size_t>& depots) {
    for (const std::size_t f : facilities) {
      std::vector<std::uint32_t> ids(std::size_t{2} * depots.size());
      for (std::size_t c = 0; c < ids.size(); ++c) ids[c] = static_cast<std::uint32_t>(routes_.base_[f] + c);
      rows_.insert_or_assign(f, std::move(ids));
    }
    trees_.assign(std::size_t{2} * depots.size(), {});
    for (const Mode mode : {Mode::road, Mode::air}) {
      for (const std::size_t depot : depots) {
        Tree& tree = trees_[column(mode, depot, depot)];
        tree.usually_passes = passed(mode, facilities, depot);
        tree.passes = tree.usually_passes;
      }
    }
  }

  /// Facilities into which the tree sends pieces that go on from there.
  [[nodiscard]] std::vector<bool> passed(Mode mode, const std::vector<std::size_t>& facilities,
                                         std::size_t depot) const {
    std::vector<bool> passes(world_.facilities.size());
    for (const std::size_t f : facilities) {
      const std::size_t row = rows_.at(f)[column(mode, f, depot)];
      for (std::size_t s = 0; s < slots_per_day; ++s) {
        const std::uint16_t lane = routes_.next_[row * slots_per_day + s];
        if (f != depot && lane != index(no_lane)) passes[index(world_.lanes[lane].to)] = true;
      }
    }
    passes[depot] = false;
    return passes;
  }

  void revise_trees(CarrierPlan& plan, Mode mode, const std::vector<std::size_t>& depots,
                    const std::vector<SimDuration>& shut, Routes::Edition& edition) {
    for (const std::size_t depot : depots) {
      Tree& tree = trees_[column(mode, depot, depot)];
      std::vector<SimDuration> reckoned = shut;
      reckoned[depot] = {};
      // Longer waits elsewhere leave a shortest way the shortest. So the usual tree stands while it passes
      // nothing that is shut, and a revised one while waits grow only where it does not pass.
      bool usual = true;
      bool stands = !tree.shut.empty();
      for (std::size_t f = 0; f < shut.size(); ++f) {
        usual = usual && (!tree.usually_passes[f] || reckoned[f] == SimDuration::zero());
        if (stands) stands = reckoned[f] == tree.shut[f] || (reckoned[f] > tree.shut[f] && !tree.passes[f]);
      }
      if (usual) {
        if (tree.shut.empty()) continue;
        for (const std::size_t f : plan.facilities()) {
          set(f, column(mode, f, depot), static_cast<std::uint32_t>(row_of(mode, f, depot)), edition);
        }
        tree.shut.clear();
        tree.passes = tree.usually_passes;
        continue;
      }
      if (!stands) {
        plan.build(mode, reckoned);  // Mostly the same for all depots, and then built once.
        plan.towards(depot, [&](std::size_t f, const Row& row) {
          set(f, column(mode, f, depot), intern(row, row_of(mode, f, depot)), edition);
        });
        tree.passes = passed(mode, plan.facilities(), depot);
        ++edition.recomputed;
      }
      tree.shut = std::move(reckoned);
    }
  }

  void set(std::size_t f, std::size_t column, std::uint32_t id, Routes::Edition& edition) {
    std::uint32_t& row = rows_.at(f)[column];
    if (row == id) return;
    row = id;
    changed_.push_back(f);
    ++edition.changed;
  }

  void publish(const std::vector<std::size_t>& facilities, const Routes::Edition& edition) {
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    for (const std::size_t f : facilities) {
      std::vector<Routes::Change>& changes = routes_.changes_[f];
      const bool changed = std::binary_search(changed_.begin(), changed_.end(), f);
      if (!changed) continue;
      const std::vector<std::uint32_t>& rows = rows_.at(f);
      Routes::Change change{edition.published, Routes::usual_rows, routes_.editions_.size()};
      for (std::size_t c = 0; c < rows.size(); ++c) {
        if (rows[c] == routes_.base_[f] + c) continue;
        change.rows = routes_.row_ids_.size();
        routes_.row_ids_.insert(routes_.row_ids_.end(), rows.begin(), rows.end());
        break;
      }
      changes.push_back(change);
      routes_.first_change_[f] = changes.front().from;
    }
    changed_.clear();
    routes_.editions_.push_back(edition);
  }

  const World& world_;
  Routes& routes_;
  SimDuration delay_{};
  std::vector<Tree> trees_;                                           // By mode and depot.
  std::unordered_map<std::size_t, std::vector<std::uint32_t>> rows_;  // By facility, then mode and depot.
  std::unordered_multimap<std::uint64_t, std::uint32_t> known_;       // Rows beyond the usual ones, by hash.
  std::vector<std::size_t> changed_;                                  // Facilities, by the edition in the making.
};

Routes::Routes(const World& world, std::span<const Closure> closures)
    : base_(world.facilities.size()),
      depots_(world.facilities.size()),
      depot_rank_(world.facilities.size()),
      first_change_(world.facilities.size(), never),
      changes_(world.facilities.size()) {
  std::vector<std::vector<std::size_t>> depots(world.carriers.size());
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    if (world.facilities[f].kind != FacilityKind::depot) continue;
    auto& mine = depots[index(world.facilities[f].carrier)];
    depot_rank_[f] = static_cast<std::uint32_t>(mine.size());
    mine.push_back(f);
  }
  std::size_t rows = 0;
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    depots_[f] = static_cast<std::uint32_t>(depots[index(world.facilities[f].carrier)].size());
    base_[f] = rows;
    rows += std::size_t{2} * depots_[f];
  }
  next_.assign(rows * slots_per_day, static_cast<std::uint16_t>(index(no_lane)));
  remaining_.assign(rows * slots_per_day, 0xffff);
  for (std::size_t c = 0; c < world.carriers.size(); ++c) {
    const CarrierId carrier{static_cast<std::uint8_t>(c)};
    CarrierPlan plan(world, carrier);
    Planner planner(world, *this);
    planner.plan(plan, depots[c]);
    std::vector<Closure> mine;
    for (const Closure& closure : closures) {
      if (world.facilities[index(closure.facility)].carrier == carrier) mine.push_back(closure);
    }
    planner.revise(plan, carrier, depots[c], mine);
  }
}

const Routes::Change& Routes::change(FacilityId from, SimTime now) const {
  const std::vector<Change>& changes = changes_[index(from)];
  auto last = changes.end() - 1;  // Few, and `now` lies after the first.
  while (last->from > now) --last;
  return *last;
}

std::size_t Routes::revised_row(Mode mode, FacilityId from, FacilityId depot, SimTime now) const {
  const Change& latest = change(from, now);
  return latest.rows == usual_rows ? row(mode, from, depot) : row_ids_[latest.rows + column(mode, from, depot)];
}

Routes::Detour Routes::detour(Mode mode, FacilityId from, FacilityId depot, SimTime arrived, SimTime now) const {
  if (!revised(from, now)) return {};
  const std::size_t usual = row(mode, from, depot);
  const std::size_t revised = revised_row(mode, from, depot, now);
  const std::uint16_t lane = next_[revised * slots_per_day + hour(now)];
  if (lane == next_[usual * slots_per_day + hour(now)]) return {};
  const std::size_t at = hour(arrived);
  const int longer = remaining_[revised * slots_per_day + at] - remaining_[usual * slots_per_day + at];
  return {LaneId{lane}, minutes(std::max(longer, 0)), editions_[change(from, now).edition].weather};
}

std::size_t Routes::bytes() const {
  std::size_t bytes =
      (next_.size() + remaining_.size()) * sizeof(std::uint16_t) + row_ids_.size() * sizeof(row_ids_[0]);
  for (const std::vector<Change>& changes : changes_) bytes += changes.size() * sizeof(Change);
  return bytes;
}

}  // namespace peakstorm::network
