/// How a retailer's node makes its first promise (PromiseRule): from the published transit, or from what it has
/// learned.
///
/// Only what is known when the order's hour begins goes in: calendars, cut-offs, rates, the news of depots
/// (learned_transit.hpp) and what became of promises that have expired. Used by one process.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/promise/conformal.hpp"
#include "engine/promise/learned_transit.hpp"
#include "engine/world.hpp"

namespace peakstorm::promise {

/// Days after the end of a promised day, in UTC, until the promise is judged: for the news to come.
inline constexpr Day judged_after = 3;

/// The miss rate that a node allows itself: 1 - quantile, corrected by what became of its promises (adaptive conformal
/// inference, one update for each promised day with promises). A promise counts as broken on the third day after unless
/// the news of its delivery in time has come: those still under way are late, not left out.
class PromisedLevel {
 public:
  explicit PromisedLevel(const PromiseRule& rule);

  void promised(std::uint16_t day);
  void learn(const Delivered& news);
  /// Judges every day that may be judged on UTC day `today`.
  void judge(Day today);
  /// Share of parcels to cover: 1 - alpha, at least one half and at most 1. Not corrected when the rule is not
  /// conformal.
  [[nodiscard]] double level() const;

  template <class Archive>
  void transfer(Archive& archive) {
    archive(alpha_, next_, days_);
  }

 private:
  const PromiseRule* rule_;
  AdaptiveLevel alpha_;
  Day next_ = 0;                                               ///< First day not judged.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> days_;  ///< By promised day: promised, known to be kept.
};

/// Days to add for an order of this local day.
int hedge_days(const PromiseRule& rule, Day order_day);

/// The delivery day that the rule promises for a tender on `tender` with `days` of published transit: not before
/// `tender`. `shares`: as learned for it; `level`: of PromisedLevel, used by quantile only. Buffer and hedges come on
/// top. Requires a rule that is not `published`.
/// quantile: the first delivery day by which the level has come. cost: best_day() of day_rule.hpp, in calendar days
/// from the tender on.
Day rule_day(const World& world, const PromiseRule& rule, const Service& service, Day tender, int days,
             const ShiftShares& shares, double level);

}  // namespace peakstorm::promise
