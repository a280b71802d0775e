/// How satisfied a shopper is with a delivery, as the expected score of a review from 1 to 5.
#pragma once

namespace peakstorm {

/// Expected review score of an order delivered `days_late` calendar days after its promise (negative: early).
///
/// Ordered logit with cut-points -2.248, -1.876, -1.171, -0.136 and
/// eta = -0.781 [late] - 0.937 ln(days late) + 0.225 weeks early (two at most), fitted to 5,164 delivered Olist orders
/// of 2016-2018 (standard errors .22, .11, .05). An association in one marketplace, not a causal effect, and no
/// headline rate depends on it. Range (1, 5).
double expected_review(int days_late);

}  // namespace peakstorm
