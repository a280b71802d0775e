// Makes run folders for the browser tests: a synthetic December through the real schema, and its report.
//
//   report_fixture FOLDER              writes FOLDER/drill, replicated, simulate, partial, abroad, empty, hostile,
//   large,
//                                      the comparisons of compare_fixture.hpp, and FOLDER/pair.html, the first
//                                      two side by side
//   report_fixture --headline FOLDER   prints promises kept and broken and the rate, as in run.sqlite
//   report_fixture --cut FOLDER        prints commitments kept and broken of one service due on 24 December
//
// Every number follows from small formulas, so the folders are the same on every machine. No engine is
// needed: the test is about the page.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <numbers>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/scan.hpp"
#include "engine/time.hpp"
#include "results/report.hpp"
#include "results/store/stream.hpp"
#include "tests/browser/compare_fixture.hpp"

namespace {

using peakstorm::write_report;

struct Null {};

/// A run.sqlite being made. Any failure ends the program: the fixture itself would be wrong.
class Run {
 public:
  explicit Run(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    const std::string file = (folder / "run.sqlite").string();
    std::filesystem::remove(file);
    require(sqlite3_open(file.c_str(), &database_) == SQLITE_OK, "open");
    std::ifstream schema(PEAKSTORM_SOURCE_DIR "/results/store/schema.sql");
    const std::string text{std::istreambuf_iterator<char>(schema), {}};
    require(!text.empty(), "schema.sql");
    require(sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, "schema");
    require(sqlite3_exec(database_, "BEGIN", nullptr, nullptr, nullptr) == SQLITE_OK, "begin");
  }
  ~Run() {
    require(sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK, "commit");
    sqlite3_close(database_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  template <class... Values>
  void insert(const std::string& table, const Values&... values) {
    std::string sql = "INSERT INTO " + table + " VALUES (?";
    for (std::size_t i = 1; i < sizeof...(values); ++i) sql += ",?";
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(database_, (sql + ")").c_str(), -1, &statement, nullptr) == SQLITE_OK, table.c_str());
    int column = 0;
    (bind(statement, ++column, values), ...);
    require(sqlite3_step(statement) == SQLITE_DONE, table.c_str());
    sqlite3_finalize(statement);
  }

 private:
  template <class Value>
  void bind(sqlite3_stmt* statement, int column, const Value& value) {
    if constexpr (std::is_same_v<Value, Null>) {
      sqlite3_bind_null(statement, column);
    } else if constexpr (std::is_floating_point_v<Value>) {
      sqlite3_bind_double(statement, column, value);
    } else if constexpr (std::is_integral_v<Value>) {
      sqlite3_bind_int64(statement, column, static_cast<sqlite3_int64>(value));
    } else {
      const std::string text{std::string_view(value)};
      sqlite3_bind_text(statement, column, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
  }
  void require(bool fine, const char* what) {
    if (fine) return;
    std::cerr << "report_fixture: " << what << ": " << sqlite3_errmsg(database_) << "\n";
    std::abort();
  }
  sqlite3* database_ = nullptr;
};

struct Site {
  const char* name;
  const char* region;
  const char* kind;
  int carrier;
  double lat;
  double lon;
  int size;  ///< Ordinary peak backlog.
};

constexpr std::array<Site, 27> sites{{
    {"louisville-worldport", "KY", "air_hub", 0, 38.17, -85.74, 900},
    {"chicago-hodgkins", "IL", "hub", 0, 41.77, -87.86, 620},
    {"dallas-hub", "TX", "hub", 0, 32.78, -96.80, 410},
    {"ontario-hub", "CA", "hub", 0, 34.06, -117.60, 480},
    {"secaucus-hub", "NJ", "hub", 0, 40.79, -74.06, 520},
    {"atlanta-pleasantdale", "GA", "hub", 0, 33.87, -84.23, 390},
    {"rockford-air", "IL", "air_hub", 0, 42.20, -89.10, 180},
    {"philadelphia-air", "PA", "air_hub", 0, 39.87, -75.24, 260},
    {"memphis-superhub", "TN", "air_hub", 1, 35.04, -89.98, 820},
    {"indianapolis-hub", "IN", "air_hub", 1, 39.71, -86.30, 440},
    {"oakland-hub", "CA", "air_hub", 1, 37.72, -122.22, 260},
    {"newark-hub", "NJ", "air_hub", 1, 40.69, -74.17, 330},
    {"fort-worth-alliance", "TX", "air_hub", 1, 32.98, -97.32, 230},
    {"denver-hub", "CO", "hub", 1, 39.78, -104.85, 200},
    {"chicago-ndc", "IL", "hub", 2, 42.00, -87.90, 360},
    {"jersey-city-ndc", "NJ", "hub", 2, 40.72, -74.06, 340},
    {"los-angeles-ndc", "CA", "hub", 2, 33.97, -118.25, 360},
    {"seattle-ndc", "WA", "hub", 2, 47.45, -122.28, 150},
    {"minneapolis-depot", "MN", "depot", 0, 44.98, -93.27, 120},
    {"detroit-depot", "MI", "depot", 0, 42.33, -83.05, 160},
    {"st-louis-depot", "MO", "depot", 0, 38.63, -90.20, 140},
    {"boston-depot", "MA", "depot", 1, 42.36, -71.06, 170},
    {"miami-depot", "FL", "depot", 1, 25.76, -80.19, 130},
    {"phoenix-depot", "AZ", "depot", 2, 33.45, -112.07, 110},
    {"houston-depot", "TX", "depot", 2, 29.76, -95.37, 150},
    {"oklahoma-city-depot", "OK", "depot", 0, 35.47, -97.52, 90},
    {"hebron-warehouse", "KY", "node", -1, 39.06, -84.70, 300},
}};
constexpr std::array<const char*, 3> carriers{"ups", "fedex", "usps"};
constexpr std::array<const char*, 48> states{"AL", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "ID", "IL", "IN",
                                             "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT",
                                             "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA",
                                             "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"};

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t first_day_unix = 1'385'337'600;  // 2013-11-25
constexpr int days = 42;
constexpr int drain = 7;

struct Shape {
  bool replay = true;
  bool partial = false;
  bool abroad = false;   ///< Regions that are no states: the map falls back to the places alone.
  bool empty = false;    ///< Nothing fell due, nothing was recorded.
  bool hostile = false;  ///< Names that try to leave their place in the page.
  int replications = 1;
};

/// How much worse than usual a day is; worst on 24 December (day 29).
double strain(int day, int carrier) {
  const double christmas = std::exp(-0.5 * std::pow((day - 29) / 2.2, 2)) * (carrier == 0   ? 1.0
                                                                             : carrier == 1 ? 0.6
                                                                                            : 0.3);
  const double ice = std::exp(-0.5 * std::pow((day - 12) / 1.6, 2)) * (carrier == 1 ? 0.45 : 0.25);
  return christmas + ice;
}

/// Tracked parcels that broke their promise, with their scans: from the warehouse by way of the place that held them up
/// to a door. Every fifth scan at a depot is never published, every seventh three hours late.
template <class T>
void write_stream(const std::filesystem::path& path, std::vector<T> items) {
  std::sort(items.begin(), items.end(), [](const T& a, const T& b) { return a.at < b.at; });
  std::filesystem::remove(path);  // Of an earlier run of this program.
  auto writer = peakstorm::store::StreamWriter<T>::create(path, peakstorm::store::system_calls());
  if (writer && (*writer)->append(items) && (*writer)->finish()) return;
  std::cerr << "report_fixture: " << path.string() << " cannot be written\n";
  std::abort();
}

void tell_parcels(Run& run, const std::filesystem::path& folder) {
  using peakstorm::Scan;
  using peakstorm::ScanKind;
  const std::array<const char*, 3> causes{"sort_backlog", "lane_weather", "dock_rollover"};
  std::vector<Scan> scans;
  std::vector<peakstorm::ShopperAct> acts;
  for (std::int64_t i = 0; i < 60; ++i) {
    const std::int64_t due = 8 + i * 36 / 60;
    const std::size_t culprit = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 3;
    const std::int64_t id = i + 1;
    run.insert("parcel", id, (due - 3) * day_ms, 0, 0, i % 6, i % 48, "standard", 1, due, 0, 1200, 899, 1, "delivered",
               (due + 1) * day_ms + 15 * hour_ms, Null{}, causes[static_cast<std::size_t>(i % 3)], culprit, 1500,
               due - 2, due + 1, 900, due + 1, due + 1, Null{}, due, 1, 0, "broken", "kept");
    const std::int64_t start = (due - 2) * day_ms;
    std::uint8_t sequence = 0;
    const auto scan = [&](std::int64_t at_hour, ScanKind kind, std::size_t place) {
      Scan one;
      one.at = peakstorm::SimTime(peakstorm::SimDuration(start + at_hour * hour_ms));
      one.reported = one.at + peakstorm::SimDuration(60'000);
      if (sequence == 4 && i % 5 == 0) one.reported = peakstorm::never;
      if (sequence == 2 && i % 7 == 0) one.reported = one.at + peakstorm::SimDuration(3 * hour_ms);
      one.parcel = peakstorm::ParcelId{static_cast<std::uint64_t>(id)};
      one.place = peakstorm::PlaceId{static_cast<std::uint16_t>(place)};
      one.kind = kind;
      one.sequence = sequence++;
      scans.push_back(one);
    };
    const auto sent = [&](std::int64_t at_hour, peakstorm::ActKind kind) {
      peakstorm::ShopperAct one;
      one.at = peakstorm::SimTime(peakstorm::SimDuration(start + at_hour * hour_ms + 60'000));
      one.parcel = peakstorm::ParcelId{static_cast<std::uint64_t>(id)};
      one.kind = kind;
      acts.push_back(one);
    };
    sent(1, peakstorm::ActKind::notice_shipped);
    sent(1, peakstorm::ActKind::check);
    sent(60, peakstorm::ActKind::notice_delay);
    sent(80, peakstorm::ActKind::notice_out_for_delivery);
    sent(87, peakstorm::ActKind::notice_delivered);
    scan(1, ScanKind::accepted, 26);
    scan(6, ScanKind::departed, 26);
    scan(14, ScanKind::arrived, culprit);
    scan(40, ScanKind::departed, culprit);
    scan(52, ScanKind::arrived, 18);
    scan(60, ScanKind::eta_changed, 18);
    scans.back().eta_day = static_cast<std::uint16_t>(due + 2);
    scan(80, ScanKind::out_for_delivery, 18);
    scan(87, ScanKind::delivered, 18);
  }
  write_stream(folder / "scans.pb.zst", std::move(scans));
  write_stream(folder / "acts.pb.zst", std::move(acts));
}

void fill(const std::filesystem::path& folder, const Shape& shape) {
  const std::string evil = "</script><script>document.title='broken out'</script>&amp;\xe2\x80\xa8<!--";

  Run run(folder);
  const auto fact = [&](const char* key, const std::string& value) { run.insert("run", key, value); };
  fact("scenario", shape.hostile ? evil : "christmas-2013");
  fact("title", shape.hostile ? evil : shape.abroad ? "A small network elsewhere" : "Christmas 2013");
  fact("description", "A synthetic December for the report's tests");
  fact("seed", "1");
  fact("replications", std::to_string(shape.replications));
  fact("scale", "0.01");
  fact("without", "");
  fact("version", "0.1.0");
  fact("digest", "3f0c9d7a51e24b8890ab12cd34ef5678");
  fact("command_line", "peakstorm drill christmas-2013 --scale 0.01");
  fact("first_day_unix_s", std::to_string(first_day_unix));
  fact("first_date", "2013-11-25");
  fact("day_count", std::to_string(days));
  fact("drain_days", std::to_string(drain));
  fact("measure_from_day", "6");
  fact("measure_to_day", "37");
  fact("partial", shape.partial ? "1" : "0");
  fact("parcels", "412880");
  fact("tracked", "48211");
  fact("scans", "4310022");
  fact("wall_s", "11.4");
  fact("threads", "2");
  for (std::size_t c = 0; c < carriers.size(); ++c) run.insert("carrier", c, carriers[c]);
  const int service_count = 6;
  for (int s = 0; s < service_count; ++s)
    run.insert("service", s,
               std::string(carriers[static_cast<std::size_t>(s / 2)]) + (s % 2 == 0 ? "-ground" : "-next-day"), s / 2,
               s % 2 == 0 ? (s == 4 ? "economy" : "standard") : "express", s % 2 == 0 ? "road" : "air", 1200);
  std::vector<std::string> regions;
  if (shape.abroad) {
    regions = {"north", "south"};
  } else {
    regions.assign(states.begin(), states.end());
  }
  if (shape.hostile) regions[0] = evil;
  for (std::size_t r = 0; r < regions.size(); ++r) {
    run.insert("region", r, regions[r]);
    run.insert("destination", r, std::to_string(100 + r), r, shape.abroad ? "Europe/Paris" : "America/New_York", 40.0,
               -90.0, 1000);
  }
  run.insert("shipper", 0, "northstar", "retailer");
  run.insert("shipper", 1, "everybody-else", "background");
  if (shape.empty) return;

  const auto region_of = [&](const char* name) {
    const auto at = std::find(regions.begin(), regions.end(), name);
    return at == regions.end() ? std::int64_t{0} : static_cast<std::int64_t>(at - regions.begin());
  };
  const std::size_t site_count = shape.abroad ? 4 : sites.size();
  for (std::size_t p = 0; p < site_count; ++p) {
    const Site& site = sites[p];
    const bool node = site.carrier < 0;
    const double lat = shape.abroad ? 45.0 + static_cast<double>(p % 2) * 3.5 : site.lat;
    const double lon = shape.abroad ? 2.0 + static_cast<double>(p) * 1.7 : site.lon;
    const std::string name = shape.hostile && p == 0 ? evil : site.name;
    if (node)
      run.insert("place", p, name, site.kind, Null{}, 0, region_of(site.region), "America/New_York", lat, lon, 0, 0);
    else
      run.insert("place", p, name, site.kind, site.carrier, Null{}, region_of(site.region), "America/Chicago", lat, lon,
                 site.size * 40, 0);
    std::int64_t peak = 0;
    std::int64_t peak_at = 0;
    for (int hour = 0; hour < (days + drain) * 24; ++hour) {
      const int day = hour / 24;
      const double tide = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (hour % 24 - 4) / 24.0);
      const double late = day > days ? std::exp(-(day - days)) : 1.0;
      const double load = site.size * late * (0.08 + tide) * (0.6 + 0.02 * std::min(day, 30)) *
                          (1 + 3.2 * strain(day, std::max(site.carrier, 0)) * (site.lon > -100 ? 1 : 0.2));
      const auto pieces = static_cast<std::int64_t>(load);
      if (pieces == 0) continue;
      run.insert("place_load", p, hour, 1, load * 0.6, load * 0.3, load * 0.1, pieces, pieces, pieces);
      if (pieces > peak) {
        peak = pieces;
        peak_at = hour * hour_ms;
      }
    }
    run.insert("place_peak", p, peak, peak_at);
    if (p > 0) {
      run.insert("lane", 2 * p, 0, p, p % 3 == 0 ? "air" : "road", 800, 600, 500, 7);
      run.insert("lane", 2 * p + 1, p, 0, "road", 800, 600, 500, 7);
    }
    run.insert("queue", p, "sorter", 1000, 5'000'000, 5'000'000);
  }

  const auto disruption = [&](int id, const std::string& name, const char* kind, std::int64_t from, std::int64_t to,
                              double lat, double lon, double radius, bool closed) {
    run.insert("disruption", id, name, kind, 1, from, to, Null{}, Null{}, lat, lon, radius, 0.6, 0.7,
               std::string_view(kind) == "surge" ? 1.37 : 1.0, closed, 0, 0, 3, 40, 0);
  };
  disruption(0, shape.hostile ? evil : "ice storm, north Texas to Missouri", "storm", 10 * day_ms + 18 * hour_ms,
             14 * day_ms, 34.5, -95.0, 430, false);
  disruption(1, "ice and snow, Plains to New England", "storm", 25 * day_ms, 28 * day_ms + 12 * hour_ms, 0, 0, 0,
             false);
  disruption(2, "orders of the last weekend", "surge", 26 * day_ms, 29 * day_ms, 0, 0, 0, false);
  disruption(3, "worldport closed for ice", "closure", 28 * day_ms, 28 * day_ms + 9 * hour_ms, 0, 0, 0, true);
  run.insert("disruption_place", 0, 2);
  run.insert("disruption_place", 1, 1);
  run.insert("disruption_place", 3, 0);
  for (const char* name : {"OK", "KS", "MO", "IL", "MI", "NY", "VT", "NH", "ME", "MA"})
    if (!shape.abroad) run.insert("disruption_region", 1, region_of(name));

  // Promises: every sum of the report follows from these counts.
  std::int64_t kept_all = 0;
  std::int64_t broken_all = 0;
  std::array<std::int64_t, 3> broken_by_carrier{};
  for (int day = 8; day < 44; ++day) {
    if (day % 7 == 6) continue;  // No delivery on Sundays.
    for (int s = 0; s < service_count; ++s) {
      const int carrier = s / 2;
      const auto due = static_cast<std::int64_t>((s % 2 == 0 ? 620 : 190) * (day < 30 ? 0.6 + day / 30.0 : 0.5));
      const double share = std::min(0.9, 0.03 + strain(day, carrier) * (s % 2 == 0 ? 0.34 : 0.52));
      const auto broken = static_cast<std::int64_t>(static_cast<double>(due) * share);
      kept_all += due - broken;
      broken_all += broken;
      broken_by_carrier[static_cast<std::size_t>(carrier)] += broken;
      run.insert("on_time_due", day, s, "retailer", "promise", due - broken, broken, 0);
      run.insert("on_time_due", day, s, "retailer", "commit", due - broken * 8 / 10, broken * 8 / 10, 0);
      run.insert("on_time_due", day, s, "background", "commit", 9 * due - broken * 7, broken * 7, 0);
      run.insert("on_time_ordered", day - 3, s, "retailer", "promise", due - broken, broken, 0);
      run.insert("on_time_ordered", day - 3, s, "retailer", "commit", due - broken * 8 / 10, broken * 8 / 10, 0);
      run.insert("on_time_ordered", day - 3, s, "background", "commit", 9 * due - broken * 7, broken * 7, 0);
    }
  }
  const std::int64_t due_all = kept_all + broken_all;
  const std::array<double, 7> factor{1.0, 0.83, 0.91, 1.12, 0.8, 0.55, 1.06};
  const std::array<const char*, 7> names{"promise", "revised",        "first_attempt", "window",
                                         "commit",  "commit_lenient", "reported"};
  for (std::size_t d = 0; d < names.size(); ++d) {
    const std::int64_t broken =
        d == 0 ? broken_all : static_cast<std::int64_t>(static_cast<double>(broken_all) * factor[d]);
    const double rate = static_cast<double>(due_all - broken) / static_cast<double>(due_all);
    // The first replication was a lucky one: the mean lies below it.
    if (shape.replications > 1)
      run.insert("on_time", names[d], "retailer", due_all - broken, broken, 211, rate - 0.017, rate - 0.03,
                 rate - 0.005, shape.replications);
    else
      run.insert("on_time", names[d], "retailer", due_all - broken, broken, 211, rate, Null{}, Null{}, 1);
    if (d == 4 || d == 5)
      run.insert("on_time", names[d], "all", due_all * 9 - broken * 7, broken * 7, 2110,
                 1.0 - 7.0 * static_cast<double>(broken) / (9.0 * static_cast<double>(due_all)), Null{}, Null{}, 1);
  }
  for (std::size_t r = 0; r < regions.size(); ++r) {
    const auto due = due_all / static_cast<std::int64_t>(regions.size());
    const double share = 0.05 + 0.22 * std::abs(std::sin(static_cast<double>(r) * 1.7));
    const auto broken = static_cast<std::int64_t>(static_cast<double>(due) * share);
    run.insert("on_time_region", r, 0, "retailer", "promise", due - broken, broken, 0);
    run.insert("on_time_region", r, 0, "background", "commit", 9 * due - 5 * broken, 5 * broken, 0);
  }
  for (int late = -6; late <= 9; ++late) {
    const double weight =
        std::exp(-0.5 * std::pow((late + 0.6) / 1.3, 2)) + (late > 0 ? 0.25 * std::exp(-late / 2.0) : 0);
    run.insert("lateness", 0, "retailer", "promise", late,
               static_cast<std::int64_t>(weight * static_cast<double>(due_all) / 4));
  }
  run.insert("lateness", 0, "retailer", "promise", Null{}, 41);
  struct Lost {
    std::size_t place;
    const char* cause;
    double share;
    int minutes;
  };
  const std::array<Lost, 14> lost{{{0, "sort_backlog", 0.24, 1510},
                                   {1, "lane_weather", 0.13, 980},
                                   {1, "sort_backlog", 0.08, 760},
                                   {3, "dock_rollover", 0.09, 690},
                                   {2, "lane_weather", 0.07, 1240},
                                   {0, "closure", 0.07, 1800},
                                   {2, "dock_rollover", 0.05, 640},
                                   {1, "round_overflow", 0.06, 1440},
                                   {3, "round_overflow", 0.04, 1440},
                                   {2, "sort_backlog", 0.03, 500},
                                   {0, "missort", 0.02, 1700},
                                   {1, "attempt_failed", 0.03, 1440},
                                   {3, "own_handling", 0.04, 300},
                                   {2, "pickup_cap", 0.01, 1440}}};
  std::int64_t counted = 0;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const auto parcels = static_cast<std::int64_t>(lost[i].share * static_cast<double>(broken_all));
    counted += parcels;
    const std::size_t place = shape.abroad ? lost[i].place : (lost[i].place * 5 + i / 5) % sites.size();
    run.insert("cause", place, lost[i].cause, "retailer", 0, parcels, parcels * 8 / 10, parcels * lost[i].minutes);
    run.insert("cause", place, lost[i].cause, "background", 0, 0, parcels * 7, parcels * 7 * lost[i].minutes);
  }
  run.insert("cause", Null{}, "none", "retailer", 1, broken_all - counted, 0, 0);
  if (!shape.abroad) tell_parcels(run, folder);
  run.insert("measure", "review_score", 3.91, "count", Null{}, Null{});
  for (const auto& [name, value, unit] :
       {std::tuple{"recovery.given", 3600.0, "count"}, std::tuple{"recovery.apologies", 410.0, "count"},
        std::tuple{"recovery.refused", 25.0, "count"}, std::tuple{"recovery.share", 0.61, "share"},
        std::tuple{"recovery_cost", 5'400'000.0, "cents"}, std::tuple{"recovery.credit_cost", 4'000'000.0, "cents"},
        std::tuple{"recovery.refund_cost", 1'400'000.0, "cents"}, std::tuple{"nps", 31.4, "count"},
        std::tuple{"survey_score", 4.02, "count"}, std::tuple{"repeat_rate", 0.412, "share"},
        std::tuple{"lifetime_value", 2310.0, "cents"}, std::tuple{"lifetime_value.low", 2190.0, "cents"},
        std::tuple{"lifetime_value.high", 2405.0, "cents"}, std::tuple{"lifetime_value.failed", 1980.0, "cents"},
        std::tuple{"promised_days", 3.4, "count"}})
    run.insert("measure", name, value, unit, Null{}, Null{});
  run.insert("recovery", 0, 0, Null{}, 25, 0, 0);
  run.insert("recovery", 0, 1, 0, 410, 0, 0);
  run.insert("recovery", 0, 2, 2880, 3600, 4'000'000, 1'400'000);
  const std::string figure = shape.hostile ? evil : "Express due 24 Dec, on time";
  run.insert("published", 0, figure, "fitted", "on_time_all.commit", "ups-next-day", 29, 0.83, "A newspaper",
             "an estimate");
  run.insert("published", 1, "Days promised", "predicted", "promised_days", "", Null{}, 3.0, "The shop", "");
  run.insert("published", 2, "Contacts an order", "predicted", "contacts_per_order", "", Null{}, 0.1, "", "");
  run.insert("cost", 0, due_all, due_all * 792, broken_all, broken_all * 2000, broken_all * 655, 5120, 5120 * 800, 0,
             0);
  for (std::size_t c = 0; c < carriers.size(); ++c)
    for (int day = 0; day <= days; ++day) run.insert("census", c, day, 1000 * day, 990 * day, 2 * day, day, 7 * day);
  for (const auto& [expression, actual, verdict] :
       {std::tuple{"promise_kept >= 0.9", static_cast<double>(kept_all) / static_cast<double>(due_all), "failed"},
        std::tuple{"endpoint.p99 <= 250ms", 38.4, "passed"}, std::tuple{"lost_scans == 0", 12.0, "failed"}})
    run.insert("gate", Null{}, expression, "m", ">=", 0.9, actual,
               std::string_view(expression).starts_with("endpoint") ? "ms"
               : std::string_view(expression).starts_with("lost")   ? "count"
                                                                    : "share",
               verdict, "from scenario.toml", "scenario.toml", 40);
  for (int day = 0; day < 45; ++day) {
    const auto checks = static_cast<std::int64_t>(1800 + 2600 * strain(day, 0) + 30 * day);
    for (const int hour : {9, 12, 20}) run.insert("act_hour", day * 24 + hour, "check", "processed", checks / 3);
    run.insert("act_hour", day * 24 + 12, "contact", "processed", checks / 40);
    run.insert("act_hour", day * 24 + 12, "notice_shipped", "accepted", 1070);
    run.insert("act_hour", day * 24 + 12, "notice_delivered", "delivered", 1050);
  }

  if (shape.replay) {
    for (const auto& [key, value] :
         {std::pair{"target", "http://127.0.0.1:41873"}, std::pair{"format", "easypost"}, std::pair{"speed", "118800"},
          std::pair{"rate", "0"}, std::pair{"wall_s", "30.2"}, std::pair{"cpu_s", "4.1"}, std::pair{"complete", "1"},
          std::pair{"late_after_ms", "10"}, std::pair{"shown_within_ms", "1000"}})
      run.insert("replay", key, value);
    run.insert("replay_request", "scan", "accepted", 200, 401'220);
    run.insert("replay_request", "scan", "refused", 503, 311);
    run.insert("replay_request", "scan", "dropped", 0, 28);
    run.insert("replay_request", "check", "accepted", 200, 131'009);
    run.insert("replay_request", "read_back", "accepted", 200, 48'211);
    for (const char* kind : {"scan", "check", "all"}) {
      run.insert("replay_latency", kind, "latency", 500'000, 2.1, 0.3, 0.92, 3.4, 38.4, 412.0, 903.0);
      run.insert("replay_latency", kind, "service", 500'000, 1.0, 0.2, 0.71, 1.9, 9.2, 44.0, 201.0);
    }
    for (int second = 0; second < 30; ++second) {
      const double stall = second == 17 ? 1.0 : 0.0;
      const auto due = static_cast<std::int64_t>(9000 + 9000 * strain(second * 45 / 30, 0));
      run.insert("replay_second", second, "scan", due, due, due - static_cast<std::int64_t>(stall * 4000),
                 static_cast<std::int64_t>(stall * 311), 0, static_cast<std::int64_t>(stall * 28), 0.9 + stall * 20,
                 12.0 + stall * 700, 30.0 + stall * 870);
      run.insert("staleness_second", second, due / 3, static_cast<std::int64_t>(20 + stall * 900), 0.4 + stall * 90,
                 30 + stall * 958);
      run.insert("replay_second", second, "check", due / 3, due / 3, due / 3, 0, 0, 0, 0.8, 8.0, 21.0);
    }
    run.insert("staleness", "replay", 131'009, 961, 3.1, 0.0, 0.0, 41.0, 512.0, 988.0);
    run.insert("staleness", "simulated", 131'009, 961, 6.1, 0.0, 0.0, 81.0, 1012.0, 1956.0);
    run.insert("finding", "lost", "scan", 1, 12);
    run.insert("finding", "unacknowledged", "scan", 0, 339);
    run.insert("finding", "wrong_status", "parcel", 1, 4);
    run.insert("finding", "phantom", "scan", 1, 0);
    run.insert("finding", "duplicated", "scan", 1, 0);
    run.insert("finding_example", "lost", std::int64_t{281'487'861'612'545}, 4,
               shape.hostile ? evil : "scan 4 was accepted but is not shown",
               "2013-12-21T22:10:00Z accepted hebron-warehouse\n2013-12-22T03:55:00Z arrived louisville-worldport\n"
               "> 2013-12-22T06:20:00Z departed louisville-worldport\n2013-12-24T15:02:00Z delivered ",
               "2013-12-21T22:10:00Z accepted hebron-warehouse\n2013-12-22T03:55:00Z arrived louisville-worldport\n"
               "2013-12-24T15:02:00Z delivered ",
               "no_lost_scan", "disorder redelivery");
    run.insert("oracle", "no_lost_scan", 131'009, 12);
    run.insert("oracle", "isolation", 20'000, 0);
    run.insert("injected", std::int64_t{281'487'861'612'545}, 4, "disorder", std::int64_t{2'000'000'000},
               shape.hostile ? evil : "published 90 minutes late");
    run.insert("visibility", "none", 120'000, 3.0, 41.0, 512.0, 2.0, 500.0);
    run.insert("eta_error", "promised", 2, 900, 30, 800, 70, 0.1, 0.2);
    run.insert("outage", 30, 33, 41, 812);
    run.insert("diagnosis", 0, "drops-late-scans", shape.hostile ? evil : "12 of 12 lost scans came after later ones");
    run.insert("on_time_shown", "true", kept_all, broken_all,
               static_cast<double>(kept_all) / static_cast<double>(due_all), 0, 0);
    run.insert("on_time_shown", "shown", kept_all - 60, broken_all + 60,
               static_cast<double>(kept_all - 60) / static_cast<double>(due_all), 71, 11);
  }
}

void make(const std::filesystem::path& folder, const Shape& shape) {
  fill(folder, shape);  // Closed, and so committed, before the report reads it.
  if (auto written = write_report(folder); !written) {
    std::cerr << "report_fixture: " << written.error().message << "\n";
    std::abort();
  }
}

/// A run as large as they come: thousands of places and causes, hundreds of regions, long texts in every finding. What
/// of it a report takes is bounded, whatever the run.
void enlarge(const std::filesystem::path& folder) {
  sqlite3* database = nullptr;
  const char* sql =
      "PRAGMA synchronous = OFF; BEGIN;"
      "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 5999) "
      "  SELECT i FROM c;"
      "INSERT INTO region SELECT 1000 + i, 'region-' || i FROM n WHERE i < 400;"
      "INSERT INTO place SELECT 1000 + i, 'a-place-with-quite-a-long-name-' || i, 'hub', 0, NULL, 0, "
      "  'America/Chicago', 30 + i % 170 / 10.0, -120 + i % 430 / 10.0, 4000, 0 FROM n WHERE i < 2000;"
      "INSERT INTO place SELECT 3000 + i, 'a-ship-node-with-a-long-name-' || i, 'node', NULL, 0, 0, "
      "  'America/Chicago', 30 + i % 170 / 10.0, -120 + i % 430 / 10.0, 0, 0 FROM n WHERE i < 5000;"
      "INSERT INTO place_peak SELECT 1000 + i, 5000 + i, 86400000 FROM n WHERE i < 2000;"
      "INSERT INTO place_load SELECT 1000 + a.i, b.i * 3, 3, 11, 12, 13, 40, 41, 42 FROM n a, n b "
      "  WHERE a.i < 600 AND b.i < 400;"
      "INSERT INTO lane SELECT 10000 + i, 1000 + i % 2000, 1000 + i * 7 % 2000, 'road', 500, 600, 900, 7 FROM n;"
      "INSERT INTO cause SELECT 1000 + i % 2000, 'sort_backlog', 'retailer', 0, 10 + i % 90, 5, 600 FROM n;"
      "INSERT INTO on_time_region SELECT 1000 + i, 0, 'retailer', 'promise', 900, 100, 0 FROM n WHERE i < 400;"
      "INSERT INTO published SELECT 10 + i, 'a figure ' || i, 'predicted', 'promised_days', '', NULL, 3, 'somebody', "
      "'' "
      "  FROM n;"
      "INSERT INTO finding_example SELECT 'lost', 7000000 + i, 4, 'scan 4 was accepted but is not shown', "
      "  replace(hex(zeroblob(60)), '00', '2013-12-21T22:10:00Z accepted a-place-with-quite-a-long-name' || char(10)), "
      "  '', NULL, '' FROM n WHERE i < 200;"
      "COMMIT";
  if (sqlite3_open((folder / "run.sqlite").c_str(), &database) != SQLITE_OK ||
      sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    std::cerr << "report_fixture: large: " << sqlite3_errmsg(database) << "\n";
    std::abort();
  }
  sqlite3_close(database);
  if (auto written = write_report(folder); !written) {
    std::cerr << "report_fixture: " << written.error().message << "\n";
    std::abort();
  }
}

/// Asks the database itself, past everything the report does with it.
int print_row(const std::filesystem::path& folder, const char* sql) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_open_v2((folder / "run.sqlite").c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
    return 1;
  std::cout << sqlite3_column_int64(statement, 0) << " " << sqlite3_column_int64(statement, 1) << " "
            << std::setprecision(17) << sqlite3_column_double(statement, 2) << "\n";
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--headline") {
    return print_row(argv[2],
                     "SELECT sum(kept), sum(broken), (SELECT rate FROM on_time WHERE definition = 'promise' AND "
                     "population = 'retailer') FROM on_time_due WHERE definition = 'promise' AND role = 'retailer'");
  }
  if (argc == 3 && std::string_view(argv[1]) == "--cut") {
    return print_row(argv[2],
                     "SELECT sum(kept), sum(broken), 0 FROM on_time_due JOIN service USING (service_id) "
                     "WHERE definition = 'commit' AND due_day = 29 AND name = 'ups-next-day'");
  }
  if (argc != 2) {
    std::cerr << "usage: report_fixture FOLDER | report_fixture --headline FOLDER | report_fixture --cut FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  make(folder / "drill", {});
  make(folder / "replicated", {.replications = 5});
  make(folder / "simulate", {.replay = false});
  make(folder / "partial", {.replay = false, .partial = true});
  make(folder / "abroad", {.replay = false, .abroad = true});
  make(folder / "hostile", {.hostile = true});
  make(folder / "large", {});
  enlarge(folder / "large");
  make(folder / "empty", {.replay = false, .empty = true});
  write_comparisons(folder);
  if (auto written = peakstorm::write_pair(folder / "drill", folder / "replicated", folder / "pair.html"); !written) {
    std::cerr << "report_fixture: " << written.error().message << "\n";
    return 1;
  }
  return 0;
}
