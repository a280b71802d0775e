// Baselines as files.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "results/baseline.hpp"
#include "results/gates/baseline_tables.hpp"
#include "results/gates/json_text.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm {
namespace {

namespace dom = simdjson::dom;

std::string number_text(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "null";
}

/// Reads the parts of a baseline file; the first fault is kept.
class BaselineParser {
 public:
  Baseline parse(const dom::element& root) {
    Baseline b;
    b.scenario = text(root, "scenario");
    b.version = text(root, "version");
    b.digest = text(root, "digest");
    b.without = text(root, "without");
    b.seed = number<std::uint64_t>(root, "seed");
    b.replications = number<std::uint64_t>(root, "replications");
    b.scale = number<double>(root, "scale");
    for (const auto& [name, hash] : object(root, "inputs")) b.inputs[std::string(name)] = text(hash, name);
    for (const auto& [name, value] : object(root, "measures")) b.measures[std::string(name)] = measure(value, name);
    for (const auto& [name, value] : object(root, "tables")) b.tables[std::string(name)] = table(value, name);
    return b;
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  void wrong(std::string_view where) {
    if (fault_.empty()) fault_ = fmt::format("'{}' is missing or of the wrong type", where);
  }
  /// Of an element, or of a result that may hold one.
  template <class T, class Element>
  T value(const Element& element, std::string_view where) {
    T result{};
    if (element.get(result) != simdjson::SUCCESS) wrong(where);
    return result;
  }
  template <class T>
  T number(const dom::element& parent, const char* key) {
    return value<T>(parent[key], key);
  }
  std::string text(const dom::element& element, std::string_view where) {
    return std::string(value<std::string_view>(element, where));
  }
  std::string text(const dom::element& parent, const char* key) {
    return std::string(value<std::string_view>(parent[key], key));
  }
  std::vector<std::pair<std::string_view, dom::element>> object(const dom::element& parent, const char* key) {
    std::vector<std::pair<std::string_view, dom::element>> members;
    dom::object found;
    if (parent[key].get(found) != simdjson::SUCCESS) {
      wrong(key);
      return members;
    }
    for (const auto field : found) members.emplace_back(field.key, field.value);
    return members;
  }
  Measure measure(const dom::element& element, std::string_view where) {
    Measure m;
    dom::array pair;
    if (element.get(pair) != simdjson::SUCCESS || pair.size() != 2) {
      wrong(where);
      return m;
    }
    if (!pair.at(0).is_null()) m.value = value<double>(pair.at(0), where);
    const auto unit = value<std::string_view>(pair.at(1), where);
    const auto known = std::find(unit_names.begin(), unit_names.end(), unit);
    if (known == unit_names.end()) {
      wrong(where);
      return m;
    }
    m.unit = static_cast<Unit>(known - unit_names.begin());
    return m;
  }
  template <class Element>
  std::vector<std::string> names(const Element& element, std::string_view where) {
    std::vector<std::string> list;
    dom::array array;
    if (element.get(array) != simdjson::SUCCESS)
      wrong(where);
    else
      for (const auto item : array) list.push_back(text(item, where));
    return list;
  }
  BaselineTable table(const dom::element& element, std::string_view where) {
    BaselineTable t{names(element["key"], where), names(element["values"], where), {}};
    dom::array rows;
    if (element["rows"].get(rows) != simdjson::SUCCESS)
      wrong(where);
    else
      for (const auto item : rows) {
        dom::array row;
        if (item.get(row) != simdjson::SUCCESS || row.size() != t.key_columns.size() + t.value_columns.size()) {
          wrong(where);
          continue;
        }
        std::vector<std::string> key;
        std::vector<std::int64_t> values;
        for (const auto cell : row) {
          if (key.size() < t.key_columns.size())
            key.push_back(text(cell, where));
          else
            values.push_back(value<std::int64_t>(cell, where));
        }
        t.rows[std::move(key)] = std::move(values);
      }
    return t;
  }

  std::string fault_;
};

}  // namespace

std::string baseline_json(const Baseline& b) {
  std::string text = fmt::format(
      "{{\n\"peakstorm_baseline\": {},\n\"scenario\": {},\n\"version\": {},\n\"seed\": {},\n\"replications\": {},\n"
      "\"scale\": {},\n\"without\": {},\n\"digest\": {},\n\"inputs\": {{",
      Baseline::format, json_string(b.scenario), json_string(b.version), b.seed, b.replications, b.scale,
      json_string(b.without), json_string(b.digest));
  const char* comma = "";
  for (const auto& [name, hash] : b.inputs) {
    text += fmt::format("{}\n  {}: {}", std::exchange(comma, ","), json_string(name), json_string(hash));
  }
  text += "\n},\n\"measures\": {";
  comma = "";
  for (const auto& [name, measure] : b.measures) {
    if (evidence_of(name) == Evidence::measured && !gates::is_headline(name)) continue;
    text += fmt::format("{}\n  {}: [{}, \"{}\"]", std::exchange(comma, ","), json_string(name),
                        number_text(measure.value), unit_names[static_cast<std::size_t>(measure.unit)]);
  }
  text += "\n},\n\"tables\": {";
  comma = "";
  const auto names = [](const std::vector<std::string>& list) {
    std::string out;
    for (const auto& name : list) out += (out.empty() ? "" : ", ") + json_string(name);
    return out;
  };
  for (const auto& [name, whole] : b.tables) {
    const BaselineTable table = name == gates::facility_table ? gates::condensed(whole) : whole;
    text += fmt::format("{}\n  {}: {{\"key\": [{}], \"values\": [{}], \"rows\": [", std::exchange(comma, ","),
                        json_string(name), names(table.key_columns), names(table.value_columns));
    const char* row_comma = "";
    for (const auto& [key, values] : table.rows) {
      text += fmt::format("{}\n    [{}, {}]", std::exchange(row_comma, ","), names(key), fmt::join(values, ", "));
    }
    text += "\n  ]}";
  }
  return text + "\n}\n}\n";
}

Result<Baseline> read_baseline(const std::filesystem::path& file) {
  auto text = store::read_text(file);
  if (!text) return tl::unexpected(text.error());
  const auto refuse = [&](const std::string& what) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: {}; restore the file, or write it again with gate RUN --baseline ... --accept",
                            file.string(), what));
  };
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(*text).get(root); error != simdjson::SUCCESS) {
    return refuse(fmt::format("not JSON: {}", simdjson::error_message(error)));
  }
  std::int64_t format = 0;
  if (root["peakstorm_baseline"].get(format) != simdjson::SUCCESS) return refuse("no baseline of this program");
  if (format != Baseline::format) {
    return refuse(fmt::format("a baseline of format {}, this program knows {}", format, Baseline::format));
  }
  BaselineParser reader;
  Baseline baseline = reader.parse(root);
  if (!reader.fault().empty()) return refuse(reader.fault());
  return baseline;
}

}  // namespace peakstorm
