// Goal: what a comparison claims holds as often as it says: intervals cover, the selected policy is the best, nobody is
// called dominated who is not. Method: seasons drawn from normal distributions with known means and a shared part, as
// common random numbers make them; many whole comparisons of each kind.
#include "results/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace peakstorm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double orders = 1e9;

/// A season in which a share `kept` of the promises was kept and an order cost so many dollars.
SeasonSums season(double kept, double dollars = 10, double days = 4) {
  SeasonSums s;
  s.orders = static_cast<std::uint64_t>(orders);
  s.kept = static_cast<std::uint64_t>(std::llround(kept * orders));
  s.broken = s.orders - s.kept;
  s.shipping_cents = std::llround(dollars * orders * 100);
  s.promised = s.delivered = s.orders;
  s.promised_days = s.delivered_days = std::llround(days * orders);
  return s;
}

std::vector<std::string> named(std::size_t policies) {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < policies; ++p) names.push_back("p" + std::to_string(p));
  return names;
}

/// Policies with these means; every season has a luck of its own that all share, and each policy some of its own.
struct Model {
  std::vector<double> means;
  double shared = 0.02;
  double own = 0.01;
  std::mt19937_64 random;

  Comparison run(const ComparisonPlan& plan) {
    Experiment experiment(named(means.size()), plan);
    std::vector<double> luck;
    std::normal_distribution<double> normal;
    while (true) {
      const auto next = experiment.next();
      if (next.empty()) break;
      for (const Season& one : next) {
        while (luck.size() <= one.replication) luck.push_back(shared * normal(random));
        experiment.add(one, season(means[one.policy] + luck[one.replication] + own * normal(random)));
      }
    }
    return experiment.result("test");
  }
};

TEST(Comparison, IntervalsCoverAtTheirRateOver1000Comparisons) {
  Model model{{0.90, 0.91, 0.93}, 0.02, 0.01, std::mt19937_64(11)};
  ComparisonPlan plan;
  plan.fixed = 20;
  int single = 0;
  int together = 0;
  for (int macro = 0; macro < 1000; ++macro) {
    const Comparison found = model.run(plan);
    const auto holds = [](const std::optional<Interval>& i, double truth) {
      return i->low <= truth && truth <= i->high;
    };
    single += holds(found.policies[1].value[0], 0.91) ? 1 : 0;
    together += holds(found.policies[1].difference[0], 0.01) && holds(found.policies[2].difference[0], 0.03) ? 1 : 0;
  }
  EXPECT_GE(single, 932);  // Three standard errors around 950.
  EXPECT_LE(single, 968);
  // Bonferroni over seven yardsticks of which only one varies here: at least 95 %, and about 99.
  EXPECT_GE(together, 980);
}

TEST(Comparison, IntervalsCoverUnderTheStoppingRule) {
  // With one other policy, of ten intervals five vary; the rule stops by one of them. Its own coverage, at
  // 1 - 0.05 / 5 = 99 %, may suffer from stopping when the sample looks quiet, but not much after ten seasons.
  Model model{{0.90, 0.905}, 0.02, 0.01, std::mt19937_64(12)};
  ComparisonPlan plan;
  plan.precision = 0.006;
  plan.delta = 0.02;
  int covered = 0;
  for (int macro = 0; macro < 1000; ++macro) {
    const Comparison found = model.run(plan);
    const auto& difference = *found.policies[1].difference[0];
    EXPECT_LE(difference.half_width(), plan.precision);
    covered += difference.low <= 0.005 && 0.005 <= difference.high ? 1 : 0;
  }
  EXPECT_GE(covered, 970);
}

/// Share of right selections when one policy is ahead of all others by just delta.
double slippage(std::size_t policies, int macros, std::uint64_t seed, Procedure expected, double own = 0.01) {
  Model model{std::vector<double>(policies, 0.9), 0.02, own, std::mt19937_64(seed)};
  model.means[policies / 2] = 0.91;
  ComparisonPlan plan;
  plan.delta = 0.01;
  plan.precision = 1;  // The selection alone decides how long it runs.
  plan.most = 100'000;
  int right = 0;
  for (int macro = 0; macro < macros; ++macro) {
    const Comparison found = model.run(plan);
    EXPECT_EQ(found.procedure, expected);
    EXPECT_TRUE(found.guaranteed);
    EXPECT_FALSE(found.cut_short);
    right += found.selected == policies / 2 ? 1 : 0;
  }
  return static_cast<double>(right) / macros;
}

// 0.95 less two standard errors of the estimate.
TEST(Comparison, TwoStagesSelectTheBestAtTheirRate) {
  EXPECT_GE(slippage(6, 1000, 21, Procedure::two_stage), 0.936);
}
TEST(Comparison, KimAndNelsonSelectTheBestAtTheirRate) {
  EXPECT_GE(slippage(25, 300, 22, Procedure::kim_nelson), 0.925);
}
TEST(Comparison, ScreeningSelectsTheBestAtItsRate) {
  EXPECT_GE(slippage(501, 20, 23, Procedure::screened, 0.004), 0.85);
}

TEST(Comparison, ScreeningKeepsTheBest) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  int kept = 0;
  std::size_t left = 0;
  for (int macro = 0; macro < 1000; ++macro) {
    std::vector<std::vector<double>> systems(10);
    for (std::size_t i = 0; i < systems.size(); ++i) {
      for (int r = 0; r < 10; ++r) systems[i].push_back((i == 4 ? 0 : i < 7 ? -0.2 : -3.0) + normal(random));
    }
    const auto stay = screen(systems, 0.05);
    kept += std::find(stay.begin(), stay.end(), 4) != stay.end() ? 1 : 0;
    left += stay.size();
  }
  EXPECT_GE(kept, 950);
  EXPECT_LE(left, 7'600U);  // The three hopeless ones are gone, hardly anybody else is.
}

TEST(Comparison, NobodyIsDominatedWithoutBeingSeparated) {
  // 1 is better by promises and by cost; 2 is dearer than 1 by so little that ten seasons do not tell it.
  ComparisonPlan plan;
  plan.fixed = 10;
  Experiment experiment(named(4), plan);
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (const Season& one : experiment.next()) {
    constexpr std::array<double, 4> kept{0.90, 0.95, 0.95, 0.97};
    constexpr std::array<double, 4> dollars{10, 9, 9.001, 12};
    experiment.add(one, season(kept[one.policy] + 0.001 * normal(random), dollars[one.policy] + 0.01 * normal(random)));
  }
  EXPECT_THAT(experiment.next(), IsEmpty());
  const Comparison found = experiment.result("test");
  EXPECT_THAT(found.policies[0].dominated_by, ElementsAre(1, 2));
  EXPECT_THAT(found.pareto, ElementsAre(1, 2, 3));
  EXPECT_EQ(found.pareto_intervals, 18U);
}

TEST(Comparison, CommonRandomNumbersAreCredited) {
  Model model{{0.9, 0.9}, 0.03, 0.01, std::mt19937_64(6)};
  ComparisonPlan plan;
  plan.fixed = 2000;
  // Independent: 2 (0.03^2 + 0.01^2); paired: 2 x 0.01^2.
  EXPECT_NEAR(*model.run(plan).policies[1].variance_ratio[0], 10, 1);
}

TEST(Comparison, TheOrderInWhichSeasonsEndLeavesNoTrace) {
  const auto run = [](bool backwards) {
    ComparisonPlan plan;
    plan.precision = 0.004;
    plan.delta = 0.01;
    Experiment experiment(named(5), plan);
    while (true) {
      auto next = experiment.next();
      if (next.empty()) break;
      if (backwards) std::reverse(next.begin(), next.end());
      for (const Season& one : next) {
        // The value depends on the season alone.
        std::mt19937_64 random(1000 * one.policy + one.replication);
        std::normal_distribution<double> normal(0.9, 0.01);
        experiment.add(one, season(normal(random)));
      }
    }
    return experiment.result("test");
  };
  const Comparison forwards = run(false);
  const Comparison backwards = run(true);
  EXPECT_EQ(forwards.statement, backwards.statement);
  for (std::size_t p = 0; p < 5; ++p) EXPECT_EQ(forwards.policies[p].seasons, backwards.policies[p].seasons);
}

TEST(Comparison, WhatIsKnownBeforeCountsAsIfItHadBeenRun) {
  // The seasons of a finished comparison, given to a fresh one in one go: nothing is left to run, the result is the
  // same.
  const auto value_of = [](const Season& one) {
    std::mt19937_64 random(77 * one.policy + one.replication);
    std::normal_distribution<double> normal(0.9 + 0.01 * static_cast<double>(one.policy), 0.01);
    return season(normal(random));
  };
  ComparisonPlan plan;
  Experiment first(named(3), plan);
  std::vector<Season> all;
  for (auto next = first.next(); !next.empty(); next = first.next()) {
    for (const Season& one : next) first.add(one, value_of(one));
    all.insert(all.end(), next.begin(), next.end());
  }
  Experiment second(named(3), plan);
  for (const Season& one : all) second.add(one, value_of(one));
  EXPECT_THAT(second.next(), IsEmpty());
  EXPECT_EQ(first.result("x").statement, second.result("x").statement);
}

TEST(Comparison, TheStatementSaysWhatIsNotKnown) {
  Model model{{0.9, 0.9, 0.9}, 0.02, 0.02, std::mt19937_64(8)};
  ComparisonPlan plan;
  plan.fixed = 5;
  plan.delta = 0.001;
  const Comparison found = model.run(plan);
  EXPECT_FALSE(found.guaranteed);
  EXPECT_THAT(found.statement, HasSubstr("No selection is guaranteed within 0.10 pp: that needs"));
  EXPECT_THAT(found.statement, HasSubstr("3 policies x 7 yardsticks compared, Bonferroni"));
  EXPECT_GT(*found.delta_reached, plan.delta);
  Experiment nothing(named(2), plan);
  EXPECT_THAT(nothing.result("x").statement, HasSubstr("Nothing can be said yet"));
  EXPECT_TRUE(nothing.result("x").cut_short);
}

TEST(Comparison, ALosingPolicyIsNotRunOn) {
  Model model{std::vector<double>(25, 0.9), 0.02, 0.01, std::mt19937_64(9)};
  model.means[3] = 0.99;
  model.means[7] = 0.5;
  ComparisonPlan plan;
  const Comparison found = model.run(plan);
  EXPECT_EQ(found.selected, 3U);
  EXPECT_TRUE(found.policies[7].eliminated);
  EXPECT_EQ(found.policies[7].seasons, plan.least);
}

TEST(Comparison, ProceduresFollowTheNumberOfPolicies) {
  EXPECT_EQ(procedure_for(2), Procedure::two_stage);
  EXPECT_EQ(procedure_for(20), Procedure::two_stage);
  EXPECT_EQ(procedure_for(21), Procedure::kim_nelson);
  EXPECT_EQ(procedure_for(500), Procedure::kim_nelson);
  EXPECT_EQ(procedure_for(501), Procedure::screened);
}

}  // namespace
}  // namespace peakstorm
