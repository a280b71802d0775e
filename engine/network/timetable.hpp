/// Weekly local timetables laid out over the run as instants, so that the hot path never does calendar
/// arithmetic.
#pragma once

#include <vector>

#include "engine/world.hpp"

namespace peakstorm::network {

/// Ascending instants of something that happens by timetable.
class Timetable {
 public:
  Timetable() = default;
  explicit Timetable(std::vector<SimTime> instants) : instants_(std::move(instants)) {}

  /// Index of the first instant >= `at`; size() when there is none.
  [[nodiscard]] std::size_t first_at_or_after(SimTime at) const;
  [[nodiscard]] std::size_t size() const { return instants_.size(); }
  [[nodiscard]] SimTime operator[](std::size_t i) const { return instants_[i]; }
  [[nodiscard]] const std::vector<SimTime>& instants() const { return instants_; }

 private:
  std::vector<SimTime> instants_;
};

/// Departures of a lane within [begin, end).
Timetable departures(const World& world, const Lane& lane, SimTime begin, SimTime end);

/// Occurrences of a local time of day, on the days that `calendar` is open, within [begin, end).
Timetable daily(const World& world, ZoneId zone, CalendarId calendar, SimDuration time_of_day, SimTime begin,
                SimTime end);

/// A sort window as instants.
struct OpenSpan {
  SimTime from;
  SimTime to;
  std::uint32_t pieces_per_hour = 0;
};
/// Sort windows of a facility that end after `begin` and start before `end`, ascending.
std::vector<OpenSpan> sort_spans(const World& world, const Facility& facility, SimTime begin, SimTime end);

}  // namespace peakstorm::network
