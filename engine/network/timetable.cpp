#include "engine/network/timetable.hpp"

#include <algorithm>

namespace peakstorm::network {
namespace {

bool runs_on(std::uint8_t weekdays, const World& world, Day day) {
  return ((weekdays >> static_cast<unsigned>(weekday_of(world.first_day_unix, day))) & 1U) != 0;
}

/// Local days that can overlap [begin, end), with a day's margin for zones and windows past midnight.
template <class F>
void for_days(const TimeZone& zone, SimTime begin, SimTime end, F&& visit) {
  for (Day day = zone.local_day(begin) - 2; day <= zone.local_day(end) + 1; ++day) visit(day);
}

}  // namespace

std::size_t Timetable::first_at_or_after(SimTime at) const {
  return static_cast<std::size_t>(std::lower_bound(instants_.begin(), instants_.end(), at) - instants_.begin());
}

Timetable departures(const World& world, const Lane& lane, SimTime begin, SimTime end) {
  const TimeZone& zone = world.zones[index(world.facilities[index(lane.from)].zone)];
  std::vector<SimTime> instants;
  for_days(zone, begin, end, [&](Day day) {
    for (const Departure& departure : lane.departures) {
      if (!runs_on(departure.weekdays, world, day)) continue;
      const SimTime at = zone.to_instant(day, departure.time);
      if (at >= begin && at < end) instants.push_back(at);
    }
  });
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  return Timetable{std::move(instants)};
}

Timetable daily(const World& world, ZoneId zone_id, CalendarId calendar, SimDuration time_of_day, SimTime begin,
                SimTime end) {
  const TimeZone& zone = world.zones[index(zone_id)];
  std::vector<SimTime> instants;
  for_days(zone, begin, end, [&](Day day) {
    if (!world.is_open(calendar, day)) return;
    const SimTime at = zone.to_instant(day, time_of_day);
    if (at >= begin && at < end) instants.push_back(at);
  });
  std::sort(instants.begin(), instants.end());
  return Timetable{std::move(instants)};
}

std::vector<OpenSpan> sort_spans(const World& world, const Facility& facility, SimTime begin, SimTime end) {
  const TimeZone& zone = world.zones[index(facility.zone)];
  std::vector<OpenSpan> spans;
  for_days(zone, begin, end, [&](Day day) {
    for (const SortWindow& window : facility.sorts) {
      if (!runs_on(window.weekdays, world, day)) continue;
      const SimTime from = zone.to_instant(day, window.from);
      const SimTime to = zone.to_instant(day, window.to);
      if (to > begin && from < end && to > from) spans.push_back({from, to, window.pieces_per_hour});
    }
  });
  std::sort(spans.begin(), spans.end(), [](const OpenSpan& a, const OpenSpan& b) { return a.from < b.from; });
  // A change of the clocks can push one window's end past the next one's start: the earlier gives way.
  for (std::size_t i = 0; i + 1 < spans.size(); ++i) spans[i].to = std::min(spans[i].to, spans[i + 1].from);
  return spans;
}

}  // namespace peakstorm::network
