/// Fills run.sqlite (schema.sql) from the measures.
#pragma once

#include <filesystem>

#include "engine/result.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::store {

/// Text of schema.sql, embedded at build time.
extern const char* const schema_sql;

Result<void> write_tables(const std::filesystem::path& path, const RunFacts& facts, const RunTables& tables);

}  // namespace peakstorm::store
