/// lanes.csv, coverage.csv, capacity.csv and pickups.csv: what connects the places.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "scenarios/build/area.hpp"
#include "scenarios/build/builder.hpp"

namespace peakstorm::scenarios {
namespace {

Parsed<Mode> parse_mode(std::string_view text) {
  if (text == "road") return Mode::road;
  if (text == "air") return Mode::air;
  return tl::unexpected<Complaint>(Complaint{"unknown mode " + in_quotes(text), "write road or air"});
}

struct LaneRows {
  Lane lane;
  int line = 0;
};
using LaneKey = std::tuple<std::size_t, std::size_t, Mode>;

/// What several rows of one lane must agree on; the column that differs, or nothing.
std::string_view disagreement(const Lane& a, const Lane& b) {
  if (a.km != b.km) return "km";
  if (a.transit != b.transit) return "transit";
  if (a.transit_p10 != b.transit_p10) return "transit_p10";
  if (a.transit_p90 != b.transit_p90) return "transit_p90";
  if (a.cut_off != b.cut_off) return "cut_off";
  if (a.pieces != b.pieces) return "pieces";
  if (a.weight_kg != b.weight_kg) return "weight_kg";
  if (a.volume_m3 != b.volume_m3) return "volume_m3";
  if (a.customs != b.customs) return "customs";
  return {};
}

/// Adds the departures of a row; false, and a fault, for each that the lane has already.
bool add_departures(const Row& row, std::uint8_t weekdays, Lane& lane, std::vector<Departure>& departures) {
  bool good = true;
  const auto words = split_list(row.text("departures"));
  if (words.empty()) {
    row.fault("departures", "the cell is empty", "fill in at least one time, for instance 21:30");
    return false;
  }
  for (const std::string_view word : words) {
    auto time = parse_time(word);
    if (time && *time == hours(24)) {
      time =
          tl::unexpected<Complaint>(Complaint{"a departure at 24:00", "write 00:00 and the weekdays of the next day"});
    }
    if (!time) {
      row.fault("departures", std::move(time.error()));
      good = false;
      continue;
    }
    const auto known =
        std::find_if(departures.begin(), departures.end(), [&](const Departure& d) { return d.time == *time; });
    if (known == departures.end()) {
      departures.push_back({*time, weekdays});
    } else if ((known->weekdays & weekdays) != 0) {
      row.fault("departures", "the departure at " + time_text(*time) + " stands twice for the same weekday",
                "remove one of the two, or raise 'pieces'");
      good = false;
    } else {
      known->weekdays = static_cast<std::uint8_t>(known->weekdays | weekdays);
    }
  }
  std::sort(departures.begin(), departures.end(),
            [](const Departure& a, const Departure& b) { return a.time < b.time; });
  lane.departures = departures;
  return good;
}

void read_capacity(Builder& b) {
  const Table table = b.table("capacity.csv", {{"carrier", "from", "to"}, {"sort", "linehaul", "rounds"}, false},
                              Table::Presence::optional);
  struct Range {
    PlannedCapacity capacity;
    int line = 0;
  };
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    PlannedCapacity capacity;
    std::vector<std::size_t> carriers;
    if (row.text("carrier") == "*") {
      for (std::size_t c = 0; c < b.world.carriers.size(); ++c) carriers.push_back(c);
    } else if (const auto carrier = row.refer("carrier", b.carriers)) {
      carriers.push_back(*carrier);
    }
    row.read_if("sort", parse_positive_factor, capacity.sort);
    row.read_if("linehaul", parse_positive_factor, capacity.linehaul);
    row.read_if("rounds", parse_positive_factor, capacity.rounds);
    const auto range = read_range(b, row);
    if (!range) continue;
    capacity.from = range->from;
    capacity.to = range->to;
    int overlapped = 0;
    const std::size_t known = ranges.size();
    for (const std::size_t carrier : carriers) {
      capacity.carrier = static_cast<CarrierId>(carrier);
      for (std::size_t k = 0; k < known; ++k) {
        const PlannedCapacity& other = ranges[k].capacity;
        const bool same = other.carrier == capacity.carrier && other.from < capacity.to && capacity.from < other.to;
        if (same) overlapped = ranges[k].line;
      }
      ranges.push_back({capacity, row.line()});
    }
    if (overlapped != 0) {
      row.fault("from", "the range overlaps the one in line " + std::to_string(overlapped),
                "make the ranges of a carrier disjoint");
    }
  }
  for (const Range& range : ranges) b.world.capacity.push_back(range.capacity);
  std::sort(b.world.capacity.begin(), b.world.capacity.end(),
            [](const auto& x, const auto& y) { return std::tie(x.carrier, x.from) < std::tie(y.carrier, y.from); });
}

/// transit_p10 and transit_p90, both or neither, around a good `transit`.
void read_spread(const Row& row, Lane& lane) {
  const bool has_p10 = !row.empty("transit_p10");
  const bool has_p90 = !row.empty("transit_p90");
  const bool read_p10 = row.read_if("transit_p10", parse_positive_duration, lane.transit_p10);
  const bool read_p90 = row.read_if("transit_p90", parse_positive_duration, lane.transit_p90);
  if (has_p10 != read_p10 || has_p90 != read_p90) return;
  if (has_p10 != has_p90) {
    row.fault(has_p10 ? "transit_p90" : "transit_p10", "the other quantile is given, and this one is not",
              "give both, or neither for journeys that all take 'transit'");
    return;
  }
  if (lane.transit_p10 > lane.transit) {
    row.fault("transit_p10", "longer than 'transit', the median",
              "a tenth of journeys are shorter: write at most that");
  }
  if (lane.transit_p90 == SimDuration{}) return;
  if (lane.transit_p90 < lane.transit) {
    row.fault("transit_p90", "shorter than 'transit', the median",
              "a tenth of journeys are longer: write at least that");
  }
  // The rarest journeys of the law are some three times as far out (engine/network/journey.hpp).
  if (lane.transit_p90 > days(30)) row.fault("transit_p90", "a lane of more than 30 days", "write at most 30d");
  if (lane.transit_p10 * 10 < lane.transit) {
    row.fault("transit_p10", "less than a tenth of 'transit'", "check the units; legs vary less than that");
  }
  if (lane.transit_p90 > 10 * lane.transit) {
    row.fault("transit_p90", "more than ten times 'transit'", "check the units; storms belong into disruptions.csv");
  }
}

}  // namespace

void read_lanes(Builder& b) {
  const Table table = b.table("lanes.csv",
                              {{"from", "to", "mode", "km", "transit", "departures", "weekdays", "cut_off", "pieces"},
                               {"transit_p10", "transit_p90", "weight_kg", "volume_m3", "customs"},
                               false},
                              Table::Presence::required);
  std::map<LaneKey, LaneRows> lanes;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    Lane lane;
    const auto from = row.refer("from", b.facilities);
    const auto to = row.refer("to", b.facilities);
    bool good = row.read("mode", parse_mode, lane.mode);
    good = row.count("km", 0, 50'000, lane.km) && good;
    if (row.read("transit", parse_positive_duration, lane.transit)) {
      if (lane.transit > days(30)) row.fault("transit", "a lane of more than 30 days", "write at most 30d");
      read_spread(row, lane);
    } else {
      good = false;
    }
    std::uint8_t weekdays = 0;
    good = row.read("weekdays", parse_weekdays, weekdays) && good;
    if (row.read("cut_off", parse_duration, lane.cut_off)) {
      if (lane.cut_off >= hours(24)) row.fault("cut_off", "a cut-off of a day or more", "write less than 24h");
    } else {
      good = false;
    }
    good = row.count("pieces", 1, 100'000'000, lane.pieces) && good;
    row.count_if("weight_kg", 1, 1'000'000'000, lane.weight_kg);
    row.count_if("volume_m3", 1, 1'000'000'000, lane.volume_m3);
    row.read_if("customs", parse_yes_no, lane.customs);
    if (from && to) {
      if (*from == *to) {
        row.fault("to", "the lane ends where it begins", "correct one of the two facilities");
        good = false;
      } else if (b.world.facilities[*from].carrier != b.world.facilities[*to].carrier &&
                 !b.faults.any_in("facilities.csv")) {
        row.fault("to", "the facilities belong to two carriers", "a lane joins facilities of one carrier");
        good = false;
      }
      lane.from = static_cast<FacilityId>(*from);
      lane.to = static_cast<FacilityId>(*to);
    }
    if (!from || !to || !good) {
      // The timetable's own faults are still worth telling.
      std::vector<Departure> unused;
      add_departures(row, weekdays, lane, unused);
      continue;
    }
    const auto [known, is_new] = lanes.emplace(LaneKey{*from, *to, lane.mode}, LaneRows{lane, row.line()});
    LaneRows& rows = known->second;
    if (const std::string_view column = disagreement(rows.lane, lane); !is_new && !column.empty()) {
      row.fault(column, "the lane has another value in line " + std::to_string(rows.line),
                "rows of one lane differ in departures and weekdays only");
    }
    std::vector<Departure> departures = rows.lane.departures;
    add_departures(row, weekdays, rows.lane, departures);
  }
  if (lanes.size() > 65'535) {
    b.faults.add(table.file(), 1, "from", std::to_string(lanes.size()) + " lanes", "use at most 65535");
    return;
  }
  for (auto& [key, rows] : lanes) b.world.lanes.push_back(std::move(rows.lane));
}

void read_coverage(Builder& b) {
  const Table table =
      b.table("coverage.csv", {{"carrier", "destination", "depot"}, {}, false}, Table::Presence::required);
  b.world.coverage.assign(b.world.carriers.size(), std::vector<std::optional<FacilityId>>(b.world.destinations.size()));
  b.depot_lines.assign(b.world.facilities.size(), 0);
  std::map<std::pair<std::size_t, std::size_t>, int> lines;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    const auto carrier = row.refer("carrier", b.carriers);
    const auto destination = row.refer("destination", b.destinations);
    const auto depot = row.refer("depot", b.facilities);
    if (!carrier || !destination || !depot) continue;
    const Facility& facility = b.world.facilities[*depot];
    if (!b.faults.any_in("facilities.csv")) {
      if (facility.kind != FacilityKind::depot) {
        row.fault("depot", in_quotes(facility.name) + " is not a depot", "name a facility of kind depot");
        continue;
      }
      if (index(facility.carrier) != *carrier) {
        row.fault("depot", in_quotes(facility.name) + " belongs to another carrier",
                  "name a depot of " + b.world.carriers[*carrier].name);
        continue;
      }
    }
    const auto [first, is_new] = lines.emplace(std::pair(*carrier, *destination), row.line());
    if (!is_new) {
      row.fault("destination", "the carrier has a depot for it already, in line " + std::to_string(first->second),
                "remove one of the two rows");
      continue;
    }
    b.world.coverage[*carrier][*destination] = static_cast<FacilityId>(*depot);
    int& line = b.depot_lines[*depot];
    if (line == 0 || row.line() < line) line = row.line();
  }
  read_capacity(b);
}

void read_pickups(Builder& b) {
  const Table table =
      b.table("pickups.csv",
              {{"node", "carrier", "facility", "time", "drive"}, {"pieces_per_day", "area", "piece_cost"}, false},
              Table::Presence::required);
  std::map<std::tuple<std::size_t, std::size_t, std::size_t, std::int64_t>, int> lines;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    Pickup pickup;
    const auto node = row.refer("node", b.nodes);
    const auto carrier = row.refer("carrier", b.carriers);
    const auto facility = row.refer("facility", b.facilities);
    bool good = row.read("time", parse_time, pickup.time);
    if (good && pickup.time == hours(24)) {
      row.fault("time", "a pickup at 24:00", "write 23:59, or 00:00 for the start of the day");
    }
    if (row.read("drive", parse_positive_duration, pickup.drive)) {
      if (pickup.drive > days(7)) row.fault("drive", "a drive of more than a week", "write at most 7d");
    } else {
      good = false;
    }
    row.count_if("pieces_per_day", 1, 1'000'000'000, pickup.pieces_per_day);
    if (!row.empty("area")) {
      const auto area = read_area(b, row, "area");
      if (!area) continue;
      if (!area->facilities.empty()) {
        row.fault("area", "facilities order nothing", "name states, a circle or all");
        continue;
      }
      for (const Destination& destination : b.world.destinations) {
        pickup.destinations.push_back(area->covers(destination.region, destination.position));
      }
      if (std::find(pickup.destinations.begin(), pickup.destinations.end(), true) == pickup.destinations.end()) {
        row.fault("area", "no destination lies in the area", "name another one, or remove the row");
      }
      row.read_if("piece_cost", parse_money, pickup.piece_cost);
    } else if (!row.empty("piece_cost")) {
      row.fault("piece_cost", "an ordinary pickup costs what the carrier's rates say",
                "leave it empty, or name the area that the truck skips zones to");
    }
    if (!node || !carrier || !facility || !good) continue;
    const Facility& target = b.world.facilities[*facility];
    if (index(target.carrier) != *carrier && !b.faults.any_in("facilities.csv")) {
      row.fault("facility", in_quotes(target.name) + " belongs to another carrier",
                "name a facility of " + b.world.carriers[*carrier].name);
      continue;
    }
    const auto [first, is_new] = lines.emplace(std::tuple(*node, *carrier, *facility, pickup.time.count()), row.line());
    if (!is_new) {
      row.fault("time", "the pickup stands in line " + std::to_string(first->second) + " already",
                "remove one of the two rows");
      continue;
    }
    pickup.carrier = static_cast<CarrierId>(*carrier);
    pickup.facility = static_cast<FacilityId>(*facility);
    b.world.nodes[*node].pickups.push_back(pickup);
  }
  for (ShipNode& node : b.world.nodes) {
    std::sort(node.pickups.begin(), node.pickups.end(), [](const Pickup& x, const Pickup& y) {
      return std::tie(x.carrier, x.time, x.facility) < std::tie(y.carrier, y.time, y.facility);
    });
  }
}

}  // namespace peakstorm::scenarios
