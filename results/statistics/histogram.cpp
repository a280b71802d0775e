#include "results/histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

// Values below 2048 have a cell each; every further octave has 1024 cells. So a cell is never wider than 1/1024 of
// its lower end.
constexpr unsigned sub_bits = 10;
constexpr std::uint64_t half_cells = std::uint64_t{1} << sub_bits;

std::size_t cell_of(std::uint64_t value) {
  if (value < 2 * half_cells) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - (sub_bits + 1);
  return static_cast<std::size_t>(shift * half_cells + (value >> shift));
}

std::uint64_t upper_end(std::size_t cell) {
  if (cell < 2 * half_cells) return cell;
  const std::uint64_t shift = cell / half_cells - 1;
  const std::uint64_t mantissa = cell - shift * half_cells;
  return ((mantissa + 1) << shift) - 1;
}

double to_ms(std::chrono::nanoseconds value) {
  return static_cast<double>(value.count()) / 1e6;
}

}  // namespace

void LatencyHistogram::record(Duration value, std::uint64_t times) {
  if (times == 0) return;
  value = std::max(value, Duration{0});
  const auto clamped = static_cast<std::uint64_t>(std::min(value, longest).count());
  const std::size_t cell = cell_of(clamped);
  if (cell >= cells_.size()) cells_.resize(cell + 1);
  cells_[cell] += times;
  count_ += times;
  sum_ += static_cast<long double>(value.count()) * static_cast<long double>(times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  if (other.cells_.size() > cells_.size()) cells_.resize(other.cells_.size());
  for (std::size_t i = 0; i < other.cells_.size(); ++i) cells_[i] += other.cells_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double LatencyHistogram::mean_ms() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_ / static_cast<long double>(count_)) / 1e6;
}

LatencyHistogram::Duration LatencyHistogram::quantile(double q) const {
  PEAKSTORM_CHECK(q >= 0 && q <= 1, q);
  if (count_ == 0) return Duration{0};
  // Nearest rank. The small allowance keeps q = 0.99 of 100 values at the 99th, whatever 0.99 * 100 rounds to.
  const double exact = q * static_cast<double>(count_);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12)), 1, count_);
  if (rank == count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    seen += cells_[cell];
    if (seen >= rank) return std::min(Duration{static_cast<std::int64_t>(upper_end(cell))}, max_);
  }
  return max_;
}

double LatencyHistogram::quantile_ms(double q) const {
  return to_ms(quantile(q));
}

void LatencyHistogram::for_each_cell(const std::function<void(Duration, std::uint64_t)>& visit) const {
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    if (cells_[cell] != 0) visit(Duration{static_cast<std::int64_t>(upper_end(cell))}, cells_[cell]);
  }
}

std::string LatencyHistogram::hgrm(int ticks_per_half) const {
  PEAKSTORM_CHECK(ticks_per_half > 0, ticks_per_half);
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const auto write = std::back_inserter(text);
  std::uint64_t seen = 0;
  std::size_t cell = 0;
  double level = 0;
  while (count_ > 0) {
    const auto rank =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(level * static_cast<double>(count_))));
    while (seen < rank) seen += cells_[cell++];
    const Duration value = std::min(Duration{static_cast<std::int64_t>(upper_end(cell - 1))}, max_);
    if (seen == count_) break;
    fmt::format_to(write, "{:12.6f} {:2.12f} {:10d} {:14.2f}\n", to_ms(value), level, seen, 1 / (1 - level));
    // Steps shrink as the tail gets thinner: `ticks_per_half` steps per halving of what is left.
    const double halvings = std::floor(std::log2(1 / (1 - level))) + 1;
    level += 1 / (static_cast<double>(ticks_per_half) * std::exp2(halvings));
  }
  if (count_ > 0) fmt::format_to(write, "{:12.6f} {:2.12f} {:10d}\n", to_ms(max_), 1.0, count_);
  double squares = 0;
  const double mean = mean_ms();
  for_each_cell([&](Duration upper, std::uint64_t count) {
    const double off = to_ms(std::min(upper, max_)) - mean;
    squares += off * off * static_cast<double>(count);
  });
  const double deviation = count_ == 0 ? 0 : std::sqrt(squares / static_cast<double>(count_));
  fmt::format_to(write, "#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n", mean, deviation);
  fmt::format_to(write, "#[Max     = {:12.6f}, Total count    = {:12d}]\n", to_ms(max_), count_);
  fmt::format_to(write, "#[Buckets = {:12d}, SubBuckets     = {:12d}]\n", 34, 2 * half_cells);
  return text;
}

}  // namespace peakstorm
