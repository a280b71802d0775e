/// Quantiles of small samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace peakstorm::scenarios {

/// Between the two values around it (Hyndman and Fan 1996, definition 7). Requires values and q in [0, 1].
inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}
inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

/// The smallest value at which half of the weight is reached. Requires a weight above 0.
inline double weighted_median(std::vector<std::pair<double, double>> values_and_weights) {
  std::sort(values_and_weights.begin(), values_and_weights.end());
  double total = 0;
  for (const auto& [value, weight] : values_and_weights) total += weight;
  double sum = 0;
  for (const auto& [value, weight] : values_and_weights) {
    sum += weight;
    if (sum >= total / 2) return value;
  }
  return values_and_weights.back().first;
}

/// Standard deviation of a normal law with the median absolute deviation of these (Rousseeuw and Croux 1993).
inline double robust_deviation(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> away;
  away.reserve(values.size());
  for (const double value : values) away.push_back(std::abs(value - middle));
  return 1.4826 * median(std::move(away));
}

}  // namespace peakstorm::scenarios
