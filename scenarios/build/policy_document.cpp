#include "scenarios/build/policy_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <sstream>

#include "scenarios/build/folder.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm::scenarios {
namespace {

std::string text_of(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t most = 120;
  return text.size() > most ? text.substr(0, most - 3) + "..." : text;
}

bool by_name(const toml::node& node) {
  const auto* array = node.as_array();
  return array != nullptr && !array->empty() &&
         std::any_of(array->begin(), array->end(), [](const toml::node& element) {
           const auto* table = element.as_table();
           return table != nullptr && table->get("name") != nullptr;
         });
}

void merge_list(toml::array& into, toml::array&& from, const std::string& path, Faults& faults) {
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

}  // namespace

toml::table made_in_line(int line, const std::string& text) {
  return toml::parse(std::string(static_cast<std::size_t>(std::max(line, 1) - 1), '\n') + text);
}

std::string number_text(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end.ptr};
}

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

void merge(toml::table& into, toml::table&& from, const std::string& path, Faults& faults) {
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

toml::table* shipper_of(toml::table& root, const std::string& name) {
  auto* list = root["shipper"].as_array();
  if (list == nullptr) return nullptr;
  for (toml::node& node : *list) {
    auto* table = node.as_table();
    if (table != nullptr && (*table)["name"].value_or(std::string()) == name) return table;
  }
  return nullptr;
}

void split_tariffs(toml::table& root, const std::string& shipper, const std::string& tier,
                   const std::vector<std::pair<std::string, Ppm>>& shares, int line) {
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

}  // namespace peakstorm::scenarios
