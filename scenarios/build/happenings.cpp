/// disruptions.csv and orders.csv: what happens at an instant.
#include <algorithm>
#include <tuple>

#include "scenarios/build/area.hpp"
#include "scenarios/build/builder.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm::scenarios {
namespace {

/// Radius drawn on the map for facilities that are named one by one; no effect on the run.
constexpr double facility_radius_km = 50;

/// An instant, or a date in the home zone: midnight to midnight, so a last day ends a day later.
std::optional<SimTime> read_moment(const Builder& b, const Row& row, std::string_view column, bool is_end) {
  const auto parse = [&](std::string_view text) -> Parsed<std::int64_t> {
    if (text.find(' ') != std::string_view::npos) return parse_instant(text);
    const auto day = parse_date(text);
    if (!day) return tl::unexpected<Complaint>(day.error());
    const UnixDay midnight = *day + (is_end ? 1 : 0);
    if (b.settings.home_zone.value.empty()) return std::int64_t{midnight} * 86'400;  // A fault already.
    return local_midnight(b.settings.home_zone.value, midnight);
  };
  std::int64_t seconds = 0;
  if (!row.read(column, parse, seconds)) return std::nullopt;
  return b.instant(seconds);
}

bool read_times(const Builder& b, const Row& row, Disruption& d) {
  const auto from = read_moment(b, row, "from", false);
  const auto to = read_moment(b, row, "to", true);
  if (!from || !to || !b.dated()) return false;
  d.from = *from;
  d.to = *to;
  if (d.to <= d.from) {
    row.fault("to", "the disruption ends before it begins", "put the earlier moment in 'from'");
    return false;
  }
  if (d.to <= day_zero - days(1) || d.from >= day_zero + days(b.end() + 1)) {
    row.fault("from", "the disruption lies outside the horizon", "choose moments from " + b.span_text(0, b.end()));
    return false;
  }
  return true;
}

void read_effects(const Row& row, Disruption& d) {
  // A column that is empty leaves its effect out; so does a factor of 1.
  row.read_if("speed", parse_positive_factor, d.speed);
  row.read_if("staffing", parse_factor, d.staffing);
  row.read_if("closed", parse_yes_no, d.closed);
  row.read_if("embargo", parse_yes_no, d.embargo);
  row.read_if("demand", parse_factor, d.demand);
  row.read_if("scan_delay", parse_duration, d.scan_delay);
  if (d.speed > ppm_one) row.fault("speed", "a disruption does not speed travel up", "write a factor of at most 1");
  const bool idle = d.speed == ppm_one && d.staffing == ppm_one && !d.closed && !d.embargo && d.demand == ppm_one &&
                    d.scan_delay.count() == 0;
  const bool readable = row.empty("speed") && row.empty("staffing") && row.empty("demand") && row.empty("scan_delay");
  if (idle && readable) {
    row.fault("kind", "the disruption has no effect", "fill in speed, staffing, closed, embargo, demand or scan_delay");
  }
}

void place(const World& world, const Area& area, Disruption& d) {
  for (const Facility& f : world.facilities) d.facilities.push_back(area.covers(f.region, f.position));
  for (const FacilityId id : area.facilities) d.facilities[index(id)] = true;
  for (const Destination& t : world.destinations) d.destinations.push_back(area.covers(t.region, t.position));
  for (const ShipNode& n : world.nodes) d.nodes.push_back(area.covers(n.region, n.position));
  d.regions = area.regions;
  if (area.all) {
    d.regions.clear();
    for (std::size_t i = 0; i < world.regions.size(); ++i) d.regions.push_back(static_cast<RegionId>(i));
  } else if (!area.circles.empty()) {
    d.centre = area.circles.front().centre;
    d.radius_km = area.circles.front().radius_km;
  } else if (area.regions.empty() && !area.facilities.empty()) {
    d.centre = world.facilities[index(area.facilities.front())].position;
    d.radius_km = facility_radius_km;
  }
}

Parsed<DisruptionKind> parse_kind(std::string_view text) {
  for (std::size_t i = 0; i < disruption_kind_names.size(); ++i) {
    if (text == disruption_kind_names[i]) return static_cast<DisruptionKind>(i);
  }
  return tl::unexpected<Complaint>(
      Complaint{"unknown kind " + in_quotes(text), "write storm, closure, embargo, outage, surge or staffing"});
}

}  // namespace

std::optional<Disruption> read_disruption(Builder& b, const Row& row) {
  Disruption d;
  d.name = row.text("name");
  row.read("kind", parse_kind, d.kind);
  if (!row.empty("carrier")) {
    if (const auto carrier = row.refer("carrier", b.carriers)) d.carrier = static_cast<CarrierId>(*carrier);
  }
  if (!row.empty("shipper")) {
    if (const auto shipper = row.refer("shipper", b.shippers)) d.shipper = static_cast<ShipperId>(*shipper);
  }
  read_effects(row, d);
  const bool timed = read_times(b, row, d);
  std::optional<Area> area;
  if (row.empty("area")) {
    row.fault("area", "the cell is empty", "name the area, or write all");
  } else {
    area = read_area(b, row, "area");
  }
  if (!timed || !area) return std::nullopt;
  place(b.world, *area, d);
  const auto touched = [](const std::vector<bool>& v) { return std::find(v.begin(), v.end(), true) != v.end(); };
  if (!touched(d.facilities) && !touched(d.destinations) && !touched(d.nodes) && !b.faults.any_in("demand.csv") &&
      !b.faults.any_in("facilities.csv")) {
    row.fault("area", "the area holds no facility, destination or node", "correct it, or remove the row");
  }
  return d;
}

void read_disruptions(Builder& b) {
  const Table table = b.table("disruptions.csv", disruption_columns, Table::Presence::optional);
  const KeyColumn keys = read_keys(table, "name", "disruption", 100'000);
  for (const std::size_t i : keys.rows) {
    if (auto d = read_disruption(b, table.row(i))) b.world.disruptions.push_back(*std::move(d));
  }
}

void read_orders(Builder& b) {
  const Table table = b.table("orders.csv", {{"ordered_at", "node", "destination", "tier"}, {"size", "promise"}, false},
                              Table::Presence::optional);
  SimTime last = SimTime::min();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    GivenOrder order;
    std::int64_t seconds = 0;
    const bool timed = row.read("ordered_at", parse_instant, seconds) && b.dated();
    const auto node = row.refer("node", b.nodes);
    const auto destination = row.refer("destination", b.destinations);
    const bool has_tier = row.read("tier", parse_tier, order.tier);
    row.count_if("size", 0, b.world.sizes.size() - 1, order.size);
    UnixDay promise = 0;
    const bool promised = row.read_if("promise", parse_date, promise);
    if (timed) {
      order.at = b.instant(seconds);
      if (order.at < last)
        row.fault("ordered_at", "the order is earlier than the one before it", "sort the orders by time");
      last = std::max(last, order.at);
    }
    if (node) order.node = static_cast<ShipNodeId>(*node);
    // A node whose shipper could not be read has none to ask for its services.
    if (node && has_tier && !b.faults.any_in("scenario.toml") && !b.faults.any_in("nodes.csv")) {
      const Shipper& shipper = b.world.shippers[index(b.world.nodes[*node].shipper)];
      const bool served = std::any_of(shipper.tariffs.begin(), shipper.tariffs.end(),
                                      [&](const Tariff& t) { return t.tier == order.tier; });
      if (!served) {
        row.fault("tier", "shipper " + in_quotes(shipper.name) + " has no service for this tier",
                  "add a [[shipper.tariff]] for it to scenario.toml");
      }
    }
    if (!timed || !destination || b.faults.any_in("demand.csv")) continue;
    order.destination = static_cast<DestinationId>(*destination);
    const Day day = b.world.zones[index(b.world.destinations[*destination].zone)].local_day(order.at);
    if (order.at < day_zero || day < 0 || day >= b.world.day_count) {
      row.fault("ordered_at", "the order lies outside the days with orders",
                "choose instants from " + b.span_text(0, b.world.day_count) + ", or change first_day and days");
    } else if (promised && (b.day(promise) < day || b.day(promise) >= b.end() + horizon_tail)) {
      row.fault("promise", b.day(promise) < day ? "the promise lies before the order" : "the promise is too far away",
                "correct the date, or empty the cell");
    } else if (promised) {
      order.promise_day = static_cast<std::uint16_t>(b.day(promise));
    }
    if (node) b.world.orders.push_back(order);
  }
  // Orders of one instant stand in an order of their own, so that the file's leaves no trace.
  const auto key = [](const GivenOrder& o) {
    return std::tie(o.at, o.node, o.destination, o.tier, o.size, o.promise_day);
  };
  std::sort(b.world.orders.begin(), b.world.orders.end(),
            [&](const GivenOrder& x, const GivenOrder& y) { return key(x) < key(y); });
}

}  // namespace peakstorm::scenarios
