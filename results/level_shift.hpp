/// Where the level of a series changed: which run of a history brought the step. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace peakstorm {

struct LevelShift {
  std::size_t at = 0;  ///< First value of the new level.
  double before = 0;   ///< Median of the values since the shift before.
  double after = 0;    ///< Median of the values up to the next shift.
  double p = 1;        ///< Of so clear a shift, anywhere in the stretch, in values that come in any order.
};

/// The shifts of a series, in its order: circular binary segmentation (Olshen, Venkatraman, Lucito & Wigler,
/// Biostatistics 5, 2004) on ranks, so that an outlier is no shift. Of all stretches, one that stands out from the rest
/// is looked for: the largest |sum of its ranks - what is expected| / sqrt(k (n - k) / n) for k of n values; one that
/// reaches to an end is a single step, one in the middle is up and down again. Its p is the share of 1,999 shuffles
/// (and the series itself) in which any stretch stands out as much. Where one does at `level`, the parts are looked at
/// in turn; a part has four values at least. A series without any shift gives one with probability `level` at most. At
/// 1 % nine values or fewer give none. Shuffles are fixed: the same series, the same answer. Requires 0 < level < 1 and
/// finite values. O(n^2) for a series that never shifts, O(2,000 n^2) for each shift.
std::vector<LevelShift> level_shifts(std::span<const double> values, double level = 0.01);

}  // namespace peakstorm
