/// What the queueing models have in common: answers to the kernel, and the account that a station keeps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernel/event.hpp"
#include "tests/engine/kernel/queues/times.hpp"

namespace peakstorm::kernel {

/// Processes without names of their own, between which every walk takes one time unit.
class QueueingModel {
 public:
  std::string name(LpId lp) const { return "process " + std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return mix64(index(lp)); }
  SimDuration lookahead(LpId) const { return units(1); }

 protected:
  explicit QueueingModel(RunKey run) : key_(run) {}
  // Draws belong to the event that is being handled: one time, and one number in (0, 1).
  SimDuration draw(const Times& times, const auto& event) const {
    return times.draw(key_, index(event.source), event.sequence);
  }
  double uniform(const auto& event) const {
    return Draws(key_, Purpose::test, index(event.source), event.sequence).unit(3);
  }

 private:
  DrawKey key_;
};

/// Times that customers spent somewhere, in time units.
struct Sojourns {
  double count = 0;
  double sum = 0;
  double squares = 0;
  void add(SimDuration spent) {
    const double time = static_cast<double>(spent.count()) / ticks_per_unit;
    count += 1;
    sum += time;
    squares += time * time;
  }
};

/// What one station has seen since an instant. In ticks and exact; the two sides of Little's law, the areas and the
/// sums over customers, are counted independently.
struct StationAccount {
  std::int64_t waiting = 0;            ///< Customers now,
  std::int64_t busy = 0;               ///< and those in service.
  std::int64_t present_area = 0;       ///< Integral of the number present over time, from a counter.
  std::int64_t waiting_area = 0;       ///< Of those not yet in service.
  std::int64_t sojourn = 0;            ///< Sum of (leave - arrive).
  std::int64_t unfinished = 0;         ///< Sum of (end - arrive) of those present at the end.
  std::array<std::int64_t, 2> wait{};  ///< Sum of (begin - arrive), by rank.
  std::array<std::uint64_t, 2> begun{};
  std::uint64_t had_to_wait = 0;
  std::uint64_t offered = 0;
  std::uint64_t refused = 0;
  std::uint64_t left = 0;
  std::uint64_t long_sojourns = 0;            ///< Longer than 10 time units.
  std::vector<std::uint32_t> left_by_window;  ///< Per 100 time units.

  explicit StationAccount(SimTime since) : since_(since), last_change_(since) {}
  [[nodiscard]] std::int64_t present() const { return waiting + busy; }

  /// A customer comes; false: there is no room, and the customer is gone.
  bool arrive(SimTime now, std::int64_t room = INT64_MAX) {
    const bool enters = present() < room;
    if (pass(now)) {
      ++offered;
      refused += enters ? 0 : 1;
    }
    waiting += enters ? 1 : 0;
    arrivals_ += enters ? now.time_since_epoch().count() : 0;
    return enters;
  }
  void begin(SimTime now, SimTime arrived, std::size_t rank = 0) {
    if (pass(now)) {
      ++begun[rank];
      had_to_wait += now > arrived ? 1 : 0;
      wait[rank] += (now - arrived).count();
    }
    --waiting;
    ++busy;
  }
  /// Whether it counts already.
  bool leave(SimTime now, SimTime arrived) {
    const bool counts = pass(now);
    if (counts) {
      ++left;
      sojourn += (now - arrived).count();
      long_sojourns += now - arrived > units(10) ? 1 : 0;
      const auto window = static_cast<std::size_t>((now - since_) / units(100));
      if (left_by_window.size() <= window) left_by_window.resize(window + 1);
      ++left_by_window[window];
    }
    --busy;
    arrivals_ -= arrived.time_since_epoch().count();
    return counts;
  }
  /// Closes the account at the end of the run.
  void finish(SimTime end) {
    pass(end);
    unfinished = present() * end.time_since_epoch().count() - arrivals_;
  }

 private:
  /// Time goes on to `now`; whether that counts already.
  bool pass(SimTime now) {
    if (now < since_) return false;
    present_area += (now - last_change_).count() * present();
    waiting_area += (now - last_change_).count() * waiting;
    last_change_ = now;
    return true;
  }
  SimTime since_;
  SimTime last_change_;
  std::int64_t arrivals_ = 0;  ///< Sum of the arrival instants of those present.
};

}  // namespace peakstorm::kernel
