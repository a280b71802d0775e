/// Where the ranks of a distributed run meet. A rank is one process (or, in tests, one thread) that holds
/// some of the partitions. Every function is collective: each rank calls the same one, in the same order,
/// from the thread that runs the engine, and returns when all have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace peakstorm::kernel {

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual std::size_t rank() const = 0;  ///< Of the caller, in [0, ranks()).
  [[nodiscard]] virtual std::size_t ranks() const = 0;

  /// The least of all ranks' values.
  virtual std::int64_t minimum(std::int64_t mine) = 0;
  /// Adds up all ranks' values (modulo 2^64), element by element, in place. Same length on every rank.
  virtual void sum(std::span<std::uint64_t> values) = 0;
  /// Sends outgoing[r] to rank r and returns what came, by sender. outgoing has ranks() entries; they are
  /// left empty, with their memory, for the next window.
  virtual std::vector<std::vector<std::byte>> swap(std::span<std::vector<std::byte>> outgoing) = 0;
  /// Brings every rank's bytes to rank 0: there one entry per rank, elsewhere none.
  virtual std::vector<std::vector<std::byte>> gather(std::span<const std::byte> mine) = 0;
};

/// The run has one rank.
class SingleRank final : public Exchange {
 public:
  [[nodiscard]] std::size_t rank() const override { return 0; }
  [[nodiscard]] std::size_t ranks() const override { return 1; }
  std::int64_t minimum(std::int64_t mine) override { return mine; }
  void sum(std::span<std::uint64_t> /*values*/) override {}
  std::vector<std::vector<std::byte>> swap(std::span<std::vector<std::byte>> outgoing) override {
    std::vector<std::vector<std::byte>> incoming(1);
    incoming[0].swap(outgoing[0]);
    return incoming;
  }
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> mine) override {
    return {std::vector<std::byte>(mine.begin(), mine.end())};
  }
};

}  // namespace peakstorm::kernel
