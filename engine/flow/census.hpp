/// Day and hour counts of one place, filled as its own events pass; and the carrier counts that the
/// conservation check adds up.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/recorder.hpp"
#include "engine/time.hpp"

namespace peakstorm::flow {

/// Counts that change at instants and are read at midnights (00:00 UTC): a change at t shows at the
/// first midnight after t.
class MidnightCount {
 public:
  explicit MidnightCount(std::size_t midnights) : change_(midnights + 1) {}
  void add(SimTime at, std::int64_t count) { change_[bin(at)] += count; }
  /// Present in (from, to]: counted at every midnight in between.
  void add_between(SimTime from, SimTime to, std::int64_t count) {
    change_[bin(from)] += count;
    change_[bin(to)] -= count;
  }
  /// The count at each midnight, and after all changes as the last entry.
  [[nodiscard]] std::vector<std::int64_t> series() const {
    std::vector<std::int64_t> sums;
    std::int64_t sum = 0;
    for (const std::int64_t c : change_) sums.push_back(sum += c);
    return sums;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive.each(change_);
  }

 private:
  [[nodiscard]] std::size_t bin(SimTime at) const {
    // Midnight k is day k; an event at exactly midnight k shows at k + 1.
    const std::int64_t day = floor_div(at.time_since_epoch().count(), days(1).count()) + 1;
    const auto last = static_cast<std::int64_t>(change_.size()) - 1;
    return static_cast<std::size_t>(day < 0 ? 0 : (day < last ? day : last));
  }
  std::vector<std::int64_t> change_;  // By midnight; the last one takes the end of the run and what is after.
};

/// The load of a place at every full hour, from its real queues. An hour's sample is taken before the events of
/// that very instant.
class LoadSeries {
 public:
  static constexpr SimDuration step = hours(1);
  explicit LoadSeries(SimTime end) : van_(static_cast<std::size_t>((end - day_zero) / step) + 2), end_(end) {}

  /// Samples all hours up to and including `now` with the load as it stands. Call before handling an event.
  void advance(SimTime now, const PlaceLoad& load) {
    while (next_ <= now && next_ <= end_) {
      samples_.push_back(load);
      next_ += step;
    }
  }
  /// A parcel is on a van in (from, to].
  void on_van(SimTime from, SimTime to) {
    ++van_[hour_after(from)];
    --van_[hour_after(to)];
  }
  /// All samples, vans included. Requires: advanced to the end.
  [[nodiscard]] std::vector<PlaceLoad> series() const {
    std::vector<PlaceLoad> all = samples_;
    std::int64_t out = 0;
    for (std::size_t h = 0; h < all.size(); ++h) {
      out += van_[h];
      all[h].delivering += static_cast<std::uint32_t>(out);
    }
    return all;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(samples_, next_);
    archive.each(van_);
  }

 private:
  [[nodiscard]] std::size_t hour_after(SimTime at) const {
    const auto hour = static_cast<std::size_t>((at - day_zero) / step) + 1;
    return hour < van_.size() ? hour : van_.size() - 1;
  }
  std::vector<PlaceLoad> samples_;
  std::vector<std::int64_t> van_;
  SimTime next_ = day_zero;
  SimTime end_;
};

}  // namespace peakstorm::flow
