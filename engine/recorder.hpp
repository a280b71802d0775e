/// The engine's way out. `results` implements it; tests fake it. It is how the engine's facts reach
/// files and reports without the engine knowing either.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/archive.hpp"
#include "engine/scan.hpp"

namespace peakstorm {

/// Load of one facility or ship node at an instant.
struct PlaceLoad {
  std::uint32_t sorting = 0;     ///< Waiting for or in the sorter, or in customs.
  std::uint32_t docked = 0;      ///< Sorted, waiting for a departure (or, at a node, for a pickup).
  std::uint32_t delivering = 0;  ///< At a depot: waiting for a round, or on the van.
  bool operator==(const PlaceLoad&) const = default;
};

/// What one facility did on one UTC day. Sums over facilities and days are exact.
struct PlaceDay {
  PlaceId place = no_place;
  Day day = 0;
  std::uint32_t arrived = 0;  ///< Pieces.
  std::uint32_t departed = 0;
  std::uint32_t missed_sorts = 0;    ///< Pieces sorted in a later window than the one they arrived for.
  std::uint32_t rollovers = 0;       ///< Pieces left on the dock by a departure, counted per departure.
  std::uint32_t wait_minutes = 0;    ///< Dwell of departing pieces, summed (saturating).
  std::uint32_t excess_minutes = 0;  ///< Of which beyond the plan.
  bool operator==(const PlaceDay&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(place, day, arrived, departed, missed_sorts, rollovers, wait_minutes, excess_minutes);
  }
};

/// Parcel counts of one carrier, at an instant or in all.
struct Census {
  std::uint64_t injected = 0;  ///< Tendered to the carrier.
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t returned = 0;
  std::uint64_t inside = 0;  ///< Counted where the parcels are, not by subtraction.
  bool operator==(const Census&) const = default;
  [[nodiscard]] bool balanced() const { return injected == delivered + lost + returned + inside; }
};

/// Exact sample-path accounts of one queue (sorter, docks or rounds of a place): Little's law holds
/// when `area` == `sojourn`.
struct QueueAccount {
  PlaceId place = no_place;
  std::uint8_t queue = 0;    ///< 0 sorter, 1 docks, 2 rounds.
  std::uint64_t pieces = 0;  ///< That entered.
  std::int64_t area = 0;     ///< Integral of the number present, piece-ms, from the queue's own counter.
  std::int64_t sojourn = 0;  ///< Sum of (leave - enter), ms, over pieces; present ones up to the end.
  bool operator==(const QueueAccount&) const = default;
};

/// What one carrier did for retailers' parcels of the measured days, whatever became of them.
struct LegWork {
  std::uint64_t road_g_km = 0;  ///< Grams times kilometres, by lane; pickups by great circle.
  std::uint64_t air_g_km = 0;
  std::uint64_t stops = 0;  ///< Of rounds, failed attempts included.
  bool operator==(const LegWork&) const = default;
  void add(const LegWork& other) {
    road_g_km += other.road_g_km;
    air_g_km += other.air_g_km;
    stops += other.stops;
  }
};

/// Counts collected by one partition without contention; called by one thread at a time.
class RecorderShard {
 public:
  virtual ~RecorderShard() = default;
  /// Parcels that ended; also, at the end of the run, those still inside.
  virtual void outcomes(std::span<const Outcome> outcomes) = 0;
};

class Recorder {
 public:
  virtual ~Recorder() = default;

  /// One shard per partition; called before the run starts, on the calling thread.
  virtual RecorderShard& shard(std::size_t partition) = 0;

  /// True when the tracked parcels' facts, scans and acts below are wanted. Asked once.
  [[nodiscard]] virtual bool wants_streams() const = 0;
  /// True when the scans shall be everybody's, not only those of retailers' parcels. Facts and acts are always
  /// of tracked parcels only. Asked once.
  [[nodiscard]] virtual bool wants_background() const { return false; }

  // The streams: on the calling thread, between windows, in the total order of scans. Facts of a
  // tracked parcel come before its first scan; scans of [.., t) before acts of [.., t).
  virtual void parcels(std::span<const ParcelFacts> facts) = 0;
  virtual void scans(std::span<const Scan> scans) = 0;
  virtual void acts(std::span<const ShopperAct> acts) = 0;

  // At the end of the run, on the calling thread; with several ranks on rank 0, of all of them.
  /// loads[i] is the place's load at i times `step` after day zero.
  virtual void load_series(PlaceId place, SimDuration step, std::span<const PlaceLoad> loads) = 0;
  /// By place, each place's days in ascending order.
  virtual void place_days(std::span<const PlaceDay> days) = 0;
  /// census[d] is carrier `carrier` at 00:00 UTC of day d; the last entry is the end of the run.
  virtual void census(CarrierId carrier, std::span<const Census> census) = 0;
  virtual void queues(std::span<const QueueAccount> queues) = 0;
  /// By CarrierId. A recorder that does not want it keeps the default.
  virtual void leg_work(std::span<const LegWork> work);

  // For checkpoints and ranks; between windows, on the calling thread. A recorder that has neither keeps the
  // defaults, which stop the run.
  /// Writes everything recorded so far: the shards' counts in an order that does not depend on partitions, and how far
  /// the streams have come.
  virtual void save(ArchiveWriter& archive) const;
  /// Adds what save() wrote to what is here: all of it into a fresh recorder (resume), another rank's counts into rank
  /// 0's (end of the run). Shards exist already.
  virtual void absorb(ArchiveReader& archive);
};

}  // namespace peakstorm
