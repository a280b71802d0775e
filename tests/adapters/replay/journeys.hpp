/// Parcels with everything that makes a replay hard, and every fault at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/random.hpp"
#include "engine/replay.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm::testing {

inline FaultRates every_fault(std::uint64_t seed, Ppm rate = 60'000) {
  FaultRates faults;
  faults.seed = seed;
  faults.rate.fill(rate);
  faults.rate[static_cast<std::size_t>(FaultKind::none)] = 0;
  // These can happen once in a parcel's life.
  for (const FaultKind kind : {FaultKind::regression, FaultKind::retraction, FaultKind::number_reuse}) {
    faults.rate[static_cast<std::size_t>(kind)] = 150'000;
  }
  return faults;
}

/// Journeys with hub waves (many scans at the same instant), second attempts and shoppers who look at any time.
inline void tell_journeys(MemorySource& source, std::uint32_t parcels, std::uint64_t seed) {
  const auto draw = [&](std::uint32_t p, std::uint32_t i) { return Draws({seed, 0}, Purpose::test, p, i); };
  for (std::uint32_t p = 0; p < parcels; ++p) {
    ParcelFacts facts = facts_of(make_parcel_id(ShipNodeId{0}, static_cast<std::uint16_t>(p * 37 % 150), p),
                                 static_cast<std::uint8_t>(p % 5));
    facts.destination = DestinationId{static_cast<std::uint8_t>(p % 3)};
    facts.size = static_cast<std::uint8_t>(p % 3);
    source.all.push_back(facts);
    std::uint8_t sequence = 0;
    std::vector<SimTime> seen;
    const auto tell = [&](SimTime at, ScanKind kind, PlaceId place) {
      ReplayItem item;
      item.at = at;
      item.parcel = facts.id;
      item.scan = {at, at, facts.id, place, no_day, kind, sequence++};
      source.items.push_back(item);
      seen.push_back(at);
    };
    const auto ms = [&](std::uint32_t i, SimDuration bound) {
      return SimDuration{draw(p, i).below(0, static_cast<std::uint32_t>(bound.count()))};
    };
    const PlaceId hub{static_cast<std::uint16_t>(p % 4)};
    SimTime at = facts.ordered + ms(1, hours(1));
    tell(at, ScanKind::label_created, PlaceId{5});
    tell(at += hours(2) + ms(2, hours(3)), ScanKind::accepted, PlaceId{0});
    tell(at += hours(1) + ms(3, hours(5)), ScanKind::arrived, hub);
    // A wave: everybody of the hub at the same instant.
    const std::int64_t wave = floor_div(at.time_since_epoch().count(), hours(12).count()) + 1;
    tell(at = day_zero + wave * hours(12) + minutes(7) + SimDuration{index(hub)}, ScanKind::departed, hub);
    if (p % 7 == 0) tell(at + ms(4, hours(1)), ScanKind::delay_weather, hub);
    tell(at += hours(3) + ms(5, hours(9)), ScanKind::arrived, PlaceId{4});
    tell(at += hours(2) + ms(6, hours(2)), ScanKind::out_for_delivery, PlaceId{4});
    if (p % 5 == 0) {
      tell(at += hours(4) + ms(7, hours(1)), ScanKind::attempted, no_place);
      tell(at += hours(14) + ms(8, hours(1)), ScanKind::out_for_delivery, PlaceId{4});
    }
    if (p % 11 != 0) tell(at += hours(1) + ms(9, hours(7)), ScanKind::delivered, no_place);
    for (std::uint32_t c = 0; c < 6; ++c) {
      ReplayItem check;
      check.is_check = true;
      check.parcel = facts.id;
      check.at = seen[draw(p, 20 + c).below(0, static_cast<std::uint32_t>(seen.size()))] + ms(30 + c, hours(8));
      source.items.push_back(check);
    }
  }
  std::stable_sort(source.items.begin(), source.items.end(),
                   [](const ReplayItem& a, const ReplayItem& b) { return a.at < b.at; });
}

}  // namespace peakstorm::testing
