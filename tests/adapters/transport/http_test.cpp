#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/transport.hpp"
#include "tests/adapters/transport/test_server.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using ::testing::HasSubstr;
using testing::Served;
using testing::ServedRequest;
using testing::TestServer;

/// One transport to one server; `get` waits for the answer.
class Http {
 public:
  explicit Http(const std::string& url, std::size_t connections = 1, std::size_t reply_bytes_max = 4096) {
    HttpOptions options;
    options.connections = connections;
    options.reply_bytes_max = reply_bytes_max;
    auto made = make_http_transport(*parse_target(url), options, clock_);
    EXPECT_TRUE(made) << made.error().message;
    transport_ = std::move(*made);
  }
  Result<Reply> send(const Request& request, std::chrono::milliseconds patience = 20s) {
    std::optional<Result<Reply>> result;
    transport_->submit(request, patience, [&](Result<Reply> reply) { result = std::move(reply); });
    while (!result) transport_->poll(clock_.now() + 1s);
    return *result;
  }
  Result<Reply> get(std::string_view path, std::chrono::milliseconds patience = 20s) {
    return send({"GET", path, "", ""}, patience);
  }
  Transport& transport() { return *transport_; }
  SteadyClock& clock() { return clock_; }

 private:
  SteadyClock clock_;
  std::unique_ptr<Transport> transport_;
};

ErrorKind kind_of(const Result<Reply>& reply) {
  EXPECT_FALSE(reply) << "status " << (reply ? reply->status : 0);
  return reply ? ErrorKind::io : reply.error().kind;
}

TEST(HttpTransport, SendsTheRequestAsGivenAndKeepsTheConnection) {
  std::vector<ServedRequest> seen;  // The server's thread alone until it is destroyed.
  auto server = std::make_unique<TestServer>([&](const ServedRequest& r) {
    seen.push_back(r);
    return answer(202, "taken", "Retry-After: 7\r\nLocation: /capture/1\r\n");
  });
  Http http(server->url() + "/prefix/");
  for (int i = 0; i < 3; ++i) {
    const auto reply = http.send({"POST", "/hook", "X-Test: 1\r\n", "body " + std::to_string(i)});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 202U);
    EXPECT_EQ(reply->body, "taken");
    EXPECT_EQ(reply->retry_after, 7s);
    EXPECT_EQ(reply->location, "/capture/1");
  }
  EXPECT_EQ(server->connections(), 1U);
  server.reset();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[2].method, "POST");
  EXPECT_EQ(seen[2].path, "/prefix/hook");
  EXPECT_EQ(seen[2].body, "body 2");
}

TEST(HttpTransport, ManyRequestsAreInFlightAtOnce) {
  TestServer server([](const ServedRequest& r) { return answer(200, r.path); });
  Http http(server.url(), 16);
  std::vector<std::string> bodies(1000);
  std::size_t done = 0;
  std::size_t next = 0;
  while (done < bodies.size()) {
    while (next < bodies.size() && http.transport().idle() > 0) {
      const std::size_t i = next++;
      const std::string path = "/" + std::to_string(i);
      http.transport().submit({"GET", path, "", ""}, 20s, [&, i](const Result<Reply>& reply) {
        bodies[i] = reply ? reply->body : reply.error().message;
        ++done;
      });
    }
    http.transport().poll(http.clock().now() + 1s);
  }
  EXPECT_EQ(http.transport().in_flight(), 0U);
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], "/" + std::to_string(i));
  EXPECT_EQ(server.connections(), 16U);
}

TEST(HttpTransport, AConnectionClosedWhileIdleCostsNothing) {
  TestServer server([](const ServedRequest& r) { return answer(200, std::to_string(r.connection)); });
  Http http(server.url());
  EXPECT_EQ(http.get("/")->body, "0");
  server.close_connections();
  const auto reply = http.get("/");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->body, "1");
}

TEST(HttpTransport, AServerThatSaysCloseIsLeftAndFoundAgain) {
  TestServer server([](const ServedRequest& r) {
    Served served = answer(200, std::to_string(r.connection), "Connection: close\r\n");
    served.close = true;
    return served;
  });
  Http http(server.url());
  EXPECT_EQ(http.get("/")->body, "0");
  EXPECT_EQ(http.get("/")->body, "1");
}

TEST(HttpTransport, FaultyRepliesEndTheExchangeAndTheNextOneIsGood) {
  struct Case {
    const char* name;
    Served served;
    ErrorKind kind;
    std::chrono::milliseconds patience = 20s;
  };
  const std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<Case> cases{
      {"no reply, connection lost", {"", true}, ErrorKind::malformed_reply},
      {"garbage", {"\x16\x03\x01 I am no HTTP server\r\n\r\n", false}, ErrorKind::malformed_reply},
      {"torn header", {"HTTP/1.1 200 OK\r\nContent-Le", true}, ErrorKind::malformed_reply},
      {"torn body", {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true}, ErrorKind::malformed_reply},
      {"wrong length", {"HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\n", false}, ErrorKind::malformed_reply},
      {"too long", {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", false}, ErrorKind::malformed_reply},
      {"a body that never ends", {endless, false, "5\r\nabcde\r\n"}, ErrorKind::malformed_reply},
      {"a header that never ends", {"HTTP/1.1 200 OK\r\n", false, "X-More: yes\r\n"}, ErrorKind::malformed_reply},
      {"half open: nothing at all", {"", false}, ErrorKind::timed_out, 50ms},
      {"half open: a part and then nothing",
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", false},
       ErrorKind::timed_out,
       50ms},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    TestServer server([&](const ServedRequest& r) { return r.path == "/bad" ? c.served : answer(200, "good"); });
    Http http(server.url());
    EXPECT_EQ(kind_of(http.get("/bad", c.patience)), c.kind);
    EXPECT_EQ(http.transport().idle(), 1U);
    const auto next = http.get("/");
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(next->body, "good");
  }
}

TEST(HttpTransport, AReplyNobodyAskedForIsNotTakenForTheNextOne) {
  TestServer server([](const ServedRequest& r) {
    if (r.path != "/twice") return answer(200, "mine");
    Served served = answer(200, "first");
    served.bytes += answer(200, "second").bytes;
    return served;
  });
  Http http(server.url());
  EXPECT_EQ(http.get("/twice")->body, "first");
  EXPECT_EQ(http.get("/")->body, "mine");
}

TEST(HttpTransport, NobodyThereIsUnreachable) {
  std::string url;
  {
    TestServer server([](const ServedRequest&) { return answer(200); });
    url = server.url();
    Http http(url);
    EXPECT_TRUE(http.get("/"));
  }
  SteadyClock clock;
  const auto gone = make_http_transport(*parse_target(url), {}, clock);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(gone.error().message, HasSubstr("start the target"));
}

TEST(HttpTransport, AServerThatGoesAwayIsUnreachableForEachRequest) {
  auto server = std::make_unique<TestServer>([](const ServedRequest&) { return answer(200); });
  Http http(server->url());
  EXPECT_TRUE(http.get("/"));
  server.reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kind_of(http.get("/")), ErrorKind::unreachable);
}

TEST(HttpTransport, PollReturnsWhenTheClockSaysSo) {
  TestServer server([](const ServedRequest&) { return answer(200); });
  Http http(server.url());
  const auto until = http.clock().now() + 5ms;
  http.transport().poll(until);
  EXPECT_GE(http.clock().now(), until);
}

TEST(HttpTransport, OnlyLoopbackAndSensibleNumbers) {
  SteadyClock clock;
  HttpOptions options;
  const auto abroad = make_http_transport({"192.0.2.1", "80", ""}, options, clock);
  ASSERT_FALSE(abroad);
  EXPECT_EQ(abroad.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(abroad.error().message, HasSubstr("--allow-host 192.0.2.1"));
  options.connections = 0;
  EXPECT_EQ(make_http_transport({"127.0.0.1", "80", ""}, options, clock).error().kind, ErrorKind::bad_input);
}

TEST(Target, IsParsed) {
  struct Case {
    const char* url;
    const char* text;  // Of the parsed target, or part of the error.
    bool good;
  };
  for (const Case& c : {Case{"http://127.0.0.1:8080", "http://127.0.0.1:8080", true},
                        {"http://localhost", "http://localhost:80", true},
                        {"http://[::1]:99/a/b/", "http://[::1]:99/a/b", true},
                        {"http://example.org:080/x", "http://example.org:80/x", true},
                        {"https://localhost/p", "https://localhost:443/p", true},
                        {"localhost:8080", "http://HOST", false},
                        {"http://", "no host", false},
                        {"http://a:0", "port", false},
                        {"http://a:65536", "port", false},
                        {"http://a:8o", "port", false},
                        {"http://::1", "brackets", false},
                        {"http://[::1", "']'", false},
                        {"http://a/b c", "blanks", false},
                        {"http://a/?x=1", "query", false},
                        {"http://user:password@a", "secrets", false},
                        {"", "http://HOST", false}}) {
    const auto target = parse_target(c.url);
    ASSERT_EQ(target.has_value(), c.good) << c.url;
    if (target) {
      EXPECT_EQ(target->text(), c.text);
    } else {
      EXPECT_EQ(target.error().kind, ErrorKind::bad_input);
      EXPECT_THAT(target.error().message, HasSubstr(c.text));
      EXPECT_THAT(target.error().message, ::testing::Not(HasSubstr("password@")));
    }
  }
}

TEST(Target, LoopbackIsJudgedByTheText) {
  for (const char* host : {"localhost", "127.0.0.1", "127.255.3.4", "::1"}) EXPECT_TRUE(is_loopback_name(host)) << host;
  for (const char* host : {"127.example.org", "127.0.0.1.example.org", "127.0.0", "127.0.0.256", "localhost.org",
                           "10.0.0.1", "", "::2", "128.0.0.1"}) {
    EXPECT_FALSE(is_loopback_name(host)) << host;
  }
}

}  // namespace
}  // namespace peakstorm
