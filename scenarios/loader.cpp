#include "scenarios/loader.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

#include "engine/message_formats.hpp"
#include "scenarios/build/builder.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/build/overlay.hpp"
#include "scenarios/text/hash.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using namespace scenarios;

/// Without scenario.toml nothing else can be placed; whether the tables are well formed can still be said.
void check_syntax(const fs::path& folder, Faults& faults) {
  for (const std::string_view file : table_files) {
    Columns everything;
    everything.any_name = true;
    Table::read(folder / file, file, everything, Table::Presence::optional, faults);
  }
}

tl::expected<World, std::vector<Fault>> load(const fs::path& folder, const std::string& name, const WhatIf* what_if,
                                             const Overlay* overlay, Faults& faults) {
  check_file_names(folder, faults);
  auto settings = read_settings(folder, name, faults, overlay);
  if (!settings) {
    check_syntax(folder, faults);
    return tl::unexpected(faults.take());
  }
  Builder b(folder, *std::move(settings), faults);
  if (overlay != nullptr) b.tables_elsewhere = overlay->tables;
  read_calendars(b);
  read_places(b);
  read_lanes(b);
  read_coverage(b);
  read_services(b);
  read_shippers(b);
  read_pickups(b);
  read_stock(b);
  read_disruptions(b);
  if (what_if != nullptr) apply_what_if(b, *what_if);
  read_orders(b);
  check_network(b);
  if (faults.any()) return tl::unexpected(faults.take());
  return std::move(b.world);
}

tl::expected<World, std::vector<Fault>> load_named(const fs::path& folder, const std::string& name,
                                                   const WhatIf* what_if, const Overlay* overlay) {
  Faults faults;
  try {
    std::error_code error;
    fs::path whole = fs::weakly_canonical(folder, error);
    // "some/folder/" ends in an empty name.
    if (!error && !whole.has_filename()) whole = whole.parent_path();
    if (error || !fs::is_directory(whole, error)) {
      return tl::unexpected(std::vector<Fault>{{folder.string(), 0, "", "there is no such folder",
                                                "name a scenario folder; `peakstorm scenarios` lists the library"}});
    }
    return load(whole, name.empty() ? whole.filename().string() : name, what_if, overlay, faults);
  } catch (const std::exception& error) {
    // Out of memory, or a file that changed while it was read: still no reason to end the caller.
    faults.add(folder.string(), 0, "", "the scenario cannot be read: " + std::string(error.what()),
               "free some memory, or repair the folder");
    return tl::unexpected(faults.take());
  }
}

}  // namespace

std::string Fault::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (!field.empty()) out += ": " + field;
  return out + ": " + message + "; " + cure;
}

tl::expected<World, std::vector<Fault>> load_scenario(const fs::path& folder, const std::string& name,
                                                      const WhatIf* what_if) {
  return load_named(folder, name, what_if, nullptr);
}

tl::expected<World, std::vector<Fault>> scenarios::load_with(const fs::path& folder, const std::string& name,
                                                             const Overlay* overlay) {
  auto world = load_named(folder, name, nullptr, overlay);
  if (!world && overlay != nullptr) overlay->place(world.error());
  return world;
}

std::vector<InputFile> scenario_files(const fs::path& folder) {
  std::vector<InputFile> files;
  std::vector<std::string> names(table_files.begin(), table_files.end());
  names.emplace_back(settings_file);
  names.emplace_back(validation_file);
  Faults ignored;  // load_scenario reports them.
  const auto settings = read_settings(folder, {}, ignored);
  if (settings && settings->replay.format.starts_with(template_prefix)) {
    names.push_back(settings->replay.format.substr(template_prefix.size()));
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::error_code error;
    if (!fs::exists(folder / name, error)) continue;
    InputFile file{name, 0, ""};
    if (const auto text = read_text(folder / name)) {
      file.size = text->size();
      file.xxh128 = xxh128_hex(*text);
    }
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace peakstorm
