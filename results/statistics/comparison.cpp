#include "results/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

/// Seasons between two looks. Fixed, so that the number of threads leaves no trace.
constexpr std::size_t batch = 5;

struct Moments {
  double mean = 0;
  double variance = 0;
};

/// Of value(0) to value(n - 1) (Welford).
template <class Value>
Moments moments_over(std::size_t n, const Value& value) {
  Moments m;
  double squares = 0;
  for (std::size_t r = 0; r < n; ++r) {
    const double off = value(r) - m.mean;
    m.mean += off / static_cast<double>(r + 1);
    squares += off * (value(r) - m.mean);
  }
  m.variance = n > 1 ? squares / static_cast<double>(n - 1) : 0;
  return m;
}

Moments moments_of(const std::vector<double>& values) {
  return moments_over(values.size(), [&](std::size_t r) { return values[r]; });
}

Moments difference_of(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
  return moments_over(n, [&](std::size_t r) { return a[r] - b[r]; });
}

bool is_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

/// Quantiles of t for one level, by number of seasons: many pairs ask for the same.
class Quantiles {
 public:
  explicit Quantiles(double p) : p_(p) {}
  double operator()(std::size_t n) {
    const auto [place, is_new] = known_.try_emplace(n, 0.0);
    if (is_new) place->second = t_quantile(p_, static_cast<double>(n - 1));
    return place->second;
  }

 private:
  double p_;
  std::map<std::size_t, double> known_;
};

std::string amount(Yardstick y, double value) {
  switch (y) {
    case Yardstick::promise_kept:
      return fmt::format("{:.2f} pp", value * 100);
    case Yardstick::cost_per_order:
    case Yardstick::lifetime_value:
      return fmt::format("${:.2f}", value);
    case Yardstick::nps:
      return fmt::format("{:.2f} points", value);
    case Yardstick::promised_days:
    case Yardstick::delivered_days:
      return fmt::format("{:.2f} days", value);
    case Yardstick::contacts_per_order:
      break;
  }
  return fmt::format("{:.4f}", value);
}

/// "keeps 1.80 pp more first promises than"
std::string compared(Yardstick y, double difference) {
  const double size = std::abs(difference);
  const bool more = difference >= 0;
  switch (y) {
    case Yardstick::promise_kept:
      return fmt::format("keeps {} {} first promises than", amount(y, size), more ? "more" : "fewer");
    case Yardstick::cost_per_order:
      return fmt::format("costs {} {} per order than", amount(y, size), more ? "more" : "less");
    case Yardstick::promised_days:
      return fmt::format("promises {} {} than", amount(y, size), more ? "later" : "sooner");
    case Yardstick::delivered_days:
      return fmt::format("delivers {} {} than", amount(y, size), more ? "later" : "sooner");
    case Yardstick::nps:
      return fmt::format("has an NPS {} {} than", amount(y, size), more ? "higher" : "lower");
    case Yardstick::lifetime_value:
      return fmt::format("is worth {} {} a year per order than", amount(y, size), more ? "more" : "less");
    case Yardstick::contacts_per_order:
      break;
  }
  return fmt::format("has {} {} contacts per order than", amount(y, size), more ? "more" : "fewer");
}

std::string range_text(Yardstick y, const Interval& interval) {
  const double sign = interval.mean < 0 ? -1 : 1;
  const double low = sign * (sign > 0 ? interval.low : interval.high);
  const double high = sign * (sign > 0 ? interval.high : interval.low);
  const double scale = y == Yardstick::promise_kept ? 100 : 1;
  return fmt::format("{:.{}f} to {:.{}f}", low * scale, y == Yardstick::contacts_per_order ? 4 : 2, high * scale,
                     y == Yardstick::contacts_per_order ? 4 : 2);
}

}  // namespace

std::optional<double> SeasonSums::value(Yardstick y) const {
  const auto ratio = [](double sum, std::uint64_t n) {
    return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
  };
  switch (y) {
    case Yardstick::promise_kept:
      return ratio(static_cast<double>(kept), kept + broken);
    case Yardstick::cost_per_order:
      return ratio(static_cast<double>(shipping_cents + extra_attempt_cents + recovery_cents + contact_cents) / 100,
                   orders);
    case Yardstick::promised_days:
      return ratio(static_cast<double>(promised_days), promised);
    case Yardstick::delivered_days:
      return ratio(static_cast<double>(delivered_days), delivered);
    case Yardstick::contacts_per_order:
      return ratio(static_cast<double>(contacts), orders);
    case Yardstick::nps:
      if (answers_millionths == 0) return std::nullopt;
      return 100 * static_cast<double>(happy_millionths - unhappy_millionths) / static_cast<double>(answers_millionths);
    case Yardstick::lifetime_value:
      return ratio(static_cast<double>(lifetime_cents) / 100, loyal_orders);
  }
  return std::nullopt;
}

Procedure procedure_for(std::size_t policies) {
  if (policies <= two_stage_max) return Procedure::two_stage;
  return policies <= kim_nelson_max ? Procedure::kim_nelson : Procedure::screened;
}

std::vector<std::size_t> screen(Observations first_stage, double alpha) {
  const std::size_t k = first_stage.size();
  PEAKSTORM_CHECK(k >= 2, k);
  const std::size_t n = first_stage.front().size();
  PEAKSTORM_CHECK(n >= 2, n);
  const double t = t_quantile(1 - alpha / static_cast<double>(k - 1), static_cast<double>(n - 1));
  std::vector<std::size_t> stay;
  for (std::size_t i = 0; i < k; ++i) {
    const bool is_beaten = std::any_of(first_stage.begin(), first_stage.end(), [&](const std::vector<double>& other) {
      const Moments d = difference_of(other, first_stage[i], n);
      return d.mean > t * std::sqrt(d.variance / static_cast<double>(n));
    });
    if (!is_beaten) stay.push_back(i);
  }
  return stay;
}

Experiment::Experiment(std::vector<std::string> policies, const ComparisonPlan& plan)
    : names_(std::move(policies)),
      plan_(plan),
      procedure_(procedure_for(names_.size())),
      runs_(names_.size()),
      target_(names_.size(), plan.fixed.value_or(plan.least)),
      active_(names_.size(), true),
      eliminated_(names_.size(), false) {
  PEAKSTORM_CHECK(names_.size() >= 2, names_.size());
  PEAKSTORM_CHECK(plan_.least >= 2, plan_.least);
  PEAKSTORM_CHECK(plan_.most >= plan_.least, plan_.most, plan_.least);
  PEAKSTORM_CHECK(!plan_.fixed || *plan_.fixed >= 2, plan_.fixed.value_or(2));
  PEAKSTORM_CHECK(plan_.level > 0, plan_.level);
  PEAKSTORM_CHECK(plan_.level < 1, plan_.level);
  PEAKSTORM_CHECK(plan_.precision > 0, plan_.precision);
  PEAKSTORM_CHECK(plan_.delta > 0, plan_.delta);
}

bool Experiment::has(Season season) const {
  const auto& runs = runs_[season.policy];
  return season.replication < runs.size() && runs[season.replication].has_value();
}

void Experiment::add(Season season, const SeasonSums& sums) {
  PEAKSTORM_CHECK(season.policy < names_.size(), season.policy, names_.size());
  PEAKSTORM_CHECK(!has(season), season.policy, season.replication);
  auto& runs = runs_[season.policy];
  if (runs.size() <= season.replication) runs.resize(season.replication + 1);
  runs[season.replication] = sums;
  ++seasons_;
}

std::size_t Experiment::complete(std::size_t policy) const {
  const auto& runs = runs_[policy];
  const auto gap = std::find(runs.begin(), runs.end(), std::nullopt);
  return static_cast<std::size_t>(gap - runs.begin());
}

std::vector<double> Experiment::values(std::size_t policy, Yardstick y, std::size_t seasons) const {
  std::vector<double> values;
  values.reserve(seasons);
  for (std::size_t r = 0; r < seasons; ++r) {
    values.push_back(runs_[policy][r]->value(y).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return values;
}

std::vector<std::vector<double>> Experiment::observations(std::size_t seasons) const {
  std::vector<std::vector<double>> all;
  for (std::size_t p = 0; p < names_.size(); ++p) {
    all.push_back(values(p, plan_.best, std::min(seasons, complete(p))));
    for (double& value : all.back()) {
      // A season in which nothing was counted is nothing to choose a policy for.
      if (!std::isfinite(value)) value = 0;
      if (!info_of(plan_.best).larger_is_better) value = -value;
    }
  }
  return all;
}

std::vector<Season> Experiment::next() {
  while (!decided_) {
    std::vector<Season> missing;
    for (std::size_t p = 0; p < names_.size(); ++p) {
      if (!active_[p]) continue;
      for (std::size_t r = complete(p); r < target_[p]; ++r) {
        const Season season{p, static_cast<std::uint32_t>(r)};
        if (!has(season)) missing.push_back(season);
      }
    }
    std::stable_sort(missing.begin(), missing.end(),
                     [](const Season& x, const Season& y) { return x.replication < y.replication; });
    if (!missing.empty()) return missing;
    look();
  }
  return {};
}

void Experiment::begin_selection() {
  const std::size_t first = std::min(plan_.least, plan_.fixed.value_or(plan_.least));
  const auto stage = observations(first);
  const double alpha = 1 - plan_.level;
  const auto bounded = [&](const std::vector<std::vector<double>>& systems, double risk, std::size_t k) {
    // As two_stage_replications, for k systems of which these are left.
    double largest = 0;
    for (std::size_t i = 0; i < systems.size(); ++i) {
      for (std::size_t l = i + 1; l < systems.size(); ++l) {
        largest = std::max(largest, difference_of(systems[i], systems[l], first).variance);
      }
    }
    const double t = t_quantile(1 - risk / static_cast<double>(k - 1), static_cast<double>(first - 1));
    return std::max(first,
                    static_cast<std::size_t>(std::min(1e12, std::ceil(t * t * largest / plan_.delta / plan_.delta))));
  };
  switch (procedure_) {
    case Procedure::two_stage:
      needed_ = bounded(stage, alpha, names_.size());
      break;
    case Procedure::kim_nelson:
      kim_nelson_.emplace(stage, alpha, plan_.delta);
      break;
    case Procedure::screened: {
      const std::vector<std::size_t> stay = screen(stage, alpha / 2);
      std::vector<std::vector<double>> left;
      std::fill(eliminated_.begin(), eliminated_.end(), true);
      for (const std::size_t p : stay) {
        eliminated_[p] = false;
        left.push_back(stage[p]);
      }
      needed_ = left.size() < 2 ? first : bounded(left, alpha / 2, names_.size());
      break;
    }
  }
}

void Experiment::continue_selection(std::size_t seasons) {
  if (!kim_nelson_) return;
  if (!kim_nelson_->decided() && kim_nelson_->replications() < seasons) {
    const auto all = observations(seasons);
    std::vector<double> row(names_.size(), 0);
    while (!kim_nelson_->decided() && kim_nelson_->replications() < seasons) {
      for (const std::size_t p : kim_nelson_->survivors()) row[p] = all[p][kim_nelson_->replications()];
      kim_nelson_->observe(row);
    }
  }
  std::fill(eliminated_.begin(), eliminated_.end(), true);
  for (const std::size_t p : kim_nelson_->survivors()) eliminated_[p] = false;
}

/// Of the difference from the control by `best`, as the report gives it. None when it cannot be told.
std::optional<double> Experiment::half_width(std::size_t policy) const {
  const std::size_t n = std::min(complete(policy), complete(0));
  if (n < 2) return std::nullopt;
  const Moments d = difference_of(values(policy, plan_.best, n), values(0, plan_.best, n), n);
  const double each = (1 - plan_.level) / static_cast<double>((names_.size() - 1) * yardsticks);
  return t_quantile(1 - each / 2, static_cast<double>(n - 1)) * std::sqrt(d.variance / static_cast<double>(n));
}

void Experiment::look() {
  const std::size_t seasons = target_[0];
  if (!looked_) begin_selection();
  looked_ = true;
  continue_selection(seasons);
  std::fill(active_.begin(), active_.end(), false);
  if (plan_.fixed || seasons >= plan_.most) {
    decided_ = true;
    return;
  }
  const bool selecting = kim_nelson_ ? !kim_nelson_->decided() : seasons < needed_.value_or(0);
  bool any = false;
  for (std::size_t p = 1; p < names_.size(); ++p) {
    if (eliminated_[p]) continue;
    const auto width = half_width(p);
    active_[p] = selecting || (width && *width > plan_.precision);
    any = any || active_[p];
  }
  // The control may be all that is left of the selection's undecided ones besides one other.
  if (!any) {
    decided_ = true;
    return;
  }
  active_[0] = true;
  const std::size_t next_target = std::min(seasons + batch, plan_.most);
  for (std::size_t p = 0; p < names_.size(); ++p) {
    if (active_[p]) target_[p] = next_target;
  }
}

std::size_t Experiment::undecided() const {
  return static_cast<std::size_t>(std::count(active_.begin(), active_.end(), true));
}

std::optional<std::size_t> Experiment::forecast() const {
  if (decided_) return 0;
  double runs = 0;
  if (!looked_) {
    for (std::size_t p = 0; p < names_.size(); ++p) {
      runs += static_cast<double>(target_[p] - std::min(target_[p], complete(p)));
    }
    return plan_.fixed ? std::optional(static_cast<std::size_t>(runs)) : std::nullopt;
  }
  double longest = 0;
  for (std::size_t p = 1; p < names_.size(); ++p) {
    if (!active_[p]) continue;
    const auto done = static_cast<double>(std::min(complete(p), complete(0)));
    const double ratio = half_width(p).value_or(0) / plan_.precision;
    double total = std::max(done, std::ceil(done * ratio * ratio));
    if (needed_) total = std::max(total, static_cast<double>(*needed_));
    total = std::min(total, static_cast<double>(plan_.most));
    // Looks come in batches.
    total = std::max(total, static_cast<double>(target_[p]));
    longest = std::max(longest, total);
    runs += total - static_cast<double>(complete(p));
  }
  return static_cast<std::size_t>(runs + std::max(0.0, longest - static_cast<double>(complete(0))));
}

void Experiment::find_pareto(Comparison& found) const {
  const std::size_t k = names_.size();
  found.pareto_intervals = k * (k - 1) / 2 * pareto_yardsticks.size();
  Quantiles t(1 - (1 - plan_.level) / static_cast<double>(found.pareto_intervals) / 2);
  std::array<std::vector<std::vector<double>>, pareto_yardsticks.size()> all;
  for (std::size_t y = 0; y < pareto_yardsticks.size(); ++y) {
    for (std::size_t p = 0; p < k; ++p) all[y].push_back(values(p, pareto_yardsticks[y], complete(p)));
  }
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t l = i + 1; l < k; ++l) {
      const std::size_t n = std::min(all[0][i].size(), all[0][l].size());
      if (n < 2) continue;
      // Whether the first, and the second, is certainly no worse by everything, and better by something.
      std::array<bool, 2> no_worse{true, true};
      std::array<bool, 2> better{false, false};
      for (std::size_t y = 0; y < pareto_yardsticks.size(); ++y) {
        Moments d = difference_of(all[y][i], all[y][l], n);
        if (!info_of(pareto_yardsticks[y]).larger_is_better) d.mean = -d.mean;
        const double half = t(n) * std::sqrt(d.variance / static_cast<double>(n));
        // Not a number: nothing is certain.
        no_worse[0] = no_worse[0] && d.mean - half >= 0;
        no_worse[1] = no_worse[1] && d.mean + half <= 0;
        better[0] = better[0] || d.mean - half > 0;
        better[1] = better[1] || d.mean + half < 0;
      }
      if (no_worse[0] && better[0]) found.policies[l].dominated_by.push_back(i);
      if (no_worse[1] && better[1]) found.policies[i].dominated_by.push_back(l);
    }
  }
  for (std::size_t p = 0; p < k; ++p) {
    if (complete(p) >= 2 && found.policies[p].dominated_by.empty()) found.pareto.push_back(p);
  }
}

void Experiment::select(Comparison& found) const {
  std::size_t common = complete(0);
  for (std::size_t p = 0; p < names_.size(); ++p) {
    if (!eliminated_[p]) common = std::min(common, complete(p));
  }
  if (common < 2) return;
  const auto all = observations(common);
  const auto mean_of = [&](std::size_t p) { return moments_of(all[p]).mean; };
  for (std::size_t p = 0; p < names_.size(); ++p) {
    if (eliminated_[p]) continue;
    if (!found.selected || mean_of(p) > mean_of(*found.selected)) found.selected = p;
  }
  if (!looked_) return;
  if (kim_nelson_) {
    found.guaranteed = kim_nelson_->decided();
    return;
  }
  found.seasons_needed = needed_;
  found.guaranteed = common >= *needed_;
  // The same rule read backwards: n = t^2 S^2 / delta^2.
  const double share = static_cast<double>(*needed_) / static_cast<double>(common);
  if (!found.guaranteed) found.delta_reached = plan_.delta * std::sqrt(share);
}

Comparison Experiment::result(const std::string& inputs) const {
  Comparison found;
  const std::size_t k = names_.size();
  found.procedure = procedure_;
  found.policies.resize(k);
  found.intervals = (k - 1) * yardsticks;
  const double each = 1 - (1 - plan_.level) / static_cast<double>(found.intervals);
  for (std::size_t p = 0; p < k; ++p) {
    Comparison::OfPolicy& of = found.policies[p];
    of.seasons = complete(p);
    of.eliminated = eliminated_[p];
    const std::size_t n = std::min(of.seasons, complete(0));
    for (std::size_t y = 0; y < yardsticks; ++y) {
      const auto yardstick = static_cast<Yardstick>(y);
      const auto own = values(p, yardstick, of.seasons);
      if (!is_finite(own)) continue;
      of.value[y] = t_interval(own, plan_.level);
      if (p == 0 || n < 2) continue;
      const std::vector<double> mine(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(n));
      const auto control = values(0, yardstick, n);
      if (!is_finite(control)) continue;
      of.difference[y] = paired_difference(mine, control, each);
      const double paired = difference_of(mine, control, n).variance;
      if (paired > 0) of.variance_ratio[y] = (moments_of(mine).variance + moments_of(control).variance) / paired;
    }
  }
  find_pareto(found);
  select(found);
  found.cut_short = !decided_ || (!plan_.fixed && target_[0] >= plan_.most && !found.guaranteed);
  found.statement = statement_of(found, inputs);
  return found;
}

std::string Experiment::statement_of(const Comparison& found, const std::string& inputs) const {
  const std::size_t k = names_.size();
  if (!found.selected) return "Nothing can be said yet: no two seasons of every policy are complete.";
  const std::size_t best = *found.selected;
  const auto y = static_cast<std::size_t>(plan_.best);
  const std::string basis = fmt::format(
      "{} policies x {} yardsticks compared, Bonferroni; promises by definition 'promise'; {}", k, yardsticks, inputs);
  std::string text;
  const auto& difference = found.policies[best].difference[y];
  if (best == 0) {
    text = fmt::format("No policy is found better than '{}' ({} seasons each; {}).", names_[0],
                       found.policies[0].seasons, basis);
  } else if (difference) {
    const bool separated = difference->low > 0 || difference->high < 0;
    text = fmt::format("Policy '{}' {} '{}' ({:.4g} % simultaneous CI {}; {} paired seasons; {}){}.", names_[best],
                       compared(plan_.best, difference->mean), names_[0], plan_.level * 100,
                       range_text(plan_.best, *difference), difference->n, basis,
                       separated ? "" : "; the interval holds zero: the two are not told apart");
  }
  const std::string name = info_of(plan_.best).name;
  const std::string delta = amount(plan_.best, plan_.delta);
  if (found.guaranteed && found.procedure == Procedure::kim_nelson) {
    text += fmt::format(
        " With probability at least {:.4g} % '{}' is the best of the {} by {}, if the best is ahead of all others by "
        "{} "
        "(Kim & Nelson).",
        plan_.level * 100, names_[best], k, name, delta);
  } else if (found.guaranteed) {
    text += fmt::format(
        " With probability at least {:.4g} % '{}' is the best of the {} by {}, or within {} of it ({}).",
        plan_.level * 100, names_[best], k, name, delta,
        found.procedure == Procedure::screened ? "screening, then two-stage Bonferroni" : "two-stage Bonferroni");
  } else if (found.seasons_needed && found.delta_reached) {
    text += fmt::format(
        " No selection is guaranteed within {}: that needs {} seasons of each policy; what was run is enough for {} "
        "only.",
        delta, *found.seasons_needed, amount(plan_.best, *found.delta_reached));
  } else {
    const auto left = std::count(eliminated_.begin(), eliminated_.end(), false);
    text += fmt::format(" No selection is guaranteed: {} of {} policies are still undecided.", left, k);
  }
  if (!decided_) text += " The comparison was cut short.";
  return text;
}

}  // namespace peakstorm
