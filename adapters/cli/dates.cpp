#include "adapters/cli/dates.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <sstream>

namespace peakstorm::cli {

Result<CalendarDay> read_date(const char* flag, const std::string& text) {
  std::istringstream in(text);
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  char first = 0;
  char second = 0;
  in >> year >> first >> month >> second >> day;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!in || in.peek() != std::istringstream::traits_type::eof() || first != '-' || second != '-' || !date.ok() ||
      year < 1970 || year > 2199) {
    return fail(ErrorKind::bad_input, fmt::format("{}: '{}' is no date; write 2018-03-01", flag, text));
  }
  return static_cast<CalendarDay>(std::chrono::sys_days{date}.time_since_epoch().count());
}

std::string date_text(CalendarDay day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string short_date(CalendarDay day) {
  constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_days at{std::chrono::days{day}};
  const std::chrono::year_month_day date{at};
  return fmt::format("{} {} {}", weekdays[std::chrono::weekday{at}.c_encoding()], static_cast<unsigned>(date.day()),
                     months[static_cast<unsigned>(date.month()) - 1]);
}

}  // namespace peakstorm::cli
