/// Parcels of the tiny world for foreign judges.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/random.hpp"
#include "engine/tracking_number.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm::testing {

struct Told {
  ParcelFacts facts;
  std::string number;
  std::vector<Scan> scans;  // Ascending by (at, sequence).
};

/// A parcel whose scans fall on everything awkward: the fold's double hour, the gap, both sides of midnight.
inline Told awkward_parcel(const World& world, std::uint32_t i) {
  const Draws draws({1, 0}, Purpose::test, i);
  Told told;
  told.facts = facts_of(make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(draws.below(0, 3))},
                                       static_cast<std::uint16_t>(draws.below(1, 900)), i),
                        static_cast<std::uint8_t>(i % world.services.size()));
  told.facts.size = static_cast<std::uint8_t>(i % 4);  // One beyond the table: weight unknown.
  told.facts.destination = DestinationId{static_cast<std::uint16_t>(i % 3)};
  told.number = tracking_number(world, world.services[index(told.facts.service)].carrier, told.facts.id);
  const std::uint32_t scans = 2 + draws.below(2, 10);
  for (std::uint32_t s = 0; s < scans; ++s) {
    const Draws d({1, 0}, Purpose::test, i, s + 1);
    Scan scan;
    scan.parcel = told.facts.id;
    // A third of them within three hours around the fold of New York.
    scan.at = s % 3 == 0 ? day_zero + days(6) + hours(4) + SimDuration{d.below(0, 4 * 3'600'000)}
                         : day_zero + days(1) + SimDuration{d.below(0, 30U * 86'400'000U)};
    scan.reported = scan.at + SimDuration{d.below(1, 2) * 1000};
    scan.kind = static_cast<ScanKind>(1 + d.below(2, scan_kind_end - 1));
    scan.place = d.below(3, 9) == 8 ? no_place : PlaceId{static_cast<std::uint16_t>(d.below(3, 9) % 8)};
    scan.eta_day = d.word(0) % 3 == 0 ? no_day : static_cast<std::uint16_t>(d.below(1, 60));
    told.scans.push_back(scan);
  }
  std::sort(told.scans.begin(), told.scans.end(), [](const Scan& a, const Scan& b) { return a.at < b.at; });
  for (std::size_t s = 0; s < told.scans.size(); ++s) told.scans[s].sequence = static_cast<std::uint8_t>(s);
  return told;
}

}  // namespace peakstorm::testing
