/// Weather, closures, embargoes, outages and surges as fields in time and area, turned into step functions
/// per place. Everything here is known to the world and to nobody in it: a promise or a carrier choice
/// must not look; a carrier's load plan learns of closures late (network/routes.hpp).
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/network/routes.hpp"
#include "engine/world.hpp"

namespace peakstorm::disruption {

/// What disruptions do to a facility, a ship node or a lane from an instant on.
struct Effect {
  SimTime from = SimTime::min();
  Ppm speed = ppm_one;
  Ppm staffing = ppm_one;
  bool closed = false;
  bool embargo = false;  ///< Of tender at this place.
  bool weather = false;  ///< Any effect that is called a storm, or a closure.
  SimDuration scan_delay{};
};

/// A right-continuous step function; ascending, the first step starts at SimTime::min().
class EffectSteps {
 public:
  EffectSteps() : steps_{Effect{}} {}
  explicit EffectSteps(std::vector<Effect> steps) : steps_(std::move(steps)) {}
  [[nodiscard]] const Effect& at(SimTime instant) const;
  /// First instant >= `instant` at which the place is not closed.
  [[nodiscard]] SimTime reopens(SimTime instant) const;
  /// True when the place was closed at some instant of [from, to].
  [[nodiscard]] bool closed_within(SimTime from, SimTime to) const;
  /// True when weather touched the place at some instant of [from, to].
  [[nodiscard]] bool weather_within(SimTime from, SimTime to) const;
  [[nodiscard]] const std::vector<Effect>& steps() const { return steps_; }
  [[nodiscard]] bool quiet() const { return steps_.size() == 1; }

 private:
  std::vector<Effect> steps_;
};

class Field {
 public:
  /// `without` leaves out whole kinds (index: DisruptionKind).
  Field(const World& world, const std::array<bool, disruption_kind_names.size()>& without);

  [[nodiscard]] const EffectSteps& facility(FacilityId id) const { return facilities_[index(id)]; }
  /// Closed facilities, one by one as announced: what carriers plan by, after their delay.
  [[nodiscard]] const std::vector<network::Closure>& closures() const { return closures_; }
  [[nodiscard]] const EffectSteps& node(ShipNodeId id) const { return nodes_[index(id)]; }
  /// True when `carrier` refuses parcels from `node` for `destination` at `instant`.
  [[nodiscard]] bool embargoed(CarrierId carrier, ShipNodeId node, DestinationId destination, SimTime instant) const;
  /// Demand of `destination` at `shipper` relative to its planned season.
  [[nodiscard]] double demand(ShipperId shipper, DestinationId destination, SimTime instant) const;
  /// Largest `demand` over these destinations. Requires some.
  [[nodiscard]] double demand_max(ShipperId shipper, std::span<const DestinationId> destinations,
                                  SimTime instant) const;

 private:
  std::vector<EffectSteps> facilities_;
  std::vector<EffectSteps> nodes_;
  std::vector<network::Closure> closures_;
  std::vector<const Disruption*> embargoes_;
  std::vector<const Disruption*> surges_;
};

}  // namespace peakstorm::disruption
