/// What the rooms of a baseline share: which tables it has, and how the run's own become theirs.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "results/baseline.hpp"
#include "results/store/database.hpp"

namespace peakstorm::gates {

/// The scan stream's hashes by hour.
inline constexpr const char* stream_table = "scans";
inline constexpr const char* facility_table = "facilities";

/// A query of run.sqlite: key columns as text, then integers.
struct TableQuery {
  const char* name;
  std::vector<std::string> key_columns;
  std::vector<std::string> value_columns;
  const char* sql;
};
/// Of every table but the stream's.
const std::vector<TableQuery>& table_queries();

/// Key -> value of the table `run`.
std::map<std::string, std::string> facts_of(store::Database& database);

/// Of the measured measures: those that a baseline keeps and people look at first.
bool is_headline(std::string_view measure);

/// The same without all columns of the key but the first: a file keeps facilities so, as hundreds of them on every day
/// are not small.
BaselineTable condensed(const BaselineTable& table);

}  // namespace peakstorm::gates
