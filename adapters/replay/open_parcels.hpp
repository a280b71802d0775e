/// What is kept of parcels while scans of them may still come: their order, and their history where messages carry it.
///
/// Scans of one parcel leave one after the other: the next one may go when the one before is done with. What is kept of
/// a parcel is dropped some simulated days after its story ended, so that memory does not grow with the length of the
/// run. One thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/replay/work.hpp"
#include "engine/random.hpp"
#include "engine/replay.hpp"
#include "engine/world.hpp"

namespace peakstorm {

struct OpenParcel {
  std::string number;
  std::vector<Scan> history;  ///< Ascending by (at, sequence); empty when the format does not carry it.
  std::vector<Work> waiting;  ///< Scans that are due behind the one under way, the next one first.
  bool busy = false;          ///< A scan is ready, in flight, or waiting for a further attempt.
  SimTime last;               ///< Reported instant of its newest scan.
  bool ended = false;
};

class OpenParcels {
 public:
  /// `world` must outlive it.
  OpenParcels(const World& world, bool with_history) : world_(world), with_history_(with_history) {}

  [[nodiscard]] std::string number_of(const ParcelFacts& facts) const;
  /// The parcel of a scan that is due now. Forgets others. Cost: amortised constant. The reference holds until the
  /// next call.
  OpenParcel& admit(const ParcelFacts& facts, const Scan& scan, SimTime at);
  /// Requires: known. The reference holds until `admit`.
  [[nodiscard]] OpenParcel& at(ParcelId id) { return parcels_.at(id); }
  /// Gives the work back when it may go at once; else it waits behind the parcel's other scans.
  static std::optional<Work> queue(OpenParcel& parcel, Work work);
  /// The scan under way is done with. The next one, when there is one.
  std::optional<Work> release(ParcelId id);
  /// The carrier knows of the scan: a format with history tells it from now on.
  void remember(ParcelId id, const Scan& scan);
  /// Hands out all that waits behind others.
  template <class Take>
  void give_up_waiting(Take&& take) {
    for (auto& [id, parcel] : parcels_) {
      for (const Work& work : std::exchange(parcel.waiting, {})) take(work);
    }
  }
  void clear() { parcels_.clear(); }

 private:
  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
  };
  void forget_old(SimTime at);

  const World& world_;
  bool with_history_;
  boost::unordered_flat_map<ParcelId, OpenParcel, Hash> parcels_;
  std::deque<std::pair<SimTime, ParcelId>> ended_;
  std::deque<std::pair<SimTime, ParcelId>> silent_;
};

}  // namespace peakstorm
