#include "adapters/cluster/launcher.hpp"

#include <array>
#include <cstdlib>

namespace peakstorm::cluster {
namespace {

struct Known {
  const char* launcher;
  const char* size;
  const char* rank;
};
// The order matters: srun sets its own beside those of the process manager it speaks for, mpirun within an allocation
// leaves Slurm's in place.
constexpr std::array<Known, 3> known_launchers{{{"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
                                                {"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
                                                {"a PMI launcher", "PMI_SIZE", "PMI_RANK"}}};

std::optional<std::size_t> number(const char* text) {
  if (text == nullptr || *text == '\0') return std::nullopt;
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*end != '\0' || value > 1'000'000) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Launch> launched(const Environment& environment) {
  for (const Known& known : known_launchers) {
    const auto ranks = number(environment(known.size));
    const auto rank = number(environment(known.rank));
    if (!ranks || !rank || *rank >= *ranks) continue;
    if (*ranks == 1) return std::nullopt;
    return Launch{known.launcher, *rank, *ranks};
  }
  return std::nullopt;
}

}  // namespace peakstorm::cluster
