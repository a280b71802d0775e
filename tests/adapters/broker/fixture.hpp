/// What the tests of all brokers have in common.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "tests/adapters/broker/load.hpp"
#include "tests/adapters/broker/server.hpp"

namespace peakstorm::testing {

class BrokerTest : public ::testing::Test {
 protected:
  Result<BrokerTarget> open(const std::string& where, bool read_back = true) {
    const auto parsed = parse_broker_url(where);
    if (!parsed) return tl::unexpected(parsed.error());
    return open_broker(*parsed, options, read_back, clock);
  }
  /// An open target; the test ends when there is none.
  BrokerTarget must_open(const std::string& where, bool read_back = true) {
    auto target = open(where, read_back);
    if (!target) throw std::runtime_error(target.error().message);
    return std::move(*target);
  }
  void expect_refused(const std::string& where, ErrorKind kind, const std::string& why) {
    const auto target = open(where);
    ASSERT_FALSE(target.has_value()) << why;
    EXPECT_EQ(target.error().kind, kind) << target.error().message;
    EXPECT_THAT(target.error().message, ::testing::HasSubstr(why));
    if (!options.password.empty()) {
      EXPECT_THAT(target.error().message, ::testing::Not(::testing::HasSubstr(options.password)));
    }
  }
  /// A load during which the server is away for a while.
  static std::size_t run_across_a_restart(const BrokerTarget& target, const SteadyClock& clock, BrokerServer& server,
                                          int signal, std::size_t messages) {
    Load load(target, clock, messages, 20);
    load.run([&] {
      server.stop(signal);
      // Noticed while nobody is there: what was under way is lost, what is new waits.
      for (int i = 0; i < 20; ++i) target.transport->poll(clock.now() + std::chrono::milliseconds{5});
      server.start();
    });
    return load.expect_stored();
  }

  TemporaryFolder folder;
  SteadyClock clock;
  BrokerOptions options;
};

}  // namespace peakstorm::testing
