/// Until when one may order: the last order day, by tier and region, whose orders arrive by a deadline with at least
/// the wanted probability, at a stated confidence.
///
/// A day is safe when the one-sided lower confidence bound of the share of its orders that are delivered by the end of
/// the deadline, local to the destination, reaches the wanted share. Orders of a day arrive or fail together (the same
/// storm, the same full trailers), so the bound is that of a survey of clusters, the season being the cluster:
/// Clopper-Pearson with the effective sample n / deff, deff being the ratio estimator's variance over that of simple
/// sampling, at least 1, and the effective sample multiplied by (z / t(seasons - 1))^2 for a variance that is itself
/// estimated (Korn & Graubard 1998). Days are tried from the first measured one on, each at the full confidence, and
/// the first that fails ends the row: tests in a fixed order need no correction, and a row claims a day too many with
/// probability at most 1 - confidence (Maurer, Hothorn & Lehmacher 1995). Rows are each at that confidence by
/// themselves.
///
/// Pure; from one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "engine/world.hpp"
#include "results/measures.hpp"

namespace peakstorm {

/// Orders of one day, tier and region in one season: those that got a label and were not cancelled after.
struct ArrivalCount {
  std::uint32_t orders = 0;
  std::uint32_t in_time = 0;  ///< Of which delivered on the deadline or before.
  bool operator==(const ArrivalCount&) const = default;
};
/// One season: by the tier that was ordered, region (none: everywhere) and order day, local to the destination.
using ArrivalKey = std::tuple<Tier, std::optional<RegionId>, Day>;
using Arrivals = std::map<ArrivalKey, ArrivalCount>;

/// Of retailers' orders placed on the measured days up to `deadline`. Requires finished measures of a recorder with
/// streams. O(tracked parcels log cells).
Arrivals arrivals_of(const World& world, const Measures& measures, Day deadline);

struct OrderByRow {
  Tier tier{};
  std::optional<RegionId> region;  ///< None: everywhere.
  std::uint64_t orders = 0;        ///< Over all seasons and days.
  std::optional<Day> last;         ///< The last safe day; none: not even the first one is.
  /// A day's share in time over all seasons, its lower bound, and its worst season.
  struct OfDay {
    Day day = 0;
    std::uint64_t orders = 0;
    double share = 0;
    double low = 0;
    double worst = 0;
  };
  std::optional<OfDay> safe;  ///< Of the last safe day.
  std::optional<OfDay> next;  ///< Of the day that ended the row; none when every day with orders was safe.
  /// The next day's orders are so few that not even all of them in time would have been enough.
  bool too_few = false;
};

/// `seasons`: independent replications. By tier; within it everywhere first, then by region. Days without orders are
/// passed over. Requires at least two seasons, 0 < kept < 1, 0.5 < confidence < 1.
std::vector<OrderByRow> order_by(std::span<const Arrivals> seasons, double kept, double confidence);

/// The bound above, of `in_time` out of `orders`, by season. 0 when there are no orders. Requires equal lengths of at
/// least two, 0.5 < confidence < 1.
double clustered_lower_bound(std::span<const double> in_time, std::span<const double> orders, double confidence);

/// The same when all of `orders` are in time: (1 - confidence)^(1 / orders).
double flawless_lower_bound(std::uint64_t orders, double confidence);

}  // namespace peakstorm
