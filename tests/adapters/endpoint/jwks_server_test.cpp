// Goal: a receiver finds the key set where it looks for it. Sockets and bounds are the HTTP server's, tested there.
#include "adapters/jwks_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/adapters/endpoint/http_client.hpp"

namespace peakstorm {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;

constexpr const char* document = "{\"keys\":[]}\n";

std::unique_ptr<JwksServer> started() {
  auto server = JwksServer::start(document, 0);
  EXPECT_TRUE(server.has_value());
  return std::move(*server);
}

TEST(JwksServer, AnswersOneConnectionAgainAndAgain) {
  const auto server = started();
  EXPECT_EQ(server->url(), "http://127.0.0.1:" + std::to_string(server->port()) + "/jwks");
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.exchange("GET", i == 2 ? "/jwks?kid=1" : "/jwks");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, document);
    EXPECT_TRUE(reply.has_header("Content-Type: application/json"));
  }
  const auto head = client.exchange("HEAD", "/jwks");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has_header("Content-Length: 12"));
}

TEST(JwksServer, RefusesWhatItDoesNotHave) {
  const auto server = started();
  HttpClient client(server->port());
  EXPECT_EQ(client.exchange("GET", "/jwks.json").status, 404);
  const auto post = client.exchange("POST", "/jwks", "", "{}");
  EXPECT_EQ(post.status, 405);
  EXPECT_TRUE(post.has_header("Allow: GET, HEAD"));
  EXPECT_EQ(client.exchange("GET", "/jwks").status, 200);
}

TEST(JwksServer, NamesThePortThatIsTaken) {
  const auto server = started();
  const auto second = JwksServer::start(document, server->port());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(second.error().message, HasSubstr("--jwks-port"));
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(server->port())));
}

TEST(JwksServer, EndsWithConnectionsOpen) {
  auto server = started();
  HttpClient client(server->port());
  ASSERT_EQ(client.exchange("GET", "/jwks").status, 200);
  server.reset();
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace peakstorm
