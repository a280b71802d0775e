/// A run is a folder:
///
///   manifest.json   written last and in one step: seed, version, digest, and size and xxh128 of every other file
///   world.toml      the resolved world, for people
///   inputs/         the scenario's files as they were read, so that the run can be repeated
///   scans.pb.zst    the scan stream, acts.pb.zst what shoppers did (results/store/peakstorm.proto)
///   run.sqlite      every measure as a table (results/store/schema.sql)
///   report.html     for people (results/report.hpp)
///   polls.json      how a platform polled the carriers that were served beside a replay (results/polls.hpp), if any
///   were checkpoints/    states to go on from (results/checkpoint.hpp), while the run is not complete; not in the
///   manifest
///
/// A folder without a manifest is an unfinished run, whatever else is in it. One writer per folder, one thread at a
/// time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/archive.hpp"
#include "engine/published_figure.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"
#include "engine/simulation.hpp"
#include "results/gate.hpp"
#include "results/interval.hpp"
#include "results/measures.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {

namespace store {
class FileCalls;
}

/// What identifies a run, known before it starts.
struct RunFacts {
  std::uint64_t seed = 1;
  std::uint32_t replications = 1;
  double scale = 1;
  std::array<bool, disruption_kind_names.size()> without{};
  unsigned threads = 0;
  std::string version;
  std::string command_line;  ///< Without secrets; they come from the environment or a file.
};

struct RunFolderPlan {
  std::filesystem::path folder;  ///< Must not exist yet, or be empty.
  /// Not empty: the run goes on from a checkpoint that was made while this run folder was written. Either `folder`
  /// itself, which loses its manifest, tables and report until it is sealed again, or another one, whose streams are
  /// copied to begin with. RunWriter::resume() comes before anything is written.
  std::filesystem::path resumes;
  RunFacts facts;
  std::string world_text;                  ///< Content of world.toml (scenarios/save.hpp).
  std::filesystem::path scenario;          ///< Folder whose files are copied to inputs/; empty: none.
  std::vector<PublishedFigure> published;  ///< To stand beside its measures.
  bool streams = true;                     ///< Write scans.pb.zst and acts.pb.zst.
  store::FileCalls* calls = nullptr;       ///< For tests; null: the system's. Must outlive the writer.
};

/// One replication's headline.
struct ReplicationRates {
  std::uint32_t replication = 0;
  std::string digest;
  std::array<VerdictCounts, role_count> totals;
};

/// Everything that goes into run.sqlite.
struct RunTables {
  const World& world;
  const Measures& measures;          ///< Replication 0, finished.
  const SimulationSummary& summary;  ///< Likewise.
  double simulation_wall_s = 0;
  std::span<const ReplicationRates> replications;
  const MeasureMap& named;
  std::span<const GateResult> gates;
  const ReplayResults* replay = nullptr;  ///< Null: nothing was replayed.
  bool partial = false;                   ///< Simulation or replay was cut short.
};

/// Published scans and checks in a stream, known once it is closed.
using StreamTotals = ReplaySource::Totals;

/// Writes a run folder. A failed step makes the folder useless: report the error; without a manifest it never looks
/// finished.
class RunWriter {
 public:
  /// Creates the folder, the world and the inputs. Errors: bad_input when the folder is there and not empty; io.
  static Result<std::unique_ptr<RunWriter>> create(const World& world, const RunFolderPlan& plan);
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const;
  /// As Recorder::scans and acts. The first error is kept for status(); what comes after it is not written.
  void scans(std::span<const Scan> scans);
  void acts(std::span<const ShopperAct> acts);
  [[nodiscard]] Result<void> status() const;
  /// Writes how far the streams have come.
  void save(ArchiveWriter& archive) const;
  /// What save() counts on survives a power cut.
  Result<void> sync();
  /// Back to where save() stood. The first error is kept for status() as well. Errors: bad_input when the archive or a
  /// stream file is damaged; io.
  Result<void> resume(ArchiveReader& archive);
  /// Ends the streams; before replay_source().
  Result<void> close_streams();
  [[nodiscard]] const StreamTotals& totals() const;
  /// Reads the closed streams back. `parcels`: facts of every tracked parcel, any order.
  Result<std::unique_ptr<ReplaySource>> replay_source(std::vector<ParcelFacts> parcels) const;
  /// Calls `visit` with every scan, in order. Closed streams only.
  Result<void> for_each_scan(const std::function<void(std::span<const Scan>)>& visit) const;

  /// Writes run.sqlite; once, before the report.
  Result<void> write_tables(const RunTables& tables);
  /// Checksums everything in the folder and writes the manifest: from here on the run is finished.
  Result<void> seal(const SimulationSummary& summary, bool partial);

 private:
  struct Impl;
  explicit RunWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct Manifest {
  struct File {
    std::string name;  ///< Relative to the folder.
    std::uint64_t bytes = 0;
    std::string xxh128;  ///< 32 lower-case digits.
  };
  std::string scenario;
  std::uint64_t seed = 0;
  std::uint32_t replications = 1;
  double scale = 1;
  std::string version;
  std::string digest;
  std::string command_line;
  bool partial = false;
  std::uint64_t parcels = 0;
  std::uint64_t scans = 0;
  std::optional<StreamTotals> streams;  ///< None when the streams were not written.
  std::vector<File> files;              ///< Inputs included, under inputs/.
};

/// A finished run. Safe to use from one thread at a time; never writes.
class RunReader {
 public:
  /// Errors, bad_input: no such folder; no manifest (an unfinished run); a manifest that is none; with `verify`, a
  /// file that is missing or whose size or checksum differ, named; report.html is free to change, as it can be
  /// written again from run.sqlite. Verifying reads the whole folder.
  static Result<std::unique_ptr<RunReader>> open(const std::filesystem::path& folder, bool verify = true);
  ~RunReader();
  RunReader(const RunReader&) = delete;
  RunReader& operator=(const RunReader&) = delete;

  [[nodiscard]] const Manifest& manifest() const;
  [[nodiscard]] const std::filesystem::path& folder() const;
  /// The scenario as it was, for the loader.
  [[nodiscard]] std::filesystem::path inputs() const;
  /// The table `measure`.
  [[nodiscard]] Result<MeasureMap> measures() const;
  /// The tracked parcels with their true verdicts, ascending by id.
  [[nodiscard]] Result<std::vector<TruthParcel>> parcels() const;
  /// Scans by the instant the carrier publishes them, missed ones left out, merged with the shoppers' checks.
  [[nodiscard]] Result<std::unique_ptr<ReplaySource>> replay_source() const;
  Result<void> for_each_scan(const std::function<void(std::span<const Scan>)>& visit) const;
  Result<void> for_each_act(const std::function<void(std::span<const ShopperAct>)>& visit) const;

 private:
  struct Impl;
  explicit RunReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The scans of a run folder in order, finished or not, as long as `visit` says so. A folder without a stream has none.
/// Errors: bad_input (a damaged stream, naming the frame), io.
Result<void> visit_scans(const std::filesystem::path& folder, const std::function<bool(std::span<const Scan>)>& visit);
/// Likewise what shoppers did.
Result<void> visit_acts(const std::filesystem::path& folder,
                        const std::function<bool(std::span<const ShopperAct>)>& visit);

/// A run folder of its own for a further replay of a finished run: the simulated part is the run's, copied; what was
/// sent, acknowledged and found is that replay's. It can be reported on, gated and replayed like any other.
class ReplayFolder {
 public:
  /// Creates the folder and copies the run into it, without its report. Errors: bad_input when the folder is there and
  /// not empty; io.
  static Result<ReplayFolder> create(const RunReader& run, const std::filesystem::path& folder);

  /// Puts this replay into run.sqlite, in the place of what the run had. `named`: all measures, the run's included.
  /// Errors: bad_input when the run's tables are of an earlier version; io.
  Result<void> write_tables(const ReplayResults& results, const MeasureMap& named, std::span<const GateResult> gates,
                            const std::string& command_line, bool partial);
  /// From here on the folder is a finished run; after the report.
  Result<void> seal();
  /// Removes the folder again, when there was nothing to keep.
  void discard() const;

 private:
  ReplayFolder(std::filesystem::path folder, std::filesystem::path manifest)
      : folder_(std::move(folder)), manifest_(std::move(manifest)) {}
  std::filesystem::path folder_;
  std::filesystem::path manifest_;  ///< Of the run.
  std::string command_line_;
  bool partial_ = false;
};

}  // namespace peakstorm
