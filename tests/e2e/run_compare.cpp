#include "tests/e2e/run_compare.hpp"

#include <sqlite3.h>

#include <map>
#include <memory>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;

std::string rows(sqlite3* database, const std::string& sql) {
  std::string text;
  char* error = nullptr;
  sqlite3_exec(
      database, sql.c_str(),
      [](void* into, int columns, char** values, char**) {
        auto& out = *static_cast<std::string*>(into);
        for (int c = 0; c < columns; ++c) out += std::string(values[c] != nullptr ? values[c] : "NULL") + "|";
        out += "\n";
        return 0;
      },
      &text, &error);
  if (error != nullptr) text += std::string("error: ") + error;
  sqlite3_free(error);
  return text;
}

/// Every table as text, by name.
std::map<std::string, std::string> tables_of(const fs::path& folder) {
  sqlite3* handle = nullptr;
  sqlite3_open_v2((folder / "run.sqlite").c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(handle, sqlite3_close);
  std::map<std::string, std::string> tables;
  std::string names = rows(handle, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  for (std::size_t at = 0, end = 0; (end = names.find("|\n", at)) != std::string::npos; at = end + 2) {
    const std::string name = names.substr(at, end - at);
    tables[name] =
        rows(handle, "SELECT * FROM " + name +
                         (name == "run" ? " WHERE key NOT IN ('wall_s', 'threads', 'command_line', 'windows')" : ""));
  }
  return tables;
}

}  // namespace

std::string difference(const fs::path& one, const fs::path& other) {
  for (const fs::path& folder : {one, other}) {
    if (!fs::exists(folder / "manifest.json")) return folder.string() + " is not finished";
  }
  for (const char* name : {"scans.pb.zst", "acts.pb.zst", "world.toml"}) {
    if (text_of(one / name) != text_of(other / name)) return std::string(name) + " differs";
  }
  for (const auto& entry : fs::directory_iterator(one / "inputs")) {
    const fs::path name = entry.path().filename();
    if (text_of(entry.path()) != text_of(other / "inputs" / name)) return "inputs/" + name.string() + " differs";
  }
  const auto mine = tables_of(one);
  const auto theirs = tables_of(other);
  if (mine.size() < 10) return "run.sqlite has too few tables";
  if (mine.size() != theirs.size()) return "run.sqlite has other tables";
  for (const auto& [name, text] : mine) {
    if (theirs.at(name) != text) return "table " + name + " differs";
  }
  return {};
}

std::string two_towns() {
  static const TemporaryFolder home;
  const fs::path folder = home.path() / "two-towns";
  if (!fs::exists(folder)) {
    fs::copy(std::string(PEAKSTORM_SOURCE_DIR) + "/tests/scenarios/worlds/two-towns", folder);
    fs::remove(folder / "orders.csv");
  }
  return folder.string();
}

}  // namespace peakstorm::e2e
