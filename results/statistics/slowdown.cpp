#include "results/slowdown.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/check.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

/// Number of ways (as a share of all) in which signs give each sum of ranks; ranks in halves, so that they are whole.
std::vector<double> sums_of_ranks(std::span<const std::size_t> ranks) {
  std::vector<double> share(std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1, 0.0);
  share[0] = 1;
  std::size_t top = 0;
  for (const std::size_t rank : ranks) {
    top += rank;
    for (std::size_t sum = top + 1; sum-- > 0;) {
      share[sum] = 0.5 * (share[sum] + (sum >= rank ? share[sum - rank] : 0));
    }
  }
  return share;
}

/// Ranks of 1 .. n, in halves.
std::vector<std::size_t> whole_ranks(std::size_t n) {
  std::vector<std::size_t> ranks(n);
  for (std::size_t i = 0; i < n; ++i) ranks[i] = 2 * (i + 1);
  return ranks;
}

std::vector<double> less(std::span<const double> values, double by) {
  std::vector<double> moved(values.begin(), values.end());
  for (double& value : moved) value -= by;
  return moved;
}

/// Means of two values, each with itself too, ascending (Walsh 1949).
std::vector<double> pair_means(std::span<const double> values) {
  std::vector<double> means;
  means.reserve(values.size() * (values.size() + 1) / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i; j < values.size(); ++j) means.push_back((values[i] + values[j]) / 2);
  }
  std::sort(means.begin(), means.end());
  return means;
}

/// The smallest sum of ranks (in halves) that n values without ties fail a test of this level with.
std::size_t critical_sum(std::size_t n, double level) {
  const std::vector<double> share = sums_of_ranks(whole_ranks(n));
  std::size_t sum = share.size();
  for (double tail = 0; sum > 0 && tail + share[sum - 1] <= level; --sum) tail += share[sum - 1];
  return sum;
}

double median(std::span<const double> values) {
  return sample_quantile(values, 0.5);
}

}  // namespace

double signed_rank_p(std::span<const double> differences) {
  std::vector<double> sorted(differences.begin(), differences.end());
  std::sort(sorted.begin(), sorted.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  std::vector<std::size_t> ranks;
  std::size_t observed = 0;
  for (std::size_t from = 0; from < sorted.size();) {
    std::size_t to = from;
    while (to < sorted.size() && std::fabs(sorted[to]) == std::fabs(sorted[from])) ++to;
    const std::size_t rank = from + to + 1;  // Twice the mean of from + 1 .. to.
    for (std::size_t i = from; i < to; ++i) {
      if (sorted[i] == 0) continue;
      ranks.push_back(rank);
      if (sorted[i] > 0) observed += rank;
    }
    from = to;
  }
  if (ranks.empty()) return 1;
  const std::vector<double> share = sums_of_ranks(ranks);
  return std::min(1.0, std::accumulate(share.begin() + static_cast<std::ptrdiff_t>(observed), share.end(), 0.0));
}

std::optional<Interval> median_shift(std::span<const double> differences, double level) {
  PEAKSTORM_CHECK(level > 0 && level < 1, level);
  if (differences.empty()) return std::nullopt;
  const std::vector<double> share = sums_of_ranks(whole_ranks(differences.size()));
  const std::vector<double> means = pair_means(differences);
  // Leaving out `cut` means on either side leaves out sums of ranks below `cut`.
  std::size_t cut = 0;
  double tail = 0;  // P(W < cut).
  while (cut + 1 < means.size() / 2 && 1 - 2 * (tail + share[2 * cut]) >= level) tail += share[2 * cut++];
  if (cut == 0) return std::nullopt;
  return Interval{median(means), means[cut - 1], means[means.size() - cut], differences.size(), 1 - 2 * tail};
}

SlowdownTest::SlowdownTest(std::vector<ComparedFigure> figures, const SlowdownPlan& plan)
    : figures_(std::move(figures)), plan_(plan), series_(figures_.size()) {
  PEAKSTORM_CHECK(!figures_.empty(), figures_.size());
  PEAKSTORM_CHECK(plan_.level > 0 && plan_.level <= 0.5, plan_.level);
  PEAKSTORM_CHECK(plan_.floor >= 0 && plan_.floor <= 10, plan_.floor);
  PEAKSTORM_CHECK(plan_.pairs >= 5 && plan_.pairs <= 200, plan_.pairs);
  PEAKSTORM_CHECK(plan_.confirmations >= 5 && plan_.confirmations <= 200, plan_.confirmations);
}

void SlowdownTest::add(std::span<const double> baseline, std::span<const double> candidate) {
  PEAKSTORM_CHECK(baseline.size() == figures_.size(), baseline.size(), figures_.size());
  PEAKSTORM_CHECK(candidate.size() == figures_.size(), candidate.size(), figures_.size());
  for (std::size_t f = 0; f < figures_.size(); ++f) {
    Series& series = series_[f];
    series.baseline.push_back(baseline[f]);
    series.candidate.push_back(candidate[f]);
    double ratio = 0;
    if (std::isfinite(baseline[f]) && std::isfinite(candidate[f]) && baseline[f] > 0 && candidate[f] > 0) {
      ratio = std::log(candidate[f] / baseline[f]) * (figures_[f].larger_is_better ? -1 : 1);
    } else {
      series.positive = false;
    }
    series.ratios.push_back(ratio);
  }
  ++pairs_;
}

double SlowdownTest::test_level() const {
  return std::sqrt(plan_.level / (2 * static_cast<double>(figures_.size())));
}

bool SlowdownTest::fails(std::span<const double> ratios, bool worse) const {
  const double floor = std::log1p(plan_.floor);
  std::vector<double> beyond(ratios.begin(), ratios.end());
  for (double& ratio : beyond) ratio = (worse ? ratio : -ratio) - floor;
  return signed_rank_p(beyond) <= test_level();
}

bool SlowdownTest::suspect(const Series& series) const {
  const std::span<const double> first(series.ratios.data(), plan_.pairs);
  return series.positive && (fails(first, true) || fails(first, false));
}

std::size_t SlowdownTest::wanted() const {
  if (pairs_ < plan_.pairs) return plan_.pairs - pairs_;
  const bool any = std::any_of(series_.begin(), series_.end(), [&](const Series& s) { return suspect(s); });
  const std::size_t all = plan_.pairs + (any ? plan_.confirmations : 0);
  return all - std::min(all, pairs_);
}

std::optional<double> SlowdownTest::detectable(std::size_t figure) const {
  PEAKSTORM_CHECK(figure < series_.size() && pairs_ > 0, figure, pairs_);
  if (!series_[figure].positive) return std::nullopt;
  // Draws pairs from those seen, around no change and with signs of their own, adds a slowdown, and looks how often
  // both tests find it. A draw that comes twice is a tie, which is broken by its place: that is close enough here.
  const std::vector<double>& ratios = series_[figure].ratios;
  const std::vector<double> means = pair_means(ratios);
  const std::vector<double> scatter = less(ratios, median(means));
  const double floor = std::log1p(plan_.floor);
  const auto first_critical = critical_sum(plan_.pairs, test_level());
  const auto fresh_critical = critical_sum(plan_.confirmations, test_level());
  constexpr std::uint64_t worlds = 300;
  const auto found = [&](double slower) {
    std::uint64_t hits = 0;
    std::vector<double> drawn;
    for (std::uint64_t world = 0; world < worlds; ++world) {
      const auto fails = [&](std::size_t from, std::size_t count, std::size_t critical) {
        drawn.clear();
        for (std::size_t i = from; i < from + count; ++i) {
          const std::uint64_t random = hash64(world, i);
          const double noise = scatter[(random >> 1U) % scatter.size()];
          drawn.push_back(slower - floor + ((random & 1U) != 0 ? noise : -noise));
        }
        std::sort(drawn.begin(), drawn.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
        std::size_t sum = 0;
        for (std::size_t i = 0; i < drawn.size(); ++i) sum += drawn[i] > 0 ? 2 * (i + 1) : 0;
        return sum >= critical;
      };
      if (fails(0, plan_.pairs, first_critical) && fails(plan_.pairs, plan_.confirmations, fresh_critical)) {
        ++hits;
      }
    }
    return hits * 10 >= worlds * 9;
  };
  double low = floor;
  double high = std::log(10.0) + floor;
  if (!found(high)) return std::nullopt;
  for (int step = 0; step < 10; ++step) {
    const double middle = (low + high) / 2;
    (found(middle) ? high : low) = middle;
  }
  return std::expm1(high);
}

std::vector<SlowdownResult> SlowdownTest::results() const {
  PEAKSTORM_CHECK(wanted() == 0, pairs_);
  std::vector<SlowdownResult> results;
  for (std::size_t f = 0; f < figures_.size(); ++f) {
    const Series& series = series_[f];
    SlowdownResult result;
    result.figure = figures_[f];
    result.baseline = median(series.baseline);
    result.candidate = median(series.candidate);
    if (!series.positive) {
      result.verdict = SlowdownVerdict::unmeasured;
      results.push_back(result);
      continue;
    }
    const std::span<const double> all(series.ratios);
    const std::span<const double> first = all.first(plan_.pairs);
    const std::span<const double> fresh = all.subspan(plan_.pairs);
    result.p_first = signed_rank_p(less(first, std::log1p(plan_.floor)));
    if (!fresh.empty()) result.p_confirmed = signed_rank_p(less(fresh, std::log1p(plan_.floor)));
    if (!fresh.empty() && fails(first, true) && fails(fresh, true)) {
      result.verdict = SlowdownVerdict::worse;
    } else if (!fresh.empty() && fails(first, false) && fails(fresh, false)) {
      result.verdict = SlowdownVerdict::better;
    }
    if (auto shift = median_shift(all)) {
      const double sign = figures_[f].larger_is_better ? -1 : 1;
      result.change =
          Interval{std::expm1(sign * shift->mean), std::expm1(std::min(sign * shift->low, sign * shift->high)),
                   std::expm1(std::max(sign * shift->low, sign * shift->high)), shift->n, shift->level};
    }
    results.push_back(result);
  }
  return results;
}

}  // namespace peakstorm
