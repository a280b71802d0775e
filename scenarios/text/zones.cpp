#include "scenarios/text/zones.hpp"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

#include "scenarios/text/near.hpp"

namespace peakstorm::scenarios {
namespace {

tl::unexpected<Complaint> complain(std::string message, std::string cure) {
  return tl::unexpected<Complaint>(Complaint{std::move(message), std::move(cure)});
}

/// nullptr when there is no such zone; throws only when the database itself is missing.
const date::time_zone* find_zone(std::string_view name) {
  const auto& zones = date::get_tzdb().zones;
  const auto zone = std::lower_bound(zones.begin(), zones.end(), name,
                                     [](const date::time_zone& z, std::string_view n) { return z.name() < n; });
  return zone != zones.end() && zone->name() == name ? &*zone : nullptr;
}

date::local_seconds local(UnixDay day, std::chrono::seconds time_of_day = {}) {
  return date::local_seconds{date::days{day}} + time_of_day;
}

}  // namespace

Parsed<std::string> parse_zone(std::string_view name) {
  if (name.empty()) return complain("the zone is empty", "name an IANA time zone, for instance America/Chicago");
  try {
    if (find_zone(name) != nullptr) return std::string(name);
    std::vector<std::string_view> known;
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
    return complain("unknown time zone " + in_quotes(name),
                    did_you_mean(name, known, "name an IANA time zone, for instance America/Chicago"));
  } catch (const std::runtime_error& error) {
    return complain("the time-zone database cannot be read: " + std::string(error.what()),
                    "install the package tzdata");
  }
}

TimeZone zone_table(const std::string& name, UnixDay first_day, UnixDay from, UnixDay to) {
  const date::time_zone& zone = *date::locate_zone(name);
  const date::sys_seconds end{date::days{to}};
  TimeZone out{name, {}};
  date::sys_seconds at{date::days{from}};
  while (at < end) {
    const date::sys_info info = zone.get_info(at);
    const SimDuration offset = info.offset;
    if (out.spans.empty()) {
      out.spans.push_back({SimTime::min(), offset});
    } else if (out.spans.back().offset != offset) {
      out.spans.push_back({SimTime{at.time_since_epoch() - date::days{first_day}}, offset});
    }
    at = std::max(info.end, at + std::chrono::seconds{1});
  }
  return out;
}

Parsed<std::int64_t> parse_instant(std::string_view text) {
  const std::string cure = "write date, time and zone, for instance 2013-12-05 12:00 America/Chicago";
  const auto words = split_list(text);
  if (words.size() == 2) return complain("the instant " + in_quotes(text) + " has no time zone", cure);
  if (words.size() != 3) return complain(in_quotes(text) + " is not an instant", cure);
  const auto day = parse_date(words[0]);
  if (!day) return tl::unexpected<Complaint>(day.error());
  std::string_view clock = words[1];
  std::uint64_t seconds = 0;
  if (clock.size() == 8 && clock[5] == ':' && clock.substr(0, 2) != "24") {
    const auto parsed = parse_count(clock.substr(6), 0, 59);
    if (!parsed) return complain(in_quotes(words[1]) + " is no time of day", cure);
    seconds = *parsed;
    clock = clock.substr(0, 5);
  }
  const auto time = parse_time(clock);
  if (!time) return tl::unexpected<Complaint>(time.error());
  const auto zone = parse_zone(words[2]);
  if (!zone) return tl::unexpected<Complaint>(zone.error());

  const auto wall = local(*day, std::chrono::duration_cast<std::chrono::seconds>(*time) +
                                    std::chrono::seconds{static_cast<std::int64_t>(seconds)});
  const date::local_info info = find_zone(*zone)->get_info(wall);
  const std::string in_utc = "write the instant in UTC";
  if (info.result == date::local_info::nonexistent) {
    return complain("the local time " + in_quotes(text) + " does not exist: clocks are put forward over it", in_utc);
  }
  if (info.result == date::local_info::ambiguous) {
    return complain("the local time " + in_quotes(text) + " exists twice: clocks are put back over it", in_utc);
  }
  return (wall.time_since_epoch() - info.first.offset).count();
}

std::int64_t local_midnight(const std::string& zone, UnixDay day) {
  return date::locate_zone(zone)->to_sys(local(day), date::choose::earliest).time_since_epoch().count();
}

}  // namespace peakstorm::scenarios
