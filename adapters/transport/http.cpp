#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <charconv>
#include <vector>

#include "adapters/transport.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::nanoseconds;
using tcp = asio::ip::tcp;

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds{value};
}

/// True when a connection that should be silent is: nothing to read, not closed by the other side. A reply that
/// nobody asked for would otherwise be taken for the next request's.
bool is_silent(int socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct Connection {
  explicit Connection(asio::io_context& io) : socket(io) {}
  tcp::socket socket;
  boost::beast::flat_buffer buffer;
  std::optional<http::response_parser<http::string_body>> parser;
  std::string head;
  std::string body;
  Completion done;  // Set while a request is in flight.
  nanoseconds deadline{};
  bool connected = false;
  bool expired = false;  // Its patience ran out; the operation under way is being cancelled.
};

class HttpTransport final : public Transport {
 public:
  HttpTransport(const TargetUrl& target, const HttpOptions& options, const SteadyClock& clock)
      : target_(target), options_(options), clock_(clock) {
    const bool ipv6 = target.host.find(':') != std::string::npos;
    host_lines_ = " HTTP/1.1\r\nHost: " + (ipv6 ? "[" + target.host + "]" : target.host) + ":" + target.port + "\r\n";
  }

  Result<void> open() {
    error_code error;
    tcp::resolver resolver(io_);
    endpoints_ = resolver.resolve(target_.host, target_.port, error);
    if (error) return fail(ErrorKind::unreachable, target_.text() + ": the name does not resolve: " + error.message());
    for (const auto& entry : endpoints_) {
      if (!options_.allow_any_address && !entry.endpoint().address().is_loopback()) {
        return fail(ErrorKind::bad_input, target_.text() + ": " + entry.endpoint().address().to_string() +
                                              " is not this machine; spell the host out with --allow-host " +
                                              target_.host + " if it may be loaded");
      }
    }
    for (std::size_t i = 0; i < options_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(io_));
    }
    // Taken from the back: the connection opened below serves first.
    for (auto c = connections_.rbegin(); c != connections_.rend(); ++c) free_.push_back(c->get());

    // One connection now: a target that is not there is told before anything is measured.
    std::optional<error_code> result;
    Connection& first = *connections_.front();
    asio::async_connect(first.socket, endpoints_, [&result](const error_code& e, const tcp::endpoint&) { result = e; });
    const nanoseconds until = clock_.now() + options_.connect_patience;
    while (!result && clock_.now() < until) io_.run_one_until(clock_.instant(until));
    if (!result) {
      first.socket.close(error);
      while (!result) io_.run_one();
      result = asio::error::timed_out;
    }
    if (*result) {
      return fail(ErrorKind::unreachable, target_.text() + ": nobody answers: " + result->message() +
                                              "; start the target or correct the address");
    }
    io_.restart();
    set_up(first);
    return {};
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
    c.head.append(request.method).append(" ").append(target_.prefix).append(request.path).append(host_lines_);
    if (!request.body.empty() || request.method != "GET") {
      std::array<char, 20> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), request.body.size()).ptr;
      c.head.append("Content-Length: ").append(digits.data(), end).append("\r\n");
    }
    c.head.append(request.headers).append("\r\n");
    c.body.assign(request.body);

    if (c.connected && !is_silent(c.socket.native_handle())) disconnect(c);
    if (c.connected) {
      write(c);
    } else {
      asio::async_connect(c.socket, endpoints_, [this, &c](const error_code& error, const tcp::endpoint&) {
        if (error || c.expired) {
          return finish(c, fail(c.expired ? ErrorKind::timed_out : ErrorKind::unreachable,
                                target_.text() + ": no connection: " + error.message()));
        }
        set_up(c);
        write(c);
      });
    }
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    while (true) {
      expire();
      io_.poll();
      const nanoseconds now = clock_.now();
      if (completed_ > 0 || now >= until) return;
      arm(std::min({until, next_deadline_, now + std::chrono::hours(1)}));  // "Never" would overflow the timer.
      io_.run_one();
    }
  }

 private:
  void set_up(Connection& c) {
    error_code ignored;
    c.socket.set_option(tcp::no_delay(true), ignored);
    c.connected = true;
  }

  void disconnect(Connection& c) {
    error_code ignored;
    c.socket.close(ignored);
    c.buffer.clear();
    c.connected = false;
  }

  void write(Connection& c) {
    const std::array<asio::const_buffer, 2> bytes{asio::buffer(c.head), asio::buffer(c.body)};
    asio::async_write(c.socket, bytes, [this, &c](const error_code& error, std::size_t) {
      // A server may answer (413, 503) and close without reading all; its answer still counts, so read anyway.
      if (c.expired) return finish(c, timed_out());
      read(c, error);
    });
  }

  void read(Connection& c, const error_code& write_error) {
    c.parser.emplace();
    c.parser->body_limit(options_.reply_bytes_max);
    http::async_read(c.socket, c.buffer, *c.parser, [this, &c, write_error](const error_code& error, std::size_t) {
      if (c.expired) return finish(c, timed_out());
      if (error) {
        return finish(
            c, fail(ErrorKind::malformed_reply, target_.text() + ": " + (write_error ? write_error : error).message()));
      }
      auto& message = c.parser->get();
      Reply reply;
      reply.status = message.result_int();
      if (const auto after = message.find(http::field::retry_after); after != message.end()) {
        reply.retry_after = seconds_of({after->value().data(), after->value().size()});
      }
      reply.body = std::move(message.body());
      const bool reusable = !write_error && c.parser->keep_alive() && !c.parser->need_eof() && c.buffer.size() == 0;
      finish(c, std::move(reply), reusable);
    });
  }

  [[nodiscard]] tl::unexpected<Error> timed_out() const {
    return fail(ErrorKind::timed_out, target_.text() + ": no complete reply in time");
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
        disconnect_later(*c);
      } else {
        next_deadline_ = std::min(next_deadline_, c->deadline);
      }
    }
  }

  /// Cancels by closing; the buffers stay until the operation's handler has run.
  void disconnect_later(Connection& c) {
    error_code ignored;
    c.socket.close(ignored);
    c.connected = false;
  }

  void arm(nanoseconds at) {
    if (armed_ && armed_for_ <= at) return;  // It fires early, and poll looks again.
    armed_ = true;
    armed_for_ = at;
    timer_.expires_at(clock_.instant(at));
    timer_.async_wait([this](const error_code& error) {
      if (!error) armed_ = false;
    });
  }

  TargetUrl target_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::string host_lines_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  bool armed_ = false;
  nanoseconds armed_for_{};
  tcp::resolver::results_type endpoints_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
  nanoseconds next_deadline_ = nanoseconds::max();
  std::size_t completed_ = 0;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(const TargetUrl& target, const HttpOptions& options,
                                                       const SteadyClock& clock) {
  if (options.connections < 1 || options.connections > 4096) {
    return fail(ErrorKind::bad_input,
                "connections: " + std::to_string(options.connections) + " is out of range; use 1 to 4096");
  }
  auto transport = std::make_unique<HttpTransport>(target, options, clock);
  if (auto opened = transport->open(); !opened) return tl::unexpected(opened.error());
  return transport;
}

}  // namespace peakstorm
