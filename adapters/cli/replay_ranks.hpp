/// One replay that all ranks of a job send: each the parcels of its share, all by one clock, and on rank 0 what one
/// process would have recorded.
#pragma once

#include <tl/expected.hpp>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/replay.hpp"
#include "engine/replay.hpp"
#include "engine/world.hpp"

namespace peakstorm::cli {

/// Collective; requires a job. `recorder` is told everything on rank 0, where the summary is that of all ranks; it is
/// not used on the others, whose summaries are their own. A rank that fails ends the replay of all; rank 0 has said
/// why.
tl::expected<ReplaySummary, ExitCode> run_replay_together(const Context& context, const World& world,
                                                          ReplaySource& source, const ReplayOptions& options,
                                                          ReplayRecorder* recorder, bool quiet);

}  // namespace peakstorm::cli
