#include "engine/on_time.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/results/small_world.hpp"

namespace peakstorm {
namespace {

constexpr ServiceId air{0};
constexpr ServiceId road{1};

/// A parcel promised and committed for day 10, delivered on day 10 at 11:00 on the first attempt, as reported.
Outcome delivered() {
  Outcome outcome;
  outcome.fate = Fate::delivered;
  outcome.service = air;
  outcome.order_day = 5;
  outcome.tender_day = 6;
  outcome.promise_day = outcome.revised_day = outcome.commit_day = 10;
  outcome.delivered_day = outcome.reported_day = outcome.first_attempt_day = 10;
  outcome.delivered_time = hours(11);
  outcome.attempts = 1;
  return outcome;
}
Outcome undelivered(Fate fate) {
  Outcome outcome = delivered();
  outcome.fate = fate;
  outcome.delivered_day = outcome.reported_day = outcome.first_attempt_day = no_day;
  outcome.delivered_time = {};
  outcome.attempts = 0;
  return outcome;
}
template <class Change>
Outcome with(Outcome outcome, Change change) {
  change(outcome);
  return outcome;
}

struct Case {
  const char* name;
  Outcome outcome;
  Day horizon;
  const char* verdicts;  ///< One letter per definition in their order: k kept, b broken, . not counted.
};

std::string letters(const std::array<Verdict, on_time_definitions>& verdicts) {
  std::string text;
  for (const Verdict verdict : verdicts) text += ".kb"[static_cast<std::size_t>(verdict)];
  return text;
}

// Columns: promise revised first_attempt window commit commit_lenient reported.
const Case cases[] = {
    {"on the day, in its hours", delivered(), 20, "kkkkkkk"},
    {"a day early after the promised hours",
     with(delivered(),
          [](Outcome& o) {
            o.delivered_day = o.reported_day = o.first_attempt_day = 9;
            o.delivered_time = hours(21);
          }),
     20, "kkkkkkk"},
    {"at the last minute of the window and of the commitment",
     with(delivered(),
          [](Outcome& o) {
            o.service = road;
            o.delivered_time = hours(18);
          }),
     20, "kkkkkkk"},
    {"after the commit hour, within the window",
     with(delivered(), [](Outcome& o) { o.delivered_time = hours(12) + minutes(1); }), 20, "kkkkbkk"},
    {"after the promised hours of the promised day",
     with(delivered(),
          [](Outcome& o) {
            o.service = road;
            o.delivered_time = hours(18) + minutes(1);
          }),
     20, "kkkbkkk"},
    {"a day late by road",
     with(delivered(),
          [](Outcome& o) {
            o.service = road;
            o.delivered_day = o.reported_day = o.first_attempt_day = 11;
          }),
     20, "bbbbbkb"},
    {"a day late by air",
     with(delivered(), [](Outcome& o) { o.delivered_day = o.reported_day = o.first_attempt_day = 11; }), 20, "bbbbbbb"},
    {"two days late by road",
     with(delivered(),
          [](Outcome& o) {
            o.service = road;
            o.delivered_day = o.reported_day = o.first_attempt_day = 12;
          }),
     20, "bbbbbbb"},
    {"weather is set aside by the lenient definition only",
     with(delivered(),
          [](Outcome& o) {
            o.delivered_day = o.reported_day = o.first_attempt_day = 12;
            o.weather = true;
          }),
     20, "bbbbb.b"},
    {"weather, yet on time: set aside all the same", with(delivered(), [](Outcome& o) { o.weather = true; }), 20,
     "kkkkk.k"},
    {"a revised date is met",
     with(delivered(),
          [](Outcome& o) {
            o.revised_day = 12;
            o.delivered_day = o.reported_day = o.first_attempt_day = 12;
          }),
     20, "bkbbbbb"},
    {"a promise without revision is its own last version",
     with(delivered(), [](Outcome& o) { o.revised_day = no_day; }), 20, "kkkkkkk"},
    {"first attempt failed in time, delivered late",
     with(delivered(),
          [](Outcome& o) {
            o.delivered_day = o.reported_day = 12;
            o.attempts = 3;
          }),
     20, "bbkbbbb"},
    {"delivered in time, reported late", with(delivered(), [](Outcome& o) { o.reported_day = 11; }), 20, "kkkkkkb"},
    {"delivered in time, never reported", with(delivered(), [](Outcome& o) { o.reported_day = no_day; }), 20,
     "kkkkkkb"},
    {"delivered early, not yet reported, not yet due",
     with(delivered(),
          [](Outcome& o) {
            o.delivered_day = o.first_attempt_day = 8;
            o.reported_day = no_day;
          }),
     9, "kkkkkk."},
    {"reported before it was true",
     with(delivered(),
          [](Outcome& o) {
            o.delivered_day = o.first_attempt_day = 11;
            o.reported_day = 10;
          }),
     20, "bbbbbbk"},
    {"inside, past due", undelivered(Fate::inside), 10, "bbbbbbb"},
    {"inside, due on the day after the horizon", undelivered(Fate::inside), 9, "......."},
    {"inside, revised date not past", with(undelivered(Fate::inside), [](Outcome& o) { o.revised_day = 11; }), 10,
     "b.bbbbb"},
    {"inside by road, the extra day not past", with(undelivered(Fate::inside), [](Outcome& o) { o.service = road; }),
     10, "bbbbb.b"},
    {"inside after an attempt in time", with(undelivered(Fate::inside), [](Outcome& o) { o.first_attempt_day = 9; }),
     10, "bbkbbbb"},
    {"lost before it was due", undelivered(Fate::lost), 3, "bbbbbbb"},
    {"returned", with(undelivered(Fate::returned), [](Outcome& o) { o.first_attempt_day = 9; }), 20, "bbkbbbb"},
    {"cancelled", undelivered(Fate::cancelled), 20, "......."},
    {"background: commitment only",
     with(delivered(),
          [](Outcome& o) {
            o.shipper = ShipperId{1};
            o.promise_day = o.revised_day = no_day;
          }),
     20, "....kk."},
    {"never tendered, past the promise",
     with(undelivered(Fate::inside), [](Outcome& o) { o.commit_day = o.tender_day = no_day; }), 20, "bbbb..b"},
};

TEST(Judge, GivesEveryDefinitionItsOwnVerdict) {
  const World world = test::small_world();
  for (const Case& c : cases) EXPECT_EQ(letters(judge(world, c.outcome, c.horizon)), c.verdicts) << c.name;
}

// The relation that always holds (an extra day is never worse), on every combination of small days.
TEST(Judge, StrictCommitmentNeverBeatsTheLenientOne) {
  const World world = test::small_world();
  for (std::uint16_t day = 7; day <= 13; ++day) {
    for (const ServiceId service : {air, road}) {
      for (int hour = 0; hour < 24; ++hour) {
        Outcome outcome = delivered();
        outcome.service = service;
        outcome.delivered_day = day;
        outcome.delivered_time = hours(hour);
        const auto v = judge(world, outcome, 20);
        if (v[static_cast<std::size_t>(OnTimeDefinition::commit)] == Verdict::kept) {
          EXPECT_EQ(v[static_cast<std::size_t>(OnTimeDefinition::commit_lenient)], Verdict::kept);
        }
        if (v[static_cast<std::size_t>(OnTimeDefinition::window)] == Verdict::kept) {
          EXPECT_EQ(v[static_cast<std::size_t>(OnTimeDefinition::promise)], Verdict::kept);
        }
      }
    }
  }
}

}  // namespace
}  // namespace peakstorm
