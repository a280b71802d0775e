/// The files of a scenario folder.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "scenarios/build/faults.hpp"

namespace peakstorm::scenarios {

inline constexpr std::string_view settings_file = "scenario.toml";
/// Every table of the format, sorted.
inline constexpr std::array<std::string_view, 17> table_files{
    "calendars.csv", "capacity.csv", "coverage.csv", "demand.csv", "disruptions.csv", "facilities.csv",
    "lanes.csv",     "nodes.csv",    "orders.csv",   "peaks.csv",  "pickups.csv",     "rates.csv",
    "season.csv",    "services.csv", "sorts.csv",    "stock.csv",  "transit.csv"};
/// No part of the world: what was published about it (scenarios/validation.hpp).
inline constexpr std::string_view validation_file = "validation.csv";

/// Largest file that is read, bytes: some five million orders.
inline constexpr std::uintmax_t file_size_max = 512ULL << 20U;

/// The whole of a regular file; a complaint when there is none or it is too large.
Parsed<std::string> read_text(const std::filesystem::path& path);

/// Faults for tables the format does not know: a misspelled optional table would otherwise pass unread.
void check_file_names(const std::filesystem::path& folder, Faults& faults);

}  // namespace peakstorm::scenarios
