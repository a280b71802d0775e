/// What one replication says of a policy: the sums its yardsticks are made of, and how each service did in each region.
/// Pure; from one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/ids.hpp"
#include "results/comparison.hpp"
#include "results/measures.hpp"

namespace peakstorm {

/// What a late parcel lost the most time to.
enum class Blame : std::uint8_t {
  own_handling,  ///< Ours: it waited at our ship node.
  own_promise,   ///< Ours: it lost no time; the promise was too tight.
  network,       ///< The carrier's: sorts, docks, legs, rounds, attempts, missorts, caps and embargoes.
  storm,         ///< Slow roads and skies, closures, or weather that held it up on its way.
};
inline constexpr std::size_t blames = 4;
inline constexpr std::array<const char*, blames> blame_names{"own_handling", "own_promise", "network", "storm"};

/// Retailers' orders of the measured days that one service carried to one region.
struct LeagueRow {
  ServiceId service{};
  RegionId region{};
  std::uint64_t kept = 0;  ///< First promises, as on_time.promise.
  std::uint64_t broken = 0;
  std::uint64_t early_kept = 0;  ///< Of which ordered in the first half of the measured days.
  std::uint64_t early_broken = 0;
  std::array<std::uint64_t, blames> blame{};  ///< The broken ones, by Blame.
  bool operator==(const LeagueRow&) const = default;
};

struct SeasonRecord {
  SeasonSums sums;
  std::vector<LeagueRow> league;  ///< Ascending by service and region; those with anything counted.
  bool operator==(const SeasonRecord&) const = default;
};

/// Requires finished measures of a recorder with streams. O(tracked parcels log cells).
SeasonRecord season_of(const World& world, const Measures& measures);

}  // namespace peakstorm
