/// What shoppers say of a delivery when they are asked, whether they order again, and what they are worth after it.
/// Every effect is a parameter of LoyaltyModel (world.hpp has the sources). Pure.
#pragma once

#include "engine/world.hpp"

namespace peakstorm {

/// What a shopper has gone through with one order.
struct Experience {
  bool failed = false;  ///< The promise was broken.
  int days_late = 0;    ///< From promise to delivery; of an order that has not come, so far. Failed: at least 1.
  bool asked_before_delivery = false;
  /// What was given by the time of the survey, and in all; nullptr: nothing.
  const RecoveryGrade* given_when_asked = nullptr;
  const RecoveryGrade* given = nullptr;
};

/// An expected answer.
struct SurveyAnswer {
  double score = 0;    ///< 1 to 5.
  double happy = 0;    ///< Share of fives, which count as promoters,
  double unhappy = 0;  ///< and of one to three, which count as detractors. (Stars for the usual 0 to 10: a convention.)
};

/// Expected answer to the survey. The log odds of a better score are those of review_eta(); a recovery wins back its
/// share of what lateness took off them.
SurveyAnswer survey_answer(const LoyaltyModel& model, const Experience& experience);

/// Rate of further orders relative to a shopper who was never failed: 1 / (1 + delay), where recovery wins back its
/// share of what is missing to 1. In [0, 1] with LoyaltyModel::capped.
double repurchase_factor(const LoyaltyModel& model, const Experience& experience, double failure_delay);

/// The next year of a shopper whose orders come at `factor` times the ordinary rate. Rates differ between shoppers by a
/// gamma distribution, orders of one come as a Poisson process (negative binomial; Ehrenberg 1959).
struct NextYear {
  double again = 0;  ///< Probability of at least one more order.
  double cents = 0;  ///< Expected margin of all of them, undiscounted; of what a recovery costs nothing is taken off.
};
NextYear next_year(const LoyaltyModel& model, double factor);

}  // namespace peakstorm
