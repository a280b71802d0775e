/// Checkpoints as files, so that a run can go on after its process, its machine or its batch job has gone:
///
///   000007.json            written last and in one step: instant, run, and size and xxh128 of every part
///   000007.rank-0000.zst   the state of rank 0's partitions, zstd with a checksum of its own
///   000007.rank-0001.zst   ... of rank 1's
///   inputs/                the scenario as it was read; only when the folder is not a run folder's `checkpoints`
///
/// Each file is written under a temporary name, flushed to the disk, and then given its own; the manifest only when all
/// parts are there, and the checkpoint before the last one is removed only after that. So whatever happens, and
/// whenever, the last manifest names a state that is whole. Ranks write and read one folder: it must be on storage that
/// all of them share.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/result.hpp"
#include "engine/simulation.hpp"

namespace peakstorm {

namespace store {
class FileCalls;
}

/// The run that a checkpoint belongs to: what it takes to go on with it.
struct CheckpointFacts {
  std::string scenario;
  RunKey run{};
  double scale = 1;
  std::array<bool, disruption_kind_names.size()> without{};
  SimDuration every{};              ///< Between two checkpoints; zero: only at a stop.
  bool streams = false;             ///< The recorder kept the streams.
  bool background = false;          ///< ... with everybody's scans.
  std::string run_folder;           ///< Absolute; empty: the run writes none.
  std::string version;              ///< Of the program.
  std::string command_line;         ///< That began the run.
  std::int64_t first_day_unix = 0;  ///< As in World.
};

/// "2013-12-05 00:00 UTC", with seconds where there are any.
std::string instant_text(std::int64_t first_day_unix, SimTime at);

struct CheckpointPlan {
  std::filesystem::path folder;  ///< Created when it is not there.
  CheckpointFacts facts;
  std::filesystem::path scenario;  ///< Folder whose files are copied to inputs/; empty: none.
  /// fingerprint() of the world before an instant.
  std::function<Digest(SimTime)> fingerprint;
  kernel::Exchange* exchange = nullptr;  ///< None: one rank.
  std::function<Result<void>()> also;  ///< What else must be on the disk with a part (RunRecorder::sync); may be empty.
  std::function<void(SimTime)> committed;  ///< On every rank, after a checkpoint is valid; may be empty.
  store::FileCalls* calls = nullptr;       ///< For tests; null: the system's. Must outlive the store.
};

/// Writes checkpoints, and keeps the last two. All functions are collective where there are ranks. One thread.
class CheckpointWriter final : public CheckpointStore {
 public:
  /// Prepares the folder; what an interrupted writer left behind is removed. Errors: bad_input when there is a file of
  /// that name; io.
  static Result<std::unique_ptr<CheckpointWriter>> create(const CheckpointPlan& plan);
  ~CheckpointWriter() override;
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  ByteSink& begin(SimTime at) override;
  Result<void> finish() override;
  /// Fails on every rank when it fails on one.
  Result<void> commit() override;

  /// The run is complete and needs no checkpoint any more: removes them all, and the folder if nothing else is in it.
  /// Does nothing on ranks other than 0. Errors: io.
  Result<void> discard();

 private:
  struct Impl;
  explicit CheckpointWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The last valid checkpoint of a folder. One thread at a time; never writes.
class CheckpointReader {
 public:
  /// Reads every part once to compare its checksum. A checkpoint that is damaged is passed over for the one before it;
  /// skipped() says so. Errors: bad_input when there is none, when all are damaged (each is named), or when the last
  /// was written by another version of the program than `version`.
  static Result<std::unique_ptr<CheckpointReader>> open(const std::filesystem::path& folder,
                                                        const std::string& version);
  ~CheckpointReader();
  CheckpointReader(const CheckpointReader&) = delete;
  CheckpointReader& operator=(const CheckpointReader&) = delete;

  [[nodiscard]] SimTime at() const;
  [[nodiscard]] const CheckpointFacts& facts() const;
  /// fingerprint(world, at()) of the world that wrote it. simulate() compares it, too, but later.
  [[nodiscard]] const std::string& fingerprint() const;
  /// A hash of its manifest: ranks compare it, to go on from the same one.
  [[nodiscard]] const std::string& hash() const;
  /// Messages about newer checkpoints that could not be used.
  [[nodiscard]] const std::vector<std::string>& skipped() const;

  /// The parts from their beginning; may be called again after they were read. Valid until the next call. Errors: io.
  Result<ResumePoint> parts();
  /// What reading the parts met, beyond their end. Errors: bad_input, io.
  [[nodiscard]] Result<void> status() const;

 private:
  struct Impl;
  explicit CheckpointReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
