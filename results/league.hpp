/// How each service did in each region under the control, season by season: who is best and worst, who improved over
/// the season, what its broken promises were lost to; and, where policies without a carrier were run, what leaving it
/// out would change there. Facts with their intervals; the smallest cells are left out, not smoothed. Pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/ids.hpp"
#include "results/interval.hpp"
#include "results/season.hpp"

namespace peakstorm {

struct League {
  /// A row needs so many promises that fell due, over all seasons.
  static constexpr std::uint64_t least_promises = 30;

  struct Row {
    ServiceId service{};
    std::optional<RegionId> region;  ///< None: everywhere.
    std::uint64_t promises = 0;      ///< Kept or broken, over all seasons.
    /// Mean over seasons of the share kept; simultaneous over all rows and figures of the league.
    Interval kept;
    /// Share kept in the second half of the measured days less that in the first; likewise. None where fewer than two
    /// seasons had promises in both.
    std::optional<Interval> change;
    std::array<std::uint64_t, blames> blame{};  ///< Broken promises by what they were lost to, over all seasons.
    /// The same as shares of all promises: mean over seasons, simultaneous with `kept`. Together they are what is
    /// missing to 1.
    std::array<Interval, blames> lost;
  };
  std::vector<Row> rows;      ///< By service; within it everywhere first, then by share kept, worst first.
  std::size_t intervals = 0;  ///< Of the rows, that hold together at the level asked for.
  /// Among rows of one region; none without any.
  std::optional<std::size_t> best;
  std::optional<std::size_t> worst;
  std::optional<std::size_t> most_improved;  ///< Of those that certainly improved.

  /// Share of a region's promises kept without a carrier, less with it.
  struct Cut {
    std::size_t policy = 0;
    std::optional<RegionId> cut_in;  ///< Where the policy leaves the carrier out; none: everywhere.
    std::optional<RegionId> region;  ///< Whose promises; none: everywhere.
    Interval difference;             ///< Simultaneous over all cuts.
  };
  /// By policy; everywhere first, then by region. Of a carrier left out in one region: everywhere, and there.
  std::vector<Cut> cuts;
};

/// One policy's seasons, from 0 on without gaps.
struct LeagueSeasons {
  std::size_t policy = 0;
  std::vector<const SeasonRecord*> seasons;
  std::optional<RegionId> cut_in{};  ///< Of a policy without a carrier in one region: that region.
};

/// `others`: policies without a carrier, ascending by number; their differences are over the seasons that both have.
/// Requires 0 < level < 1. Empty with fewer than two seasons of the control.
League league_of(const LeagueSeasons& control, std::span<const LeagueSeasons> others, double level = 0.95);

}  // namespace peakstorm
