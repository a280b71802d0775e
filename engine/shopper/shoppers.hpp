/// What shoppers do while they wait: look at the tracking page, ask where the order is, get notices.
///
/// A point process per parcel on the carrier's reported timeline: checks and contacts
/// come at rates that rise when the promise has passed and when no scan has been reported for a while, thinned
/// by the hour of the day; notices draw further looks. Rates are piecewise constant, so at every change the next
/// instant is drawn afresh (the exponential has no memory).
/// Retailers' recoveries of broken promises are acts, too: they answer to time and contacts, and the budget is spent in
/// the order of time.
/// Runs on the thread that collects the streams, on scans in their total order.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/scan.hpp"

namespace peakstorm::shopper {

class Shoppers {
 public:
  /// `scale` is the run's: a recovery budget is for scale 1.
  Shoppers(const World& world, RunKey run, double scale)
      : world_(world), run_(run), scale_(scale), spent_(world.shippers.size()) {}

  /// Facts of a parcel, and its parcel_key; before its first scan.
  void meet(const ParcelFacts& facts, std::uint64_t key);
  /// A scan, in the total order of scans.
  void notice(const Scan& scan);
  /// Appends all acts before `until`, in order. Requires: every scan before `until` was given.
  void advance(SimTime until, std::vector<ShopperAct>& acts);

  template <class Archive>
  void transfer(Archive& archive) {
    archive(parcels_, plans_, spent_);
    if constexpr (Archive::is_reading) index_parcels();
  }

 private:
  struct Waiting {
    ParcelFacts facts;
    std::uint64_t key = 0;
    SimTime last_news;
    SimTime promise_ends = never;
    double checks_per_ms = 0;  ///< Before any factor.
    double contacts_per_ms = 0;
    std::uint32_t draws = 0;
    std::uint32_t version = 0;  ///< Plans made before the last change are void.
    std::uint8_t acts = 0;
    bool waiting = false;  ///< Between order and a final scan.
    bool shipped = false;
    bool in_hand = false;  ///< Delivered, or cancelled.
    bool recovery_refused = false;
    std::uint8_t grade = 0;  ///< Of its shipper's RecoveryPlan, from 1, that it has been given.
    Cents recovered = 0;     ///< What that has cost.
    template <class Archive>
    void transfer(Archive& archive) {
      archive(facts, key, last_news, promise_ends, checks_per_ms, contacts_per_ms, draws, version, acts, waiting,
              shipped, in_hand, recovery_refused, grade, recovered);
    }
  };
  enum class Step : std::uint8_t { news, settled, look, change, candidate, recovery };
  struct Plan {
    SimTime at;
    std::uint64_t key = 0;
    std::uint32_t parcel = 0;
    std::uint32_t version = 0;
    Step step = Step::news;
    ScanKind kind = ScanKind::label_created;
    std::uint8_t sequence = 0;
    bool operator>(const Plan& other) const;
    template <class Archive>
    void transfer(Archive& archive) {
      archive(at, key, parcel, version, step, kind, sequence);
    }
  };

  void add_plan(const Plan& plan);
  void index_parcels();
  void news(SimTime at, Waiting& parcel, std::uint32_t number, ScanKind kind, std::vector<ShopperAct>& acts);
  /// Ends the wait of `parcel` if `kind` does.
  static void settle(Waiting& parcel, ScanKind kind);
  void plan_next(SimTime now, Waiting& parcel, std::uint32_t number);
  void act(SimTime at, Waiting& parcel, ActKind kind, std::vector<ShopperAct>& acts);
  /// Gives `parcel` the grade that it has reached, as far as the budget goes.
  void make_good(SimTime now, Waiting& parcel, std::uint32_t number, std::vector<ShopperAct>& acts);
  /// Plans the first grade after the one that `parcel` has reached by `late`; only where recovery comes unasked.
  void plan_recovery(const Waiting& parcel, std::uint32_t number, SimDuration late);
  [[nodiscard]] const RecoveryPlan& recovery(const Waiting& parcel) const {
    return world_.shippers[index(parcel.facts.shipper)].recovery;
  }
  [[nodiscard]] double factor(const Waiting& parcel, SimTime at) const;

  const World& world_;
  RunKey run_;
  double scale_;
  std::vector<Cents> spent_;  ///< On recovery, by ShipperId.
  std::vector<Waiting> parcels_;
  std::unordered_map<std::uint64_t, std::uint32_t> number_of_;
  std::vector<Plan> plans_;  ///< Heap, the earliest first.
};

}  // namespace peakstorm::shopper
