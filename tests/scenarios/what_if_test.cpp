// Goal: a future changes what begins after the futures part and nothing else, and every mistake in its file gets a
// message with place and cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/loader.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::WorldFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The scenario's disruptions begin on 2 December (rush; midnight in New York is 05:00 UTC), 3 December 08:00 UTC (dark)
// and 5 December 19:00 UTC (ice). The first day is the argument of `at`.
SimTime at(const World& world, std::int64_t unix_seconds) {
  return day_zero + std::chrono::seconds(unix_seconds - world.first_day_unix);
}
constexpr std::int64_t third_of_december = 1'386'028'800;  // 2013-12-03 00:00 UTC

class Future {
 public:
  explicit Future(std::string_view text) {
    test::write_file(file_.path() / "future.toml", text);
    plan_.file = file_.path() / "future.toml";
    plan_.from = at(load_scenario(world_.path()).value(), third_of_december);
  }
  [[nodiscard]] auto load() const { return load_scenario(world_.path(), {}, &plan_); }
  [[nodiscard]] std::string file() const { return plan_.file.string(); }

 private:
  WorldFolder world_;
  test::TemporaryFolder file_;
  WhatIf plan_;
};

std::vector<std::string> names_of(const World& world) {
  std::vector<std::string> names;
  for (const Disruption& d : world.disruptions) names.push_back(d.name);
  return names;
}

TEST(WhatIf, AddsReplacesAndRemoves) {
  const Future future(R"(
remove = ["dark"]

[[disruption]]
name = "ice"
kind = "storm"
from = "2013-12-05 12:00 America/Denver"
to = 2013-12-07
area = "states WE"
speed = 0.25

[[disruption]]
name = "strike"
kind = "staffing"
from = 2013-12-04
to = 2013-12-04
area = "all"
staffing = 0.5
closed = false
note = "news of Tuesday"
)");
  const auto world = future.load();
  ASSERT_TRUE(world) << world.error().front().text();
  EXPECT_THAT(names_of(*world), ElementsAre("ice", "rush", "strike"));
  EXPECT_EQ(world->disruptions[0].speed, 250'000U);
  EXPECT_EQ(world->disruptions[0].staffing, ppm_one);  // Replaced as a whole.
  EXPECT_EQ(world->disruptions[2].staffing, 500'000U);
  EXPECT_EQ(world->disruptions[2].from, at(*world, third_of_december + 86'400 + 5 * 3600));
  EXPECT_EQ(world->disruptions[2].to - world->disruptions[2].from, days(1));
}

TEST(WhatIf, AnEmptyFileChangesNothing) {
  const auto world = Future("").load();
  ASSERT_TRUE(world);
  EXPECT_THAT(names_of(*world), ElementsAre("dark", "ice", "rush"));
}

struct Mistake {
  std::string_view name;
  std::string_view text;
  int line;
  std::string_view field;
  std::string_view message;
  std::string_view cure;
};

class BrokenFuture : public ::testing::TestWithParam<Mistake> {};

TEST_P(BrokenFuture, GetsOneFaultWithPlaceAndCure) {
  const Mistake& mistake = GetParam();
  const Future future(mistake.text);
  const auto world = future.load();
  ASSERT_FALSE(world) << "the fault went unnoticed";
  std::string all;
  for (const Fault& fault : world.error()) all += fault.text() + "\n";
  ASSERT_EQ(world.error().size(), 1U) << all;
  const Fault& fault = world.error().front();
  EXPECT_EQ(fault.file, future.file());
  EXPECT_EQ(fault.line, mistake.line) << all;
  EXPECT_EQ(fault.field, mistake.field) << all;
  EXPECT_THAT(fault.message, HasSubstr(mistake.message));
  EXPECT_THAT(fault.cure, HasSubstr(mistake.cure));
}

constexpr const char* begins_early = R"([[disruption]]
name = "early"
kind = "storm"
from = "2013-12-02 12:00 UTC"
to = 2013-12-05
area = "all"
speed = 0.5
)";
constexpr const char* changes_the_past = R"([[disruption]]
name = "rush"
kind = "surge"
from = 2013-12-04
to = 2013-12-05
area = "all"
demand = 2
)";
constexpr const char* no_area = R"([[disruption]]
name = "strike"
kind = "staffing"
from = 2013-12-04
to = 2013-12-05
staffing = 0.5
)";
constexpr const char* no_effect = R"([[disruption]]
name = "calm"
kind = "storm"
from = 2013-12-04
to = 2013-12-05
area = "all"
)";
constexpr const char* misspelled = R"([[disruption]]
name = "strike"
kind = "staffing"
from = 2013-12-04
to = 2013-12-05
area = "all"
stafing = 0.5
)";
constexpr const char* a_list = R"([[disruption]]
name = "strike"
kind = "staffing"
from = 2013-12-04
to = 2013-12-05
area = ["all"]
staffing = 0.5
)";

INSTANTIATE_TEST_SUITE_P(
    , BrokenFuture,
    ::testing::Values(
        Mistake{"Begun", begins_early, 4, "from", "before 2013-12-03 00:00 UTC", "part earlier (--branch-at"},
        Mistake{"Past", changes_the_past, 2, "name", "'rush' of the scenario begins before 2013-12-03 00:00 UTC",
                "another name"},
        Mistake{"RemovedPast", "remove = [\"rush\"]", 1, "remove", "'rush' of the scenario begins before", "leave it"},
        Mistake{"Unknown", "\nremove = [\"ise\"]", 2, "remove", "unknown disruption 'ise'", "did you mean 'ice'"},
        Mistake{"NotAList", "remove = \"ice\"", 1, "remove", "not a list", "remove = ["},
        Mistake{"NoArea", no_area, 1, "area", "the key is missing", "add it"},
        Mistake{"NoEffect", no_effect, 3, "kind", "has no effect", "fill in"},
        Mistake{"Misspelled", misspelled, 7, "stafing", "unknown key 'stafing'", "did you mean 'staffing'"},
        Mistake{"AList", a_list, 6, "area", "neither a text", "in quotes"},
        Mistake{"Key", "removed = []", 1, "removed", "unknown key", "did you mean 'remove'"},
        Mistake{"Syntax", "remove = [", 1, "", "", "TOML"}),
    [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(WhatIf, AMissingFileIsAFault) {
  const WorldFolder folder;
  const WhatIf plan{folder.path() / "nowhere.toml", SimTime::min()};
  const auto world = load_scenario(folder.path(), {}, &plan);
  ASSERT_FALSE(world);
  EXPECT_THAT(world.error().front().text(), HasSubstr("nowhere.toml: the file is missing"));
}

}  // namespace
}  // namespace peakstorm
