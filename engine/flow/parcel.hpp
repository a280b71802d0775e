/// A parcel in flight, and the containers parcels move in.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/archive.hpp"
#include "engine/flow/chain.hpp"
#include "engine/promise/learned_transit.hpp"
#include "engine/scan.hpp"

namespace peakstorm::flow {

/// 32 bytes: two to a cache line, copied as plain memory from container to container.
struct Parcel {
  ParcelId id{};
  DestinationId destination{};
  std::uint16_t promise_day = no_day;
  std::uint16_t revised_day = no_day;
  std::uint16_t commit_day = no_day;
  std::uint16_t tender_day = no_day;
  std::uint16_t first_attempt_day = no_day;
  PlaceId culprit = no_place;        ///< Where it lost the most time so far ...
  std::uint16_t excess_minutes = 0;  ///< ... this much beyond the plan ...
  ServiceId service{};
  Cause cause = Cause::none;  ///< ... for this reason.
  std::uint8_t size = 0;
  std::uint8_t scans = 0;         ///< Emitted so far; the next one's sequence number.
  std::uint8_t attempts : 4 = 0;  ///< Carrier::attempts_max is 10 at most.
  std::uint8_t sorts : 4 = 0;     ///< So far, modulo 16; the number of the next sort's draw.
  std::uint8_t flags = 0;
  std::uint16_t order_day = no_day;

  enum Flag : std::uint8_t {
    tracked = 1,  ///< A retailer's: its scans go into the streams.
    bad_address = 2,
    weather = 4,
    was_held = 8,
    astray = 16,     ///< On a wrong lane since its last sort.
    strained = 32,   ///< Ordered while its carrier's network in its region was (promise::LearnedTransit).
    companion = 64,  ///< Of a policy that rides along (engine/shared_season.hpp): nobody waits for it.
  };
  [[nodiscard]] bool is(Flag flag) const { return (flags & flag) != 0; }
  void set(Flag flag) { flags = static_cast<std::uint8_t>(flags | flag); }
  void clear(Flag flag) { flags = static_cast<std::uint8_t>(flags & ~flag); }

  /// Remembers `minutes` lost at `place` if it is the worst so far.
  void blame(PlaceId place, Cause why, std::int64_t minutes) {
    if (minutes <= excess_minutes) return;
    excess_minutes = static_cast<std::uint16_t>(minutes < 0xffff ? minutes : 0xffff);
    culprit = place;
    cause = why;
  }
};
static_assert(sizeof(Parcel) == 32 && std::is_trivially_copyable_v<Parcel> && PlainBytes<Parcel>);

/// What travels between places as one: a trailer leg, an aircraft, a pickup truck. The event that carries it
/// owns it; whoever handles the event takes it over.
struct Container {
  SimTime boarded;  ///< Left the previous place.
  Chain<Parcel> parcels;
  SimTime due{};                           ///< Of an arrival: by timetable, in ordinary weather,
  SimTime there{};                         ///< and as the weather is; then it may have to wait before a closed gate.
  std::vector<promise::Delivered> news{};  ///< Of a report to a ship node.
  template <class Archive>
  void transfer(Archive& archive) {
    archive(boarded, parcels, due, there, news);
  }
};

}  // namespace peakstorm::flow
