/// The ranks of a job as the party that sends one replay.
#pragma once

#include "adapters/cluster/common_clock.hpp"
#include "adapters/cluster/start.hpp"
#include "adapters/replay_party.hpp"

namespace peakstorm::cluster {

/// A rank that waits for others naps meanwhile, so that it leaves its processor to who still sends.
class RankParty final : public ReplayParty {
 public:
  /// `job` must outlive it. `clock`: this host's; the machine's when empty.
  explicit RankParty(Job& job, HostClock clock = {});

  [[nodiscard]] ParcelShare share() const override { return {job_.rank(), job_.ranks()}; }
  bool called_off(bool mine) override;
  bool meet(bool well) override;
  std::chrono::nanoseconds until_start() override;
  std::uint64_t sum(std::uint64_t mine) override;

  /// As of the latest start; zero before, and on rank 0.
  [[nodiscard]] const ClockOffset& offset() const { return offset_; }
  /// By how much the clock has run away from rank 0's since the latest start, as far as it can be told; asks again.
  /// Zero when nothing was started. Collective, after `meet`.
  std::chrono::nanoseconds drift();

 private:
  Job& job_;
  HostClock clock_;
  ClockOffset offset_;
  bool started_ = false;
  bool mine_off_ = false;
  bool off_ = false;
};

}  // namespace peakstorm::cluster
