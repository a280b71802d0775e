/// What every process of a run may read: the World and what was worked out from it before the start.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/disruption/field.hpp"
#include "engine/flow/companions.hpp"
#include "engine/flow/parcel.hpp"
#include "engine/network/routes.hpp"
#include "engine/network/timetable.hpp"
#include "engine/promise/quote.hpp"
#include "engine/simulation.hpp"
#include "engine/world.hpp"

namespace peakstorm::flow {

/// Immutable during the run; shared by all threads.
struct Context {
  /// `companions`: whose retailers `world` has behind its own; none: nobody's.
  Context(const World& world, const SimulationOptions& options, bool streams, bool background_streams,
          const Companions* companions = nullptr);

  const World& world;
  RunKey run;
  DrawKey draw_key;  ///< Of `run`, made once.
  std::uint64_t run_hash = 0;
  double scale = 1;
  bool hard_limits = true;  ///< Capacities are whole parcels (scale 1 or more).
  bool streams = false;
  bool background_streams = false;
  const Companions* companions = nullptr;  ///< None: nobody rides along.
  SimTime end;                             ///< Nothing happens at or after it.
  Day horizon_day = 0;                     ///< Last whole local day before `end` everywhere.
  disruption::Field field;
  network::Routes routes;
  promise::Tariffs tariffs;
  std::vector<network::Timetable> departures;   ///< By LaneId.
  std::vector<std::vector<double>> day_factor;  ///< By ShipperId and UTC day: gamma over-dispersion, mean 1.
  std::vector<double> shipper_demand;           ///< By ShipperId: weights of all its nodes.
  std::vector<std::uint32_t> dock_of_lane;      ///< By LaneId: rank among the lanes of its origin.
  std::vector<std::vector<LaneId>> lanes_from;  ///< By FacilityId, ordered by the far end's name hash.
  std::vector<std::uint64_t> place_hash;        ///< By PlaceId, of the name.
  std::vector<std::uint64_t> destination_hash;  ///< By DestinationId.
  std::vector<std::uint64_t> service_hash;      ///< By ServiceId.

  [[nodiscard]] std::uint64_t key(ParcelId id) const {
    return parcel_key(place_hash[world.facilities.size() + index(node_of(id))], id);
  }
  [[nodiscard]] bool is_companions(ShipNodeId node) const { return companions != nullptr && companions->has(node); }
  /// A retailer's parcel.
  [[nodiscard]] bool is_tracked(ParcelId id) const {
    return world.shippers[index(world.nodes[index(node_of(id))].shipper)].role == ShipperRole::retailer;
  }
  /// How long a depot's news take to reach the nodes of a shipper that learns; zero: no shipper does, or not this one.
  [[nodiscard]] SimDuration news_delay(ShipperId shipper) const {
    const Shipper& of = world.shippers[index(shipper)];
    return of.learns() ? of.learning.news_delay : SimDuration{};
  }
  /// A retailer's parcel of the measured days.
  [[nodiscard]] bool is_measured(const Parcel& parcel) const {
    return parcel.is(Parcel::tracked) && Day{parcel.order_day} >= world.measure_from &&
           Day{parcel.order_day} < world.measure_to;
  }
  [[nodiscard]] const TimeZone& zone(ZoneId id) const { return world.zones[index(id)]; }
  [[nodiscard]] const TimeZone& zone_of(DestinationId id) const { return zone(world.destinations[index(id)].zone); }
  [[nodiscard]] const Service& service(ServiceId id) const { return world.services[index(id)]; }
  [[nodiscard]] FacilityId depot_of(CarrierId carrier, DestinationId destination) const {
    return *world.coverage[index(carrier)][index(destination)];
  }
  /// When a container that reaches the gate of a facility at `there` gets in: at once, or when it next opens.
  [[nodiscard]] SimTime gate(FacilityId facility, SimTime there) const {
    const SimTime opens = field.facility(facility).reopens(there);
    return opens != never ? opens : std::max(there, end);
  }
  /// Planned seasonal factor of a carrier on a local day.
  [[nodiscard]] const PlannedCapacity* planned(CarrierId carrier, Day day) const;
  /// `amount` per day or departure, in thousandths, times scale and factors; rounded down.
  [[nodiscard]] std::int64_t scaled_milli(std::uint32_t amount, Ppm a, Ppm b = ppm_one, Ppm c = ppm_one) const;
};

/// A day of a run in the 16 bits that parcels carry; days outside [0, 65534] count as "no day".
inline std::uint16_t stored_day(Day day) {
  return day < 0 || day >= no_day ? no_day : static_cast<std::uint16_t>(day);
}

}  // namespace peakstorm::flow
