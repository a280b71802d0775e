#include <algorithm>

#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

std::chrono::milliseconds RetryPolicy::pause(unsigned made, std::uint32_t draw) const {
  std::chrono::milliseconds::rep wait = first.count();
  const auto bound = longest.count();
  for (unsigned i = 1; i < made && growth > 1 && wait > 0 && wait < bound; ++i) {
    wait = wait > bound / growth ? bound : wait * growth;
  }
  wait = std::min(wait, bound);
  if (jitter_ppm == 0) return std::chrono::milliseconds{wait};
  // The half-way draw is the pause itself.
  const double swing = (static_cast<double>(draw) - 0x1p31) / 0x1p31 * jitter_ppm / 1e6;
  return std::chrono::milliseconds{
      static_cast<std::chrono::milliseconds::rep>(static_cast<double>(wait) * (1 + swing))};
}

}  // namespace peakstorm::wire
