// Goal: HTTP over TLS does what it does over TCP, nobody is trusted who cannot prove the name, and whoever is refused
// learns why. Method: TLS before the faulty server of http_test.cpp, with an authority made for each test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/tls1.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "tests/adapters/transport/test_server.hpp"
#include "tests/adapters/transport/tls_front.hpp"
#include "tests/adapters/transport/transport_test.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using ::testing::HasSubstr;
using testing::Served;
using testing::ServedRequest;
using testing::TestAuthority;
using testing::TestServer;
using testing::TlsFront;

class Tls : public testing::TransportTest {
 protected:
  HttpOptions options(std::size_t connections = 1) const {
    HttpOptions options;
    options.connections = connections;
    options.reply_bytes_max = 100'000;
    options.ca_file = authority_.file();
    return options;
  }
  TlsFront front(const std::string& names = "DNS:localhost,IP:127.0.0.1", const std::string& alpn = "") const {
    return TlsFront({authority_.issue(names), server_.port(), alpn});
  }

  TestAuthority authority_;
  TestServer server_{[](const ServedRequest& r) {
    if (r.path == "/silent") return Served{"", false};
    if (r.path == "/lost") return Served{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true};
    if (r.path == "/close") {
      Served served = answer(200, "bye", "Connection: close\r\n");
      served.close = true;
      return served;
    }
    if (r.path == "/busy") return answer(429, "", "Retry-After: 3\r\n");
    return answer(200, r.method + " " + r.path + " " + r.body);
  }};
};

TEST_F(Tls, CarriesRequestsAndRepliesOfAnySize) {
  const TlsFront tls = front();
  const auto transport = open(tls.url("localhost") + "/p", options());
  ASSERT_TRUE(transport);
  for (const std::size_t size : {0U, 1U, 5'000U, 20'000U, 70'000U}) {
    const std::string body(size, 'x');
    const auto reply = send(*transport, {"POST", "/hook", "X-Test: 1\r\n", body});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "POST /p/hook " + body);
  }
  EXPECT_EQ(tls.server_name(), "localhost");
  EXPECT_EQ(tls.handshakes(), 1U);
}

TEST_F(Tls, RetryAfterIsRead) {
  const TlsFront tls = front();
  const auto transport = open(tls.url(), options());
  ASSERT_TRUE(transport);
  const auto reply = send(*transport, {"GET", "/busy", "", ""});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 429U);
  EXPECT_EQ(reply->retry_after, 3s);
  EXPECT_EQ(tls.server_name(), "");  // An address is no name to ask for.
}

TEST_F(Tls, LaterConnectionsResumeTheSession) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(version);
    const TlsFront tls({authority_.issue("IP:127.0.0.1"), server_.port(), "", version});
    const auto transport = open(tls.url(), options());
    ASSERT_TRUE(transport);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(send(*transport, {"GET", "/close", "", ""}));
      EXPECT_FALSE(send(*transport, {"GET", "/lost", "", ""}));  // A broken end spoils nothing.
    }
    EXPECT_EQ(tls.handshakes(), 6U);
    EXPECT_EQ(tls.resumed(), 5U);
  }
}

TEST_F(Tls, OldVersionsAreRefused) {
  const TlsFront tls({authority_.issue("IP:127.0.0.1"), server_.port(), "", TLS1_1_VERSION});
  const Error error = refusal(tls.url(), options());
  EXPECT_EQ(error.kind, ErrorKind::unreachable);
  EXPECT_THAT(error.message, HasSubstr("TLS 1.2"));
}

TEST_F(Tls, ManyConnectionsAtOnce) {
  const TlsFront tls = front();
  const auto transport = open(tls.url(), options(8));
  ASSERT_TRUE(transport);
  EXPECT_EQ(send_many(*transport, {"GET", "/x", "", ""}, 400).good, 400U);
  EXPECT_EQ(tls.handshakes(), 8U);
}

TEST_F(Tls, WhoIsNotTheNamedOneIsRefusedWithTheCure) {
  const TestAuthority other;
  struct Case {
    const char* what;
    testing::Identity identity;
    const char* host;
    const char* message;
  };
  for (const Case& c :
       {Case{"another name", authority_.issue("DNS:shop.example"), "localhost", "not for localhost"},
        {"another address", authority_.issue("DNS:localhost,IP:127.0.0.2"), "127.0.0.1", "not for 127.0.0.1"},
        {"an address as name", authority_.issue("DNS:127.0.0.1"), "127.0.0.1", "not for 127.0.0.1"},
        {"a part of a label", authority_.issue("DNS:local*"), "localhost", "not for localhost"},
        {"expired", authority_.issue("IP:127.0.0.1", -48h, -24h), "127.0.0.1", "expired; renew it"},
        {"from tomorrow", authority_.issue("IP:127.0.0.1", 24h, 48h), "127.0.0.1", "not valid yet"},
        {"unknown authority", other.issue("IP:127.0.0.1"), "127.0.0.1", "--ca-file FILE"}}) {
    SCOPED_TRACE(c.what);
    const TlsFront tls({c.identity, server_.port()});
    const Error error = refusal(tls.url(c.host), options());
    EXPECT_EQ(error.kind, ErrorKind::unreachable);
    EXPECT_THAT(error.message, HasSubstr(c.message));
    EXPECT_EQ(server_.connections(), 0U);
  }
}

TEST_F(Tls, TheSystemsAuthoritiesDoNotKnowThePrivateOne) {
  const TlsFront tls = front();
  HttpOptions options = this->options();
  options.ca_file.clear();
  EXPECT_THAT(refusal(tls.url(), options).message, HasSubstr("--ca-file FILE"));
}

TEST_F(Tls, AServerWithoutTlsIsNamed) {
  // One that answers what it cannot read, as most do, and one that hangs up.
  namespace asio = boost::asio;
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  std::thread answering([&] {
    asio::ip::tcp::socket socket = acceptor.accept();
    std::array<char, 4096> bytes;
    socket.read_some(asio::buffer(bytes));
    asio::write(socket, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")));
  });
  const Error answered = refusal("https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), options());
  answering.join();
  EXPECT_EQ(answered.kind, ErrorKind::unreachable);
  EXPECT_THAT(answered.message, HasSubstr("does not speak TLS; use http://"));
  const Error hung_up = refusal("https://127.0.0.1:" + std::to_string(server_.port()), options());
  EXPECT_EQ(hung_up.kind, ErrorKind::unreachable);
  EXPECT_THAT(hung_up.message, HasSubstr("use http://"));
}

TEST_F(Tls, AServerThatNeverShakesHandsIsGivenUp) {
  namespace asio = boost::asio;
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(
      io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));  // Listens, accepts nobody.
  HttpOptions options = this->options();
  options.connect_patience = 50ms;
  const Error error = refusal("https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), options);
  EXPECT_EQ(error.kind, ErrorKind::unreachable);
  EXPECT_THAT(error.message, HasSubstr("in time"));
}

TEST_F(Tls, AHalfOpenConnectionTimesOutAndTheNextRequestIsGood) {
  const TlsFront tls = front();
  const auto transport = open(tls.url(), options());
  ASSERT_TRUE(transport);
  const auto silent = send(*transport, {"GET", "/silent", "", ""}, 50ms);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().kind, ErrorKind::timed_out);
  EXPECT_TRUE(send(*transport, {"GET", "/", "", ""}));
}

TEST_F(Tls, AResetInTheMiddleIsABrokenExchangeAndTheNextRequestIsGood) {
  // Each reply has about 44 bytes: the second of each connection is cut.
  const TlsFront tls({authority_.issue("IP:127.0.0.1"), server_.port(), "", 0, 70});
  const auto transport = open(tls.url(), options());
  ASSERT_TRUE(transport);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(send(*transport, {"GET", "/", "", ""}));
    const auto cut = send(*transport, {"GET", "/", "", ""});
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind, ErrorKind::malformed_reply);
  }
}

TEST_F(Tls, AConnectionClosedWhileIdleCostsNothing) {
  const TlsFront tls = front();
  const auto transport = open(tls.url(), options());
  ASSERT_TRUE(transport);
  EXPECT_TRUE(send(*transport, {"GET", "/", "", ""}));
  EXPECT_TRUE(send(*transport, {"GET", "/close", "", ""}));
  EXPECT_TRUE(send(*transport, {"GET", "/", "", ""}));
  EXPECT_EQ(tls.handshakes(), 2U);
}

TEST_F(Tls, TheFileOfAuthoritiesMustBeOne) {
  HttpOptions options = this->options();
  EXPECT_THAT(refusal("http://127.0.0.1:1", options).message, HasSubstr("has no TLS"));
  options.ca_file = "/no/such/file";
  const Error missing = refusal("https://127.0.0.1:1", options);
  EXPECT_EQ(missing.kind, ErrorKind::bad_input);
  EXPECT_THAT(missing.message, HasSubstr("cannot be read"));
  options.ca_file = PEAKSTORM_SOURCE_DIR "/CMakeLists.txt";
  const Error text = refusal("https://127.0.0.1:1", options);
  EXPECT_EQ(text.kind, ErrorKind::bad_input);
  EXPECT_THAT(text.message, HasSubstr("holds no certificate"));
}

}  // namespace
}  // namespace peakstorm
