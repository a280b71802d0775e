// From the order to the first hub, and every leg after it.
#include <algorithm>
#include <array>

#include "engine/portable_math.hpp"
#include "tests/engine/reference/simulator.hpp"

namespace peakstorm::test::plain {

void Simulator::order(const Order& o, SimTime now) {
  Tier tier = o.tier;
  const auto n = index(node_of(o.id));
  const ShipNode& node = world_.nodes[n];
  const Shipper& shipper = world_.shippers[index(node.shipper)];
  Piece& piece = all_.emplace_back();
  piece.key = parcel_key(hash64(node.name), o.id);
  piece.size = o.size;
  piece.tracked = shipper.role == ShipperRole::retailer;
  piece.facts.id = o.id;
  piece.facts.destination = o.destination;
  piece.facts.shipper = node.shipper;
  piece.facts.order_day = stored(home(piece).local_day(o.at));

  const TimeZone& local = setting_.zone(node.zone);
  const Day day = local.local_day(o.at);
  SimTime begins = local.time_of_day(o.at) >= hours(6) ? o.at : local.to_instant(day, hours(6));
  if (!world_.is_open(node.calendar, day) || local.time_of_day(o.at) > node.cut_off) {
    begins = local.to_instant(setting_.open_day(node.calendar, day + 1, 0), hours(6));
  }
  const Draws draws(setting_.options.run, Purpose::handling, piece.key);
  const SimTime ready =
      begins + node.handling_min + share_of(node.handling_max - node.handling_min + SimDuration{1}, draws.word(0));

  Day tender = 0;
  Choice choice;
  const auto quote = [&] {
    choice = choose(o, tier, begins + node.handling_max, now);
    piece.facts.service = choice.service;
    const Service& service = world_.services[index(piece.facts.service)];
    tender = local.local_day(std::min(choice.truck, end_));
    int extra = shipper.buffer_days;
    for (const Hedge& hedge : shipper.promise.hedges) {
      const Day placed = home(piece).local_day(o.at);
      extra += placed >= hedge.from && placed < hedge.to ? hedge.days : 0;
    }
    return setting_.open_day(service.delivery, promised(n, service, piece.facts.service, o.destination, tender, now),
                             extra);
  };
  if (shipper.tier_choice && o.picks_tier) {
    std::array<double, tier_count> odds{};
    double sum = 0;
    for (std::size_t t = 0; t < tier_count; ++t) {
      if (shipper.tiers[t] == 0) continue;
      tier = static_cast<Tier>(t);
      const Day waits = quote() - home(piece).local_day(o.at) - shipper.target_days[t];
      odds[t] = shipper.tiers[t] * portable_exp(-shipper.day_weight * waits -
                                                shipper.fee_weight * (static_cast<double>(shipper.tier_fees[t]) / 100));
      sum += odds[t];
    }
    double point = o.tier_word / 4294967296.0 * sum;
    for (std::size_t t = 0; t < tier_count; ++t) {
      if (odds[t] <= 0) continue;
      tier = static_cast<Tier>(t);
      if (point < odds[t]) break;
      point -= odds[t];
    }
  }
  Day promise = quote();
  if (o.promise != no_day) promise = o.promise;
  if (piece.tracked && o.promise == no_day) {
    for (const Guarantee& g : shipper.guarantees) {
      const auto placed = std::pair(home(piece).local_day(o.at), home(piece).time_of_day(o.at));
      if (placed > std::pair(g.until_day, g.until_time) || promise <= g.date) continue;
      tier = g.upgrade_to;
      promise = std::min(quote(), g.date);
      break;
    }
  }
  if (choice.tariff != no_tie) ++taken_[{n, floor_div(ms(now), 86'400'000), choice.tariff}];
  const Service& service = world_.services[index(piece.facts.service)];
  if (shipper.overflow == Overflow::decline && choice.refusal != Cause::none) {
    piece.facts.cause = choice.refusal;
    piece.facts.culprit = world_.place(node_of(o.id));
    end_piece(piece, Fate::cancelled, std::min(o.at, end_), never);
    return;
  }
  piece.was_strained = is_strained(n, service.carrier, o.destination, now);
  if (piece.tracked) piece.facts.promise_day = piece.facts.revised_day = stored(promise);
  piece.bad_address = draws.happens(1, world_.carriers[index(service.carrier)].bad_address);
  if (piece.tracked) {
    account_.facts.push_back({o.id, o.at, node_of(o.id), node.shipper, piece.facts.service, o.destination, tier, o.size,
                              piece.facts.promise_day, shipper.window_from, shipper.window_to,
                              offers_.cost(n, piece.facts.service, o.destination, o.size, tender)});
  }
  scan(piece, ScanKind::label_created, world_.place(node_of(o.id)), ready, piece.facts.promise_day);
  auto [p, truck] = offers_.pickup_after(n, service.carrier, o.destination, ready);
  if (shipper.overflow != Overflow::wait && choice.truck != never) {
    p = choice.pickup;
    truck = choice.truck;
    ++booked_[{n, p, truck}];
  }
  if (draws.happens(2, shipper.cancelled)) {
    const SimTime when = ready + ((truck == never ? ready + hours(2) : truck) - ready) / 2;
    scan(piece, ScanKind::cancelled, world_.place(node_of(o.id)), when);
    end_piece(piece, Fate::cancelled, std::min(when, end_), never);
    return;
  }
  piece.promise_counts = true;
  if (truck != never) to_collect_[{n, p, truck}].push_back(&piece);
}

void Simulator::collect(SimTime now, std::size_t n, std::size_t p) {
  const Pickup& pickup = world_.nodes[n].pickups[p];
  std::vector<Piece*> waiting = std::move(left_behind_[{n, p}]);
  for (Piece* piece : to_collect_[{n, p, now}]) {
    piece->planned = now;
    piece->where = Piece::Where::refused;
    waiting.push_back(piece);
  }
  left_behind_[{n, p}].clear();
  if (waiting.empty()) return;
  Room& cap = caps_[{n, p}];
  cap.open(setting_.milli(pickup.pieces_per_day, ppm_one), 0, 0, setting_.hard());
  std::vector<Piece*> load;
  for (Piece* piece : waiting) {
    Cause refusal = Cause::none;
    if (setting_.node_at(n, now).closed) {
      refusal = Cause::closure;
    } else if (setting_.embargoed(pickup.carrier, n, piece->facts.destination, now)) {
      refusal = Cause::embargo;
    } else if (pickup.pieces_per_day > 0 && !cap.take(0, 0)) {
      refusal = Cause::pickup_cap;
    }
    if (refusal != Cause::none) {
      if (piece->refused == Cause::none) piece->refused = refusal;
      left_behind_[{n, p}].push_back(piece);
      continue;
    }
    piece->blame(world_.place(ShipNodeId{static_cast<std::uint16_t>(n)}), piece->refused,
                 whole_minutes(now - piece->planned));
    if (piece->refused == Cause::closure) piece->facts.weather = true;
    const Service& service = world_.services[index(piece->facts.service)];
    const Day today = setting_.zone(world_.nodes[n].zone).local_day(now);
    piece->facts.tender_day = stored(today);
    piece->facts.commit_day = stored(
        offers_.published(service, today, offers_.band(service.published, n, service, piece->facts.destination).days));
    scan(*piece, ScanKind::accepted, world_.place(ShipNodeId{static_cast<std::uint16_t>(n)}), now,
         piece->facts.commit_day);
    load.push_back(piece);
  }
  travel(now, load, pickup.drive, setting_.node_at(n, now), index(pickup.facility), false);
}

void Simulator::travel(SimTime now, const std::vector<Piece*>& load, SimDuration usual, const Effect& here,
                       std::size_t to, bool customs) {
  if (load.empty()) return;
  const Effect there = setting_.facility_at(to, now);
  const SimTime at_gate = now + slowed(usual, std::min(here.speed, there.speed));
  const SimTime arrival = setting_.reopens(to, at_gate);
  for (Piece* piece : load) {
    piece->where = Piece::Where::elsewhere;
    if (arrival <= now + usual) continue;
    const bool waits = arrival > at_gate;
    if (waits || here.weather || there.weather) piece->facts.weather = true;
    piece->blame(place_of(to), waits ? Cause::closure : Cause::lane_weather, whole_minutes(arrival - now - usual));
  }
  schedule(
      arrival, 0, [=, this] { arrive(arrival, now, load, to, customs); }, to);
}

void Simulator::arrive(SimTime now, SimTime left, const std::vector<Piece*>& load, std::size_t f, bool customs) {
  std::vector<Piece*> prompt;
  std::vector<Piece*> held;
  for (Piece* piece : load) {
    const std::uint16_t day = piece->tracked ? stored(eta(*piece, f, now, now)) : no_day;
    if (piece->astray) piece->blame(place_of(f), Cause::missort, whole_minutes(now - left));
    scan(*piece, piece->astray ? ScanKind::misrouted : ScanKind::arrived, place_of(f), now, day);
    piece->astray = false;
    revise(*piece, day, place_of(f), now);
    if (!customs) continue;
    scan(*piece, ScanKind::customs_in, place_of(f), now);
    const SimDuration usual = minutes(world_.facilities[f].customs_minutes);
    const Draws draws(setting_.options.run, Purpose::sort, piece->key, 0x80000000U | piece->sorts);
    const bool is_held = draws.happens(0, world_.facilities[f].customs_held);
    (is_held ? held : prompt).push_back(piece);
    if (!is_held) continue;
    scan(*piece, ScanKind::customs_held, place_of(f), now + usual);
    piece->blame(place_of(f), Cause::missort, whole_minutes(usual));
  }
  if (!customs) {
    unload(now, load, f);
    return;
  }
  const SimDuration usual = minutes(std::max(1U, world_.facilities[f].customs_minutes));
  const auto clear = [this, f](SimTime at, const std::vector<Piece*>& cleared) {
    if (cleared.empty()) return;
    schedule(
        at, 0,
        [=, this] {
          for (Piece* piece : cleared) scan(*piece, ScanKind::customs_cleared, place_of(f), at);
          unload(at, cleared, f);
        },
        f);
  };
  clear(now + usual, prompt);
  clear(now + usual * 2, held);
}

}  // namespace peakstorm::test::plain
