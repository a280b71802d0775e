/// Random variates from Philox words by inversion and alias tables; portable to the bit.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/portable_math.hpp"
#include "engine/random.hpp"

namespace peakstorm::flow {

/// A Poisson count: sums of counts of mean 32 at most, each by inversion of one 32-bit uniform.
inline std::uint64_t poisson(const DrawKey& run, Purpose purpose, std::uint64_t entity, double mean) {
  constexpr double most = 32;
  std::uint64_t count = 0;
  std::uint32_t draw = 0;
  std::size_t word = 4;
  Draws draws(run, purpose, entity, draw);
  while (mean > 0) {
    const double part = mean < most ? mean : most;
    mean -= part;
    if (word == 4) {
      draws = Draws(run, purpose, entity, draw++);
      word = 0;
    }
    const double u = draws.unit(word++);
    double p = portable_exp(-part);
    double sum = p;
    std::uint64_t k = 0;
    while (u > sum && k < 1000) {
      ++k;
      p *= part / static_cast<double>(k);
      sum += p;
    }
    count += k;
  }
  return count;
}

/// Draws an index with given integer weights from one 32-bit word (Walker's alias method, Vose's set-up).
class AliasTable {
 public:
  AliasTable() = default;
  explicit AliasTable(const std::vector<std::uint64_t>& weights) : cells_(weights.size()) {
    double total = 0;
    for (const std::uint64_t weight : weights) total += static_cast<double>(weight);
    std::vector<double> scaled;
    std::vector<std::uint32_t> small;
    std::vector<std::uint32_t> large;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      scaled.push_back(static_cast<double>(weights[i]) * static_cast<double>(weights.size()) / total);
      (scaled.back() < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
    }
    const auto threshold = [](double p) {
      return static_cast<std::uint32_t>(p >= 1 ? 4294967295.0 : p * 4294967296.0);
    };
    while (!small.empty() && !large.empty()) {
      const std::uint32_t less = small.back();
      const std::uint32_t more = large.back();
      small.pop_back();
      cells_[less] = {threshold(scaled[less]), more};
      scaled[more] -= 1 - scaled[less];
      if (scaled[more] < 1) {
        large.pop_back();
        small.push_back(more);
      }
    }
    for (const std::uint32_t i : small) cells_[i] = {0xffffffffU, i};
    for (const std::uint32_t i : large) cells_[i] = {0xffffffffU, i};
  }
  [[nodiscard]] std::size_t pick(std::uint32_t word) const {
    const std::uint64_t product = std::uint64_t{word} * cells_.size();
    const Cell& cell = cells_[product >> 32U];
    return static_cast<std::uint32_t>(product) < cell.threshold ? product >> 32U : cell.alias;
  }
  [[nodiscard]] bool empty() const { return cells_.empty(); }

 private:
  struct Cell {
    std::uint32_t threshold = 0;
    std::uint32_t alias = 0;
  };
  std::vector<Cell> cells_;
};

}  // namespace peakstorm::flow
