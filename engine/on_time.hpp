/// Every definition of on time, always named: ShipMatrix gave USPS 97.4 % for Cyber Week 2024 with a day of grace and
/// weather set aside, and 90.4 % for that December by the committed times. A rate without its definition's name is a
/// bug.
#pragma once

#include <array>
#include <cstdint>

#include "engine/scan.hpp"

namespace peakstorm {

enum class OnTimeDefinition : std::uint8_t {
  promise,         ///< Headline: delivered local date <= first promised date; past due and undelivered is broken.
  revised,         ///< ... <= the last date shown before it expired.
  first_attempt,   ///< First attempt's local date <= first promised date.
  window,          ///< Delivered on an earlier date, or on the promised date before the promised hours end.
  commit,          ///< Delivered by the carrier's own commitment (date and hour); clock starts at tender.
  commit_lenient,  ///< One extra day for road services, weather-delayed parcels set aside.
  reported,        ///< As `promise`, by the carrier's own account: a delivery it never reported counts as broken.
};
inline constexpr std::size_t on_time_definitions = 7;
inline constexpr std::array<const char*, on_time_definitions> on_time_names{
    "promise", "revised", "first_attempt", "window", "commit", "commit_lenient", "reported"};

enum class Verdict : std::uint8_t {
  not_counted,  ///< Outside the definition, cancelled, or not yet due when the run ended.
  kept,
  broken,
};

/// Judges one outcome by every definition. `horizon_day` is the last whole local day of the run: an
/// undelivered parcel due after it is not yet broken.
std::array<Verdict, on_time_definitions> judge(const World& world, const Outcome& outcome, Day horizon_day);

}  // namespace peakstorm
