#include "results/run_history.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "results/gates/json_text.hpp"
#include "results/level_shift.hpp"

namespace peakstorm {
namespace {

namespace dom = simdjson::dom;

/// Empty: not there, or of another type.
template <class T>
std::optional<T> member(const dom::element& object, const char* key) {
  T value{};
  if (object[key].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<HistoryEntry> parse_line(const dom::element& line) {
  const auto text = [&](const char* key) { return member<std::string_view>(line, key); };
  const auto label = text("label");
  const auto scenario = text("scenario");
  const auto version = text("version");
  const auto digest = text("digest");
  const auto without = text("without");
  const auto seed = member<std::uint64_t>(line, "seed");
  const auto replications = member<std::uint64_t>(line, "replications");
  const auto scale = member<double>(line, "scale");
  const auto passed = member<bool>(line, "passed");
  const auto measures = member<dom::object>(line, "measures");
  if (!label || !scenario || !version || !digest || !without || !seed || !replications || !scale || !passed ||
      !measures) {
    return std::nullopt;
  }
  HistoryEntry entry{std::string(*label),
                     std::string(*scenario),
                     std::string(*version),
                     std::string(*digest),
                     std::string(*without),
                     *seed,
                     *replications,
                     *scale,
                     *passed,
                     {}};
  for (const auto field : *measures) {
    double value = 0;
    if (field.value.get(value) != simdjson::SUCCESS) return std::nullopt;
    entry.measures[std::string(field.key)] = value;
  }
  return entry;
}

std::string run_name(const std::vector<HistoryEntry>& history, std::size_t run) {
  const std::string& label = history[run].label;
  return fmt::format("run {}{}", run + 1, label.empty() ? "" : fmt::format(" ({})", label));
}

}  // namespace

HistoryEntry history_entry(const Baseline& run, const std::string& label, bool passed) {
  HistoryEntry entry{label,    run.scenario,     run.version, run.digest, run.without,
                     run.seed, run.replications, run.scale,   passed,     {}};
  for (const auto& [name, measure] : run.measures) {
    if (measure.value) entry.measures[name] = *measure.value;
  }
  return entry;
}

Result<void> append_history(const std::filesystem::path& file, const HistoryEntry& entry) {
  const auto refuse = [&](const char* what) { return fail(ErrorKind::bad_input, file.string() + ": " + what); };
  std::error_code error;
  if (std::filesystem::exists(file, error) && std::filesystem::file_size(file, error) > 0) {
    std::ifstream old(file, std::ios::binary);
    old.seekg(-1, std::ios::end);
    if (old.get() != '\n') {
      return refuse("ends within a line, as if a writer had been interrupted; remove the last line");
    }
  }
  std::string line = fmt::format(
      "{{\"peakstorm_history\": {}, \"label\": {}, \"scenario\": {}, \"version\": {}, \"digest\": {}, \"without\": {}, "
      "\"seed\": {}, \"replications\": {}, \"scale\": {}, \"passed\": {}, \"measures\": {{",
      HistoryEntry::format, json_string(entry.label), json_string(entry.scenario), json_string(entry.version),
      json_string(entry.digest), json_string(entry.without), entry.seed, entry.replications, entry.scale, entry.passed);
  const char* comma = "";
  for (const auto& [name, value] : entry.measures) {
    line += fmt::format("{}{}: {}", std::exchange(comma, ", "), json_string(name), value);
  }
  line += "}}\n";
  std::ofstream stream(file, std::ios::binary | std::ios::app);
  stream << line;
  if (!stream.flush()) return refuse("cannot be written; name a file in a folder you may use");
  return {};
}

Result<std::vector<HistoryEntry>> read_history(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return fail(ErrorKind::bad_input, file.string() + ": no such history; gate RUN --history FILE begins one");
  std::vector<HistoryEntry> history;
  dom::parser parser;
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const auto refuse = [&](const std::string& what) {
      return fail(ErrorKind::bad_input, fmt::format("{}:{}: {}; remove the line", file.string(), number, what));
    };
    dom::element root;
    if (const auto error = parser.parse(line).get(root); error != simdjson::SUCCESS) {
      return refuse(fmt::format("not JSON: {}", simdjson::error_message(error)));
    }
    const auto format = member<std::int64_t>(root, "peakstorm_history");
    if (!format) return refuse("no run of a history");
    if (*format != HistoryEntry::format) {
      return refuse(fmt::format("of format {}, this program knows {}", *format, HistoryEntry::format));
    }
    auto entry = parse_line(root);
    if (!entry) return refuse("a field is missing or of the wrong type");
    history.push_back(std::move(*entry));
  }
  return history;
}

std::vector<Trend> trends(const std::vector<HistoryEntry>& history, bool all) {
  std::vector<Trend> list;
  if (history.empty()) return list;
  std::map<std::string, std::pair<std::vector<std::size_t>, std::vector<double>>> series;
  for (std::size_t run = 0; run < history.size(); ++run) {
    if (!history[run].same_series(history.back())) continue;
    for (const auto& [name, value] : history[run].measures) {
      series[name].first.push_back(run);
      series[name].second.push_back(value);
    }
  }
  for (const auto& [name, course] : series) {
    const auto& [runs, values] = course;
    Trend trend{name, evidence_of(name), values.size(), values.front(), values.back(), {}};
    if (trend.evidence == Evidence::measured) {
      for (const LevelShift& shift : level_shifts(values)) {
        trend.shifts.push_back({runs[shift.at], shift.before, shift.after, shift.p});
      }
    } else {
      for (std::size_t i = 1; i < values.size(); ++i) {
        if (values[i] != values[i - 1]) trend.shifts.push_back({runs[i], values[i - 1], values[i], std::nullopt});
      }
    }
    if (all || !trend.shifts.empty()) list.push_back(std::move(trend));
  }
  return list;
}

std::string trends_text(const std::vector<HistoryEntry>& history) {
  std::size_t runs = 0;  // Of the newest run's series.
  for (const HistoryEntry& entry : history) runs += entry.same_series(history.back()) ? 1 : 0;
  if (runs == 0) return "Trends: the history is empty\n";
  std::string text = fmt::format("Trends over {} run{} of {}\n", runs, runs == 1 ? "" : "s", history.back().scenario);
  std::string simulated;
  std::string measured;
  for (const Trend& trend : trends(history)) {
    for (const Trend::Shift& shift : trend.shifts) {
      std::string& into = trend.evidence == Evidence::measured ? measured : simulated;
      into += fmt::format("  {:<28} {:.6g} -> {:.6g} at {}", trend.measure, shift.before, shift.after,
                          run_name(history, shift.run));
      if (shift.p) into += fmt::format(", p {:.2g}", *shift.p);
      into += '\n';
    }
  }
  if (!simulated.empty()) text += "  behaviour changed\n" + simulated;
  if (!measured.empty()) text += "  level shifted\n" + measured;
  if (simulated.empty() && measured.empty()) text += "  nothing shifted\n";
  // Fewer cannot be told from chance at 1 %, however large the step.
  if (runs < 10) text += "  (measured levels need ten runs or more)\n";
  return text;
}

}  // namespace peakstorm
