// Goal: the kernel knows no unit of time. A run whose times are all k times as long is the same run, k times as slow.
// Method: a model stretched by k is the model itself, told the instant over k, every delay it asks for times k. Events,
// windows and the models' own accounts must be equal to the last bit, through buckets of any width.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bench/phold.hpp"
#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/queues/open_network.hpp"

namespace peakstorm::kernel {
namespace {

template <class M>
class Stretched {
 public:
  using Payload = typename M::Payload;
  Stretched(M& model, std::int64_t times) : model_(model), times_(times) {}

  std::size_t lp_count() const { return model_.lp_count(); }
  std::string name(LpId lp) const { return model_.name(lp); }
  std::uint64_t name_hash(LpId lp) const { return model_.name_hash(lp); }
  SimDuration lookahead(LpId lp) const { return model_.lookahead(lp) * times_; }
  void handle(const Event<Payload>& event, auto& outbox) {
    Event<Payload> told = event;
    told.at = SimTime{event.at.time_since_epoch() / times_};
    const auto send_after = [&](LpId target, SimDuration delay, const Payload& payload) {
      outbox.send_after(target, delay * times_, payload);
    };
    Slow<decltype(send_after)> slow{send_after};
    model_.handle(told, slow);
  }

 private:
  template <class F>
  struct Slow {
    F send_after;
  };
  M& model_;
  std::int64_t times_;
};

/// As the engine, before the run.
template <class M>
struct SlowStart {
  Engine<Stretched<M>>& engine;
  std::int64_t times;
  void schedule(LpId target, SimTime at, const typename M::Payload& payload) {
    engine.schedule(target, SimTime{at.time_since_epoch() * times}, payload);
  }
};

/// Runs the model to times x `end`; (events, windows).
template <class M>
std::pair<std::uint64_t, std::uint64_t> run(M& model, RunKey key, SimDuration end, std::int64_t times) {
  Stretched<M> stretched(model, times);
  Engine<Stretched<M>> engine(stretched, {.run = key, .threads = 2, .end = SimTime{end * times}});
  SlowStart<M> start{engine, times};
  model.start(start);
  const auto totals = engine.run();
  return {totals.events, totals.windows};
}

constexpr RunKey key{20131223, 5};
constexpr std::int64_t factors[] = {1, 2, 3, 7, 1000, 86'400'007};

TEST(Stretch, PholdIsTheSameRun) {
  std::pair<std::uint64_t, std::uint64_t> first;
  std::uint64_t digest = 0;
  for (const std::int64_t times : factors) {
    Phold model({.lps = 300, .population = 4, .remote = 0.3, .lookahead = 0.2}, key);
    const auto totals = run(model, key, SimDuration{30 * Phold::mean}, times);
    if (times == 1) {
      ASSERT_GT(totals.first, 20'000U);
      std::tie(first, digest) = std::pair(totals, model.digest());
    }
    EXPECT_EQ(totals, first) << times;
    EXPECT_EQ(model.digest(), digest) << times;
  }
}

TEST(Stretch, ANetworkOfQueuesKeepsItsAccounts) {
  const OpenNetworks::Shape shape{.gap = {.mean = 2},
                                  .stations = {{.onward = {0, 0.6, 0.4}}, {.onward = {0, 0, 0.5}}, {.onward = {0.1}}},
                                  .copies = 8};
  std::pair<std::uint64_t, std::uint64_t> first;
  std::vector<std::tuple<std::int64_t, std::int64_t, std::uint64_t, double>> accounts;
  for (const std::int64_t times : factors) {
    OpenNetworks model(shape, key, SimTime{});
    const auto totals = run(model, key, units(2000), times);
    std::vector<std::tuple<std::int64_t, std::int64_t, std::uint64_t, double>> now;
    for (const StationAccount& a : model.accounts) now.emplace_back(a.present_area, a.sojourn, a.left, 0);
    for (const Sojourns& s : model.gone) now.emplace_back(0, 0, 0, s.squares);
    if (times == 1) {
      ASSERT_GT(totals.first, 20'000U);
      std::tie(first, accounts) = std::pair(totals, now);
    }
    EXPECT_EQ(totals, first) << times;
    EXPECT_EQ(now, accounts) << times;
  }
}

}  // namespace
}  // namespace peakstorm::kernel
