/// Verdicts for machines: what gates, baselines and measured comparisons found, as JUnit XML, Markdown, annotations of
/// GitHub Actions and OpenMetrics text. One list, four spellings; pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/gate.hpp"
#include "results/measure_map.hpp"

namespace peakstorm {

/// One thing that was judged.
struct Check {
  std::string group;  ///< "gate", "baseline", "pairs".
  std::string name;   ///< A gate's expression, a baseline's subject, a measured figure.
  GateVerdict verdict = GateVerdict::error;
  std::string message;  ///< One line.
  std::string detail;   ///< Further lines for whoever looks closer; may be empty.
  std::string file;     ///< Where it was asked for; "" for nowhere.
  int line = 0;         ///< From 1; 0: the file as a whole.
};

Check check_of(const GateResult& result);
std::vector<Check> checks_of(std::span<const GateResult> results);

/// No check: true.
bool all_passed(std::span<const Check> checks);

/// One suite, a case per check; one that failed has a <failure>, an error an <error>, each with the detail as its text.
/// tests/results/junit.xsd has the elements and attributes.
std::string junit_xml(std::span<const Check> checks, std::string_view suite);

/// A heading with the verdict, a table with the worst first, the details folded.
std::string markdown_summary(std::span<const Check> checks, std::string_view title);

/// Workflow commands of GitHub Actions, one line per check that did not pass (::error ...), and a ::notice when all
/// did. Files are named only where they have a line, so that the annotation lands there.
std::string github_annotations(std::span<const Check> checks, std::string_view title);

/// Facts that become labels of every sample.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// OpenMetrics 1.0: peakstorm_measure by name and unit (those that have a value, in the measure's own unit),
/// peakstorm_check_passed by group and name (1 or 0), peakstorm_passed, and # EOF. All gauges.
std::string openmetrics_text(const MeasureMap& measures, std::span<const Check> checks, const Labels& labels);

}  // namespace peakstorm
