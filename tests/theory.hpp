/// Simulated means against theory: z = (mean - theory) / standard error over independent samples, |z| < 4, and a
/// standard error small enough that a wrong value would show. Fixed seeds, so a test passes or fails for good.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace peakstorm::test {

/// How many times longer than usual the statistical tests run: PEAKSTORM_PRECISION, 1 when it is not set. `./dev soak`
/// sets it. Standard errors, and with them the tolerances, shrink by about its square root.
inline unsigned precision() {
  const char* text = std::getenv("PEAKSTORM_PRECISION");  // NOLINT(concurrency-mt-unsafe)
  const int value = text == nullptr ? 1 : std::atoi(text);
  return static_cast<unsigned>(std::clamp(value, 1, 100));
}

struct Estimate {
  double mean = 0;
  double error = 0;  ///< Standard error of the mean.
};

inline Estimate estimate(const std::vector<double>& samples) {
  const auto n = static_cast<double>(samples.size());
  double sum = 0;
  for (const double sample : samples) sum += sample;
  double squares = 0;
  for (const double sample : samples) squares += (sample - sum / n) * (sample - sum / n);
  return {sum / n, std::sqrt(squares / (n - 1) / n)};
}

/// Expects |mean - theory| < 4 standard errors, and an error of at most `share` of theory. PEAKSTORM_SHOW=1 prints all.
inline void expect_theory(const std::string& what, const std::vector<double>& samples, double theory,
                          double share = 0.005) {
  const Estimate e = estimate(samples);
  const double z = (e.mean - theory) / e.error;
  EXPECT_LT(std::abs(z), 4) << what << ": mean " << e.mean << ", theory " << theory << ", standard error " << e.error;
  EXPECT_LE(e.error, share * std::abs(theory)) << what << ": too noisy to tell";
  if (std::getenv("PEAKSTORM_SHOW") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::printf("  %-40s %12.6f theory %12.6f z %+.2f error %.3f %%\n", what.c_str(), e.mean, theory, z,
                100 * e.error / std::abs(theory));
  }
}

}  // namespace peakstorm::test
