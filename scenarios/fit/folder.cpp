/// The fitted network as a scenario folder. What leg records do not tell stands in scenarios/fit/README.md as an
/// assumption, and in the written README.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <set>

#include "engine/geo.hpp"
#include "scenarios/build/settings.hpp"
#include "scenarios/fit/median.hpp"
#include "scenarios/fit/placement.hpp"
#include "scenarios/network_fit.hpp"
#include "scenarios/text/civil.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                    boost::property<boost::edge_weight_t, double>>;

/// Departures of one lane in a day; more than these say no more about waiting.
constexpr double departures_max = 8;
/// Bands of published transit, km; the last has no end.
constexpr std::array<std::uint32_t, 4> bands{150, 400, 800, 1500};

/// A region's name as a name of the format: what is no letter or digit becomes '-'.
std::string region_name(const std::string& text) {
  std::string name;
  for (const char c : text) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return name.empty() || !parse_name(name) ? "unknown" : name;
}

std::string duration_text(double minutes) {
  return fmt::format("{}m", std::max<std::int64_t>(1, std::llround(minutes)));
}

class Writer {
 public:
  Writer(const NetworkRecords& records, const NetworkFit& fit, const NetworkScenario& scenario)
      : records_(records), fit_(fit), scenario_(scenario), placement_(place(records)) {}

  tl::expected<WrittenNetwork, Fault> write() {
    fs::path target = fs::absolute(scenario_.folder).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    name_ = target.filename().string();
    if (!parse_name(name_)) return fault(target, "no name for a scenario", "use letters, digits, '-', '_' and '.'");
    std::error_code error;
    if (fs::exists(target, error)) return fault(target, "it exists already", "choose another name or remove it");
    choose_origin();
    find_reach();
    // Written beside its place and then renamed: whoever looks sees the whole scenario or none.
    partial_ = target;
    partial_ += ".partial";
    fs::remove_all(partial_, error);
    fs::create_directories(partial_, error);
    if (!error) {
      write_tables();
      write_settings();
      write_readme();
      if (good_) fs::rename(partial_, target, error);
    }
    if (error || !good_) {
      std::error_code ignored;
      fs::remove_all(partial_, ignored);
      return fault(target, error ? error.message() : "cannot be written", "give a folder on a disk with room");
    }
    return done_;
  }

 private:
  static tl::unexpected<Fault> fault(const fs::path& folder, std::string message, std::string cure) {
    return tl::unexpected(Fault{folder.string(), 0, "", std::move(message), std::move(cure)});
  }

  void choose_origin() {
    std::vector<double> legs(records_.facilities.size());
    for (const auto& corridor : fit_.corridors) legs[corridor.from] += corridor.legs;
    origin_ = static_cast<std::size_t>(std::max_element(legs.begin(), legs.end()) - legs.begin());
    done_.origin = records_.facilities[origin_].code;
    done_.placement_error = placement_.error;
  }

  /// Hours from the origin: the legs' medians, half the time between departures, and half an hour at each facility.
  void find_reach() {
    Graph graph(records_.facilities.size());
    for (const auto& corridor : fit_.corridors) {
      const double hours = corridor.median / 60 + 12 / departures_of(corridor) + 0.5;
      boost::add_edge(corridor.from, corridor.to, hours, graph);
    }
    hours_.assign(records_.facilities.size(), 0);
    boost::dijkstra_shortest_paths(graph, origin_, boost::distance_map(hours_.data()));
    for (const double hours : hours_) done_.unreachable += hours == std::numeric_limits<double>::max() ? 1 : 0;
  }
  [[nodiscard]] bool reached(std::size_t facility) const {
    return hours_[facility] != std::numeric_limits<double>::max();
  }

  /// Per day, from the legs counted and the days from the first to the last.
  [[nodiscard]] double departures_of(const NetworkFit::Corridor& corridor) const {
    return std::clamp(std::round(corridor.legs / observed_days()), 1.0, departures_max);
  }
  [[nodiscard]] double observed_days() const {
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    std::int64_t last = -1;
    for (const LegRecord& leg : records_.legs) {
      if (leg.unseen || leg.departed < 0) continue;
      first = std::min(first, leg.departed);
      last = std::max(last, leg.departed);
    }
    return last < 0 ? 1 : std::max(1.0, static_cast<double>(last - first) / 1440);
  }
  /// The Monday after the last leg: the season to rehearse lies ahead.
  [[nodiscard]] UnixDay first_day() const {
    std::int64_t last = std::int64_t{unix_day(2024, 9, 1)} * 1440;
    bool any = false;
    for (const LegRecord& leg : records_.legs) {
      if (leg.departed < 0) continue;
      last = any ? std::max(last, leg.departed) : leg.departed;
      any = true;
    }
    const auto day = static_cast<UnixDay>(last / 1440) + 1;
    return day + (7 - (day + 3) % 7) % 7;  // 1 January 1970 was a Thursday.
  }

  /// Evenly through the day, beginning at the median time of the corridor's departures.
  [[nodiscard]] std::string timetable(const NetworkFit::Corridor& corridor) const {
    std::vector<double> times;
    for (const LegRecord* leg : departures_from(corridor)) times.push_back(static_cast<double>(leg->departed % 1440));
    const auto begin = static_cast<int>(times.empty() ? 22 * 60 : median(std::move(times))) / 5 * 5;
    const auto count = static_cast<int>(departures_of(corridor));
    std::set<int> minutes;
    for (int i = 0; i < count; ++i) minutes.insert((begin + i * 1440 / count / 5 * 5) % 1440);
    std::string text;
    for (const int m : minutes) text += fmt::format("{}{:02}:{:02}", text.empty() ? "" : " ", m / 60, m % 60);
    return text;
  }
  [[nodiscard]] std::vector<const LegRecord*> departures_from(const NetworkFit::Corridor& corridor) const {
    std::vector<const LegRecord*> legs;
    const auto it = legs_.find({corridor.from, corridor.to});
    return it == legs_.end() ? legs : it->second;
  }

  void table(const char* file, std::string_view header, const std::string& rows) {
    save(file, fmt::format("{}\n{}", header, rows));
  }
  void save(const char* file, const std::string& text) {
    std::ofstream out(partial_ / file, std::ios::binary);
    out << text;
    out.close();
    good_ = good_ && out.good();
  }

  void write_tables() {
    for (const LegRecord& leg : records_.legs) {
      if (!leg.unseen && leg.departed >= 0) legs_[{leg.from, leg.to}].push_back(&leg);
    }
    std::string facilities;
    std::string demand;
    std::string coverage;
    std::string lanes;
    for (std::size_t i = 0; i < records_.facilities.size(); ++i) {
      if (!reached(i)) continue;
      ++done_.facilities;
      const FacilityRecord& facility = records_.facilities[i];
      const std::string region = region_name(facility.region);
      const std::string place = fmt::format("{},{},{:.3f},{:.3f}", region, records_.zone, placement_.positions[i].lat,
                                            placement_.positions[i].lon);
      const std::string& code = facility.code;
      facilities += fmt::format("{},carrier,hub,{},30m,,,\n", code, place);
      facilities += fmt::format("{}.D,carrier,depot,{},30m,1000000,08:00,10h\n", code, place);
      demand += fmt::format("{},{},{}\n", code, place, std::max<std::int64_t>(1, std::llround(facility.pieces)));
      coverage += fmt::format("carrier,{0},{0}.D\n", code);
      lanes += fmt::format("{0},{0}.D,road,1,30m,,,06:00,daily,10m,{1}\n", code, 100 * scenario_.pieces_per_departure);
    }
    for (const auto& corridor : fit_.corridors) {
      if (!reached(corridor.from) || !reached(corridor.to)) continue;
      ++done_.lanes;
      done_.departures_per_day += static_cast<std::size_t>(departures_of(corridor));
      // Rounded to minutes, and so that the quantiles stay around the median and within what the format takes.
      const double median = std::max(1.0, std::round(corridor.median));
      lanes += fmt::format("{},{},road,{},{},{},{},{},daily,15m,{}\n", records_.facilities[corridor.from].code,
                           records_.facilities[corridor.to].code, std::llround(corridor.km), duration_text(median),
                           duration_text(std::clamp(corridor.p10, median / 9, median)),
                           duration_text(std::clamp(corridor.p90, median, 9 * median)), timetable(corridor),
                           scenario_.pieces_per_departure);
    }
    table("facilities.csv", "facility,carrier,kind,region,zone,lat,lon,handling,stops_per_day,load_out,round_length",
          facilities);
    table("demand.csv", "destination,region,zone,lat,lon,weight", demand);
    table("coverage.csv", "carrier,destination,depot", coverage);
    table("lanes.csv", "from,to,mode,km,transit,transit_p10,transit_p90,departures,weekdays,cut_off,pieces", lanes);
    table("calendars.csv", "calendar,weekdays,closed", "mon-sat,Mon-Sat,\n");
    table("services.csv", "service,carrier,tier,mode,transit_calendar,delivery_calendar,commit_time",
          "surface,carrier,standard,road,daily,mon-sat,20:00\n");
    table("rates.csv", "service,km_max,base,per_kg", "surface,any,1.00,0.50\n");
    table("transit.csv", "service,km_max,days", transit_bands());
    const Position at = placement_.positions[origin_];
    table("nodes.csv", "node,shipper,region,zone,lat,lon,calendar,cut_off,handling_min,handling_max,serves",
          fmt::format("warehouse,shop,{},{},{:.3f},{:.3f},daily,16:00,1h,3h,share 1\n",
                      region_name(records_.facilities[origin_].region), records_.zone, at.lat, at.lon));
    table("pickups.csv", "node,carrier,facility,time,drive",
          fmt::format("warehouse,carrier,{},19:00,30m\n", done_.origin));
  }

  /// Days by distance from the origin that nine of ten facilities of a band are reached in.
  [[nodiscard]] std::string transit_bands() const {
    std::string rows;
    int before = 1;
    for (std::size_t band = 0; band <= bands.size(); ++band) {
      std::vector<double> days;
      for (std::size_t i = 0; i < hours_.size(); ++i) {
        const double km = great_circle_km(placement_.positions[origin_], placement_.positions[i]);
        const bool inside = (band == 0 || km > bands[band - 1]) && (band == bands.size() || km <= bands[band]);
        if (reached(i) && inside) days.push_back(std::ceil(hours_[i] / 24));
      }
      const int wanted = days.empty() ? before : static_cast<int>(quantile(std::move(days), 0.9));
      before = std::clamp(wanted, before, 60);
      rows += fmt::format("surface,{},{}\n", band == bands.size() ? "any" : std::to_string(bands[band]), before);
    }
    return rows;
  }

  void write_settings() {
    save("scenario.toml", fmt::format(R"([scenario]
name = "{}"
title = "A network fitted to {} corridors"
description = "Facilities, lanes and times of legs as records show them; shipper, rates, depots and capacities are assumptions (README.md)."
first_day = {}
days = 14
drain_days = 14
seed = 1
home_zone = "{}"

[[carrier]]
name = "carrier"
number_format = "plain"

[[shipper]]
name = "shop"
role = "retailer"
orders_per_day = {}
tiers = {{ standard = 1 }}
policy = "fixed_split"
    [[shipper.tariff]]
    tier = "standard"
    service = "surface"
    share = 1

[replay]
scale = 0.1
seconds = 20
)",
                                      name_, fit_.corridors.size(), date_text(first_day()), records_.zone,
                                      std::llround(scenario_.orders_per_day)));
  }

  void write_readme() {
    save("README.md",
         fmt::format(
             "# {}\n\nWritten by `peakstorm fit network`. From the records: {} facilities, {} lanes and the quantiles "
             "of "
             "their legs; {} facilities that no way leads to from {} are left out.\n\nAssumed, to be replaced by what "
             "you "
             "know: one shipper beside {}; a depot beside each facility, half an hour away, that delivers all it gets; "
             "{} pieces per departure; departures spread evenly over the day; half an hour of handling; rates; "
             "published "
             "transit that nine of ten facilities of a distance are reached in. Facilities without a position were put "
             "where corridors have their lengths (median error {:.0f} %).\n",
             name_, done_.facilities, done_.lanes, done_.unreachable, done_.origin, done_.origin,
             scenario_.pieces_per_departure, 100 * done_.placement_error));
  }

  const NetworkRecords& records_;
  const NetworkFit& fit_;
  const NetworkScenario& scenario_;
  Placement placement_;
  WrittenNetwork done_;
  fs::path partial_;
  std::string name_;
  std::size_t origin_ = 0;
  std::vector<double> hours_;  ///< From the origin, by facility.
  std::map<std::pair<std::size_t, std::size_t>, std::vector<const LegRecord*>> legs_;
  bool good_ = true;
};

}  // namespace

tl::expected<WrittenNetwork, Fault> write_network_scenario(const NetworkRecords& records, const NetworkFit& fit,
                                                           const NetworkScenario& scenario) {
  return Writer(records, fit, scenario).write();
}

}  // namespace peakstorm
