/// Which scan meets which fault (engine/faults.hpp), and what the fault does to it.
///
/// Two sorts. *Facts*: disorder, late batches, regressions, retractions, re-used numbers and folds change what the
/// carrier publishes or when, so they go into the truth as well: `amend` is applied to the scans to be sent and to the
/// truth alike. *Messages*: redelivery, near duplicates, zones, drift, forgeries and ghosts leave the truth alone and
/// work on the bytes of a message, whatever its JSON format: texts are told apart by their member's name and by what
/// they look like. All pure functions of (seed, kind, parcel, scan).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/replay_party.hpp"
#include "adapters/wire_format.hpp"
#include "engine/faults.hpp"
#include "engine/replay.hpp"
#include "engine/world.hpp"

namespace peakstorm {

class FaultPlan {
 public:
  /// `world` must outlive the plan.
  FaultPlan(const World& world, const FaultRates& rates);

  [[nodiscard]] bool any() const { return rates_.any(); }
  [[nodiscard]] bool happens(FaultKind kind, ParcelId parcel, std::uint8_t sequence) const;
  /// One of four words that belong to the fault.
  [[nodiscard]] std::uint32_t draw(FaultKind kind, ParcelId parcel, std::uint8_t sequence, std::size_t word) const;

  /// Publishes scans later and adds further ones behind them; `told` (may be null) hears of each. A missed scan stays
  /// missed. Delays are at most 6 hours; added scans happen within `reach` of the one they follow.
  void amend(std::vector<Scan>& scans, std::vector<InjectedFault>* told) const;
  static constexpr SimDuration reach = days(4);

 private:
  void add_behind(const Scan& scan, std::vector<Scan>& scans, std::vector<InjectedFault>* told) const;
  [[nodiscard]] std::uint64_t entity(FaultKind kind, ParcelId parcel) const;

  const World& world_;
  FaultRates rates_;
  DrawKey key_;
  std::vector<std::uint64_t> nodes_;  // Hashes of the nodes' names: a draw does not depend on the order of rows.
};

/// A source with the facts that `plan` adds; still ascending. `recorder` hears of those that happen to parcels of
/// `share`. `source`, `plan` and `recorder` must outlive it.
class FaultySource final : public ReplaySource {
 public:
  FaultySource(ReplaySource& source, const FaultPlan& plan, const ParcelShare& share, ReplayRecorder& recorder)
      : source_(source), plan_(plan), share_(share), recorder_(recorder) {}
  Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override;
  /// Of the source beneath: what faults add is not known beforehand.
  [[nodiscard]] Totals totals() const override { return source_.totals(); }
  [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override { return source_.facts(parcel); }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return source_.parcels(); }

 private:
  ReplaySource& source_;
  const FaultPlan& plan_;
  ParcelShare share_;
  ReplayRecorder& recorder_;
  std::vector<ReplayItem> waiting_;  // A heap, earliest first.
  bool exhausted_ = false;
};

/// What can be done to the bytes of a message. Instants that are dates in disguise (estimates) are left alone.
namespace alter {

/// The message's own id becomes another one.
void identity(wire::Message& message);
/// Every instant in the clock of an offset: the same instant.
void zone(wire::Message& message, SimDuration offset);
/// Every instant without its offset.
void drop_offsets(wire::Message& message);
/// Every instant moved.
void move_instants(wire::Message& message, SimDuration by);
/// Places and texts in capitals; with `vocabulary` statuses as well.
void capitals(wire::Message& message, bool vocabulary);
/// Three members that nobody documented.
void drift(wire::Message& message);
/// Another tracking number of the same length, wherever `number` stands.
void number(wire::Message& message, std::string_view number, std::string_view other);

}  // namespace alter

/// The number of a parcel that does not exist, like this one.
std::string ghost_number(std::string_view number);

}  // namespace peakstorm
