/// What is the case in a world at an instant, whatever happens to its parcels: calendars, disruptions, capacity.
/// Nothing is prepared; every question is answered from the World's own tables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/world.hpp"
#include "tests/engine/reference/piece.hpp"
#include "tests/engine/reference/reference.hpp"

namespace peakstorm::test::plain {

/// What disruptions do to a place.
struct Effect {
  Ppm speed = ppm_one;
  Ppm staffing = ppm_one;
  bool closed = false;
  bool weather = false;
  SimDuration scan_delay{};
};
inline bool is_weather(const Disruption& d) {
  return d.kind == DisruptionKind::storm || d.kind == DisruptionKind::closure;
}
/// The first of ascending instants at or after `at`; never: none.
inline SimTime first_from(const std::vector<SimTime>& instants, SimTime at) {
  for (const SimTime instant : instants) {
    if (instant >= at) return instant;
  }
  return never;
}

class Setting {
 public:
  Setting(const World& of, const PlainOptions& what)
      : world(of), options(what), end(day_zero + days(of.day_count + of.drain_days)) {}

  const World& world;
  PlainOptions options;
  SimTime end;  ///< Of the run.

  // Calendars.
  [[nodiscard]] const TimeZone& zone(ZoneId id) const { return world.zones[index(id)]; }
  [[nodiscard]] const TimeZone& zone_of(std::size_t facility) const { return zone(world.facilities[facility].zone); }
  [[nodiscard]] bool runs_on(std::uint8_t weekdays, Day day) const;
  /// The `count`-th open day after `day`; with 0 the first one that is not before it.
  [[nodiscard]] Day open_day(CalendarId calendar, Day day, int count) const;
  /// Instants of the run, ascending.
  [[nodiscard]] std::vector<SimTime> daily(const TimeZone& place, SimDuration time, CalendarId calendar) const;
  [[nodiscard]] std::vector<SimTime> departures_of(const Lane& lane, SimTime from, SimTime to) const;
  /// First load-out of a depot at or after `at` on a day on which the service delivers.
  [[nodiscard]] SimTime next_load_out(std::size_t depot, ServiceId service, SimTime at) const;
  /// The day that plans are made for: the first Tuesday that is measured.
  [[nodiscard]] Day ordinary_day() const;

  // Disruptions.
  [[nodiscard]] bool touches(const Disruption& d, std::size_t facility) const;
  [[nodiscard]] Effect facility_at(std::size_t facility, SimTime at) const;
  [[nodiscard]] Effect node_at(std::size_t node, SimTime at) const;
  /// First instant from `at` on at which the facility is open.
  [[nodiscard]] SimTime reopens(std::size_t facility, SimTime at) const;
  /// Whether some disruption of the facility that is `kind_of` overlaps [from, to].
  template <class F>
  [[nodiscard]] bool any_within(std::size_t facility, SimTime from, SimTime to, F kind_of) const {
    return std::any_of(world.disruptions.begin(), world.disruptions.end(), [&](const Disruption& d) {
      return touches(d, facility) && kind_of(d) && d.from < d.to && d.from <= to && d.to > from;
    });
  }
  [[nodiscard]] bool closed_within(std::size_t facility, SimTime from, SimTime to) const {
    return any_within(facility, from, to, [](const Disruption& d) { return d.closed; });
  }
  [[nodiscard]] bool weather_within(std::size_t facility, SimTime from, SimTime to) const {
    return any_within(facility, from, to, is_weather);
  }
  [[nodiscard]] bool embargoed(CarrierId carrier, std::size_t node, DestinationId destination, SimTime at) const;
  /// Factor of demand.
  [[nodiscard]] double surge(ShipperId shipper, std::size_t destination, SimTime at) const;

  // Capacity.
  /// Thousandths of `amount` times scale and factors, rounded down; the grain only absorbs what binary fractions lack.
  [[nodiscard]] std::int64_t milli(std::uint32_t amount, Ppm a, Ppm b = ppm_one, Ppm c = ppm_one) const;
  [[nodiscard]] const PlannedCapacity& planned(CarrierId carrier, Day day) const;
  /// Whether room is for whole pieces; at a smaller scale it is shared out.
  [[nodiscard]] bool hard() const { return options.scale >= 1; }
};

}  // namespace peakstorm::test::plain
