#include "results/store/database.hpp"

#include <fmt/format.h>

#include <cstring>

namespace peakstorm::store {

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (database_.error_) return;
  check(sqlite3_prepare_v2(database_.handle_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

void Statement::check(int code) {
  if (code != SQLITE_OK) database_.note(code);
}

void Statement::run() {
  if (database_.error_) return;
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_DONE) database_.note(code);
  sqlite3_reset(statement_);
}

bool Statement::step() {
  if (database_.error_) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.note(code);
  return false;
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return "";
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Database::note(int code) {
  if (error_) return;
  const int reason = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  std::string message =
      fmt::format("{}: {}", path_.string(), handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
  if (reason != 0) message += fmt::format(" ({})", std::strerror(reason));
  if (code == SQLITE_FULL || (code & 0xff) == SQLITE_IOERR) {
    message += "; free some space or write the run to another disk";
  }
  const bool damaged = code == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_ERROR;
  error_ = Error{damaged ? ErrorKind::bad_input : ErrorKind::io, std::move(message)};
}

void Database::run(const char* sql) {
  if (error_) return;
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note(code);
}

Result<std::unique_ptr<Database>> Database::create(const std::filesystem::path& path) {
  std::unique_ptr<Database> database(new Database(path));
  const int code =
      sqlite3_open_v2(path.c_str(), &database->handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code != SQLITE_OK) database->note(code);
  database->run(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = "
      "-65536;"
      "BEGIN;");
  if (auto status = database->status(); !status) return tl::unexpected(status.error());
  return database;
}

Result<std::unique_ptr<Database>> Database::open_read_only(const std::filesystem::path& path) {
  std::unique_ptr<Database> database(new Database(path));
  const int code = sqlite3_open_v2(path.c_str(), &database->handle_, SQLITE_OPEN_READONLY, nullptr);
  if (code != SQLITE_OK) database->note(code);
  if (auto status = database->status(); !status) return tl::unexpected(status.error());
  return database;
}

Result<void> Database::status() const {
  if (error_) return tl::unexpected(*error_);
  return {};
}

Result<void> Database::close() {
  run("COMMIT;");
  const int code = sqlite3_close(handle_);
  if (code == SQLITE_OK) handle_ = nullptr;
  if (code != SQLITE_OK) note(code);
  return status();
}

Database::~Database() {
  sqlite3_close(handle_);
}

}  // namespace peakstorm::store
