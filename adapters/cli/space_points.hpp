/// Which points of a policies file's [space] a search looks at. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/compare_report.hpp"
#include "scenarios/policies.hpp"

namespace peakstorm::cli {

/// An index per axis.
using SpacePoint = std::vector<std::size_t>;

/// All points if there are at most `most`; else `most` of them, spread evenly: Halton's sequence, the a-th prime as
/// base of axis a, so that every axis is covered however few they are; where the sequence repeats itself too often,
/// fewer. The first points are those of a smaller `most`. Requires axes with values.
std::vector<SpacePoint> points_within(const std::vector<PolicyAxis>& space, std::size_t most);

/// Whether a point is a scenario that can run; what is wrong with it otherwise.
using PointCheck = std::function<std::optional<std::string>(const SpacePoint&)>;

struct FitPoints {
  std::vector<SpacePoint> points;
  std::size_t unfit = 0;  ///< Points that were looked at and cannot run.
  std::string unfit_why;  ///< Of the first.
};
/// As points_within(), of the points that can run; each point is checked once. For one that cannot, another is looked
/// at, until there are `most` or the space has no more to give.
FitPoints fit_points_within(const std::vector<PolicyAxis>& space, std::size_t most, const PointCheck& why_not);

/// What the points cover, axis by axis.
CompareReport::Explored explored_by(const std::vector<PolicyAxis>& space, const std::vector<SpacePoint>& points);

}  // namespace peakstorm::cli
