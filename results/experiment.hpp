/// How many replications, from which state on, and how to read many intervals at once. Pure; safe from
/// any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "results/interval.hpp"
#include "results/selection.hpp"

namespace peakstorm {

/// One t interval per system, at 1 - (1 - level) / k each, so that all k hold together with probability `level`
/// (Bonferroni; valid under any dependence, common random numbers included). Empty when there are fewer than two
/// replications. Requires equal lengths, 0 < level < 1.
std::vector<Interval> simultaneous_intervals(Observations systems, double level = 0.95);

/// Intervals for (system - control) over paired replications, simultaneous as above over the k - 1 differences, in the
/// order of the systems without the control. Call one better only when its interval does not hold zero.
std::vector<Interval> differences_from_control(Observations systems, std::size_t control, double level = 0.95);

/// When a sequential experiment is precise enough.
struct Precision {
  double absolute = 0;     ///< Half-width to reach; 0: not asked for.
  double relative = 0;     ///< Half-width over |mean|; 0: not asked for. Tested as g / (1 + g), so that the error of
                           ///< the estimate itself is at most g (Law 2015, 9.4.1).
  std::size_t least = 10;  ///< Replications before the first look: looking early and often stops too early.
};

/// Whether to stop: at least `least` replications and the t interval's half-width within every bound asked for.
/// Requires one bound.
bool precise_enough(std::span<const double> values, const Precision& precision, double level = 0.95);

/// Replications likely needed in all, n (half-width / wanted)^2 rounded up and never below what is there or `least`;
/// a forecast, not a guarantee. None with fewer than two values, or when a relative bound meets a mean of zero.
std::optional<std::size_t> replications_forecast(std::span<const double> values, const Precision& precision,
                                                 double level = 0.95);

struct WarmUp {
  std::size_t cut = 0;      ///< Observations to leave out, a multiple of 5.
  bool long_enough = true;  ///< False when the cut lies in the second half: the series is too short to tell.
};

/// MSER-5 (White, Cobb & Spratt 2000): over means of 5, the cut d that minimises the sum over i > d of (Y_i - mean)^2
/// divided by (n - d)^2. A check of the warm-up that a scenario declares, not a replacement for it. At least five
/// batches stay. None for fewer than 50 observations; those beyond a multiple of 5 are not used. O(n).
std::optional<WarmUp> mser5(std::span<const double> series);

}  // namespace peakstorm
