/// The library of ready scenarios: finding it, listing it, and copying from it to start one's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"

namespace peakstorm {

/// Where the library is: $PEAKSTORM_LIBRARY if it is set; else share/peakstorm/scenarios beside the installed program's
/// bin; else the source tree's scenarios/library, where the program was built. Errors: bad_input, when none of them is
/// a folder.
Result<std::filesystem::path> library_folder();

struct LibraryEntry {
  std::string name;
  std::string title;
  std::string description;
  std::filesystem::path folder;
  std::uint64_t size = 0;  ///< Bytes of its files.
};

/// The scenarios in a folder, sorted by name: its sub-folders with a scenario.toml. Those whose scenario.toml
/// cannot be read are listed too, with a description that says so.
Result<std::vector<LibraryEntry>> list_library(const std::filesystem::path& library);

/// The folder of a scenario given by path or by its name in the library; a path wins. The error of an unknown
/// name lists near ones.
Result<std::filesystem::path> find_scenario(std::string_view name_or_path);

/// Copies the scenario folder `from` to the new folder `to` and rewrites scenario.name to the new folder's
/// name, so that the copy is checked clean. Errors: bad_input when `to` exists, its name is no scenario name, or
/// `from` is no scenario; io. Nothing is left behind on failure.
Result<void> copy_scenario(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace peakstorm
