/// stock.csv: what the nodes of a shipper hold.
#include <algorithm>
#include <tuple>

#include "scenarios/build/builder.hpp"

namespace peakstorm::scenarios {
namespace {

/// Every node of a shipper that chooses among them draws the orders of all: time and memory grow with the square.
constexpr std::ptrdiff_t nodes_max = 100;

void check_node_count(Builder& b) {
  for (std::size_t s = 0; s < b.world.shippers.size(); ++s) {
    const auto is_its = [&](const ShipNode& node) { return index(node.shipper) == s; };
    const auto& nodes = b.world.nodes;
    const bool chooses = b.world.shippers[s].ship_from != ShipFrom::served ||
                         std::any_of(nodes.begin(), nodes.end(),
                                     [&](const ShipNode& node) { return is_its(node) && !node.stock.empty(); });
    const auto count = std::count_if(nodes.begin(), nodes.end(), is_its);
    if (!chooses || count <= nodes_max) continue;
    b.faults.add("scenario.toml", b.settings.shippers[s].line, "shipper.ship_from",
                 "the shipper has " + std::to_string(count) + " nodes to choose among",
                 "join nodes: " + std::to_string(nodes_max) + " may have a rule or a stock");
  }
}

}  // namespace

void read_stock(Builder& b) {
  const Table table = b.table("stock.csv", {{"node", "units"}, {"size", "from"}, false}, Table::Presence::optional);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    StockLot lot;
    const auto node = row.refer("node", b.nodes);
    row.count("units", 0, 1'000'000'000, lot.units);
    std::uint8_t size = 0;
    if (row.count_if("size", 0, 254, size)) {
      if (size < b.world.sizes.size()) {
        lot.size = size;
      } else {
        row.fault("size", "there are " + std::to_string(b.world.sizes.size()) + " sizes, counted from 0",
                  "write the index of a [[size]], or leave the cell empty for any");
      }
    }
    UnixDay from = 0;
    if (row.read_if("from", parse_date, from) && b.dated()) {
      lot.from = b.day(from);
      if (lot.from >= b.world.day_count) {
        row.fault("from", "the day lies after the last day with orders",
                  "choose days from " + b.span_text(0, b.world.day_count));
      }
    }
    if (!node || *node >= b.world.nodes.size()) continue;
    ShipNode& of = b.world.nodes[*node];
    if (b.world.shippers[index(of.shipper)].role == ShipperRole::background) {
      row.fault("node", "only a retailer's orders take from a stock", "remove the row, or make the shipper a retailer");
    }
    of.stock.push_back(lot);
  }
  for (ShipNode& node : b.world.nodes) {
    std::sort(node.stock.begin(), node.stock.end(), [](const StockLot& x, const StockLot& y) {
      return std::tie(x.from, x.size, x.units) < std::tie(y.from, y.size, y.units);
    });
  }
  check_node_count(b);
}

}  // namespace peakstorm::scenarios
