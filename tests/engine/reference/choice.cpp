// Which service an order goes with, and what its node has learned by then.
#include <algorithm>
#include <iterator>
#include <map>

#include "tests/engine/reference/simulator.hpp"

namespace peakstorm::test::plain {

Simulator::Choice Simulator::choose(const Order& o, Tier tier, SimTime packed, SimTime now) {
  const auto n = index(node_of(o.id));
  const Shipper& shipper = world_.shippers[index(world_.nodes[n].shipper)];
  const Day target_days = shipper.target_days[static_cast<std::size_t>(tier)];
  const auto planned = [&](ServiceId id) {
    const CarrierId carrier = world_.services[index(id)].carrier;
    Choice c;
    c.service = id;
    std::tie(c.pickup, c.truck) = offers_.pickup_after(n, carrier, o.destination, packed);
    if (shipper.overflow == Overflow::wait) return c;
    if (setting_.embargoed(carrier, n, o.destination, now)) {
      c.refusal = Cause::embargo;
    } else if (is_full(n, c.pickup, c.truck)) {
      c.refusal = Cause::pickup_cap;
    }
    if (shipper.overflow == Overflow::defer) c.truck = with_room(n, c.pickup, c.truck);
    return c;
  };
  const bool plain =
      shipper.policy == CarrierPolicy::fixed_split || shipper.policy == CarrierPolicy::cheapest_published;
  if (plain && shipper.overflow == Overflow::wait) return planned(offers_.choose(n, o.destination, tier, o.share_word));

  struct Option {
    std::size_t tariff;
    Choice choice;
    bool room;
    double rank;    // Less is better.
    Ppm share_end;  // Of a fixed split.
  };
  const std::int64_t today = floor_div(ms(now), 86'400'000);
  std::uint64_t taken = 0;
  for (std::size_t t = 0; t < shipper.tariffs.size(); ++t) {
    if (shipper.tariffs[t].tier == tier) taken += taken_[{n, today, t}];
  }
  std::vector<Option> options;
  double best_on_time = -1;
  std::vector<double> on_times;
  Ppm share_end = 0;
  for (std::size_t t = 0; t < shipper.tariffs.size(); ++t) {
    const Tariff& tariff = shipper.tariffs[t];
    if (tariff.tier != tier) continue;
    share_end += tariff.share;
    const Service& service = world_.services[index(tariff.service)];
    if (!offers_.allows(n, tariff, o.destination) || !offers_.serves(n, service, o.destination)) continue;
    Option option{t, planned(tariff.service), true, 0, share_end};
    option.room = shipper.overflow == Overflow::defer || option.choice.refusal == Cause::none;
    const Day tender = setting_.zone(world_.nodes[n].zone).local_day(std::min(option.choice.truck, end_));
    const int transit = offers_.band(service.published, n, service, o.destination).days;
    const auto price = static_cast<double>(offers_.cost(n, tariff.service, o.destination, o.size, tender));
    const auto list = static_cast<double>(offers_.cost(n, tariff.service, o.destination, 0, -1'000'000));
    double on_time = 1;
    if (shipper.prefers_reliable()) {
      const Day published = offers_.published(service, tender, transit);
      const Day target = offers_.published(service, tender, target_days);
      int shift = 60;
      while (moved(service.delivery, published, shift) > target) --shift;
      const bool regional = shipper.policy == CarrierPolicy::regional_reliability;
      const std::vector<double> come =
          shares(n, tariff.service, o.destination, regional ? -1 : weekday_of(world_.first_day_unix, tender),
                 is_strained(n, service.carrier, o.destination, now), now);
      const int cell = std::min(shift, 30) + 7;
      on_time = cell < 0 ? 0 : come[static_cast<std::size_t>(cell)];
    }
    constexpr double slow = 1e12;  // Behind all that are fast enough ...
    constexpr double over = 1e15;  // ... and within their caps.
    switch (shipper.policy) {
      case CarrierPolicy::fixed_split:
        break;
      case CarrierPolicy::diversified:
        if ((std::uint64_t{taken_[{n, today, t}]} + 1) * ppm_one > tariff.cap * (taken + 1)) option.rank = over;
        [[fallthrough]];
      case CarrierPolicy::cheapest_published:
        option.rank += transit <= target_days ? list : slow + transit;
        break;
      case CarrierPolicy::least_expected_cost:
        option.rank = price + static_cast<double>(shipper.late_penalty) * (1 - on_time);
        break;
      case CarrierPolicy::regional_reliability:
        option.rank = price;
        break;
    }
    options.push_back(option);
    on_times.push_back(on_time);
  }
  // Without room only where nothing has any.
  const bool any_room = std::any_of(options.begin(), options.end(), [](const Option& x) { return x.room; });
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].room || !any_room) best_on_time = std::max(best_on_time, on_times[i]);
  }
  const Ppm point = offers_.split_point(n, o.destination, tier, o.share_word);
  const Option* best = nullptr;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Option& option = options[i];
    if (any_room && !option.room) continue;
    if (shipper.policy == CarrierPolicy::regional_reliability &&
        on_times[i] < best_on_time - shipper.reliability_slack * 1e-6)
      continue;
    if (shipper.policy == CarrierPolicy::fixed_split) {
      best = &option;
      if (point < option.share_end) break;
    } else if (best == nullptr || option.rank < best->rank) {
      best = &option;
    }
  }
  Choice choice = best->choice;
  choice.tariff = best->tariff;
  if (shipper.overflow == Overflow::reroute && choice.refusal != Cause::none) {
    choice.truck = with_room(n, choice.pickup, choice.truck);
  }
  return choice;
}

bool Simulator::is_full(std::size_t n, std::size_t pickup, SimTime truck) const {
  const std::uint32_t cap = world_.nodes[n].pickups[pickup].pieces_per_day;
  if (cap == 0 || truck == never) return false;
  const auto found = booked_.find({n, pickup, truck});
  return ((found == booked_.end() ? 0 : found->second) + 1) * 1000 > setting_.milli(cap, ppm_one);
}

SimTime Simulator::with_room(std::size_t n, std::size_t pickup, SimTime truck) const {
  while (is_full(n, pickup, truck)) truck = first_from(offers_.pickups.at(n)[pickup], truck + SimDuration{1});
  return truck;
}

Day Simulator::moved(CalendarId calendar, Day day, int shift) const {
  if (shift >= 0) return setting_.open_day(calendar, day, shift);
  while (shift < 0) {
    --day;
    if (world_.is_open(calendar, day)) ++shift;
    if (day <= world_.calendar_from) break;
  }
  return day;
}

int Simulator::shift_of(const Piece& piece) const {
  const CalendarId calendar = world_.services[index(piece.facts.service)].delivery;
  int shift = -7;
  while (shift < 30 && moved(calendar, piece.facts.commit_day, shift) < piece.facts.delivered_day) ++shift;
  return shift;
}

bool Simulator::is_strained(std::size_t n, CarrierId carrier, DestinationId destination, SimTime now) const {
  const std::int64_t today = floor_div(ms(now), 86'400'000);
  std::uint64_t due = 0;
  std::uint64_t missing = 0;
  for (const Piece& piece : all_) {
    const Outcome& o = piece.facts;
    if (index(node_of(o.id)) != n || o.commit_day == no_day || o.commit_day < today - 9 || o.commit_day > today - 3)
      continue;
    if (world_.services[index(o.service)].carrier != carrier) continue;
    if (world_.destinations[index(o.destination)].region != world_.destinations[index(destination)].region) continue;
    ++due;
    if (piece.known_at >= now) ++missing;
  }
  const Shipper& shipper = world_.shippers[index(world_.nodes[n].shipper)];
  return due >= 10 && missing * ppm_one > due * shipper.learning.strained_above;
}

std::vector<double> Simulator::shares(std::size_t n, ServiceId service, DestinationId destination, int weekday,
                                      bool strained, SimTime now) const {
  const double weight = world_.shippers[index(world_.nodes[n].shipper)].learning.shrinkage * 1e-6;
  std::vector<double> shares(38, 0);
  std::fill(shares.begin() + 7, shares.end(), 1);
  for (const int group : weekday < 0 ? std::vector<int>{0, 4} : std::vector<int>{0, 1, 2, 3}) {
    std::vector<double> at(38, 0);
    double all = 0;
    for (const Piece& piece : all_) {
      const Outcome& o = piece.facts;
      if (index(node_of(o.id)) != n || piece.known_at >= now || o.service != service) continue;
      const bool same_region =
          world_.destinations[index(o.destination)].region == world_.destinations[index(destination)].region;
      if (group >= 1 && group <= 3 && piece.was_strained != strained) continue;
      if (group >= 2 && !same_region) continue;
      if (group == 3 && weekday_of(world_.first_day_unix, o.tender_day) != weekday) continue;
      ++all;
      const int cell = piece.shift + 7;
      ++at[static_cast<std::size_t>(cell)];
    }
    if (all == 0) continue;
    double come = 0;
    for (std::size_t i = 0; i < 38; ++i) {
      come += at[i];
      shares[i] = (come + weight * shares[i]) / (all + weight);
    }
  }
  return shares;
}

Day Simulator::promised(std::size_t n, const Service& service, ServiceId id, DestinationId destination, Day tender,
                        SimTime now) const {
  const PromiseRule& rule = world_.shippers[index(world_.nodes[n].shipper)].promise;
  const Day published =
      offers_.published(service, tender, offers_.band(service.published, n, service, destination).days);
  if (rule.kind == PromiseKind::published) return published;
  const bool strained = is_strained(n, service.carrier, destination, now);
  const std::vector<double> come = shares(n, id, destination, weekday_of(world_.first_day_unix, tender), strained, now);
  const auto day_of = [&](std::size_t i) { return moved(service.delivery, published, static_cast<int>(i) - 7); };
  std::size_t best = 0;
  if (rule.kind == PromiseKind::quantile) {
    const double wanted = level(n, now);
    while (best + 1 < come.size() && come[best] < wanted) ++best;
  } else {
    // Days that can be promised, each with the chance of coming later.
    std::map<Day, double> late;
    const Day first = std::max(day_of(0), tender);
    for (std::size_t i = 0; i < come.size(); ++i) late[std::max(day_of(i), first)] = std::max(0.0, 1 - come[i]);
    Day day = 0;
    double least = -1;
    for (const auto& [promise, later] : late) {
      double cost = later;
      if (rule.late_cost_per_day) {
        // Every calendar day after this one on which it has not come.
        cost = 0;
        for (auto on = late.find(promise); std::next(on) != late.end(); ++on) {
          cost += (std::next(on)->first - on->first) * on->second;
        }
      }
      const double sum =
          static_cast<double>(rule.day_cost) * (promise - first) + static_cast<double>(rule.late_cost) * cost;
      // Sums in another order than the engine's: what differs by rounding alone is equal.
      if (least < 0 || sum < least - 1e-7) {
        day = promise;
        least = sum;
      }
    }
    return setting_.open_day(service.delivery, day, 0);
  }
  return setting_.open_day(service.delivery, std::max(day_of(best), tender), 0);
}

double Simulator::level(std::size_t n, SimTime now) const {
  const PromiseRule& rule = world_.shippers[index(world_.nodes[n].shipper)].promise;
  if (!rule.conformal) return rule.quantile * 1e-6;
  const double allowed = 1 - rule.quantile * 1e-6;
  double alpha = allowed;
  for (Day day = 0; day + 3 <= floor_div(ms(now), 86'400'000); ++day) {
    // What was known at the beginning of the hour in which the day was judged: orders come every hour until they end,
    // and given ones when they do.
    SimTime judged = never;
    for (const Piece& piece : all_) {
      if (index(node_of(piece.facts.id)) != n) continue;
      const SimTime hour = day_zero + hours(hour_of(piece.facts.id));
      if (hour >= day_zero + days(day + 3)) judged = std::min(judged, hour);
    }
    if (draws_orders(n)) judged = day_zero + days(day + 3);
    judged = std::min(judged, now);
    std::uint32_t promises = 0;
    std::uint32_t kept = 0;
    for (const Piece& piece : all_) {
      const Outcome& o = piece.facts;
      if (index(node_of(o.id)) != n || !piece.promise_counts || o.promise_day != day) continue;
      if (day_zero + hours(hour_of(o.id)) >= judged) continue;
      ++promises;
      if (piece.known_at < judged && o.delivered_day <= o.promise_day) ++kept;
    }
    if (promises == 0) continue;
    alpha += rule.step * 1e-6 * (allowed - (1 - static_cast<double>(kept) / static_cast<double>(promises)));
  }
  return std::clamp(1 - alpha, 0.5, 1.0);
}

}  // namespace peakstorm::test::plain
