/// Instants and durations as people write them, in scenarios and on the command line. Pure, but for the IANA database,
/// which is read once.
#pragma once

#include <string_view>

#include "engine/result.hpp"
#include "engine/time.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// "2013-12-05 12:00 America/Chicago" or "2013-12-05 12:00 UTC", seconds allowed. Errors (bad_input): not an instant;
/// not on the days of the world.
Result<SimTime> read_instant(const World& world, std::string_view text);

/// "24h", "1d 6h", "90m": units d, h, m, s, each at most once and in that order; above 0. Error: bad_input.
Result<SimDuration> read_duration(std::string_view text);

}  // namespace peakstorm
