/// Wall time, injected: the only place from which the replay learns what time it is.
#pragma once

#include <chrono>

namespace peakstorm {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Time since the clock's own start; never goes backwards.
  [[nodiscard]] virtual std::chrono::nanoseconds now() const = 0;
  /// Time since 1 Jan 1970 UTC by the wall, for what receivers compare with their own; may jump.
  [[nodiscard]] virtual std::chrono::nanoseconds unix_time() const = 0;
  /// Processor time of this process so far, all threads, user and system.
  [[nodiscard]] virtual std::chrono::nanoseconds processor() const = 0;
};

/// The machine's monotonic clock. Any thread.
class SteadyClock final : public Clock {
 public:
  SteadyClock() : start_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] std::chrono::nanoseconds now() const override { return std::chrono::steady_clock::now() - start_; }
  [[nodiscard]] std::chrono::nanoseconds unix_time() const override {
    return std::chrono::system_clock::now().time_since_epoch();
  }
  [[nodiscard]] std::chrono::nanoseconds processor() const override;
  /// The instant of the machine's clock that `now()` calls `at`.
  [[nodiscard]] std::chrono::steady_clock::time_point instant(std::chrono::nanoseconds at) const { return start_ + at; }

 private:
  std::chrono::steady_clock::time_point start_;
};

}  // namespace peakstorm
