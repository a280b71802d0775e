/// A small world built in code, for tests of the engine: carrier "alpha" with hubs WEST and EAST and a depot
/// behind each, one ship node at WEST, two destinations, and a retailer. Noise is off; tests switch on what they
/// need.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/simulation.hpp"

namespace peakstorm::test {

inline constexpr FacilityId west_hub{0};
inline constexpr FacilityId east_hub{1};
inline constexpr FacilityId west_depot{2};
inline constexpr FacilityId east_depot{3};

World small_world(double orders_per_day = 200);

/// Keeps everything the engine says.
class KeepingRecorder final : public Recorder {
 public:
  /// `background`: the streams cover every parcel, not only the retailers'.
  explicit KeepingRecorder(bool streams = true, bool background = false) : streams_(streams), background_(background) {}
  RecorderShard& shard(std::size_t partition) override;
  [[nodiscard]] bool wants_streams() const override { return streams_; }
  [[nodiscard]] bool wants_background() const override { return background_; }
  void parcels(std::span<const ParcelFacts> facts) override;
  void scans(std::span<const Scan> scans) override;
  void acts(std::span<const ShopperAct> acts) override;
  void load_series(PlaceId place, SimDuration step, std::span<const PlaceLoad> loads) override;
  void place_days(std::span<const PlaceDay> days) override;
  void census(CarrierId carrier, std::span<const Census> census) override;
  void queues(std::span<const QueueAccount> queues) override;
  void leg_work(std::span<const LegWork> work) override { kept_legs.assign(work.begin(), work.end()); }

  void save(ArchiveWriter& archive) const override;
  void absorb(ArchiveReader& archive) override;

  /// Outcomes of all shards; valid after the run.
  [[nodiscard]] std::vector<Outcome> all_outcomes() const;

  std::vector<ParcelFacts> kept_facts;
  std::vector<Scan> kept_scans;
  std::vector<ShopperAct> kept_acts;
  std::vector<std::vector<PlaceLoad>> kept_loads;  ///< By PlaceId.
  std::vector<PlaceDay> kept_days;
  std::vector<std::vector<Census>> kept_census;  ///< By CarrierId.
  std::vector<QueueAccount> kept_queues;
  std::vector<LegWork> kept_legs;  ///< By CarrierId.

 private:
  struct Shard final : RecorderShard {
    void outcomes(std::span<const Outcome> some) override { kept.insert(kept.end(), some.begin(), some.end()); }
    std::vector<Outcome> kept;
  };
  std::vector<std::unique_ptr<Shard>> shards_;
  bool streams_;
  bool background_;
};

/// small_world() with everything that can go wrong switched on.
World troubled_world();

/// Runs `world` and expects it to be accepted.
SimulationSummary run(const World& world, Recorder& recorder, SimulationOptions options = {});

}  // namespace peakstorm::test
