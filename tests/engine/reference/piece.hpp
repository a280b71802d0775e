/// A parcel under way, the room that it may find, and small change of times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/ids.hpp"
#include "engine/scan.hpp"
#include "engine/time.hpp"

namespace peakstorm::test::plain {

inline constexpr std::uint32_t unreachable = 1'000'000'000;  ///< Minutes.
inline constexpr std::size_t no_tie = ~std::size_t{0};       ///< No place, no lane.

inline std::int64_t ms(SimTime at) {
  return at.time_since_epoch().count();
}
inline std::uint16_t stored(Day day) {
  return day < 0 || day >= no_day ? no_day : static_cast<std::uint16_t>(day);
}
/// The next full ten minutes.
inline SimTime mark(SimTime at) {
  return SimTime{SimDuration{-floor_div(-ms(at), 600'000) * 600'000}};
}
inline std::uint32_t hour_of_day(SimTime at) {
  return static_cast<std::uint32_t>(floor_div(ms(at), 3'600'000) - floor_div(ms(at), 86'400'000) * 24);
}
inline SimDuration slowed(SimDuration length, Ppm speed) {
  return SimDuration{length.count() * ppm_one / std::clamp<Ppm>(speed, ppm_one / 20, ppm_one)};
}
inline std::int64_t whole_minutes(SimDuration length) {
  return length / minutes(1);
}
inline SimDuration share_of(SimDuration length, std::uint32_t word) {
  return SimDuration{
      static_cast<std::int64_t>((std::uint64_t{word} * static_cast<std::uint64_t>(length.count())) >> 32U)};
}
inline PlaceId place_of(std::size_t facility) {
  return PlaceId{static_cast<std::uint16_t>(facility)};
}

struct Piece {
  Outcome facts;  ///< What its outcome will say.
  std::uint64_t key = 0;
  std::uint8_t size = 0;
  std::uint8_t scans = 0;
  std::uint8_t sorts = 0;
  bool tracked = false;
  bool bad_address = false;
  bool was_held = false;
  bool astray = false;
  bool was_strained = false;    ///< Its carrier's network in its region, when it was ordered.
  SimTime known_at = never;     ///< Its delivery, at its node.
  int shift = 0;                ///< Delivery days after the published one, then.
  bool promise_counts = false;  ///< Not cancelled.
  Cause refused = Cause::none;  ///< Why the first truck left it.
  SimTime planned;              ///< Departure, round or pickup it would make where it is, without queues and storms.
  SimTime came;                 ///< To this place (out of customs, if it went through it).
  SimTime ready;                ///< On the dock, or for the round, since.
  Cause hint = Cause::none;
  bool told = false;
  enum class Where : std::uint8_t { node, refused, sorter, dock, round, elsewhere, ended } where = Where::node;
  FacilityId at{};

  void blame(PlaceId place, Cause why, std::int64_t lost_minutes) {
    if (lost_minutes <= facts.excess_minutes) return;
    facts.excess_minutes = static_cast<std::uint16_t>(std::min<std::int64_t>(lost_minutes, 0xffff));
    facts.culprit = place;
    facts.cause = why;
  }
};

/// Room of one departure, round or truck; below scale 1 what was taken too much is owed by the next.
struct Room {
  std::int64_t milli_pieces = 0;
  std::int64_t grams = 0;
  std::int64_t cm3 = 0;
  bool weighs = false;
  bool fills = false;
  bool hard = true;
  bool empty = true;

  void open(std::int64_t more_milli, std::int64_t more_grams, std::int64_t more_cm3, bool is_hard) {
    const auto debt = [&](std::int64_t left) { return is_hard ? 0 : std::min<std::int64_t>(left, 0); };
    *this = {more_milli + debt(milli_pieces),
             more_grams + debt(grams),
             more_cm3 + debt(cm3),
             more_grams > 0,
             more_cm3 > 0,
             is_hard,
             true};
  }
  bool take(std::int64_t weight, std::int64_t volume) {
    const bool some = milli_pieces > 0 && (!weighs || grams > 0) && (!fills || cm3 > 0);
    const bool fits = milli_pieces >= 1000 && (!weighs || grams >= weight) && (!fills || cm3 >= volume);
    if (!some || (hard && !empty && !fits)) return false;
    milli_pieces -= 1000;
    grams -= weighs ? weight : 0;
    cm3 -= fills ? volume : 0;
    empty = false;
    return true;
  }
};

}  // namespace peakstorm::test::plain
