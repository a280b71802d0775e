/// A hub, air hub or depot of one carrier, as a logical process: unloading, customs, a sorter of finite rate
/// that is open in windows, a FIFO dock per outbound lane, timetabled departures of finite size, and at depots
/// the delivery rounds.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/flow/census.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/events.hpp"
#include "engine/flow/ledger.hpp"
#include "engine/flow/load_limit.hpp"
#include "engine/flow/queue_count.hpp"
#include "engine/flow/work_calendar.hpp"

namespace peakstorm::flow {

/// Sorted pieces reach their docks at these marks: one event per wave, not per piece.
inline constexpr SimDuration wave = minutes(10);

class FacilityProcess {
 public:
  FacilityProcess(const Context& context, FacilityId id);

  /// Its first events: the first departure of each lane and the first load-out.
  [[nodiscard]] std::vector<std::pair<SimTime, Payload>> first_events() const;
  [[nodiscard]] SimDuration lookahead() const;
  void handle(const Event& event, Outbox& outbox, Ledger& ledger);

  /// What is worked out ahead from disruptions that begin later may change when a run goes on in a world with other
  /// ones: works it out again for the work that becomes available after `now`. In the same world nothing changes.
  void replan(SimTime now);
  /// The mark at which the first piece in the sorter is sorted; the end of the run when that is later or never.
  /// Requires: a wave is scheduled.
  [[nodiscard]] SimTime next_wave() const;

  /// Ends the accounts at `end` and writes the outcomes of what is still here. `in_transit` are
  /// containers on their way to this facility, and single parcels set aside by it.
  void close(SimTime end, const std::vector<Event>& pending, Ledger& ledger);

  /// Parcels in its queues and set aside, vans and the road not included.
  [[nodiscard]] std::uint64_t present() const {
    const PlaceLoad now = load();
    return std::uint64_t{now.sorting} + now.docked + now.delivering;
  }

  // Read after close().
  [[nodiscard]] const std::vector<PlaceDay>& place_days() const { return place_days_; }
  [[nodiscard]] std::vector<PlaceLoad> loads() const { return loads_.series(); }
  [[nodiscard]] std::vector<QueueAccount> queues() const;
  struct Flows {
    explicit Flows(std::size_t midnights)
        : delivered(midnights), lost(midnights), returned(midnights), transit(midnights) {}
    MidnightCount delivered;
    MidnightCount lost;
    MidnightCount returned;
    MidnightCount transit;  ///< On the way to here.
    template <class Archive>
    void transfer(Archive& archive) {
      archive(delivered, lost, returned, transit);
    }
  };
  [[nodiscard]] const Flows& flows() const { return flows_; }

  /// Everything that changes during a run; the rest is made from the World again.
  template <class Archive>
  void transfer(Archive& archive) {
    archive(level_, sorter_, wave_scheduled_);
    archive.each(docks_);
    archive(express_, others_, round_limit_, aside_, sorter_count_, dock_count_, round_count_, loads_, place_days_,
            flows_, news_);
  }

 private:
  /// A container being sorted, first in first out.
  struct Batch {
    SimTime arrived;
    SimTime available;           ///< Unloaded.
    WorkCalendar::Work level{};  ///< Work ahead of its first piece, in all.
    std::size_t next = 0;        ///< Pieces already sorted.
    Chain<Parcel> parcels;       ///< The others.
    std::size_t companions = 0;  ///< Of which ride along. None in a run with checkpoints.
    [[nodiscard]] std::size_t pieces() const { return parcels.size() - companions; }
    template <class Archive>
    void transfer(Archive& archive) {
      archive(arrived, available, level, next, parcels);
    }
  };
  /// Consecutive parcels of a dock that share their history.
  struct Stretch {
    SimTime arrived;
    SimTime docked;
    SimTime planned;  ///< Departure they would have made without queues and storms.
    std::uint32_t count = 0;
    std::uint32_t companions = 0;  ///< Of which ride along. None in a run with checkpoints.
    bool told = false;             ///< Its shoppers know of the delay.
    Cause hint = Cause::none;
    template <class Archive>
    void transfer(Archive& archive) {
      archive(arrived, docked, planned, count, told, hint);
    }
  };
  struct Dock {
    LaneId lane{};              ///< Given by the World.
    std::size_t departure = 0;  ///< Index of the next one in the timetable.
    Chain<Parcel> parcels;
    std::deque<Stretch> stretches;
    LoadLimit limit;
    template <class Archive>
    void transfer(Archive& archive) {
      archive(departure, parcels, stretches, limit);
    }
  };
  /// A parcel waiting for a round.
  struct Waiting {
    Parcel parcel;
    SimTime entered;
    SimTime available;
    SimTime planned;  ///< First load-out it could have made.
  };

  void arrive(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger);
  /// A parcel that has reached its depot waits for the round that leaves at `planned` or later.
  void await_round(SimTime now, const Parcel& parcel, SimTime planned);
  void unload(SimTime now, Chain<Parcel> parcels, Outbox& outbox);
  /// A truck of a companion: its pieces wait for each other and for what was here before its twin, and take up no work.
  void unload_companions(SimTime now, std::uint64_t node_hash, Chain<Parcel> parcels, Outbox& outbox);
  void sort_wave(SimTime now, Outbox& outbox, Ledger& ledger);
  void sort_one(SimTime now, SimTime arrived, Parcel& parcel, Outbox& outbox, Ledger& ledger);
  /// Sorts what is done by now of companions' trucks, of pieces with no more work ahead than `most`.
  void sort_trucks(SimTime now, WorkCalendar::Work done, WorkCalendar::Work most, Outbox& outbox, Ledger& ledger);
  void schedule_wave(SimTime now, Outbox& outbox);
  /// A wave of its own for parcels that ride along, where no other piece calls for one.
  void schedule_companions(SimTime now, Outbox& outbox);
  /// When `pieces` of a batch are sorted: the mark, or the end of the run.
  [[nodiscard]] SimTime sorted_at(const Batch& batch, std::size_t pieces) const;
  void dock(SimTime now, SimTime arrived, const Parcel& parcel, LaneId lane, Cause hint);
  void depart(SimTime now, std::size_t dock, Outbox& outbox, Ledger& ledger);
  /// Counts what a departure left on the dock, and tells those whose delay is worth telling.
  void leave_behind(SimTime now, Dock& dock, Ledger& ledger);
  /// Puts what rides along and did not fit back to the front of a dock, past which others have boarded.
  static void put_back(Dock& dock, Chain<Parcel> passed, std::deque<Stretch> stretches);
  void load_out(SimTime now, Outbox& outbox, Ledger& ledger);
  void attempt(SimTime now, SimTime at, const Draws& draws, Waiting& waiting, Outbox& outbox, Ledger& ledger,
               Chain<Waiting>& again);
  void settle(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger);
  void clear(SimTime now, const Event& event, Outbox& outbox, Ledger& ledger);
  /// Blames what a journey that ends at `arrival` took too long.
  void blame_journey(Container& container, SimTime arrival) const;
  /// How many of these are pieces that others wait for.
  [[nodiscard]] std::int64_t pieces_of(Chain<Parcel>& parcels) const;
  /// Sends `container` to a facility; where only companions are in it, by the side door (kernel::Outbox::send_aside).
  void send(Outbox& outbox, kernel::LpId target, SimTime at, std::unique_ptr<Container> container, std::uint32_t which,
            Happening happening, std::uint64_t identity);
  /// As send(), of a single parcel to this very facility.
  void send_parcel(Outbox& outbox, SimTime at, Happening happening, std::uint32_t which, SimTime boarded,
                   const Parcel& parcel);
  void end_parcel(Parcel& parcel, Fate fate, SimTime at, SimTime reported, Ledger& ledger);
  /// Reports what has been delivered by now to the nodes that learn from it.
  void tell_news(SimTime now, Outbox& outbox);

  [[nodiscard]] PlaceLoad load() const;
  [[nodiscard]] PlaceDay& day(SimTime now);
  /// Where the load plan sends a sorted piece; one led around a closure remembers what that costs it.
  [[nodiscard]] LaneId next_lane(Parcel& parcel, SimTime arrived, SimTime now) const;
  [[nodiscard]] LaneId wrong_lane(const Parcel& parcel, LaneId right, std::uint32_t word) const;
  [[nodiscard]] Mode mode_of(const Parcel& parcel) const { return context_.service(parcel.service).mode; }
  [[nodiscard]] FacilityId depot_of(const Parcel& parcel) const {
    return context_.depot_of(facility_.carrier, parcel.destination);
  }
  /// First load-out of `service` at or after `at`, at the depot `depot`.
  [[nodiscard]] SimTime next_load_out(FacilityId depot, ServiceId service, SimTime at) const;
  /// Date on which the carrier expects, by what it knows at `now`, to deliver a parcel that reaches `from` at `at`.
  [[nodiscard]] Day eta(const Parcel& parcel, FacilityId from, SimTime at, SimTime now) const;
  /// When pieces arriving at `arrived` would reach the dock in ordinary times.
  [[nodiscard]] SimTime nominally_docked(SimTime arrived) const;
  /// Shows a later date to the shopper when the promise shown has not yet expired.
  void revise(Parcel& parcel, Day eta, SimTime at, Ledger& ledger);

  const Context& context_;
  FacilityId id_;
  const Facility& facility_;
  PlaceId place_;
  const TimeZone& zone_;
  const Carrier& carrier_;
  const disruption::EffectSteps& effects_;
  std::vector<network::OpenSpan> spans_;  ///< Sort windows in ordinary times.

  WorkCalendar work_;
  WorkCalendar::Work level_ = 0;  ///< Work accepted so far, idle time included (V in work_calendar.hpp).
  std::deque<Batch> sorter_;
  bool wave_scheduled_ = false;
  // Of parcels that ride along; empty in a run with checkpoints.
  struct Truck {
    std::uint64_t node = 0;  ///< place_hash of where it comes from.
    WorkCalendar::Work level{};
  };
  std::deque<Batch> trucks_;     ///< Of companions.
  std::vector<Truck> unloaded_;  ///< At `unloaded_at_`: work ahead of each.
  SimTime unloaded_at_ = never;
  SimTime companions_wave_ = never;  ///< The next one of their own.
  std::vector<Dock> docks_;
  Chain<Waiting> express_;  ///< Waiting for a round; these are served first,
  Chain<Waiting> others_;   ///< then these, each in order of arrival.
  LoadLimit round_limit_;
  std::size_t aside_ = 0;  ///< Parcels in customs, held, or waiting for pickup or return.

  QueueCount sorter_count_;
  QueueCount dock_count_;
  QueueCount round_count_;
  LoadSeries loads_;
  std::vector<PlaceDay> place_days_;
  Flows flows_;
  struct Untold {
    SimTime at;  ///< Of the delivery.
    ShipNodeId node{};
    promise::Delivered delivered;
    template <class Archive>
    void transfer(Archive& archive) {
      archive(at, node, delivered);
    }
  };
  std::vector<Untold> news_;  ///< Of parcels whose nodes learn.
};

}  // namespace peakstorm::flow
