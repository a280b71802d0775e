/// Whether every parcel that can be ordered can be delivered: pickups, coverage and lanes fit together.
#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <functional>
#include <map>
#include <set>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/folder.hpp"

namespace peakstorm::scenarios {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

/// The lanes a mode may use; lanes never join two carriers, so one graph serves all.
Graph lane_graph(const World& world, Mode mode) {
  Graph graph(world.facilities.size());
  for (const Lane& lane : world.lanes) {
    if (mode == Mode::air || lane.mode == Mode::road) boost::add_edge(index(lane.from), index(lane.to), graph);
  }
  return graph;
}

/// The facilities that lanes lead to from one of them, itself included.
std::vector<bool> reachable(const Graph& graph, FacilityId from) {
  std::vector<boost::default_color_type> colours(boost::num_vertices(graph));
  boost::breadth_first_search(
      graph, index(from),
      boost::color_map(boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, graph))));
  std::vector<bool> reached;
  reached.reserve(colours.size());
  for (const auto colour : colours) reached.push_back(colour != boost::default_color_type::white_color);
  return reached;
}

/// Reachable facilities by (mode, origin), each computed once.
class Reach {
 public:
  explicit Reach(const World& world) : road_(lane_graph(world, Mode::road)), air_(lane_graph(world, Mode::air)) {}
  const std::vector<bool>& from(FacilityId origin, Mode mode) {
    const auto [known, is_new] = known_.try_emplace({mode, origin});
    if (is_new) known->second = reachable(mode == Mode::air ? air_ : road_, origin);
    return known->second;
  }

 private:
  Graph road_;
  Graph air_;
  std::map<std::pair<Mode, FacilityId>, std::vector<bool>> known_;
};

/// The destinations parcels of a node go to: its demand and the orders given for it; where its shipper may send an
/// order from any of its nodes, those of all of them.
std::vector<std::vector<bool>> destinations_of_nodes(const World& world) {
  std::vector<std::vector<bool>> used;
  for (const ShipNode& node : world.nodes) {
    std::vector<bool> own;
    for (const std::uint64_t weight : node.demand) own.push_back(weight > 0);
    used.push_back(std::move(own));
  }
  for (const GivenOrder& order : world.orders) used[index(order.node)][index(order.destination)] = true;
  std::map<ShipperId, std::vector<bool>> of_shipper;
  for (std::size_t n = 0; n < used.size(); ++n) {
    std::vector<bool>& all = of_shipper[world.nodes[n].shipper];
    all.resize(world.destinations.size());
    std::transform(all.begin(), all.end(), used[n].begin(), all.begin(), std::logical_or<>());
  }
  for (std::size_t n = 0; n < used.size(); ++n) {
    const ShipperId shipper = world.nodes[n].shipper;
    if (world.shippers[index(shipper)].ship_from != ShipFrom::served) used[n] = of_shipper[shipper];
  }
  return used;
}

/// "a, b, c and 12 more"
std::string few_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

/// Where a shipper's tariffs are of regional carriers, or it bars some, one of each tier must still go from `node` to
/// everywhere its parcels go.
void check_left_tariffs(Builder& b, const ShipNode& node, const std::vector<bool>& used) {
  const World& world = b.world;
  const Shipper& shipper = world.shippers[index(node.shipper)];
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    std::vector<bool> served(used.size());
    std::vector<bool> barred(used.size());  // But for a bar some tariff would go there.
    bool has_tariff = false;
    bool has_regional = false;
    for (const Tariff& tariff : shipper.tariffs) {
      if (static_cast<std::size_t>(tariff.tier) != tier) continue;
      const CarrierId carrier = world.services[index(tariff.service)].carrier;
      has_tariff = true;
      has_regional = has_regional || world.carriers[index(carrier)].regional;
      for (std::size_t d = 0; d < used.size(); ++d) {
        bool collects = false;
        for_each_pickup(world, node, carrier, DestinationId{static_cast<std::uint16_t>(d)},
                        [&](std::size_t) { collects = true; });
        if (!collects || !world.coverage[index(carrier)][d]) continue;
        const bool is_barred = shipper.bars_carrier(carrier, world.destinations[d].region, tariff.tier);
        (is_barred ? barred : served)[d] = true;
      }
    }
    if (!has_tariff || (!has_regional && shipper.bars.empty())) continue;
    std::vector<std::string> missing;
    std::vector<std::string> left;
    for (std::size_t d = 0; d < used.size(); ++d) {
      if (!used[d] || served[d]) continue;
      (barred[d] ? left : missing).push_back(world.destinations[d].name);
    }
    if (!left.empty()) {
      b.faults.add(settings_file, b.settings.shippers[index(node.shipper)].bars.front().carrier.line, "shipper.bar",
                   std::string("the bars of shipper ") + in_quotes(shipper.name) + " leave no " + tier_names[tier] +
                       " tariff from node " + in_quotes(node.name) + " to " + std::to_string(left.size()) +
                       " destinations: " + few_of(left),
                   "bar fewer regions, limit the bar to other tiers (tiers = [\"...\"]), or add a carrier's tariff");
    }
    if (missing.empty() || !has_regional) continue;
    b.faults.add("coverage.csv", 1, "destination",
                 std::string("no ") + tier_names[tier] + " tariff of shipper " + in_quotes(shipper.name) +
                     " takes its parcels from node " + in_quotes(node.name) + " to " + std::to_string(missing.size()) +
                     " destinations: " + few_of(missing),
                 "add rows here or a pickup, limit what the node serves ('in AREA'), or add a carrier's tariff");
  }
}

/// The depots that a truck that skips zones takes parcels for.
std::set<FacilityId> depots_in(const Pickup& pickup, const std::vector<bool>& used,
                               const std::vector<std::optional<FacilityId>>& coverage) {
  std::set<FacilityId> depots;
  for (std::size_t d = 0; d < coverage.size(); ++d) {
    if (used[d] && coverage[d] && pickup.destinations[d]) depots.insert(*coverage[d]);
  }
  return depots;
}

}  // namespace

void check_network(Builder& b) {
  // What these checks would find in faulty tables is the echo of faults reported already.
  for (const char* file : {"scenario.toml", "demand.csv", "facilities.csv", "lanes.csv", "coverage.csv", "services.csv",
                           "nodes.csv", "pickups.csv"}) {
    if (b.faults.any_in(file)) return;
  }
  const World& world = b.world;
  Reach reach(world);
  const auto used = destinations_of_nodes(world);
  std::set<std::pair<std::size_t, std::size_t>> without_pickup;            // node, carrier
  std::map<std::size_t, std::set<std::string>> uncovered;                  // carrier: destinations
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> unreachable;  // service, depot: pickup facility

  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    const ShipNode& node = world.nodes[n];
    if (std::find(used[n].begin(), used[n].end(), true) == used[n].end()) continue;
    for (const Tariff& tariff : world.shippers[index(node.shipper)].tariffs) {
      const Service& service = world.services[index(tariff.service)];
      const auto& coverage = world.coverage[index(service.carrier)];
      std::set<FacilityId> depots;
      for (std::size_t d = 0; d < coverage.size(); ++d) {
        if (!used[n][d]) continue;
        if (coverage[d]) {
          depots.insert(*coverage[d]);
        } else if (!world.carriers[index(service.carrier)].regional) {
          uncovered[index(service.carrier)].insert(world.destinations[d].name);
        }
      }
      bool collected = false;
      for (const Pickup& pickup : node.pickups) {
        if (pickup.carrier != service.carrier) continue;
        collected = collected || !pickup.skips_zones();
        const auto& reached = reach.from(pickup.facility, service.mode);
        for (const FacilityId depot : pickup.skips_zones() ? depots_in(pickup, used[n], coverage) : depots) {
          if (!reached[index(depot)])
            unreachable.try_emplace({index(tariff.service), index(depot)}, index(pickup.facility));
        }
      }
      if (!collected && !world.carriers[index(service.carrier)].regional) {
        without_pickup.emplace(n, index(service.carrier));
      }
    }
    check_left_tariffs(b, node, used[n]);
  }

  for (const auto& [node, carrier] : without_pickup) {
    b.faults.add("pickups.csv", 1, "node",
                 "carrier " + in_quotes(world.carriers[carrier].name) + " never collects at node " +
                     in_quotes(world.nodes[node].name) + ", whose shipper uses it",
                 "add a row for the two, or take the carrier's services out of the shipper's tariffs");
  }
  for (const auto& [carrier, names] : uncovered) {
    b.faults.add("coverage.csv", 1, "destination",
                 "carrier " + in_quotes(world.carriers[carrier].name) + " has no depot for " +
                     std::to_string(names.size()) +
                     " destinations that are sent to with it: " + few_of({names.begin(), names.end()}),
                 "add a row for each, or take the carrier's services out of the shippers' tariffs");
  }
  for (const auto& [pair, facility] : unreachable) {
    const Service& service = world.services[pair.first];
    b.faults.add("coverage.csv", b.depot_lines[pair.second], "depot",
                 std::string("no ") + (service.mode == Mode::road ? "road path" : "path") +
                     " leads from pickup facility " + in_quotes(world.facilities[facility].name) + " to depot " +
                     in_quotes(world.facilities[pair.second].name) + " for service " + in_quotes(service.name),
                 "add the missing lanes to lanes.csv, or correct the depot");
  }
}

}  // namespace peakstorm::scenarios
