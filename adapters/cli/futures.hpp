/// --what-if: several futures of one past, run one after the other from the same checkpoint with the same random
/// numbers, and compared.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "adapters/cli/continue.hpp"
#include "adapters/cli/flags.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/gate.hpp"

namespace peakstorm::cli {

struct FutureFlags {
  std::vector<std::string> files;  ///< TOML, one per future.
  std::string branch_at;           ///< Instant; empty: the checkpoint's.
  std::string out;                 ///< Folder that gets a run folder per future; empty: none.
};

struct Future {
  std::string name;  ///< Of its file; "as-planned" for the scenario as it is.
  World world;
};

/// "as-planned" first, then each file; they part at `from`. Whatever is wrong has been reported.
tl::expected<std::vector<Future>, ExitCode> open_futures(const Scenario& scenario, SimTime from,
                                                         const std::vector<std::string>& files);

struct FuturePlan {
  const Scenario& scenario;
  Past* past;  ///< Null: it is simulated first, up to `branch_at`.
  std::optional<SimTime> branch_at;
  SimulationOptions options;  ///< Of all of them.
  bool streams;               ///< The past has them, or will.
  const std::vector<Future>& futures;
  const std::vector<Gate>& gates;  ///< Each future is judged by them.
};
/// Runs them and shows the comparison. The exit code is that of the worst. Collective.
ExitCode run_futures(const FuturePlan& plan, const FutureFlags& flags, const OutputFlags& output,
                     const Context& context);

}  // namespace peakstorm::cli
