/// What happens to places, as the kernel's events.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "engine/flow/parcel.hpp"
#include "engine/kernel/event.hpp"
#include "engine/kernel/outbox.hpp"

namespace peakstorm::flow {

enum class Happening : std::uint8_t {
  // At facilities.
  arrival,    ///< A container arrives over lane `which`, or from a pickup (no_lane).
  cleared,    ///< A container leaves customs.
  sorted,     ///< A sort wave is done.
  departure,  ///< Timetabled departure of lane `which`.
  released,   ///< A parcel that was held goes to its dock.
  load_out,   ///< Rounds leave.
  settled,    ///< A parcel out of attempts goes to the counter, back, or has arrived there.
  // At ship nodes.
  orders,  ///< Orders of one hour.
  pickup,  ///< A carrier's truck comes; `which` is its index in ShipNode::pickups.
  news,    ///< A depot's report of what it delivered reaches the node.
};

struct Payload {
  Container* container = nullptr;  ///< Owned by the event.
  std::uint32_t which = 0;
  Happening happening = Happening::arrival;
};

/// Order of happenings at one instant: a piece docked at the very cut-off still makes the departure.
inline constexpr std::uint8_t priority_of(Happening happening) {
  switch (happening) {
    case Happening::arrival:
    case Happening::cleared:
    case Happening::released:
    case Happening::orders:
      return 0;
    case Happening::sorted:
    case Happening::settled:
      return 1;
    case Happening::departure:
    case Happening::load_out:
    case Happening::pickup:
      return 2;
    case Happening::news:  // What is told at an instant counts from the next one on.
      return 3;
  }
  return 4;
}

using Event = kernel::Event<Payload>;
using Outbox = kernel::Outbox<Payload>;

/// Payload::which of an arrival that came from a ship node.
inline constexpr std::uint32_t from_pickup = 0xffffffff;

/// Takes over the container of an event.
inline std::unique_ptr<Container> adopt(const Event& event) {
  return std::unique_ptr<Container>(event.payload.container);
}
inline Payload to_self(Happening happening, std::uint32_t which = 0) {
  return {nullptr, which, happening};
}

/// A journey at `speed` of the usual one; even a crippled road is passed at a twentieth, and no weather makes it
/// faster than its timetable (the kernel's lookahead rests on that).
inline SimDuration slowed(SimDuration length, Ppm speed) {
  return SimDuration{length.count() * ppm_one / std::clamp<Ppm>(speed, 50'000, ppm_one)};
}
constexpr std::int64_t to_minutes(SimDuration length) {
  return length / minutes(1);
}

}  // namespace peakstorm::flow
