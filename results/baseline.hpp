/// Baselines: what a run was like when it was accepted, to hold later ones against. A baseline is a small JSON file,
/// written one row a line so that its changes read well in a review; results/gates/README.md has the format. It has no
/// raw streams, but of each hour of the scan stream a hash, so that it can say when two runs parted.
///
/// The simulated world is deterministic: another number is a change in behaviour, never noise. So is what the replay
/// proves about correctness, where more is a defect. Latency and throughput are noise in part: they are shown beside
/// each other and never judged by one run against one run (results/slowdown.hpp does that).
///
/// Values; functions may be called from any thread, on one run or file at a time from one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"
#include "results/measure_map.hpp"
#include "results/run_folder.hpp"
#include "results/verdicts.hpp"

namespace peakstorm {

/// Integers by key, as in the run's tables: "promises" has kept and broken by carrier and due date.
struct BaselineTable {
  std::vector<std::string> key_columns;
  std::vector<std::string> value_columns;
  std::map<std::vector<std::string>, std::vector<std::int64_t>> rows;
  bool operator==(const BaselineTable&) const = default;
};

struct Baseline {
  static constexpr std::int64_t format = 1;
  std::string scenario;
  std::string version;  ///< Of Peakstorm.
  std::string digest;
  std::string without;  ///< Kinds of disruption left out, separated by blanks.
  std::uint64_t seed = 0;
  std::uint64_t replications = 1;
  double scale = 1;
  std::map<std::string, std::string> inputs;  ///< Hash by name of the scenario's files.
  MeasureMap measures;
  std::map<std::string, BaselineTable> tables;
};

/// What kind of evidence a measure is.
enum class Evidence : std::uint8_t {
  simulated,    ///< The same in every run of the same world.
  correctness,  ///< Counts of defects of the endpoint: less is better, 0 is right.
  measured,     ///< Depends on machine and moment.
};
Evidence evidence_of(std::string_view measure);

/// A manifest has the checksums of all other files, but none can vouch for its own facts: the run's tables have them,
/// too. Error bad_input when the two differ, as then one was changed; io.
Result<void> check_manifest(const RunReader& run);

/// The baseline that this run would be. Reads its tables and its scan stream. Errors: bad_input when the run is
/// partial, its tables are another version's, or the manifest and the tables tell different stories; io.
Result<Baseline> baseline_of(const RunReader& run);

/// Of the measured measures only the headline ones, so that renewing a baseline does not bury what counts; of
/// facilities the sums over all days.
std::string baseline_json(const Baseline& baseline);
/// Errors, bad_input: no such file, no baseline, one of a later format; io.
Result<Baseline> read_baseline(const std::filesystem::path& file);

/// The name under which a folder of baselines keeps it: SCENARIO.json.
std::string baseline_file_name(std::string_view scenario);

/// Error bad_input, naming every difference, unless the two are of the same scenario, seed, scale, replications and
/// disruptions left out, by the same version. `where`: the baseline's file, for the message.
Result<void> check_comparable(const Baseline& baseline, const Baseline& run, const std::string& where);

/// What is different, most telling first.
struct BaselineChanges {
  struct OfMeasure {
    std::string name;
    Unit unit{};
    std::optional<double> before;  ///< None: not there, or without a value.
    std::optional<double> after;
  };
  /// A carrier, facility or day, by what moved most. Counts: promises (carriers, due days), minutes lost beyond plan
  /// (facilities, days of the network).
  struct Moved {
    std::string name;
    std::string what;  ///< One line: "kept 1,204 -> 1,187, broken 31 -> 48; most on 2013-12-24 (+9 broken)".
    std::int64_t by = 0;
  };
  std::vector<std::string> inputs;  ///< Files of the scenario that changed, came or went.
  std::vector<OfMeasure> simulated;
  std::vector<OfMeasure> defects;   ///< Correctness.
  std::vector<OfMeasure> measured;  ///< All of them, changed or not: for information.
  std::vector<Moved> carriers;
  std::vector<Moved> facilities;
  std::vector<Moved> network_days;        ///< All facilities together, by UTC day.
  std::vector<Moved> days;                ///< By due date of the promise.
  std::optional<std::string> first_hour;  ///< "2013-12-05 03:00 UTC": the first whose scans differ.
  bool digest_changed = false;
  bool tables_changed = false;
  [[nodiscard]] bool behaviour_changed() const { return digest_changed || tables_changed || !simulated.empty(); }
};
BaselineChanges compare_baselines(const Baseline& before, const Baseline& after);

/// Where two runs' scan streams part: the first scan that differs on both sides, in words; none when they are the same
/// or one has no stream. Reads both streams up to there. Errors: a damaged stream.
Result<std::optional<std::string>> first_different_scan(const RunReader& before, const RunReader& after);

/// One check for the simulated world, one for correctness where the baseline has a replay. `first_scan`: what
/// first_different_scan said, if it could be asked. `accepting`: the changes are being accepted, and so pass.
std::vector<Check> baseline_checks(const Baseline& before, const Baseline& after, const BaselineChanges& changes,
                                   const std::optional<std::string>& first_scan, bool accepting);

/// "endpoint.p99 11.8ms -> 12.1ms (+2.5 %)", a line for each headline figure; empty when nothing was replayed.
std::string measured_text(const BaselineChanges& changes);

}  // namespace peakstorm
