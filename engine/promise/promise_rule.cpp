#include "engine/promise/promise_rule.hpp"

#include <algorithm>

#include "engine/check.hpp"
#include "engine/promise/day_rule.hpp"
#include "engine/promise/quote.hpp"

namespace peakstorm::promise {

PromisedLevel::PromisedLevel(const PromiseRule& rule)
    : rule_(&rule), alpha_(1 - rule.quantile * 1e-6, rule.step * 1e-6) {}

void PromisedLevel::promised(std::uint16_t day) {
  if (day == no_day) return;
  if (day >= days_.size()) days_.resize(std::size_t{day} + 1);
  ++days_[day].first;
}

void PromisedLevel::learn(const Delivered& news) {
  if (news.promise_day < days_.size() && news.delivered_day <= news.promise_day) ++days_[news.promise_day].second;
}

void PromisedLevel::judge(Day today) {
  for (; next_ + judged_after <= today; ++next_) {
    if (static_cast<std::size_t>(next_) >= days_.size()) continue;
    const auto& [promised, kept] = days_[static_cast<std::size_t>(next_)];
    if (promised == 0) continue;
    alpha_.update_by_share(1 - static_cast<double>(std::min(kept, promised)) / static_cast<double>(promised));
  }
}

double PromisedLevel::level() const {
  if (!rule_->conformal) return rule_->quantile * 1e-6;
  return std::clamp(1 - alpha_.alpha(), 0.5, 1.0);
}

int hedge_days(const PromiseRule& rule, Day order_day) {
  int days = 0;
  for (const Hedge& hedge : rule.hedges) days += order_day >= hedge.from && order_day < hedge.to ? hedge.days : 0;
  return days;
}

Day rule_day(const World& world, const PromiseRule& rule, const Service& service, Day tender, int days,
             const ShiftShares& shares, double level) {
  PEAKSTORM_CHECK(rule.kind != PromiseKind::published, service.name);
  const Day published = published_day(world, service, tender, days);
  const auto day_of = [&](int shift) { return shifted(world, service.delivery, published, shift); };
  Day day = 0;
  if (rule.kind == PromiseKind::quantile) {
    int shift = earliest_shift;
    while (shift < latest_shift && share_by(shares, shift) < level) ++shift;
    day = day_of(shift);
  } else {
    // P(later than this calendar day), from the first day that can be promised on.
    const Day first = std::max(day_of(earliest_shift), tender);
    std::vector<double> late;
    int shift = earliest_shift;
    for (Day now = first; shift < latest_shift; ++now) {
      while (shift < latest_shift && day_of(shift + 1) <= now) ++shift;
      late.push_back(std::max(0.0, 1 - share_by(shares, shift)));
    }
    const DayChoice best = best_day(late, static_cast<double>(rule.day_cost), static_cast<double>(rule.late_cost),
                                    rule.late_cost_per_day ? Lateness::linear : Lateness::step);
    day = first + static_cast<Day>(best.day);
  }
  return add_open_days(world, service.delivery, std::max(day, tender), 0);
}

}  // namespace peakstorm::promise
