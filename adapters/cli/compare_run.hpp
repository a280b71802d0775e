/// Seasons of policies, simulated side by side.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "engine/simulation.hpp"
#include "results/comparison.hpp"
#include "results/season.hpp"

namespace peakstorm::cli {

/// The World of a policy; called from any thread, several at once.
using WorldOf = std::function<Result<World>(std::size_t policy)>;

struct SeasonsPlan {
  WorldOf world_of;
  /// By policy: whether it may ride along in a season of the control's world (engine/shared_season.hpp) with all others
  /// that may. Empty: each season of each policy is simulated by itself. What comes out for a policy depends on its own
  /// entry alone.
  std::vector<bool> shared{};
  SimulationOptions options;  ///< Of every run; its run.replication is that of season 0, its threads are for all runs.
};

/// Simulates one season.  Errors: as of peakstorm::simulate; interrupted when `stop` ended it early.
Result<SeasonRecord> simulate_season(const World& world, SimulationOptions options, std::uint32_t season,
                                     const std::stop_token& stop);

/// Simulates one season of all `companions` together, the control's world being `world`; by companion.
Result<std::vector<SeasonRecord>> simulate_together(const World& world, const std::vector<const World*>& companions,
                                                    SimulationOptions options, std::uint32_t season,
                                                    const std::stop_token& stop);

/// What became of the seasons that were asked for.
enum class SeasonsEnd { done, stopped };

/// Simulates `seasons`, as many at once as there are threads, begun in the order of their replications. `finished` is
/// called on the calling thread for each one as it ends; an error of it stops the rest, as does any other. `waiting` is
/// called there several times a second; when it returns false, or `stop` is requested, no further season begins and
/// those under way are given up.
Result<SeasonsEnd> run_seasons(const SeasonsPlan& plan, const std::vector<Season>& seasons, const std::stop_token& stop,
                               const std::function<Result<void>(Season, const SeasonRecord&)>& finished,
                               const std::function<bool()>& waiting);

}  // namespace peakstorm::cli
