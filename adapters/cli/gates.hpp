/// The verdict: gates of the scenario and of the command line, as text, JSON, JUnit and exit code.
#pragma once

#include <boost/json/fwd.hpp>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/flags.hpp"
#include "results/gate.hpp"
#include "results/verdicts.hpp"

namespace peakstorm::cli {

/// Writes a file in one step: who reads it sees the old text or the new. Errors: bad_input when it cannot be written.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

/// All gates, `written` first, then --require. Every faulty one is reported; bad_input then.
tl::expected<std::vector<Gate>, ExitCode> parse_gates(std::span<const GateText> written, const GateFlags& flags,
                                                      const MeasureCatalogue& known);

std::vector<GateResult> evaluate_gates(std::span<const Gate> gates, const MeasureMap& measures, bool partial);

boost::json::array gates_json(std::span<const GateResult> results);
/// "Gates" and a line each; empty without gates.
std::string gates_text(std::span<const GateResult> results);

/// Writes --junit, --markdown and --openmetrics, when given, each in one step, and prints --github's annotations.
/// `suite`: what was judged, for instance the scenario's name. Errors: bad_input when a file cannot be written.
Result<void> write_verdicts(const GateFlags& flags, std::span<const Check> checks, const MeasureMap& measures,
                            const std::string& suite);

/// 0 when all passed and the run is whole, else 1.
ExitCode verdict_of(std::span<const GateResult> results, bool partial);

}  // namespace peakstorm::cli
