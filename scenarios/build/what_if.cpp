/// Futures of a scenario: disruptions that come instead of, or beside, those of disruptions.csv.
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm::scenarios {
namespace {

/// A value as the cell of a table would have it.
Parsed<std::string> cell_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return std::string(trim(text->get()));
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  if (const auto* number = node.as_floating_point()) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number->get());
    return std::string(digits.data(), end.ptr);
  }
  if (const auto* date = node.as_date()) {
    std::array<char, 32> digits{};
    const auto end = std::snprintf(digits.data(), digits.size(), "%04d-%02d-%02d", date->get().year, date->get().month,
                                   date->get().day);
    return std::string(digits.data(), static_cast<std::size_t>(end));
  }
  return tl::unexpected<Complaint>(
      Complaint{"neither a text, a number, a date nor true or false",
                "write it in quotes as in disruptions.csv, instants as \"2013-12-05 12:00 America/Chicago\""});
}

class Reader {
 public:
  Reader(Builder& b, const WhatIf& what_if)
      : b_(b), what_if_(what_if), file_(std::filesystem::absolute(what_if.file).string()) {}

  void run() {
    const auto text = read_text(what_if_.file);
    if (!text) return b_.faults.add(file_, 0, "", text.error());
    toml::table root;
    try {
      root = toml::parse(std::string_view(*text));
    } catch (const toml::parse_error& error) {
      return b_.faults.add(file_, static_cast<int>(error.source().begin.line), "", std::string(error.description()),
                           "mend the TOML syntax; see toml.io");
    }
    for (const auto& [key, node] : root) {
      if (key == "remove") {
        read_removals(node);
      } else if (key == "disruption") {
        read_rows(node);
      } else {
        fault(line_of(node), key.str(), "unknown key " + in_quotes(key.str()),
              did_you_mean(key.str(), {"remove", "disruption"}, "a future holds remove = [...] and [[disruption]]"));
      }
    }
    apply();
  }

 private:
  void fault(int line, std::string_view field, std::string message, std::string cure) {
    b_.faults.add(file_, line, field, std::move(message), std::move(cure));
  }

  void read_removals(const toml::node& node) {
    const char* cure = "write texts, for instance remove = [\"ice-texas\"]";
    const auto* names = node.as_array();
    if (names == nullptr) return fault(line_of(node), "remove", "this is not a list", cure);
    for (const toml::node& item : *names) {
      const auto* name = item.as_string();
      if (name == nullptr) {
        fault(line_of(item), "remove", "this is not a text", cure);
      } else if (known(name->get()) == nullptr) {
        std::vector<std::string_view> all;
        for (const Disruption& d : b_.world.disruptions) all.push_back(d.name);
        if (!b_.faults.any_in("disruptions.csv")) {
          fault(line_of(item), "remove", "unknown disruption " + in_quotes(name->get()),
                did_you_mean(name->get(), all, "the scenario's disruptions.csv names those there are"));
        }
      } else if (may_change(name->get(), line_of(item), "remove")) {
        gone_.insert(name->get());
      }
    }
  }

  void read_rows(const toml::node& node) {
    const auto* tables = node.as_array();
    if (tables == nullptr || !tables->is_homogeneous(toml::node_type::table)) {
      return fault(line_of(node), "disruption", "this is not a list of tables", "begin each with [[disruption]]");
    }
    std::vector<std::string_view> keys = disruption_columns.required;
    keys.insert(keys.end(), disruption_columns.optional.begin(), disruption_columns.optional.end());
    std::vector<CsvRow> rows;
    for (const toml::node& item : *tables) {
      const toml::table& table = *item.as_table();
      for (const auto& [key, value] : table) {
        const bool comment = key == "source" || key == "note";
        if (comment || std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
        fault(line_of(value), key.str(), "unknown key " + in_quotes(key.str()),
              did_you_mean(key.str(), keys, "remove it, or call it 'note' to keep it as a comment"));
      }
      CsvRow row;
      for (const std::string_view key : keys) {
        CsvCell cell{"", line_of(table)};
        if (const toml::node* value = table.get(key)) {
          cell.line = line_of(*value);
          auto parsed = cell_text(*value);
          if (parsed) {
            cell.text = *std::move(parsed);
          } else {
            b_.faults.add(file_, cell.line, key, std::move(parsed.error()));
          }
        } else if (std::find(disruption_columns.required.begin(), disruption_columns.required.end(), key) !=
                   disruption_columns.required.end()) {
          fault(cell.line, key, "the key is missing", "add it");
        }
        row.push_back(std::move(cell));
      }
      rows.push_back(std::move(row));
    }
    if (b_.faults.any_in(file_)) return;  // Reading on would only repeat them.
    const Table table = Table::of(file_, {keys.begin(), keys.end()}, std::move(rows), b_.faults);
    const KeyColumn names = read_keys(table, "name", "disruption", 100'000);
    for (const std::size_t i : names.rows) {
      const Row row = table.row(i);
      auto disruption = read_disruption(b_, row);
      if (!disruption) continue;
      if (disruption->from < what_if_.from) {
        row.fault("from", "the disruption begins before " + begins_text() + ", where the futures part",
                  "let it begin then or later, or part earlier (--branch-at, or an earlier checkpoint)");
        continue;
      }
      if (!may_change(disruption->name, row.line("name"), "name")) continue;
      gone_.insert(disruption->name);
      new_.push_back(*std::move(disruption));
    }
  }

  /// A disruption of the scenario that has begun belongs to the past that the futures share.
  bool may_change(const std::string& name, int line, std::string_view field) {
    const Disruption* old = known(name);
    if (old == nullptr || old->from >= what_if_.from) return true;
    fault(line, field, in_quotes(name) + " of the scenario begins before " + begins_text() + ", where the futures part",
          field == "remove" ? "leave it, or part earlier (--branch-at, or an earlier checkpoint)"
                            : "give the new one another name, or part earlier (--branch-at, or an earlier checkpoint)");
    return false;
  }

  [[nodiscard]] const Disruption* known(std::string_view name) const {
    const auto found = std::find_if(b_.world.disruptions.begin(), b_.world.disruptions.end(),
                                    [&](const Disruption& d) { return d.name == name; });
    return found == b_.world.disruptions.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string begins_text() const {
    const std::int64_t ms = (what_if_.from - day_zero).count();
    const std::int64_t day = floor_div(ms, days(1).count());
    return date_text(static_cast<UnixDay>(b_.settings.first_day.value_or(0) + day)) + " " +
           time_text(SimDuration{ms - day * days(1).count()}) + " UTC";
  }

  void apply() {
    auto& disruptions = b_.world.disruptions;
    std::erase_if(disruptions, [&](const Disruption& d) { return gone_.contains(d.name); });
    for (Disruption& d : new_) disruptions.push_back(std::move(d));
    // As disruptions.csv: the order of rows leaves no trace.
    std::sort(disruptions.begin(), disruptions.end(),
              [](const Disruption& x, const Disruption& y) { return x.name < y.name; });
  }

  Builder& b_;
  const WhatIf& what_if_;
  std::string file_;
  std::set<std::string> gone_;
  std::vector<Disruption> new_;
};

}  // namespace

void apply_what_if(Builder& b, const WhatIf& what_if) {
  Reader(b, what_if).run();
}

}  // namespace peakstorm::scenarios
