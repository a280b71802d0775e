#include "adapters/limit_search.hpp"

#include <algorithm>
#include <cmath>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

constexpr unsigned trials_of_first_proofs = 6;

}  // namespace

LimitSearch::LimitSearch(const Bounds& bounds) : bounds_(bounds), rate_(bounds.start) {
  PEAKSTORM_CHECK(bounds.lowest > 0, bounds.lowest);
  PEAKSTORM_CHECK(bounds.start >= bounds.lowest, bounds.start, bounds.lowest);
  PEAKSTORM_CHECK(bounds.start <= bounds.highest, bounds.start, bounds.highest);
  PEAKSTORM_CHECK(bounds.precision > 0, bounds.precision);
}

std::optional<double> LimitSearch::next() const {
  return stage_ == Stage::over ? std::nullopt : std::optional(rate_);
}

std::optional<double> LimitSearch::low() const {
  return low_proved_ ? std::optional(low_) : std::nullopt;
}

std::optional<double> LimitSearch::high() const {
  return high_proved_ ? std::optional(high_) : std::nullopt;
}

void LimitSearch::tell(bool held) {
  switch (stage_) {
    case Stage::bracket:
      return tell_bracket(held);
    case Stage::narrow:
      (held ? low_ : high_) = rate_;
      return narrow();
    case Stage::prove_low:
      return tell_proof(held);
    case Stage::prove_high:
      return tell_proof(!held);
    case Stage::over:
      PEAKSTORM_CHECK(stage_ != Stage::over, rate_);
  }
}

void LimitSearch::tell_bracket(bool held) {
  (held ? low_ : high_) = rate_;
  if (low_ > 0 && high_ > 0) {
    stage_ = Stage::narrow;
    return narrow();
  }
  if (held ? rate_ >= bounds_.highest : rate_ <= bounds_.lowest) {
    return begin_proof(held ? Stage::prove_low : Stage::prove_high);
  }
  rate_ = held ? std::min(rate_ * 2, bounds_.highest) : std::max(rate_ / 2, bounds_.lowest);
}

void LimitSearch::narrow() {
  if (high_ / low_ <= 1 + bounds_.precision) return begin_proof(Stage::prove_low);
  rate_ = std::sqrt(low_ * high_);
}

void LimitSearch::begin_proof(Stage stage) {
  stage_ = stage;
  rate_ = stage == Stage::prove_low ? low_ : high_;
  wanted_ = trials_of_first_proofs + (proofs_ > 1 ? proofs_ - 1 : 0);
  ++proofs_;
  got_ = 0;
  doubt_ += std::exp2(-static_cast<double>(wanted_));
}

void LimitSearch::tell_proof(bool as_claimed) {
  const bool of_low = stage_ == Stage::prove_low;
  if (!as_claimed) {
    // Further out each time, so that a target whose answers vary much is bounded soon.
    const double step = std::pow(1 + bounds_.precision, ++widened_);
    double& end = of_low ? low_ : high_;
    if (of_low ? end <= bounds_.lowest : end >= bounds_.highest) {
      end = 0;  // Nothing beyond is tried: the interval stays open on this side.
      widened_ = 0;
      if (of_low && high_ > 0 && !high_proved_) return begin_proof(Stage::prove_high);
      stage_ = Stage::over;
      return;
    }
    end = of_low ? std::max(end / step, bounds_.lowest) : std::min(end * step, bounds_.highest);
    return begin_proof(stage_);
  }
  if (++got_ < wanted_) return;
  widened_ = 0;
  (of_low ? low_proved_ : high_proved_) = true;
  (of_low ? low_trials_ : high_trials_) = wanted_;
  if (of_low && high_ > 0) return begin_proof(Stage::prove_high);
  stage_ = Stage::over;
}

}  // namespace peakstorm
