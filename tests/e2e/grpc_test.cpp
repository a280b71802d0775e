// The program over gRPC: its replay against its own endpoint, correct and with a bug, in one process and in two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> secret{"PEAKSTORM_WEBHOOK_SECRET=e2e"};

class GrpcDrill : public ::testing::Test {
 protected:
  std::vector<std::string> drill(std::vector<std::string> more) {
    std::vector<std::string> words{
        "drill",    "first-steps", "--seed",
        "7",        "--out",       (folder_.path() / ("run" + std::to_string(runs_++))).string(),
        "--format", "cloudevents", "--seconds",
        "1",        "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  int runs_ = 0;
};

std::int64_t number(const boost::json::object& from, const char* member) {
  return from.at(member).to_number<std::int64_t>();
}

TEST_F(GrpcDrill, FindsNothingWrongWithAnEndpointOfAnotherProcess) {
  Program endpoint({"endpoint", "--port", "0", "--grpc", "0", "--registered-only", "--json"}, secret);
  const auto told = boost::json::parse(endpoint.read_line()).as_object();
  const std::string url(told.at("grpc_url").as_string());
  const auto words = drill({"--against", url, "--register-promises", "--fault", "all=0.03"});
  const Finished finished = run(words, secret);
  const auto object = finished.json();
  const auto& replay = object.at("replay").as_object();
  EXPECT_EQ(number(object.at("findings").as_object(), "total"), 0) << finished.out << finished.err;
  EXPECT_EQ(replay.at("target").as_string(), url);
  EXPECT_GE(number(replay, "acknowledged"), number(replay, "scans"));
  EXPECT_GT(number(replay, "checks"), 0);
  EXPECT_EQ(number(replay, "unread"), 0);
  endpoint.signal(SIGTERM);
  const auto stats = endpoint.wait().json();
  EXPECT_GE(number(stats, "messages"), number(replay, "scans"));
  EXPECT_GT(number(stats, "pages"), 0);
}

TEST_F(GrpcDrill, NamesTheBugOfTheEmbeddedEndpoint) {
  for (const std::string call : {"unary", "stream"}) {
    SCOPED_TRACE(call);
    const Finished well = run(drill({"--grpc-call", call, "--fault", "all=0.05"}));
    EXPECT_EQ(number(well.json().at("findings").as_object(), "total"), 0) << well.out << well.err;
    const Finished ill = run(drill({"--grpc-call", call, "--fault", "all=0.05", "--bug", "no-dedup"}));
    const auto findings = ill.json().at("findings").as_object();
    EXPECT_GT(number(findings, "total"), 0);
    const auto& diagnosis = findings.at("diagnosis").as_array();
    ASSERT_FALSE(diagnosis.empty());
    EXPECT_EQ(diagnosis.front().as_object().at("bug").as_string(), "no-dedup");
  }
}

TEST_F(GrpcDrill, RefusesWhatDoesNotGoTogether) {
  const auto refused = [&](std::vector<std::string> words, const char* why) {
    const Finished finished = run(drill(std::move(words)), secret);
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.err, HasSubstr(why));
  };
  const std::string own = "grpc://127.0.0.1:1/acme.v1.Hooks/Take";
  refused({"--against", own}, "add --write-only");
  refused({"--against", own, "--write-only", "--register-promises"}, "takes no promises");
  refused({"--against", own, "--write-only", "--webhook-path", "/x"}, "leave --webhook-path out");
  refused({"--against", "grpc://127.0.0.1:1", "--http", "2"}, "leave --http out");
  refused({"--against", "http://127.0.0.1:1", "--grpc-call", "stream"}, "is not gRPC");
  refused({"--against", "grpc://platform.example:1"}, "--allow-host platform.example");
  refused({"--against", "grpc://127.0.0.1"}, "has no port");
  refused({"--against", "grpc://127.0.0.1:1", "--ca-file", "/nowhere"}, "use grpcs://");
}

TEST_F(GrpcDrill, SaysThatNobodyAnswers) {
  const Finished finished = run(drill({"--against", "grpc://127.0.0.1:1"}), secret);
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_THAT(finished.err, HasSubstr("nobody answers"));
}

}  // namespace
}  // namespace peakstorm::e2e
