#include "tests/adapters/broker/nats_server.hpp"

#include <gtest/gtest.h>
#include <nats/nats.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>

namespace peakstorm::testing {
namespace {

/// Speaks with JetStream in its own words.
class Administrator {
 public:
  explicit Administrator(std::uint16_t port) {
    const std::string url = "nats://127.0.0.1:" + std::to_string(port);
    EXPECT_EQ(natsConnection_ConnectTo(&connection_, url.c_str()), NATS_OK);
  }
  ~Administrator() { natsConnection_Destroy(connection_); }
  Administrator(const Administrator&) = delete;
  Administrator& operator=(const Administrator&) = delete;

  std::string ask(const std::string& subject, const std::string& body) {
    natsMsg* reply = nullptr;
    std::string answer;
    const auto status =
        natsConnection_RequestString(&reply, connection_, ("$JS.API." + subject).c_str(), body.c_str(), 5000);
    if (status == NATS_OK) {
      answer.assign(natsMsg_GetData(reply), static_cast<std::size_t>(natsMsg_GetDataLength(reply)));
    } else {
      ADD_FAILURE() << subject << ": " << natsStatus_GetText(status);
    }
    natsMsg_Destroy(reply);
    return answer;
  }

 private:
  natsConnection* connection_ = nullptr;
};

}  // namespace

std::unique_ptr<BrokerServer> start_nats(const TemporaryFolder& folder, const std::string& more, bool jetstream) {
  const std::uint16_t port = free_port();
  const std::string store = "jetstream { store_dir: \"" + (folder.path() / "store").string() + "\" }\n";
  const std::string text =
      "host: 127.0.0.1\nport: " + std::to_string(port) + "\n" + (jetstream ? store : std::string()) + more;
  return std::make_unique<BrokerServer>(
      folder.path(), std::vector<std::string>{"nats-server", "-c", folder.file("nats.conf", text)}, port);
}

void add_nats_stream(std::uint16_t port, const std::string& storage, const std::string& more) {
  const std::string answer = Administrator(port).ask(
      "STREAM.CREATE.SCANS", R"({"name":"SCANS","subjects":["scans.>"],"retention":"limits","storage":")" + storage +
                                 R"(","num_replicas":1)" + more + "}");
  EXPECT_EQ(answer.find("\"error\""), std::string::npos) << answer;
}

void wait_for_nats_messages(std::uint16_t port, std::uint64_t count) {
  Administrator administrator(port);
  const std::string name = "\"messages\":";
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (std::chrono::steady_clock::now() < give_up) {
    const std::string answer = administrator.ask("STREAM.INFO.SCANS", "");
    const auto at = answer.find(name);
    if (at != std::string::npos && std::strtoull(answer.c_str() + at + name.size(), nullptr, 10) >= count) return;
    ::poll(nullptr, 0, 5);
  }
  FAIL() << "fewer than " << count << " messages after a minute";
}

}  // namespace peakstorm::testing
