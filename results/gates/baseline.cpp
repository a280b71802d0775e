#include "results/baseline.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "engine/random.hpp"
#include "results/checkpoint.hpp"
#include "results/gates/json_text.hpp"
#include "results/store/database.hpp"
#include "results/store/file_calls.hpp"
#include "results/store/manifest.hpp"
#include "results/store/stream.hpp"

namespace peakstorm {
namespace {

namespace dom = simdjson::dom;
namespace fs = std::filesystem;

constexpr const char* stream_table = "scans";

// Queries of run.sqlite: key columns as text, then integers.
struct TableQuery {
  const char* name;
  std::vector<std::string> key_columns;
  std::vector<std::string> value_columns;
  const char* sql;
};
const std::vector<TableQuery>& queries() {
  static const std::vector<TableQuery> all{
      {"promises",
       {"carrier", "due"},
       {"kept", "broken"},
       "SELECT c.name, d.date, sum(o.kept), sum(o.broken) FROM on_time_due o JOIN service s USING (service_id)"
       " JOIN carrier c USING (carrier_id) JOIN day d ON d.day = o.due_day"
       " WHERE o.definition = 'promise' AND o.role = 'retailer' GROUP BY 1, 2"},
      {"commitments",
       {"carrier"},
       {"kept", "broken"},
       "SELECT c.name, sum(o.kept), sum(o.broken) FROM on_time_due o JOIN service s USING (service_id)"
       " JOIN carrier c USING (carrier_id) WHERE o.definition = 'commit' GROUP BY 1"},
      {"facilities",
       {"facility", "date"},
       {"arrived", "missed_sorts", "rollovers", "excess_minutes"},
       "SELECT p.name, d.date, sum(x.arrived), sum(x.missed_sorts), sum(x.rollovers), sum(x.excess_minutes)"
       " FROM place_day x JOIN place p USING (place_id) JOIN day d USING (day) GROUP BY 1, 2"},
      {"network_days",
       {"date"},
       {"arrived", "missed_sorts", "rollovers", "excess_minutes"},
       "SELECT d.date, sum(x.arrived), sum(x.missed_sorts), sum(x.rollovers), sum(x.excess_minutes)"
       " FROM place_day x JOIN day d USING (day) GROUP BY 1"},
      {"fates",
       {"carrier", "fate"},
       {"parcels"},
       "SELECT c.name, f.fate, sum(f.parcels) FROM fate f JOIN carrier c USING (carrier_id) GROUP BY 1, 2"},
      {"replications",
       {"replication", "digest"},
       {"kept", "broken"},
       "SELECT replication, digest, kept, broken FROM on_time_replication"
       " WHERE population = 'retailer' AND definition = 'promise'"},
  };
  return all;
}

std::string number_text(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "null";
}

/// Of the measured ones: those that a baseline keeps and people look at first.
bool is_headline(std::string_view measure) {
  constexpr std::string_view names[] = {"endpoint.p50",         "endpoint.p99",         "endpoint.throughput",
                                        "endpoint.error_share", "staleness.replay.p99", "sent.late_share"};
  return std::find(std::begin(names), std::end(names), measure) != std::end(names);
}

/// Key -> value of the table `run`.
std::map<std::string, std::string> facts_of(store::Database& database) {
  std::map<std::string, std::string> facts;
  store::Statement row(database, "SELECT key, value FROM run");
  while (row.step()) facts[row.text(0)] = row.text(1);
  return facts;
}

BaselineTable read_table(store::Database& database, const TableQuery& query) {
  BaselineTable table{query.key_columns, query.value_columns, {}};
  const int keys = static_cast<int>(query.key_columns.size());
  const int values = static_cast<int>(query.value_columns.size());
  store::Statement row(database, query.sql);
  while (row.step()) {
    std::vector<std::string> key;
    std::vector<std::int64_t> value;
    key.reserve(query.key_columns.size());
    value.reserve(query.value_columns.size());
    for (int i = 0; i < keys; ++i) key.push_back(row.text(i));
    for (int i = 0; i < values; ++i) value.push_back(row.integer(keys + i));
    table.rows[std::move(key)] = std::move(value);
  }
  return table;
}

std::uint64_t mixed(std::uint64_t hash, const Scan& scan) {
  for (const std::uint64_t word :
       {static_cast<std::uint64_t>(scan.at.time_since_epoch().count()),
        static_cast<std::uint64_t>(scan.reported.time_since_epoch().count()), static_cast<std::uint64_t>(scan.parcel),
        static_cast<std::uint64_t>(scan.place),
        std::uint64_t{scan.eta_day} << 16U | std::uint64_t{static_cast<std::uint8_t>(scan.kind)} << 8U |
            std::uint64_t{scan.sequence}}) {
    hash = hash64(hash, word);
  }
  return hash;
}

/// "2013-12-05 03:00 UTC"
std::string hour_text(std::int64_t first_day_unix, std::int64_t hour) {
  const std::time_t at = static_cast<std::time_t>(first_day_unix + hour * 3600);
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  return fmt::format("{:04d}-{:02d}-{:02d} {:02d}:00 UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour);
}

std::int64_t floor_hour(SimTime at) {
  constexpr std::int64_t hour_ms = 3'600'000;
  const std::int64_t ms = at.time_since_epoch().count();
  return (ms - (ms % hour_ms + hour_ms) % hour_ms) / hour_ms;
}

Result<BaselineTable> hash_stream(const RunReader& run, std::int64_t first_day_unix) {
  BaselineTable table{{"hour"}, {"scans", "hash"}, {}};
  std::map<std::int64_t, std::pair<std::int64_t, std::uint64_t>> hours;
  const auto read = run.for_each_scan([&](std::span<const Scan> scans) {
    for (const Scan& scan : scans) {
      auto& [count, hash] = hours[floor_hour(scan.at)];
      ++count;
      hash = mixed(hash, scan);
    }
  });
  if (!read) return tl::unexpected(read.error());
  // 48 bits of each: enough to tell hours apart, and short.
  for (const auto& [hour, sum] : hours) {
    table.rows[{hour_text(first_day_unix, hour)}] = {sum.first, static_cast<std::int64_t>(sum.second >> 16U)};
  }
  return table;
}

std::string change_text(const BaselineChanges::OfMeasure& m) {
  const auto text = [&](const std::optional<double>& value) {
    return value ? format_measure(*value, m.unit) : std::string("none");
  };
  std::string line = fmt::format("{} {} -> {}", m.name, text(m.before), text(m.after));
  if (!m.before || !m.after) return line;
  if (text(m.before) == text(m.after)) line = fmt::format("{} {} -> {}", m.name, *m.before, *m.after);
  if (m.unit == Unit::share) return line + fmt::format(" ({:+.3g} points)", 100 * (*m.after - *m.before));
  if (*m.before != 0) line += fmt::format(" ({:+.3g} %)", 100 * (*m.after / *m.before - 1));
  return line;
}

std::vector<std::int64_t> row_of(const BaselineTable& table, const std::vector<std::string>& key) {
  const auto found = table.rows.find(key);
  return found != table.rows.end() ? found->second : std::vector<std::int64_t>(table.value_columns.size(), 0);
}

const BaselineTable& table_of(const Baseline& baseline, const std::string& name) {
  static const BaselineTable none;
  const auto found = baseline.tables.find(name);
  return found != baseline.tables.end() ? found->second : none;
}

/// The same without all columns of the key but the first: a file keeps facilities so, as hundreds of them on every day
/// are not small.
BaselineTable condensed(const BaselineTable& table) {
  if (table.key_columns.size() < 2) return table;
  BaselineTable sums{{table.key_columns.front()}, table.value_columns, {}};
  for (const auto& [key, values] : table.rows) {
    auto& sum = sums.rows[{key.front()}];
    sum.resize(std::max(sum.size(), values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
  }
  return sums;
}
constexpr const char* facility_table = "facilities";

/// Facilities of both by day, where both have the days; else as sums.
std::pair<BaselineTable, BaselineTable> facilities_of(const Baseline& before, const Baseline& after) {
  const BaselineTable& old_table = table_of(before, facility_table);
  const BaselineTable& new_table = table_of(after, facility_table);
  if (old_table.key_columns == new_table.key_columns) return {old_table, new_table};
  return {condensed(old_table), condensed(new_table)};
}

/// Sums of both sides by one column of the key, and where within the other the most moved.
struct Sums {
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> after;
  bool changed = false;
  std::string first;  ///< Of the other column, if any: the first that differs,
  std::string most;   ///< and the one with the largest difference of the last value.
  std::int64_t most_by = 0;
};
std::map<std::string, Sums> sums_by(const BaselineTable& before, const BaselineTable& after, std::size_t column) {
  std::map<std::string, Sums> all;
  std::map<std::vector<std::string>, bool> keys;
  for (const auto& [key, row] : before.rows) keys[key] = true;
  for (const auto& [key, row] : after.rows) keys[key] = true;
  for (const auto& [key, unused] : keys) {
    const auto old_row = row_of(before, key);
    const auto new_row = row_of(after, key);
    const std::size_t values = std::min(old_row.size(), new_row.size());
    Sums& sums = all[key[column]];
    sums.before.resize(values);
    sums.after.resize(values);
    for (std::size_t i = 0; i < values; ++i) {
      sums.before[i] += old_row[i];
      sums.after[i] += new_row[i];
    }
    if (old_row == new_row) continue;
    sums.changed = true;
    if (key.size() < 2) continue;
    const std::string& other = key[1 - column];
    if (sums.first.empty() || other < sums.first) sums.first = other;
    const std::int64_t by = new_row.back() - old_row.back();
    if (std::llabs(by) > std::llabs(sums.most_by)) {
      sums.most = other;
      sums.most_by = by;
    }
  }
  return all;
}

/// `label`: of the last value, whose difference orders the list.
std::vector<BaselineChanges::Moved> moved(const BaselineTable& before, const BaselineTable& after, std::size_t column,
                                          const char* preposition, const char* label) {
  std::vector<BaselineChanges::Moved> list;
  const auto& columns = after.value_columns.empty() ? before.value_columns : after.value_columns;
  for (const auto& [name, sums] : sums_by(before, after, column)) {
    if (!sums.changed) continue;
    BaselineChanges::Moved entry{name, "", sums.after.back() - sums.before.back()};
    for (std::size_t i = 0; i < sums.before.size() && i < columns.size(); ++i) {
      if (sums.before[i] == sums.after[i]) continue;
      entry.what +=
          fmt::format("{}{} {} -> {}", entry.what.empty() ? "" : ", ", columns[i], sums.before[i], sums.after[i]);
    }
    if (entry.what.empty()) entry.what = "the same in all";
    if (!sums.first.empty()) entry.what += fmt::format("; first {} {}", preposition, sums.first);
    if (!sums.most.empty())
      entry.what += fmt::format(", most {} {} ({:+} {})", preposition, sums.most, sums.most_by, label);
    list.push_back(std::move(entry));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return std::llabs(a.by) > std::llabs(b.by); });
  return list;
}

std::string listed(const char* heading, const std::vector<BaselineChanges::Moved>& list, std::size_t most) {
  if (list.empty()) return {};
  std::string text = fmt::format("{} that moved: {}\n", heading, list.size());
  for (std::size_t i = 0; i < list.size() && i < most; ++i)
    text += fmt::format("  {}: {}\n", list[i].name, list[i].what);
  if (list.size() > most) text += fmt::format("  and {} more\n", list.size() - most);
  return text;
}

std::string measures_listed(const std::vector<BaselineChanges::OfMeasure>& list, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < most; ++i) text += "  " + change_text(list[i]) + "\n";
  if (list.size() > most) text += fmt::format("  and {} more\n", list.size() - most);
  return text;
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

Evidence evidence_of(std::string_view measure) {
  constexpr std::string_view counted[] = {"lost_scans",     "phantom_scans",        "duplicated_scans",
                                          "wrong_scans",    "wrong_status",         "wrong_promise",
                                          "wrong_delivery", "parcels_not_found",    "parcels_not_read",
                                          "not_sent_scans", "unacknowledged_scans", "findings"};
  if (std::find(std::begin(counted), std::end(counted), measure) != std::end(counted)) return Evidence::correctness;
  // That a scan was late to show, or an outage long, depends on the machine as well.
  if (measure == "findings.visibility_latency" || measure == "late_scans") return Evidence::measured;
  if (measure.starts_with("findings.")) return Evidence::correctness;
  for (const std::string_view prefix : {"endpoint.", "staleness.", "sent.", "on_time_shown.", "on_time_true."}) {
    if (measure.starts_with(prefix)) return Evidence::measured;
  }
  return measure == "sent" ? Evidence::measured : Evidence::simulated;
}

Result<void> check_manifest(const RunReader& run) {
  const Manifest& manifest = run.manifest();
  auto opened = store::Database::open_read_only(run.folder() / store::tables_name);
  if (!opened) return tl::unexpected(opened.error());
  auto facts = facts_of(**opened);
  if (auto status = (*opened)->status(); !status) return status;
  if (facts["digest"] == manifest.digest && facts["scenario"] == manifest.scenario &&
      facts["partial"] == (manifest.partial ? "1" : "0") && facts["seed"] == std::to_string(manifest.seed) &&
      facts["replications"] == std::to_string(manifest.replications) &&
      facts["scale"] == fmt::format("{}", manifest.scale)) {
    return {};
  }
  return fail(ErrorKind::bad_input, run.folder().string() +
                                        ": manifest.json and run.sqlite tell different stories about scenario, seed, "
                                        "scale, digest or whether the run is whole: one was changed; run the scenario "
                                        "again");
}

Result<Baseline> baseline_of(const RunReader& run) {
  if (auto checked = check_manifest(run); !checked) return tl::unexpected(checked.error());
  const Manifest& manifest = run.manifest();
  const std::string folder = run.folder().string();
  if (manifest.partial) {
    return fail(ErrorKind::bad_input,
                folder +
                    ": the run is partial: it was cut short, so it is neither a baseline nor comparable with one; "
                    "run the scenario to its end");
  }
  Baseline b;
  b.scenario = manifest.scenario;
  b.version = manifest.version;
  b.digest = manifest.digest;
  b.seed = manifest.seed;
  b.replications = manifest.replications;
  b.scale = manifest.scale;
  constexpr std::string_view inputs = "inputs/";
  for (const Manifest::File& file : manifest.files) {
    if (file.name.starts_with(inputs)) b.inputs[file.name.substr(inputs.size())] = file.xxh128;
  }
  auto measures = run.measures();
  if (!measures) return tl::unexpected(measures.error());
  b.measures = std::move(*measures);

  auto opened = store::Database::open_read_only(run.folder() / store::tables_name);
  if (!opened) return tl::unexpected(opened.error());
  auto facts = facts_of(**opened);
  for (const TableQuery& query : queries()) b.tables[query.name] = read_table(**opened, query);
  if (auto status = (*opened)->status(); !status) return tl::unexpected(status.error());
  b.without = facts["without"];
  if (manifest.streams) {
    auto stream = hash_stream(run, std::atoll(facts["first_day_unix_s"].c_str()));
    if (!stream) return tl::unexpected(stream.error());
    b.tables[stream_table] = std::move(*stream);
  }
  return b;
}

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
    if (evidence_of(name) == Evidence::measured && !is_headline(name)) continue;
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
    const BaselineTable table = name == facility_table ? condensed(whole) : whole;
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

Result<Baseline> read_baseline(const fs::path& file) {
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

std::string baseline_file_name(std::string_view scenario) {
  return std::string(scenario) + ".json";
}

Result<void> check_comparable(const Baseline& baseline, const Baseline& run, const std::string& where) {
  std::string differences;
  const auto compare = [&](const char* what, const std::string& theirs, const std::string& ours) {
    if (theirs == ours) return;
    differences += fmt::format("{}{} '{}', the run '{}'", differences.empty() ? "" : "; ", what, theirs, ours);
  };
  compare("scenario", baseline.scenario, run.scenario);
  compare("version", baseline.version, run.version);
  compare("scale", fmt::format("{}", baseline.scale), fmt::format("{}", run.scale));
  compare("seed", std::to_string(baseline.seed), std::to_string(run.seed));
  compare("replications", std::to_string(baseline.replications), std::to_string(run.replications));
  compare("without", baseline.without, run.without);
  if (differences.empty()) return {};
  return fail(ErrorKind::bad_input,
              fmt::format("{}: not a baseline for this run: it has {}; run the same thing, or renew "
                          "the baseline with --accept",
                          where, differences));
}

BaselineChanges compare_baselines(const Baseline& before, const Baseline& after) {
  BaselineChanges changes;
  std::map<std::string, bool> names;
  for (const auto& [name, hash] : before.inputs) names[name] = true;
  for (const auto& [name, hash] : after.inputs) names[name] = true;
  for (const auto& [name, unused] : names) {
    const auto old_hash = before.inputs.find(name);
    const auto new_hash = after.inputs.find(name);
    if (old_hash == before.inputs.end()) {
      changes.inputs.push_back(name + " (new)");
    } else if (new_hash == after.inputs.end()) {
      changes.inputs.push_back(name + " (gone)");
    } else if (old_hash->second != new_hash->second) {
      changes.inputs.push_back(name);
    }
  }
  names.clear();
  for (const auto& [name, measure] : before.measures) names[name] = true;
  for (const auto& [name, measure] : after.measures) names[name] = true;
  for (const auto& [name, unused] : names) {
    const auto old_measure = before.measures.find(name);
    const auto new_measure = after.measures.find(name);
    BaselineChanges::OfMeasure change{name, {}, {}, {}};
    if (old_measure != before.measures.end()) {
      change.unit = old_measure->second.unit;
      change.before = old_measure->second.value;
    }
    if (new_measure != after.measures.end()) {
      change.unit = new_measure->second.unit;
      change.after = new_measure->second.value;
    }
    switch (evidence_of(name)) {
      case Evidence::simulated:
        if (change.before != change.after) changes.simulated.push_back(change);
        break;
      case Evidence::correctness:
        if (change.before != change.after) changes.defects.push_back(change);
        break;
      case Evidence::measured:
        if (change.before || change.after) changes.measured.push_back(change);
        break;
    }
  }
  changes.digest_changed = before.digest != after.digest;
  const auto [old_facilities, new_facilities] = facilities_of(before, after);
  changes.tables_changed = old_facilities != new_facilities;
  for (const TableQuery& query : queries()) {
    if (std::string_view(query.name) == facility_table) continue;
    changes.tables_changed |= table_of(before, query.name) != table_of(after, query.name);
  }
  const auto& old_promises = table_of(before, "promises");
  const auto& new_promises = table_of(after, "promises");
  changes.carriers = moved(old_promises, new_promises, 0, "on", "broken");
  changes.days = moved(old_promises, new_promises, 1, "of", "broken");
  changes.facilities = moved(old_facilities, new_facilities, 0, "on", "min beyond plan");
  changes.network_days = moved(table_of(before, "network_days"), table_of(after, "network_days"), 0, "on", "min");
  const auto& old_hours = table_of(before, stream_table);
  const auto& new_hours = table_of(after, stream_table);
  if (!old_hours.rows.empty() && !new_hours.rows.empty()) {
    for (const auto& [hour, sums] : sums_by(old_hours, new_hours, 0)) {
      if (sums.before == sums.after) continue;
      changes.first_hour = hour;
      break;
    }
  }
  return changes;
}

namespace {

/// Scans of a stream, one by one.
class ScanCursor {
 public:
  static Result<ScanCursor> open(const fs::path& folder) {
    auto reader = store::StreamReader<Scan>::open(folder / "scans.pb.zst");
    if (!reader) return tl::unexpected(reader.error());
    return ScanCursor(std::move(*reader));
  }
  /// None at the end.
  Result<std::optional<Scan>> next() {
    if (at_ == frame_.size()) {
      at_ = 0;
      if (auto read = reader_->next_frame(frame_); !read) return tl::unexpected(read.error());
      if (frame_.empty()) return std::nullopt;
    }
    return frame_[at_++];
  }

 private:
  explicit ScanCursor(std::unique_ptr<store::StreamReader<Scan>> reader) : reader_(std::move(reader)) {}
  std::unique_ptr<store::StreamReader<Scan>> reader_;
  std::vector<Scan> frame_;
  std::size_t at_ = 0;
};

struct PlaceNames {
  std::map<std::int64_t, std::string> names;
  std::int64_t first_day_unix = 0;
};
Result<PlaceNames> place_names(const RunReader& run) {
  auto database = store::Database::open_read_only(run.folder() / store::tables_name);
  if (!database) return tl::unexpected(database.error());
  PlaceNames places;
  {
    store::Statement row(**database, "SELECT place_id, name FROM place");
    while (row.step()) places.names[row.integer(0)] = row.text(1);
    places.first_day_unix = std::atoll(facts_of(**database)["first_day_unix_s"].c_str());
  }
  if (auto status = (*database)->status(); !status) return tl::unexpected(status.error());
  return places;
}

std::string scan_text(const std::optional<Scan>& scan, const PlaceNames& places) {
  if (!scan) return "no further scan";
  const auto place = places.names.find(static_cast<std::int64_t>(scan->place));
  return fmt::format("{} parcel {} {} {}, scan {} of it{}", instant_text(places.first_day_unix, scan->at),
                     static_cast<std::uint64_t>(scan->parcel), scan_kind_names[static_cast<std::size_t>(scan->kind)],
                     place != places.names.end() ? "at " + place->second : std::string("at the door"),
                     scan->sequence + 1,
                     scan->reported == never ? ", never published"
                                             : ", published " + instant_text(places.first_day_unix, scan->reported));
}

}  // namespace

Result<std::optional<std::string>> first_different_scan(const RunReader& before, const RunReader& after) {
  if (!before.manifest().streams || !after.manifest().streams) return std::nullopt;
  auto old_scans = ScanCursor::open(before.folder());
  if (!old_scans) return tl::unexpected(old_scans.error());
  auto new_scans = ScanCursor::open(after.folder());
  if (!new_scans) return tl::unexpected(new_scans.error());
  for (std::uint64_t number = 1;; ++number) {
    const auto old_scan = old_scans->next();
    if (!old_scan) return tl::unexpected(old_scan.error());
    const auto new_scan = new_scans->next();
    if (!new_scan) return tl::unexpected(new_scan.error());
    if (*old_scan == *new_scan) {
      if (!*old_scan) return std::nullopt;
      continue;
    }
    auto old_places = place_names(before);
    if (!old_places) return tl::unexpected(old_places.error());
    auto new_places = place_names(after);
    if (!new_places) return tl::unexpected(new_places.error());
    return fmt::format("first scan that differs, number {} of the stream\n  was {}\n  is  {}", number,
                       scan_text(*old_scan, *old_places), scan_text(*new_scan, *new_places));
  }
}

std::vector<Check> baseline_checks(const Baseline& before, const Baseline& after, const BaselineChanges& changes,
                                   const std::optional<std::string>& first_scan, bool accepting) {
  std::vector<Check> checks;
  const auto verdict = [&](bool passed) { return passed || accepting ? GateVerdict::passed : GateVerdict::failed; };
  Check world{"baseline", "simulated world", verdict(!changes.behaviour_changed()), "", "", "", 0};
  if (!changes.behaviour_changed()) {
    world.message = fmt::format("the same as the baseline: digest {}", after.digest);
    if (!changes.inputs.empty())
      world.message += fmt::format("; of its inputs {} changed", fmt::join(changes.inputs, ", "));
  } else {
    world.message = "the simulated world behaves differently";
    const auto headline = std::find_if(changes.simulated.begin(), changes.simulated.end(),
                                       [](const auto& change) { return change.name == "promise_kept"; });
    if (headline != changes.simulated.end()) {
      world.message += ": " + change_text(*headline);
    } else if (!changes.simulated.empty()) {
      world.message += ": " + change_text(changes.simulated.front());
    } else {
      world.message += ", though no measure moved";
    }
    std::string detail =
        changes.digest_changed ? fmt::format("digest {} -> {}\n", before.digest, after.digest) : std::string();
    if (changes.inputs.empty()) {
      detail += "the scenario's files are the same: the program behaves differently\n";
    } else {
      detail += fmt::format("files of the scenario that changed: {}\n", fmt::join(changes.inputs, ", "));
    }
    if (first_scan) {
      detail += *first_scan + "\n";
    } else if (changes.first_hour) {
      detail += fmt::format(
          "first hour whose tracked scans differ: {} (with the run folder as the baseline: the very scan)\n",
          *changes.first_hour);
    } else if (changes.digest_changed && !table_of(before, stream_table).rows.empty() &&
               !table_of(after, stream_table).rows.empty()) {
      detail += "the stored scans are the same: what differs happens to parcels whose scans were not stored\n";
    }
    const auto first_day = std::min_element(changes.network_days.begin(), changes.network_days.end(),
                                            [](const auto& a, const auto& b) { return a.name < b.name; });
    if (first_day != changes.network_days.end()) {
      detail += fmt::format("first day on which facilities worked differently: {}\n", first_day->name);
    }
    if (!changes.simulated.empty()) {
      detail +=
          fmt::format("measures that moved: {}\n", changes.simulated.size()) + measures_listed(changes.simulated, 12);
    }
    detail += listed("carriers", changes.carriers, 8) + listed("facilities", changes.facilities, 8) +
              listed("days of the network", changes.network_days, 5) + listed("due days", changes.days, 5);
    while (detail.ends_with('\n')) detail.pop_back();
    world.detail = std::move(detail);
  }
  checks.push_back(std::move(world));

  const auto replayed = [](const Baseline& b) {
    const auto found = b.measures.find("findings");
    return found != b.measures.end() && found->second.value;
  };
  if (replayed(before)) {
    Check defects{"baseline", "correctness of the replay", GateVerdict::passed, "", "", "", 0};
    const bool more = std::any_of(changes.defects.begin(), changes.defects.end(), [](const auto& change) {
      return change.after.value_or(0) > change.before.value_or(0);
    });
    if (!replayed(after)) {
      defects.verdict = accepting ? GateVerdict::passed : GateVerdict::error;
      defects.message = "the baseline was replayed and read back, this run was not";
    } else if (changes.defects.empty()) {
      defects.message =
          fmt::format("as many findings as the baseline: {}", *after.measures.find("findings")->second.value);
    } else {
      defects.verdict = verdict(!more);
      defects.message = more ? "defects that the baseline did not have" : "fewer defects than the baseline";
      defects.detail = measures_listed(changes.defects, 12);
      defects.detail.pop_back();
    }
    checks.push_back(std::move(defects));
  }
  return checks;
}

std::string measured_text(const BaselineChanges& changes) {
  std::string text;
  for (const auto& change : changes.measured) {
    if (change.before && change.after && change.before != change.after && is_headline(change.name))
      text += "  " + change_text(change) + "\n";
  }
  return text;
}

}  // namespace peakstorm
