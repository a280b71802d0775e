/// Targets that keep messages instead of answering requests: NATS JetStream, RabbitMQ, MQTT 5, Redis streams, Kafka.
///
/// A broker stands behind the same `Transport` as an HTTP endpoint: at most so many messages in flight, one completion
/// each, everything on the caller's thread inside `poll` (libraries with threads of their own only leave word there).
/// A completion with Acknowledgement::confirmed is the broker's own acknowledgement, never a write to a socket.
/// adapters/broker/README.md says what each one promises and what it was tested against.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/clock.hpp"
#include "adapters/transport.hpp"
#include "engine/result.hpp"

namespace peakstorm {

enum class BrokerKind : std::uint8_t { nats, amqp, mqtt, redis, kafka };

/// Which broker, and where in it. Parts are percent-decoded.
struct BrokerUrl {
  BrokerKind kind{};
  bool tls = false;
  std::string host;                        ///< Without the brackets of an IPv6 address.
  std::string port;                        ///< Decimal; the protocol's own when the URL has none.
  std::string vhost;                       ///< amqp.
  std::string name;                        ///< Subject, exchange (may be empty: the default one), topic, stream, topic.
  std::string key;                         ///< amqp: the routing key.
  [[nodiscard]] std::string text() const;  ///< The URL again, never with credentials.
};

/// True for a URL whose scheme is a broker's, sound or not.
bool names_broker(std::string_view url);
/// Errors: bad_input, naming the part of the URL and the cure:
///
///   nats://HOST[:PORT]/SUBJECT                    nats+tls
///   amqp://HOST[:PORT]/VHOST/EXCHANGE?key=KEY     amqps; VHOST is usually %2F, EXCHANGE may be empty
///   mqtt://HOST[:PORT]/TOPIC                      mqtts; the topic may have levels
///   redis://HOST[:PORT]/STREAM
///   kafka://HOST[:PORT]/TOPIC                     kafka+tls
///
/// A user or password in the URL is refused: it would be seen by every user of the machine.
Result<BrokerUrl> parse_broker_url(std::string_view url);

struct BrokerOptions {
  std::size_t in_flight = 64;                        ///< Messages without their acknowledgement; [1, 4096].
  std::chrono::milliseconds connect_patience{3000};  ///< Of each step of the first connection, at the start.
  bool allow_any_address = false;                    ///< Otherwise every address of the host must be loopback.
  std::string ca_file;   ///< PEM file of the authorities to trust instead of the system's; TLS only.
  std::string user;      ///< Empty: none.
  std::string password;  ///< With an empty user: a token, where the broker has such. Never in an error or a log.
};

/// What a broker has stored since the transport to it was opened.
class StoredMessages {
 public:
  virtual ~StoredMessages() = default;
  /// Told each message in the broker's order: the id it was published with (empty: somebody else's) and its body.
  /// False ends the reading.
  using Take = std::function<bool(std::string_view id, std::string_view body)>;
  /// Blocks until everything was told. `confirmed`: messages that the broker acknowledged, for those protocols that
  /// have no end of what is stored. Errors: unreachable, timed_out (nothing came for `patience`), malformed_reply.
  virtual Result<void> read(std::uint64_t confirmed, std::chrono::nanoseconds patience, const Take& take) = 0;
};

struct BrokerTarget {
  std::unique_ptr<Transport> transport;
  std::unique_ptr<StoredMessages> stored;  ///< Only when asked for. Must not outlive the transport.
};

/// Connects, logs in and looks whether the place in the URL exists. With `read_back` also marks where the messages of
/// this run begin. `clock` must outlive the target. Errors: unreachable (nobody answers, or it is no such broker),
/// bad_input (an address that is not loopback without `allow_any_address`, a login or certificate that is refused, a
/// place that does not exist, options out of range).
///
/// A connection that is lost is opened again, with growing pauses up to a second: what was without its acknowledgement
/// completes as malformed_reply at once (its fate is unknown), and what had not left yet waits for its patience.
Result<BrokerTarget> open_broker(const BrokerUrl& url, const BrokerOptions& options, bool read_back,
                                 const SteadyClock& clock);

}  // namespace peakstorm
