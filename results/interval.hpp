/// Confidence intervals for terminating simulations: the unit of analysis is the replication, never
/// the parcel. Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace peakstorm {

struct Interval {
  double mean = 0;  ///< The estimate (for a quantile: the sample quantile).
  double low = 0;
  double high = 0;
  std::size_t n = 0;    ///< Replications it rests on.
  double level = 0.95;  ///< Coverage; of an order-statistic interval: what is really reached, at least what was asked.
  [[nodiscard]] double half_width() const { return (high - low) / 2; }
};

/// Quantile of Student's t distribution: the x with P(T <= x) = p. Requires 0 < p < 1 and freedom > 0.
double t_quantile(double p, double freedom);

/// mean +- t(1 - (1 - level) / 2, n - 1) s / sqrt(n) over independent replications. None when there are fewer than
/// two: one replication says nothing about its own error. Requires 0 < level < 1 and finite values.
std::optional<Interval> t_interval(std::span<const double> values, double level = 0.95);

/// A share sum(kept) / sum(counted) over replications, by the ratio estimator: s^2 = sum((kept_r - p counted_r)^2) /
/// (n - 1), standard error s / (mean(counted) sqrt(n)) (Cochran 1977, 6.2), t with n - 1 degrees. Cut to [0, 1].
/// None with fewer than two replications or when nothing was counted. Requires equal lengths.
std::optional<Interval> ratio_interval(std::span<const double> kept, std::span<const double> counted,
                                       double level = 0.95);

/// Distribution-free interval for the q-quantile from order statistics: the narrowest pair of ranks, balanced about
/// n q, whose binomial probability reaches `level` (David & Nagaraja 2003, 7.1). None when even the extremes of the
/// sample do not reach it (for the median at 95 %: fewer than six values). O(n log n).
std::optional<Interval> quantile_interval(std::span<const double> values, double q, double level = 0.95);

/// Mean of a_r - b_r over replications run under common random numbers, with its t interval. Requires equal lengths.
std::optional<Interval> paired_difference(std::span<const double> a, std::span<const double> b, double level = 0.95);

/// Sample quantile, linear between order statistics (Hyndman & Fan 1996, type 7). Requires values and 0 <= q <= 1.
double sample_quantile(std::span<const double> values, double q);

}  // namespace peakstorm
