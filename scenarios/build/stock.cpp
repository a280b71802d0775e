/// stock.csv: what the nodes of a shipper hold.
#include <algorithm>
#include <tuple>

#include "scenarios/build/builder.hpp"

namespace peakstorm::scenarios {

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
}

}  // namespace peakstorm::scenarios
