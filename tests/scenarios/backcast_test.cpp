// Goal: the scenarios of the library have the shape of what happened (value 25 of the validation table). Published
// figures are estimates of others, scored by rules of their own, so these are bands around them, not statistical tests;
// the bands are stated beside each figure.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/on_time.hpp"
#include "engine/simulation.hpp"
#include "scenarios/loader.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/theory.hpp"

namespace peakstorm {
namespace {

World library(const char* name) {
  auto world = load_scenario(std::string(PEAKSTORM_SOURCE_DIR) + "/scenarios/library/" + name);
  EXPECT_TRUE(world.has_value());
  return *std::move(world);
}

template <class Things>
std::size_t find(const Things& things, const std::string& name) {
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (things[i].name == name) return i;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

struct Rate {
  double kept = 0;
  double counted = 0;
  [[nodiscard]] double value() const { return kept / counted; }
};

/// A run and its verdicts: by definition, carrier, tier and the day the commitment was due.
struct Backcast {
  Backcast(const World& what, double scale, const SimulationOptions& given = {}) : world(what) {
    SimulationOptions options = given;
    options.scale = scale;
    test::run(world, recorder, options);
    for (const Outcome& outcome : recorder.all_outcomes()) {
      if (outcome.commit_day == no_day || outcome.order_day < world.measure_from) continue;
      if (outcome.order_day >= world.measure_to) continue;
      const auto verdicts = judge(world, outcome, world.day_count + world.drain_days - 1);
      const Service& service = world.services[index(outcome.service)];
      for (const OnTimeDefinition d : {OnTimeDefinition::commit, OnTimeDefinition::commit_lenient}) {
        const Verdict verdict = verdicts[static_cast<std::size_t>(d)];
        if (verdict == Verdict::not_counted) continue;
        for (Rate* rate : {&all[d], &due[{d, index(service.carrier), service.tier, outcome.commit_day}]}) {
          ++rate->counted;
          rate->kept += verdict == Verdict::kept ? 1 : 0;
        }
        if (d == OnTimeDefinition::commit && verdict == Verdict::broken) {
          ++causes[{index(service.carrier), service.tier, outcome.commit_day}][outcome.cause];
        }
      }
    }
  }
  [[nodiscard]] double express(std::size_t carrier, int day) const {
    return due.at({OnTimeDefinition::commit, carrier, Tier::express, day}).value();
  }
  /// Pieces of a day at a place, by a member of PlaceDay.
  [[nodiscard]] double at(const std::string& facility, Day day, std::uint32_t PlaceDay::*what) const {
    for (const PlaceDay& d : recorder.kept_days) {
      if (index(d.place) == find(world.facilities, facility) && d.day == day) return d.*what;
    }
    return 0;
  }
  const World& world;
  test::KeepingRecorder recorder{false};
  std::map<OnTimeDefinition, Rate> all;
  std::map<std::tuple<OnTimeDefinition, std::size_t, Tier, int>, Rate> due;
  std::map<std::tuple<std::size_t, Tier, int>, std::map<Cause, double>> causes;
};

/// Levels hang on the scale (small lanes are noisier), so the ordinary suite looks at shapes; the long one at levels
/// too.
bool full() {
  return test::precision() >= 8;
}

const Backcast& christmas() {
  static const World world = library("christmas-2013");
  static const Backcast run(world, full() ? 0.01 : 0.001);
  return run;
}

constexpr Day christmas_eve = 29;  // 24 December; the scenario begins on 25 November.

// UPS in December 2013: 83 % of express due on the 24th on time, FedEx 90 %; its plan was 8 % more than the year
// before, demand 37 to 63 % more. Worldport expected 3.5 M pieces against 1.6 M; it sorted them, but the aircraft were
// full.
TEST(Ups2013, AircraftBindAndSortedFreightIsLeftBehind) {
  const Backcast& run = christmas();
  const std::size_t ups = find(run.world.carriers, "ups");
  const std::size_t fedex = find(run.world.carriers, "fedex");
  EXPECT_LT(run.express(ups, christmas_eve), run.express(fedex, christmas_eve) - 0.02);
  if (full()) {
    EXPECT_NEAR(run.express(ups, christmas_eve), 0.83, 0.05);
    EXPECT_NEAR(run.express(fedex, christmas_eve), 0.90, 0.04);
  }
  const auto& causes = run.causes.at({ups, Tier::express, christmas_eve});
  double broken = 0;
  for (const auto& [cause, parcels] : causes) broken += parcels;
  EXPECT_GT(causes.at(Cause::dock_rollover), 0.5 * broken);
  // Tuesday to Friday of the first full week are ordinary; the night before the eve is Monday's, counted on the 24th.
  double ordinary = 0;
  for (Day day = 8; day < 12; ++day) ordinary += run.at("ups-sdf", day, &PlaceDay::arrived) / 4;
  EXPECT_GT(run.at("ups-sdf", christmas_eve, &PlaceDay::arrived), 1.6 * ordinary);
  EXPECT_LT(run.at("ups-sdf", christmas_eve, &PlaceDay::departed),
            run.at("ups-sdf", christmas_eve, &PlaceDay::arrived));
}

// One trace under two rules: by the carrier's own hour, and with a day more for ground and weather set aside.
// ShipMatrix: UPS 96.5 against 98.9 %, 2.4 points, of different periods; here half to twice that.
TEST(OnTimeDefinitions, TheLenientRuleOpensAGap) {
  const Backcast& run = christmas();
  const double gap =
      run.all.at(OnTimeDefinition::commit_lenient).value() - run.all.at(OnTimeDefinition::commit).value();
  EXPECT_GT(gap, 0.012);
  EXPECT_LT(gap, 0.048);
}

// A peak that was planned for: at least 30 % above the first week, no storm and no surge, 97 % under the loose rule.
TEST(PlannedPeak, KeepsTheLooseRule) {
  SimulationOptions calm;
  calm.without.fill(true);
  const Backcast run(christmas().world, full() ? 0.01 : 0.001, calm);
  double ordinary = 0;
  double peak = 0;
  for (Day day = 8; day < 12; ++day) ordinary += run.at("ups-sdf", day, &PlaceDay::arrived);
  for (Day day = 22; day < 26; ++day) peak += run.at("ups-sdf", day, &PlaceDay::arrived);
  EXPECT_GT(peak, 1.3 * ordinary);
  EXPECT_GE(run.all.at(OnTimeDefinition::commit_lenient).value(), 0.97);
}

/// Due days on which express of `carrier` was more than three points below the ordinary days 8 to 14.
std::vector<int> bad_days(const Backcast& run, std::size_t carrier) {
  Rate ordinary;
  std::vector<int> bad;
  for (const auto& [key, rate] : run.due) {
    const auto& [definition, of, tier, day] = key;
    if (definition != OnTimeDefinition::commit || of != carrier || tier != Tier::express || day < 8 || day >= 30)
      continue;
    if (day <= 14) {
      ordinary.kept += rate.kept;
      ordinary.counted += rate.counted;
    } else if (rate.value() < ordinary.value() - 0.03) {
      bad.push_back(day);
    }
  }
  return bad;
}

// Memphis, February 2021: staff could not reach the hub from the 14th on, delays were announced until 1 March. The
// hub's nights are 80 % full. A lost night takes .8 / .2 = 4 nights: those of the 17th, 18th, 19th and 22nd (no sort on
// a weekend), and what is due on the 23rd is on time again. Three nights at half the staff, from the 15th, are .9
// nights behind and take 4.5: until what is due on the 24th, ten days of trouble.
TEST(Memphis2021, RecoveryTakesWhatTheLoadSays) {
  World world = library("blizzard-memphis");
  const std::size_t fedex = find(world.carriers, "fedex");
  const std::size_t ups = find(world.carriers, "ups");
  const double scale = full() ? 0.01 : 0.002;
  {
    const Backcast closed(world, scale);
    const std::vector<int> bad = bad_days(closed, fedex);
    ASSERT_FALSE(bad.empty());
    EXPECT_EQ(bad.front(), 16);
    EXPECT_NEAR(bad.back(), 22, 1);
    EXPECT_TRUE(bad_days(closed, ups).empty());
  }
  for (Disruption& storm : world.disruptions) {
    storm.closed = false;
    storm.staffing = 500'000;
    storm.from = day_zero + days(14) + hours(18);
    storm.to = storm.from + days(3);
  }
  const Backcast short_staffed(world, scale);
  const std::vector<int> bad = bad_days(short_staffed, fedex);
  ASSERT_FALSE(bad.empty());
  EXPECT_EQ(bad.front(), 15);
  EXPECT_NEAR(bad.back(), 24, 1);
  EXPECT_TRUE(bad_days(short_staffed, ups).empty());
}

}  // namespace
}  // namespace peakstorm
