/// The parts of the loader, in the order in which they run. Each reads some tables into the World that
/// grows in the Builder and reports what is wrong with them; a part may rely on the names of those before
/// it, not on their being free of faults.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/build/faults.hpp"
#include "scenarios/build/names.hpp"
#include "scenarios/build/settings.hpp"
#include "scenarios/build/table.hpp"

namespace peakstorm::scenarios {

/// Days before the first day that calendars cover.
inline constexpr Day calendar_lead = 30;
/// Days after the last that calendars, time zones and promises may reach.
inline constexpr Day horizon_tail = 120;

struct Builder {
  Builder(std::filesystem::path path, Settings read, Faults& sink);

  std::filesystem::path folder;
  /// Tables that a policy replaces, by name.
  std::map<std::string, std::filesystem::path, std::less<>> tables_elsewhere;
  Settings settings;
  Faults& faults;
  World world;

  Names carriers{"carrier", "scenario.toml"};
  Names shippers{"shipper", "scenario.toml"};
  Names calendars{"calendar", "calendars.csv"};
  Names zones{"time zone", "the IANA database"};
  Names regions{"region", "demand.csv"};
  Names destinations{"destination", "demand.csv"};
  Names facilities{"facility", "facilities.csv"};
  Names services{"service", "services.csv"};
  Names nodes{"node", "nodes.csv"};

  /// Line of coverage.csv that names a depot first, by FacilityId; 0: none does.
  std::vector<int> depot_lines;

  /// The horizon is known: dates can be placed. When it is not, that is a fault already.
  [[nodiscard]] bool dated() const { return settings.first_day && settings.days; }
  [[nodiscard]] Day end() const { return world.day_count + world.drain_days; }
  /// A date as a day of the World.
  [[nodiscard]] Day day(UnixDay date) const { return date - settings.first_day.value_or(0); }
  /// "2013-11-25 to 2014-01-12": days [from, to).
  [[nodiscard]] std::string span_text(Day from, Day to) const;
  /// Seconds since 1970 as an instant of the World.
  [[nodiscard]] SimTime instant(std::int64_t unix_seconds) const;
  [[nodiscard]] Table table(std::string_view file, const Columns& columns, Table::Presence presence) const {
    const auto moved = tables_elsewhere.find(file);
    return Table::read(moved == tables_elsewhere.end() ? folder / file : moved->second, file, columns, presence,
                       faults);
  }
};

void read_calendars(Builder& b);    ///< calendars.csv.
void read_places(Builder& b);       ///< demand.csv, facilities.csv, sorts.csv, nodes.csv; zones and regions.
void read_lanes(Builder& b);        ///< lanes.csv.
void read_coverage(Builder& b);     ///< coverage.csv, capacity.csv.
void read_services(Builder& b);     ///< services.csv, transit.csv, rates.csv, peaks.csv.
void read_shippers(Builder& b);     ///< season.csv, and what shippers say of services and dates.
void read_pickups(Builder& b);      ///< pickups.csv.
void read_stock(Builder& b);        ///< stock.csv.
void read_disruptions(Builder& b);  ///< disruptions.csv.
/// The disruptions of a future (loader.hpp) in place of, and beside, those of disruptions.csv.
void apply_what_if(Builder& b, const WhatIf& what_if);
void read_orders(Builder& b);    ///< orders.csv.
void check_network(Builder& b);  ///< Whether every parcel that can be ordered can be delivered.

/// Of disruptions.csv, and the keys of a future's [[disruption]].
inline const Columns disruption_columns{
    {"name", "kind", "from", "to", "area"},
    {"carrier", "shipper", "speed", "staffing", "closed", "embargo", "demand", "scan_delay"},
    false};
/// One row with these columns; nothing, and a fault, when it cannot be read. Its name must be known to be one.
std::optional<Disruption> read_disruption(Builder& b, const Row& row);

/// A range of dates, `to` inclusive in the table and exclusive in the World.
struct DayRange {
  Day from = 0;
  Day to = 0;
};
/// Reads the columns `from` and `to`. Faults: reversed ranges, and ranges that do not touch the horizon.
std::optional<DayRange> read_range(const Builder& b, const Row& row);

/// Latitude and longitude from the columns `lat` and `lon`.
void read_position(const Row& row, Position& out);

}  // namespace peakstorm::scenarios
