#include "engine/flow/ship_node.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "engine/check.hpp"
#include "engine/geo.hpp"
#include "engine/portable_math.hpp"
#include "engine/promise/carrier_choice.hpp"

namespace peakstorm::flow {
namespace {

std::uint16_t hour_index(SimTime at) {
  return static_cast<std::uint16_t>((at - day_zero) / hours(1));
}

Day utc_day(SimTime at) {
  return static_cast<Day>(floor_div(at.time_since_epoch().count(), days(1).count()));
}

}  // namespace

NodeProcess::NodeProcess(const Context& context, ShipNodeId id)
    : context_(context),
      id_(id),
      node_(context.world.nodes[index(id)]),
      shipper_(context.world.shippers[index(node_.shipper)]),
      place_(context.world.place(id)),
      zone_(context.zone(node_.zone)),
      effects_(context.field.node(id)),
      rides_along_(context.is_companions(id)),
      known_as_(context.companions == nullptr ? node_.shipper : context.companions->known_as(node_.shipper)),
      loads_(context.end) {
  const World& world = context.world;
  homes_.push_back(home_of(id));
  if (Sourcing::is_needed(world, node_.shipper)) {
    sourcing_.emplace(context, node_.shipper);
    for (std::size_t n = 0; n < world.nodes.size(); ++n) {
      const ShipNodeId other{static_cast<std::uint16_t>(n)};
      if (other != id && world.nodes[n].shipper == node_.shipper) homes_.push_back(home_of(other));
    }
  }
  tiers_ = AliasTable(std::vector<std::uint64_t>(shipper_.tiers.begin(), shipper_.tiers.end()));
  std::vector<std::uint64_t> sizes;
  for (const SizeClass& size : world.sizes) sizes.push_back(size.share);
  sizes_ = AliasTable(sizes);
  for (const GivenOrder& order : world.orders) {
    if (world.nodes[index(order.node)].shipper == node_.shipper) draws_orders_ = false;
  }
  for (const Pickup& pickup : node_.pickups) {
    Collection collection;
    const Carrier& carrier = world.carriers[index(pickup.carrier)];
    collection.times = network::daily(world, node_.zone, carrier.pickup, pickup.time, day_zero, context.end);
    has_areas_ = has_areas_ || pickup.skips_zones();
    const Facility& target = world.facilities[index(pickup.facility)];
    collection.km = static_cast<std::uint64_t>(std::llround(great_circle_km(node_.position, target.position)));
    collection.assigned.resize(collection.times.size() + 1);
    if (shipper_.overflow != Overflow::wait) collection.booked.resize(collection.times.size());
    collections_.push_back(std::move(collection));
  }
  const auto midnights = static_cast<std::size_t>(world.day_count + world.drain_days) + 1;
  injected_.assign(world.carriers.size(), MidnightCount(midnights));
  if (shipper_.learns()) learned_.emplace(world, shipper_.learning);
  if (shipper_.promise.kind == PromiseKind::quantile) level_.emplace(shipper_.promise);
}

NodeProcess::Home NodeProcess::home_of(ShipNodeId id) const {
  const World& world = context_.world;
  const ShipNode& node = world.nodes[index(id)];
  Home home;
  home.id = id;
  for (std::size_t z = 0; z < world.zones.size(); ++z) {
    ZoneDemand demand;
    demand.zone = ZoneId{static_cast<std::uint8_t>(z)};
    std::vector<std::uint64_t> weights;
    for (std::size_t d = 0; d < world.destinations.size(); ++d) {
      if (index(world.destinations[d].zone) != z || node.demand[d] == 0) continue;
      demand.destinations.push_back(DestinationId{static_cast<std::uint16_t>(d)});
    }
    // By name, so that the draw that picks a destination does not depend on the order of rows.
    std::sort(demand.destinations.begin(), demand.destinations.end(), [&](DestinationId a, DestinationId b) {
      return world.destinations[index(a)].name < world.destinations[index(b)].name;
    });
    for (const DestinationId d : demand.destinations) weights.push_back(node.demand[index(d)]);
    if (weights.empty()) continue;
    double sum = 0;
    for (const std::uint64_t weight : weights) sum += static_cast<double>(weight);
    demand.share = sum / context_.shipper_demand[index(node.shipper)];
    demand.pick = AliasTable(weights);
    home.demand.push_back(std::move(demand));
  }
  std::sort(home.demand.begin(), home.demand.end(), [&](const ZoneDemand& a, const ZoneDemand& b) {
    return context_.zone(a.zone).name < context_.zone(b.zone).name;
  });
  for (const GivenOrder& order : world.orders) {
    if (order.node == id) home.given.push_back(order);
  }
  return home;
}

std::optional<std::uint16_t> NodeProcess::next_given_hour() const {
  std::optional<std::uint16_t> next;
  for (const Home& home : homes_) {
    if (home.next_given == home.given.size()) continue;
    const std::uint16_t hour = hour_index(home.given[home.next_given].at);
    next = std::min(next.value_or(hour), hour);
  }
  return next;
}

std::vector<std::pair<SimTime, Payload>> NodeProcess::first_events() const {
  std::vector<std::pair<SimTime, Payload>> events;
  if (draws_orders_) {
    events.emplace_back(day_zero, to_self(Happening::orders));
  } else if (const auto hour = next_given_hour()) {
    events.emplace_back(day_zero + hours(*hour), to_self(Happening::orders));
  }
  for (std::size_t p = 0; p < collections_.size(); ++p) {
    if (collections_[p].times.size() > 0) {
      events.emplace_back(collections_[p].times[0], to_self(Happening::pickup, static_cast<std::uint32_t>(p)));
    }
  }
  return events;
}

SimDuration NodeProcess::lookahead() const {
  SimDuration least = days(1);
  for (const Pickup& pickup : node_.pickups) least = std::min(least, pickup.drive);
  return least;
}

PlaceLoad NodeProcess::load() const {
  return {0, static_cast<std::uint32_t>(waiting_), 0};
}

PlaceDay& NodeProcess::day(SimTime now) {
  const Day day = utc_day(now);
  if (place_days_.empty() || place_days_.back().day != day) place_days_.push_back({.place = place_, .day = day});
  return place_days_.back();
}

void NodeProcess::handle(const Event& event, Outbox& outbox, Ledger& ledger) {
  const SimTime now = event.at;
  loads_.advance(now, load());
  if (event.payload.happening == Happening::pickup) {
    collect(now, event.payload.which, outbox, ledger);
    return;
  }
  if (event.payload.happening == Happening::news) {
    take_news(event);
    return;
  }
  PEAKSTORM_CHECK(event.payload.happening == Happening::orders, event.payload.happening);
  take_orders(now, ledger);
  const kernel::LpId self = event.target;
  SimTime next = now + hours(1);
  if (!draws_orders_) {
    const auto hour = next_given_hour();
    if (!hour) return;
    next = day_zero + hours(*hour);
  } else if (next >= day_zero + days(context_.world.day_count)) {
    return;  // Given orders go on: west of Greenwich the last local day ends after the last UTC day.
  }
  outbox.send(self, next, to_self(Happening::orders), priority_of(Happening::orders));
}

double NodeProcess::hourly_mean(const ZoneDemand& demand, SimTime hour) const {
  const World& world = context_.world;
  const TimeZone& zone = context_.zone(demand.zone);
  const Day local_day = zone.local_day(hour);
  const auto local_hour = static_cast<std::size_t>(zone.time_of_day(hour) / hours(1));
  const auto weekday = static_cast<std::size_t>(weekday_of(world.first_day_unix, local_day));
  const auto last = world.day_count - 1;
  const auto season_day = static_cast<std::size_t>(std::clamp(local_day, 0, last));
  const auto utc_day = static_cast<std::size_t>((hour - day_zero) / days(1));
  const double season = shipper_.season.empty() ? 1.0 : shipper_.season[season_day] * 1e-6;
  return shipper_.orders_per_day * context_.scale * demand.share * season * (shipper_.hours[local_hour] * 1e-6 / 24) *
         (shipper_.weekdays[weekday] * 1e-6) * context_.day_factor[index(node_.shipper)][utc_day];
}

void NodeProcess::take_orders(SimTime now, Ledger& ledger) {
  if (taken_day_ != utc_day(now)) {
    taken_day_ = utc_day(now);
    taken_.assign(shipper_.chooses_statelessly() ? 0 : shipper_.tariffs.size(), 0);
  }
  if (level_) level_->judge(utc_day(now));
  if (sourcing_) {
    share_orders(now, ledger);
  } else {
    draw_orders(homes_.front(), now, [&](const OrderDraft& draft) { accept(draft, now, ledger); });
  }
}

void NodeProcess::share_orders(SimTime now, Ledger& ledger) {
  struct Shared {
    OrderDraft draft;
    ShipNodeId home{};
    std::uint64_t key = 0;
  };
  std::vector<Shared> orders;
  for (Home& home : homes_) {
    draw_orders(home, now, [&](const OrderDraft& draft) {
      orders.push_back({draft, home.id, context_.key(draft.id)});
    });
  }
  std::sort(orders.begin(), orders.end(),
            [](const Shared& a, const Shared& b) { return std::tie(a.draft.at, a.key) < std::tie(b.draft.at, b.key); });
  for (Shared& order : orders) {
    OrderDraft& draft = order.draft;
    const Sourcing::Choice choice =
        sourcing_->take({draft.at, order.home, draft.destination, draft.tier, draft.size, draft.share_word});
    // What nobody has is declined where it would have come from.
    if (choice.node.value_or(order.home) != id_) continue;
    draft.second_choice = choice.second_choice;
    draft.out_of_stock = !choice.node;
    accept(draft, now, ledger);
  }
}

template <class Take>
void NodeProcess::draw_orders(Home& home, SimTime now, const Take& take) {
  const std::uint16_t hour = hour_index(now);
  std::uint32_t serial = 0;
  if (!draws_orders_) {
    for (; home.next_given < home.given.size() && home.given[home.next_given].at < now + hours(1); ++home.next_given) {
      const GivenOrder& order = home.given[home.next_given];
      take({make_parcel_id(home.id, hour, serial++), order.at, order.destination, order.tier, order.size, 0,
            order.promise_day});
    }
    return;
  }
  const std::string& name = context_.world.nodes[index(home.id)].name;
  for (const ZoneDemand& demand : home.demand) {
    // Of the areas met from here: a surge elsewhere must not touch the draws.
    const double surge = context_.field.demand_max(known_as_, demand.destinations, now);
    const double mean = hourly_mean(demand, now) * surge;
    const std::uint64_t zone_hour = hash64(hash64(hash64(name), hash64(context_.zone(demand.zone).name)), hour);
    const std::uint64_t count = poisson(context_.draw_key, Purpose::order_count, zone_hour, mean);
    PEAKSTORM_CHECK(count + serial < std::numeric_limits<std::uint32_t>::max(), count, name);
    for (std::uint64_t i = 0; i < count; ++i) {
      const ParcelId id = make_parcel_id(home.id, hour, serial++);
      const std::uint64_t key = context_.key(id);
      const Draws draws(context_.draw_key, Purpose::order, key, 0);
      const DestinationId destination = demand.destinations[demand.pick.pick(draws.word(1))];
      if (surge != 1) {
        // Candidates come at the surge of the busiest area; the others keep their share of them.
        const double keep = context_.field.demand(known_as_, destination, now) / surge;
        if (Draws(context_.draw_key, Purpose::order, key, 2).unit(0) >= keep) continue;
      }
      const Draws more(context_.draw_key, Purpose::order, key, 1);
      const SimTime at = now + SimDuration{draws.below(0, 3'600'000)};
      take({id, at, destination, static_cast<Tier>(tiers_.pick(draws.word(2))),
            static_cast<std::uint8_t>(sizes_.pick(more.word(0))), draws.word(3), no_day, draws.word(2)});
    }
  }
}

NodeProcess::Occasion NodeProcess::pickup_after(CarrierId carrier, DestinationId destination, SimTime ready) const {
  Occasion best;
  SimTime earliest = never;
  bool found = false;
  const auto consider = [&](std::size_t p) {
    const network::Timetable& times = collections_[p].times;
    const std::size_t i = times.first_at_or_after(ready);
    const SimTime at = i < times.size() ? times[i] : never;
    if (!found || at < earliest) {
      best = {p, i};
      earliest = at;
      found = true;
    }
  };
  if (has_areas_) {
    for_each_pickup(context_.world, node_, carrier, destination, consider);
  } else {
    for (std::size_t p = 0; p < node_.pickups.size(); ++p) {
      if (node_.pickups[p].carrier == carrier) consider(p);
    }
  }
  PEAKSTORM_CHECK(found, node_.name, context_.world.carriers[index(carrier)].name);
  return best;
}

Day NodeProcess::day_of(const Occasion& occasion) const {
  const network::Timetable& times = collections_[occasion.pickup].times;
  return zone_.local_day(occasion.visit < times.size() ? times[occasion.visit] : context_.end);
}

bool NodeProcess::is_full(const Occasion& occasion) const {
  const std::vector<std::uint32_t>& booked = collections_[occasion.pickup].booked;
  const std::uint32_t cap = node_.pickups[occasion.pickup].pieces_per_day;
  return cap > 0 && occasion.visit < booked.size() &&
         (std::int64_t{booked[occasion.visit]} + 1) * 1000 > context_.scaled_milli(cap, ppm_one);
}

NodeProcess::Occasion NodeProcess::with_room(Occasion occasion) const {
  while (is_full(occasion)) ++occasion.visit;
  return occasion;
}

Cause NodeProcess::refusal(CarrierId carrier, DestinationId destination, const Occasion& occasion, SimTime now) const {
  if (shipper_.overflow == Overflow::wait) return Cause::none;
  if (context_.field.embargoed(carrier, id_, destination, now)) return Cause::embargo;
  return is_full(occasion) ? Cause::pickup_cap : Cause::none;
}

double NodeProcess::on_time(ServiceId id, DestinationId destination, Tier tier, Day tender, SimTime now) const {
  const World& world = context_.world;
  const Service& service = context_.service(id);
  const Day published = promise::published_day(world, service, tender, context_.tariffs.days(id_, id, destination));
  const Day target =
      promise::published_day(world, service, tender, shipper_.target_days[static_cast<std::size_t>(tier)]);
  const promise::ShiftShares known = shipper_.policy == CarrierPolicy::regional_reliability
                                         ? learned_->regional_shares(id, region_of(destination))
                                         : shares(id, destination, tender, now);
  return promise::share_by(known, promise::shift_by(world, service.delivery, published, target));
}

promise::ShiftShares NodeProcess::shares(ServiceId service, DestinationId destination, Day tender, SimTime now) const {
  const RegionId region = region_of(destination);
  return learned_->shares(service, region, weekday_of(context_.world.first_day_unix, tender),
                          learned_->strained(context_.service(service).carrier, region, utc_day(now)));
}

Day NodeProcess::quote(const Choice& choice, DestinationId destination, Day order_day, SimTime now) const {
  const World& world = context_.world;
  const Service& service = context_.service(choice.service);
  const int transit = context_.tariffs.days(id_, choice.service, destination);
  const PromiseRule& rule = shipper_.promise;
  const Day day =
      rule.kind == PromiseKind::published
          ? promise::published_day(world, service, choice.tender, transit)
          : promise::rule_day(world, rule, service, choice.tender, transit,
                              shares(choice.service, destination, choice.tender, now), level_ ? level_->level() : 0);
  return promise::add_open_days(world, service.delivery, day,
                                shipper_.buffer_days + promise::hedge_days(rule, order_day));
}

Tier NodeProcess::preferred_tier(const OrderDraft& draft, Day order_day, SimTime packed, SimTime now) const {
  std::array<double, tier_count> odds{};
  double sum = 0;
  for (std::size_t t = 0; t < tier_count; ++t) {
    if (shipper_.tiers[t] > 0) {
      const Day promised = quote(choose(draft, static_cast<Tier>(t), packed, now), draft.destination, order_day, now);
      const double days_more = promised - order_day - shipper_.target_days[t];
      const double dollars = static_cast<double>(shipper_.tier_fees[t]) / 100;
      odds[t] = shipper_.tiers[t] * portable_exp(-shipper_.day_weight * days_more - shipper_.fee_weight * dollars);
    }
    sum += odds[t];
  }
  double point = static_cast<double>(*draft.tier_word) / 4294967296.0 * sum;
  Tier chosen = draft.tier;
  for (std::size_t t = 0; t < tier_count; ++t) {
    if (odds[t] <= 0) continue;
    chosen = static_cast<Tier>(t);
    if (point < odds[t]) break;
    point -= odds[t];
  }
  return chosen;
}

NodeProcess::Choice NodeProcess::choose(const OrderDraft& draft, Tier tier, SimTime packed, SimTime now) const {
  const auto planned_for = [&](ServiceId service) {
    Choice choice;
    choice.service = service;
    const CarrierId carrier = context_.service(service).carrier;
    choice.planned = pickup_after(carrier, draft.destination, packed);
    choice.refusal = refusal(carrier, draft.destination, choice.planned, now);
    if (shipper_.overflow == Overflow::defer) choice.planned = with_room(choice.planned);
    choice.tender = day_of(choice.planned);
    return choice;
  };
  if (shipper_.chooses_statelessly()) {
    return planned_for(context_.tariffs.choose(shipper_, id_, draft.destination, tier, draft.share_word));
  }
  std::vector<promise::Candidate> candidates;
  std::vector<Choice> choices;
  std::uint64_t taken = 0;
  Ppm share_ends = 0;
  for (std::size_t t = 0; t < shipper_.tariffs.size(); ++t) {
    const Tariff& tariff = shipper_.tariffs[t];
    if (tariff.tier != tier) continue;
    share_ends += tariff.share;
    taken += taken_[t];
    if (!context_.tariffs.serves(id_, tariff, draft.destination)) continue;
    choices.push_back(planned_for(tariff.service));
    Choice& choice = choices.back();
    choice.tariff = t;
    promise::Candidate c;
    c.service = tariff.service;
    c.share_ends = share_ends;
    c.has_room = shipper_.overflow == Overflow::defer || choice.refusal == Cause::none;
    c.price = context_.tariffs.cost(id_, tariff.service, draft.destination, draft.size, choice.tender);
    c.list_price = context_.tariffs.cost(id_, tariff.service, draft.destination, 0, std::numeric_limits<Day>::min());
    c.days = context_.tariffs.days(id_, tariff.service, draft.destination);
    c.meets = c.days <= shipper_.target_days[static_cast<std::size_t>(tier)];
    if (shipper_.prefers_reliable()) {
      c.on_time = on_time(tariff.service, draft.destination, tier, choice.tender, now);
    }
    candidates.push_back(c);
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::size_t t = choices[i].tariff;
    candidates[i].within_cap = (std::uint64_t{taken_[t]} + 1) * ppm_one <= shipper_.tariffs[t].cap * (taken + 1);
  }
  const Ppm point = context_.tariffs.split_point(shipper_, id_, draft.destination, tier, draft.share_word);
  Choice choice = choices[promise::pick(shipper_, candidates, point)];
  if (shipper_.overflow == Overflow::reroute && choice.refusal != Cause::none) {
    choice.planned = with_room(choice.planned);
    choice.tender = day_of(choice.planned);
  }
  return choice;
}

void NodeProcess::take_news(const Event& event) {
  const auto report = adopt(event);
  for (const promise::Delivered& delivered : report->news) {
    learned_->learn(delivered);
    if (level_) level_->learn(delivered);
  }
}

void NodeProcess::accept(const OrderDraft& draft, SimTime now, Ledger& ledger) {
  const World& world = context_.world;
  const std::uint64_t key = context_.key(draft.id);
  const Draws draws(context_.draw_key, Purpose::handling, key);
  const TimeZone& there = context_.zone_of(draft.destination);
  const SimTime begins = work_begins(world, node_, draft.at);
  const auto spread = static_cast<std::uint64_t>((node_.handling_max - node_.handling_min).count()) + 1;
  const SimTime ready = begins + node_.handling_min +
                        SimDuration{static_cast<std::int64_t>((std::uint64_t{draws.word(0)} * spread) >> 32U)};
  const SimTime packed = begins + node_.handling_max;

  const Day order_day = there.local_day(draft.at);
  Tier tier = draft.tier;
  if (shipper_.tier_choice && draft.tier_word) tier = preferred_tier(draft, order_day, packed, now);
  Choice choice = choose(draft, tier, packed, now);
  Parcel parcel;
  parcel.id = draft.id;
  parcel.destination = draft.destination;
  parcel.size = draft.size;
  parcel.order_day = stored_day(order_day);
  const bool is_retail = shipper_.role == ShipperRole::retailer;
  Day promised = draft.promise_day;
  if (is_retail && draft.promise_day == no_day) {
    promised = quote(choice, draft.destination, order_day, now);
    const Guarantee* guarantee =
        promise::applicable_guarantee(shipper_, order_day, there.time_of_day(draft.at), promised);
    if (guarantee != nullptr) {
      tier = guarantee->upgrade_to;
      choice = choose(draft, tier, packed, now);
      promised = std::min(quote(choice, draft.destination, order_day, now), guarantee->date);
    }
  }
  if (!taken_.empty()) ++taken_[choice.tariff];
  const CarrierId carrier = context_.service(choice.service).carrier;
  parcel.service = choice.service;
  if (rides_along_) parcel.set(Parcel::companion);
  LedgerCounts& counts = ledger.counts_of(parcel);
  ++orders_;
  ++counts.parcels;
  const Cause refused = draft.out_of_stock                       ? Cause::out_of_stock
                        : shipper_.overflow == Overflow::decline ? choice.refusal
                                                                 : Cause::none;
  if (refused != Cause::none) {
    parcel.cause = refused;
    parcel.culprit = place_;
    ++cancelled_;
    ledger.outcome(parcel, Fate::cancelled, std::min(draft.at, context_.end), never);
    return;
  }
  if (is_retail) {
    parcel.set(Parcel::tracked);
    parcel.promise_day = stored_day(promised);
    parcel.revised_day = parcel.promise_day;
    ++counts.tracked;
  }
  if (learned_ && learned_->strained(carrier, region_of(draft.destination), utc_day(now))) parcel.set(Parcel::strained);
  if (draws.happens(1, world.carriers[index(carrier)].bad_address)) parcel.set(Parcel::bad_address);
  if ((context_.streams || rides_along_) && is_retail) {
    ledger.facts({draft.id, draft.at, id_, node_.shipper, choice.service, draft.destination, tier, draft.size,
                  parcel.promise_day, shipper_.window_from, shipper_.window_to,
                  context_.tariffs.cost(id_, choice.service, draft.destination, draft.size, choice.tender),
                  draft.second_choice});
  }
  ledger.scan(parcel, ScanKind::label_created, place_, ready, parcel.promise_day);

  // Who books keeps to it: the truck that the promise counts on has room for it.
  Collection& booked = collections_[choice.planned.pickup];
  const bool books = choice.planned.visit < booked.booked.size();
  if (books) ++booked.booked[choice.planned.visit];
  const Occasion occasion = books ? choice.planned : pickup_after(carrier, draft.destination, ready);
  Collection& collection = collections_[occasion.pickup];
  if (draws.happens(2, shipper_.cancelled)) {
    const SimTime pickup =
        occasion.visit < collection.times.size() ? collection.times[occasion.visit] : ready + hours(2);
    const SimTime at = ready + (pickup - ready) / 2;
    ledger.scan(parcel, ScanKind::cancelled, place_, at);
    ++cancelled_;
    ledger.outcome(parcel, Fate::cancelled, std::min(at, context_.end), never);
    return;
  }
  if (level_) level_->promised(parcel.promise_day);
  ++waiting_;
  collection.assigned[occasion.visit].push_back(parcel);
}

void NodeProcess::collect(SimTime now, std::size_t which, Outbox& outbox, Ledger& ledger) {
  const World& world = context_.world;
  Collection& collection = collections_[which];
  const Pickup& pickup = node_.pickups[which];
  const std::size_t occasion = collection.times.first_at_or_after(now);
  if (occasion + 1 < collection.times.size()) {
    outbox.send(kernel::LpId{static_cast<std::uint32_t>(world.facilities.size() + index(id_))},
                collection.times[occasion + 1], to_self(Happening::pickup, static_cast<std::uint32_t>(which)),
                priority_of(Happening::pickup));
  }
  Chain<Parcel>& fresh = collection.assigned[occasion];
  if (collection.backlog.empty() && fresh.empty()) return;

  const bool closed = effects_.at(now).closed;
  const bool capped = pickup.pieces_per_day > 0;
  if (capped) collection.cap.open({context_.scaled_milli(pickup.pieces_per_day, ppm_one), 0, 0}, context_.hard_limits);
  auto container = std::make_unique<Container>();
  container->boarded = now;
  std::vector<Collection::Refused> left;
  const Day today = zone_.local_day(now);
  std::uint64_t excess_minutes = 0;
  std::uint64_t measured_g = 0;
  const auto hand_over = [&](Parcel& parcel, SimTime planned) {
    Cause refusal = Cause::none;
    if (closed) {
      refusal = Cause::closure;
    } else if (context_.field.embargoed(pickup.carrier, id_, parcel.destination, now)) {
      refusal = Cause::embargo;
    } else if (capped && !collection.cap.take(0, 0)) {
      refusal = Cause::pickup_cap;
    }
    if (refusal != Cause::none) {
      if (parcel.cause == Cause::none) parcel.cause = refusal;  // Remembered until the wait is known.
      left.push_back({parcel, planned});
      return;
    }
    if (planned < now) {
      const Cause why = parcel.cause == Cause::none ? Cause::own_handling : parcel.cause;
      parcel.blame(place_, why, to_minutes(now - planned));
      if (why == Cause::closure) parcel.set(Parcel::weather);
      excess_minutes += static_cast<std::uint64_t>(to_minutes(now - planned));
    }
    parcel.tender_day = stored_day(today);
    parcel.commit_day =
        stored_day(promise::published_day(world, context_.service(parcel.service), today,
                                          context_.tariffs.days(id_, parcel.service, parcel.destination)));
    if (learned_) learned_->tendered(pickup.carrier, region_of(parcel.destination), parcel.commit_day);
    if (context_.is_measured(parcel)) measured_g += world.sizes[parcel.size].weight_g;
    ledger.scan(parcel, ScanKind::accepted, place_, now, parcel.commit_day);
    container->parcels.push_back(parcel);
  };
  for (Collection::Refused& entry : collection.backlog) hand_over(entry.parcel, entry.planned);
  fresh.consume([&](Parcel& parcel) { hand_over(parcel, now); });
  collection.backlog = std::move(left);
  PlaceDay& counts = day(now);
  const auto pieces = static_cast<std::uint32_t>(container->parcels.size());
  counts.departed += pieces;
  counts.rollovers += static_cast<std::uint32_t>(collection.backlog.size());
  counts.excess_minutes =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(counts.excess_minutes + excess_minutes, UINT32_MAX));
  if (pieces == 0) return;
  waiting_ -= pieces;
  tendered_ += pieces;
  injected_[index(pickup.carrier)].add(now, pieces);
  if (measured_g > 0) {
    ledger.counts_of(container->parcels.front()).legs[index(pickup.carrier)].road_g_km += measured_g * collection.km;
  }
  const disruption::EffectSteps& hub = context_.field.facility(pickup.facility);
  const SimTime there = now + slowed(pickup.drive, std::min(effects_.at(now).speed, hub.at(now).speed));
  const bool weather = effects_.at(now).weather || hub.at(now).weather;
  container->due = now + pickup.drive;
  container->there = there;
  if (weather && there > container->due) {
    container->parcels.for_each([](Parcel& parcel) { parcel.set(Parcel::weather); });
  }
  outbox.send(kernel::LpId{static_cast<std::uint32_t>(pickup.facility)}, context_.gate(pickup.facility, there),
              {container.release(), from_pickup, Happening::arrival}, priority_of(Happening::arrival));
}

void NodeProcess::close(SimTime end, Ledger& ledger) {
  loads_.advance(end, load());
  std::uint64_t left = 0;
  for (Collection& collection : collections_) {
    for (Chain<Parcel>& parcels : collection.assigned) {
      parcels.consume([&](Parcel& parcel) {
        ledger.outcome(parcel, Fate::inside, end, never);
        ++left;
      });
    }
    for (Collection::Refused& entry : collection.backlog) {
      const Cause why = entry.parcel.cause;
      entry.parcel.blame(place_, why, to_minutes(end - entry.planned));
      ledger.outcome(entry.parcel, Fate::inside, end, never);
      ++left;
    }
    collection.backlog.clear();
  }
  PEAKSTORM_CHECK(orders_ == cancelled_ + tendered_ + left, orders_, cancelled_, tendered_, left, node_.name);
}

}  // namespace peakstorm::flow
