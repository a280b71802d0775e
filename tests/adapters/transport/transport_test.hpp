/// What the tests of HTTP/1.1, HTTP/2 and TLS do alike: open a transport or be refused one, send one request and wait.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "adapters/transport.hpp"

namespace peakstorm::testing {

class TransportTest : public ::testing::Test {
 protected:
  /// None, and a failed test, when it is refused.
  std::unique_ptr<Transport> open(const std::string& url, const HttpOptions& options) {
    auto made = make_http_transport(*parse_target(url), options, clock_);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  /// The error of a transport that must not open.
  Error refusal(const std::string& url, const HttpOptions& options) {
    const auto made = make_http_transport(*parse_target(url), options, clock_);
    EXPECT_FALSE(made) << url;
    return made ? Error{ErrorKind::io, ""} : made.error();
  }
  Result<Reply> send(Transport& transport, const Request& request,
                     std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    std::optional<Result<Reply>> result;
    transport.submit(request, patience, [&](Result<Reply> reply) { result = std::move(reply); });
    while (!result) transport.poll(clock_.now() + std::chrono::seconds{1});
    return *result;
  }
  struct Answers {
    std::size_t all = 0;
    std::size_t good = 0;  ///< With status 200.
  };
  /// Sends so many copies, as many at a time as the transport takes.
  Answers send_many(Transport& transport, const Request& request, std::size_t count) {
    Answers answers;
    for (std::size_t next = 0; answers.all < count;) {
      for (; next < count && transport.idle() > 0; ++next) {
        transport.submit(request, std::chrono::seconds{20}, [&](const Result<Reply>& reply) {
          ++answers.all;
          answers.good += reply && reply->status == 200 ? 1U : 0U;
        });
      }
      transport.poll(clock_.now() + std::chrono::seconds{1});
    }
    return answers;
  }

  SteadyClock clock_;
};

}  // namespace peakstorm::testing
