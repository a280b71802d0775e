/// The rules by which a shipper picks a carrier's service for an order (CarrierPolicy). Pure functions of what the
/// shipper knows; safe from any thread. Prices and learned shares come from Tariffs and LearnedTransit.
///
/// cheapest_published is what shippers do today, blind to reliability (Ye, Cheng, Hijazi & Van Hentenryck 2024), and
/// the control for all others.
#pragma once

#include <cstdint>
#include <span>

#include "engine/world.hpp"

namespace peakstorm::promise {

/// One service that collects here and delivers there. Of what is not used by the shipper's policy anything may stand.
struct Candidate {
  ServiceId service{};
  Ppm share_ends = 0;      ///< Of the tier's tariffs up to this one, together: fixed_split lays the shares end to end.
  bool has_room = true;    ///< The carrier takes the parcel (Overflow).
  bool within_cap = true;  ///< diversified: this order leaves it at or below Tariff::cap.
  Cents price = 0;         ///< Of the order, surcharges of the tender's day included.
  Cents list_price = 0;    ///< cheapest_published: of the first size class, without peak surcharges.
  std::uint8_t days = 0;   ///< Published transit.
  bool meets = false;      ///< Published transit within the tier's target.
  double on_time = 1;      ///< Learned chance of coming by the target.
};

/// Index of the candidate to take; `point` is a uniform draw below ppm_one, used by fixed_split only. Candidates
/// without room are passed over unless none has any. Of equals the first.
///   fixed_split            the first whose share ends beyond the point, else the last
///   cheapest_published     the least list price of those that meet the target; if none does, the fewest days
///   diversified            likewise, of those within their cap while there are any
///   least_expected_cost    the least price + late_penalty (1 - on_time)
///   regional_reliability   the least price of those whose on_time is within reliability_slack of the best
/// Requires candidates.
std::size_t pick(const Shipper& shipper, std::span<const Candidate> candidates, Ppm point);

}  // namespace peakstorm::promise
