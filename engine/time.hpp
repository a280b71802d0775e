/// The clock of the simulated world and the calendar arithmetic that needs no time-zone data file.
///
/// An instant is an integer count of milliseconds since 00:00 UTC of the scenario's first day; no
/// floating point decides an event's order. Local calendars go through `TimeZone`, a table of UTC
/// offsets that the scenario loader reads from the IANA database once, so that the engine opens no
/// file. Everything here is a value: safe to use from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace peakstorm {

/// Clock of the simulated world. It has no now(): a handler is told the time, in its event.
struct SimClock {
  using rep = std::int64_t;
  using period = std::milli;  // One tick is 1 ms; the range is +-292 million years.
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<SimClock>;
  static constexpr bool is_steady = true;
};
using SimTime = SimClock::time_point;    ///< Instant; zero is 00:00 UTC of the scenario's first day.
using SimDuration = SimClock::duration;  ///< Length; negative only for slack (promise - ETA).

inline constexpr SimTime never = SimTime::max();  ///< After every instant at which something can happen.
inline constexpr SimTime day_zero{};              ///< 00:00 UTC of the scenario's first day.

// Whole minutes, hours and days of 24 hours. No overflow is looked for: 292 million years are days(106'000'000'000).
constexpr SimDuration minutes(std::int64_t count) {
  return SimDuration{count * 60'000};
}
constexpr SimDuration hours(std::int64_t count) {
  return SimDuration{count * 3'600'000};
}
constexpr SimDuration days(std::int64_t count) {
  return SimDuration{count * 86'400'000};
}

/// A calendar day, local to some place, counted from the scenario's first day (day 0). May be negative.
using Day = std::int32_t;
inline constexpr std::uint16_t no_day = 0xffff;  ///< "No such day" where a day is stored in 16 bits.

/// a / b rounded down, for instants before day zero as well. Requires: b is not 0.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - static_cast<std::int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

/// A time zone as a table of offsets over the scenario's horizon (with a margin on both sides).
struct TimeZone {
  struct Span {
    SimTime from;        ///< First instant at which `offset` holds; the first span starts at SimTime::min().
    SimDuration offset;  ///< Local time minus UTC.
    bool operator==(const Span&) const = default;
  };
  std::string name;         ///< IANA name, for instance "America/Chicago".
  std::vector<Span> spans;  ///< Ascending by `from`; never empty in a checked World.

  /// Local time minus UTC at an instant; before the first span its own.
  [[nodiscard]] SimDuration offset_at(SimTime instant) const {
    auto span =
        std::upper_bound(spans.begin(), spans.end(), instant, [](SimTime at, const Span& s) { return at < s.from; });
    return (span == spans.begin() ? span : span - 1)->offset;
  }
  /// Milliseconds since local midnight of day 0.
  [[nodiscard]] std::int64_t local_ticks(SimTime instant) const {
    return (instant + offset_at(instant)).time_since_epoch().count();
  }
  /// Local calendar day of an instant.
  [[nodiscard]] Day local_day(SimTime instant) const {
    return static_cast<Day>(floor_div(local_ticks(instant), days(1).count()));
  }
  /// Time since local midnight, in [0, 24 h).
  [[nodiscard]] SimDuration time_of_day(SimTime instant) const {
    const std::int64_t local = local_ticks(instant);
    return SimDuration{local - floor_div(local, days(1).count()) * days(1).count()};
  }
  /// The instant of a local wall-clock reading. In a gap (spring) the reading is taken with the offset
  /// before the change, so it lands after the gap; in a fold (autumn) the earlier of the two instants.
  [[nodiscard]] SimTime to_instant(Day day, SimDuration time_of_day) const {
    const SimTime wall = day_zero + days(day) + time_of_day;
    SimTime best = wall - spans.front().offset;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const SimTime instant = wall - spans[i].offset;
      const bool after_start = instant >= spans[i].from;
      const bool before_end = i + 1 == spans.size() || instant < spans[i + 1].from;
      if (after_start && before_end) return instant;
      if (after_start) best = instant;  // Past this span's end: keep it in case the next one starts later.
    }
    return best;
  }
};

}  // namespace peakstorm
