#include "results/reconcile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "results/gate.hpp"
#include "results/measures.hpp"
#include "tests/results/small_world.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr double speed = 3600;  ///< An hour a second.

/// A replay of some parcels against an endpoint that each test may spoil.
struct Bench {
  World world = test::small_world();
  std::vector<TruthParcel> parcels;
  std::vector<Scan> scans;
  std::unique_ptr<Reconciliation> reconciliation;

  explicit Bench(std::size_t count = 1, ReconcileOptions options = {}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      TruthParcel parcel;
      parcel.facts.id = make_parcel_id(ShipNodeId{0}, 1, i);
      parcel.facts.destination = DestinationId{0};
      parcel.facts.promise_day = 3;
      parcel.promise = Verdict::kept;
      parcel.measured = true;
      parcels.push_back(parcel);
      const auto add = [&](int hour, PlaceId place, ScanKind kind, std::uint8_t sequence) {
        scans.push_back(
            {day_zero + hours(hour), day_zero + hours(hour), parcel.facts.id, place, no_day, kind, sequence});
      };
      add(1, PlaceId{2}, ScanKind::label_created, 0);
      add(5, PlaceId{0}, ScanKind::arrived, 1);
      add(9, PlaceId{0}, ScanKind::departed, 2);
      add(70, no_place, ScanKind::delivered, 3);  // 16:00 of day 2 in Chicago.
    }
    options_ = options;
  }

  /// Everything published and begun; `rules` by default the world's own names.
  Reconciliation& begin() { return begin(plain_rules(world)); }
  Reconciliation& begin(ShownRules rules) {
    reconciliation = std::make_unique<Reconciliation>(world, parcels, std::move(rules), options_);
    reconciliation->truth(scans);
    reconciliation->begin({"http://127.0.0.1:1", "plain", speed, 0});
    return *reconciliation;
  }
  static nanoseconds intended_of(const Scan& scan) {
    return nanoseconds{
        static_cast<std::int64_t>(static_cast<double>((scan.reported - day_zero).count()) * 1e6 / speed)};
  }
  void send(const Scan& scan, RequestFate fate = RequestFate::accepted) {
    const nanoseconds intended = intended_of(scan);
    reconciliation->request({RequestKind::scan, fate,
                             static_cast<std::uint16_t>(fate == RequestFate::accepted ? 200 : 503), scan.parcel,
                             scan.sequence, intended, intended + milliseconds{1}, intended + milliseconds{5}});
  }
  void send_all() {
    for (const Scan& scan : scans) {
      if (scan.reported != never) send(scan);
    }
  }
  [[nodiscard]] ShownScan shown(const Scan& scan) const { return *plain_rules(world).scan({}, scan); }
  /// What a faultless endpoint shows.
  [[nodiscard]] ShownParcel page(std::size_t i = 0) const {
    ShownParcel page;
    page.parcel = parcels[i].facts.id;
    page.found = true;
    page.status = ScanKind::delivered;
    page.promise_day = 3;
    for (const Scan& scan : scans) {
      if (scan.parcel != page.parcel || scan.reported == never) continue;
      page.scans.push_back(shown(scan));
      if (scan.kind == ScanKind::delivered) page.delivered_unix_ms = page.scans.back().unix_ms;
    }
    return page;
  }
  const ReplayResults& end(bool complete = true) {
    reconciliation->end(seconds{30}, seconds{2}, complete);
    return reconciliation->results();
  }

 private:
  ReconcileOptions options_;
};

std::uint64_t found(const ReplayResults& results, FindingKind kind) {
  return results.findings[static_cast<std::size_t>(kind)];
}
/// Every finding of `wanted` once, and nothing else.
void expect_only(const ReplayResults& results, const std::vector<FindingKind>& wanted) {
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    const auto times = std::count(wanted.begin(), wanted.end(), static_cast<FindingKind>(kind));
    EXPECT_EQ(results.findings[kind], static_cast<std::uint64_t>(times)) << finding_names[kind];
  }
}

TEST(ReadBack, AFaultlessEndpointHasNoFindings) {
  Bench bench(3);
  bench.begin();
  bench.send_all();
  for (std::size_t i = 0; i < 3; ++i) bench.reconciliation->read_back(bench.page(i));
  const ReplayResults& results = bench.end();
  expect_only(results, {});
  EXPECT_EQ(results.defects(), 0U);
  EXPECT_EQ(results.read, 3U);
  EXPECT_EQ(results.shown_kept, 3U);
  EXPECT_EQ(results.true_kept, 3U);
  EXPECT_TRUE(results.examples.empty());
}

TEST(ReadBack, AnAcceptedScanThatIsNotShownIsLost) {
  Bench bench;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans.erase(page.scans.begin() + 1);
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::lost});
  ASSERT_EQ(results.examples.size(), 1U);
  EXPECT_EQ(results.examples[0].sequence, 1);
  EXPECT_THAT(results.examples[0].truth, HasSubstr("> 2013-11-25 05:00:00Z arrived dallas-hub"));
  EXPECT_THAT(results.examples[0].shown, HasSubstr("  2013-11-25 09:00:00Z departed dallas-hub"));
}

TEST(ReadBack, ARefusedScanIsUnacknowledgedAndAnUntriedOneNotSent) {
  Bench bench;
  bench.begin();
  bench.send(bench.scans[0]);
  bench.send(bench.scans[1], RequestFate::refused);
  bench.send(bench.scans[2], RequestFate::dropped);
  bench.send(bench.scans[3]);
  ShownParcel page = bench.page();
  page.scans.erase(page.scans.begin() + 1, page.scans.begin() + 3);
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::unacknowledged, FindingKind::not_sent});
  EXPECT_EQ(results.defects(), 0U);
}

TEST(ReadBack, AScanThatItsCaptureJobRefusedIsRefused) {
  Bench bench;
  bench.begin();
  const Scan& refused = bench.scans[1];
  const nanoseconds at = Bench::intended_of(refused);
  for (const Scan& scan : bench.scans) {
    if (&scan != &refused) bench.send(scan);
  }
  bench.reconciliation->request({RequestKind::scan,
                                 RequestFate::refused,
                                 202,
                                 refused.parcel,
                                 refused.sequence,
                                 at,
                                 at,
                                 at + milliseconds{5},
                                 1,
                                 FaultKind::none,
                                 {},
                                 true});
  ShownParcel page = bench.page();
  page.scans.erase(page.scans.begin() + 1);
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::unacknowledged, FindingKind::refused});
  EXPECT_EQ(results.oracle[static_cast<std::size_t>(Oracle::no_lost_scan)].findings, 1U);
  const auto example = std::find_if(results.examples.begin(), results.examples.end(),
                                    [](const FindingExample& e) { return e.kind == FindingKind::refused; });
  ASSERT_NE(example, results.examples.end());
  EXPECT_THAT(example->detail, ::testing::HasSubstr("arrived was taken in, and refused by its capture job"));
}

TEST(ReadBack, ARefusedScanThatIsShownAllTheSameIsNoFinding) {
  // A format that repeats the whole history brings it with the next message.
  Bench bench;
  bench.begin();
  bench.send(bench.scans[0]);
  bench.send(bench.scans[1], RequestFate::timed_out);
  bench.send(bench.scans[2]);
  bench.send(bench.scans[3]);
  bench.reconciliation->read_back(bench.page());
  expect_only(bench.end(), {});
}

TEST(ReadBack, ARepeatedAttemptThatSucceedsCounts) {
  Bench bench;
  bench.begin();
  bench.send(bench.scans[0], RequestFate::refused);
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans.erase(page.scans.begin());
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::lost});
  // Intended once, sent twice.
  EXPECT_EQ(results.seconds[0][1].intended + results.seconds[0][0].intended, 1U);
  EXPECT_EQ(results.seconds[0][1].sent + results.seconds[0][0].sent, 2U);
}

TEST(ReadBack, PhantomsDuplicatesAndWrongPlaces) {
  Bench bench;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans.push_back(page.scans[1]);                                                    // Twice.
  page.scans.push_back({page.scans[0].unix_ms + 12'345'000, ScanKind::held, "nowhere"});  // Never happened.
  page.scans[2].place = "portland-depot";                                                 // Elsewhere.
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::duplicated, FindingKind::phantom, FindingKind::wrong});
  EXPECT_EQ(results.defects(), 3U);
  for (const FindingExample& example : results.examples) {
    if (example.kind == FindingKind::wrong) {
      EXPECT_THAT(example.detail, HasSubstr("is shown as departed at 2013-11-25 09:00:00Z, portland-depot"));
    }
  }
}

TEST(ReadBack, AShiftedInstantIsOneWrongScanNotALostAndAPhantomOne) {
  Bench bench;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans[1].unix_ms += 6 * 3'600'000;  // Local time taken for UTC.
  bench.reconciliation->read_back(page);
  expect_only(bench.end(), {FindingKind::wrong_instant});
}

TEST(ReadBack, StatusDeliveryAndPromiseAreComparedToo) {
  Bench bench;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.status = ScanKind::departed;
  page.delivered_unix_ms.reset();
  page.promise_day = 9;
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::wrong_status, FindingKind::wrong_delivery, FindingKind::wrong_promise});
  EXPECT_EQ(results.hidden_kept, 1U);
  EXPECT_EQ(results.shown_broken, 1U);
}

TEST(ReadBack, AnEstimateOfTheCarrierIsARightDate) {
  Bench bench;
  bench.scans[2].eta_day = 5;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.promise_day = 5;
  bench.reconciliation->read_back(page);
  expect_only(bench.end(), {});
}

TEST(ReadBack, AnUnknownParcelIsFoundMissingWithItsScans) {
  Bench bench;
  bench.begin();
  bench.send_all();
  ShownParcel page;
  page.parcel = bench.parcels[0].facts.id;
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  EXPECT_EQ(found(results, FindingKind::lost), 4U);
  EXPECT_EQ(found(results, FindingKind::parcel_not_found), 1U);
  EXPECT_EQ(found(results, FindingKind::wrong_status), 0U);
  EXPECT_EQ(results.shown_broken, 1U);
}

TEST(ReadBack, AParcelWithoutAnswerIsNotRead) {
  Bench bench(2);
  bench.begin();
  bench.send_all();
  bench.reconciliation->read_back(bench.page(0));
  bench.reconciliation->read_back(bench.page(0));  // Told twice, counted once.
  const ReplayResults& results = bench.end();
  expect_only(results, {FindingKind::parcel_not_read});
  EXPECT_EQ(results.true_kept, 1U);
}

TEST(ReadBack, TruthGoesThroughTheMappingFirst) {
  Bench bench;
  ShownRules rules = plain_rules(bench.world);
  // A format that truncates to seconds, knows no departures and calls every arrival "processed".
  bench.scans[1].at += SimDuration{250};
  bench.scans[1].reported = bench.scans[1].at;
  rules.scan = [plain = rules.scan](const ParcelFacts& facts, const Scan& scan) -> std::optional<ShownScan> {
    if (scan.kind == ScanKind::departed) return std::nullopt;
    auto shown = plain(facts, scan);
    shown->unix_ms -= shown->unix_ms % 1000;
    if (shown->kind == ScanKind::arrived) shown->kind = ScanKind::processed;
    return shown;
  };
  bench.begin(rules);
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans.erase(page.scans.begin() + 2);
  page.scans[1].unix_ms -= 250;
  page.scans[1].kind = ScanKind::processed;
  bench.reconciliation->read_back(page);
  expect_only(bench.end(), {});
}

// Who cuts the offset off a reading often cuts the fraction of the second with it.
TEST(Diagnosis, AnOffsetCutOffTogetherWithTheFractionIsStillTheOffset) {
  Bench bench;
  for (Scan& scan : bench.scans) {
    scan.at += SimDuration{730};
    scan.reported = scan.at;
  }
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  for (ShownScan& scan : page.scans) scan.unix_ms -= 6 * 3'600'000 + 730;
  page.delivered_unix_ms = page.scans.back().unix_ms;
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  EXPECT_EQ(found(results, FindingKind::wrong_instant), 4U);
  ASSERT_EQ(results.diagnosis.size(), 1U);
  EXPECT_EQ(results.diagnosis[0].bug, "naive-local-time");
}

// A new estimate is the last message of many parcels, and leaves no status behind.
TEST(Diagnosis, AMessageWithoutAStatusDoesNotHideThatTheLastOneWins) {
  Bench bench;
  bench.scans[1].reported = day_zero + hours(71);  // The arrival is told after the delivery, then a new estimate.
  bench.scans.push_back(
      {day_zero + hours(72), day_zero + hours(72), bench.parcels[0].facts.id, no_place, 3, ScanKind::eta_changed, 4});
  std::swap(bench.scans[1], bench.scans[3]);
  std::swap(bench.scans[1], bench.scans[2]);
  ShownRules rules = plain_rules(bench.world);
  rules.scan = [plain = rules.scan](const ParcelFacts& facts, const Scan& scan) {
    return scan.kind == ScanKind::eta_changed ? std::nullopt : plain(facts, scan);
  };
  bench.begin(rules);
  bench.send_all();
  ShownParcel page = bench.page();
  page.scans.pop_back();
  page.status = ScanKind::arrived;
  bench.reconciliation->read_back(page);
  const ReplayResults& results = bench.end();
  EXPECT_EQ(found(results, FindingKind::wrong_status), 1U);
  ASSERT_EQ(results.diagnosis.size(), 1U);
  EXPECT_EQ(results.diagnosis[0].bug, "last-write-wins");
}

TEST(ReadBack, ScansThatTheMappingMakesIdenticalMayBeShownOnceOrTwiceNotThrice) {
  for (int times = 0; times <= 3; ++times) {
    Bench bench;
    Scan twin = bench.scans[1];
    twin.sequence = 4;
    bench.scans.push_back(twin);
    bench.begin();
    bench.send_all();
    ShownParcel page = bench.page();
    const ShownScan arrived = page.scans[1];
    std::erase_if(page.scans, [&](const ShownScan& scan) { return scan.kind == ScanKind::arrived; });
    for (int i = 0; i < times; ++i) page.scans.push_back(arrived);
    bench.reconciliation->read_back(page);
    const ReplayResults& results = bench.end();
    EXPECT_EQ(found(results, FindingKind::lost), times == 0 ? 2U : 0U) << times;
    EXPECT_EQ(found(results, FindingKind::duplicated), times == 3 ? 1U : 0U) << times;
  }
}

TEST(ReadBack, MissedScansAreNobodysTruth) {
  Bench bench;
  bench.scans[2].reported = never;
  bench.begin();
  bench.send_all();
  bench.reconciliation->read_back(bench.page());
  expect_only(bench.end(), {});
}

TEST(ReadBack, TheDeliveryShownDecidesThePromiseAsShown) {
  Bench bench;
  bench.parcels[0].facts.promise_day = 2;
  bench.begin();
  bench.send_all();
  ShownParcel page = bench.page();
  page.promise_day = 2;
  bench.reconciliation->read_back(page);
  const ReplayResults& kept = bench.end();
  EXPECT_EQ(kept.shown_kept, 1U);  // Delivered at 16:00 of day 2, though day 2 is nearly over in UTC.

  Bench late;
  late.parcels[0].promise = Verdict::broken;
  late.parcels[0].facts.promise_day = 1;
  late.begin();
  late.send_all();
  page.promise_day = 1;
  late.reconciliation->read_back(page);
  const ReplayResults& broken = late.end();
  EXPECT_EQ(broken.shown_broken, 1U);
  EXPECT_EQ(broken.true_broken, 1U);
  EXPECT_EQ(broken.hidden_broken, 0U);
}

// Goal: findings are exact under any mixture of faults. Method: a random endpoint that drops, doubles and invents
// scans, and keeps its own books.
TEST(ReadBack, CountsEveryFaultOfARandomEndpoint) {
  Bench bench(400, {.examples_max = 20});
  bench.begin();
  bench.send_all();
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  std::uint64_t phantom = 0;
  for (std::uint32_t k = 0; k < 400; ++k) {
    const std::uint32_t i = k * 7 % 400;  // Any order.
    const ShownParcel right = bench.page(i);
    ShownParcel page = right;
    page.scans.clear();
    for (std::uint32_t s = 0; s < right.scans.size(); ++s) {
      const Draws draws({3, 0}, Purpose::test, i, s);
      const auto fault = draws.below(0, 20);
      // The delivery decides the status, which is not this test's matter.
      const bool droppable = s + 1 < right.scans.size();
      if (fault == 0 && droppable) {
        ++lost;
        continue;
      }
      page.scans.push_back(right.scans[s]);
      if (fault == 1) {
        ++doubled;
        page.scans.push_back(right.scans[s]);
      }
      if (fault == 2) {
        ++phantom;
        page.scans.push_back({right.scans[s].unix_ms + 17'000, ScanKind::customs_held, "atlantis"});
      }
    }
    bench.reconciliation->read_back(page);
  }
  const ReplayResults& results = bench.end();
  EXPECT_GT(lost, 20U);
  EXPECT_EQ(found(results, FindingKind::lost), lost);
  EXPECT_EQ(found(results, FindingKind::duplicated), doubled);
  EXPECT_EQ(found(results, FindingKind::phantom), phantom);
  EXPECT_EQ(found(results, FindingKind::wrong), 0U);
  std::map<FindingKind, std::vector<ParcelId>> examples;
  for (const FindingExample& example : results.examples) examples[example.kind].push_back(example.parcel);
  for (const auto& [kind, ids] : examples) {
    EXPECT_LE(ids.size(), 20U);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  }
  EXPECT_EQ(examples[FindingKind::lost].size(), 20U);
}

TEST(Staleness, AgeRunsFromTheFirstMissingScan) {
  Bench bench;
  bench.begin();
  bench.send(bench.scans[0]);
  bench.send(bench.scans[1]);
  const auto check = [&](int hour, std::uint32_t shown) {
    // The reply comes 10 ms after the instant of the check.
    const nanoseconds at = seconds{hour} + milliseconds{10};
    bench.reconciliation->shown(
        {bench.parcels[0].facts.id, at, day_zero + hours(hour), shown > 0, ScanKind::label_created, shown});
  };
  check(2, 1);  // All that was published by then.
  check(6, 1);  // "arrived" of 5:00 is missing: an hour old, a second in the replay.
  check(7, 2);
  const ReplayResults& results = bench.end();
  EXPECT_EQ(results.checks, 3U);
  EXPECT_EQ(results.stale, 1U);
  EXPECT_EQ(results.stale_simulated.max(), nanoseconds{hours(1).count()});
  EXPECT_EQ(results.stale_replay.max(), seconds{1} + milliseconds{10});
  MeasureMap measures;
  results.add_to(measures);
  EXPECT_DOUBLE_EQ(*measures.at("staleness.max").value, 60);
  EXPECT_DOUBLE_EQ(*measures.at("staleness.replay.max").value, 1010);
  EXPECT_NEAR(*measures.at("staleness.stale_share").value, 1.0 / 3, 1e-12);
}

TEST(Staleness, AScanHiddenFromAChecksLongAfterItsAcknowledgementIsLateToShow) {
  Bench bench;
  bench.begin();
  bench.send_all();
  const ParcelId id = bench.parcels[0].facts.id;
  // "arrived" was acknowledged 5 ms after second 5: half a second later is too early to complain, three are not.
  bench.reconciliation->shown({id, milliseconds{5500}, day_zero + hours(6), true, ScanKind::label_created, 1});
  bench.reconciliation->read_back(bench.page());
  EXPECT_EQ(found(bench.end(), FindingKind::late_to_show), 0U);

  Bench slow;
  slow.begin();
  slow.send_all();
  slow.reconciliation->shown({id, milliseconds{8000}, day_zero + hours(8), true, ScanKind::label_created, 1});
  slow.reconciliation->read_back(slow.page());
  const ReplayResults& results = slow.end();
  expect_only(results, {FindingKind::late_to_show});
  EXPECT_EQ(results.defects(), 0U);
  EXPECT_EQ(results.examples.at(0).sequence, 1);
}

TEST(Load, LatencyCountsFromTheIntendedInstant) {
  Bench bench;
  bench.begin();
  // A stall of a second: everything due in it was sent at its end.
  for (int i = 0; i < 100; ++i) {
    const nanoseconds intended = milliseconds{10 * i};
    bench.reconciliation->request({RequestKind::check, RequestFate::accepted, 200, bench.parcels[0].facts.id, 0,
                                   intended, seconds{1}, seconds{1} + milliseconds{2}});
  }
  bench.reconciliation->request(
      {RequestKind::check, RequestFate::dropped, 0, bench.parcels[0].facts.id, 0, seconds{1}, {}, {}});
  bench.reconciliation->request({RequestKind::check, RequestFate::timed_out, 0, bench.parcels[0].facts.id, 0,
                                 seconds{2}, seconds{2}, seconds{7}});
  const ReplayResults& results = bench.end();
  EXPECT_NEAR(results.latency[1].quantile_ms(0.5), 502, 11);
  EXPECT_NEAR(results.service[1].quantile_ms(0.5), 2, 0.01);
  EXPECT_EQ(results.seconds[1][0].intended, 100U);
  EXPECT_EQ(results.seconds[1][0].sent, 0U);
  EXPECT_EQ(results.seconds[1][0].late, 99U);  // The last was 10 ms behind: just in time.
  EXPECT_EQ(results.seconds[1][1].done, 100U);
  EXPECT_EQ(results.seconds[1][1].dropped, 1U);
  EXPECT_EQ(results.seconds[1][7].errors, 1U);
  EXPECT_NEAR(results.seconds[1][1].p50_ms, 502, 20);
  EXPECT_NEAR(results.seconds[1][1].max_ms, 1002, 1e-9);
  MeasureMap measures;
  results.add_to(measures);
  EXPECT_EQ(measures.at("sent").value, 101);
  EXPECT_NEAR(*measures.at("sent.dropped_share").value, 1.0 / 102, 1e-12);
  EXPECT_NEAR(*measures.at("sent.late_share").value, 99.0 / 102, 1e-12);
  EXPECT_NEAR(*measures.at("endpoint.error_share").value, 1.0 / 101, 1e-12);
  EXPECT_NEAR(*measures.at("endpoint.throughput").value, 100.0 / 7, 1e-9);
  EXPECT_FALSE(measures.at("endpoint.scan.p99").value);
}

TEST(Load, TheWaitForABatchIsLatencyButNotLate) {
  Bench bench;
  bench.begin();
  const auto batched = [&](const Scan& scan, milliseconds held) {
    bench.reconciliation->request({RequestKind::scan, RequestFate::accepted, 200, scan.parcel, scan.sequence,
                                   nanoseconds{0}, milliseconds{100}, milliseconds{105}, 1, FaultKind::none, held});
  };
  batched(bench.scans[0], milliseconds{100});
  batched(bench.scans[1], milliseconds{90});
  batched(bench.scans[2], milliseconds{89});
  const ReplayResults& results = bench.end();
  EXPECT_EQ(results.seconds[0][0].late, 1U) << "one waited for more than its batch";
  EXPECT_NEAR(results.latency[0].quantile_ms(0.5), 105, 3);
  EXPECT_NEAR(results.service[0].quantile_ms(0.5), 5, 0.2);
}

TEST(Load, PercentilesPerSecondSurviveALongReplay) {
  Bench bench;
  bench.begin();
  for (int s = 0; s < 1000; ++s) {
    const nanoseconds at = seconds{s};
    bench.reconciliation->request(
        {RequestKind::scan, RequestFate::accepted, 200, ParcelId{99}, 0, at, at, at + milliseconds{s % 7 + 1}});
  }
  const ReplayResults& results = bench.end();
  for (int s = 0; s < 1000; ++s) {
    EXPECT_NEAR(results.seconds[0][static_cast<std::size_t>(s)].p50_ms, s % 7 + 1, 0.03 * (s % 7 + 1)) << s;
  }
}

TEST(ReplayMeasures, NamesAreInTheCatalogueAndAnIncompleteReplayHasNoFindings) {
  Bench bench;
  bench.begin();
  bench.send_all();
  const ReplayResults& results = bench.end(false);
  MeasureMap measures;
  results.add_to(measures);
  const MeasureCatalogue catalogue = measure_catalogue(bench.world);
  for (const auto& [name, measure] : measures) {
    const auto known = catalogue.find(name);
    ASSERT_NE(known, catalogue.end()) << name;
    EXPECT_EQ(known->second, measure.unit) << name;
  }
  EXPECT_FALSE(measures.at("findings").value);
  EXPECT_FALSE(measures.at("lost_scans").value);
}

TEST(ReplayMeasures, OraclesCountByTheirNamesAndAddUpToTheFindings) {
  Bench bench(2);
  bench.begin();
  bench.send_all();
  ShownParcel lost = bench.page(0);
  lost.scans.erase(lost.scans.begin() + 1);
  ShownParcel phantom = bench.page(1);
  phantom.scans.push_back(phantom.scans.back());
  phantom.scans.back().place = "nowhere";
  bench.reconciliation->read_back(lost);
  bench.reconciliation->read_back(phantom);
  const ReplayResults& results = bench.end();
  MeasureMap measures;
  results.add_to(measures);
  double sum = 0;
  for (const char* name : oracle_names) {
    const std::optional<double> value = measures.at(std::string("findings.") + name).value;
    ASSERT_TRUE(value) << name;
    if (name != std::string("isolation") && name != std::string("visibility_latency")) sum += *value;
  }
  EXPECT_EQ(measures.at("findings.no_lost_scan").value, 1);
  EXPECT_EQ(measures.at("findings.no_phantom").value, 1);
  EXPECT_EQ(measures.at("findings").value, sum);
  const auto gate = parse_gate({"findings.no_phantom == 0", "--require", 0}, measure_catalogue(bench.world));
  ASSERT_TRUE(gate);
  EXPECT_EQ(evaluate(*gate, measures, false).verdict, GateVerdict::failed);
}

TEST(ReplayMeasures, AnOracleHasNoCountWhileAPageIsUnread) {
  Bench bench(2);
  bench.begin();
  bench.send_all();
  bench.reconciliation->read_back(bench.page(0));
  MeasureMap measures;
  bench.end().add_to(measures);
  const auto gate = parse_gate({"findings.no_lost_scan == 0", "--require", 0}, measure_catalogue(bench.world));
  ASSERT_TRUE(gate);
  EXPECT_EQ(evaluate(*gate, measures, false).verdict, GateVerdict::error);
}

struct StatusCase {
  const char* name;
  std::vector<ScanKind> kinds;
  std::optional<ScanKind> status;
};
TEST(StatusOf, FollowsTheHistory) {
  using enum ScanKind;
  const StatusCase cases[] = {
      {"nothing", {}, std::nullopt},
      {"the last milestone", {label_created, accepted, departed}, departed},
      {"a label replaces nothing", {accepted, label_created}, accepted},
      {"a delay is no milestone", {departed, delay_weather}, departed},
      {"nothing but a delay", {delay_weather}, delay_weather},
      {"a delay, then a label", {delay_weather, label_created}, label_created},
      {"only an estimate", {eta_changed}, label_created},
      {"delivered stays", {delivered, arrived}, delivered},
      {"delivered, then returned", {delivered, returning, returned}, returned},
      {"a retraction takes the delivery back", {out_for_delivery, delivered, retracted}, out_for_delivery},
      {"... and the true one follows", {out_for_delivery, delivered, retracted, delivered}, delivered},
      {"what happened between counts again", {out_for_delivery, delivered, arrived, retracted}, arrived},
      {"returning stays", {attempted, returning, arrived}, returning},
      {"returning ends in loss", {returning, lost}, lost},
      {"returned stays", {returned, arrived}, returned},
  };
  for (const StatusCase& c : cases) {
    std::vector<ShownScan> history;
    for (const ScanKind kind : c.kinds) history.push_back({static_cast<std::int64_t>(history.size()), kind, ""});
    EXPECT_EQ(status_of(history), c.status) << c.name;
  }
}

}  // namespace
}  // namespace peakstorm
