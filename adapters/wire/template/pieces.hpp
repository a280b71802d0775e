/// What several formats precompute from a World.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/scan.hpp"
#include "engine/world.hpp"

namespace peakstorm::wire {

/// Stable keys of parcels (scan.hpp), with the hashes of the nodes' names at hand.
class ParcelKeys {
 public:
  explicit ParcelKeys(const World& world) {
    names_.reserve(world.nodes.size());
    for (const ShipNode& node : world.nodes) names_.push_back(hash64(node.name));
  }
  [[nodiscard]] std::uint64_t of(ParcelId id) const { return parcel_key(names_[index(node_of(id))], id); }

 private:
  std::vector<std::uint64_t> names_;
};

/// Days since 1 Jan 1970 of a local calendar day of the run.
constexpr std::int64_t unix_day(std::int64_t first_day_unix, std::int64_t day) {
  return floor_div(first_day_unix, 86'400) + day;
}
inline std::int64_t unix_day(const World& world, std::int64_t day) {
  return unix_day(world.first_day_unix, day);
}

}  // namespace peakstorm::wire
