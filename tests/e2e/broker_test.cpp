// The program against a broker: a drill publishes its scans, reads back what is stored, and compares.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "tests/adapters/broker/nats_server.hpp"
#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::HasSubstr;

class BrokerDrill : public ::testing::Test {
 protected:
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(server->port()) + "/scans.all"; }
  std::vector<std::string> drill(const std::string& target, std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        "drill",    "first-steps",        "--seed", "7", "--out", (folder.path() / "run").string(), "--against", target,
        "--format", "cloudevents-binary", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder;
  testing::TemporaryFolder broker_folder;
  std::unique_ptr<testing::BrokerServer> server = testing::start_nats(broker_folder);
};

std::int64_t number(const boost::json::object& from, const char* member) {
  return from.at(member).to_number<std::int64_t>();
}

TEST_F(BrokerDrill, FindsNothingWrongWithABrokerThatIsKilledInTheMiddle) {
  testing::add_nats_stream(server->port());
  Program program(drill(url(), {"--seconds", "3", "--fault", "redelivery=0.05,near_duplicate=0.05"}));
  ASSERT_NO_FATAL_FAILURE(testing::wait_for_nats_messages(server->port(), 200));
  server->stop(SIGKILL);
  server->start();
  const Finished finished = program.wait();
  const auto object = finished.json();
  const auto& replay = object.at("replay").as_object();
  const auto& findings = object.at("findings").as_object();
  EXPECT_EQ(number(findings, "total"), 0) << finished.err;
  EXPECT_EQ(number(replay, "acknowledged"), number(replay, "scans") + number(replay, "injected"));
  EXPECT_GE(number(replay.at("stored").as_object(), "messages"), number(replay, "scans"));
  EXPECT_EQ(number(replay, "checks"), 0);
  EXPECT_TRUE(replay.at("complete").as_bool());
}

TEST_F(BrokerDrill, FindsWhatABrokerHasLost) {
  testing::add_nats_stream(server->port(), "memory", R"(,"max_msgs":100,"discard":"old")");
  const Finished finished = run(drill(url(), {"--seconds", "1", "--require", "lost_scans <= 0"}));
  const auto object = finished.json();
  const auto& findings = object.at("findings").as_object();
  const auto& replay = object.at("replay").as_object();
  EXPECT_EQ(finished.exit_code, 1) << finished.err;
  EXPECT_EQ(number(findings, "lost"), number(replay, "scans") - 100);
  EXPECT_THAT(text_of(folder.path() / "run" / "report.html"), HasSubstr("\"stored_messages\":\"100\""));
  EXPECT_EQ(number(findings, "no_lost_scan"), number(findings, "lost"));
}

TEST_F(BrokerDrill, RefusesWhatABrokerHasNoUseFor) {
  const auto refused = [&](const std::vector<std::string>& words, const char* why) {
    const Finished finished = run(words);
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.err, HasSubstr(why));
  };
  refused(drill(url(), {"--register-promises"}), "a broker takes no promises");
  refused(drill(url(), {"--webhook-path", "/x"}), "a broker has no paths");
  refused(drill("nats://carrier:secret@127.0.0.1/scans"), "PEAKSTORM_BROKER_PASSWORD");
  refused(drill("nats://broker.example/scans"), "--allow-host broker.example");
  refused(drill("rediss://127.0.0.1/scans"), "TLS tunnel");
}

TEST_F(BrokerDrill, SaysThatNobodyAnswers) {
  server->stop(SIGTERM);
  const Finished finished = run(drill(url(), {"--seconds", "1"}));
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_THAT(finished.err, HasSubstr("start the broker"));
}

}  // namespace
}  // namespace peakstorm::e2e
