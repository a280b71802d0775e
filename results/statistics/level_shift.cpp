#include "results/level_shift.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/check.hpp"
#include "engine/random.hpp"
#include "results/interval.hpp"

namespace peakstorm {
namespace {

/// Twice the rank of each value, equal ones sharing their mean rank.
std::vector<std::int64_t> double_ranks(std::span<const double> values) {
  std::vector<std::int64_t> ranks(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int64_t below = 0;
    std::int64_t equal = 0;
    for (const double other : values) {
      below += static_cast<std::int64_t>(other < values[i]);
      equal += static_cast<std::int64_t>(other == values[i]);
    }
    ranks[i] = 2 * below + equal + 1;
  }
  return ranks;
}

constexpr std::size_t least = 4;  ///< Values of a part.

/// Values [from, to) stand out from the others.
struct Stretch {
  double statistic = 0;
  std::size_t from = 0;
  std::size_t to = 0;
};

Stretch most_outstanding(std::span<const std::int64_t> ranks) {
  const std::size_t n = ranks.size();
  std::vector<std::int64_t> sums(n + 1, 0);
  for (std::size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + ranks[i] - static_cast<std::int64_t>(n + 1);
  Stretch best;
  for (std::size_t from = 0; from + least <= n; ++from) {
    if (from != 0 && from < least) continue;
    for (std::size_t to = from + least; to <= n; ++to) {
      const std::size_t inside = to - from;
      if ((to != n && n - to < least) || n - inside < least) continue;
      const auto off = static_cast<double>(sums[to] - sums[from]);
      const double statistic =
          off * off / (static_cast<double>(inside) * static_cast<double>(n - inside) / static_cast<double>(n));
      if (statistic > best.statistic) best = {statistic, from, to};
    }
  }
  return best;
}

/// None when it is above `level`, which mostly shows after some shuffles.
std::optional<double> p_of(std::vector<std::int64_t> ranks, double statistic, double level) {
  constexpr std::uint64_t shuffles = 1'999;
  std::uint64_t as_large = 1;
  for (std::uint64_t s = 0; s < shuffles; ++s) {
    for (std::size_t i = ranks.size(); i > 1; --i) std::swap(ranks[i - 1], ranks[hash64(s, i) % i]);
    // A shuffle that is the series again may differ in the last bit.
    if (most_outstanding(ranks).statistic >= statistic * (1 - 1e-12)) ++as_large;
    if (static_cast<double>(as_large) > level * (shuffles + 1)) return std::nullopt;
  }
  return static_cast<double>(as_large) / (shuffles + 1);
}

void find(std::span<const double> values, std::size_t begin, double level, std::vector<LevelShift>& shifts) {
  const std::vector<std::int64_t> ranks = double_ranks(values);
  const Stretch stretch = most_outstanding(ranks);
  if (stretch.statistic <= 0) return;
  const auto p = p_of(ranks, stretch.statistic, level);
  if (!p) return;
  find(values.first(stretch.from), begin, level, shifts);
  if (stretch.from > 0) shifts.push_back({begin + stretch.from, 0, 0, *p});
  find(values.subspan(stretch.from, stretch.to - stretch.from), begin + stretch.from, level, shifts);
  if (stretch.to < values.size()) shifts.push_back({begin + stretch.to, 0, 0, *p});
  find(values.subspan(stretch.to), begin + stretch.to, level, shifts);
}

}  // namespace

std::vector<LevelShift> level_shifts(std::span<const double> values, double level) {
  PEAKSTORM_CHECK(level > 0 && level < 1, level);
  std::vector<LevelShift> shifts;
  find(values, 0, level, shifts);
  for (std::size_t i = 0; i < shifts.size(); ++i) {
    const std::size_t from = i == 0 ? 0 : shifts[i - 1].at;
    const std::size_t to = i + 1 == shifts.size() ? values.size() : shifts[i + 1].at;
    shifts[i].before = sample_quantile(values.subspan(from, shifts[i].at - from), 0.5);
    shifts[i].after = sample_quantile(values.subspan(shifts[i].at, to - shifts[i].at), 0.5);
  }
  return shifts;
}

}  // namespace peakstorm
