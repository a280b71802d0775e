/// A second simulator of the parcel network, to compare the engine with.
///
/// Written from the rules of engine/flow/README.md, parcel by parcel, one event after the other, for readers who want
/// to see that it is right: no containers, no batches, no windows, no threads, nothing prepared that can be looked up.
/// It shares with the engine the value types of its input and output (World, time, ids, scan) and the random numbers:
/// `Draws`, the variates of engine/flow/variates.hpp, the normal quantile, and the great-circle distance.
///
/// setting.hpp answers what is the case in a world (calendars, disruptions, capacity); demand.hpp makes the orders,
/// offers.hpp picks a service for each, plans.hpp a lane at each hub, sorters.hpp the instant when it is sorted;
/// simulator.hpp moves the pieces (piece.hpp), event by event.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/random.hpp"
#include "engine/scan.hpp"
#include "engine/world.hpp"

namespace peakstorm::test {

/// What happened to all parcels, background volume included.
struct Account {
  std::vector<ParcelFacts> facts;  ///< By id.
  std::vector<Scan> scans;         ///< In the total order of scans.
  std::vector<Outcome> outcomes;   ///< By id.
  /// Number of orders in which what came to one place at one instant could have come in; 1: no ties. Saturates.
  std::uint64_t orders_of_ties = 1;
};

struct PlainOptions {
  RunKey run{};
  double scale = 1;
  /// Which order simultaneous arrivals at a place take; the rules allow any.
  std::uint64_t tie_seed = 0;
};

/// Requires a checked World.
Account simulate_plainly(const World& world, const PlainOptions& options);

}  // namespace peakstorm::test
