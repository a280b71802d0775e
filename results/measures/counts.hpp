/// What a run counts of its parcels: one partition's share, how shares come together, and how they are saved.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/on_time.hpp"
#include "engine/recorder.hpp"
#include "engine/world.hpp"
#include "results/measures.hpp"

namespace peakstorm::measuring {

constexpr auto at(OnTimeDefinition definition) {
  return static_cast<std::size_t>(definition);
}

/// Grows on demand; cells that no parcel touched cost one pointer.
class Cube {
 public:
  VerdictCounts& operator[](std::size_t cell) {
    if (cell >= cells_.size()) cells_.resize(cell + 1);
    if (!cells_[cell]) cells_[cell] = std::make_unique<VerdictCounts>();
    return *cells_[cell];
  }
  void merge(const Cube& other) {
    other.for_each([&](std::size_t cell, const VerdictCounts& counts) { (*this)[cell] += counts; });
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      if (cells_[cell]) visit(cell, *cells_[cell]);
    }
  }
  template <class Archive>
  void transfer(Archive& archive) {
    std::vector<std::uint64_t> numbers;
    std::vector<VerdictCounts> counts;
    for_each([&](std::size_t cell, const VerdictCounts& cell_counts) {
      numbers.push_back(cell);
      counts.push_back(cell_counts);
    });
    archive(numbers, counts);
    if constexpr (Archive::is_reading) {
      cells_.clear();
      if (numbers.size() != counts.size()) archive.fail();
      for (std::size_t i = 0; archive.ok() && i < numbers.size(); ++i) {
        // Worlds have far fewer cells than this; a number beyond is damage and must not ask for memory.
        if (numbers[i] >= cells_max) return archive.fail();
        (*this)[numbers[i]] = counts[i];
      }
    }
  }
  /// One more than the highest cell.
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

 private:
  static constexpr std::uint64_t cells_max = std::uint64_t{1} << 28U;
  std::vector<std::unique_ptr<VerdictCounts>> cells_;
};

struct CauseKey {
  PlaceId place;
  Cause cause;
  ShipperRole role;
  CarrierId carrier;
  auto operator<=>(const CauseKey&) const = default;
};

/// Written member by member: the structs have padding, whose bytes belong to nobody.
template <class Archive>
void transfer(Archive& archive, Outcome& o) {
  archive(o.id, o.at, o.reported, o.destination, o.shipper, o.service, o.fate, o.cause, o.culprit, o.excess_minutes,
          o.order_day, o.tender_day, o.delivered_day, o.reported_day, o.first_attempt_day, o.promise_day, o.revised_day,
          o.commit_day, o.delivered_time, o.attempts, o.weather);
}
template <class Archive>
void transfer(Archive& archive, ParcelFacts& f) {
  archive(f.id, f.ordered, f.node, f.shipper, f.service, f.destination, f.tier, f.size, f.promise_day, f.window_from,
          f.window_to, f.shipping_cost, f.second_choice);
}
/// A vector of something that has no transfer() of its own.
template <class Archive, class T, class Each>
void transfer_all(Archive& archive, std::vector<T>& values, const Each& each) {
  std::uint64_t size = values.size();
  archive(size);
  if constexpr (Archive::is_reading) {
    values.clear();
    for (std::uint64_t i = 0; i < size && archive.ok(); ++i) each(values.emplace_back());
    if (!archive.ok()) values.clear();
  } else {
    for (T& value : values) each(value);
  }
}

struct CauseCounts {
  std::uint64_t promises = 0;
  std::uint64_t commits = 0;
  std::uint64_t minutes = 0;
};

inline constexpr std::size_t lateness_cells =
    Tables::latest_days - Tables::earliest_days + 2;  // The last: undelivered.
inline constexpr std::size_t lateness_bases = 2;      // promise, commit.
inline constexpr std::array<OnTimeDefinition, lateness_bases> lateness_definitions{OnTimeDefinition::promise,
                                                                                   OnTimeDefinition::commit};

/// No more than any run has: a trillion parcels, or contacts. A number beyond is damage.
bool are_counts(const std::vector<std::uint64_t>& counts);

/// Of retailers' measured orders, over all of them.
struct PromiseSums {
  std::uint64_t declined = 0;  ///< Not taken: no carrier had room, or no node had it.
  std::uint64_t quoted = 0;    ///< With a promise, cancelled ones aside.
  std::uint64_t days = 0;      ///< From order to promise, summed.
  std::uint64_t early = 0;     ///< Delivered two days or more before the promised one.
  std::uint64_t no_stock = 0;  ///< Of the declined: no node had it.

  void add(const Outcome& outcome) {
    if (outcome.fate == Fate::cancelled) {
      declined += outcome.cause != Cause::none ? 1 : 0;  // One that the customer cancels has waited for nothing.
      no_stock += outcome.cause == Cause::out_of_stock ? 1 : 0;
      return;
    }
    if (outcome.promise_day == no_day) return;
    ++quoted;
    days += static_cast<std::uint64_t>(std::max(0, int{outcome.promise_day} - int{outcome.order_day}));
    early += outcome.fate == Fate::delivered && outcome.delivered_day + 2 <= outcome.promise_day ? 1 : 0;
  }
  void add(const PromiseSums& other) {
    declined += other.declined;
    quoted += other.quoted;
    days += other.days;
    early += other.early;
    no_stock += other.no_stock;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(declined, quoted, days, early, no_stock);
  }
};

/// Everything one partition counts.
struct Counts {
  std::array<VerdictCounts, role_count> totals;
  Cube due;  ///< (day * services + service) * roles + role
  Cube ordered;
  Cube regions;                                                     ///< (region * carriers + carrier) * roles + role
  Cube destinations;                                                ///< destination * roles + role
  std::vector<std::array<std::uint64_t, lateness_cells>> lateness;  ///< (carrier * roles + role) * bases + basis
  std::vector<std::array<std::uint64_t, fate_names.size()>> fates;  ///< carrier * roles + role
  std::map<CauseKey, CauseCounts> causes;
  std::vector<std::uint64_t> parcels;  ///< By shipper.
  std::vector<std::uint64_t> broken;   ///< Promises, by shipper.
  /// Attempts beyond the first, by shipper and service: shipper * services + service.
  std::vector<std::uint64_t> extra_attempts;
  PromiseSums promises;
  std::vector<Outcome> kept;  ///< Of tracked parcels.

  explicit Counts(const World& world)
      : lateness(world.carriers.size() * role_count * lateness_bases),
        fates(world.carriers.size() * role_count),
        parcels(world.shippers.size()),
        broken(world.shippers.size()),
        extra_attempts(world.shippers.size() * world.services.size()) {}

  void merge(const Counts& other);

  template <class Archive>
  void transfer(Archive& archive) {
    archive(totals, due, ordered, regions, destinations, lateness, fates);
    std::vector<std::pair<CauseKey, CauseCounts>> rows(causes.begin(), causes.end());
    transfer_all(archive, rows, [&](auto& row) {
      auto& [key, count] = row;
      archive(key.place, key.cause, key.role, key.carrier, count.promises, count.commits, count.minutes);
    });
    archive(parcels, broken, extra_attempts, promises);
    transfer_all(archive, kept, [&](Outcome& outcome) { measuring::transfer(archive, outcome); });
    if constexpr (Archive::is_reading) causes = {rows.begin(), rows.end()};
  }
  /// Every name that was read is one of this world, and every tracked parcel ended at most once.
  [[nodiscard]] bool fits(const World& world) const;
};

/// Ordered on a day that the scenario measures.
bool is_measured(const World& world, std::uint16_t order_day);

/// What one partition of the run reports, counted.
class Shard final : public RecorderShard {
 public:
  Shard(const World& world, const MeasuresOptions& options) : counts(world), world_(world), options_(options) {}

  void outcomes(std::span<const Outcome> outcomes) override {
    for (const Outcome& outcome : outcomes) count(outcome);
  }

  Counts counts;

 private:
  void count(const Outcome& outcome);
  /// Each definition has its own day, so that "due 24 December" means what the definition means by it.
  template <class DayCell>
  void count_due(const Outcome& outcome, const std::array<Verdict, on_time_definitions>& verdicts,
                 const DayCell& day_cell);
  void count_lateness(const Outcome& outcome, Verdict verdict, std::uint16_t due, std::size_t cell);

  const World& world_;
  const MeasuresOptions& options_;
};

}  // namespace peakstorm::measuring
