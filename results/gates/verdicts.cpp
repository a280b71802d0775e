#include "results/verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/markup.hpp"

namespace peakstorm {
namespace {

const char* name_of(GateVerdict verdict) {
  return gate_verdict_names[static_cast<std::size_t>(verdict)];
}

std::ptrdiff_t count(std::span<const Check> checks, GateVerdict verdict) {
  return std::count_if(checks.begin(), checks.end(), [&](const Check& check) { return check.verdict == verdict; });
}

/// Within a cell of a table: pipes end cells, line feeds end rows, and markup would be taken as such.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : escape_markup(text)) {
    if (c == '|') {
      out += "\\|";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

/// Of a workflow command; `property`: left of the "::", where colons and commas separate.
std::string github_text(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\n' || c == '\r' || (property && (c == ':' || c == ','))) {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

std::string label_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string labels_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, label_text(value));
  }
  return out.empty() ? out : "{" + out + "}";
}

Labels with(Labels labels, std::initializer_list<std::pair<std::string, std::string>> more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

}  // namespace

Check check_of(const GateResult& result) {
  return {"gate", result.gate.expression, result.verdict, result.message, "", result.gate.file, result.gate.line};
}

std::vector<Check> checks_of(std::span<const GateResult> results) {
  std::vector<Check> checks;
  checks.reserve(results.size());
  for (const GateResult& result : results) checks.push_back(check_of(result));
  return checks;
}

bool all_passed(std::span<const Check> checks) {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.verdict == GateVerdict::passed; });
}

std::string junit_xml(std::span<const Check> checks, std::string_view suite) {
  const std::string name = escape_markup(suite);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format(
      "<testsuites tests=\"{0}\" failures=\"{1}\" errors=\"{2}\">\n"
      "  <testsuite name=\"{3}\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" time=\"0\">\n",
      checks.size(), count(checks, GateVerdict::failed), count(checks, GateVerdict::error), name);
  for (const Check& check : checks) {
    const std::string message = escape_markup(check.message);
    const std::string text = check.detail.empty() ? message : message + "\n" + escape_markup(check.detail);
    xml += fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\" time=\"0\"", name, escape_markup(check.group),
                       escape_markup(check.name));
    if (!check.file.empty()) {
      xml += fmt::format(" file=\"{}\"", escape_markup(check.file));
      if (check.line > 0) xml += fmt::format(" line=\"{}\"", check.line);
    }
    if (check.verdict == GateVerdict::passed) {
      xml += fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n", text);
    } else {
      const char* tag = check.verdict == GateVerdict::failed ? "failure" : "error";
      xml += fmt::format(">\n      <{0} message=\"{1}\">{2}</{0}>\n    </testcase>\n", tag, message, text);
    }
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

std::string markdown_summary(std::span<const Check> checks, std::string_view title) {
  const auto failed = count(checks, GateVerdict::failed);
  const auto errors = count(checks, GateVerdict::error);
  std::string text = fmt::format("### {}: {}\n\n", cell(title), all_passed(checks) ? "passed" : "not passed");
  text +=
      fmt::format("{} passed, {} failed, {} without a verdict\n\n", count(checks, GateVerdict::passed), failed, errors);
  if (checks.empty()) return text;
  std::vector<const Check*> sorted;
  for (const Check& check : checks) sorted.push_back(&check);
  std::stable_partition(sorted.begin(), sorted.end(),
                        [](const Check* check) { return check->verdict != GateVerdict::passed; });
  text += "| verdict | | what | finding |\n|---|---|---|---|\n";
  for (const Check* check : sorted) {
    text +=
        fmt::format("| {} | {} | {} | {} |\n",
                    check->verdict == GateVerdict::passed ? "passed" : fmt::format("**{}**", name_of(check->verdict)),
                    cell(check->group), cell(check->name), cell(check->message));
  }
  for (const Check* check : sorted) {
    if (check->detail.empty()) continue;
    text += fmt::format("\n<details><summary>{}</summary>\n\n<pre>\n{}\n</pre>\n</details>\n",
                        escape_markup(check->name), escape_markup(check->detail));
  }
  return text;
}

std::string github_annotations(std::span<const Check> checks, std::string_view title) {
  std::string text;
  for (const Check& check : checks) {
    if (check.verdict == GateVerdict::passed) continue;
    text += "::error ";
    if (!check.file.empty() && check.line > 0) {
      text += fmt::format("file={},line={},", github_text(check.file, true), check.line);
    }
    text += fmt::format("title={}::{}\n",
                        github_text(fmt::format("{}: {} {}", title, check.group, name_of(check.verdict)), true),
                        github_text(check.detail.empty() ? check.message : check.message + "\n" + check.detail, false));
  }
  if (text.empty()) {
    text = fmt::format("::notice title={}::{} checks passed\n", github_text(title, true), checks.size());
  }
  return text;
}

std::string openmetrics_text(const MeasureMap& measures, std::span<const Check> checks, const Labels& labels) {
  std::string text =
      "# TYPE peakstorm_measure gauge\n"
      "# HELP peakstorm_measure A named measure of the run, in the unit of its label.\n";
  for (const auto& [name, measure] : measures) {
    if (!measure.value || !std::isfinite(*measure.value)) continue;
    const Labels all = with(labels, {{"name", name}, {"unit", unit_names[static_cast<std::size_t>(measure.unit)]}});
    text += fmt::format("peakstorm_measure{} {}\n", labels_text(all), *measure.value);
  }
  text +=
      "# TYPE peakstorm_check_passed gauge\n"
      "# HELP peakstorm_check_passed 1 when the check passed.\n";
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const Check& check = checks[i];
    // A check asked for twice is one sample.
    const bool again = std::any_of(checks.begin(), checks.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const Check& c) { return c.group == check.group && c.name == check.name; });
    if (again) continue;
    const Labels all = with(labels, {{"group", check.group}, {"name", check.name}});
    text +=
        fmt::format("peakstorm_check_passed{} {}\n", labels_text(all), check.verdict == GateVerdict::passed ? 1 : 0);
  }
  text += fmt::format(
      "# TYPE peakstorm_passed gauge\n"
      "# HELP peakstorm_passed 1 when every check passed.\n"
      "peakstorm_passed{} {}\n# EOF\n",
      labels_text(labels), all_passed(checks) ? 1 : 0);
  return text;
}

}  // namespace peakstorm
