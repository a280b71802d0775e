/// When each item is meant to leave: arithmetic only.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "adapters/rate_profile.hpp"
#include "engine/time.hpp"

namespace peakstorm {

/// Intended instants since the start of the replay; never decreasing for ascending items. A double's 53 bits keep
/// them exact to a nanosecond over a hundred days of wall time.
class Pacer {
 public:
  /// Simulated time compressed: (at - first) / speed. Requires: speed > 0.
  static Pacer by_time(SimTime first, double speed) { return {first, speed, {}}; }
  /// Item i when i requests are due. Requires: not empty.
  static Pacer by_rates(RateProfile rates) { return {SimTime{}, 0, std::move(rates)}; }

  [[nodiscard]] std::chrono::nanoseconds intended(SimTime at, std::uint64_t item) const {
    const double ns = rates_.empty() ? static_cast<double>((at - first_).count()) * 1e6 / speed_
                                     : rates_.seconds_until(static_cast<double>(item)) * 1e9;
    return std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
  }

 private:
  Pacer(SimTime first, double speed, RateProfile rates) : first_(first), speed_(speed), rates_(std::move(rates)) {}
  SimTime first_;
  double speed_;
  RateProfile rates_;
};

}  // namespace peakstorm
