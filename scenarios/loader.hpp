/// Reads a scenario folder into a World. The format, with every field, unit and default, is described in
/// scenarios/FORMAT.md.
///
/// Everything is checked before anything is returned, and all faults are reported at once: someone who
/// edits a table wants the whole list, not the first entry of it. No function here throws, and none
/// touches shared state: any thread may call them (the IANA database is read once, under a lock of the
/// date library).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "engine/world.hpp"

namespace peakstorm {

/// One thing that is wrong with a scenario.
struct Fault {
  std::string file;     ///< Within the folder, for instance "lanes.csv"; the folder itself when it cannot be read;
                        ///< absolute for a file outside of it.
  int line = 0;         ///< From 1; 0: the file as a whole.
  std::string field;    ///< Column, or dotted key of scenario.toml; empty for faults of syntax.
  std::string message;  ///< What is wrong, with the value.
  std::string cure;     ///< How to mend it.
  /// "lanes.csv:14: to: unknown facility 'CDG'; add it to facilities.csv or correct the name"
  [[nodiscard]] std::string text() const;
  bool operator==(const Fault&) const = default;
};

/// One future of a scenario: a TOML file with the names of disruptions that do not come, and with others that do.
/// A [[disruption]] has the columns of disruptions.csv as keys, and takes the place of the one of its name.
struct WhatIf {
  std::filesystem::path file;
  /// Where the futures part: what begins before it has happened to all of them, and is a fault here.
  SimTime from = SimTime::min();
};

/// The World of a scenario, or every fault of it, sorted by file and line. The order of the tables' rows
/// leaves no trace in the World: ids follow names. `name`: what scenario.name must be, when that is not the folder's
/// name, as in the inputs of a run folder. `what_if`: none, or the future to apply.
tl::expected<World, std::vector<Fault>> load_scenario(const std::filesystem::path& folder, const std::string& name = {},
                                                      const WhatIf* what_if = nullptr);

/// One file a scenario was read from.
struct InputFile {
  std::string name;        ///< Within the folder.
  std::uint64_t size = 0;  ///< Bytes.
  std::string xxh128;      ///< XXH3, 128 bits, 32 lower-case digits; empty when the file cannot be read.
};

/// The files load_scenario reads in `folder`, and the template that the replay takes its messages from; those that
/// exist, sorted by name.
std::vector<InputFile> scenario_files(const std::filesystem::path& folder);

}  // namespace peakstorm
