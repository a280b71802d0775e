#include "scenarios/build/builder.hpp"

#include "scenarios/build/folder.hpp"

namespace peakstorm::scenarios {

Builder::Builder(std::filesystem::path path, Settings read, Faults& sink)
    : folder(std::move(path)), settings(std::move(read)), faults(sink) {
  world.name = settings.name;
  world.title = settings.title;
  world.description = settings.description;
  world.first_day_unix = std::int64_t{settings.first_day.value_or(0)} * 86'400;
  world.day_count = settings.days.value_or(1);
  world.drain_days = settings.drain_days;
  world.measure_to = world.day_count;
  world.seed = settings.seed;
  world.calendar_from = -calendar_lead;
  world.sizes = settings.sizes;
  world.shopper = settings.shopper;
  world.loyalty = settings.loyalty;
  world.carbon = settings.carbon;
  world.replay = settings.replay;
  world.gates = settings.gates;
  for (const CarrierSettings& c : settings.carriers) {
    if (c.carrier.name.empty() || !carriers.add(c.carrier.name)) carriers.mark_incomplete();
    world.carriers.push_back(c.carrier);
  }
  for (const ShipperSettings& s : settings.shippers) {
    if (s.shipper.name.empty() || !shippers.add(s.shipper.name)) shippers.mark_incomplete();
    world.shippers.push_back(s.shipper);
  }
  if (!dated()) return;
  const auto measured = [&](const std::optional<Written<UnixDay>>& date, std::string_view key, Day& out, Day extra) {
    if (!date) return;
    out = day(date->value) + extra;
    if (day(date->value) >= 0 && day(date->value) < world.day_count) return;
    faults.add(settings_file, date->line, key, "the day " + date_text(date->value) + " is outside the horizon",
               "choose a day from " + span_text(0, world.day_count));
  };
  measured(settings.measure_from, "scenario.measure_from", world.measure_from, 0);
  measured(settings.measure_to, "scenario.measure_to", world.measure_to, 1);
  if (world.measure_from >= world.measure_to) {
    faults.add(settings_file, (settings.measure_to ? settings.measure_to : settings.measure_from)->line,
               "scenario.measure_to", "no day is measured: measure_to lies before measure_from",
               "put measure_to on or after measure_from");
  }
}

std::string Builder::span_text(Day from, Day to) const {
  const UnixDay first = settings.first_day.value_or(0);
  return date_text(first + from) + " to " + date_text(first + to - 1);
}

SimTime Builder::instant(std::int64_t unix_seconds) const {
  return SimTime{std::chrono::seconds{unix_seconds - world.first_day_unix}};
}

std::optional<DayRange> read_range(const Builder& b, const Row& row) {
  UnixDay from = 0;
  UnixDay to = 0;
  const bool from_read = row.read("from", parse_date, from);
  const bool to_read = row.read("to", parse_date, to);
  if (!from_read || !to_read || !b.dated()) return std::nullopt;
  if (to < from) {
    row.fault("to", "the range ends on " + date_text(to) + ", before it begins", "put the earlier date in 'from'");
    return std::nullopt;
  }
  const DayRange range{b.day(from), b.day(to) + 1};
  if (range.to <= 0 || range.from >= b.end()) {
    row.fault("from", "the range lies outside the horizon", "choose days from " + b.span_text(0, b.end()));
    return std::nullopt;
  }
  return range;
}

void read_position(const Row& row, Position& out) {
  row.read(
      "lat", [](std::string_view t) { return parse_decimal(t, -90, 90); }, out.lat);
  row.read(
      "lon", [](std::string_view t) { return parse_decimal(t, -180, 180); }, out.lon);
}

}  // namespace peakstorm::scenarios
