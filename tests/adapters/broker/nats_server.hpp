/// A nats-server of the test's own, and what its administrator would do.
#pragma once

#include <memory>
#include <string>

#include "tests/adapters/broker/server.hpp"

namespace peakstorm::testing {

/// `more` goes into its configuration.
std::unique_ptr<BrokerServer> start_nats(const TemporaryFolder& folder, const std::string& more = "",
                                         bool jetstream = true);
/// Creates the stream SCANS for the subjects scans.>; `more` is further JSON of its configuration.
void add_nats_stream(std::uint16_t port, const std::string& storage = "file", const std::string& more = "");
/// Blocks until it holds so many messages; fails the test after a minute.
void wait_for_nats_messages(std::uint16_t port, std::uint64_t count);

}  // namespace peakstorm::testing
