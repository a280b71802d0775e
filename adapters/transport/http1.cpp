// HTTP/1.1 with kept connections, one request in flight on each. The path of a request that finds its connection open
// is one send and one recv, without an allocation once the buffers have grown.
#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "adapters/transport/channel.hpp"
#include "adapters/transport/http1_reply.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

/// One look at all idle connections serves for the requests that begin within this time.
constexpr nanoseconds look_good_for = std::chrono::microseconds{200};
/// With so many requests in flight a connection is used again at once after its reply, and the wait that brought the
/// reply serves as the look. With fewer there may have been time to close it.
constexpr std::size_t burst = 8;

class Http1Transport final : public Transport {
 public:
  Http1Transport(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first, const HttpOptions& options)
      : dialer_(std::move(dialer)), options_(options), clock_(dialer_->clock()) {
    host_lines_ = " HTTP/1.1\r\nHost: " + dialer_->authority() + "\r\n";
    for (std::size_t i = 0; i < options_.connections; ++i) {
      connections_.push_back(
          std::make_unique<Connection>(*this, i == 0 ? std::move(first) : std::make_unique<Channel>(*dialer_)));
    }
    // Taken from the back: the connection that is open already serves first.
    for (auto c = connections_.rbegin(); c != connections_.rend(); ++c) free_.push_back(c->get());
  }

  [[nodiscard]] std::size_t idle() const override { return free_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return connections_.size() - free_.size(); }

  void submit(const Request& request, nanoseconds patience, Completion done) override {
    PEAKSTORM_CHECK(!free_.empty(), connections_.size());
    Connection& c = *free_.back();
    free_.pop_back();
    const nanoseconds now = clock_.now();
    if (c.channel->connected() && doubtful(c, now) && !c.channel->silent()) c.channel->close();
    c.stirred = false;
    c.done = std::move(done);
    c.deadline = now + patience;
    next_deadline_ = std::min(next_deadline_, c.deadline);
    compose(request, c.out);
    c.written = 0;
    c.write_failed = false;
    c.reader.start(options_.reply_bytes_max);

    if (c.channel->connected()) {
      write(c);
      if (c.write_failed) unsettled_.push_back(&c);  // The reader finds out why; completions run in poll alone.
    } else {
      c.channel->open();
    }
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    while (true) {
      const nanoseconds now = clock_.now();
      if (now >= next_deadline_) expire(now);
      settle();
      const bool wait = completed_ == 0 && unsettled_.empty();
      dialer_->loop().run(wait ? std::min({until, next_deadline_, now + std::chrono::hours(1)}) : nanoseconds{});
      if (completed_ > 0 || clock_.now() >= until) return;
    }
  }

 private:
  struct Connection final : Channel::Owner {
    Connection(Http1Transport& t, std::unique_ptr<Channel> c) : transport(t), channel(std::move(c)) {
      channel->belongs_to(*this);
    }
    void opened(const Result<void>& result) override { transport.opened(*this, result); }
    void moved() override { transport.moved(*this); }

    Http1Transport& transport;
    std::unique_ptr<Channel> channel;
    std::string out;
    std::size_t written = 0;
    // A server may answer (413, 503) and close without reading all; its answer still counts, so it is read anyway.
    bool write_failed = false;
    ReplyReader reader;
    Completion done;               // Set while a request is in flight.
    std::optional<Error> refusal;  // No connection could be had.
    nanoseconds deadline{};
    nanoseconds last_reply{};  // When the wait ended that brought it.
    bool stirred = false;      // Something came, or may have come, that belongs to no reply.
  };

  /// Whether the connection has to be asked if it is silent, which it must be before a request. Over TLS always: there
  /// the rest of what came with the last reply raises no event of its own.
  bool doubtful(const Connection& c, nanoseconds now) {
    if (dialer_->target().tls) return true;
    const nanoseconds seen = in_flight() > burst ? std::max(looked_at_, dialer_->loop().woke()) : looked_at_;
    if (now - seen > look_good_for || (in_flight() <= burst && c.last_reply >= looked_at_)) {
      looking_ = true;
      dialer_->loop().run({});
      looking_ = false;
      looked_at_ = now;
    }
    return c.stirred || c.channel->hung_up();
  }

  void compose(const Request& request, std::string& out) const {
    out.clear();
    out.append(request.method).append(" ").append(dialer_->target().prefix).append(request.path).append(host_lines_);
    if (!request.body.empty() || request.method != "GET") {
      std::array<char, 20> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), request.body.size()).ptr;
      out.append("Content-Length: ").append(digits.data(), end).append("\r\n");
    }
    // One piece, so that one call sends it: copying a body costs less than a second address in that call.
    out.append(request.headers).append("\r\n").append(request.body);
  }

  void opened(Connection& c, const Result<void>& result) {
    if (!result) {
      c.refusal = result.error();
      unsettled_.push_back(&c);
      return;
    }
    write(c);
    if (c.write_failed) unsettled_.push_back(&c);
  }

  void write(Connection& c) {
    while (c.written < c.out.size() && !c.write_failed) {
      const Moved moved = c.channel->write(std::string_view(c.out).substr(c.written));
      c.written += moved.bytes;
      if (moved.state == Moved::State::blocked) return;
      c.write_failed = moved.state != Moved::State::some;
    }
  }

  void moved(Connection& c) {
    if (!c.done) {
      c.stirred = true;
      return;
    }
    if (looking_) {  // Not inside poll, where replies are told.
      unsettled_.push_back(&c);
      return;
    }
    write(c);
    read(c);
  }

  void read(Connection& c) {
    while (true) {
      const Moved moved = c.channel->read(room_.data(), room_.size());
      ReplyReader::State state = ReplyReader::State::more;
      std::string_view bytes(room_.data(), moved.bytes);
      switch (moved.state) {
        case Moved::State::blocked:
          return;
        case Moved::State::some:
          state = c.reader.take(bytes);
          break;
        case Moved::State::ended:
          state = c.reader.end();
          break;
        case Moved::State::broken:
          return finish(c, broken("the connection was reset or cut off"), false);
      }
      if (state == ReplyReader::State::bad) return finish(c, broken(c.reader.fault()), false);
      if (state == ReplyReader::State::complete) {
        const bool reusable = c.reader.keeps_alive() && c.written == c.out.size() && bytes.empty();
        c.stirred = moved.bytes == room_.size();  // There may be more.
        return finish(c, std::move(c.reader.reply()), reusable);
      }
    }
  }

  [[nodiscard]] tl::unexpected<Error> broken(const char* why) const {
    return dialer_->error(ErrorKind::malformed_reply, why);
  }

  /// Requests that found no connection, or none that takes bytes.
  void settle() {
    for (Connection* c : std::exchange(unsettled_, {})) {
      if (!c->done) continue;
      if (c->refusal) {
        finish(*c, tl::unexpected(*std::exchange(c->refusal, std::nullopt)), false);
      } else if (c->channel->connected()) {
        moved(*c);
      }
    }
  }

  void finish(Connection& c, Result<Reply> result, bool reusable) {
    if (reusable) {
      c.last_reply = dialer_->loop().woke();
    } else {
      c.channel->close();
    }
    ++completed_;
    const Completion done = std::move(c.done);
    c.done = nullptr;
    free_.push_back(&c);
    done(std::move(result));
  }

  void expire(nanoseconds now) {
    next_deadline_ = nanoseconds::max();
    for (const auto& c : connections_) {
      if (!c->done) continue;
      if (c->deadline <= now) {
        c->refusal.reset();
        finish(*c, dialer_->error(ErrorKind::timed_out, "no complete reply in time"), false);
      }
      if (c->done) next_deadline_ = std::min(next_deadline_, c->deadline);  // Its next one, perhaps.
    }
  }

  std::unique_ptr<Dialer> dialer_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::string host_lines_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
  std::vector<Connection*> unsettled_;
  nanoseconds next_deadline_ = nanoseconds::max();
  std::size_t completed_ = 0;
  nanoseconds looked_at_ = nanoseconds::min() / 2;
  bool looking_ = false;
  std::array<char, 64 << 10> room_;  // What is read passes through here at once; the readers keep what they need.
};

}  // namespace

std::unique_ptr<Transport> make_http1(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                      const HttpOptions& options) {
  return std::make_unique<Http1Transport>(std::move(dialer), std::move(first), options);
}

}  // namespace peakstorm
