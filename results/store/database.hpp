/// A thin, exception-free wrapper of SQLite for writing and reading run.sqlite.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/result.hpp"

namespace peakstorm::store {

class Database;

/// A prepared statement. The first error sticks; look at ok() after a batch.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  Statement(Statement&&) = delete;
  ~Statement();

  /// Binds the values and runs an INSERT once.
  template <class... Values>
  void insert(const Values&... values) {
    int column = 0;
    (bind(++column, values), ...);
    run();
  }
  /// Moves to the next row of a SELECT; false at the end or on an error.
  bool step();
  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(statement_, column); }
  [[nodiscard]] std::string text(int column) const;

 private:
  void run();
  void bind(int column, std::nullopt_t) { check(sqlite3_bind_null(statement_, column)); }
  void bind(int column, std::string_view value) {
    check(sqlite3_bind_text(statement_, column, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  void bind(int column, const std::string& value) { bind(column, std::string_view(value)); }
  void bind(int column, const char* value) { bind(column, std::string_view(value)); }
  template <class T>
  void bind(int column, const std::optional<T>& value) {
    if (value) {
      bind(column, *value);
    } else {
      bind(column, std::nullopt);
    }
  }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void bind(int column, T value) {
    if constexpr (std::is_floating_point_v<T>) {
      check(sqlite3_bind_double(statement_, column, static_cast<double>(value)));
    } else {
      check(sqlite3_bind_int64(statement_, column, static_cast<sqlite3_int64>(value)));
    }
  }
  void check(int code);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  /// A new database for one writer: no journal, as a run without a manifest is thrown away anyway.
  static Result<std::unique_ptr<Database>> create(const std::filesystem::path& path);
  static Result<std::unique_ptr<Database>> open_read_only(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const char* sql);
  /// The first error since opening.
  [[nodiscard]] Result<void> status() const;
  /// Commits and closes; the last chance for an error.
  Result<void> close();

 private:
  friend class Statement;
  explicit Database(std::filesystem::path path) : path_(std::move(path)) {}
  void note(int code);

  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
  std::optional<Error> error_;
};

}  // namespace peakstorm::store
