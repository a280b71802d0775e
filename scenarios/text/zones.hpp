/// The IANA time-zone database, as the scenario's tables and instants need it.
#pragma once

#include <string>
#include <string_view>

#include "engine/time.hpp"
#include "scenarios/text/fields.hpp"

namespace peakstorm::scenarios {

/// Whether the database has a zone of this name; a complaint with near names otherwise.
Parsed<std::string> parse_zone(std::string_view name);

/// Offsets of a zone from `from` to `to` (days since 1970), relative to 00:00 UTC of `first_day`. Neighbouring
/// spans with the same offset are joined. Requires a name that parse_zone accepts.
TimeZone zone_table(const std::string& name, UnixDay first_day, UnixDay from, UnixDay to);

/// "2013-12-05 12:00 America/Chicago", seconds allowed, as seconds since 1970 in UTC. Local times that do
/// not exist or exist twice are complaints.
Parsed<std::int64_t> parse_instant(std::string_view text);

/// Seconds since 1970 of the start of a local day. Where midnight falls into a gap it is the gap's end, in a
/// fold the earlier one. Requires a name that parse_zone accepts.
std::int64_t local_midnight(const std::string& zone, UnixDay day);

}  // namespace peakstorm::scenarios
