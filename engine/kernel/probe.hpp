/// Watches how a run spreads over processes and windows.
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernel/event.hpp"

namespace peakstorm::kernel {

/// What a process did in one window.
struct ProcessWork {
  LpId process{};
  std::uint32_t partition = 0;
  std::uint64_t events = 0;  ///< At least 1.
  std::uint64_t units = 0;   ///< As the model counts them; 0 when it does not.
};

/// Called on the thread that runs the engine, after each window. Without a probe the engine counts nothing.
class Probe {
 public:
  virtual ~Probe() = default;
  /// The window [from, until) began with an event at `from`. `work`: this rank's processes that had events, by
  /// partition; the order within one is chance.
  virtual void window(SimTime from, SimTime until, std::span<const ProcessWork> work) = 0;
};

}  // namespace peakstorm::kernel
