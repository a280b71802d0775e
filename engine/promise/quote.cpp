#include "engine/promise/quote.hpp"

#include <algorithm>
#include <limits>

#include "engine/check.hpp"
#include "engine/geo.hpp"

namespace peakstorm::promise {
namespace {

/// Bands ascend by km_max, and the last covers every distance.
template <class Band>
std::size_t band_of(const std::vector<Band>& bands, double km) {
  std::size_t i = 0;
  while (i + 1 < bands.size() && km > bands[i].km_max) ++i;
  return i;
}

}  // namespace

Tariffs::Tariffs(const World& world) : world_(&world) {
  cells_.resize(world.nodes.size() * world.services.size() * world.destinations.size());
  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    // Trucks that skip zones come after the ordinary ones, whose place they take.
    std::vector<const Pickup*> pickups;
    for (const bool skips : {false, true}) {
      if (skips && !world.shippers[index(world.nodes[n].shipper)].zone_skip) continue;
      for (const Pickup& pickup : world.nodes[n].pickups) {
        if (pickup.skips_zones() == skips) pickups.push_back(&pickup);
      }
    }
    for (const Pickup* of : pickups) {
      const Pickup& pickup = *of;
      const Facility& origin = world.facilities[index(pickup.facility)];
      for (std::size_t d = 0; d < world.destinations.size(); ++d) {
        if (!world.coverage[index(pickup.carrier)][d]) continue;
        if (pickup.skips_zones() && !pickup.destinations[d]) continue;
        const double km = great_circle_km(origin.position, world.destinations[d].position);
        for (std::size_t s = 0; s < world.services.size(); ++s) {
          const Service& service = world.services[s];
          if (service.carrier != pickup.carrier) continue;
          Cell& c = cells_[cell(ShipNodeId{static_cast<std::uint16_t>(n)}, ServiceId{static_cast<std::uint8_t>(s)},
                                DestinationId{static_cast<std::uint16_t>(d)})];
          c.days = service.published[band_of(service.published, km)].days;
          c.rate = static_cast<std::uint8_t>(band_of(service.rates, km));
          c.served = true;
          c.skips = pickup.skips_zones();
          const Shipper& shipper = world.shippers[index(world.nodes[n].shipper)];
          unsigned barred = 0;
          for (unsigned t = 0; t < tier_count; ++t) {
            const bool bars = shipper.bars_carrier(pickup.carrier, world.destinations[d].region, static_cast<Tier>(t));
            barred |= (bars ? 1U : 0U) << t;
          }
          static_assert(tier_count == 3);
          c.barred = barred & 7U;
        }
      }
    }
  }
}

Cents Tariffs::cost(ShipNodeId node, ServiceId service_id, DestinationId destination, std::uint8_t size,
                    Day tender) const {
  const Service& service = world_->services[index(service_id)];
  const Cell& c = cells_[cell(node, service_id, destination)];
  const RateBand& rate = service.rates[c.rate];
  const SizeClass& parcel = world_->sizes[size];
  Cents billed_g = parcel.weight_g;
  if (service.dim_divisor > 0) {
    billed_g = std::max(billed_g, Cents{parcel.volume_cm3} * 1000 / service.dim_divisor);
  }
  const Cents weight = (rate.per_kg * billed_g + 500) / 1000;
  const Cents base = rate.base + weight;
  Cents cost = base + base * service.fuel / ppm_one + service.residential;
  for (const PeakSurcharge& peak : service.peaks) {
    if (tender >= peak.from && tender < peak.to) cost += peak.amount;
  }
  if (c.skips) {
    const ShipNode& from = world_->nodes[index(node)];
    Cents linehaul = 0;
    for_each_pickup(*world_, from, service.carrier, destination,
                    [&](std::size_t p) { linehaul = from.pickups[p].piece_cost; });
    cost += linehaul;
  }
  return cost;
}

Ppm Tariffs::split_point(const Shipper& shipper, ShipNodeId node, DestinationId destination, Tier tier,
                         std::uint32_t share_word) const {
  const auto point = static_cast<Ppm>((std::uint64_t{share_word} * ppm_one) >> 32U);
  if (shipper.bars.empty()) return point;
  std::uint64_t barred = 0;  // What is barred here, together.
  std::uint64_t within = 0;  // Where the point lies in it.
  bool is_barred = false;
  Ppm ends = 0;
  for (const Tariff& tariff : shipper.tariffs) {
    if (tariff.tier != tier) continue;
    const Ppm begins = ends;
    ends += tariff.share;
    if (!cells_[cell(node, tariff.service, destination)].bars(tier)) continue;
    if (point >= begins && point < ends) {
      is_barred = true;
      within = barred + point - begins;
    }
    barred += tariff.share;
  }
  if (!is_barred || barred == ppm_one) return point;
  std::uint64_t left = within * (ppm_one - barred) / barred;
  ends = 0;
  for (const Tariff& tariff : shipper.tariffs) {
    if (tariff.tier != tier) continue;
    const Ppm begins = ends;
    ends += tariff.share;
    if (cells_[cell(node, tariff.service, destination)].bars(tier)) continue;
    if (left < tariff.share) return begins + static_cast<Ppm>(left);
    left -= tariff.share;
  }
  return point;
}

ServiceId Tariffs::choose(const Shipper& shipper, ShipNodeId node, DestinationId destination, Tier tier,
                          std::uint32_t share_word) const {
  const Tariff* chosen = nullptr;
  if (shipper.policy == CarrierPolicy::fixed_split) {
    const Ppm point = split_point(shipper, node, destination, tier, share_word);
    Ppm passed = 0;
    for (const Tariff& tariff : shipper.tariffs) {
      if (tariff.tier != tier) continue;
      passed += tariff.share;
      const bool served = serves(node, tariff, destination);
      if (served) chosen = &tariff;
      if (served && point < passed) break;
    }
  } else {
    const std::uint8_t target = shipper.target_days[static_cast<std::size_t>(tier)];
    Cents least = std::numeric_limits<Cents>::max();
    int fastest = std::numeric_limits<int>::max();
    bool met = false;
    for (const Tariff& tariff : shipper.tariffs) {
      const Cell& c = cells_[cell(node, tariff.service, destination)];
      if (tariff.tier != tier || !c.serves(tier)) continue;
      const Cents price = cost(node, tariff.service, destination, 0, std::numeric_limits<Day>::min());
      const bool meets = c.days <= target;
      const bool better = meets ? (!met || price < least) : (!met && c.days < fastest);
      if (better) {
        chosen = &tariff;
        least = meets ? price : least;
        fastest = c.days;
        met = meets;
      }
    }
  }
  PEAKSTORM_CHECK(chosen != nullptr, shipper.name, world_->nodes[index(node)].name,
                  world_->destinations[index(destination)].name);
  return chosen->service;
}

Day add_open_days(const World& world, CalendarId calendar, Day day, int count) {
  const Day limit = day + 400;  // A checked calendar is open at least once a year.
  while (!world.is_open(calendar, day) && day < limit) ++day;
  while (count > 0 && day < limit) {
    ++day;
    if (world.is_open(calendar, day)) --count;
  }
  return day;
}

Day published_day(const World& world, const Service& service, Day tender, int days) {
  // Transit days are counted from the day after tender.
  Day day = tender;
  for (int left = days; left > 0; --left) day = add_open_days(world, service.transit, day + 1, 0);
  return add_open_days(world, service.delivery, day, 0);
}

const Guarantee* applicable_guarantee(const Shipper& shipper, Day local_day, SimDuration time_of_day, Day promise) {
  for (const Guarantee& g : shipper.guarantees) {
    const bool in_time = local_day < g.until_day || (local_day == g.until_day && time_of_day <= g.until_time);
    if (in_time && promise > g.date) return &g;
  }
  return nullptr;
}

}  // namespace peakstorm::promise
