#include "engine/delivery_calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "engine/portable_math.hpp"
#include "engine/promise/cholesky.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

double logistic(double odds) {
  return 1 / (1 + portable_exp(-std::clamp(odds, -30.0, 30.0)));
}
double log_odds(double p) {
  p = std::clamp(p, 1e-6, 1 - 1e-6);
  return portable_log(p / (1 - p));
}

/// Precision of the fortnights' effects at spread 1: stationary, first-order autoregressive. Its lower triangle.
std::vector<double> autoregressive(std::size_t n, double memory) {
  std::vector<double> precision(n * n, 0.0);
  const double step = 1 / (1 - memory * memory);
  precision[0] = 1;
  for (std::size_t i = 1; i < n; ++i) {
    precision[i * n + i] += step;
    precision[(i - 1) * n + i - 1] += memory * memory * step;
    precision[i * n + i - 1] = -memory * step;
  }
  return precision;
}

std::vector<double> independent(std::size_t n) {
  std::vector<double> precision(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) precision[i * n + i] = 1;
  return precision;
}

/// A family of normal effects: where it stands among all effects, and its precision at spread 1.
struct Family {
  std::size_t start = 0;
  std::size_t size = 0;
  std::vector<double> precision;
  double spread = 0.3;
};

}  // namespace

DeliveryCalibration DeliveryCalibration::of(std::span<const Case> cases) {
  DeliveryCalibration result;
  result.first_ = cases.front().placed;
  CalendarDay last = cases.front().placed;
  std::uint32_t regions = 0;
  double weights = 0;
  for (const Case& one : cases) {
    result.first_ = std::min(result.first_, one.placed);
    last = std::max(last, one.placed);
    regions = std::max(regions, one.to);
    weights += one.weight;
  }
  const auto fortnight_count = static_cast<std::size_t>((last - result.first_) / fortnight_days) + 1;
  const std::size_t region_count = std::size_t{regions} + 1;
  std::array<Family, 2> families = {Family{0, fortnight_count, autoregressive(fortnight_count, fortnight_memory)},
                                    Family{fortnight_count, region_count, independent(region_count)}};
  const std::size_t n = fortnight_count + region_count;
  std::vector<double> effects(n, 0.0);
  std::vector<double> odds;
  odds.reserve(cases.size());
  for (const Case& one : cases) odds.push_back(log_odds(one.predicted));
  // Information is counted in orders of the sample, whatever each of them stands for.
  const double mean_weight = weights / static_cast<double>(cases.size());

  constexpr double spread_min = 0.01;
  constexpr double settled = 1e-4;
  constexpr int rounds_max = 300;
  for (int round = 0; round < rounds_max; ++round) {
    // One step of Newton a round: effects and spreads settle together.
    std::vector<double> hessian(n * n, 0.0);
    std::vector<double> gradient(n, 0.0);
    for (const Family& family : families) {
      const double strength = 1 / (family.spread * family.spread);
      for (std::size_t i = 0; i < family.size; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          const double value = strength * family.precision[i * family.size + j];
          hessian[(family.start + i) * n + family.start + j] += value;
          gradient[family.start + i] -= value * effects[family.start + j];
          if (j < i) gradient[family.start + j] -= value * effects[family.start + i];
        }
      }
    }
    for (std::size_t c = 0; c < cases.size(); ++c) {
      const auto fortnight = static_cast<std::size_t>((cases[c].placed - result.first_) / fortnight_days);
      const std::size_t region = fortnight_count + cases[c].to;
      const double weight = cases[c].weight / mean_weight;
      const double p = logistic(odds[c] + effects[fortnight] + effects[region]);
      const double residual = weight * ((cases[c].late ? 1.0 : 0.0) - p);
      const double information = weight * p * (1 - p);
      gradient[fortnight] += residual;
      gradient[region] += residual;
      hessian[fortnight * n + fortnight] += information;
      hessian[region * n + region] += information;
      hessian[region * n + fortnight] += information;
    }
    const Cholesky factored(std::move(hessian), n);
    const std::vector<double> step = factored.solve(std::move(gradient));
    double largest = 0;
    for (const double s : step) largest = std::max(largest, std::abs(s));
    const double shortened = largest > 1 ? 1 / largest : 1;
    for (std::size_t i = 0; i < n; ++i) effects[i] += shortened * step[i];

    for (Family& family : families) {
      // The mean square of the effects, in the family's own precision: of the estimates, and of what is not known of
      // them.
      double square = 0;
      for (std::size_t i = 0; i < family.size; ++i) {
        std::vector<double> unit(n, 0.0);
        unit[family.start + i] = 1;
        const std::vector<double> covariance = factored.solve(std::move(unit));
        for (std::size_t j = 0; j <= i; ++j) {
          const double both = covariance[family.start + j] + effects[family.start + i] * effects[family.start + j];
          square += (j < i ? 2 : 1) * family.precision[i * family.size + j] * both;
        }
      }
      const double spread = std::max(spread_min, std::sqrt(std::max(0.0, square / static_cast<double>(family.size))));
      largest = std::max(largest, std::abs(spread - family.spread));
      family.spread = spread;
    }
    if (largest < settled) break;
  }
  const auto regions_start = effects.begin() + static_cast<std::ptrdiff_t>(fortnight_count);
  result.fortnights_.assign(effects.begin(), regions_start);
  result.regions_.assign(regions_start, effects.end());
  result.fortnight_spread_ = families[0].spread;
  result.region_spread_ = families[1].spread;
  return result;
}

std::optional<DeliveryCalibration> DeliveryCalibration::learn(const OrderHistory& history,
                                                              std::span<const std::uint32_t> which, CalendarDay until,
                                                              const DeliveryFitOptions& options) {
  std::vector<Case> cases;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<std::uint32_t> inside;
    std::vector<std::uint32_t> outside;
    for (const std::uint32_t i : which) {
      const PastOrder& order = history.orders[i];
      const std::uint64_t who = hash64(order.seller != 0 ? history.sellers[order.seller] : order.id);
      const bool here = who % folds == static_cast<std::uint64_t>(fold);
      (here ? outside : inside).push_back(i);
    }
    const auto model = DeliveryModel::fit(history, inside, until, options);
    if (model == nullptr) return std::nullopt;
    for (const std::uint32_t i : outside) {
      const PastOrder& order = history.orders[i];
      if (!order.delivered || *order.delivered >= until || order.promised >= until) continue;
      cases.push_back({order.placed, order.to, model->predict(order).late_mean, order.late(), order.weight});
    }
  }
  if (cases.empty()) return std::nullopt;
  return of(cases);
}

double DeliveryCalibration::offset(const PastOrder& order) const {
  double sum = order.to < regions_.size() ? regions_[order.to] : 0;
  if (order.placed >= first_) {
    const auto fortnight = static_cast<std::size_t>((order.placed - first_) / fortnight_days);
    if (fortnight < fortnights_.size()) sum += fortnights_[fortnight];
  }
  return sum;
}

void DeliveryCalibration::apply(const PastOrder& order, DeliveryOutlook& outlook) const {
  const double shift = offset(order);
  double mean = 0;
  for (double& late : outlook.late) {
    late = logistic(log_odds(late) + shift);
    mean += late / scenario_count;
  }
  outlook.late_mean = mean;
  const auto promise = static_cast<std::size_t>(std::max(0, order.lead()));
  if (promise + 1 >= outlook.by_day.size()) return;
  const double in_time = outlook.by_day[promise];
  if (in_time <= 0 || in_time >= 1) return;
  for (std::size_t d = 0; d < outlook.by_day.size(); ++d) {
    double& reached = outlook.by_day[d];
    reached = d <= promise ? reached * (1 - mean) / in_time : 1 - (1 - reached) * mean / (1 - in_time);
  }
}

}  // namespace peakstorm
