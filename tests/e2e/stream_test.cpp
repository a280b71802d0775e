// Goal: whose scans are followed, and how much memory a run may take, change nothing about the run; what cannot be done
// is refused with what to do instead.
// Method: a small world with retailers and background, through the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/e2e/program.hpp"
#include "tests/e2e/run_compare.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::vector<std::string> simulation(const std::vector<std::string>& more) {
  std::vector<std::string> words{"simulate", two_towns(), "--scale", "0.05", "--json", "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Stream, WhoseScansAreFollowedChangesNothingButTheFile) {
  const TemporaryFolder home;
  const auto into = [&](const char* stream, const char* threads) {
    const std::string out = (home.path() / (std::string(stream) + threads)).string();
    const auto done = run(simulation({"--stream", stream, "--threads", threads, "--out", out}));
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.json();
  };
  const auto size = [&](const char* run) { return fs::file_size(home.path() / run / "scans.pb.zst"); };
  const auto tracked = into("tracked", "1");
  const auto none = into("none", "1");
  const auto all = into("all", "1");
  EXPECT_EQ(none.at("digest"), tracked.at("digest"));
  EXPECT_EQ(all.at("digest"), tracked.at("digest"));
  EXPECT_EQ(all.at("measures"), tracked.at("measures"));
  EXPECT_EQ(none.at("on_time"), tracked.at("on_time"));
  EXPECT_FALSE(fs::exists(home.path() / "none1" / "scans.pb.zst"));
  EXPECT_GT(size("all1"), size("tracked1"));
  into("all", "4");
  EXPECT_TRUE(text_of(home.path() / "all4" / "scans.pb.zst") == text_of(home.path() / "all1" / "scans.pb.zst"));
  EXPECT_EQ(run({"report", (home.path() / "all1").string()}).exit_code, 0);
}

TEST(Stream, BadValuesAreRefusedWithTheCure) {
  struct Case {
    std::vector<std::string> words;
    std::vector<std::string> told;
  };
  const Case cases[] = {
      {{"--stream", "some"}, {"--stream", "all", "tracked", "none"}},
      {{"--stream", ""}, {"--stream", "all", "tracked", "none"}},
      {{"--stream", "all"}, {"--stream all", "--out"}},
      {{"--stream", "none", "--what-if", "storm.toml", "--branch-at", "2013-12-05 00:00 UTC"},
       {"--stream", "leave it away"}},
      {{"--memory", "0"}, {"--memory", "above 0"}},
      {{"--memory", "-1"}, {"--memory", "above 0"}},
      {{"--memory", "nan"}, {"--memory", "above 0"}},
      {{"--memory", "much"}, {"--memory", "above 0"}},
      {{"--memory", "0.001"}, {"memory:", "MiB", "--scale", "--memory"}},
  };
  for (const Case& c : cases) {
    const auto done = run(simulation(c.words));
    SCOPED_TRACE(::testing::PrintToString(c.words));
    EXPECT_EQ(done.exit_code, 2);
    for (const std::string& words : c.told) EXPECT_THAT(done.err, HasSubstr(words));
  }
  const auto resumed = run({"simulate", "--resume", "run", "--stream", "all"});
  EXPECT_EQ(resumed.exit_code, 2);
  EXPECT_THAT(resumed.err, HasSubstr("leave --stream away"));
}

// Goal: what cannot be run is refused before anything is written, so that the same command with the cure works.
TEST(Memory, ARefusedRunLeavesNoFolder) {
  const TemporaryFolder home;
  const std::string out = (home.path() / "run").string();
  EXPECT_EQ(run(simulation({"--memory", "0.001", "--out", out})).exit_code, 2);
  EXPECT_FALSE(fs::exists(out));
  EXPECT_EQ(run({"drill", two_towns(), "--memory", "0.001", "--out", out}).exit_code, 2);
  EXPECT_FALSE(fs::exists(out));
  EXPECT_EQ(run(simulation({"--memory", "4", "--out", out})).exit_code, 0);
}

TEST(Memory, ALimitThatIsKeptChangesNothing) {
  const auto free = run(simulation({}));
  const auto limited = run(simulation({"--memory", "4"}));
  ASSERT_EQ(limited.exit_code, 0) << limited.err;
  EXPECT_EQ(limited.json().at("digest"), free.json().at("digest"));
  EXPECT_GT(limited.json().at("in_flight_max").to_number<std::uint64_t>(), 0U);
}

}  // namespace
}  // namespace peakstorm::e2e
