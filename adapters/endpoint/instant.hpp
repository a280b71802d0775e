/// Instants and dates as text: RFC 3339 with an obligatory offset, and ISO calendar dates. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peakstorm::endpoint {

/// An instant and the offset in which its sender told it.
struct Instant {
  std::int64_t unix_ms = 0;
  std::int16_t offset_minutes = 0;  ///< Local minus UTC at the place; 0 also for "Z".
  bool operator==(const Instant&) const = default;
};

/// "2013-12-24T12:03:00.5-06:00". Milliseconds are kept, finer digits cut off; second 60 is the next
/// minute's first. None for anything else, above all for a time without an offset.
std::optional<Instant> parse_instant(std::string_view text);
/// "2013-12-24T18:03:00.500Z".
void append_instant(std::int64_t unix_ms, std::string& out);

/// A calendar date as days since 1 January 1970.
using Date = std::int32_t;
inline constexpr Date no_date = INT32_MIN;
/// "2013-12-24", or the date part of a longer ISO time ("2013-12-24T00:00:00Z"): the date as its sender
/// wrote it, in no other zone. None for anything else.
std::optional<Date> parse_date(std::string_view text);
void append_date(Date date, std::string& out);

/// "08:30" as minutes since midnight, "24:00" included.
std::optional<std::int16_t> parse_time_of_day(std::string_view text);
void append_time_of_day(std::int16_t minutes, std::string& out);

}  // namespace peakstorm::endpoint
