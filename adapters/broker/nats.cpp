// NATS JetStream through cnats. Its threads read the socket; publishing writes to it at once.
//
// Messages go out as requests whose reply subject names the ticket, so that every acknowledgement finds its message:
// the library's own asynchronous publishing keeps no account of what a lost connection took with it.
#include <nats/nats.h>
#include <simdjson.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/broker/link.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds reopen_patience{1000};

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
using Options = std::unique_ptr<natsOptions, Destroy<natsOptions, natsOptions_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg, natsMsg_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription, natsSubscription_Destroy>>;
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection, natsConnection_Destroy>>;

std::string_view data_of(natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

/// JetStream's JSON. The error's code is the server's own, like HTTP's.
struct Said {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  bool readable = false;
  explicit Said(std::string_view text) { readable = parser.parse(text.data(), text.size()).get(root) == 0U; }
  [[nodiscard]] std::int64_t error_code() const {
    std::int64_t code = 0;
    if (root["error"]["code"].get(code) != 0U) return 0;
    return code;
  }
  [[nodiscard]] std::string error_text() const {
    std::string_view text;
    if (root["error"]["description"].get(text) != 0U) return "an error without description";
    return std::string(text);
  }
};

Options make_options(const LinkSetup& setup, milliseconds patience) {
  natsOptions* made = nullptr;
  natsOptions_Create(&made);
  Options options(made);
  const bool ipv6 = setup.where().find(':') != std::string::npos;
  const std::string url = (setup.url.tls ? "tls://" : "nats://") + (ipv6 ? "[" + setup.where() + "]" : setup.where()) +
                          ":" + setup.url.port;
  natsOptions_SetURL(made, url.c_str());
  natsOptions_SetName(made, "peakstorm");
  natsOptions_SetTimeout(made, patience.count());
  // Reconnecting is the transport's, which knows what was lost; and only the host that was named may be loaded.
  natsOptions_SetAllowReconnect(made, false);
  natsOptions_SetIgnoreDiscoveredServers(made, true);
  natsOptions_SetSendAsap(made, true);
  natsOptions_SetWriteDeadline(made, reopen_patience.count());
  // Without a handler of its own the library writes to standard error.
  natsOptions_SetErrorHandler(
      made, [](natsConnection*, natsSubscription*, natsStatus, void*) {}, nullptr);
  const BrokerOptions& given = setup.options;
  if (!given.user.empty()) {
    natsOptions_SetUserInfo(made, given.user.c_str(), given.password.c_str());
  } else if (!given.password.empty()) {
    natsOptions_SetToken(made, given.password.c_str());
  }
  if (setup.url.tls) {
    natsOptions_SetSecure(made, true);
    natsOptions_LoadCATrustedCertificates(made, setup.ca_file().c_str());
    natsOptions_SetExpectedHostname(made, setup.url.host.c_str());
  }
  return options;
}

Result<void> connect(const LinkSetup& setup, const Options& options, Connection& connection) {
  natsConnection* made = nullptr;
  const natsStatus status = natsConnection_Connect(&made, options.get());
  connection.reset(made);
  switch (status) {
    case NATS_OK:
      return {};
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return setup.login_refused();
    case NATS_SECURE_CONNECTION_REQUIRED:
      return setup.error(ErrorKind::bad_input, "the server wants TLS; use nats+tls://");
    case NATS_SECURE_CONNECTION_WANTED:
      return setup.error(ErrorKind::unreachable, "the server has no TLS; use nats://");
    case NATS_SSL_ERROR:
      // The library follows a server that wants TLS; here that is the user's to say.
      if (!setup.url.tls) return setup.error(ErrorKind::bad_input, "the server wants TLS; use nats+tls://");
      return setup.error(ErrorKind::unreachable,
                         "no TLS connection; the certificate must be for " + setup.url.host +
                             ", in date, and from an authority trusted here (your own: --ca-file FILE)");
    default:
      return setup.error(ErrorKind::unreachable, std::string("no NATS connection: ") + natsStatus_GetText(status) +
                                                     "; check that a NATS server listens there");
  }
}

/// Asks JetStream's interface; `subject` without its common prefix.
Result<std::string> ask(const LinkSetup& setup, natsConnection* connection, const std::string& subject,
                        const std::string& body) {
  natsMsg* made = nullptr;
  const natsStatus status =
      natsConnection_Request(&made, connection, ("$JS.API." + subject).c_str(), body.data(),
                             static_cast<int>(body.size()), setup.options.connect_patience.count());
  const Message reply(made);
  if (status == NATS_NO_RESPONDERS) {
    return setup.error(ErrorKind::bad_input,
                       "the server has no JetStream; switch it on (jetstream {} in its "
                       "configuration, or nats-server -js)");
  }
  if (status != NATS_OK) {
    return setup.error(ErrorKind::unreachable, std::string("JetStream does not answer: ") + natsStatus_GetText(status));
  }
  return std::string(data_of(made));
}

Result<std::string> stream_of(const LinkSetup& setup, natsConnection* connection) {
  const auto names = ask(setup, connection, "STREAM.NAMES", R"({"subject":")" + setup.url.name + R"("})");
  if (!names) return tl::unexpected(names.error());
  const Said said(*names);
  simdjson::dom::array streams;
  std::string_view first;
  if (!said.readable || said.root["streams"].get(streams) != 0U || streams.at(0).get(first) != 0U) {
    return setup.error(ErrorKind::bad_input, "no stream takes the subject '" + setup.url.name +
                                                 "'; create one (nats stream add), or correct the subject");
  }
  return std::string(first);
}

/// Number of the newest message in the stream.
Result<std::uint64_t> last_of(const LinkSetup& setup, natsConnection* connection, const std::string& stream) {
  const auto info = ask(setup, connection, "STREAM.INFO." + stream, "");
  if (!info) return tl::unexpected(info.error());
  const Said said(*info);
  std::uint64_t last = 0;
  if (!said.readable || said.root["state"]["last_seq"].get(last) != 0U) {
    return setup.error(ErrorKind::malformed_reply, "JetStream tells nothing of the stream '" + stream + "'");
  }
  return last;
}

class NatsMessages final : public StoredMessages {
 public:
  NatsMessages(LinkSetup setup, std::string stream, std::uint64_t before)
      : setup_(std::move(setup)), stream_(std::move(stream)), before_(before) {}

  Result<void> read(std::uint64_t /*confirmed*/, nanoseconds patience, const Take& take) override {
    const auto options = make_options(setup_, reopen_patience);
    const auto give_up = std::chrono::steady_clock::now() + patience;
    Connection connection;
    while (true) {
      auto connected = connect(setup_, options, connection);
      if (connected) break;
      if (std::chrono::steady_clock::now() >= give_up) return connected;
      std::this_thread::sleep_for(milliseconds{50});
    }
    const auto last = last_of(setup_, connection.get(), stream_);
    if (!last) return tl::unexpected(last.error());
    if (*last <= before_) return {};
    return read_from(connection.get(), patience, take);
  }

 private:
  [[nodiscard]] Result<void> read_from(natsConnection* connection, nanoseconds patience, const Take& take) const {
    const auto failed = [this](natsStatus status) {
      return setup_.error(status == NATS_TIMEOUT ? ErrorKind::timed_out : ErrorKind::unreachable,
                          "reading back from the stream '" + stream_ + "': " + natsStatus_GetText(status));
    };
    jsCtx* context = nullptr;
    if (const auto status = natsConnection_JetStream(&context, connection, nullptr); status != NATS_OK) {
      return failed(status);
    }
    const std::unique_ptr<jsCtx, Destroy<jsCtx, jsCtx_Destroy>> kept_context(context);
    jsSubOptions how;
    jsSubOptions_Init(&how);
    how.Stream = stream_.c_str();
    how.Ordered = true;
    how.Config.DeliverPolicy = js_DeliverByStartSequence;
    how.Config.OptStartSeq = before_ + 1;
    natsSubscription* made = nullptr;
    if (const auto status = js_SubscribeSync(&made, context, setup_.url.name.c_str(), nullptr, &how, nullptr);
        status != NATS_OK) {
      return failed(status);
    }
    const Subscription subscription(made);
    natsSubscription_SetPendingLimits(made, -1, -1);
    jsConsumerInfo* info = nullptr;
    if (const auto status = natsSubscription_GetConsumerInfo(&info, made, nullptr, nullptr); status != NATS_OK) {
      return failed(status);
    }
    const bool anything = info->NumPending > 0 || info->Delivered.Consumer > 0;
    jsConsumerInfo_Destroy(info);
    if (!anything) return {};

    const auto wait = std::chrono::duration_cast<milliseconds>(patience).count();
    while (true) {
      natsMsg* next = nullptr;
      if (const auto status = natsSubscription_NextMsg(&next, made, wait); status != NATS_OK) return failed(status);
      const Message message(next);
      jsMsgMetaData* facts = nullptr;
      if (const auto status = natsMsg_GetMetaData(&facts, next); status != NATS_OK) return failed(status);
      const bool last = facts->NumPending == 0;
      jsMsgMetaData_Destroy(facts);
      const char* id = nullptr;
      if (natsMsgHeader_Get(next, "Nats-Msg-Id", &id) != NATS_OK) id = nullptr;
      if (!take(id == nullptr ? std::string_view() : std::string_view(id), data_of(next)) || last) return {};
    }
  }

  LinkSetup setup_;
  std::string stream_;
  std::uint64_t before_;
};

/// One connection and what the library's threads leave of it. Outlives their last call.
class Session {
 public:
  explicit Session(Bell& bell) : bell_(bell) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (!connection_) return;
    natsConnection_Close(connection_.get());
    // The library may be within one of the calls below; it says when none will come any more.
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return closed_ && (silent_ || !subscription_); });
  }

  Result<void> open(const LinkSetup& setup, milliseconds patience) {
    const Options options = make_options(setup, patience);
    natsOptions_SetClosedCB(options.get(), on_closed, this);
    if (auto connected = connect(setup, options, connection_); !connected) return connected;
    natsInbox* inbox = nullptr;
    natsInbox_Create(&inbox);
    inbox_ = std::string(inbox) + ".";
    natsInbox_Destroy(inbox);
    natsSubscription* made = nullptr;
    const auto status = natsConnection_Subscribe(&made, connection_.get(), (inbox_ + "*").c_str(), on_reply, this);
    subscription_.reset(made);
    if (status != NATS_OK || natsSubscription_SetOnCompleteCB(made, on_silent, this) != NATS_OK) {
      return setup.error(ErrorKind::unreachable, std::string("no subscription: ") + natsStatus_GetText(status));
    }
    return {};
  }

  [[nodiscard]] natsConnection* connection() const { return connection_.get(); }
  [[nodiscard]] const std::string& inbox() const { return inbox_; }

  struct Answer {
    Ticket ticket;
    bool no_stream = false;
    std::string text;
  };
  /// What has come since the last call; true when the connection is closed.
  bool collect(std::vector<Answer>& into) {
    const std::lock_guard lock(mutex_);
    into.swap(answers_);
    answers_.clear();
    return closed_;
  }

 private:
  static void on_reply(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    const Message kept(message);
    auto& self = *static_cast<Session*>(closure);
    const std::string_view subject = natsMsg_GetSubject(message);
    std::uint64_t ticket = 0;
    const char* const digits = subject.data() + std::min(self.inbox_.size(), subject.size());
    if (std::from_chars(digits, subject.data() + subject.size(), ticket, 16).ec != std::errc{}) return;
    const std::lock_guard lock(self.mutex_);
    self.answers_.push_back({Ticket{ticket}, natsMsg_IsNoResponders(message), std::string(data_of(message))});
    self.bell_.ring();
  }
  static void on_closed(natsConnection*, void* closure) {
    auto& self = *static_cast<Session*>(closure);
    // All of it under the lock: once it is released, session and bell may be gone.
    const std::lock_guard lock(self.mutex_);
    self.closed_ = true;
    self.bell_.ring();
    self.over_.notify_all();
  }
  static void on_silent(void* closure) {
    auto& self = *static_cast<Session*>(closure);
    const std::lock_guard lock(self.mutex_);
    self.silent_ = true;
    self.over_.notify_all();
  }

  Bell& bell_;
  std::string inbox_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::vector<Answer> answers_;
  bool closed_ = false;
  bool silent_ = false;
  Connection connection_;
  Subscription subscription_;
};

class NatsLink final : public Link {
 public:
  explicit NatsLink(LinkSetup setup) : setup_(std::move(setup)) {}

  Result<void> open(LinkEvents& events) override {
    events_ = &events;
    auto session = std::make_unique<Session>(bell_);
    if (auto opened = session->open(setup_, setup_.options.connect_patience); !opened) return opened;
    const auto stream = stream_of(setup_, session->connection());
    if (!stream) return tl::unexpected(stream.error());
    stream_ = *stream;
    if (setup_.read_back) {
      const auto last = last_of(setup_, session->connection(), stream_);
      if (!last) return tl::unexpected(last.error());
      before_ = *last;
    }
    session_ = std::move(session);
    return {};
  }

  void reopen() override {
    auto session = std::make_unique<Session>(bell_);
    if (const auto opened = session->open(setup_, reopen_patience); !opened)
      return events_->down(opened.error().message);
    session_ = std::move(session);
  }

  void drop() override { session_.reset(); }
  [[nodiscard]] bool up() const override { return session_ != nullptr; }

  bool publish(Ticket ticket, const Publication& publication) override {
    std::array<char, 16> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint64_t>(ticket), 16).ptr;
    reply_to_.assign(session_->inbox()).append(digits.data(), end);
    natsMsg* made = nullptr;
    natsStatus status = natsMsg_Create(&made, setup_.url.name.c_str(), reply_to_.c_str(), publication.body.data(),
                                       static_cast<int>(publication.body.size()));
    const Message message(made);
    const auto set = [&](const char* name, const std::string& value) {
      if (status == NATS_OK && !value.empty()) status = natsMsgHeader_Set(made, name, value.c_str());
    };
    set("Nats-Msg-Id", publication.id);
    set("Content-Type", publication.content_type);
    for (const auto& [name, value] : publication.headers) set(name.c_str(), value);
    if (status == NATS_OK) status = natsConnection_PublishMsg(session_->connection(), made);
    if (status == NATS_OK) return true;
    if (status == NATS_MAX_PAYLOAD || status == NATS_INVALID_ARG) {
      events_->settled(ticket, Reply{0, natsStatus_GetText(status), std::nullopt, Acknowledgement::refused});
      return true;
    }
    session_.reset();
    events_->down(std::string("the connection broke: ") + natsStatus_GetText(status));
    return true;
  }

  void turn(nanoseconds wait) override {
    if (wait_ready(bell_.fd(), false, wait) == Readiness::none) return;
    bell_.silence();
    if (!session_) return;
    const bool closed = session_->collect(answers_);
    for (const Session::Answer& answer : answers_) events_->settled(answer.ticket, verdict_of(answer));
    answers_.clear();
    if (!closed) return;
    session_.reset();
    events_->down("the server closed the connection");
  }

  std::unique_ptr<StoredMessages> stored() override { return std::make_unique<NatsMessages>(setup_, stream_, before_); }

 private:
  [[nodiscard]] Result<Reply> verdict_of(const Session::Answer& answer) const {
    if (answer.no_stream) {
      // JetStream is on its way up after a restart, or the stream was deleted.
      return Reply{503, "no stream takes the subject", std::nullopt, Acknowledgement::refused_now};
    }
    const Said said(answer.text);
    if (!said.readable) return setup_.error(ErrorKind::malformed_reply, "an acknowledgement that is no JSON");
    if (const std::int64_t code = said.error_code(); code != 0) {
      const bool later = code >= 500 || code == 408 || code == 429;
      return Reply{static_cast<unsigned>(code), said.error_text(), std::nullopt,
                   later ? Acknowledgement::refused_now : Acknowledgement::refused};
    }
    std::uint64_t sequence = 0;
    if (said.root["seq"].get(sequence) != 0U) {
      return setup_.error(ErrorKind::malformed_reply, "an acknowledgement without a sequence number");
    }
    return Reply{0, {}, std::nullopt, Acknowledgement::confirmed};
  }

  LinkSetup setup_;
  LinkEvents* events_ = nullptr;
  Bell bell_;
  std::unique_ptr<Session> session_;
  std::vector<Session::Answer> answers_;
  std::string stream_;
  std::uint64_t before_ = 0;  // Newest message of the stream before the run.
  std::string reply_to_;
};

}  // namespace

std::unique_ptr<Link> make_nats_link(LinkSetup setup) {
  return std::make_unique<NatsLink>(std::move(setup));
}

}  // namespace peakstorm
