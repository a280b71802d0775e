#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <system_error>

#include "scenarios/build/folder.hpp"
#include "scenarios/history.hpp"
#include "scenarios/library.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

/// One TOML file being read: keeps the first complaint, in the order of the fields.
class Settings {
 public:
  explicit Settings(fs::path file) : file_(std::move(file)) {
    const auto text = read_text(file_);
    if (!text) {
      complain(0, "", text.error().message + "; " + text.error().cure);
      return;
    }
    try {
      root_ = toml::parse(std::string_view(*text));
    } catch (const toml::parse_error& error) {
      complain(static_cast<int>(error.source().begin.line), "",
               std::string(error.description()) + "; correct the TOML");
    }
  }

  void complain(int line, const std::string& field, const std::string& what) {
    if (error_.empty()) {
      error_ = file_.string() + (line > 0 ? ":" + std::to_string(line) : "") + ": " +
               (field.empty() ? "" : field + ": ") + what;
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] fs::path beside(const std::string& name) const { return file_.parent_path() / name; }

  /// Complains of tables and fields that are not of `known` ("table.field").
  void check_names(const std::vector<std::string_view>& known) {
    for (const auto& [table, fields] : root_) {
      if (!fields.is_table()) {
        complain(line_of(fields), std::string(table.str()), "not in any table; begin with [history] or [shock]");
        continue;
      }
      for (const auto& [field, value] : *fields.as_table()) {
        const std::string name = std::string(table.str()) + "." + std::string(field.str());
        if (std::find(known.begin(), known.end(), name) == known.end()) {
          complain(line_of(value), name, "there is no such field; " + did_you_mean(name, known, "remove it"));
        }
      }
    }
  }

  std::string text(const std::string& name, bool needed = false) {
    const toml::node* const node = find(name, needed);
    if (node == nullptr) return {};
    const auto value = node->value<std::string>();
    if (!node->is_string() || value->empty()) {
      complain(line_of(*node), name, "not a text; write it in quotes");
      return {};
    }
    return *value;
  }
  std::vector<std::string> texts(const std::string& name, bool needed = false) {
    const toml::node* const node = find(name, needed);
    if (node == nullptr) return {};
    if (node->is_string()) return {text(name)};
    std::vector<std::string> all;
    if (const auto* const array = node->as_array()) {
      for (const auto& element : *array) {
        const auto value = element.value<std::string>();
        if (element.is_string()) all.push_back(*value);
      }
      if (all.size() == array->size() && !all.empty()) return all;
    }
    complain(line_of(*node), name, "not a list of texts; write [\"one\", \"two\"]");
    return {};
  }
  double number(const std::string& name, double low, double high, std::optional<double> otherwise) {
    const toml::node* const node = find(name, !otherwise);
    if (node == nullptr) return otherwise.value_or(low);
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value) || *value < low || *value > high) {
      complain(line_of(*node), name, "not a number from " + short_number(low) + " to " + short_number(high));
      return low;
    }
    return *value;
  }
  int whole(const std::string& name, int low, int high, std::optional<int> otherwise) {
    const double value = number(name, low, high, otherwise);
    if (std::floor(value) < value) complain(0, name, "not a whole number");
    return static_cast<int>(value);
  }
  CalendarDay day(const std::string& name) {
    const toml::node* const node = find(name, true);
    if (node == nullptr) return 0;
    if (const auto date = node->value<toml::date>()) {
      const auto parsed = parse_date([&] {
        char text[32];
        std::snprintf(text, sizeof text, "%04d-%02d-%02d", static_cast<int>(date->year), static_cast<int>(date->month),
                      static_cast<int>(date->day));
        return std::string(text);
      }());
      if (parsed) return *parsed;
    }
    complain(line_of(*node), name, "not a date; write 2018-05-21");
    return 0;
  }

 private:
  static std::string short_number(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  }
  const toml::node* find(const std::string& name, bool needed) {
    const toml::node* const node = root_.at_path(name).node();
    if (node == nullptr && needed) complain(0, name, "missing; add it");
    return node;
  }

  fs::path file_;
  toml::table root_;
  std::string error_;
};

/// The folder holds other tables and maps too.
bool is_history_map(const fs::path& file) {
  const auto text = file.extension() == ".toml" ? read_text(file) : std::string();
  return text && text->find("\npromised = ") != std::string::npos;
}

}  // namespace

Result<HistoryMap> load_history_map(std::string_view name_or_path) {
  fs::path file = name_or_path;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) {
    const auto library = library_folder();
    if (!library) return tl::unexpected(library.error());
    const fs::path maps = *library / "maps";
    const fs::path ready = maps / (std::string(name_or_path) + ".toml");
    std::vector<std::string> names;
    for (auto entry = fs::directory_iterator(maps, ignored); !ignored && entry != fs::directory_iterator();
         entry.increment(ignored)) {
      if (is_history_map(entry->path())) names.push_back(entry->path().stem().string());
    }
    std::sort(names.begin(), names.end());
    if (std::find(names.begin(), names.end(), std::string(name_or_path)) == names.end()) {
      std::string all;
      for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
      return fail(ErrorKind::bad_input, "--map: there is no file and no ready map " + in_quotes(name_or_path) +
                                            "; ready maps: " + all +
                                            "; scenarios/history/README.md says how to write one");
    }
    file = ready;
  }
  Settings read(file);
  HistoryMap map;
  read.check_names({"history.title",      "history.source",   "history.dates",     "history.zone",
                    "history.days_max",   "history.holidays", "columns.order",     "columns.placed",
                    "columns.promised",   "columns.handed",   "columns.delivered", "columns.status",
                    "columns.seller",     "columns.from",     "columns.to",        "columns.distance_km",
                    "columns.from_place", "columns.to_place", "status.delivered",  "weights.delivered",
                    "weights.other",      "missing.words",    "places.file",       "places.key",
                    "places.lat",         "places.lng"});
  map.name = file.stem().string();
  map.title = read.text("history.title");
  map.source = read.text("history.source");
  if (const auto forms = read.texts("history.dates"); !forms.empty()) {
    map.dates.clear();
    for (const std::string& form : forms) {
      if (form == "iso") {
        map.dates.push_back(DateForm::iso);
      } else if (form == "day_month") {
        map.dates.push_back(DateForm::day_month);
      } else if (form == "month_day") {
        map.dates.push_back(DateForm::month_day);
      } else {
        read.complain(0, "history.dates", "unknown form " + in_quotes(form) + "; iso, day_month or month_day");
      }
    }
  }
  map.zone = read.text("history.zone");
  map.days_max = read.whole("history.days_max", 1, 3'650, 400);
  if (const auto name = read.text("history.holidays"); !name.empty()) map.holidays = read.beside(name);
  map.order = read.text("columns.order", true);
  map.placed = read.texts("columns.placed", true);
  map.promised = read.text("columns.promised", true);
  map.handed = read.text("columns.handed");
  map.delivered = read.text("columns.delivered", true);
  map.status = read.text("columns.status");
  map.seller = read.text("columns.seller");
  map.from = read.text("columns.from");
  map.to = read.text("columns.to");
  map.distance_km = read.text("columns.distance_km");
  map.from_place = read.text("columns.from_place");
  map.to_place = read.text("columns.to_place");
  map.delivered_words = read.texts("status.delivered", !map.status.empty());
  map.delivered_weight = read.number("weights.delivered", 1e-3, 1e6, 1.0);
  map.other_weight = read.number("weights.other", 1e-3, 1e6, 1.0);
  map.missing = read.texts("missing.words");
  map.places = read.text("places.file");
  if (!map.places.empty()) {
    map.place_key = read.text("places.key", true);
    map.place_lat = read.text("places.lat", true);
    map.place_lng = read.text("places.lng", true);
  }
  if (!read.error().empty()) return fail(ErrorKind::bad_input, read.error());
  return map;
}

Result<ShockFacts> load_shock(const fs::path& file) {
  fs::path found = file;
  std::error_code ignored;
  if (!fs::is_regular_file(found, ignored)) {
    if (const auto library = library_folder()) {
      if (const auto ready = *library / "maps" / (file.string() + ".toml"); fs::is_regular_file(ready, ignored)) {
        found = ready;
      }
    }
  }
  Settings read(found);
  ShockFacts facts;
  read.check_names({"shock.title", "shock.source", "shock.first", "shock.last", "shock.measured", "shock.measured_loss",
                    "shock.undelivered", "shock.pieces_a_day", "shock.days_to_normal", "shock.promise_extension"});
  facts.title = read.text("shock.title");
  facts.source = read.text("shock.source", true);
  facts.first = read.day("shock.first");
  facts.last = read.day("shock.last");
  facts.measured = read.day("shock.measured");
  facts.measured_loss = read.number("shock.measured_loss", 0, 1, std::nullopt);
  facts.undelivered = read.number("shock.undelivered", 0, 1e12, std::nullopt);
  facts.pieces_a_day = read.number("shock.pieces_a_day", 1, 1e12, std::nullopt);
  facts.days_to_normal = read.whole("shock.days_to_normal", 1, 365, std::nullopt);
  facts.promise_extension = read.whole("shock.promise_extension", 0, 60, 0);
  if (read.error().empty()) {
    if (facts.last < facts.first || facts.last - facts.first > 366) {
      read.complain(0, "shock.last", "not within a year from shock.first on; correct one of them");
    } else if (facts.measured < facts.first || facts.measured > facts.last) {
      read.complain(0, "shock.measured", "not between shock.first and shock.last; correct it");
    }
  }
  if (!read.error().empty()) return fail(ErrorKind::bad_input, read.error());
  return facts;
}

}  // namespace peakstorm
