#include "engine/promise/learned_transit.hpp"

#include <algorithm>

#include "engine/promise/quote.hpp"

namespace peakstorm::promise {
namespace {

// A group's number: service, region, weekday, state; the last number of each of the latter three stands for any.
constexpr std::uint32_t any_region = 0x1ff;
constexpr std::uint32_t any_weekday = 7;
constexpr std::uint32_t any_state = 2;

constexpr std::uint32_t group_of(ServiceId service, std::uint32_t region, std::uint32_t weekday, std::uint32_t state) {
  return static_cast<std::uint32_t>(service) << 16U | region << 5U | weekday << 2U | state;
}

constexpr std::uint32_t market(CarrierId carrier, RegionId region) {
  return static_cast<std::uint32_t>(index(region)) << 8U | static_cast<std::uint32_t>(carrier);
}

std::size_t cell(int shift) {
  return static_cast<std::size_t>(std::clamp(shift, earliest_shift, latest_shift) - earliest_shift);
}

/// Open days in [from, to).
int open_days(const World& world, CalendarId calendar, Day from, Day to) {
  int count = 0;
  for (Day day = from; day < to; ++day) count += world.is_open(calendar, day) ? 1 : 0;
  return count;
}

/// The published transit at its word: nothing comes before its day, and everything by then.
ShiftShares published_shares() {
  ShiftShares shares{};
  std::fill(shares.begin() - earliest_shift, shares.end(), 1.0);
  return shares;
}

}  // namespace

double share_by(const ShiftShares& shares, int shift) {
  if (shift < earliest_shift) return 0;
  return shares[cell(shift)];
}

Day shifted(const World& world, CalendarId calendar, Day day, int shift) {
  if (shift >= 0) return add_open_days(world, calendar, day, shift);
  const Day limit = day - 400;  // A checked calendar is open at least once a year.
  while (shift < 0 && day > limit && day > world.calendar_from) {
    --day;
    if (world.is_open(calendar, day)) ++shift;
  }
  return day;
}

int shift_to(const World& world, CalendarId calendar, Day from, Day to) {
  if (to > from) return open_days(world, calendar, from + 1, to) + 1;
  return -open_days(world, calendar, to, from);
}

int shift_by(const World& world, CalendarId calendar, Day from, Day by) {
  if (by >= from) return open_days(world, calendar, from + 1, by + 1);
  return -open_days(world, calendar, by + 1, from) - 1;
}

std::pair<std::uint32_t, std::uint32_t>& LearnedTransit::due(CarrierId carrier, RegionId region, std::uint16_t day) {
  DueDays& days = due_[market(carrier, region)];
  if (day >= days.size()) days.resize(std::size_t{day} + 1);
  return days[day];
}

void LearnedTransit::tendered(CarrierId carrier, RegionId region, std::uint16_t commit_day) {
  if (commit_day != no_day) ++due(carrier, region, commit_day).first;
}

void LearnedTransit::learn(const Delivered& news) {
  if (news.commit_day == no_day || news.delivered_day == no_day) return;
  const Service& service = world_->services[index(news.service)];
  const RegionId region = world_->destinations[index(news.destination)].region;
  ++due(service.carrier, region, news.commit_day).second;
  const std::size_t shift = cell(shift_to(*world_, service.delivery, news.commit_day, news.delivered_day));
  const auto r = static_cast<std::uint32_t>(index(region));
  const auto weekday = static_cast<std::uint32_t>(weekday_of(world_->first_day_unix, news.tender_day));
  const std::uint32_t state = news.was_strained;
  for (const std::uint32_t group :
       {group_of(news.service, any_region, any_weekday, any_state), group_of(news.service, r, any_weekday, any_state),
        group_of(news.service, any_region, any_weekday, state), group_of(news.service, r, any_weekday, state),
        group_of(news.service, r, weekday, state)}) {
    ++groups_[group][shift];
  }
}

bool LearnedTransit::strained(CarrierId carrier, RegionId region, Day today) const {
  constexpr std::uint64_t fewest = 10;
  const auto found = due_.find(market(carrier, region));
  if (found == due_.end()) return false;
  std::uint64_t due = 0;
  std::uint64_t missing = 0;
  for (Day day = std::max(0, today - 9); day <= today - 3 && static_cast<std::size_t>(day) < found->second.size();
       ++day) {
    const auto& [expected, come] = found->second[static_cast<std::size_t>(day)];
    due += expected;
    missing += expected - come;
  }
  return due >= fewest && missing * ppm_one > due * learning_->strained_above;
}

void LearnedTransit::shrink(ShiftShares& shares, std::uint32_t group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  std::uint64_t all = 0;
  for (const std::uint32_t count : found->second) all += count;
  const double weight = learning_->shrinkage * 1e-6;
  std::uint64_t come = 0;
  for (std::size_t i = 0; i < shift_count; ++i) {
    come += found->second[i];
    shares[i] = (static_cast<double>(come) + weight * shares[i]) / (static_cast<double>(all) + weight);
  }
}

ShiftShares LearnedTransit::shares(ServiceId service, RegionId region, int weekday, bool strained) const {
  const auto r = static_cast<std::uint32_t>(index(region));
  const std::uint32_t state = strained ? 1 : 0;
  ShiftShares shares = published_shares();
  shrink(shares, group_of(service, any_region, any_weekday, any_state));
  shrink(shares, group_of(service, any_region, any_weekday, state));
  shrink(shares, group_of(service, r, any_weekday, state));
  shrink(shares, group_of(service, r, static_cast<std::uint32_t>(weekday), state));
  return shares;
}

ShiftShares LearnedTransit::regional_shares(ServiceId service, RegionId region) const {
  ShiftShares shares = published_shares();
  shrink(shares, group_of(service, any_region, any_weekday, any_state));
  shrink(shares, group_of(service, static_cast<std::uint32_t>(index(region)), any_weekday, any_state));
  return shares;
}

}  // namespace peakstorm::promise
