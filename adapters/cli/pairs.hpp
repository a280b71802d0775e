/// Measured comparison of two commands: runs them in alternating pairs, takes figures from what they print and from
/// what the system says of them, and judges by results/slowdown.hpp.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/result.hpp"
#include "results/slowdown.hpp"
#include "results/verdicts.hpp"

namespace peakstorm::cli {

struct PairsFlags {
  std::string candidate;            ///< For /bin/sh -c.
  std::string baseline;             ///< Likewise.
  std::vector<std::string> lower;   ///< Figures of which less is better.
  std::vector<std::string> higher;  ///< Figures of which more is better.
  SlowdownPlan plan;
  std::optional<double> detect;  ///< A comparison that would have missed a slowdown of this size is no pass.
  std::optional<double> ratio;   ///< Compare with this multiple of the baseline instead of with itself.
  double patience_s = 600;       ///< For one run of a command.
};

/// One run of a command: what it printed and what it took.
struct CommandRun {
  int exit_code = 0;  ///< 128 + signal when a signal ended it.
  bool timed_out = false;
  bool stopped = false;
  std::string out;
  std::string last_error;  ///< The last line of standard error.
  double wall_s = 0;
  double cpu_s = 0;  ///< User and system, of it and of all its children that have ended.
  double peak_rss_mib = 0;
};
/// Runs it in a process group of its own, which is killed when `patience_s` is over or a stop is requested.
Result<CommandRun> run_command(const std::string& command, double patience_s, const std::stop_token& stop);

/// A figure of a run: "wall_s", "cpu_s" or "peak_rss_mib" of the command itself; else a number in the JSON that it
/// printed (all of its standard output, or its last line): a member of that name, one within "measures", as the verbs
/// of this program print them, "BENCHMARK.counter" of Google Benchmark's JSON ("counter": of its first benchmark), or a
/// path a.b.c through objects. Error bad_input names what there is.
Result<double> figure_of(const CommandRun& run, const std::string& name);

struct PairsOutcome {
  std::vector<SlowdownResult> results;
  std::vector<std::optional<double>> detectable;  ///< By result.
  std::vector<Check> checks;
  std::size_t pairs = 0;
};
/// Errors: bad_input when a command cannot be found or a figure is not there; interrupted by a stop. A command that
/// ends badly or never is a check that failed to give a verdict.
Result<PairsOutcome> run_pairs(const PairsFlags& flags, const std::stop_token& stop, bool quiet);

boost::json::array pairs_json(const PairsOutcome& outcome);
std::string pairs_text(const PairsOutcome& outcome, const PairsFlags& flags);

}  // namespace peakstorm::cli
