// Rounds, attempts and what follows them.
#include <algorithm>

#include "tests/engine/reference/simulator.hpp"

namespace peakstorm::test::plain {

void Simulator::load_out(SimTime now, std::size_t f) {
  for (auto& [at, piece] : untold_) {
    if (at > now || plans_.depot_of(*piece) != f || piece->known_at != never) continue;
    piece->shift = shift_of(*piece);
    piece->known_at = now + world_.shippers[index(piece->facts.shipper)].learning.news_delay;
  }
  if (rounds_[f].empty()) return;
  const Facility& depot = world_.facilities[f];
  const Effect effect = setting_.facility_at(f, now);
  const Day today = setting_.zone_of(f).local_day(now);
  const Ppm plan = setting_.planned(depot.carrier, today).rounds;
  round_room_[f].open(effect.closed ? 0 : setting_.milli(depot.stops_per_day, plan, effect.staffing, effect.speed), 0,
                      0, setting_.hard());
  std::vector<Piece*> queue;
  for (const bool express : {true, false}) {
    for (Piece* piece : rounds_[f]) {
      if ((world_.services[index(piece->facts.service)].tier == Tier::express) == express) queue.push_back(piece);
    }
  }
  rounds_[f].clear();
  std::vector<Piece*> again;
  bool room = !effect.closed;
  for (Piece* piece : queue) {
    const Service& service = world_.services[index(piece->facts.service)];
    if (piece->ready > now || !world_.is_open(service.delivery, today)) {
      rounds_[f].push_back(piece);
    } else if (room && round_room_[f].take(0, 0)) {
      SimDuration length = std::min(slowed(depot.round_length, effect.speed), hours(14));
      if (service.tier == Tier::express) length = std::min(length, slowed(minutes(210), effect.speed));
      if (deliver(now, *piece, f, length)) again.push_back(piece);
    } else {
      room = false;
      if (effect.weather) piece->facts.weather = true;
      if (piece->tracked) delayed(*piece, eta(*piece, f, now + hours(2), now), f, now, effect.weather);
      rounds_[f].push_back(piece);
    }
  }
  rounds_[f].insert(rounds_[f].end(), again.begin(), again.end());
}

bool Simulator::deliver(SimTime now, Piece& piece, std::size_t f, SimDuration length) {
  const Carrier& carrier = world_.carriers[index(world_.facilities[f].carrier)];
  Outcome& o = piece.facts;
  if (piece.planned < now) {
    piece.blame(place_of(f),
                o.attempts > 0                                  ? Cause::attempt_failed
                : setting_.closed_within(f, piece.planned, now) ? Cause::closure
                                                                : Cause::round_overflow,
                whole_minutes(now - piece.planned));
  }
  scan(piece, ScanKind::out_for_delivery, place_of(f), now, stored(setting_.zone_of(f).local_day(now)));
  const Draws draws(setting_.options.run, Purpose::attempt, piece.key, o.attempts);
  const SimTime at = now + minutes(20) + share_of(std::max(length - minutes(20), minutes(10)), draws.word(0));
  piece.ready = at + hours(1);
  if (at >= end_) return true;
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
    const Day retry = home(piece).local_day(setting_.next_load_out(f, o.service, at + hours(1)) + hours(1));
    scan(piece, ScanKind::attempted, no_place, at, stored(retry));
    revise(piece, retry, place_of(f), at);
    return true;
  }
  scan(piece, ScanKind::attempted, no_place, at);
  piece.where = Piece::Where::elsewhere;
  const bool held = !piece.bad_address && draws.happens(2, carrier.held_for_pickup);
  const SimDuration wait = minutes(draws.below(0, 2 * 24 * 60));
  if (held) scan(piece, ScanKind::ready_pickup, place_of(f), at + hours(2));
  if (held && draws.happens(3, 800'000)) {
    const SimTime fetched = at + hours(20) + wait;
    schedule(fetched, 1, [=, this, &piece] {
      end_piece(piece, Fate::delivered, fetched, scan(piece, ScanKind::delivered, place_of(f), fetched));
    });
    return false;
  }
  const SimTime gives_up = at + (held ? days(5) : hours(3));
  scan(piece, ScanKind::returning, place_of(f), gives_up);
  const SimTime back = gives_up + days(3) + wait;
  schedule(back, 1, [=, this, &piece] {
    scan(piece, ScanKind::returned, world_.place(node_of(piece.facts.id)), back);
    end_piece(piece, Fate::returned, back, never);
  });
  return false;
}

}  // namespace peakstorm::test::plain
