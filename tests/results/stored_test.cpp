// What a broker has stored against what was sent: each finding by the smallest case that has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "results/reconcile.hpp"
#include "tests/results/small_world.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

/// One parcel with three scans, published to a broker.
class Stored : public ::testing::Test {
 protected:
  Stored() {
    TruthParcel parcel;
    parcel.facts.id = id;
    parcel.facts.destination = DestinationId{0};
    parcel.facts.promise_day = 3;
    for (std::uint8_t i = 0; i < 3; ++i) {
      const SimTime at = day_zero + hours(i + 1);
      scans.push_back({at, at, id, PlaceId{0}, no_day, ScanKind::arrived, i});
    }
    reconciliation =
        std::make_unique<Reconciliation>(world, std::vector{parcel}, plain_rules(world), ReconcileOptions{});
    reconciliation->truth(scans);
    reconciliation->begin({"nats://127.0.0.1:4222/scans", "cloudevents", 3600, 0, true});
  }

  void send(std::uint8_t sequence, RequestFate fate = RequestFate::accepted, FaultKind fault = FaultKind::none) {
    const milliseconds sent{10 * ++requests};
    reconciliation->request({RequestKind::scan, fate, 0, id, sequence, sent, sent, sent + milliseconds{5}, 1, fault});
  }
  void send_all() {
    for (std::uint8_t i = 0; i < 3; ++i) send(i);
  }
  void store(std::uint8_t sequence, FaultKind fault = FaultKind::none, bool intact = true) {
    reconciliation->stored({true, id, sequence, fault, intact});
  }
  void store_all(std::initializer_list<std::uint8_t> order) {
    for (const std::uint8_t sequence : order) store(sequence);
  }
  /// Every finding of `wanted` once, and nothing else.
  const ReplayResults& expect_only(const std::vector<FindingKind>& wanted) {
    reconciliation->stored_all();
    reconciliation->end(seconds{3}, seconds{1}, true);
    const ReplayResults& results = reconciliation->results();
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
      const auto times = std::count(wanted.begin(), wanted.end(), static_cast<FindingKind>(kind));
      EXPECT_EQ(results.findings[kind], static_cast<std::uint64_t>(times)) << finding_names[kind];
    }
    return results;
  }

  World world = test::small_world();
  ParcelId id = make_parcel_id(ShipNodeId{0}, 1, 0);
  std::vector<Scan> scans;
  std::unique_ptr<Reconciliation> reconciliation;
  int requests = 0;
};

TEST_F(Stored, WhatWasSentInItsOrderHasNoFindings) {
  send_all();
  for (std::uint8_t i = 0; i < 3; ++i) store(i);
  reconciliation->stored({});  // Somebody else's.
  const ReplayResults& results = expect_only({});
  EXPECT_EQ(results.defects(), 0U);
  EXPECT_EQ(results.stored, 3U);
  EXPECT_EQ(results.stored_foreign, 1U);
  EXPECT_EQ(results.stored_again, 0U);
  MeasureMap measures;
  results.add_to(measures);
  EXPECT_EQ(measures.at("findings").value, 0);
}

TEST_F(Stored, AnAcknowledgedMessageThatIsMissingIsLost) {
  send_all();
  store(0);
  store(2);
  const ReplayResults& results = expect_only({FindingKind::lost});
  ASSERT_EQ(results.examples.size(), 1U);
  EXPECT_THAT(results.examples[0].detail, HasSubstr("was acknowledged and is not stored"));
  EXPECT_THAT(results.examples[0].truth, HasSubstr("> 2013-11-25 02:00:00Z arrived"));
  EXPECT_EQ(results.oracle[static_cast<std::size_t>(Oracle::no_lost_scan)].findings, 1U);
}

TEST_F(Stored, WhatWasNeverAcknowledgedIsNoDefect) {
  send(0);
  send(1, RequestFate::refused);
  send(2);
  store_all({0, 2});
  EXPECT_EQ(expect_only({FindingKind::unacknowledged}).defects(), 0U);
}

TEST_F(Stored, WhatWasNeverSentIsNoDefectEither) {
  send(0);
  send(1);
  store_all({0, 1});
  EXPECT_EQ(expect_only({FindingKind::not_sent}).defects(), 0U);
}

TEST_F(Stored, ACopyThatRepeatedSendingExplainsIsCounted) {
  send(0, RequestFate::broken);  // Its acknowledgement was lost.
  send_all();
  store_all({0, 0, 1, 2});
  EXPECT_EQ(expect_only({}).stored_again, 1U);
}

TEST_F(Stored, ACopyThatNobodySentIsADuplicate) {
  send_all();
  store_all({0, 1, 1, 2});
  expect_only({FindingKind::duplicated});
}

TEST_F(Stored, ARedeliveryMayBeStoredOnceOrTwice) {
  send_all();
  send(1, RequestFate::accepted, FaultKind::redelivery);
  store_all({0, 1, 2, 1});
  EXPECT_EQ(expect_only({}).stored_again, 1U);
}

TEST_F(Stored, ALaterScanBeforeAnEarlierOneIsReordered) {
  send_all();
  store_all({0, 2, 1});
  const ReplayResults& results = expect_only({FindingKind::reordered});
  EXPECT_EQ(results.examples[0].sequence, 1);
  EXPECT_EQ(results.oracle[static_cast<std::size_t>(Oracle::prefix_consistency)].judged, 3U);
}

TEST_F(Stored, OneThatWasGivenUpMayArriveLater) {
  send(0, RequestFate::timed_out);
  send(1);
  send(2);
  store_all({1, 2, 0});
  expect_only({});
}

TEST_F(Stored, AnotherBodyIsWrong) {
  send_all();
  store(0);
  store(1, FaultKind::none, false);
  store(2);
  expect_only({FindingKind::wrong});
}

TEST_F(Stored, WhatWasNeverSentIsAPhantom) {
  send(0);
  send(1);
  for (std::uint8_t i = 0; i < 3; ++i) store(i);  // The last one was not sent.
  store(7);                                       // There is no such scan.
  store(0, FaultKind::near_duplicate);            // No such fault was done.
  expect_only({FindingKind::phantom, FindingKind::phantom, FindingKind::phantom, FindingKind::not_sent});
}

TEST_F(Stored, MessagesThatAreFaultsMustBeThereToo) {
  send_all();
  send(0, RequestFate::accepted, FaultKind::near_duplicate);
  send(1, RequestFate::accepted, FaultKind::forged);
  for (std::uint8_t i = 0; i < 3; ++i) store(i);
  store(1, FaultKind::forged);
  // A broker judges no signature; but what it took it must have.
  const ReplayResults& results = expect_only({FindingKind::lost});
  EXPECT_THAT(results.examples[0].detail, HasSubstr("near_duplicate"));
}

TEST_F(Stored, WithoutAReadBackNothingIsKnown) {
  send_all();
  reconciliation->end(seconds{3}, seconds{1}, true);
  MeasureMap measures;
  reconciliation->results().add_to(measures);
  EXPECT_FALSE(measures.at("findings").value.has_value());
}

}  // namespace
}  // namespace peakstorm
