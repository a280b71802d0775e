/// Ranks as threads of one process: the Exchange of tests.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "engine/exchange.hpp"

namespace peakstorm::kernel {

class ThreadRanks {
 public:
  explicit ThreadRanks(std::size_t ranks)
      : barrier_(static_cast<std::ptrdiff_t>(ranks)), values_(ranks), sums_(ranks), bytes_(ranks), posts_(ranks) {}

  /// Runs work(exchange) once per rank, each on a thread of its own, and waits for all.
  void run(const std::function<void(Exchange&)>& work) {
    std::vector<std::jthread> threads;
    for (std::size_t rank = 0; rank < values_.size(); ++rank) {
      threads.emplace_back([this, rank, &work] {
        Port port(*this, rank);
        work(port);
      });
    }
  }

 private:
  class Port final : public Exchange {
   public:
    Port(ThreadRanks& all, std::size_t rank) : all_(all), rank_(rank) {}
    [[nodiscard]] std::size_t rank() const override { return rank_; }
    [[nodiscard]] std::size_t ranks() const override { return all_.values_.size(); }

    std::int64_t minimum(std::int64_t mine) override {
      all_.values_[rank_] = mine;
      meet();
      const std::int64_t least = *std::min_element(all_.values_.begin(), all_.values_.end());
      meet();
      return least;
    }
    void sum(std::span<std::uint64_t> values) override {
      all_.sums_[rank_].assign(values.begin(), values.end());
      meet();
      std::fill(values.begin(), values.end(), 0);
      for (const auto& other : all_.sums_) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += other[i];
      }
      meet();
    }
    std::vector<std::vector<std::byte>> swap(std::span<std::vector<std::byte>> outgoing) override {
      all_.posts_[rank_].assign(outgoing.begin(), outgoing.end());
      for (auto& bytes : outgoing) bytes.clear();
      meet();
      std::vector<std::vector<std::byte>> incoming;
      for (const auto& post : all_.posts_) incoming.push_back(post[rank_]);
      meet();
      return incoming;
    }
    std::vector<std::vector<std::byte>> gather(std::span<const std::byte> mine) override {
      all_.bytes_[rank_].assign(mine.begin(), mine.end());
      meet();
      std::vector<std::vector<std::byte>> all;
      if (rank_ == 0) all = all_.bytes_;
      meet();
      return all;
    }

   private:
    void meet() { all_.barrier_.arrive_and_wait(); }
    ThreadRanks& all_;
    std::size_t rank_;
  };

  std::barrier<> barrier_;
  std::vector<std::int64_t> values_;
  std::vector<std::vector<std::uint64_t>> sums_;
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<std::vector<std::vector<std::byte>>> posts_;  ///< [sender][receiver]
};

}  // namespace peakstorm::kernel
