// Goal: a platform can be drilled from both ends: it is pushed a run and polls the same run's carriers.
// Method: the built program as a child process; the platform is a client in this test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/adapters/endpoint/http_client.hpp"
#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;
using testing::HttpReply;

constexpr const char* key = "Authorization: Basic RVpUSzE6\r\n";  // EZTK1:
const std::vector<std::string> declared{"PEAKSTORM_CARRIER_CREDENTIALS=easypost EZTK1"};

class Carriers : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void SetUp() override {
    const auto simulated = run({"simulate", "first-steps", "--quiet", "--out", at("run")});
    ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  }
  TemporaryFolder folder_;
};

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST_F(Carriers, OfAFinishedRunAreServedUntilCtrlC) {
  Program served({"endpoint", at("run"), "--as-carrier", "easypost", "--speed", "1e9", "--port", "0", "--json"},
                 declared);
  const auto started = boost::json::parse(served.read_line()).as_object();
  HttpClient client(static_cast<std::uint16_t>(started.at("port").to_number<int>()));
  EXPECT_EQ(client.exchange("GET", "/v2/trackers").status, 401);
  std::set<std::string> ids;
  // The run's days pass in a millisecond; who asks within it sees fewer parcels, and asks again.
  std::size_t pages = 0;
  std::size_t told = 0;
  std::string query = "?page_size=30";
  for (bool more = true; (more || ids.size() < 100) && pages < 1000; ++pages) {
    if (!more) query = "?page_size=30";
    const HttpReply reply = client.exchange("GET", "/v2/trackers" + query, key);
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto list = boost::json::parse(reply.body).as_object();
    more = list.at("has_more").as_bool();
    for (const auto& tracker : list.at("trackers").as_array()) {
      ids.emplace(tracker.at("id").as_string());
      ++told;
      EXPECT_FALSE(tracker.at("tracking_details").as_array().empty());
      query = "?page_size=30&before_id=" + std::string(tracker.at("id").as_string());
    }
  }
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_GE(pages, 4U);
  served.signal(SIGINT);
  const Finished ended = served.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto polls = ended.json().at("polls").at("easypost").as_object();
  EXPECT_EQ(polls.at("parcels").to_number<std::size_t>(), ids.size());
  EXPECT_EQ(polls.at("told").to_number<std::size_t>(), told);
  EXPECT_EQ(polls.at("refused").to_number<int>(), 1);
}

TEST_F(Carriers, AreServedBesideAReplayAndCountedInItsFolder) {
  Program replay({"replay", at("run"), "--seconds", "3", "--serve-carriers", "0", "--json", "--out", at("kept"),
                  "--poll-fault", "error=0.1"},
                 declared);
  std::string line;
  do {
    line = replay.read_error_line();
    ASSERT_FALSE(line.empty()) << "the program ended without telling where its carriers are";
  } while (line.find("Carriers at ") == std::string::npos);
  // The platform polls as fast as it can until the replay is over.
  std::size_t most = 0;
  std::size_t answers = 0;
  HttpClient client(port_of(line));
  while (true) {
    const HttpReply reply = client.exchange("GET", "/v2/trackers?page_size=5", key);
    if (reply.status == 0) break;
    ++answers;
    if (reply.status != 200) {
      EXPECT_TRUE(reply.status == 500 || reply.status == 503) << reply.status;
      continue;
    }
    const auto list = boost::json::parse(reply.body).as_object();
    const std::size_t seen = list.at("trackers").as_array().size();
    EXPECT_GE(seen, most) << "what was known is known";
    most = seen;
  }
  EXPECT_EQ(most, 5U);
  const Finished ended = replay.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto object = ended.json();
  EXPECT_EQ(object.at("findings").at("total").to_number<int>(), 0) << ended.out;
  const auto polls = object.at("polls").at("easypost").as_object();
  EXPECT_GE(polls.at("polls").to_number<std::size_t>(), answers);
  EXPECT_GT(polls.at("failed").to_number<int>(), 0);
  EXPECT_GT(polls.at("news").to_number<int>(), 0);
  EXPECT_TRUE(polls.at("news_age_minutes").is_object());
  EXPECT_EQ(boost::json::parse(text_of(at("kept/polls.json"))), object.at("polls"));
  EXPECT_THAT(text_of(at("kept/manifest.json")), HasSubstr("polls.json"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(at("kept"))) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(text_of(entry.path()).find("EZTK1"), std::string::npos) << entry.path();
  }
}

TEST_F(Carriers, AreRefusedWithTheCure) {
  struct Case {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string told;
  };
  {
    std::ofstream file(at("credentials"));
    file << "ups hush-hush\n";
  }
  for (const Case& c : {
           Case{{"endpoint", at("run")}, {}, "PEAKSTORM_CARRIER_CREDENTIALS"},
           Case{{"endpoint", at("run"), "--carrier-credentials", at("credentials")}, {}, "credentials:1: "},
           Case{{"endpoint", at("run"), "--carrier-credentials", at("none")}, {}, "cannot be read"},
           Case{{"endpoint", at("run"), "--as-carrier", "ups", "--any-credentials"}, {}, "number_format"},
           Case{{"endpoint", at("run"), "--as-carrier", "dhl"}, {}, "none of ups"},
           Case{{"endpoint", "--as-carrier", "ups", "--any-credentials"}, {}, "name its folder"},
           Case{{"endpoint", at("nowhere"), "--any-credentials"}, {}, "nowhere"},
           Case{{"endpoint", at("run"), "--poll-fault", "lost=1", "--any-credentials"}, {}, "slow, error, stale"},
           Case{{"endpoint", at("run"), "--poll-limit", "0", "--any-credentials"}, {}, "no limit"},
           Case{{"replay", at("run"), "--serve-carriers", "0"}, {}, "PEAKSTORM_CARRIER_CREDENTIALS"},
           Case{{"replay", at("run"), "--serve-carriers", "0", "--find-limit"}, declared, "--find-limit"},
       }) {
    const Finished refused = run(c.arguments, c.environment);
    EXPECT_EQ(refused.exit_code, 2) << c.told << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(c.told));
    EXPECT_EQ(refused.err.find("hush"), std::string::npos) << refused.err;
  }
}

}  // namespace
}  // namespace peakstorm::e2e
