// HTTP/2 by nghttp2, which does framing, header compression and flow control; here are connections, exchanges and what
// becomes of them when either ends early.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <unordered_map>
#include <vector>

#include "adapters/transport/channel.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

/// Streams of one connection when neither the options nor the peer say less: what nginx and Apache's order of
/// magnitude is (128 and 100).
constexpr std::size_t streams_default = 128;
/// What is gathered before it is written.
constexpr std::size_t write_bytes = 64U << 10U;
/// Of the whole connection, for replies: a stream has HTTP/2's own 64 KiB, and all of them together this.
constexpr std::int32_t window_bytes = 16 << 20;
/// An exchange that the peer certainly did not begin is sent again, so often in all.
constexpr unsigned tries_max = 3;

struct Line;

struct Exchange {
  std::size_t number = 0;
  std::string method;
  std::string path;
  std::string headers;
  std::string body;
  std::size_t body_sent = 0;
  bool goes_on = false;  // More of the body may come.
  Completion done;       // Set while it is in flight.
  nanoseconds begun{};
  nanoseconds deadline{};
  unsigned tries = 0;
  Line* line = nullptr;  // Where it is; none while it waits to be sent again or its result to be delivered.
  std::int32_t stream = 0;
  Reply reply;
  bool complete = false;  // The peer has sent all.
};

struct SessionFree {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

class Http2Transport;

/// A connection. Kept for as long as an exchange is on it.
struct Line final : Channel::Owner {
  Line(Http2Transport& t, std::unique_ptr<Channel> c) : transport(&t), channel(std::move(c)) {
    channel->belongs_to(*this);
  }
  void opened(const Result<void>& result) override;
  void moved() override;

  Http2Transport* transport;
  std::unique_ptr<Channel> channel;
  std::unique_ptr<nghttp2_session, SessionFree> session;
  std::vector<Exchange*> waiting;  // For the connection to stand.
  std::unordered_map<std::int32_t, Exchange*> streams;
  std::string out;
  std::size_t written = 0;  // Of out.
  nanoseconds heard{};      // When bytes last came.
  bool settled = false;     // The peer's settings are known: it does speak HTTP/2.
  bool retired = false;     // Takes no new exchange.
  [[nodiscard]] std::size_t in_flight() const { return waiting.size() + streams.size(); }
};

class Http2Transport final : public Http2Calls {
  friend struct Line;

 public:
  Http2Transport(std::unique_ptr<Dialer> dialer, const HttpOptions& options)
      : dialer_(std::move(dialer)), options_(options), clock_(dialer_->clock()), lines_(options.http2_connections) {}

  Result<void> open(std::unique_ptr<Channel> first) {
    lines_.front() = new_line(std::move(first));
    Line& line = *lines_.front();
    begin(line);
    const nanoseconds give_up = clock_.now() + options_.connect_patience;
    while (!line.settled && !line.retired && clock_.now() < give_up) dialer_->loop().run(give_up);
    if (!line.settled) {
      return dialer_->error(ErrorKind::unreachable,
                            std::string("what answers there does not speak HTTP/2; ") +
                                (dialer_->target().grpc ? "check that a gRPC server listens there" : "use --http 1.1"));
    }
    const std::size_t peer =
        nghttp2_session_get_remote_settings(line.session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    streams_ = std::max<std::size_t>(1, std::min(options_.streams == 0 ? streams_default : options_.streams, peer));
    for (std::size_t i = 0; i < streams_ * lines_.size(); ++i) {
      exchanges_.push_back(std::make_unique<Exchange>());
      exchanges_.back()->number = i;
      free_.push_back(exchanges_.back().get());
    }
    return {};
  }

  [[nodiscard]] std::size_t idle() const override { return free_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return exchanges_.size() - free_.size(); }

  void submit(const Request& request, nanoseconds patience, Completion done) override {
    start(request, patience, std::move(done), false);
  }

  std::size_t begin(const Request& request, nanoseconds patience, Completion done) override {
    return start(request, patience, std::move(done), true);
  }

  void more_body(std::size_t exchange, std::string_view bytes) override {
    Exchange& e = *exchanges_[exchange];
    e.body += bytes;
    resume(e);
  }

  void end_body(std::size_t exchange) override {
    Exchange& e = *exchanges_[exchange];
    e.goes_on = false;
    resume(e);
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    while (true) {
      expire();
      dialer_->loop().run({});
      for (Exchange* e : std::exchange(again_, {})) start(*e);
      deliver();
      sweep();
      const nanoseconds now = clock_.now();
      if (completed_ > 0 || now >= until) return;
      if (!again_.empty() || !finished_.empty()) continue;
      dialer_->loop().run(std::min({until, next_deadline_, now + std::chrono::hours(1)}));  // "Never" would overflow.
    }
  }

 private:
  std::size_t start(const Request& request, nanoseconds patience, Completion done, bool goes_on) {
    PEAKSTORM_CHECK(!free_.empty(), exchanges_.size());
    Exchange& e = *free_.back();
    free_.pop_back();
    e.method = request.method;
    e.path.assign(dialer_->target().prefix).append(request.path);
    e.headers = request.headers;
    e.body = request.body;
    e.done = std::move(done);
    e.begun = clock_.now();
    e.deadline = e.begun + patience;
    e.tries = 0;
    e.goes_on = goes_on;
    next_deadline_ = std::min(next_deadline_, e.deadline);
    start(e);
    return e.number;
  }

  /// What was added to its body may go, where it is under way.
  void resume(Exchange& e) {
    if (e.line == nullptr || !e.line->streams.contains(e.stream)) return;
    nghttp2_session_resume_data(e.line->session.get(), e.stream);
    flush(*e.line);
  }

  // ---- connections ----

  std::unique_ptr<Line> new_line(std::unique_ptr<Channel> channel) {
    return std::make_unique<Line>(*this, std::move(channel));
  }

  /// The connection with the fewest exchanges; one that stands before one that does not.
  Line& pick() {
    std::unique_ptr<Line>* best = nullptr;
    for (auto& line : lines_) {
      const auto load = [](const std::unique_ptr<Line>& l) { return l ? l->in_flight() : 0; };
      if (best == nullptr || load(line) < load(*best) || (load(line) == load(*best) && !*best && line)) best = &line;
    }
    if (!*best) {
      *best = new_line(std::make_unique<Channel>(*dialer_));
    }
    return **best;
  }

  void opened(Line& line, const Result<void>& connected) {
    if (!connected) return lose(line, connected.error());
    begin(line);
    for (Exchange* e : std::exchange(line.waiting, {})) request(line, *e);
    flush(line);
  }

  void begin(Line& line) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, callbacks, &line);
    nghttp2_session_callbacks_del(callbacks);
    line.session.reset(session);
    const std::array<nghttp2_settings_entry, 1> settings{{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window_bytes);
    flush(line);
    read(line);
  }

  void read(Line& line) {
    while (line.channel->connected()) {
      const Moved moved = line.channel->read(room_.data(), room_.size());
      if (moved.state == Moved::State::blocked) return;
      if (moved.state == Moved::State::ended) return lose(line, lost("closed by the server"));
      if (moved.state == Moved::State::broken) return lose(line, lost("reset or cut off"));
      line.heard = clock_.now();
      const auto taken = nghttp2_session_mem_recv(line.session.get(),
                                                  reinterpret_cast<const std::uint8_t*>(room_.data()), moved.bytes);
      if (taken < 0) return lose(line, lost(nghttp2_strerror(static_cast<int>(taken))));
      flush(line);
    }
  }

  /// Writes what nghttp2 has to say. Requires: not inside one of its callbacks.
  void flush(Line& line) {
    while (line.channel->connected()) {
      while (line.written < line.out.size()) {
        const Moved moved = line.channel->write(std::string_view(line.out).substr(line.written));
        // A farewell may still be readable; the reader ends the connection.
        if (moved.state != Moved::State::some) return;
        line.written += moved.bytes;
      }
      line.out.clear();
      line.written = 0;
      while (line.out.size() < write_bytes) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(line.session.get(), &bytes);
        if (size < 0) return lose(line, lost(nghttp2_strerror(static_cast<int>(size))));
        if (size == 0) break;
        line.out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
      }
      if (line.out.empty()) {
        // After an error of the protocol nghttp2 has said goodbye and wants nothing more.
        if (nghttp2_session_want_read(line.session.get()) == 0) lose(line, lost("a violation of HTTP/2"));
        return;
      }
    }
  }

  [[nodiscard]] Error lost(const std::string& why) const {
    return dialer_->error(ErrorKind::malformed_reply, "connection lost: " + why).value();
  }

  /// The connection is over, and with it every exchange on it.
  void lose(Line& line, const Error& why) {
    retire(line);
    line.channel->close();
    for (Exchange* e : std::exchange(line.waiting, {})) finish(*e, tl::unexpected(why));
    for (const auto& [id, e] : std::exchange(line.streams, {})) finish(*e, tl::unexpected(why));
  }

  /// No new exchange for it; another takes its place when one is needed.
  void retire(Line& line) {
    line.retired = true;
    for (auto& place : lines_) {
      if (place.get() == &line) leaving_.push_back(std::move(place));
    }
  }

  /// Closes retired connections that have nothing left to do.
  void sweep() {
    std::erase_if(leaving_, [](const std::unique_ptr<Line>& line) { return line->in_flight() == 0; });
  }

  // ---- exchanges ----

  void start(Exchange& e) {
    e.body_sent = 0;
    e.reply = {};
    e.complete = false;
    // A peer that said goodbye meanwhile is noticed now. Completions wait for deliver(): none runs in here.
    if (pick().in_flight() == 0) dialer_->loop().run({});
    Line& line = pick();
    e.line = &line;
    if (!line.session) {
      line.waiting.push_back(&e);
      if (!line.channel->opening()) line.channel->open();
      return;
    }
    request(line, e);
    flush(line);
  }

  void request(Line& line, Exchange& e) {
    std::vector<nghttp2_nv> lines;
    const auto add = [&lines](std::string_view name, std::string_view value) {
      const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
      };
      lines.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    };
    add(":method", e.method);
    add(":scheme", dialer_->target().tls ? "https" : "http");
    add(":authority", dialer_->authority());
    add(":path", e.path);
    const bool has_body = !e.body.empty() || e.goes_on;
    const std::string length = std::to_string(e.body.size());
    if (!dialer_->target().grpc && (has_body || e.method != "GET")) add("content-length", length);
    for (std::size_t at = 0; at < e.headers.size();) {
      const std::size_t end = std::min(e.headers.find("\r\n", at), e.headers.size());
      const std::size_t colon = std::min(e.headers.find(':', at), end);
      for (std::size_t i = at; i < colon; ++i) {  // Names are in lower case in HTTP/2.
        e.headers[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(e.headers[i])));
      }
      std::string_view value =
          std::string_view(e.headers).substr(std::min(colon + 1, end), end - std::min(colon + 1, end));
      while (value.starts_with(' ')) value.remove_prefix(1);
      add(std::string_view(e.headers).substr(at, colon - at), value);
      at = end + 2;
    }
    nghttp2_data_provider body{};
    body.read_callback = on_body;
    const std::int32_t id = nghttp2_submit_request(line.session.get(), nullptr, lines.data(), lines.size(),
                                                   has_body ? &body : nullptr, nullptr);
    if (id < 0) {  // The numbers of this connection's streams are used up.
      retire(line);
      return repeat(e, "no stream is left");
    }
    e.stream = id;
    line.streams.emplace(id, &e);
  }

  /// The peer did not begin it (RFC 9113, 8.7): it may be sent again, whatever it does there.
  void repeat(Exchange& e, const std::string& why) {
    if (++e.tries >= tries_max) {
      return finish(e, dialer_->error(ErrorKind::malformed_reply, "refused by the server's HTTP/2: " + why));
    }
    e.line = nullptr;
    again_.push_back(&e);
  }

  void finish(Exchange& e, Result<Reply> result) {
    e.line = nullptr;
    e.deadline = nanoseconds::max();
    finished_.emplace_back(&e, std::move(result));
  }

  void deliver() {
    auto finished = std::exchange(finished_, {});
    for (auto& [e, result] : finished) {
      ++completed_;
      const Completion done = std::exchange(e->done, nullptr);
      free_.push_back(e);
      done(std::move(result));
    }
  }

  void expire() {
    const nanoseconds now = clock_.now();
    if (now < next_deadline_) return;
    next_deadline_ = nanoseconds::max();
    for (const auto& e : exchanges_) {
      if (!e->done || e->deadline == nanoseconds::max()) continue;
      if (e->deadline > now) {
        next_deadline_ = std::min(next_deadline_, e->deadline);
        continue;
      }
      std::erase(again_, e.get());
      if (Line* const line = e->line) {
        std::erase(line->waiting, e.get());
        if (line->streams.erase(e->stream) > 0) {
          nghttp2_submit_rst_stream(line->session.get(), NGHTTP2_FLAG_NONE, e->stream, NGHTTP2_CANCEL);
          flush(*line);
        }
        // Not a byte since: a connection whose other end is gone without a word. The next exchanges take another.
        if (line->heard < e->begun) retire(*line);
      }
      finish(*e, dialer_->error(ErrorKind::timed_out, "no complete reply in time"));
    }
  }

  // ---- what nghttp2 tells; nothing here may write or run a completion ----

  static Exchange* find(const Line& line, std::int32_t stream) {
    const auto found = line.streams.find(stream);
    return found == line.streams.end() ? nullptr : found->second;
  }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/,
                       void* user) {
    Exchange* const e = find(*static_cast<Line*>(user), frame->hd.stream_id);
    if (e == nullptr) return 0;
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      e->reply.status = 0;  // After a 103 comes another; nghttp2 lets three digits through only.
      for (const char digit : text) e->reply.status = e->reply.status * 10 + static_cast<unsigned>(digit - '0');
    } else if (key == "retry-after") {
      e->reply.retry_after = retry_after_of(text);
    } else if (key == "location") {
      e->reply.location = text;
    } else if (key == "grpc-status") {
      unsigned code = 2;  // UNKNOWN, for what is no number.
      std::from_chars(text.data(), text.data() + text.size(), code);
      e->reply.grpc_status = code;
    } else if (key == "grpc-message") {
      e->reply.grpc_message = text;
    } else if (key == "grpc-retry-pushback-ms") {
      const auto ms = retry_after_of(text);  // The same digits, of another unit.
      if (ms) e->reply.retry_after = std::chrono::seconds{(ms->count() + 999) / 1000};
    } else if (key == "gs1-epcis-capture-limit") {
      e->reply.events_max = limit_of(text);
    } else if (key == "gs1-epcis-capture-file-size-limit") {
      e->reply.bytes_max = limit_of(text);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t stream, const std::uint8_t* data,
                     std::size_t size, void* user) {
    Line& line = *static_cast<Line*>(user);
    Exchange* const e = find(line, stream);
    if (e == nullptr) return 0;
    if (e->reply.body.size() + size > line.transport->options_.reply_bytes_max) {
      line.streams.erase(stream);
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
      line.transport->finish(*e, line.transport->dialer_->error(ErrorKind::malformed_reply, "the reply is too long"));
      return 0;
    }
    e->reply.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Line& line = *static_cast<Line*>(user);
    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) line.settled = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) line.transport->retire(line);
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      if (Exchange* const e = find(line, frame->hd.stream_id)) {
        e->complete = true;
        // It has its say and needs no more of the request (RFC 9113, 8.1).
        if (e->goes_on || e->body_sent < e->body.size()) {
          nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
        }
      }
    }
    return 0;
  }

  static int on_not_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, int error, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS)
      end(*static_cast<Line*>(user), frame->hd.stream_id, true, nghttp2_strerror(error));
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t error, void* user) {
    end(*static_cast<Line*>(user), stream, error == NGHTTP2_REFUSED_STREAM, nghttp2_http2_strerror(error));
    return 0;
  }

  static void end(Line& line, std::int32_t stream, bool not_begun, const std::string& why) {
    Exchange* const e = find(line, stream);
    if (e == nullptr) return;
    line.streams.erase(stream);
    if (e->complete) {
      line.transport->finish(*e, std::move(e->reply));
    } else if (not_begun) {
      line.transport->repeat(*e, why);
    } else {
      line.transport->finish(
          *e, line.transport->dialer_->error(ErrorKind::malformed_reply, "the stream was reset: " + why));
    }
  }

  static ssize_t on_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    Exchange* const e = find(*static_cast<Line*>(user), stream);
    if (e == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t part = e->body.copy(reinterpret_cast<char*>(out), size, e->body_sent);
    e->body_sent += part;
    if (e->goes_on && part == 0) return NGHTTP2_ERR_DEFERRED;
    if (!e->goes_on && e->body_sent == e->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  std::unique_ptr<Dialer> dialer_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::size_t streams_ = 0;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> free_;
  std::vector<Exchange*> again_;
  std::vector<std::pair<Exchange*, Result<Reply>>> finished_;
  std::vector<std::unique_ptr<Line>> lines_;    // None where none is needed yet.
  std::vector<std::unique_ptr<Line>> leaving_;  // Retired ones.
  nanoseconds next_deadline_ = nanoseconds::max();
  std::size_t completed_ = 0;
  std::array<char, 64 << 10> room_;  // What is read passes through here.
};

void Line::opened(const Result<void>& result) {
  transport->opened(*this, result);
}

void Line::moved() {
  transport->flush(*this);
  transport->read(*this);
}

}  // namespace

Result<std::unique_ptr<Http2Calls>> make_http2(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                               const HttpOptions& options) {
  auto transport = std::make_unique<Http2Transport>(std::move(dialer), options);
  if (auto opened = transport->open(std::move(first)); !opened) return tl::unexpected(opened.error());
  return transport;
}

}  // namespace peakstorm
