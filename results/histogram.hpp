/// Histogram of latencies with three significant digits over nine decades, as HdrHistogram lays it out (Tene 2012):
/// log-linear cells, each at most 1/1024 of its value wide, so that a percentile is never off by more than 0.1 %
/// and recording is one increment. Exact count, minimum, maximum and sum beside it. Merging adds cells; the order of
/// recording and merging does not matter. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace peakstorm {

class LatencyHistogram {
 public:
  using Duration = std::chrono::nanoseconds;

  /// Negative values count as zero; values above `longest` are kept exactly in max() and in the last cell.
  void record(Duration value, std::uint64_t times = 1);
  void merge(const LatencyHistogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// Zero when empty, as are min, max and quantile.
  [[nodiscard]] double mean_ms() const;
  [[nodiscard]] Duration min() const { return count_ == 0 ? Duration{0} : min_; }
  [[nodiscard]] Duration max() const { return max_; }
  /// Smallest recorded cell at or below which a share `q` of the values lies (nearest rank), as the upper end of the
  /// cell, never more than max(). O(cells). Requires 0 <= q <= 1.
  [[nodiscard]] Duration quantile(double q) const;
  [[nodiscard]] double quantile_ms(double q) const;

  /// Calls `visit(upper end of the cell, values in it)` for every cell that is not empty, ascending.
  void for_each_cell(const std::function<void(Duration upper, std::uint64_t count)>& visit) const;

  /// The text format of HdrHistogram's plotter (.hgrm): value in milliseconds, percentile, total count,
  /// 1 / (1 - percentile); `ticks_per_half` lines per halving of the distance to 100 %.
  [[nodiscard]] std::string hgrm(int ticks_per_half = 5) const;

  static constexpr Duration longest{std::int64_t{1} << 43};  ///< About 2.4 hours.

 private:
  std::vector<std::uint64_t> cells_;  ///< Grown on demand.
  std::uint64_t count_ = 0;
  long double sum_ = 0;  ///< Integers below 2^64 are exact in it on x86-64 and AArch64 alike.
  Duration min_ = Duration::max();
  Duration max_{0};
};

}  // namespace peakstorm
