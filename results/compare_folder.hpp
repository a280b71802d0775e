/// A comparison on disk: what was asked for, a copy of everything it is made from, and each finished season as soon as
/// it is there, so that a comparison that is stopped, or dies, goes on where it was.
///
///     compare.json        what was asked for
///     scenario/NAME/      the scenario's files
///     policies/           the policies file and its tables
///     seasons.txt         one line per finished season, in the order in which they finished
///     comparison.json     the result, and report.html, its page; written at the end and replaced by a later one
///
/// One thread at a time. One process at a time: a second one that opens the folder is refused.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "results/comparison.hpp"
#include "results/season.hpp"

namespace peakstorm {

struct CompareFacts {
  std::string version;   ///< Of the program.
  std::string scenario;  ///< Name.
  std::string policies;  ///< Name of the policies file within policies/.
  std::uint64_t seed = 0;
  std::uint32_t replication = 0;  ///< First season's replication number.
  double scale = 1;
  bool exact = true;  ///< No policy rides along in a season of the control (engine/shared_season.hpp).
  ComparisonPlan plan;
  std::optional<std::size_t> budget;      ///< Seasons that a search may take; none: no search.
  std::vector<std::string> names;         ///< Of the policies, the control first.
  std::vector<std::string> fingerprints;  ///< Of their worlds.
};

class CompareFolder {
 public:
  /// A new folder: `folder` must be new or empty. `copies`: files, and where they go within it. Errors: bad_input, io.
  static Result<std::unique_ptr<CompareFolder>> create(
      const std::filesystem::path& folder, const CompareFacts& facts,
      const std::vector<std::pair<std::filesystem::path, std::string>>& copies);
  /// One that is there. A last line that was cut off while it was written is forgotten. Errors (bad_input): no such
  /// folder, another process has it open, lines that are damaged or do not fit; io.
  static Result<std::unique_ptr<CompareFolder>> open(const std::filesystem::path& folder);
  ~CompareFolder();
  CompareFolder(const CompareFolder&) = delete;
  CompareFolder& operator=(const CompareFolder&) = delete;

  [[nodiscard]] const CompareFacts& facts() const;
  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] std::filesystem::path scenario() const;
  [[nodiscard]] std::filesystem::path policies() const;
  /// Those that were there when it was opened.
  [[nodiscard]] const std::vector<std::pair<Season, SeasonRecord>>& seasons() const;
  /// Survives a power cut once it returns. Errors: io.
  Result<void> append(Season season, const SeasonRecord& record);
  /// Writes or replaces a file of the folder in one step. Errors: io.
  Result<void> write(const std::string& name, std::string_view text);

 private:
  struct Impl;
  explicit CompareFolder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
