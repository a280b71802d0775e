/// What Reconciliation keeps while a replay runs, for its rooms: reconcile.cpp takes the replay in,
/// reconcile_broker.cpp and reconcile_pages.cpp compare what the target has stored or shows, reconcile_judges.cpp draws
/// the conclusions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/check.hpp"
#include "results/measures/diagnosis.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {
namespace reconciliation {

using std::chrono::nanoseconds;

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};

inline constexpr nanoseconds not_yet = nanoseconds::max();

/// One published scan and how its sending went.
struct TruthScan {
  Scan scan;
  nanoseconds intended = not_yet;  ///< Of its first attempt.
  nanoseconds accepted = not_yet;  ///< When it was acknowledged.
  bool tried = false;              ///< Really sent at least once.
  bool missed = false;             ///< A check should have shown it and did not.
  nanoseconds sent = not_yet;      ///< First attempt.
  std::uint32_t faults = 0;        ///< Injected; bit i is FaultKind i.
  std::uint32_t beside = 0;        ///< Requests in flight when it was sent and accepted.
  std::uint32_t rank = 0;          ///< In the order of acknowledgements, from 1.
  std::uint16_t attempts = 0;
  std::uint16_t last_status = 0;
  std::uint16_t again = 0;   ///< Times it was told once more on purpose (redelivery).
  std::uint16_t copies = 0;  ///< That a broker has stored.
  bool turned_down = false;  ///< Its last attempt was taken in, and refused afterwards.
};

constexpr std::uint32_t bit(FaultKind kind) {
  return std::uint32_t{1} << static_cast<unsigned>(kind);
}

/// A message that exists only by a fault, on its way to a broker.
struct ExtraKey {
  ParcelId parcel{};
  std::uint8_t sequence = 0;
  FaultKind fault = FaultKind::none;
  bool operator==(const ExtraKey&) const = default;
};
struct ExtraHash {
  using is_avalanching = void;
  std::size_t operator()(const ExtraKey& key) const {
    return hash64(static_cast<std::uint64_t>(key.parcel),
                  std::uint64_t{key.sequence} << 8U | static_cast<std::uint64_t>(key.fault));
  }
};
struct ExtraFate {
  std::uint16_t attempts = 0;
  std::uint16_t copies = 0;
  bool accepted = false;
};

/// What a check saw; judged at the end, when it is known what had been sent by then.
struct Check {
  std::uint32_t parcel = 0;
  std::uint32_t scans_shown = 0;
  nanoseconds at{};
  SimTime simulated;
  std::optional<ScanKind> status;  ///< None: not found.
  std::optional<Day> promised;
  std::optional<Day> estimated;
};

/// An acknowledged message of a parcel, faults' ones included.
struct Told {
  std::uint32_t parcel = 0;
  std::uint8_t sequence = 0;
  bool again = false;  ///< A redelivery: many a system knows it by its id and looks no further.
  nanoseconds done{};
};

/// Latencies of one second, 32 cells per octave (2 % wide): small enough to keep one per second.
class CoarseHistogram {
 public:
  void record(nanoseconds value) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 1));
    const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
    const std::uint64_t mantissa = octave >= 5 ? (ns >> (octave - 5)) - 32 : (ns << (5 - octave)) - 32;
    const std::size_t cell = octave * std::size_t{32} + static_cast<std::size_t>(mantissa);
    if (cell >= cells_.size()) cells_.resize(cell + 1);
    ++cells_[cell];
    ++count_;
  }
  [[nodiscard]] double quantile_ms(double q) const {
    const auto rank =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(q * static_cast<double>(count_) + 0.999999));
    std::uint64_t seen = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      seen += cells_[cell];
      if (seen < rank) continue;
      const double octave = static_cast<double>(std::uint64_t{1} << (cell / 32));
      return octave * (1 + (static_cast<double>(cell % 32) + 0.5) / 32) / 1e6;
    }
    return 0;
  }

 private:
  std::vector<std::uint32_t> cells_;
  std::uint64_t count_ = 0;
};

inline double to_ms(nanoseconds value) {
  return static_cast<double>(value.count()) / 1e6;
}

inline std::size_t second_of(nanoseconds at) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, at.count()) / 1'000'000'000);
}

template <class T>
T& grown(std::vector<T>& items, std::size_t i) {
  if (i >= items.size()) items.resize(i + 1);
  return items[i];
}

/// A line of a story: "> 2013-12-05 12:00:03Z delivered memphis", with `>` when it is the one in question.
std::string line_of(const ShownScan& scan, bool marked);

}  // namespace reconciliation

struct Reconciliation::Impl {
  using nanoseconds = std::chrono::nanoseconds;
  using Check = reconciliation::Check;
  using CoarseHistogram = reconciliation::CoarseHistogram;
  using ExtraFate = reconciliation::ExtraFate;
  using ExtraHash = reconciliation::ExtraHash;
  using ExtraKey = reconciliation::ExtraKey;
  using ParcelHash = reconciliation::ParcelHash;
  using Told = reconciliation::Told;
  using TruthScan = reconciliation::TruthScan;

  const World& world;
  ShownRules rules;
  ReconcileOptions options;
  std::vector<TruthParcel> parcels;
  boost::unordered_flat_map<ParcelId, std::uint32_t, ParcelHash> index_of;

  std::vector<std::pair<std::uint32_t, Scan>> gathered;  ///< Truth before begin().
  std::vector<TruthScan> scans;                          ///< By parcel, then (reported, sequence).
  std::vector<std::uint32_t> first_scan;                 ///< By parcel, one more at the end.
  std::vector<bool> was_read;
  std::vector<std::uint32_t> faults;      ///< By parcel, as in TruthScan.
  std::vector<bool> defective;            ///< Parcels with any defect.
  std::vector<SimTime> reused;            ///< From when its number is another parcel's; `never`.
  std::vector<std::int32_t> first_shown;  ///< Scans that its first check showed; -1: never checked.
  std::vector<Check> checks;
  std::vector<Told> told;
  std::vector<nanoseconds> newest_stored;  ///< By parcel: when the newest scan stored so far was sent; brokers only.
  boost::unordered_flat_map<ExtraKey, ExtraFate, ExtraHash> extras;  ///< Likewise.
  std::uint32_t accepted = 0;
  std::uint64_t accepted_beside = 0;
  Symptoms symptoms;

  ReplayResults results;
  static constexpr std::size_t latest_max = 5;
  std::deque<LatestFinding> latest;  ///< For who watches; oldest first.
  std::array<std::vector<CoarseHistogram>, 3> coarse;
  std::array<std::size_t, 3> closed{};  ///< Seconds before it have their percentiles.
  bool ended = false;

  using ExampleKey = std::tuple<std::uint64_t, int>;  ///< Parcel, sequence (-1: none).
  std::array<std::map<ExampleKey, FindingExample>, finding_kinds> examples;

  Impl(const World& w, std::vector<TruthParcel> p, ShownRules r, const ReconcileOptions& o)
      : world(w),
        rules(std::move(r)),
        options(o),
        parcels(std::move(p)),
        was_read(parcels.size()),
        faults(parcels.size()),
        defective(parcels.size()),
        reused(parcels.size(), never),
        first_shown(parcels.size(), -1) {
    PEAKSTORM_CHECK(static_cast<bool>(rules.scan), parcels.size());
    PEAKSTORM_CHECK(static_cast<bool>(rules.status), parcels.size());
    index_of.reserve(parcels.size());
    for (std::size_t i = 0; i < parcels.size(); ++i) {
      const bool is_new = index_of.try_emplace(parcels[i].facts.id, static_cast<std::uint32_t>(i)).second;
      PEAKSTORM_CHECK(is_new, static_cast<std::uint64_t>(parcels[i].facts.id));
    }
  }

  [[nodiscard]] std::span<const TruthScan> parcel_scans(std::uint32_t parcel) const {
    return {scans.data() + first_scan[parcel], scans.data() + first_scan[parcel + 1]};
  }
  std::span<TruthScan> scans_of(std::uint32_t parcel) {
    return {scans.data() + first_scan[parcel], scans.data() + first_scan[parcel + 1]};
  }
  TruthScan* find(ParcelId id, std::uint8_t sequence) {
    const auto found = index_of.find(id);
    if (found == index_of.end()) return nullptr;
    for (TruthScan& scan : scans_of(found->second)) {
      if (scan.scan.sequence == sequence) return &scan;
    }
    return nullptr;
  }

  void close_seconds(std::size_t kind, std::size_t before) {
    auto& seconds = results.seconds[kind];
    for (std::size_t& s = closed[kind]; s < before && s < seconds.size(); ++s) {
      if (s >= coarse[kind].size()) continue;
      seconds[s].p50_ms = coarse[kind][s].quantile_ms(0.5);
      seconds[s].p99_ms = coarse[kind][s].quantile_ms(0.99);
      coarse[kind][s] = CoarseHistogram();
    }
  }

  /// Keeps the examples with the lowest parcels, whatever the order in which they turn up.
  template <class MakeExample>
  void found(FindingKind kind, ParcelId parcel, std::optional<std::uint8_t> sequence, const MakeExample& make) {
    ++results.findings[static_cast<std::size_t>(kind)];
    if (is_defect(kind)) {
      if (latest.size() == latest_max) latest.pop_front();
      latest.push_back({kind, parcel});
    }
    std::uint32_t parcel_faults = 0;
    if (const auto known = index_of.find(parcel); known != index_of.end()) {
      if (is_defect(kind)) defective[known->second] = true;
      parcel_faults = faults[known->second];
    }
    auto& kept = examples[static_cast<std::size_t>(kind)];
    const ExampleKey key{static_cast<std::uint64_t>(parcel), sequence ? int{*sequence} : -1};
    if (options.examples_max == 0 || kept.contains(key)) return;
    if (kept.size() >= options.examples_max) {
      if (!(key < kept.rbegin()->first)) return;
      kept.erase(std::prev(kept.end()));
    }
    FindingExample example = make();
    example.kind = kind;
    example.parcel = parcel;
    example.sequence = sequence;
    example.faults = parcel_faults;
    kept.emplace(key, std::move(example));
  }

  void compare(std::uint32_t index, const ShownParcel& page);
  void compare_promise(std::uint32_t index, const ShownParcel& page);
  void judge_messages(const RequestRecord& record);
  void count_extra(const RequestRecord& record);
  void keep_order(std::uint32_t index, TruthScan& scan);
  FindingExample stored_example(const TruthScan& scan, const std::string& what) const;
  void judge_refusals();
  void judge_checks();
  void judge_status(const Check& check, std::span<const TruthScan> scans);
  void judge_visibility(std::uint32_t index, std::span<const Check> seen);
  void judge_eta(const Check& check);
  void judge_outages();
  void sum_up();
  [[nodiscard]] bool altered(std::uint32_t index) const {
    return (faults[index] & (reconciliation::bit(FaultKind::regression) | reconciliation::bit(FaultKind::retraction) |
                             reconciliation::bit(FaultKind::number_reuse))) != 0;
  }
  [[nodiscard]] std::optional<ShownScan> last_told(std::uint32_t index, nanoseconds before, bool redeliveries) const;
  void status_symptom(std::uint32_t index, ScanKind shown, std::span<const ShownScan> basis, nanoseconds before);
};

}  // namespace peakstorm
