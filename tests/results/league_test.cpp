// Goal: the league says who kept how many promises where, from counts small enough to do by hand.
#include "results/league.hpp"

#include <gtest/gtest.h>

namespace peakstorm {
namespace {

LeagueRow row(int service, int region, std::uint64_t kept, std::uint64_t broken, std::uint64_t early_kept,
              std::uint64_t early_broken) {
  LeagueRow r;
  r.service = ServiceId{static_cast<std::uint8_t>(service)};
  r.region = RegionId{static_cast<std::uint8_t>(region)};
  r.kept = kept;
  r.broken = broken;
  r.early_kept = early_kept;
  r.early_broken = early_broken;
  r.blame[2] = broken;
  return r;
}

TEST(League, RanksServicesInRegions) {
  // Service 0 keeps 90 and 92 % in region 0, improving by 20 points; 50 % in region 1. Service 1 is too small to tell.
  SeasonRecord first{{}, {row(0, 0, 90, 10, 40, 10), row(0, 1, 50, 50, 25, 25), row(1, 0, 5, 0, 5, 0)}};
  SeasonRecord second{{}, {row(0, 0, 92, 8, 42, 8), row(0, 1, 50, 50, 25, 25), row(1, 0, 5, 0, 5, 0)}};
  const LeagueSeasons control{0, {&first, &second}};
  const League league = league_of(control, {});
  ASSERT_EQ(league.rows.size(), 3U);
  EXPECT_FALSE(league.rows[0].region.has_value());  // Everywhere first.
  EXPECT_EQ(league.rows[0].promises, 400U);
  EXPECT_DOUBLE_EQ(league.rows[0].kept.mean, (0.70 + 0.71) / 2);
  EXPECT_EQ(league.rows[1].region, RegionId{1});
  EXPECT_DOUBLE_EQ(league.rows[1].kept.mean, 0.5);
  EXPECT_EQ(league.rows[1].blame[2], 100U);
  EXPECT_DOUBLE_EQ(league.rows[1].lost[2].mean, 0.5);
  EXPECT_DOUBLE_EQ(league.rows[1].lost[0].mean, 0);
  EXPECT_GE(league.rows[2].kept.low, 0);  // Two seasons say little, but a share is a share.
  EXPECT_LE(league.rows[2].kept.high, 1);
  EXPECT_EQ(league.intervals, 18U);
  EXPECT_DOUBLE_EQ(league.rows[2].kept.mean, 0.91);
  // The later 50 all kept, less 40 of 50; the later 50 all kept, less 42 of 50.
  EXPECT_NEAR(league.rows[2].change->mean, (0.20 + 0.16) / 2, 1e-12);
  EXPECT_EQ(league.rows[2].change->low, -1);  // Nor more than a difference of shares.
  EXPECT_EQ(league.rows[2].change->high, 1);
  EXPECT_EQ(league.best, 2U);
  EXPECT_EQ(league.worst, 1U);
  EXPECT_TRUE(league.cuts.empty());
}

TEST(League, SaysWhatLeavingACarrierOutChanges) {
  SeasonRecord with_1{{}, {row(0, 0, 80, 20, 0, 0), row(1, 0, 100, 0, 0, 0)}};
  SeasonRecord with_2{{}, {row(0, 0, 82, 18, 0, 0), row(1, 0, 100, 0, 0, 0)}};
  SeasonRecord without_1{{}, {row(1, 0, 198, 2, 0, 0)}};
  SeasonRecord without_2{{}, {row(1, 0, 199, 1, 0, 0)}};
  const LeagueSeasons control{0, {&with_1, &with_2}};
  const std::vector<LeagueSeasons> others{{3, {&without_1, &without_2}}};
  const League league = league_of(control, others);
  ASSERT_EQ(league.cuts.size(), 2U);  // Everywhere, and region 0.
  EXPECT_EQ(league.cuts[1].policy, 3U);
  EXPECT_EQ(league.cuts[1].region, RegionId{0});
  EXPECT_NEAR(league.cuts[1].difference.mean, ((0.99 - 0.90) + (0.995 - 0.91)) / 2, 1e-12);
}

TEST(League, OfACarrierLeftOutInOneRegionSaysWhatChangesThereAndOverAll) {
  SeasonRecord with_1{{}, {row(0, 0, 80, 20, 0, 0), row(0, 1, 90, 10, 0, 0), row(0, 2, 100, 0, 0, 0)}};
  SeasonRecord with_2{{}, {row(0, 0, 82, 18, 0, 0), row(0, 1, 92, 8, 0, 0), row(0, 2, 100, 0, 0, 0)}};
  SeasonRecord without_1{{}, {row(0, 0, 80, 20, 0, 0), row(1, 1, 96, 4, 0, 0), row(0, 2, 100, 0, 0, 0)}};
  SeasonRecord without_2{{}, {row(0, 0, 82, 18, 0, 0), row(1, 1, 98, 2, 0, 0), row(0, 2, 100, 0, 0, 0)}};
  const LeagueSeasons control{0, {&with_1, &with_2}};
  const std::vector<LeagueSeasons> others{{3, {&without_1, &without_2}, RegionId{1}}};
  const League league = league_of(control, others);
  ASSERT_EQ(league.cuts.size(), 2U);
  EXPECT_FALSE(league.cuts[0].region.has_value());
  EXPECT_NEAR(league.cuts[0].difference.mean, 0.02, 1e-12);
  EXPECT_EQ(league.cuts[1].region, RegionId{1});
  EXPECT_EQ(league.cuts[1].cut_in, RegionId{1});
  EXPECT_NEAR(league.cuts[1].difference.mean, 0.06, 1e-12);
}

TEST(League, OfNothingIsEmpty) {
  const League league = league_of({0, {}}, {});
  EXPECT_TRUE(league.rows.empty());
  EXPECT_FALSE(league.best.has_value());
}

}  // namespace
}  // namespace peakstorm
