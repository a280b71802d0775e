/// What a broken promise is made good with, by lateness (RecoveryPlan of the shipper).
///
/// An order is late from the end of its promised day, local to where it goes, until it has come; one that is lost or
/// comes back stays late. It gets the last grade of its tier that it has reached, once: what an earlier grade gave
/// counts towards it. Who pays carriage for an order refunds that. Pure.
#pragma once

#include "engine/world.hpp"

namespace peakstorm {

/// The last grade that an order of `tier` has reached this long after its promised day ended; nullptr: none yet.
inline const RecoveryGrade* grade_at(const RecoveryPlan& plan, Tier tier, SimDuration late) {
  const RecoveryGrade* reached = nullptr;
  for (const RecoveryGrade& grade : plan.grades) {
    if (grade.after > late) break;
    if (grade.tiers[static_cast<std::size_t>(tier)]) reached = &grade;
  }
  return reached;
}

/// What the grade costs in all for an order whose carriage costs `shipping`.
inline Cents cost_of(const RecoveryGrade& grade, Cents shipping) {
  return grade.credit + (grade.refunds_shipping ? shipping : 0);
}

/// The instant at which a promised day has ended where the parcel goes.
inline SimTime promise_end(const World& world, DestinationId destination, Day promise_day) {
  const TimeZone& zone = world.zones[index(world.destinations[index(destination)].zone)];
  return zone.to_instant(promise_day + 1, SimDuration{});
}

}  // namespace peakstorm
