#include "engine/network/journey.hpp"

#include <algorithm>
#include <cstdint>

#include "engine/portable_math.hpp"

namespace peakstorm::network {

namespace {

constexpr double least = 0.01;
constexpr double greatest = 0.999;

/// The quantile of the journey's length.
SimDuration length_at(const Lane& lane, double quantile) {
  const auto ticks = [](SimDuration length) { return static_cast<double>(length.count()); };
  const bool below = quantile < 0.5;
  const double tenth = portable_log(ticks(below ? lane.transit_p10 : lane.transit_p90) / ticks(lane.transit));
  const double beyond = 2 * (below ? quantile : 1 - quantile);  // Of this side's journeys, the share farther out.
  const double factor = portable_exp(tenth * portable_log(beyond) / portable_log(0.2));
  return std::max(SimDuration{1}, SimDuration{static_cast<std::int64_t>(ticks(lane.transit) * factor)});
}

}  // namespace

SimDuration journey(const DrawKey& key, const Lane& lane, std::uint64_t from_hash, std::uint64_t to_hash,
                    SimTime departure) {
  if (lane.transit_p10 == SimDuration{}) return lane.transit;
  const std::uint64_t entity = hash64(hash64(from_hash, to_hash), static_cast<std::uint64_t>(lane.mode));
  const auto minute = static_cast<std::uint32_t>(floor_div(departure.time_since_epoch().count(), minutes(1).count()));
  const Draws draws(key, Purpose::journey, entity, minute);
  return length_at(lane, std::clamp(draws.unit(0), least, greatest));
}

SimDuration shortest_journey(const Lane& lane) {
  return lane.transit_p10 == SimDuration{} ? lane.transit : length_at(lane, least);
}

}  // namespace peakstorm::network
