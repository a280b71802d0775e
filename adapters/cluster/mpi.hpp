/// Ranks as MPI processes: the kernel's exchange for a run under mpirun, Slurm or Kubernetes' MPIJob.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "adapters/cluster/start.hpp"

namespace peakstorm::cluster {

/// Starts MPI and ends it; at most one per process, made and destroyed in main(). Started without a launcher
/// it is a job of one rank. MPI is called from the thread that made it only. When a rank dies or MPI fails,
/// MPI ends the whole job with its own message.
class MpiJob final : public Job {
 public:
  /// May remove arguments that belong to MPI.
  MpiJob(int& argc, char**& argv);
  ~MpiJob() override;
  MpiJob(const MpiJob&) = delete;
  MpiJob& operator=(const MpiJob&) = delete;

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t ranks() const override { return ranks_; }
  [[nodiscard]] std::size_t ranks_here() const override { return ranks_here_; }
  void send(std::size_t to, std::int64_t number) override;
  std::int64_t receive(std::size_t from) override;
  std::optional<Voice> vote(const Voice& mine) override;
  std::int64_t minimum(std::int64_t mine) override;
  void sum(std::span<std::uint64_t> values) override;
  std::vector<std::vector<std::byte>> swap(std::span<std::vector<std::byte>> outgoing) override;
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> mine) override;

 private:
  struct Traffic;  ///< The messages and the vote under way; hides mpi.h.
  std::size_t rank_ = 0;
  std::size_t ranks_ = 1;
  std::size_t ranks_here_ = 1;
  std::unique_ptr<Traffic> traffic_;
};

}  // namespace peakstorm::cluster
