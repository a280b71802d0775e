#include "results/experiment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

/// Half-width that `precision` asks for around `mean`.
double wanted(const Precision& precision, double mean) {
  PEAKSTORM_CHECK(precision.absolute > 0 || precision.relative > 0, precision.absolute, precision.relative);
  PEAKSTORM_CHECK(precision.absolute >= 0, precision.absolute);
  PEAKSTORM_CHECK(precision.relative >= 0, precision.relative);
  double bound = std::numeric_limits<double>::infinity();
  if (precision.absolute > 0) bound = precision.absolute;
  if (precision.relative > 0) {
    bound = std::min(bound, precision.relative / (1 + precision.relative) * std::abs(mean));
  }
  return bound;
}

}  // namespace

std::vector<Interval> simultaneous_intervals(Observations systems, double level) {
  std::vector<Interval> intervals;
  const double each = 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(1, systems.size()));
  for (const std::vector<double>& system : systems) {
    PEAKSTORM_CHECK(system.size() == systems.front().size(), system.size(), systems.front().size());
    const auto interval = t_interval(system, each);
    if (!interval) return {};
    intervals.push_back(*interval);
  }
  return intervals;
}

std::vector<Interval> differences_from_control(Observations systems, std::size_t control, double level) {
  PEAKSTORM_CHECK(control < systems.size(), control, systems.size());
  std::vector<Interval> intervals;
  const double each = 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(2, systems.size()) - 1);
  for (std::size_t i = 0; i < systems.size(); ++i) {
    if (i == control) continue;
    const auto interval = paired_difference(systems[i], systems[control], each);
    if (!interval) return {};
    intervals.push_back(*interval);
  }
  return intervals;
}

bool precise_enough(std::span<const double> values, const Precision& precision, double level) {
  const auto interval = t_interval(values, level);
  const double bound = wanted(precision, interval ? interval->mean : 0);
  return interval && values.size() >= precision.least && interval->half_width() <= bound;
}

std::optional<std::size_t> replications_forecast(std::span<const double> values, const Precision& precision,
                                                 double level) {
  const auto interval = t_interval(values, level);
  const double bound = wanted(precision, interval ? interval->mean : 0);
  if (!interval || bound <= 0) return std::nullopt;
  const double ratio = interval->half_width() / bound;
  const double needed = std::ceil(static_cast<double>(values.size()) * ratio * ratio);
  if (needed > 1e15) return std::nullopt;
  return std::max({static_cast<std::size_t>(needed), values.size(), precision.least});
}

std::optional<WarmUp> mser5(std::span<const double> series) {
  constexpr std::size_t batch = 5;
  const std::size_t n = series.size() / batch;
  constexpr std::size_t least_kept = 5;
  if (n < 2 * least_kept) return std::nullopt;
  const auto mean_of_batch = [&](std::size_t i) {
    double sum = 0;
    for (std::size_t j = 0; j < batch; ++j) sum += series[i * batch + j];
    return sum / batch;
  };
  // Backwards, so that every cut's mean and squares come from one more value (Welford).
  double mean = 0;
  double squares = 0;
  double least = std::numeric_limits<double>::infinity();
  std::size_t cut = 0;
  for (std::size_t kept = 1; kept <= n; ++kept) {
    const double value = mean_of_batch(n - kept);
    const auto count = static_cast<double>(kept);
    const double off = value - mean;
    mean += off / count;
    squares += off * (value - mean);
    const double statistic = squares / (count * count);
    // A few last batches can agree by chance, and would win.
    if (kept >= least_kept && statistic <= least) {
      least = statistic;
      cut = n - kept;
    }
  }
  return WarmUp{cut * batch, 2 * cut <= n};
}

}  // namespace peakstorm
