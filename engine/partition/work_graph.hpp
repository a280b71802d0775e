/// Which process computes how much, and who sends how much to whom: the input of a partition.
#pragma once

#include <cstdint>
#include <vector>

namespace peakstorm::partition {

/// Undirected; both numbers per ordinary day, in any unit of their own.
struct WorkGraph {
  struct Link {
    std::uint32_t a = 0;
    std::uint32_t b = 0;  ///< Not a.
    double bytes = 0;     ///< Both ways; >= 0.
  };
  std::vector<double> work;  ///< By process; >= 0.
  std::vector<Link> links;   ///< Several between one pair add up.
};

/// A partition of the processes by its merits.
struct Quality {
  double cut_share = 0;   ///< Of all bytes: those that cross from rank to rank.
  double ranks = 1;       ///< Work of the busiest rank over the mean.
  double partitions = 1;  ///< Work of the busiest partition over the mean.
};

/// Spreads the processes over `partitions` such that the contiguous ranges of partitions that the kernel gives to each
/// of `ranks` (rank of p = p * ranks / partitions) hold equal work and exchange few bytes: METIS between ranks, then,
/// within each, the heaviest process first to the lightest partition (Graham 1969), because mail within a rank
/// is memory. Every partition number below `partitions` is used as far as there are processes.
///
/// The same for the same input, whatever else runs; speed depends on it, results never do. Requires:
/// 1 <= partitions <= max(1, processes), ranks >= 1.
std::vector<std::uint32_t> assign(const WorkGraph& graph, std::size_t partitions, std::size_t ranks);

/// What a partition is worth; `partition` by process, numbers below `partitions`.
Quality quality(const WorkGraph& graph, const std::vector<std::uint32_t>& partition, std::size_t partitions,
                std::size_t ranks);

}  // namespace peakstorm::partition
