/// What carriers offer a shipper, what it costs, and which of them is chosen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/geo.hpp"
#include "tests/engine/reference/setting.hpp"

namespace peakstorm::test::plain {

class Offers {
 public:
  explicit Offers(const Setting& setting) : setting_(setting), world_(setting.world) {
    for (std::size_t n = 0; n < world_.nodes.size(); ++n) {
      for (const Pickup& pickup : world_.nodes[n].pickups) {
        pickups[n].push_back(setting_.daily(setting_.zone(world_.nodes[n].zone), pickup.time,
                                            world_.carriers[index(pickup.carrier)].pickup));
      }
    }
  }

  /// When the trucks of a node come, by its pickups.
  std::map<std::size_t, std::vector<std::vector<SimTime>>> pickups;

  /// Requires: some service goes there.
  [[nodiscard]] ServiceId choose(std::size_t node, DestinationId destination, Tier tier, std::uint32_t word) const;
  [[nodiscard]] Cents cost(std::size_t node, ServiceId id, DestinationId destination, std::uint8_t size,
                           Day tender) const;
  /// Delivery day of `transit` days on the service's calendars.
  [[nodiscard]] Day published(const Service& service, Day tender, int transit) const;
  /// Whether this pickup of a node takes its carrier's parcels for the destination.
  [[nodiscard]] bool collects(std::size_t n, const Pickup& pickup, DestinationId destination) const;
  /// The first pickup at or after `ready` of what the carrier takes to a destination: (which, when); when is `never`
  /// past the last.
  [[nodiscard]] std::pair<std::size_t, SimTime> pickup_after(std::size_t n, CarrierId carrier,
                                                             DestinationId destination, SimTime ready) const;
  /// The row of a table by distance.
  template <class Band>
  [[nodiscard]] const Band& band(const std::vector<Band>& bands, std::size_t node, const Service& service,
                                 DestinationId destination) const {
    const auto& stops = world_.nodes[node].pickups;
    // The carrier's last pickup of the node's list stands for its origin.
    const auto pickup = std::find_if(stops.rbegin(), stops.rend(), [&](const Pickup& p) {
      return p.carrier == service.carrier && collects(node, p, destination);
    });
    const double km = great_circle_km(world_.facilities[index(pickup->facility)].position,
                                      world_.destinations[index(destination)].position);
    for (const Band& b : bands) {
      if (km <= b.km_max) return b;
    }
    return bands.back();
  }
  [[nodiscard]] bool serves(std::size_t node, const Service& service, DestinationId destination) const;
  /// Whether the node's shipper lets a tariff go there.
  [[nodiscard]] bool allows(std::size_t node, const Tariff& tariff, DestinationId destination) const;
  /// Where a fixed split's draw falls among the shares of a tier, end to end: what meets a carrier that would go there
  /// but for a bar falls a second time, among the others.
  [[nodiscard]] Ppm split_point(std::size_t node, DestinationId destination, Tier tier, std::uint32_t word) const;

 private:
  const Setting& setting_;
  const World& world_;
};

}  // namespace peakstorm::test::plain
