#include "engine/promise/carrier_choice.hpp"

#include <algorithm>
#include <optional>

#include "engine/check.hpp"

namespace peakstorm::promise {
namespace {

/// The first candidate that is allowed and has the least cost.
template <class Allowed, class Cost>
std::optional<std::size_t> cheapest(std::span<const Candidate> candidates, const Allowed& allowed, const Cost& cost) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (allowed(candidates[i]) && (!best || cost(candidates[i]) < cost(candidates[*best]))) best = i;
  }
  return best;
}

template <class Allowed>
std::optional<std::size_t> by_published(std::span<const Candidate> candidates, const Allowed& allowed) {
  const auto meets = cheapest(
      candidates, [&](const Candidate& c) { return c.meets && allowed(c); },
      [](const Candidate& c) { return c.list_price; });
  if (meets) return meets;
  return cheapest(candidates, allowed, [](const Candidate& c) { return c.days; });
}

template <class Allowed>
std::optional<std::size_t> by_policy(const Shipper& shipper, std::span<const Candidate> candidates, Ppm point,
                                     const Allowed& allowed) {
  switch (shipper.policy) {
    case CarrierPolicy::fixed_split: {
      std::optional<std::size_t> last;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!allowed(candidates[i])) continue;
        last = i;
        if (point < candidates[i].share_ends) break;
      }
      return last;
    }
    case CarrierPolicy::cheapest_published:
      return by_published(candidates, allowed);
    case CarrierPolicy::diversified: {
      const auto within = by_published(candidates, [&](const Candidate& c) { return c.within_cap && allowed(c); });
      return within ? within : by_published(candidates, allowed);
    }
    case CarrierPolicy::least_expected_cost:
      return cheapest(candidates, allowed, [&](const Candidate& c) {
        return static_cast<double>(c.price) + static_cast<double>(shipper.late_penalty) * (1 - c.on_time);
      });
    case CarrierPolicy::regional_reliability: {
      const auto best = cheapest(candidates, allowed, [](const Candidate& c) { return -c.on_time; });
      if (!best) return std::nullopt;
      const double enough = candidates[*best].on_time - shipper.reliability_slack * 1e-6;
      return cheapest(
          candidates, [&](const Candidate& c) { return c.on_time >= enough && allowed(c); },
          [](const Candidate& c) { return c.price; });
    }
  }
  return std::nullopt;
}

}  // namespace

std::size_t pick(const Shipper& shipper, std::span<const Candidate> candidates, Ppm point) {
  PEAKSTORM_CHECK(!candidates.empty(), shipper.name);
  const auto roomy = by_policy(shipper, candidates, point, [](const Candidate& c) { return c.has_room; });
  if (roomy) return *roomy;
  return *by_policy(shipper, candidates, point, [](const Candidate&) { return true; });
}

}  // namespace peakstorm::promise
