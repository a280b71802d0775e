/// Choosing a service for an order and quoting its date. Only what a shipper knows when the order is placed
/// goes in: calendars, cut-offs, published transit and rates. Never the state of the network.
#pragma once

#include <vector>

#include "engine/network/timetable.hpp"
#include "engine/world.hpp"

namespace peakstorm::promise {

/// Published transit days and price of every service from every ship node to every destination, worked out
/// once per run. Distances are those from the last pickup facility of the carrier in the node's list.
class Tariffs {
 public:
  explicit Tariffs(const World& world);

  /// Published transit in the service's working days. Requires: `node` has a pickup by the service's carrier.
  [[nodiscard]] std::uint8_t days(ShipNodeId node, ServiceId service, DestinationId destination) const {
    return cells_[cell(node, service, destination)].days;
  }
  /// Charge for one parcel of `size` tendered on `tender`: base and weight by distance band, fuel on both,
  /// residential and peak surcharges.
  [[nodiscard]] Cents cost(ShipNodeId node, ServiceId service, DestinationId destination, std::uint8_t size,
                           Day tender) const;
  /// The tariff for an order of `tier`; `share_word` is a uniform 32-bit draw, used by fixed_split only.
  /// cheapest_published: the cheapest (smallest size class, no peak) whose published days meet the tier's
  /// target; where none does, the fastest. Only services that collect at `node` and deliver to `destination`.
  /// Of another policy this is what cheapest_published would take. Requires one that serves().
  [[nodiscard]] ServiceId choose(const Shipper& shipper, ShipNodeId node, DestinationId destination, Tier tier,
                                 std::uint32_t share_word) const;
  /// Whether the service's carrier collects at `node` what is for `destination`, delivers there, and the node's shipper
  /// does not bar it from orders of the tariff's tier there.
  [[nodiscard]] bool serves(ShipNodeId node, const Tariff& tariff, DestinationId destination) const {
    return cells_[cell(node, tariff.service, destination)].serves(tariff.tier);
  }
  /// By which draw fixed_split takes a tariff: the tariffs of a tier lie end to end, each as long as its share, and the
  /// uniform `share_word` names a point below ppm_one. What falls on one that would go there but for a bar is dealt out
  /// again to the others, in proportion to their shares; the other orders keep theirs. O(tariffs) where bars are.
  [[nodiscard]] Ppm split_point(const Shipper& shipper, ShipNodeId node, DestinationId destination, Tier tier,
                                std::uint32_t share_word) const;

 private:
  struct Cell {
    std::uint8_t days = 0;
    std::uint8_t rate = 0;  // Index into Service::rates.
    bool served : 1 = false;
    bool skips : 1 = false;                // Zones: the pickup's own cost per piece counts.
    std::uint8_t barred : tier_count = 0;  // By tier, a bit each.
    [[nodiscard]] bool bars(Tier tier) const { return ((barred >> static_cast<unsigned>(tier)) & 1U) != 0; }
    [[nodiscard]] bool serves(Tier tier) const { return served && !bars(tier); }
  };
  [[nodiscard]] std::size_t cell(ShipNodeId node, ServiceId service, DestinationId destination) const {
    return (index(node) * world_->services.size() + index(service)) * world_->destinations.size() + index(destination);
  }

  const World* world_;
  std::vector<Cell> cells_;
};

/// The `count`-th open day after `day` (count 0: the first open day >= `day`).
Day add_open_days(const World& world, CalendarId calendar, Day day, int count);

/// Delivery day that the carrier publishes for a tender on `tender`: `days` transit days, then the next
/// delivery day.
Day published_day(const World& world, const Service& service, Day tender, int days);

/// The guarantee that applies to an order placed at this local day and time whose own promise is
/// `promise`; nullptr when none does.
const Guarantee* applicable_guarantee(const Shipper& shipper, Day local_day, SimDuration time_of_day, Day promise);

}  // namespace peakstorm::promise
