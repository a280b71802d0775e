#include "scenarios/library.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>

#include "scenarios/build/folder.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/near.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}
bool is_scenario(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / settings_file, error);
}

/// scenario.toml parsed; a message when it is not TOML.
tl::expected<toml::table, std::string> parse_settings(const fs::path& folder) {
  const auto text = read_text(folder / settings_file);
  if (!text) return tl::unexpected(text.error().message);
  try {
    return toml::parse(std::string_view(*text));
  } catch (const toml::parse_error& error) {
    return tl::unexpected("line " + std::to_string(error.source().begin.line) + ": " +
                          std::string(error.description()));
  }
}

LibraryEntry describe(const fs::path& folder) {
  LibraryEntry entry{folder.filename().string(), folder.filename().string(), "", folder, 0};
  if (const auto settings = parse_settings(folder)) {
    const auto scenario = (*settings)["scenario"];
    entry.title = scenario["title"].value_or(entry.name);
    entry.description = scenario["description"].value_or(std::string());
  } else {
    entry.description = "scenario.toml cannot be read: " + settings.error();
  }
  std::error_code error;
  for (auto file = fs::recursive_directory_iterator(folder, error);
       !error && file != fs::recursive_directory_iterator(); file.increment(error)) {
    std::error_code size_error;
    const std::uintmax_t size = file->is_regular_file(size_error) ? file->file_size(size_error) : 0;
    if (!size_error) entry.size += size;
  }
  return entry;
}

/// scenario.toml with the value of scenario.name replaced, everything else left as its author wrote it.
Result<std::string> renamed(const std::string& text, const std::string& name) {
  const auto refuse = [](const std::string& why) {
    return fail(ErrorKind::bad_input, "scenario.toml: " + why + "; mend the scenario before copying it");
  };
  toml::source_region place;
  try {
    const toml::table parsed = toml::parse(std::string_view(text));
    const toml::table* scenario = parsed["scenario"].as_table();
    const toml::node* value = scenario == nullptr ? nullptr : scenario->get("name");
    if (value == nullptr || !value->is_string()) return refuse("it has no scenario.name");
    place = value->source();
  } catch (const toml::parse_error& error) {
    return refuse("line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < place.begin.line; ++line) begin = text.find('\n', begin) + 1;
  // A name holds neither quotes nor escapes, so the value ends at the first quote after its own.
  const std::size_t equals = text.find('=', begin);
  const std::size_t open = equals == std::string::npos ? equals : text.find_first_of("\"'", equals);
  const std::size_t close = open == std::string::npos ? open : text.find(text[open], open + 1);
  const std::size_t end = text.find('\n', begin);
  if (close == std::string::npos || close > end || text.substr(open, 3) == "\"\"\"") {
    return refuse("scenario.name is not written as name = \"...\" in one line");
  }
  std::string out = text.substr(0, open);
  out.append("\"").append(name).append("\"").append(text, close + 1);
  return out;
}

Result<void> copy_files(const fs::path& from, const fs::path& to, const std::string& settings) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return fail(ErrorKind::io, to.string() + ": cannot copy: " + error.message());
  std::ofstream out(to / settings_file, std::ios::binary | std::ios::trunc);
  out << settings;
  out.close();
  if (!out) return fail(ErrorKind::io, (to / settings_file).string() + ": cannot write; is the disk full?");
  return {};
}

}  // namespace

Result<fs::path> library_folder() {
  // Read once per call and never written by this program, so no thread can change it meanwhile.
  const char* named = std::getenv("PEAKSTORM_LIBRARY");  // NOLINT(concurrency-mt-unsafe)
  if (named != nullptr && *named != '\0') {
    if (is_folder(named)) return fs::path(named);
    return fail(ErrorKind::bad_input, std::string("PEAKSTORM_LIBRARY: there is no folder ") + in_quotes(named) +
                                          "; correct the variable or unset it");
  }
  // An installed program has its own, also on a machine with the sources that it was built from.
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path().parent_path() / "share" / "peakstorm" / "scenarios";
  if (!error && is_folder(installed)) return installed;
  const fs::path source_tree = PEAKSTORM_SOURCE_LIBRARY;
  if (is_folder(source_tree)) return source_tree;
  return fail(ErrorKind::bad_input, "the scenario library is not in " + source_tree.string() + " nor in " +
                                        installed.string() + "; set PEAKSTORM_LIBRARY to its folder");
}

Result<std::vector<LibraryEntry>> list_library(const fs::path& library) {
  std::vector<LibraryEntry> entries;
  std::error_code error;
  for (auto folder = fs::directory_iterator(library, error); !error && folder != fs::directory_iterator();
       folder.increment(error)) {
    if (is_scenario(folder->path())) entries.push_back(describe(folder->path()));
  }
  if (error) return fail(ErrorKind::bad_input, library.string() + ": cannot be listed: " + error.message());
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<fs::path> find_scenario(std::string_view name_or_path) {
  const fs::path path(name_or_path);
  if (is_scenario(path)) return path;
  const auto library = library_folder();
  const bool is_name = parse_name(name_or_path).has_value();
  if (is_name && library && is_scenario(*library / path)) return *library / path;
  if (is_folder(path)) {
    return fail(ErrorKind::bad_input,
                path.string() + ": the folder has no scenario.toml; add one or name another folder");
  }
  if (!is_name) {
    return fail(
        ErrorKind::bad_input,
        in_quotes(name_or_path) + " is no scenario folder; correct the path, or name a scenario of the library");
  }
  if (!library) return tl::unexpected(library.error());
  const auto entries = list_library(*library);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<std::string_view> names;
  std::string all;
  for (const LibraryEntry& entry : *entries) {
    names.push_back(entry.name);
    all += (all.empty() ? "" : ", ") + entry.name;
  }
  return fail(ErrorKind::bad_input,
              "unknown scenario " + in_quotes(name_or_path) + "; " +
                  did_you_mean(name_or_path, names, all.empty() ? "the library is empty" : "the library has " + all));
}

Result<void> copy_scenario(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!is_scenario(from)) {
    return fail(ErrorKind::bad_input, from.string() + ": no scenario to copy; it needs a scenario.toml");
  }
  // Absolute first: the canonical form of a name that does not exist yet would stay relative, without a parent.
  fs::path target = fs::absolute(to, error);
  if (!error) target = fs::weakly_canonical(target, error);
  if (!error && !target.has_filename()) target = target.parent_path();
  const auto name = parse_name(target.filename().string());
  if (error || !name) {
    return fail(ErrorKind::bad_input, to.string() + ": no name for a scenario; use letters, digits, '-', '_' and '.'");
  }
  if (fs::exists(target, error)) {
    return fail(ErrorKind::bad_input, to.string() + ": it exists already; choose another name or remove it");
  }
  const fs::path source = fs::weakly_canonical(from, error);
  const auto inside = std::mismatch(source.begin(), source.end(), target.begin(), target.end()).first == source.end();
  if (inside)
    return fail(ErrorKind::bad_input, to.string() + ": lies inside the scenario to copy; choose another place");
  const auto text = read_text(source / settings_file);
  if (!text) return fail(ErrorKind::bad_input, (from / settings_file).string() + ": " + text.error().message);
  const auto settings = renamed(*text, *name);
  if (!settings) return tl::unexpected(settings.error());

  // Copied beside its place and then renamed: whoever looks sees the whole scenario or none.
  fs::path partial = target;
  partial += ".partial";
  fs::remove_all(partial, error);
  Result<void> copied = copy_files(source, partial, *settings);
  if (copied) {
    fs::rename(partial, target, error);
    if (error) copied = fail(ErrorKind::io, to.string() + ": cannot create: " + error.message());
  }
  if (!copied) fs::remove_all(partial, error);
  return copied;
}

}  // namespace peakstorm
