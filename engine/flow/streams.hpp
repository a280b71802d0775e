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

  /// Takes what a ledger wrote since the last time, and empties it.
  void collect(std::vector<ParcelFacts>& fresh_facts, std::vector<KeyedScan>& fresh_scans);
  /// Passes on every hour that lies wholly before `until`: nothing earlier can come any more.
  void release(SimTime until);

  /// What was collected and not yet passed on, and the shoppers.
  template <class Archive>
  void transfer(Archive& archive) {
    archive(facts_, released_, shoppers_);
    std::uint64_t count = hours_.size();
    archive(count);
    if constexpr (Archive::is_reading) {
      hours_.clear();
      for (; count > 0 && archive.ok(); --count) {
        std::int64_t hour = 0;
        archive(hour);
        archive(hours_[hour]);
      }
    } else {
      for (auto& [hour, scans] : hours_) archive(hour, scans);
    }
  }

 private:
  const Context& context_;
  Recorder& recorder_;
  shopper::Shoppers shoppers_;
  std::vector<ParcelFacts> facts_;
  std::map<std::int64_t, std::vector<KeyedScan>> hours_;
  SimTime released_ = day_zero;
};

}  // namespace peakstorm::flow
