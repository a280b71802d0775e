/// Going on with a run: its checkpoints, on the way out and on the way back in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cli/scenario.hpp"
#include "engine/simulation.hpp"
#include "results/checkpoint.hpp"

namespace CLI {
class App;
}

namespace peakstorm::cli {

struct CheckpointFlags {
  std::string every;   ///< Simulated time between two; empty: none but at a stop.
  std::string folder;  ///< Empty: `checkpoints` in the run folder.
  std::string resume;  ///< Run folder or checkpoint folder; empty: from the beginning.
  [[nodiscard]] bool asked() const { return !every.empty() || !folder.empty(); }
};
/// The flags, of which --resume excludes those that say what run it is.
void add_checkpoint_flags(CLI::App& verb, CheckpointFlags& flags);

/// The last valid checkpoint of a run, and where the run was written.
struct Past {
  std::unique_ptr<CheckpointReader> checkpoint;
  std::filesystem::path checkpoints;  ///< Folder.
  std::filesystem::path run_folder;   ///< Empty: the run wrote none.
  std::filesystem::path inputs;       ///< The scenario as it was read.
  std::string instant;                ///< "2013-12-05 00:00 UTC"
};
/// `folder`: of a run, or of checkpoints; `checkpoints`: where they are, when they are in neither. Newer checkpoints
/// that had to be passed over are noted. Errors: bad_input, io.
Result<Past> open_past(const std::string& folder, const std::string& checkpoints);
/// Whether `world` is the one that wrote it. Error: bad_input.
Result<void> check_past(const Past& past, const World& world);

/// The command that goes on with the run, for instance "mpirun -n 4 peakstorm simulate --resume runs/peak".
std::string resume_command(std::size_t ranks, const std::string& folder);

}  // namespace peakstorm::cli
