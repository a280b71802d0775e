/// calendars.csv, demand.csv, facilities.csv, sorts.csv and nodes.csv: what has a name and a place.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "engine/geo.hpp"
#include "scenarios/build/area.hpp"
#include "scenarios/build/builder.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm::scenarios {
namespace {

/// Longest run of closed days: beyond it a promise could leave the horizon.
constexpr Day closed_max = 60;
/// Demand is spread in units of weight / ppm_one; the sum over all destinations must fit 63 bits.
constexpr std::uint64_t weight_total_max = 1'000'000'000'000;

/// Closed longer than `closed_max` days at a stretch?
bool closed_too_long(const std::vector<bool>& open) {
  Day run = 0;
  for (const bool is_open : open) {
    run = is_open ? 0 : run + 1;
    if (run > closed_max) return true;
  }
  return false;
}

/// Gives every zone and region its id, in the order of names.
void collect(Builder& b, const std::vector<const Table*>& tables) {
  std::set<std::string> zones;
  std::set<std::string> regions;
  if (!b.settings.home_zone.value.empty()) zones.insert(b.settings.home_zone.value);
  for (const Table* table : tables) {
    for (std::size_t i = 0; i < table->size(); ++i) zones.emplace(table->row(i).text("zone"));
  }
  const Table& demand = *tables.front();
  for (std::size_t i = 0; i < demand.size(); ++i) {
    if (auto name = parse_name(demand.row(i).text("region"))) regions.insert(*std::move(name));
  }
  if (!demand.complete() || !demand.has("region")) b.regions.mark_incomplete();
  const UnixDay first = b.settings.first_day.value_or(0);
  for (const std::string& name : zones) {
    if (b.world.zones.size() > 255 || !parse_zone(name)) continue;  // The rows report it.
    b.zones.add(name);
    b.world.zones.push_back(zone_table(name, first, first - 60, first + b.end() + horizon_tail));
  }
  for (const std::string& name : regions) {
    if (b.world.regions.size() > 255) continue;
    b.regions.add(name);
    b.world.regions.push_back({name});
  }
  const auto report = [&](std::size_t count, std::string_view field, const char* what) {
    if (count > 256) {
      b.faults.add(demand.file(), 1, field, std::to_string(count) + " " + what, "use at most 256");
    }
  };
  report(zones.size(), "zone", "time zones");
  report(regions.size(), "region", "regions");
}

/// Zone, region and position of a row.
template <class Place>
void read_place(const Builder& b, const Row& row, Place& place) {
  std::string zone;
  if (row.read("zone", parse_zone, zone)) place.zone = static_cast<ZoneId>(b.zones.find(zone).value_or(0));
  std::string region;
  if (row.read("region", parse_name, region)) {
    if (const auto id = b.regions.find(region)) {
      place.region = static_cast<RegionId>(*id);
    } else if (b.regions.complete()) {
      row.fault("region", unknown_name(region, b.regions));
    }
  }
  read_position(row, place.position);
}

void read_demand(Builder& b, const Table& table) {
  const KeyColumn keys = read_keys(table, "destination", "destination", 65'535);
  b.destinations = keys.names;
  std::uint64_t total = 0;
  for (const std::size_t i : keys.rows) {
    const Row row = table.row(i);
    Destination d;
    d.name = row.text("destination");
    read_place(b, row, d);
    row.count("weight", 0, 1'000'000'000, d.weight);
    total += d.weight;
    b.world.destinations.push_back(std::move(d));
  }
  if (b.faults.any_in(table.file())) return;
  if (table.size() == 0) {
    b.faults.add(table.file(), 1, "destination", "there is no destination", "add one");
  } else if (total == 0) {
    b.faults.add(table.file(), 1, "weight", "the weights sum to 0", "give a destination a weight above 0");
  } else if (total > weight_total_max) {
    b.faults.add(table.file(), 1, "weight", "the weights sum to " + std::to_string(total),
                 "divide them all by the same number; the sum may be 10^12");
  }
}

void read_depot(const Row& row, Facility& f) {
  constexpr std::array<std::string_view, 3> columns{"stops_per_day", "load_out", "round_length"};
  for (const std::string_view column : columns) {
    if (f.kind == FacilityKind::depot && row.empty(column)) {
      row.fault(column, "a depot needs it", "fill in " + std::string(column) + ", or change the kind");
    } else if (f.kind != FacilityKind::depot && !row.empty(column)) {
      row.fault(column, "only a depot has delivery rounds", "empty the cell, or make the facility a depot");
    }
  }
  row.count_if("stops_per_day", 1, 100'000'000, f.stops_per_day);
  row.read_if("load_out", parse_time, f.load_out);
  // Rounds leave every day, so the midnight that ends a day is the one that begins the next.
  if (f.load_out == hours(24)) f.load_out = SimDuration{};
  if (row.read_if("round_length", parse_positive_duration, f.round_length) && f.round_length > hours(24)) {
    row.fault("round_length", "a round of more than a day", "write at most 24h");
  }
}

void read_facilities(Builder& b, const Table& table) {
  const KeyColumn keys = read_keys(table, "facility", "facility", 60'000);
  b.facilities = keys.names;
  for (const std::size_t i : keys.rows) {
    const Row row = table.row(i);
    Facility f;
    f.name = row.text("facility");
    if (const auto carrier = row.refer("carrier", b.carriers)) f.carrier = static_cast<CarrierId>(*carrier);
    const auto parse_kind = [](std::string_view t) -> Parsed<FacilityKind> {
      if (t == "hub") return FacilityKind::hub;
      if (t == "air_hub") return FacilityKind::air_hub;
      if (t == "depot") return FacilityKind::depot;
      return tl::unexpected<Complaint>(Complaint{"unknown kind " + in_quotes(t), "write hub, air_hub or depot"});
    };
    const bool kind_read = row.read("kind", parse_kind, f.kind);
    read_place(b, row, f);
    row.read("handling", parse_positive_duration, f.handling);
    if (kind_read) read_depot(row, f);
    row.read_if(
        "area_km2", [](std::string_view t) { return parse_decimal(t, 0, 1e8); }, f.area_km2);
    SimDuration customs{};
    row.read_if("customs_time", parse_duration, customs);
    f.customs_minutes = static_cast<std::uint32_t>(customs / minutes(1));
    row.read_if("customs_held", parse_share, f.customs_held);
    b.world.facilities.push_back(std::move(f));
  }
}

struct Opening {
  SortWindow window;
  int line = 0;
};

/// Whether two windows are open at the same minute of some week.
bool overlap(const SortWindow& a, const SortWindow& c) {
  const std::int64_t week = days(7) / minutes(1);
  const auto opens = [](const SortWindow& w, int weekday) { return (w.weekdays >> weekday & 1) != 0; };
  for (int i = 0; i < 7; ++i) {
    for (int k = 0; k < 7; ++k) {
      if (!opens(a, i) || !opens(c, k)) continue;
      const std::int64_t a_from = (days(i) + a.from) / minutes(1);
      const std::int64_t a_to = (days(i) + a.to) / minutes(1);
      for (const std::int64_t shift : {-week, std::int64_t{0}, week}) {
        const std::int64_t c_from = (days(k) + c.from) / minutes(1) + shift;
        const std::int64_t c_to = (days(k) + c.to) / minutes(1) + shift;
        if (a_from < c_to && c_from < a_to) return true;
      }
    }
  }
  return false;
}

void read_sorts(Builder& b) {
  const Table table = b.table("sorts.csv", {{"facility", "from", "to", "weekdays", "pieces_per_hour"}, {}, false},
                              Table::Presence::optional);
  std::vector<std::vector<Opening>> openings(b.world.facilities.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    Opening opening{{}, row.line()};
    SortWindow& window = opening.window;
    const auto facility = row.refer("facility", b.facilities);
    const bool from_read = row.read("from", parse_time, window.from);
    bool good = row.read("to", parse_time, window.to) && from_read;
    good = row.read("weekdays", parse_weekdays, window.weekdays) && good;
    good = row.count("pieces_per_hour", 1, 1'000'000'000, window.pieces_per_hour) && good;
    if (good && window.from == hours(24)) {
      row.fault("from", "a sort cannot open at 24:00", "write 00:00 and the weekdays of the next day");
      good = false;
    } else if (good && window.from == window.to) {
      row.fault("to", "the sort opens and closes at the same time", "for the whole day write 00:00 to 24:00");
      good = false;
    }
    if (!facility || !good) continue;
    if (window.to < window.from) window.to += hours(24);
    for (const Opening& other : openings[*facility]) {
      if (overlap(other.window, window)) {
        row.fault("from", "the sort overlaps the one in line " + std::to_string(other.line),
                  "change its hours or weekdays");
        break;
      }
    }
    openings[*facility].push_back(opening);
  }
  for (std::size_t id = 0; id < openings.size(); ++id) {
    auto& sorts = b.world.facilities[id].sorts;
    for (const Opening& opening : openings[id]) sorts.push_back(opening.window);
    std::sort(sorts.begin(), sorts.end(), [](const SortWindow& x, const SortWindow& y) {
      return std::tie(x.from, x.weekdays) < std::tie(y.from, y.weekdays);
    });
  }
}

enum class ServesKind { share, nearest, area };
struct Serves {
  ServesKind kind = ServesKind::area;
  Ppm share = 0;
  Area area;
  int line = 0;
};

bool read_served_area(const Builder& b, const Row& row, std::string_view text, Area& out) {
  auto area = read_area(b, row, "serves", text);
  if (!area) return false;
  if (!area->facilities.empty()) {
    row.fault("serves", "a node serves destinations, not facilities", "use all, states or circle");
    return false;
  }
  out = *std::move(area);
  return true;
}

std::optional<Serves> read_serves(const Builder& b, const Row& row) {
  Serves serves;
  serves.line = row.line("serves");
  const std::string_view text = row.text("serves");
  const auto words = split_list(text.substr(0, text.find(" in ")));
  if (words.empty()) {
    row.fault("serves", "the cell is empty", "write share 0.5, nearest, or an area");
    return std::nullopt;
  }
  // "share 0.5 in AREA", "nearest in AREA": the shipper sells nothing outside the area.
  const bool is_nearest = words[0] == "nearest" && words.size() == 1;
  if (is_nearest || words[0] == "share") {
    const std::size_t in = text.find(" in ");
    serves.area.all = in == std::string_view::npos;
    if (!serves.area.all && !read_served_area(b, row, text.substr(in + 4), serves.area)) return std::nullopt;
  }
  if (is_nearest) {
    serves.kind = ServesKind::nearest;
    return serves;
  }
  if (words[0] == "share") {
    serves.kind = ServesKind::share;
    const auto share = parse_share(words.size() == 2 ? words[1] : std::string_view());
    if (!share) {
      row.fault("serves", share.error());
      return std::nullopt;
    }
    serves.share = *share;
    return serves;
  }
  if (!read_served_area(b, row, row.text("serves"), serves.area)) return std::nullopt;
  return serves;
}

/// Metres, so that two nodes at the same distance tie on every machine, and the name decides.
std::int64_t metres(Position a, Position b) {
  return std::llround(great_circle_km(a, b) * 1'000);
}

/// Spreads each destination's weight over one shipper's nodes.
void spread_demand(Builder& b, const std::vector<std::size_t>& nodes, const std::vector<Serves>& serves,
                   const std::string& file) {
  const Serves& first = serves[nodes.front()];
  std::uint64_t shares = 0;
  for (const std::size_t node : nodes) {
    if (serves[node].kind != first.kind) {
      b.faults.add(file, serves[node].line, "serves",
                   "the shipper's nodes serve in different ways (see line " + std::to_string(first.line) + ")",
                   "use one of share, nearest and areas for all nodes of a shipper");
      return;
    }
    if (first.kind != ServesKind::area && serves[node].area != first.area) {
      b.faults.add(file, serves[node].line, "serves",
                   "the shipper's nodes sell in different areas (see line " + std::to_string(first.line) + ")",
                   "write the same area after 'in' for all nodes of a shipper");
      return;
    }
    shares += serves[node].share;
  }
  if (first.kind == ServesKind::share && shares != ppm_one) {
    b.faults.add(file, first.line, "serves", "the shares of the shipper's nodes sum to " + ppm_text(shares),
                 "make them sum to 1");
  }
  for (std::size_t d = 0; d < b.world.destinations.size(); ++d) {
    const Destination& destination = b.world.destinations[d];
    if (first.kind != ServesKind::area && !first.area.covers(destination.region, destination.position)) continue;
    const std::size_t* taker = nullptr;
    std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
    for (const std::size_t& node : nodes) {
      if (first.kind == ServesKind::share) {
        b.world.nodes[node].demand[d] = destination.weight * serves[node].share;
      } else if (first.kind == ServesKind::nearest) {
        const std::int64_t distance = metres(b.world.nodes[node].position, destination.position);
        if (distance < nearest) {
          nearest = distance;
          taker = &node;
        }
      } else if (serves[node].area.covers(destination.region, destination.position)) {
        if (taker != nullptr) {
          b.faults.add(file, std::max(serves[node].line, serves[*taker].line), "serves",
                       "destination " + in_quotes(destination.name) + " is served from the nodes " +
                           in_quotes(b.world.nodes[*taker].name) + " and " + in_quotes(b.world.nodes[node].name),
                       "make the areas of a shipper's nodes disjoint, or use shares");
          return;
        }
        taker = &node;
      }
    }
    if (taker != nullptr) b.world.nodes[*taker].demand[d] = destination.weight * ppm_one;
  }
}

void read_nodes(Builder& b, const Table& table) {
  const KeyColumn keys = read_keys(table, "node", "node", 5'000);
  b.nodes = keys.names;
  std::vector<Serves> serves(keys.rows.size());
  std::vector<std::vector<std::size_t>> by_shipper(b.world.shippers.size());
  std::vector<bool> spoiled(b.world.shippers.size());
  for (std::size_t id = 0; id < keys.rows.size(); ++id) {
    const Row row = table.row(keys.rows[id]);
    ShipNode node;
    node.name = row.text("node");
    node.demand.assign(b.world.destinations.size(), 0);
    const auto shipper = row.refer("shipper", b.shippers);
    if (shipper) node.shipper = static_cast<ShipperId>(*shipper);
    read_place(b, row, node);
    if (const auto calendar = row.refer("calendar", b.calendars)) node.calendar = static_cast<CalendarId>(*calendar);
    row.read("cut_off", parse_time, node.cut_off);
    const bool min_read = row.read("handling_min", parse_duration, node.handling_min);
    const bool max_read = row.read("handling_max", parse_duration, node.handling_max);
    if (min_read && max_read && node.handling_max < node.handling_min) {
      row.fault("handling_max", "handling_max is shorter than handling_min", "swap the two");
    }
    auto served = read_serves(b, row);
    const bool is_served = served.has_value();
    if (is_served) serves[id] = *std::move(served);
    if (shipper && *shipper < by_shipper.size()) {
      by_shipper[*shipper].push_back(id);
      spoiled[*shipper] = spoiled[*shipper] || !is_served;
    }
    b.world.nodes.push_back(std::move(node));
  }
  for (std::size_t shipper = 0; shipper < by_shipper.size(); ++shipper) {
    if (spoiled[shipper]) continue;
    if (!by_shipper[shipper].empty()) {
      spread_demand(b, by_shipper[shipper], serves, table.file());
    } else if (!b.faults.any_in(table.file())) {
      b.faults.add("scenario.toml", b.settings.shippers[shipper].line, "shipper.name",
                   "shipper " + in_quotes(b.world.shippers[shipper].name) + " has no node",
                   "add a row to nodes.csv, or remove the shipper");
    }
  }
}

}  // namespace

void read_calendars(Builder& b) {
  const Table table =
      b.table("calendars.csv", {{"calendar", "weekdays"}, {"closed"}, false}, Table::Presence::required);
  KeyColumn keys = read_keys(table, "calendar", "calendar", 255);
  const auto length = static_cast<std::size_t>(calendar_lead) + static_cast<std::size_t>(b.end() + horizon_tail);
  for (const std::size_t i : keys.rows) {
    const Row row = table.row(i);
    Calendar calendar{std::string(row.text("calendar")), std::vector<bool>(length)};
    if (calendar.name == "daily") {
      row.fault("calendar", "'daily' always exists", "remove the row, or choose another name");
    }
    std::uint8_t weekdays = 0x7f;
    row.read("weekdays", parse_weekdays, weekdays);
    for (std::size_t k = 0; k < length; ++k) {
      const Day day = static_cast<Day>(k) - calendar_lead;
      calendar.open[k] = (weekdays >> weekday_of(b.world.first_day_unix, day) & 1) != 0;
    }
    for (const std::string_view word : split_list(row.text("closed"))) {
      const auto date = parse_date(word);
      if (!date) {
        row.fault("closed", date.error());
        continue;
      }
      const Day k = b.day(*date) + calendar_lead;
      if (b.dated() && k >= 0 && static_cast<std::size_t>(k) < length)
        calendar.open[static_cast<std::size_t>(k)] = false;
    }
    if (closed_too_long(calendar.open)) {
      row.fault("closed", "the calendar is closed for more than " + std::to_string(closed_max) + " days on end",
                "open it at least every " + std::to_string(closed_max) + " days");
    }
    b.calendars.add(calendar.name);
    b.world.calendars.push_back(std::move(calendar));
  }
  if (!keys.names.complete()) b.calendars.mark_incomplete();
  if (b.calendars.add("daily")) b.world.calendars.push_back({"daily", std::vector<bool>(length, true)});
  for (std::size_t i = 0; i < b.settings.carriers.size(); ++i) {
    const Written<std::string>& name = b.settings.carriers[i].pickup_calendar;
    if (const auto id = b.calendars.find(name.value)) {
      b.world.carriers[i].pickup = static_cast<CalendarId>(*id);
    } else if (b.calendars.complete()) {
      b.faults.add("scenario.toml", name.line, "carrier.pickup_calendar", unknown_name(name.value, b.calendars));
    }
  }
}

void read_places(Builder& b) {
  const Table demand = b.table("demand.csv", {{"destination", "region", "zone", "lat", "lon", "weight"}, {}, false},
                               Table::Presence::required);
  const Table facilities =
      b.table("facilities.csv",
              {{"facility", "carrier", "kind", "region", "zone", "lat", "lon", "handling"},
               {"stops_per_day", "load_out", "round_length", "area_km2", "customs_time", "customs_held"},
               false},
              Table::Presence::required);
  const Table nodes = b.table("nodes.csv",
                              {{"node", "shipper", "region", "zone", "lat", "lon", "calendar", "cut_off",
                                "handling_min", "handling_max", "serves"},
                               {},
                               false},
                              Table::Presence::required);
  collect(b, {&demand, &facilities, &nodes});
  read_demand(b, demand);
  read_facilities(b, facilities);
  read_sorts(b);
  read_nodes(b, nodes);
}

}  // namespace peakstorm::scenarios
