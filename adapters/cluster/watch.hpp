/// A rank is two processes: one that computes, and one that watches it. When the first is killed, by the kernel for
/// want of memory for instance, the second says which rank it was and how to go on, and ends with our exit code, at
/// which the launcher ends the other ranks.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "adapters/cluster/launcher.hpp"

namespace peakstorm::cluster {

/// What the computing process wants to be said should it die: kept in memory that both share, so that it outlives the
/// writer however it ends. One thread.
class LastWords {
 public:
  LastWords();
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

  /// Replaces the words; a death in the middle leaves those before. Longer ones are cut at 4,000 bytes.
  void set(std::string_view words);
  [[nodiscard]] std::string get() const;

 private:
  struct Shared;
  Shared* shared_;
};

/// Forks. In the child returns nothing, and the child goes on as the rank; it is killed when the watcher dies. In the
/// parent waits for the child, passes SIGTERM, SIGINT and SIGUSR1 on to it, and returns the exit code to end with: the
/// child's own, or 70 after a message when it was killed or ended with 70. Before any thread and before MPI.
std::optional<int> watch(const Launch& launch, const LastWords& words);

}  // namespace peakstorm::cluster
