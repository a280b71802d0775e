/// The policies file, and how its changes reach scenario.toml.
#include "scenarios/policies.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/build/overlay.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

constexpr const char* cheapest_name = "cheapest-published";
/// What a policy must not touch: the experiment itself, and what is judged rather than decided.
constexpr std::array<std::string_view, 5> fixed_keys{"scenario", "size", "replay", "faults", "gate"};
constexpr std::array<std::string_view, 3> policy_keys{"name", "note", "tables"};
/// Points of one axis; more are a mistake in its step.
constexpr std::size_t axis_points_max = 10'000;

/// A value made here that stands in `line`: parsed from a text that begins there.
toml::table made_in_line(int line, const std::string& text) {
  return toml::parse(std::string(static_cast<std::size_t>(std::max(line, 1) - 1), '\n') + text);
}

std::string number_text(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end.ptr};
}

/// What a value is called in a policy's name.
std::string label_of(const toml::node& node, std::size_t position) {
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  if (const auto* text = node.as_string()) {
    if (auto name = parse_name(text->get())) return *std::move(name);
  }
  return std::to_string(position + 1);
}

std::string text_of(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t most = 120;
  return text.size() > most ? text.substr(0, most - 3) + "..." : text;
}

/// "buffer_days", or with its way from the root, as the terminal and the report show it.
void list_changes(const toml::table& table, const std::string& path, std::vector<std::string>& out) {
  for (const auto& [key, node] : table) {
    const std::string here = path.empty() ? std::string(key.str()) : path + "." + std::string(key.str());
    const auto* array = node.as_array();
    const auto named = [](const toml::node& element) {
      const auto* element_table = element.as_table();
      return element_table != nullptr && element_table->get("name") != nullptr;
    };
    if (const auto* inner = node.as_table()) {
      list_changes(*inner, here, out);
    } else if (array != nullptr && !array->empty() && std::all_of(array->begin(), array->end(), named)) {
      for (const toml::node& element : *array) {
        toml::table rest = *element.as_table();
        const std::string name = rest["name"].value_or(std::string());
        rest.erase("name");
        list_changes(rest, here + "." + name, out);
      }
    } else {
      out.push_back(here + " = " + text_of(node));
    }
  }
}

/// The whole as shares in steps: every way to give `steps` steps to `parts` parts.
void compositions(std::size_t parts, std::size_t steps, std::vector<std::size_t>& prefix,
                  std::vector<std::vector<std::size_t>>& out) {
  if (out.size() > axis_points_max) return;
  if (prefix.size() + 1 == parts) {
    prefix.push_back(steps);
    out.push_back(prefix);
    prefix.pop_back();
    return;
  }
  for (std::size_t taken = 0; taken <= steps; ++taken) {
    prefix.push_back(steps - taken);
    compositions(parts, taken, prefix, out);
    prefix.pop_back();
  }
}

/// A key by its way from the root: "shipper.northstar.buffer_days"; members of a list go by their name, which may
/// itself hold dots.
struct Place {
  toml::table* table = nullptr;
  std::string key;
};

std::optional<Place> find_place(toml::table& root, std::string_view path) {
  Place place{&root, ""};
  while (true) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) {
      place.key = path;
      return path.empty() ? std::nullopt : std::optional(place);
    }
    const std::string_view head = path.substr(0, dot);
    path.remove_prefix(dot + 1);
    toml::node* node = place.table->get(head);
    if (node == nullptr) {
      place.table = place.table->insert_or_assign(head, toml::table()).first->second.as_table();
      continue;
    }
    if (auto* table = node->as_table()) {
      place.table = table;
      continue;
    }
    auto* array = node->as_array();
    if (array == nullptr) return std::nullopt;
    toml::table* element = nullptr;
    for (toml::node& candidate : *array) {
      auto* table = candidate.as_table();
      if (table == nullptr) continue;
      const std::string name = (*table)["name"].value_or(std::string());
      if (!name.empty() && path.size() > name.size() && path.starts_with(name) && path[name.size()] == '.') {
        element = table;
        path.remove_prefix(name.size() + 1);
        break;
      }
    }
    if (element == nullptr) return std::nullopt;
    place.table = element;
  }
}

struct Axis {
  enum class Kind { values, range, split };
  Kind kind = Kind::values;
  std::string name;
  std::string key;  ///< values, range.
  int line = 0;     ///< Of the key or split, in the policies file.
  std::vector<std::string> labels;
  std::vector<std::string> numbers;  ///< range.
  // split
  std::string shipper;
  std::string tier;
  std::vector<std::string> services;
  std::vector<std::vector<Ppm>> shares;
};

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
    faults.add(file.string(), line, field, std::move(message), std::move(cure));
  }

  std::string read_name(const toml::table& table, const char* what, Faults& faults) const {
    const toml::node* node = table.get("name");
    if (node == nullptr) {
      fault(faults, line_of(table), "name", "the key is missing", std::string("give the ") + what + " a name");
      return {};
    }
    const auto* name = node->as_string();
    auto parsed = name == nullptr
                      ? Parsed<std::string>(tl::unexpected(Complaint{"this is not a text", "write it in quotes"}))
                      : parse_name(name->get());
    if (parsed) return *std::move(parsed);
    faults.add(file.string(), line_of(*node), "name", std::move(parsed.error()));
    return {};
  }

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

  void read_split(const toml::table& table, Axis& axis, Faults& faults) const {
    axis.kind = Axis::Kind::split;
    const toml::node& node = *table.get("split");
    axis.line = line_of(node);
    const std::string path = node.value_or(std::string());
    const std::string cure = "write split = \"SHIPPER.TIER\", for instance \"northstar.standard\"";
    const std::size_t dot = path.rfind('.');
    if (dot == std::string::npos || !parse_tier(std::string_view(path).substr(dot + 1))) {
      return fault(faults, axis.line, "split", in_quotes(path) + " names no shipper and tier", cure);
    }
    axis.shipper = path.substr(0, dot);
    axis.tier = path.substr(dot + 1);
    const auto shipper = std::find_if(control.shippers.begin(), control.shippers.end(),
                                      [&](const Shipper& s) { return s.name == axis.shipper; });
    if (shipper == control.shippers.end()) {
      std::vector<std::string_view> known;
      for (const Shipper& s : control.shippers) known.push_back(s.name);
      return fault(faults, axis.line, "split", "unknown shipper " + in_quotes(axis.shipper),
                   did_you_mean(axis.shipper, known, "scenario.toml names the shippers"));
    }
    const toml::array* services = table["services"].as_array();
    if (services == nullptr || services->size() < 2) {
      return fault(faults, services == nullptr ? line_of(table) : line_of(*services), "services",
                   "a split needs two services or more", "write services = [\"ups-ground\", \"usps-priority\"]");
    }
    for (const toml::node& service : *services) {
      const std::string name = service.value_or(std::string());
      const auto known = [&](const Service& s) { return s.name == name; };
      if (std::none_of(control.services.begin(), control.services.end(), known)) {
        std::vector<std::string_view> names;
        for (const Service& s : control.services) names.push_back(s.name);
        fault(faults, line_of(service), "services", "unknown service " + in_quotes(name),
              did_you_mean(name, names, "services.csv names the services"));
      }
      axis.services.push_back(name);
    }
    if (const toml::node* step = table.get("step")) {
      const auto ppm = ppm_of(step->value_or(-1.0), 1);
      if (!ppm || *ppm == 0 || ppm_one % *ppm != 0) {
        return fault(faults, line_of(*step), "step", "the step does not divide 1", "write a step such as 0.1 or 0.25");
      }
      std::vector<std::vector<std::size_t>> all;
      std::vector<std::size_t> prefix;
      compositions(axis.services.size(), ppm_one / *ppm, prefix, all);
      if (all.size() > axis_points_max) {
        return fault(faults, line_of(*step), "step",
                     "the split has more than " + std::to_string(axis_points_max) + " points", "choose a larger step");
      }
      for (const auto& counts : all) {
        std::vector<Ppm> shares;
        shares.reserve(counts.size());
        for (const std::size_t count : counts) shares.push_back(static_cast<Ppm>(count * *ppm));
        axis.shares.push_back(std::move(shares));
      }
    } else if (const auto* values = table["values"].as_array()) {
      for (const toml::node& value : *values) {
        const auto* list = value.as_array();
        std::vector<Ppm> shares;
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
          const auto ppm = ppm_of((*list)[i].value_or(-1.0), 1);
          if (ppm) shares.push_back(*ppm);
        }
        if (shares.size() != axis.services.size() || std::accumulate(shares.begin(), shares.end(), Ppm{0}) != ppm_one) {
          fault(faults, line_of(value), "values", "this is not a share for each of the services with the sum 1",
                "write a list such as [0.5, 0.35, 0.15], in the order of the services");
        }
        axis.shares.push_back(std::move(shares));
      }
    } else {
      return fault(faults, line_of(table), "step", "the key is missing",
                   "give the split a step, or values = [[0.5, 0.5], [0.7, 0.3]]");
    }
    for (const auto& shares : axis.shares) {
      std::string label;
      for (const Ppm share : shares) label += (label.empty() ? "" : "-") + ppm_text(std::uint64_t{share} * 100);
      axis.labels.push_back(std::move(label));
    }
  }

  void read_range(const toml::table& table, Axis& axis, Faults& faults) const {
    axis.kind = Axis::Kind::range;
    std::array<double, 3> bounds{};
    constexpr std::array<const char*, 3> keys{"from", "to", "step"};
    bool whole = true;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const toml::node* node = table.get(keys[i]);
      const auto value = node != nullptr && node->is_number() ? node->value<double>() : std::nullopt;
      if (!value || !std::isfinite(*value)) {
        return fault(faults, node == nullptr ? line_of(table) : line_of(*node), keys[i],
                     node == nullptr ? "the key is missing" : "this is not a number",
                     "an axis has values = [...], or the numbers from, to and step");
      }
      whole = whole && node->is_integer();
      bounds[i] = *value;
    }
    const double count = std::floor((bounds[1] - bounds[0]) / bounds[2] + 1e-9) + 1;
    if (!(bounds[2] > 0) || !(count >= 1) || count > static_cast<double>(axis_points_max)) {
      return fault(faults, line_of(*table.get("step")), "step",
                   "from, to and step make no range of 1 to " + std::to_string(axis_points_max) + " values",
                   "let from lie below to, and make the step positive");
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      // Six decimals are what the scenario's numbers have; beyond them lies only rounding.
      const double value = std::round((bounds[0] + static_cast<double>(i) * bounds[2]) * 1e6) / 1e6;
      axis.numbers.push_back(whole ? std::to_string(static_cast<std::int64_t>(value)) : number_text(value));
      if (!whole && axis.numbers.back().find_first_of(".e") == std::string::npos) axis.numbers.back() += ".0";
      axis.labels.push_back(number_text(value));
    }
  }

  std::optional<Axis> read_axis(const toml::table& table, Faults& faults) const {
    const std::size_t before = faults.count();
    Axis axis;
    axis.name = read_name(table, "axis", faults);
    static const std::vector<std::string_view> known{"name", "key",   "values",   "from", "to",
                                                     "step", "split", "services", "note"};
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        fault(faults, line_of(node), key.str(), "unknown key " + in_quotes(key.str()),
              did_you_mean(key.str(), known, "an axis has name, and key with values or from, to, step; or split"));
      }
    }
    const toml::node* key = table.get("key");
    if (table.get("split") != nullptr) {
      read_split(table, axis, faults);
    } else if (key == nullptr || key->as_string() == nullptr) {
      fault(faults, key == nullptr ? line_of(table) : line_of(*key), "key",
            key == nullptr ? "the key is missing" : "this is not a text",
            "write what varies, for instance key = \"shipper.northstar.buffer_days\"");
    } else {
      axis.key = key->as_string()->get();
      axis.line = line_of(*key);
      const std::string_view head = std::string_view(axis.key).substr(0, axis.key.find('.'));
      if (std::find(fixed_keys.begin(), fixed_keys.end(), head) != fixed_keys.end()) {
        fault(faults, axis.line, "key", "a policy cannot change [" + std::string(head) + "]",
              "policies are compared on the same days, demand and seed");
      }
      if (const toml::node* values = table.get("values")) {
        const auto* list = values->as_array();
        if (list == nullptr || list->empty()) {
          fault(faults, line_of(*values), "values", "this is no list of values", "write values = [0, 1, 2]");
        } else {
          for (std::size_t i = 0; i < list->size(); ++i) axis.labels.push_back(label_of((*list)[i], i));
        }
      } else {
        read_range(table, axis, faults);
      }
    }
    if (faults.count() != before) return std::nullopt;
    return axis;
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
      auto axis = read_axis(*node.as_table(), faults);
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
      const std::string name = read_name(table, "policy", faults);
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
      const std::string name = read_name(table, "grid", faults);
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

  /// The tiers in which a shipper can do without a carrier in a region: it goes there from some node for a tariff of
  /// the tier, and wherever it does, another tariff's does as well.
  [[nodiscard]] std::array<bool, tier_count> tiers_without(const Shipper& shipper, CarrierId carrier,
                                                           RegionId region) const {
    std::array<bool, tier_count> goes{};
    std::array<bool, tier_count> needed{};
    for (const ShipNode& node : control.nodes) {
      if (control.shippers[index(node.shipper)].name != shipper.name) continue;
      for (std::size_t d = 0; d < control.destinations.size(); ++d) {
        if (control.destinations[d].region != region) continue;
        std::array<bool, tier_count> its{};
        std::array<bool, tier_count> others{};
        for (const Tariff& tariff : shipper.tariffs) {
          const CarrierId by = control.services[index(tariff.service)].carrier;
          bool collects = false;
          for_each_pickup(control, node, by, DestinationId{static_cast<std::uint16_t>(d)},
                          [&](std::size_t) { collects = true; });
          if (!collects || !control.coverage[index(by)][d] || shipper.bars_carrier(by, region, tariff.tier)) continue;
          (by == carrier ? its : others)[static_cast<std::size_t>(tariff.tier)] = true;
        }
        for (std::size_t t = 0; t < tier_count; ++t) {
          goes[t] = goes[t] || its[t];
          needed[t] = needed[t] || (its[t] && !others[t]);
        }
      }
    }
    for (std::size_t t = 0; t < tier_count; ++t) goes[t] = goes[t] && !needed[t];
    return goes;
  }

  /// What leaving a carrier out in a region bars, by shipper; nothing where that changes nothing.
  [[nodiscard]] std::vector<std::pair<std::string, std::array<bool, tier_count>>> bars_of(CarrierId carrier,
                                                                                          RegionId region) const {
    std::vector<std::pair<std::string, std::array<bool, tier_count>>> bars;
    for (const Shipper& shipper : control.shippers) {
      if (shipper.role != ShipperRole::retailer) continue;
      const auto tiers = tiers_without(shipper, carrier, region);
      if (std::find(tiers.begin(), tiers.end(), true) != tiers.end()) bars.emplace_back(shipper.name, tiers);
    }
    return bars;
  }

  /// A policy for each carrier and each of the regions in which retailers could do without it.
  void add_without_carriers_in(const std::vector<RegionId>& regions, int line, Faults& faults) {
    std::size_t made = 0;
    for (std::size_t c = 0; c < control.carriers.size(); ++c) {
      for (const RegionId region : regions) {
        const auto bars = bars_of(CarrierId{static_cast<std::uint8_t>(c)}, region);
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

  /// `from` comes on top of `into`. What is listed by name is met by name; other lists are replaced.
  void merge(toml::table& into, toml::table&& from, const std::string& path, Faults& faults) const {
    for (auto&& [key, node] : from) {
      const std::string here = path.empty() ? std::string(key.str()) : path + "." + std::string(key.str());
      toml::node* there = into.get(key.str());
      if (there != nullptr && there->is_table() && node.is_table()) {
        merge(*there->as_table(), std::move(*node.as_table()), here, faults);
      } else if (there != nullptr && by_name(*there) && by_name(node)) {
        merge_list(*there->as_array(), std::move(*node.as_array()), here, faults);
      } else {
        node.visit([&, &place = key](auto& value) { into.insert_or_assign(place, std::move(value)); });
      }
    }
  }
  static bool by_name(const toml::node& node) {
    const auto* array = node.as_array();
    return array != nullptr && !array->empty() &&
           std::any_of(array->begin(), array->end(), [](const toml::node& element) {
             const auto* table = element.as_table();
             return table != nullptr && table->get("name") != nullptr;
           });
  }
  void merge_list(toml::array& into, toml::array&& from, const std::string& path, Faults& faults) const {
    std::vector<std::string> known;
    for (const toml::node& element : into) {
      const auto* table = element.as_table();
      known.push_back(table == nullptr ? "" : (*table)["name"].value_or(std::string()));
    }
    for (toml::node& element : from) {
      auto* table = element.as_table();
      if (table == nullptr) {
        faults.add(settings_file, line_of(element), path, "this is not a table", "write it as [[policy." + path + "]]");
        continue;
      }
      const std::string name = (*table)["name"].value_or(std::string());
      const auto found = std::find(known.begin(), known.end(), name);
      if (name.empty() || found == known.end()) {
        faults.add(settings_file, line_of(*table), path + ".name",
                   name.empty() ? "the key is missing" : "unknown " + path + " " + in_quotes(name),
                   did_you_mean(name, {known.begin(), known.end()},
                                "name the " + path + " of scenario.toml that the policy changes"));
        continue;
      }
      merge(*into[static_cast<std::size_t>(found - known.begin())].as_table(), std::move(*table), path, faults);
    }
  }

  /// A shipper's table by its name.
  static toml::table* shipper_of(toml::table& root, const std::string& name) {
    auto* list = root["shipper"].as_array();
    if (list == nullptr) return nullptr;
    for (toml::node& node : *list) {
      auto* table = node.as_table();
      if (table != nullptr && (*table)["name"].value_or(std::string()) == name) return table;
    }
    return nullptr;
  }

  /// Gives a tier of a shipper these shares; tariffs that stay keep their other keys.
  void split(toml::table& root, const std::string& shipper, const std::string& tier,
             const std::vector<std::pair<std::string, Ppm>>& shares, int line) const {
    toml::table* table = shipper_of(root, shipper);
    if (table == nullptr) return;
    toml::array* tariffs = (*table)["tariff"].as_array();
    if (tariffs == nullptr) {
      tariffs = table->insert_or_assign("tariff", toml::array()).first->second.as_array();
    }
    std::set<std::string> kept;
    for (std::size_t i = 0; i < tariffs->size();) {
      auto* tariff = (*tariffs)[i].as_table();
      if (tariff == nullptr || (*tariff)["tier"].value_or(std::string()) != tier) {
        ++i;
        continue;
      }
      const std::string service = (*tariff)["service"].value_or(std::string());
      const auto share =
          std::find_if(shares.begin(), shares.end(), [&](const auto& s) { return s.first == service && s.second > 0; });
      if (share == shares.end()) {
        tariffs->erase(tariffs->begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      tariff->insert_or_assign("share", share->second * 1e-6);
      kept.insert(service);
      ++i;
    }
    for (const auto& [service, share] : shares) {
      if (share == 0 || kept.contains(service)) continue;
      toml::table made = made_in_line(
          line, "t = [{ tier = \"" + tier + "\", service = \"" + service + "\", share = " + ppm_text(share) + " }]");
      tariffs->push_back(std::move(*made["t"][0].as_table()));
    }
  }

  void apply_axis(toml::table& root, toml::node* written, const Axis& axis, std::size_t point, Faults& faults) const {
    const int line = lines + axis.line;
    if (axis.kind == Axis::Kind::split) {
      std::vector<std::pair<std::string, Ppm>> shares;
      for (std::size_t i = 0; i < axis.services.size(); ++i) {
        shares.emplace_back(axis.services[i], axis.shares[point][i]);
      }
      return split(root, axis.shipper, axis.tier, shares, line);
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

  void apply_without_in(toml::table& root, const std::string& carrier, RegionId region) const {
    const auto id = std::find_if(control.carriers.begin(), control.carriers.end(),
                                 [&](const Carrier& c) { return c.name == carrier; });
    const auto bars = bars_of(CarrierId{static_cast<std::uint8_t>(id - control.carriers.begin())}, region);
    for (const auto& [shipper, tiers] : bars) {
      toml::table* table = shipper_of(root, shipper);
      if (table == nullptr) continue;
      toml::array* list = (*table)["bar"].as_array();
      if (list == nullptr) list = table->insert_or_assign("bar", toml::array()).first->second.as_array();
      toml::array whose;
      for (std::size_t t = 0; t < tier_count; ++t) {
        if (tiers[t]) whose.push_back(tier_names[t]);
      }
      list->push_back(toml::table{{"carrier", carrier},
                                  {"regions", toml::array{control.regions[index(region)].name}},
                                  {"tiers", std::move(whose)}});
    }
  }
  void apply_without(toml::table& root, const std::string& carrier) const {
    for (const Shipper& shipper : control.shippers) {
      if (shipper.role != ShipperRole::retailer) continue;
      for (std::size_t tier = 0; tier < tier_count; ++tier) {
        std::vector<std::pair<std::string, Ppm>> rest;
        std::uint64_t sum = 0;
        bool cut = false;
        for (const Tariff& t : shipper.tariffs) {
          if (t.tier != static_cast<Tier>(tier)) continue;
          const Service& service = control.services[index(t.service)];
          if (control.carriers[index(service.carrier)].name == carrier) {
            cut = true;
          } else {
            rest.emplace_back(service.name, t.share);
            sum += t.share;
          }
        }
        if (!cut || rest.empty()) continue;
        rescale(rest, sum);
        split(root, shipper.name, tier_names[tier], rest, 1);
      }
    }
  }
  /// To a sum of 1, in proportion; by largest remainder. All equal when nobody had a share.
  static void rescale(std::vector<std::pair<std::string, Ppm>>& shares, std::uint64_t sum) {
    std::vector<Ppm> weights;
    weights.reserve(shares.size());
    for (auto& [service, share] : shares) weights.push_back(sum == 0 ? 1 : share);
    // scaled_to_mean_one makes the sum size * ppm_one of them; dividing it by size keeps the proportions, and the
    // largest takes what rounding leaves.
    const auto scaled = scaled_to_mean_one(weights);
    std::uint64_t given = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      shares[i].second = static_cast<Ppm>(scaled[i] / shares.size());
      given += shares[i].second;
    }
    const auto largest = std::max_element(shares.begin(), shares.end(),
                                          [](const auto& x, const auto& y) { return x.second < y.second; });
    largest->second += static_cast<Ppm>(ppm_one - given);
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
        return recipe.region ? apply_without_in(root, recipe.carrier, *recipe.region)
                             : apply_without(root, recipe.carrier);
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
