/// The second simulator's events, one after the other. A piece goes from its order to its pickup (pickup.cpp), through
/// sorters and docks_ (hub.cpp), and out to the door (delivery.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/engine/reference/demand.hpp"
#include "tests/engine/reference/offers.hpp"
#include "tests/engine/reference/piece.hpp"
#include "tests/engine/reference/plans.hpp"
#include "tests/engine/reference/reference.hpp"
#include "tests/engine/reference/setting.hpp"
#include "tests/engine/reference/sorters.hpp"

namespace peakstorm::test::plain {

class Simulator {
 public:
  Simulator(const World& world, const PlainOptions& options)
      : setting_(world, options),
        sorters_(setting_),
        plans_(setting_, sorters_),
        offers_(setting_),
        world_(world),
        end_(setting_.end) {}

  Account run();

 private:
  struct Entry {
    std::function<void()> happen;
    std::size_t place;  ///< Where the order of arrivals matters; no_tie elsewhere.
  };
  /// At equal instants: 0 what arrives, 1 what is sorted or settled, 2 what leaves. Arrivals in any order, which the
  /// tie seed picks; pieces of one sorter first in, first out.
  void schedule(SimTime at, int step, std::function<void()> happen, std::size_t place = no_tie);
  /// For what is next: in how many orders it could come with what else comes to its place now.
  void count_ties();

  // What a node knows and decides (choice.cpp).
  struct Choice {
    ServiceId service{};
    std::size_t pickup = 0;
    SimTime truck;
    std::size_t tariff = no_tie;  ///< Whose share of the day it counts in.
    Cause refusal = Cause::none;
  };
  Choice choose(const Order& o, Tier tier, SimTime packed, SimTime now);
  /// Whether the truck that comes at this instant is booked up.
  [[nodiscard]] bool is_full(std::size_t n, std::size_t pickup, SimTime truck) const;
  /// The visit of the truck from `truck` on that is not.
  [[nodiscard]] SimTime with_room(std::size_t n, std::size_t pickup, SimTime truck) const;
  [[nodiscard]] bool is_strained(std::size_t n, CarrierId carrier, DestinationId destination, SimTime now) const;
  /// Learned shares of parcels of a service that come -7 to 30 delivery days after the published one, or sooner.
  /// Without a weekday (below 0) of all in the region.
  [[nodiscard]] std::vector<double> shares(std::size_t n, ServiceId service, DestinationId destination, int weekday,
                                           bool strained, SimTime now) const;
  /// `day` after `shift` delivery days, or before.
  [[nodiscard]] Day moved(CalendarId calendar, Day day, int shift) const;
  [[nodiscard]] int shift_of(const Piece& piece) const;
  /// The day that the shipper's rule promises, buffer and hedges aside.
  [[nodiscard]] Day promised(std::size_t n, const Service& service, ServiceId id, DestinationId destination, Day tender,
                             SimTime now) const;
  /// Share of parcels that a promise should cover, after what became of those before.
  [[nodiscard]] double level(std::size_t n, SimTime now) const;
  /// Rather than have them given.
  [[nodiscard]] bool draws_orders(std::size_t n) const {
    return std::none_of(world_.orders.begin(), world_.orders.end(), [&](const GivenOrder& given) {
      return world_.nodes[index(given.node)].shipper == world_.nodes[n].shipper;
    });
  }

  // From the order to the first hub.
  /// Promises, prepares and cancels; what is left waits for its pickup. `now`: the beginning of its hour.
  void order(const Order& o, SimTime now);
  /// Pickup `p` of node `n`.
  void collect(SimTime now, std::size_t n, std::size_t p);
  /// A truck or aircraft leaves now with `load`.
  void travel(SimTime now, const std::vector<Piece*>& load, SimDuration usual, const Effect& here, std::size_t to,
              bool customs);
  /// `left`: when the vehicle did.
  void arrive(SimTime now, SimTime left, const std::vector<Piece*>& load, std::size_t f, bool customs);

  // Hubs.
  void unload(SimTime now, const std::vector<Piece*>& pieces, std::size_t f);
  void sort(SimTime now, Piece& piece, std::size_t f);
  void dock(SimTime now, Piece& piece, std::size_t f, std::size_t lane, Cause hint);
  void depart(SimTime now, std::size_t l);
  /// Tells of the delay to day `moved`.
  void delayed(Piece& piece, Day moved, std::size_t f, SimTime now, bool weather);

  // The last mile.
  void load_out(SimTime now, std::size_t f);
  /// Takes the piece out; true when it comes back for another round.
  bool deliver(SimTime now, Piece& piece, std::size_t f, SimDuration length);

  // What is told of a piece.
  [[nodiscard]] const TimeZone& home(const Piece& piece) const {
    return setting_.zone(world_.destinations[index(piece.facts.destination)].zone);
  }
  /// Returns the instant at which the scan is reported.
  SimTime scan(Piece& piece, ScanKind kind, PlaceId where, SimTime at, std::uint16_t eta_day = no_day);
  void end_piece(Piece& piece, Fate fate, SimTime at, SimTime reported);
  /// Local day on which a piece that comes to `facility` at `at` should be delivered, as one sees it now.
  [[nodiscard]] Day eta(const Piece& piece, std::size_t facility, SimTime at, SimTime now) const;
  /// Tells of a later day than the last one told.
  void revise(Piece& piece, Day day, PlaceId where, SimTime at);
  /// Closes the books at the end.
  Account finish();

  Setting setting_;
  Sorters sorters_;
  CarrierPlans plans_;
  Offers offers_;
  const World& world_;
  SimTime end_;
  Account account_;
  std::deque<Piece> all_;
  std::uint64_t scheduled_ = 0;
  std::map<std::tuple<SimTime, int, std::uint64_t, std::uint64_t>, Entry> agenda_;
  std::vector<std::vector<SimTime>> departures_;  ///< By lane.
  // By node and pickup: pieces that wait for a truck, that one left, and what a truck may take.
  std::map<std::tuple<std::size_t, std::size_t, SimTime>, std::vector<Piece*>> to_collect_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Piece*>> left_behind_;
  std::map<std::pair<std::size_t, std::size_t>, Room> caps_;
  std::vector<std::deque<Piece*>> docks_;  ///< By lane.
  std::vector<Room> dock_room_;
  std::vector<std::vector<Piece*>> rounds_;  ///< By depot.
  std::vector<Room> round_room_;
  std::vector<std::pair<SimTime, Piece*>> untold_;                                ///< Delivered; by depot's order.
  std::map<std::tuple<std::size_t, std::size_t, SimTime>, std::int64_t> booked_;  ///< By node, pickup and instant.
  std::map<std::tuple<std::size_t, std::int64_t, std::size_t>, Ppm> taken_;       ///< By node, day and tariff.
};

}  // namespace peakstorm::test::plain
