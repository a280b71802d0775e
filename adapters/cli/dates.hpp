/// Calendar days as flags give them and as people read them.
#pragma once

#include <string>

#include "engine/order_history.hpp"
#include "engine/result.hpp"

namespace peakstorm::cli {

/// "2018-03-01". `flag` is named in the error (bad_input): no date of the years 1970 to 2199.
Result<CalendarDay> read_date(const char* flag, const std::string& text);
/// "2018-03-01".
std::string date_text(CalendarDay day);
/// "Thu 1 Mar".
std::string short_date(CalendarDay day);

}  // namespace peakstorm::cli
