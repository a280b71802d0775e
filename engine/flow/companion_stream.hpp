/// The scans of one companion in their total order, with what its shoppers do about them. As Streams, for the few
/// parcels of one policy: one thread, whole hours.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/flow/ledger.hpp"
#include "engine/recorder.hpp"
#include "engine/shopper/shoppers.hpp"

namespace peakstorm::flow {

class CompanionStream {
 public:
  /// `world` and `recorder` are the companion's.
  CompanionStream(const World& world, RunKey run, double scale, Recorder& recorder);

  /// Takes what a ledger wrote since the last time, and empties it.
  void collect(CompanionLedger& ledger);
  /// Passes on every hour that lies wholly before `until`: nothing earlier can come any more.
  void release(SimTime until);

 private:
  [[nodiscard]] std::uint64_t key(ParcelId id) const { return parcel_key(node_hash_[index(node_of(id))], id); }

  Recorder& recorder_;
  RecorderShard& shard_;  ///< One for all partitions: what they wrote comes together here.
  shopper::Shoppers shoppers_;
  std::vector<std::uint64_t> node_hash_;  ///< By ShipNodeId, of the name.
  std::vector<ParcelFacts> facts_;
  std::vector<KeyedScan> scans_;  ///< Not yet passed on, in no order.
  SimTime released_ = day_zero;
};

}  // namespace peakstorm::flow
