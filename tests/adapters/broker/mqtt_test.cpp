// MQTT 5: a real mosquitto.
#include "tests/adapters/broker/fixture.hpp"
#include "tests/adapters/transport/tls_front.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::BrokerServer;

class Mqtt : public testing::BrokerTest {
 protected:
  void start(const std::string& more = "allow_anonymous true\n", bool persistent = true) {
    port = testing::free_port();
    const std::string text = "listener " + std::to_string(port) + " 127.0.0.1\nuser root\npersistence " +
                             (persistent ? "true" : "false") + "\npersistence_location " + folder.path().string() +
                             "/\nmax_queued_messages 0\n" + more;
    server = std::make_unique<BrokerServer>(
        folder.path(), std::vector<std::string>{"mosquitto", "-c", folder.file("mosquitto.conf", text)}, port);
    place = "127.0.0.1:" + std::to_string(port) + "/";
  }
  std::uint16_t port = 0;
  std::unique_ptr<BrokerServer> server;
  std::string place;
};

// Ended in order: mosquitto writes what it keeps at its end and every half hour, not before it acknowledges.
TEST_F(Mqtt, WhatIsAcknowledgedIsDeliveredAcrossARestart) {
  start();
  options.in_flight = 16;
  const BrokerTarget target = must_open("mqtt://" + place + "scans/ups");
  run_across_a_restart(target, clock, *server, SIGTERM, 1000);
}

// The twin of the test above: a broker that forgets its sessions loses what it acknowledged meanwhile.
TEST_F(Mqtt, ASessionThatIsForgottenIsFoundToHaveLostMessages) {
  start("allow_anonymous true\n", false);
  const BrokerTarget target = must_open("mqtt://" + place + "scans");
  const BrokerTarget other = must_open("mqtt://" + place + "scans", false);
  testing::Load load(target, clock, 200, 20);
  load.run([&] {
    server->stop(SIGKILL);
    server->start();
  });
  // The reader comes back a second after the sender.
  EXPECT_GT(load.missing(), 0U);
}

TEST_F(Mqtt, AMessageBeyondTheBrokersLimitIsRefusedForGood) {
  start("allow_anonymous true\nmax_packet_size 2000\n");
  const BrokerTarget target = must_open("mqtt://" + place + "scans", false);
  const auto answer = testing::send_one(*target.transport, clock, std::string(5000, 'x'));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->acknowledgement, Acknowledgement::refused);
  const auto next = testing::send_one(*target.transport, clock, "small");
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->acknowledgement, Acknowledgement::confirmed);
}

TEST_F(Mqtt, ABrokerThatFallsSilentCostsNoMoreThanThePatience) {
  start();
  const BrokerTarget target = must_open("mqtt://" + place + "scans", false);
  server->signal(SIGSTOP);
  const auto answer = testing::send_one(*target.transport, clock, "second", 200ms);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
  server->signal(SIGCONT);
  const auto next = testing::send_one(*target.transport, clock, "third");
  ASSERT_TRUE(next.has_value()) << next.error().message;
}

TEST_F(Mqtt, LoginsAreGivenAndNeverTold) {
  start("allow_anonymous false\n");
  expect_refused("mqtt://" + place + "scans", ErrorKind::bad_input, "refuses the login");
  options.user = "carrier";
  options.password = "s3cret";
  expect_refused("mqtt://" + place + "scans", ErrorKind::bad_input, "refuses the login");
  server.reset();
  expect_refused("mqtt://" + place + "scans", ErrorKind::unreachable, "start the broker");
}

TEST_F(Mqtt, TlsChecksTheCertificateAndItsName) {
  const testing::TestAuthority authority;
  const auto identity = authority.issue("IP:127.0.0.1");
  start("allow_anonymous true\ncertfile " + folder.file("cert.pem", identity.certificate) + "\nkeyfile " +
        folder.file("key.pem", identity.key) + "\n");
  expect_refused("mqtts://" + place + "scans", ErrorKind::unreachable, "--ca-file");
  expect_refused("mqtt://" + place + "scans", ErrorKind::unreachable, "MQTT");
  options.ca_file = authority.file();
  const BrokerTarget target = must_open("mqtts://" + place + "scans");
  testing::Load load(target, clock, 50, 5);
  load.run();
  EXPECT_EQ(load.expect_stored(), 0U);
  expect_refused("mqtts://localhost:" + std::to_string(port) + "/scans", ErrorKind::unreachable, "certificate");
}

}  // namespace
}  // namespace peakstorm
