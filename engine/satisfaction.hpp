/// How satisfied a shopper is with a delivery, as the score of a review from 1 to 5.
///
/// Ordered logit with cut-points -2.248, -1.876, -1.171, -0.136 and
/// eta = -0.781 [late] - 0.937 ln(days late) + 0.225 weeks early (two at most), fitted to 5,164 delivered Olist orders
/// of 2016-2018 (standard errors .22, .11, .05). An association in one marketplace, not a causal effect, and no
/// headline rate depends on it.
#pragma once

namespace peakstorm {

/// eta of an order delivered `days_late` calendar days after its promise (negative: early).
double review_eta(int days_late);

/// Distribution of the score, as far as it is asked for.
struct ReviewScores {
  double mean = 0;     ///< In (1, 5).
  double unhappy = 0;  ///< Share of 1 to 3.
  double happy = 0;    ///< Share of 5; 4 is the rest.
};
/// Requires |eta| < 600.
ReviewScores review_scores(double eta);

/// Expected score of an order delivered `days_late` days after its promise. Range (1, 5).
double expected_review(int days_late);

}  // namespace peakstorm
