/// The worlds of companions (engine/shared_season.hpp) as one: their retailers' shippers and nodes come behind those of
/// the run, under the same names, so that the same numbers are drawn for them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/scan.hpp"
#include "engine/shared_season.hpp"

namespace peakstorm::flow {

/// Who is whose. Immutable during the run.
class Companions {
 public:
  /// Nobody rides along.
  Companions() = default;
  /// Adds what is theirs to `world`.
  Companions(World& world, std::span<const Companion> companions);

  [[nodiscard]] std::size_t size() const { return companions_; }
  [[nodiscard]] bool has(ShipNodeId node) const { return index(node) >= first_node_ && size() > 0; }
  /// Requires: has(node).
  [[nodiscard]] std::size_t of(ShipNodeId node) const { return nodes_[index(node) - first_node_].companion; }
  /// The shipper that disruptions know. Those of companions have the same numbers in their worlds as in the run.
  [[nodiscard]] ShipperId known_as(ShipperId shipper) const {
    return index(shipper) < first_shipper_ ? shipper : own(shipper);
  }

  // With the ids of the companion's own world. Require: the shipper or parcel is a companion's.
  [[nodiscard]] ShipperId own(ShipperId shipper) const { return shippers_[index(shipper) - first_shipper_]; }
  [[nodiscard]] ParcelId own(ParcelId id) const {
    const auto node = static_cast<std::uint64_t>(own_node(node_of(id)));
    return ParcelId{(static_cast<std::uint64_t>(id) & 0xffff'ffff'ffffULL) | node << 48U};
  }
  [[nodiscard]] PlaceId own(PlaceId place) const {
    if (index(place) < first_place_ || place == no_place) return place;
    const auto node =
        static_cast<std::size_t>(own_node(ShipNodeId{static_cast<std::uint16_t>(index(place) - facilities_)}));
    return PlaceId{static_cast<std::uint16_t>(facilities_ + node)};
  }
  [[nodiscard]] Scan own(Scan scan) const {
    scan.place = own(scan.place);
    scan.parcel = own(scan.parcel);
    return scan;
  }
  [[nodiscard]] ParcelFacts own(ParcelFacts facts) const {
    facts.shipper = own(facts.shipper);
    facts.node = own_node(facts.node);
    facts.id = own(facts.id);
    return facts;
  }
  [[nodiscard]] Outcome own(Outcome outcome) const {
    outcome.shipper = own(outcome.shipper);
    outcome.culprit = own(outcome.culprit);
    outcome.id = own(outcome.id);
    return outcome;
  }

 private:
  struct Node {
    std::size_t companion = 0;
    ShipNodeId own{};
  };
  [[nodiscard]] ShipNodeId own_node(ShipNodeId node) const { return nodes_[index(node) - first_node_].own; }

  std::size_t companions_ = 0;
  std::size_t facilities_ = 0;
  std::size_t first_node_ = 0;
  std::size_t first_place_ = 0;
  std::size_t first_shipper_ = 0;
  std::vector<Node> nodes_;          ///< By ShipNodeId less first_node_.
  std::vector<ShipperId> shippers_;  ///< By ShipperId less first_shipper_.
};

}  // namespace peakstorm::flow
