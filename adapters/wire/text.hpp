/// Text that every JSON wire format needs: escaping, instants and dates, appended to a buffer that is
/// reused from message to message. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/time.hpp"

namespace peakstorm::wire {

/// Appends `text` as a JSON string with its quotes. Quotes, backslashes and control characters are escaped;
/// bytes that are not UTF-8 become U+FFFD, so that the result is JSON whatever the input.
void append_json_string(std::string& out, std::string_view text);

/// The same without the quotes.
void append_json_content(std::string& out, std::string_view text);

/// Appends an integer in decimal.
void append_integer(std::string& out, std::int64_t value);

/// Appends "2013-12-24T18:03:00.000Z" (RFC 3339, always with milliseconds). Requires: years 0 to 9999.
void append_utc(std::string& out, std::int64_t unix_ms);
/// Appends the same instant as a local reading with its offset: "2013-12-24T12:03:00.000-06:00". In an autumn
/// fold the offset tells the two readings apart. Offsets are whole minutes; odd seconds are cut (no zone has had
/// any since 1972).
void append_local(std::string& out, std::int64_t unix_ms, SimDuration offset);
/// Appends "2013-12-24" for a count of days since 1 Jan 1970.
void append_date(std::string& out, std::int64_t unix_day);

/// Appends "2013-12-24T18:03:00", an instant's UTC reading without fraction and zone.
void append_reading(std::string& out, std::int64_t unix_ms);
/// Appends "20131224" for a count of days since 1 Jan 1970.
void append_compact_date(std::string& out, std::int64_t unix_day);
/// Appends "180300", the time of day of an instant or of a count of milliseconds since midnight.
void append_compact_time(std::string& out, std::int64_t ms);
/// Appends "18:03" or "18:03:00" likewise.
void append_time_of_day(std::string& out, std::int64_t ms, bool with_seconds);
/// Appends "-06:00" or, with another separator, "-06.00". Requires: |minutes| < 100 h.
void append_offset(std::string& out, std::int64_t minutes, char separator);

/// Reads an RFC 3339 instant (fraction of any length, "Z" or an offset) as Unix milliseconds, rounded down;
/// none when it is not one. An instant without a zone is refused: it means something else to every reader.
std::optional<std::int64_t> parse_instant(std::string_view text);
/// Reads "2013-12-24" as days since 1 Jan 1970; none when it is not a date of the calendar.
std::optional<std::int64_t> parse_date(std::string_view text);

/// Percent-encodes everything but RFC 3986 unreserved characters.
void append_percent_encoded(std::string& out, std::string_view text);

/// Appends standard Base64 with padding.
void append_base64(std::string& out, std::string_view bytes);
/// Appends Base64 for URLs (RFC 4648, section 5), without padding.
void append_base64url(std::string& out, std::string_view bytes);

/// Appends 128 bits as a UUID formed like a random one (RFC 9562, version 4), which is what receivers check for; made
/// from hashes, so that the same scan keeps the same id.
void append_uuid(std::string& out, std::uint64_t high, std::uint64_t low);

}  // namespace peakstorm::wire
