#include "engine/loyalty.hpp"

#include <algorithm>

#include "engine/portable_math.hpp"
#include "engine/satisfaction.hpp"

namespace peakstorm {
namespace {

double won_back(const LoyaltyModel& model, const WonBack& effect, const RecoveryGrade* given) {
  if (given == nullptr) return 0;
  if (given->credit == 0 && !given->refunds_shipping) return effect.apology;
  double best = given->refunds_shipping ? effect.refund : -1;
  if (given->credit > 0) {
    const double part =
        std::min(1.0, static_cast<double>(given->credit) / static_cast<double>(std::max<Cents>(model.credit_full, 1)));
    best = std::max(best, effect.credit * part);
  }
  return best;
}

}  // namespace

SurveyAnswer survey_answer(const LoyaltyModel& model, const Experience& experience) {
  double eta = review_eta(experience.days_late);
  if (experience.failed) {
    eta *= 1 - won_back(model, model.satisfaction, experience.given_when_asked);
    if (model.survey == SurveyClock::promise) {
      eta += experience.asked_before_delivery ? model.asked_before : model.asked_after;
    }
    // 0: delivered on the promised day.
    if (model.capped) eta = std::min(eta, 0.0);
  }
  const ReviewScores scores = review_scores(eta);
  return {scores.mean, scores.happy, scores.unhappy};
}

double repurchase_factor(const LoyaltyModel& model, const Experience& experience, double failure_delay) {
  if (!experience.failed) return 1;
  const double failed = 1 / (1 + failure_delay);
  const double factor = failed + (1 - failed) * won_back(model, model.repurchase, experience.given);
  return std::clamp(factor, 0.0, model.capped ? 1.0 : 2.0);
}

NextYear next_year(const LoyaltyModel& model, double factor) {
  const double orders = model.orders_per_year * factor;
  const double none = portable_exp(-model.orders_shape * portable_log(1 + orders / model.orders_shape));
  return {1 - none, orders * static_cast<double>(model.margin)};
}

}  // namespace peakstorm
