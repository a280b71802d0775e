#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/geo.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/history.hpp"
#include "scenarios/text/civil.hpp"
#include "scenarios/text/csv.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/near.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

/// A local instant as a history gives it.
struct Stamp {
  CalendarDay day = 0;
  int hour = 12;
  std::string_view zone;  ///< "Z", "+01:00"; empty: none.
};

std::optional<int> digits(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<CalendarDay> day_of(std::optional<int> year, std::optional<int> month, std::optional<int> day) {
  if (!year || !month || !day) return std::nullopt;
  if (*year < 100) *year += *year < 70 ? 2000 : 1900;
  if (*year < 1970 || *year > 2199 || *month < 1 || *month > 12 || *day < 1) return std::nullopt;
  const auto m = static_cast<unsigned>(*month);
  if (static_cast<unsigned>(*day) > days_in_month(*year, m)) return std::nullopt;
  return unix_day(*year, m, static_cast<unsigned>(*day));
}

std::optional<int> month_named(std::string_view name) {
  constexpr std::array<std::string_view, 12> names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const auto found = std::find(names.begin(), names.end(), lower);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin()) + 1;
}

/// The part of `text` before `separator`, which it is advanced beyond; all of it where there is none.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t at = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

std::optional<Stamp> parse_stamp(std::string_view text, DateForm form) {
  const std::size_t gap = text.find_first_of(" T");
  std::string_view date = text.substr(0, gap);
  std::string_view time = gap == std::string_view::npos ? "" : trim(text.substr(gap + 1));
  if (gap != std::string_view::npos && time.empty()) return std::nullopt;
  Stamp stamp;
  std::optional<CalendarDay> day;
  if (form == DateForm::iso) {
    const auto year = digits(take(date, '-'), 4, 4);
    const auto month = digits(take(date, '-'), 2, 2);
    day = day_of(year, month, digits(date, 2, 2));
  } else if (form == DateForm::day_month) {
    const auto of_month = digits(take(date, '-'), 1, 2);
    const auto month = month_named(take(date, '-'));
    day = day_of(date.size() == 3 ? std::nullopt : digits(date, 2, 4), month, of_month);
  } else {
    const auto month = digits(take(date, '/'), 1, 2);
    const auto of_month = digits(take(date, '/'), 1, 2);
    day = day_of(date.size() == 3 ? std::nullopt : digits(date, 2, 4), month, of_month);
  }
  if (!day) return std::nullopt;
  stamp.day = *day;
  if (time.empty()) return stamp;
  if (const std::size_t zone = time.find_first_of("Zz+-"); zone != std::string_view::npos) {
    stamp.zone = time.substr(zone);
    time = trim(time.substr(0, zone));
    if (stamp.zone != "Z" && stamp.zone != "z" && (stamp.zone.size() < 3 || stamp.zone.size() > 6)) return std::nullopt;
  }
  const auto hour = digits(take(time, ':'), 1, 2);
  const auto minute = digits(take(time, ':'), 2, 2);
  if (!hour || *hour > 23 || !minute || *minute > 59) return std::nullopt;
  if (!time.empty()) {
    std::string_view rest = time;
    const auto second = digits(take(rest, '.'), 2, 2);
    if (!second || *second > 60) return std::nullopt;
  }
  stamp.hour = *hour;
  return stamp;
}

/// Text of a file, as CSV; the header's columns by name.
struct Table {
  std::string file;
  std::vector<CsvRow> rows;
  std::vector<CsvFault> faults;
  std::map<std::string, std::size_t, std::less<>> columns;
};

Result<Table> read_table(const fs::path& path) {
  auto text = read_text(path);
  if (!text) return fail(ErrorKind::bad_input, path.string() + ": " + text.error().message + "; " + text.error().cure);
  auto csv = read_csv(*text);
  Table table{path.string(), std::move(csv.rows), std::move(csv.faults), {}};
  if (table.rows.empty()) {
    return fail(ErrorKind::bad_input,
                table.file + ":1: the file holds no table; the first line names the columns, separated by commas");
  }
  for (std::size_t c = 0; c < table.rows.front().size(); ++c) {
    const auto& cell = table.rows.front()[c];
    if (!table.columns.emplace(cell.text, c).second) {
      return fail(ErrorKind::bad_input, table.file + ":" + std::to_string(cell.line) + ": " + cell.text +
                                            ": two columns have this name; rename or remove one");
    }
  }
  return table;
}

constexpr std::size_t no_column = static_cast<std::size_t>(-1);

/// Finds columns; keeps the first complaint.
class Columns {
 public:
  explicit Columns(const Table& table) : table_(table) {}
  std::size_t find(const std::string& name, bool needed) {
    if (name.empty()) return no_column;
    const auto found = table_.columns.find(name);
    if (found != table_.columns.end()) return found->second;
    if (needed && error_.empty()) {
      std::vector<std::string_view> known;
      for (const auto& [column, index] : table_.columns) known.emplace_back(column);
      error_ = table_.file + ":" + std::to_string(table_.rows.front().front().line) + ": " + name +
               ": the header has no such column; " +
               did_you_mean(name, known, "name the file's own column in the map (--map)");
    }
    return no_column;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const Table& table_;
  std::string error_;
};

/// "01027" and "1027" are one place: spreadsheets drop leading zeros.
std::string place_key(std::string_view text) {
  const std::size_t first = text.find_first_not_of('0');
  return std::string(first == std::string_view::npos ? "" : text.substr(first));
}

using Places = std::unordered_map<std::string, Position>;

/// Adds the places of a table. (Returned as a Result, gcc 12 warns under the sanitizers of memory that is none.)
Result<void> read_places(const fs::path& path, const HistoryMap& map, Places& places) {
  auto table = read_table(path);
  if (!table) return tl::unexpected(table.error());
  Columns columns(*table);
  const std::size_t key = columns.find(map.place_key, true);
  const std::size_t lat = columns.find(map.place_lat, true);
  const std::size_t lng = columns.find(map.place_lng, true);
  if (!columns.error().empty()) return fail(ErrorKind::bad_input, columns.error());
  const std::size_t cells = table->rows.front().size();
  for (std::size_t r = 1; r < table->rows.size(); ++r) {
    const CsvRow& row = table->rows[r];
    const auto degrees = [&](std::size_t column, double limit) {
      return parse_decimal(row[column].text, -limit, limit);
    };
    if (row.size() != cells || !degrees(lat, 90) || !degrees(lng, 180)) {
      return fail(ErrorKind::bad_input, table->file + ":" + std::to_string(row.front().line) + ": " + map.place_lat +
                                            ": no position in degrees; correct or remove the line");
    }
    places.emplace(place_key(row[key].text), Position{*degrees(lat, 90), *degrees(lng, 180)});
  }
  return {};
}

Result<std::vector<CalendarDay>> read_holidays(const fs::path& path) {
  auto table = read_table(path);
  if (!table) return tl::unexpected(table.error());
  Columns columns(*table);
  const std::size_t date = columns.find("date", true);
  if (!columns.error().empty()) return fail(ErrorKind::bad_input, columns.error());
  std::vector<CalendarDay> days;
  for (std::size_t r = 1; r < table->rows.size(); ++r) {
    const CsvRow& row = table->rows[r];
    const auto day = date < row.size() ? parse_stamp(row[date].text, DateForm::iso) : std::nullopt;
    if (!day) {
      return fail(ErrorKind::bad_input,
                  table->file + ":" + std::to_string(row.front().line) + ": date: not a date; write 2017-11-15");
    }
    days.push_back(day->day);
  }
  std::sort(days.begin(), days.end());
  return days;
}

/// Numbers of names, 0 for none; new names are added, or are unknown.
class Names {
 public:
  Names(std::vector<std::string>& names, bool may_grow) : names_(names), may_grow_(may_grow) {
    if (names_.empty()) names_.emplace_back("unknown");
    for (std::size_t i = 1; i < names_.size(); ++i) index_.emplace(names_[i], static_cast<std::uint32_t>(i));
  }
  std::uint32_t of(const std::string& name) {
    if (name.empty()) return 0;
    const auto found = index_.find(name);
    if (found != index_.end()) return found->second;
    if (!may_grow_) return 0;
    names_.push_back(name);
    return index_.emplace(name, static_cast<std::uint32_t>(names_.size() - 1)).first->second;
  }

 private:
  std::vector<std::string>& names_;
  bool may_grow_;
  std::unordered_map<std::string, std::uint32_t> index_;
};

class Reader {
 public:
  Reader(const HistoryMap& map, Table table, bool outcomes)
      : map_(map), table_(std::move(table)), outcomes_(outcomes), columns_(table_) {}

  Result<HistoryReading> read(const fs::path& file, HistoryReading reading) {
    order_ = columns_.find(map_.order, true);
    for (std::size_t p = 0; p < map_.placed.size(); ++p) placed_.push_back(columns_.find(map_.placed[p], p == 0));
    promised_ = columns_.find(map_.promised, true);
    if (outcomes_) {
      handed_ = columns_.find(map_.handed, true);
      delivered_ = columns_.find(map_.delivered, true);
      status_ = columns_.find(map_.status, true);
    }
    seller_ = columns_.find(map_.seller, true);
    from_ = columns_.find(map_.from, true);
    to_ = columns_.find(map_.to, true);
    distance_ = columns_.find(map_.distance_km, true);
    from_place_ = columns_.find(map_.from_place, true);
    to_place_ = columns_.find(map_.to_place, true);
    if (!columns_.error().empty()) return fail(ErrorKind::bad_input, columns_.error());
    if (!map_.places.empty()) {
      const auto read = read_places(file.parent_path() / map_.places, map_, places_);
      if (!read) return tl::unexpected(read.error());
    }
    if (outcomes_ && !map_.holidays.empty()) {
      auto holidays = read_holidays(map_.holidays);
      if (!holidays) return tl::unexpected(holidays.error());
      reading.history.holidays = std::move(*holidays);
    }
    for (const CsvFault& fault : table_.faults) {
      if (fault.line <= 1) {
        return fail(ErrorKind::bad_input,
                    table_.file + ":" + std::to_string(fault.line) + ": " + fault.message + "; " + fault.cure);
      }
      set_aside("not a line of CSV", fault.line);
      ++reading.rows_read;
    }
    Names regions(reading.history.regions, outcomes_);
    Names sellers(reading.history.sellers, outcomes_);
    for (std::size_t r = 1; r < table_.rows.size(); ++r) {
      ++reading.rows_read;
      const CsvRow& row = table_.rows[r];
      reason_.clear();
      auto order = read_row(row, reading, regions, sellers);
      if (order) {
        reading.history.orders.push_back(std::move(*order));
      } else {
        set_aside(reason_, row.front().line);
      }
    }
    if (reading.history.orders.empty()) {
      return fail(ErrorKind::bad_input, table_.file + ": no row can be used" + most_frequent());
    }
    if (outcomes_) close(reading);
    for (const auto& [reason, aside] : aside_) reading.set_aside.push_back(aside);
    std::stable_sort(reading.set_aside.begin(), reading.set_aside.end(),
                     [](const SetAside& a, const SetAside& b) { return a.rows > b.rows; });
    return reading;
  }

 private:
  void set_aside(const std::string& reason, int line) {
    auto& aside = aside_[reason];
    if (aside.rows++ == 0) aside = {reason, 1, line};
    aside.first_line = std::min(aside.first_line, line);
  }
  [[nodiscard]] std::string most_frequent() const {
    const SetAside* most = nullptr;
    for (const auto& [reason, aside] : aside_) {
      if (most == nullptr || aside.rows > most->rows) most = &aside;
    }
    if (most == nullptr) return "; it holds a header and nothing else";
    return "; most often: " + most->reason + ", first in line " + std::to_string(most->first_line) +
           "; compare the map's columns, dates and zone with the file";
  }

  [[nodiscard]] std::string_view value(const CsvRow& row, std::size_t column) const {
    if (column == no_column) return {};
    const std::string& text = row[column].text;
    return std::find(map_.missing.begin(), map_.missing.end(), text) != map_.missing.end() ? ""
                                                                                           : std::string_view(text);
  }

  /// None without a value; sets reason_ when there is one that cannot be used.
  std::optional<Stamp> stamp(const CsvRow& row, std::size_t column) {
    const std::string_view text = value(row, column);
    if (text.empty()) return std::nullopt;
    std::optional<Stamp> parsed;
    for (std::size_t f = 0; f < map_.dates.size() && !parsed; ++f) parsed = parse_stamp(text, map_.dates[f]);
    if (!parsed) {
      if (reason_.empty()) reason_ = "impossible date: " + row_name(column);
    } else if (parsed->zone != map_.zone && (!parsed->zone.empty() || text.size() > 11)) {
      if (reason_.empty()) reason_ = "another time zone: " + row_name(column);
      return std::nullopt;
    }
    return parsed;
  }
  [[nodiscard]] const std::string& row_name(std::size_t column) const { return table_.rows.front()[column].text; }

  std::optional<PastOrder> refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return std::nullopt;
  }

  std::optional<PastOrder> read_row(const CsvRow& row, HistoryReading& reading, Names& regions, Names& sellers) {
    if (row.size() != table_.rows.front().size()) return refuse("another number of cells than the header");
    PastOrder order;
    order.id = value(row, order_);
    if (order.id.empty()) return refuse("missing: " + map_.order);
    std::optional<Stamp> placed;
    for (std::size_t p = 0; p < placed_.size() && !placed; ++p) {
      placed = stamp(row, placed_[p]);
      order.second_clock = p > 0;
    }
    const auto promised = stamp(row, promised_);
    const auto handed = stamp(row, handed_);
    const auto delivered = stamp(row, delivered_);
    if (!reason_.empty()) return std::nullopt;
    if (!placed) return refuse("missing: " + map_.placed.front());
    if (!promised) return refuse("missing: " + map_.promised);
    order.placed = placed->day;
    order.hour = placed->hour;
    order.promised = promised->day;
    if (order.promised < order.placed) return refuse("impossible dates: promised before it was placed");
    if (order.lead() > map_.days_max) return refuse("impossible dates: promised too long after it was placed");
    if (delivered && delivered->day < order.placed) return refuse("impossible dates: delivered before it was placed");
    if (delivered && delivered->day - order.placed > map_.days_max) {
      return refuse("impossible dates: delivered too long after it was placed");
    }
    if (outcomes_) {
      bool came = delivered.has_value();
      if (status_ != no_column) {
        const std::string word(value(row, status_));
        const bool says =
            std::find(map_.delivered_words.begin(), map_.delivered_words.end(), word) != map_.delivered_words.end();
        if (says && !came) return refuse("delivered by its status, without a date");
        if (!says && came) return refuse("a delivery date, but not delivered by its status");
        came = says;
      }
      if (came) order.delivered = delivered->day;
      order.weight = came ? map_.delivered_weight : map_.other_weight;
      if (handed && handed->day >= order.placed) {
        order.handed = handed->day;
      } else if (handed) {
        ++reading.handed_ignored;
      }
    }
    if (!ids_.insert(order.id).second) return refuse("a second row of the same order");
    order.from = regions.of(std::string(value(row, from_)));
    order.to = regions.of(std::string(value(row, to_)));
    order.seller = sellers.of(std::string(value(row, seller_)));
    if (const auto km = value(row, distance_); !km.empty()) {
      if (const auto far = parse_decimal(km.substr(0, km.find('.')), 0, 40'000)) {
        order.distance_km = static_cast<std::int32_t>(*far);
      }
    } else if (!places_.empty()) {
      const auto a = places_.find(place_key(value(row, from_place_)));
      const auto b = places_.find(place_key(value(row, to_place_)));
      if (a != places_.end() && b != places_.end()) {
        order.distance_km = static_cast<std::int32_t>(great_circle_km(a->second, b->second));
        ++reading.distances_found;
      }
    }
    last_ = std::max(last_, order.placed);
    as_of_ = std::max({as_of_, order.placed, order.delivered.value_or(0), order.handed.value_or(0)});
    return order;
  }

  /// Where the file ends, and whether its last month is whole.
  void close(HistoryReading& reading) const {
    reading.history.as_of = as_of_;
    const CivilDate end = civil_date(last_);
    // A month whose last two days brought no order may have been quiet then; one that lacks more was cut short.
    if (end.day + 2 < days_in_month(end.year, end.month)) reading.unfinished_month = unix_day(end.year, end.month, 1);
  }

  const HistoryMap& map_;
  Table table_;
  bool outcomes_;
  Columns columns_;
  std::vector<std::size_t> placed_;
  std::size_t order_ = no_column, promised_ = no_column, handed_ = no_column, delivered_ = no_column,
              status_ = no_column, seller_ = no_column, from_ = no_column, to_ = no_column, distance_ = no_column,
              from_place_ = no_column, to_place_ = no_column;
  Places places_;
  std::unordered_set<std::string> ids_;
  std::map<std::string, SetAside> aside_;
  std::string reason_;
  CalendarDay last_ = 0;
  CalendarDay as_of_ = 0;
};

}  // namespace

Result<HistoryReading> read_history(const fs::path& file, const HistoryMap& map) {
  auto table = read_table(file);
  if (!table) return tl::unexpected(table.error());
  return Reader(map, std::move(*table), true).read(file, {});
}

Result<HistoryReading> read_orders(const fs::path& file, const HistoryMap& map, const OrderHistory& known) {
  auto table = read_table(file);
  if (!table) return tl::unexpected(table.error());
  HistoryReading reading;
  reading.history.regions = known.regions;
  reading.history.sellers = known.sellers;
  return Reader(map, std::move(*table), false).read(file, std::move(reading));
}

}  // namespace peakstorm
