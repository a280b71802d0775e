// Goal: HTTP/2 does for the replay what HTTP/1.1 does: each exchange ends once and is counted as what it was, and only
// what the server certainly did not begin is sent again. Method: a server with the faults of the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/adapters/transport/h2_server.hpp"
#include "tests/adapters/transport/test_server.hpp"
#include "tests/adapters/transport/tls_front.hpp"
#include "tests/adapters/transport/transport_test.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::H2Request;
using testing::H2Served;
using testing::H2Server;
using ::testing::HasSubstr;
using testing::TestAuthority;
using testing::TestServer;
using testing::TlsFront;
using Fate = H2Served::Fate;

H2Served served(const H2Request& r) {
  if (r.path == "/silent") return {Fate::silent};
  if (r.path == "/reset") return {Fate::reset};
  if (r.path == "/refused") return {Fate::refused};
  if (r.path == "/lost") return {Fate::lost};
  if (r.path == "/long") return {Fate::answered, 200, std::string(200'000, 'x')};
  if (r.path == "/busy") return {Fate::answered, 429, "", "9"};
  if (r.path == "/bye-unseen" && r.connection == 0) return {Fate::go_away_unseen};
  if (r.path == "/bye") return {Fate::go_away_after, 200, std::to_string(r.connection)};
  return {Fate::answered, 200, r.method + " " + r.path + " " + r.headers + r.body};
}

class Http2 : public testing::TransportTest {
 protected:
  static HttpOptions options() {
    HttpOptions options;
    options.version = HttpVersion::two;
    options.reply_bytes_max = 150'000;
    return options;
  }
  Result<Reply> get(Transport& transport, std::string_view path, std::chrono::milliseconds patience = 20s) {
    return send(transport, {"GET", path, "", ""}, patience);
  }

  H2Server server_{served, 8};
};

TEST_F(Http2, CarriesRequestsAndRepliesOfAnySizeOnOneConnection) {
  const auto transport = open(server_.url() + "/p", options());
  ASSERT_TRUE(transport);
  for (const std::size_t size : {1U, 5'000U, 70'000U, 140'000U}) {  // Beyond the window of a stream.
    const std::string body(size, 'x');
    const auto reply = send(*transport, {"POST", "/hook", "X-Test: 1\r\nAccept: a/b\r\n", body});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body,
              "POST /p/hook content-length: " + std::to_string(size) + "\nx-test: 1\naccept: a/b\n" + body);
  }
  EXPECT_EQ(get(*transport, "/")->body, "GET /p/ ");
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(Http2, AsManyStreamsAsThePeerAllowsAreUnderWayAtOnce) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  EXPECT_EQ(transport->idle(), 8U);
  server_.gather(8);  // The server answers no one before all eight are there.
  EXPECT_EQ(send_many(*transport, {"POST", "/x", "", "body"}, 400).good, 400U);
  EXPECT_EQ(transport->in_flight(), 0U);
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(Http2, FewerStreamsAndMoreConnectionsByOption) {
  HttpOptions few = options();
  few.streams = 3;
  few.http2_connections = 2;
  const auto transport = open(server_.url(), few);
  ASSERT_TRUE(transport);
  EXPECT_EQ(transport->idle(), 6U);
  server_.gather(3);
  std::size_t good = 0;
  for (int i = 0; i < 6; ++i) {
    transport->submit({"GET", "/", "", ""}, 20s, [&](const Result<Reply>& reply) { good += reply ? 1 : 0; });
  }
  while (transport->in_flight() > 0) transport->poll(clock_.now() + 1s);
  EXPECT_EQ(good, 6U);
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(Http2, RetryAfterIsRead) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  const auto reply = get(*transport, "/busy");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 429U);
  EXPECT_EQ(reply->retry_after, 9s);
}

TEST_F(Http2, FaultyStreamsEndAndTheConnectionStays) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  struct Case {
    const char* path;
    ErrorKind kind;
    std::chrono::milliseconds patience = 20s;
  };
  for (const Case& c : {Case{"/reset", ErrorKind::malformed_reply},
                        {"/refused", ErrorKind::malformed_reply},
                        {"/long", ErrorKind::malformed_reply}}) {
    SCOPED_TRACE(c.path);
    const auto reply = get(*transport, c.path, c.patience);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, c.kind) << reply.error().message;
    EXPECT_EQ(transport->idle(), 8U);
    EXPECT_TRUE(get(*transport, "/"));
  }
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(Http2, ALostConnectionBreaksWhatWasOnItAndIsReplaced) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  std::size_t broken = 0;
  for (const char* const path : {"/silent", "/silent", "/lost"}) {
    transport->submit({"GET", path, "", ""}, 20s, [&](const Result<Reply>& reply) {
      if (!reply && reply.error().kind == ErrorKind::malformed_reply) ++broken;
    });
  }
  while (transport->in_flight() > 0) transport->poll(clock_.now() + 1s);
  EXPECT_EQ(broken, 3U);
  EXPECT_TRUE(get(*transport, "/"));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(Http2, SilenceTimesOutAndAConnectionGoneDeadIsReplaced) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  EXPECT_TRUE(get(*transport, "/"));
  const auto reply = get(*transport, "/silent", 50ms);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::timed_out);
  EXPECT_TRUE(get(*transport, "/"));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(Http2, AfterGoAwayWhatTheServerDidNotSeeIsSentAgainElsewhere) {
  const auto transport = open(server_.url(), options());
  ASSERT_TRUE(transport);
  const auto unseen = get(*transport, "/bye-unseen");
  ASSERT_TRUE(unseen) << unseen.error().message;
  EXPECT_EQ(server_.connections(), 2U);
  EXPECT_EQ(get(*transport, "/bye")->body, "1");  // Seen, and answered after the farewell.
  EXPECT_EQ(get(*transport, "/bye")->body, "2");
}

TEST_F(Http2, AServerThatGoesAwayIsUnreachable) {
  auto server = std::make_unique<H2Server>(served, 8);
  const auto transport = open(server->url(), options());
  ASSERT_TRUE(transport);
  EXPECT_TRUE(get(*transport, "/"));
  server.reset();
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(get(*transport, "/"));
  EXPECT_EQ(get(*transport, "/").error().kind, ErrorKind::unreachable);
}

TEST_F(Http2, AlpnChoosesOverTls) {
  const TestAuthority authority;
  const TestServer one([](const testing::ServedRequest&) { return testing::answer(200, "one"); });
  const testing::Identity identity = authority.issue("IP:127.0.0.1");
  HttpOptions settled = options();
  settled.version = HttpVersion::settled;
  settled.ca_file = authority.file();
  const TlsFront two_front({identity, server_.port(), "h2"});
  const TlsFront one_front({identity, one.port(), "http/1.1"});
  const TlsFront mute_front({identity, one.port(), ""});
  EXPECT_EQ(get(*open(two_front.url(), settled), "/")->body, "GET / ");
  EXPECT_EQ(get(*open(one_front.url(), settled), "/")->body, "one");
  EXPECT_EQ(get(*open(mute_front.url(), settled), "/")->body, "one");

  HttpOptions forced = settled;
  forced.version = HttpVersion::two;
  EXPECT_EQ(get(*open(two_front.url(), forced), "/")->body, "GET / ");
  for (const TlsFront* const front : {&one_front, &mute_front}) {
    const Error error = refusal(front->url(), forced);
    EXPECT_EQ(error.kind, ErrorKind::unreachable);
    EXPECT_THAT(error.message, HasSubstr("--http"));
  }
}

TEST_F(Http2, AServerOfHttp1IsNamed) {
  const TestServer one([](const testing::ServedRequest&) { return testing::answer(200, "one"); });
  const Error error = refusal(one.url(), options());
  EXPECT_EQ(error.kind, ErrorKind::unreachable);
  EXPECT_THAT(error.message, HasSubstr("--http 1.1"));
}

}  // namespace
}  // namespace peakstorm
