/// Text of one field to its value, one function per kind of scenarios/FORMAT.md. Pure; numbers are read
/// digit by digit into integers, so that 0.29 is 290,000 parts per million on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "engine/time.hpp"
#include "engine/world.hpp"

namespace peakstorm::scenarios {

/// Why a field cannot be read; the caller adds the place.
struct Complaint {
  std::string message;
  std::string cure;
};
template <class T>
using Parsed = tl::expected<T, Complaint>;

/// Largest factor that is accepted; far beyond any sensible one, and safe from overflow.
inline constexpr std::uint32_t factor_max = 1'000;

/// Days since 1 January 1970.
using UnixDay = std::int32_t;

Parsed<std::string> parse_name(std::string_view text);
Parsed<Ppm> parse_share(std::string_view text);
Parsed<Ppm> parse_factor(std::string_view text);
/// Like parse_factor, but 0 is a complaint.
Parsed<Ppm> parse_positive_factor(std::string_view text);
/// Digits only; `low` <= value <= `high`.
Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t low, std::uint64_t high);
/// A plain decimal number without exponent; `low` <= value <= `high`.
Parsed<double> parse_decimal(std::string_view text, double low, double high);
/// 1970-01-01 to 2199-12-31.
Parsed<UnixDay> parse_date(std::string_view text);
/// 00:00 to 24:00.
Parsed<SimDuration> parse_time(std::string_view text);
/// Units d, h, m, s, each at most once and in that order; up to 3650 days.
Parsed<SimDuration> parse_duration(std::string_view text);
Parsed<SimDuration> parse_positive_duration(std::string_view text);
/// US dollars to cents, up to a million dollars.
Parsed<Cents> parse_money(std::string_view text);
/// Bit 0 is Monday.
Parsed<std::uint8_t> parse_weekdays(std::string_view text);
/// "yes" or "no", "true" or "false".
Parsed<bool> parse_yes_no(std::string_view text);

/// Words separated by spaces.
std::vector<std::string_view> split_list(std::string_view text);
std::string_view trim(std::string_view text);
/// Text for a message: quoted, shortened to some forty characters, control characters and bytes that are not UTF-8
/// replaced by question marks.
std::string in_quotes(std::string_view text);
/// "2013-12-24"
std::string date_text(UnixDay day);
/// 1'250'000 as "1.25"
std::string ppm_text(std::uint64_t ppm);
/// "17:30"
std::string time_text(SimDuration time_of_day);

/// A number that TOML gives as a double, as millionths; exact, since a double holds 15 decimal digits.
/// Complains like parse_factor when it is negative, has more than six decimals, or exceeds `high`.
Parsed<Ppm> ppm_of(double value, std::uint32_t high);
/// Likewise, dollars to cents.
Parsed<Cents> cents_of(double dollars);

}  // namespace peakstorm::scenarios
