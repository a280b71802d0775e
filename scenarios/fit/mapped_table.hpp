/// Columns of somebody else's CSV by the names that a map gives them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/build/faults.hpp"
#include "scenarios/text/csv.hpp"

namespace peakstorm::scenarios {

/// Ours to theirs: "minutes" to "actual_time".
using ColumnNames = std::map<std::string, std::string, std::less<>>;

/// A CSV file whose columns are looked up through a map. Columns nobody named are left alone.
class MappedTable {
 public:
  /// No rows.
  MappedTable() = default;
  /// Faults: the file cannot be read, its header lacks a named column or has it twice, it holds no row. Rows with
  /// faults of syntax are counted in `set_aside`, and so are those with a wrong number of cells.
  MappedTable(const std::filesystem::path& file, const ColumnNames& columns, Faults& faults,
              std::map<std::string, std::size_t>& set_aside);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Of a row, by our name; empty when the map does not name it.
  [[nodiscard]] std::string_view text(std::size_t row, std::string_view column) const;
  /// A number above 0; 0 when there is none.
  [[nodiscard]] double positive(std::size_t row, std::string_view column) const;
  /// Rows of the file, used or not.
  [[nodiscard]] std::size_t rows() const { return all_; }

 private:
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<CsvRow> rows_;
  std::size_t all_ = 0;
};

}  // namespace peakstorm::scenarios
