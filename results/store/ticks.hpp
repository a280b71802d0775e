/// Instants as a run folder keeps them.
#pragma once

#include <cstdint>

#include "engine/time.hpp"

namespace peakstorm::store {

/// Milliseconds since the engine's epoch.
inline std::int64_t ticks(SimTime at) {
  return at.time_since_epoch().count();
}

}  // namespace peakstorm::store
