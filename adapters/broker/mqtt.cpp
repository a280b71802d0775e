// MQTT 5 through libmosquitto, QoS 1. Publishing happens on the caller's thread.
//
// A broker keeps nothing to be read later, so what a run publishes is read while it runs: by a subscriber with a
// session that outlives its connections, on a thread of the library. It puts messages into a file without a name, so
// that memory does not grow with the run.
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <random>
#include <unordered_map>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr const char* id_property = "peakstorm-id";
constexpr int keep_alive_s = 10;
constexpr std::uint32_t session_kept_s = 3600;
constexpr milliseconds reopen_patience{1000};
// Nothing more is coming once everything acknowledged is there and it has been quiet for so long ...
constexpr milliseconds quiet_after_all{300};
// ... or, when something is missing, for so long.
constexpr milliseconds quiet_at_last{3000};

struct FreeClient {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};
using Client = std::unique_ptr<mosquitto, FreeClient>;

class Properties {
 public:
  Properties() = default;
  ~Properties() { mosquitto_property_free_all(&list_); }
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;
  mosquitto_property** list() { return &list_; }
  [[nodiscard]] const mosquitto_property* get() const { return list_; }

 private:
  mosquitto_property* list_ = nullptr;
};

std::string fresh_client_id(const char* role) {
  std::random_device chance;
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), chance(), 16).ptr;
  return std::string("peakstorm-") + role + "-" + std::string(digits.data(), end);
}

int port_of(const BrokerUrl& url) {
  int port = 0;
  std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
  return port;
}

Client make_client(const LinkSetup& setup, const char* role, bool clean_start, void* closure) {
  static const int library = mosquitto_lib_init();
  PEAKSTORM_CHECK(library == MOSQ_ERR_SUCCESS, library);
  Client client(mosquitto_new(fresh_client_id(role).c_str(), clean_start, closure));
  PEAKSTORM_CHECK(client != nullptr, clean_start);
  mosquitto_int_option(client.get(), MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client.get(), MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(client.get(), MOSQ_OPT_SEND_MAXIMUM, 65535);
  mosquitto_int_option(client.get(), MOSQ_OPT_RECEIVE_MAXIMUM, 65535);
  const BrokerOptions& given = setup.options;
  if (!given.user.empty()) mosquitto_username_pw_set(client.get(), given.user.c_str(), given.password.c_str());
  if (setup.url.tls) mosquitto_tls_set(client.get(), setup.ca_file().c_str(), nullptr, nullptr, nullptr, nullptr);
  return client;
}

/// What a refused CONNECT means; `code` is MQTT's reason.
tl::unexpected<Error> not_connected(const LinkSetup& setup, int code) {
  if (code == MQTT_RC_BAD_USERNAME_OR_PASSWORD || code == MQTT_RC_NOT_AUTHORIZED ||
      code == MQTT_RC_BAD_AUTHENTICATION_METHOD) {
    return setup.login_refused();
  }
  if (code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || code == 1) {
    return setup.error(ErrorKind::bad_input, "the broker does not speak MQTT 5; use one that does");
  }
  return setup.error(ErrorKind::unreachable,
                     std::string("the broker refuses the connection: ") + mosquitto_reason_string(code));
}

tl::unexpected<Error> no_connection(const LinkSetup& setup, int failed) {
  if (setup.url.tls && (failed == MOSQ_ERR_TLS || failed == MOSQ_ERR_TLS_HANDSHAKE)) {
    return setup.error(ErrorKind::unreachable, "no TLS connection; the certificate must be for " + setup.url.host +
                                                   ", in date, and from an authority trusted here (your own: --ca-file "
                                                   "FILE)");
  }
  return setup.error(ErrorKind::unreachable, std::string("no MQTT connection: ") + mosquitto_strerror(failed) +
                                                 "; check that an MQTT broker listens there");
}

/// The subscriber, and what it has received.
class Reader {
 public:
  Reader() : file_(std::tmpfile()) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (client_) {
      // The broker is to forget the session, and what it would keep for it.
      Properties properties;
      mosquitto_property_add_int32(properties.list(), MQTT_PROP_SESSION_EXPIRY_INTERVAL, 0);
      mosquitto_disconnect_v5(client_.get(), 0, properties.get());
      mosquitto_loop_stop(client_.get(), false);
    }
    if (file_ != nullptr) std::fclose(file_);
  }

  Result<void> open(const LinkSetup& setup) {
    if (file_ == nullptr) return fail(ErrorKind::io, "no temporary file for what is read back; make room in TMPDIR");
    topic_ = setup.url.name;
    client_ = make_client(setup, "read", false, this);
    mosquitto_connect_v5_callback_set(client_.get(), on_connect);
    mosquitto_disconnect_v5_callback_set(client_.get(), on_disconnect);
    mosquitto_subscribe_v5_callback_set(client_.get(), on_subscribe);
    mosquitto_message_v5_callback_set(client_.get(), on_message);
    mosquitto_reconnect_delay_set(client_.get(), 1, 1, false);
    Properties properties;
    mosquitto_property_add_int32(properties.list(), MQTT_PROP_SESSION_EXPIRY_INTERVAL, session_kept_s);
    const int failed = mosquitto_connect_bind_v5(client_.get(), setup.where().c_str(), port_of(setup.url), keep_alive_s,
                                                 nullptr, properties.get());
    if (failed != MOSQ_ERR_SUCCESS) return no_connection(setup, failed);
    mosquitto_loop_start(client_.get());
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, setup.options.connect_patience, [this] { return subscribed_ || refused_ != 0; });
    if (refused_ != 0) return not_connected(setup, refused_);
    if (!subscribed_) return setup.error(ErrorKind::unreachable, "no subscription to the topic in time");
    if (!granted_) {
      return setup.error(ErrorKind::bad_input, "the topic '" + topic_ +
                                                   "' may not be subscribed to, so that nothing could be read back; "
                                                   "allow it, or use --write-only");
    }
    return {};
  }

  Result<void> read(const LinkSetup& setup, std::uint64_t confirmed, nanoseconds patience,
                    const StoredMessages::Take& take) {
    std::unique_lock lock(mutex_);
    const auto begin = steady_clock::now();
    while (true) {
      const auto now = steady_clock::now();
      const auto quiet = now - std::max(last_, begin);
      if (received_ >= confirmed && quiet >= quiet_after_all) break;
      if (connected_ && quiet >= quiet_at_last) break;
      if (!connected_ && quiet >= patience) {
        return setup.error(ErrorKind::unreachable, "reading back: no connection to the broker any more");
      }
      changed_.wait_for(lock, milliseconds{50});
    }
    if (!written_) return fail(ErrorKind::io, "what was read back does not fit into TMPDIR; make room");
    std::rewind(file_);
    std::string id;
    std::string body;
    for (std::uint64_t i = 0; i < received_; ++i) {
      if (!get(id) || !get(body)) return fail(ErrorKind::io, "what was read back cannot be read from TMPDIR");
      if (!take(id, body)) break;
    }
    std::fseek(file_, 0, SEEK_END);
    return {};
  }

 private:
  static Reader& self(void* closure) { return *static_cast<Reader*>(closure); }

  static void on_connect(mosquitto* client, void* closure, int code, int flags, const mosquitto_property*) {
    Reader& r = self(closure);
    const std::lock_guard lock(r.mutex_);
    r.refused_ = code;
    r.connected_ = code == 0;
    ++r.connections_;
    // Otherwise the broker remembers the subscription and has kept what came meanwhile.
    const bool session_present = (flags & 1) != 0;
    if (code == 0 && !session_present) {
      mosquitto_subscribe_v5(client, nullptr, r.topic_.c_str(), 1, MQTT_SUB_OPT_SEND_RETAIN_NEVER, nullptr);
    }
    r.changed_.notify_all();
  }
  static void on_disconnect(mosquitto*, void* closure, int, const mosquitto_property*) {
    const std::lock_guard lock(self(closure).mutex_);
    self(closure).connected_ = false;
  }
  static void on_subscribe(mosquitto*, void* closure, int, int count, const int* granted, const mosquitto_property*) {
    const std::lock_guard lock(self(closure).mutex_);
    self(closure).subscribed_ = true;
    self(closure).granted_ = count == 1 && granted[0] < 128;
    self(closure).changed_.notify_all();
  }
  static void on_message(mosquitto*, void* closure, const mosquitto_message* message,
                         const mosquitto_property* properties) {
    std::string id;
    for (const mosquitto_property* at = properties; at != nullptr;) {
      char* name = nullptr;
      char* value = nullptr;
      at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value, at != properties);
      if (at == nullptr) break;
      if (std::string_view(name) == id_property) id = value;
      std::free(name);
      std::free(value);
    }
    self(closure).keep(message->mid, id,
                       {static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen)});
  }

  void keep(int mid, std::string_view id, std::string_view body) {
    const std::lock_guard lock(mutex_);
    last_ = steady_clock::now();
    changed_.notify_all();
    // What our acknowledgement did not reach is delivered again after a reconnect, under its old packet identifier:
    // that is the delivery's repetition, and no second message.
    Delivery& before = deliveries_[static_cast<std::size_t>(mid) % deliveries_.size()];
    const std::uint64_t content = hash64(hash64(id), hash64(body));
    const bool again = before.connection != 0 && before.connection < connections_ && before.content == content;
    before = {connections_, content};
    if (again) return;
    ++received_;
    written_ = written_ && put(id) && put(body);
  }

  bool put(std::string_view text) {
    const std::uint64_t size = text.size();
    return std::fwrite(&size, sizeof size, 1, file_) == 1 &&
           std::fwrite(text.data(), 1, text.size(), file_) == text.size();
  }
  bool get(std::string& text) {
    std::uint64_t size = 0;
    if (std::fread(&size, sizeof size, 1, file_) != 1) return false;
    text.resize(size);
    return std::fread(text.data(), 1, size, file_) == size;
  }

  struct Delivery {
    std::uint64_t connection = 0;
    std::uint64_t content = 0;
  };

  std::string topic_;
  std::FILE* file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool subscribed_ = false;
  bool granted_ = false;
  bool connected_ = false;
  bool written_ = true;
  int refused_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t received_ = 0;
  steady_clock::time_point last_;
  std::vector<Delivery> deliveries_ = std::vector<Delivery>(65536);  // By packet identifier.
  Client client_;
};

class MqttMessages final : public StoredMessages {
 public:
  MqttMessages(LinkSetup setup, std::shared_ptr<Reader> reader)
      : setup_(std::move(setup)), reader_(std::move(reader)) {}
  Result<void> read(std::uint64_t confirmed, nanoseconds patience, const Take& take) override {
    return reader_->read(setup_, confirmed, patience, take);
  }

 private:
  LinkSetup setup_;
  std::shared_ptr<Reader> reader_;
};

class MqttLink final : public Link {
 public:
  explicit MqttLink(LinkSetup setup) : setup_(std::move(setup)) {}

  Result<void> open(LinkEvents& events) override {
    events_ = &events;
    if (auto connected = connect(); !connected) return connected;
    const auto give_up = steady_clock::now() + setup_.options.connect_patience;
    while (client_ && !up_) {
      if (steady_clock::now() > give_up) {
        return setup_.error(ErrorKind::unreachable,
                            "no answer to CONNECT in time; check that an MQTT broker listens there");
      }
      opening_ = true;
      turn(milliseconds{20});
      opening_ = false;
    }
    if (!up_) return refused_ != 0 ? not_connected(setup_, refused_) : no_connection(setup_, failed_);
    if (!setup_.read_back) return {};
    reader_ = std::make_shared<Reader>();
    return reader_->open(setup_);
  }

  void reopen() override {
    if (const auto connected = connect(); !connected) return events_->down(connected.error().message);
    give_up_ = steady_clock::now() + reopen_patience;
  }

  void drop() override {
    client_.reset();
    up_ = false;
    tickets_.clear();
  }
  [[nodiscard]] bool up() const override { return up_; }

  bool publish(Ticket ticket, const Publication& publication) override {
    Properties properties;
    const auto user = [&](const std::string& name, const std::string& value) {
      mosquitto_property_add_string_pair(properties.list(), MQTT_PROP_USER_PROPERTY, name.c_str(), value.c_str());
    };
    if (!publication.content_type.empty()) {
      mosquitto_property_add_string(properties.list(), MQTT_PROP_CONTENT_TYPE, publication.content_type.c_str());
    }
    if (!publication.id.empty()) user(id_property, publication.id);
    for (const auto& header : publication.headers) user(header_name(header.first, ""), header_value(header));
    int mid = 0;
    const int failed =
        mosquitto_publish_v5(client_.get(), &mid, setup_.url.name.c_str(), static_cast<int>(publication.body.size()),
                             publication.body.data(), 1, false, properties.get());
    if (failed == MOSQ_ERR_SUCCESS) {
      tickets_[mid] = ticket;
    } else if (failed == MOSQ_ERR_OVERSIZE_PACKET || failed == MOSQ_ERR_PAYLOAD_SIZE || failed == MOSQ_ERR_INVAL ||
               failed == MOSQ_ERR_MALFORMED_UTF8) {
      events_->settled(ticket, Reply{0, mosquitto_strerror(failed), std::nullopt, Acknowledgement::refused});
    } else {
      broke(failed);
    }
    return true;
  }

  void turn(nanoseconds wait) override {
    const int fd = client_ ? mosquitto_socket(client_.get()) : -1;
    const auto ready = static_cast<unsigned>(wait_ready(fd, fd >= 0 && mosquitto_want_write(client_.get()), wait));
    if (!client_) return;
    int failed = MOSQ_ERR_SUCCESS;
    if ((ready & static_cast<unsigned>(Readiness::readable)) != 0) failed = mosquitto_loop_read(client_.get(), 1000);
    if (failed == MOSQ_ERR_SUCCESS && (ready & static_cast<unsigned>(Readiness::writable)) != 0) {
      failed = mosquitto_loop_write(client_.get(), 1);
    }
    if (failed == MOSQ_ERR_SUCCESS) failed = mosquitto_loop_misc(client_.get());
    if (failed != MOSQ_ERR_SUCCESS || refused_ != 0) return broke(failed);
    if (!up_ && !opening_ && steady_clock::now() > give_up_) broke(MOSQ_ERR_TIMEOUT);
  }

  std::unique_ptr<StoredMessages> stored() override { return std::make_unique<MqttMessages>(setup_, reader_); }

 private:
  /// A client of its own for each connection: the library would send again what the last one left.
  Result<void> connect() {
    drop();
    refused_ = 0;
    client_ = make_client(setup_, "send", true, this);
    mosquitto_connect_v5_callback_set(client_.get(),
                                      [](mosquitto*, void* closure, int code, int, const mosquitto_property*) {
                                        auto& link = *static_cast<MqttLink*>(closure);
                                        link.refused_ = code;
                                        link.up_ = code == 0;
                                      });
    mosquitto_publish_v5_callback_set(client_.get(),
                                      [](mosquitto*, void* closure, int mid, int code, const mosquitto_property*) {
                                        static_cast<MqttLink*>(closure)->acknowledged(mid, code);
                                      });
    const int failed = mosquitto_connect(client_.get(), setup_.where().c_str(), port_of(setup_.url), keep_alive_s);
    if (failed == MOSQ_ERR_SUCCESS) return {};
    client_.reset();
    return no_connection(setup_, failed);
  }

  void acknowledged(int mid, int code) {
    const auto found = tickets_.find(mid);
    if (found == tickets_.end()) return;
    const Ticket ticket = found->second;
    tickets_.erase(found);
    if (code < 128) {
      // 16: taken, though nobody subscribes to the topic.
      events_->settled(ticket, Reply{static_cast<unsigned>(code), {}, std::nullopt, Acknowledgement::confirmed});
      return;
    }
    const bool passing =
        code == MQTT_RC_QUOTA_EXCEEDED || code == MQTT_RC_UNSPECIFIED || code == MQTT_RC_IMPLEMENTATION_SPECIFIC;
    events_->settled(ticket, Reply{static_cast<unsigned>(code), mosquitto_reason_string(code), std::nullopt,
                                   passing ? Acknowledgement::refused_now : Acknowledgement::refused});
  }

  void broke(int failed) {
    failed_ = failed;
    drop();
    if (!opening_) events_->down(std::string("the connection broke: ") + mosquitto_strerror(failed));
  }

  LinkSetup setup_;
  LinkEvents* events_ = nullptr;
  Client client_;
  bool up_ = false;
  bool opening_ = false;
  int refused_ = 0;  // Reason of the broker's CONNACK.
  int failed_ = MOSQ_ERR_SUCCESS;
  steady_clock::time_point give_up_ = steady_clock::time_point::max();
  std::unordered_map<int, Ticket> tickets_;  // By packet identifier.
  std::shared_ptr<Reader> reader_;
};

}  // namespace

std::unique_ptr<Link> make_mqtt_link(LinkSetup setup) {
  return std::make_unique<MqttLink>(std::move(setup));
}

}  // namespace peakstorm
