/// Which lane a parcel takes next: shortest expected time through the carrier's timetables.
///
/// The graph is time-expanded over one ordinary working day (Tuesday): a node per facility, stage (just arrived,
/// or on the dock) and hour; arcs are waiting, sorting and departures. One Boost.Graph Dijkstra per depot on
/// the reversed graph gives the time to go from every facility and hour, and the load plan: as sort
/// supervisors do, the next lane depends on the hour at which a piece leaves the sorter. Ties go to the
/// lane with the smaller name hash, so the plan does not depend on the order of rows.
///
/// Closures revise the plan. A carrier publishes a new edition Carrier::replan_after after a facility has closed,
/// again every `renewal` while it stays closed, and at last the same delay after it has opened. An edition
/// looks at what was announced by then: a lane into the closed facility takes longer by the announced rest of
/// the closure (at most `reckoned_max`), so that a piece is led around it where that is shorter than to wait before
/// its gate, and otherwise waits. A closure that is over within the delay is never planned for, and the
/// parcel's own depot cannot be led around. Only trees (depot and mode) that pass such a facility are worked out
/// again, and only their rows that differ are kept; an edition costs memory in proportion to what it changes.
///
/// Immutable once made; read by all threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/world.hpp"

namespace peakstorm::network {

inline constexpr LaneId no_lane{0xffff};
inline constexpr std::uint32_t slots_per_day = 24;  ///< Hours of the UTC day.

/// A facility that is closed in [from, to).
struct Closure {
  FacilityId facility{};
  SimTime from;
  SimTime to;
  bool weather = true;  ///< A storm, or a closure by that name.
};

/// A closure that lasts is looked at anew this often. Assumption: load plans are daily.
inline constexpr SimDuration renewal = hours(24);
/// Whatever is announced, no plan waits longer than this.
inline constexpr SimDuration reckoned_max = days(7);

class Routes {
 public:
  /// `closures` in any order; they may overlap.
  explicit Routes(const World& world, std::span<const Closure> closures = {});

  /// The lane a piece docked at `now` takes from `from` towards `depot`, by the plan published by then; no_lane
  /// when there is no way.
  [[nodiscard]] LaneId next(Mode mode, FacilityId from, FacilityId depot, SimTime now) const {
    return LaneId{next_[current(mode, from, depot, now) * slots_per_day + hour(now)]};
  }
  /// The same by an ordinary day's plan, whatever is closed.
  [[nodiscard]] LaneId usual(Mode mode, FacilityId from, FacilityId depot, SimTime at) const {
    return LaneId{next_[row(mode, from, depot) * slots_per_day + hour(at)]};
  }
  /// Expected time from arriving at `from` at `at` until arriving at `depot`, by timetable, without queues, as the
  /// plan published by `now` has it.
  [[nodiscard]] SimDuration remaining(Mode mode, FacilityId from, FacilityId depot, SimTime at, SimTime now) const {
    return minutes(remaining_[current(mode, from, depot, now) * slots_per_day + hour(at)]);
  }
  [[nodiscard]] bool reachable(Mode mode, FacilityId from, FacilityId depot) const {
    return from == depot || next_[row(mode, from, depot) * slots_per_day] != index(no_lane);
  }

  /// Whether a closure has changed what goes on at `from` at the moment. Cheap.
  [[nodiscard]] bool revised(FacilityId from, SimTime now) const { return now >= first_change_[index(from)]; }
  /// How a piece docked at `now` is led around a closure; lane is no_lane when it goes its usual way.
  struct Detour {
    LaneId lane = no_lane;
    SimDuration longer{};  ///< Than an ordinary day's plan, counted from its arrival at `arrived`.
    bool weather = false;
  };
  [[nodiscard]] Detour detour(Mode mode, FacilityId from, FacilityId depot, SimTime arrived, SimTime now) const;

  /// A revision of a carrier's plan.
  struct Edition {
    CarrierId carrier{};
    SimTime published;
    std::size_t recomputed = 0;  ///< Trees worked out for it; the others are shared with earlier editions.
    std::size_t changed = 0;     ///< Rows (facility, mode, depot) that differ from the edition before.
    bool weather = false;        ///< Weather has closed some of what it leads around.
  };
  /// In order of carrier and time; without the first plans. Empty when no closure lasts long enough.
  [[nodiscard]] const std::vector<Edition>& editions() const { return editions_; }
  /// Bytes of all plans, the first ones included.
  [[nodiscard]] std::size_t bytes() const;

 private:
  friend class Planner;

  /// From an instant on, a facility's rows by mode and depot: an offset in row_ids_, or usual_rows.
  struct Change {
    SimTime from;
    std::size_t rows = 0;
    std::size_t edition = 0;
  };
  static constexpr std::size_t usual_rows = SIZE_MAX;

  [[nodiscard]] static std::size_t hour(SimTime at) {
    return static_cast<std::size_t>((at.time_since_epoch().count() / 3'600'000) % 24);
  }
  [[nodiscard]] std::size_t column(Mode mode, FacilityId from, FacilityId depot) const {
    return static_cast<std::size_t>(mode) * depots_[index(from)] + depot_rank_[index(depot)];
  }
  [[nodiscard]] std::size_t row(Mode mode, FacilityId from, FacilityId depot) const {
    return base_[index(from)] + column(mode, from, depot);
  }
  [[nodiscard]] std::size_t current(Mode mode, FacilityId from, FacilityId depot, SimTime now) const {
    return revised(from, now) ? revised_row(mode, from, depot, now) : row(mode, from, depot);
  }
  [[nodiscard]] const Change& change(FacilityId from, SimTime now) const;
  [[nodiscard]] std::size_t revised_row(Mode mode, FacilityId from, FacilityId depot, SimTime now) const;

  std::vector<std::size_t> base_;          // By facility: its first row.
  std::vector<std::uint32_t> depots_;      // By facility: depots of its carrier.
  std::vector<std::uint32_t> depot_rank_;  // By facility: rank among its carrier's depots.
  // Rows of slots_per_day entries: first the usual plan's, by facility, mode and depot; then what differs from it.
  std::vector<std::uint16_t> next_;
  std::vector<std::uint16_t> remaining_;  // Minutes.
  std::vector<SimTime> first_change_;     // By facility; never when it has none.
  std::vector<std::vector<Change>> changes_;
  std::vector<std::uint32_t> row_ids_;
  std::vector<Edition> editions_;
};

}  // namespace peakstorm::network
