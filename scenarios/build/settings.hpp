/// scenario.toml as plain values. Names of things that stand in tables are kept with their line, for the
/// builder to resolve.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/world.hpp"
#include "scenarios/build/faults.hpp"

namespace peakstorm::scenarios {

struct Overlay;

/// A value with the line it was written in.
template <class T>
struct Written {
  T value{};
  int line = 0;
};

struct CarrierSettings {
  Carrier carrier;
  Written<std::string> pickup_calendar;
  int line = 0;
};

struct TariffSettings {
  Tariff tariff;
  Written<std::string> service;
  bool has_share = false;
  int line = 0;
};

struct GuaranteeSettings {
  SimDuration until_time{};
  Written<UnixDay> until_day;
  Written<UnixDay> date;
  Tier upgrade_to = Tier::express;
  int line = 0;
};

struct HedgeSettings {
  Written<UnixDay> from;
  Written<UnixDay> to;  ///< Inclusive; without a line: to the end.
  std::uint8_t days = 0;
};

struct BarSettings {
  Written<std::string> carrier;
  std::vector<Written<std::string>> regions;
  std::array<bool, tier_count> tiers{true, true, true};
};

struct ShipperSettings {
  Shipper shipper;  ///< Without season, tariffs, bars, guarantees and hedges.
  std::optional<Written<std::string>> season;
  std::vector<TariffSettings> tariffs;
  std::vector<BarSettings> bars;
  std::vector<GuaranteeSettings> guarantees;
  std::vector<HedgeSettings> hedges;
  int line = 0;
};

struct Settings {
  std::string name;
  std::string title;
  std::string description;
  std::optional<UnixDay> first_day;  ///< Nothing, as with `days`, when it is missing or faulty.
  std::optional<Day> days;
  Day drain_days = 7;
  std::optional<Written<UnixDay>> measure_from;
  std::optional<Written<UnixDay>> measure_to;  ///< Inclusive.
  std::uint64_t seed = 1;
  Written<std::string> home_zone;
  std::vector<SizeClass> sizes;
  std::vector<CarrierSettings> carriers;
  std::vector<ShipperSettings> shippers;
  ShopperModel shopper;
  LoyaltyModel loyalty;
  CarbonModel carbon;
  ReplayDefaults replay;
  std::vector<GateText> gates;
};

inline constexpr std::array<const char*, tier_count> tier_names{"economy", "standard", "express"};
/// Longest horizon, days with drain: hours of a run must fit 16 bits (ids.hpp), with room to spare.
inline constexpr Day horizon_max = 1'000;

/// Parses and checks the file by itself. Nothing when it is not TOML (the fault says where); otherwise whatever
/// could be read, with defaults in the place of faulty values. `name`: what scenario.name must be. `overlay`: none, or
/// what a policy changes in the file.
std::optional<Settings> read_settings(const std::filesystem::path& folder, const std::string& name, Faults& faults,
                                      const Overlay* overlay = nullptr);

/// Factors scaled to a mean of exactly 1: integers with the sum size * ppm_one, by largest remainder. Requires a
/// sum above 0.
std::vector<Ppm> scaled_to_mean_one(const std::vector<Ppm>& factors);

Parsed<Tier> parse_tier(std::string_view text);

}  // namespace peakstorm::scenarios
