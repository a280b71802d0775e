#include "scenarios/build/policy_axes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/policy_document.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm::scenarios {
namespace {

/// Points of one axis; more are a mistake in its step.
constexpr std::size_t axis_points_max = 10'000;

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

}  // namespace

std::string PolicyReader::read_name(const toml::table& table, const char* what, Faults& faults) const {
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
  faults.add(file_, line_of(*node), "name", std::move(parsed.error()));
  return {};
}

void PolicyReader::read_split(const toml::table& table, Axis& axis, Faults& faults) const {
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
  const auto shipper = std::find_if(control_.shippers.begin(), control_.shippers.end(),
                                    [&](const Shipper& s) { return s.name == axis.shipper; });
  if (shipper == control_.shippers.end()) {
    std::vector<std::string_view> known;
    for (const Shipper& s : control_.shippers) known.push_back(s.name);
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
    if (std::none_of(control_.services.begin(), control_.services.end(), known)) {
      std::vector<std::string_view> names;
      for (const Service& s : control_.services) names.push_back(s.name);
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

void PolicyReader::read_range(const toml::table& table, Axis& axis, Faults& faults) const {
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

std::optional<Axis> PolicyReader::read_axis(const toml::table& table, Faults& faults) const {
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

}  // namespace peakstorm::scenarios
