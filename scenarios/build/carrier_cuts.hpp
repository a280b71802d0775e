/// Policies that do without a carrier, everywhere or in one region.
#pragma once

#include <toml++/toml.h>

#include <array>
#include <string>
#include <vector>

#include "engine/world.hpp"

namespace peakstorm::scenarios {

/// Of a shipper, in which tiers.
struct Barred {
  std::string shipper;
  std::array<bool, tier_count> tiers{};
};
/// What leaving a carrier out in a region bars, by shipper; nothing where that changes nothing.
std::vector<Barred> bars_of(const World& control, CarrierId carrier, RegionId region);

/// Changes scenario.toml: the carrier's shares go to the others of the tier in proportion; a tier that nobody else
/// serves keeps it.
void leave_out(toml::table& root, const World& control, const std::string& carrier);
/// Changes scenario.toml: what bars_of() says becomes [[shipper.bar]].
void leave_out_in(toml::table& root, const World& control, const std::string& carrier, RegionId region);

}  // namespace peakstorm::scenarios
