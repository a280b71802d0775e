// What is different between two baselines, and between two runs' scans; in words, and as checks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "results/baseline.hpp"
#include "results/checkpoint.hpp"
#include "results/gates/baseline_tables.hpp"
#include "results/store/manifest.hpp"
#include "results/store/stream.hpp"

namespace peakstorm {
namespace {

using gates::condensed;
using gates::facility_table;
using gates::facts_of;
using gates::is_headline;
using gates::stream_table;
using gates::table_queries;
using gates::TableQuery;
namespace fs = std::filesystem;

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

/// The keys of either.
template <class Map>
std::set<typename Map::key_type> keys_of(const Map& before, const Map& after) {
  std::set<typename Map::key_type> keys;
  for (const auto& entry : before) keys.insert(entry.first);
  for (const auto& entry : after) keys.insert(entry.first);
  return keys;
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
  for (const auto& key : keys_of(before.rows, after.rows)) {
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

}  // namespace

BaselineChanges compare_baselines(const Baseline& before, const Baseline& after) {
  BaselineChanges changes;
  for (const std::string& name : keys_of(before.inputs, after.inputs)) {
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
  for (const std::string& name : keys_of(before.measures, after.measures)) {
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
  for (const TableQuery& query : table_queries()) {
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
