/// The port behind which each broker's client library stands, and what they have in common. One thread calls all of
/// it; a library's own threads only leave word and ring `Bell`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/broker.hpp"
#include "adapters/transport/percent.hpp"

namespace peakstorm {

/// One message on its way to a broker. Kept until it is settled, so its strings may be pointed to until then.
struct Publication {
  std::string id;
  std::string key;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;  ///< As the format wrote them, without the content type.
  std::string body;
};

/// Names one message handed over; never used twice.
enum class Ticket : std::uint64_t {};

/// What a link reports, from within its calls.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  /// The broker's answer. Tickets that nobody waits for any more are told all the same.
  virtual void settled(Ticket ticket, Result<Reply> reply) = 0;
  /// The connection is gone, and with it all knowledge of what was handed over. `why` holds no secret.
  virtual void down(std::string why) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  /// Connects and logs in, looks whether the place exists, and, when the run is to be read back, marks where it
  /// begins. Called once, before all others. Blocks for at most a few times the options' connect_patience.
  virtual Result<void> open(LinkEvents& events) = 0;
  /// Connects again, after `down`. May return before it is up; failing is told by `down` as well. Blocks for at most
  /// a second.
  virtual void reopen() = 0;
  /// Closes the connection, without `down`.
  virtual void drop() = 0;
  [[nodiscard]] virtual bool up() const = 0;
  /// Hands one message over. False: not now, the connection takes no more until a later turn. Requires: up().
  virtual bool publish(Ticket ticket, const Publication& publication) = 0;
  /// Waits for at most `wait` for something to do, and does what is to be done.
  virtual void turn(std::chrono::nanoseconds wait) = 0;
  /// Of this link, when it was opened with `read_back`.
  virtual std::unique_ptr<StoredMessages> stored() = 0;
};

/// What every link is made from.
struct LinkSetup {
  BrokerUrl url;
  BrokerOptions options;
  std::string address;  ///< Numeric, of the host: where somebody answered.
  bool read_back = false;

  /// Where to connect: with TLS the name, which the certificate must bear.
  [[nodiscard]] const std::string& where() const { return url.tls ? url.host : address; }
  [[nodiscard]] tl::unexpected<Error> error(ErrorKind kind, const std::string& what) const {
    return fail(kind, url.text() + ": " + what);
  }
  [[nodiscard]] tl::unexpected<Error> login_refused() const {
    return error(ErrorKind::bad_input,
                 "the broker refuses the login; give --broker-user and PEAKSTORM_BROKER_PASSWORD, or correct them");
  }
  [[nodiscard]] std::string ca_file() const {
    return options.ca_file.empty() ? "/etc/ssl/certs/ca-certificates.crt" : options.ca_file;
  }
};

std::unique_ptr<Link> make_nats_link(LinkSetup setup);
std::unique_ptr<Link> make_amqp_link(LinkSetup setup);
std::unique_ptr<Link> make_mqtt_link(LinkSetup setup);
std::unique_ptr<Link> make_redis_link(LinkSetup setup);
std::unique_ptr<Link> make_kafka_link(LinkSetup setup);

/// Wakes a thread that waits in `wait_ready`. `ring` from any thread.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring();
  void silence();  ///< Takes back every ring so far.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

enum class Readiness : std::uint8_t { none = 0, readable = 1, writable = 2, both = 3 };
/// Waits for at most `wait` for `fd` (negative: for nothing but the time). Nanoseconds count: pacing hangs on it.
Readiness wait_ready(int fd, bool for_writing, std::chrono::nanoseconds wait);

/// Attributes of a CloudEvent in binary mode, "ce-id" in HTTP, under the name that another protocol gives them; other
/// headers keep theirs.
std::string header_name(std::string_view name, std::string_view cloud_event_prefix);
/// The value, without HTTP's percent-encoding where it is such an attribute's.
std::string header_value(const std::pair<std::string, std::string>& header);

/// `Transport` over a link, which it opens. `clock` must outlive it. Errors: the link's.
Result<std::unique_ptr<Transport>> make_broker_transport(const BrokerUrl& url, std::unique_ptr<Link> link,
                                                         std::size_t in_flight, const Clock& clock);

/// Numeric address of the host at which a TCP connection is taken. Errors: unreachable, bad_input.
Result<std::string> find_broker(const BrokerUrl& url, const BrokerOptions& options);

std::string percent_encoded(std::string_view text, std::string_view kept);

}  // namespace peakstorm
