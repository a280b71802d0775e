/// A small load on a broker's transport, as a replay makes it: messages of one key one after the other, each sent again
/// until it is acknowledged. And what the broker then has of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapters/broker.hpp"

namespace peakstorm::testing {

struct Sent {
  std::string id;
  std::string key;
  std::string body;
  unsigned attempts = 0;
  bool confirmed = false;
};

class Load {
 public:
  Load(const BrokerTarget& target, const SteadyClock& clock, std::size_t messages, std::size_t keys);

  /// Sends until every message is acknowledged. `at_half` runs once, when half of them are. Fails the test when no
  /// acknowledgement comes for half a minute.
  void run(const std::function<void()>& at_half = {});

  /// Fails the test unless what is stored is what was acknowledged: each at least once and no more often than it was
  /// sent, with its body, and the messages of a key in their order. Returns the number of further copies.
  std::size_t expect_stored();
  /// Acknowledged messages that are not stored.
  std::size_t missing();

  std::size_t broken = 0;  ///< Attempts that ended with the connection.
  std::size_t refused = 0;
  std::chrono::milliseconds patience{5000};
  std::string headers = "Content-Type: application/json\r\nce-id: a%20b\r\n";
  std::vector<Sent> messages;

 private:
  struct Stored {
    std::size_t place;
    std::string body;
  };
  void read();

  const BrokerTarget& target_;
  const SteadyClock& clock_;
  std::size_t keys_;
  std::map<std::string, std::vector<Stored>> stored_;
};

/// One message; what became of it.
Result<Reply> send_one(Transport& transport, const SteadyClock& clock, const std::string& body,
                       std::chrono::milliseconds patience = std::chrono::seconds{5});

}  // namespace peakstorm::testing
