#include "engine/flow/facility.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "engine/check.hpp"
#include "engine/network/journey.hpp"

namespace peakstorm::flow {
namespace {

/// Delay of a left-behind parcel from which the carrier says so.
constexpr std::int64_t told_minutes = std::int64_t{6} * 60;

// Payload::which of `cleared` and `settled`: what happens to the parcels now. Every scan is made at its own instant, so
// that none depends on a disruption that has not begun.
constexpr std::uint32_t released_by_customs = 0;
constexpr std::uint32_t held_by_customs = 1;
constexpr std::uint32_t picked_up = 0;
constexpr std::uint32_t back_at_sender = 1;
constexpr std::uint32_t at_counter = 2;  ///< Held for pickup from now on.
constexpr std::uint32_t given_up = 3;    ///< Goes back.

SimDuration customs_time(const Facility& facility) {
  return minutes(std::max<std::int64_t>(1, facility.customs_minutes));
}

SimTime next_mark(SimTime at) {
  const std::int64_t ticks = at.time_since_epoch().count();
  return day_zero + wave * (floor_div(ticks + wave.count() - 1, wave.count()));
}

/// Payload::which of `sorted`: a wave for parcels that ride along.
constexpr std::uint32_t for_companions = 1;

/// What an event of companions is known by (kernel::Outbox::send_aside). Never a number that depends on who else rides
/// along, or on what the others do.
std::uint64_t identity_of(Happening happening, std::uint64_t a, std::uint64_t b) {
  return hash64(hash64(static_cast<std::uint64_t>(happening), a), b);
}
std::uint64_t ticks(SimTime at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

std::int64_t FacilityProcess::pieces_of(Chain<Parcel>& parcels) const {
  auto pieces = static_cast<std::int64_t>(parcels.size());
  if (context_.companions == nullptr) return pieces;
  parcels.for_each([&](const Parcel& parcel) { pieces -= parcel.is(Parcel::companion) ? 1 : 0; });
  return pieces;
}

void FacilityProcess::send(Outbox& outbox, kernel::LpId target, SimTime at, std::unique_ptr<Container> container,
                           std::uint32_t which, Happening happening, std::uint64_t identity) {
  const bool aside = context_.companions != nullptr && pieces_of(container->parcels) == 0;
  const Payload payload{container.release(), which, happening};
  if (aside) {
    outbox.send_aside(target, at, payload, identity, priority_of(happening));
  } else {
    outbox.send(target, at, payload, priority_of(happening));
  }
}

void FacilityProcess::send_parcel(Outbox& outbox, SimTime at, Happening happening, std::uint32_t which, SimTime boarded,
                                  const Parcel& parcel) {
  auto container = std::make_unique<Container>();
  container->boarded = boarded;
  container->parcels.push_back(parcel);
  send(outbox, kernel::LpId{static_cast<std::uint32_t>(id_)}, at, std::move(container), which, happening,
       identity_of(happening, context_.key(parcel.id), which));
}

FacilityProcess::FacilityProcess(const Context& context, FacilityId id)
    : context_(context),
      id_(id),
      facility_(context.world.facilities[index(id)]),
      place_(context.world.place(id)),
      zone_(context.zone(facility_.zone)),
      carrier_(context.world.carriers[index(facility_.carrier)]),
      effects_(context.field.facility(id)),
      spans_(network::sort_spans(context.world, facility_, day_zero - days(1), context.end + days(2))),
      loads_(context.end),
      flows_(static_cast<std::size_t>(context.world.day_count + context.world.drain_days) + 1) {
  for (const network::OpenSpan& span : spans_) {
    const PlannedCapacity* plan = context.planned(facility_.carrier, zone_.local_day(span.from));
    std::vector<SimTime> changes{span.from};
    for (const disruption::Effect& effect : effects_.steps()) {
      if (effect.from > span.from && effect.from < span.to) changes.push_back(effect.from);
    }
    for (const SimTime from : changes) {
      const disruption::Effect& effect = effects_.at(from);
      // Thousandths of pieces per hour, over ten: units per ms (work_calendar.hpp).
      const std::int64_t milli =
          context.scaled_milli(span.pieces_per_hour, plan == nullptr ? ppm_one : plan->sort, effect.staffing);
      work_.append(from, effect.closed ? 0 : milli / 10);
    }
    work_.append(span.to, 0);
  }
  for (const LaneId lane : context.lanes_from[index(id)]) {
    Dock dock;
    dock.lane = lane;
    docks_.push_back(std::move(dock));
  }
}

std::vector<std::pair<SimTime, Payload>> FacilityProcess::first_events() const {
  std::vector<std::pair<SimTime, Payload>> events;
  for (std::size_t d = 0; d < docks_.size(); ++d) {
    const network::Timetable& timetable = context_.departures[index(docks_[d].lane)];
    if (timetable.size() > 0) {
      events.emplace_back(timetable[0], to_self(Happening::departure, static_cast<std::uint32_t>(d)));
    }
  }
  if (facility_.kind == FacilityKind::depot) {
    Day day = zone_.local_day(day_zero) - 1;
    while (zone_.to_instant(day, facility_.load_out) < day_zero) ++day;
    events.emplace_back(zone_.to_instant(day, facility_.load_out), to_self(Happening::load_out));
  }
  return events;
}

SimDuration FacilityProcess::lookahead() const {
  SimDuration least = days(1);
  for (const Dock& dock : docks_) {
    least = std::min(least, network::shortest_journey(context_.world.lanes[index(dock.lane)]));
  }
  if (facility_.kind == FacilityKind::depot) {
    for (const Shipper& shipper : context_.world.shippers) {
      if (shipper.learns()) least = std::min(least, shipper.learning.news_delay);
    }
  }
  return least;
}

PlaceLoad FacilityProcess::load() const {
  return {static_cast<std::uint32_t>(sorter_count_.present() + static_cast<std::int64_t>(aside_)),
          static_cast<std::uint32_t>(dock_count_.present()), static_cast<std::uint32_t>(round_count_.present())};
}

PlaceDay& FacilityProcess::day(SimTime now) {
  const auto day = static_cast<Day>(floor_div(now.time_since_epoch().count(), days(1).count()));
  if (place_days_.empty() || place_days_.back().day != day) place_days_.push_back({.place = place_, .day = day});
  return place_days_.back();
}

void FacilityProcess::handle(const Event& event, Outbox& outbox, Ledger& ledger) {
  const SimTime now = event.at;
  loads_.advance(now, load());
  switch (event.payload.happening) {
    case Happening::arrival:
      arrive(now, event, outbox, ledger);
      break;
    case Happening::cleared:
      clear(now, event, outbox, ledger);
      break;
    case Happening::sorted:
      if (event.payload.which == for_companions) {
        if (companions_wave_ == now) companions_wave_ = never;
      } else {
        wave_scheduled_ = false;
      }
      sort_wave(now, outbox, ledger);
      break;
    case Happening::departure:
      depart(now, event.payload.which, outbox, ledger);
      break;
    case Happening::released: {
      auto container = adopt(event);
      aside_ -= static_cast<std::size_t>(pieces_of(container->parcels));
      container->parcels.consume([&](Parcel& parcel) {
        const LaneId lane = next_lane(parcel, container->boarded, now);
        dock(now, container->boarded, parcel, lane, Cause::missort);
      });
      break;
    }
    case Happening::load_out:
      load_out(now, outbox, ledger);
      break;
    case Happening::settled:
      settle(now, event, outbox, ledger);
      break;
    case Happening::orders:
    case Happening::pickup:
    case Happening::news:
      PEAKSTORM_CHECK(false, facility_.name);
  }
}

Day FacilityProcess::eta(const Parcel& parcel, FacilityId from, SimTime at, SimTime now) const {
  const FacilityId depot = depot_of(parcel);
  SimTime there = at;
  if (depot != from) there += context_.routes.remaining(mode_of(parcel), from, depot, at, now);
  there += context_.world.facilities[index(depot)].handling;
  return context_.zone_of(parcel.destination).local_day(next_load_out(depot, parcel.service, there) + hours(1));
}

SimTime FacilityProcess::next_load_out(FacilityId depot_id, ServiceId service, SimTime at) const {
  const Facility& depot = context_.world.facilities[index(depot_id)];
  const TimeZone& zone = context_.zone(depot.zone);
  Day day = zone.local_day(at);
  if (zone.to_instant(day, depot.load_out) < at) ++day;
  day = promise::add_open_days(context_.world, context_.service(service).delivery, day, 0);
  return zone.to_instant(day, depot.load_out);
}

void FacilityProcess::revise(Parcel& parcel, Day eta, SimTime at, Ledger& ledger) {
  if (!parcel.is(Parcel::tracked) || parcel.revised_day == no_day) return;
  if (eta <= parcel.revised_day || context_.zone_of(parcel.destination).local_day(at) > parcel.revised_day) return;
  parcel.revised_day = stored_day(eta);
  ledger.scan(parcel, ScanKind::eta_changed, place_, at, parcel.revised_day);
}

SimTime FacilityProcess::nominally_docked(SimTime arrived) const {
  const SimTime ready = arrived + facility_.handling;
  if (spans_.empty()) return next_mark(ready);
  const auto span = std::upper_bound(spans_.begin(), spans_.end(), ready,
                                     [](SimTime t, const network::OpenSpan& s) { return t < s.to; });
  return span == spans_.end() ? never : next_mark(std::max(ready, span->from) + minutes(1));
}

void FacilityProcess::arrive(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger) {
  auto container = adopt(event);
  blame_journey(*container, now);
  const std::int64_t pieces = pieces_of(container->parcels);
  if (pieces > 0) {
    flows_.transit.add_between(container->boarded, now, pieces);
    day(now).arrived += static_cast<std::uint32_t>(pieces);
  }
  const bool abroad = event.payload.which != from_pickup && context_.world.lanes[event.payload.which].customs;

  Chain<Parcel> onward;
  Chain<Parcel> held_back;
  ServiceId known_service{0xff};  // Parcels of one container mostly share a service: ask the calendar once.
  SimTime known_load_out;
  const auto take_in = [&](Parcel& parcel) {
    const bool tracked = parcel.is(Parcel::tracked);
    std::uint16_t eta_day = no_day;
    if (tracked) eta_day = stored_day(eta(parcel, id_, now, now));
    ScanKind kind = ScanKind::arrived;
    if (parcel.is(Parcel::astray)) {
      parcel.clear(Parcel::astray);
      parcel.blame(place_, Cause::missort, to_minutes(now - container->boarded));
      kind = ScanKind::misrouted;
    }
    ledger.scan(parcel, kind, place_, now, eta_day);
    if (tracked) revise(parcel, eta_day, now, ledger);
  };
  // Work ahead of trucks, for the companions of the node that come with it.
  std::uint64_t truck = 0;
  if (context_.companions != nullptr && event.payload.which == from_pickup) {
    truck = context_.place_hash[index(event.source)];
    if (unloaded_at_ != now) unloaded_.clear();
    unloaded_at_ = now;
    if (pieces > 0) unloaded_.push_back({truck, level_});
  }
  const auto to_sorter = [&](Chain<Parcel> parcels) {
    if (truck != 0 && pieces == 0) {
      unload_companions(now, truck, std::move(parcels), outbox);
    } else {
      unload(now, std::move(parcels), outbox);
    }
  };
  if (!abroad && facility_.kind != FacilityKind::depot) {
    // Nothing ends here: the parcels go to the sorter in the blocks they came in.
    container->parcels.for_each(take_in);
    to_sorter(std::move(container->parcels));
    return;
  }
  container->parcels.consume([&](Parcel& parcel) {
    take_in(parcel);
    if (abroad) {
      ledger.scan(parcel, ScanKind::customs_in, place_, now);
      const Draws draws(context_.draw_key, Purpose::sort, context_.key(parcel.id), 0x80000000U | parcel.sorts);
      if (draws.happens(0, facility_.customs_held)) {
        parcel.blame(place_, Cause::missort, facility_.customs_minutes);
        held_back.push_back(parcel);
        return;
      }
    } else if (depot_of(parcel) == id_) {
      if (parcel.service != known_service) {
        known_service = parcel.service;
        known_load_out = next_load_out(id_, parcel.service, now + facility_.handling);
      }
      await_round(now, parcel, known_load_out);
      return;
    }
    onward.push_back(parcel);
  });
  if (abroad) {
    for (auto& [parcels, stage] : {std::pair(&onward, released_by_customs), std::pair(&held_back, held_by_customs)}) {
      if (parcels->empty()) continue;
      aside_ += static_cast<std::size_t>(pieces_of(*parcels));
      auto cleared = std::make_unique<Container>(Container{now, std::move(*parcels)});
      const SimDuration length =
          stage == held_by_customs ? minutes(facility_.customs_minutes) : customs_time(facility_);
      send(outbox, event.target, now + length, std::move(cleared), stage, Happening::cleared,
           identity_of(Happening::cleared, ticks(now), hash64(event.payload.which, stage)));
    }
  } else if (!onward.empty()) {
    to_sorter(std::move(onward));
  }
}

void FacilityProcess::blame_journey(Container& container, SimTime arrival) const {
  if (arrival <= container.due) return;
  const bool waited = arrival > container.there;
  const std::int64_t late = to_minutes(arrival - container.due);
  container.parcels.for_each([&](Parcel& parcel) {
    if (waited) parcel.set(Parcel::weather);
    parcel.blame(place_, waited ? Cause::closure : Cause::lane_weather, late);
  });
}

void FacilityProcess::clear(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger) {
  auto container = adopt(event);
  if (event.payload.which == held_by_customs) {
    container->parcels.for_each([&](Parcel& parcel) { ledger.scan(parcel, ScanKind::customs_held, place_, now); });
    const SimTime cleared = container->boarded + 2 * customs_time(facility_);
    send(outbox, event.target, cleared, std::move(container), released_by_customs, Happening::cleared,
         identity_of(Happening::cleared, ticks(now), held_by_customs));
    return;
  }
  container->parcels.for_each([&](Parcel& parcel) { ledger.scan(parcel, ScanKind::customs_cleared, place_, now); });
  aside_ -= static_cast<std::size_t>(pieces_of(container->parcels));
  unload(now, std::move(container->parcels), outbox);
}

void FacilityProcess::await_round(SimTime now, const Parcel& parcel, SimTime planned) {
  auto& queue = context_.service(parcel.service).tier == Tier::express ? express_ : others_;
  queue.push_back({parcel, now, now + facility_.handling, planned});
  if (!parcel.is(Parcel::companion)) round_count_.enter(now, 1);
}

void FacilityProcess::unload(SimTime now, Chain<Parcel> parcels, Outbox& outbox) {
  // Cleared parcels may be for this very depot; those that came through customs join the rounds here.
  if (facility_.kind == FacilityKind::depot) {
    Chain<Parcel> onward;
    parcels.consume([&](const Parcel& parcel) {
      if (depot_of(parcel) == id_) {
        await_round(now, parcel, next_load_out(id_, parcel.service, now + facility_.handling));
      } else {
        onward.push_back(parcel);
      }
    });
    parcels = std::move(onward);
    if (parcels.empty()) return;
  }
  Batch batch;
  batch.arrived = now;
  batch.available = now + facility_.handling;
  batch.parcels = std::move(parcels);
  const std::int64_t pieces = pieces_of(batch.parcels);
  batch.companions = batch.parcels.size() - static_cast<std::size_t>(pieces);
  if (!work_.empty()) {
    batch.level = std::max(level_, work_.done_by(batch.available));
    if (pieces > 0) level_ = batch.level + pieces * WorkCalendar::units_per_piece;
  } else if (context_.companions != nullptr) {
    // Without a sorter all are done once they are available; the level only tells the order.
    batch.level = level_;
    level_ += pieces * WorkCalendar::units_per_piece;
  }
  if (pieces > 0) sorter_count_.enter(now, pieces);
  sorter_.push_back(std::move(batch));
  schedule_wave(now, outbox);
}

void FacilityProcess::unload_companions(SimTime now, std::uint64_t node_hash, Chain<Parcel> parcels, Outbox& outbox) {
  Batch batch;
  batch.arrived = now;
  batch.available = now + facility_.handling;
  batch.companions = parcels.size();
  batch.parcels = std::move(parcels);
  // Its twin may have come at this very instant: what was ahead of that one is ahead of this one.
  batch.level = level_;
  for (const Truck& twin : unloaded_) {
    if (twin.node == node_hash) batch.level = twin.level;
  }
  if (!work_.empty()) batch.level = std::max(batch.level, work_.done_by(batch.available));
  trucks_.push_back(std::move(batch));
  schedule_companions(now, outbox);
}

void FacilityProcess::schedule_wave(SimTime now, Outbox& outbox) {
  if (context_.companions != nullptr) schedule_companions(now, outbox);
  if (wave_scheduled_ || sorter_.empty() || next_wave() == never) return;
  outbox.send(kernel::LpId{static_cast<std::uint32_t>(id_)}, std::max(next_wave(), now), to_self(Happening::sorted),
              priority_of(Happening::sorted));
  wave_scheduled_ = true;
}

void FacilityProcess::schedule_companions(SimTime now, Outbox& outbox) {
  SimTime at = never;
  // Within a batch they come with the pieces behind them, so that only those behind the last one need their own wave.
  if (!sorter_.empty() && sorter_.front().pieces() == 0) at = sorted_at(sorter_.front(), sorter_.front().next + 1);
  for (const Batch& truck : trucks_) at = std::min(at, sorted_at(truck, truck.next + 1));
  if (at >= companions_wave_ || at >= context_.end) return;
  companions_wave_ = std::max(at, now);
  outbox.send_aside(kernel::LpId{static_cast<std::uint32_t>(id_)}, companions_wave_,
                    to_self(Happening::sorted, for_companions), identity_of(Happening::sorted, ticks(at), 0),
                    priority_of(Happening::sorted));
}

SimTime FacilityProcess::sorted_at(const Batch& batch, std::size_t pieces) const {
  const SimTime done =
      work_.empty() ? batch.available
                    : work_.when(batch.level + static_cast<std::int64_t>(pieces) * WorkCalendar::units_per_piece);
  // A wave that never comes is an event all the same: a storm to come must not change the numbers of earlier events.
  return done >= context_.end ? context_.end : next_mark(done);
}

SimTime FacilityProcess::next_wave() const {
  for (const Batch& batch : sorter_) {
    if (batch.pieces() > 0) return sorted_at(batch, batch.next + 1);
  }
  return never;
}

void FacilityProcess::replan(SimTime now) {
  if (work_.empty()) return;
  WorkCalendar::Work ahead = 0;
  for (Batch& batch : sorter_) {
    if (batch.available > now) batch.level = std::max(ahead, work_.done_by(batch.available));
    ahead = batch.level + static_cast<std::int64_t>(batch.next + batch.parcels.size()) * WorkCalendar::units_per_piece;
  }
  if (!sorter_.empty()) level_ = ahead;
}

void FacilityProcess::sort_wave(SimTime now, Outbox& outbox, Ledger& ledger) {
  const WorkCalendar::Work done = work_.empty() ? 0 : work_.done_by(now);
  while (!sorter_.empty()) {
    Batch& batch = sorter_.front();
    const std::size_t total = batch.next + batch.pieces();
    // What rides along behind the last piece is sorted when one more would be.
    const std::size_t most = total + (batch.companions > 0 ? 1 : 0);
    std::size_t ready = 0;
    if (work_.empty()) {
      ready = batch.available <= now ? most : 0;
    } else if (done > batch.level) {
      ready = std::min(most, static_cast<std::size_t>((done - batch.level) / WorkCalendar::units_per_piece));
    }
    if (ready <= batch.next) break;
    const auto pieces = static_cast<std::uint32_t>(std::min(ready, total) - batch.next);
    if (pieces > 0) sorter_count_.leave(now, pieces, batch.arrived);
    if (!spans_.empty() && pieces > 0) {
      const SimTime available = batch.available;
      const auto span = std::upper_bound(spans_.begin(), spans_.end(), available,
                                         [](SimTime t, const network::OpenSpan& s) { return t < s.to; });
      if (span != spans_.end() && now > span->to + wave) day(now).missed_sorts += pieces;
    }
    while (batch.next < ready && !batch.parcels.empty()) {
      Parcel& parcel = batch.parcels.front();
      if (parcel.is(Parcel::companion)) {
        --batch.companions;
      } else {
        if (!trucks_.empty()) {
          const auto ahead = static_cast<WorkCalendar::Work>(batch.next) * WorkCalendar::units_per_piece;
          sort_trucks(now, done, batch.level + ahead, outbox, ledger);
        }
        ++batch.next;
      }
      sort_one(now, batch.arrived, parcel, outbox, ledger);
      batch.parcels.pop_front();
    }
    if (!batch.parcels.empty()) break;
    sorter_.pop_front();
  }
  if (!trucks_.empty()) sort_trucks(now, done, std::numeric_limits<WorkCalendar::Work>::max(), outbox, ledger);
  schedule_wave(now, outbox);
}

void FacilityProcess::sort_trucks(SimTime now, WorkCalendar::Work done, WorkCalendar::Work most, Outbox& outbox,
                                  Ledger& ledger) {
  bool any_empty = false;
  for (Batch& truck : trucks_) {
    if (work_.empty() && truck.available > now) continue;
    while (!truck.parcels.empty()) {
      const WorkCalendar::Work ahead =
          truck.level + static_cast<WorkCalendar::Work>(truck.next) * WorkCalendar::units_per_piece;
      if (ahead > most || (!work_.empty() && ahead + WorkCalendar::units_per_piece > done)) break;
      sort_one(now, truck.arrived, truck.parcels.front(), outbox, ledger);
      truck.parcels.pop_front();
      --truck.companions;
      ++truck.next;
    }
    any_empty = any_empty || truck.parcels.empty();
  }
  if (any_empty) std::erase_if(trucks_, [](const Batch& truck) { return truck.parcels.empty(); });
}

void FacilityProcess::sort_one(SimTime now, SimTime arrived, Parcel& parcel, Outbox& outbox, Ledger& ledger) {
  // One draw per sort, by its number: that of the scans would depend on the promise, whose changes are scans, too.
  const Draws draws(context_.draw_key, Purpose::sort, context_.key(parcel.id), parcel.sorts);
  parcel.sorts = (parcel.sorts + 1U) & 0xfU;
  if (!work_.empty()) ledger.scan(parcel, ScanKind::processed, place_, now);
  if (draws.happens(0, carrier_.loss)) {
    ledger.scan(parcel, ScanKind::lost, place_, now);
    end_parcel(parcel, Fate::lost, now, never, ledger);
    return;
  }
  if (draws.happens(1, carrier_.damage)) ledger.scan(parcel, ScanKind::damaged, place_, now);
  if (draws.happens(2, carrier_.held) && !parcel.is(Parcel::was_held)) {
    parcel.set(Parcel::was_held);
    const SimTime until = now + minutes(std::max<std::int64_t>(1, carrier_.held_minutes));
    ledger.scan(parcel, ScanKind::held, place_, now, stored_day(eta(parcel, id_, until, now)));
    if (!parcel.is(Parcel::companion)) ++aside_;
    send_parcel(outbox, until, Happening::released, 0, arrived, parcel);
    return;
  }
  LaneId lane = next_lane(parcel, arrived, now);
  PEAKSTORM_CHECK(lane != network::no_lane, facility_.name, context_.world.facilities[index(depot_of(parcel))].name);
  if (draws.happens(3, carrier_.missort)) {
    const LaneId wrong = wrong_lane(parcel, lane, draws.word(3) ^ draws.word(0));
    if (wrong != lane) parcel.set(Parcel::astray);
    lane = wrong;
  }
  dock(now, arrived, parcel, lane, Cause::none);
}

LaneId FacilityProcess::next_lane(Parcel& parcel, SimTime arrived, SimTime now) const {
  const network::Routes& routes = context_.routes;
  const FacilityId depot = depot_of(parcel);
  if (routes.revised(id_, now)) {
    const network::Routes::Detour detour = routes.detour(mode_of(parcel), id_, depot, arrived, now);
    if (detour.lane != network::no_lane) {
      parcel.blame(place_, Cause::closure, to_minutes(detour.longer));
      if (detour.weather) parcel.set(Parcel::weather);
      return detour.lane;
    }
  }
  return routes.next(mode_of(parcel), id_, depot, now);
}

LaneId FacilityProcess::wrong_lane(const Parcel& parcel, LaneId right, std::uint32_t word) const {
  const FacilityId depot = depot_of(parcel);
  for (std::size_t i = 0; i < docks_.size(); ++i) {
    const LaneId lane = docks_[(word + i) % docks_.size()].lane;
    const FacilityId to = context_.world.lanes[index(lane)].to;
    if (lane != right && context_.routes.reachable(mode_of(parcel), to, depot)) return lane;
  }
  return right;
}

void FacilityProcess::dock(SimTime now, SimTime arrived, const Parcel& parcel, LaneId lane, Cause hint) {
  Dock& dock = docks_[context_.dock_of_lane[index(lane)]];
  if (dock.stretches.empty() || dock.stretches.back().docked != now || dock.stretches.back().arrived != arrived ||
      dock.stretches.back().hint != hint) {
    const network::Timetable& timetable = context_.departures[index(lane)];
    const SimTime nominal = nominally_docked(arrived);
    std::size_t i = timetable.size();
    if (nominal != never) i = timetable.first_at_or_after(nominal + context_.world.lanes[index(lane)].cut_off);
    dock.stretches.push_back({arrived, now, i < timetable.size() ? timetable[i] : never, 0, 0, false, hint});
  }
  ++dock.stretches.back().count;
  dock.parcels.push_back(parcel);
  if (parcel.is(Parcel::companion)) {
    ++dock.stretches.back().companions;
  } else {
    dock_count_.enter(now, 1);
  }
}

void FacilityProcess::depart(SimTime now, std::size_t which, Outbox& outbox, Ledger& ledger) {
  Dock& dock = docks_[which];
  const Lane& lane = context_.world.lanes[index(dock.lane)];
  const network::Timetable& timetable = context_.departures[index(dock.lane)];
  if (++dock.departure < timetable.size()) {
    outbox.send(kernel::LpId{static_cast<std::uint32_t>(id_)}, timetable[dock.departure],
                to_self(Happening::departure, static_cast<std::uint32_t>(which)), priority_of(Happening::departure));
  }
  if (dock.stretches.empty() || dock.stretches.front().docked > now - lane.cut_off) return;

  const disruption::EffectSteps& far_effects = context_.field.facility(lane.to);
  const bool cancelled = effects_.at(now).closed || far_effects.at(now).closed;
  const PlannedCapacity* plan = context_.planned(facility_.carrier, zone_.local_day(now));
  const Ppm linehaul = plan == nullptr ? ppm_one : plan->linehaul;
  const LoadLimit::Room room{context_.scaled_milli(lane.pieces, linehaul),
                             context_.scaled_milli(lane.weight_kg, linehaul),
                             context_.scaled_milli(lane.volume_m3, linehaul) * 1000};
  // A departure for which only companions wait does not open: it would settle what the last one owes.
  const bool for_pieces = std::any_of(dock.stretches.begin(), dock.stretches.end(), [&](const Stretch& stretch) {
    return stretch.docked <= now - lane.cut_off && stretch.count > stretch.companions;
  });
  LoadLimit own = dock.limit;
  LoadLimit& limit = for_pieces ? dock.limit : own;
  if (!cancelled) limit.open(room, context_.hard_limits);

  const Ppm speed = std::min(effects_.at(now).speed, far_effects.at(now).speed);
  const SimDuration length = network::journey(context_.draw_key, lane, context_.place_hash[index(lane.from)],
                                              context_.place_hash[index(lane.to)], now);
  const std::int64_t longer = to_minutes(length - lane.transit);
  const SimTime due = now + length;
  const SimTime there = now + slowed(length, speed);
  const bool weather_here = effects_.at(now).weather || far_effects.at(now).weather;

  auto container = std::make_unique<Container>();
  container->boarded = now;
  container->due = due;
  container->there = there;
  bool full = cancelled;
  std::uint64_t measured_g = 0;
  Chain<Parcel> passed;
  std::deque<Stretch> passed_stretches;
  while (!full && !dock.stretches.empty() && dock.stretches.front().docked <= now - lane.cut_off) {
    Stretch& stretch = dock.stretches.front();
    const std::int64_t excess = stretch.planned < now ? to_minutes(now - stretch.planned) : 0;
    Cause cause = Cause::none;
    bool weather = false;
    if (excess > 0) {
      const bool closed =
          effects_.closed_within(stretch.arrived, now) || far_effects.closed_within(stretch.planned, now);
      weather = effects_.weather_within(stretch.arrived, now) || far_effects.weather_within(stretch.planned, now);
      cause = stretch.hint != Cause::none                       ? stretch.hint
              : closed                                          ? Cause::closure
              : stretch.docked > stretch.planned - lane.cut_off ? Cause::sort_backlog
                                                                : Cause::dock_rollover;
    }
    std::uint32_t boarded = 0;
    std::uint32_t passed_here = 0;
    while (stretch.count > 0) {
      Parcel& parcel = dock.parcels.front();
      const SizeClass& size = context_.world.sizes[parcel.size];
      if (parcel.is(Parcel::companion)) {
        if (!limit.has_room(size.weight_g, size.volume_cm3)) {
          // Nobody waits for it: smaller pieces may still fit.
          passed.push_back(parcel);
          ++passed_here;
          dock.parcels.pop_front();
          --stretch.count;
          --stretch.companions;
          continue;
        }
        --stretch.companions;
        if (context_.is_measured(parcel)) {
          LegWork& work = ledger.counts_of(parcel).legs[index(facility_.carrier)];
          (lane.mode == Mode::air ? work.air_g_km : work.road_g_km) += std::uint64_t{size.weight_g} * lane.km;
        }
      } else {
        if (!limit.take(size.weight_g, size.volume_cm3)) {
          full = true;
          break;
        }
        ++boarded;
        if (context_.is_measured(parcel)) measured_g += size.weight_g;
      }
      --stretch.count;
      if (excess > 0) parcel.blame(place_, cause, excess);
      if (weather) parcel.set(Parcel::weather);
      if (longer > 0) parcel.blame(place_, Cause::linehaul, longer);
      ledger.scan(parcel, ScanKind::departed, place_, now);
      if (weather_here && there > due) parcel.set(Parcel::weather);
      container->parcels.push_back(parcel);
      dock.parcels.pop_front();
    }
    if (passed_here > 0) {
      passed_stretches.push_back(stretch);
      passed_stretches.back().count = passed_here;
      passed_stretches.back().companions = passed_here;
    }
    if (boarded > 0) dock_count_.leave(now, boarded, stretch.docked);
    if (for_pieces) day(now).departed += boarded;
    const std::uint64_t dwell = static_cast<std::uint64_t>(to_minutes(now - stretch.arrived)) * boarded;
    const std::uint64_t lost = static_cast<std::uint64_t>(excess) * boarded;
    if (boarded > 0) {
      PlaceDay& today = day(now);
      today.wait_minutes = static_cast<std::uint32_t>(std::min<std::uint64_t>(today.wait_minutes + dwell, UINT32_MAX));
      today.excess_minutes =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(today.excess_minutes + lost, UINT32_MAX));
    }
    if (stretch.count == 0) dock.stretches.pop_front();
  }
  if (measured_g > 0) {
    LegWork& work = ledger.legs[index(facility_.carrier)];
    (lane.mode == Mode::air ? work.air_g_km : work.road_g_km) += measured_g * lane.km;
  }
  if (!passed.empty()) put_back(dock, std::move(passed), std::move(passed_stretches));
  leave_behind(now, dock, ledger);
  if (container->parcels.empty()) return;
  send(outbox, kernel::LpId{static_cast<std::uint32_t>(lane.to)}, context_.gate(lane.to, there), std::move(container),
       static_cast<std::uint32_t>(dock.lane), Happening::arrival,
       identity_of(Happening::arrival, ticks(now), index(dock.lane)));
}

void FacilityProcess::put_back(Dock& dock, Chain<Parcel> passed, std::deque<Stretch> stretches) {
  dock.parcels.consume([&](const Parcel& parcel) { passed.push_back(parcel); });
  dock.parcels = std::move(passed);
  dock.stretches.insert(dock.stretches.begin(), stretches.begin(), stretches.end());
}

void FacilityProcess::leave_behind(SimTime now, Dock& dock, Ledger& ledger) {
  const Lane& lane = context_.world.lanes[index(dock.lane)];
  const network::Timetable& timetable = context_.departures[index(dock.lane)];
  const SimTime next = dock.departure < timetable.size() ? timetable[dock.departure] : never;
  const bool weather = effects_.at(now).weather || context_.field.facility(lane.to).at(now).weather;
  Chain<Parcel>::Cursor cursor(dock.parcels);
  for (Stretch& stretch : dock.stretches) {
    if (stretch.docked > now - lane.cut_off) break;
    if (stretch.count > stretch.companions) day(now).rollovers += stretch.count - stretch.companions;
    const bool delayed = next != never && stretch.planned <= now && to_minutes(next - stretch.planned) >= told_minutes;
    if (!delayed || stretch.told) {
      cursor.skip(stretch.count);
      continue;
    }
    stretch.told = true;
    for (std::uint32_t i = 0; i < stretch.count; ++i) {
      Parcel& parcel = cursor.next();
      if (!parcel.is(Parcel::tracked)) continue;
      const Day moved = eta(parcel, lane.to, next + lane.transit, now);
      ledger.scan(parcel, weather ? ScanKind::delay_weather : ScanKind::delay_other, place_, now, stored_day(moved));
      revise(parcel, moved, now, ledger);
    }
  }
}

void FacilityProcess::load_out(SimTime now, Outbox& outbox, Ledger& ledger) {
  const Day today = zone_.local_day(now);
  // A gap in the clocks can put a day's load-out past its midnight; the new day's own one is still to come then.
  Day next = today - 1;
  while (zone_.to_instant(next, facility_.load_out) <= now) ++next;
  outbox.send(kernel::LpId{static_cast<std::uint32_t>(id_)}, zone_.to_instant(next, facility_.load_out),
              to_self(Happening::load_out), priority_of(Happening::load_out));
  if (!news_.empty()) tell_news(now, outbox);
  if (express_.empty() && others_.empty()) return;

  const disruption::Effect& effect = effects_.at(now);
  const PlannedCapacity* plan = context_.planned(facility_.carrier, today);
  const std::int64_t stops =
      effect.closed ? 0
                    : context_.scaled_milli(facility_.stops_per_day, plan == nullptr ? ppm_one : plan->rounds,
                                            effect.staffing, effect.speed);
  // As at a departure: a round that only companions wait for does not open.
  LoadLimit own = round_limit_;
  LoadLimit& limit = round_count_.present() > 0 ? round_limit_ : own;
  limit.open({stops, 0, 0}, context_.hard_limits);
  const SimDuration length = std::min(slowed(facility_.round_length, effect.speed), hours(14));
  // Express stops come first, so that they make a noon commitment.
  const SimDuration express_round = slowed(minutes(210), effect.speed);
  std::vector<std::uint8_t> delivers(context_.world.services.size());
  for (std::size_t s = 0; s < delivers.size(); ++s) {
    delivers[s] = context_.world.is_open(context_.world.services[s].delivery, today) ? 1 : 0;
  }
  if (std::find(delivers.begin(), delivers.end(), 1) == delivers.end()) return;

  bool room = !effect.closed;
  for (auto* queue : {&express_, &others_}) {
    Chain<Waiting> left;
    Chain<Waiting> again;
    queue->consume([&](Waiting& waiting) {
      Parcel& parcel = waiting.parcel;
      if (waiting.available > now || delivers[index(parcel.service)] == 0) {
        left.push_back(waiting);
        return;
      }
      const bool late = waiting.planned < now;
      const bool rides_along = parcel.is(Parcel::companion);
      if (room && (rides_along ? limit.has_room(0, 0) : limit.take(0, 0))) {
        if (late) {
          const bool closed = effects_.closed_within(waiting.planned, now);
          parcel.blame(place_,
                       parcel.attempts > 0 ? Cause::attempt_failed
                       : closed            ? Cause::closure
                                           : Cause::round_overflow,
                       to_minutes(now - waiting.planned));
        }
        if (!rides_along) {
          round_count_.leave(now, 1, waiting.entered);
          day(now).departed += 1;
        }
        if (context_.is_measured(parcel)) ++ledger.counts_of(parcel).legs[index(facility_.carrier)].stops;
        ledger.scan(parcel, ScanKind::out_for_delivery, place_, now, stored_day(today));
        const Draws draws(context_.draw_key, Purpose::attempt, context_.key(parcel.id), parcel.attempts);
        const SimDuration span = (queue == &express_ ? std::min(length, express_round) : length) - minutes(20);
        const SimTime at =
            now + minutes(20) +
            SimDuration{static_cast<std::int64_t>(
                (std::uint64_t{draws.word(0)} * static_cast<std::uint64_t>(std::max(span, minutes(10)).count())) >>
                32U)};
        attempt(now, at, draws, waiting, outbox, ledger, again);
        return;
      }
      room = room && rides_along;
      // Left behind: tell, once a day, those whose date moves.
      const bool weather = effect.weather;
      if (weather) parcel.set(Parcel::weather);
      if (!rides_along) day(now).rollovers += 1;
      if (parcel.is(Parcel::tracked)) {
        const Day moved = eta(parcel, id_, now + hours(2), now);
        ledger.scan(parcel, weather ? ScanKind::delay_weather : ScanKind::delay_other, place_, now, stored_day(moved));
        revise(parcel, moved, now, ledger);
      }
      left.push_back(waiting);
    });
    again.for_each([&](const Waiting& waiting) { left.push_back(waiting); });
    *queue = std::move(left);
  }
}

void FacilityProcess::attempt(SimTime now, SimTime at, const Draws& draws, Waiting& waiting, Outbox& outbox,
                              Ledger& ledger, Chain<Waiting>& again) {
  Parcel& parcel = waiting.parcel;
  const TimeZone& zone = context_.zone_of(parcel.destination);
  const auto back_to_depot = [&](SimTime from) {
    // On the van until the evening, then at the depot for the next round: counted at the depot meanwhile.
    waiting.entered = now;
    waiting.available = std::max(from, now) + hours(1);
    if (!parcel.is(Parcel::companion)) round_count_.enter(now, 1);
    again.push_back(waiting);
  };
  if (at >= context_.end) {  // The run ends with the parcel on the van.
    back_to_depot(context_.end);
    return;
  }
  if (parcel.first_attempt_day == no_day) parcel.first_attempt_day = stored_day(zone.local_day(at));
  if (parcel.attempts < 0xf) parcel.attempts = (parcel.attempts + 1U) & 0xfU;

  if (!parcel.is(Parcel::bad_address) && draws.happens(1, carrier_.first_attempt_success)) {
    if (!parcel.is(Parcel::companion)) loads_.on_van(now, at);
    if (draws.happens(2, carrier_.false_delivery) && at - now > hours(1)) {
      ledger.scan(parcel, ScanKind::delivered, no_place, now + (at - now) / 2);
      ledger.scan(parcel, ScanKind::retracted, no_place, now + (at - now) / 2 + minutes(10));
    }
    const SimTime reported = ledger.reported_scan(parcel, ScanKind::delivered, no_place, at);
    end_parcel(parcel, Fate::delivered, at, reported, ledger);
    return;
  }
  const Day retry = zone.local_day(next_load_out(id_, parcel.service, at + hours(1)) + hours(1));
  const bool last = parcel.attempts >= carrier_.attempts_max;
  ledger.scan(parcel, ScanKind::attempted, no_place, at, last ? no_day : stored_day(retry));
  if (!last) {
    revise(parcel, retry, at, ledger);
    back_to_depot(at);
    return;
  }
  // Out of attempts. Held at the counter: most people come within three days; the rest goes back.
  if (!parcel.is(Parcel::companion)) ++aside_;
  const bool held = !parcel.is(Parcel::bad_address) && draws.happens(2, carrier_.held_for_pickup);
  send_parcel(outbox, at + (held ? hours(2) : hours(3)), Happening::settled, held ? at_counter : given_up, now, parcel);
}

void FacilityProcess::settle(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger) {
  auto container = adopt(event);
  container->parcels.consume([&](Parcel& parcel) {
    // Of the last attempt, which has the number before.
    const Draws draws(context_.draw_key, Purpose::attempt, context_.key(parcel.id), parcel.attempts - 1U);
    const SimDuration wait = minutes(draws.below(0, 2 * 24 * 60));
    const auto next = [&](SimDuration length, std::uint32_t stage) {
      send_parcel(outbox, now + length, Happening::settled, stage, container->boarded, parcel);
    };
    switch (event.payload.which) {
      case at_counter:
        ledger.scan(parcel, ScanKind::ready_pickup, place_, now);
        if (draws.happens(3, 800'000)) {
          next(hours(18) + wait, picked_up);
        } else {
          next(days(5) - hours(2), given_up);
        }
        break;
      case given_up:
        ledger.scan(parcel, ScanKind::returning, place_, now);
        next(days(3) + wait, back_at_sender);
        break;
      case picked_up: {
        if (!parcel.is(Parcel::companion)) --aside_;
        const SimTime reported = ledger.reported_scan(parcel, ScanKind::delivered, place_, now);
        end_parcel(parcel, Fate::delivered, now, reported, ledger);
        break;
      }
      default:
        PEAKSTORM_CHECK(event.payload.which == back_at_sender, event.payload.which, facility_.name);
        if (!parcel.is(Parcel::companion)) --aside_;
        ledger.scan(parcel, ScanKind::returned, context_.world.place(node_of(parcel.id)), now);
        end_parcel(parcel, Fate::returned, now, never, ledger);
    }
  });
}

void FacilityProcess::end_parcel(Parcel& parcel, Fate fate, SimTime at, SimTime reported, Ledger& ledger) {
  const std::int64_t pieces = parcel.is(Parcel::companion) ? 0 : 1;
  switch (fate) {
    case Fate::delivered:
      flows_.delivered.add(at, pieces);
      if (parcel.is(Parcel::tracked)) {
        const ShipNodeId node = node_of(parcel.id);
        if (context_.news_delay(context_.world.nodes[index(node)].shipper) > SimDuration::zero()) {
          const auto day = stored_day(context_.zone_of(parcel.destination).local_day(at));
          news_.push_back({at,
                           node,
                           {parcel.destination, parcel.tender_day, parcel.commit_day, parcel.promise_day, day,
                            parcel.service, static_cast<std::uint8_t>(parcel.is(Parcel::strained) ? 1 : 0)}});
        }
      }
      break;
    case Fate::lost:
      flows_.lost.add(at, pieces);
      break;
    case Fate::returned:
      flows_.returned.add(at, pieces);
      break;
    case Fate::inside:
    case Fate::cancelled:
      break;
  }
  ledger.outcome(parcel, fate, at, reported);
}

void FacilityProcess::tell_news(SimTime now, Outbox& outbox) {
  // A round's deliveries are known ahead: they are told at the first load-out after they have happened.
  std::map<ShipNodeId, std::unique_ptr<Container>> reports;
  std::vector<Untold> later;
  for (const Untold& untold : news_) {
    if (untold.at > now) {
      later.push_back(untold);
      continue;
    }
    std::unique_ptr<Container>& report = reports[untold.node];
    if (!report) report = std::make_unique<Container>(Container{.boarded = now, .parcels = {}});
    report->news.push_back(untold.delivered);
  }
  news_ = std::move(later);
  for (auto& [node, report] : reports) {
    const SimTime at = now + context_.news_delay(context_.world.nodes[index(node)].shipper);
    const kernel::LpId target{static_cast<std::uint32_t>(context_.world.facilities.size() + index(node))};
    const Payload payload{report.release(), 0, Happening::news};
    if (context_.is_companions(node)) {
      outbox.send_aside(target, at, payload, identity_of(Happening::news, ticks(now), 0), priority_of(Happening::news));
    } else {
      outbox.send(target, at, payload, priority_of(Happening::news));
    }
  }
}

void FacilityProcess::close(SimTime end, const std::vector<Event>& pending, Ledger& ledger) {
  loads_.advance(end, load());
  sorter_count_.advance(end);
  dock_count_.advance(end);
  round_count_.advance(end);
  const auto stays = [&](Parcel& parcel, SimTime planned, Cause cause) {
    if (planned < end) parcel.blame(place_, cause, to_minutes(end - planned));
    end_parcel(parcel, Fate::inside, end, never, ledger);
  };
  for (Batch& batch : sorter_) {
    sorter_count_.close(end, static_cast<std::int64_t>(batch.pieces()), batch.arrived);
  }
  for (auto* batches : {&sorter_, &trucks_}) {
    for (Batch& batch : *batches) {
      const SimTime planned = nominally_docked(batch.arrived);
      batch.parcels.consume([&](Parcel& parcel) { stays(parcel, planned, Cause::sort_backlog); });
    }
  }
  for (Dock& dock : docks_) {
    for (const Stretch& stretch : dock.stretches) {
      dock_count_.close(end, std::int64_t{stretch.count} - stretch.companions, stretch.docked);
      for (std::uint32_t i = 0; i < stretch.count; ++i) {
        stays(dock.parcels.front(), stretch.planned, Cause::dock_rollover);
        dock.parcels.pop_front();
      }
    }
  }
  for (auto* queue : {&express_, &others_}) {
    queue->consume([&](Waiting& waiting) {
      if (!waiting.parcel.is(Parcel::companion)) round_count_.close(end, 1, waiting.entered);
      stays(waiting.parcel, waiting.planned,
            waiting.parcel.attempts > 0 ? Cause::attempt_failed : Cause::round_overflow);
    });
  }
  for (const Event& event : pending) {
    if (event.payload.container == nullptr) continue;
    auto container = adopt(event);
    if (event.payload.happening == Happening::arrival) {
      flows_.transit.add(container->boarded, pieces_of(container->parcels));
      blame_journey(*container, event.at);
    }
    container->parcels.consume([&](Parcel& parcel) { end_parcel(parcel, Fate::inside, end, never, ledger); });
  }
  sorter_.clear();
  trucks_.clear();
  for (Dock& dock : docks_) dock.stretches.clear();
  for (const QueueCount* count : {&sorter_count_, &dock_count_, &round_count_}) {
    PEAKSTORM_CHECK(count->area() == count->sojourn(), count->area(), count->sojourn(), facility_.name);
  }
}

std::vector<QueueAccount> FacilityProcess::queues() const {
  std::vector<QueueAccount> accounts;
  std::uint8_t number = 0;
  for (const QueueCount* count : {&sorter_count_, &dock_count_, &round_count_}) {
    accounts.push_back({place_, number++, count->entered(), count->area(), count->sojourn()});
  }
  return accounts;
}

}  // namespace peakstorm::flow
