/// Runs of a World by ranks that are threads of this process, with checkpoints in memory, compared to the last record.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/simulation.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm::test::rank_runs {

using Bytes = std::vector<std::byte>;

/// The checkpoints of all ranks, in memory.
class MemoryStore {
 public:
  explicit MemoryStore(std::size_t ranks) {
    for (std::size_t r = 0; r < ranks; ++r) ranks_.push_back(std::make_unique<OfRank>());
  }
  CheckpointStore& of(std::size_t rank) { return *ranks_[rank]; }
  /// By instant; complete ones only.
  [[nodiscard]] std::map<SimTime, std::vector<Bytes>> all() const {
    std::map<SimTime, std::vector<Bytes>> all;
    for (const auto& rank : ranks_) {
      for (const auto& [at, bytes] : rank->committed) all[at].push_back(bytes);
    }
    std::erase_if(all, [&](const auto& entry) { return entry.second.size() != ranks_.size(); });
    return all;
  }
  void fail_on(std::size_t rank) { ranks_[rank]->fails = true; }

 private:
  struct OfRank final : CheckpointStore {
    ByteSink& begin(SimTime instant) override {
      at = instant;
      bytes.clear();
      sink = std::make_unique<BytesSink>(bytes);
      return *sink;
    }
    Result<void> finish() override {
      if (fails) return fail(ErrorKind::io, "the disk is full");
      return {};
    }
    Result<void> commit() override {
      committed[at] = bytes;
      return {};
    }
    SimTime at;
    Bytes bytes;
    std::unique_ptr<BytesSink> sink;
    std::map<SimTime, Bytes> committed;
    bool fails = false;
  };
  std::vector<std::unique_ptr<OfRank>> ranks_;
};

struct Shape {
  std::size_t ranks = 1;
  unsigned threads = 1;
};

/// What rank 0 knows at the end, and the checkpoints.
struct Ran {
  SimulationSummary summary;
  KeepingRecorder recorder;
  std::map<SimTime, std::vector<Bytes>> checkpoints;
  std::vector<Error> errors;  ///< By rank; empty when all went well.
  explicit Ran(bool streams) : recorder(streams) {}
};

struct From {
  SimTime at;
  const std::vector<Bytes>* parts = nullptr;
};

struct Plan {
  SimulationOptions options{};
  bool streams = true;
  From from{};
  std::size_t failing_rank = SIZE_MAX;
};

inline std::unique_ptr<Ran> run(const World& world, const Shape& shape, const Plan& plan = {}) {
  auto ran = std::make_unique<Ran>(plan.streams);
  MemoryStore store(shape.ranks);
  if (plan.failing_rank < shape.ranks) store.fail_on(plan.failing_rank);
  std::vector<std::unique_ptr<KeepingRecorder>> others(shape.ranks);
  std::vector<Result<SimulationSummary>> results(shape.ranks);
  kernel::ThreadRanks(shape.ranks).run([&](kernel::Exchange& exchange) {
    const std::size_t rank = exchange.rank();
    SimulationOptions options = plan.options;
    options.threads = shape.threads;
    options.exchange = &exchange;
    options.checkpoints = &store.of(rank);
    if (rank > 0) options.progress = nullptr;
    std::vector<BytesSource> sources;
    ResumePoint point{plan.from.at, {}};
    if (plan.from.parts != nullptr) {
      for (const Bytes& part : *plan.from.parts) sources.emplace_back(part);
      for (BytesSource& source : sources) point.parts.push_back(&source);
      options.resume = &point;
    }
    if (rank > 0) others[rank] = std::make_unique<KeepingRecorder>(false);
    results[rank] = simulate(world, options, rank == 0 ? ran->recorder : *others[rank]);
  });
  ran->checkpoints = store.all();
  for (const auto& result : results) {
    if (!result) ran->errors.push_back(result.error());
  }
  if (!ran->errors.empty()) return ran;
  ran->summary = *results[0];
  for (const auto& result : results) {
    EXPECT_EQ(result->digest, ran->summary.digest);
    EXPECT_EQ(result->conservation, ran->summary.conservation);
    EXPECT_EQ(result->scans_by_kind, ran->summary.scans_by_kind);
    EXPECT_EQ(result->events, ran->summary.events);
    EXPECT_EQ(result->end, ran->summary.end);
    EXPECT_EQ(result->partial, ran->summary.partial);
  }
  return ran;
}

inline std::vector<Outcome> sorted_outcomes(const KeepingRecorder& recorder) {
  std::vector<Outcome> all = recorder.all_outcomes();
  std::sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  return all;
}

inline void expect_same(const Ran& a, const Ran& b, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_TRUE(a.errors.empty()) << a.errors.front().message;
  ASSERT_TRUE(b.errors.empty()) << b.errors.front().message;
  EXPECT_EQ(a.summary.digest, b.summary.digest);
  EXPECT_EQ(a.summary.parcels, b.summary.parcels);
  EXPECT_EQ(a.summary.tracked, b.summary.tracked);
  EXPECT_EQ(a.summary.scans, b.summary.scans);
  EXPECT_EQ(a.summary.events, b.summary.events);
  EXPECT_EQ(a.summary.scans_by_kind, b.summary.scans_by_kind);
  EXPECT_EQ(a.summary.conservation, b.summary.conservation);
  EXPECT_TRUE(sorted_outcomes(a.recorder) == sorted_outcomes(b.recorder));
  EXPECT_TRUE(a.recorder.kept_facts == b.recorder.kept_facts);
  EXPECT_TRUE(a.recorder.kept_scans == b.recorder.kept_scans);
  EXPECT_TRUE(a.recorder.kept_acts == b.recorder.kept_acts);
  EXPECT_TRUE(a.recorder.kept_loads == b.recorder.kept_loads);
  EXPECT_TRUE(a.recorder.kept_days == b.recorder.kept_days);
  EXPECT_TRUE(a.recorder.kept_census == b.recorder.kept_census);
  EXPECT_TRUE(a.recorder.kept_queues == b.recorder.kept_queues);
}

inline Plan every(SimDuration length, bool streams = true) {
  Plan plan{.streams = streams};
  plan.options.checkpoint_every = length;
  return plan;
}

}  // namespace peakstorm::test::rank_runs
