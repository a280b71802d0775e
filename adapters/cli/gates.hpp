/// The verdict: gates of the scenario and of the command line, as text, JSON, JUnit and exit code.
#pragma once

#include <boost/json/fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/flags.hpp"
#include "results/gate.hpp"

namespace peakstorm::cli {

/// All gates, `written` first, then --require. Every faulty one is reported; bad_input then.
tl::expected<std::vector<Gate>, ExitCode> parse_gates(std::span<const GateText> written, const GateFlags& flags,
                                                      const MeasureCatalogue& known);

std::vector<GateResult> evaluate_gates(std::span<const Gate> gates, const MeasureMap& measures, bool partial);

boost::json::array gates_json(std::span<const GateResult> results);
/// "Gates" and a line each; empty without gates.
std::string gates_text(std::span<const GateResult> results);

/// Writes --junit, when given, in one step. Errors: bad_input when the file cannot be written.
Result<void> write_junit(const GateFlags& flags, std::span<const GateResult> results, const std::string& suite);

/// 0 when all passed and the run is whole, else 1.
ExitCode verdict_of(std::span<const GateResult> results, bool partial);

}  // namespace peakstorm::cli
