/// When each item is meant to leave: arithmetic only.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/time.hpp"

namespace peakstorm {

/// Intended instants since the start of the replay; never decreasing for ascending items. A double's 53 bits keep
/// them exact to a nanosecond over a hundred days of wall time.
class Pacer {
 public:
  /// Simulated time compressed: (at - first) / speed. Requires: speed > 0.
  static Pacer by_time(SimTime first, double speed) { return Pacer(first, speed, 0); }
  /// Item i at i / rate seconds. Requires: rate > 0.
  static Pacer by_rate(double rate) { return Pacer(SimTime{}, 0, rate); }

  [[nodiscard]] std::chrono::nanoseconds intended(SimTime at, std::uint64_t item) const {
    const double ns =
        rate_ > 0 ? static_cast<double>(item) * 1e9 / rate_ : static_cast<double>((at - first_).count()) * 1e6 / speed_;
    return std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
  }

 private:
  Pacer(SimTime first, double speed, double rate) : first_(first), speed_(speed), rate_(rate) {}
  SimTime first_;
  double speed_;
  double rate_;
};

}  // namespace peakstorm
