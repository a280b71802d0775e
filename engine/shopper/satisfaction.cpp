#include "engine/satisfaction.hpp"

#include <algorithm>

#include "engine/portable_math.hpp"

namespace peakstorm {

double expected_review(int days_late) {
  constexpr double cut_points[] = {-2.248, -1.876, -1.171, -0.136};
  double eta = 0;
  if (days_late > 0) {
    eta = -0.781 - 0.937 * portable_log(days_late);
  } else {
    eta = 0.225 * std::min(2.0, -days_late / 7.0);
  }
  // The mean is 5 less the probabilities of scoring at most 1, 2, 3 and 4.
  double score = 5;
  for (const double cut : cut_points) score -= 1 / (1 + portable_exp(eta - cut));
  return score;
}

}  // namespace peakstorm
