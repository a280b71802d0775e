#include "engine/partition/work_graph.hpp"

#include <metis.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>

#include "engine/check.hpp"

namespace peakstorm::partition {
namespace {

/// METIS counts in 32-bit integers: totals stay well below.
constexpr double metis_total = 1e8;

std::size_t rank_of(std::size_t partition, std::size_t partitions, std::size_t ranks) {
  return partition * ranks / partitions;
}

/// `values` as integers that sum to about metis_total, each at least 1.
std::vector<idx_t> scaled(const std::vector<double>& values) {
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  std::vector<idx_t> integers(values.size(), 1);
  if (total <= 0) return integers;
  for (std::size_t i = 0; i < values.size(); ++i) {
    integers[i] = std::max<idx_t>(1, static_cast<idx_t>(std::lround(values[i] / total * metis_total)));
  }
  return integers;
}

std::vector<std::uint32_t> heaviest_first(const std::vector<double>& work, std::vector<std::uint32_t> processes) {
  std::sort(processes.begin(), processes.end(),
            [&](std::uint32_t a, std::uint32_t b) { return work[a] != work[b] ? work[a] > work[b] : a < b; });
  return processes;
}

/// Deals `processes` to `bins`, the heaviest first, each to the bin with the least work (then the fewest processes):
/// put(process, bin).
template <class Put>
void deal(const std::vector<double>& work, std::vector<std::uint32_t> processes, std::size_t bins, Put&& put) {
  struct Bin {
    double work = 0;
    std::size_t processes = 0;
  };
  std::vector<Bin> filled(bins);
  for (const std::uint32_t process : heaviest_first(work, std::move(processes))) {
    const auto least = std::min_element(filled.begin(), filled.end(), [](const Bin& a, const Bin& b) {
      return a.work != b.work ? a.work < b.work : a.processes < b.processes;
    });
    least->work += work[process];
    ++least->processes;
    put(process, static_cast<std::size_t>(least - filled.begin()));
  }
}

/// `work` with nothing above three quarters of a part's fair share. METIS cannot bisect around a process that outweighs
/// a part, and says so on standard output; such a process makes its part the heaviest whatever goes with it.
std::vector<double> without_giants(std::vector<double> work, std::size_t parts) {
  // Every cut lowers the share itself, by a quarter at most: sixty rounds leave no giant that matters.
  for (int round = 0; round < 60; ++round) {
    const double total = std::accumulate(work.begin(), work.end(), 0.0);
    const double most = 0.75 * total / static_cast<double>(parts);
    if (*std::max_element(work.begin(), work.end()) <= most) break;
    for (double& w : work) w = std::min(w, most);
  }
  return work;
}

/// Parts of the graph that METIS makes; empty when it has no answer.
std::vector<idx_t> parts_by_metis(const WorkGraph& graph, std::size_t parts) {
  const std::size_t n = graph.work.size();
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> joined;
  for (const WorkGraph::Link& link : graph.links) {
    if (link.bytes > 0) joined[std::minmax(link.a, link.b)] += link.bytes;
  }
  if (joined.empty()) return {};
  std::vector<double> bytes;
  bytes.reserve(joined.size());
  for (const auto& [pair, sum] : joined) bytes.push_back(sum);
  const std::vector<idx_t> link_weights = scaled(bytes);
  std::vector<std::vector<std::pair<idx_t, idx_t>>> neighbours(n);
  std::size_t link = 0;
  for (const auto& [pair, sum] : joined) {
    neighbours[pair.first].emplace_back(static_cast<idx_t>(pair.second), link_weights[link]);
    neighbours[pair.second].emplace_back(static_cast<idx_t>(pair.first), link_weights[link]);
    ++link;
  }
  std::vector<idx_t> starts{0};
  std::vector<idx_t> ends;
  std::vector<idx_t> weights;
  for (const auto& mine : neighbours) {
    for (const auto& [to, weight] : mine) {
      ends.push_back(to);
      weights.push_back(weight);
    }
    starts.push_back(static_cast<idx_t>(ends.size()));
  }
  std::vector<idx_t> work = scaled(without_giants(graph.work, parts));

  auto vertices = static_cast<idx_t>(n);
  idx_t constraints = 1;
  auto count = static_cast<idx_t>(parts);
  idx_t cut = 0;
  std::vector<idx_t> part(n);
  std::array<idx_t, METIS_NOPTIONS> options{};
  METIS_SetDefaultOptions(options.data());
  options[METIS_OPTION_NUMBERING] = 0;
  options[METIS_OPTION_SEED] = 1;
  options[METIS_OPTION_NCUTS] = 4;
  options[METIS_OPTION_UFACTOR] = 30;  // 3 % of imbalance for a smaller cut.
  // METIS draws from the C library's one generator, which it seeds at the start of a call. Ranks that are
  // threads of one program must not get into each other's draws.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  // Bisection gives the better parts while they are few (METIS 5 manual, section 2).
  const auto method = parts <= 8 ? METIS_PartGraphRecursive : METIS_PartGraphKway;
  const int status = method(&vertices, &constraints, starts.data(), ends.data(), work.data(), nullptr, weights.data(),
                            &count, nullptr, nullptr, options.data(), &cut, part.data());
  return status == METIS_OK ? part : std::vector<idx_t>{};
}

/// Rank of each process, with at least as many processes in each as it has partitions.
std::vector<std::uint32_t> ranks_of(const WorkGraph& graph, const std::vector<std::size_t>& partitions_of_rank) {
  const std::size_t n = graph.work.size();
  const std::size_t ranks = partitions_of_rank.size();
  std::vector<std::uint32_t> rank(n, 0);
  if (ranks == 1) return rank;
  std::vector<std::uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0U);
  // With a handful of processes per rank there is nothing to cut well.
  const std::vector<idx_t> parts = n >= 8 * ranks ? parts_by_metis(graph, ranks) : std::vector<idx_t>{};
  if (parts.empty()) {
    deal(graph.work, all, ranks,
         [&](std::uint32_t process, std::size_t bin) { rank[process] = static_cast<std::uint32_t>(bin); });
  } else {
    std::transform(parts.begin(), parts.end(), rank.begin(), [](idx_t p) { return static_cast<std::uint32_t>(p); });
  }
  // A partition without a process is a thread's turn for nothing, and the last one must exist.
  std::vector<std::size_t> held(ranks);
  for (const std::uint32_t r : rank) ++held[r];
  const std::vector<std::uint32_t> order = heaviest_first(graph.work, all);
  for (std::size_t needy = 0; needy < ranks; ++needy) {
    for (auto lightest = order.rbegin(); lightest != order.rend() && held[needy] < partitions_of_rank[needy];
         ++lightest) {
      const std::uint32_t from = rank[*lightest];
      if (held[from] <= partitions_of_rank[from]) continue;
      --held[from];
      ++held[needy];
      rank[*lightest] = static_cast<std::uint32_t>(needy);
    }
  }
  return rank;
}

}  // namespace

std::vector<std::uint32_t> assign(const WorkGraph& graph, std::size_t partitions, std::size_t ranks) {
  const std::size_t n = graph.work.size();
  PEAKSTORM_CHECK(ranks >= 1, ranks);
  PEAKSTORM_CHECK(partitions >= 1, partitions);
  PEAKSTORM_CHECK(partitions <= std::max<std::size_t>(n, 1), partitions, n);
  // Ranks that hold partitions; with fewer partitions than ranks some hold none.
  std::vector<std::size_t> first_partition;
  std::vector<std::size_t> held;
  for (std::size_t p = 0; p < partitions; ++p) {
    if (p == 0 || rank_of(p, partitions, ranks) != rank_of(p - 1, partitions, ranks)) {
      first_partition.push_back(p);
      held.push_back(0);
    }
    ++held.back();
  }
  const std::vector<std::uint32_t> rank = ranks_of(graph, held);
  std::vector<std::uint32_t> partition(n);
  for (std::size_t r = 0; r < held.size(); ++r) {
    std::vector<std::uint32_t> mine;
    for (std::uint32_t process = 0; process < n; ++process) {
      if (rank[process] == r) mine.push_back(process);
    }
    deal(graph.work, mine, held[r], [&](std::uint32_t process, std::size_t bin) {
      partition[process] = static_cast<std::uint32_t>(first_partition[r] + bin);
    });
  }
  return partition;
}

Quality quality(const WorkGraph& graph, const std::vector<std::uint32_t>& partition, std::size_t partitions,
                std::size_t ranks) {
  std::vector<double> by_partition(partitions);
  std::vector<double> by_rank(ranks);
  for (std::size_t i = 0; i < graph.work.size(); ++i) {
    by_partition[partition[i]] += graph.work[i];
    by_rank[rank_of(partition[i], partitions, ranks)] += graph.work[i];
  }
  const auto over_mean = [](const std::vector<double>& sums) {
    const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
    return total > 0 ? *std::max_element(sums.begin(), sums.end()) * static_cast<double>(sums.size()) / total : 1;
  };
  double cut = 0;
  double all = 0;
  for (const WorkGraph::Link& link : graph.links) {
    all += link.bytes;
    if (rank_of(partition[link.a], partitions, ranks) != rank_of(partition[link.b], partitions, ranks)) {
      cut += link.bytes;
    }
  }
  return {all > 0 ? cut / all : 0, over_mean(by_rank), over_mean(by_partition)};
}

}  // namespace peakstorm::partition
