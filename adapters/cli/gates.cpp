#include "adapters/cli/gates.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "adapters/cli/output.hpp"

namespace peakstorm::cli {
namespace {

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
  const std::string fresh = path.string() + ".new";
  {
    std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
    stream << text;
    if (!stream.flush()) {
      return fail(ErrorKind::bad_input, path.string() + ": cannot be written; name a file in a folder you may use");
    }
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return fail(ErrorKind::bad_input, path.string() + ": cannot be written: " + error.message());
  return {};
}

tl::expected<std::vector<Gate>, ExitCode> parse_gates(std::span<const GateText> written, const GateFlags& flags,
                                                      const MeasureCatalogue& known) {
  std::vector<GateText> texts(written.begin(), written.end());
  for (const auto& expression : flags.require) texts.push_back({expression, "--require", 0});
  std::vector<Gate> gates;
  bool faulty = false;
  for (const auto& text : texts) {
    auto gate = parse_gate(text, known);
    if (gate) {
      gates.push_back(std::move(*gate));
    } else {
      report(gate.error());
      faulty = true;
    }
  }
  if (faulty) return tl::unexpected(ExitCode::input_rejected);
  return gates;
}

std::vector<GateResult> evaluate_gates(std::span<const Gate> gates, const MeasureMap& measures, bool partial) {
  std::vector<GateResult> results;
  results.reserve(gates.size());
  for (const auto& gate : gates) results.push_back(evaluate(gate, measures, partial));
  return results;
}

boost::json::array gates_json(std::span<const GateResult> results) {
  boost::json::array array;
  for (const auto& result : results) {
    array.push_back({{"expression", result.gate.expression},
                     {"measure", result.gate.measure},
                     {"verdict", gate_verdict_names[static_cast<std::size_t>(result.verdict)]},
                     {"actual", result.actual ? boost::json::value(*result.actual) : boost::json::value(nullptr)},
                     {"message", result.message}});
  }
  return array;
}

std::string gates_text(std::span<const GateResult> results) {
  if (results.empty()) return {};
  std::string text = "Gates\n";
  for (const auto& result : results) {
    text += fmt::format("  {:<7}{}\n", gate_verdict_names[static_cast<std::size_t>(result.verdict)], result.message);
  }
  return text;
}

Result<void> write_verdicts(const GateFlags& flags, std::span<const Check> checks, const MeasureMap& measures,
                            const std::string& suite) {
  if (!flags.junit.empty()) {
    if (auto written = replace_file(flags.junit, junit_xml(checks, suite)); !written) return written;
  }
  if (!flags.markdown.empty()) {
    if (auto written = replace_file(flags.markdown, markdown_summary(checks, suite)); !written) return written;
  }
  if (!flags.openmetrics.empty()) {
    if (auto written = replace_file(flags.openmetrics, openmetrics_text(measures, checks, {{"scenario", suite}}));
        !written) {
      return written;
    }
  }
  // Standard error: GitHub reads commands there as well, and --json has standard output for itself.
  if (flags.github) note(trimmed(github_annotations(checks, suite)));
  return {};
}

ExitCode verdict_of(std::span<const GateResult> results, bool partial) {
  return all_passed(results) && !partial ? ExitCode::passed : ExitCode::gate_failed;
}

}  // namespace peakstorm::cli
