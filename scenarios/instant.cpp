#include "scenarios/instant.hpp"

#include <string>

#include "scenarios/text/fields.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm {
namespace {

tl::unexpected<Error> rejected(std::string_view text, const scenarios::Complaint& complaint) {
  return fail(ErrorKind::bad_input, scenarios::in_quotes(text) + ": " + complaint.message + "; " + complaint.cure);
}

}  // namespace

Result<SimTime> read_instant(const World& world, std::string_view text) {
  const auto seconds = scenarios::parse_instant(scenarios::trim(text));
  if (!seconds) return rejected(text, seconds.error());
  const SimTime at = day_zero + std::chrono::seconds(*seconds - world.first_day_unix);
  const Day end = world.day_count + world.drain_days;
  if (at < day_zero || at >= day_zero + days(end)) {
    const auto first = static_cast<scenarios::UnixDay>(floor_div(world.first_day_unix, 86'400));
    return rejected(text, {"not on a day of the scenario", "choose one from " + scenarios::date_text(first) + " to " +
                                                               scenarios::date_text(first + end - 1)});
  }
  return at;
}

Result<SimDuration> read_duration(std::string_view text) {
  const auto duration = scenarios::parse_positive_duration(scenarios::trim(text));
  if (!duration) return rejected(text, duration.error());
  return *duration;
}

}  // namespace peakstorm
