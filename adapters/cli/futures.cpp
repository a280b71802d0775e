#include "adapters/cli/futures.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <set>
#include <stop_token>
#include <system_error>

#include "adapters/cli/gates.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/run_plan.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/together.hpp"
#include "results/report.hpp"
#include "results/run_recorder.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* as_planned = "as-planned";
constexpr const char* past_name = "past";

/// Keeps the first checkpoint, asks the run to stop there, and drops the one that the stop itself makes.
class BranchStore final : public CheckpointStore {
 public:
  BranchStore(CheckpointStore& store, std::stop_source& stop) : store_(store), stop_(stop) {}

  ByteSink& begin(SimTime at) override {
    if (committed_) return nowhere_;
    return store_.begin(at);
  }
  Result<void> finish() override { return committed_ ? Result<void>{} : store_.finish(); }
  Result<void> commit() override {
    if (committed_) return {};
    if (auto done = store_.commit(); !done) return done;
    committed_ = true;
    stop_.request_stop();
    return {};
  }
  [[nodiscard]] bool committed() const { return committed_; }

 private:
  class Nowhere final : public ByteSink {
   public:
    void write(std::span<const std::byte> /*bytes*/) override {}
  };
  CheckpointStore& store_;
  std::stop_source& stop_;
  Nowhere nowhere_;
  bool committed_ = false;
};

/// A folder for the past where the user wants none kept; removed with its content by the rank that made it.
class ScratchFolder {
 public:
  ~ScratchFolder() {
    std::error_code ignored;
    if (mine_) fs::remove_all(path_, ignored);
  }
  ScratchFolder() = default;
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  /// Collective: all ranks get the folder of rank 0.
  Result<fs::path> make(kernel::Exchange* exchange) {
    const bool first = exchange == nullptr || exchange->rank() == 0;
    std::error_code problem;
    std::string pattern = (fs::temp_directory_path(problem) / "peakstorm-past-XXXXXX").string();
    if (first) mine_ = !problem && ::mkdtemp(pattern.data()) != nullptr;
    if (exchange != nullptr) {
      std::vector<std::vector<std::byte>> outgoing(exchange->ranks());
      if (first) {
        const auto bytes = std::as_bytes(std::span(pattern.data(), mine_ ? pattern.size() : 0));
        for (auto& to : outgoing) to.assign(bytes.begin(), bytes.end());
      }
      const auto incoming = exchange->swap(outgoing);
      pattern.assign(reinterpret_cast<const char*>(incoming[0].data()), incoming[0].size());
    } else if (!mine_) {
      pattern.clear();
    }
    if (pattern.empty()) return fail(ErrorKind::io, "no temporary folder can be made; set TMPDIR to a place for one");
    path_ = pattern;
    return path_;
  }

 private:
  fs::path path_;
  bool mine_ = false;
};

RunFolderPlan folder_plan(const FuturePlan& plan, const World& world, const fs::path& folder, const fs::path& resumes,
                          const std::string& command_line) {
  RunFolderPlan result = plan_of({plan.scenario.folder, world, plan.scenario.published}, SimulationFlags{},
                                 plan.options, folder, command_line);
  result.resumes = resumes;
  return result;
}

/// Simulates up to the instant at which the futures part, and opens the checkpoint made there.
Result<Past> simulate_past(const FuturePlan& plan, const fs::path& run_folder, const fs::path& checkpoints, bool quiet,
                           const Context& context) {
  const World& world = plan.scenario.world;
  RunRecorderOptions recording;
  recording.streams = plan.streams;
  if (!run_folder.empty() && is_first(context)) {
    recording.folder = folder_plan(plan, world, run_folder, {}, context.command_line);
  }
  auto recorder = RunRecorder::create(world, recording);
  if (!recorder) return tl::unexpected(recorder.error());
  CheckpointPlan keep;
  keep.folder = checkpoints;
  keep.facts = {world.name,
                plan.options.run,
                plan.options.scale,
                plan.options.without,
                {},
                plan.streams,
                false,
                run_folder.empty() ? "" : fs::absolute(run_folder).string(),
                PEAKSTORM_VERSION,
                context.command_line,
                world.first_day_unix};
  if (run_folder.empty()) keep.scenario = plan.scenario.folder;
  keep.fingerprint = [&](SimTime at) { return fingerprint(world, at); };
  keep.exchange = exchange_of(context);
  keep.also = [&] { return (*recorder)->sync(); };
  auto writer = CheckpointWriter::create(keep);
  if (!writer) return tl::unexpected(writer.error());
  std::stop_source stop;
  const std::stop_callback both(context.stop.token(), [&] { stop.request_stop(); });
  BranchStore store(**writer, stop);
  SimulationOptions options = plan.options;
  options.checkpoints = &store;
  options.checkpoint_every = *plan.branch_at - day_zero;
  auto runs = run_replications(world, SimulationFlags{}, options, **recorder, stop.get_token(), quiet, past_name);
  if (!runs) return tl::unexpected(runs.error());
  if (context.stop.requested()) {
    return fail(ErrorKind::interrupted, "stopped before the futures part; start it again");
  }
  return open_past(checkpoints.string(), checkpoints.string());
}

struct Told {
  std::string name;
  SimulationSummary summary;
  MeasureMap measures;
  std::uint64_t backlog = 0;
  std::vector<GateResult> gates;
  std::string folder;  ///< Empty: none.
};

/// Most parcels inside the carriers at a midnight after the futures parted.
std::uint64_t highest_backlog(const Measures& measures, SimTime from) {
  std::map<Day, std::uint64_t> inside;
  for (const Tables::CensusRow& row : measures.tables().census) {
    if (day_zero + days(row.day) >= from) inside[row.day] += row.census.inside;
  }
  std::uint64_t most = 0;
  for (const auto& [day, parcels] : inside) most = std::max(most, parcels);
  return most;
}

Result<Told> run_future(const FuturePlan& plan, Past& past, const Future& future, const fs::path& folder, bool quiet,
                        const Context& context) {
  RunRecorderOptions recording;
  recording.streams = past.checkpoint->facts().streams;
  recording.background = past.checkpoint->facts().background;
  if (!folder.empty() && is_first(context)) {
    recording.folder = folder_plan(plan, future.world, folder, past.run_folder, context.command_line);
  }
  auto recorder = RunRecorder::create(future.world, recording);
  if (!recorder) return tl::unexpected(recorder.error());
  const auto parts = past.checkpoint->parts();
  if (!parts) return tl::unexpected(parts.error());
  SimulationOptions options = plan.options;
  options.resume = &*parts;
  auto runs =
      run_replications(future.world, SimulationFlags{}, options, **recorder, context.stop.token(), quiet, future.name);
  if (!runs) return tl::unexpected(runs.error());
  Told told{future.name, runs->front().summary, {}, 0, {}, is_first(context) ? folder.string() : ""};
  if (!is_first(context)) return told;
  told.measures = (*recorder)->measures();
  told.backlog = highest_backlog((*recorder)->counts(), past.checkpoint->at());
  told.gates = evaluate_gates(plan.gates, told.measures, told.summary.partial);
  if (!folder.empty()) {
    if (auto written = (*recorder)->write_tables(told.gates); !written) return tl::unexpected(written.error());
    if (auto written = write_report(folder); !written) return tl::unexpected(written.error());
    if (auto sealed = (*recorder)->seal(); !sealed) return tl::unexpected(sealed.error());
  }
  return told;
}

std::optional<double> value_of(const MeasureMap& measures, const char* name) {
  const auto found = measures.find(name);
  return found == measures.end() ? std::nullopt : found->second.value;
}

std::string dollars(std::optional<double> cents) {
  return cents ? "$" + full_count(static_cast<std::uint64_t>(std::llround(*cents / 100))) : "-";
}

std::string table_of(const std::string& title, const std::string& instant, const std::vector<Told>& futures) {
  std::size_t width = 6;
  for (const Told& f : futures) width = std::max(width, f.name.size());
  std::string text = fmt::format("{}: futures that part at {}\n  {:<{}}  {:>12}  {:>12}  {:>14}  {:>14}  digest\n",
                                 title, instant, "future", width, "promise kept", "late parcels", "cost", "backlog");
  for (const Told& f : futures) {
    const auto kept = value_of(f.measures, "promise_kept");
    const auto late = value_of(f.measures, "late_parcels");
    text += fmt::format("  {:<{}}  {:>12}  {:>12}  {:>14}  {:>14}  {}{}\n", f.name, width, kept ? percent(*kept) : "-",
                        full_count(static_cast<std::uint64_t>(late.value_or(0))),
                        dollars(value_of(f.measures, "cost.total")), full_count(f.backlog), f.summary.digest.hex(),
                        f.summary.partial ? "  (cut short)" : "");
  }
  text +=
      "  cost: shipping, attempts, recovery and contacts of the retailers' measured orders; backlog: most parcels "
      "inside the\n"
      "  carriers at a midnight from there on\n";
  for (const Told& f : futures) {
    if (!f.gates.empty()) text += f.name + ": " + gates_text(f.gates);
  }
  for (const Told& f : futures) {
    if (!f.folder.empty()) text += fmt::format("Report: {}/report.html\n", f.folder);
  }
  return text;
}

boost::json::object json_of(const Told& f) {
  const auto number = [](std::optional<double> value) {
    return value ? boost::json::value(*value) : boost::json::value(nullptr);
  };
  boost::json::object object{
      {"future", f.name},
      {"digest", f.summary.digest.hex()},
      {"partial", f.summary.partial},
      {"promise_kept", number(value_of(f.measures, "promise_kept"))},
      {"late_parcels", number(value_of(f.measures, "late_parcels"))},
      {"cost_cents", number(value_of(f.measures, "cost.total"))},
      {"backlog", f.backlog},
      {"parcels", f.summary.parcels},
      {"scans", f.summary.scans},
      {"gates", gates_json(f.gates)},
      {"run_folder", f.folder.empty() ? boost::json::value(nullptr) : boost::json::value(f.folder)}};
  add_measures(object, f.measures);
  return object;
}

}  // namespace

tl::expected<std::vector<Future>, ExitCode> open_futures(const Scenario& scenario, SimTime from,
                                                         const std::vector<std::string>& files) {
  std::vector<Future> futures{{as_planned, scenario.world}};
  std::set<std::string> names{as_planned, past_name};
  bool faulty = false;
  for (const std::string& file : files) {
    const std::string name = fs::path(file).stem().string();
    if (!names.insert(name).second) {
      report({ErrorKind::bad_input,
              fmt::format("--what-if {}: there is a future called '{}' already; rename the file", file, name)});
      faulty = true;
      continue;
    }
    const WhatIf what_if{file, from};
    auto world = open_inputs(scenario.folder, scenario.world.name, &what_if);
    if (world) {
      futures.push_back({name, std::move(world->world)});
    } else {
      faulty = true;
    }
  }
  if (faulty) return tl::unexpected(ExitCode::input_rejected);
  return futures;
}

ExitCode run_futures(const FuturePlan& plan, const FutureFlags& flags, const OutputFlags& output,
                     const Context& context) {
  const bool quiet = output.quiet || !is_first(context);
  const fs::path out = flags.out;
  ScratchFolder scratch;
  Past simulated;
  Past* past = plan.past;
  if (past == nullptr) {
    Result<Past> made = fail(ErrorKind::io, "");
    auto checkpoints =
        out.empty() ? scratch.make(exchange_of(context)) : Result<fs::path>(out / past_name / "checkpoints");
    made = checkpoints.and_then([&](const fs::path& folder) {
      return simulate_past(plan, out.empty() ? fs::path() : out / past_name, folder, quiet, context);
    });
    const auto opened = together(context, [&]() -> tl::expected<void, ExitCode> {
      if (!made) return tl::unexpected(report(made.error()));
      return {};
    });
    if (!opened) return opened.error();
    simulated = std::move(*made);
    past = &simulated;
  }
  std::vector<Told> told;
  for (const Future& future : plan.futures) {
    auto ran = run_future(plan, *past, future, out.empty() ? fs::path() : out / future.name, quiet, context);
    const auto well = together(context, [&]() -> tl::expected<void, ExitCode> {
      if (!ran) return tl::unexpected(report(ran.error()));
      return {};
    });
    if (!well) return well.error();
    told.push_back(std::move(*ran));
    if (told.back().summary.partial) break;
  }
  if (!is_first(context)) return ExitCode::passed;
  if (output.json) {
    boost::json::array futures;
    for (const Told& f : told) futures.push_back(json_of(f));
    print_json({{"scenario", plan.scenario.world.name},
                {"seed", plan.options.run.seed},
                {"replication", plan.options.run.replication},
                {"scale", plan.options.scale},
                {"branch_at", past->instant},
                {"ranks", ranks_of(context)},
                {"futures", std::move(futures)}});
  } else if (!output.quiet) {
    print_text(table_of(plan.scenario.world.title, past->instant, told));
  }
  ExitCode code = told.size() < plan.futures.size() ? ExitCode::gate_failed : ExitCode::passed;
  for (const Told& f : told) code = std::max(code, verdict_of(f.gates, f.summary.partial));
  return code;
}

}  // namespace peakstorm::cli
