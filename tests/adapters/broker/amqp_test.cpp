// RabbitMQ: a real broker, slow to start, so that one serves all tests.
#include "tests/adapters/broker/fixture.hpp"
#include "tests/adapters/transport/tls_front.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::BrokerServer;

/// The broker, its port mapper included, in a folder of its own.
class RabbitMq {
 public:
  RabbitMq() {
    const auto identity = authority.issue("DNS:localhost");
    const std::string config = "listeners.tcp.1 = 127.0.0.1:" + std::to_string(port) +
                               "\nlisteners.ssl.1 = 127.0.0.1:" + std::to_string(tls_port) +
                               "\nssl_options.certfile = " + folder.file("cert.pem", identity.certificate) +
                               "\nssl_options.keyfile = " + folder.file("key.pem", identity.key) +
                               "\nssl_options.cacertfile = " + folder.file("ca.pem", identity.certificate) +
                               "\nssl_options.verify = verify_none\n";
    // The launcher on the path wants to be root or its own user; this is what it starts. Erlang would start its port
    // mapper for the whole machine and leave it behind: this one is the test's own.
    const std::string home = folder.path().string();
    mapper = std::make_unique<BrokerServer>(
        mapper_folder.path(),
        std::vector<std::string>{"epmd", "-port", std::to_string(mapper_port), "-address", "127.0.0.1"}, mapper_port);
    server = std::make_unique<BrokerServer>(folder.path(),
                                            std::vector<std::string>{"/usr/lib/rabbitmq/bin/rabbitmq-server"}, port,
                                            std::vector<std::string>{
                                                "HOME=" + home,
                                                "RABBITMQ_NODENAME=peakstorm" + std::to_string(port) + "@localhost",
                                                "RABBITMQ_CONFIG_FILE=" + folder.file("rabbitmq.conf", config),
                                                "RABBITMQ_ENABLED_PLUGINS_FILE=" + folder.file("plugins", "[].\n"),
                                                "RABBITMQ_MNESIA_BASE=" + home + "/mnesia",
                                                "RABBITMQ_LOG_BASE=" + home + "/logs",
                                                "RABBITMQ_PID_FILE=" + home + "/pid",
                                                "RABBITMQ_DIST_PORT=" + std::to_string(distribution_port),
                                                "RABBITMQ_CONF_ENV_FILE=/dev/null",
                                                "ERL_EPMD_PORT=" + std::to_string(mapper_port),
                                                "ERL_EPMD_ADDRESS=127.0.0.1",
                                            });
  }
  testing::TemporaryFolder folder;
  testing::TemporaryFolder mapper_folder;
  testing::TestAuthority authority;
  std::uint16_t port = testing::free_port();
  std::uint16_t tls_port = testing::free_port();
  std::uint16_t distribution_port = testing::free_port();
  std::uint16_t mapper_port = testing::free_port();
  std::unique_ptr<BrokerServer> mapper;
  std::unique_ptr<BrokerServer> server;  // Ends before its mapper.
};

class Amqp : public testing::BrokerTest {
 protected:
  static void SetUpTestSuite() { broker = new RabbitMq; }
  static void TearDownTestSuite() {
    delete broker;
    broker = nullptr;
  }
  [[nodiscard]] static std::string url(const std::string& place) {
    return "amqp://127.0.0.1:" + std::to_string(broker->port) + "/%2F/" + place;
  }
  static inline RabbitMq* broker = nullptr;
};

TEST_F(Amqp, WhatIsAcknowledgedIsStoredAcrossARestart) {
  options.in_flight = 16;
  const BrokerTarget target = must_open(url("amq.topic?key=scans.ups"));
  run_across_a_restart(target, clock, *broker->server, SIGKILL, 1000);
}

TEST_F(Amqp, WhatNoQueueTakesIsRefused) {
  const BrokerTarget target = must_open(url("amq.direct?key=nobody"), false);
  const auto answer = testing::send_one(*target.transport, clock, "lost");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->acknowledgement, Acknowledgement::refused);
  EXPECT_EQ(answer->status, 312U);
}

TEST_F(Amqp, ReadingBackTakesNothingAwayAndAddsNothing) {
  const BrokerTarget target = must_open(url("amq.fanout?key=any"));
  testing::Load load(target, clock, 50, 5);
  load.run();
  EXPECT_EQ(load.expect_stored(), 0U);
  EXPECT_EQ(load.expect_stored(), 0U);
  // One that the broker never got is missed.
  load.messages.front().id = "never sent";
  EXPECT_EQ(load.missing(), 1U);
}

TEST_F(Amqp, WhatIsMissingIsNamedWithItsCure) {
  expect_refused(url("no.such.exchange?key=x"), ErrorKind::bad_input, "no exchange 'no.such.exchange'");
  expect_refused("amqp://127.0.0.1:" + std::to_string(broker->port) + "/nowhere/amq.topic?key=x", ErrorKind::bad_input,
                 "nowhere");
  expect_refused(url("?key=no.such.queue"), ErrorKind::bad_input, "no queue 'no.such.queue'");
  options.user = "carrier";
  options.password = "s3cret";
  expect_refused(url("amq.topic?key=x"), ErrorKind::bad_input, "refuses the login");
}

TEST_F(Amqp, TlsChecksTheCertificateAndItsName) {
  const std::string place = std::to_string(broker->tls_port) + "/%2F/amq.topic?key=tls";
  expect_refused("amqps://localhost:" + place, ErrorKind::unreachable, "--ca-file");
  options.ca_file = broker->authority.file();
  const BrokerTarget target = must_open("amqps://localhost:" + place);
  testing::Load load(target, clock, 50, 5);
  load.run();
  EXPECT_EQ(load.expect_stored(), 0U);
  expect_refused("amqps://127.0.0.1:" + place, ErrorKind::unreachable, "certificate");
}

}  // namespace
}  // namespace peakstorm
