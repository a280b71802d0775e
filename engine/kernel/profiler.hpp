/// A Probe that makes a ParallelismProfile.
#pragma once

#include <array>
#include <vector>

#include "engine/kernel/probe.hpp"
#include "engine/profile.hpp"

namespace peakstorm::kernel {

/// Memory: 16 bytes per window. Of one rank; others' work is not seen.
class Profiler final : public Probe {
 public:
  Profiler(std::size_t processes, std::size_t partitions, WorkCosts costs = {});
  void window(SimTime from, SimTime until, std::span<const ProcessWork> work) override;
  /// The profile so far.
  [[nodiscard]] ParallelismProfile profile() const;

 private:
  [[nodiscard]] double cost(std::uint64_t events, std::uint64_t units) const;
  /// Adds, per number of cores, the time that `items` (ns, any order) take.
  using Spans = std::array<double, std::size(profile_cores)>;
  static void add_spans(std::vector<double>& items, Spans& spans);

  ParallelismProfile profile_;
  std::vector<std::uint64_t> events_;
  std::vector<std::uint64_t> units_;
  std::int64_t span_ticks_ = 0;
  Spans partition_spans_{};
  Spans process_spans_{};
  std::vector<ParallelismProfile::Work> window_;  // Scratch: by partition.
};

}  // namespace peakstorm::kernel
