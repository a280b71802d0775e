// Goal: a run that is saved and loaded in the middle goes on as if nothing had happened, on any number of threads,
// partitions and ranks.
// Method: PHOLD and a network full of ties are stopped at instants that need not be a window's end, saved by some ranks
// and loaded by others, and run to the end; the digest covers every event and its place in its process's order.
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/cases.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"

namespace peakstorm::kernel {
namespace {

using Parts = std::vector<std::vector<std::byte>>;

struct Shape {
  std::size_t ranks = 1;
  unsigned threads = 1;
  std::uint32_t partitions = 5;
};
template <class Case>
Settings settings_of(const Shape& shape, std::size_t lps, Exchange& exchange) {
  Settings settings{.run = Case::run, .threads = shape.threads, .end = Case::end};
  for (std::size_t lp = 0; lp < lps; ++lp) {
    settings.partition_of_lp.push_back(static_cast<std::uint32_t>(hash64(lp, 5) % shape.partitions));
  }
  settings.exchange = &exchange;
  return settings;
}

/// Runs up to `until` from `from` (none: the beginning). Below the end it returns what was saved.
template <class Case>
Parts run_part(const Shape& shape, const Parts* from, SimTime until, Outcome& outcome) {
  Parts parts(shape.ranks);
  ThreadRanks(shape.ranks).run([&](Exchange& exchange) {
    auto model = Case::make();
    Engine engine(model, settings_of<Case>(shape, model.lp_count(), exchange));
    if (from == nullptr) {
      Case::start(model, engine);
    } else {
      for (const std::vector<std::byte>& part : *from) {
        BytesSource source(part);
        ArchiveReader archive(source);
        engine.load(archive);
        ASSERT_TRUE(archive.ok());
        ASSERT_EQ(source.left(), 0U);
      }
      ASSERT_TRUE(engine.loaded());
    }
    const auto totals = engine.run([](SimTime) { return true; }, until);
    EXPECT_EQ(totals.now, std::min(until, Case::end));
    EXPECT_FALSE(totals.stopped);
    BytesSink sink(parts[exchange.rank()]);
    ArchiveWriter archive(sink);
    engine.save(archive);
    std::uint64_t digest = model.digest();
    exchange.sum({&digest, 1});
    if (exchange.rank() == 0) outcome = {digest, totals.events};
  });
  return parts;
}

const Shape shapes[] = {{1, 1, 5}, {1, 8, 7}, {2, 2, 9}, {4, 1, 6}, {4, 2, 64}};

template <class Case>
void check_case(std::span<const SimTime> instants) {
  Outcome whole;
  const Parts at_end = run_part<Case>({}, nullptr, never, whole);
  ASSERT_GT(whole.events, 1000U);
  for (const SimTime at : instants) {
    for (const Shape& before : shapes) {
      Outcome half;
      const Parts parts = run_part<Case>(before, nullptr, at, half);
      ASSERT_LT(half.events, whole.events);
      for (const Shape& after : shapes) {
        Outcome outcome;
        run_part<Case>(after, &parts, never, outcome);
        EXPECT_EQ(outcome, whole) << before.ranks << " ranks to " << after.ranks << " at "
                                  << at.time_since_epoch().count();
      }
    }
  }
}

TEST(KernelCheckpoint, PholdGoesOnAsIfNothingHadHappened) {
  const SimTime instants[] = {SimTime{SimDuration{1}}, SimTime{SimDuration{7 * Phold::mean + 12'345}}};
  check_case<PholdCase>(instants);
}

TEST(KernelCheckpoint, TiesAreBrokenAsIfNothingHadHappened) {
  const SimTime instants[] = {SimTime{SimDuration{100}}, SimTime{SimDuration{233}}};
  check_case<TieCase>(instants);
}

TEST(KernelCheckpoint, TheBytesDoNotDependOnThreadsOrPartitions) {
  Outcome outcome;
  const SimTime at{SimDuration{5 * Phold::mean}};
  const Parts first = run_part<PholdCase>({1, 1, 5}, nullptr, at, outcome);
  EXPECT_EQ(run_part<PholdCase>({1, 8, 17}, nullptr, at, outcome), first);
  // Loaded by four ranks and taken up by one again, at once.
  const Parts four = run_part<PholdCase>({4, 1, 8}, &first, at, outcome);
  EXPECT_EQ(run_part<PholdCase>({1, 1, 3}, &four, at, outcome), first);
}

TEST(KernelCheckpoint, AWindowEndsAtTheAskedInstant) {
  auto model = PholdCase::make();
  SingleRank alone;
  Engine engine(model, settings_of<PholdCase>({}, model.lp_count(), alone));
  model.start(engine);
  const SimTime at{SimDuration{3 * Phold::mean + 7}};
  SimTime last;
  const auto totals = engine.run(
      [&](SimTime window_end) {
        last = window_end;
        return true;
      },
      at);
  EXPECT_EQ(last, at);
  EXPECT_EQ(totals.now, at);
  engine.for_each_pending([&](const auto& event) { EXPECT_GE(event.at, at); });
  EXPECT_GT(engine.run().events, totals.events);
}

TEST(KernelCheckpoint, AStoppedRunSaysSoOnEveryRank) {
  std::vector<int> stopped(3);
  ThreadRanks(3).run([&](Exchange& exchange) {
    auto model = PholdCase::make();
    Engine engine(model, settings_of<PholdCase>({3, 1, 6}, model.lp_count(), exchange));
    model.start(engine);
    int windows = 0;
    const auto totals = engine.run([&](SimTime) { return exchange.rank() != 1 || ++windows < 4; });
    stopped[exchange.rank()] = totals.stopped && totals.windows == 4 ? 1 : 0;
  });
  EXPECT_EQ(stopped, (std::vector<int>{1, 1, 1}));
}

TEST(KernelCheckpoint, DamagedPartsAreRefused) {
  Outcome outcome;
  const Parts parts = run_part<TieCase>({}, nullptr, SimTime{SimDuration{100}}, outcome);
  const auto is_loaded = [&](std::span<const std::byte> bytes) {
    auto model = TieCase::make();
    SingleRank alone;
    Engine engine(model, settings_of<TieCase>({}, model.lp_count(), alone));
    BytesSource source(bytes);
    ArchiveReader archive(source);
    engine.load(archive);
    return archive.ok() && source.left() == 0 && engine.loaded();
  };
  const std::vector<std::byte>& good = parts[0];
  ASSERT_TRUE(is_loaded(good));
  for (std::size_t length = 0; length < good.size(); length += 13) {
    EXPECT_FALSE(is_loaded(std::span(good).first(length))) << length;
  }
  // Some changes leave sensible bytes; none may do worse than being refused.
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::vector<std::byte> bytes = good;
    bytes[i] ^= std::byte{0x80};
    refused += is_loaded(bytes) ? 0 : 1;
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace peakstorm::kernel
