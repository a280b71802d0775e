/// A ship node as a logical process: orders arrive, a service is chosen and a date promised, parcels are
/// packed, and carriers collect them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/flow/census.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/events.hpp"
#include "engine/flow/ledger.hpp"
#include "engine/flow/load_limit.hpp"
#include "engine/flow/variates.hpp"

namespace peakstorm::flow {

/// Work starts at this local time on working days; orders from the night wait for it.
inline constexpr SimDuration opening = hours(6);

class NodeProcess {
 public:
  NodeProcess(const Context& context, ShipNodeId id);

  [[nodiscard]] std::vector<std::pair<SimTime, Payload>> first_events() const;
  [[nodiscard]] SimDuration lookahead() const;
  void handle(const Event& event, Outbox& outbox, Ledger& ledger);
  /// Ends the accounts and writes the outcomes of parcels no truck has collected.
  void close(SimTime end, Ledger& ledger);

  [[nodiscard]] std::vector<PlaceLoad> loads() const { return loads_.series(); }
  [[nodiscard]] const std::vector<PlaceDay>& place_days() const { return place_days_; }
  /// Tendered to a carrier, by CarrierId.
  [[nodiscard]] const MidnightCount& injected(CarrierId carrier) const { return injected_[index(carrier)]; }

  /// Everything that changes during a run; the rest is made from the World again.
  template <class Archive>
  void transfer(Archive& archive) {
    archive(next_given_);
    archive.each(collections_);
    archive(waiting_, orders_, cancelled_, tendered_, loads_, place_days_);
    archive.each(injected_);
  }

 private:
  /// Destinations of one time zone: they share the hour of the day.
  struct ZoneDemand {
    ZoneId zone{};
    double share = 0;  ///< Of the shipper's orders.
    std::vector<DestinationId> destinations;
    AliasTable pick;
  };
  struct Collection {
    network::Timetable times;             ///< Given by the World.
    std::vector<Chain<Parcel>> assigned;  ///< By index in `times`; the last one: never collected in the run.
    struct Refused {
      Parcel parcel;
      SimTime planned;
    };
    std::vector<Refused> backlog;  ///< First in, first out.
    LoadLimit cap;
    template <class Archive>
    void transfer(Archive& archive) {
      archive.each(assigned);
      archive(backlog, cap);
    }
  };

  void take_orders(SimTime now, Ledger& ledger);
  struct OrderDraft {
    ParcelId id{};
    SimTime at;
    DestinationId destination{};
    Tier tier = Tier::standard;
    std::uint8_t size = 0;
    std::uint32_t share_word = 0;
    std::uint16_t promise_day = no_day;  ///< Given with the order; no_day: quote one.
  };
  void accept(const OrderDraft& draft, Ledger& ledger);
  void collect(SimTime now, std::size_t which, Outbox& outbox, Ledger& ledger);
  /// First pickup of `carrier` at or after `ready`: (index in pickups, index in its timetable).
  [[nodiscard]] std::pair<std::size_t, std::size_t> pickup_after(CarrierId carrier, SimTime ready) const;
  /// When work on an order placed at `at` begins.
  [[nodiscard]] SimTime work_begins(SimTime at) const;
  [[nodiscard]] double hourly_mean(const ZoneDemand& demand, SimTime hour) const;
  [[nodiscard]] PlaceLoad load() const;
  PlaceDay& day(SimTime now);

  const Context& context_;
  ShipNodeId id_;
  const ShipNode& node_;
  const Shipper& shipper_;
  PlaceId place_;
  const TimeZone& zone_;
  const disruption::EffectSteps& effects_;
  std::vector<ZoneDemand> demand_;
  AliasTable tiers_;
  AliasTable sizes_;
  std::vector<GivenOrder> given_;
  bool draws_orders_ = true;
  std::size_t next_given_ = 0;
  std::vector<Collection> collections_;  ///< By index in ShipNode::pickups.
  std::uint64_t waiting_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t tendered_ = 0;
  LoadSeries loads_;
  std::vector<PlaceDay> place_days_;
  std::vector<MidnightCount> injected_;
};

}  // namespace peakstorm::flow
