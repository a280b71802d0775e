/// The one place that knows which URL scheme leads to which transport.
#pragma once

#include <memory>

#include "adapters/broker.hpp"
#include "adapters/replay.hpp"
#include "adapters/transport.hpp"

namespace peakstorm {

struct OpenTarget {
  std::unique_ptr<Transport> transport;
  std::unique_ptr<StoredMessages> stored;  ///< Of a broker that is to be read back. Goes before the transport.
};

/// Connects. Requires: `facts` are check_target's. `clock` must outlive the target. Errors: as the transport's maker
/// has them.
Result<OpenTarget> open_target(const ReplayOptions& options, const TargetFacts& facts, bool read_back,
                               const SteadyClock& clock);

}  // namespace peakstorm
