/// The policies file, and how its changes reach scenario.toml.
#include "scenarios/policies.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/carrier_cuts.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/build/overlay.hpp"
#include "scenarios/build/policy_axes.hpp"
#include "scenarios/build/policy_document.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

constexpr const char* cheapest_name = "cheapest-published";
constexpr std::array<std::string_view, 3> policy_keys{"name", "note", "tables"};

struct Grid {
  std::string name;
  std::vector<Axis> axes;
  std::map<std::string, fs::path, std::less<>> tables;
};

struct Recipe {
  enum class Kind { as_is, cheapest, policy, grid, without };
  Kind kind = Kind::as_is;
  std::size_t number = 0;          ///< Of the [[policy]] or [[grid]].
  std::vector<std::size_t> point;  ///< grid.
  std::string carrier;             ///< without.
  std::optional<RegionId> region;  ///< without.
};

using Tables = std::map<std::string, fs::path, std::less<>>;

}  // namespace

struct PolicyFile::Impl {
  fs::path scenario;
  std::string scenario_name;
  fs::path file;  ///< Absolute.
  std::string text;
  int lines = 0;  ///< Of scenario.toml.
  std::vector<Policy> policies;
  std::vector<Recipe> recipes;
  std::vector<Tables> policy_tables;
  std::vector<Grid> grids;
  std::optional<Grid> space_grid;
  std::vector<PolicyAxis> space;
  std::vector<Without> without;
  World control;  ///< Services and tariffs of the scenario as it is.

  [[nodiscard]] toml::table document() const {
    return toml::parse(std::string(static_cast<std::size_t>(lines), '\n') + text);
  }

  // --- Reading.

  /// A fault of the policies file by itself.
  void fault(Faults& faults, int line, std::string_view field, std::string message, std::string cure) const {
    reader().fault(faults, line, field, std::move(message), std::move(cure));
  }
  [[nodiscard]] PolicyReader reader() const { return {file, control}; }

  Tables read_tables(const toml::table& policy, Faults& faults) const {
    Tables tables;
    const toml::node* node = policy.get("tables");
    if (node == nullptr) return tables;
    const char* cure = "write tables = { \"peaks.csv\" = \"peaks-high.csv\" }";
    const auto* table = node->as_table();
    if (table == nullptr) {
      fault(faults, line_of(*node), "tables", "this is not a table", cure);
      return tables;
    }
    for (const auto& [key, value] : *table) {
      const auto* path = value.as_string();
      if (std::find(table_files.begin(), table_files.end(), key.str()) == table_files.end()) {
        fault(faults, line_of(value), "tables", "unknown table " + in_quotes(key.str()),
              did_you_mean(key.str(), {table_files.begin(), table_files.end()},
                           "scenarios/FORMAT.md lists the tables of a scenario"));
      } else if (key.str() == "orders.csv" || key.str() == "demand.csv" || key.str() == "season.csv") {
        fault(faults, line_of(value), "tables", "a policy does not change the demand of " + in_quotes(key.str()),
              "compare policies under the same demand; write another scenario for another one");
      } else if (path == nullptr || path->get().empty() || fs::path(path->get()).filename() != path->get()) {
        fault(faults, line_of(value), "tables", "this names no file beside the policies file", cure);
      } else {
        std::error_code error;
        const fs::path where = file.parent_path() / path->get();
        if (!fs::is_regular_file(where, error)) {
          fault(faults, line_of(value), "tables", "there is no file " + in_quotes(where.string()),
                "put the table beside the policies file");
        }
        tables.emplace(std::string(key.str()), where);
      }
    }
    return tables;
  }

  void refuse_fixed(const toml::table& policy, Faults& faults) const {
    for (const auto& [key, node] : policy) {
      if (std::find(fixed_keys.begin(), fixed_keys.end(), key.str()) == fixed_keys.end()) continue;
      fault(faults, line_of(node), key.str(), "a policy cannot change [" + std::string(key.str()) + "]",
            "policies are compared on the same days, demand and seed; write another scenario for other ones");
    }
  }

  /// Of a grid or the space.
  std::optional<Grid> read_grid(const toml::table& table, const char* what, std::size_t points_max, Faults& faults) {
    const std::size_t before = faults.count();
    Grid grid;
    refuse_fixed(table, faults);
    grid.tables = read_tables(table, faults);
    const auto* axes = table["axis"].as_array();
    if (axes == nullptr || axes->empty() || !axes->is_homogeneous(toml::node_type::table)) {
      fault(faults, line_of(table), "axis", std::string("the ") + what + " has no axis",
            std::string("add what varies as [[") + what + ".axis]]");
      return std::nullopt;
    }
    std::set<std::string> names;
    double points = 1;
    for (const toml::node& node : *axes) {
      auto axis = reader().read_axis(*node.as_table(), faults);
      if (!axis) continue;
      points *= static_cast<double>(axis->labels.size());
      if (!names.insert(axis->name).second) {
        fault(faults, line_of(node), "name", "the axis " + in_quotes(axis->name) + " stands twice", "rename one");
      }
      grid.axes.push_back(*std::move(axis));
    }
    if (points > static_cast<double>(points_max)) {
      fault(faults, line_of(table), "axis",
            std::string("the ") + what + " has " + number_text(points) + " points, more than " +
                std::to_string(points_max),
            "choose larger steps");
    }
    if (faults.count() != before) return std::nullopt;
    return grid;
  }

  void add(Policy policy, Recipe recipe) {
    policies.push_back(std::move(policy));
    recipes.push_back(std::move(recipe));
  }

  [[nodiscard]] static Policy point_of(const Grid& grid, const std::vector<std::size_t>& point,
                                       const std::vector<std::string>& fixed) {
    Policy policy{grid.name, "", fixed};
    for (std::size_t a = 0; a < grid.axes.size(); ++a) {
      const Axis& axis = grid.axes[a];
      policy.name += "." + axis.name + "-" + axis.labels[point[a]];
      if (axis.kind == Axis::Kind::split) {
        std::string text;
        for (std::size_t i = 0; i < axis.services.size(); ++i) {
          const Ppm share = axis.shares[point[a]][i];
          if (share > 0) text += (text.empty() ? "" : ", ") + axis.services[i] + " " + ppm_text(share);
        }
        policy.changes.push_back("shipper." + axis.shipper + "." + axis.tier + " = " + text);
      } else {
        policy.changes.push_back(axis.key + " = " + axis.labels[point[a]]);
      }
    }
    return policy;
  }

  [[nodiscard]] static std::vector<std::string> changes_of(const toml::table& table, const Tables& tables) {
    toml::table rest = table;
    for (const std::string_view key : policy_keys) rest.erase(key);
    rest.erase("axis");
    std::vector<std::string> changes;
    list_changes(rest, "", changes);
    for (const auto& [name, path] : tables) changes.push_back(name + " = " + path.filename().string());
    return changes;
  }

  void read_policies(const toml::table& root, Faults& faults) {
    const toml::node* node = root.get("policy");
    if (node == nullptr) return;
    const auto* list = node->as_array();
    if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
      return fault(faults, line_of(*node), "policy", "this is not a list of tables", "begin each with [[policy]]");
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const toml::table& table = *(*list)[i].as_table();
      refuse_fixed(table, faults);
      const std::string name = reader().read_name(table, "policy", faults);
      policy_tables.push_back(read_tables(table, faults));
      add({name, table["note"].value_or(std::string()), changes_of(table, policy_tables.back())},
          {Recipe::Kind::policy, i, {}, {}, {}});
      if (policies.back().changes.empty() && !name.empty() && table.get("tables") == nullptr) {
        fault(faults, line_of(table), "policy", in_quotes(name) + " changes nothing",
              "give it a change; the scenario as it is takes part anyway");
      }
    }
  }

  void read_grids(const toml::table& root, Faults& faults) {
    const toml::node* node = root.get("grid");
    if (node == nullptr) return;
    const auto* list = node->as_array();
    if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
      return fault(faults, line_of(*node), "grid", "this is not a list of tables", "begin each with [[grid]]");
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const toml::table& table = *(*list)[i].as_table();
      auto grid = read_grid(table, "grid", policies_max, faults);
      const std::string name = reader().read_name(table, "grid", faults);
      if (!grid) {
        grids.emplace_back();
        continue;
      }
      grid->name = name;
      const auto fixed = changes_of(table, grid->tables);
      std::vector<std::size_t> point(grid->axes.size());
      while (policies.size() <= policies_max) {
        add(point_of(*grid, point, fixed), {Recipe::Kind::grid, i, point, {}, {}});
        std::size_t axis = point.size();
        while (axis > 0 && ++point[axis - 1] == grid->axes[axis - 1].labels.size()) point[--axis] = 0;
        if (axis == 0) break;
      }
      grids.push_back(*std::move(grid));
    }
  }

  void read_space(const toml::table& root, Faults& faults) {
    const toml::node* node = root.get("space");
    if (node == nullptr) return;
    if (!node->is_table()) {
      return fault(faults, line_of(*node), "space", "this is not a table", "begin it with [space]");
    }
    space_grid = read_grid(*node->as_table(), "space", space_points_max, faults);
    if (!space_grid) return;
    space_grid->name = "space";
    for (const Axis& axis : space_grid->axes) space.push_back({axis.name, axis.labels});
  }

  /// One policy without each carrier that some retailer uses and could do without.
  void add_without_carriers() {
    for (std::size_t c = 0; c < control.carriers.size(); ++c) {
      std::vector<std::string> changes;
      for (const Shipper& shipper : control.shippers) {
        if (shipper.role != ShipperRole::retailer) continue;
        for (std::size_t tier = 0; tier < tier_count; ++tier) {
          std::size_t with = 0;
          std::size_t others = 0;
          for (const Tariff& t : shipper.tariffs) {
            if (t.tier != static_cast<Tier>(tier)) continue;
            ++(index(control.services[index(t.service)].carrier) == c ? with : others);
          }
          if (with == 0) continue;
          changes.push_back("shipper." + shipper.name + "." + tier_names[tier] +
                            (others == 0 ? " keeps its only carrier" : " without " + control.carriers[c].name));
        }
      }
      const auto cut = [](const std::string& change) { return change.find(" without ") != std::string::npos; };
      if (std::none_of(changes.begin(), changes.end(), cut)) continue;
      const std::string& name = control.carriers[c].name;
      without.push_back({name, std::nullopt, policies.size()});
      add({"without-" + name, "shares of " + name + " go to the other carriers in proportion", std::move(changes)},
          {Recipe::Kind::without, 0, {}, name, std::nullopt});
    }
  }

  /// A policy for each carrier and each of the regions in which retailers could do without it.
  void add_without_carriers_in(const std::vector<RegionId>& regions, int line, Faults& faults) {
    std::size_t made = 0;
    for (std::size_t c = 0; c < control.carriers.size(); ++c) {
      for (const RegionId region : regions) {
        const auto bars = bars_of(control, CarrierId{static_cast<std::uint8_t>(c)}, region);
        if (bars.empty()) continue;
        const std::string& carrier = control.carriers[c].name;
        const std::string& place = control.regions[index(region)].name;
        std::vector<std::string> changes;
        for (const auto& [shipper, tiers] : bars) {
          std::string change = "shipper." + shipper + ".bar = " + carrier + " in " + place + ":";
          for (std::size_t t = 0; t < tier_count; ++t) change += tiers[t] ? std::string(" ") + tier_names[t] : "";
          changes.push_back(std::move(change));
        }
        if (++made > regional_cuts_max) continue;
        without.push_back({carrier, region, policies.size()});
        add({"without-" + carrier + "-in-" + place,
             "orders of " + carrier + " to " + place + " go to the other carriers", std::move(changes)},
            {Recipe::Kind::without, 0, {}, carrier, region});
      }
    }
    if (made == 0) {
      fault(faults, line, "without_carriers_in", "no carrier can be left out in any of these regions",
            "name regions to which a retailer's tier goes with two carriers or more");
    } else if (made > regional_cuts_max) {
      fault(faults, line, "without_carriers_in",
            "this makes " + std::to_string(made) + " policies of a carrier and a region, more than " +
                std::to_string(regional_cuts_max),
            "name the regions, for instance those that the league table of carriers shows as worst");
    }
  }

  /// The regions of `without_carriers_in`, ascending, each once.
  [[nodiscard]] std::vector<RegionId> read_regions(const toml::node& node, Faults& faults) const {
    const char* cure = "write \"all\", or a list such as [\"TX\", \"OK\"]";
    std::set<RegionId> regions;
    if (node.value_or(std::string()) == "all") {
      for (std::size_t r = 0; r < control.regions.size(); ++r) regions.insert(static_cast<RegionId>(r));
      return {regions.begin(), regions.end()};
    }
    const auto* list = node.as_array();
    if (list == nullptr || list->empty()) {
      fault(faults, line_of(node), "without_carriers_in", "this is no list of regions", cure);
      return {};
    }
    std::vector<std::string_view> names;
    for (const Region& region : control.regions) names.push_back(region.name);
    for (const toml::node& element : *list) {
      const std::string name = element.value_or(std::string());
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        fault(faults, line_of(element), "without_carriers_in", "unknown region " + in_quotes(name),
              did_you_mean(name, names, "demand.csv names the regions"));
      } else {
        regions.insert(static_cast<RegionId>(found - names.begin()));
      }
    }
    return {regions.begin(), regions.end()};
  }

  void read(Faults& faults) {
    toml::table root;
    try {
      root = toml::parse(text);
    } catch (const toml::parse_error& error) {
      return fault(faults, static_cast<int>(error.source().begin.line), "", std::string(error.description()),
                   "mend the TOML syntax; see toml.io");
    }
    static const std::vector<std::string_view> known{
        "control", "cheapest_published", "without_carriers", "without_carriers_in", "policy", "grid", "space"};
    for (const auto& [key, node] : root) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      fault(faults, line_of(node), key.str(), "unknown key " + in_quotes(key.str()),
            did_you_mean(key.str(), known, "a policies file holds [[policy]], [[grid]] and [space]"));
    }
    std::string control_name = "as-is";
    if (const toml::node* node = root.get("control")) {
      const auto name = parse_name(node->value_or(std::string()));
      if (name) {
        control_name = *name;
      } else {
        fault(faults, line_of(*node), "control", "this is not a name",
              "write what the scenario as it is shall be called, for instance control = \"today\"");
      }
    }
    const auto flag = [&](const char* key, bool otherwise) {
      const toml::node* node = root.get(key);
      if (node == nullptr) return otherwise;
      if (!node->is_boolean())
        fault(faults, line_of(*node), key, "this is neither true nor false", "write one of them");
      return node->value_or(otherwise);
    };
    const bool wants_cheapest = flag("cheapest_published", true);
    const bool wants_without = flag("without_carriers", false);
    add({control_name, "the scenario as it is", {}}, {});
    const bool has_other = std::any_of(control.shippers.begin(), control.shippers.end(), [](const Shipper& s) {
      return s.role == ShipperRole::retailer && s.policy != CarrierPolicy::cheapest_published;
    });
    if (wants_cheapest && has_other) {
      add({cheapest_name, "the cheapest service whose published transit meets the tier's target", {}},
          {Recipe::Kind::cheapest, 0, {}, {}, {}});
      for (const Shipper& s : control.shippers) {
        if (s.role == ShipperRole::retailer && s.policy != CarrierPolicy::cheapest_published) {
          policies.back().changes.push_back("shipper." + s.name + ".policy = cheapest_published");
        }
      }
    }
    read_policies(root, faults);
    read_grids(root, faults);
    read_space(root, faults);
    if (wants_without) add_without_carriers();
    if (const toml::node* node = root.get("without_carriers_in")) {
      const auto regions = read_regions(*node, faults);
      if (!regions.empty()) add_without_carriers_in(regions, line_of(*node), faults);
    }
    if (policies.size() > policies_max) {
      fault(faults, 0, "", "the file makes more than " + std::to_string(policies_max) + " policies",
            "choose larger steps");
    }
    std::set<std::string> names;
    for (const Policy& policy : policies) {
      if (policy.name.empty() || names.insert(policy.name).second) continue;
      fault(faults, 0, "name", "there are two policies called " + in_quotes(policy.name), "rename one of the two");
    }
    if (policies.size() < 2 && space.empty() && !faults.any()) {
      fault(faults, 0, "", "there is nothing to compare with the scenario as it is", "add a [[policy]] or a [[grid]]");
    }
  }

  // --- Applying.

  void apply_axis(toml::table& root, toml::node* written, const Axis& axis, std::size_t point, Faults& faults) const {
    const int line = lines + axis.line;
    if (axis.kind == Axis::Kind::split) {
      std::vector<std::pair<std::string, Ppm>> shares;
      for (std::size_t i = 0; i < axis.services.size(); ++i) {
        shares.emplace_back(axis.services[i], axis.shares[point][i]);
      }
      return split_tariffs(root, axis.shipper, axis.tier, shares, line);
    }
    const auto place = find_place(root, axis.key);
    if (!place) {
      faults.add(settings_file, line, "key", in_quotes(axis.key) + " leads to nothing in scenario.toml",
                 "write the way to a key, members of lists by their name: shipper.NAME.buffer_days");
      return;
    }
    if (axis.kind == Axis::Kind::range) {
      toml::table made = made_in_line(line, "v = " + axis.numbers[point]);
      made.get("v")->visit([&](auto& value) { place->table->insert_or_assign(place->key, std::move(value)); });
    } else {
      toml::array& values = *(*written->as_table())["values"].as_array();
      values.get(point)->visit([&](auto& value) { place->table->insert_or_assign(place->key, std::move(value)); });
    }
  }

  void apply_grid(toml::table& root, toml::table& written, const Grid& grid, const std::vector<std::size_t>& point,
                  Faults& faults) const {
    toml::array axes = std::move(*written["axis"].as_array());
    for (const std::string_view key : policy_keys) written.erase(key);
    written.erase("axis");
    merge(root, std::move(written), "", faults);
    for (std::size_t a = 0; a < grid.axes.size(); ++a) apply_axis(root, axes.get(a), grid.axes[a], point[a], faults);
  }

  void apply(toml::table& root, const Recipe& recipe, Faults& faults) const {
    switch (recipe.kind) {
      case Recipe::Kind::as_is:
        return;
      case Recipe::Kind::cheapest:
        for (const Shipper& s : control.shippers) {
          toml::table* table = s.role == ShipperRole::retailer ? shipper_of(root, s.name) : nullptr;
          if (table != nullptr) table->insert_or_assign("policy", "cheapest_published");
        }
        return;
      case Recipe::Kind::without:
        return recipe.region ? leave_out_in(root, control, recipe.carrier, *recipe.region)
                             : leave_out(root, control, recipe.carrier);
      case Recipe::Kind::policy: {
        toml::table all = document();
        toml::table& policy = *all["policy"][recipe.number].as_table();
        for (const std::string_view key : policy_keys) policy.erase(key);
        return merge(root, std::move(policy), "", faults);
      }
      case Recipe::Kind::grid: {
        toml::table all = document();
        return apply_grid(root, *all["grid"][recipe.number].as_table(), grids[recipe.number], recipe.point, faults);
      }
    }
  }

  template <class Change>
  tl::expected<World, std::vector<Fault>> load(const Tables& tables, const Change& change) const {
    Overlay overlay;
    overlay.file = file;
    overlay.lines = lines;
    overlay.tables = tables;
    Faults faults;
    overlay.change = [&](toml::table& root) { change(root, faults); };
    auto world = load_with(scenario, scenario_name, &overlay);
    if (!faults.any()) return world;
    std::vector<Fault> found = faults.take();
    overlay.place(found);
    return tl::unexpected(std::move(found));
  }
};

tl::expected<PolicyFile, std::vector<Fault>> PolicyFile::read(const fs::path& scenario, const fs::path& file,
                                                              const std::string& name) {
  auto impl = std::make_shared<Impl>();
  impl->scenario = scenario;
  impl->scenario_name = name;
  impl->file = fs::absolute(file);
  auto control = load_scenario(scenario, name);
  if (!control) return tl::unexpected(control.error());
  impl->control = *std::move(control);
  Faults faults;
  auto text = read_text(file);
  if (!text) {
    faults.add(impl->file.string(), 0, "", std::move(text.error().message),
               "name a TOML file with [[policy]] or [[grid]]; scenarios/FORMAT.md describes it");
    return tl::unexpected(faults.take());
  }
  impl->text = *std::move(text);
  const auto settings = read_text(scenario / settings_file);
  if (settings) impl->lines = static_cast<int>(std::count(settings->begin(), settings->end(), '\n')) + 1;
  impl->read(faults);
  if (faults.any()) return tl::unexpected(faults.take());
  return PolicyFile(std::move(impl));
}

const std::vector<Policy>& PolicyFile::policies() const {
  return impl_->policies;
}

tl::expected<World, std::vector<Fault>> PolicyFile::world(std::size_t policy) const {
  const Recipe& recipe = impl_->recipes[policy];
  const Tables none;
  const Tables& tables = recipe.kind == Recipe::Kind::policy ? impl_->policy_tables[recipe.number]
                         : recipe.kind == Recipe::Kind::grid ? impl_->grids[recipe.number].tables
                                                             : none;
  return impl_->load(tables, [&](toml::table& root, Faults& faults) { impl_->apply(root, recipe, faults); });
}

const std::vector<PolicyAxis>& PolicyFile::space() const {
  return impl_->space;
}

Policy PolicyFile::at(const std::vector<std::size_t>& point) const {
  return Impl::point_of(*impl_->space_grid, point, {});
}

tl::expected<World, std::vector<Fault>> PolicyFile::world_at(const std::vector<std::size_t>& point) const {
  return impl_->load(impl_->space_grid->tables, [&](toml::table& root, Faults& faults) {
    toml::table all = impl_->document();
    impl_->apply_grid(root, *all["space"].as_table(), *impl_->space_grid, point, faults);
  });
}

std::vector<fs::path> PolicyFile::files() const {
  std::set<fs::path> all{impl_->file};
  const auto add = [&](const Tables& tables) {
    for (const auto& [name, path] : tables) all.insert(path);
  };
  for (const Tables& tables : impl_->policy_tables) add(tables);
  for (const Grid& grid : impl_->grids) add(grid.tables);
  if (impl_->space_grid) add(impl_->space_grid->tables);
  return {all.begin(), all.end()};
}

const std::vector<PolicyFile::Without>& PolicyFile::without_carriers() const {
  return impl_->without;
}

namespace scenarios {

void Overlay::place(std::vector<Fault>& faults) const {
  for (Fault& fault : faults) {
    if (const auto moved = tables.find(fault.file); moved != tables.end()) {
      fault.file = moved->second.string();
    } else if (fault.file == settings_file && fault.line > lines) {
      fault.file = file.string();
      fault.line -= lines;
      // "... stands twice, first in line 312": that line may be one of ours as well.
      constexpr std::string_view words = "in line ";
      const std::size_t at = fault.message.find(words);
      if (at == std::string::npos) continue;
      const std::size_t from = at + words.size();
      const std::size_t to = std::min(fault.message.find_first_not_of("0123456789", from), fault.message.size());
      const int line = std::atoi(fault.message.substr(from, to - from).c_str());
      if (line > lines) fault.message.replace(from, to - from, std::to_string(line - lines));
    }
  }
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Fault& x, const Fault& y) { return std::tie(x.file, x.line) < std::tie(y.file, y.line); });
}

}  // namespace scenarios
}  // namespace peakstorm
