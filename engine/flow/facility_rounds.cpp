/// A depot's delivery rounds: attempts, parcels held at the counter, and the news of what was delivered.
#include <algorithm>
#include <map>
#include <utility>

#include "engine/check.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/facility_events.hpp"

namespace peakstorm::flow {

void FacilityProcess::await_round(SimTime now, const Parcel& parcel, SimTime planned) {
  auto& queue = context_.service(parcel.service).tier == Tier::express ? express_ : others_;
  queue.push_back({parcel, now, now + facility_.handling, planned});
  if (!parcel.is(Parcel::companion)) round_count_.enter(now, 1);
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

}  // namespace peakstorm::flow
