/// Many policies of one retailer in one simulated season.
///
/// Where a retailer is a small part of what carriers move, what it decides changes its own parcels and hardly anybody
/// else's. So the network is simulated once, with the retailers of one world (the real ones), and every policy's
/// retailers ride along as companions: their parcels draw the same numbers, queue, wait, board, miss departures and
/// fail attempts behind the same pieces as any parcel would, but nobody waits for them.
///
/// - A companion's parcel waits for the real pieces ahead of it; at the sorter that its own truck goes to, for those of
///   the truck as well. It boards, or finds a stop of a round, where a piece in its place would.
/// - Its node, its truck, the caps on it and what it learns are its own.
/// - Companions do not meet: what becomes of one is the same, bit for bit, whoever else rides along.
/// - The real parcels notice nothing: the summary, digest included, is that of the run without companions.
/// - A companion with the world of the run itself rides right ahead of its twins, so that it sees what they see: the
///   same scans, acts and outcomes, except where pieces are handed over one by one at one instant (pickups straight
///   at a delivering depot, and pieces that were held).
///
/// What it leaves out: a policy that sends more, or elsewhere, than the real retailers do meets the load of the real
/// ones instead of its own, and nobody feels its own. results/COMPARE.md has what that comes to.
#pragma once

#include <span>

#include "engine/recorder.hpp"
#include "engine/result.hpp"
#include "engine/simulation.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// A policy that rides along. Its recorder gets streams, outcomes and the work of legs, all with the ids of its own
/// world; nothing of the network, which is not its own. Streams are always on.
struct Companion {
  const World* world = nullptr;
  Recorder* recorder = nullptr;
};

/// Most companions of one run, for `world`: shippers and places have small numbers. At least one.
std::size_t companions_max(const World& world);

/// Whether retailers as in `policy` can ride along in `world`: both have the same network, background, disruptions,
/// calendars and demand, and differ only in what retailers and their ship nodes decide and in the shoppers' model.
bool can_ride_along(const World& world, const World& policy);

/// Share of the orders that retailers place, in the mean.
double retail_share(const World& world);

/// As simulate(), with companions: everything of the summary and of `recorder` is about the real parcels. Requires
/// can_ride_along() for each. On one rank, without checkpoints, resume and profile. Errors: as simulate(); bad_input
/// also for those four and for too many companions.
Result<SimulationSummary> simulate_shared(const World& world, std::span<const Companion> companions,
                                          const SimulationOptions& options, Recorder& recorder);

}  // namespace peakstorm
