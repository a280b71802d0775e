// The state rules of the endpoint as tables, and their independence of the order of arrival.
#include "adapters/endpoint/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace peakstorm::endpoint {
namespace {

using enum ScanKind;

Milestone at(std::int64_t minute, ScanKind kind, std::string_view place = "") {
  Milestone m;
  m.at_ms = minute * 60'000;
  m.kind = kind;
  m.place = place;
  return m;
}

Milestone with_eta(Milestone m, Date eta, std::int64_t stamp_minute) {
  m.eta = eta;
  m.eta_stamp_ms = stamp_minute * 60'000;
  return m;
}

Standing standing_of(std::vector<Milestone> history) {
  std::sort(history.begin(), history.end(), milestone_before);
  return standing(history);
}

struct Case {
  const char* name;
  std::vector<Milestone> history;
  ScanKind status;
  std::optional<std::int64_t> delivered_minute;
};

// Every case is given in some order; the rule must not depend on it.
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"OneScan", {at(1, label_created)}, label_created, {}},
      {"Forward", {at(1, label_created), at(2, accepted), at(3, departed)}, departed, {}},
      {"ALateScanBeforeDeliveredDoesNotDowngrade",
       {at(1, accepted), at(9, delivered), at(5, out_for_delivery)},
       delivered,
       9},
      {"BackToTheDepotIsRespected", {at(5, out_for_delivery), at(9, arrived)}, arrived, {}},
      {"AttemptThenNextRound",
       {at(5, out_for_delivery), at(6, attempted), at(8, arrived), at(20, out_for_delivery)},
       out_for_delivery,
       {}},
      {"ScansAfterDeliveredDoNotUndoIt", {at(9, delivered), at(12, arrived), at(13, processed)}, delivered, 9},
      {"TheFirstOfTwoDeliveriesCounts", {at(9, delivered), at(12, delivered)}, delivered, 9},
      {"ARetractionTakesTheDeliveryBack",
       {at(5, out_for_delivery), at(9, delivered), at(11, retracted)},
       out_for_delivery,
       {}},
      {"DeliveredAgainAfterTheRetraction",
       {at(5, out_for_delivery), at(9, delivered), at(11, retracted), at(12, delivered)},
       delivered,
       12},
      {"RetractedInTheInstantOfTheTrueDelivery",
       {at(9, delivered), at(12, retracted), at(12, delivered)},
       delivered,
       12},
      {"RetractedInItsOwnInstant", {at(5, arrived), at(9, delivered), at(9, retracted)}, arrived, {}},
      {"TwoFalseDeliveries",
       {at(5, arrived), at(9, delivered), at(10, retracted), at(11, delivered), at(12, retracted)},
       arrived,
       {}},
      {"ARetractionWithoutDeliveryChangesNothing", {at(5, arrived), at(9, retracted)}, arrived, {}},
      {"MovementAfterARetraction", {at(9, delivered), at(11, retracted), at(13, arrived)}, arrived, {}},
      {"MovementBetweenAFalseDeliveryAndItsRetraction",
       {at(9, delivered), at(10, arrived), at(11, retracted)},
       arrived,
       {}},
      {"RefusedAtTheDoor", {at(9, delivered), at(10, returning), at(12, arrived)}, returning, {}},
      {"Returned", {at(8, attempted), at(9, returning), at(10, departed), at(12, returned)}, returned, {}},
      {"ReturnedIsTheEnd", {at(12, returned), at(13, delivered), at(14, arrived)}, returned, {}},
      {"DeliveredOnTheWayBack", {at(9, returning), at(10, delivered)}, delivered, 10},
      {"Lost", {at(5, arrived), at(30, lost)}, lost, {}},
      {"FoundAgain", {at(5, arrived), at(30, lost), at(40, arrived)}, arrived, {}},
      {"Cancelled", {at(1, label_created), at(3, cancelled)}, cancelled, {}},
      {"ALateLabelDoesNotDowngrade", {at(3, accepted), at(4, label_created)}, accepted, {}},
      {"ADelayKeepsTheStatus", {at(3, departed), at(4, delay_weather), at(5, delay_other)}, departed, {}},
      {"OnlyADelayIsKnown", {at(4, delay_weather)}, delay_weather, {}},
      {"AnEstimateIsNoMilestone", {at(3, departed), at(4, eta_changed)}, departed, {}},
      {"OnlyAnEstimateIsKnown", {at(4, eta_changed)}, label_created, {}},
      {"ArrivesAndLeavesAtOnce", {at(4, departed), at(4, arrived)}, departed, {}},
      {"HeldInCustomsThenCleared",
       {at(4, customs_in), at(5, customs_held), at(6, customs_cleared)},
       customs_cleared,
       {}},
      {"DamagedGoesOn", {at(4, damaged), at(5, arrived)}, arrived, {}},
  };
  return all;
}

TEST(Standing, FollowsTheTable) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    const Standing now = standing_of(one.history);
    ASSERT_TRUE(now.status);
    EXPECT_STREQ(scan_kind_names[static_cast<std::size_t>(*now.status)],
                 scan_kind_names[static_cast<std::size_t>(one.status)]);
    EXPECT_EQ(now.delivered_at_ms.has_value(), one.delivered_minute.has_value());
    if (one.delivered_minute) {
      EXPECT_EQ(now.delivered_at_ms.value_or(-1), *one.delivered_minute * 60'000);
    }
  }
}

TEST(Standing, OfNothingIsNothing) {
  const Standing now = standing_of({});
  EXPECT_FALSE(now.status);
  EXPECT_FALSE(now.delivered_at_ms);
  EXPECT_EQ(now.estimated, no_date);
}

TEST(Standing, SaysThatADeliveryWasTakenBack) {
  EXPECT_TRUE(standing_of({at(9, delivered), at(10, retracted)}).retracted);
  EXPECT_FALSE(standing_of({at(9, delivered), at(10, retracted), at(11, delivered)}).retracted);
}

TEST(Standing, IsDelayedUntilTheNextScan) {
  EXPECT_TRUE(standing_of({at(3, departed), at(4, delay_weather)}).delayed);
  EXPECT_TRUE(standing_of({at(3, departed), at(4, delay_weather), at(5, eta_changed)}).delayed);
  EXPECT_FALSE(standing_of({at(3, departed), at(4, delay_weather), at(5, arrived)}).delayed);
}

TEST(Standing, TheEstimateToldLastCounts) {
  // The late scan of minute 4 was told at minute 30: its estimate is newer than that of minute 9.
  const Standing now = standing_of({with_eta(at(9, departed), 100, 9), with_eta(at(4, arrived), 101, 30)});
  EXPECT_EQ(now.estimated, 101);
  EXPECT_EQ(standing_of({with_eta(at(9, departed), 100, 9), at(10, arrived)}).estimated, 100);
}

TEST(SameMilestone, NeedsInstantKindAndPlace) {
  EXPECT_TRUE(same_milestone(at(1, arrived, "Memphis"), at(1, arrived, " MEMPHIS ")));
  EXPECT_TRUE(same_milestone(at(1, arrived, "New York"), at(1, arrived, "NEW  YORK")));
  EXPECT_TRUE(same_milestone(at(1, arrived, ""), at(1, arrived, "Memphis")));
  EXPECT_FALSE(same_milestone(at(1, arrived, "Memphis"), at(1, arrived, "Dallas")));
  EXPECT_FALSE(same_milestone(at(1, arrived, "Memphis"), at(2, arrived, "Memphis")));
  EXPECT_FALSE(same_milestone(at(1, arrived, "Memphis"), at(1, departed, "Memphis")));
}

TEST(Refine, IsIdempotentAndCommutes) {
  Milestone a = with_eta(at(1, arrived, "MEMPHIS"), 100, 5);
  a.message = "Arrived";
  Milestone b = with_eta(at(1, arrived, "Memphis"), 101, 4);
  b.message = "Arrived at facility";
  b.region = "TN";
  b.offset_minutes = -360;
  Milestone ab = a;
  EXPECT_TRUE(refine(ab, b));
  EXPECT_FALSE(refine(ab, b));
  EXPECT_FALSE(refine(ab, a));
  Milestone ba = b;
  refine(ba, a);
  for (const Milestone& m : {ab, ba}) {
    EXPECT_EQ(m.place, "Memphis");
    EXPECT_EQ(m.region, "TN");
    EXPECT_EQ(m.message, "Arrived at facility");
    EXPECT_EQ(m.offset_minutes, -360);
    EXPECT_EQ(m.eta, 100);
  }
}

}  // namespace
}  // namespace peakstorm::endpoint
