// From run.sqlite to the JSON object that the page draws. Sums and sorting are SQL's; the page only divides,
// formats and draws.
#define XXH_INLINE_ALL  // The hash alone, without its library.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/notices.hpp"
#include "engine/time.hpp"
#include "results/report.hpp"
#include "results/reports/sqlite_reader.hpp"
#include "results/reports/stories.hpp"

namespace peakstorm {
namespace {

namespace json = boost::json;
using reports::Row;
using reports::SqliteReader;

constexpr int schema_version = 1;

std::int64_t number(const json::object& facts, const char* key, std::int64_t otherwise) {
  const json::value* found = facts.if_contains(key);
  if (found == nullptr || !found->is_string()) return otherwise;
  try {
    return std::stoll(std::string(found->as_string()));
  } catch (const std::exception&) {  // An empty or odd value: the report goes without it.
    return otherwise;
  }
}

json::value maybe_real(const Row& row, int column) {
  if (row.null(column) || !std::isfinite(row.real(column))) return nullptr;
  return row.real(column);
}
json::value maybe_text(const Row& row, int column) {
  if (row.null(column)) return nullptr;
  return json::string(row.text(column));
}
json::value maybe_integer(const Row& row, int column) {
  if (row.null(column)) return nullptr;
  return row.integer(column);
}

/// Rows of `sql` as an array of objects whose keys are `names`, one per column, each converted by its type.
/// Types: i integer, r real, t text; all may be NULL.
json::array objects(SqliteReader& run, const char* sql, std::initializer_list<std::pair<const char*, char>> columns) {
  json::array all;
  run.rows(sql, [&](const Row& row) {
    json::object one;
    int column = 0;
    for (const auto& [name, type] : columns) {
      one[name] = type == 'i'   ? maybe_integer(row, column)
                  : type == 'r' ? maybe_real(row, column)
                                : maybe_text(row, column);
      ++column;
    }
    all.push_back(std::move(one));
  });
  return all;
}

json::object key_values(SqliteReader& run, const char* sql) {
  json::object all;
  run.rows(sql, [&](const Row& row) { all[row.text(0)] = json::string(row.text(1)); });
  return all;
}

/// Places of the report: every facility and ship node. The first `on_map` of them are drawn: facilities and
/// retailers' nodes, fullest first. Where background volume starts is a way of loading the network, no news.
struct Places {
  json::array list;
  std::unordered_map<std::int64_t, std::size_t> position;  ///< place_id to its index in `list`.
  std::size_t on_map = 0;
};

Places read_places(SqliteReader& run, const ReportLimits& limits) {
  Places places;
  run.rows(
      "SELECT p.place_id, p.name, p.kind, coalesce(c.name, s.name, ''), r.name, p.lat, p.lon, "
      "       coalesce(k.pieces, 0), coalesce(k.at_ms, 0), coalesce(s.role, '') = 'background' "
      "FROM place p JOIN region r USING (region_id) LEFT JOIN carrier c USING (carrier_id) "
      "LEFT JOIN shipper s USING (shipper_id) LEFT JOIN place_peak k USING (place_id) "
      "ORDER BY 10, 8 DESC, p.place_id",
      [&](const Row& row) {
        places.position[row.integer(0)] = places.list.size();
        if (row.integer(9) == 0) ++places.on_map;
        places.list.push_back(json::object{{"name", json::string(row.text(1))},
                                           {"kind", json::string(row.text(2))},
                                           {"carrier", json::string(row.text(3))},
                                           {"region", json::string(row.text(4))},
                                           {"lat", row.real(5)},
                                           {"lon", row.real(6)},
                                           {"peak", row.integer(7)},
                                           {"peak_ms", row.integer(8)}});
      });
  places.on_map = std::min(places.on_map, limits.map_places);
  return places;
}

/// Backlog over time of the places on the map, in steps long enough to stay within the limit. A step shows
/// the mean of its samples; an hour's is the sample itself.
json::object read_load(SqliteReader& run, const Places& places, const ReportLimits& limits) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t stored_step = 1;
  run.rows(
      "SELECT coalesce(min(from_hour), 0), coalesce(max(from_hour + step_hours), 0), coalesce(max(step_hours), 1) "
      "FROM place_load",
      [&](const Row& row) {
        first = row.integer(0);
        end = row.integer(1);
        stored_step = std::max<std::int64_t>(1, row.integer(2));
      });
  // More than twenty years: no run's hours, and no reason to ask for their memory.
  if (end - first > std::int64_t{20} * 366 * 24) end = first;
  const auto shown = static_cast<std::int64_t>(places.on_map);
  // Divisors of a day, so that a step always falls on the same hours and midnight is one of them.
  std::int64_t step = 24;
  for (const std::int64_t hours : {1, 2, 3, 4, 6, 8, 12, 24}) {
    if (hours % stored_step == 0 && (end - first) / hours * shown <= static_cast<std::int64_t>(limits.load_samples)) {
      step = hours;
      break;
    }
  }
  const std::int64_t from = floor_div(first, step) * step;
  const std::int64_t steps = end > from ? (end - from + step - 1) / step : 0;
  std::vector<std::vector<double>> pieces(places.on_map, std::vector<double>(static_cast<std::size_t>(steps), 0.0));
  run.rows("SELECT place_id, from_hour, step_hours, sorting_mean + docked_mean + delivering_mean FROM place_load",
           [&](const Row& row) {
             const auto place = places.position.find(row.integer(0));
             if (place == places.position.end() || place->second >= places.on_map) return;
             const auto at = static_cast<std::size_t>((row.integer(1) - from) / step);
             if (at < pieces[place->second].size())
               pieces[place->second][at] +=
                   row.real(3) * static_cast<double>(row.integer(2)) / static_cast<double>(step);
           });
  json::array series;
  for (std::size_t place = 0; place < places.on_map; ++place) {
    json::array values;
    values.reserve(pieces[place].size());
    for (const double value : pieces[place]) values.emplace_back(std::llround(value));
    series.push_back(json::object{{"place", place}, {"values", std::move(values)}});
  }
  return {
      {"from_ms", from * 3'600'000}, {"step_ms", step * 3'600'000}, {"steps", steps}, {"series", std::move(series)}};
}

json::array read_lanes(SqliteReader& run, const Places& places, const ReportLimits& limits) {
  json::array lanes;
  run.rows("SELECT from_place_id, to_place_id, mode FROM lane ORDER BY lane_id", [&](const Row& row) {
    const auto from = places.position.find(row.integer(0));
    const auto to = places.position.find(row.integer(1));
    if (from == places.position.end() || to == places.position.end() || lanes.size() >= limits.lanes) return;
    lanes.push_back(json::array{from->second, to->second, json::string(row.text(2))});
  });
  return lanes;
}

json::array read_disruptions(SqliteReader& run, const Places& places) {
  json::array all = objects(run,
                            "SELECT disruption_id, d.name, kind, from_ms, to_ms, c.name, lat, lon, radius_km, speed, "
                            "staffing, demand, closed, embargo, scan_delay_minutes "
                            "FROM disruption d LEFT JOIN carrier c USING (carrier_id) WHERE active ORDER BY from_ms, 1",
                            {{"id", 'i'},
                             {"name", 't'},
                             {"kind", 't'},
                             {"from_ms", 'i'},
                             {"to_ms", 'i'},
                             {"carrier", 't'},
                             {"lat", 'r'},
                             {"lon", 'r'},
                             {"radius_km", 'r'},
                             {"speed", 'r'},
                             {"staffing", 'r'},
                             {"demand", 'r'},
                             {"closed", 'i'},
                             {"embargo", 'i'},
                             {"scan_delay_minutes", 'i'}});
  std::map<std::int64_t, json::array> regions;
  run.rows("SELECT disruption_id, r.name FROM disruption_region JOIN region r USING (region_id)",
           [&](const Row& row) { regions[row.integer(0)].push_back(json::string(row.text(1))); });
  std::map<std::int64_t, json::array> touched;
  run.rows("SELECT disruption_id, place_id FROM disruption_place", [&](const Row& row) {
    const auto place = places.position.find(row.integer(1));
    if (place != places.position.end()) touched[row.integer(0)].push_back(place->second);
  });
  for (json::value& one : all) {
    json::object& disruption = one.as_object();
    const std::int64_t id = disruption["id"].as_int64();
    disruption["regions"] = std::move(regions[id]);
    disruption["places"] = std::move(touched[id]);
    disruption.erase("id");
  }
  return all;
}

/// `place_id` of column 0 becomes the index in `places`; the rest as in `objects`.
json::array read_causes(SqliteReader& run, const Places& places, const ReportLimits& limits) {
  json::array causes;
  run.rows(
      "SELECT place_id, cause, sum(CASE WHEN role = 'retailer' THEN broken_promises ELSE 0 END), "
      "sum(broken_commits), sum(CASE WHEN role = 'retailer' THEN minutes_lost ELSE 0 END), sum(minutes_lost) "
      "FROM cause GROUP BY 1, 2 ORDER BY 3 DESC, 4 DESC, 6 DESC, 1, 2",
      [&](const Row& row) {
        if (causes.size() >= limits.cause_rows) return;
        const auto place = row.null(0) ? places.position.end() : places.position.find(row.integer(0));
        json::value where = nullptr;
        if (place != places.position.end()) where = place->second;
        causes.push_back(json::object{{"place", where},
                                      {"cause", json::string(row.text(1))},
                                      {"promises", row.integer(2)},
                                      {"commits", row.integer(3)},
                                      {"promise_minutes", row.integer(4)},
                                      {"minutes", row.integer(5)}});
      });
  return causes;
}

/// What the oracles found. Runs of before there were oracles have none of these tables: `older` says so, in one
/// sentence.
void read_proofs(SqliteReader& run, json::object& replay) {
  std::string missing;
  const auto section = [&](const char* name, const char* table, const char* title, const char* sql,
                           std::initializer_list<std::pair<const char*, char>> columns) {
    const bool there = run.has(table);
    if (!there) missing += (missing.empty() ? "" : ", ") + std::string(title);
    replay[name] = there ? objects(run, sql, columns) : json::array();
  };
  section("oracles", "oracle", "the oracles", "SELECT oracle, judged, findings FROM oracle",
          {{"oracle", 't'}, {"judged", 'i'}, {"findings", 'i'}});
  section("injected", "injected", "what was injected",
          "SELECT kind, count(*), count(DISTINCT parcel_id) FROM injected GROUP BY 1 ORDER BY 2 DESC",
          {{"kind", 't'}, {"count", 'i'}, {"parcels", 'i'}});
  section("visibility", "visibility", "visibility",
          "SELECT fault, scans, p50_ms, p99_ms, max_ms, gap_p50_ms FROM visibility ORDER BY scans DESC",
          {{"fault", 't'}, {"scans", 'i'}, {"p50", 'r'}, {"p99", 'r'}, {"max", 'r'}, {"gap", 'r'}});
  section("eta", "eta_error", "errors of the dates shown",
          "SELECT date, days_to_go, checks, early, exact, late, mean_abs_days FROM eta_error "
          "ORDER BY date, days_to_go DESC",
          {{"date", 't'},
           {"days_to_go", 'i'},
           {"checks", 'i'},
           {"early", 'i'},
           {"exact", 'i'},
           {"late", 'i'},
           {"mean_abs", 'r'}});
  section("outages", "outage", "outages",
          "SELECT from_second, to_second, caught_up_second, backlog_max FROM outage ORDER BY 1 LIMIT 100",
          {{"from", 'i'}, {"to", 'i'}, {"caught_up", 'i'}, {"backlog", 'i'}});
  section("diagnosis", "diagnosis", "what it looks like", "SELECT bug, why FROM diagnosis ORDER BY place",
          {{"bug", 't'}, {"why", 't'}});
  if (!missing.empty()) {
    replay["older"] =
        "This run was made by an earlier version, which did not keep all that a report tells today; left out: " +
        missing + ".";
  }
}

/// Figures beside what the run came to.
json::array read_validation(SqliteReader& run) {
  return objects(run,
                 "SELECT figure, kind, measure, services, due_day, published, here, error, unit, source, note "
                 "FROM validation ORDER BY place LIMIT 200",
                 {{"figure", 't'},
                  {"kind", 't'},
                  {"measure", 't'},
                  {"services", 't'},
                  {"due_day", 'i'},
                  {"published", 'r'},
                  {"here", 'r'},
                  {"error", 'r'},
                  {"unit", 't'},
                  {"source", 't'},
                  {"note", 't'}});
}

/// What broken promises were made good with, by retailer and grade.
json::array read_recovery(SqliteReader& run) {
  return objects(run,
                 "SELECT s.name, grade, after_minutes, parcels, credit_cents, refund_cents "
                 "FROM recovery JOIN shipper s USING (shipper_id) ORDER BY shipper_id, grade LIMIT 200",
                 {{"shipper", 't'},
                  {"grade", 'i'},
                  {"after_minutes", 'i'},
                  {"parcels", 'i'},
                  {"credit_cents", 'i'},
                  {"refund_cents", 'i'}});
}

json::object read_replay(SqliteReader& run, const ReportLimits& limits) {
  json::object replay = key_values(run, "SELECT key, value FROM replay");
  if (replay.empty()) return replay;
  replay["requests"] =
      objects(run, "SELECT kind, fate, status, requests FROM replay_request ORDER BY kind, fate, status",
              {{"kind", 't'}, {"fate", 't'}, {"status", 'i'}, {"requests", 'i'}});
  replay["senders"] = json::array();
  if (run.has("replay_sender")) {
    replay["senders"] = objects(run,
                                "SELECT rank, host, scans, checks, attempts, late, cpu_s, clock_offset_us, "
                                "clock_uncertainty_us, clock_drift_us FROM replay_sender ORDER BY rank",
                                {{"rank", 'i'},
                                 {"host", 't'},
                                 {"scans", 'i'},
                                 {"checks", 'i'},
                                 {"attempts", 'i'},
                                 {"late", 'i'},
                                 {"cpu_s", 'r'},
                                 {"clock_offset_us", 'r'},
                                 {"clock_uncertainty_us", 'r'},
                                 {"clock_drift_us", 'r'}});
  }
  replay["latency"] = objects(run,
                              "SELECT kind, measure, requests, mean_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms "
                              "FROM replay_latency ORDER BY kind, measure",
                              {{"kind", 't'},
                               {"measure", 't'},
                               {"requests", 'i'},
                               {"mean", 'r'},
                               {"p50", 'r'},
                               {"p90", 'r'},
                               {"p99", 'r'},
                               {"p999", 'r'},
                               {"max", 'r'}});
  // Seconds are gathered into at most `replay_points` buckets. A bucket's p99 is its worst second's: a stall
  // may not be averaged away.
  std::int64_t seconds = 0;
  run.rows("SELECT coalesce(max(second) + 1, 0) FROM replay_second", [&](const Row& row) { seconds = row.integer(0); });
  const auto points = static_cast<std::int64_t>(std::max<std::size_t>(1, limits.replay_points));
  const std::int64_t bucket = std::max<std::int64_t>(1, (seconds + points - 1) / points);
  const std::string width = std::to_string(bucket);
  replay["bucket_s"] = bucket;
  replay["seconds"] = objects(run,
                              ("SELECT second / " + width + " * " + width +
                               ", sum(intended), sum(sent), sum(done), sum(errors), sum(late), sum(dropped), "
                               "max(p50_ms), max(p99_ms), max(max_ms) FROM replay_second WHERE kind <> 'read_back' "
                               "AND kind <> 'all' GROUP BY 1 ORDER BY 1")
                                  .c_str(),
                              {{"second", 'i'},
                               {"intended", 'i'},
                               {"sent", 'i'},
                               {"done", 'i'},
                               {"errors", 'i'},
                               {"late", 'i'},
                               {"dropped", 'i'},
                               {"p50", 'r'},
                               {"p99", 'r'},
                               {"max", 'r'}});
  replay["staleness"] = objects(run, "SELECT clock, checks, stale, mean, p50, p90, p99, p999, max FROM staleness",
                                {{"clock", 't'},
                                 {"checks", 'i'},
                                 {"stale", 'i'},
                                 {"mean", 'r'},
                                 {"p50", 'r'},
                                 {"p90", 'r'},
                                 {"p99", 'r'},
                                 {"p999", 'r'},
                                 {"max", 'r'}});
  replay["staleness_seconds"] =
      objects(run,
              ("SELECT second / " + width + " * " + width +
               ", sum(checks), sum(stale), sum(mean_ms * checks) / max(1, sum(checks)), "
               "max(max_ms) FROM staleness_second GROUP BY 1 ORDER BY 1")
                  .c_str(),
              {{"second", 'i'}, {"checks", 'i'}, {"stale", 'i'}, {"mean_ms", 'r'}, {"max_ms", 'r'}});
  replay["findings"] =
      objects(run, "SELECT kind, subject, defect, count FROM finding ORDER BY defect DESC, count DESC, 1",
              {{"kind", 't'}, {"subject", 't'}, {"defect", 'i'}, {"count", 'i'}});
  json::array examples;
  std::map<std::string, std::size_t, std::less<>> taken;
  const std::string by_oracle = run.has("finding_example.oracle") ? "faults, coalesce(oracle, '')" : "'', ''";
  run.rows(("SELECT kind, parcel_id, sequence, detail, substr(truth, 1, 6000), substr(shown, 1, 6000), " + by_oracle +
            " FROM finding_example ORDER BY kind, parcel_id, sequence")
               .c_str(),
           [&](const Row& row) {
             auto [count, fresh] = taken.try_emplace(std::string(row.text(0)), 0);
             if (count->second++ >= limits.examples_per_kind) return;
             // The id is a 64-bit bit pattern: JavaScript's numbers would round it, text does not.
             examples.push_back(json::object{{"kind", json::string(row.text(0))},
                                             {"parcel", std::to_string(row.integer(1))},
                                             {"detail", json::string(row.text(3))},
                                             {"truth", json::string(row.text(4))},
                                             {"shown", json::string(row.text(5))},
                                             {"faults", json::string(row.text(6))},
                                             {"oracle", json::string(row.text(7))}});
           });
  replay["examples"] = std::move(examples);
  read_proofs(run, replay);
  return replay;
}

json::object read_shopper(SqliteReader& run) {
  return {{"acts", objects(run, "SELECT act, sum(acts) FROM act_hour GROUP BY act", {{"act", 't'}, {"count", 'i'}})},
          {"days", objects(run,
                           "SELECT hour / 24 - (hour < 0 AND hour % 24 <> 0), "
                           "sum(CASE WHEN act = 'check' THEN acts ELSE 0 END), "
                           "sum(CASE WHEN act = 'contact' THEN acts ELSE 0 END) FROM act_hour GROUP BY 1 ORDER BY 1",
                           {{"day", 'i'}, {"checks", 'i'}, {"contacts", 'i'}})}};
}

/// The scenario's files as they were read, with the checksum that the manifest will give them. Taken from the
/// files themselves: the manifest is written after the report, and a report made again must be the same.
json::array read_inputs(const std::filesystem::path& run_folder) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  std::error_code code;
  const fs::path root = run_folder / "inputs";
  for (fs::recursive_directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code))
    if (entry->is_regular_file(code)) files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  json::array inputs;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    std::array<char, 33> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    inputs.push_back(json::object{
        {"name", fs::relative(path, root, code).generic_string()}, {"bytes", bytes.size()}, {"xxh128", digits.data()}});
  }
  return inputs;
}

}  // namespace

Result<std::string> report_json(const std::filesystem::path& run_folder, const ReportLimits& limits) {
  const std::filesystem::path file = run_folder / "run.sqlite";
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code))
    return fail(ErrorKind::bad_input,
                file.string() + ": not there; a report is made from a run folder (peakstorm simulate or drill --out)");
  SqliteReader run(file);
  std::int64_t version = 0;
  run.rows("PRAGMA user_version", [&](const Row& row) { version = row.integer(0); });
  if (run.failed()) return run.error();
  if (version != schema_version)
    return fail(ErrorKind::bad_input, file.string() + ": schema version " + std::to_string(version) +
                                          ", but this program reads version " + std::to_string(schema_version) +
                                          "; make the report with the version that made the run");

  json::object data;
  data["format"] = 1;
  data["run"] = key_values(run, "SELECT key, value FROM run");
  data["inputs"] = read_inputs(run_folder);
  json::object measures;
  run.rows("SELECT name, value, unit, low, high FROM measure", [&](const Row& row) {
    measures[row.text(0)] = json::object{{"value", maybe_real(row, 1)},
                                         {"unit", json::string(row.text(2))},
                                         {"low", maybe_real(row, 3)},
                                         {"high", maybe_real(row, 4)}};
  });
  data["measures"] = std::move(measures);
  data["gates"] = objects(run, "SELECT expression, actual, unit, verdict, message FROM gate ORDER BY gate_id",
                          {{"expression", 't'}, {"actual", 'r'}, {"unit", 't'}, {"verdict", 't'}, {"message", 't'}});

  json::array carriers;
  run.rows("SELECT name FROM carrier ORDER BY carrier_id",
           [&](const Row& row) { carriers.push_back(json::string(row.text(0))); });
  data["carriers"] = std::move(carriers);
  json::array regions;
  run.rows("SELECT name FROM region ORDER BY region_id",
           [&](const Row& row) { regions.push_back(json::string(row.text(0))); });
  data["regions"] = std::move(regions);
  // The clock of the page: the zone most parcels go to, unless the run names one.
  std::string zone;
  run.rows("SELECT zone FROM destination GROUP BY zone ORDER BY sum(weight) DESC, zone LIMIT 1",
           [&](const Row& row) { zone = row.text(0); });
  data["zone"] = zone;

  const Places places = read_places(run, limits);
  data["load"] = read_load(run, places, limits);
  data["lanes"] = read_lanes(run, places, limits);
  data["disruptions"] = read_disruptions(run, places);
  data["causes"] = read_causes(run, places, limits);
  data["places"] = places.list;
  auto told = reports::read_told_scans(run, run_folder, places.position, places.on_map, limits);
  if (!told) return tl::unexpected(told.error());
  data["stories"] = std::move(told->stories);
  json::array notice_tags;
  for (const std::string_view tag : notice_languages()) notice_tags.push_back(json::string(tag));
  data["notice_languages"] = std::move(notice_tags);
  data["flows"] = std::move(told->flows);

  data["on_time"] = objects(run,
                            "SELECT definition, population, kept, broken, not_counted, rate, low, high, replications "
                            "FROM on_time ORDER BY population, definition",
                            {{"definition", 't'},
                             {"population", 't'},
                             {"kept", 'i'},
                             {"broken", 'i'},
                             {"not_counted", 'i'},
                             {"rate", 'r'},
                             {"low", 'r'},
                             {"high", 'r'},
                             {"replications", 'i'}});
  data["shown"] = objects(
      run, "SELECT view, kept, broken, rate, hidden_kept, hidden_broken FROM on_time_shown",
      {{"view", 't'}, {"kept", 'i'}, {"broken", 'i'}, {"rate", 'r'}, {"hidden_kept", 'i'}, {"hidden_broken", 'i'}});
  // Promises are the retailers'; the carriers' own commitments count every parcel.
  data["promises_by_day"] =
      objects(run,
              "SELECT due_day, c.name, s.tier, sum(kept), sum(broken) FROM on_time_due "
              "JOIN service s USING (service_id) JOIN carrier c USING (carrier_id) "
              "WHERE definition = 'promise' AND role = 'retailer' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
              {{"day", 'i'}, {"carrier", 't'}, {"tier", 't'}, {"kept", 'i'}, {"broken", 'i'}});
  data["commits_by_day"] = objects(run,
                                   "SELECT due_day, c.name, s.tier, sum(kept), sum(broken) FROM on_time_due "
                                   "JOIN service s USING (service_id) JOIN carrier c USING (carrier_id) "
                                   "WHERE definition = 'commit' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                                   {{"day", 'i'}, {"carrier", 't'}, {"tier", 't'}, {"kept", 'i'}, {"broken", 'i'}});
  data["services"] = objects(run,
                             "SELECT c.name, s.name, s.tier, "
                             "sum(CASE WHEN definition = 'promise' AND role = 'retailer' THEN kept ELSE 0 END), "
                             "sum(CASE WHEN definition = 'promise' AND role = 'retailer' THEN broken ELSE 0 END), "
                             "sum(CASE WHEN definition = 'commit' THEN kept ELSE 0 END), "
                             "sum(CASE WHEN definition = 'commit' THEN broken ELSE 0 END) "
                             "FROM on_time_ordered JOIN service s USING (service_id) JOIN carrier c USING (carrier_id) "
                             "GROUP BY c.name, s.name, s.tier ORDER BY 1, 2",
                             {{"carrier", 't'},
                              {"service", 't'},
                              {"tier", 't'},
                              {"kept", 'i'},
                              {"broken", 'i'},
                              {"commits_kept", 'i'},
                              {"commits_broken", 'i'}});
  data["by_region"] =
      objects(run,
              "SELECT r.name, "
              "sum(CASE WHEN definition = 'promise' AND role = 'retailer' THEN kept ELSE 0 END), "
              "sum(CASE WHEN definition = 'promise' AND role = 'retailer' THEN broken ELSE 0 END), "
              "sum(CASE WHEN definition = 'commit' THEN kept ELSE 0 END), "
              "sum(CASE WHEN definition = 'commit' THEN broken ELSE 0 END) "
              "FROM on_time_region JOIN region r USING (region_id) GROUP BY r.name ORDER BY r.name",
              {{"name", 't'}, {"kept", 'i'}, {"broken", 'i'}, {"commits_kept", 'i'}, {"commits_broken", 'i'}});
  data["lateness"] = objects(run,
                             "SELECT definition, days_late, sum(parcels) FROM lateness "
                             "WHERE (definition = 'promise' AND role = 'retailer') OR definition = 'commit' "
                             "GROUP BY definition, days_late ORDER BY definition, days_late",
                             {{"definition", 't'}, {"days", 'i'}, {"parcels", 'i'}});
  data["fates"] = objects(run, "SELECT role, fate, sum(parcels) FROM fate GROUP BY role, fate ORDER BY role, fate",
                          {{"role", 't'}, {"fate", 't'}, {"parcels", 'i'}});
  data["costs"] =
      objects(run,
              "SELECT s.name, parcels, shipping_cents, broken_promises, credit_cents, refund_cents, contacts, "
              "contact_cents FROM cost JOIN shipper s USING (shipper_id) ORDER BY shipper_id",
              {{"shipper", 't'},
               {"parcels", 'i'},
               {"shipping_cents", 'i'},
               {"broken", 'i'},
               {"credit_cents", 'i'},
               {"refund_cents", 'i'},
               {"contacts", 'i'},
               {"contact_cents", 'i'}});
  // Runs of before there were published figures, or recoveries by grade, have no such tables.
  data["validation"] = run.has("published") ? read_validation(run) : json::array();
  data["recovery"] = run.has("recovery") ? read_recovery(run) : json::array();
  data["census"] = objects(
      run,
      "SELECT c.name, injected, delivered, lost, returned, inside FROM census x "
      "JOIN carrier c USING (carrier_id) "
      "WHERE day = (SELECT max(day) FROM census y WHERE y.carrier_id = x.carrier_id) ORDER BY 1",
      {{"carrier", 't'}, {"injected", 'i'}, {"delivered", 'i'}, {"lost", 'i'}, {"returned", 'i'}, {"inside", 'i'}});
  data["balance"] =
      objects(run, "SELECT count(*), coalesce(sum(injected <> delivered + lost + returned + inside), 0) FROM census",
              {{"midnights", 'i'}, {"unbalanced", 'i'}});
  data["little"] =
      objects(run,
              "SELECT count(*), coalesce(sum(area_piece_ms <> sojourn_piece_ms), 0), coalesce(sum(pieces), 0) "
              "FROM queue",
              {{"queues", 'i'}, {"unequal", 'i'}, {"pieces", 'i'}});
  data["shopper"] = read_shopper(run);
  data["replay"] = read_replay(run, limits);
  if (run.failed()) return run.error();

  // The report's own span, for a page that must draw even an empty run.
  const json::object& facts = data["run"].as_object();
  data["first_day_unix_s"] = number(facts, "first_day_unix_s", 0);
  data["day_count"] = number(facts, "day_count", 0);
  return json::serialize(data);
}

Result<std::string> pair_json(const std::filesystem::path& first, const std::filesystem::path& second) {
  // Side by side there is no map and there are no single parcels.
  ReportLimits limits;
  limits.load_samples = 0;
  limits.map_places = 0;
  limits.lanes = 0;
  limits.stories = 0;
  limits.scans = 0;
  auto a = report_json(first, limits);
  if (!a) return a;
  auto b = report_json(second, limits);
  if (!b) return b;
  // A path that ends in a slash has no file name; the same name twice would tell nobody which is which.
  const auto name = [](const std::filesystem::path& folder) {
    const auto whole = std::filesystem::absolute(folder).lexically_normal();
    return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  };
  const bool alike = name(first) == name(second);
  const json::array names{json::string(alike ? first.string() : name(first)),
                          json::string(alike ? second.string() : name(second))};
  return "{\"names\":" + json::serialize(names) + ",\"pair\":[" + *a + "," + *b + "]}";
}

}  // namespace peakstorm
