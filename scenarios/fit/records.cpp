/// Records of three files to one picture: legs, corridors, facilities.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "scenarios/fit/leg_map.hpp"
#include "scenarios/fit/median.hpp"
#include "scenarios/network_fit.hpp"
#include "scenarios/text/civil.hpp"

namespace peakstorm {
namespace {

using namespace scenarios;

/// "2018-09-28 19:16" or with a T, whatever follows; minutes since 1970 on the local clock.
std::optional<std::int64_t> parse_local(std::string_view text) {
  if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T')) return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const auto time = parse_time(text.substr(11, 5));
  if (!date || !time) return std::nullopt;
  return std::int64_t{*date} * 1440 + *time / minutes(1);
}

/// Names to ids, in the order of their names.
class Ids {
 public:
  void see(std::string_view name) { names_.emplace(name); }
  void close() {
    std::size_t id = 0;
    for (const std::string& name : names_) ids_[name] = id++;
  }
  [[nodiscard]] std::size_t of(std::string_view name) const { return ids_.find(name)->second; }
  [[nodiscard]] const std::set<std::string, std::less<>>& names() const { return names_; }

 private:
  std::set<std::string, std::less<>> names_;
  std::map<std::string, std::size_t, std::less<>> ids_;
};

class Joiner {
 public:
  Joiner(const NetworkSources& sources, Faults& faults) : sources_(sources), faults_(faults) {}

  NetworkRecords join() {
    const LegMap map = read_leg_map(sources_.map, faults_);
    if (faults_.any()) return {};
    records_.zone = map.zone;
    records_.staged = map.legs.contains("leg");
    records_.region_centres = map.region_centres;
    const MappedTable legs(sources_.legs, map.legs, faults_, records_.set_aside);
    const MappedTable corridors = optional_table(sources_.corridors, "corridors", map.corridors);
    const MappedTable facilities = optional_table(sources_.facilities, "facilities", map.facilities);
    if (faults_.any()) return {};
    records_.rows = legs.rows();
    name(legs, corridors);
    read_legs(legs, map);
    read_facilities(facilities);
    if (corridors.rows() > 0) {
      read_corridors(corridors);
    } else {
      make_corridors();
    }
    if (records_.corridors.empty()) {
      faults_.add(sources_.legs.string(), 0, "", "no leg to learn from" + reasons(),
                  "correct the map, or give records of whole legs");
    }
    return std::move(records_);
  }

 private:
  MappedTable optional_table(const std::filesystem::path& file, std::string_view section, const ColumnNames& names) {
    if (!file.empty() && names.empty()) {
      faults_.add(sources_.map.string(), 0, section, "the section is missing, and " + file.string() + " needs it",
                  "add [" + std::string(section) + "] to the map");
    }
    return file.empty() || names.empty() ? MappedTable() : MappedTable(file, names, faults_, records_.set_aside);
  }

  [[nodiscard]] std::string reasons() const {
    std::string text;
    for (const auto& [reason, count] : records_.set_aside) {
      text += (text.empty() ? ": " : ", ") + std::to_string(count) + " x " + reason;
    }
    return text;
  }

  static bool is_code(std::string_view text) { return parse_name(text).has_value(); }

  void name(const MappedTable& legs, const MappedTable& corridors) {
    for (const MappedTable* table : {&legs, &corridors}) {
      for (std::size_t i = 0; i < table->size(); ++i) {
        for (const char* end : {"from", "to"}) {
          if (is_code(table->text(i, end))) codes_.see(table->text(i, end));
        }
        vehicles_.see(table->text(i, "vehicle"));
      }
    }
    codes_.close();
    vehicles_.close();
    for (const std::string& code : codes_.names()) records_.facilities.emplace_back().code = code;
    records_.vehicles.assign(vehicles_.names().begin(), vehicles_.names().end());
  }

  /// The ends of a row; nothing, and the row set aside, when they are none.
  template <class Record>
  bool read_ends(const MappedTable& table, std::size_t row, Record& out) {
    const std::string_view from = table.text(row, "from");
    const std::string_view to = table.text(row, "to");
    if (!is_code(from) || !is_code(to)) {
      ++records_.set_aside["a facility's code is no name"];
      return false;
    }
    if (from == to) {
      ++records_.set_aside["ends where it begins"];
      return false;
    }
    out.from = codes_.of(from);
    out.to = codes_.of(to);
    out.vehicle = vehicles_.of(table.text(row, "vehicle"));
    return true;
  }

  void read_legs(const MappedTable& table, const LegMap& map) {
    // Stages of one leg follow one another in time: the one that had taken longest is the last.
    std::map<std::tuple<std::string, std::size_t, std::size_t>, std::size_t> last;
    for (std::size_t i = 0; i < table.size(); ++i) {
      LegRecord leg;
      if (!read_ends(table, i, leg)) continue;
      leg.minutes = table.positive(i, "minutes");
      leg.road_minutes = table.positive(i, "road_minutes");
      leg.km = table.positive(i, "km");
      if (leg.minutes == 0 || leg.road_minutes == 0) {
        ++records_.set_aside["no time above 0"];
        continue;
      }
      if (const std::string_view departed = table.text(i, "departed"); !departed.empty()) {
        const auto instant = parse_local(departed);
        if (!instant) {
          ++records_.set_aside["no local time of departure"];
          continue;
        }
        leg.departed = *instant;
      }
      leg.unseen = !map.fit_value.empty() && table.text(i, "set") != map.fit_value;
      leg.whole = !map.whole_value.empty() && table.text(i, "last") == map.whole_value;
      if (!records_.staged) {
        records_.legs.push_back(leg);
        continue;
      }
      const auto [known, is_new] =
          last.try_emplace({std::string(table.text(i, "leg")), leg.from, leg.to}, records_.legs.size());
      if (is_new) {
        records_.legs.push_back(leg);
      } else {
        ++records_.set_aside["an earlier stage of a leg"];
        LegRecord& before = records_.legs[known->second];
        if (leg.minutes > before.minutes) before = leg;
      }
    }
  }

  void read_corridors(const MappedTable& table) {
    std::set<std::pair<std::size_t, std::size_t>> known;
    for (std::size_t i = 0; i < table.size(); ++i) {
      CorridorRecord corridor;
      if (!read_ends(table, i, corridor)) continue;
      corridor.legs = table.positive(i, "legs");
      corridor.ratio = table.positive(i, "ratio");
      corridor.road_minutes = table.positive(i, "road_minutes");
      corridor.km = table.positive(i, "km");
      if (corridor.legs == 0 || corridor.ratio == 0 || corridor.road_minutes == 0) {
        ++records_.set_aside["a corridor without legs, ratio or time"];
      } else if (!known.emplace(corridor.from, corridor.to).second) {
        ++records_.set_aside["a corridor for the second time"];
      } else {
        records_.corridors.push_back(corridor);
      }
    }
    sort_corridors();
  }

  void make_corridors() {
    std::map<std::pair<std::size_t, std::size_t>, std::vector<const LegRecord*>> legs;
    for (const LegRecord& leg : records_.legs) {
      if (!leg.unseen) legs[{leg.from, leg.to}].push_back(&leg);
    }
    for (const auto& [ends, those] : legs) {
      std::vector<double> ratios;
      std::vector<double> road;
      std::vector<double> km;
      std::map<std::size_t, std::size_t> vehicles;
      for (const LegRecord* leg : those) {
        ratios.push_back(leg->minutes / leg->road_minutes);
        road.push_back(leg->road_minutes);
        km.push_back(leg->km);
        ++vehicles[leg->vehicle];
      }
      const auto most = std::max_element(vehicles.begin(), vehicles.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      // A stage before the end has driven less of the road than the leg has.
      records_.corridors.push_back({ends.first, ends.second, most->first, static_cast<double>(those.size()),
                                    median(ratios), records_.staged ? quantile(road, 1) : median(road),
                                    records_.staged ? quantile(km, 1) : median(km)});
    }
  }

  void sort_corridors() {
    std::sort(records_.corridors.begin(), records_.corridors.end(),
              [](const auto& a, const auto& b) { return std::tie(a.from, a.to) < std::tie(b.from, b.to); });
  }

  void read_facilities(const MappedTable& table) {
    std::set<std::size_t> known;
    for (std::size_t i = 0; i < table.size(); ++i) {
      const std::string_view code = table.text(i, "facility");
      if (!codes_.names().contains(code)) {
        ++records_.set_aside["a facility without legs"];
        continue;
      }
      FacilityRecord& facility = records_.facilities[codes_.of(code)];
      if (!known.insert(codes_.of(code)).second) {
        ++records_.set_aside["a facility for the second time"];
        continue;
      }
      facility.region = table.text(i, "region");
      facility.pieces = table.positive(i, "pieces");
      const auto lat = parse_decimal(table.text(i, "lat"), -90, 90);
      const auto lon = parse_decimal(table.text(i, "lon"), -180, 180);
      facility.placed = lat && lon;
      if (facility.placed) {
        facility.lat = *lat;
        facility.lon = *lon;
      }
    }
  }

  const NetworkSources& sources_;
  Faults& faults_;
  NetworkRecords records_;
  Ids codes_;
  Ids vehicles_;
};

}  // namespace

tl::expected<NetworkRecords, std::vector<Fault>> read_network_records(const NetworkSources& sources) {
  Faults faults;
  NetworkRecords records = Joiner(sources, faults).join();
  if (faults.any()) return tl::unexpected(faults.take());
  return records;
}

}  // namespace peakstorm
