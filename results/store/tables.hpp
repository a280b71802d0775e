/// Fills run.sqlite (schema.sql) from the measures.
#pragma once

#include <filesystem>
#include <span>

#include "engine/result.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::store {

/// Text of schema.sql, embedded at build time.
extern const char* const schema_sql;

/// `published`: figures to stand beside the measures.
Result<void> write_tables(const std::filesystem::path& path, const RunFacts& facts, const RunTables& tables,
                          std::span<const PublishedFigure> published);

/// Whether replace_replay() can write here. Errors: bad_input, naming the first table that another version made.
Result<void> check_takes_replay(const std::filesystem::path& path);

/// Puts a further replay in the place of what an existing run.sqlite has of one, with its measures and gates. Errors:
/// bad_input when the tables are not of this version.
Result<void> replace_replay(const std::filesystem::path& path, const ReplayResults& results, const MeasureMap& named,
                            std::span<const GateResult> gates, const std::string& command_line, bool partial);

}  // namespace peakstorm::store
