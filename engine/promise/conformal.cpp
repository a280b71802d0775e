#include "engine/promise/conformal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/check.hpp"

namespace peakstorm::promise {

std::optional<double> conformal_bound(std::span<const double> scores, double alpha) {
  PEAKSTORM_CHECK(alpha > 0, alpha);
  PEAKSTORM_CHECK(alpha < 1, alpha);
  // The small allowance keeps 100 x 0.9 at 90, whatever 1 - alpha rounds to.
  const double exact = (static_cast<double>(scores.size()) + 1) * (1 - alpha);
  const double rank = std::max(1.0, std::ceil(exact * (1 - 1e-12)));
  if (rank > static_cast<double>(scores.size())) return std::nullopt;
  std::vector<double> sorted(scores.begin(), scores.end());
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

AdaptiveLevel::AdaptiveLevel(double target, double gamma) : target_(target), gamma_(gamma), alpha_(target) {
  PEAKSTORM_CHECK(target > 0, target);
  PEAKSTORM_CHECK(target < 1, target);
  PEAKSTORM_CHECK(gamma > 0, gamma);
}

void AdaptiveLevel::update_by_share(double missed) {
  PEAKSTORM_CHECK(missed >= 0, missed);
  PEAKSTORM_CHECK(missed <= 1, missed);
  alpha_ += gamma_ * (target_ - missed);
}

double shrinkage_weight(double n, double n0) {
  PEAKSTORM_CHECK(n >= 0, n);
  PEAKSTORM_CHECK(n0 > 0, n0);
  return n / (n + n0);
}

double shrunk_mean(double own, double parent, double n, double n0) {
  const double weight = shrinkage_weight(n, n0);
  return weight * own + (1 - weight) * parent;
}

}  // namespace peakstorm::promise
