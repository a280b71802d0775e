#include "scenarios/build/carrier_cuts.hpp"

#include <algorithm>
#include <utility>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/policy_document.hpp"

namespace peakstorm::scenarios {
namespace {

/// The tiers in which a shipper can do without a carrier in a region: it goes there from some node for a tariff of
/// the tier, and wherever it does, another tariff's does as well.
std::array<bool, tier_count> tiers_without(const World& control, const Shipper& shipper, CarrierId carrier,
                                           RegionId region) {
  std::array<bool, tier_count> goes{};
  std::array<bool, tier_count> needed{};
  for (const ShipNode& node : control.nodes) {
    if (control.shippers[index(node.shipper)].name != shipper.name) continue;
    for (std::size_t d = 0; d < control.destinations.size(); ++d) {
      if (control.destinations[d].region != region) continue;
      std::array<bool, tier_count> its{};
      std::array<bool, tier_count> others{};
      for (const Tariff& tariff : shipper.tariffs) {
        const CarrierId by = control.services[index(tariff.service)].carrier;
        bool collects = false;
        for_each_pickup(control, node, by, DestinationId{static_cast<std::uint16_t>(d)},
                        [&](std::size_t) { collects = true; });
        if (!collects || !control.coverage[index(by)][d] || shipper.bars_carrier(by, region, tariff.tier)) continue;
        (by == carrier ? its : others)[static_cast<std::size_t>(tariff.tier)] = true;
      }
      for (std::size_t t = 0; t < tier_count; ++t) {
        goes[t] = goes[t] || its[t];
        needed[t] = needed[t] || (its[t] && !others[t]);
      }
    }
  }
  for (std::size_t t = 0; t < tier_count; ++t) goes[t] = goes[t] && !needed[t];
  return goes;
}

/// To a sum of 1, in proportion; by largest remainder. All equal when nobody had a share.
void rescale(std::vector<std::pair<std::string, Ppm>>& shares, std::uint64_t sum) {
  std::vector<Ppm> weights;
  weights.reserve(shares.size());
  for (auto& [service, share] : shares) weights.push_back(sum == 0 ? 1 : share);
  // scaled_to_mean_one makes the sum size * ppm_one of them; dividing it by size keeps the proportions, and the
  // largest takes what rounding leaves.
  const auto scaled = scaled_to_mean_one(weights);
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].second = static_cast<Ppm>(scaled[i] / shares.size());
    given += shares[i].second;
  }
  const auto largest =
      std::max_element(shares.begin(), shares.end(), [](const auto& x, const auto& y) { return x.second < y.second; });
  largest->second += static_cast<Ppm>(ppm_one - given);
}

}  // namespace

std::vector<Barred> bars_of(const World& control, CarrierId carrier, RegionId region) {
  std::vector<Barred> bars;
  for (const Shipper& shipper : control.shippers) {
    if (shipper.role != ShipperRole::retailer) continue;
    const auto tiers = tiers_without(control, shipper, carrier, region);
    if (std::find(tiers.begin(), tiers.end(), true) != tiers.end()) bars.push_back({shipper.name, tiers});
  }
  return bars;
}

void leave_out_in(toml::table& root, const World& control, const std::string& carrier, RegionId region) {
  const auto id = std::find_if(control.carriers.begin(), control.carriers.end(),
                               [&](const Carrier& c) { return c.name == carrier; });
  const auto bars = bars_of(control, CarrierId{static_cast<std::uint8_t>(id - control.carriers.begin())}, region);
  for (const auto& [shipper, tiers] : bars) {
    toml::table* table = shipper_of(root, shipper);
    if (table == nullptr) continue;
    toml::array* list = (*table)["bar"].as_array();
    if (list == nullptr) list = table->insert_or_assign("bar", toml::array()).first->second.as_array();
    toml::array whose;
    for (std::size_t t = 0; t < tier_count; ++t) {
      if (tiers[t]) whose.push_back(tier_names[t]);
    }
    list->push_back(toml::table{{"carrier", carrier},
                                {"regions", toml::array{control.regions[index(region)].name}},
                                {"tiers", std::move(whose)}});
  }
}

void leave_out(toml::table& root, const World& control, const std::string& carrier) {
  for (const Shipper& shipper : control.shippers) {
    if (shipper.role != ShipperRole::retailer) continue;
    for (std::size_t tier = 0; tier < tier_count; ++tier) {
      std::vector<std::pair<std::string, Ppm>> rest;
      std::uint64_t sum = 0;
      bool cut = false;
      for (const Tariff& t : shipper.tariffs) {
        if (t.tier != static_cast<Tier>(tier)) continue;
        const Service& service = control.services[index(t.service)];
        if (control.carriers[index(service.carrier)].name == carrier) {
          cut = true;
        } else {
          rest.emplace_back(service.name, t.share);
          sum += t.share;
        }
      }
      if (!cut || rest.empty()) continue;
      rescale(rest, sum);
      split_tariffs(root, shipper.name, tier_names[tier], rest, 1);
    }
  }
}

}  // namespace peakstorm::scenarios
