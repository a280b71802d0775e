/// find_limit over any format, transport and clock: what it does once its parts are made. Tests give it an endpoint of
/// a known capacity and a simulated clock.
#pragma once

#include <functional>
#include <stop_token>

#include "adapters/limit.hpp"
#include "adapters/replay/session.hpp"

namespace peakstorm {

Result<LimitResult> run_limit_search(const World& world, ReplaySource& source, const ReplayOptions& options,
                                     const LimitOptions& limit, const ReplayPorts& ports, LimitJudge& judge,
                                     const std::stop_token& stop,
                                     const std::function<void(const ReplayProgress&)>& progress);

}  // namespace peakstorm
