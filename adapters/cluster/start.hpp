/// Starting MPI when, and only when, there are ranks. MPI stands in a module of its own that is loaded then: an
/// ordinary run needs no MPI library and spends no time on one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "adapters/cluster/launcher.hpp"
#include "engine/exchange.hpp"
#include "engine/result.hpp"

namespace peakstorm::cluster {

/// What a rank needs of MPI beyond the kernel's exchange.
class Job : public kernel::Exchange {
 public:
  /// Ranks on this rank's host, this one included.
  [[nodiscard]] virtual std::size_t ranks_here() const = 0;
  /// One number to another rank, and from another rank; each waits for the other side.
  virtual void send(std::size_t to, std::int64_t number) = 0;
  virtual std::int64_t receive(std::size_t from) = 0;
  /// What a rank has to say in a vote that nobody waits for.
  struct Voice {
    bool ends = false;  ///< It wants the work to end.
    bool busy = false;  ///< It still works.
  };
  /// Begins a vote with what this rank has to say when none is under way, and looks whether it is over: then what any
  /// of the ranks said. A vote is over when all ranks have begun it. No collective function may come between.
  virtual std::optional<Voice> vote(const Voice& mine) = 0;
};

/// What the module exports: makes the Job and owns it until the process ends or finish_job() is called.
extern "C" using StartJob = Job * (*)(int* argc, char*** argv);
extern "C" using FinishJob = void(*)();

/// A job under way. finish() is collective; without it the destructor leaves MPI as it is, so that a rank that gives up
/// does not wait for the others: its launcher ends them.
class RunningJob {
 public:
  RunningJob(Job& started, FinishJob finisher) : job_(started), finish_(finisher) {}
  [[nodiscard]] Job& job() const { return job_; }
  void finish() const { finish_(); }

 private:
  Job& job_;
  FinishJob finish_;
};

/// Loads the module ($PEAKSTORM_MPI, else libpeakstorm_mpi.so beside the program, else in ../lib/peakstorm) and starts
/// MPI. At most once per process, from the thread that will run the simulation. Errors: bad_input when the module or
/// MPI's library is not there, or when MPI sees another number of ranks than the launcher started.
Result<RunningJob> start(const Launch& launch, int& argc, char**& argv);

/// Threads a rank should use: the processors it is bound to, or its share of the host's where it is bound to none.
unsigned threads_per_rank(std::size_t ranks_here);

}  // namespace peakstorm::cluster
