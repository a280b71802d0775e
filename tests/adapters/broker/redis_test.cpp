// Redis streams: a real redis-server.
#include "tests/adapters/broker/fixture.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::BrokerServer;

class Redis : public testing::BrokerTest {
 protected:
  void start(const std::vector<std::string>& more = {}) {
    const std::uint16_t port = testing::free_port();
    std::vector<std::string> words{
        "redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--dir", folder.path().string(),
        "--save",       ""};
    words.insert(words.end(), more.begin(), more.end());
    server = std::make_unique<BrokerServer>(folder.path(), words, port);
    place = "redis://127.0.0.1:" + std::to_string(port) + "/";
  }
  std::unique_ptr<BrokerServer> server;
  std::string place;
};

TEST_F(Redis, WhatIsAcknowledgedIsStoredAcrossARestart) {
  // By default Redis syncs its log each second, and while it does so it acknowledges before it writes.
  start({"--appendonly", "yes", "--appendfsync", "always"});
  options.in_flight = 16;
  const BrokerTarget target = must_open(place + "scans");
  run_across_a_restart(target, clock, *server, SIGKILL, 2000);
}

// The twin of the test above: without its log Redis forgets, and that must show.
TEST_F(Redis, WithoutItsLogItIsFoundToHaveLostEverything) {
  start({"--appendonly", "no"});
  const BrokerTarget target = must_open(place + "scans");
  testing::Load load(target, clock, 100, 5);
  load.run();
  EXPECT_EQ(load.missing(), 0U);
  server->stop(SIGKILL);
  server->start();
  EXPECT_EQ(load.missing(), 100U);
}

TEST_F(Redis, OnlyWhatCameAfterTheOpeningIsReadBack) {
  start();
  {
    const BrokerTarget before = must_open(place + "scans", false);
    ASSERT_TRUE(testing::send_one(*before.transport, clock, "old").has_value());
  }
  const BrokerTarget target = must_open(place + "scans");
  testing::Load load(target, clock, 50, 5);
  load.run();
  EXPECT_EQ(load.expect_stored(), 0U);
}

TEST_F(Redis, WithoutMemoryItRefusesForNow) {
  start({"--maxmemory", "1mb", "--maxmemory-policy", "noeviction"});
  const BrokerTarget target = must_open(place + "scans", false);
  const auto answer = testing::send_one(*target.transport, clock, std::string(2'000'000, 'x'));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  const auto next = testing::send_one(*target.transport, clock, "small");
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->acknowledgement, Acknowledgement::refused_now);
  EXPECT_THAT(next->body, ::testing::HasSubstr("OOM"));
}

TEST_F(Redis, AServerThatFallsSilentCostsNoMoreThanThePatience) {
  start();
  const BrokerTarget target = must_open(place + "scans", false);
  server->signal(SIGSTOP);
  const auto answer = testing::send_one(*target.transport, clock, "second", 200ms);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
  server->signal(SIGCONT);
  const auto next = testing::send_one(*target.transport, clock, "third");
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->acknowledgement, Acknowledgement::confirmed);
}

TEST_F(Redis, LoginsAreGivenAndNeverTold) {
  start({"--requirepass", "s3cret"});
  expect_refused(place + "scans", ErrorKind::bad_input, "refuses the login");
  options.password = "wr0ng";
  expect_refused(place + "scans", ErrorKind::bad_input, "refuses the login");
  options.password = "s3cret";
  EXPECT_TRUE(open(place + "scans").has_value());
  server.reset();
  expect_refused(place + "scans", ErrorKind::unreachable, "start the broker");
}

}  // namespace
}  // namespace peakstorm
