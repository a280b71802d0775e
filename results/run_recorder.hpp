/// One run from the first simulated order to the sealed folder: the front door of results for the program.
///
///     auto run = RunRecorder::create(world, options);             // creates the folder, if one is wanted
///     for r in replications: simulate(world, ..., run->replication(r)); run->simulated(r, summary, wall_s);
///     auto source = run->replay_source(); auto& recorder = run->replay_recorder(rules);   // a drill
///     replay(world, *source, ..., recorder, ...);
///     evaluate gates on run->measures();
///     run->write_tables(gates); write_report(run->folder()); run->seal();
///
/// A run that goes on from a checkpoint (RunFolderPlan::resumes) ends with the folder of a run that was never
/// interrupted. On ranks other than 0 there is a recorder without a folder, which only counts.
///
/// Only replication 0 is kept in full; of the others the headline counts, for the intervals. One thread at a time,
/// except that shards are fed as engine/recorder.hpp says.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/recorder.hpp"
#include "engine/replay.hpp"
#include "engine/simulation.hpp"
#include "results/gate.hpp"
#include "results/interval.hpp"
#include "results/measures.hpp"
#include "results/reconcile.hpp"
#include "results/run_folder.hpp"

namespace peakstorm {

struct RunRecorderOptions {
  /// None: measure only, write nothing.
  std::optional<RunFolderPlan> folder;
  /// Want the tracked parcels, scans and acts (needed for a replay, for shipping refunds and shoppers' acts).
  bool streams = true;
  bool background = false;  ///< Stream the scans of background parcels as well.
};

/// A rate with its counts (replication 0) and, with several replications, its interval.
struct Rate {
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;
  std::optional<double> value;  ///< Over all replications; none when nothing was counted.
  std::optional<Interval> interval;
};

/// What the terminal summary and --json show.
struct HeadlineNumbers {
  std::uint64_t parcels = 0;
  std::uint64_t tracked = 0;
  std::uint64_t scans = 0;
  std::size_t replications = 0;
  std::array<Rate, on_time_definitions> on_time;      ///< Retailers' parcels.
  std::array<Rate, on_time_definitions> on_time_all;  ///< Everybody's; commit and commit_lenient only.
  struct CarrierTier {
    CarrierId carrier{};
    Tier tier{};   ///< Of the service that carried it.
    Rate promise;  ///< Retailers' parcels.
    Rate commit;   ///< Everybody's.
  };
  std::vector<CarrierTier> carriers;  ///< Those with any counted parcel.
  std::uint64_t late_parcels = 0;     ///< Retailers' broken promises, undelivered ones included.
  std::uint64_t late_commits = 0;     ///< Everybody's broken commitments.
  struct TopCause {
    PlaceId place = no_place;
    Cause cause{};
    std::uint64_t broken_promises = 0;
    std::uint64_t broken_commits = 0;
    std::uint64_t minutes_lost = 0;
  };
  std::vector<TopCause> causes;  ///< At most ten, worst first.
};

class RunRecorder {
 public:
  /// `world` must outlive this. Errors: those of RunWriter::create.
  static Result<std::unique_ptr<RunRecorder>> create(const World& world, const RunRecorderOptions& options);
  ~RunRecorder();
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  /// The Recorder of a replication; replications run one after the other, from 0.
  Recorder& replication(std::uint32_t number);
  /// After each simulate(): adds up its counts; after replication 0 also closes the streams. `wall_s`: how long it ran.
  /// Errors: io, what writing the streams said.
  Result<void> simulated(std::uint32_t number, const SimulationSummary& summary, double wall_s);
  /// For checkpoints: the part of the run folder that a Recorder::save() counts on survives a power cut.
  Result<void> sync();
  /// First error of writing the streams, so that a long simulation can be stopped early.
  [[nodiscard]] Result<void> status() const;

  /// What to replay; after simulated(0, ...). Requires streams and a folder.
  Result<std::unique_ptr<ReplaySource>> replay_source() const;
  /// Keeps what the replay did. Reads the truth from the closed streams. Call once; requires the same.
  Result<ReplayRecorder*> replay_recorder(ShownRules rules, const ReconcileOptions& options = {});
  /// What was found so far; null before replay_recorder().
  [[nodiscard]] const Reconciliation* replaying() const;
  /// Retailers' promises over parcels whose story has ended, in the replication under way. Between windows of its
  /// simulation.
  struct PromisesSoFar {
    std::uint64_t kept = 0;
    std::uint64_t broken = 0;
  };
  [[nodiscard]] PromisesSoFar promises_so_far() const;
  /// Null before a replay ended.
  [[nodiscard]] const ReplayResults* replay_results() const;

  /// Every named measure so far: of the simulation, with intervals, and of the replay once it ended.
  [[nodiscard]] MeasureMap measures() const;
  [[nodiscard]] HeadlineNumbers headline() const;
  /// On-time of what was due on `day` by `definition`, per service (all roles together), ascending; services with
  /// nothing due are left out. "Express due 24 December": definition commit, that day, services of tier express.
  struct DueRow {
    ServiceId service{};
    Rate rate;
  };
  [[nodiscard]] std::vector<DueRow> due_on(Day day, OnTimeDefinition definition) const;
  /// Replication 0; after simulated(0, ...).
  [[nodiscard]] const Measures& counts() const;
  /// True when a simulation or the replay was cut short.
  [[nodiscard]] bool partial() const;

  /// Null without a folder.
  [[nodiscard]] const std::filesystem::path* folder() const;
  Result<void> write_tables(std::span<const GateResult> gates);
  /// Last step: from here on the folder is a finished run. Nothing to do without a folder.
  Result<void> seal();

 private:
  struct Impl;
  explicit RunRecorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
