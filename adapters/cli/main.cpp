// The `peakstorm` program: parses the command line, runs one verb, turns its outcome into an exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/hint.hpp"
#include "adapters/cli/live.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/stop.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cluster/agree.hpp"
#include "adapters/cluster/launcher.hpp"
#include "adapters/cluster/start.hpp"
#include "adapters/cluster/watch.hpp"

namespace peakstorm::cli {
namespace {

// A failed PEAKSTORM_CHECK aborts after it has printed what does not hold. The exit code is API, so it is
// 70 and not the shell's 134; whoever wants the core sets PEAKSTORM_CORE.
extern "C" void leave_with_our_fault(int) {
  _exit(static_cast<int>(ExitCode::our_fault));
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::string command_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : command_of(*app.get_parent()) + " " + app.get_name();
}

ExitCode rejected(const std::string& what, const std::string& meant, const CLI::App& app,
                  const cluster::RunningJob* job) {
  std::string text =
      fmt::format("{}{}\nTry: {} --help", what, meant.empty() ? "" : "; did you mean " + meant + "?", command_of(app));
  if (job != nullptr) {
    const auto agreed = cluster::agree(job->job(), {{}, text});
    text = agreed.error().message;
    if (job->job().rank() != 0) return ExitCode::input_rejected;
  }
  fmt::print(stderr, "peakstorm: {}\n", text);
  return ExitCode::input_rejected;
}

ExitCode run(int argc, char** argv, const StopSignals& stop, const cluster::RunningJob* job,
             cluster::LastWords* last_words) {
  CLI::App program(
      "Simulates a parcel network in peak season, replays its scans against a tracking endpoint,\n"
      "and says which delivery promises held.\n",
      "peakstorm");
  program.set_version_flag("--version", "peakstorm " PEAKSTORM_VERSION);
  program.set_help_flag("-h,--help", "This page");
  program.require_subcommand(1);
  program.footer(
      "Exit codes: 0 passed, 1 a gate failed or the run was cut short, 2 input rejected,\n"
      "3 target unreachable, 70 our own fault.");
  Action action;
  add_drill(program, action);
  add_simulate(program, action);
  add_replay(program, action);
  add_compare(program, action);
  add_order_by(program, action);
  add_check(program, action);
  add_gate(program, action);
  add_report(program, action);
  add_export(program, action);
  add_endpoint(program, action);
  add_scenarios(program, action);
  add_fit(program, action);
  add_backtest(program, action);
  std::optional<std::uint16_t> live_port;
  for (const char* const verb : {"simulate", "drill", "replay", "compare", "backtest"}) {
    program.get_subcommand(verb)
        ->add_option("--live", live_port, "Serve a page on this loopback port that follows the run (0: a free one)")
        ->type_name("PORT");
  }
  add_document(program, action);

  if (argc > 1 && argv[1][0] != '-') {
    const auto verbs = verb_names(program);
    if (std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end()) {
      return rejected(fmt::format("there is no verb '{}'", argv[1]), nearest(argv[1], verbs), program, job);
    }
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& page) {  // --help and --version
    if (job != nullptr && job->job().rank() != 0) return ExitCode::passed;
    return static_cast<ExitCode>(program.exit(page));
  } catch (const CLI::ExtrasError&) {
    const auto& verb = innermost(program);
    const auto extras = program.remaining(true);
    const std::string extra = extras.empty() ? "" : extras.front();
    const std::string word = extra.substr(0, extra.find('='));
    return rejected(fmt::format("{} does not know '{}'", command_of(verb), extra), nearest(word, flag_names(verb)),
                    verb, job);
  } catch (const CLI::ParseError& error) {
    return rejected(error.what(), "", innermost(program), job);
  }
  std::string command_line = "peakstorm";
  for (int i = 1; i < argc; ++i) command_line += std::string(" ") + argv[i];
  std::unique_ptr<Live> live;
  if (live_port && (job == nullptr || job->job().rank() == 0)) {
    auto started = Live::start(*live_port, command_line);
    if (!started) return report(started.error());
    live = std::move(*started);
    note("Live page at " + live->url());
  }
  const ExitCode code = action({stop, std::move(command_line), job, last_words, live.get()});
  if (live) live->end(code, stop.token());
  return code;
}

}  // namespace
}  // namespace peakstorm::cli

int main(int argc, char** argv) {
  using peakstorm::cli::ExitCode;
  if (std::getenv("PEAKSTORM_CORE") == nullptr) std::signal(SIGABRT, peakstorm::cli::leave_with_our_fault);
  std::signal(SIGPIPE, SIG_IGN);  // A target that hangs up is a result, not our end.
  ExitCode code = ExitCode::our_fault;
  try {
    // A simulation and a replay run on several ranks. The watcher splits off before there is any thread.
    std::optional<peakstorm::cluster::Launch> launch;
    std::optional<peakstorm::cluster::LastWords> last_words;
    const std::string_view verb = argc > 1 ? argv[1] : "";
    launch = peakstorm::cluster::launched(std::getenv);
    if (launch && (verb == "drill" || verb == "endpoint")) {
      if (launch->rank != 0) return static_cast<int>(ExitCode::input_rejected);
      return static_cast<int>(peakstorm::cli::report(
          {peakstorm::ErrorKind::bad_input,
           fmt::format("{} runs in one process, not under {}; simulate on ranks with --out DIR, then replay DIR on "
                       "ranks with --against URL",
                       verb, launch->launcher)}));
    }
    if (verb != "simulate" && verb != "replay") launch.reset();
    if (launch) {
      last_words.emplace();
      if (const auto ended = peakstorm::cluster::watch(*launch, *last_words)) return *ended;
    }
    const peakstorm::cli::StopSignals stop;
    std::optional<peakstorm::cluster::RunningJob> job;
    if (launch) {
      auto started = peakstorm::cluster::start(*launch, argc, argv);
      if (!started) return static_cast<int>(peakstorm::cli::report(started.error()));
      job.emplace(*started);
    }
    code = peakstorm::cli::run(argc, argv, stop, job ? &*job : nullptr, last_words ? &*last_words : nullptr);
    // A rank that gives up does not wait for the others: the launcher ends them.
    if (job && code != ExitCode::our_fault) job->finish();
  } catch (const std::exception& error) {
    fmt::print(stderr, "peakstorm: internal error: {}\n", error.what());
  }
  return static_cast<int>(code);
}
