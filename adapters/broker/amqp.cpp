// RabbitMQ through librabbitmq: AMQP 0-9-1 with publisher confirms.
//
// Queues give their messages away, so a run that is to be read back binds a queue of its own beside those of the system
// under test, reads that one, and deletes it.
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

#include <array>
#include <charconv>
#include <deque>
#include <random>
#include <thread>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr milliseconds reopen_patience{1000};
constexpr int heartbeat_s = 10;
constexpr int frame_bytes_max = 131072;
constexpr amqp_channel_t channel = 1;
// Should nobody delete it, the broker does when it was not asked for a day.
constexpr std::int32_t queue_unused_ms = 86'400'000;

struct Destroy {
  void operator()(amqp_connection_state_t connection) const { amqp_destroy_connection(connection); }
};
using Connection = std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, Destroy>;

amqp_bytes_t bytes_of(std::string_view text) {
  // The library reads only.
  return {text.size(), const_cast<char*>(text.data())};
}
std::string_view text_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}
timeval as_timeval(milliseconds length) {
  return {length.count() / 1000, (length.count() % 1000) * 1000};
}
int port_of(const BrokerUrl& url) {
  int port = 0;
  std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
  return port;
}

/// The broker's own code and words when it closed the channel or the connection; 0 when it did not.
std::pair<unsigned, std::string> said(const amqp_method_t& method) {
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
    return {close.reply_code, std::string(text_of(close.reply_text))};
  }
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_connection_close_t*>(method.decoded);
    return {close.reply_code, std::string(text_of(close.reply_text))};
  }
  return {0, {}};
}

/// An error for an answer that is not the normal one; the cure follows the broker's code.
Result<void> checked(const LinkSetup& setup, const amqp_rpc_reply_t& reply) {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return {};
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) {
    return setup.error(ErrorKind::unreachable, std::string("no AMQP connection: ") +
                                                   amqp_error_string2(reply.library_error) +
                                                   "; check that RabbitMQ listens there");
  }
  const auto [code, words] = said(reply.reply);
  switch (code) {
    case AMQP_ACCESS_REFUSED:
      // Of the login, or of something that the user may not do.
      if (words.find("Login was refused") != std::string::npos) return setup.login_refused();
      return setup.error(ErrorKind::bad_input, "RabbitMQ refuses: " + words + "; give the user the permission");
    case AMQP_NOT_FOUND:
    case AMQP_NOT_ALLOWED:
      return setup.error(ErrorKind::bad_input,
                         "RabbitMQ says: " + words + "; create it, or correct the virtual host or the exchange");
    default:
      return setup.error(ErrorKind::unreachable, "RabbitMQ says: " + std::to_string(code) + " " + words);
  }
}

Result<Connection> connect(const LinkSetup& setup, milliseconds patience) {
  Connection connection(amqp_new_connection());
  amqp_connection_state_t const made = connection.get();
  amqp_socket_t* const socket = setup.url.tls ? amqp_ssl_socket_new(made) : amqp_tcp_socket_new(made);
  PEAKSTORM_CHECK(socket != nullptr, setup.url.tls);
  if (setup.url.tls) {
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    amqp_ssl_socket_set_cacert(socket, setup.ca_file().c_str());
  }
  timeval limit = as_timeval(patience);
  const int failed = amqp_socket_open_noblock(socket, setup.where().c_str(), port_of(setup.url), &limit);
  if (failed != AMQP_STATUS_OK) {
    if (setup.url.tls && failed <= AMQP_STATUS_SSL_ERROR) {
      return setup.error(ErrorKind::unreachable, "no TLS connection; the certificate must be for " + setup.url.host +
                                                     " (a name: addresses in certificates are not read here), in date, "
                                                     "and from an authority trusted here (your own: --ca-file FILE)");
    }
    return setup.error(ErrorKind::unreachable, std::string("no connection: ") + amqp_error_string2(failed));
  }
  limit = as_timeval(patience);
  amqp_set_handshake_timeout(made, &limit);
  amqp_set_rpc_timeout(made, &limit);
  const bool anonymous = setup.options.user.empty();
  const char* const user = anonymous ? "guest" : setup.options.user.c_str();
  const char* const password = anonymous ? "guest" : setup.options.password.c_str();
  if (auto in = checked(setup, amqp_login(made, setup.url.vhost.c_str(), 0, frame_bytes_max, heartbeat_s,
                                          AMQP_SASL_METHOD_PLAIN, user, password));
      !in) {
    return tl::unexpected(in.error());
  }
  amqp_channel_open(made, channel);
  if (auto open = checked(setup, amqp_get_rpc_reply(made)); !open) return tl::unexpected(open.error());
  return connection;
}

class AmqpMessages final : public StoredMessages {
 public:
  AmqpMessages(LinkSetup setup, std::string queue) : setup_(std::move(setup)), queue_(std::move(queue)) {}
  AmqpMessages(const AmqpMessages&) = delete;
  AmqpMessages& operator=(const AmqpMessages&) = delete;
  ~AmqpMessages() override {
    // Whether it works or not: the broker forgets the queue in the end.
    if (auto connection = connect(setup_, reopen_patience); connection) {
      amqp_queue_delete(connection->get(), channel, bytes_of(queue_), 0, 0);
    }
  }

  Result<void> read(std::uint64_t /*confirmed*/, nanoseconds patience, const Take& take) override {
    const auto give_up = steady_clock::now() + patience;
    auto connection = connect(setup_, reopen_patience);
    while (!connection) {
      if (steady_clock::now() >= give_up) return tl::unexpected(connection.error());
      std::this_thread::sleep_for(milliseconds{50});
      connection = connect(setup_, reopen_patience);
    }
    amqp_connection_state_t const made = connection->get();
    const amqp_queue_declare_ok_t* const queue =
        amqp_queue_declare(made, channel, bytes_of(queue_), 1, 1, 0, 0, amqp_empty_table);
    if (auto there = checked(setup_, amqp_get_rpc_reply(made)); !there) return there;
    std::uint32_t left = queue->message_count;
    // Without acknowledgement: what is read stays, until the queue goes.
    amqp_basic_consume(made, channel, bytes_of(queue_), amqp_empty_bytes, 0, 0, 1, amqp_empty_table);
    if (auto consuming = checked(setup_, amqp_get_rpc_reply(made)); !consuming) return consuming;
    timeval limit = as_timeval(std::chrono::duration_cast<milliseconds>(patience));
    for (; left > 0; --left) {
      amqp_maybe_release_buffers(made);
      amqp_envelope_t envelope;
      const auto reply = amqp_consume_message(made, &envelope, &limit, 0);
      if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        return setup_.error(ErrorKind::unreachable, "reading back from the queue " + queue_ + ": the broker stopped");
      }
      const auto& properties = envelope.message.properties;
      const bool has_id = (properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0;
      const bool more =
          take(has_id ? text_of(properties.message_id) : std::string_view(), text_of(envelope.message.body));
      amqp_destroy_envelope(&envelope);
      if (!more) return {};
    }
    return {};
  }

 private:
  LinkSetup setup_;
  std::string queue_;
};

class AmqpLink final : public Link {
 public:
  explicit AmqpLink(LinkSetup setup) : setup_(std::move(setup)) {}

  Result<void> open(LinkEvents& events) override {
    events_ = &events;
    auto connection = connect(setup_, setup_.options.connect_patience);
    if (!connection) return tl::unexpected(connection.error());
    if (!setup_.url.name.empty()) {
      amqp_exchange_declare(connection->get(), channel, bytes_of(setup_.url.name), bytes_of("direct"), 1, 0, 0, 0,
                            amqp_empty_table);
    } else {
      amqp_queue_declare(connection->get(), channel, bytes_of(setup_.url.key), 1, 0, 0, 0, amqp_empty_table);
    }
    if (auto there = checked(setup_, amqp_get_rpc_reply(connection->get())); !there) return there;
    if (setup_.read_back) {
      if (auto listening = listen(connection->get()); !listening) return listening;
    }
    return take(std::move(*connection));
  }

  void reopen() override {
    auto connection = connect(setup_, reopen_patience);
    if (!connection) return events_->down(connection.error().message);
    if (const auto taken = take(std::move(*connection)); !taken) {
      drop();
      events_->down(taken.error().message);
    }
  }

  void drop() override {
    connection_.reset();
    unconfirmed_.clear();
  }
  [[nodiscard]] bool up() const override { return connection_ != nullptr; }

  bool publish(Ticket ticket, const Publication& publication) override {
    const int fd = amqp_get_sockfd(connection_.get());
    // The library would wait for room; the caller has a pace to keep.
    full_ =
        (static_cast<unsigned>(wait_ready(fd, true, nanoseconds{0})) & static_cast<unsigned>(Readiness::writable)) == 0;
    if (full_) return false;
    entries_.clear();
    texts_.clear();
    for (const auto& header : publication.headers) {
      texts_.push_back(header_name(header.first, "cloudEvents:"));
      texts_.push_back(header_value(header));
    }
    for (std::size_t i = 0; i < texts_.size(); i += 2) {
      amqp_table_entry_t entry;
      entry.key = bytes_of(texts_[i]);
      entry.value.kind = AMQP_FIELD_KIND_UTF8;
      entry.value.value.bytes = bytes_of(texts_[i + 1]);
      entries_.push_back(entry);
    }
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_HEADERS_FLAG;
    properties.delivery_mode = 2;  // On disk before it is confirmed, where the queue is durable.
    properties.message_id = bytes_of(publication.id);
    properties.headers = {static_cast<int>(entries_.size()), entries_.data()};
    if (!publication.content_type.empty()) {
      properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
      properties.content_type = bytes_of(publication.content_type);
    }
    const int failed = amqp_basic_publish(connection_.get(), channel, bytes_of(setup_.url.name),
                                          bytes_of(setup_.url.key), 1, 0, &properties, bytes_of(publication.body));
    if (failed != AMQP_STATUS_OK) {
      broke(amqp_error_string2(failed));
      return true;
    }
    unconfirmed_.push_back({ticket, hash64(publication.id)});
    return true;
  }

  void turn(nanoseconds wait) override {
    if (!connection_) {
      wait_ready(-1, false, wait);
      return;
    }
    if (amqp_data_in_buffer(connection_.get()) == 0 && amqp_frames_enqueued(connection_.get()) == 0) {
      wait_ready(amqp_get_sockfd(connection_.get()), full_, wait);
    }
    full_ = false;
    while (connection_) {
      amqp_maybe_release_buffers(connection_.get());
      amqp_frame_t frame;
      timeval now{0, 0};
      const int status = amqp_simple_wait_frame_noblock(connection_.get(), &frame, &now);
      if (status == AMQP_STATUS_TIMEOUT) return;
      if (status != AMQP_STATUS_OK) return broke(amqp_error_string2(status));
      read(frame);
    }
  }

  std::unique_ptr<StoredMessages> stored() override { return std::make_unique<AmqpMessages>(setup_, queue_); }

 private:
  struct Unconfirmed {
    Ticket ticket;
    std::uint64_t id = 0;  // hash64 of it.
    bool settled = false;
    unsigned returned = 0;  // The broker's code: no queue takes it.
  };

  /// Binds a queue of this run's own.
  Result<void> listen(amqp_connection_state_t connection) {
    if (setup_.url.name.empty()) {
      return setup_.error(ErrorKind::bad_input,
                          "nobody can listen to the default exchange, so that nothing could be read back; name an "
                          "exchange, or use --write-only");
    }
    std::random_device chance;
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), chance(), 16).ptr;
    queue_ = "peakstorm-read-" + std::string(digits.data(), end);
    amqp_table_entry_t expires;
    expires.key = bytes_of("x-expires");
    expires.value.kind = AMQP_FIELD_KIND_I32;
    expires.value.value.i32 = queue_unused_ms;
    amqp_queue_declare(connection, channel, bytes_of(queue_), 0, 1, 0, 0, {1, &expires});
    if (auto declared = checked(setup_, amqp_get_rpc_reply(connection)); !declared) return declared;
    amqp_queue_bind(connection, channel, bytes_of(queue_), bytes_of(setup_.url.name), bytes_of(setup_.url.key),
                    amqp_empty_table);
    return checked(setup_, amqp_get_rpc_reply(connection));
  }

  Result<void> take(Connection connection) {
    amqp_confirm_select(connection.get(), channel);
    if (auto confirming = checked(setup_, amqp_get_rpc_reply(connection.get())); !confirming) return confirming;
    connection_ = std::move(connection);
    unconfirmed_.clear();
    first_tag_ = 1;
    returned_ = 0;
    return {};
  }

  void read(const amqp_frame_t& frame) {
    if (frame.frame_type == AMQP_FRAME_HEADER && returned_ != 0) {
      // Of a message that comes back: its confirmation follows.
      const auto& properties = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
      const std::uint64_t id = hash64(text_of(properties.message_id));
      for (Unconfirmed& one : unconfirmed_) {
        if (!one.settled && one.id == id) one.returned = returned_;
      }
      returned_ = 0;
      return;
    }
    if (frame.frame_type != AMQP_FRAME_METHOD) return;
    const amqp_method_t& method = frame.payload.method;
    switch (method.id) {
      case AMQP_BASIC_ACK_METHOD: {
        const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
        return confirm(ack.delivery_tag, ack.multiple != 0, true);
      }
      case AMQP_BASIC_NACK_METHOD: {
        const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
        return confirm(nack.delivery_tag, nack.multiple != 0, false);
      }
      case AMQP_BASIC_RETURN_METHOD:
        returned_ = static_cast<const amqp_basic_return_t*>(method.decoded)->reply_code;
        return;
      case AMQP_CHANNEL_CLOSE_METHOD:
      case AMQP_CONNECTION_CLOSE_METHOD: {
        const auto [code, words] = said(method);
        return broke("RabbitMQ says " + std::to_string(code) + " " + words);
      }
      default:
        return;
    }
  }

  void confirm(std::uint64_t tag, bool multiple, bool taken) {
    if (tag < first_tag_ || tag - first_tag_ >= unconfirmed_.size()) return;
    const auto last = static_cast<std::size_t>(tag - first_tag_);
    for (std::size_t i = multiple ? 0 : last; i <= last; ++i) {
      Unconfirmed& one = unconfirmed_[i];
      if (one.settled) continue;
      one.settled = true;
      Reply reply{0, {}, std::nullopt, taken ? Acknowledgement::confirmed : Acknowledgement::refused_now};
      if (one.returned != 0) reply = {one.returned, "no queue takes it", std::nullopt, Acknowledgement::refused};
      events_->settled(one.ticket, std::move(reply));
    }
    while (!unconfirmed_.empty() && unconfirmed_.front().settled) {
      unconfirmed_.pop_front();
      ++first_tag_;
    }
  }

  void broke(const std::string& why) {
    drop();
    events_->down("the connection broke: " + why);
  }

  LinkSetup setup_;
  LinkEvents* events_ = nullptr;
  Connection connection_;
  std::deque<Unconfirmed> unconfirmed_;  // The first one has first_tag_; ascending by one.
  std::uint64_t first_tag_ = 1;
  unsigned returned_ = 0;
  bool full_ = false;
  std::string queue_;  // Of this run, to be read back.
  std::vector<amqp_table_entry_t> entries_;
  std::vector<std::string> texts_;
};

}  // namespace

std::unique_ptr<Link> make_amqp_link(LinkSetup setup) {
  return std::make_unique<AmqpLink>(std::move(setup));
}

}  // namespace peakstorm
