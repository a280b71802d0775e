// Sorters and docks_.
#include <algorithm>

#include "tests/engine/reference/simulator.hpp"

namespace peakstorm::test::plain {

void Simulator::unload(SimTime now, const std::vector<Piece*>& pieces, std::size_t f) {
  const SimTime ready = now + world_.facilities[f].handling;
  for (Piece* piece : pieces) {
    piece->came = now;
    piece->at = FacilityId{static_cast<std::uint16_t>(f)};
    if (plans_.depot_of(*piece) == f) {
      piece->where = Piece::Where::round;
      piece->ready = ready;
      piece->planned = setting_.next_load_out(f, piece->facts.service, ready);
      rounds_[f].push_back(piece);
      continue;
    }
    piece->where = Piece::Where::sorter;
    const SimTime sorted = sorters_.accept(f, ready);
    if (sorted < end_) schedule(mark(sorted), 1, [=, this] { sort(mark(sorted), *piece, f); });
  }
}

void Simulator::sort(SimTime now, Piece& piece, std::size_t f) {
  const Carrier& carrier = world_.carriers[index(world_.facilities[f].carrier)];
  const Draws draws(setting_.options.run, Purpose::sort, piece.key, piece.sorts++);
  if (!world_.facilities[f].sorts.empty()) scan(piece, ScanKind::processed, place_of(f), now);
  if (draws.happens(0, carrier.loss)) {
    scan(piece, ScanKind::lost, place_of(f), now);
    end_piece(piece, Fate::lost, now, never);
    return;
  }
  if (draws.happens(1, carrier.damage)) scan(piece, ScanKind::damaged, place_of(f), now);
  if (draws.happens(2, carrier.held) && !piece.was_held) {
    piece.was_held = true;
    piece.where = Piece::Where::elsewhere;
    const SimTime until = now + minutes(std::max(1U, carrier.held_minutes));
    scan(piece, ScanKind::held, place_of(f), now, stored(eta(piece, f, until, now)));
    schedule(
        until, 0, [=, this, &piece] { dock(until, piece, f, plans_.next_lane(piece, f, until), Cause::missort); }, f);
    return;
  }
  std::size_t lane = plans_.next_lane(piece, f, now);
  if (draws.happens(3, carrier.missort)) {
    const std::size_t wrong = plans_.wrong_lane(piece, f, lane, draws.word(3) ^ draws.word(0));
    piece.astray = wrong != lane;
    lane = wrong;
  }
  dock(now, piece, f, lane, Cause::none);
}

void Simulator::dock(SimTime now, Piece& piece, std::size_t f, std::size_t lane, Cause hint) {
  piece.where = Piece::Where::dock;
  piece.ready = now;
  piece.hint = hint;
  piece.told = false;
  const SimTime usually = sorters_.ordinarily_docked(f, piece.came);
  piece.planned = usually == never ? never : first_from(departures_[lane], usually + world_.lanes[lane].cut_off);
  docks_[lane].push_back(&piece);
}

void Simulator::depart(SimTime now, std::size_t l) {
  const Lane& lane = world_.lanes[l];
  const std::size_t f = index(lane.from);
  const std::size_t to = index(lane.to);
  const auto made_it = [&](const Piece* piece) { return piece->ready <= now - lane.cut_off; };
  if (docks_[l].empty() || !made_it(docks_[l].front())) return;
  std::vector<Piece*> load;
  const SimDuration length = plans_.journey(l, now);
  if (!setting_.facility_at(f, now).closed && !setting_.facility_at(to, now).closed) {
    const Ppm plan = setting_.planned(world_.facilities[f].carrier, setting_.zone_of(f).local_day(now)).linehaul;
    dock_room_[l].open(setting_.milli(lane.pieces, plan), setting_.milli(lane.weight_kg, plan),
                       setting_.milli(lane.volume_m3, plan) * 1000, setting_.hard());
    while (!docks_[l].empty() && made_it(docks_[l].front())) {
      Piece& piece = *docks_[l].front();
      if (!dock_room_[l].take(world_.sizes[piece.size].weight_g, world_.sizes[piece.size].volume_cm3)) break;
      docks_[l].pop_front();
      load.push_back(&piece);
      const std::int64_t excess = piece.planned < now ? whole_minutes(now - piece.planned) : 0;
      if (excess > 0) {
        const bool closed =
            setting_.closed_within(f, piece.came, now) || setting_.closed_within(to, piece.planned, now);
        if (setting_.weather_within(f, piece.came, now) || setting_.weather_within(to, piece.planned, now))
          piece.facts.weather = true;
        Cause cause = Cause::dock_rollover;
        if (piece.ready > piece.planned - lane.cut_off) cause = Cause::sort_backlog;
        if (closed) cause = Cause::closure;
        if (piece.hint != Cause::none) cause = piece.hint;
        piece.blame(place_of(f), cause, excess);
      }
      if (length > lane.transit) piece.blame(place_of(f), Cause::linehaul, whole_minutes(length - lane.transit));
      scan(piece, ScanKind::departed, place_of(f), now);
    }
  }
  const SimTime next = first_from(departures_[l], now + SimDuration{1});
  for (Piece* piece : docks_[l]) {
    if (!made_it(piece) || next == never || piece->planned > now || next - piece->planned < hours(6)) continue;
    if (std::exchange(piece->told, true) || !piece->tracked) continue;
    delayed(*piece, eta(*piece, to, next + lane.transit, now), f, now,
            setting_.facility_at(f, now).weather || setting_.facility_at(to, now).weather);
  }
  travel(now, load, length, setting_.facility_at(f, now), to, lane.customs);
}

void Simulator::delayed(Piece& piece, Day moved, std::size_t f, SimTime now, bool weather) {
  scan(piece, weather ? ScanKind::delay_weather : ScanKind::delay_other, place_of(f), now, stored(moved));
  revise(piece, moved, place_of(f), now);
}

}  // namespace peakstorm::test::plain
