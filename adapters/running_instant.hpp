/// How far simulated time has come while a run is replayed, for those who look on from other threads: a carrier that is
/// polled answers with what it knows at that instant.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "engine/time.hpp"

namespace peakstorm {

/// Any thread. Never goes backwards.
class RunningInstant {
 public:
  using Wall = std::function<std::chrono::nanoseconds()>;

  /// Stands at `first` until it is moved. `wall` never goes backwards; empty: the machine's monotonic clock.
  explicit RunningInstant(SimTime first, Wall wall = {})
      : wall_(wall ? std::move(wall) : [] { return std::chrono::steady_clock::now().time_since_epoch(); }),
        first_(first),
        reached_(first.time_since_epoch().count()) {}

  /// From now on `speed` simulated seconds pass in one second. 0: only `reach` moves it.
  void start(double speed) {
    started_ns_.store(wall_().count(), std::memory_order_relaxed);
    speed_.store(speed, std::memory_order_release);  // Pairs with the load in now().
  }
  /// What is published by `at` is known from now on.
  void reach(SimTime at) {
    std::int64_t seen = reached_.load(std::memory_order_relaxed);
    const std::int64_t ms = at.time_since_epoch().count();
    while (seen < ms && !reached_.compare_exchange_weak(seen, ms, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] SimTime now() const {
    const SimTime reached{SimDuration{reached_.load(std::memory_order_relaxed)}};
    const double speed = speed_.load(std::memory_order_acquire);
    if (speed <= 0) return reached;
    const auto wall_ns = static_cast<double>(wall_().count() - started_ns_.load(std::memory_order_relaxed));
    // A run is over long before; beyond, a double's sum would not fit.
    constexpr double longest_ms = 1e15;
    return std::max(reached,
                    first_ + SimDuration{static_cast<std::int64_t>(std::min(wall_ns * 1e-6 * speed, longest_ms))});
  }

 private:
  Wall wall_;
  SimTime first_;
  std::atomic<std::int64_t> reached_;
  std::atomic<std::int64_t> started_ns_{0};
  std::atomic<double> speed_{0};
};

}  // namespace peakstorm
