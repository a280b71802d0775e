/// Reads the closed streams of a run as a ReplaySource.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/replay.hpp"
#include "engine/result.hpp"

namespace peakstorm::store {

/// `node_hashes`: hash64 of each ship node's name, by ShipNodeId. Memory: the facts, two frames, and the scans that
/// happened but wait for their publication.
Result<std::unique_ptr<ReplaySource>> open_source(const std::filesystem::path& folder, std::vector<ParcelFacts> parcels,
                                                  std::vector<std::uint64_t> node_hashes,
                                                  const ReplaySource::Totals& totals);

}  // namespace peakstorm::store
