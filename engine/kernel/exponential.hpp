/// Exponential variates that are the same to the bit on every machine. Pure; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace peakstorm::kernel {

namespace detail {

/// 1 / c and ln c at the middle c of each of 256 equal cells of [1, 2).
struct LogCell {
  double inverse = 1;
  double log = 0;
};

constexpr std::array<LogCell, 256> log_cells() {
  std::array<LogCell, 256> cells{};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double c = 1 + (static_cast<double>(i) + 0.5) / 256;
    // ln c = 2 artanh((c - 1) / (c + 1)); the argument is below 1/3, so 17 terms reach the last bit.
    const double z = (c - 1) / (c + 1);
    double sum = 0;
    for (int k = 33; k >= 1; k -= 2) sum = sum * z * z + 1.0 / k;
    cells[i] = {1 / c, 2 * z * sum};
  }
  return cells;
}

inline constexpr std::array<LogCell, 256> log_table = log_cells();

}  // namespace detail

/// Exponential variate of mean 1 by inversion: -ln u, where u is the middle of cell `word` of 2^32 equal
/// cells of (0, 1). In [1e-10, 22.9]; error below 1e-11. Only additions and multiplications of IEEE 754 are
/// used (compile with -ffp-contract=off): libm's log differs between versions in the last bit.
inline double exponential(std::uint32_t word) {
  const std::uint64_t u = 2 * std::uint64_t{word} + 1;  // u / 2^33
  const int zeros = std::countl_zero(u);                // 31 to 63
  const std::uint64_t mantissa = u << static_cast<unsigned>(zeros);
  const detail::LogCell& cell = detail::log_table[(mantissa >> 55U) & 255U];
  const double m = static_cast<double>(mantissa >> 11U) * 0x1p-52;  // In [1, 2), exact.
  const double r = m * cell.inverse - 1;                            // |r| <= 2^-9
  const double log_m = cell.log + (r - r * r * (0.5 - r * (1.0 / 3)));
  return (zeros - 30) * 0.69314718055994530942 - log_m;
}

}  // namespace peakstorm::kernel
