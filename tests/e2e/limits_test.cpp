// Goal: a world that cannot be simulated is refused before work starts, with the file, the line and the cure, and exit
// code 2.
// Method: tests/scenarios/worlds/two-towns with one file changed, through the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "tests/e2e/program.hpp"
#include "tests/e2e/run_compare.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Case {
  const char* what;
  const char* file;
  std::function<void(std::string&)> change;  ///< Of the file's text.
  std::vector<std::string> flags;
  std::vector<std::string> told;
};

std::function<void(std::string&)> replaced(const std::string& from, const std::string& to) {
  return [=](std::string& text) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
  };
}
/// `row(i)` for i below `count`, behind what is there.
std::function<void(std::string&)> appended(int count, const std::function<std::string(int)>& row) {
  return [=](std::string& text) {
    for (int i = 0; i < count; ++i) text += row(i) + "\n";
  };
}

const Case cases[] = {
    // What one place does to another takes a moment at least: the lookahead between partitions.
    {"no travel", "lanes.csv", replaced("road,20,40m", "road,20,0m"), {}, {"lanes.csv:6", "transit", "more than 0"}},
    {"negative travel", "lanes.csv", replaced("road,20,40m", "road,20,-1h"), {}, {"lanes.csv:6", "negative", "90m"}},
    {"no drive",
     "pickups.csv",
     replaced("17:00,40m,900", "17:00,0m,900"),
     {},
     {"pickups.csv:2", "drive", "more than 0"}},
    {"negative drive", "pickups.csv", replaced("17:00,40m,900", "17:00,-5m,900"), {}, {"pickups.csv:2", "negative"}},
    {"endless travel", "disruptions.csv", replaced("0.6,0.7", "0,0.7"), {}, {"disruptions.csv:2", "speed", "above 0"}},
    // Numbers for everything.
    {"carriers",
     "scenario.toml",
     appended(300, [](int i) { return "[[carrier]]\nname = \"c" + std::to_string(i) + "\""; }),
     {},
     {"scenario.toml:", "more than 255 carriers", "use fewer"}},
    {"size classes",
     "scenario.toml",
     appended(300, [](int) { return std::string("[[size]]\nshare = 0\nweight_g = 1\nvolume_cm3 = 1"); }),
     {},
     {"scenario.toml:", ": size: more than 255 sizes", "use fewer"}},
    {"places",
     "facilities.csv",
     appended(61'000,
              [](int i) { return "f" + std::to_string(i) + ",swift,hub,EA,America/New_York,40.7,-74.1,30m,,,,,,"; }),
     {},
     {"facilities.csv:60002", "more than 60000", "smaller"}},
    {"orders",
     "scenario.toml",
     replaced("orders_per_day = 1200", "orders_per_day = 1e9"),
     {"--scale", "10"},
     {"shipper toys", "orders a day at scale 10", "split the shipper"}},
    {"days", "scenario.toml", replaced("days = 14", "days = 5000"), {}, {"scenario.toml:7", "from 1 to 1000"}},
    // Memory.
    {"memory",
     "scenario.toml",
     replaced("orders_per_day = 1200", "orders_per_day = 1e8"),
     {"--memory", "4"},
     {"memory: the run would need about", "the limit is 4.00 GiB", "--scale"}},
};

TEST(Limits, WorldsBeyondThemAreRefusedBeforeWorkStarts) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const TemporaryFolder home;
    const fs::path world = home.path() / "two-towns";
    fs::copy(two_towns(), world);
    std::string text = text_of(world / c.file);
    c.change(text);
    std::ofstream(world / c.file, std::ios::binary | std::ios::trunc) << text;
    const fs::path out = home.path() / "run";
    std::vector<std::string> words{"simulate", world.string(), "--out", out.string()};
    words.insert(words.end(), c.flags.begin(), c.flags.end());
    const auto done = run(words);
    EXPECT_EQ(done.exit_code, 2);
    for (const std::string& part : c.told) EXPECT_THAT(done.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(out));
  }
}

}  // namespace
}  // namespace peakstorm::e2e
