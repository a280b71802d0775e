/// How dates are written for people, one catalogue a language. Pure; any thread.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace peakstorm {

/// UTF-8 without markup.
struct DateWords {
  std::string_view tag;  ///< BCP 47, "en".
  std::array<std::string_view, 12> months;
  std::array<std::string_view, 7> weekdays;  ///< From Sunday.
  std::string_view before_month;             ///< "24" this "December".
  std::string_view before_year;
};

inline constexpr DateWords english_dates{
    .tag = "en",
    .months = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December"},
    .weekdays = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
    .before_month = " ",
    .before_year = " "};
inline constexpr DateWords spanish_dates{
    .tag = "es",
    .months = {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
               "noviembre", "diciembre"},
    .weekdays = {"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
    .before_month = " de ",
    .before_year = " de "};

/// Appends "Tuesday 24 December", with the year when `year`.
inline void append_long_date(const DateWords& words, std::chrono::sys_days day, bool year, std::string& out) {
  const std::chrono::year_month_day ymd{day};
  out += words.weekdays[std::chrono::weekday{day}.c_encoding()];
  out += ' ';
  out += std::to_string(static_cast<unsigned>(ymd.day()));
  out += words.before_month;
  out += words.months[static_cast<unsigned>(ymd.month()) - 1];
  if (!year) return;
  out += words.before_year;
  out += std::to_string(static_cast<int>(ymd.year()));
}

}  // namespace peakstorm
