/// The threads of a run, from oneTBB.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace peakstorm::kernel {

/// Runs the partitions of a window. Which thread takes which partition is left to chance and to balance;
/// nothing that matters depends on it. Used by one thread at a time.
///
/// The caller works, too, and never waits for a thread to come: it waits only for items that another thread
/// has begun. Helpers are tasks in a oneTBB arena that stay for a moment after a window, because the next one
/// usually follows within a microsecond; when it does not, they give their thread back.
class Workers {
 public:
  /// `threads` >= 1, the calling thread included.
  explicit Workers(unsigned threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Calls task(item) once per item and returns when all are done. What the tasks did is visible to the
  /// caller, and what the caller did before is visible to the tasks. Of the exceptions of tasks one is
  /// rethrown, after all.
  template <class Task>
  void for_each(std::span<const std::uint32_t> items, Task&& task) {
    using Plain = std::remove_reference_t<Task>;
    run(
        items, [](void* context, std::uint32_t item) { (*static_cast<Plain*>(context))(item); }, &task);
  }

 private:
  void run(std::span<const std::uint32_t> items, void (*call)(void*, std::uint32_t), void* context);

  class Crew;
  struct Arena;
  /// On a helper's thread; takes over the share in the crew.
  static void help(std::shared_ptr<Crew>* crew);

  std::unique_ptr<Arena> arena_;  ///< None when there is one thread.
};

}  // namespace peakstorm::kernel
