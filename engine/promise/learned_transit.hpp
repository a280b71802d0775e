/// What a ship node has learned of carriers' transit from its own parcels: how many delivery days after (or before) the
/// published day they come, by service, state of the network, region and weekday of tender.
///
/// A group of parcels that is thin leans on the coarser one it belongs to. With c(k) of the n parcels of a group come
/// by k delivery days after the published one, and F' the share of the coarser group,
///     F(k) = (c(k) + n0 F'(k)) / (n + n0),
/// so that whole distributions shrink, not means (the weight n / (n + n0) is Buehlmann's, conformal.hpp; n0 is
/// Learning::shrinkage). The groups are, coarse to fine: the published transit taken at its word, the service, the
/// service in this state of the network, in this region, on this weekday. Undelivered parcels are in no group; the
/// state of the network (strained()) and the correction of promises count them as late.
///
/// Everything here comes from the news of depots, `Learning::news_delay` old at least, and from the node's own books:
/// nothing of it lies in the future of the order it is used for. News of one instant may come in any order. Used by one
/// process; not safe from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/archive.hpp"
#include "engine/world.hpp"

namespace peakstorm::promise {

/// News of one delivered parcel. Days are days of the run; tender in the node's zone, the others at the destination.
struct Delivered {
  DestinationId destination{};
  std::uint16_t tender_day = 0;
  std::uint16_t commit_day = 0;
  std::uint16_t promise_day = 0;
  std::uint16_t delivered_day = 0;
  ServiceId service{};
  std::uint8_t was_strained = 0;  ///< The network was when it was ordered.
};
static_assert(PlainBytes<Delivered>);

/// Delivery days between the published day and the delivery, clamped to [earliest_shift, latest_shift].
inline constexpr int earliest_shift = -7;
inline constexpr int latest_shift = 30;
inline constexpr std::size_t shift_count = latest_shift - earliest_shift + 1;

/// F(k) for k from earliest_shift to latest_shift; never falls, and ends at 1.
using ShiftShares = std::array<double, shift_count>;

/// The share that has come by `shift`: 0 before the first, 1 from the last on.
double share_by(const ShiftShares& shares, int shift);

/// `day` moved by `shift` delivery days of `calendar`; forwards as add_open_days(), backwards likewise. Requires
/// `day` to be open when shift < 0.
Day shifted(const World& world, CalendarId calendar, Day day, int shift);

/// The least shift that moves `from` to `to` or beyond it. Requires `from` to be open.
int shift_to(const World& world, CalendarId calendar, Day from, Day to);

/// The largest shift that moves `from` to `by` at the latest. Requires `from` to be open.
int shift_by(const World& world, CalendarId calendar, Day from, Day by);

class LearnedTransit {
 public:
  LearnedTransit(const World& world, const Learning& learning) : world_(&world), learning_(&learning) {}

  /// A parcel was handed to the carrier, who publishes `commit_day` for it.
  void tendered(CarrierId carrier, RegionId region, std::uint16_t commit_day);
  void learn(const Delivered& news);

  /// Whether the carrier's network in the region is strained (Learning::strained_above) as one knows on UTC day
  /// `today`: of ten parcels at least that were due three to nine days ago. The three days are for the news to come.
  [[nodiscard]] bool strained(CarrierId carrier, RegionId region, Day today) const;
  /// The shares for a parcel tendered on a weekday (0 is Monday) while the network is in this state.
  [[nodiscard]] ShiftShares shares(ServiceId service, RegionId region, int weekday, bool strained) const;
  /// Of the service in the region, whatever the weekday and the state.
  [[nodiscard]] ShiftShares regional_shares(ServiceId service, RegionId region) const;

  template <class Archive>
  void transfer(Archive& archive) {
    transfer_map(archive, groups_);
    transfer_map(archive, due_);
  }

 private:
  using Counts = std::array<std::uint32_t, shift_count>;
  using DueDays = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  ///< By day: due, come.

  template <class Archive, class Value>
  static void transfer_map(Archive& archive, std::map<std::uint32_t, Value>& map) {
    std::vector<std::pair<std::uint32_t, Value>> rows(map.begin(), map.end());
    archive(rows);
    if constexpr (Archive::is_reading) map = {rows.begin(), rows.end()};
  }
  void shrink(ShiftShares& shares, std::uint32_t group) const;
  std::pair<std::uint32_t, std::uint32_t>& due(CarrierId carrier, RegionId region, std::uint16_t day);

  const World* world_;
  const Learning* learning_;
  std::map<std::uint32_t, Counts> groups_;
  std::map<std::uint32_t, DueDays> due_;  ///< By region and carrier.
};

}  // namespace peakstorm::promise
