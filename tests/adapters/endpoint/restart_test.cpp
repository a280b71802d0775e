// What survives the end of the endpoint: everything acknowledged, even when it is killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/endpoint.hpp"
#include "tests/adapters/endpoint/http_client.hpp"
#include "tests/adapters/endpoint/messages.hpp"
#include "tests/temporary_folder.hpp"

namespace peakstorm {
namespace {

using testing::cloudevent;
using testing::easypost;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::HttpReply;
using testing::signature;
using enum ScanKind;

class Restart : public ::testing::Test {
 protected:
  [[nodiscard]] EndpointOptions options() const {
    EndpointOptions options;
    options.secret = testing::secret;
    options.database = (folder_ / "endpoint.db").string();
    return options;
  }
  testing::TemporaryFolder folder_;
};

std::string tell(HttpClient& client, const std::string& id, const std::string& number, int minute) {
  const std::string body =
      cloudevent(id, number,
                 {arrived, "2013-12-22T04:" + std::to_string(10 + minute % 50) + ":00Z", "d" + std::to_string(minute)});
  const HttpReply reply = client.exchange("POST", "/webhooks/cloudevents",
                                          "Content-Type: application/cloudevents+json\r\n" + signature(body), body);
  return reply.status == 200 ? reply.body : "";
}

std::string page(HttpClient& client, const std::string& number) {
  return client.exchange("GET", "/track/" + number, "Accept: application/json\r\n").body;
}

TEST_F(Restart, OnTheSameDatabaseKeepsEverything) {
  std::string before;
  {
    const auto endpoint = TrackingEndpoint::start(options());
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    HttpClient client((*endpoint)->port());
    const std::string promise = R"([{"tracking_number":"PS1","order_number":"7","promise_date":"2013-12-24",)"
                                R"("window_from":"08:00","window_to":"20:00","time_zone":"America/Chicago"}])";
    EXPECT_EQ(client.exchange("PUT", "/parcels", signature(promise), promise).status, 200);
    EXPECT_FALSE(tell(client, "a", "PS1", 1).empty());
    const std::string body = easypost("evt_1", "PS1", {{delivered, "2013-12-23T19:30:00Z", "dallas"}}, "2013-12-23");
    EXPECT_EQ(client.exchange("POST", "/webhooks/easypost", signature(body), body).status, 200);
    before = page(client, "PS1");
  }
  const auto endpoint = TrackingEndpoint::start(options());
  ASSERT_TRUE(endpoint) << endpoint.error().message;
  HttpClient client((*endpoint)->port());
  EXPECT_EQ(page(client, "PS1"), before);
  EXPECT_THAT(before, HasSubstr("\"status\":\"delivered\""));
  EXPECT_THAT(before, HasSubstr("\"promise_date\":\"2013-12-24\""));
  EXPECT_THAT(before, HasSubstr("\"estimated_date\":\"2013-12-23\""));
  // The event's id is remembered, too.
  EXPECT_THAT(tell(client, "a", "PS1", 1), HasSubstr("duplicate"));
}

TEST_F(Restart, ADatabaseInUseIsNotOpenedTwice) {
  const auto first = TrackingEndpoint::start(options());
  ASSERT_TRUE(first);
  const auto second = TrackingEndpoint::start(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::io);
  EXPECT_THAT(second.error().message, HasSubstr("another endpoint"));
}

TEST_F(Restart, AForeignFileIsRefusedAndLeftAlone) {
  const std::string text(5000, 'x');
  std::ofstream(options().database) << text;
  const auto endpoint = TrackingEndpoint::start(options());
  ASSERT_FALSE(endpoint);
  EXPECT_THAT(endpoint.error().message, HasSubstr("endpoint.db"));
  std::ifstream file(options().database);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(Restart, PromisesComeFromAFile) {
  EndpointOptions with_file = options();
  with_file.promises_file = (folder_ / "promises.json").string();
  std::ofstream(with_file.promises_file) << R"({"parcels":[{"tracking_number":"PS1","promise_date":"2013-12-24"}]})";
  {
    const auto endpoint = TrackingEndpoint::start(with_file);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    HttpClient client((*endpoint)->port());
    EXPECT_THAT(page(client, "PS1"), HasSubstr("2013-12-24"));
  }
  std::ofstream(with_file.promises_file) << R"({"parcels":[{"tracking_number":"PS1","promise_date":"soon"}]})";
  const auto refused = TrackingEndpoint::start(with_file);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("promises.json: parcels[0].promise_date"));
}

// Goal: a full disk costs no acknowledged message and needs no restart to be told. Method: a child process
// may write files of 300 kB only; from there on it answers 503, and everything before is found again.
TEST_F(Restart, AFullDiskIsAnsweredWith503) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto endpoint = TrackingEndpoint::start(options());
    const std::uint16_t port = endpoint ? (*endpoint)->port() : std::uint16_t{0};
    if (::write(ready[1], &port, sizeof port) != sizeof port) ::_exit(1);
    while (true) ::pause();
  }
  std::uint16_t port = 0;
  ASSERT_EQ(::read(ready[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_NE(port, 0);

  int acknowledged = 0;
  {
    HttpClient client(port);
    HttpReply reply;
    for (; acknowledged < 5000; ++acknowledged) {
      const std::string id = std::to_string(acknowledged);
      const std::string body = cloudevent(id, "PS" + id, {arrived, "2013-12-23T04:00:00Z", "dallas"});
      reply = client.exchange("POST", "/webhooks/cloudevents",
                              "Content-Type: application/cloudevents+json\r\n" + signature(body), body);
      if (reply.status != 200) break;
    }
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.has_header("Retry-After: "));
    // Still there; it shows what it acknowledged and not what it refused.
    EXPECT_THAT(page(client, "PS" + std::to_string(acknowledged)), HasSubstr("\"found\":false"));
    EXPECT_THAT(page(client, "PS0"), HasSubstr("\"scans_count\":1,"));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_GT(acknowledged, 10);
  EXPECT_LT(acknowledged, 5000);

  const auto endpoint = TrackingEndpoint::start(options());
  ASSERT_TRUE(endpoint) << endpoint.error().message;
  HttpClient client((*endpoint)->port());
  for (int i = 0; i < acknowledged; ++i) {
    EXPECT_THAT(page(client, "PS" + std::to_string(i)), HasSubstr("\"scans_count\":1,"));
  }
}

// Goal: acknowledged is a subset of stored. Method: a child process serves; four senders write down what
// was acknowledged; the child is killed in the middle; an endpoint on the same file must show all of it.
TEST_F(Restart, KilledInTheMiddleItKeepsWhatItAcknowledged) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto endpoint = TrackingEndpoint::start(options());
    const std::uint16_t port = endpoint ? (*endpoint)->port() : std::uint16_t{0};
    if (::write(ready[1], &port, sizeof port) != sizeof port) ::_exit(1);
    while (true) ::pause();
  }
  std::uint16_t port = 0;
  ASSERT_EQ(::read(ready[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  ::close(ready[0]);
  ::close(ready[1]);

  constexpr int senders = 4;
  std::vector<std::vector<int>> acknowledged(senders);
  std::atomic<int> total = 0;
  std::vector<std::thread> threads;
  threads.reserve(senders);
  for (int s = 0; s < senders; ++s) {
    threads.emplace_back([&, s] {
      HttpClient client(port);
      const std::string number = "PS" + std::to_string(s);
      for (int i = 0; i < 100'000; ++i) {
        if (tell(client, number + "-" + std::to_string(i), number, i).empty()) return;
        acknowledged[static_cast<std::size_t>(s)].push_back(i);
        // The sender that makes it 400 pulls the plug; the others are in the middle of something.
        if (++total == 400) ::kill(child, SIGKILL);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));

  const auto endpoint = TrackingEndpoint::start(options());
  ASSERT_TRUE(endpoint) << endpoint.error().message;
  HttpClient client((*endpoint)->port());
  int checked = 0;
  for (int s = 0; s < senders; ++s) {
    const std::string shown = page(client, "PS" + std::to_string(s));
    for (const int i : acknowledged[static_cast<std::size_t>(s)]) {
      EXPECT_THAT(shown, HasSubstr("\"place\":\"d" + std::to_string(i) + "\""));
      ++checked;
    }
  }
  EXPECT_GE(checked, 400);
}

}  // namespace
}  // namespace peakstorm
