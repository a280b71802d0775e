#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <vector>

#include "adapters/transport/channel.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

namespace http = boost::beast::http;
using std::chrono::nanoseconds;

struct Connection {
  std::unique_ptr<Channel> channel;
  boost::beast::flat_buffer buffer;
  std::optional<http::response_parser<http::string_body>> parser;
  std::string head;
  std::string body;
  Completion done;  // Set while a request is in flight.
  nanoseconds deadline{};
  bool expired = false;  // Its patience ran out; the operation under way is being cancelled.
};

class Http1Transport final : public Transport {
 public:
  Http1Transport(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first, const HttpOptions& options)
      : dialer_(std::move(dialer)), options_(options), clock_(dialer_->clock()) {
    host_lines_ = " HTTP/1.1\r\nHost: " + dialer_->authority() + "\r\n";
    for (std::size_t i = 0; i < options_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>());
      connections_.back()->channel = i == 0 ? std::move(first) : std::make_unique<Channel>(dialer_->io());
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
    c.done = std::move(done);
    c.expired = false;
    c.deadline = clock_.now() + patience;
    next_deadline_ = std::min(next_deadline_, c.deadline);

    c.head.clear();
    c.head.append(request.method).append(" ").append(dialer_->target().prefix).append(request.path).append(host_lines_);
    if (!request.body.empty() || request.method != "GET") {
      std::array<char, 20> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), request.body.size()).ptr;
      c.head.append("Content-Length: ").append(digits.data(), end).append("\r\n");
    }
    c.head.append(request.headers).append("\r\n");
    c.body.assign(request.body);

    if (c.channel->connected() && !c.channel->silent()) disconnect(c);
    if (c.channel->connected()) {
      write(c);
    } else {
      dialer_->connect(*c.channel, [this, &c](const Result<void>& connected) {
        if (c.expired) return finish(c, timed_out());
        if (!connected) return finish(c, tl::unexpected(connected.error()));
        write(c);
      });
    }
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    while (true) {
      expire();
      dialer_->io().poll();
      const nanoseconds now = clock_.now();
      if (completed_ > 0 || now >= until) return;
      dialer_->wait(std::min({until, next_deadline_, now + std::chrono::hours(1)}));  // "Never" would overflow.
    }
  }

 private:
  void disconnect(Connection& c) {
    c.channel->close();
    c.buffer.clear();
  }

  void write(Connection& c) {
    const std::array<asio::const_buffer, 2> bytes{asio::buffer(c.head), asio::buffer(c.body)};
    c.channel->with_stream([&](auto& stream) {
      asio::async_write(stream, bytes, [this, &c](const error_code& error, std::size_t) {
        // A server may answer (413, 503) and close without reading all; its answer still counts, so read anyway.
        if (c.expired) return finish(c, timed_out());
        read(c, error);
      });
    });
  }

  void read(Connection& c, const error_code& write_error) {
    c.parser.emplace();
    c.parser->body_limit(options_.reply_bytes_max);
    c.channel->with_stream([&](auto& stream) {
      http::async_read(stream, c.buffer, *c.parser, [this, &c, write_error](const error_code& error, std::size_t) {
        replied(c, write_error, error);
      });
    });
  }

  void replied(Connection& c, const error_code& write_error, const error_code& error) {
    if (c.expired) return finish(c, timed_out());
    if (error) {
      return finish(c, dialer_->error(ErrorKind::malformed_reply, (write_error ? write_error : error).message()));
    }
    auto& message = c.parser->get();
    Reply reply;
    reply.status = message.result_int();
    if (const auto after = message.find(http::field::retry_after); after != message.end()) {
      reply.retry_after = retry_after_of({after->value().data(), after->value().size()});
    }
    reply.body = std::move(message.body());
    const bool reusable = !write_error && c.parser->keep_alive() && !c.parser->need_eof() && c.buffer.size() == 0;
    finish(c, std::move(reply), reusable);
  }

  [[nodiscard]] tl::unexpected<Error> timed_out() const {
    return dialer_->error(ErrorKind::timed_out, "no complete reply in time");
  }

  void finish(Connection& c, Result<Reply> result, bool reusable = false) {
    if (!reusable) disconnect(c);
    ++completed_;
    const Completion done = std::move(c.done);
    c.done = nullptr;
    free_.push_back(&c);
    done(std::move(result));
  }

  /// Closes connections whose patience has run out; their operations then end, and with them the exchange.
  void expire() {
    const nanoseconds now = clock_.now();
    if (now < next_deadline_) return;
    next_deadline_ = nanoseconds::max();
    for (const auto& c : connections_) {
      if (!c->done || c->expired) continue;
      if (c->deadline <= now) {
        c->expired = true;
        c->channel->close();  // The buffers stay until the operation's handler has run.
      } else {
        next_deadline_ = std::min(next_deadline_, c->deadline);
      }
    }
  }

  std::unique_ptr<Dialer> dialer_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::string host_lines_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
  nanoseconds next_deadline_ = nanoseconds::max();
  std::size_t completed_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_http1(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                      const HttpOptions& options) {
  return std::make_unique<Http1Transport>(std::move(dialer), std::move(first), options);
}

}  // namespace peakstorm
