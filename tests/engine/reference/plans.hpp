/// Which lane to take: what each carrier publishes, and anew whenever closures change what it reckons with.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "tests/engine/reference/piece.hpp"
#include "tests/engine/reference/setting.hpp"
#include "tests/engine/reference/sorters.hpp"

namespace peakstorm::test::plain {

struct Ride {
  std::size_t lane;
  std::uint32_t from_hour;
  std::uint32_t to_hour;
  std::uint32_t minutes;
};
struct Plan {
  std::size_t lane = no_tie;              ///< To take from the dock at this hour.
  std::uint32_t from_dock = unreachable;  ///< Minutes to the depot.
  std::uint32_t from_arrival = unreachable;
  bool operator==(const Plan&) const = default;
};
struct RouteKey {
  Mode mode;
  std::size_t depot;
  std::size_t facility;
  auto operator<=>(const RouteKey&) const = default;
};
using Plans = std::map<RouteKey, std::vector<Plan>>;  // By hour of the day.
struct Edition {
  SimTime from = SimTime::min();
  std::map<std::size_t, SimDuration> shut;  ///< How long a closed facility is expected to stay so.
  bool weather = false;
  Plans plans;
};

class CarrierPlans {
 public:
  CarrierPlans(const Setting& setting, const Sorters& sorters)
      : setting_(setting), world_(setting.world), sorters_(sorters) {
    for (std::size_t c = 0; c < world_.carriers.size(); ++c) plan_routes(c);
  }

  [[nodiscard]] std::size_t depot_of(const Piece& piece) const;
  /// Number of the edition by which one goes at `now`.
  [[nodiscard]] std::size_t edition_at(const Piece& piece, SimTime now) const;
  [[nodiscard]] const std::vector<Plan>& plan_of(const Piece& piece, std::size_t facility, std::size_t edition) const;
  /// The lane to take from `f` now. What a detour takes longer than the usual way is the closure's fault.
  std::size_t next_lane(Piece& piece, std::size_t f, SimTime now);
  /// Usual time of the journey that begins now.
  [[nodiscard]] SimDuration journey(std::size_t lane, SimTime now) const;
  /// Another lane from here, picked by `word` from those whose far end knows a way to the depot.
  [[nodiscard]] std::size_t wrong_lane(const Piece& piece, std::size_t f, std::size_t right, std::uint64_t word) const;

 private:
  [[nodiscard]] const std::vector<Edition>& editions_for(const Piece& piece) const;
  /// The edition that brought the plans that hold at `f` in edition `e`.
  [[nodiscard]] std::size_t since(const Piece& piece, std::size_t f, std::size_t e) const;
  /// All that a carrier publishes: its usual plan, and one more whenever what it reckons with changes.
  void plan_routes(std::size_t carrier);
  /// The best way towards a depot from everywhere: repeats "the best of all rides from here" until nothing gets better.
  void plan_towards(Plans& plans, Mode mode, std::size_t depot, const std::map<std::size_t, SimDuration>& shut) const;
  /// The rides of a lane on the day that plans are made for, each `longer` than usual.
  [[nodiscard]] std::vector<Ride> rides_of(std::size_t lane, SimTime midnight, SimDuration longer) const;
  [[nodiscard]] std::uint64_t lane_hash(std::size_t lane) const;
  [[nodiscard]] bool passes_a_shut_one(Plans& usual, Mode mode, std::size_t depot,
                                       const std::map<std::size_t, SimDuration>& shut) const;

  const Setting& setting_;
  const World& world_;
  const Sorters& sorters_;
  std::map<std::size_t, std::vector<Edition>> editions_;  ///< By carrier.
};

}  // namespace peakstorm::test::plain
