/// A ship node as a logical process: orders arrive, a service is chosen and a date promised, parcels are
/// packed, and carriers collect them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/flow/census.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/events.hpp"
#include "engine/flow/ledger.hpp"
#include "engine/flow/load_limit.hpp"
#include "engine/flow/sourcing.hpp"
#include "engine/flow/variates.hpp"
#include "engine/promise/learned_transit.hpp"
#include "engine/promise/promise_rule.hpp"

namespace peakstorm::flow {

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
    for (Home& home : homes_) archive(home.next_given);
    if (sourcing_) archive(*sourcing_);
    archive.each(collections_);
    archive(waiting_, orders_, cancelled_, tendered_, loads_, place_days_);
    archive.each(injected_);
    archive(taken_day_, taken_);
    if (learned_) archive(*learned_);
    if (level_) archive(*level_);
  }

 private:
  /// Destinations of one time zone: they share the hour of the day.
  struct ZoneDemand {
    ZoneId zone{};
    double share = 0;  ///< Of the shipper's orders.
    std::vector<DestinationId> destinations;
    AliasTable pick;
  };
  /// A node whose orders are drawn here: this one, and those of the same shipper whose orders it may be chosen for.
  struct Home {
    ShipNodeId id{};
    std::vector<ZoneDemand> demand;
    std::vector<GivenOrder> given;
    std::size_t next_given = 0;
  };
  struct Collection {
    network::Timetable times;             ///< Given by the World.
    std::uint64_t km = 0;                 ///< Likewise: to where the truck goes.
    std::vector<Chain<Parcel>> assigned;  ///< By index in `times`; the last one: never collected in the run.
    struct Refused {
      Parcel parcel;
      SimTime planned;
    };
    std::vector<Refused> backlog;  ///< First in, first out.
    LoadLimit cap;
    std::vector<std::uint32_t> booked;  ///< By index in `times`, of a shipper that books (Overflow); empty otherwise.
    template <class Archive>
    void transfer(Archive& archive) {
      archive.each(assigned);
      archive(backlog, cap, booked);
    }
  };

  void take_orders(SimTime now, Ledger& ledger);
  void take_news(const Event& event);
  struct OrderDraft {
    ParcelId id{};
    SimTime at;
    DestinationId destination{};
    Tier tier = Tier::standard;
    std::uint8_t size = 0;
    std::uint32_t share_word = 0;
    std::uint16_t promise_day = no_day;        ///< Given with the order; no_day: quote one.
    std::optional<std::uint32_t> tier_word{};  ///< The draw that picks the tier; none: it is given.
    bool second_choice = false;                ///< As of Sourcing::Choice.
    bool out_of_stock = false;                 ///< It is not taken.
  };
  [[nodiscard]] Home home_of(ShipNodeId id) const;
  /// The orders of the hour that begins now, in the order in which they are numbered. take(draft).
  template <class Take>
  void draw_orders(Home& home, SimTime now, const Take& take);
  /// Takes those orders of all homes that are sent from here.
  void share_orders(SimTime now, Ledger& ledger);
  /// Hour of the first given order that has not been taken; none: all are.
  [[nodiscard]] std::optional<std::uint16_t> next_given_hour() const;
  void accept(const OrderDraft& draft, SimTime now, Ledger& ledger);
  void collect(SimTime now, std::size_t which, Outbox& outbox, Ledger& ledger);
  /// A visit of a carrier's truck: the last index in its timetable stands for "not in this run".
  struct Occasion {
    std::size_t pickup = 0;  ///< Index in ShipNode::pickups.
    std::size_t visit = 0;   ///< Index in its timetable.
  };
  /// First pickup of what `carrier` takes to `destination`, at or after `ready`.
  [[nodiscard]] Occasion pickup_after(CarrierId carrier, DestinationId destination, SimTime ready) const;
  /// Local day of a visit. Past the run's last pickup the date no longer matters: nothing collects it.
  [[nodiscard]] Day day_of(const Occasion& occasion) const;
  /// A service for an order, and the truck that it is planned for.
  struct Choice {
    ServiceId service{};
    std::size_t tariff = 0;  ///< Index in Shipper::tariffs, where the choice depends on the orders before it.
    Occasion planned;
    Day tender = 0;               ///< Local day of `planned`.
    Cause refusal = Cause::none;  ///< Why the carrier has no room, when it has none.
  };
  /// `packed`: when the order will be ready at the latest; `now`: as of when things are known.
  [[nodiscard]] Choice choose(const OrderDraft& draft, Tier tier, SimTime packed, SimTime now) const;
  /// The tier that the shopper takes, given what is promised and charged for each.
  [[nodiscard]] Tier preferred_tier(const OrderDraft& draft, Day order_day, SimTime packed, SimTime now) const;
  /// Whether `carrier` takes one more parcel for `destination` on this occasion, as far as one knows now.
  [[nodiscard]] Cause refusal(CarrierId carrier, DestinationId destination, const Occasion& occasion,
                              SimTime now) const;
  /// The first visit of the same truck, from `occasion` on, that is not booked up.
  [[nodiscard]] Occasion with_room(Occasion occasion) const;
  [[nodiscard]] bool is_full(const Occasion& occasion) const;
  /// First promise for an order of local day `order_day`.
  [[nodiscard]] Day quote(const Choice& choice, DestinationId destination, Day order_day, SimTime now) const;
  /// Learned for a parcel tendered on this day, in the state of the network that one knows of.
  [[nodiscard]] promise::ShiftShares shares(ServiceId service, DestinationId destination, Day tender,
                                            SimTime now) const;
  /// Learned chance that a parcel comes by the tier's target.
  [[nodiscard]] double on_time(ServiceId service, DestinationId destination, Tier tier, Day tender, SimTime now) const;
  [[nodiscard]] RegionId region_of(DestinationId destination) const {
    return context_.world.destinations[index(destination)].region;
  }
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
  bool rides_along_ = false;  ///< Of a companion.
  ShipperId known_as_{};      ///< To disruptions.
  std::vector<Home> homes_;   ///< The first is this node.
  AliasTable tiers_;
  AliasTable sizes_;
  bool draws_orders_ = true;
  bool has_areas_ = false;               ///< Some pickup skips zones.
  std::vector<Collection> collections_;  ///< By index in ShipNode::pickups.
  std::uint64_t waiting_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t tendered_ = 0;
  LoadSeries loads_;
  std::vector<PlaceDay> place_days_;
  std::vector<MidnightCount> injected_;
  Day taken_day_ = -1;                ///< UTC day of `taken_`.
  std::vector<std::uint32_t> taken_;  ///< diversified: that day's orders by tariff.
  std::optional<promise::LearnedTransit> learned_;
  std::optional<promise::PromisedLevel> level_;
  std::optional<Sourcing> sourcing_;
};

}  // namespace peakstorm::flow
