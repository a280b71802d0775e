/// The plain parcel model that other engines can run as well, so that they can be compared: depots create parcels
/// with exponential gaps; each visits three or four hubs (even odds), uniformly drawn; each leg, the last to the door
/// too, takes 0.25 h + Exp(1.75 h); a hub is a first-come, first-served queue with some servers and exponential
/// service. Scans: created, arrived and departed at each hub, delivered.
///
/// An event per hub suffices: with first come, first served, the arrival settles the departure. And a depot wakes
/// once per lookahead to create what is due until it wakes again, which no hub can see earlier.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/kernel/exponential.hpp"
#include "engine/random.hpp"

namespace peakstorm {

class ParcelNetwork {
 public:
  static constexpr std::int64_t hour = 40'000'000;  ///< Ticks; a parcel is under way for less than 2^32 of them.
  static constexpr std::uint32_t depots = 64, hubs = 32, servers = 8;
  static constexpr double load = 0.8, hubs_per_parcel = 3.5;
  struct Payload {
    std::uint32_t born = 0;      ///< Instant of creation, modulo 2^32.
    std::uint8_t hubs_left = 0;  ///< The one at which it arrives included.
    std::uint8_t depot = 0;
  };
  /// What one process has seen.
  struct Account {
    std::uint64_t created = 0, delivered = 0, scans = 0, digest = 0;
    // From warm_up on: parcels delivered and their time since creation; service time of those who arrived.
    std::uint64_t measured = 0;
    std::int64_t in_system = 0, busy = 0;
  };

  /// Each depot creates parcels / depots, at parcels_per_hour over all depots.
  ParcelNetwork(std::uint64_t parcels, double parcels_per_hour, RunKey run, SimTime warm_up = {})
      : accounts(hubs + depots),
        quota_(parcels / depots),
        gap_(depots / parcels_per_hour),
        key_(run),
        warm_up_(warm_up),
        service_(load * hubs * servers / (parcels_per_hour * hubs_per_parcel)),
        free_(hubs),
        next_(depots) {}

  std::size_t lp_count() const { return hubs + depots; }  // Hubs first.
  std::string name(kernel::LpId lp) const { return (index(lp) < hubs ? "hub " : "depot ") + std::to_string(index(lp)); }
  std::uint64_t name_hash(kernel::LpId lp) const { return mix64(index(lp)); }
  SimDuration lookahead(kernel::LpId) const { return hours(0.25); }
  void start(auto& engine) const {
    for (std::uint32_t d = hubs; d < hubs + depots; ++d) engine.schedule(kernel::LpId{d}, SimTime{}, {});
  }

  void handle(const kernel::Event<Payload>& event, auto& outbox) {
    Account& account = accounts[index(event.target)];
    const Payload& parcel = event.payload;
    account.digest = mix64(account.digest ^ static_cast<std::uint64_t>(ticks(event.at)) ^ parcel.born);
    if (index(event.target) < hubs) {
      const Draws draws(key_, Purpose::test, index(event.source), event.sequence);
      auto& free = free_[index(event.target)];
      std::size_t first = 0;  // Not min_element: its branches are guessed wrong half of the time.
      for (std::size_t i = 1; i < servers; ++i) first = free[i] < free[first] ? i : first;
      SimTime& server = free[first];
      const SimDuration service = hours(service_ * kernel::exponential(draws.word(0)));
      server = std::max(server, event.at) + service;
      account.busy += event.at < warm_up_ ? 0 : service.count();
      account.scans += 2;
      send(outbox, server, {parcel.born, static_cast<std::uint8_t>(parcel.hubs_left - 1), parcel.depot}, draws);
    } else if (event.source != event.target) {  // At the door.
      ++account.delivered;
      ++account.scans;
      const auto spent = static_cast<std::uint32_t>(ticks(event.at)) - parcel.born;
      if (event.at >= warm_up_) {
        ++account.measured;
        account.in_system += spent;
      }
    } else {
      const auto depot = static_cast<std::uint8_t>(index(event.target) - hubs);
      for (; next_[depot] < event.at + lookahead(event.target) && account.created < quota_; ++account.created) {
        const Draws draws(key_, Purpose::order, depot, static_cast<std::uint32_t>(account.created));
        const std::uint8_t count = draws.word(3) < 1U << 31U ? 3 : 4;
        send(outbox, next_[depot], {static_cast<std::uint32_t>(ticks(next_[depot])), count, depot}, draws);
        next_[depot] += hours(gap_ * kernel::exponential(draws.word(0)));
        ++account.scans;
      }
      if (account.created < quota_) outbox.send_after(event.target, lookahead(event.target), {});
    }
  }
  std::vector<Account> accounts;  ///< By LpId.

 private:
  static SimDuration hours(double count) { return SimDuration{static_cast<std::int64_t>(count * hour)}; }
  static std::int64_t ticks(SimTime at) { return at.time_since_epoch().count(); }
  /// Starts the next leg at `from`.
  static void send(auto& outbox, SimTime from, const Payload& parcel, const Draws& draws) {
    const SimTime at = from + hours(0.25 + 1.75 * kernel::exponential(draws.word(2)));
    outbox.send(kernel::LpId{parcel.hubs_left > 0 ? draws.below(1, hubs) : hubs + parcel.depot}, at, parcel);
  }

  std::uint64_t quota_;  ///< Of each depot.
  double gap_;           ///< Mean, in hours, of one depot.
  DrawKey key_;
  SimTime warm_up_;
  double service_;                                  ///< Mean, in hours.
  std::vector<std::array<SimTime, servers>> free_;  ///< By hub: when each server is free again.
  std::vector<SimTime> next_;                       ///< By depot: creation of its next parcel.
};

}  // namespace peakstorm
