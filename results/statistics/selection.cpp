#include "results/selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/check.hpp"
#include "results/interval.hpp"

namespace peakstorm {
namespace {

void check_observations(Observations systems, std::size_t least) {
  PEAKSTORM_CHECK(!systems.empty(), systems.size());
  for (const std::vector<double>& system : systems) {
    PEAKSTORM_CHECK(system.size() == systems.front().size(), system.size(), systems.front().size());
    PEAKSTORM_CHECK(system.size() >= least, system.size(), least);
  }
}

void check_goal(double alpha, double delta) {
  PEAKSTORM_CHECK(alpha > 0, alpha);
  PEAKSTORM_CHECK(alpha < 1, alpha);
  PEAKSTORM_CHECK(delta > 0, delta);
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double difference_variance(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean = mean_of(a) - mean_of(b);
  double squares = 0;
  for (std::size_t r = 0; r < a.size(); ++r) {
    const double off = a[r] - b[r] - mean;
    squares += off * off;
  }
  return squares / static_cast<double>(a.size() - 1);
}

}  // namespace

std::size_t two_stage_replications(Observations first_stage, double alpha, double delta) {
  check_observations(first_stage, 2);
  check_goal(alpha, delta);
  const std::size_t k = first_stage.size();
  PEAKSTORM_CHECK(k >= 2, k);
  double largest = 0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t l = i + 1; l < k; ++l) {
      largest = std::max(largest, difference_variance(first_stage[i], first_stage[l]));
    }
  }
  const std::size_t n0 = first_stage.front().size();
  const double t = t_quantile(1 - alpha / static_cast<double>(k - 1), static_cast<double>(n0 - 1));
  const double needed = std::ceil(t * t * largest / (delta * delta));
  PEAKSTORM_CHECK(needed < 1e15, needed);
  return std::max(n0, static_cast<std::size_t>(needed));
}

std::size_t largest_mean(Observations systems) {
  check_observations(systems, 1);
  std::size_t best = 0;
  for (std::size_t i = 1; i < systems.size(); ++i) {
    if (mean_of(systems[i]) > mean_of(systems[best])) best = i;
  }
  return best;
}

double kim_nelson_h2(std::size_t systems, double alpha, std::size_t first_stage) {
  PEAKSTORM_CHECK(systems >= 2, systems);
  PEAKSTORM_CHECK(first_stage >= 2, first_stage);
  PEAKSTORM_CHECK(alpha > 0, alpha);
  PEAKSTORM_CHECK(alpha < 1 - 1 / static_cast<double>(systems), alpha, systems);
  const auto freedom = static_cast<double>(first_stage - 1);
  const double eta = (std::pow(2 * alpha / static_cast<double>(systems - 1), -2 / freedom) - 1) / 2;
  return 2 * eta * freedom;
}

KimNelson::KimNelson(Observations first_stage, double alpha, double delta, Variances variances)
    : systems_(first_stage.size()),
      alpha_(alpha),
      delta_(delta),
      variances_(variances),
      survivors_(first_stage.size()),
      differences_(first_stage.size() * first_stage.size()),
      variance_(first_stage.size() * first_stage.size()) {
  check_observations(first_stage, 2);
  check_goal(alpha, delta);
  first_stage_ = first_stage.front().size();
  std::iota(survivors_.begin(), survivors_.end(), std::size_t{0});
  std::vector<double> values(systems_);
  for (std::size_t r = 0; r < first_stage_; ++r) {
    for (std::size_t i = 0; i < systems_; ++i) values[i] = first_stage[i][r];
    add(values);
  }
  for (std::size_t pair = 0; pair < differences_.size(); ++pair) {
    variance_[pair] = differences_[pair].squares / static_cast<double>(first_stage_ - 1);
  }
  eliminate();
}

void KimNelson::observe(std::span<const double> values) {
  PEAKSTORM_CHECK(values.size() == systems_, values.size(), systems_);
  PEAKSTORM_CHECK(!decided(), survivors_.front());
  add(values);
  eliminate();
}

void KimNelson::add(std::span<const double> values) {
  ++replications_;
  const auto r = static_cast<double>(replications_);
  for (std::size_t a = 0; a < survivors_.size(); ++a) {
    for (std::size_t b = a + 1; b < survivors_.size(); ++b) {
      const std::size_t i = survivors_[a];
      const std::size_t l = survivors_[b];
      Difference& difference = between(i, l);
      const double value = values[i] - values[l];
      const double off = value - difference.mean;
      difference.mean += off / r;
      difference.squares += off * (value - difference.mean);
      if (variances_ == Variances::updated) variance_[i * systems_ + l] = difference.squares / std::max(1.0, r - 1);
    }
  }
}

void KimNelson::eliminate() {
  const std::size_t freedom_from = variances_ == Variances::updated ? replications_ : first_stage_;
  const double h2 = kim_nelson_h2(systems_, alpha_, freedom_from);
  const auto r = static_cast<double>(replications_);
  std::vector<bool> out(systems_);
  bool closed = true;  // No pair has room left: the largest mean wins.
  for (std::size_t a = 0; a < survivors_.size(); ++a) {
    for (std::size_t b = a + 1; b < survivors_.size(); ++b) {
      const std::size_t i = survivors_[a];
      const std::size_t l = survivors_[b];
      const double lead = between(i, l).mean;
      const double room = std::max(0.0, delta_ / (2 * r) * (h2 * variance_[i * systems_ + l] / (delta_ * delta_) - r));
      if (room > 0) closed = false;
      if (lead < -room) out[i] = true;
      if (lead > room) out[l] = true;
    }
  }
  // Exact ties would go on for ever once the room is used up; the first of them is as good as any.
  const auto leads = [&](std::size_t a, std::size_t b) {
    return a < b ? between(a, b).mean >= 0 : between(b, a).mean <= 0;
  };
  std::vector<std::size_t> left;
  for (const std::size_t i : survivors_) {
    if (!out[i]) left.push_back(i);
  }
  // The leader is never out: nobody is ahead of it.
  PEAKSTORM_CHECK(!left.empty(), replications_);
  if (closed && left.size() > 1) {
    std::size_t best = left.front();
    for (const std::size_t i : left) {
      if (!leads(best, i)) best = i;
    }
    left = {best};
  }
  survivors_ = std::move(left);
}

std::vector<double> ocba_shares(std::span<const double> means, std::span<const double> variances) {
  PEAKSTORM_CHECK(means.size() == variances.size(), means.size(), variances.size());
  PEAKSTORM_CHECK(means.size() >= 2, means.size());
  const auto best = static_cast<std::size_t>(std::max_element(means.begin(), means.end()) - means.begin());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < means.size(); ++i) {
    PEAKSTORM_CHECK(variances[i] >= 0, variances[i]);
    if (i != best) least = std::min(least, means[best] - means[i]);
  }
  std::vector<double> shares(means.size());
  double of_best = 0;  // sum N_i^2 / s_i^2
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (i == best) continue;
    // Distances in units of the smallest, so that equal means are the limit of near ones.
    const double distance = means[best] - means[i];
    const double near = distance == least ? 1 : least / distance;
    shares[i] = variances[i] * near * near;
    of_best += variances[i] * near * near * near * near;
  }
  shares[best] = std::sqrt(variances[best] * of_best);
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share = total > 0 ? share / total : 1 / static_cast<double>(means.size());
  return shares;
}

}  // namespace peakstorm
