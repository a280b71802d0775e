/// Puts the tracked parcels' scans into their total order and passes them on, hour by hour, with what the
/// shoppers do about them. Used by the thread that runs the simulation, between windows.
#pragma once

#include <map>
#include <vector>

#include "engine/flow/ledger.hpp"
#include "engine/shopper/shoppers.hpp"

namespace peakstorm::flow {

class Streams {
 public:
  Streams(const Context& context, Recorder& recorder)
      : context_(context), recorder_(recorder), shoppers_(context.world, context.run) {}

  /// Takes what `ledger` wrote in the last window.
  void collect(Ledger& ledger);
  /// Passes on every hour that lies wholly before `until`: nothing earlier can come any more.
  void release(SimTime until);

 private:
  const Context& context_;
  Recorder& recorder_;
  shopper::Shoppers shoppers_;
  std::vector<ParcelFacts> facts_;
  std::map<std::int64_t, std::vector<KeyedScan>> hours_;
  SimTime released_ = day_zero;
};

}  // namespace peakstorm::flow
