/// A network made to be hard on the order of events: few instants, many events at each, several priorities,
/// events to oneself at the present instant, and an order-sensitive account of every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/random.hpp"

namespace peakstorm::kernel {

class TieNetwork {
 public:
  struct Payload {
    std::uint32_t hops = 0;  ///< Still to go.
    std::uint32_t job = 0;
  };
  static constexpr SimDuration step{10};

  TieNetwork(std::uint32_t lps, RunKey run) : lps_(lps), run_(run), busy_until_(lps), digest_(lps) {}

  std::size_t lp_count() const { return lps_; }
  std::string name(LpId lp) const { return "station " + std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  SimDuration lookahead(LpId lp) const { return index(lp) % 3 == 0 ? 2 * step : step; }

  /// start(schedule): schedule(target, at, payload, priority) for each initial event.
  template <class Schedule>
  void start(Schedule&& schedule) const {
    for (std::uint32_t lp = 0; lp < lps_; ++lp) {
      for (std::uint32_t job = 0; job < 3; ++job) {
        schedule(LpId{lp}, SimTime{step * static_cast<int>(lp % 4)}, Payload{40, lp * 3 + job}, std::uint8_t{0});
      }
    }
  }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t lp = index(event.target);
    const Draws draws(run_, Purpose::test, hash64(index(event.source), event.sequence));
    digest_[lp] = hash64(digest_[lp], hash64(static_cast<std::uint64_t>(event.at.time_since_epoch().count()),
                                             event.payload.job ^ (std::uint64_t{event.payload.hops} << 32U)));
    if (event.payload.hops == 0) return;
    Payload next = event.payload;
    --next.hops;
    if (draws.below(0, 4) == 0) {  // Think about it: again, here and now, perhaps in another class.
      outbox.send(event.target, event.at, next, static_cast<std::uint8_t>(draws.below(1, 3)));
      return;
    }
    // A single server: who comes first leaves first, so the order of ties changes every later instant.
    SimTime& busy = busy_until_[lp];
    busy = std::max(busy, event.at) + step * static_cast<int>(draws.below(2, 2));
    const LpId target{draws.below(3, lps_)};
    const SimTime at = busy + (target == event.target ? SimDuration::zero() : lookahead(event.target));
    outbox.send(target, at, next, static_cast<std::uint8_t>(draws.below(1, 2)));
  }

  void save_state(LpId lp, ArchiveWriter& archive) const { archive(busy_until_[index(lp)], digest_[index(lp)]); }
  void load_state(LpId lp, ArchiveReader& archive) { archive(busy_until_[index(lp)], digest_[index(lp)]); }

  [[nodiscard]] std::uint64_t digest() const {
    std::uint64_t sum = 0;
    for (std::size_t lp = 0; lp < lps_; ++lp) sum += digest_[lp] == 0 ? 0 : hash64(lp, digest_[lp]);
    return sum;
  }

 private:
  std::uint32_t lps_;
  RunKey run_;
  std::vector<SimTime> busy_until_;
  std::vector<std::uint64_t> digest_;
};

}  // namespace peakstorm::kernel
