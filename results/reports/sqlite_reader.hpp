/// Reads a SQLite file row by row. The first error is kept and makes the rest a no-op, so that a long list
/// of queries is checked once at its end. One thread.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/result.hpp"

namespace peakstorm::reports {

/// One row; valid during the callback that gets it.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(statement_, column); }
  [[nodiscard]] bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::string_view text(int column) const {
    const unsigned char* bytes = sqlite3_column_text(statement_, column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

class SqliteReader {
 public:
  explicit SqliteReader(const std::filesystem::path& file) : file_(file.string()) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
    database_.reset(raw);
    if (code != SQLITE_OK) note("cannot be opened");
  }

  /// Calls `row(const Row&)` for each row of `sql`.
  template <class OnRow>
  void rows(const char* sql, OnRow&& row) {
    if (failed()) return;
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr) != SQLITE_OK) {
      note("does not fit this version's schema; make the report with the version that made the run");
      return;
    }
    const std::unique_ptr<sqlite3_stmt, Finalizer> statement(raw);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(raw)) == SQLITE_ROW) row(Row(raw));
    if (code != SQLITE_DONE) note("cannot be read to its end; it may be damaged or still being written");
  }

  /// Whether there is such a table, and with this column: `name` is "TABLE" or "TABLE.COLUMN". False after an error.
  bool has(std::string_view name) {
    const std::size_t dot = name.find('.');
    std::string sql = "SELECT 1 FROM pragma_table_info('" + std::string(name.substr(0, dot)) + "')";
    if (dot != std::string_view::npos) sql += " WHERE name = '" + std::string(name.substr(dot + 1)) + "'";
    bool found = false;
    rows((sql + " LIMIT 1").c_str(), [&](const Row&) { found = true; });
    return found;
  }

  [[nodiscard]] bool failed() const { return !message_.empty(); }
  [[nodiscard]] tl::unexpected<Error> error() const { return fail(ErrorKind::io, message_); }

 private:
  struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void note(const char* what) {
    message_ = file_ + ": " + what + " (" + (database_ ? sqlite3_errmsg(database_.get()) : "out of memory") + ")";
  }

  std::string file_;
  std::unique_ptr<sqlite3, Closer> database_;
  std::string message_;
};

}  // namespace peakstorm::reports
