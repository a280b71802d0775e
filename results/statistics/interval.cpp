#include "results/interval.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

void check_level(double level) {
  PEAKSTORM_CHECK(level > 0, level);
  PEAKSTORM_CHECK(level < 1, level);
}

}  // namespace

double t_quantile(double p, double freedom) {
  PEAKSTORM_CHECK(p > 0, p);
  PEAKSTORM_CHECK(p < 1, p);
  PEAKSTORM_CHECK(freedom > 0, freedom);
  return boost::math::quantile(boost::math::students_t(freedom), p);
}

std::optional<Interval> t_interval(std::span<const double> values, double level) {
  check_level(level);
  const std::size_t n = values.size();
  if (n < 2) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(n);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double variance = squares / static_cast<double>(n - 1);
  const double half =
      t_quantile(1 - (1 - level) / 2, static_cast<double>(n - 1)) * std::sqrt(variance / static_cast<double>(n));
  return Interval{mean, mean - half, mean + half, n, level};
}

std::optional<Interval> ratio_interval(std::span<const double> kept, std::span<const double> counted, double level) {
  check_level(level);
  PEAKSTORM_CHECK(kept.size() == counted.size(), kept.size(), counted.size());
  const std::size_t n = kept.size();
  double all_kept = 0;
  double all_counted = 0;
  for (std::size_t r = 0; r < n; ++r) {
    all_kept += kept[r];
    all_counted += counted[r];
  }
  if (n < 2 || all_counted <= 0) return std::nullopt;
  const double share = all_kept / all_counted;
  double squares = 0;
  for (std::size_t r = 0; r < n; ++r) {
    const double residual = kept[r] - share * counted[r];
    squares += residual * residual;
  }
  const auto count = static_cast<double>(n);
  const double error = std::sqrt(squares / (count - 1)) / (all_counted / count * std::sqrt(count));
  const double half = t_quantile(1 - (1 - level) / 2, count - 1) * error;
  return Interval{share, std::max(0.0, share - half), std::min(1.0, share + half), n, level};
}

double sample_quantile(std::span<const double> values, double q) {
  PEAKSTORM_CHECK(!values.empty(), values.size());
  PEAKSTORM_CHECK(q >= 0 && q <= 1, q);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::optional<Interval> quantile_interval(std::span<const double> values, double q, double level) {
  check_level(level);
  PEAKSTORM_CHECK(q > 0 && q < 1, q);
  const std::size_t n = values.size();
  if (n < 2) return std::nullopt;
  const boost::math::binomial trials(static_cast<double>(n), q);
  // The number of values at or below the quantile is binomial, so ranks [l, u) hold it with probability
  // P(l <= K < u). Ranks count from 1; P(K <= -1) is 0.
  const auto at_most = [&](std::ptrdiff_t k) {
    if (k < 0) return 0.0;
    if (k >= static_cast<std::ptrdiff_t>(n)) return 1.0;
    return boost::math::cdf(trials, static_cast<double>(k));
  };
  const auto middle = static_cast<std::ptrdiff_t>(std::floor(static_cast<double>(n) * q));
  std::ptrdiff_t low = std::clamp<std::ptrdiff_t>(middle, 1, static_cast<std::ptrdiff_t>(n));
  std::ptrdiff_t high = std::clamp<std::ptrdiff_t>(middle + 1, 1, static_cast<std::ptrdiff_t>(n));
  const auto covered = [&] { return at_most(high - 1) - at_most(low - 1); };
  while (covered() < level) {
    const bool may_lower = low > 1;
    const bool may_raise = high < static_cast<std::ptrdiff_t>(n);
    if (!may_lower && !may_raise) return std::nullopt;
    // Widen towards the likelier side: it gains the most coverage per rank.
    const double below = may_lower ? at_most(low - 1) - at_most(low - 2) : -1;
    const double above = may_raise ? at_most(high) - at_most(high - 1) : -1;
    if (below >= above) {
      --low;
    } else {
      ++high;
    }
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return Interval{sample_quantile(values, q), sorted[static_cast<std::size_t>(low - 1)],
                  sorted[static_cast<std::size_t>(high - 1)], n, covered()};
}

std::optional<Interval> paired_difference(std::span<const double> a, std::span<const double> b, double level) {
  PEAKSTORM_CHECK(a.size() == b.size(), a.size(), b.size());
  std::vector<double> differences(a.size());
  for (std::size_t r = 0; r < a.size(); ++r) differences[r] = a[r] - b[r];
  return t_interval(differences, level);
}

}  // namespace peakstorm
