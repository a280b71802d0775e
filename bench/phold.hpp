/// PHOLD, the yardstick of parallel event simulation, as ROSS defines it: every process starts with some
/// events; handling one at t schedules one at t + lookahead + Exp(mean), for a uniformly drawn process with
/// probability `remote`, else for itself.
#pragma once

#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/kernel/exponential.hpp"
#include "engine/random.hpp"

namespace peakstorm {

class Phold {
 public:
  struct Payload {};
  static constexpr std::int64_t mean = 1'000'000;  ///< Ticks.
  struct Shape {
    std::uint32_t lps = 1024, population = 1;  ///< Processes, and the events that each of them starts with.
    double remote = 0.1, lookahead = 0.1;      ///< Probability; means.
  };
  Phold(Shape shape, RunKey run)
      : shape_(shape), key_(run), ahead_(static_cast<std::int64_t>(shape.lookahead * mean)), state_(shape.lps) {}

  std::size_t lp_count() const { return shape_.lps; }
  std::string name(kernel::LpId lp) const { return "process " + std::to_string(index(lp)); }
  std::uint64_t name_hash(kernel::LpId lp) const { return mix64(index(lp)); }
  SimDuration lookahead(kernel::LpId) const { return ahead_; }
  void prefetch(kernel::LpId lp) const { __builtin_prefetch(&state_[index(lp)], 1); }

  void start(auto& engine) const {
    for (std::uint32_t lp = 0; lp < shape_.lps; ++lp) {
      for (std::uint32_t i = 0; i < shape_.population; ++i) {
        engine.schedule(kernel::LpId{lp}, SimTime{later(Draws(key_, Purpose::test, lp, i).word(3))}, {});
      }
    }
  }
  void handle(const kernel::Event<Payload>& event, auto& outbox) {
    // The event's name, (source, sequence), names the draws as well: one Philox block per event.
    const Draws draws(key_, Purpose::test, index(event.source), event.sequence);
    std::uint64_t& state = state_[index(event.target)];
    state = mix64(state ^ static_cast<std::uint64_t>(event.at.time_since_epoch().count()) ^ draws.word(3));
    const bool remote = draws.unit(0) < shape_.remote;
    outbox.send_after(remote ? kernel::LpId{draws.below(1, shape_.lps)} : event.target, later(draws.word(2)), {});
  }
  void save_state(kernel::LpId lp, ArchiveWriter& archive) const { archive(state_[index(lp)]); }
  void load_state(kernel::LpId lp, ArchiveReader& archive) { archive(state_[index(lp)]); }
  /// Covers every event and its place in its process's order. A sum, so that ranks can add theirs up.
  std::uint64_t digest() const {
    std::uint64_t sum = 0;
    for (std::size_t lp = 0; lp < state_.size(); ++lp) sum += state_[lp] == 0 ? 0 : hash64(lp, state_[lp]);
    return sum;
  }

 private:
  SimDuration later(std::uint32_t word) const {
    return ahead_ + SimDuration{static_cast<std::int64_t>(kernel::exponential(word) * mean)};
  }
  Shape shape_;
  DrawKey key_;
  SimDuration ahead_;
  std::vector<std::uint64_t> state_;  ///< Hash chain over the events of each process.
};

}  // namespace peakstorm
