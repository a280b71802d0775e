#pragma once

#include <atomic>

namespace peakstorm {

/// Orders what one thread wrote before it gave a task to oneTBB before what the thread that runs the task reads.
///
/// oneTBB does so too, but in a library that the thread sanitizer cannot see into; without this word between the two
/// threads it would report a race that is none. For the same reason the task itself, a lambda that captures nothing
/// but pointers, is marked `no_sanitize("thread")`: oneTBB wrote its memory unseen. It does nothing but call the
/// function that begins with take().
///
/// Costs an atomic increment per task. Threads: give() and take() from any.
class HandOver {
 public:
  /// On the thread that wrote, just before the task is given.
  void give() noexcept { count_.fetch_add(1, std::memory_order_release); }
  /// On the thread that runs the task, before it reads.
  void take() const noexcept { static_cast<void>(count_.load(std::memory_order_acquire)); }

 private:
  std::atomic<unsigned> count_{0};
};

}  // namespace peakstorm
