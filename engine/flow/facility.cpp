#include "engine/flow/facility.hpp"

#include <algorithm>
#include <utility>

#include "engine/check.hpp"
#include "engine/flow/facility_events.hpp"
#include "engine/network/journey.hpp"

namespace peakstorm::flow {
namespace {

SimDuration customs_time(const Facility& facility) {
  return minutes(std::max<std::int64_t>(1, facility.customs_minutes));
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
