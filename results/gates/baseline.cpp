#include "results/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "engine/random.hpp"
#include "results/gates/baseline_tables.hpp"
#include "results/store/manifest.hpp"

namespace peakstorm {
namespace gates {

const std::vector<TableQuery>& table_queries() {
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

std::map<std::string, std::string> facts_of(store::Database& database) {
  std::map<std::string, std::string> facts;
  store::Statement row(database, "SELECT key, value FROM run");
  while (row.step()) facts[row.text(0)] = row.text(1);
  return facts;
}

bool is_headline(std::string_view measure) {
  constexpr std::string_view names[] = {"endpoint.p50",         "endpoint.p99",         "endpoint.throughput",
                                        "endpoint.error_share", "staleness.replay.p99", "sent.late_share"};
  return std::find(std::begin(names), std::end(names), measure) != std::end(names);
}

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
}  // namespace gates

namespace {

BaselineTable read_table(store::Database& database, const gates::TableQuery& query) {
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
  auto facts = gates::facts_of(**opened);
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
  auto facts = gates::facts_of(**opened);
  for (const gates::TableQuery& query : gates::table_queries()) b.tables[query.name] = read_table(**opened, query);
  if (auto status = (*opened)->status(); !status) return tl::unexpected(status.error());
  b.without = facts["without"];
  if (manifest.streams) {
    auto stream = hash_stream(run, std::atoll(facts["first_day_unix_s"].c_str()));
    if (!stream) return tl::unexpected(stream.error());
    b.tables[gates::stream_table] = std::move(*stream);
  }
  return b;
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

}  // namespace peakstorm
