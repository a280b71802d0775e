/// Runs a World. The result depends on the World, the seed, the replication, the scale and nothing else:
/// not on threads, partitions or ranks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/archive.hpp"
#include "engine/exchange.hpp"
#include "engine/profile.hpp"
#include "engine/recorder.hpp"
#include "engine/result.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// 128-bit digest of a run: the sum, over every scan and outcome (with its place in the total order) and
/// every statistic, of a 128-bit hash. Two runs with the same digest had the same scans in the same order.
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Digest&) const = default;
  [[nodiscard]] std::string hex() const;  ///< 32 lower-case digits.
};

struct SimulationProgress {
  SimTime now;  ///< Everything before it is done.
  SimTime end;
  std::uint64_t parcels = 0;
  std::uint64_t scans = 0;
  std::uint64_t in_network = 0;  ///< Ordered and not yet ended; of this rank.
};

/// Where checkpoints go: results/store writes files, tests keep them in memory. Called between windows, on the
/// thread that runs the simulation, on every rank.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  /// Begins this rank's part of the checkpoint at `at`: every event before it has been handled, none after.
  /// The sink is valid until finish().
  virtual ByteSink& begin(SimTime at) = 0;
  /// This rank's part is written. Makes it durable. Errors: io.
  virtual Result<void> finish() = 0;
  /// All ranks have finished theirs without an error: from now on it is the one to resume from. Errors: io.
  virtual Result<void> commit() = 0;
};

/// A state to go on from: all parts of one checkpoint, read to their ends by every rank, each keeping its own. The
/// number of ranks, threads and partitions may differ from those that wrote it.
struct ResumePoint {
  SimTime at;
  std::vector<ByteSource*> parts;
};

struct SimulationOptions {
  RunKey run{};
  unsigned threads = 0;                                       ///< 0: as many as the machine has.
  double scale = 1;                                           ///< Volume and capacity; (0, 10].
  std::array<bool, disruption_kind_names.size()> without{};   ///< Disruption kinds left out, by DisruptionKind.
  std::function<void(const SimulationProgress&)> progress{};  ///< Called after every window.
  std::stop_token stop{};  ///< Ends the run at the next window; the summary is then partial.
  /// Memory this process may take, 0: no limit. A run whose estimate (estimate_memory()) is beyond does not begin; one
  /// that outgrows it all the same ends at the next window. Both are bad_input.
  std::uint64_t memory_bytes = 0;

  /// The other ranks; none: there is one. Every rank calls simulate() with equal world and options (compare
  /// fingerprint() before). Rank 0's recorder gets the streams, everybody's counts and the end of the run; the others'
  /// recorders only fill their shards. Every rank returns the same summary.
  kernel::Exchange* exchange = nullptr;
  /// None: no checkpoints. Otherwise one at each multiple of `checkpoint_every` since the first day (zero: none of
  /// these) and one when `stop` ends the run.
  CheckpointStore* checkpoints = nullptr;
  SimDuration checkpoint_every{};
  /// None: from the beginning. The recorder must be fresh; what was recorded before comes from the checkpoint.
  /// Errors (bad_input): it does not belong to this world, run key and scale, or cannot be read to its end. A world may
  /// differ in disruptions that begin at or after the checkpoint: several futures of one past.
  const ResumePoint* resume = nullptr;

  /// Counts where and when work is done: SimulationSummary::profile. Slows the run somewhat; on one rank only
  /// (bad_input otherwise).
  bool profile = false;
};

/// What a run will hold at its fullest, from the World alone: orders of the days that are in the network together.
struct MemoryEstimate {
  double parcels_in_flight = 0;
  double tracked = 0;       ///< Ever, when streams are wanted: their facts and shoppers stay to the end.
  std::uint64_t bytes = 0;  ///< Of parcels and streams, and what every run needs.
};
/// `streams`, `background`: as the recorder wants them. Good to about a third, on the large side: a storm that stops
/// the network for days is not foreseen.
MemoryEstimate estimate_memory(const World& world, const SimulationOptions& options, bool streams, bool background);

/// Hash of everything in `world` that a run up to `before` can depend on: disruptions that begin at or after it
/// are left out, texts for people as well.
Digest fingerprint(const World& world, SimTime before = never);

struct SimulationSummary {
  Digest digest;
  bool partial = false;              ///< SimulationOptions::stop ended it early; all counts are up to `end`.
  std::uint64_t parcels = 0;         ///< Orders that got a label.
  std::uint64_t tracked = 0;         ///< Of which retailers'.
  std::uint64_t scans = 0;           ///< Of all parcels, missed ones included.
  std::uint64_t events = 0;          ///< Kernel events.
  std::uint64_t windows = 0;         ///< Of the kernel.
  std::uint64_t in_flight_max = 0;   ///< Most parcels ordered and not yet ended, at the end of a window; of this rank.
  SimTime end;                       ///< Everything before it has happened.
  std::vector<Census> conservation;  ///< Per carrier at the end.
  std::array<std::uint64_t, scan_kind_end> scans_by_kind{};  ///< By ScanKind.
  std::optional<ParallelismProfile> profile;  ///< Processes are facilities, then ship nodes; a unit is a scan.
};

/// What simulate() refuses before it begins: options out of range, more of something than there are numbers for, more
/// memory than there may be. For whoever prepares files for the run. `streams`, `background`: as the recorder will want
/// them. Not collective. Errors: bad_input.
Result<void> check_run(const World& world, const SimulationOptions& options, bool streams, bool background);

/// Checks the options against the world (check_run()), runs it, and returns what
/// happened. Conservation and Little's law are checked on the way, in every build. Requires a World that `scenarios`
/// has checked. Errors: bad_input (options, resume point, memory); what the CheckpointStore returns, on every rank.
///
/// Blocks until the end. The calling thread is one of SimulationOptions::threads, and every callback (progress,
/// checkpoints, the recorder) comes on it, between windows; only the recorder's shards are filled by others. The world
/// and what the options point to must stay as they are until it returns.
Result<SimulationSummary> simulate(const World& world, const SimulationOptions& options, Recorder& recorder);

}  // namespace peakstorm
