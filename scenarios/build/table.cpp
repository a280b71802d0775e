#include "scenarios/build/table.hpp"

#include <algorithm>
#include <map>

#include "scenarios/build/folder.hpp"
#include "scenarios/text/near.hpp"

namespace peakstorm::scenarios {
namespace {

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::size_t Table::column_of(std::string_view column) const {
  return static_cast<std::size_t>(std::find(header_.begin(), header_.end(), column) - header_.begin());
}

void Table::read_header(const CsvRow& header, const Columns& columns, Faults& faults) {
  std::vector<std::string_view> known = columns.required;
  known.insert(known.end(), columns.optional.begin(), columns.optional.end());
  for (const CsvCell& cell : header) {
    const bool twice = std::find(header_.begin(), header_.end(), cell.text) != header_.end();
    const bool comment = cell.text == "source" || cell.text == "note";
    header_.push_back(cell.text);
    if (comment) continue;
    if (cell.text.empty()) {
      faults.add(file_, cell.line, "header", "a column without a name", "name it, or remove the comma");
    } else if (twice) {
      faults.add(file_, cell.line, cell.text, "the column stands twice", "remove one of the two");
    } else if (columns.any_name && !contains(known, cell.text)) {
      if (auto name = parse_name(cell.text)) {
        further_.push_back(*std::move(name));
      } else {
        faults.add(file_, cell.line, cell.text, std::move(name.error()));
      }
    } else if (!contains(known, cell.text)) {
      faults.add(file_, cell.line, cell.text, "unknown column " + in_quotes(cell.text),
                 did_you_mean(cell.text, known, "remove it, or call it 'note' to keep it as a comment"));
    }
  }
  for (const std::string_view name : columns.required) {
    if (!has(name)) {
      faults.add(file_, header.front().line, name, "the column is missing", "add it to the header and to every row");
    }
  }
}

Table Table::read(const std::filesystem::path& path, std::string_view file, const Columns& columns, Presence presence,
                  Faults& faults) {
  Table table;
  table.file_ = file;
  table.faults_ = &faults;
  std::error_code error;
  if (presence == Presence::optional && !std::filesystem::exists(path, error)) return table;
  const auto text = read_text(path);
  if (!text) {
    faults.add(file, 0, "", text.error());
    table.complete_ = false;
    return table;
  }
  CsvText csv = read_csv(*text);
  table.complete_ = csv.faults.empty();
  for (CsvFault& fault : csv.faults) {
    faults.add(file, fault.line, "", std::move(fault.message), std::move(fault.cure));
  }
  if (csv.rows.empty()) {
    // When the header itself is faulty, its fault is reported above and there is nothing to read the rows by.
    if (csv.faults.empty()) faults.add(file, 1, "header", "the table is empty", "begin it with its header");
    return table;
  }
  const CsvRow header = std::move(csv.rows.front());
  csv.rows.erase(csv.rows.begin());
  table.read_header(header, columns, faults);
  for (CsvRow& row : csv.rows) {
    if (row.size() == header.size()) {
      table.rows_.push_back(std::move(row));
    } else {
      table.complete_ = false;
      faults.add(file, row.front().line, "",
                 "the row has " + std::to_string(row.size()) + " cells, the header " + std::to_string(header.size()),
                 "add or remove commas; quote cells that hold commas");
    }
  }
  return table;
}

Table Table::of(std::string file, std::vector<std::string> columns, std::vector<CsvRow> rows, Faults& faults) {
  Table table;
  table.file_ = std::move(file);
  table.header_ = std::move(columns);
  table.rows_ = std::move(rows);
  table.faults_ = &faults;
  return table;
}

Complaint unknown_name(std::string_view name, const Names& names) {
  return {"unknown " + names.kind() + " " + in_quotes(name),
          did_you_mean(name, names.all(), "add it to " + names.home() + " or correct the name")};
}

std::optional<std::size_t> Row::refer(std::string_view column, const Names& names) const {
  std::string_view name;
  if (!read(
          column, [](std::string_view t) { return Parsed<std::string_view>(t); }, name))
    return std::nullopt;
  const auto id = names.find(name);
  if (!id && names.complete()) fault(column, unknown_name(name, names));
  return id;
}

KeyColumn read_keys(const Table& table, std::string_view column, std::string kind, std::size_t most) {
  std::map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    std::string name;
    if (!row.read(column, parse_name, name)) continue;
    const auto [first, is_new] = rows.emplace(name, i);
    if (!is_new) {
      row.fault(column,
                kind + " " + in_quotes(name) + " stands twice, first in line " +
                    std::to_string(table.row(first->second).line()),
                "rename or remove one of the two");
    } else if (rows.size() == most + 1) {
      row.fault(column, "more than " + std::to_string(most) + " rows", "make the world smaller");
    }
  }
  KeyColumn keys{Names(std::move(kind), table.file()), {}};
  if (!table.complete() || !table.has(column) || rows.size() < table.size() || rows.size() > most) {
    keys.names.mark_incomplete();
  }
  for (const auto& [name, row] : rows) {
    if (keys.rows.size() == most) break;
    keys.names.add(name);
    keys.rows.push_back(row);
  }
  return keys;
}

}  // namespace peakstorm::scenarios
