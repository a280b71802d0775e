/// One replay over any format, transport and clock: what `replay` does once its parts are made. Tests give it a
/// faulty transport and a simulated clock.
#pragma once

#include <functional>
#include <stop_token>

#include "adapters/clock.hpp"
#include "adapters/replay.hpp"
#include "adapters/transport.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm {

struct ReplayPorts {
  wire::WireFormat& format;
  Transport& transport;
  const Clock& clock;  ///< The one that `transport.poll` goes by.
};

/// As `replay`. Requires: options checked by `plan_replay`.
Result<ReplaySummary> run_session(const World& world, ReplaySource& source, const ReplayOptions& options,
                                  const ReplayPorts& ports, ReplayRecorder& recorder, const std::stop_token& stop,
                                  const std::function<void(const ReplayProgress&)>& progress);

/// The pace that options and totals come to; speed is 0 at a fixed rate.
struct ReplayPlan {
  double speed = 0;
  double rate = 0;
};
/// Errors: bad_input for numbers out of range, and for a pace beyond `rate_max` or `seconds_max`.
Result<ReplayPlan> plan_replay(const ReplayOptions& options, const ReplaySource::Totals& totals);

}  // namespace peakstorm
