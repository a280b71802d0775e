#include "tests/engine/reference/plans.hpp"

#include <algorithm>
#include <utility>

#include "engine/portable_math.hpp"
#include "engine/random.hpp"

namespace peakstorm::test::plain {

std::size_t CarrierPlans::depot_of(const Piece& piece) const {
  return index(
      *world_.coverage[index(world_.services[index(piece.facts.service)].carrier)][index(piece.facts.destination)]);
}

std::size_t CarrierPlans::edition_at(const Piece& piece, SimTime now) const {
  const std::vector<Edition>& all_editions = editions_for(piece);
  std::size_t e = all_editions.size() - 1;
  while (all_editions[e].from > now) --e;
  return e;
}

const std::vector<Plan>& CarrierPlans::plan_of(const Piece& piece, std::size_t facility, std::size_t edition) const {
  const Mode mode = world_.services[index(piece.facts.service)].mode;
  return editions_for(piece)[edition].plans.at({mode, depot_of(piece), facility});
}

std::size_t CarrierPlans::next_lane(Piece& piece, std::size_t f, SimTime now) {
  const std::size_t e = edition_at(piece, now);
  const Plan& usual = plan_of(piece, f, 0)[hour_of_day(now)];
  const Plan& plan = plan_of(piece, f, e)[hour_of_day(now)];
  if (plan.lane == usual.lane) return plan.lane;
  const std::uint32_t arrival_hour = hour_of_day(piece.came);
  const auto left = [&](std::size_t edition) {
    return std::int64_t{std::min(plan_of(piece, f, edition)[arrival_hour].from_arrival, 65'535U)};
  };
  piece.blame(place_of(f), Cause::closure, left(e) - left(0));
  if (editions_for(piece)[since(piece, f, e)].weather) piece.facts.weather = true;
  return plan.lane;
}

std::size_t CarrierPlans::wrong_lane(const Piece& piece, std::size_t f, std::size_t right, std::uint64_t word) const {
  std::map<std::pair<std::uint64_t, Mode>, std::size_t> lanes;  // By name of the far setting_.end, hashed.
  for (std::size_t l = 0; l < world_.lanes.size(); ++l) {
    if (index(world_.lanes[l].from) == f)
      lanes[{hash64(world_.facilities[index(world_.lanes[l].to)].name), world_.lanes[l].mode}] = l;
  }
  std::vector<std::size_t> in_order;
  for (const auto& [name, lane] : lanes) in_order.push_back(lane);
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    const std::size_t lane = in_order[(word + i) % in_order.size()];
    const std::size_t to = index(world_.lanes[lane].to);
    if (lane != right && (to == depot_of(piece) || plan_of(piece, to, 0)[0].lane != no_tie)) return lane;
  }
  return right;
}

const std::vector<Edition>& CarrierPlans::editions_for(const Piece& piece) const {
  return editions_.at(index(world_.services[index(piece.facts.service)].carrier));
}

std::size_t CarrierPlans::since(const Piece& piece, std::size_t f, std::size_t e) const {
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

void CarrierPlans::plan_routes(std::size_t carrier) {
  std::vector<std::size_t> depots;
  for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
    const bool mine = index(world_.facilities[f].carrier) == carrier;
    if (mine && world_.facilities[f].kind == FacilityKind::depot) depots.push_back(f);
  }
  Edition usual;
  for (const Mode mode : {Mode::road, Mode::air}) {
    for (const std::size_t depot : depots) plan_towards(usual.plans, mode, depot, {});
  }
  editions_[carrier].push_back(usual);
  const SimDuration delay = world_.carriers[carrier].replan_after;
  std::map<SimTime, Edition> later;
  const auto closures = [&](auto&& visit) {
    for (const Disruption& d : world_.disruptions) {
      for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
        const bool mine = index(world_.facilities[f].carrier) == carrier && setting_.touches(d, f);
        if (mine && d.closed && d.to - d.from > delay) visit(d, f);
      }
    }
  };
  closures([&](const Disruption& d, std::size_t) {
    for (SimTime at = d.from + delay; at < d.to; at += hours(24)) later[at].from = at;
    later[d.to + delay].from = d.to + delay;
  });
  for (auto& entry : later) {
    const SimTime at = entry.first;
    Edition& edition = entry.second;
    closures([&](const Disruption& d, std::size_t f) {
      SimTime published = d.from + delay;
      if (at < published || at >= d.to + delay) return;
      while (published + hours(24) <= at && published + hours(24) < d.to) published += hours(24);
      edition.shut[f] = std::max(edition.shut[f], std::min(d.to - published, days(7)));
      edition.weather |= is_weather(d);
    });
    if (edition.shut == editions_[carrier].back().shut) continue;
    edition.plans = usual.plans;
    for (const Mode mode : {Mode::road, Mode::air}) {
      for (const std::size_t depot : depots) {
        if (passes_a_shut_one(usual.plans, mode, depot, edition.shut)) {
          plan_towards(edition.plans, mode, depot, edition.shut);
        }
      }
    }
    editions_[carrier].push_back(edition);
  }
}

void CarrierPlans::plan_towards(Plans& plans, Mode mode, std::size_t depot,
                                const std::map<std::size_t, SimDuration>& shut) const {
  const SimTime midnight = day_zero + days(setting_.ordinary_day());
  std::vector<Ride> rides;
  for (std::size_t l = 0; l < world_.lanes.size(); ++l) {
    if (mode == Mode::road && world_.lanes[l].mode == Mode::air) continue;
    const std::size_t to = index(world_.lanes[l].to);
    const SimDuration wait = to != depot && shut.contains(to) ? shut.at(to) : SimDuration{};
    for (const Ride& ride : rides_of(l, midnight, wait)) rides.push_back(ride);
  }
  for (std::size_t f = 0; f < world_.facilities.size(); ++f) plans[{mode, depot, f}] = std::vector<Plan>(24);
  for (Plan& plan : plans[{mode, depot, depot}]) plan.from_arrival = 0;
  for (bool better = true; better;) {
    better = false;
    for (const Ride& ride : rides) {
      const Lane& lane = world_.lanes[ride.lane];
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
    for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
      for (std::uint32_t hour = 0; hour < 24; ++hour) {
        const SimTime came = midnight + hours(hour) + minutes(30);
        SimTime sorted = came + world_.facilities[f].handling;
        if (!world_.facilities[f].sorts.empty()) {
          const Window* window = sorters_.open_at_or_after(f, sorted);
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

std::vector<Ride> CarrierPlans::rides_of(std::size_t lane, SimTime midnight, SimDuration longer) const {
  Lane l = world_.lanes[lane];
  std::vector<SimTime> instants = setting_.departures_of(l, midnight, midnight + days(1));
  // Where it does not run that day, as if it did; where a change of the clocks leaves that day out, by the next.
  for (SimDuration later{}; instants.empty(); later += days(1)) {
    for (Departure& departure : l.departures) departure.weekdays = 0x7f;
    instants = setting_.departures_of(l, midnight + later, midnight + later + days(1));
    for (SimTime& instant : instants) instant -= later;
  }
  std::vector<Ride> rides;
  rides.reserve(instants.size());
  for (const SimTime departure : instants) {
    const SimTime last = departure - l.cut_off - minutes(30);
    const SimTime middle{hours(floor_div(ms(last), 3'600'000)) + minutes(30)};
    const SimTime there = departure + l.transit + longer;
    rides.push_back(
        {lane, hour_of_day(last), hour_of_day(there), static_cast<std::uint32_t>(whole_minutes(there - middle))});
  }
  return rides;
}

SimDuration CarrierPlans::journey(std::size_t lane, SimTime now) const {
  const Lane& l = world_.lanes[lane];
  if (l.transit_p90 == SimDuration{}) return l.transit;
  const std::uint64_t ends =
      hash64(hash64(world_.facilities[index(l.from)].name), hash64(world_.facilities[index(l.to)].name));
  const Draws draws(setting_.options.run, Purpose::journey, hash64(ends, static_cast<std::uint64_t>(l.mode)),
                    static_cast<std::uint32_t>(whole_minutes(now - SimTime{})));
  const double u = std::max(0.01, std::min(0.999, draws.unit(0)));
  const auto median = static_cast<double>(l.transit.count());
  const auto at_tenth = static_cast<double>((u < 0.5 ? l.transit_p10 : l.transit_p90).count());
  // Exponential on its side: a fifth of the side lies beyond the tenth.
  const double side = u < 0.5 ? 2 * u : 2 * (1 - u);
  const double log_factor = portable_log(at_tenth / median) * portable_log(side) / portable_log(0.2);
  return std::max(SimDuration{1}, SimDuration{static_cast<std::int64_t>(median * portable_exp(log_factor))});
}

std::uint64_t CarrierPlans::lane_hash(std::size_t lane) const {
  const Lane& l = world_.lanes[lane];
  return hash64(hash64(world_.facilities[index(l.from)].name), hash64(world_.facilities[index(l.to)].name)) +
         static_cast<std::uint64_t>(l.mode);
}

bool CarrierPlans::passes_a_shut_one(Plans& usual, Mode mode, std::size_t depot,
                                     const std::map<std::size_t, SimDuration>& shut) const {
  for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
    for (const Plan& plan : usual[{mode, depot, f}]) {
      if (f == depot || plan.lane == no_tie) continue;
      const std::size_t to = index(world_.lanes[plan.lane].to);
      if (to != depot && shut.contains(to)) return true;
    }
  }
  return false;
}

}  // namespace peakstorm::test::plain
