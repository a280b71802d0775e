/// Days of the Gregorian calendar as integers (Hinnant, "chrono-compatible low-level date algorithms").
#pragma once

#include <chrono>
#include <cstdint>

namespace peakstorm::scenarios {

struct CivilDate {
  int year = 1970;
  unsigned month = 1;
  unsigned day = 1;
};

/// Days since 1 January 1970. Requires a day of the calendar.
constexpr std::int32_t unix_day(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}
constexpr CivilDate civil_date(std::int32_t unix_day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{unix_day}}};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())};
}
/// Requires a month from 1 to 12.
constexpr unsigned days_in_month(int year, unsigned month) {
  const std::chrono::year_month_day_last last{std::chrono::year{year},
                                              std::chrono::month_day_last{std::chrono::month{month}}};
  return static_cast<unsigned>(last.day());
}

}  // namespace peakstorm::scenarios
