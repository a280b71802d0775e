#include "tests/engine/reference/setting.hpp"

#include <cmath>

namespace peakstorm::test::plain {

bool Setting::runs_on(std::uint8_t weekdays, Day day) const {
  return (weekdays & (1 << weekday_of(world.first_day_unix, day))) != 0;
}

Day Setting::open_day(CalendarId calendar, Day day, int count) const {
  while (!world.is_open(calendar, day)) ++day;
  for (; count > 0; --count) {
    do ++day;
    while (!world.is_open(calendar, day));
  }
  return day;
}

std::vector<SimTime> Setting::daily(const TimeZone& place, SimDuration time, CalendarId calendar) const {
  std::vector<SimTime> instants;
  for (Day day = -3; day < world.day_count + world.drain_days + 3; ++day) {
    const SimTime at = place.to_instant(day, time);
    if (world.is_open(calendar, day) && at >= day_zero && at < end) instants.push_back(at);
  }
  std::sort(instants.begin(), instants.end());
  return instants;
}

std::vector<SimTime> Setting::departures_of(const Lane& lane, SimTime from, SimTime to) const {
  std::vector<SimTime> instants;
  const Day first = zone_of(index(lane.from)).local_day(from) - 2;
  const Day last = zone_of(index(lane.from)).local_day(to) + 2;
  for (Day day = first; day <= last; ++day) {
    for (const Departure& departure : lane.departures) {
      const SimTime at = zone_of(index(lane.from)).to_instant(day, departure.time);
      if (runs_on(departure.weekdays, day) && at >= from && at < to) instants.push_back(at);
    }
  }
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
  return instants;
}

SimTime Setting::next_load_out(std::size_t depot, ServiceId service, SimTime at) const {
  const SimDuration time = world.facilities[depot].load_out;
  Day day = zone_of(depot).local_day(at);
  if (zone_of(depot).to_instant(day, time) < at) ++day;
  day = open_day(world.services[index(service)].delivery, day, 0);
  return zone_of(depot).to_instant(day, time);
}

Day Setting::ordinary_day() const {
  Day tuesday = world.measure_from;
  while (weekday_of(world.first_day_unix, tuesday) != 1) ++tuesday;
  return tuesday;
}

namespace {

void add(Effect& effect, const Disruption& d) {
  const auto times = [](Ppm a, Ppm b) { return static_cast<Ppm>((std::uint64_t{a} * b + ppm_one / 2) / ppm_one); };
  effect.speed = times(effect.speed, d.speed);
  effect.staffing = times(effect.staffing, d.staffing);
  effect.closed |= d.closed;
  effect.weather |= is_weather(d);
  effect.scan_delay = std::max(effect.scan_delay, d.scan_delay);
}

}  // namespace

bool Setting::touches(const Disruption& d, std::size_t facility) const {
  return d.facilities[facility] && (!d.carrier || *d.carrier == world.facilities[facility].carrier);
}

Effect Setting::facility_at(std::size_t facility, SimTime at) const {
  Effect effect;
  for (const Disruption& d : world.disruptions) {
    if (touches(d, facility) && at >= d.from && at < d.to) add(effect, d);
  }
  return effect;
}

Effect Setting::node_at(std::size_t node, SimTime at) const {
  Effect effect;
  for (const Disruption& d : world.disruptions) {
    if (d.nodes[node] && !d.carrier && at >= d.from && at < d.to) add(effect, d);
  }
  return effect;
}

SimTime Setting::reopens(std::size_t facility, SimTime at) const {
  while (facility_at(facility, at).closed) {
    SimTime over = never;
    for (const Disruption& d : world.disruptions) {
      if (touches(d, facility) && d.closed && at >= d.from && at < d.to) over = std::min(over, d.to);
    }
    at = over;
  }
  return at;
}

bool Setting::embargoed(CarrierId carrier, std::size_t node, DestinationId destination, SimTime at) const {
  return std::any_of(world.disruptions.begin(), world.disruptions.end(), [&](const Disruption& d) {
    return d.embargo && at >= d.from && at < d.to && (!d.carrier || *d.carrier == carrier) &&
           (d.nodes[node] || d.destinations[index(destination)]);
  });
}

double Setting::surge(ShipperId shipper, std::size_t destination, SimTime at) const {
  double factor = 1;
  for (const Disruption& d : world.disruptions) {
    const bool on = at >= d.from && at < d.to && (!d.shipper || *d.shipper == shipper);
    if (on && d.destinations[destination]) factor *= d.demand * 1e-6;
  }
  return factor;
}
std::int64_t Setting::milli(std::uint32_t amount, Ppm a, Ppm b, Ppm c) const {
  const long double exact =
      static_cast<long double>(amount) * 1000 * static_cast<long double>(options.scale) * a * b * c / 1e18L;
  return static_cast<std::int64_t>(std::floor(exact + 1e-6L));
}

const PlannedCapacity& Setting::planned(CarrierId carrier, Day day) const {
  static const PlannedCapacity base{};
  for (const PlannedCapacity& plan : world.capacity) {
    if (plan.carrier == carrier && day >= plan.from && day < plan.to) return plan;
  }
  return base;
}

}  // namespace peakstorm::test::plain
