#include "tests/engine/reference/offers.hpp"

#include <algorithm>

namespace peakstorm::test::plain {

ServiceId Offers::choose(std::size_t node, DestinationId destination, Tier tier, std::uint32_t word) const {
  const Shipper& shipper = world_.shippers[index(world_.nodes[node].shipper)];
  std::vector<std::pair<Ppm, ServiceId>> candidates;  // End of its share, service.
  Ppm passed = 0;
  for (const Tariff& tariff : shipper.tariffs) {
    if (tariff.tier != tier) continue;
    passed += tariff.share;
    if (allows(node, tariff, destination) && serves(node, world_.services[index(tariff.service)], destination))
      candidates.emplace_back(passed, tariff.service);
  }
  if (shipper.policy == CarrierPolicy::fixed_split) {
    const Ppm point = split_point(node, destination, tier, word);
    for (const auto& [share_end, service] : candidates) {
      if (point < share_end) return service;
    }
    return candidates.back().second;
  }
  // Cheapest of those that are fast enough, or else the fastest; the first of equals.
  const auto transit = [&](ServiceId s) {
    return band(world_.services[index(s)].published, node, world_.services[index(s)], destination).days;
  };
  const auto rank = [&](ServiceId s) {
    const bool meets = transit(s) <= shipper.target_days[static_cast<std::size_t>(tier)];
    return std::pair(meets ? 0 : 1, meets ? cost(node, s, destination, 0, -1'000'000) : Cents{transit(s)});
  };
  return std::min_element(candidates.begin(), candidates.end(),
                          [&](const auto& a, const auto& b) { return rank(a.second) < rank(b.second); })
      ->second;
}

Cents Offers::cost(std::size_t node, ServiceId id, DestinationId destination, std::uint8_t size, Day tender) const {
  const Service& service = world_.services[index(id)];
  const RateBand& rate = band(service.rates, node, service, destination);
  std::int64_t grams = world_.sizes[size].weight_g;
  if (service.dim_divisor != 0) {
    grams = std::max(grams, std::int64_t{world_.sizes[size].volume_cm3} * 1000 / service.dim_divisor);
  }
  const Cents base = rate.base + (rate.per_kg * grams + 500) / 1000;
  Cents sum = base + base * service.fuel / ppm_one + service.residential;
  for (const PeakSurcharge& peak : service.peaks) sum += tender >= peak.from && tender < peak.to ? peak.amount : 0;
  Cents linehaul = 0;
  for (const Pickup& pickup : world_.nodes[node].pickups) {
    if (pickup.carrier == service.carrier && collects(node, pickup, destination)) linehaul = pickup.piece_cost;
  }
  return sum + linehaul;
}

Day Offers::published(const Service& service, Day tender, int transit) const {
  Day day = tender;
  for (; transit > 0; --transit) day = setting_.open_day(service.transit, day + 1, 0);
  return setting_.open_day(service.delivery, day, 0);
}

bool Offers::collects(std::size_t n, const Pickup& pickup, DestinationId destination) const {
  const auto goes_near = [&](const Pickup& p) {
    return p.carrier == pickup.carrier && !p.destinations.empty() && p.destinations[index(destination)];
  };
  const ShipNode& node = world_.nodes[n];
  const bool any = world_.shippers[index(node.shipper)].zone_skip &&
                   std::any_of(node.pickups.begin(), node.pickups.end(), goes_near);
  return any ? goes_near(pickup) : pickup.destinations.empty();
}

std::pair<std::size_t, SimTime> Offers::pickup_after(std::size_t n, CarrierId carrier, DestinationId destination,
                                                     SimTime ready) const {
  std::pair<std::size_t, SimTime> best{no_tie, never};
  for (std::size_t p = 0; p < world_.nodes[n].pickups.size(); ++p) {
    const Pickup& pickup = world_.nodes[n].pickups[p];
    if (pickup.carrier != carrier || !collects(n, pickup, destination)) continue;
    const SimTime at = first_from(pickups.at(n)[p], ready);
    if (best.first == no_tie || at < best.second) best = {p, at};
  }
  return best;
}

bool Offers::allows(std::size_t node, const Tariff& tariff, DestinationId destination) const {
  const Shipper& shipper = world_.shippers[index(world_.nodes[node].shipper)];
  const auto region = index(world_.destinations[index(destination)].region);
  return std::none_of(shipper.bars.begin(), shipper.bars.end(), [&](const Bar& bar) {
    return bar.carrier == world_.services[index(tariff.service)].carrier && bar.regions[region] &&
           bar.tiers[static_cast<std::size_t>(tariff.tier)];
  });
}

Ppm Offers::split_point(std::size_t node, DestinationId destination, Tier tier, std::uint32_t word) const {
  const auto point = static_cast<Ppm>((std::uint64_t{word} * ppm_one) >> 32U);
  struct Stretch {
    std::uint64_t from;  // In the tier's shares, end to end.
    std::uint64_t length;
  };
  std::vector<Stretch> allowed;
  std::vector<Stretch> barred;
  std::uint64_t end = 0;
  for (const Tariff& tariff : world_.shippers[index(world_.nodes[node].shipper)].tariffs) {
    if (tariff.tier != tier) continue;
    // Where a carrier does not go, a bar changes nothing.
    const bool is_barred =
        !allows(node, tariff, destination) && serves(node, world_.services[index(tariff.service)], destination);
    (is_barred ? barred : allowed).push_back({end, tariff.share});
    end += tariff.share;
  }
  const auto sum = [](const std::vector<Stretch>& stretches) {
    std::uint64_t all = 0;
    for (const Stretch& stretch : stretches) all += stretch.length;
    return all;
  };
  std::uint64_t before = 0;
  for (const Stretch& stretch : barred) {
    if (point >= stretch.from && point < stretch.from + stretch.length && sum(allowed) > 0) {
      std::uint64_t rest = (before + point - stretch.from) * sum(allowed) / sum(barred);
      for (const Stretch& other : allowed) {
        if (rest < other.length) return static_cast<Ppm>(other.from + rest);
        rest -= other.length;
      }
    }
    before += stretch.length;
  }
  return point;
}

bool Offers::serves(std::size_t node, const Service& service, DestinationId destination) const {
  const auto& pickups_here = world_.nodes[node].pickups;
  return world_.coverage[index(service.carrier)][index(destination)].has_value() &&
         std::any_of(pickups_here.begin(), pickups_here.end(),
                     [&](const Pickup& p) { return p.carrier == service.carrier && collects(node, p, destination); });
}

}  // namespace peakstorm::test::plain
