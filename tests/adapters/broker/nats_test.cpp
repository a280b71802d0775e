// NATS JetStream: a real nats-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/adapters/broker/load.hpp"
#include "tests/adapters/broker/nats_server.hpp"
#include "tests/adapters/broker/server.hpp"
#include "tests/adapters/transport/tls_front.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::BrokerServer;
using ::testing::HasSubstr;
using testing::Load;
using testing::TemporaryFolder;

class Nats : public ::testing::Test {
 protected:
  /// `more` goes into the server's configuration.
  void start(const std::string& more = "", bool jetstream = true) {
    server = testing::start_nats(folder, more, jetstream);
    port = server->port();
  }
  [[nodiscard]] std::string url(const std::string& subject = "scans.ups", const std::string& scheme = "nats") const {
    return scheme + "://127.0.0.1:" + std::to_string(port) + "/" + subject;
  }
  void add_stream(const std::string& storage = "file", const std::string& more = "") const {
    testing::add_nats_stream(port, storage, more);
  }
  Result<BrokerTarget> open(const std::string& where, bool read_back = true) {
    const auto parsed = parse_broker_url(where);
    if (!parsed) return tl::unexpected(parsed.error());
    return open_broker(*parsed, options, read_back, clock);
  }

  TemporaryFolder folder;
  std::uint16_t port = 0;
  std::unique_ptr<BrokerServer> server;
  SteadyClock clock;
  BrokerOptions options;
};

TEST_F(Nats, WhatIsAcknowledgedIsStoredAcrossARestart) {
  start();
  add_stream();
  options.in_flight = 16;
  auto target = open(url());
  ASSERT_TRUE(target.has_value()) << target.error().message;
  Load load(*target, clock, 2000, 40);
  load.run([&] {
    server->stop(SIGKILL);
    // Noticed while nobody is there: what was under way is lost, what is new waits.
    for (int i = 0; i < 20; ++i) target->transport->poll(clock.now() + 5ms);
    server->start();
  });
  // Ids make repeated messages one.
  EXPECT_EQ(load.expect_stored(), 0U);
}

// The twin of the test above: a stream in memory does not outlive its server, and that must show.
TEST_F(Nats, AStreamInMemoryIsFoundToHaveLostEverything) {
  start();
  add_stream("memory");
  auto target = open(url());
  ASSERT_TRUE(target.has_value()) << target.error().message;
  Load load(*target, clock, 100, 5);
  load.run();
  EXPECT_EQ(load.missing(), 0U);
  server->stop(SIGTERM);
  server->start();
  add_stream("memory");
  EXPECT_EQ(load.missing(), 100U);
}

TEST_F(Nats, OnlyWhatCameAfterTheOpeningIsReadBack) {
  start();
  add_stream();
  {
    const auto before = open(url(), false);
    ASSERT_TRUE(before.has_value()) << before.error().message;
    EXPECT_EQ(before->stored, nullptr);
    ASSERT_TRUE(testing::send_one(*before->transport, clock, "old").has_value());
  }
  auto target = open(url());
  ASSERT_TRUE(target.has_value()) << target.error().message;
  std::size_t seen = 0;
  const auto count = [&](std::string_view, std::string_view) { return ++seen > 0; };
  ASSERT_TRUE(target->stored->read(0, 5s, count).has_value());
  EXPECT_EQ(seen, 0U);
  Load load(*target, clock, 50, 5);
  load.run();
  load.expect_stored();
}

TEST_F(Nats, AFullStreamRefusesForNow) {
  start();
  add_stream("file", R"(,"max_msgs":1,"discard":"new")");
  auto target = open(url(), false);
  ASSERT_TRUE(target.has_value()) << target.error().message;
  ASSERT_TRUE(testing::send_one(*target->transport, clock, "first").has_value());
  // Another id: the first one's would be taken for a repetition.
  std::optional<Result<Reply>> answer;
  target->transport->submit({"POST", "/", "", "second", "two", "key"}, 5s,
                            [&](Result<Reply> r) { answer = std::move(r); });
  while (!answer) target->transport->poll(clock.now() + 100ms);
  ASSERT_TRUE(answer->has_value()) << answer->error().message;
  EXPECT_EQ((*answer)->acknowledgement, Acknowledgement::refused_now);
  EXPECT_EQ((*answer)->status, 503U);
  EXPECT_THAT((*answer)->body, HasSubstr("maximum messages"));
}

TEST_F(Nats, AMessageBeyondTheServersLimitIsRefusedForGood) {
  start("max_payload: 1024\n");
  add_stream();
  auto target = open(url(), false);
  ASSERT_TRUE(target.has_value()) << target.error().message;
  const auto answer = testing::send_one(*target->transport, clock, std::string(5000, 'x'));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->acknowledgement, Acknowledgement::refused);
  const auto next = testing::send_one(*target->transport, clock, "small");
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->acknowledgement, Acknowledgement::confirmed);
}

TEST_F(Nats, AServerThatFallsSilentCostsNoMoreThanThePatience) {
  start();
  add_stream();
  auto target = open(url(), false);
  ASSERT_TRUE(target.has_value()) << target.error().message;
  ASSERT_TRUE(testing::send_one(*target->transport, clock, "first").has_value());
  server->signal(SIGSTOP);
  const auto answer = testing::send_one(*target->transport, clock, "second", 200ms);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
  server->signal(SIGCONT);
  const auto next = testing::send_one(*target->transport, clock, "third");
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->acknowledgement, Acknowledgement::confirmed);
}

TEST_F(Nats, WhatIsMissingIsNamedWithItsCure) {
  start("", false);
  const auto no_jetstream = open(url());
  ASSERT_FALSE(no_jetstream.has_value());
  EXPECT_EQ(no_jetstream.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(no_jetstream.error().message, HasSubstr("has no JetStream"));
  server.reset();
  const auto nobody = open(url());
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(nobody.error().message, HasSubstr("start the broker"));
  start();
  const auto no_stream = open(url("other.subject"));
  ASSERT_FALSE(no_stream.has_value());
  EXPECT_EQ(no_stream.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(no_stream.error().message, HasSubstr("no stream takes the subject 'other.subject'"));
}

TEST_F(Nats, LoginsAreGivenAndNeverTold) {
  start("authorization { user: carrier, password: s3cret }\n");
  const auto nobody = open(url());
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(nobody.error().message, HasSubstr("refuses the login"));
  options.user = "carrier";
  options.password = "wr0ng";
  const auto wrong = open(url());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message, ::testing::Not(HasSubstr("wr0ng")));
  options.password = "s3cret";
  const auto right = open(url());
  // It is in; that there is no stream is the next thing to be said.
  ASSERT_FALSE(right.has_value());
  EXPECT_THAT(right.error().message, HasSubstr("no stream takes"));
}

TEST_F(Nats, TlsChecksTheCertificateAndItsName) {
  const testing::TestAuthority authority;
  const auto identity = authority.issue("IP:127.0.0.1");
  start("tls { cert_file: \"" + folder.file("cert.pem", identity.certificate) + "\", key_file: \"" +
        folder.file("key.pem", identity.key) + "\" }\n");
  const auto stranger = open(url("scans.ups", "nats+tls"));
  ASSERT_FALSE(stranger.has_value());
  EXPECT_EQ(stranger.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(stranger.error().message, HasSubstr("--ca-file"));
  const auto plain = open(url());
  ASSERT_FALSE(plain.has_value());
  EXPECT_THAT(plain.error().message, HasSubstr("nats+tls://"));
  options.ca_file = authority.file();
  const auto known = open(url("scans.ups", "nats+tls"));
  ASSERT_FALSE(known.has_value());
  EXPECT_THAT(known.error().message, HasSubstr("no stream takes"));
  const auto other_name = open("nats+tls://localhost:" + std::to_string(port) + "/scans.ups");
  ASSERT_FALSE(other_name.has_value());
  EXPECT_THAT(other_name.error().message, HasSubstr("certificate"));
}

}  // namespace
}  // namespace peakstorm
