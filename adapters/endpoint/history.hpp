/// A parcel's history and what follows from it. Pure functions of the set of milestones received: the
/// order in which messages came, and how often, has no effect.
///
/// Order: by event instant, then by the rank of the milestone within a journey (a parcel that arrives and
/// leaves at the same instant arrived first).
///
/// Status: the milestones are walked in that order.
/// - Movement replaces movement, backwards too: out_for_delivery, then arrived at the depot, is arrived.
/// - label_created never replaces anything.
/// - delivered stays, whatever is scanned later, except returning and returned, which replace it.
/// - retracted takes back the latest delivered scan before it (or at the same instant when there is none
///   before): the walk goes on as if that scan had never been made.
/// - returning stays until delivered, returned or lost; returned stays.
/// - delay_weather, delay_other and eta_changed move the estimated date, never the status; a parcel that
///   has no other milestone shows the delay. A parcel of which only estimates or retractions are known
///   shows label_created, the weakest thing that must be true.
///
/// Estimated date: the one told last by its sender's own clock (`eta_stamp`).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/endpoint/instant.hpp"
#include "engine/scan.hpp"

namespace peakstorm::endpoint {

/// One scan as told. Texts are views: into the message while it is merged, then into the store's pool.
struct Milestone {
  std::int64_t at_ms = 0;         ///< Unix time of the event.
  std::int64_t eta_stamp_ms = 0;  ///< When its sender told `eta`.
  Date eta = no_date;
  std::int16_t offset_minutes = 0;  ///< Local minus UTC at the place, as told.
  ScanKind kind = ScanKind::label_created;
  std::uint8_t ordinal = 0;  ///< Tells milestones of the same instant and kind apart in the store.
  std::string_view place;
  std::string_view region;
  std::string_view country;
  std::string_view message;
};

/// True when both tell the same milestone: same instant and kind, and the same place but for case and
/// spaces, or one of them without a place.
bool same_milestone(const Milestone& a, const Milestone& b);

/// Position in the history.
bool milestone_before(const Milestone& a, const Milestone& b);

/// Fills `known` with what `told` knows better; commutative and idempotent over any set of tellings.
/// True when it changed anything.
bool refine(Milestone& known, const Milestone& told);

/// What a page says about the whole parcel.
struct Standing {
  std::optional<ScanKind> status;               ///< None without any scan.
  std::optional<std::int64_t> delivered_at_ms;  ///< Only while the status is delivered.
  Date estimated = no_date;
  bool delayed = false;    ///< The newest scan is a delay.
  bool retracted = false;  ///< A delivery was taken back and not made since.
};
/// Requires: ascending by `milestone_before`.
Standing standing(std::span<const Milestone> history);

}  // namespace peakstorm::endpoint
