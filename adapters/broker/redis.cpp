// Redis streams through hiredis: XADD, answered in the order of asking.
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <charconv>
#include <deque>
#include <thread>

#include "adapters/broker/link.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds reopen_patience{1000};
constexpr const char* id_field = "peakstorm-id";
constexpr const char* body_field = "body";

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Answer = std::unique_ptr<redisReply, FreeReply>;

std::string_view text_of(const redisReply& reply) {
  return {reply.str, static_cast<std::size_t>(reply.len)};
}

timeval as_timeval(milliseconds length) {
  return {length.count() / 1000, (length.count() % 1000) * 1000};
}

/// Sends one command and waits for its answer; none when the connection broke.
Answer ask(redisContext* context, const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  return Answer(
      static_cast<redisReply*>(redisCommandArgv(context, static_cast<int>(words.size()), texts.data(), sizes.data())));
}

bool is_error(const redisReply& reply, std::string_view code) {
  return reply.type == REDIS_REPLY_ERROR && text_of(reply).starts_with(code);
}

Result<Context> connect(const LinkSetup& setup, milliseconds patience) {
  unsigned port = 0;
  std::from_chars(setup.url.port.data(), setup.url.port.data() + setup.url.port.size(), port);
  Context context(redisConnectWithTimeout(setup.address.c_str(), static_cast<int>(port), as_timeval(patience)));
  PEAKSTORM_CHECK(context != nullptr, port);
  const auto broken = [&] {
    return setup.error(ErrorKind::unreachable,
                       std::string("no Redis connection: ") + context->errstr + "; check that Redis listens there");
  };
  if (context->err != 0) return broken();
  redisSetTimeout(context.get(), as_timeval(patience));
  const BrokerOptions& given = setup.options;
  if (!given.user.empty() || !given.password.empty()) {
    std::vector<std::string_view> words{"AUTH"};
    if (!given.user.empty()) words.emplace_back(given.user);
    words.emplace_back(given.password);
    const Answer answer = ask(context.get(), words);
    if (!answer) return broken();
    if (answer->type == REDIS_REPLY_ERROR) return setup.login_refused();
  }
  return context;
}

tl::unexpected<Error> refused(const LinkSetup& setup, const redisReply& reply) {
  if (is_error(reply, "NOAUTH")) return setup.login_refused();
  if (is_error(reply, "WRONGTYPE")) {
    return setup.error(ErrorKind::bad_input, "'" + setup.url.name + "' is no stream there; name another one");
  }
  if (is_error(reply, "NOPERM")) {
    return setup.error(ErrorKind::bad_input, "the user may not use the stream '" + setup.url.name + "'; allow it");
  }
  return setup.error(ErrorKind::unreachable, "Redis says " + std::string(text_of(reply)));
}

class RedisMessages final : public StoredMessages {
 public:
  RedisMessages(LinkSetup setup, std::string before) : setup_(std::move(setup)), from_("(" + std::move(before)) {}

  Result<void> read(std::uint64_t /*confirmed*/, nanoseconds patience, const Take& take) override {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    const auto later = [&] {
      std::this_thread::sleep_for(milliseconds{50});
      return std::chrono::steady_clock::now() < give_up;
    };
    auto context = connect(setup_, reopen_patience);
    while (!context) {
      if (!later()) return tl::unexpected(context.error());
      context = connect(setup_, reopen_patience);
    }
    redisSetTimeout(context->get(), as_timeval(std::chrono::duration_cast<milliseconds>(patience)));
    while (true) {
      const Answer page = ask(context->get(), {"XRANGE", setup_.url.name, from_, "+", "COUNT", "1000"});
      if (!page) {
        return setup_.error(ErrorKind::unreachable, std::string("reading back: ") + (*context)->errstr);
      }
      if (is_error(*page, "LOADING") && later()) continue;
      if (page->type != REDIS_REPLY_ARRAY) return refused(setup_, *page);
      if (page->elements == 0) return {};
      for (std::size_t i = 0; i < page->elements; ++i) {
        if (!tell(*page->element[i], take)) return {};
      }
    }
  }

 private:
  /// An entry is its id and the list of its fields and values.
  bool tell(const redisReply& entry, const Take& take) {
    if (entry.elements != 2 || entry.element[1]->type != REDIS_REPLY_ARRAY) return true;
    from_ = "(" + std::string(text_of(*entry.element[0]));
    const redisReply& fields = *entry.element[1];
    std::string_view id;
    std::string_view body;
    for (std::size_t i = 0; i + 1 < fields.elements; i += 2) {
      const std::string_view name = text_of(*fields.element[i]);
      if (name == id_field) id = text_of(*fields.element[i + 1]);
      if (name == body_field) body = text_of(*fields.element[i + 1]);
    }
    return take(id, body);
  }

  LinkSetup setup_;
  std::string from_;  // Exclusive.
};

class RedisLink final : public Link {
 public:
  explicit RedisLink(LinkSetup setup) : setup_(std::move(setup)) {}

  Result<void> open(LinkEvents& events) override {
    events_ = &events;
    auto context = connect(setup_, setup_.options.connect_patience);
    if (!context) return tl::unexpected(context.error());
    const Answer newest = ask(context->get(), {"XREVRANGE", setup_.url.name, "+", "-", "COUNT", "1"});
    if (!newest) {
      return setup_.error(ErrorKind::unreachable, std::string("no answer of Redis: ") + (*context)->errstr +
                                                      "; check that Redis listens there");
    }
    if (newest->type != REDIS_REPLY_ARRAY) return refused(setup_, *newest);
    if (newest->elements == 1) before_ = text_of(*newest->element[0]->element[0]);
    take(std::move(*context));
    return {};
  }

  void reopen() override {
    auto context = connect(setup_, reopen_patience);
    if (!context) return events_->down(context.error().message);
    take(std::move(*context));
  }

  void drop() override {
    context_.reset();
    asked_.clear();
  }
  [[nodiscard]] bool up() const override { return context_ != nullptr; }

  bool publish(Ticket ticket, const Publication& publication) override {
    texts_.clear();
    sizes_.clear();
    const auto word = [this](std::string_view text) {
      texts_.push_back(text.data());
      sizes_.push_back(text.size());
    };
    for (const std::string_view text :
         {std::string_view("XADD"), std::string_view(setup_.url.name), std::string_view("*")}) {
      word(text);
    }
    const auto field = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      word(name);
      word(value);
    };
    field(id_field, publication.id);
    field("key", publication.key);
    field("content-type", publication.content_type);
    for (const auto& [name, value] : publication.headers) field(name, value);
    word(body_field);
    word(publication.body);
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(texts_.size()), texts_.data(), sizes_.data()) !=
        REDIS_OK) {
      broke();
      return true;
    }
    asked_.push_back(ticket);
    write();
    return true;
  }

  void turn(nanoseconds wait) override {
    if (!context_) {
      wait_ready(-1, false, wait);
      return;
    }
    const Readiness ready = wait_ready(context_->fd, unwritten_, wait);
    const auto bits = static_cast<unsigned>(ready);
    if ((bits & static_cast<unsigned>(Readiness::writable)) != 0) write();
    if (!context_ || (bits & static_cast<unsigned>(Readiness::readable)) == 0) return;
    if (redisBufferRead(context_.get()) != REDIS_OK) return broke();
    while (context_) {
      void* next = nullptr;
      if (redisGetReplyFromReader(context_.get(), &next) != REDIS_OK) return broke();
      if (next == nullptr) return;
      const Answer answer(static_cast<redisReply*>(next));
      if (asked_.empty()) return broke();  // An answer that nobody asked for.
      const Ticket ticket = asked_.front();
      asked_.pop_front();
      events_->settled(ticket, verdict_of(*answer));
    }
  }

  std::unique_ptr<StoredMessages> stored() override { return std::make_unique<RedisMessages>(setup_, before_); }

 private:
  void take(Context context) {
    context_ = std::move(context);
    // Connected and logged in while blocking; from here on nothing may block.
    context_->flags &= ~REDIS_BLOCK;
    ::fcntl(context_->fd, F_SETFL, ::fcntl(context_->fd, F_GETFL) | O_NONBLOCK);
    unwritten_ = false;
    asked_.clear();
  }

  void write() {
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return broke();
    unwritten_ = done == 0;
  }

  void broke() {
    const std::string why = std::string("the connection broke: ") + context_->errstr;
    drop();
    events_->down(why);
  }

  [[nodiscard]] Result<Reply> verdict_of(const redisReply& reply) const {
    if (reply.type == REDIS_REPLY_STRING) return Reply{0, {}, std::nullopt, Acknowledgement::confirmed};
    if (reply.type != REDIS_REPLY_ERROR)
      return setup_.error(ErrorKind::malformed_reply, "XADD was not answered by an id");
    Acknowledgement acknowledgement = Acknowledgement::refused;
    // What passes: starting up, short of memory, in the middle of a change of masters.
    for (const char* passing :
         {"LOADING", "OOM", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "MISCONF"}) {
      if (is_error(reply, passing)) acknowledgement = Acknowledgement::refused_now;
    }
    return Reply{0, std::string(text_of(reply)), std::nullopt, acknowledgement};
  }

  LinkSetup setup_;
  LinkEvents* events_ = nullptr;
  Context context_;
  bool unwritten_ = false;
  std::deque<Ticket> asked_;
  std::string before_ = "0-0";  // Newest entry before the run.
  std::vector<const char*> texts_;
  std::vector<std::size_t> sizes_;
};

}  // namespace

std::unique_ptr<Link> make_redis_link(LinkSetup setup) {
  return std::make_unique<RedisLink>(std::move(setup));
}

}  // namespace peakstorm
