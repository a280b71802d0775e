/// Real orders in: a CSV file and a column map (TOML; scenarios/history/README.md describes it) to an OrderHistory.
/// Nothing is dropped silently: every row is used, or set aside under a named reason with its first line. A file that
/// cannot be used as a whole is an error that names file, line, field and cure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery_time.hpp"
#include "engine/order_history.hpp"
#include "engine/result.hpp"

namespace peakstorm {

enum class DateForm {
  iso,        ///< 2017-11-24, 2017-11-24 13:05, 2017-11-24T13:05:59.
  day_month,  ///< 24-Nov-17 or 24-Nov-2017.
  month_day,  ///< 11/24/2017 or 11/24/17, with or without 13:05.
};

/// What the columns of a history mean.
struct HistoryMap {
  std::string name;
  std::string title;
  std::string source;
  std::vector<DateForm> dates = {DateForm::iso};  ///< Any of them.
  /// Suffix that every instant carries, "Z" or "+01:00"; empty: instants are local and carry none.
  std::string zone;
  std::string order;                ///< Column names; empty: the file has no such column.
  std::vector<std::string> placed;  ///< The first that holds a value counts; the others are later steps.
  std::string promised;
  std::string handed;
  std::string delivered;
  std::string status;
  std::vector<std::string> delivered_words;  ///< Of the status column: it has come.
  std::string seller;
  std::string from;
  std::string to;
  std::string distance_km;
  std::string from_place;  ///< Key into `places`.
  std::string to_place;
  std::vector<std::string> missing;  ///< Words that mean there is no value.
  double delivered_weight = 1;
  double other_weight = 1;
  int days_max = 400;              ///< A promise or delivery further away is a slip of the pen.
  std::filesystem::path holidays;  ///< CSV: date, name. Empty: none.
  std::string places;              ///< CSV beside the history; empty: none.
  std::string place_key, place_lat, place_lng;
};

/// A map of the library (scenarios/library/maps/NAME.toml) or a file. Errors: bad_input, with file, line and field.
Result<HistoryMap> load_history_map(std::string_view name_or_path);

struct SetAside {
  std::string reason;
  std::uint64_t rows = 0;
  int first_line = 0;
};

struct HistoryReading {
  OrderHistory history;
  std::uint64_t rows_read = 0;        ///< Data rows of the file.
  std::vector<SetAside> set_aside;    ///< Rows that are not in `history`, by reason, most first.
  std::uint64_t handed_ignored = 0;   ///< Rows used without their hand-over date, which lies before the order.
  std::uint64_t distances_found = 0;  ///< Rows whose distance comes from the table of places.
  /// The month in which the file ends, when it does not reach that month's end: first day; orders from it on are learnt
  /// from and not scored.
  std::optional<CalendarDay> unfinished_month;
};

/// Reads a history. Errors: bad_input for a missing file, a missing column, text that is no CSV, instants that all
/// carry another zone than the map's, and a file of which no row can be used; io.
Result<HistoryReading> read_history(const std::filesystem::path& file, const HistoryMap& map);

/// Orders without outcomes, of the same map: status, hand-over and delivery are not read even if there. Regions and
/// sellers are numbered as in `known`; new ones count as unknown.
Result<HistoryReading> read_orders(const std::filesystem::path& file, const HistoryMap& map, const OrderHistory& known);

/// Published facts of a disturbance, for `peakstorm backtest --shock` (scenarios/history/README.md).
struct ShockFacts {
  std::string title;
  std::string source;
  CalendarDay first = 0;  ///< First and last day of it.
  CalendarDay last = 0;
  CalendarDay measured = 0;   ///< Day of the published loss ...
  double measured_loss = 0;   ///< ... share of the day's deliveries that did not happen, 0 to 1.
  double undelivered = 0;     ///< Pieces undelivered at its end.
  double pieces_a_day = 1;    ///< Of a normal working day.
  int days_to_normal = 0;     ///< After its end.
  int promise_extension = 0;  ///< Working days by which promises were extended.
};
/// A file, or the name of one of the library (scenarios/library/maps/NAME.toml).
Result<ShockFacts> load_shock(const std::filesystem::path& file);

/// What the facts say of every day, by arithmetic alone (scenarios/history/README.md derives it).
struct ShockCourse {
  DeliveryShock shock;
  /// By day from shock.first: deliveries as a multiple of a normal working day's, and the backlog in normal working
  /// days at its end.
  std::vector<double> deliveries;
  std::vector<double> backlog;
  CalendarDay normal_again = 0;  ///< First day without a backlog.
};
/// Requires days_in_system > 0: the mean number of working days from order to delivery when nothing is wrong.
ShockCourse course_of(const ShockFacts& facts, const std::vector<CalendarDay>& holidays, double days_in_system);

/// Takes the extended promises for what they are: of the orders placed from the shock's first day until 45 days after
/// its last one, what their promises are longer than those of the four weeks before counts as margin
/// (PastOrder::telling_share), by the mean of the orders placed within a day of each other.
void set_aside_extensions(const ShockFacts& facts, std::vector<PastOrder>& orders);

}  // namespace peakstorm
