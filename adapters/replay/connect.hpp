/// The way to the target that options describe.
#pragma once

#include <memory>

#include "adapters/replay/session.hpp"

namespace peakstorm {

/// Stays where it is: the transport refers to the clock.
struct TargetLine {
  SteadyClock clock;
  std::unique_ptr<wire::WireFormat> format;
  std::unique_ptr<Transport> transport;
  [[nodiscard]] ReplayPorts ports() const { return {*format, *transport, clock}; }
};

/// Errors: bad_input (target not loopback and not allowed, unknown format), unreachable. `world` must outlive it.
Result<std::unique_ptr<TargetLine>> connect(const World& world, const ReplayOptions& options);

}  // namespace peakstorm
