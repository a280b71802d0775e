/// Which day to promise, given what is known of transit times, and how good a promised quantile was. Pure functions;
/// safe from any thread. Nothing here is drawn and nothing uses libm, so results are the same to the bit everywhere.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace peakstorm::promise {

/// Pinball (quantile) loss rho_q(u) = u (q - 1{u < 0}) of u = actual - promised: late days cost q each, early ones
/// 1 - q. Its mean is least when `promised` is the q-quantile (Koenker & Bassett 1978). Requires 0 < q < 1.
double pinball_loss(double q, double actual, double promised);

/// Mean pinball loss. Requires equal lengths, at least one pair, 0 < q < 1.
double mean_pinball_loss(double q, std::span<const double> actual, std::span<const double> promised);

/// Share of pairs with actual <= promised. Requires equal lengths and at least one pair.
double coverage(std::span<const double> actual, std::span<const double> promised);

/// The quantile to promise when each promised day costs h (sales lost to slowness) and each day of lateness b:
/// min h d + b E(T - d)^+ has F(d) = 1 - h / b (the newsvendor). Requires 0 < h < b: otherwise the best promise is
/// day zero, whatever the transit.
double newsvendor_level(double per_day, double per_late_day);

/// P(T > d) for d = 0, 1, ..., up to and including the first d that no value exceeds; from transit times in days.
/// A transit of 2.1 days is late for day 2. Requires values, none negative, none above 100,000.
std::vector<double> late_shares(std::span<const double> transit_days);

/// What lateness costs.
enum class Lateness {
  linear,  ///< `late_cost` for each whole day after the promised one.
  step,    ///< `late_cost` once, however late: the usual case of a promised date.
};

struct DayChoice {
  std::size_t day = 0;
  double cost = 0;  ///< Expected, of the promised days and of lateness.
};

/// The whole day d that minimises day_cost d + late_cost E(T - d)^+ (linear) or day_cost d + late_cost P(T > d) (step),
/// T being counted in whole days; the earliest of equals. The two answers differ: a step ignores how late, so it gives
/// up on a long tail (Salari, Liu & Shen 2022 for the step; newsvendor for the line). `late`: P(T > d) by day, 0 beyond
/// its end. Requires entries in [0, 1] that do not rise, and costs of at least 0. O(days).
DayChoice best_day(std::span<const double> late, double day_cost, double late_cost, Lateness lateness);

/// The first whole day by which at least the share `level` has come. Requires as best_day, and 0 < level <= 1.
std::size_t day_covering(std::span<const double> late, double level);

}  // namespace peakstorm::promise
