/// The verbs of `peakstorm`, one file each. `add_VERB` describes the verb's flags to the parser; when the
/// command line names it, `action` becomes what to do.
#pragma once

#include <functional>
#include <string>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/stop.hpp"

namespace CLI {
class App;
}

namespace peakstorm::cluster {
class RunningJob;
class LastWords;
}  // namespace peakstorm::cluster

namespace peakstorm::cli {

class Live;

/// What every verb may need of the process it runs in.
struct Context {
  const StopSignals& stop;
  std::string command_line;                  ///< As typed, for the run folder. Holds no secret: no flag takes one.
  const cluster::RunningJob* job = nullptr;  ///< The ranks; null: this process is alone.
  cluster::LastWords* last_words = nullptr;  ///< What to say should this rank be killed; null where there is no job.
  Live* live = nullptr;                      ///< The page that follows the run; null when nobody asked for one.
};

using Action = std::function<ExitCode(const Context&)>;

void add_drill(CLI::App& program, Action& action);
void add_simulate(CLI::App& program, Action& action);
void add_replay(CLI::App& program, Action& action);
void add_compare(CLI::App& program, Action& action);
void add_order_by(CLI::App& program, Action& action);
void add_check(CLI::App& program, Action& action);
void add_gate(CLI::App& program, Action& action);
void add_report(CLI::App& program, Action& action);
void add_export(CLI::App& program, Action& action);
void add_endpoint(CLI::App& program, Action& action);
void add_scenarios(CLI::App& program, Action& action);
void add_fit(CLI::App& program, Action& action);
void add_backtest(CLI::App& program, Action& action);
void add_document(CLI::App& program, Action& action);

}  // namespace peakstorm::cli
