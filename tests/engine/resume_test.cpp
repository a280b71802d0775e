// Goal: one result over threads, ranks and checkpoints: digest, outcomes, streams to the last record, statistics.
// Method: small worlds in which everything goes wrong are run on some ranks (threads of this process), saved at several
// instants, and gone on with on others.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "engine/simulation.hpp"
#include "tests/engine/rank_runs.hpp"
#include "tests/engine/reference/random_world.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using test::sanitized;
using test::small_world;
using test::troubled_world;
using namespace test::rank_runs;

/// troubled_world() with customs, background volume from a node at the other hub, and little room.
World crowded_world() {
  World world = troubled_world();
  world.lanes[0].customs = true;
  world.facilities[index(test::east_hub)].customs_minutes = 120;
  world.facilities[index(test::east_hub)].customs_held = 100'000;
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
  // Few parcels, so that the tests are short, and room for fewer.
  for (Shipper& shipper : world.shippers) shipper.orders_per_day = 200;
  for (Lane& lane : world.lanes) lane.pieces = 120;
  world.facilities[index(test::west_hub)].sorts[0].pieces_per_hour = 60;
  world.facilities[index(test::east_depot)].stops_per_day = 190;
  return world;
}

TEST(RunOnRanks, TheResultDoesNotDependOnRanksOrThreads) {
  const World world = crowded_world();
  const auto reference = run(world, {1, 1});
  ASSERT_GT(reference->summary.parcels, 5000U);
  ASSERT_FALSE(reference->recorder.kept_acts.empty());
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    for (const unsigned threads : {1U, 2U, 8U}) {
      if (sanitized && ranks * threads != 4 && ranks * threads != 8) continue;
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
    if (sanitized && number % 5 != 0) continue;
    expect_same(*run(world, shape, {.from = {at, &parts}}), *reference,
                "resumed " + std::to_string((at - day_zero) / hours(1)) + " h by " + std::to_string(shape.ranks));
  }
}

// Ranks differ in how they part the places, so this is several partitions, too.
TEST(RandomWorlds, HaveOneResultOverThreadsRanksAndCheckpoints) {
  for (std::uint64_t seed = 1; seed <= (sanitized ? 3 : 12); ++seed) {
    const World world = test::random_world(seed);
    Plan plan = every(hours(29) + SimDuration{1});
    plan.options.scale = test::random_scale(seed);
    const auto reference = run(world, {1, 1}, plan);
    for (const Shape shape : {Shape{1, 2}, Shape{1, 8}, Shape{2, 2}, Shape{4, 1}, Shape{4, 8}}) {
      expect_same(*run(world, shape, plan), *reference, "world " + std::to_string(seed));
    }
    std::size_t ranks = 1;
    for (const auto& [at, parts] : reference->checkpoints) {
      Plan rest = plan;
      rest.from = {at, &parts};
      expect_same(*run(world, {ranks, 2}, rest), *reference, "resumed world " + std::to_string(seed));
      ranks = ranks % 4 + 1;
    }
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
  const SimTime at = two_parts().begin()->first;
  const std::vector<Bytes>& parts = two_parts().begin()->second;
  const World world = small_world(40);
  const auto is_refused = [&](const std::vector<Bytes>& damaged, std::size_t ranks) {
    const auto ran = run(world, {ranks, 1}, {.from = {at, &damaged}});
    return ran->errors.size() == ranks &&
           std::all_of(ran->errors.begin(), ran->errors.end(), [](const Error& e) { return !e.message.empty(); });
  };
  std::mt19937_64 random(5);
  for (int round = 0; round < (sanitized ? 24 : 120); ++round) {
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
  for (std::size_t i = 0; i < 400; i += sanitized ? 31 : 3) {
    std::vector<Bytes> damaged = parts;
    damaged[0][i] ^= std::byte{0xff};
    EXPECT_TRUE(is_refused(damaged, 1)) << i;
  }
}

/// Two more futures of crowded_world() from day 7: a storm that closes the other side, with an outage of its scanners
/// and fewer hands; and one in which the first closure is prolonged by another.
World with_future(int number) {
  World world = crowded_world();
  Disruption base;
  base.facilities.assign(world.facilities.size(), false);
  base.destinations.assign(world.destinations.size(), false);
  base.nodes.assign(world.nodes.size(), false);
  if (number == 1) {
    Disruption storm = base;
    storm.name = "ice";
    storm.from = day_zero + days(7) + hours(3);
    storm.to = day_zero + days(9);
    storm.facilities = {false, true, true, true};
    storm.nodes = {true, true};
    storm.speed = 400'000;
    storm.staffing = 200'000;
    Disruption closure = storm;
    closure.kind = DisruptionKind::closure;
    closure.from = day_zero + days(7);
    closure.to = day_zero + days(8);
    closure.facilities = {true, true, false, true};
    closure.closed = true;
    Disruption outage = base;
    outage.kind = DisruptionKind::outage;
    outage.from = day_zero + days(7);
    outage.to = day_zero + days(12);
    outage.facilities.assign(4, true);
    outage.scan_delay = hours(9);
    Disruption surge = base;
    surge.kind = DisruptionKind::surge;
    surge.from = day_zero + days(10);
    surge.to = day_zero + days(12);
    surge.destinations = {false, true};
    surge.demand = 2'000'000;
    world.disruptions.insert(world.disruptions.end(), {storm, closure, outage, surge});
  }
  if (number == 2) {
    // Closed for good: what is in the sorter stays there.
    Disruption closure = base;
    closure.kind = DisruptionKind::closure;
    closure.from = day_zero + days(7) + SimDuration{1};
    closure.to = day_zero + days(100);
    closure.facilities = {false, true, false, false};
    closure.closed = true;
    world.disruptions.push_back(closure);
  }
  return world;
}

// Goal: several futures of one past cost their futures only, and each is the run of its own world.
// Method: checkpoints at the very beginning of the other disruptions and before, among them instants at which trailers
// are under way, gates closed and sorters full; each future is compared with a run from the beginning.
TEST(WhatIf, AFutureIsTheRunOfItsWorld) {
  std::vector<std::unique_ptr<Ran>> whole;
  for (const int future : {0, 1, 2}) whole.push_back(run(with_future(future), {1, 2}));
  ASSERT_NE(whole[0]->summary.digest, whole[1]->summary.digest);
  ASSERT_NE(whole[0]->summary.digest, whole[2]->summary.digest);
  std::size_t futures = 0;
  for (const int past : {0, 1}) {
    if (sanitized && past == 0) continue;
    const auto kept = run(with_future(past), {1, 2}, every(hours(21)));
    for (const auto& [at, parts] : kept->checkpoints) {
      if (at > day_zero + days(7) || at < day_zero + days(6)) continue;
      for (const int future : {0, 1, 2}) {
        const auto resumed = run(with_future(future), {2, 1}, {.from = {at, &parts}});
        expect_same(*resumed, *whole[static_cast<std::size_t>(future)],
                    "from " + std::to_string(past) + " to " + std::to_string(future) + " at " +
                        std::to_string((at - day_zero) / hours(1)) + " h");
        ++futures;
      }
    }
  }
  EXPECT_GE(futures, sanitized ? 6U : 12U);
}

TEST(WhatIf, ADisruptionThatHasBegunBelongsToThePast) {
  const auto kept = run(crowded_world(), {1, 1}, every(days(8)));
  const auto& [at, parts] = *kept->checkpoints.begin();
  const auto refused = run(with_future(1), {1, 1}, {.from = {at, &parts}});
  ASSERT_EQ(refused->errors.size(), 1U);
  EXPECT_NE(refused->errors[0].message.find("another world"), std::string::npos);
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
