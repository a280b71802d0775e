/// What Measures holds while the run goes on.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

#include "engine/random.hpp"
#include "results/measures.hpp"
#include "results/measures/counts.hpp"

namespace peakstorm {
namespace measuring {

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};

/// A published status that becomes visible at `reported`; the queue yields the earliest first.
struct Publication {
  SimTime reported;
  SimTime at;
  std::uint32_t parcel;
  std::uint8_t sequence;
  ScanKind kind;
  bool operator<(const Publication& other) const {
    return std::tie(other.reported, other.at, other.parcel, other.sequence) < std::tie(reported, at, parcel, sequence);
  }
};

}  // namespace measuring

struct Measures::Impl {
  const World& world;
  MeasuresOptions options;
  std::vector<std::unique_ptr<measuring::Shard>> shards;
  Tables tables;
  measuring::PromiseSums promises;
  LegWork legs;  ///< Of all carriers.
  bool finished = false;

  // Streams.
  boost::unordered_flat_map<ParcelId, std::uint32_t, measuring::ParcelHash> index_of;
  std::vector<TrackedParcel> tracked;
  std::vector<std::uint8_t> status;     ///< Last published ScanKind by tracked index; 0: none.
  std::vector<SimTime> status_at;       ///< When that scan happened: late news does not replace newer facts.
  std::vector<std::uint64_t> contacts;  ///< Of measured parcels, by shipper.
  std::vector<Cents> shipping;          ///< Likewise.
  std::priority_queue<measuring::Publication> pending;
  SimTime streamed_to = SimTime::min();                                             ///< Every scan before it has come.
  std::vector<std::array<std::array<std::uint64_t, 2>, scan_kind_end>> scan_hours;  ///< [hour][kind][published]
  std::map<std::tuple<std::int64_t, ActKind, std::uint8_t>, std::uint64_t> act_hours;
  std::int64_t first_hour = 0;
  bool has_first_hour = false;

  Impl(const World& w, const MeasuresOptions& o)
      : world(w), options(o), contacts(w.shippers.size()), shipping(w.shippers.size()) {}

  auto& scan_hour(std::int64_t hour) {
    if (!has_first_hour) {
      first_hour = hour;
      has_first_hour = true;
    }
    if (hour < first_hour) {
      scan_hours.insert(scan_hours.begin(), static_cast<std::size_t>(first_hour - hour), {});
      first_hour = hour;
    }
    const auto i = static_cast<std::size_t>(hour - first_hour);
    if (i >= scan_hours.size()) scan_hours.resize(i + 1);
    return scan_hours[i];
  }

  [[nodiscard]] bool is_tracked(ParcelId parcel) const {
    return world.shippers[index(world.nodes[index(node_of(parcel))].shipper)].role == ShipperRole::retailer;
  }

  /// Applies every publication at or before `until`.
  void publish(SimTime until) {
    while (!pending.empty() && pending.top().reported <= until) {
      const measuring::Publication p = pending.top();
      pending.pop();
      if (p.kind == ScanKind::eta_changed || p.at < status_at[p.parcel]) continue;
      status[p.parcel] = static_cast<std::uint8_t>(p.kind);
      status_at[p.parcel] = p.at;
    }
  }

  /// What the streams brought.
  template <class Archive>
  void transfer_streams(Archive& archive);
  [[nodiscard]] bool streams_fit() const;
  void tabulate(measuring::Counts& counts);
  void tabulate_tracked(std::vector<Outcome>& outcomes);
  /// Notes what the plan gives for an act of recovery.
  void recover(TrackedParcel& parcel, const ShopperAct& act) const;
  void tabulate_recovery();
  void tabulate_loyalty();
  void tabulate_sourcing();
  /// Mean expected review of measured delivered orders with a promise.
  [[nodiscard]] std::optional<double> expected_review_score() const;
};

}  // namespace peakstorm
