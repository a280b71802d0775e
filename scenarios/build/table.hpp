/// A CSV table with named columns; reading a cell reports its fault where it stands.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/build/faults.hpp"
#include "scenarios/build/names.hpp"
#include "scenarios/text/csv.hpp"

namespace peakstorm::scenarios {

/// What a table's header may hold; `source` and `note` are always allowed.
struct Columns {
  std::vector<std::string_view> required;
  std::vector<std::string_view> optional;
  bool any_name = false;  ///< Further columns are allowed when they are names (season.csv).
};

class Row;

class Table {
 public:
  enum class Presence { required, optional };

  /// Reads the file at `path`, which is called `file`. Faults: a missing or unreadable file, everything read_csv
  /// reports, columns that are unknown, missing or there twice, rows with a wrong number of cells (left out of the
  /// table).
  static Table read(const std::filesystem::path& path, std::string_view file, const Columns& columns, Presence presence,
                    Faults& faults);

  /// A table that was no CSV: every row has a cell per column, and what is wrong with names of columns has been said.
  static Table of(std::string file, std::vector<std::string> columns, std::vector<CsvRow> rows, Faults& faults);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] Row row(std::size_t i) const;
  [[nodiscard]] bool has(std::string_view column) const { return column_of(column) < header_.size(); }
  /// Every row of the file is here; when not, that is a fault already.
  [[nodiscard]] bool complete() const { return complete_; }
  /// Names of the columns beyond the required and optional ones.
  [[nodiscard]] const std::vector<std::string>& further() const { return further_; }

 private:
  friend class Row;
  [[nodiscard]] std::size_t column_of(std::string_view column) const;
  void read_header(const CsvRow& header, const Columns& columns, Faults& faults);

  std::string file_;
  std::vector<std::string> header_;
  std::vector<std::string> further_;
  std::vector<CsvRow> rows_;
  Faults* faults_ = nullptr;
  bool complete_ = true;
};

/// One row; valid as long as its table. A column the header does not have is empty.
class Row {
 public:
  Row(const Table& table, const CsvRow& cells) : table_(&table), cells_(&cells) {}

  [[nodiscard]] std::string_view text(std::string_view column) const {
    const std::size_t i = table_->column_of(column);
    return i < cells_->size() ? std::string_view((*cells_)[i].text) : std::string_view();
  }
  [[nodiscard]] bool empty(std::string_view column) const { return text(column).empty(); }
  [[nodiscard]] int line() const { return cells_->front().line; }
  [[nodiscard]] int line(std::string_view column) const {
    const std::size_t i = table_->column_of(column);
    return i < cells_->size() ? (*cells_)[i].line : line();
  }
  void fault(std::string_view column, std::string message, std::string cure) const {
    table_->faults_->add(table_->file_, line(column), column, std::move(message), std::move(cure));
  }
  void fault(std::string_view column, Complaint complaint) const {
    fault(column, std::move(complaint.message), std::move(complaint.cure));
  }

  /// Reads a required cell with a parser of text/fields.hpp into `out`; false, and a fault, when it cannot.
  template <class T, class Parser>
  bool read(std::string_view column, Parser&& parser, T& out) const {
    if (empty(column)) {
      // A column that is missing altogether has its fault at the header already.
      if (table_->has(column)) fault(column, "the cell is empty", "fill it in");
      return false;
    }
    return read_if(column, std::forward<Parser>(parser), out);
  }
  /// Likewise, but an empty cell leaves `out` as it is and is no fault (and false).
  template <class T, class Parser>
  bool read_if(std::string_view column, Parser&& parser, T& out) const {
    if (empty(column)) return false;
    auto value = parser(text(column));
    if (!value) {
      fault(column, std::move(value.error()));
      return false;
    }
    out = static_cast<T>(*std::move(value));
    return true;
  }
  /// A whole number within bounds.
  template <class T>
  bool count(std::string_view column, std::uint64_t low, std::uint64_t high, T& out) const {
    return read(
        column, [&](std::string_view t) { return parse_count(t, low, high); }, out);
  }
  template <class T>
  bool count_if(std::string_view column, std::uint64_t low, std::uint64_t high, T& out) const {
    return read_if(
        column, [&](std::string_view t) { return parse_count(t, low, high); }, out);
  }
  /// The id a required cell's name stands for; nothing, and a fault, when it stands for none. No fault when the
  /// names are incomplete: it would be an echo.
  [[nodiscard]] std::optional<std::size_t> refer(std::string_view column, const Names& names) const;

 private:
  const Table* table_;
  const CsvRow* cells_;
};

inline Row Table::row(std::size_t i) const {
  return {*this, rows_[i]};
}

/// "unknown depot 'x'", and the cure. Asked for only when the names are complete.
Complaint unknown_name(std::string_view name, const Names& names);

/// The names in a key column, with ids in the order of the names, so that the order of rows leaves no trace.
/// Faults: cells that are no names, names that stand twice (the first row counts), more than `most` names.
struct KeyColumn {
  Names names;
  std::vector<std::size_t> rows;  ///< The row of each id.
};
KeyColumn read_keys(const Table& table, std::string_view column, std::string kind, std::size_t most);

}  // namespace peakstorm::scenarios
