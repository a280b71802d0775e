/// A server of finite, time-varying rate as a cumulative capacity function.
///
/// K(t) is the work the sorter could have done by t, given its windows, seasonal plan, staffing under
/// weather and closures. A FIFO batch of work w that becomes available at t finishes at K^-1(V) with
/// V = max(V, K(t)) + w (Reich's formula). Integers throughout: one piece is `units_per_piece` units of
/// work, so that a piece takes an exact, not a rounded, time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/check.hpp"
#include "engine/time.hpp"

namespace peakstorm::flow {

class WorkCalendar {
 public:
  using Work = std::int64_t;
  /// 36e7 units: at R pieces an hour the rate is exactly 100 R units per ms. A sorter of 4 M pieces an hour
  /// overflows after 266 days.
  static constexpr Work units_per_piece = 360'000'000;

  struct Segment {
    SimTime from;
    Work rate = 0;    ///< Units per ms until the next segment.
    Work before = 0;  ///< K(from).
  };

  /// Appends a segment; segments must be appended in ascending order of `from`.
  void append(SimTime from, Work rate) {
    PEAKSTORM_CHECK(rate >= 0, rate);
    if (segments_.empty()) {
      segments_.push_back({from, rate, 0});
      return;
    }
    Segment& last = segments_.back();
    PEAKSTORM_CHECK(from >= last.from, from, last.from);
    if (from == last.from) {
      last.rate = rate;
    } else if (rate != last.rate) {
      segments_.push_back({from, rate, last.before + last.rate * (from - last.from).count()});
    }
  }

  /// K(t).
  [[nodiscard]] Work done_by(SimTime at) const {
    if (segments_.empty() || at <= segments_.front().from) return 0;
    auto after = std::upper_bound(segments_.begin(), segments_.end(), at,
                                  [](SimTime t, const Segment& s) { return t < s.from; });
    const Segment& s = *(after - 1);
    return s.before + s.rate * (at - s.from).count();
  }

  /// Smallest t with K(t) >= work; `never` when that is after the last segment with a rate.
  [[nodiscard]] SimTime when(Work work) const {
    auto after = std::lower_bound(segments_.begin(), segments_.end(), work,
                                  [](const Segment& s, Work w) { return s.before < w; });
    if (after == segments_.begin()) return segments_.empty() ? never : segments_.front().from;
    const Segment& s = *(after - 1);
    if (s.rate == 0) return never;
    return s.from + SimDuration{(work - s.before + s.rate - 1) / s.rate};
  }

  [[nodiscard]] bool empty() const { return segments_.empty(); }

 private:
  std::vector<Segment> segments_;
};

}  // namespace peakstorm::flow
