// Goal: broken promises are made good by the plan, at its instants and within its budget, and nobody is worth more for
// having been failed.
// Method: the loyalty model alone over drawn parameters and grades; a small world in trouble, whose acts are held
// against its scans one by one.
#include "engine/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "engine/loyalty.hpp"
#include "tests/engine/rank_runs.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using test::KeepingRecorder;
using namespace test::rank_runs;

/// Draws in [low, high), one after the other.
class Drawn {
 public:
  explicit Drawn(std::uint64_t entity) : entity_(entity) {}
  double operator()(double low, double high) {
    return low + (high - low) * Draws({17, 0}, Purpose::test, entity_, count_++).unit(0);
  }

 private:
  std::uint64_t entity_;
  std::uint32_t count_ = 0;
};

WonBack drawn_effect(Drawn& draw) {
  return {draw(-1, 2), draw(-1, 2), draw(-1, 2)};
}

RecoveryGrade drawn_grade(Drawn& draw) {
  RecoveryGrade grade;
  if (draw(0, 1) < 0.6) grade.credit = static_cast<Cents>(draw(0, 10'000));
  grade.refunds_shipping = draw(0, 1) < 0.5;
  return grade;
}

// The whole range of every key that `check` lets pass, with whatever is given.
TEST(Loyalty, NobodyIsWorthMoreForHavingBeenFailed) {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    Drawn draw(i);
    LoyaltyModel model;
    model.survey = static_cast<SurveyClock>(draw(0, 2));
    if (i % 2 == 0) {  // Else the defaults, with grades of all kinds.
      model.asked_before = draw(-10, 10);
      model.asked_after = draw(-10, 10);
      model.failure_delay = draw(0, 1) < 0.1 ? 0 : draw(0, 100);
      model.orders_per_year = draw(0.01, 100);
      model.orders_shape = draw(0.01, 100);
      model.credit_full = static_cast<Cents>(draw(1, 5'000));
      model.satisfaction = drawn_effect(draw);
      model.repurchase = drawn_effect(draw);
    }
    const RecoveryGrade grade = drawn_grade(draw);
    Experience experience;
    experience.failed = true;
    experience.days_late = static_cast<int>(draw(1, 40));
    experience.asked_before_delivery = draw(0, 1) < 0.5;
    if (draw(0, 1) < 0.8) experience.given = &grade;
    if (draw(0, 1) < 0.8) experience.given_when_asked = experience.given;
    const double factor = repurchase_factor(model, experience, model.failure_delay);
    const NextYear failed = next_year(model, factor);
    const NextYear kept = next_year(model, repurchase_factor(model, {}, model.failure_delay));
    ASSERT_GE(factor, 0) << i;
    ASSERT_LE(factor, 1) << i;
    ASSERT_LE(failed.again, kept.again) << i;
    ASSERT_LE(failed.cents, kept.cents) << i;
    const SurveyAnswer late = survey_answer(model, experience);
    const SurveyAnswer in_time = survey_answer(model, {});
    ASSERT_LE(late.score, in_time.score) << i;
    ASSERT_LE(late.happy - late.unhappy, in_time.happy - in_time.unhappy) << i;
  }
}

TEST(Loyalty, ByDefaultLatenessCostsAndACreditWinsBackMoreThanARefundAndThatMoreThanAnApology) {
  const LoyaltyModel model;
  const auto worth = [&](const RecoveryGrade* given) {
    Experience experience;
    experience.failed = true;
    experience.days_late = 2;
    experience.given = experience.given_when_asked = given;
    return std::pair(next_year(model, repurchase_factor(model, experience, model.failure_delay)).cents,
                     survey_answer(model, experience).score);
  };
  const RecoveryGrade apology;
  RecoveryGrade refund;
  refund.refunds_shipping = true;
  RecoveryGrade credit;
  credit.credit = 500;
  RecoveryGrade cent = credit;
  cent.credit = 1;
  EXPECT_EQ(worth(nullptr), worth(&apology));
  EXPECT_LT(worth(&apology), worth(&refund));
  EXPECT_LT(worth(&refund), worth(&credit));
  EXPECT_LT(worth(&cent), worth(&refund)) << "a credit of a cent does not do what one of five dollars does";
  EXPECT_LT(worth(&credit).first, 4'500) << "three orders a year of fifteen dollars";
  // 1 / 1.0722 of the orders.
  EXPECT_NEAR(worth(nullptr).first, 4'500 / 1.0722, 1e-9);
  // With a shape of 1 the number of orders is geometric: none with probability 1 / (1 + mean).
  EXPECT_NEAR(next_year(model, 1).again, 0.75, 1e-12);
}

TEST(Loyalty, EveryEffectHasItsOffSwitch) {
  LoyaltyModel model;
  Experience experience;
  experience.failed = true;
  experience.days_late = 9;
  RecoveryGrade credit;
  credit.credit = 500;
  EXPECT_EQ(repurchase_factor(model, experience, 0), 1);
  model.repurchase = model.satisfaction = {0, 0, 0};
  const double alone = survey_answer(model, experience).score;
  const double factor = repurchase_factor(model, experience, 0.1);
  experience.given = experience.given_when_asked = &credit;
  EXPECT_EQ(survey_answer(model, experience).score, alone);
  EXPECT_EQ(repurchase_factor(model, experience, 0.1), factor);
  model.repurchase.credit = 2;
  EXPECT_EQ(repurchase_factor(model, experience, 0.1), 1);
  model.capped = false;
  EXPECT_GT(repurchase_factor(model, experience, 0.1), 1) << "the paradox, for whom believes in it";
}

/// A world whose parcels come late, with three grades.
World late_world() {
  World world = test::troubled_world();
  world.lanes[0].pieces = 60;  // Less than is ordered: a queue that grows.
  world.shippers[0].tiers = {0, ppm_one / 2, ppm_one / 2};
  world.shippers[0].tariffs.push_back({Tier::express, ServiceId{0}, ppm_one});
  RecoveryPlan& plan = world.shippers[0].recovery;
  RecoveryGrade sorry;
  RecoveryGrade refund;
  refund.after = hours(12);
  refund.tiers = {false, false, true};
  refund.refunds_shipping = true;
  RecoveryGrade credit;
  credit.after = hours(60);
  credit.refunds_shipping = true;
  credit.credit = 1'000;
  plan.grades = {sorry, refund, credit};
  return world;
}

struct Story {
  ParcelFacts facts;
  SimTime promise_ends;
  SimTime in_hand = never;
  std::vector<ShopperAct> given;
  std::vector<ShopperAct> refused;
  std::vector<SimTime> contacts;
};

std::map<ParcelId, Story> stories_of(const World& world, const KeepingRecorder& recorder) {
  std::map<ParcelId, Story> stories;
  for (const ParcelFacts& facts : recorder.kept_facts) {
    stories[facts.id] = {facts, promise_end(world, facts.destination, facts.promise_day), never, {}, {}, {}};
  }
  for (const Outcome& outcome : recorder.all_outcomes()) {
    if (outcome.fate == Fate::delivered || outcome.fate == Fate::cancelled) stories[outcome.id].in_hand = outcome.at;
  }
  for (const ShopperAct& act : recorder.kept_acts) {
    Story& story = stories[act.parcel];
    if (act.kind == ActKind::recovery) story.given.push_back(act);
    if (act.kind == ActKind::recovery_refused) story.refused.push_back(act);
    if (act.kind == ActKind::contact) story.contacts.push_back(act.at);
  }
  return stories;
}

TEST(Recovery, ComesUnaskedAsSoonAsAGradeIsReached) {
  World world = late_world();
  world.carriers[0].false_delivery = 0;  // It stops a recovery until it is taken back.
  KeepingRecorder recorder;
  test::run(world, recorder);
  const SimTime end = day_zero + days(world.day_count + world.drain_days);
  std::array<std::size_t, 4> by_count{};
  for (const auto& [id, story] : stories_of(world, recorder)) {
    std::vector<SimTime> want;
    for (const RecoveryGrade& grade : world.shippers[0].recovery.grades) {
      const SimTime at = story.promise_ends + grade.after;
      if (grade.tiers[static_cast<std::size_t>(story.facts.tier)] && at < story.in_hand && at < end) want.push_back(at);
    }
    std::vector<SimTime> got;
    for (const ShopperAct& act : story.given) got.push_back(act.at);
    ASSERT_EQ(got, want) << "order of " << story.facts.ordered.time_since_epoch().count();
    ASSERT_TRUE(story.refused.empty());
    ++by_count[got.size()];
  }
  for (const std::size_t count : by_count) EXPECT_GT(count, 20U);
}

TEST(Recovery, KeepsToItsBudgetInTheOrderOfTime) {
  World world = late_world();
  Shipper& shipper = world.shippers[0];
  shipper.recovery.budget = 200'000;
  const auto spent_with = [&](double scale) {
    KeepingRecorder recorder;
    test::run(world, recorder, {.scale = scale});
    const auto stories = stories_of(world, recorder);
    std::map<ParcelId, Cents> paid;
    Cents spent = 0;
    std::size_t refused = 0;
    const auto budget = static_cast<Cents>(200'000 * scale);
    for (const ShopperAct& act : recorder.kept_acts) {
      if (act.kind != ActKind::recovery && act.kind != ActKind::recovery_refused) continue;
      const Story& story = stories.at(act.parcel);
      const RecoveryGrade* grade = grade_at(shipper.recovery, story.facts.tier, act.at - story.promise_ends);
      const Cents more = cost_of(*grade, story.facts.shipping_cost) - paid[act.parcel];
      if (act.kind == ActKind::recovery) {
        spent += more;
        paid[act.parcel] += more;
      } else {
        ++refused;
        EXPECT_GT(spent + more, budget) << "there was money left";
      }
      EXPECT_LE(spent, budget);
    }
    EXPECT_GT(refused, 10U);
    EXPECT_GT(spent, budget * 9 / 10);
    return spent;
  };
  EXPECT_LT(spent_with(0.5), spent_with(1));
}

TEST(Recovery, OnComplaintGoesToThoseWhoAskAfterThePromise) {
  World world = late_world();
  world.shippers[0].recovery.when = RecoveryWhen::complaint;
  world.shopper.contacts_on_time = 0.5;
  KeepingRecorder recorder;
  test::run(world, recorder);
  std::size_t given = 0;
  std::size_t silent = 0;
  for (const auto& [id, story] : stories_of(world, recorder)) {
    for (const ShopperAct& act : story.given) {
      EXPECT_GE(act.at, story.promise_ends);
      EXPECT_NE(std::find(story.contacts.begin(), story.contacts.end(), act.at), story.contacts.end());
    }
    given += story.given.size();
    silent += story.given.empty() && story.in_hand > story.promise_ends ? 1 : 0;
    for (const SimTime contact : story.contacts) {
      EXPECT_FALSE(contact >= story.promise_ends && story.given.empty());
    }
  }
  EXPECT_GT(given, 50U);
  EXPECT_GT(silent, 50U) << "who does not ask gets nothing";
}

TEST(Recovery, UnaskedItSavesContactsUnlessThatIsSwitchedOff) {
  World world = late_world();
  world.shopper.contacts_on_time = 0.5;
  const auto contacts = [&](double effect, bool has_plan) {
    World other = world;
    other.shopper.recovery_effect = effect;
    if (!has_plan) other.shippers[0].recovery = {};
    KeepingRecorder recorder;
    const SimulationSummary summary = test::run(other, recorder);
    const auto count = std::count_if(recorder.kept_acts.begin(), recorder.kept_acts.end(),
                                     [](const ShopperAct& act) { return act.kind == ActKind::contact; });
    return std::pair(count, summary.digest);
  };
  const auto [none, digest] = contacts(0.3, false);
  const auto [off, digest_off] = contacts(0, true);
  const auto [some, digest_some] = contacts(0.3, true);
  const auto [all, digest_all] = contacts(1, true);
  EXPECT_EQ(none, off);
  EXPECT_LT(some, none);
  EXPECT_LT(all, some);
  // What shoppers get moves no parcel.
  EXPECT_EQ(digest, digest_off);
  EXPECT_EQ(digest, digest_some);
  EXPECT_EQ(digest, digest_all);
}

TEST(Recovery, NeedsNoShopperModel) {
  World world = late_world();
  world.shopper.enabled = false;
  KeepingRecorder recorder;
  test::run(world, recorder);
  ASSERT_GT(recorder.kept_acts.size(), 100U);
  for (const ShopperAct& act : recorder.kept_acts) ASSERT_EQ(act.kind, ActKind::recovery);
}

TEST(Recovery, DoesNotDependOnThreadsRanksOrCheckpoints) {
  World world = late_world();
  world.shippers[0].recovery.budget = 100'000;
  const auto reference = run(world, {1, 1});
  ASSERT_GT(std::count_if(reference->recorder.kept_acts.begin(), reference->recorder.kept_acts.end(),
                          [](const ShopperAct& act) { return act.kind == ActKind::recovery_refused; }),
            0);
  expect_same(*run(world, {1, 8}), *reference, "8 threads");
  expect_same(*run(world, {4, 1}), *reference, "4 ranks");
  const auto kept = run(world, {2, 1}, every(hours(91) + minutes(7)));
  expect_same(*kept, *reference, "with checkpoints");
  for (const auto& [at, parts] : kept->checkpoints) {
    expect_same(*run(world, {1, 2}, {.from = {at, &parts}}), *reference, "resumed");
  }
}

}  // namespace
}  // namespace peakstorm
