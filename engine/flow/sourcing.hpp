/// Which of its ship nodes a shipper sends an order from, and what they still have (ShipFrom, ShipNode::stock).
///
/// Every node of such a shipper keeps one, shows it all of the shipper's orders in the same order, and takes those that
/// it is chosen for: the nodes agree without a word, whatever thread or rank they run on. Hence a choice rests on what
/// all of them know: the World, the orders so far, and nothing that one node has learned or booked.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "engine/flow/context.hpp"

namespace peakstorm::flow {

/// Work starts at this local time on working days; orders from the night wait for it.
inline constexpr SimDuration opening = hours(6);

/// When a node begins to work on an order placed at `at`.
SimTime work_begins(const World& world, const ShipNode& node, SimTime at);

class Sourcing {
 public:
  Sourcing(const Context& context, ShipperId shipper);

  /// Whether the shipper's orders need one: it may send from several nodes, or its stock can end.
  static bool is_needed(const World& world, ShipperId shipper);

  struct Order {
    SimTime at;
    ShipNodeId home{};  ///< Serves the destination.
    DestinationId destination{};
    Tier tier = Tier::standard;
    std::uint8_t size = 0;
    std::uint32_t share_word = 0;  ///< As for Tariffs::choose().
  };
  struct Choice {
    std::optional<ShipNodeId> node;  ///< None: nobody who may send it has it.
    bool second_choice = false;      ///< Another one would have come first, had it not run out.
  };
  /// Chooses, and takes the unit. Requires orders by instant. O(nodes of the shipper).
  Choice take(const Order& order);

  /// What is left, and of the lots how many have come; the rest is made from the World again.
  template <class Archive>
  void transfer(Archive& archive) {
    for (Node& node : nodes_) archive(node.left, node.left_any, node.next_lot);
  }

 private:
  struct Lot {
    SimTime from;
    StockLot lot;
  };
  struct Node {
    ShipNodeId id{};
    std::vector<Lot> lots;
    std::vector<network::Timetable> pickups;  ///< By index in ShipNode::pickups; ShipFrom::promise alone.
    std::vector<std::int64_t> left;           ///< By size class, thousandths of units.
    std::int64_t left_any = 0;                ///< Of any size.
    std::size_t next_lot = 0;
  };
  /// What decides between nodes; less is better, in the order of members. Equals go by name, as nodes_ do.
  struct Rank {
    std::int64_t day = 0;
    std::int64_t amount = 0;  ///< Metres, or cents.
    auto operator<=>(const Rank&) const = default;
  };
  [[nodiscard]] Rank rank(const Node& node, const Order& order) const;
  [[nodiscard]] Day published_day(const Node& node, const Order& order, ServiceId service) const;
  void receive(Node& node, SimTime now) const;
  /// A node's stock of the order's size, sized before unsized; nullptr: it has none.
  [[nodiscard]] std::int64_t* stock_of(Node& node, std::uint8_t size) const;

  const Context& context_;
  const Shipper& shipper_;
  bool is_limited_ = false;
  std::vector<Node> nodes_;  ///< By name.
};

}  // namespace peakstorm::flow
