// The module that start() loads: the only part of the program that is linked with MPI.
#include <memory>

#include "adapters/cluster/mpi.hpp"

namespace {

std::unique_ptr<peakstorm::cluster::MpiJob>& job() {
  static std::unique_ptr<peakstorm::cluster::MpiJob> the_job;
  return the_job;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) peakstorm::cluster::Job* peakstorm_start_job(int* argc,
                                                                                               char*** argv) {
  // Never destroyed by itself: MPI_Finalize waits for the other ranks, which a rank that gives up must not do.
  job() = std::make_unique<peakstorm::cluster::MpiJob>(*argc, *argv);
  return job().get();
}

extern "C" __attribute__((visibility("default"))) void peakstorm_finish_job() {
  job().reset();
}
