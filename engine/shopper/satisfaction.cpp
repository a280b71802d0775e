#include "engine/satisfaction.hpp"

#include <algorithm>

#include "engine/portable_math.hpp"

namespace peakstorm {

double review_eta(int days_late) {
  if (days_late > 0) return -0.781 - 0.937 * portable_log(days_late);
  return 0.225 * std::min(2.0, -days_late / 7.0);
}

ReviewScores review_scores(double eta) {
  constexpr double cut_points[] = {-2.248, -1.876, -1.171, -0.136};
  ReviewScores scores;
  // The mean is 5 less the probabilities of scoring at most 1, 2, 3 and 4.
  scores.mean = 5;
  double at_most = 0;
  for (const double cut : cut_points) {
    scores.unhappy = at_most;
    at_most = 1 / (1 + portable_exp(eta - cut));
    scores.mean -= at_most;
  }
  scores.happy = 1 - at_most;
  return scores;
}

double expected_review(int days_late) {
  return review_scores(review_eta(days_late)).mean;
}

}  // namespace peakstorm
