/// Strong identifiers. Each is dense from 0 within one World and does not compare with another kind.
#pragma once

#include <cstddef>
#include <cstdint>

namespace peakstorm {

enum class CarrierId : std::uint8_t {};
enum class ServiceId : std::uint8_t {};  ///< A carrier's service level, dense over all carriers.
enum class FacilityId : std::uint16_t {};
enum class LaneId : std::uint16_t {};
enum class DestinationId : std::uint16_t {};  ///< A delivery area, for instance a ZIP3.
enum class RegionId : std::uint8_t {};        ///< A reporting region, for instance a state.
enum class ShipperId : std::uint8_t {};
enum class ShipNodeId : std::uint16_t {};
enum class ZoneId : std::uint8_t {};  ///< A time zone.
enum class CalendarId : std::uint8_t {};

template <class Id>
constexpr std::size_t index(Id id) {
  return static_cast<std::size_t>(id);
}

/// Where a scan was made or a parcel lost its time: facilities first, then ship nodes.
enum class PlaceId : std::uint16_t {};
inline constexpr PlaceId no_place{0xffff};

/// Names one parcel of a run: ship node (16 bits), hour of its order (16), serial within that hour (32).
/// The node's index depends on the order of the scenario's rows, so whatever must not (random numbers,
/// digests, ties) goes through `parcel_key` (scan.hpp), which uses the node's name.
enum class ParcelId : std::uint64_t {};
constexpr ParcelId make_parcel_id(ShipNodeId node, std::uint16_t hour, std::uint32_t serial) {
  return ParcelId{(std::uint64_t{static_cast<std::uint16_t>(node)} << 48U) | (std::uint64_t{hour} << 32U) | serial};
}
constexpr ShipNodeId node_of(ParcelId id) {
  return ShipNodeId{static_cast<std::uint16_t>(static_cast<std::uint64_t>(id) >> 48U)};
}
constexpr std::uint16_t hour_of(ParcelId id) {
  return static_cast<std::uint16_t>(static_cast<std::uint64_t>(id) >> 32U);
}

}  // namespace peakstorm
