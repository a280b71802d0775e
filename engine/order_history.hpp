/// Past orders as plain facts: when each was placed, what was promised, when it came. What a reader of histories hands
/// over and what the learnt model of delivery times (delivery_time.hpp) learns from. All days are local calendar days:
/// a promise names a date, so dates are compared with dates, never instants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peakstorm {

/// Days since 1 January 1970, local calendar.
using CalendarDay = std::int32_t;

struct PastOrder {
  std::string id;
  CalendarDay placed = 0;
  int hour = 12;                      ///< Of the day it was placed, 0 to 23.
  bool second_clock = false;          ///< `placed` is a later step's date (a payment's), for want of the order's own.
  CalendarDay promised = 0;           ///< >= placed.
  std::optional<CalendarDay> handed;  ///< To the carrier; >= placed.
  std::optional<CalendarDay> delivered;  ///< >= placed.
  std::uint32_t from = 0;                ///< Index into OrderHistory::regions; 0: not known.
  std::uint32_t to = 0;
  std::uint32_t seller = 0;       ///< Index into OrderHistory::sellers; 0: not known.
  std::int32_t distance_km = -1;  ///< -1: not known.
  double telling_share = 1;       ///< Share of the lead that says something of transit; the rest is a margin.
  double promise_level = 0;       ///< Mean promised lead of recent orders when it was placed; 0: not known.
  double weight = 1;              ///< How many orders of the population it stands for; > 0.
  [[nodiscard]] int lead() const { return promised - placed; }
  /// Late by dates: delivered after the promised day. False while there is no delivery.
  [[nodiscard]] bool late() const { return delivered && *delivered > promised; }
};

struct OrderHistory {
  std::vector<PastOrder> orders;      ///< In the order of the file.
  std::vector<std::string> regions;   ///< [0] is "unknown".
  std::vector<std::string> sellers;   ///< [0] is "unknown".
  std::vector<CalendarDay> holidays;  ///< Sorted.
  CalendarDay as_of = 0;              ///< The last day on which anything is recorded: nothing is known of later days.
};

}  // namespace peakstorm
