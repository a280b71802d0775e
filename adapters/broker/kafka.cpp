// Kafka through librdkafka: an idempotent producer that waits for all replicas in sync. The library reconnects and
// repeats by itself; its delivery report is the acknowledgement.
#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"

// The macros of rd_kafka_producev, the way to give headers, are GNU expressions.
#pragma GCC diagnostic ignored "-Wpedantic"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr const char* id_header = "peakstorm-id";
// How long the library itself tries; the transport's patience may be shorter.
constexpr const char* message_timeout_ms = "30000";

struct FreeHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, FreeHandle>;
struct FreeMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, FreeMessage>;
struct FreePartitions {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};

/// What the library's callbacks need; outlives the handle.
struct Closure {
  bool any_address = false;
  std::function<void(const rd_kafka_message_t&)> delivered;
};

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24U) == 127;
  }
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

/// Brokers name further brokers, and those are to be loaded only where that is allowed.
int connect_allowed(int fd, const sockaddr* address, int size, const char*, void* closure) {
  if (!static_cast<const Closure*>(closure)->any_address && !is_loopback(address)) return EACCES;
  return ::connect(fd, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS ? 0 : errno;
}

Result<Handle> make_handle(const LinkSetup& setup, rd_kafka_type_t type, Closure& closure) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  std::string fault;
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) fault = why.data();
  };
  const bool ipv6 = setup.where().find(':') != std::string::npos;
  set("bootstrap.servers", (ipv6 ? "[" + setup.where() + "]" : setup.where()) + ":" + setup.url.port);
  set("client.id", "peakstorm");
  set("reconnect.backoff.ms", "20");
  set("reconnect.backoff.max.ms", "1000");
  if (setup.url.tls) {
    set("security.protocol", "ssl");
    set("ssl.ca.location", setup.ca_file());
  }
  if (type == RD_KAFKA_PRODUCER) {
    set("enable.idempotence", "true");
    set("acks", "all");
    set("linger.ms", "0");
    set("message.timeout.ms", message_timeout_ms);
    // The hash of Kafka's own clients, so that a number has the partition that others would give it.
    set("partitioner", "murmur2_random");
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
      static_cast<Closure*>(opaque)->delivered(*message);
    });
  } else {
    set("group.id", "peakstorm-read");
    set("enable.auto.commit", "false");
    set("enable.partition.eof", "true");
  }
  rd_kafka_conf_set_opaque(conf, &closure);
  rd_kafka_conf_set_connect_cb(conf, connect_allowed);
  // Its words would go to standard error.
  rd_kafka_conf_set_log_cb(conf, nullptr);
  if (fault.empty()) {
    if (rd_kafka_t* const made = rd_kafka_new(type, conf, why.data(), why.size()); made != nullptr) return Handle(made);
    fault = why.data();
  }
  rd_kafka_conf_destroy(conf);
  return setup.error(ErrorKind::bad_input, "librdkafka refuses its configuration: " + fault);
}

/// Offset of the next message of each partition.
using Offsets = std::map<std::int32_t, std::int64_t>;

Result<Offsets> ends_of(const LinkSetup& setup, rd_kafka_t* handle, milliseconds patience) {
  const int limit = static_cast<int>(patience.count());
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(handle, setup.url.name.c_str(), nullptr);
  const struct rd_kafka_metadata* facts = nullptr;
  const rd_kafka_resp_err_t failed = rd_kafka_metadata(handle, 0, topic, &facts, limit);
  rd_kafka_topic_destroy(topic);
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::string cure = setup.url.tls
                                 ? "check that Kafka listens there with TLS, and that its certificate is for " +
                                       setup.url.host + " and from a trusted authority (--ca-file FILE)"
                                 : "check that Kafka listens there, without TLS and login";
    return setup.error(ErrorKind::unreachable,
                       std::string("no answer of Kafka: ") + rd_kafka_err2str(failed) + "; " + cure);
  }
  const std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)> kept(
      facts, rd_kafka_metadata_destroy);
  if (facts->topic_cnt != 1 || facts->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR ||
      facts->topics[0].partition_cnt == 0) {
    const auto error = facts->topic_cnt == 1 ? facts->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    return setup.error(ErrorKind::bad_input, "the topic '" + setup.url.name + "' cannot be used: " +
                                                 rd_kafka_err2str(error) + "; create it, or correct the name");
  }
  Offsets ends;
  for (int i = 0; i < facts->topics[0].partition_cnt; ++i) {
    const std::int32_t partition = facts->topics[0].partitions[i].id;
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto status = rd_kafka_query_watermark_offsets(handle, setup.url.name.c_str(), partition, &low, &high, limit);
    if (status != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return setup.error(ErrorKind::unreachable,
                         "partition " + std::to_string(partition) + ": " + rd_kafka_err2str(status));
    }
    ends[partition] = high;
  }
  return ends;
}

class KafkaMessages final : public StoredMessages {
 public:
  KafkaMessages(LinkSetup setup, Offsets begins) : setup_(std::move(setup)), begins_(std::move(begins)) {}

  Result<void> read(std::uint64_t /*confirmed*/, nanoseconds patience, const Take& take) override {
    const auto limit = std::chrono::duration_cast<milliseconds>(patience);
    Closure closure{setup_.options.allow_any_address, {}};
    auto handle = make_handle(setup_, RD_KAFKA_CONSUMER, closure);
    if (!handle) return tl::unexpected(handle.error());
    const auto ends = ends_of(setup_, handle->get(), limit);
    if (!ends) return tl::unexpected(ends.error());
    const std::unique_ptr<rd_kafka_topic_partition_list_t, FreePartitions> from(
        rd_kafka_topic_partition_list_new(static_cast<int>(ends->size())));
    std::map<std::int32_t, std::int64_t> left = *ends;
    std::erase_if(left, [&](const auto& end) { return end.second <= begin_of(end.first); });
    for (const auto& [partition, end] : left) {
      rd_kafka_topic_partition_list_add(from.get(), setup_.url.name.c_str(), partition)->offset = begin_of(partition);
    }
    if (left.empty()) return {};
    rd_kafka_poll_set_consumer(handle->get());
    rd_kafka_assign(handle->get(), from.get());
    auto last = steady_clock::now();
    while (!left.empty()) {
      const Message message(rd_kafka_consumer_poll(handle->get(), 100));
      if (!message) {
        if (steady_clock::now() - last < patience) continue;
        return setup_.error(ErrorKind::timed_out, "reading back: Kafka gives no more messages");
      }
      last = steady_clock::now();
      // The end of a partition comes before the mark when the broker has lost what it had: then there is no more.
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        left.erase(message->partition);
        continue;
      }
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (!tell(*message, take)) break;
      const auto end = left.find(message->partition);
      if (end != left.end() && message->offset + 1 >= end->second) left.erase(end);
    }
    rd_kafka_consumer_close(handle->get());
    return {};
  }

 private:
  [[nodiscard]] std::int64_t begin_of(std::int32_t partition) const {
    const auto found = begins_.find(partition);
    return found == begins_.end() ? 0 : found->second;
  }
  static bool tell(const rd_kafka_message_t& message, const Take& take) {
    std::string_view id;
    rd_kafka_headers_t* headers = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, id_header, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      id = {static_cast<const char*>(value), size};
    }
    return take(id, {static_cast<const char*>(message.payload), message.len});
  }

  LinkSetup setup_;
  Offsets begins_;
};

class KafkaLink final : public Link {
 public:
  explicit KafkaLink(LinkSetup setup) : setup_(std::move(setup)) {
    closure_.any_address = setup_.options.allow_any_address;
    closure_.delivered = [this](const rd_kafka_message_t& message) {
      events_->settled(Ticket{reinterpret_cast<std::uintptr_t>(message._private)}, verdict_of(message));
    };
  }
  KafkaLink(const KafkaLink&) = delete;
  KafkaLink& operator=(const KafkaLink&) = delete;
  ~KafkaLink() override {
    // Reports of what is still under way would find nobody.
    closure_.delivered = [](const rd_kafka_message_t&) {};
    if (handle_) rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  Result<void> open(LinkEvents& events) override {
    events_ = &events;
    if (!setup_.options.user.empty() || !setup_.options.password.empty()) {
      return setup_.error(ErrorKind::bad_input, "Kafka is spoken without a login; leave user and password out");
    }
    auto handle = make_handle(setup_, RD_KAFKA_PRODUCER, closure_);
    if (!handle) return tl::unexpected(handle.error());
    const auto ends = ends_of(setup_, handle->get(), setup_.options.connect_patience);
    if (!ends) return tl::unexpected(ends.error());
    begins_ = *ends;
    take(std::move(*handle));
    return {};
  }

  // The library keeps its own connections; what was under way is still its to report, to whom it may concern.
  void reopen() override {
    if (rd_kafka_fatal_error(handle_.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      up_ = true;
      return;
    }
    // A producer that cannot keep its promise of no doubles any more takes nothing more: another one does.
    auto handle = make_handle(setup_, RD_KAFKA_PRODUCER, closure_);
    if (!handle) return events_->down(handle.error().message);
    take(std::move(*handle));
  }
  void drop() override { up_ = false; }
  [[nodiscard]] bool up() const override { return up_; }

  bool publish(Ticket ticket, const Publication& publication) override {
    rd_kafka_headers_t* const headers = rd_kafka_headers_new(publication.headers.size() + 2);
    const auto add = [headers](const std::string& name, const std::string& value) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    };
    if (!publication.id.empty()) add(id_header, publication.id);
    if (!publication.content_type.empty()) add("content-type", publication.content_type);
    for (const auto& header : publication.headers) add(header_name(header.first, "ce_"), header_value(header));
    void* const opaque = reinterpret_cast<void*>(static_cast<std::uintptr_t>(ticket));
    const rd_kafka_resp_err_t failed = rd_kafka_producev(
        handle_.get(), RD_KAFKA_V_TOPIC(setup_.url.name.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(publication.key.data(), publication.key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(publication.body.data()), publication.body.size()),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    rd_kafka_headers_destroy(headers);
    if (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    if (failed == RD_KAFKA_RESP_ERR__FATAL) {
      up_ = false;
      events_->down("the producer has given up");
      return true;
    }
    events_->settled(ticket, Reply{code_of(failed), rd_kafka_err2str(failed), std::nullopt, Acknowledgement::refused});
    return true;
  }

  void turn(nanoseconds wait) override {
    if (wait_ready(bell_.fd(), false, wait) != Readiness::none) bell_.silence();
    rd_kafka_poll(handle_.get(), 0);
  }

  std::unique_ptr<StoredMessages> stored() override { return std::make_unique<KafkaMessages>(setup_, begins_); }

 private:
  void take(Handle handle) {
    handle_ = std::move(handle);
    rd_kafka_queue_t* const reports = rd_kafka_queue_get_main(handle_.get());
    constexpr std::uint64_t one_ring = 1;
    rd_kafka_queue_io_event_enable(reports, bell_.fd(), &one_ring, sizeof one_ring);
    rd_kafka_queue_destroy(reports);
    up_ = true;
  }

  /// Kafka's own codes are positive, the library's negative; a record has room for the former only.
  static unsigned code_of(rd_kafka_resp_err_t error) { return error > 0 ? static_cast<unsigned>(error) : 0; }

  [[nodiscard]] Result<Reply> verdict_of(const rd_kafka_message_t& message) const {
    switch (message.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        return Reply{0, {}, std::nullopt, Acknowledgement::confirmed};
      case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        return setup_.error(ErrorKind::timed_out, "no acknowledgement in time");
      case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      case RD_KAFKA_RESP_ERR_INVALID_MSG:
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return Reply{code_of(message.err), rd_kafka_err2str(message.err), std::nullopt, Acknowledgement::refused};
      default:
        return Reply{code_of(message.err), rd_kafka_err2str(message.err), std::nullopt, Acknowledgement::refused_now};
    }
  }

  LinkSetup setup_;
  LinkEvents* events_ = nullptr;
  Closure closure_;
  Bell bell_;
  Handle handle_;
  bool up_ = false;
  Offsets begins_;
};

}  // namespace

std::unique_ptr<Link> make_kafka_link(LinkSetup setup) {
  return std::make_unique<KafkaLink>(std::move(setup));
}

}  // namespace peakstorm
