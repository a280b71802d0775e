// Goal: a run that was interrupted, by a kill or by a request, goes on and ends as if nothing had happened; futures
// part from it without changing it.
// Method: the program itself on a small world. A run that shall be killed writes a checkpoint for every half hour and
// says so, to a pipe that nobody drains: it cannot reach its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "tests/e2e/program.hpp"
#include "tests/e2e/run_compare.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::vector<std::string> simulation(const std::vector<std::string>& more) {
  std::vector<std::string> words{"simulate", two_towns(), "--scale", "0.05"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Reads until a checkpoint has been committed.
void wait_for_checkpoint(Program& program) {
  std::string line;
  do line = program.read_error_line();
  while (!line.empty() && line.find("checkpoint of ") != 0);
  ASSERT_FALSE(line.empty()) << "no checkpoint was committed";
}

class Resume : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const char* name) const { return (home_.path() / name).string(); }
  /// An undisturbed run.
  boost::json::object whole(const std::string& out) const {
    const auto done = run(simulation({"--out", out, "--json", "--quiet"}));
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.json();
  }
  TemporaryFolder home_;
};

TEST_F(Resume, AKilledRunEndsAsIfNothingHadHappened) {
  const auto undisturbed = whole(at("whole"));
  {
    Program killed(simulation({"--out", at("run"), "--checkpoint-every", "30m"}));
    ASSERT_NO_FATAL_FAILURE(wait_for_checkpoint(killed));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait().exit_code, 128 + SIGKILL);
  }
  EXPECT_FALSE(fs::exists(at("run") + "/manifest.json"));
  EXPECT_EQ(run({"report", at("run")}).exit_code, 2);
  const auto resumed = run({"simulate", "--resume", at("run"), "--checkpoint-every", "96h", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json().at("digest"), undisturbed.at("digest"));
  EXPECT_EQ(resumed.json().at("measures"), undisturbed.at("measures"));
  EXPECT_EQ(difference(at("whole"), at("run")), "");
  EXPECT_FALSE(fs::exists(at("run") + "/checkpoints"));
  const auto again = run({"simulate", "--resume", at("run")});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("nothing to go on with"));
  EXPECT_EQ(run({"report", at("run")}).exit_code, 0);
}

TEST_F(Resume, ARunThatWasAskedToStopSaysHowToGoOn) {
  whole(at("whole"));
  Program stopped(simulation({"--out", at("run"), "--checkpoint-every", "30m"}));
  ASSERT_NO_FATAL_FAILURE(wait_for_checkpoint(stopped));
  stopped.signal(SIGTERM);
  const auto done = stopped.wait();
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("go on with\n  peakstorm simulate --resume " + at("run")));
  EXPECT_THAT(text_of(at("run") + "/manifest.json"), HasSubstr("\"partial\":true"));
  const auto resumed = run({"simulate", "--resume", at("run"), "--checkpoint-every", "96h"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("going on from 2013-1"));
  EXPECT_EQ(difference(at("whole"), at("run")), "");
}

TEST_F(Resume, CheckpointsMayLieElsewhereAndWithoutARunFolder) {
  const auto undisturbed = whole(at("whole"));
  Program killed(simulation({"--checkpoint-dir", at("states"), "--checkpoint-every", "30m"}));
  ASSERT_NO_FATAL_FAILURE(wait_for_checkpoint(killed));
  killed.signal(SIGKILL);
  killed.wait();
  const auto resumed = run({"simulate", "--resume", at("states"), "--checkpoint-every", "96h", "--json", "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json().at("digest"), undisturbed.at("digest"));
  EXPECT_FALSE(fs::exists(at("states")));
}

TEST_F(Resume, AChangedScenarioIsRefused) {
  Program killed(simulation({"--out", at("run"), "--checkpoint-every", "30m"}));
  ASSERT_NO_FATAL_FAILURE(wait_for_checkpoint(killed));
  killed.signal(SIGKILL);
  killed.wait();
  const std::string path = at("run") + "/inputs/scenario.toml";
  std::string text = text_of(path);
  const auto place = text.find("orders_per_day = 1200");
  ASSERT_NE(place, std::string::npos);
  std::ofstream(path) << text.replace(place, 21, "orders_per_day = 1300");
  const auto refused = run({"simulate", "--resume", at("run")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("another world"));
}

TEST_F(Resume, FlagsThatMakeNoSenseAreRefused) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases{
      {{"simulate"}, "needs a scenario"},
      {{"simulate", "--resume", at("nowhere")}, "no such folder"},
      {simulation({"--checkpoint-every", "24h"}), "needs a place"},
      {simulation({"--checkpoint-every", "soon", "--out", at("run")}), "--checkpoint-every: 'soon'"},
      {simulation({"--resume", at("run")}), "excludes"},
      {simulation({"--what-if", "a.toml"}), "needs a past"},
      {simulation({"--branch-at", "2013-12-01 00:00 UTC"}), "name them with --what-if"},
      {simulation({"--what-if", "a.toml", "--branch-at", "1999-12-01 00:00 UTC"}), "not on a day of the scenario"},
  };
  for (const auto& [words, reason] : cases) {
    const auto refused = run(words);
    EXPECT_EQ(refused.exit_code, 2) << reason << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(reason));
  }
}

class Futures : public Resume {
 protected:
  [[nodiscard]] std::string future(const char* name, const std::string& text) const {
    const std::string path = at(name) + ".toml";
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(Futures, ShareOnePastAndAreCompared) {
  const auto undisturbed = whole(at("whole"));
  const std::string strike = future("strike", R"([[disruption]]
name = "strike"
kind = "staffing"
from = "2013-12-03 12:00 UTC"
to = "2013-12-06 12:00 UTC"
area = "all"
staffing = 0.2
)");
  const std::string calm = future("calm", "remove = [\"ice\"]\n");
  const auto done = run(simulation({"--branch-at", "2013-12-02 12:00 UTC", "--what-if", strike, "--what-if", calm,
                                    "--out", at("futures"), "--json", "--quiet"}));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto table = done.json();
  EXPECT_EQ(table.at("branch_at"), "2013-12-02 12:00 UTC");
  const auto& futures = table.at("futures").as_array();
  ASSERT_EQ(futures.size(), 3U);
  EXPECT_EQ(futures[0].at("digest"), undisturbed.at("digest"));
  EXPECT_EQ(futures[0].at("measures"), undisturbed.at("measures"));
  EXPECT_NE(futures[1].at("digest"), undisturbed.at("digest"));
  const auto late = [&](std::size_t i) { return futures[i].at("late_parcels").to_number<double>(); };
  EXPECT_GT(late(1), late(0));
  EXPECT_NE(futures[2].at("digest"), undisturbed.at("digest"));
  EXPECT_TRUE(futures[1].at("cost_cents").is_number());
  EXPECT_GT(futures[1].at("backlog").to_number<int>(), futures[0].at("backlog").to_number<int>());
  EXPECT_EQ(difference(at("whole"), at("futures") + "/as-planned"), "");
  for (const char* name : {"strike", "calm"}) {
    EXPECT_EQ(run({"report", at("futures") + "/" + name}).exit_code, 0) << name;
  }
  // The past was kept: another future may part from it later.
  const auto text = run({"simulate", "--resume", at("futures") + "/past", "--what-if", calm});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr(std::string(futures[2].at("digest").as_string())));
  EXPECT_THAT(text.out, HasSubstr("promise kept"));
}

TEST_F(Futures, ADisruptionThatHasBegunIsRefused) {
  const std::string early = future("early", R"([[disruption]]
name = "early"
kind = "storm"
from = "2013-12-01 12:00 UTC"
to = "2013-12-06 12:00 UTC"
area = "all"
speed = 0.5
)");
  const auto refused = run(simulation({"--branch-at", "2013-12-02 12:00 UTC", "--what-if", early}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr(early + ":4: from: the disruption begins before 2013-12-02 12:00 UTC"));
}

}  // namespace
}  // namespace peakstorm::e2e
