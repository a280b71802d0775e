#include "tests/engine/reference/reference.hpp"

#include <algorithm>

#include "tests/engine/reference/simulator.hpp"

namespace peakstorm::test {
namespace plain {

Account Simulator::run() {
  for (std::size_t l = 0; l < world_.lanes.size(); ++l) {
    departures_.push_back(setting_.departures_of(world_.lanes[l], day_zero, end_));
    for (const SimTime at : departures_.back()) schedule(at, 2, [=, this] { depart(at, l); });
  }
  docks_.resize(world_.lanes.size());
  dock_room_.resize(world_.lanes.size());
  rounds_.resize(world_.facilities.size());
  round_room_.resize(world_.facilities.size());
  for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
    if (world_.facilities[f].kind != FacilityKind::depot) continue;
    for (Day day = -3; day < world_.day_count + world_.drain_days + 3; ++day) {
      const SimTime at = setting_.zone_of(f).to_instant(day, world_.facilities[f].load_out);
      if (at >= day_zero) schedule(at, 2, [=, this] { load_out(at, f); });
    }
  }
  for (std::size_t n = 0; n < world_.nodes.size(); ++n) {
    for (const Order& placed : orders_of(setting_, n)) {
      const SimTime hour = day_zero + hours(hour_of(placed.id));
      schedule(hour, 0, [=, this] { order(placed, hour); });
    }
    for (std::size_t p = 0; p < world_.nodes[n].pickups.size(); ++p) {
      for (const SimTime at : offers_.pickups[n][p]) schedule(at, 2, [=, this] { collect(at, n, p); });
    }
  }
  while (!agenda_.empty() && std::get<0>(agenda_.begin()->first) < end_) {
    count_ties();
    const auto next = agenda_.begin();
    const std::function<void()> happen = std::move(next->second.happen);
    agenda_.erase(next);
    happen();
  }
  return finish();
}

void Simulator::schedule(SimTime at, int step, std::function<void()> happen, std::size_t place) {
  const std::uint64_t number = scheduled_++;
  const std::uint64_t tie =
      place == no_tie || setting_.options.tie_seed == 0 ? 0 : hash64(setting_.options.tie_seed, number);
  agenda_.emplace(std::tuple(at, step, tie, number), Entry{std::move(happen), place});
}

void Simulator::count_ties() {
  const auto& [at, step, tie, number] = agenda_.begin()->first;
  const std::size_t place = agenda_.begin()->second.place;
  if (place == no_tie) return;
  std::uint64_t alike = 0;
  for (auto other = agenda_.begin(); other != agenda_.end() && std::get<0>(other->first) == at; ++other) {
    if (other->second.place == place) ++alike;
  }
  if (account_.orders_of_ties < 1'000'000) account_.orders_of_ties *= alike;
}

SimTime Simulator::scan(Piece& piece, ScanKind kind, PlaceId where, SimTime at, std::uint16_t eta_day) {
  const std::uint8_t sequence = piece.scans++;
  if (at >= end_) return never;
  const bool by_hand = kind != ScanKind::label_created && kind != ScanKind::eta_changed &&
                       kind != ScanKind::cancelled && kind != ScanKind::lost && kind != ScanKind::retracted;
  SimTime reported = at;
  if (piece.tracked && by_hand) {
    const Carrier& carrier = world_.carriers[index(world_.services[index(piece.facts.service)].carrier)];
    const Draws draws(setting_.options.run, Purpose::scan, piece.key, sequence);
    if (where != no_place && !world_.is_node(where)) reported += setting_.facility_at(index(where), at).scan_delay;
    if (draws.happens(0, carrier.late_scan)) reported += minutes(carrier.late_scan_minutes);
    if (draws.happens(1, carrier.missed_scan)) reported = never;
  }
  account_.scans.push_back({at, reported, piece.facts.id, where, eta_day, kind, sequence});
  return reported;
}

void Simulator::end_piece(Piece& piece, Fate fate, SimTime at, SimTime reported) {
  piece.where = Piece::Where::ended;
  Outcome& o = piece.facts;
  o.fate = fate;
  o.at = at;
  o.reported = reported;
  if (fate != Fate::delivered) return;
  untold_.emplace_back(at, &piece);
  o.delivered_day = stored(home(piece).local_day(at));
  o.delivered_time = home(piece).time_of_day(at);
  if (reported < end_) o.reported_day = o.delivered_day;
}

Day Simulator::eta(const Piece& piece, std::size_t facility, SimTime at, SimTime now) const {
  const std::size_t depot = plans_.depot_of(piece);
  if (facility != depot) {
    const Plan& plan = plans_.plan_of(piece, facility, plans_.edition_at(piece, now))[hour_of_day(at)];
    at += minutes(std::min(plan.from_arrival, 65'535U));
  }
  at += world_.facilities[depot].handling;
  return home(piece).local_day(setting_.next_load_out(depot, piece.facts.service, at) + hours(1));
}

void Simulator::revise(Piece& piece, Day day, PlaceId where, SimTime at) {
  const Outcome& o = piece.facts;
  if (!piece.tracked || o.revised_day == no_day || day <= o.revised_day) return;
  if (home(piece).local_day(at) > o.revised_day) return;
  piece.facts.revised_day = stored(day);
  scan(piece, ScanKind::eta_changed, where, at, stored(day));
}

Account Simulator::finish() {
  for (Piece& piece : all_) {
    const auto late = [&](PlaceId where, SimTime planned, Cause cause) {
      if (planned < end_) piece.blame(where, cause, whole_minutes(end_ - planned));
    };
    const std::size_t f = index(piece.at);
    using Where = Piece::Where;
    if (piece.where == Where::refused) late(world_.place(node_of(piece.facts.id)), piece.planned, piece.refused);
    if (piece.where == Where::sorter) late(place_of(f), sorters_.ordinarily_docked(f, piece.came), Cause::sort_backlog);
    if (piece.where == Where::dock) late(place_of(f), piece.planned, Cause::dock_rollover);
    if (piece.where == Where::round) {
      late(place_of(f), piece.planned, piece.facts.attempts > 0 ? Cause::attempt_failed : Cause::round_overflow);
    }
    if (piece.where != Where::ended) end_piece(piece, Fate::inside, end_, never);
    account_.outcomes.push_back(piece.facts);
  }
  const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(account_.facts.begin(), account_.facts.end(), by_id);
  std::sort(account_.outcomes.begin(), account_.outcomes.end(), by_id);
  const std::uint64_t run_hash = hash64(setting_.options.run.seed, setting_.options.run.replication);
  const auto rank = [&](const Scan& s) {
    const std::uint64_t key = parcel_key(hash64(world_.nodes[index(node_of(s.parcel))].name), s.parcel);
    return std::tuple(s.at, hash64(run_hash, key), key, s.sequence);
  };
  std::sort(account_.scans.begin(), account_.scans.end(),
            [&](const Scan& a, const Scan& b) { return rank(a) < rank(b); });
  return std::move(account_);
}

}  // namespace plain

Account simulate_plainly(const World& world, const PlainOptions& options) {
  return plain::Simulator(world, options).run();
}

}  // namespace peakstorm::test
