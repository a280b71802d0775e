/// --find-limit as the verbs run and show it.
#pragma once

#include <boost/json/fwd.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/limit.hpp"
#include "engine/world.hpp"
#include "results/gate.hpp"

namespace peakstorm::cli {

/// The gates of the scenario and the command line that are of trials. Where none is left: at most 1 % errors, 1 % late
/// sends and a p99 of 500 ms.
std::vector<Gate> limit_gates(std::span<const Gate> gates, const MeasureCatalogue& known);

/// Gates that trials judge, and that a run without a replay cannot: those on `endpoint.*` and `sent.*`.
bool is_of_trials(const Gate& gate);

/// Bounds and length of the trials, from the flags: --rate is the first rate tried. Errors: bad_input.
Result<LimitOptions> limit_options(const ReplayFlags& flags, const ReplayOptions& options);

/// find_limit with progress.
Result<LimitResult> run_limit(const World& world, ReplaySource& source, const ReplayOptions& options,
                              const LimitOptions& limit, std::span<const Gate> gates, const std::stop_token& stop,
                              bool quiet);

boost::json::object limit_json(const LimitResult& result, const LimitOptions& limit, std::span<const Gate> gates);
std::string limit_text(const LimitResult& result, const LimitOptions& limit, std::span<const Gate> gates);
/// Passed when the search came to its end and some rate held; else a failed gate.
ExitCode limit_verdict(const LimitResult& result);

}  // namespace peakstorm::cli
