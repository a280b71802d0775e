#include "adapters/cli/space_points.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace peakstorm::cli {
namespace {

std::vector<SpacePoint> all_points(const std::vector<PolicyAxis>& space, std::size_t all) {
  std::vector<SpacePoint> points;
  points.reserve(all);
  for (std::size_t i = 0; i < all; ++i) {
    SpacePoint point;
    std::size_t rest = i;
    for (const PolicyAxis& axis : space) {
      point.push_back(rest % axis.points.size());
      rest /= axis.points.size();
    }
    points.push_back(std::move(point));
  }
  return points;
}

std::size_t size_of(const std::vector<PolicyAxis>& space) {
  std::size_t all = 1;
  for (const PolicyAxis& axis : space) all *= axis.points.size();
  return all;
}

std::vector<std::size_t> primes(std::size_t count) {
  std::vector<std::size_t> found;
  for (std::size_t n = 2; found.size() < count; ++n) {
    if (std::none_of(found.begin(), found.end(), [n](std::size_t p) { return n % p == 0; })) found.push_back(n);
  }
  return found;
}

/// Digits of i in a base, mirrored at the point: in [0, 1).
double mirrored(std::size_t i, std::size_t base) {
  double value = 0;
  double digit = 1.0 / static_cast<double>(base);
  for (; i > 0; i /= base, digit /= static_cast<double>(base)) value += static_cast<double>(i % base) * digit;
  return value;
}

}  // namespace

std::vector<SpacePoint> points_within(const std::vector<PolicyAxis>& space, std::size_t most) {
  if (const std::size_t all = size_of(space); all <= most) return all_points(space, all);
  // Of a space little larger than `most` the last points are rare among the sequence's.
  constexpr std::size_t patience = 100;
  const std::vector<std::size_t> bases = primes(space.size());
  std::vector<SpacePoint> points;
  std::set<SpacePoint> known;
  for (std::size_t i = 1; points.size() < most && i < patience * most; ++i) {
    SpacePoint point;
    for (std::size_t a = 0; a < space.size(); ++a) {
      const std::size_t size = space[a].points.size();
      point.push_back(std::min(size - 1, static_cast<std::size_t>(mirrored(i, bases[a]) * static_cast<double>(size))));
    }
    if (known.insert(point).second) points.push_back(std::move(point));
  }
  return points;
}

FitPoints fit_points_within(const std::vector<PolicyAxis>& space, std::size_t most, const PointCheck& why_not) {
  const std::size_t all = size_of(space);
  std::map<SpacePoint, bool> fits;
  FitPoints found;
  std::size_t asked = most;
  while (true) {
    std::vector<SpacePoint> candidates = points_within(space, asked);
    const bool are_all = candidates.size() < asked || candidates.size() >= all;
    std::vector<SpacePoint> fit;
    for (SpacePoint& point : candidates) {
      const auto [known, is_new] = fits.try_emplace(point, true);
      if (is_new) {
        if (auto why = why_not(point)) {
          known->second = false;
          if (found.unfit++ == 0) found.unfit_why = *std::move(why);
        }
      }
      if (known->second) fit.push_back(std::move(point));
    }
    if (fit.size() < most && !are_all) {
      asked += most - fit.size();
      continue;
    }
    // All points come axis by axis: of too many every so-manieth, so that no axis is cut off.
    const std::size_t kept = std::min(most, fit.size());
    for (std::size_t i = 0; i < kept; ++i) found.points.push_back(std::move(fit[i * fit.size() / kept]));
    return found;
  }
}

CompareReport::Explored explored_by(const std::vector<PolicyAxis>& space, const std::vector<SpacePoint>& points) {
  CompareReport::Explored explored{points.size(), size_of(space), 0, {}, {}};
  for (std::size_t a = 0; a < space.size(); ++a) {
    std::set<std::size_t> met;
    for (const SpacePoint& point : points) met.insert(point[a]);
    explored.axes.push_back(
        {space[a].name, space[a].points.front(), space[a].points.back(), met.size(), space[a].points.size()});
  }
  return explored;
}

}  // namespace peakstorm::cli
