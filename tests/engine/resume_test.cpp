// Goal: one result over threads, ranks and checkpoints: digest, outcomes, streams to the last record, statistics.
// Method: small worlds in which everything goes wrong, and christmas-2013 at a tiny scale, are run on some ranks
// (threads of this process), saved at several instants, and gone on with on others.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "engine/simulation.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using test::small_world;
using test::troubled_world;

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

std::unique_ptr<Ran> run(const World& world, const Shape& shape, const Plan& plan = {}) {
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

std::vector<Outcome> sorted_outcomes(const KeepingRecorder& recorder) {
  std::vector<Outcome> all = recorder.all_outcomes();
  std::sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  return all;
}

void expect_same(const Ran& a, const Ran& b, const std::string& what) {
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

/// troubled_world() with customs, a second carrier that only serves one side, and a node for it.
World crowded_world() {
  World world = troubled_world();
  world.lanes[0].customs = true;
  world.facilities[index(test::east_hub)].customs_minutes = 120;
  world.facilities[index(test::east_hub)].customs_held = 100'000;
  world.facilities[index(test::east_depot)].stops_per_day = 200;
  ShipNode far = world.nodes[0];
  far.name = "FAR";
  far.position = {40, -90.1};
  far.pickups = {{CarrierId{0}, test::east_hub, hours(16), minutes(30), 150}};
  world.nodes.push_back(far);
  Shipper background = world.shippers[0];
  background.name = "rest";
  background.role = ShipperRole::background;
  world.shippers.push_back(background);
  world.nodes[1].shipper = ShipperId{1};
  for (Disruption& d : world.disruptions) d.nodes.push_back(false);
  return world;
}

Plan every(SimDuration length, bool streams = true) {
  Plan plan{.streams = streams};
  plan.options.checkpoint_every = length;
  return plan;
}

TEST(RunOnRanks, TheResultDoesNotDependOnRanksOrThreads) {
  const World world = crowded_world();
  const auto reference = run(world, {1, 1});
  ASSERT_GT(reference->summary.parcels, 5000U);
  ASSERT_FALSE(reference->recorder.kept_acts.empty());
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    for (const unsigned threads : {1U, 2U, 8U}) {
      expect_same(*run(world, {ranks, threads}), *reference,
                  std::to_string(ranks) + " ranks, " + std::to_string(threads) + " threads");
    }
  }
  // More ranks than places: some have nothing to do.
  expect_same(*run(world, {9, 1}), *reference, "9 ranks");
  Plan silent{.streams = false};
  EXPECT_EQ(run(world, {3, 1}, silent)->summary.digest, reference->summary.digest);
}

TEST(Checkpoint, ARunGoesOnAsIfNothingHadHappened) {
  const World world = crowded_world();
  const auto reference = run(world, {1, 1});
  // Not a multiple of anything in the world; 150 h is within the closure.
  const auto kept = run(world, {1, 2}, every(hours(37) + minutes(11) + SimDuration{13}));
  expect_same(*kept, *reference, "with checkpoints");
  ASSERT_EQ(kept->checkpoints.size(), 18U);
  std::size_t number = 0;
  for (const auto& [at, parts] : kept->checkpoints) {
    const Shape shape{std::array<std::size_t, 3>{1, 2, 4}[number % 3],
                      std::array<unsigned, 3>{1, 8, 2}[number / 3 % 3]};
    ++number;
    expect_same(*run(world, shape, {.from = {at, &parts}}), *reference,
                "resumed " + std::to_string((at - day_zero) / hours(1)) + " h by " + std::to_string(shape.ranks));
  }
}

TEST(Checkpoint, RanksMayChangeFromOneToTheNext) {
  const World world = crowded_world();
  const auto reference = run(world, {1, 1});
  std::vector<Bytes> parts;
  SimTime at;
  for (const std::size_t ranks : {4U, 1U, 2U, 3U}) {
    // Each goes on from the checkpoint of the last, up to the one that is five days later.
    Plan plan = every(days(5));
    plan.from = {at, parts.empty() ? nullptr : &parts};
    const auto ran = run(world, {ranks, 2}, plan);
    expect_same(*ran, *reference, std::to_string(ranks) + " ranks");
    ASSERT_EQ(ran->checkpoints.begin()->first, at + days(5));
    at = ran->checkpoints.begin()->first;
    parts = ran->checkpoints.begin()->second;
    ASSERT_EQ(parts.size(), ranks);
  }
}

TEST(Checkpoint, TheBytesDoNotDependOnThreadsNorOnWhatWasLoaded) {
  const World world = crowded_world();
  const auto first = run(world, {1, 1}, every(days(6)));
  ASSERT_EQ(first->checkpoints.size(), 4U);
  EXPECT_TRUE(run(world, {1, 8}, every(days(6)))->checkpoints == first->checkpoints);
  // Loaded at day 6 and saved again at days 12, 18 and 24.
  Plan onwards = every(days(6));
  const auto& [at, parts] = *first->checkpoints.begin();
  onwards.from = {at, &parts};
  auto rest = first->checkpoints;
  rest.erase(rest.begin());
  EXPECT_TRUE(run(world, {1, 1}, onwards)->checkpoints == rest);
}

TEST(Checkpoint, AStoppedRunLeavesOneAndGoesOn) {
  const World world = crowded_world();
  const auto reference = run(world, {1, 1});
  for (const std::size_t ranks : {1U, 3U}) {
    std::stop_source stop;
    Plan plan;
    plan.options.stop = stop.get_token();
    plan.options.progress = [&](const SimulationProgress& progress) {
      if (progress.now > day_zero + days(5) + hours(13)) stop.request_stop();
    };
    const auto stopped = run(world, {ranks, 2}, plan);
    ASSERT_TRUE(stopped->errors.empty());
    EXPECT_TRUE(stopped->summary.partial);
    EXPECT_TRUE(stopped->summary.conservation[0].balanced());
    ASSERT_EQ(stopped->checkpoints.size(), 1U);
    const auto& [at, parts] = *stopped->checkpoints.begin();
    EXPECT_EQ(at, stopped->summary.end);
    expect_same(*run(world, {2, 1}, {.from = {at, &parts}}), *reference, std::to_string(ranks) + " ranks");
  }
}

TEST(Checkpoint, ProgressOfRankZeroCoversAllRanks) {
  const World world = crowded_world();
  SimulationProgress last;
  Plan plan;
  plan.options.progress = [&](const SimulationProgress& progress) {
    EXPECT_GE(progress.now, last.now);
    EXPECT_GE(progress.parcels, last.parcels);
    last = progress;
  };
  const auto ran = run(world, {4, 1}, plan);
  EXPECT_EQ(last.parcels, ran->summary.parcels);
  EXPECT_EQ(last.scans, ran->summary.scans);
  EXPECT_EQ(last.now, ran->summary.end);
}

TEST(Checkpoint, AnErrorOfOneRankIsAnErrorOfAll) {
  const World world = small_world();
  Plan plan = every(days(3));
  plan.failing_rank = 1;
  const auto ran = run(world, {3, 1}, plan);
  ASSERT_EQ(ran->errors.size(), 3U);
  for (const Error& error : ran->errors) EXPECT_EQ(error.kind, ErrorKind::io);
  EXPECT_NE(ran->errors[1].message.find("disk is full"), std::string::npos);
  EXPECT_TRUE(ran->checkpoints.empty()) << "nothing is committed";
}

/// A checkpoint at day 6 of the small world, by two ranks.
const std::map<SimTime, std::vector<Bytes>>& two_parts() {
  static const auto checkpoints = run(small_world(40), {2, 1}, every(days(6)))->checkpoints;
  return checkpoints;
}

TEST(Resume, RefusesWhatDoesNotBelongToTheRun) {
  const auto& [at, parts] = *two_parts().begin();
  const World world = small_world(40);
  const auto error = [&](const World& other, const Plan& plan) {
    const auto ran = run(other, {1, 1}, plan);
    EXPECT_EQ(ran->errors.size(), 1U);
    if (ran->errors.empty()) return std::string();
    EXPECT_EQ(ran->errors[0].kind, ErrorKind::bad_input);
    return ran->errors[0].message;
  };
  const auto contains = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  const Plan good{.from = {at, &parts}};
  EXPECT_TRUE(run(world, {1, 1}, good)->errors.empty());

  World other = world;
  other.lanes[0].pieces += 1;
  contains(error(other, good), "another world");
  Plan plan = good;
  plan.options.run.seed = 2;
  contains(error(world, plan), "seed 1, replication 0, this run has seed 2");
  plan = good;
  plan.options.run.replication = 4;
  contains(error(world, plan), "replication 4");
  plan = good;
  plan.options.scale = 0.5;
  contains(error(world, plan), "scale 1, this run has scale 0.5");
  plan = good;
  plan.options.without[1] = true;
  contains(error(world, plan), "closure");
  plan = good;
  plan.streams = false;
  contains(error(world, plan), "streams");
  plan = good;
  plan.from.at += hours(1);
  contains(error(world, plan), "made at");
  const std::vector<Bytes> none;
  contains(error(world, {.from = {at, &none}}), "no parts");
  const std::vector<Bytes> one{parts[0]};
  contains(error(world, {.from = {at, &one}}), "part 1 of 2");
  const std::vector<Bytes> swapped{parts[1], parts[0]};
  contains(error(world, {.from = {at, &swapped}}), "in order");
  const std::vector<Bytes> twice{parts[0], parts[0]};
  contains(error(world, {.from = {at, &twice}}), "in order");
}

TEST(Resume, DamagedPartsAreErrorsOnEveryRankAndNeverACrash) {
  const auto& [at, parts] = *two_parts().begin();
  const World world = small_world(40);
  const auto is_refused = [&](const std::vector<Bytes>& damaged, std::size_t ranks) {
    const auto ran = run(world, {ranks, 1}, {.from = {at, &damaged}});
    return ran->errors.size() == ranks &&
           std::all_of(ran->errors.begin(), ran->errors.end(), [](const Error& e) { return !e.message.empty(); });
  };
  std::mt19937_64 random(5);
  for (int round = 0; round < 120; ++round) {
    std::vector<Bytes> damaged = parts;
    Bytes& part = damaged[random() % 2];
    switch (round % 4) {
      case 0:
        part.resize(random() % part.size());
        break;
      case 1:
        part[random() % part.size()] ^= std::byte{static_cast<unsigned char>(1U << random() % 8)};
        break;
      case 2:
        for (int i = 0; i < 8; ++i) part[random() % part.size()] = static_cast<std::byte>(random());
        break;
      default:
        part.push_back(std::byte{0});
        break;
    }
    if (damaged == parts) continue;
    EXPECT_TRUE(is_refused(damaged, 1 + static_cast<std::size_t>(round % 2))) << round;
  }
  // All single bytes of the beginning, where lengths and counts are.
  for (std::size_t i = 0; i < 400; i += 3) {
    std::vector<Bytes> damaged = parts;
    damaged[0][i] ^= std::byte{0xff};
    EXPECT_TRUE(is_refused(damaged, 1)) << i;
  }
}

// Goal: nothing that a run can depend on may change unseen between a checkpoint and its resumption.
// Method: each kind of thing is changed once.
TEST(Fingerprint, SeesEverythingThatMatters) {
  World world = crowded_world();
  world.capacity = {{CarrierId{0}, 3, 5, 900'000, ppm_one, ppm_one}};
  world.shippers[0].guarantees = {{hours(23), 10, 12, Tier::express}};
  world.services[0].peaks = {{3, 9, 150}};
  world.shippers[0].season = std::vector<Ppm>(14, ppm_one);
  world.orders = {{day_zero + hours(5), ShipNodeId{0}, DestinationId{1}, Tier::standard, 0, no_day}};
  const Digest whole = fingerprint(world);
  EXPECT_EQ(fingerprint(World(world)), whole);

  const std::vector<std::function<void(World&)>> changes{
      [](World& w) { w.first_day_unix += 86'400; },
      [](World& w) { w.day_count += 1; },
      [](World& w) { w.drain_days += 1; },
      [](World& w) { w.measure_from += 1; },
      [](World& w) { w.measure_to -= 1; },
      [](World& w) { w.calendar_from -= 1; },
      [](World& w) { w.zones[0].name = "CET"; },
      [](World& w) { w.zones[0].spans[0].offset = hours(1); },
      [](World& w) { w.zones.push_back(w.zones[0]); },
      [](World& w) { w.calendars[0].open[33] = false; },
      [](World& w) { w.regions[0].name = "N"; },
      [](World& w) { w.destinations[0].name = "D-NORTH"; },
      [](World& w) { w.destinations[0].position.lat += 0.1; },
      [](World& w) { w.destinations[1].weight += 1; },
      [](World& w) { w.carriers[0].name = "beta"; },
      [](World& w) { w.carriers[0].first_attempt_success -= 1; },
      [](World& w) { w.carriers[0].attempts_max += 1; },
      [](World& w) { w.carriers[0].held_minutes += 1; },
      [](World& w) { w.carriers[0].late_scan_minutes += 1; },
      [](World& w) { w.carriers[0].false_delivery += 1; },
      [](World& w) { w.carriers[0].replan_after += minutes(1); },
      [](World& w) { w.services[0].mode = Mode::air; },
      [](World& w) { w.services[0].published[1].days += 1; },
      [](World& w) { w.services[0].rates[0].per_kg += 1; },
      [](World& w) { w.services[0].peaks[0].amount += 1; },
      [](World& w) { w.services[0].commit_time += hours(1); },
      [](World& w) { w.facilities[0].sorts[0].pieces_per_hour += 1; },
      [](World& w) { w.facilities[0].sorts[0].weekdays = 1; },
      [](World& w) { w.facilities[0].handling += minutes(1); },
      [](World& w) { w.facilities[2].stops_per_day += 1; },
      [](World& w) { w.facilities[2].load_out += minutes(1); },
      [](World& w) { w.facilities[1].customs_held += 1; },
      [](World& w) { w.lanes[0].transit += minutes(1); },
      [](World& w) { w.lanes[1].departures[0].time += minutes(1); },
      [](World& w) { w.lanes[1].cut_off += minutes(1); },
      [](World& w) { w.lanes[1].volume_m3 += 1; },
      [](World& w) { w.coverage[0][1].reset(); },
      [](World& w) { w.capacity[0].to += 1; },
      [](World& w) { w.sizes[0].weight_g += 1; },
      [](World& w) { w.shippers[0].orders_per_day += 0.001; },
      [](World& w) { w.shippers[0].hours[3] += 1; },
      [](World& w) { w.shippers[0].season[3] += 1; },
      [](World& w) { w.shippers[0].policy = CarrierPolicy::cheapest_published; },
      [](World& w) { w.shippers[0].tariffs[0].share -= 1; },
      [](World& w) { w.shippers[0].guarantees[0].date += 1; },
      [](World& w) { w.shippers[1].role = ShipperRole::retailer; },
      [](World& w) { w.shippers[0].buffer_days += 1; },
      [](World& w) { w.nodes[0].demand[1] += 1; },
      [](World& w) { w.nodes[1].pickups[0].pieces_per_day += 1; },
      [](World& w) { w.nodes[0].pickups[0].drive += minutes(1); },
      [](World& w) { w.nodes[0].cut_off += minutes(1); },
      [](World& w) { w.orders[0].at += SimDuration{1}; },
      [](World& w) { w.orders.clear(); },
      [](World& w) { w.disruptions[0].to += SimDuration{1}; },
      [](World& w) { w.disruptions[0].speed -= 1; },
      [](World& w) { w.disruptions[0].facilities[1] = true; },
      [](World& w) { w.disruptions[1].closed = false; },
      [](World& w) { w.disruptions[2].demand += 1; },
      [](World& w) { w.disruptions[2].shipper = ShipperId{0}; },
      [](World& w) { w.disruptions[0].scan_delay = hours(1); },
      [](World& w) { w.disruptions.pop_back(); },
      [](World& w) { w.shopper.enabled = false; },
      [](World& w) { w.shopper.checks_per_order += 0.1; },
      [](World& w) { w.shopper.silence += hours(1); },
  };
  std::vector<Digest> seen{whole};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    World changed = world;
    changes[i](changed);
    const Digest digest = fingerprint(changed);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), digest), 0) << "change " << i;
    seen.push_back(digest);
  }
}

TEST(Fingerprint, TextsAndTheFutureDoNotCount) {
  const World world = troubled_world();
  World told = world;
  told.name = told.title = told.description = "another";
  told.disruptions[0].name = "Hercules";
  told.disruptions[0].radius_km = 100;
  told.gates.push_back({"promise_kept >= 0.9", "gates.txt", 1});
  told.replay.seconds = 5;
  EXPECT_EQ(fingerprint(told), fingerprint(world));

  // Storm and surge begin at day 4, the closure at day 5.
  World later = world;
  later.disruptions[1].to += hours(1);
  EXPECT_NE(fingerprint(later), fingerprint(world));
  EXPECT_NE(fingerprint(later, day_zero + days(5) + SimDuration{1}),
            fingerprint(world, day_zero + days(5) + SimDuration{1}));
  EXPECT_EQ(fingerprint(later, day_zero + days(5)), fingerprint(world, day_zero + days(5)));
}

}  // namespace
}  // namespace peakstorm
