// Goal: threads, partitions and ranks change the speed of a run, never its result.
// Method: PHOLD and a network full of ties, each run by the obvious sequential simulator and by the engine in
// every combination. The digest covers every event and its place in its process's order.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/cases.hpp"
#include "tests/engine/kernel/reference.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"

namespace peakstorm::kernel {
namespace {

// Neither contiguous nor equal: neighbours apart, one partition much larger than the others.
std::vector<std::uint32_t> scattered(std::size_t lps, std::uint32_t partitions) {
  std::vector<std::uint32_t> table(lps);
  for (std::size_t lp = 0; lp < lps; ++lp) {
    const auto draw = static_cast<std::uint32_t>(hash64(lp, 5) % (std::uint64_t{2} * partitions));
    table[lp] = draw < partitions ? draw : 0;
  }
  return table;
}

template <class Case>
Outcome by_reference() {
  auto model = Case::make();
  Reference reference(model, Case::run);
  Case::start(model, reference);
  const std::uint64_t events = reference.run(Case::end);
  return {model.digest(), events};
}

template <class Case>
Outcome by_engine(unsigned threads, std::uint32_t partitions, std::size_t ranks) {
  Outcome outcome;
  ThreadRanks(ranks).run([&](Exchange& exchange) {
    auto model = Case::make();
    Settings settings{.run = Case::run, .threads = threads, .end = Case::end};
    settings.partition_of_lp = scattered(model.lp_count(), partitions);
    settings.exchange = &exchange;
    Engine engine(model, settings);
    Case::start(model, engine);
    const auto totals = engine.run();
    std::uint64_t digest = model.digest();
    exchange.sum({&digest, 1});
    if (exchange.rank() == 0) outcome = {digest, totals.events};
  });
  return outcome;
}

class Determinism : public ::testing::TestWithParam<std::tuple<unsigned, std::uint32_t, std::size_t>> {};

TEST_P(Determinism, PholdHasTheDigestOfTheReference) {
  static const Outcome expected = by_reference<PholdCase>();
  ASSERT_GT(expected.events, 20'000U);
  const auto [threads, partitions, ranks] = GetParam();
  EXPECT_EQ(by_engine<PholdCase>(threads, partitions, ranks), expected);
}
TEST_P(Determinism, TieNetworkHasTheDigestOfTheReference) {
  static const Outcome expected = by_reference<TieCase>();
  ASSERT_GT(expected.events, 5'000U);
  const auto [threads, partitions, ranks] = GetParam();
  EXPECT_EQ(by_engine<TieCase>(threads, partitions, ranks), expected);
}
INSTANTIATE_TEST_SUITE_P(Grid, Determinism,
                         ::testing::Combine(::testing::Values(1U, 2U, 8U), ::testing::Values(1U, 3U, 16U, 64U),
                                            ::testing::Values(std::size_t{1}, std::size_t{2}, std::size_t{4})),
                         [](const auto& param) {
                           return "threads_" + std::to_string(std::get<0>(param.param)) + "_partitions_" +
                                  std::to_string(std::get<1>(param.param)) + "_ranks_" +
                                  std::to_string(std::get<2>(param.param));
                         });

// With hardly anything pending, the next window often begins with mail that nobody has opened yet.
struct SparseCase {
  static constexpr RunKey run{79, 1};
  static constexpr SimTime end{SimDuration{400 * Phold::mean}};
  static Phold make() { return Phold({.lps = 6, .population = 1, .remote = 0.9, .lookahead = 0.5}, run); }
  static void start(const Phold& model, auto& engine) { model.start(engine); }
};

TEST(Run, ASparseModelHasTheDigestOfTheReference) {
  const Outcome expected = by_reference<SparseCase>();
  ASSERT_GT(expected.events, 1'000U);
  for (const std::size_t ranks : {1U, 3U}) {
    for (const std::uint32_t partitions : {1U, 4U, 6U}) {
      EXPECT_EQ(by_engine<SparseCase>(2, partitions, ranks), expected) << partitions << " partitions, " << ranks;
    }
  }
}

TEST(Run, TheSeedAndTheReplicationMatter) {
  const auto digest = [](RunKey run) {
    Phold model({.lps = 50}, run);
    Engine engine(model, Settings{.run = run, .end = SimTime{SimDuration{5 * Phold::mean}}});
    model.start(engine);
    engine.run();
    return model.digest();
  };
  EXPECT_NE(digest({1, 0}), digest({2, 0}));
  EXPECT_NE(digest({1, 0}), digest({1, 1}));
}

TEST(Run, StoppingInTheMiddleAndGoingOnChangesNothing) {
  const Outcome expected = by_reference<TieCase>();
  for (const std::size_t ranks : {1U, 3U}) {
    ThreadRanks(ranks).run([&](Exchange& exchange) {
      auto model = TieCase::make();
      Settings settings{.run = TieCase::run, .threads = 2, .end = TieCase::end};
      settings.partition_of_lp = scattered(model.lp_count(), 7);
      settings.exchange = &exchange;
      Engine engine(model, settings);
      TieCase::start(model, engine);
      std::uint64_t stops = 0;
      auto totals = engine.run([](SimTime) { return false; });
      EXPECT_EQ(totals.windows, 1U);
      while (totals.now < TieCase::end) {
        const std::uint64_t windows = totals.windows;
        // Only one rank asks for the stop; all obey.
        totals = engine.run([&](SimTime) { return exchange.rank() != 0; });
        EXPECT_LE(totals.windows, windows + 1);
        ++stops;
      }
      EXPECT_GT(stops, 10U);
      std::uint64_t digest = model.digest();
      exchange.sum({&digest, 1});
      EXPECT_EQ((Outcome{digest, totals.events}), expected);
    });
  }
}

TEST(Run, PendingEventsAreThoseThatWereSentAndNotHandled) {
  Phold model({.lps = 100, .population = 4, .remote = 0.5}, {5, 0});
  Engine engine(model, Settings{.run = {5, 0}, .threads = 2, .end = SimTime{SimDuration{3 * Phold::mean}}});
  model.start(engine);
  const auto pending = [&engine] {
    std::uint64_t count = 0;
    engine.for_each_pending([&count](const auto&) { ++count; });
    return count;
  };
  EXPECT_EQ(pending(), 400U);
  engine.run([&](SimTime window_end) {
    EXPECT_EQ(pending(), 400U);  // Each handled event sends one.
    engine.for_each_pending([&](const auto& event) { EXPECT_GE(event.at, window_end); });
    return true;
  });
  EXPECT_EQ(pending(), 400U);
}

}  // namespace
}  // namespace peakstorm::kernel
