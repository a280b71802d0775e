/// Random times of the queueing models: a law, a mean, and draws that are the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/kernel/exponential.hpp"
#include "engine/portable_math.hpp"
#include "engine/random.hpp"
#include "engine/time.hpp"

namespace peakstorm::kernel {

inline constexpr std::int64_t ticks_per_unit = 1'000'000;  ///< Of the models' unit of time.

/// A number of time units in ticks, rounded down.
inline SimDuration units(double count) {
  return SimDuration{static_cast<std::int64_t>(count * ticks_per_unit)};
}

struct Times {
  enum class Law : std::uint8_t { exponential, constant, lognormal, gamma } law = Law::exponential;
  double mean = 1;  ///< Time units.
  double scv = 1;   ///< Squared coefficient of variation, for lognormal and gamma.

  /// The time that belongs to (entity, number).
  [[nodiscard]] SimDuration draw(const DrawKey& run, std::uint64_t entity, std::uint32_t number) const {
    if (law == Law::constant) return units(mean);
    const Draws draws(run, Purpose::test, entity, number);
    if (law == Law::exponential) return units(mean * exponential(draws.word(0)));
    if (law == Law::lognormal) {
      const double variance = std::log1p(scv);
      return units(mean * portable_exp(std::sqrt(variance) * normal_quantile(draws.unit(0)) - variance / 2));
    }
    // Gamma of shape 1 / scv: exponentials for the whole part, Johnk's rejection for the rest.
    double sum = 0;
    double shape = 1 / scv;
    std::uint32_t next = 0;
    const auto fresh = [&] { return Draws(run, Purpose::test, hash64(entity, number), next++); };
    for (; shape >= 1; shape -= 1) sum += exponential(fresh().word(0));
    while (shape > 0) {
      const Draws some = fresh();
      const double x = portable_exp(portable_log(some.unit(0)) / shape);
      const double y = portable_exp(portable_log(some.unit(1)) / (1 - shape));
      if (x + y > 1) continue;
      sum += exponential(some.word(2)) * x / (x + y);
      break;
    }
    return units(mean * scv * sum);
  }
};

}  // namespace peakstorm::kernel
