/// The way to the target that options describe.
#pragma once

#include <memory>

#include "adapters/replay/session.hpp"
#include "adapters/replay/target.hpp"

namespace peakstorm {

/// Stays where it is: the transport refers to the clock.
struct TargetLine {
  SteadyClock clock;
  std::unique_ptr<wire::WireFormat> format;
  OpenTarget target;
  bool is_broker = false;
  bool is_grpc = false;
  [[nodiscard]] ReplayPorts ports() const {
    return {*format, *target.transport, clock, is_broker, target.stored.get(), is_broker || is_grpc};
  }
};

/// Errors: bad_input (target not loopback and not allowed, unknown format), unreachable. `world` must outlive it. A
/// broker is told to keep the messages for us when they are to be read back.
Result<std::unique_ptr<TargetLine>> connect(const World& world, const ReplayOptions& options, bool read_back);

/// The options as they suit their target: a broker shows no pages, and gets more attempts.
ReplayOptions suited(const ReplayOptions& options);

}  // namespace peakstorm
