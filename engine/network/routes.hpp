/// Which lane a parcel takes next: shortest expected time through the carrier's timetables.
///
/// The graph is time-expanded over one ordinary working day (Tuesday): a node per facility, stage (just arrived,
/// or on the dock) and hour; arcs are waiting, sorting and departures. One Boost.Graph Dijkstra per depot on
/// the reversed graph gives the time to go from every facility and hour, and the load plan: as sort
/// supervisors do, the next lane depends on the hour at which a piece leaves the sorter. Ties go to the
/// lane with the smaller name hash, so the plan does not depend on the order of rows.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/world.hpp"

namespace peakstorm::network {

inline constexpr LaneId no_lane{0xffff};
inline constexpr std::uint32_t slots_per_day = 24;  ///< Hours of the UTC day.

class Routes {
 public:
  explicit Routes(const World& world);

  /// The lane a piece docked at `at` takes from `from` towards `depot`; no_lane when there is no way.
  [[nodiscard]] LaneId next(Mode mode, FacilityId from, FacilityId depot, SimTime at) const {
    return LaneId{next_[slot(mode, from, depot, at)]};
  }
  /// Expected time from arriving at `from` at `at` until arriving at `depot`, by timetable, without queues.
  [[nodiscard]] SimDuration remaining(Mode mode, FacilityId from, FacilityId depot, SimTime at) const {
    return minutes(remaining_[slot(mode, from, depot, at)]);
  }
  [[nodiscard]] bool reachable(Mode mode, FacilityId from, FacilityId depot) const {
    return from == depot || next_[slot(mode, from, depot, day_zero)] != index(no_lane);
  }

 private:
  [[nodiscard]] std::size_t slot(Mode mode, FacilityId from, FacilityId depot, SimTime at) const {
    const auto hour = static_cast<std::size_t>((at.time_since_epoch().count() / 3'600'000) % 24);
    return base_[index(from)] +
           ((static_cast<std::size_t>(mode) * depots_[index(from)] + depot_rank_[index(depot)]) * slots_per_day) + hour;
  }

  std::vector<std::size_t> base_;          // By facility: offset of its block.
  std::vector<std::uint32_t> depots_;      // By facility: depots of its carrier.
  std::vector<std::uint32_t> depot_rank_;  // By facility: rank among its carrier's depots.
  std::vector<std::uint16_t> next_;
  std::vector<std::uint16_t> remaining_;  // Minutes.
};

}  // namespace peakstorm::network
