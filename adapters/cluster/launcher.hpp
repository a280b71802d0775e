/// Whether this process is one of several that a launcher started for one job, as its environment tells. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace peakstorm::cluster {

struct Launch {
  std::string launcher;  ///< "mpirun" or "srun"; "a PMI launcher" for others.
  std::size_t rank = 0;
  std::size_t ranks = 1;  ///< As the launcher says; more than one.
};

/// Value of an environment variable; null when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// None: the process is alone, or the only one of its job. Known: Open MPI's mpirun (OMPI_COMM_WORLD_SIZE), Slurm's
/// srun (SLURM_STEP_NUM_TASKS), and launchers that set PMI_SIZE.
std::optional<Launch> launched(const Environment& environment);

}  // namespace peakstorm::cluster
