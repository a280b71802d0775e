#include "tests/engine/reference/reference.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "engine/flow/variates.hpp"
#include "engine/geo.hpp"
#include "engine/portable_math.hpp"

namespace peakstorm::test {
namespace {

using flow::AliasTable;

constexpr std::uint32_t unreachable = 1'000'000'000;

std::int64_t ms(SimTime at) {
  return at.time_since_epoch().count();
}
std::uint16_t stored(Day day) {
  return day < 0 || day >= no_day ? no_day : static_cast<std::uint16_t>(day);
}
/// The next full ten minutes.
SimTime mark(SimTime at) {
  return SimTime{SimDuration{-floor_div(-ms(at), 600'000) * 600'000}};
}
std::uint32_t hour_of_day(SimTime at) {
  return static_cast<std::uint32_t>(floor_div(ms(at), 3'600'000) - floor_div(ms(at), 86'400'000) * 24);
}
SimDuration slowed(SimDuration length, Ppm speed) {
  return SimDuration{length.count() * ppm_one / std::clamp<Ppm>(speed, ppm_one / 20, ppm_one)};
}
std::int64_t whole_minutes(SimDuration length) {
  return length / minutes(1);
}
SimDuration share_of(SimDuration length, std::uint32_t word) {
  return SimDuration{
      static_cast<std::int64_t>((std::uint64_t{word} * static_cast<std::uint64_t>(length.count())) >> 32U)};
}

struct Piece {
  Outcome facts;  ///< What its outcome will say.
  std::uint64_t key = 0;
  std::uint8_t size = 0;
  std::uint8_t scans = 0;
  std::uint8_t sorts = 0;
  bool tracked = false;
  bool bad_address = false;
  bool was_held = false;
  bool astray = false;
  Cause refused = Cause::none;  ///< Why the first truck left it.
  SimTime planned;              ///< Departure, round or pickup it would make where it is, without queues and storms.
  SimTime came;                 ///< To this place (out of customs, if it went through it).
  SimTime ready;                ///< On the dock, or for the round, since.
  Cause hint = Cause::none;
  bool told = false;
  enum class Where : std::uint8_t { node, refused, sorter, dock, round, elsewhere, ended } where = Where::node;
  FacilityId at{};

  void blame(PlaceId place, Cause why, std::int64_t lost_minutes) {
    if (lost_minutes <= facts.excess_minutes) return;
    facts.excess_minutes = static_cast<std::uint16_t>(std::min<std::int64_t>(lost_minutes, 0xffff));
    facts.culprit = place;
    facts.cause = why;
  }
};

/// Room of one departure, round or truck; below scale 1 what was taken too much is owed by the next.
struct Room {
  std::int64_t milli_pieces = 0;
  std::int64_t grams = 0;
  std::int64_t cm3 = 0;
  bool weighs = false;
  bool fills = false;
  bool hard = true;
  bool empty = true;

  void open(std::int64_t more_milli, std::int64_t more_grams, std::int64_t more_cm3, bool is_hard) {
    const auto debt = [&](std::int64_t left) { return is_hard ? 0 : std::min<std::int64_t>(left, 0); };
    *this = {more_milli + debt(milli_pieces),
             more_grams + debt(grams),
             more_cm3 + debt(cm3),
             more_grams > 0,
             more_cm3 > 0,
             is_hard,
             true};
  }
  bool take(std::int64_t weight, std::int64_t volume) {
    const bool some = milli_pieces > 0 && (!weighs || grams > 0) && (!fills || cm3 > 0);
    const bool fits = milli_pieces >= 1000 && (!weighs || grams >= weight) && (!fills || cm3 >= volume);
    if (!some || (hard && !empty && !fits)) return false;
    milli_pieces -= 1000;
    grams -= weighs ? weight : 0;
    cm3 -= fills ? volume : 0;
    empty = false;
    return true;
  }
};

class Simulator {
 public:
  Simulator(const World& world, const PlainOptions& options)
      : w(world), options_(options), end(day_zero + days(world.day_count + world.drain_days)) {}

  Account run() {
    for (std::size_t c = 0; c < w.carriers.size(); ++c) plan_routes(c);
    for (std::size_t f = 0; f < w.facilities.size(); ++f) lay_out_sorter(f);
    for (std::size_t l = 0; l < w.lanes.size(); ++l) {
      departures.push_back(departures_of(w.lanes[l], day_zero, end));
      for (const SimTime at : departures.back()) schedule(at, 2, [=, this] { depart(at, l); });
    }
    docks.resize(w.lanes.size());
    dock_room.resize(w.lanes.size());
    rounds.resize(w.facilities.size());
    round_room.resize(w.facilities.size());
    for (std::size_t f = 0; f < w.facilities.size(); ++f) {
      if (w.facilities[f].kind != FacilityKind::depot) continue;
      for (Day day = -3; day < w.day_count + w.drain_days + 3; ++day) {
        const SimTime at = zone_of(f).to_instant(day, w.facilities[f].load_out);
        if (at >= day_zero) schedule(at, 2, [=, this] { load_out(at, f); });
      }
    }
    for (std::size_t n = 0; n < w.nodes.size(); ++n) {
      for (const Pickup& pickup : w.nodes[n].pickups) {
        pickups[n].push_back(daily(zone(w.nodes[n].zone), pickup.time, w.carriers[index(pickup.carrier)].pickup));
      }
      take_orders(n);
      for (std::size_t p = 0; p < w.nodes[n].pickups.size(); ++p) {
        for (const SimTime at : pickups[n][p]) schedule(at, 2, [=, this] { collect(at, n, p); });
      }
    }
    while (!agenda.empty() && std::get<0>(agenda.begin()->first) < end) {
      count_ties();
      const auto next = agenda.begin();
      const std::function<void()> happen = std::move(next->second.happen);
      agenda.erase(next);
      happen();
    }
    return finish();
  }

 private:
  // ---- Agenda -------------------------------------------------------------------------------------------------

  struct Entry {
    std::function<void()> happen;
    std::size_t place;  ///< Where the order of arrivals matters; no_tie elsewhere.
  };
  static constexpr std::size_t no_tie = ~std::size_t{0};

  /// At equal instants: 0 what arrives, 1 what is sorted or settled, 2 what leaves. Arrivals in any order, which the
  /// tie seed picks; pieces of one sorter first in, first out.
  void schedule(SimTime at, int step, std::function<void()> happen, std::size_t place = no_tie) {
    const std::uint64_t number = scheduled++;
    const std::uint64_t tie = place == no_tie || options_.tie_seed == 0 ? 0 : hash64(options_.tie_seed, number);
    agenda.emplace(std::tuple(at, step, tie, number), Entry{std::move(happen), place});
  }

  void count_ties() {
    const auto& [at, step, tie, number] = agenda.begin()->first;
    const std::size_t place = agenda.begin()->second.place;
    if (place == no_tie) return;
    std::uint64_t alike = 0;
    for (auto other = agenda.begin(); other != agenda.end() && std::get<0>(other->first) == at; ++other) {
      if (other->second.place == place) ++alike;
    }
    if (account.orders_of_ties < 1'000'000) account.orders_of_ties *= alike;
  }

  // ---- Calendars ----------------------------------------------------------------------------------------------

  [[nodiscard]] const TimeZone& zone(ZoneId id) const { return w.zones[index(id)]; }
  [[nodiscard]] const TimeZone& zone_of(std::size_t facility) const { return zone(w.facilities[facility].zone); }
  [[nodiscard]] const TimeZone& home(const Piece& piece) const {
    return zone(w.destinations[index(piece.facts.destination)].zone);
  }
  [[nodiscard]] bool runs_on(std::uint8_t weekdays, Day day) const {
    return (weekdays & (1 << weekday_of(w.first_day_unix, day))) != 0;
  }
  /// The `count`-th open day after `day`; with 0 the first one that is not before it.
  [[nodiscard]] Day open_day(CalendarId calendar, Day day, int count) const {
    while (!w.is_open(calendar, day)) ++day;
    for (; count > 0; --count) {
      do ++day;
      while (!w.is_open(calendar, day));
    }
    return day;
  }
  [[nodiscard]] std::vector<SimTime> daily(const TimeZone& place, SimDuration time, CalendarId calendar) const {
    std::vector<SimTime> instants;
    for (Day day = -3; day < w.day_count + w.drain_days + 3; ++day) {
      const SimTime at = place.to_instant(day, time);
      if (w.is_open(calendar, day) && at >= day_zero && at < end) instants.push_back(at);
    }
    std::sort(instants.begin(), instants.end());
    return instants;
  }
  [[nodiscard]] std::vector<SimTime> departures_of(const Lane& lane, SimTime from, SimTime to) const {
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
  static SimTime first_from(const std::vector<SimTime>& instants, SimTime at) {
    for (const SimTime instant : instants) {
      if (instant >= at) return instant;
    }
    return never;
  }
  /// First load-out of a depot at or after `at` on a day on which the service delivers.
  [[nodiscard]] SimTime next_load_out(std::size_t depot, ServiceId service, SimTime at) const {
    const SimDuration time = w.facilities[depot].load_out;
    Day day = zone_of(depot).local_day(at);
    if (zone_of(depot).to_instant(day, time) < at) ++day;
    day = open_day(w.services[index(service)].delivery, day, 0);
    return zone_of(depot).to_instant(day, time);
  }

  // ---- Disruptions --------------------------------------------------------------------------------------------

  struct Effect {
    Ppm speed = ppm_one;
    Ppm staffing = ppm_one;
    bool closed = false;
    bool weather = false;
    SimDuration scan_delay{};
  };
  [[nodiscard]] bool touches(const Disruption& d, std::size_t facility) const {
    return d.facilities[facility] && (!d.carrier || *d.carrier == w.facilities[facility].carrier);
  }
  static bool is_weather(const Disruption& d) {
    return d.kind == DisruptionKind::storm || d.kind == DisruptionKind::closure;
  }
  static void add(Effect& effect, const Disruption& d) {
    const auto times = [](Ppm a, Ppm b) { return static_cast<Ppm>((std::uint64_t{a} * b + ppm_one / 2) / ppm_one); };
    effect.speed = times(effect.speed, d.speed);
    effect.staffing = times(effect.staffing, d.staffing);
    effect.closed |= d.closed;
    effect.weather |= is_weather(d);
    effect.scan_delay = std::max(effect.scan_delay, d.scan_delay);
  }
  [[nodiscard]] Effect facility_at(std::size_t facility, SimTime at) const {
    Effect effect;
    for (const Disruption& d : w.disruptions) {
      if (touches(d, facility) && at >= d.from && at < d.to) add(effect, d);
    }
    return effect;
  }
  [[nodiscard]] Effect node_at(std::size_t node, SimTime at) const {
    Effect effect;
    for (const Disruption& d : w.disruptions) {
      if (d.nodes[node] && !d.carrier && at >= d.from && at < d.to) add(effect, d);
    }
    return effect;
  }
  [[nodiscard]] SimTime reopens(std::size_t facility, SimTime at) const {
    while (facility_at(facility, at).closed) {
      SimTime over = never;
      for (const Disruption& d : w.disruptions) {
        if (touches(d, facility) && d.closed && at >= d.from && at < d.to) over = std::min(over, d.to);
      }
      at = over;
    }
    return at;
  }
  /// Whether some disruption of the facility that is `kind_of` overlaps [from, to].
  template <class F>
  [[nodiscard]] bool any_within(std::size_t facility, SimTime from, SimTime to, F kind_of) const {
    return std::any_of(w.disruptions.begin(), w.disruptions.end(), [&](const Disruption& d) {
      return touches(d, facility) && kind_of(d) && d.from < d.to && d.from <= to && d.to > from;
    });
  }
  [[nodiscard]] bool closed_within(std::size_t facility, SimTime from, SimTime to) const {
    return any_within(facility, from, to, [](const Disruption& d) { return d.closed; });
  }
  [[nodiscard]] bool weather_within(std::size_t facility, SimTime from, SimTime to) const {
    return any_within(facility, from, to, is_weather);
  }
  [[nodiscard]] bool embargoed(CarrierId carrier, std::size_t node, DestinationId destination, SimTime at) const {
    return std::any_of(w.disruptions.begin(), w.disruptions.end(), [&](const Disruption& d) {
      return d.embargo && at >= d.from && at < d.to && (!d.carrier || *d.carrier == carrier) &&
             (d.nodes[node] || d.destinations[index(destination)]);
    });
  }
  [[nodiscard]] double surge(ShipperId shipper, std::size_t destination, SimTime at) const {
    double factor = 1;
    for (const Disruption& d : w.disruptions) {
      const bool on = at >= d.from && at < d.to && (!d.shipper || *d.shipper == shipper);
      if (on && d.destinations[destination]) factor *= d.demand * 1e-6;
    }
    return factor;
  }

  // ---- Capacity -----------------------------------------------------------------------------------------------

  /// Thousandths of `amount` times scale and factors, rounded down; the grain only absorbs what binary fractions lack.
  [[nodiscard]] std::int64_t milli(std::uint32_t amount, Ppm a, Ppm b = ppm_one, Ppm c = ppm_one) const {
    const long double exact =
        static_cast<long double>(amount) * 1000 * static_cast<long double>(options_.scale) * a * b * c / 1e18L;
    return static_cast<std::int64_t>(std::floor(exact + 1e-6L));
  }
  [[nodiscard]] const PlannedCapacity& planned(CarrierId carrier, Day day) const {
    static const PlannedCapacity base{};
    for (const PlannedCapacity& plan : w.capacity) {
      if (plan.carrier == carrier && day >= plan.from && day < plan.to) return plan;
    }
    return base;
  }
  [[nodiscard]] bool hard() const { return options_.scale >= 1; }

  // ---- Routes -------------------------------------------------------------------------------------------------

  struct Ride {
    std::size_t lane;
    std::uint32_t from_hour;
    std::uint32_t to_hour;
    std::uint32_t minutes;
  };
  struct Plan {
    std::size_t lane = no_tie;              ///< To take from the dock at this hour.
    std::uint32_t from_dock = unreachable;  ///< Minutes to the depot.
    std::uint32_t from_arrival = unreachable;
    bool operator==(const Plan&) const = default;
  };
  struct RouteKey {
    Mode mode;
    std::size_t depot;
    std::size_t facility;
    auto operator<=>(const RouteKey&) const = default;
  };
  using Plans = std::map<RouteKey, std::vector<Plan>>;  // By hour of the day.
  struct Edition {
    SimTime from = SimTime::min();
    std::map<std::size_t, SimDuration> shut;  ///< How long a closed facility is expected to stay so.
    bool weather = false;
    Plans plans;
  };

  [[nodiscard]] std::uint64_t lane_hash(std::size_t lane) const {
    const Lane& l = w.lanes[lane];
    return hash64(hash64(w.facilities[index(l.from)].name), hash64(w.facilities[index(l.to)].name)) +
           static_cast<std::uint64_t>(l.mode);
  }
  /// The rides of a lane on the day that plans are made for, each `longer` than usual.
  [[nodiscard]] std::vector<Ride> rides_of(std::size_t lane, SimTime midnight, SimDuration longer) const {
    Lane l = w.lanes[lane];
    std::vector<SimTime> instants = departures_of(l, midnight, midnight + days(1));
    // Where it does not run that day, as if it did; where a change of the clocks leaves that day out, by the next.
    for (SimDuration later{}; instants.empty(); later += days(1)) {
      for (Departure& departure : l.departures) departure.weekdays = 0x7f;
      instants = departures_of(l, midnight + later, midnight + later + days(1));
      for (SimTime& instant : instants) instant -= later;
    }
    std::vector<Ride> rides;
    for (const SimTime departure : instants) {
      const SimTime last = departure - l.cut_off - minutes(30);
      const SimTime middle{hours(floor_div(ms(last), 3'600'000)) + minutes(30)};
      const SimTime there = departure + l.transit + longer;
      rides.push_back(
          {lane, hour_of_day(last), hour_of_day(there), static_cast<std::uint32_t>(whole_minutes(there - middle))});
    }
    return rides;
  }
  /// The best way towards a depot from everywhere: repeats "the best of all rides from here" until nothing gets better.
  void plan_towards(Plans& plans, Mode mode, std::size_t depot, const std::map<std::size_t, SimDuration>& shut) const {
    const SimTime midnight = day_zero + days(ordinary_day());
    std::vector<Ride> rides;
    for (std::size_t l = 0; l < w.lanes.size(); ++l) {
      if (mode == Mode::road && w.lanes[l].mode == Mode::air) continue;
      const std::size_t to = index(w.lanes[l].to);
      const SimDuration wait = to != depot && shut.contains(to) ? shut.at(to) : SimDuration{};
      for (const Ride& ride : rides_of(l, midnight, wait)) rides.push_back(ride);
    }
    for (std::size_t f = 0; f < w.facilities.size(); ++f) plans[{mode, depot, f}] = std::vector<Plan>(24);
    for (Plan& plan : plans[{mode, depot, depot}]) plan.from_arrival = 0;
    for (bool better = true; better;) {
      better = false;
      for (const Ride& ride : rides) {
        const Lane& lane = w.lanes[ride.lane];
        const std::uint32_t onward = plans[{mode, depot, index(lane.to)}][ride.to_hour].from_arrival;
        if (onward == unreachable) continue;
        for (std::uint32_t hour = 0; hour < 24; ++hour) {
          Plan& plan = plans[{mode, depot, index(lane.from)}][hour];
          const std::uint32_t took = (ride.from_hour + 24 - hour) % 24 * 60 + ride.minutes + onward;
          if (took > plan.from_dock) continue;
          if (took == plan.from_dock && lane_hash(ride.lane) >= lane_hash(plan.lane)) continue;
          better = true;
          plan.from_dock = took;
          plan.lane = ride.lane;
        }
      }
      for (std::size_t f = 0; f < w.facilities.size(); ++f) {
        for (std::uint32_t hour = 0; hour < 24; ++hour) {
          const SimTime came = midnight + hours(hour) + minutes(30);
          SimTime sorted = came + w.facilities[f].handling;
          if (!w.facilities[f].sorts.empty()) {
            const Window* window = open_at_or_after(f, sorted);
            sorted = window == nullptr ? sorted + days(7) : std::max(sorted, window->from);
          }
          Plan& here = plans[{mode, depot, f}][hour];
          const std::uint32_t dock = plans[{mode, depot, f}][hour_of_day(sorted)].from_dock;
          if (dock == unreachable) continue;
          const auto took = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(whole_minutes(sorted - came))) + dock;
          if (took < here.from_arrival) {
            here.from_arrival = took;
            better = true;
          }
        }
      }
    }
  }
  [[nodiscard]] Day ordinary_day() const {
    Day tuesday = w.measure_from;
    while (weekday_of(w.first_day_unix, tuesday) != 1) ++tuesday;
    return tuesday;
  }
  [[nodiscard]] bool passes_a_shut_one(Plans& usual, Mode mode, std::size_t depot,
                                       const std::map<std::size_t, SimDuration>& shut) const {
    for (std::size_t f = 0; f < w.facilities.size(); ++f) {
      for (const Plan& plan : usual[{mode, depot, f}]) {
        if (f == depot || plan.lane == no_tie) continue;
        const std::size_t to = index(w.lanes[plan.lane].to);
        if (to != depot && shut.contains(to)) return true;
      }
    }
    return false;
  }

  /// All that a carrier publishes: its usual plan, and one more whenever what it reckons with changes.
  void plan_routes(std::size_t carrier) {
    std::vector<std::size_t> depots;
    for (std::size_t f = 0; f < w.facilities.size(); ++f) {
      const bool mine = index(w.facilities[f].carrier) == carrier;
      if (mine && w.facilities[f].kind == FacilityKind::depot) depots.push_back(f);
    }
    Edition usual;
    for (const Mode mode : {Mode::road, Mode::air}) {
      for (const std::size_t depot : depots) plan_towards(usual.plans, mode, depot, {});
    }
    editions[carrier].push_back(usual);
    const SimDuration delay = w.carriers[carrier].replan_after;
    std::map<SimTime, Edition> later;
    const auto closures = [&](auto&& visit) {
      for (const Disruption& d : w.disruptions) {
        for (std::size_t f = 0; f < w.facilities.size(); ++f) {
          const bool mine = index(w.facilities[f].carrier) == carrier && touches(d, f);
          if (mine && d.closed && d.to - d.from > delay) visit(d, f);
        }
      }
    };
    closures([&](const Disruption& d, std::size_t) {
      for (SimTime at = d.from + delay; at < d.to; at += hours(24)) later[at].from = at;
      later[d.to + delay].from = d.to + delay;
    });
    for (auto& [at, edition] : later) {
      closures([&, at = at](const Disruption& d, std::size_t f) {
        SimTime published = d.from + delay;
        if (at < published || at >= d.to + delay) return;
        while (published + hours(24) <= at && published + hours(24) < d.to) published += hours(24);
        edition.shut[f] = std::max(edition.shut[f], std::min(d.to - published, days(7)));
        edition.weather |= is_weather(d);
      });
      if (edition.shut == editions[carrier].back().shut) continue;
      edition.plans = usual.plans;
      for (const Mode mode : {Mode::road, Mode::air}) {
        for (const std::size_t depot : depots) {
          if (passes_a_shut_one(usual.plans, mode, depot, edition.shut)) {
            plan_towards(edition.plans, mode, depot, edition.shut);
          }
        }
      }
      editions[carrier].push_back(edition);
    }
  }

  [[nodiscard]] const std::vector<Edition>& editions_for(const Piece& piece) const {
    return editions.at(index(w.services[index(piece.facts.service)].carrier));
  }
  /// Number of the edition by which one goes at `now`.
  [[nodiscard]] std::size_t edition_at(const Piece& piece, SimTime now) const {
    const std::vector<Edition>& all_editions = editions_for(piece);
    std::size_t e = all_editions.size() - 1;
    while (all_editions[e].from > now) --e;
    return e;
  }
  [[nodiscard]] const std::vector<Plan>& plan_of(const Piece& piece, std::size_t facility, std::size_t edition) const {
    const Mode mode = w.services[index(piece.facts.service)].mode;
    return editions_for(piece)[edition].plans.at({mode, depot_of(piece), facility});
  }
  /// The lane to take from `f` now. What a detour takes longer than the usual way is the closure's fault.
  std::size_t next_lane(Piece& piece, std::size_t f, SimTime now) {
    const std::size_t e = edition_at(piece, now);
    const Plan& usual = plan_of(piece, f, 0)[hour_of_day(now)];
    const Plan& plan = plan_of(piece, f, e)[hour_of_day(now)];
    if (plan.lane == usual.lane) return plan.lane;
    const std::uint32_t arrival_hour = hour_of_day(piece.came);
    const auto left = [&](std::size_t edition) {
      return std::int64_t{std::min(plan_of(piece, f, edition)[arrival_hour].from_arrival, 65'535U)};
    };
    piece.blame(place(f), Cause::closure, left(e) - left(0));
    if (editions_for(piece)[since(piece, f, e)].weather) piece.facts.weather = true;
    return plan.lane;
  }
  /// The edition that brought the plans that hold at `f` in edition `e`.
  [[nodiscard]] std::size_t since(const Piece& piece, std::size_t f, std::size_t e) const {
    const auto same = [&](std::size_t a, std::size_t b) {
      const Plans& before = editions_for(piece)[a].plans;
      const Plans& after = editions_for(piece)[b].plans;
      return std::all_of(after.begin(), after.end(), [&](const auto& entry) {
        return entry.first.facility != f || before.at(entry.first) == entry.second;
      });
    };
    while (e > 0 && same(e - 1, e)) --e;
    return e;
  }
  [[nodiscard]] std::size_t depot_of(const Piece& piece) const {
    return index(*w.coverage[index(w.services[index(piece.facts.service)].carrier)][index(piece.facts.destination)]);
  }

  // ---- Orders and promises ------------------------------------------------------------------------------------

  [[nodiscard]] double day_factor(const Shipper& shipper, std::int64_t day) const {
    const double correlation = shipper.day_correlation * 1e-6;
    double z = 0;
    for (std::int64_t d = 0; d <= day; ++d) {
      const Draws draws(options_.run, Purpose::day_factor, hash64(shipper.name), static_cast<std::uint32_t>(d));
      const double shock = normal_quantile(draws.unit(0));
      z = d == 0 ? shock : correlation * z + std::sqrt(1 - correlation * correlation) * shock;
    }
    const double cv = shipper.day_cv * 1e-6;
    return std::pow(std::max(0.0, 1 - cv * cv / 9 + z * cv / 3), 3);
  }

  void take_orders(std::size_t n) {
    const ShipNode& node = w.nodes[n];
    const Shipper& shipper = w.shippers[index(node.shipper)];
    const auto of_shipper = [&](const GivenOrder& o) { return w.nodes[index(o.node)].shipper == node.shipper; };
    if (std::any_of(w.orders.begin(), w.orders.end(), of_shipper)) {
      std::map<std::int64_t, std::uint32_t> serials;
      for (const GivenOrder& o : w.orders) {
        if (index(o.node) != n) continue;
        const std::int64_t hour = floor_div(ms(o.at), 3'600'000);
        if (hours(hour) >= end - day_zero) continue;
        const ParcelId id = make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(n)}, static_cast<std::uint16_t>(hour),
                                           serials[hour]++);
        order(id, o.at, o.destination, o.tier, o.size, 0, o.promise_day);
      }
      return;
    }
    for (std::int64_t hour = 0; hour < w.day_count * 24; ++hour) draw_orders(n, shipper, hour);
  }

  void draw_orders(std::size_t n, const Shipper& shipper, std::int64_t hour) {
    const ShipNode& node = w.nodes[n];
    const SimTime from = day_zero + hours(hour);
    double shipper_weight = 0;
    for (const ShipNode& other : w.nodes) {
      if (other.shipper != node.shipper) continue;
      for (const std::uint64_t weight : other.demand) shipper_weight += static_cast<double>(weight);
    }
    std::map<std::string, std::map<std::string, std::size_t>> by_zone;  // Zone, destination: both in order of name.
    for (std::size_t d = 0; d < w.destinations.size(); ++d) {
      if (node.demand[d] > 0) by_zone[zone(w.destinations[d].zone).name][w.destinations[d].name] = d;
    }
    std::vector<std::uint64_t> sizes;
    for (const SizeClass& size : w.sizes) sizes.push_back(size.share);
    const AliasTable size_table(sizes);
    const AliasTable tier_table({shipper.tiers[0], shipper.tiers[1], shipper.tiers[2]});
    std::uint32_t serial = 0;
    for (const auto& [zone_name, destinations] : by_zone) {
      const TimeZone& local = zone(w.destinations[destinations.begin()->second].zone);
      std::vector<std::uint64_t> weights;
      std::vector<std::size_t> ids;
      double zone_weight = 0;
      // Candidates come at the surge of the busiest area; the others keep their share of them.
      double busiest = 0;
      for (const auto& [name, d] : destinations) {
        ids.push_back(d);
        busiest = std::max(busiest, surge(node.shipper, d, from));
        weights.push_back(node.demand[d]);
        zone_weight += static_cast<double>(node.demand[d]);
      }
      const Day day = local.local_day(from);
      const double season = shipper.season.empty()
                                ? 1
                                : shipper.season[static_cast<std::size_t>(std::clamp(day, 0, w.day_count - 1))] * 1e-6;
      const double mean = shipper.orders_per_day / 24 * options_.scale * zone_weight / shipper_weight * season * 1e-12 *
                          shipper.hours[static_cast<std::size_t>(local.time_of_day(from) / hours(1))] *
                          shipper.weekdays[static_cast<std::size_t>(weekday_of(w.first_day_unix, day))] *
                          day_factor(shipper, hour / 24) * busiest;
      const std::uint64_t count =
          flow::poisson(DrawKey(options_.run), Purpose::order_count,
                        hash64(hash64(hash64(node.name), hash64(zone_name)), static_cast<std::uint64_t>(hour)), mean);
      for (std::uint64_t i = 0; i < count; ++i) {
        const ParcelId id =
            make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(n)}, static_cast<std::uint16_t>(hour), serial++);
        const std::uint64_t key = parcel_key(hash64(node.name), id);
        const Draws draws(options_.run, Purpose::order, key, 0);
        const std::size_t d = ids[AliasTable(weights).pick(draws.word(1))];
        const double keep = surge(node.shipper, d, from) / busiest;
        if (busiest != 1 && Draws(options_.run, Purpose::order, key, 2).unit(0) >= keep) continue;
        const auto size =
            static_cast<std::uint8_t>(size_table.pick(Draws(options_.run, Purpose::order, key, 1).word(0)));
        order(id, from + SimDuration{draws.below(0, 3'600'000)}, DestinationId{static_cast<std::uint16_t>(d)},
              static_cast<Tier>(tier_table.pick(draws.word(2))), size, draws.word(3), no_day);
      }
    }
  }

  [[nodiscard]] bool serves(std::size_t node, const Service& service, DestinationId destination) const {
    const auto& pickups_here = w.nodes[node].pickups;
    return w.coverage[index(service.carrier)][index(destination)].has_value() &&
           std::any_of(pickups_here.begin(), pickups_here.end(),
                       [&](const Pickup& p) { return p.carrier == service.carrier; });
  }
  template <class Band>
  [[nodiscard]] const Band& band(const std::vector<Band>& bands, std::size_t node, const Service& service,
                                 DestinationId destination) const {
    const auto& stops = w.nodes[node].pickups;
    // The carrier's last pickup of the node's list stands for its origin.
    const auto pickup =
        std::find_if(stops.rbegin(), stops.rend(), [&](const Pickup& p) { return p.carrier == service.carrier; });
    const double km =
        great_circle_km(w.facilities[index(pickup->facility)].position, w.destinations[index(destination)].position);
    for (const Band& b : bands) {
      if (km <= b.km_max) return b;
    }
    return bands.back();
  }
  [[nodiscard]] Cents cost(std::size_t node, ServiceId id, DestinationId destination, std::uint8_t size,
                           Day tender) const {
    const Service& service = w.services[index(id)];
    const RateBand& rate = band(service.rates, node, service, destination);
    const Cents base = rate.base + (rate.per_kg * w.sizes[size].weight_g + 500) / 1000;
    Cents sum = base + base * service.fuel / ppm_one + service.residential;
    for (const PeakSurcharge& peak : service.peaks) sum += tender >= peak.from && tender < peak.to ? peak.amount : 0;
    return sum;
  }
  [[nodiscard]] ServiceId choose(std::size_t node, DestinationId destination, Tier tier, std::uint32_t word) const {
    const Shipper& shipper = w.shippers[index(w.nodes[node].shipper)];
    std::vector<std::pair<Ppm, ServiceId>> candidates;  // End of its share, service.
    Ppm passed = 0;
    for (const Tariff& tariff : shipper.tariffs) {
      if (tariff.tier != tier) continue;
      passed += tariff.share;
      if (serves(node, w.services[index(tariff.service)], destination)) candidates.emplace_back(passed, tariff.service);
    }
    if (shipper.policy == CarrierPolicy::fixed_split) {
      const auto point = static_cast<Ppm>((std::uint64_t{word} * ppm_one) >> 32U);
      for (const auto& [share_end, service] : candidates) {
        if (point < share_end) return service;
      }
      return candidates.back().second;
    }
    // Cheapest of those that are fast enough, or else the fastest; the first of equals.
    const auto transit = [&](ServiceId s) {
      return band(w.services[index(s)].published, node, w.services[index(s)], destination).days;
    };
    const auto rank = [&](ServiceId s) {
      const bool meets = transit(s) <= shipper.target_days[static_cast<std::size_t>(tier)];
      return std::pair(meets ? 0 : 1, meets ? cost(node, s, destination, 0, -1'000'000) : Cents{transit(s)});
    };
    return std::min_element(candidates.begin(), candidates.end(),
                            [&](const auto& a, const auto& b) { return rank(a.second) < rank(b.second); })
        ->second;
  }
  [[nodiscard]] Day published(const Service& service, Day tender, int transit) const {
    Day day = tender;
    for (; transit > 0; --transit) day = open_day(service.transit, day + 1, 0);
    return open_day(service.delivery, day, 0);
  }
  /// The carrier's first pickup at or after `ready`: (which, when); when is `never` past the last.
  [[nodiscard]] std::pair<std::size_t, SimTime> pickup_after(std::size_t n, CarrierId carrier, SimTime ready) const {
    std::pair<std::size_t, SimTime> best{no_tie, never};
    for (std::size_t p = 0; p < w.nodes[n].pickups.size(); ++p) {
      if (w.nodes[n].pickups[p].carrier != carrier) continue;
      const SimTime at = first_from(pickups.at(n)[p], ready);
      if (best.first == no_tie || at < best.second) best = {p, at};
    }
    return best;
  }

  void order(ParcelId id, SimTime at, DestinationId destination, Tier tier, std::uint8_t size, std::uint32_t share_word,
             std::uint16_t given_promise) {
    const auto n = index(node_of(id));
    const ShipNode& node = w.nodes[n];
    const Shipper& shipper = w.shippers[index(node.shipper)];
    Piece& piece = all.emplace_back();
    piece.key = parcel_key(hash64(node.name), id);
    piece.size = size;
    piece.tracked = shipper.role == ShipperRole::retailer;
    piece.facts.id = id;
    piece.facts.destination = destination;
    piece.facts.shipper = node.shipper;
    piece.facts.order_day = stored(home(piece).local_day(at));

    const TimeZone& local = zone(node.zone);
    const Day day = local.local_day(at);
    SimTime begins = local.time_of_day(at) >= hours(6) ? at : local.to_instant(day, hours(6));
    if (!w.is_open(node.calendar, day) || local.time_of_day(at) > node.cut_off) {
      begins = local.to_instant(open_day(node.calendar, day + 1, 0), hours(6));
    }
    const Draws draws(options_.run, Purpose::handling, piece.key);
    const SimTime ready =
        begins + node.handling_min + share_of(node.handling_max - node.handling_min + SimDuration{1}, draws.word(0));

    Day tender = 0;
    const auto quote = [&] {
      piece.facts.service = choose(n, destination, tier, share_word);
      const Service& service = w.services[index(piece.facts.service)];
      const SimTime truck = pickup_after(n, service.carrier, begins + node.handling_max).second;
      tender = local.local_day(std::min(truck, end));
      const int transit = band(service.published, n, service, destination).days;
      return open_day(service.delivery, published(service, tender, transit), shipper.buffer_days);
    };
    Day promise = quote();
    if (given_promise != no_day) promise = given_promise;
    if (piece.tracked && given_promise == no_day) {
      for (const Guarantee& g : shipper.guarantees) {
        const auto placed = std::pair(home(piece).local_day(at), home(piece).time_of_day(at));
        if (placed > std::pair(g.until_day, g.until_time) || promise <= g.date) continue;
        tier = g.upgrade_to;
        promise = std::min(quote(), g.date);
        break;
      }
    }
    const Service& service = w.services[index(piece.facts.service)];
    if (piece.tracked) piece.facts.promise_day = piece.facts.revised_day = stored(promise);
    piece.bad_address = draws.happens(1, w.carriers[index(service.carrier)].bad_address);
    if (piece.tracked) {
      account.facts.push_back({id, at, node_of(id), node.shipper, piece.facts.service, destination, tier, size,
                               piece.facts.promise_day, shipper.window_from, shipper.window_to,
                               cost(n, piece.facts.service, destination, size, tender)});
    }
    scan(piece, ScanKind::label_created, place(node_of(id)), ready, piece.facts.promise_day);
    const auto [p, truck] = pickup_after(n, service.carrier, ready);
    if (draws.happens(2, shipper.cancelled)) {
      const SimTime when = ready + ((truck == never ? ready + hours(2) : truck) - ready) / 2;
      scan(piece, ScanKind::cancelled, place(node_of(id)), when);
      end_piece(piece, Fate::cancelled, std::min(when, end), never);
      return;
    }
    if (truck != never) to_collect[{n, p, truck}].push_back(&piece);
  }

  // ---- Scans --------------------------------------------------------------------------------------------------

  [[nodiscard]] PlaceId place(ShipNodeId node) const { return w.place(node); }
  [[nodiscard]] PlaceId place(std::size_t facility) const { return PlaceId{static_cast<std::uint16_t>(facility)}; }

  /// Returns the instant at which the scan is reported.
  SimTime scan(Piece& piece, ScanKind kind, PlaceId where, SimTime at, std::uint16_t eta_day = no_day) {
    const std::uint8_t sequence = piece.scans++;
    if (at >= end) return never;
    const bool by_hand = kind != ScanKind::label_created && kind != ScanKind::eta_changed &&
                         kind != ScanKind::cancelled && kind != ScanKind::lost && kind != ScanKind::retracted;
    SimTime reported = at;
    if (piece.tracked && by_hand) {
      const Carrier& carrier = w.carriers[index(w.services[index(piece.facts.service)].carrier)];
      const Draws draws(options_.run, Purpose::scan, piece.key, sequence);
      if (where != no_place && !w.is_node(where)) reported += facility_at(index(where), at).scan_delay;
      if (draws.happens(0, carrier.late_scan)) reported += minutes(carrier.late_scan_minutes);
      if (draws.happens(1, carrier.missed_scan)) reported = never;
    }
    account.scans.push_back({at, reported, piece.facts.id, where, eta_day, kind, sequence});
    return reported;
  }
  void end_piece(Piece& piece, Fate fate, SimTime at, SimTime reported) {
    piece.where = Piece::Where::ended;
    Outcome& o = piece.facts;
    o.fate = fate;
    o.at = at;
    o.reported = reported;
    if (fate != Fate::delivered) return;
    o.delivered_day = stored(home(piece).local_day(at));
    o.delivered_time = home(piece).time_of_day(at);
    if (reported < end) o.reported_day = o.delivered_day;
  }
  /// Local day on which a piece that comes to `facility` at `at` should be delivered, as one sees it now.
  [[nodiscard]] Day eta(const Piece& piece, std::size_t facility, SimTime at, SimTime now) const {
    const std::size_t depot = depot_of(piece);
    if (facility != depot) {
      const Plan& plan = plan_of(piece, facility, edition_at(piece, now))[hour_of_day(at)];
      at += minutes(std::min(plan.from_arrival, 65'535U));
    }
    at += w.facilities[depot].handling;
    return home(piece).local_day(next_load_out(depot, piece.facts.service, at) + hours(1));
  }
  void revise(Piece& piece, Day day, PlaceId where, SimTime at) {
    const Outcome& o = piece.facts;
    if (!piece.tracked || o.revised_day == no_day || day <= o.revised_day) return;
    if (home(piece).local_day(at) > o.revised_day) return;
    piece.facts.revised_day = stored(day);
    scan(piece, ScanKind::eta_changed, where, at, stored(day));
  }

  // ---- Pickup and legs ----------------------------------------------------------------------------------------

  void collect(SimTime now, std::size_t n, std::size_t p) {
    const Pickup& pickup = w.nodes[n].pickups[p];
    std::vector<Piece*> waiting = std::move(left_behind[{n, p}]);
    for (Piece* piece : to_collect[{n, p, now}]) {
      piece->planned = now;
      piece->where = Piece::Where::refused;
      waiting.push_back(piece);
    }
    left_behind[{n, p}].clear();
    if (waiting.empty()) return;
    Room& cap = caps[{n, p}];
    cap.open(milli(pickup.pieces_per_day, ppm_one), 0, 0, hard());
    std::vector<Piece*> load;
    for (Piece* piece : waiting) {
      Cause refusal = Cause::none;
      if (node_at(n, now).closed) {
        refusal = Cause::closure;
      } else if (embargoed(pickup.carrier, n, piece->facts.destination, now)) {
        refusal = Cause::embargo;
      } else if (pickup.pieces_per_day > 0 && !cap.take(0, 0)) {
        refusal = Cause::pickup_cap;
      }
      if (refusal != Cause::none) {
        if (piece->refused == Cause::none) piece->refused = refusal;
        left_behind[{n, p}].push_back(piece);
        continue;
      }
      piece->blame(place(ShipNodeId{static_cast<std::uint16_t>(n)}), piece->refused,
                   whole_minutes(now - piece->planned));
      if (piece->refused == Cause::closure) piece->facts.weather = true;
      const Service& service = w.services[index(piece->facts.service)];
      const Day today = zone(w.nodes[n].zone).local_day(now);
      piece->facts.tender_day = stored(today);
      piece->facts.commit_day =
          stored(published(service, today, band(service.published, n, service, piece->facts.destination).days));
      scan(*piece, ScanKind::accepted, place(ShipNodeId{static_cast<std::uint16_t>(n)}), now, piece->facts.commit_day);
      load.push_back(piece);
    }
    travel(now, load, pickup.drive, node_at(n, now), index(pickup.facility), false);
  }

  /// A truck or aircraft leaves now with `load`.
  void travel(SimTime now, const std::vector<Piece*>& load, SimDuration usual, const Effect& here, std::size_t to,
              bool customs) {
    if (load.empty()) return;
    const Effect there = facility_at(to, now);
    const SimTime at_gate = now + slowed(usual, std::min(here.speed, there.speed));
    const SimTime arrival = reopens(to, at_gate);
    for (Piece* piece : load) {
      piece->where = Piece::Where::elsewhere;
      if (arrival <= now + usual) continue;
      const bool waits = arrival > at_gate;
      if (waits || here.weather || there.weather) piece->facts.weather = true;
      piece->blame(place(to), waits ? Cause::closure : Cause::lane_weather, whole_minutes(arrival - now - usual));
    }
    schedule(
        arrival, 0, [=, this] { arrive(arrival, now, load, to, customs); }, to);
  }

  void arrive(SimTime now, SimTime left, const std::vector<Piece*>& load, std::size_t f, bool customs) {
    std::vector<Piece*> prompt;
    std::vector<Piece*> held;
    for (Piece* piece : load) {
      const std::uint16_t day = piece->tracked ? stored(eta(*piece, f, now, now)) : no_day;
      if (piece->astray) piece->blame(place(f), Cause::missort, whole_minutes(now - left));
      scan(*piece, piece->astray ? ScanKind::misrouted : ScanKind::arrived, place(f), now, day);
      piece->astray = false;
      revise(*piece, day, place(f), now);
      if (!customs) continue;
      scan(*piece, ScanKind::customs_in, place(f), now);
      const SimDuration usual = minutes(w.facilities[f].customs_minutes);
      const Draws draws(options_.run, Purpose::sort, piece->key, 0x80000000U | piece->sorts);
      const bool is_held = draws.happens(0, w.facilities[f].customs_held);
      (is_held ? held : prompt).push_back(piece);
      if (!is_held) continue;
      scan(*piece, ScanKind::customs_held, place(f), now + usual);
      piece->blame(place(f), Cause::missort, whole_minutes(usual));
    }
    if (!customs) {
      unload(now, load, f);
      return;
    }
    const SimDuration usual = minutes(std::max(1U, w.facilities[f].customs_minutes));
    const auto clear = [this, f](SimTime at, const std::vector<Piece*>& cleared) {
      if (cleared.empty()) return;
      schedule(
          at, 0,
          [=, this] {
            for (Piece* piece : cleared) scan(*piece, ScanKind::customs_cleared, place(f), at);
            unload(at, cleared, f);
          },
          f);
    };
    clear(now + usual, prompt);
    clear(now + usual * 2, held);
  }

  // ---- Sorting ------------------------------------------------------------------------------------------------

  struct Window {
    SimTime from;
    SimTime to;
  };
  struct Rate {
    SimTime from;
    SimTime to;
    std::int64_t per_ms;  ///< Of the 360,000,000 units of work that a piece is.
  };

  void lay_out_sorter(std::size_t f) {
    const auto open = windows_of(f);
    for (const auto& [window, pieces_per_hour] : open) {
      const Ppm plan = planned(w.facilities[f].carrier, zone_of(f).local_day(window.from)).sort;
      std::vector<SimTime> changes{window.from, window.to};
      for (const Disruption& d : w.disruptions) {
        for (const SimTime at : {d.from, d.to}) {
          if (touches(d, f) && at > window.from && at < window.to) changes.push_back(at);
        }
      }
      std::sort(changes.begin(), changes.end());
      for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
        const Effect effect = facility_at(f, changes[i]);
        const std::int64_t rate = effect.closed ? 0 : milli(pieces_per_hour, plan, effect.staffing) / 10;
        rates[f].push_back({changes[i], changes[i + 1], rate});
      }
    }
  }
  [[nodiscard]] std::vector<std::pair<Window, std::uint32_t>> windows_of(std::size_t f) const {
    std::vector<std::pair<Window, std::uint32_t>> open;
    for (Day day = -4; day < w.day_count + w.drain_days + 12; ++day) {
      for (const SortWindow& sort : w.facilities[f].sorts) {
        const Window window{zone_of(f).to_instant(day, sort.from), zone_of(f).to_instant(day, sort.to)};
        if (runs_on(sort.weekdays, day) && window.from < window.to) open.emplace_back(window, sort.pieces_per_hour);
      }
    }
    std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.first.from < b.first.from; });
    // Where a change of the clocks makes two overlap, the earlier one gives way.
    for (std::size_t i = 0; i + 1 < open.size(); ++i) {
      open[i].first.to = std::min(open[i].first.to, open[i + 1].first.from);
    }
    return open;
  }
  [[nodiscard]] const Window* open_at_or_after(std::size_t f, SimTime at) const {
    auto& known = windows[f];
    if (known.empty()) {
      for (const auto& [window, rate] : windows_of(f)) known.push_back(window);
    }
    for (const Window& window : known) {
      if (window.to > at) return &window;
    }
    return nullptr;
  }
  /// Work that the sorter could have done by `at`.
  [[nodiscard]] std::int64_t work_by(std::size_t f, SimTime at) const {
    std::int64_t work = 0;
    for (const Rate& r : rates.at(f)) {
      if (at > r.from) work += r.per_ms * (std::min(at, r.to) - r.from).count();
    }
    return work;
  }
  /// First instant by which it could have done `work`.
  [[nodiscard]] SimTime done_at(std::size_t f, std::int64_t work) const {
    for (const Rate& r : rates.at(f)) {
      const std::int64_t here = r.per_ms * (r.to - r.from).count();
      if (work > here) {
        work -= here;
      } else if (here > 0) {
        return r.from + SimDuration{(work + r.per_ms - 1) / r.per_ms};
      }
    }
    return never;
  }
  /// When a piece that comes at `came` would be on its dock in ordinary times.
  [[nodiscard]] SimTime ordinarily_docked(std::size_t f, SimTime came) const {
    const SimTime ready = came + w.facilities[f].handling;
    if (w.facilities[f].sorts.empty()) return mark(ready);
    const Window* window = open_at_or_after(f, ready);
    return window == nullptr ? never : mark(std::max(ready, window->from) + minutes(1));
  }

  void unload(SimTime now, const std::vector<Piece*>& pieces, std::size_t f) {
    const SimTime ready = now + w.facilities[f].handling;
    for (Piece* piece : pieces) {
      piece->came = now;
      piece->at = FacilityId{static_cast<std::uint16_t>(f)};
      if (depot_of(*piece) == f) {
        piece->where = Piece::Where::round;
        piece->ready = ready;
        piece->planned = next_load_out(f, piece->facts.service, ready);
        rounds[f].push_back(piece);
        continue;
      }
      piece->where = Piece::Where::sorter;
      SimTime sorted = ready;
      if (!w.facilities[f].sorts.empty()) {
        std::int64_t& level = accepted[f];
        level = std::max(level, work_by(f, ready)) + 360'000'000;
        sorted = done_at(f, level);
      }
      if (sorted < end) schedule(mark(sorted), 1, [=, this] { sort(mark(sorted), *piece, f); });
    }
  }

  void sort(SimTime now, Piece& piece, std::size_t f) {
    const Carrier& carrier = w.carriers[index(w.facilities[f].carrier)];
    const Draws draws(options_.run, Purpose::sort, piece.key, piece.sorts++);
    if (!w.facilities[f].sorts.empty()) scan(piece, ScanKind::processed, place(f), now);
    if (draws.happens(0, carrier.loss)) {
      scan(piece, ScanKind::lost, place(f), now);
      end_piece(piece, Fate::lost, now, never);
      return;
    }
    if (draws.happens(1, carrier.damage)) scan(piece, ScanKind::damaged, place(f), now);
    if (draws.happens(2, carrier.held) && !piece.was_held) {
      piece.was_held = true;
      piece.where = Piece::Where::elsewhere;
      const SimTime until = now + minutes(std::max(1U, carrier.held_minutes));
      scan(piece, ScanKind::held, place(f), now, stored(eta(piece, f, until, now)));
      schedule(
          until, 0, [=, this, &piece] { dock(until, piece, f, next_lane(piece, f, until), Cause::missort); }, f);
      return;
    }
    std::size_t lane = next_lane(piece, f, now);
    if (draws.happens(3, carrier.missort)) {
      const std::size_t wrong = wrong_lane(piece, f, lane, draws.word(3) ^ draws.word(0));
      piece.astray = wrong != lane;
      lane = wrong;
    }
    dock(now, piece, f, lane, Cause::none);
  }
  /// Another lane from here, picked by `word` from those whose far end knows a way to the depot.
  [[nodiscard]] std::size_t wrong_lane(const Piece& piece, std::size_t f, std::size_t right, std::uint64_t word) const {
    std::map<std::pair<std::uint64_t, Mode>, std::size_t> lanes;  // By name of the far end, hashed.
    for (std::size_t l = 0; l < w.lanes.size(); ++l) {
      if (index(w.lanes[l].from) == f) lanes[{hash64(w.facilities[index(w.lanes[l].to)].name), w.lanes[l].mode}] = l;
    }
    std::vector<std::size_t> in_order;
    for (const auto& [name, lane] : lanes) in_order.push_back(lane);
    for (std::size_t i = 0; i < in_order.size(); ++i) {
      const std::size_t lane = in_order[(word + i) % in_order.size()];
      const std::size_t to = index(w.lanes[lane].to);
      if (lane != right && (to == depot_of(piece) || plan_of(piece, to, 0)[0].lane != no_tie)) return lane;
    }
    return right;
  }

  // ---- Docks --------------------------------------------------------------------------------------------------

  void dock(SimTime now, Piece& piece, std::size_t f, std::size_t lane, Cause hint) {
    piece.where = Piece::Where::dock;
    piece.ready = now;
    piece.hint = hint;
    piece.told = false;
    const SimTime usually = ordinarily_docked(f, piece.came);
    piece.planned = usually == never ? never : first_from(departures[lane], usually + w.lanes[lane].cut_off);
    docks[lane].push_back(&piece);
  }

  void depart(SimTime now, std::size_t l) {
    const Lane& lane = w.lanes[l];
    const std::size_t f = index(lane.from);
    const std::size_t to = index(lane.to);
    const auto made_it = [&](const Piece* piece) { return piece->ready <= now - lane.cut_off; };
    if (docks[l].empty() || !made_it(docks[l].front())) return;
    std::vector<Piece*> load;
    if (!facility_at(f, now).closed && !facility_at(to, now).closed) {
      const Ppm plan = planned(w.facilities[f].carrier, zone_of(f).local_day(now)).linehaul;
      dock_room[l].open(milli(lane.pieces, plan), milli(lane.weight_kg, plan), milli(lane.volume_m3, plan) * 1000,
                        hard());
      while (!docks[l].empty() && made_it(docks[l].front())) {
        Piece& piece = *docks[l].front();
        if (!dock_room[l].take(w.sizes[piece.size].weight_g, w.sizes[piece.size].volume_cm3)) break;
        docks[l].pop_front();
        load.push_back(&piece);
        const std::int64_t excess = piece.planned < now ? whole_minutes(now - piece.planned) : 0;
        if (excess > 0) {
          const bool closed = closed_within(f, piece.came, now) || closed_within(to, piece.planned, now);
          if (weather_within(f, piece.came, now) || weather_within(to, piece.planned, now)) piece.facts.weather = true;
          Cause cause = Cause::dock_rollover;
          if (piece.ready > piece.planned - lane.cut_off) cause = Cause::sort_backlog;
          if (closed) cause = Cause::closure;
          if (piece.hint != Cause::none) cause = piece.hint;
          piece.blame(place(f), cause, excess);
        }
        scan(piece, ScanKind::departed, place(f), now);
      }
    }
    const SimTime next = first_from(departures[l], now + SimDuration{1});
    for (Piece* piece : docks[l]) {
      if (!made_it(piece) || next == never || piece->planned > now || next - piece->planned < hours(6)) continue;
      if (std::exchange(piece->told, true) || !piece->tracked) continue;
      delayed(*piece, eta(*piece, to, next + lane.transit, now), f, now,
              facility_at(f, now).weather || facility_at(to, now).weather);
    }
    travel(now, load, lane.transit, facility_at(f, now), to, lane.customs);
  }
  void delayed(Piece& piece, Day moved, std::size_t f, SimTime now, bool weather) {
    scan(piece, weather ? ScanKind::delay_weather : ScanKind::delay_other, place(f), now, stored(moved));
    revise(piece, moved, place(f), now);
  }

  // ---- Delivery -----------------------------------------------------------------------------------------------

  void load_out(SimTime now, std::size_t f) {
    if (rounds[f].empty()) return;
    const Facility& depot = w.facilities[f];
    const Effect effect = facility_at(f, now);
    const Day today = zone_of(f).local_day(now);
    const Ppm plan = planned(depot.carrier, today).rounds;
    round_room[f].open(effect.closed ? 0 : milli(depot.stops_per_day, plan, effect.staffing, effect.speed), 0, 0,
                       hard());
    std::vector<Piece*> queue;
    for (const bool express : {true, false}) {
      for (Piece* piece : rounds[f]) {
        if ((w.services[index(piece->facts.service)].tier == Tier::express) == express) queue.push_back(piece);
      }
    }
    rounds[f].clear();
    std::vector<Piece*> again;
    bool room = !effect.closed;
    for (Piece* piece : queue) {
      const Service& service = w.services[index(piece->facts.service)];
      if (piece->ready > now || !w.is_open(service.delivery, today)) {
        rounds[f].push_back(piece);
      } else if (room && round_room[f].take(0, 0)) {
        SimDuration length = std::min(slowed(depot.round_length, effect.speed), hours(14));
        if (service.tier == Tier::express) length = std::min(length, slowed(minutes(210), effect.speed));
        if (deliver(now, *piece, f, length)) again.push_back(piece);
      } else {
        room = false;
        if (effect.weather) piece->facts.weather = true;
        if (piece->tracked) delayed(*piece, eta(*piece, f, now + hours(2), now), f, now, effect.weather);
        rounds[f].push_back(piece);
      }
    }
    rounds[f].insert(rounds[f].end(), again.begin(), again.end());
  }

  /// Takes the piece out; true when it comes back for another round.
  bool deliver(SimTime now, Piece& piece, std::size_t f, SimDuration length) {
    const Carrier& carrier = w.carriers[index(w.facilities[f].carrier)];
    Outcome& o = piece.facts;
    if (piece.planned < now) {
      piece.blame(place(f),
                  o.attempts > 0                         ? Cause::attempt_failed
                  : closed_within(f, piece.planned, now) ? Cause::closure
                                                         : Cause::round_overflow,
                  whole_minutes(now - piece.planned));
    }
    scan(piece, ScanKind::out_for_delivery, place(f), now, stored(zone_of(f).local_day(now)));
    const Draws draws(options_.run, Purpose::attempt, piece.key, o.attempts);
    const SimTime at = now + minutes(20) + share_of(std::max(length - minutes(20), minutes(10)), draws.word(0));
    piece.ready = at + hours(1);
    if (at >= end) return true;
    if (o.first_attempt_day == no_day) o.first_attempt_day = stored(home(piece).local_day(at));
    ++o.attempts;
    if (!piece.bad_address && draws.happens(1, carrier.first_attempt_success)) {
      if (draws.happens(2, carrier.false_delivery) && at - now > hours(1)) {
        scan(piece, ScanKind::delivered, no_place, now + (at - now) / 2);
        scan(piece, ScanKind::retracted, no_place, now + (at - now) / 2 + minutes(10));
      }
      end_piece(piece, Fate::delivered, at, scan(piece, ScanKind::delivered, no_place, at));
      return false;
    }
    if (o.attempts < carrier.attempts_max) {
      const Day retry = home(piece).local_day(next_load_out(f, o.service, at + hours(1)) + hours(1));
      scan(piece, ScanKind::attempted, no_place, at, stored(retry));
      revise(piece, retry, place(f), at);
      return true;
    }
    scan(piece, ScanKind::attempted, no_place, at);
    piece.where = Piece::Where::elsewhere;
    const bool held = !piece.bad_address && draws.happens(2, carrier.held_for_pickup);
    const SimDuration wait = minutes(draws.below(0, 2 * 24 * 60));
    if (held) scan(piece, ScanKind::ready_pickup, place(f), at + hours(2));
    if (held && draws.happens(3, 800'000)) {
      const SimTime fetched = at + hours(20) + wait;
      schedule(fetched, 1, [=, this, &piece] {
        end_piece(piece, Fate::delivered, fetched, scan(piece, ScanKind::delivered, place(f), fetched));
      });
      return false;
    }
    const SimTime gives_up = at + (held ? days(5) : hours(3));
    scan(piece, ScanKind::returning, place(f), gives_up);
    const SimTime back = gives_up + days(3) + wait;
    schedule(back, 1, [=, this, &piece] {
      scan(piece, ScanKind::returned, place(node_of(piece.facts.id)), back);
      end_piece(piece, Fate::returned, back, never);
    });
    return false;
  }

  // ---- End ----------------------------------------------------------------------------------------------------

  Account finish() {
    for (Piece& piece : all) {
      const auto late = [&](PlaceId where, SimTime planned, Cause cause) {
        if (planned < end) piece.blame(where, cause, whole_minutes(end - planned));
      };
      const std::size_t f = index(piece.at);
      using Where = Piece::Where;
      if (piece.where == Where::refused) late(place(node_of(piece.facts.id)), piece.planned, piece.refused);
      if (piece.where == Where::sorter) late(place(f), ordinarily_docked(f, piece.came), Cause::sort_backlog);
      if (piece.where == Where::dock) late(place(f), piece.planned, Cause::dock_rollover);
      if (piece.where == Where::round) {
        late(place(f), piece.planned, piece.facts.attempts > 0 ? Cause::attempt_failed : Cause::round_overflow);
      }
      if (piece.where != Where::ended) end_piece(piece, Fate::inside, end, never);
      account.outcomes.push_back(piece.facts);
    }
    const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
    std::sort(account.facts.begin(), account.facts.end(), by_id);
    std::sort(account.outcomes.begin(), account.outcomes.end(), by_id);
    const std::uint64_t run_hash = hash64(options_.run.seed, options_.run.replication);
    const auto rank = [&](const Scan& s) {
      const std::uint64_t key = parcel_key(hash64(w.nodes[index(node_of(s.parcel))].name), s.parcel);
      return std::tuple(s.at, hash64(run_hash, key), key, s.sequence);
    };
    std::sort(account.scans.begin(), account.scans.end(),
              [&](const Scan& a, const Scan& b) { return rank(a) < rank(b); });
    return std::move(account);
  }

  const World& w;
  PlainOptions options_;
  SimTime end;
  Account account;
  std::deque<Piece> all;
  std::uint64_t scheduled = 0;
  std::map<std::tuple<SimTime, int, std::uint64_t, std::uint64_t>, Entry> agenda;
  std::vector<std::vector<SimTime>> departures;                      // By lane.
  std::map<std::size_t, std::vector<std::vector<SimTime>>> pickups;  // By node, by pickup.
  std::map<std::tuple<std::size_t, std::size_t, SimTime>, std::vector<Piece*>> to_collect;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Piece*>> left_behind;
  std::map<std::pair<std::size_t, std::size_t>, Room> caps;
  std::map<std::size_t, std::vector<Edition>> editions;  // By carrier.
  std::map<std::size_t, std::vector<Rate>> rates;
  mutable std::map<std::size_t, std::vector<Window>> windows;
  std::map<std::size_t, std::int64_t> accepted;  // Work ahead of the sorter's next piece.
  std::vector<std::deque<Piece*>> docks;
  std::vector<Room> dock_room;
  std::vector<std::vector<Piece*>> rounds;
  std::vector<Room> round_room;
};

}  // namespace

Account simulate_plainly(const World& world, const PlainOptions& options) {
  return Simulator(world, options).run();
}

}  // namespace peakstorm::test
