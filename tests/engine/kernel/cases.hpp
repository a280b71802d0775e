/// Two models with their run keys and ends, for tests that run them in several ways and expect one outcome.
#pragma once

#include <cstdint>
#include <ostream>

#include "bench/phold.hpp"
#include "tests/engine/kernel/tie_network.hpp"

namespace peakstorm::kernel {

struct Outcome {
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  bool operator==(const Outcome&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  return out << "digest " << o.digest << " after " << o.events << " events";
}

struct PholdCase {
  static constexpr RunKey run{77, 3};
  static constexpr SimTime end{SimDuration{20 * Phold::mean}};
  static Phold make() { return Phold({.lps = 500, .population = 3, .remote = 0.4, .lookahead = 0.25}, run); }
  static void start(const Phold& model, auto& engine) { model.start(engine); }
};
struct TieCase {
  static constexpr RunKey run{78, 0};
  static constexpr SimTime end{SimDuration{450}};  // In the middle: events stay pending.
  static TieNetwork make() { return TieNetwork(150, run); }
  static void start(const TieNetwork& model, auto& engine) {
    model.start([&engine](auto... event) { engine.schedule(event...); });
  }
};

}  // namespace peakstorm::kernel
