#include "adapters/cli/continue.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <system_error>

#include "adapters/cli/output.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

/// Folder of a checkpoint folder's run when that is where it lies; empty otherwise.
fs::path run_folder_around(const fs::path& checkpoints) {
  std::error_code problem;
  const fs::path whole = fs::weakly_canonical(checkpoints, problem);
  const bool inside = whole.filename() == "checkpoints" && fs::exists(whole.parent_path() / "world.toml", problem);
  return inside ? whole.parent_path() : fs::path();
}

}  // namespace

void add_checkpoint_flags(CLI::App& verb, CheckpointFlags& flags) {
  verb.add_option("--checkpoint-every", flags.every,
                  "Save the state whenever this much simulated time has passed, for instance 24h, and at a stop")
      ->type_name("DURATION");
  verb.add_option("--checkpoint-dir", flags.folder, "Where to (default: checkpoints in the run folder)")
      ->type_name("DIR");
  auto* const resume =
      verb.add_option("--resume", flags.resume,
                      "Go on from the last valid checkpoint of this run folder or folder of checkpoints")
          ->type_name("DIR");
  for (const char* of_the_run : {"scenario", "--scale", "--seed", "--replication", "--replications", "--without"}) {
    resume->excludes(verb.get_option(of_the_run));
  }
}

Result<Past> open_past(const std::string& folder, const std::string& checkpoints) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return fail(ErrorKind::bad_input, fmt::format("{}: no such folder; name the folder of a run that was started with "
                                                  "--checkpoint-every, or its --checkpoint-dir",
                                                  folder));
  }
  Past past;
  const fs::path inside = fs::path(folder) / "checkpoints";
  past.checkpoints = checkpoints;
  if (checkpoints.empty()) past.checkpoints = fs::is_directory(inside, problem) ? inside : fs::path(folder);
  auto reader = CheckpointReader::open(past.checkpoints, PEAKSTORM_VERSION);
  if (!reader) {
    // A complete run has removed its checkpoints.
    if (checkpoints.empty() && fs::exists(fs::path(folder) / "manifest.json", problem)) {
      return fail(ErrorKind::bad_input, fmt::format("{}: a finished run without checkpoints; there is nothing to go on "
                                                    "with",
                                                    folder));
    }
    return tl::unexpected(reader.error());
  }
  past.checkpoint = std::move(*reader);
  for (const std::string& skipped : past.checkpoint->skipped()) {
    note("peakstorm: passed over a newer checkpoint: " + skipped);
  }
  past.instant = instant_text(past.checkpoint->facts().first_day_unix, past.checkpoint->at());
  past.run_folder = run_folder_around(past.checkpoints);
  if (past.run_folder.empty()) past.run_folder = past.checkpoint->facts().run_folder;
  // A run folder may have moved since: where the user says it is, it is.
  if (fs::exists(fs::path(folder) / "world.toml", problem)) past.run_folder = folder;
  past.inputs = (past.run_folder.empty() ? past.checkpoints : past.run_folder) / "inputs";
  if (!fs::is_directory(past.inputs, problem)) past.inputs = past.checkpoints / "inputs";
  return past;
}

Result<void> check_past(const Past& past, const World& world) {
  if (fingerprint(world, past.checkpoint->at()).hex() == past.checkpoint->fingerprint()) return {};
  return fail(ErrorKind::bad_input,
              fmt::format("{}: the checkpoint of {} was made in another world than {} describes now; undo what was "
                          "changed in there, or run the scenario from the beginning",
                          past.checkpoints.string(), past.instant, past.inputs.string()));
}

std::string resume_command(std::size_t ranks, const std::string& folder) {
  const std::string alone = "peakstorm simulate --resume " + folder;
  return ranks > 1 ? fmt::format("mpirun -n {} {}", ranks, alone) : alone;
}

}  // namespace peakstorm::cli
