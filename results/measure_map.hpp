/// Named numbers of a run: what gates test, `--json` prints and the table `measure` holds, under the same names.
/// A value; safe to copy and to read from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace peakstorm {

enum class Unit : std::uint8_t {
  count,
  share,       ///< In [0, 1]; written as 0.9 or 90%.
  ms,          ///< Wall clock, milliseconds; gates may write ns, us, ms, s.
  minutes,     ///< Simulated time; gates may write m, h, d.
  per_second,  ///< Gates may write /s.
  cents,       ///< Gates write $12.50.
};
inline constexpr std::array<const char*, 6> unit_names{"count", "share", "ms", "minutes", "per_second", "cents"};

struct Measure {
  /// None: the measure exists in this kind of run, but nothing was counted (no parcel was due, no check was made).
  std::optional<double> value;
  Unit unit = Unit::count;
  std::optional<double> low;  ///< 95 % interval over replications, where there are several.
  std::optional<double> high;
};

/// By name, for instance "on_time.promise" or "endpoint.scan.p99".
using MeasureMap = std::map<std::string, Measure, std::less<>>;

}  // namespace peakstorm
