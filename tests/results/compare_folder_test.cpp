// Goal: what a comparison keeps on disk is what it gets back, a line cut off by a crash costs one season and nothing
// else, and damage is named, never read as numbers.
#include "results/compare_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CompareFacts facts() {
  CompareFacts f;
  f.version = "1";
  f.scenario = "small";
  f.policies = "p.toml";
  f.seed = 18'446'744'073'709'551'615U;
  f.replication = 3;
  f.scale = 0.1;
  f.exact = false;
  f.plan.precision = 1.0 / 3;
  f.plan.fixed = 7;
  f.budget = 300;
  f.plan.best = Yardstick::cost_per_order;
  f.names = {"as-is", "other"};
  f.fingerprints = {"aa", "bb"};
  return f;
}

SeasonRecord record(std::uint64_t kept) {
  SeasonRecord r;
  r.sums.orders = 100;
  r.sums.kept = kept;
  r.sums.broken = 100 - kept;
  r.sums.shipping_cents = -5;
  r.sums.delivered_days = 12'345'678'901;
  r.league = {{ServiceId{1}, RegionId{200}, kept, 3, 2, 1, {1, 0, 2, 0}}};
  return r;
}

class Folder : public ::testing::Test {
 protected:
  Folder() {
    test::write_file(home_.path() / "p.toml", "x = 1\n");
    auto made = CompareFolder::create(path(), facts(), {{home_.path() / "p.toml", "policies/p.toml"}});
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_TRUE((*made)->append({0, 0}, record(90)));
    EXPECT_TRUE((*made)->append({1, 0}, record(91)));
  }
  [[nodiscard]] fs::path path() const { return home_.path() / "cmp"; }
  [[nodiscard]] std::string journal() const { return test::read_file(path() / "seasons.txt"); }
  test::TemporaryFolder home_;
};

TEST_F(Folder, GivesBackWhatItWasGiven) {
  const auto opened = CompareFolder::open(path());
  ASSERT_TRUE(opened) << opened.error().message;
  const CompareFacts& f = (*opened)->facts();
  EXPECT_EQ(f.seed, facts().seed);
  EXPECT_EQ(f.replication, 3U);
  EXPECT_EQ(f.scale, 0.1);
  EXPECT_FALSE(f.exact);
  EXPECT_EQ(f.plan.precision, 1.0 / 3);
  EXPECT_EQ(f.plan.fixed, 7U);
  EXPECT_EQ(f.budget, 300U);
  EXPECT_EQ(f.plan.best, Yardstick::cost_per_order);
  EXPECT_EQ(f.names, facts().names);
  ASSERT_EQ((*opened)->seasons().size(), 2U);
  EXPECT_EQ((*opened)->seasons()[1].first, (Season{1, 0}));
  EXPECT_EQ((*opened)->seasons()[1].second, record(91));
  EXPECT_EQ(test::read_file((*opened)->policies()), "x = 1\n");
}

TEST_F(Folder, ForgetsALineThatWasCutOff) {
  const std::string whole = journal();
  const std::size_t first = whole.find('\n') + 1;
  for (const std::size_t size : {whole.size() - 1, whole.size() - 10, first + 5, first + 1}) {
    test::write_file(path() / "seasons.txt", whole.substr(0, size));
    {
      const auto opened = CompareFolder::open(path());
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ((*opened)->seasons().size(), 1U);
      EXPECT_TRUE((*opened)->append({1, 0}, record(91)));
    }
    EXPECT_EQ(journal(), whole);
  }
}

TEST_F(Folder, NamesDamage) {
  std::string text = journal();
  text[20] = text[20] == '1' ? '2' : '1';
  test::write_file(path() / "seasons.txt", text);
  const auto opened = CompareFolder::open(path());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("seasons.txt:1: the line is damaged"));
  EXPECT_EQ(opened.error().kind, ErrorKind::bad_input);
}

TEST_F(Folder, RefusesAForeignFolderAndASecondWriter) {
  EXPECT_THAT(CompareFolder::open(home_.path()).error().message, HasSubstr("has no compare.json"));
  const auto first = CompareFolder::open(path());
  ASSERT_TRUE(first);
  EXPECT_THAT(CompareFolder::open(path()).error().message, HasSubstr("another comparison is writing here"));
  EXPECT_THAT(CompareFolder::create(path(), facts(), {}).error().message, HasSubstr("not an empty folder"));
  test::write_file(home_.path() / "compare.json", "{\"format\": 1}");
  EXPECT_THAT(CompareFolder::open(home_.path()).error().message, HasSubstr("cannot be read"));
}

TEST_F(Folder, ReplacesAResultInOneStep) {
  const auto opened = CompareFolder::open(path());
  ASSERT_TRUE((*opened)->write("comparison.json", "one"));
  ASSERT_TRUE((*opened)->write("comparison.json", "two"));
  EXPECT_EQ(test::read_file(path() / "comparison.json"), "two");
  EXPECT_FALSE(fs::exists(path() / "comparison.json.part"));
}

}  // namespace
}  // namespace peakstorm
