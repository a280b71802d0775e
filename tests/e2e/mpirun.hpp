/// The program under a real mpirun.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {

/// mpirun that listens on loopback only and asks no scheduler for hosts.
inline std::vector<std::string> launcher() {
  return {"mpirun",
          "--oversubscribe",
          "--allow-run-as-root",
          "--bind-to",
          "none",
          "--mca",
          "btl",
          "self,vader,tcp",
          "--mca",
          "btl_tcp_if_include",
          "lo",
          "--mca",
          "oob_tcp_if_include",
          "lo",
          "--mca",
          "plm",
          "isolated"};
}

/// So many processes with these arguments.
inline std::vector<std::string> job(std::size_t ranks, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"-n", std::to_string(ranks), PEAKSTORM_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

inline Command mpirun(const std::vector<std::string>& jobs) {
  Command command{launcher()};
  command.words.insert(command.words.end(), jobs.begin(), jobs.end());
  return command;
}

inline std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream in("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; in >> child;) children.push_back(child);
  return children;
}

/// The processes that work, below their watchers.
inline std::vector<pid_t> ranks_of(pid_t mpirun) {
  std::vector<pid_t> ranks;
  for (const pid_t watcher : children_of(mpirun)) {
    for (const pid_t rank : children_of(watcher)) ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace peakstorm::e2e
