#include "adapters/cluster/start.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace peakstorm::cluster {
namespace {

namespace fs = std::filesystem;
constexpr const char* module_name = "libpeakstorm_mpi.so";

fs::path module_path() {
  if (const char* given = std::getenv("PEAKSTORM_MPI")) return given;
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path installed = beside / "../lib/peakstorm" / module_name;
  return !fs::exists(beside / module_name, error) && fs::exists(installed, error) ? installed : beside / module_name;
}

}  // namespace

Result<RunningJob> start(const Launch& launch, int& argc, char**& argv) {
  const fs::path path = module_path();
  // MPI's own plug-ins look for its symbols.
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    return fail(ErrorKind::bad_input, std::string(launch.launcher) + " started " + std::to_string(launch.ranks) +
                                          " processes, but MPI cannot be loaded: " + dlerror() +
                                          "; install Open MPI's libraries, or start one process");
  }
  const auto begin = reinterpret_cast<StartJob>(dlsym(module, "peakstorm_start_job"));
  const auto finish = reinterpret_cast<FinishJob>(dlsym(module, "peakstorm_finish_job"));
  if (begin == nullptr || finish == nullptr) {
    return fail(ErrorKind::bad_input, path.string() + ": not the MPI module of this program; remove PEAKSTORM_MPI");
  }
  Job& job = *begin(&argc, &argv);
  if (job.ranks() != launch.ranks) {
    return fail(ErrorKind::bad_input,
                std::string(launch.launcher) + " started " + std::to_string(launch.ranks) +
                    " processes, but MPI sees " + std::to_string(job.ranks()) +
                    " of them; start them with Open MPI's mpirun, or with srun --mpi=pmix where Slurm has it");
  }
  return RunningJob(job, finish);
}

unsigned threads_per_rank(std::size_t ranks_here) {
  const long online = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t set;
  CPU_ZERO(&set);
  const long bound = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : online;
  if (bound < online) return static_cast<unsigned>(std::max(1L, bound));
  return static_cast<unsigned>(
      std::max<std::size_t>(1, static_cast<std::size_t>(online) / std::max<std::size_t>(1, ranks_here)));
}

}  // namespace peakstorm::cluster
