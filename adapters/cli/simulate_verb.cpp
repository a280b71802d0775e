// peakstorm simulate: runs a world, sends nothing to anybody.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/continue.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/futures.hpp"
#include "adapters/cli/gates.hpp"
#include "adapters/cli/live.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/profile.hpp"
#include "adapters/cli/run_plan.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/simulation_run.hpp"
#include "adapters/cli/together.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cluster/start.hpp"
#include "adapters/cluster/watch.hpp"
#include "results/measures.hpp"
#include "results/report.hpp"
#include "results/run_recorder.hpp"
#include "scenarios/instant.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  SimulationFlags simulation;
  CheckpointFlags checkpoints;
  FutureFlags futures;
  GateFlags gates;
  OutputFlags output;
  std::string out;
  bool profile = false;
  std::string stream;  ///< all, tracked or none; empty: tracked with --out, none without.
};

/// Everything that is read and checked before work starts.
struct Job {
  std::optional<Scenario> scenario;
  std::vector<Gate> gates;
  SimulationOptions options;
  RunRecorderOptions recording;
  std::optional<Past> past;
  std::optional<SimTime> branch_at;
  std::optional<CheckpointPlan> checkpoints;
  fs::path going_on;  ///< What --resume takes afterwards.
  std::vector<Future> futures;
  std::unique_ptr<RunRecorder> recorder;
  std::unique_ptr<CheckpointWriter> writer;
  std::optional<ResumePoint> resume;
  std::string last_checkpoint;  ///< Its instant; empty: none yet.
};

tl::expected<void, ExitCode> rejected(const std::string& message) {
  return tl::unexpected(report(Error{ErrorKind::bad_input, message}));
}
template <class T>
tl::expected<void, ExitCode> reported(const Result<T>& result) {
  return tl::unexpected(report(result.error()));
}

bool has_futures(const Flags& flags) {
  return !flags.futures.files.empty();
}

tl::expected<void, ExitCode> check_flags(const Flags& flags) {
  const CheckpointFlags& c = flags.checkpoints;
  if (flags.simulation.scenario.empty() && c.resume.empty()) {
    return rejected("simulate needs a scenario; name one of `peakstorm scenarios`, a folder, or --resume DIR");
  }
  if (!c.resume.empty() && !flags.out.empty() && !has_futures(flags)) {
    return rejected("--resume goes on in the run's own folder; leave --out away");
  }
  if ((c.asked() || has_futures(flags)) && flags.simulation.replications != 1) {
    return rejected("checkpoints and futures are of one replication; leave --replications away");
  }
  if (has_futures(flags) && c.resume.empty() && flags.futures.branch_at.empty()) {
    return rejected("--what-if needs a past: --resume DIR of a run with checkpoints, or --branch-at INSTANT");
  }
  if (!flags.futures.branch_at.empty() && !has_futures(flags)) {
    return rejected("--branch-at says where futures part; name them with --what-if FILE");
  }
  if (has_futures(flags) && !c.every.empty()) {
    return rejected("futures write no checkpoints of their own; leave --checkpoint-every away");
  }
  if (has_futures(flags) && flags.profile) return rejected("--profile is of one run; leave it away with --what-if");
  if (!flags.stream.empty() && has_futures(flags)) {
    return rejected("--stream is of one run; futures follow the parcels that their past followed; leave it away");
  }
  if (!flags.stream.empty() && !c.resume.empty()) {
    return rejected("--resume goes on with the stream the run began with; leave --stream away");
  }
  if (flags.stream == "all" && flags.out.empty()) {
    return rejected("--stream all: there is nowhere to write everybody's scans to; add --out DIR");
  }
  if (has_futures(flags) && !flags.gates.junit.empty()) {
    return rejected("--junit is of one run; leave it away with --what-if");
  }
  const bool has_folder = !flags.out.empty() || !c.folder.empty() || !c.resume.empty();
  if (!c.every.empty() && !has_folder) {
    return rejected("--checkpoint-every needs a place: --out DIR for a run folder, or --checkpoint-dir DIR");
  }
  return {};
}

tl::expected<void, ExitCode> load_past(const Flags& flags, Job& job) {
  auto past = open_past(flags.checkpoints.resume, flags.checkpoints.folder);
  if (!past) return reported(past);
  auto scenario = open_inputs(past->inputs, past->checkpoint->facts().scenario);
  if (!scenario) return tl::unexpected(scenario.error());
  if (auto checked = check_past(*past, scenario->world); !checked) return reported(checked);
  job.scenario = std::move(*scenario);
  const CheckpointFacts& facts = past->checkpoint->facts();
  job.options.run = facts.run;
  job.options.scale = facts.scale;
  job.options.without = facts.without;
  job.recording.streams = facts.streams;
  job.recording.background = facts.background;
  if (!flags.output.quiet && !flags.output.json) {
    note(fmt::format("going on from {} ({})", past->instant, past->checkpoints.string()));
  }
  job.past = std::move(*past);
  return {};
}

/// Where checkpoints go, when any are wanted.
tl::expected<void, ExitCode> plan_checkpoints(const Flags& flags, const Context& context, Job& job) {
  const CheckpointFlags& c = flags.checkpoints;
  if (has_futures(flags) || (!c.asked() && !job.past)) return {};
  CheckpointPlan plan;
  plan.facts.scenario = job.scenario->world.name;
  plan.facts.run = job.options.run;
  plan.facts.scale = job.options.scale;
  plan.facts.without = job.options.without;
  plan.facts.streams = job.recording.streams;
  plan.facts.background = job.recording.background;
  plan.facts.version = PEAKSTORM_VERSION;
  plan.facts.command_line = context.command_line;
  plan.facts.first_day_unix = job.scenario->world.first_day_unix;
  if (job.past) {
    plan.facts.every = job.past->checkpoint->facts().every;
    plan.facts.command_line = job.past->checkpoint->facts().command_line;
  }
  if (!c.every.empty()) {
    auto every = read_duration(c.every);
    if (!every) return rejected("--checkpoint-every: " + every.error().message);
    plan.facts.every = *every;
  }
  const fs::path out = job.recording.folder ? job.recording.folder->folder : fs::path();
  plan.folder = !c.folder.empty() ? fs::path(c.folder) : job.past ? job.past->checkpoints : out / "checkpoints";
  if (!out.empty()) plan.facts.run_folder = fs::absolute(out).string();
  const bool inside = !out.empty() && plan.folder == out / "checkpoints";
  if (!inside) plan.scenario = job.scenario->folder;
  job.going_on = inside || (!out.empty() && c.folder.empty()) ? out : plan.folder;
  job.options.checkpoint_every = plan.facts.every;
  job.checkpoints = std::move(plan);
  return {};
}

tl::expected<void, ExitCode> prepare(const Flags& flags, const Context& context, Job& job) {
  if (auto checked = check_flags(flags); !checked) return checked;
  if (!flags.checkpoints.resume.empty()) {
    if (auto loaded = load_past(flags, job); !loaded) return loaded;
  } else {
    auto scenario = open_scenario(flags.simulation.scenario);
    if (!scenario) return tl::unexpected(scenario.error());
    job.scenario = std::move(*scenario);
    job.options = options_of(job.scenario->world, flags.simulation, flags.simulation.replication, 1);
    const bool follows = !flags.out.empty() || has_futures(flags);
    job.recording.streams = flags.stream.empty() ? follows : flags.stream != "none";
    job.recording.background = flags.stream == "all";
  }
  const World& world = job.scenario->world;
  if (context.live != nullptr) context.live->title(world.title);
  const std::size_t ranks_here = context.job != nullptr ? context.job->job().ranks_here() : 1;
  job.options.threads = flags.simulation.threads;
  if (job.options.threads == 0) job.options.threads = cluster::threads_per_rank(ranks_here);
  job.options.memory_bytes = memory_limit(flags.simulation, ranks_here);
  job.options.exchange = exchange_of(context);
  job.options.profile = flags.profile;
  // The engine checks it, too, but by then there would be half a run folder.
  if (auto fits = check_run(world, job.options, job.recording.streams, job.recording.background); !fits) {
    return reported(fits);
  }
  // The scenario's own gates are about a drill; most of them need a replay.
  auto gates = parse_gates({}, flags.gates, measure_catalogue(world));
  if (!gates) return tl::unexpected(gates.error());
  job.gates = std::move(*gates);
  if (!flags.futures.branch_at.empty()) {
    auto at = read_instant(world, flags.futures.branch_at);
    if (at && *at <= day_zero) at = fail(ErrorKind::bad_input, "the futures would share no past; name a later instant");
    if (!at) return rejected("--branch-at: " + at.error().message);
    if (job.past) return rejected("--branch-at and --resume both name a past; leave one away");
    job.branch_at = *at;
  }
  if (has_futures(flags)) {
    const SimTime from = job.past ? job.past->checkpoint->at() : *job.branch_at;
    auto futures = open_futures(*job.scenario, from, flags.futures.files);
    if (!futures) return tl::unexpected(futures.error());
    job.futures = std::move(*futures);
    return {};
  }
  std::string out = flags.out;
  if (job.past) out = job.past->run_folder.string();
  if (!out.empty()) {
    job.recording.folder = plan_of(*job.scenario, flags.simulation, job.options, out, context.command_line);
    if (job.past) {
      job.recording.folder->resumes = out;
      job.recording.folder->facts.command_line = job.past->checkpoint->facts().command_line;
    }
  }
  return plan_checkpoints(flags, context, job);
}

/// What all ranks must have alike.
cluster::Intent intent_of(const Flags& flags, const Job& job) {
  const SimulationOptions& o = job.options;
  std::string without;
  for (std::size_t kind = 0; kind < o.without.size(); ++kind) {
    if (o.without[kind]) without += std::string(without.empty() ? "" : ",") + disruption_kind_names[kind];
  }
  cluster::Intent intent;
  const auto add = [&](const char* name, std::string value) { intent.facts.emplace_back(name, std::move(value)); };
  const World& world = job.scenario->world;
  add("version", PEAKSTORM_VERSION);
  add("scenario", fmt::format("{} (fingerprint {})", world.name, fingerprint(world).hex()));
  add("seed", std::to_string(o.run.seed));
  add("replication", fmt::format("{} of {}", o.run.replication, flags.simulation.replications));
  add("scale", fmt::format("{}", o.scale));
  add("without", without.empty() ? "none" : without);
  add("streams", job.recording.background ? "everybody's" : job.recording.streams ? "kept" : "not kept");
  add("checkpoints", job.checkpoints ? fmt::format("in {} every {} ms", job.checkpoints->folder.string(),
                                                   job.checkpoints->facts.every.count())
                                     : "none");
  add("checkpoint to go on from",
      job.past ? fmt::format("of {} ({})", job.past->instant, job.past->checkpoint->hash()) : "none");
  add("branch", job.branch_at ? std::to_string(job.branch_at->time_since_epoch().count()) + " ms" : "none");
  std::string futures;
  for (const Future& future : job.futures) {
    futures += fmt::format("{}{} {}", futures.empty() ? "" : ", ", future.name, fingerprint(future.world).hex());
  }
  add("futures", futures.empty() ? "none" : futures);
  return intent;
}

void tell_last_words(const Context& context, const Job& job) {
  if (context.last_words == nullptr) return;
  if (!job.checkpoints) {
    context.last_words->set("It kept no checkpoints; start it again, with --checkpoint-every to be able to go on.\n");
  } else if (job.last_checkpoint.empty()) {
    context.last_words->set("No checkpoint was committed yet; start it again.\n");
  } else {
    context.last_words->set(fmt::format("The checkpoint of {} in {} is valid; go on with\n  {}\n", job.last_checkpoint,
                                        job.checkpoints->folder.string(),
                                        resume_command(ranks_of(context), job.going_on.string())));
  }
}

/// Opens what is written to, and the past to be read.
tl::expected<void, ExitCode> open(const Flags& flags, const Context& context, Job& job) {
  // One rank writes; the others only count.
  RunRecorderOptions recording = job.recording;
  if (!is_first(context)) recording.folder.reset();
  auto recorder = RunRecorder::create(job.scenario->world, recording);
  if (!recorder) return reported(recorder);
  job.recorder = std::move(*recorder);
  if (job.past) {
    auto parts = job.past->checkpoint->parts();
    if (!parts) return reported(parts);
    job.resume = std::move(*parts);
    job.options.resume = &*job.resume;
  }
  const bool tells = is_first(context) && !flags.output.quiet;
  if (job.checkpoints) {
    CheckpointPlan& plan = *job.checkpoints;
    plan.exchange = exchange_of(context);
    plan.fingerprint = [&job](SimTime at) { return fingerprint(job.scenario->world, at); };
    plan.also = [&job] { return job.recorder->sync(); };
    plan.committed = [&job, &context, tells](SimTime at) {
      job.last_checkpoint = instant_text(job.scenario->world.first_day_unix, at);
      tell_last_words(context, job);
      if (tells) note(fmt::format("checkpoint of {} in {}", job.last_checkpoint, job.checkpoints->folder.string()));
    };
  }
  tell_last_words(context, job);
  return {};
}

/// The report needs the tables, the manifest covers the report.
Result<void> write_folder(RunRecorder& recorder, std::span<const GateResult> gates) {
  if (recorder.folder() == nullptr) return {};
  return recorder.write_tables(gates).and_then([&] { return write_report(*recorder.folder()); }).and_then([&] {
    return recorder.seal();
  });
}

/// On the rank that writes, after the simulation.
ExitCode conclude(const Flags& flags, const Context& context, Job& job, const std::vector<SimulationRun>& runs) {
  const World& world = job.scenario->world;
  RunRecorder& recorder = *job.recorder;
  const bool partial = recorder.partial();
  const MeasureMap measures = recorder.measures();
  const auto results = evaluate_gates(job.gates, measures, partial);
  if (const auto written = write_folder(recorder, results); !written) return report(written.error());
  if (context.live != nullptr && recorder.folder() != nullptr) {
    context.live->report(*recorder.folder() / "report.html");
  }
  if (job.writer && !partial) {
    if (const auto discarded = job.writer->discard(); !discarded) return report(discarded.error());
  }
  if (const auto written = write_verdicts(flags.gates, checks_of(results), measures, world.name); !written)
    return report(written.error());

  const std::string folder = recorder.folder() != nullptr ? recorder.folder()->string() : "";
  const bool can_go_on = partial && !job.last_checkpoint.empty();
  SimulationFlags shown = flags.simulation;
  shown.without = job.options.without;
  if (flags.output.json) {
    boost::json::object object = run_json(world, shown, runs);
    add_measures(object, measures);
    if (flags.profile) object["profile"] = profile_json(world, runs.front());
    object["gates"] = gates_json(results);
    object["run_folder"] = folder.empty() ? boost::json::value(nullptr) : boost::json::value(folder);
    object["ranks"] = ranks_of(context);
    object["resumed_from"] = job.past ? boost::json::value(job.past->instant) : boost::json::value(nullptr);
    object["checkpoint"] = can_go_on ? boost::json::value(job.last_checkpoint) : boost::json::value(nullptr);
    print_json(object);
  } else if (!flags.output.quiet) {
    std::string text = run_text(world, runs) + "\n" + on_time_text(measures);
    if (!results.empty()) text += "\n" + gates_text(results);
    if (flags.profile) text += "\n" + profile_text(world, runs.front());
    if (!folder.empty()) text += fmt::format("\nReport: {}/report.html\n", folder);
    print_text(text);
  }
  if (can_go_on && !flags.output.quiet) {
    note(fmt::format("stopped at {}; go on with\n  {}", job.last_checkpoint,
                     resume_command(ranks_of(context), job.going_on.string())));
  }
  return verdict_of(results, partial);
}

ExitCode simulate_scenario(const Flags& flags, const Context& context) {
  Job job;
  if (auto prepared = together(
          context, [&] { return prepare(flags, context, job); }, [&] { return intent_of(flags, job); });
      !prepared) {
    return prepared.error();
  }
  if (!job.futures.empty()) {
    FuturePlan plan{*job.scenario, job.past ? &*job.past : nullptr, job.branch_at,
                    job.options,   job.recording.streams,           job.futures,
                    job.gates};
    return run_futures(plan, flags.futures, flags.output, context);
  }
  if (auto opened = together(context, [&] { return open(flags, context, job); }); !opened) return opened.error();
  if (job.checkpoints) {
    const auto created = together(context, [&]() -> tl::expected<void, ExitCode> {
      auto writer = CheckpointWriter::create(*job.checkpoints);
      if (!writer) return reported(writer);
      job.writer = std::move(*writer);
      job.options.checkpoints = job.writer.get();
      return {};
    });
    if (!created) return created.error();
  }
  const bool quiet = flags.output.quiet || !is_first(context);
  const auto runs =
      run_replications(job.scenario->world, flags.simulation, job.options, *job.recorder, context.stop.token(), quiet);
  const auto simulated = together(context, [&]() -> tl::expected<void, ExitCode> {
    if (!runs) return reported(runs);
    return {};
  });
  if (!simulated) return simulated.error();
  return is_first(context) ? conclude(flags, context, job, *runs) : ExitCode::passed;
}

}  // namespace

void add_simulate(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("simulate", "Simulate a scenario; replays nothing");
  add_simulation_flags(*verb, flags->simulation, false);
  add_checkpoint_flags(*verb, flags->checkpoints);
  verb->add_option("--what-if", flags->futures.files,
                   "A future: TOML with disruptions that come instead; repeat it to compare several")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb->add_option("--branch-at", flags->futures.branch_at,
                   "Where the futures part, for instance '2013-12-18 00:00 UTC' (with --resume: the checkpoint)")
      ->type_name("INSTANT");
  add_gate_flags(*verb, flags->gates);
  verb->add_option("--out", flags->out,
                   "Write a run folder (with --what-if: one per future); must not exist yet (default: none is written)")
      ->type_name("DIR");
  verb->add_flag("--profile", flags->profile,
                 "Say how parallel the run was, and what speed-up to expect on more cores (of the first replication)");
  verb->add_option("--stream", flags->stream,
                   "Scans to follow one by one: all, tracked (retailers' parcels) or none; with --out they are "
                   "written (default: tracked with --out, else none)")
      ->check(CLI::IsMember({"all", "tracked", "none"}));
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] {
    flags->futures.out = flags->out;
    action = [flags](const Context& context) { return simulate_scenario(*flags, context); };
  });
}

}  // namespace peakstorm::cli
