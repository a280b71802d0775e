/// What a run meant, in integer counts: cubes of on-time verdicts, lateness, causes, fates, money, load, conservation.
///
/// `Measures` is the Recorder of one replication. Shards count without sharing anything; `finish` adds them up, and as
/// everything is an integer, the result depends neither on the number of partitions nor on any order. Only parcels
/// ordered on [World::measure_from, World::measure_to), local to their destination, are counted; the network's own
/// figures (load, place days, census, queues) cover everything.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/on_time.hpp"
#include "engine/recorder.hpp"
#include "results/gate.hpp"
#include "results/measure_map.hpp"

namespace peakstorm {

/// Verdicts by definition. kept + broken is the denominator of the rate.
struct VerdictCounts {
  std::array<std::array<std::uint64_t, 3>, on_time_definitions> counts{};

  void add(const std::array<Verdict, on_time_definitions>& verdicts) {
    for (std::size_t d = 0; d < on_time_definitions; ++d) ++counts[d][static_cast<std::size_t>(verdicts[d])];
  }
  void add(OnTimeDefinition definition, Verdict verdict) {
    ++counts[static_cast<std::size_t>(definition)][static_cast<std::size_t>(verdict)];
  }
  VerdictCounts& operator+=(const VerdictCounts& other) {
    for (std::size_t d = 0; d < on_time_definitions; ++d) {
      for (std::size_t v = 0; v < 3; ++v) counts[d][v] += other.counts[d][v];
    }
    return *this;
  }
  [[nodiscard]] std::uint64_t of(OnTimeDefinition definition, Verdict verdict) const {
    return counts[static_cast<std::size_t>(definition)][static_cast<std::size_t>(verdict)];
  }
  [[nodiscard]] std::uint64_t kept(OnTimeDefinition d) const { return of(d, Verdict::kept); }
  [[nodiscard]] std::uint64_t broken(OnTimeDefinition d) const { return of(d, Verdict::broken); }
  [[nodiscard]] std::uint64_t counted(OnTimeDefinition d) const { return kept(d) + broken(d); }
  /// None when nothing was counted.
  [[nodiscard]] std::optional<double> rate(OnTimeDefinition d) const {
    if (counted(d) == 0) return std::nullopt;
    return static_cast<double>(kept(d)) / static_cast<double>(counted(d));
  }
  bool operator==(const VerdictCounts&) const = default;
};

inline constexpr std::size_t role_count = 2;
inline constexpr std::array<const char*, role_count> role_names{"retailer", "background"};
inline constexpr std::array<const char*, tier_count> tier_names{"economy", "standard", "express"};

/// The tables of a replication, each in ascending order of its keys.
struct Tables {
  /// By the day a definition falls due (promised, revised or committed day; on_time_due of schema.sql), or by the
  /// local day of the order.
  struct DayRow {
    Day day = 0;
    ServiceId service{};
    ShipperRole role{};
    VerdictCounts counts;
    bool operator==(const DayRow&) const = default;
  };
  struct RegionRow {
    RegionId region{};
    CarrierId carrier{};
    ShipperRole role{};
    VerdictCounts counts;
    bool operator==(const RegionRow&) const = default;
  };
  struct DestinationRow {
    DestinationId destination{};
    ShipperRole role{};
    VerdictCounts counts;
    bool operator==(const DestinationRow&) const = default;
  };
  struct LatenessRow {
    CarrierId carrier{};
    ShipperRole role{};
    OnTimeDefinition definition{};  ///< promise or commit.
    std::optional<int> days_late;   ///< Clamped to [earliest_days, latest_days]; none: broken and not delivered.
    std::uint64_t parcels = 0;
    bool operator==(const LatenessRow&) const = default;
  };
  struct CauseRow {
    PlaceId place = no_place;
    Cause cause{};
    ShipperRole role{};
    CarrierId carrier{};
    std::uint64_t broken_promises = 0;
    std::uint64_t broken_commits = 0;
    std::uint64_t minutes_lost = 0;
    bool operator==(const CauseRow&) const = default;
  };
  struct FateRow {
    CarrierId carrier{};
    ShipperRole role{};
    Fate fate{};
    std::uint64_t parcels = 0;
    bool operator==(const FateRow&) const = default;
  };
  struct CostRow {
    ShipperId shipper{};
    std::uint64_t parcels = 0;
    std::uint64_t broken_promises = 0;
    Cents credit = 0;
    // None when the facts of the parcels were not recorded.
    std::optional<Cents> shipping;
    std::optional<Cents> refund;
    std::optional<std::uint64_t> contacts;
    std::optional<Cents> contact_cost;
    std::uint64_t extra_attempts = 0;  ///< Delivery attempts beyond the first.
    Cents extra_attempt_cost = 0;
    bool operator==(const CostRow&) const = default;
  };
  /// Measured orders that got a grade of their shipper's RecoveryPlan, by the last one they got.
  struct RecoveryRow {
    ShipperId shipper{};
    std::uint8_t grade = 0;  ///< From 1; 0: the budget was spent, so that they got an apology and nothing else.
    std::uint64_t parcels = 0;
    Cents credit = 0;
    Cents refund = 0;
    bool operator==(const RecoveryRow&) const = default;
  };
  /// What measured orders with a verdict on their promise did to their shoppers (engine/loyalty.hpp): expected values,
  /// summed in the order of parcels.
  struct LoyaltySums {
    std::uint64_t orders = 0;
    std::uint64_t failed = 0;
    double score = 0;    ///< Of the survey, as asked.
    double happy = 0;    ///< Answers of promoters,
    double unhappy = 0;  ///< of detractors,
    double answers = 0;  ///< and of everybody, each as likely as they are to answer.
    double again = 0;    ///< Shoppers who order again within a year.
    double cents = 0;    ///< Margin of that year's orders.
    double cents_low = 0;
    double cents_high = 0;
    double cents_failed = 0;  ///< Of those who were failed.
    bool operator==(const LoyaltySums&) const = default;
  };
  /// Where measured tracked orders were sent from.
  struct SourcingSums {
    std::uint64_t orders = 0;
    std::uint64_t second_choice = 0;
    std::uint64_t zones = 0;  ///< Carriers' zones by distance from node to destination (results/MEASURES.md), summed.
    double km = 0;
    bool operator==(const SourcingSums&) const = default;
  };
  struct LoadRow {
    PlaceId place = no_place;
    std::int64_t from_hour = 0;
    std::int64_t step_hours = 0;
    std::array<double, 3> mean{};  ///< sorting, docked, delivering.
    std::array<std::uint32_t, 3> max{};
    bool operator==(const LoadRow&) const = default;
  };
  struct PeakRow {
    PlaceId place = no_place;
    std::uint64_t pieces = 0;
    SimTime at;
    bool operator==(const PeakRow&) const = default;
  };
  struct CensusRow {
    CarrierId carrier{};
    Day day = 0;
    Census census;
  };
  struct ScanHourRow {
    std::int64_t hour = 0;
    ScanKind kind{};
    std::uint64_t scans = 0;
    std::uint64_t published = 0;
    bool operator==(const ScanHourRow&) const = default;
  };
  struct ActHourRow {
    std::int64_t hour = 0;
    ActKind act{};
    std::optional<ScanKind> status;  ///< Last published by then.
    std::uint64_t acts = 0;
    bool operator==(const ActHourRow&) const = default;
  };

  std::array<VerdictCounts, role_count> totals;
  std::vector<DayRow> due;
  std::vector<DayRow> ordered;
  std::vector<RegionRow> regions;
  std::vector<DestinationRow> destinations;
  std::vector<LatenessRow> lateness;
  std::vector<CauseRow> causes;
  std::vector<FateRow> fates;
  std::vector<CostRow> costs;            ///< Retailers only.
  std::vector<RecoveryRow> recoveries;   ///< Ascending by shipper and grade; of tracked parcels.
  std::optional<LoyaltySums> loyalty;    ///< None without streams, or when the model is off.
  std::optional<SourcingSums> sourcing;  ///< None without streams.
  std::vector<LoadRow> loads;
  std::vector<PeakRow> peaks;
  std::vector<PlaceDay> place_days;
  std::vector<CensusRow> census;
  std::vector<QueueAccount> queues;
  std::vector<ScanHourRow> scan_hours;
  std::vector<ActHourRow> act_hours;
  /// Measured tracked parcels, and what their shoppers did; zero without streams.
  std::uint64_t measured_tracked = 0;
  std::array<std::uint64_t, act_kind_names.size()> measured_acts{};

  static constexpr int earliest_days = -20;
  static constexpr int latest_days = 30;
};

/// A tracked parcel with what became of it.
struct TrackedParcel {
  ParcelFacts facts;
  std::optional<Outcome> outcome;
  std::array<Verdict, on_time_definitions> verdicts{};
  bool measured = false;
  std::uint8_t grade = 0;             ///< Of its shipper's RecoveryPlan, from 1, that it got; 0: none.
  std::uint8_t grade_when_asked = 0;  ///< What it had when its shopper was asked (LoyaltyModel::survey).
  bool recovery_refused = false;      ///< The budget was spent.
};

struct MeasuresOptions {
  bool streams = false;     ///< Want the tracked parcels' facts, scans and acts.
  bool background = false;  ///< Want everybody's scans, for a stream; what is measured stays the same.
  bool hours = true;        ///< Count scans and acts by the hour (Tables::scan_hours, act_hours).
  int load_step_hours = 6;  ///< Step of the load table; never finer than the engine's own.
};

class Measures final : public Recorder {
 public:
  /// `world` must outlive this.
  Measures(const World& world, const MeasuresOptions& options);
  ~Measures() override;
  Measures(const Measures&) = delete;
  Measures& operator=(const Measures&) = delete;

  RecorderShard& shard(std::size_t partition) override;
  [[nodiscard]] bool wants_streams() const override;
  [[nodiscard]] bool wants_background() const override;
  void parcels(std::span<const ParcelFacts> facts) override;
  void scans(std::span<const Scan> scans) override;
  void acts(std::span<const ShopperAct> acts) override;
  void load_series(PlaceId place, SimDuration step, std::span<const PlaceLoad> loads) override;
  void place_days(std::span<const PlaceDay> days) override;
  void census(CarrierId carrier, std::span<const Census> census) override;
  void queues(std::span<const QueueAccount> queues) override;
  void leg_work(std::span<const LegWork> work) override;
  /// The same bytes for any partitions and ranks: counts are added up and tracked parcels sorted first.
  void save(ArchiveWriter& archive) const override;
  /// Fails the archive on bytes that do not fit this world. What belongs to the streams is left out where they are not
  /// wanted, as on ranks that only count; at most one archive with streams may be taken in.
  void absorb(ArchiveReader& archive) override;

  /// Of the parcels whose story has ended so far, by ShipperRole. While shards are filled by nobody: between windows.
  /// O(shards).
  [[nodiscard]] std::array<VerdictCounts, role_count> so_far() const;

  /// Adds up the shards; call once, after the run. O(cells + tracked parcels log tracked parcels).
  void finish();
  /// Valid after finish().
  [[nodiscard]] const Tables& tables() const;
  /// Tracked parcels ascending by id; valid after finish(). Empty without streams.
  [[nodiscard]] std::span<const TrackedParcel> tracked() const;
  /// The measures of the simulated world, named; no intervals. Valid after finish().
  [[nodiscard]] MeasureMap measures() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The day whose promises are certainly over for this outcome: the last whole local day of the run at its
/// destination, or before the instant at which an interrupted run left it inside.
Day horizon_of(const World& world, const Outcome& outcome);

/// Every measure that a gate may name for this world, the replay's included.
MeasureCatalogue measure_catalogue(const World& world);

}  // namespace peakstorm
