// Goal: `peakstorm compare` as a planner uses it: what it prints, what it keeps, that it goes on where it was stopped
// with the result of one that never was, and what it says of mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;

class Compare : public ::testing::Test {
 protected:
  Compare() {
    write("p.toml", R"(control = "today"
[[policy]]
name = "a-day-more"
note = "one day more is promised"
[[policy.shipper]]
name = "lakeside-books"
buffer_days = 1
)");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::trunc) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] Finished compare(std::vector<std::string> more) const {
    std::vector<std::string> words{"compare", "first-steps", "--policies", path("p.toml")};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  TemporaryFolder folder_;
};

TEST_F(Compare, PrintsWhatAPlannerNeeds) {
  const Finished done = compare({"--json", "--replications", "12"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const json::object object = done.json();
  const json::array& policies = object.at("policies").as_array();
  ASSERT_EQ(policies.size(), 3U);
  EXPECT_EQ(policies[0].at("name"), "today");
  EXPECT_EQ(policies[1].at("name"), "cheapest-published");
  EXPECT_EQ(policies[2].at("changes").as_array()[0], "shipper.lakeside-books.buffer_days = 1");
  for (const json::value& policy : policies) {
    EXPECT_EQ(policy.at("seasons"), 12);
    for (const char* yardstick : {"promise_kept", "cost_per_order", "promised_days", "delivered_days"}) {
      const json::object& mean = policy.at("means").at(yardstick).as_object();
      EXPECT_LE(mean.at("low").to_number<double>(), mean.at("mean").to_number<double>());
      EXPECT_GE(mean.at("high").to_number<double>(), mean.at("mean").to_number<double>());
      EXPECT_EQ(policy.at("differences").at(yardstick).is_null(), policy.at("control").as_bool());
    }
  }
  EXPECT_GT(policies[2].at("differences").at("promise_kept").at("low").to_number<double>(), 0);
  EXPECT_EQ(object.at("selected"), "a-day-more");
  EXPECT_FALSE(object.at("pareto").as_array().empty());
  EXPECT_THAT(std::string(object.at("statement").as_string()), HasSubstr("12 paired seasons"));
  EXPECT_EQ(object.at("intervals").at("together"), 14);
  EXPECT_EQ(object.at("selection").at("procedure"), "two_stage_bonferroni");
  EXPECT_EQ(object.at("partial"), false);
  const Finished text = compare({"--replications", "12"});
  EXPECT_THAT(text.out, HasSubstr("Policy 'a-day-more' keeps"));
}

TEST_F(Compare, ThreadsLeaveNoTrace) {
  const Finished one = compare({"--json", "--delta", "0.02", "--threads", "1"});
  const Finished four = compare({"--json", "--delta", "0.02", "--threads", "4"});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, four.out);
}

TEST_F(Compare, GoesOnWhereItWasCutOff) {
  ASSERT_EQ(compare({"--delta", "0.02", "--out", path("whole"), "--quiet"}).exit_code, 0);
  const std::string journal = text_of(path("whole/seasons.txt"));
  const std::string result = text_of(path("whole/comparison.json"));
  // As a power cut would leave it: a third of the seasons, and half a line.
  std::size_t lines = 0;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < journal.size() / 3; ++i) {
    if (journal[i] != '\n') continue;
    ++lines;
    cut = i + 1;
  }
  ASSERT_GT(lines, 5U);
  write("whole/seasons.txt", journal.substr(0, cut + 20));
  fs::remove(path("whole/comparison.json"));
  const Finished resumed = run({"compare", "--resume", path("whole"), "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.out, result);
  EXPECT_EQ(text_of(path("whole/comparison.json")), result);
}

TEST_F(Compare, SmallRetailersShareTheirSeasons) {
  // At a scale that makes little sense: what comes out does not matter, only that it is the same.
  write("p.toml", R"(control = "today"
cheapest_published = false
[[policy]]
name = "a-day-more"
[[policy.shipper]]
name = "northstar"
buffer_days = 1
[[policy]]
name = "another-network"
[[policy.carrier]]
name = "ups"
loss = 0.001
)");
  const auto christmas = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"compare", "christmas-2013", "--policies", path("p.toml"), "--scale",
                                   "0.0003",  "--replications", "2",          "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Finished shared = christmas({"--threads", "2", "--out", path("shared")});
  ASSERT_EQ(shared.exit_code, 0) << shared.err;
  const json::object found = shared.json();
  EXPECT_THAT(std::string(found.at("seasons").as_string()), HasSubstr("2 of 3 policies shared each season's network"));
  const json::array& policies = found.at("policies").as_array();
  for (std::size_t p = 0; p < 3; ++p) EXPECT_EQ(policies[p].at("shared"), p != 2) << p;

  // Again on one thread, with every second season there already.
  const std::string result = text_of(path("shared/comparison.json"));
  std::string kept;
  std::istringstream journal(text_of(path("shared/seasons.txt")));
  bool keep = false;
  for (std::string line; std::getline(journal, line); keep = !keep) {
    if (keep) kept += line + "\n";
  }
  write("shared/seasons.txt", kept);
  const Finished resumed = run({"compare", "--resume", path("shared"), "--threads", "1", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.out, result);

  // Who rides along as the control does sees what the control sees when it is alone.
  const Finished exact = christmas({"--exact"});
  ASSERT_EQ(exact.exit_code, 0) << exact.err;
  const json::object alone = exact.json();
  EXPECT_THAT(std::string(alone.at("seasons").as_string()), HasSubstr("--exact"));
  for (const std::size_t p : {0, 2}) {
    EXPECT_EQ(alone.at("policies").as_array()[p].at("means"), policies[p].at("means")) << p;
    EXPECT_EQ(alone.at("policies").as_array()[p].at("shared"), false) << p;
  }
}

TEST_F(Compare, StopsAtASignalAndKeepsWhatWasMeasured) {
  Program endless({"compare", "first-steps", "--policies", path("p.toml"), "--precision", "0.0000001", "--most",
                   "100000", "--out", path("stopped"), "--json"});
  // The first of its files is there before its seasons; a season comes after that.
  while (!fs::exists(path("stopped/seasons.txt")) || fs::file_size(path("stopped/seasons.txt")) == 0) {
    ASSERT_EQ(::kill(endless.pid(), 0), 0);
  }
  endless.signal(SIGINT);
  const Finished done = endless.wait();
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_EQ(done.json().at("partial"), true);
  EXPECT_TRUE(fs::exists(path("stopped/comparison.json")));
  const auto size = fs::file_size(path("stopped/seasons.txt"));
  const Finished more = run({"compare", "--resume", path("stopped"), "--time", "1s"});
  EXPECT_EQ(more.exit_code, 1);
  EXPECT_THAT(more.out, HasSubstr("The comparison was cut short."));
  EXPECT_GT(fs::file_size(path("stopped/seasons.txt")), size);
}

TEST_F(Compare, WritesAPageThatLoadsNothing) {
  write("p.toml", text_of(path("p.toml")) +
                      "[[policy]]\nname = \"tags\"\nnote = \"<b>&</b>\"\n"
                      "[policy.shopper]\nnotices = false\n");
  ASSERT_EQ(compare({"--replications", "5", "--out", path("page"), "--quiet"}).exit_code, 0);
  const std::string page = text_of(path("page/report.html"));
  EXPECT_THAT(page, HasSubstr("Differences from today"));
  EXPECT_THAT(page, HasSubstr("aria-label=\"a-day-more: "));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;&amp;&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("northline-ground"));  // The league.
  EXPECT_THAT(page, HasSubstr("<details><summary>By region: "));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_EQ(page.find(" src="), std::string::npos);  // Its one script stands in it.
  EXPECT_EQ(page.find("<link rel=\"stylesheet"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
}

TEST_F(Compare, SearchesASpaceAndSaysWhatItDidNotLookAt) {
  write("p.toml", R"(cheapest_published = false
[space]
[[space.axis]]
name = "buffer"
key = "shipper.lakeside-books.buffer_days"
from = 0
to = 4
step = 1
[[space.axis]]
name = "credit"
key = "shipper.lakeside-books.recovery_credit"
values = [0, 5, 10]
)");
  const Finished part = compare({"--optimise", "--budget", "24", "--replications", "3", "--json"});
  ASSERT_EQ(part.exit_code, 0) << part.err;
  EXPECT_EQ(part.json().at("explored").at("points"), 7);
  EXPECT_EQ(part.json().at("explored").at("of"), 15);
  EXPECT_EQ(part.json().at("policies").as_array().size(), 8U);
  const Finished all = compare({"--optimise", "--replications", "3", "--out", path("space")});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("15 of the 15 points of the space were run"));
  EXPECT_THAT(all.out, HasSubstr("buffer: 5 of 5 values from "));
  EXPECT_THAT(text_of(path("space/report.html")), HasSubstr("credit: 3 of 3 values from "));
  const Finished again = run({"compare", "--resume", path("space"), "--json"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, text_of(path("space/comparison.json")));
  const Finished poor = compare({"--optimise", "--budget", "5"});
  EXPECT_EQ(poor.exit_code, 2);
  EXPECT_THAT(poor.err, HasSubstr("two points of the space need 60; raise it"));
}

TEST_F(Compare, ASearchLeavesOutPointsThatCannotRunAndSaysSo) {
  const std::string axis =
      "cheapest_published = false\n[space]\n[[space.axis]]\nname = \"buffer\"\n"
      "key = \"shipper.lakeside-books.buffer_days\"\nvalues = ";
  write("p.toml", axis + "[99, 0, 1, 61, 2]\n");
  const Finished some = compare({"--optimise", "--replications", "2", "--json"});
  ASSERT_EQ(some.exit_code, 0) << some.err;
  EXPECT_EQ(some.json().at("policies").as_array().size(), 4U);
  EXPECT_EQ(some.json().at("explored").at("points"), 3);
  EXPECT_EQ(some.json().at("explored").at("of"), 5);
  EXPECT_EQ(some.json().at("explored").at("unfit"), 2);
  EXPECT_THAT(some.json().at("explored").at("unfit_why").as_string().c_str(),
              HasSubstr("space.buffer-99: " + path("p.toml") + ":6: shipper.buffer_days: 99 is out of range"));
  EXPECT_THAT(compare({"--optimise", "--replications", "2"}).out, HasSubstr("2 more cannot run and were left out"));
  write("p.toml", axis + "[99, 61]\n");
  const Finished none = compare({"--optimise", "--replications", "2"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("99 is out of range"));
  EXPECT_THAT(none.err, HasSubstr("none of the 2 points of its [space] that were looked at can run"));
}

TEST_F(Compare, RefusesWhatItCannotDo) {
  const auto refused = [](const Finished& done, const std::string& message) {
    EXPECT_EQ(done.exit_code, 2) << done.out;
    EXPECT_THAT(done.err, HasSubstr(message));
  };
  refused(run({"compare", "first-steps"}), "--policies FILE is missing");
  refused(run({"compare", "--policies", path("p.toml")}), "name a scenario");
  refused(run({"compare", "first-steps", "--policies", path("none.toml")}),
          "none.toml: the file is missing; name a TOML");
  refused(compare({"--best", "money"}), "money");
  refused(compare({"--least", "20", "--most", "10"}), "--most 10 is below --least 20; raise it");
  refused(compare({"--time", "soon"}), "--time: ");
  refused(run({"compare", "--resume", path("")}), "has no compare.json");
  write("bad.toml", "[[policy]]\nname = \"x\"\n[[policy.shipper]]\nname = \"lakeside-books\"\nbuffer_days = 99\n");
  refused(run({"compare", "first-steps", "--policies", path("bad.toml")}),
          path("bad.toml") + ":5: shipper.buffer_days: 99 is out of range; write a whole number from 0 to 60");
  ASSERT_EQ(compare({"--replications", "2", "--out", path("kept"), "--quiet"}).exit_code, 0);
  refused(compare({"--replications", "2", "--out", path("kept")}), "not an empty folder");
  refused(run({"compare", "--resume", path("kept"), "--seed", "3"}), "excludes");
  write("kept/policies/p.toml", text_of(path("p.toml")) + "[policy.shopper]\nnotices = false\n");
  refused(run({"compare", "--resume", path("kept")}), "have changed since it was begun");
}

}  // namespace
}  // namespace peakstorm::e2e
