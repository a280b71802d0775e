/// The messages of a replay: scans with the faults that they carry, messages that exist only by a fault, tracking
/// pages, and questions after messages taken in. Words only: nothing is sent here. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "adapters/replay.hpp"
#include "adapters/replay/faults.hpp"
#include "adapters/replay/message_id.hpp"
#include "adapters/replay/open_parcels.hpp"
#include "adapters/replay/work.hpp"
#include "adapters/wire_format.hpp"
#include "engine/replay.hpp"
#include "engine/world.hpp"

namespace peakstorm {

class Composer {
 public:
  /// Injected faults are told to `recorder`. All arguments must outlive it.
  Composer(const World& world, const ReplayOptions& options, wire::WireFormat& format, const FaultPlan& faults,
           ReplayRecorder& recorder, const ReplayTime& time)
      : world_(world), options_(options), format_(format), faults_(faults), recorder_(recorder), time_(time) {}

  /// Gives this replay a name of its own among all that ever leave messages at the same place.
  void name_replay();
  /// The name that several processes share.
  void name_replay(std::uint64_t id) { replay_id_ = id; }
  [[nodiscard]] std::uint64_t replay_id() const { return replay_id_; }

  /// The work's message, signed as of now. `parcel` is the scan's, its history with the scan in it; null for work that
  /// is no scan. The reference holds until the next call of any function here.
  const wire::Message& write(const Work& work, const ParcelFacts& facts, const OpenParcel* parcel);
  /// One message for all of them, likewise. Requires: their parcels are known, with the scans in their histories.
  const wire::Message& write(ScanBatch& batch, const ReplaySource& source, OpenParcels& parcels);
  /// The scan's own message carries a fault, so that it cannot share a request.
  [[nodiscard]] bool stands_alone(const Scan& scan) const;
  /// The id under which a broker is to keep the message last written, which is the work's. Likewise.
  const std::string& write_id(const Work& work);

  /// The number goes to another parcel, of which nothing is promised.
  [[nodiscard]] std::shared_ptr<const Extra> hand_on(const ParcelFacts& facts, const std::string& number) const;
  /// What follows a scan that was taken: messages that exist only by a fault, each due at its `again`. `speed`: of
  /// simulated time, 0 where rates are.
  void follow_up(const Work& work, const ParcelFacts& facts, const OpenParcel& parcel, double speed,
                 const std::function<void(Work)>& take);
  /// Parcels whose made-up sisters were told of, each once; some thousands at most.
  std::vector<ParcelId> ghosts();

 private:
  void compose(const ParcelFacts& facts, const OpenParcel& parcel, const Scan& scan, bool tell);
  void ask_for(std::string path);
  void injected(FaultKind kind, const Scan& scan, std::string detail);

  const World& world_;
  const ReplayOptions& options_;
  wire::WireFormat& format_;
  const FaultPlan& faults_;
  ReplayRecorder& recorder_;
  const ReplayTime& time_;
  wire::Message message_;
  std::string id_;
  std::uint64_t replay_id_ = 0;
  std::vector<ParcelId> ghosts_;
  std::vector<wire::ParcelView> views_;
};

}  // namespace peakstorm
