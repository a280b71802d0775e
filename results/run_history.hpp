/// A history of runs: one line of JSON per run in a file that grows, for trends, and for finding the run where a level
/// shifted. A value; from one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/result.hpp"
#include "results/baseline.hpp"

namespace peakstorm {

struct HistoryEntry {
  static constexpr std::int64_t format = 1;
  std::string label;  ///< What the user calls the run: a commit, a build number. May be empty.
  std::string scenario;
  std::string version;
  std::string digest;
  std::string without;
  std::uint64_t seed = 0;
  std::uint64_t replications = 1;
  double scale = 1;
  bool passed = true;
  std::map<std::string, double> measures;  ///< Those that have a value.

  /// Runs of the same thing make one series.
  [[nodiscard]] bool same_series(const HistoryEntry& other) const {
    return scenario == other.scenario && without == other.without && seed == other.seed &&
           replications == other.replications && scale == other.scale;
  }
};

HistoryEntry history_entry(const Baseline& run, const std::string& label, bool passed);

/// Adds a line, whole or not at all, and keeps what stands there. Errors: bad_input when the file cannot be written or
/// ends within a line.
Result<void> append_history(const std::filesystem::path& file, const HistoryEntry& entry);
/// Oldest first. Errors: bad_input with file and line.
Result<std::vector<HistoryEntry>> read_history(const std::filesystem::path& file);

/// One measure's course over a series.
struct Trend {
  std::string measure;
  Evidence evidence{};
  std::size_t runs = 0;  ///< That have it.
  double first = 0;      ///< Values, oldest, newest and medians as in LevelShift.
  double last = 0;
  struct Shift {
    std::size_t run = 0;  ///< Number in the history, from 0: the first run of the new level.
    double before = 0;
    double after = 0;
    std::optional<double> p;  ///< Of measured ones (level_shift.hpp); a simulated one has none: any change is one.
  };
  std::vector<Shift> shifts;
};
/// Of the series of the newest run, in the order of names. Only measures that shifted, unless `all`.
std::vector<Trend> trends(const std::vector<HistoryEntry>& history, bool all = false);

/// "Trends over 14 runs" and a line per shift; says so when there is none, or too little to tell.
std::string trends_text(const std::vector<HistoryEntry>& history);

}  // namespace peakstorm
