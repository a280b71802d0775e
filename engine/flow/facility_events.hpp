/// What the events of a facility carry besides parcels, and by what numbers those of companions are known.
#pragma once

#include <cstdint>

#include "engine/flow/context.hpp"
#include "engine/time.hpp"

namespace peakstorm::flow {

// Payload::which of `cleared` and `settled`: what happens to the parcels now. Every scan is made at its own instant, so
// that none depends on a disruption that has not begun.
inline constexpr std::uint32_t released_by_customs = 0;
inline constexpr std::uint32_t held_by_customs = 1;
inline constexpr std::uint32_t picked_up = 0;
inline constexpr std::uint32_t back_at_sender = 1;
inline constexpr std::uint32_t at_counter = 2;  ///< Held for pickup from now on.
inline constexpr std::uint32_t given_up = 3;    ///< Goes back.

/// Payload::which of `sorted`: a wave for parcels that ride along.
inline constexpr std::uint32_t for_companions = 1;

/// What an event of companions is known by (kernel::Outbox::send_aside). Never a number that depends on who else rides
/// along, or on what the others do.
inline std::uint64_t identity_of(Happening happening, std::uint64_t a, std::uint64_t b) {
  return hash64(hash64(static_cast<std::uint64_t>(happening), a), b);
}
inline std::uint64_t ticks(SimTime at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

/// The next instant at or after `at` at which a sorter's wave ends.
inline SimTime next_mark(SimTime at) {
  const std::int64_t ticks = at.time_since_epoch().count();
  return day_zero + wave * (floor_div(ticks + wave.count() - 1, wave.count()));
}

}  // namespace peakstorm::flow
