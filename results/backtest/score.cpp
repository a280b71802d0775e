#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "results/backtest.hpp"

namespace peakstorm {
namespace {

std::chrono::year_month_day date_of(CalendarDay day) {
  return std::chrono::year_month_day{std::chrono::sys_days{std::chrono::days{day}}};
}

/// q-quantile of an equal mixture of normal distributions, cut to [0, 1].
double mixture_quantile(std::span<const double> means, std::span<const double> sds, double q) {
  double low = 0;
  double high = 1;
  constexpr int halvings = 40;
  for (int i = 0; i < halvings; ++i) {
    const double x = (low + high) / 2;
    double below = 0;
    for (std::size_t s = 0; s < means.size(); ++s) {
      below += 0.5 * boost::math::erfc((means[s] - x) / (sds[s] * 1.4142135623730951));
    }
    (below / static_cast<double>(means.size()) < q ? low : high) = x;
  }
  return (low + high) / 2;
}

}  // namespace

std::string month_name(CalendarDay day) {
  return day_name(day).substr(0, 7);
}

std::string day_name(CalendarDay day) {
  const auto date = date_of(day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

Baselines::Baselines(const OrderHistory& history, std::span<const std::uint32_t> which, CalendarDay until,
                     int recent_span) {
  double late = 0;
  double all = 0;
  double late_recent = 0;
  double recent = 0;
  for (const std::uint32_t i : which) {
    const PastOrder& order = history.orders[i];
    if (order.placed >= until || !order.delivered) continue;
    // What came late is known to be so from the promised day on, whether it has come or not.
    if (order.promised < until) {
      all += order.weight;
      if (order.late()) late += order.weight;
      if (order.promised >= until - recent_span) {
        recent += order.weight;
        if (order.late()) late_recent += order.weight;
      }
    }
    if (*order.delivered < until && *order.delivered >= until - recent_span) {
      transit_[order.to].push_back(*order.delivered - order.placed);
      all_.push_back(*order.delivered - order.placed);
    }
  }
  to_date_ = all > 0 ? late / all : 0;
  recent_ = recent > 0 ? late_recent / recent : to_date_;
  std::sort(all_.begin(), all_.end());
  for (auto& [region, days] : transit_) std::sort(days.begin(), days.end());
}

std::array<double, 3> Baselines::late(const PastOrder& order) const {
  constexpr std::size_t deliveries_min = 30;
  const auto found = transit_.find(order.to);
  const auto& days = found != transit_.end() && found->second.size() >= deliveries_min ? found->second : all_;
  const auto longer = days.end() - std::upper_bound(days.begin(), days.end(), order.lead());
  return {to_date_, recent_, days.empty() ? to_date_ : static_cast<double>(longer) / static_cast<double>(days.size())};
}

Scoreboard::Scoreboard(const OrderHistory& history, std::vector<std::string> apart)
    : history_(history), apart_(std::move(apart)) {}

void Scoreboard::begin_window(std::string name) {
  window_ = std::move(name);
}

void Scoreboard::Sum::add(const PastOrder& order, const DeliveryOutlook& outlook,
                          const std::array<double, 3>& by_baseline) {
  const double w = order.weight;
  weight += w;
  n += 1;
  predicted += w * outlook.late_mean;
  variance += w * w * outlook.late_mean * (1 - outlook.late_mean);
  if (order.late()) late += w;
  for (std::size_t s = 0; s < states.size(); ++s) states[s] += w * outlook.late[s];
  for (std::size_t b = 0; b < baselines.size(); ++b) baselines[b] += w * by_baseline[b];
}

void Scoreboard::add(const PastOrder& order, const DeliveryOutlook& outlook, const std::array<double, 3>& baselines) {
  const double w = order.weight;
  all_weight_ += w;
  never_predicted_ += w * outlook.never;
  if (!order.delivered) {
    ++never_;
    never_weight_ += w;
    return;
  }
  ++orders_;
  weight_ += w;
  const std::string month = month_name(order.placed);
  months_[month].add(order, outlook, baselines);
  const std::uint64_t nobody = (std::uint64_t{1} << 32U) + orders_;
  Cluster& cluster = clusters_[{month, order.seller != 0 ? order.seller : nobody}];
  const double residual = w * ((order.late() ? 1.0 : 0.0) - outlook.late_mean);
  cluster.weight += w;
  cluster.residual += residual;
  cluster.alone_weight += w * w;
  cluster.alone_product += w * residual;
  cluster.alone_residual += residual * residual;
  if (!window_.empty()) windows_[window_].add(order, outlook, baselines);
  regions_[order.to].add(order, outlook, baselines);
  if (order.from != 0 && order.to != 0) lanes_[{order.from, order.to}].add(order, outlook, baselines);
  reliability_[std::min<std::size_t>(9, static_cast<std::size_t>(outlook.late_mean * 10))].add(order, outlook,
                                                                                               baselines);

  const int took = *order.delivered - order.placed;
  const auto& by_day = outlook.by_day;
  const auto reached = [&](int day) {
    return day < 0 ? 0.0 : by_day[std::min(static_cast<std::size_t>(day), by_day.size() - 1)];
  };
  double before = 0;
  for (std::size_t d = 0; d < by_day.size(); ++d) {
    slack_[static_cast<int>(d) - order.lead()][0] += w * (by_day[d] - before);
    before = by_day[d];
  }
  slack_[took - order.lead()][1] += w;

  const double low = reached(took - 1);
  const double high = std::max(reached(took), low + 1e-12);
  for (std::size_t b = 0; b < pit_.size(); ++b) {
    const double left = static_cast<double>(b) / 10;
    const double share =
        std::clamp((left + 0.1 - low) / (high - low), 0.0, 1.0) - std::clamp((left - low) / (high - low), 0.0, 1.0);
    pit_[b] += w * share;
  }
  for (std::size_t q = 0; q < BacktestScore::quantiles.size(); ++q) {
    const double level = BacktestScore::quantiles[q];
    const double gap = took - outlook.quantile(level);
    pinball_[q] += w * gap * (gap >= 0 ? level : level - 1);
  }
  for (std::size_t c = 0; c < BacktestScore::central.size(); ++c) {
    const double tail = (1 - BacktestScore::central[c]) / 2;
    if (took >= outlook.quantile(tail) && took <= outlook.quantile(1 - tail)) covered_[c] += w;
  }
  days_error_ += w * std::abs(took - outlook.quantile(0.5));
}

double Scoreboard::cluster_effect() const {
  double together = 0;
  double alone = 0;
  for (const auto& [key, cluster] : clusters_) {
    const Sum& month = months_.at(key.first);
    if (month.n < rate_orders_min) continue;
    const double mean = (month.late - month.predicted) / month.weight;
    const double sum = cluster.residual - mean * cluster.weight;
    together += sum * sum;
    alone += cluster.alone_residual - 2 * mean * cluster.alone_product + mean * mean * cluster.alone_weight;
  }
  return alone > 0 ? std::max(1.0, together / alone) : 1;
}

bool Scoreboard::is_apart(const std::string& month) const {
  return std::find(apart_.begin(), apart_.end(), month) != apart_.end();
}

RateRow Scoreboard::row_of(const std::string& name, const Sum& sum) const {
  RateRow row;
  row.name = name;
  row.n = sum.n;
  row.predicted = sum.predicted / sum.weight;
  row.actual = sum.late / sum.weight;
  for (std::size_t b = 0; b < row.baselines.size(); ++b) row.baselines[b] = sum.baselines[b] / sum.weight;
  std::array<double, scenario_count> means{};
  std::array<double, scenario_count> sds{};
  for (std::size_t s = 0; s < means.size(); ++s) {
    means[s] = sum.states[s] / sum.weight;
    sds[s] = std::max(1e-6, std::sqrt(means[s] * (1 - means[s]) / static_cast<double>(sum.n)));
  }
  // Half an order is what the steps of a share are worth.
  const double step = 0.5 / static_cast<double>(sum.n);
  row.low = std::max(0.0, mixture_quantile(means, sds, 0.05) - step);
  row.high = std::min(1.0, mixture_quantile(means, sds, 0.95) + step);
  row.apart = is_apart(name.substr(0, 7));
  row.counted = sum.n >= rate_orders_min;
  return row;
}

BacktestScore Scoreboard::finish() const {
  BacktestScore score;
  score.orders = orders_;
  score.never = never_;
  if (all_weight_ > 0) {
    score.never_predicted = never_predicted_ / all_weight_;
    score.never_actual = never_weight_ / all_weight_;
  }
  if (orders_ == 0) return score;
  double months = 0;
  double quiet_months = 0;
  double error_apart = 0;
  double noise_variance = 0;
  score.cluster_effect = cluster_effect();
  for (const auto& [name, sum] : months_) {
    const RateRow row = row_of(name, sum);
    score.by_month.push_back(row);
    if (!row.counted) continue;
    const double error = 100 * std::abs(row.predicted - row.actual);
    months += 1;
    score.mae_points += error;
    constexpr double mean_of_half_normal = 0.79788456080286541;
    const double sd = 100 * std::sqrt(score.cluster_effect * sum.variance) / sum.weight;
    score.noise_points += mean_of_half_normal * sd;
    noise_variance += (1 - mean_of_half_normal * mean_of_half_normal) * sd * sd;
    for (std::size_t b = 0; b < 3; ++b) {
      const double by_baseline = 100 * std::abs(row.baselines[b] - row.actual);
      score.baselines[b] += by_baseline;
      if (!row.apart) score.baselines_not_apart[b] += by_baseline;
    }
    if (row.apart) {
      error_apart += error;
    } else {
      quiet_months += 1;
      score.mae_points_not_apart += error;
    }
  }
  score.apart_share = score.mae_points > 0 ? error_apart / score.mae_points : 0;
  for (double* value :
       {&score.mae_points, &score.noise_points, &score.baselines[0], &score.baselines[1], &score.baselines[2]}) {
    *value /= std::max(1.0, months);
  }
  for (double* value : {&score.mae_points_not_apart, &score.baselines_not_apart[0], &score.baselines_not_apart[1],
                        &score.baselines_not_apart[2]}) {
    *value /= std::max(1.0, quiet_months);
  }
  score.noise_points_sd = std::sqrt(noise_variance) / std::max(1.0, months);
  double regions = 0;
  for (const auto& [region, sum] : regions_) {
    const RateRow row = row_of(history_.regions.at(region), sum);
    score.by_region.push_back(row);
    if (region == 0) continue;
    regions += sum.weight;
    score.mae_points_by_region += 100 * std::abs(sum.predicted - sum.late);
  }
  if (regions > 0) score.mae_points_by_region /= regions;
  for (const auto& [lane, sum] : lanes_) {
    score.by_lane.push_back(row_of(history_.regions.at(lane.first) + ">" + history_.regions.at(lane.second), sum));
  }
  std::stable_sort(score.by_lane.begin(), score.by_lane.end(),
                   [](const RateRow& a, const RateRow& b) { return a.n > b.n; });
  constexpr std::size_t lanes_max = 20;
  if (score.by_lane.size() > lanes_max) score.by_lane.resize(lanes_max);
  for (const auto& [name, sum] : windows_) score.by_window.push_back(row_of(name, sum));
  for (const RateRow& row : score.by_window.empty() ? score.by_month : score.by_window) {
    if (row.apart || row.n < 30) continue;
    ++score.windows;
    if (row.actual >= row.low && row.actual <= row.high) ++score.windows_covered;
  }
  double gap = 0;
  for (const auto& [days, weight] : slack_) {
    gap += (weight[0] - weight[1]) / weight_;
    score.ks = std::max(score.ks, std::abs(gap));
  }
  for (std::size_t b = 0; b < reliability_.size(); ++b) {
    const Sum& sum = reliability_[b];
    if (sum.n == 0) continue;
    score.reliability[b] = {sum.predicted / sum.weight, sum.late / sum.weight, sum.n};
    constexpr std::uint64_t orders_min = 500;
    if (sum.n >= orders_min) {
      score.reliability_gap =
          std::max(score.reliability_gap, 100 * std::abs(score.reliability[b].predicted - score.reliability[b].actual));
    }
  }
  for (std::size_t b = 0; b < pit_.size(); ++b) score.pit[b] = pit_[b] / weight_;
  for (std::size_t q = 0; q < pinball_.size(); ++q) score.pinball[q] = pinball_[q] / weight_;
  for (std::size_t c = 0; c < covered_.size(); ++c) score.covered[c] = covered_[c] / weight_;
  score.mean_days_error = days_error_ / weight_;
  return score;
}

}  // namespace peakstorm
