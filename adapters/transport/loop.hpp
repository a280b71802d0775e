/// Waits for sockets and for an instant at once: epoll, edge-triggered, to the nanosecond. One thread.
///
/// Every descriptor is registered once, for both directions, and not again for each wait: a request costs one send, one
/// recv and its share of a wait. Whoever is told that a descriptor is ready has to move bytes until that blocks.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "adapters/clock.hpp"

namespace peakstorm {

class Loop {
 public:
  class Watcher {
   public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    /// Something may have become readable, writable or broken (`events` as of epoll); it may also turn out that
    /// nothing did.
    virtual void ready(std::uint32_t events) = 0;
    virtual ~Watcher() = default;
  };

  /// While it lives, waits of this thread end when they are due: the kernel otherwise lets them be 50 us late to save
  /// wake-ups. `clock` must outlive it.
  explicit Loop(const SteadyClock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// False when the system had no descriptor left for it: then nothing else may be called.
  [[nodiscard]] bool usable() const { return epoll_ >= 0; }
  /// False when the descriptor cannot be watched. Closing it ends the watch; then call `forget`.
  bool watch(int descriptor, Watcher& watcher);
  /// The watcher is not called any more, though its descriptor may have been ready already.
  void forget(const Watcher& watcher);
  /// Waits until a descriptor is ready or `until` has come, and tells the watchers of those that are, 64 at most.
  /// Does not wait when `until` is past.
  void run(std::chrono::nanoseconds until);
  /// When the last wait ended.
  [[nodiscard]] std::chrono::nanoseconds woke() const { return woke_; }

 private:
  const SteadyClock& clock_;
  int epoll_ = -1;
  int slack_before_ = 0;  // Nanoseconds.
  std::array<epoll_event, 64> events_{};
  std::size_t ready_ = 0;  // Of events_, in the round under way.
  std::chrono::nanoseconds woke_ = std::chrono::nanoseconds::min() / 2;
};

}  // namespace peakstorm
