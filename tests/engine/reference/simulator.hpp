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

  // From the order to the first hub.
  /// Promises, prepares and cancels; what is left waits for its pickup.
  void order(const Order& o);
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
};

}  // namespace peakstorm::test::plain
