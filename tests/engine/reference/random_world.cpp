#include "tests/engine/reference/random_world.hpp"

#include <algorithm>
#include <random>
#include <string>

#include "engine/random.hpp"

namespace peakstorm::test {
namespace {

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(hash64(seed, 7)) {}

  World make() {
    w_.name = "random";
    w_.first_day_unix = days_from_epoch(10'000, 20'000) * 86'400;
    w_.day_count = static_cast<Day>(between(2, 5));
    w_.drain_days = static_cast<Day>(between(chance(20) ? 0 : 2, 9));
    w_.measure_from = static_cast<Day>(between(0, 2));
    w_.measure_to = w_.day_count;
    w_.calendar_from = -30;
    w_.seed = random_();
    zones();
    calendars();
    w_.regions = {{"R"}};
    destinations();
    const std::size_t carriers = between(1, 3);
    for (std::size_t c = 0; c < carriers; ++c) carrier(c);
    for (std::size_t c = 0; c < carriers; ++c) coverage(c);
    capacity();
    sizes();
    const std::size_t shippers = between(1, 2);
    for (std::size_t s = 0; s < shippers; ++s) shipper(s);
    for (std::size_t s = 0; s < shippers; ++s) {
      const std::size_t nodes = between(1, 2);
      for (std::size_t n = 0; n < nodes; ++n) node(s);
    }
    given_orders();
    disruptions();
    w_.shopper.enabled = chance(10);
    // Last, so that the worlds of these seeds are otherwise what they were before there were such decisions.
    for (Shipper& shipper : w_.shippers) decisions(shipper);
    // What is learned and judged needs more days than the rest.
    const bool learns =
        std::any_of(w_.shippers.begin(), w_.shippers.end(), [](const Shipper& s) { return s.learns(); });
    if (learns && chance(25)) {
      w_.day_count = w_.measure_to = 16;
      for (Shipper& shipper : w_.shippers) {
        if (!shipper.season.empty()) shipper.season.resize(16, ppm_one);
      }
    }
    bars();
    return std::move(w_);
  }

 private:
  std::size_t between(std::size_t least, std::size_t most) { return least + random_() % (most - least + 1); }
  bool chance(std::size_t percent) { return random_() % 100 < percent; }
  std::int64_t days_from_epoch(std::size_t least, std::size_t most) {
    return static_cast<std::int64_t>(between(least, most));
  }
  SimDuration minutes_between(std::size_t least, std::size_t most) {
    return minutes(static_cast<std::int64_t>(between(least, most)));
  }
  SimDuration tens(std::size_t least, std::size_t most) { return minutes_between(least, most) * 10; }
  SimDuration odd(SimDuration length) { return length + SimDuration{static_cast<std::int64_t>(between(1, 59'999))}; }
  /// 0 often, else up to `most` percent.
  Ppm rarely(std::size_t most) { return chance(50) ? 0 : static_cast<Ppm>(between(1, most) * 10'000); }
  template <class Id>
  Id any(std::size_t count) {
    return static_cast<Id>(between(0, count - 1));
  }
  std::string name(const char* kind) {
    return kind + std::to_string(random_() % 100'000) + "-" + std::to_string(++names_);
  }

  void zones() {
    const std::size_t count = between(1, 3);
    for (std::size_t z = 0; z < count; ++z) {
      TimeZone zone;
      zone.name = name("zone");
      SimDuration offset = minutes(30) * (static_cast<std::int64_t>(between(0, 48)) - 22);  // -11:00 to +13:00
      zone.spans.push_back({SimTime::min(), offset});
      SimTime at = day_zero;
      for (std::size_t changes = between(0, 2); changes > 0; --changes) {
        at += tens(1, 6 * 24 * 4);
        offset += minutes(chance(80) ? 60 : 30) * (chance(50) ? 1 : -1);
        zone.spans.push_back({at, offset});
      }
      w_.zones.push_back(zone);
    }
  }

  void calendars() {
    w_.calendars.push_back({"daily", std::vector<bool>(600, true)});
    const std::size_t count = between(1, 3);
    for (std::size_t c = 0; c < count; ++c) {
      Calendar calendar{name("calendar"), std::vector<bool>(600, true)};
      const std::size_t closed = between(10, 60);
      for (std::size_t day = 0; day < 599; ++day) calendar.open[day] = !chance(closed);
      w_.calendars.push_back(calendar);
    }
  }
  CalendarId calendar() { return chance(40) ? CalendarId{0} : any<CalendarId>(w_.calendars.size()); }

  Position position() { return {static_cast<double>(between(30, 45)), -static_cast<double>(between(80, 110))}; }

  void destinations() {
    const std::size_t count = between(1, 5);
    for (std::size_t d = 0; d < count; ++d) {
      w_.destinations.push_back({name("D"), RegionId{0}, any<ZoneId>(w_.zones.size()), position(), between(1, 100)});
    }
  }

  void carrier(std::size_t c) {
    Carrier carrier;
    carrier.name = name("carrier");
    carrier.pickup = calendar();
    carrier.first_attempt_success = static_cast<Ppm>(between(50, 100) * 10'000);
    carrier.bad_address = rarely(10);
    carrier.attempts_max = static_cast<std::uint8_t>(between(1, 3));
    carrier.held_for_pickup = static_cast<Ppm>(between(0, 100) * 10'000);
    carrier.missort = rarely(15);
    carrier.loss = rarely(5);
    carrier.damage = rarely(10);
    carrier.held = rarely(10);
    carrier.held_minutes = static_cast<std::uint32_t>(between(0, 2 * 24 * 60));
    carrier.missed_scan = rarely(10);
    carrier.late_scan = rarely(10);
    carrier.late_scan_minutes = static_cast<std::uint32_t>(between(1, 600));
    carrier.false_delivery = rarely(20);
    carrier.replan_after = chance(20) ? SimDuration{} : tens(0, 36);
    w_.carriers.push_back(carrier);
    const CarrierId id{static_cast<std::uint8_t>(c)};

    const std::size_t hubs = between(1, 2);
    const std::size_t depots = between(1, 2);
    const std::size_t first = w_.facilities.size();
    for (std::size_t f = 0; f < hubs + depots; ++f) facility(id, f < hubs);
    for (std::size_t a = 0; a < hubs; ++a) {
      for (std::size_t b = 0; b < hubs; ++b) {
        if (a == b) continue;
        lane(first + a, first + b, Mode::road);
        if (chance(50)) lane(first + a, first + b, Mode::air);
      }
    }
    for (std::size_t d = 0; d < depots; ++d) {
      const std::size_t depot = first + hubs + d;
      const std::size_t home = first + between(0, hubs - 1);
      lane(home, depot, Mode::road);
      lane(depot, home, Mode::road);
      for (std::size_t h = 0; h < hubs; ++h) {
        if (first + h != home && chance(40)) lane(first + h, depot, chance(70) ? Mode::road : Mode::air);
      }
      if (d > 0 && chance(30)) lane(depot - 1, depot, Mode::road);
    }
    for (std::size_t s = between(1, 3); s > 0; --s) service(id, s == 1);
  }

  void facility(CarrierId carrier, bool hub) {
    Facility f;
    f.name = name(hub ? "hub" : "depot");
    f.carrier = carrier;
    f.kind = hub ? (chance(80) ? FacilityKind::hub : FacilityKind::air_hub) : FacilityKind::depot;
    f.zone = any<ZoneId>(w_.zones.size());
    f.position = position();
    f.handling = chance(50) ? tens(1, 12) : odd(minutes_between(1, 120));
    if (chance(hub ? 75 : 25)) {
      SimDuration from = tens(0, 60);
      for (std::size_t windows = between(1, 2); windows > 0; --windows) {
        const SimDuration length = tens(6, 48);
        const auto weekdays = static_cast<std::uint8_t>(chance(60) ? 0x7f : between(1, 0x7f));
        f.sorts.push_back(
            {from, from + length, weekdays, static_cast<std::uint32_t>(between(1, chance(50) ? 6 : 100))});
        from += length + tens(0, 24);
      }
    }
    if (!hub) {
      f.stops_per_day = static_cast<std::uint32_t>(between(1, 40));
      f.load_out = chance(10) ? SimDuration{} : tens(24, 143);
      f.round_length = minutes_between(5, 24 * 60);
    }
    f.customs_minutes = static_cast<std::uint32_t>(between(0, 1500));
    f.customs_held = rarely(40);
    w_.facilities.push_back(f);
  }

  void lane(std::size_t from, std::size_t to, Mode mode) {
    Lane l;
    l.from = FacilityId{static_cast<std::uint16_t>(from)};
    l.to = FacilityId{static_cast<std::uint16_t>(to)};
    l.mode = mode;
    l.customs = chance(15);
    l.transit = odd(minutes_between(mode == Mode::air ? 30 : 60, mode == Mode::air ? 300 : 1800));
    if (chance(40)) {
      l.transit_p10 = l.transit * static_cast<int>(between(20, 100)) / 100;
      l.transit_p90 = l.transit * static_cast<int>(between(100, 400)) / 100;
    }
    for (std::size_t n = between(1, 3); n > 0; --n) {
      l.departures.push_back({tens(0, 144), static_cast<std::uint8_t>(chance(60) ? 0x7f : between(1, 0x7f))});
    }
    std::sort(l.departures.begin(), l.departures.end(), [](auto& a, auto& b) { return a.time < b.time; });
    l.cut_off = tens(0, 12);
    l.pieces = static_cast<std::uint32_t>(between(1, chance(60) ? 8 : 60));
    if (chance(30)) l.weight_kg = static_cast<std::uint32_t>(between(1, 40));
    if (chance(20)) l.volume_m3 = static_cast<std::uint32_t>(between(1, 2));
    w_.lanes.push_back(l);
  }

  void service(CarrierId carrier, bool standard) {
    Service s;
    s.name = name("service");
    s.carrier = carrier;
    s.tier = standard ? Tier::standard : any<Tier>(tier_count);
    s.mode = chance(60) ? Mode::road : Mode::air;
    s.transit = calendar();
    s.delivery = calendar();
    s.commit_time = hours(static_cast<std::int64_t>(between(8, 24)));
    s.published = {{static_cast<std::uint32_t>(between(100, 900)), static_cast<std::uint8_t>(between(0, 2))},
                   {100'000, static_cast<std::uint8_t>(between(1, 4))}};
    s.rates = {{static_cast<std::uint32_t>(between(100, 900)), static_cast<Cents>(between(300, 900)), 50},
               {100'000, static_cast<Cents>(between(300, 1500)), static_cast<Cents>(between(0, 200))}};
    s.residential = static_cast<Cents>(between(0, 300));
    s.fuel = rarely(20);
    if (chance(30)) s.peaks = {{0, static_cast<Day>(between(1, 4)), 100}};
    w_.services.push_back(s);
  }

  void coverage(std::size_t c) {
    std::vector<FacilityId> depots;
    for (std::size_t f = 0; f < w_.facilities.size(); ++f) {
      const bool mine = index(w_.facilities[f].carrier) == c && w_.facilities[f].kind == FacilityKind::depot;
      if (mine) depots.push_back(FacilityId{static_cast<std::uint16_t>(f)});
    }
    std::vector<std::optional<FacilityId>> row;
    for (std::size_t d = 0; d < w_.destinations.size(); ++d) {
      // The first carrier goes everywhere, so that every order finds a service.
      if (c == 0 || chance(80))
        row.emplace_back(depots[between(0, depots.size() - 1)]);
      else
        row.emplace_back(std::nullopt);
    }
    w_.coverage.push_back(row);
  }

  void capacity() {
    const auto factor = [&] { return static_cast<Ppm>(between(5, 20) * 100'000 + (chance(30) ? 70'000 : 0)); };
    for (std::size_t c = 0; c < w_.carriers.size(); ++c) {
      if (chance(60)) continue;
      const auto from = static_cast<Day>(between(0, 3));
      w_.capacity.push_back({CarrierId{static_cast<std::uint8_t>(c)}, from, from + static_cast<Day>(between(1, 4)),
                             factor(), factor(), factor()});
    }
  }

  void sizes() {
    const std::size_t count = between(1, 3);
    Ppm left = ppm_one;
    for (std::size_t s = 0; s < count; ++s) {
      const Ppm share = s + 1 == count ? left : left / 2;
      left -= share;
      w_.sizes.push_back(
          {share, static_cast<std::uint32_t>(between(100, 9000)), static_cast<std::uint32_t>(between(1000, 400'000))});
    }
  }

  void shipper(std::size_t s) {
    Shipper shipper;
    shipper.name = name("shipper");
    shipper.role = s == 0 || chance(30) ? ShipperRole::retailer : ShipperRole::background;
    shipper.orders_per_day = static_cast<double>(between(2, 40));
    shipper.hours.fill(ppm_one);
    shipper.weekdays.fill(ppm_one);
    for (int moves = 0; moves < 12; ++moves) {  // Keeps the mean.
      const Ppm step = static_cast<Ppm>(between(0, 30)) * 10'000;
      auto& from = shipper.hours[between(0, 23)];
      if (from < step) continue;
      from -= step;
      shipper.hours[between(0, 23)] += step;
    }
    if (chance(50)) {
      for (Day day = 0; day < w_.day_count; ++day) shipper.season.push_back(static_cast<Ppm>(between(5, 25) * 100'000));
    }
    shipper.day_cv = rarely(60);
    shipper.day_correlation = rarely(90);
    shipper.target_days = {5, 3, 1};
    shipper.policy = chance(60) ? CarrierPolicy::fixed_split : CarrierPolicy::cheapest_published;
    std::array<std::vector<std::size_t>, tier_count> by_tier;
    for (std::size_t v = 0; v < w_.services.size(); ++v) {
      by_tier[static_cast<std::size_t>(w_.services[v].tier)].push_back(v);
    }
    // A tier needs a service of the carrier that goes everywhere.
    std::vector<std::size_t> tiers;
    for (std::size_t t = 0; t < tier_count; ++t) {
      const auto everywhere = [&](std::size_t v) { return index(w_.services[v].carrier) == 0; };
      if (std::any_of(by_tier[t].begin(), by_tier[t].end(), everywhere)) tiers.push_back(t);
    }
    Ppm left = ppm_one;
    for (const std::size_t t : tiers) {
      shipper.tiers[t] = t == tiers.back() ? left : left / 2;
      left -= shipper.tiers[t];
      Ppm share_left = ppm_one;
      for (const std::size_t v : by_tier[t]) {
        const Ppm share = v == by_tier[t].back() ? share_left : share_left / 2;
        share_left -= share;
        shipper.tariffs.push_back({static_cast<Tier>(t), ServiceId{static_cast<std::uint8_t>(v)}, share});
      }
    }
    shipper.cancelled = rarely(10);
    shipper.buffer_days = static_cast<std::uint8_t>(chance(70) ? 0 : between(1, 2));
    shipper.window_from = hours(8);
    shipper.window_to = hours(20);
    for (std::size_t g = chance(60) ? 0 : between(1, 2); g > 0; --g) {
      const auto until = static_cast<Day>(between(0, 4));
      shipper.guarantees.push_back({tens(0, 144), until, until + static_cast<Day>(between(0, 3)),
                                    static_cast<Tier>(tiers[between(0, tiers.size() - 1)])});
    }
    w_.shippers.push_back(shipper);
  }

  void node(std::size_t shipper) {
    ShipNode n;
    n.name = name("N");
    n.shipper = ShipperId{static_cast<std::uint8_t>(shipper)};
    n.zone = any<ZoneId>(w_.zones.size());
    n.position = position();
    n.calendar = calendar();
    n.cut_off = tens(24, 144);
    n.handling_min = minutes_between(0, 300);
    n.handling_max = n.handling_min + minutes_between(0, 600);
    for (std::size_t d = 0; d < w_.destinations.size(); ++d) n.demand.push_back(between(d == 0 ? 1 : 0, 20));
    for (std::size_t c = 0; c < w_.carriers.size(); ++c) {
      for (std::size_t stops = between(1, 2); stops > 0; --stops) {
        std::vector<FacilityId> mine;
        for (std::size_t f = 0; f < w_.facilities.size(); ++f) {
          if (index(w_.facilities[f].carrier) == c) mine.push_back(FacilityId{static_cast<std::uint16_t>(f)});
        }
        const auto cap = static_cast<std::uint32_t>(chance(30) ? between(1, 15) : 0);
        n.pickups.push_back({CarrierId{static_cast<std::uint8_t>(c)}, mine[between(0, mine.size() - 1)], tens(36, 144),
                             odd(minutes_between(10, 200)), cap});
      }
    }
    w_.nodes.push_back(n);
  }

  void given_orders() {
    if (!chance(25)) return;
    const ShipperId shipper = any<ShipperId>(w_.shippers.size());
    for (std::size_t n = 0; n < w_.nodes.size(); ++n) {
      if (w_.nodes[n].shipper != shipper) continue;
      for (std::size_t count = between(1, 30); count > 0; --count) {
        GivenOrder o;
        o.at = day_zero + SimDuration{static_cast<std::int64_t>(
                              random_() % (static_cast<std::uint64_t>(w_.day_count) * 86'400'000 + 36'000'000))};
        o.node = ShipNodeId{static_cast<std::uint16_t>(n)};
        o.destination = any<DestinationId>(w_.destinations.size());
        const Day day = w_.zones[index(w_.destinations[index(o.destination)].zone)].local_day(o.at);
        if (day < 0 || day >= w_.day_count) continue;
        const auto& tariffs = w_.shippers[index(shipper)].tariffs;
        o.tier = tariffs[between(0, tariffs.size() - 1)].tier;
        o.size = any<std::uint8_t>(w_.sizes.size());
        if (chance(30)) o.promise_day = static_cast<std::uint16_t>(day + static_cast<Day>(between(0, 6)));
        w_.orders.push_back(o);
      }
    }
    std::stable_sort(w_.orders.begin(), w_.orders.end(), [](auto& a, auto& b) { return a.at < b.at; });
  }

  void decisions(Shipper& shipper) {
    if (chance(50)) return;
    const bool learns = shipper.role == ShipperRole::retailer;
    shipper.policy = static_cast<CarrierPolicy>(between(0, policy_names.size() - 1));
    if (shipper.prefers_reliable() && !learns) shipper.policy = CarrierPolicy::diversified;
    shipper.overflow = static_cast<Overflow>(between(0, overflow_names.size() - 1));
    shipper.late_penalty = static_cast<Cents>(between(0, 2000));
    shipper.reliability_slack = rarely(50);
    shipper.learning.shrinkage = static_cast<Ppm>(between(1, 80) * 100'000);
    shipper.learning.news_delay = tens(1, 72);
    shipper.learning.strained_above = rarely(60);
    if (learns) {
      PromiseRule& rule = shipper.promise;
      rule.kind = static_cast<PromiseKind>(between(0, promise_names.size() - 1));
      rule.quantile = static_cast<Ppm>(between(50, 99) * 10'000);
      rule.conformal = chance(70);
      rule.step = static_cast<Ppm>(between(1, 50) * 10'000);
      rule.day_cost = static_cast<Cents>(between(0, 200));
      rule.late_cost = static_cast<Cents>(between(0, 2000));
      rule.late_cost_per_day = chance(50);
      const auto from = static_cast<Day>(between(0, 4));
      if (chance(40)) rule.hedges = {{from, from + 2, 1}};
    }
    for (Service& service : w_.services) service.dim_divisor = chance(80) ? 0 : 5000;
    if (chance(30)) {
      shipper.tier_choice = true;
      shipper.day_weight = static_cast<double>(between(0, 10)) / 10;
      shipper.fee_weight = static_cast<double>(between(0, 3)) / 10;
      for (Cents& fee : shipper.tier_fees) fee = static_cast<Cents>(between(0, 1500));
    }
    for (Tariff& tariff : shipper.tariffs) tariff.cap = static_cast<Ppm>(between(10, 100) * 10'000);
    for (ShipNode& node : w_.nodes) {
      if (&w_.shippers[index(node.shipper)] != &shipper) continue;
      for (std::size_t p = 0; p < node.pickups.size(); ++p) {
        // The carrier that goes everywhere keeps an ordinary pickup: its first.
        const bool is_first = p == 0 || node.pickups[p - 1].carrier != node.pickups[p].carrier;
        if (is_first || chance(60)) continue;
        node.pickups[p].destinations.assign(w_.destinations.size(), false);
        for (std::size_t d = 0; d < w_.destinations.size(); ++d) node.pickups[p].destinations[d] = chance(50);
        node.pickups[p].piece_cost = static_cast<Cents>(between(0, 200));
      }
    }
  }

  /// The first carrier is left everywhere: it goes there.
  void bars() {
    if (w_.carriers.size() == 1 || chance(60)) return;
    w_.regions.push_back({"S"});
    for (Destination& destination : w_.destinations) {
      if (chance(50)) destination.region = RegionId{1};
    }
    for (Shipper& shipper : w_.shippers) {
      for (std::size_t count = between(0, 2); count > 0; --count) {
        Bar bar;
        bar.carrier = CarrierId{static_cast<std::uint8_t>(between(1, w_.carriers.size() - 1))};
        bar.regions = {chance(60), chance(60)};
        for (bool& tier : bar.tiers) tier = chance(70);
        shipper.bars.push_back(bar);
      }
    }
  }

  void disruptions() {
    for (std::size_t count = chance(30) ? 0 : between(1, 5); count > 0; --count) {
      Disruption d;
      d.name = name("disruption");
      d.kind = any<DisruptionKind>(disruption_kind_names.size());
      d.from = day_zero + tens(0, static_cast<std::size_t>(w_.day_count + 2) * 144);
      if (chance(50)) d.from += SimDuration{static_cast<std::int64_t>(between(0, 599'999))};
      d.to = d.from + (chance(50) ? tens(1, 72) : tens(1, 400));
      const std::size_t share = between(20, 100);
      for (std::size_t f = 0; f < w_.facilities.size(); ++f) d.facilities.push_back(chance(share));
      for (std::size_t n = 0; n < w_.destinations.size(); ++n) d.destinations.push_back(chance(share));
      for (std::size_t n = 0; n < w_.nodes.size(); ++n) d.nodes.push_back(chance(share));
      if (chance(30)) d.carrier = any<CarrierId>(w_.carriers.size());
      if (chance(30)) d.shipper = any<ShipperId>(w_.shippers.size());
      if (chance(50)) d.speed = static_cast<Ppm>(between(1, 99) * 10'000);
      if (chance(40)) d.staffing = static_cast<Ppm>(between(0, 150) * 10'000);
      d.closed = chance(35);
      d.embargo = chance(25);
      if (chance(25)) d.demand = static_cast<Ppm>(between(0, 300) * 10'000);
      if (chance(25)) d.scan_delay = minutes_between(1, 600);
      w_.disruptions.push_back(d);
    }
  }

  std::mt19937_64 random_;
  std::size_t names_ = 0;
  World w_;
};

}  // namespace

World random_world(std::uint64_t seed) {
  return Maker(seed).make();
}

double random_scale(std::uint64_t seed) {
  constexpr std::array<double, 8> scales{1, 1, 1, 1, 1, 0.5, 0.3, 2};
  return scales[hash64(seed, 8) % scales.size()];
}

}  // namespace peakstorm::test
