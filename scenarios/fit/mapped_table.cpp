#include <algorithm>
#include <cmath>

#include "scenarios/build/folder.hpp"
#include "scenarios/fit/mapped_table.hpp"
#include "scenarios/text/near.hpp"

namespace peakstorm::scenarios {

MappedTable::MappedTable(const std::filesystem::path& file, const ColumnNames& columns, Faults& faults,
                         std::map<std::string, std::size_t>& set_aside) {
  const auto text = read_text(file);
  if (!text) {
    faults.add(file.string(), 0, "", text.error());
    return;
  }
  CsvText csv = read_csv(*text);
  if (csv.rows.empty()) {
    faults.add(file.string(), 0, "", "no header", "begin with a line of column names");
    return;
  }
  const CsvRow header = csv.rows.front();
  std::vector<std::string> names;
  for (const CsvCell& cell : header) names.push_back(cell.text);
  for (const auto& [ours, theirs] : columns) {
    const auto at = std::find(names.begin(), names.end(), theirs);
    if (at == names.end()) {
      faults.add(file.string(), header.front().line, theirs, "no such column, which the map names as '" + ours + "'",
                 did_you_mean(theirs, {names.begin(), names.end()}, "correct the map, or name the right file"));
    } else if (std::find(at + 1, names.end(), theirs) != names.end()) {
      faults.add(file.string(), header.front().line, theirs, "the column is there twice", "rename one of the two");
    } else {
      places_[ours] = static_cast<std::size_t>(at - names.begin());
    }
  }
  all_ = csv.rows.size() - 1 + csv.faults.size();
  if (!csv.faults.empty()) set_aside["no CSV"] += csv.faults.size();
  for (std::size_t i = 1; i < csv.rows.size(); ++i) {
    if (csv.rows[i].size() != header.size()) {
      ++set_aside["wrong number of cells"];
    } else {
      rows_.push_back(std::move(csv.rows[i]));
    }
  }
  if (rows_.empty()) faults.add(file.string(), 0, "", "no row", "give records below the header");
}

std::string_view MappedTable::text(std::size_t row, std::string_view column) const {
  const auto place = places_.find(column);
  return place == places_.end() ? std::string_view() : std::string_view(rows_[row][place->second].text);
}

double MappedTable::positive(std::size_t row, std::string_view column) const {
  const auto value = parse_decimal(text(row, column), 0, 1e9);
  return value ? *value : 0;
}

}  // namespace peakstorm::scenarios
