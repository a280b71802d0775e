// Goal: the program's promises about a run's numbers hold on the scenario everybody starts with.
// Method: christmas-2013 at a small scale, through the command line.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

boost::json::object simulate(const std::vector<std::string>& more, const char* scale = "0.001") {
  std::vector<std::string> arguments{"simulate", "christmas-2013", "--scale", scale, "--json", "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto done = run(arguments);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.json();
}

double promise(const boost::json::object& run) {
  return run.at("on_time").at("promise").to_number<double>();
}

TEST(Christmas, TheNumberOfThreadsChangesNothing) {
  const auto one = simulate({"--threads", "1"});
  for (const char* threads : {"2", "8"}) {
    const auto many = simulate({"--threads", threads});
    EXPECT_EQ(many.at("digest"), one.at("digest")) << threads;
    EXPECT_EQ(many.at("on_time"), one.at("on_time")) << threads;
    EXPECT_EQ(many.at("conservation"), one.at("conservation")) << threads;
  }
  EXPECT_NE(simulate({"--seed", "2"}).at("digest"), one.at("digest"));
  EXPECT_NE(simulate({"--replication", "1"}).at("digest"), one.at("digest"));
}

TEST(Christmas, TellsWhatIsPromisedOfTheJson) {
  const auto run = simulate({});
  for (const char* key : {"digest", "parcels", "scans", "wall_s", "peak_rss_mib", "on_time", "conservation"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  const auto& conservation = run.at("conservation");
  const auto count = [&](const char* key) { return conservation.at(key).to_number<std::uint64_t>(); };
  EXPECT_GT(count("injected"), 0U);
  EXPECT_EQ(count("injected"), count("delivered") + count("lost") + count("returned") + count("inside"));
  for (const char* definition :
       {"promise", "revised", "first_attempt", "window", "commit", "commit_lenient", "reported"}) {
    const double rate = run.at("on_time").at(definition).to_number<double>();
    EXPECT_GT(rate, 0) << definition;
    EXPECT_LT(rate, 1) << definition;
  }
}

// Common random numbers make the difference the disruption's own, not chance.
TEST(Christmas, WithoutStormsAndSurgeMorePromisesHoldAndEachAloneLiesBetween) {
  const char* scale = "0.003";  // Some 3,000 of the retailer's orders.
  const double both = promise(simulate({}, scale));
  const double no_storm = promise(simulate({"--without", "storm"}, scale));
  const double no_surge = promise(simulate({"--without", "surge"}, scale));
  const double neither = promise(simulate({"--without", "storm", "--without", "surge"}, scale));
  EXPECT_GT(neither, both);
  EXPECT_GT(no_storm, both);
  EXPECT_GT(no_surge, both);
  EXPECT_GT(neither, no_storm);
  EXPECT_GT(neither, no_surge);
}

TEST(Christmas, ReplicationsGiveIntervals) {
  const auto run = simulate({"--replications", "3"});
  EXPECT_EQ(run.at("replications").as_array().size(), 3U);
  const auto& interval = run.at("on_time_interval").at("promise");
  const double rate = promise(run);
  EXPECT_LT(interval.at("low").to_number<double>(), rate);
  EXPECT_GT(interval.at("high").to_number<double>(), rate);
}

}  // namespace
}  // namespace peakstorm::e2e
