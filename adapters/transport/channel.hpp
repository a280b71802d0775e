/// One connection to the target, over TCP or over TLS on TCP, and the dialer that opens it: what HTTP/1.1 and HTTP/2
/// have in common. One thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/transport.hpp"

namespace peakstorm {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class Channel {
 public:
  using Tls = asio::ssl::stream<tcp::socket&>;
  explicit Channel(asio::io_context& io) : socket_(io) {}

  /// Calls `use` with the stream to read from and write to: the socket, or TLS on it.
  template <class Use>
  void with_stream(Use use) {
    if (tls_) {
      use(*tls_);
    } else {
      use(socket_);
    }
  }
  [[nodiscard]] bool connected() const { return connected_; }
  /// True when a connection that should be silent is: nothing to read, not closed by the other side. A reply that
  /// nobody asked for would otherwise be taken for the next request's. Requires: connected, no read under way.
  [[nodiscard]] bool silent();
  /// The protocol that ALPN settled; empty without TLS and when the peer left it open.
  [[nodiscard]] std::string alpn();
  /// Operations under way end with an error; their handlers still run.
  void close();

 private:
  friend class Dialer;
  tcp::socket socket_;
  std::optional<Tls> tls_;  // A session cannot be used twice: made anew for each connection.
  bool connected_ = false;
};

/// Knows where the target is and whom to trust there. Keeps the last TLS session, which the next connection resumes.
/// Must outlive the channels; stays where it is.
class Dialer {
 public:
  using Done = std::function<void(Result<void>)>;

  Dialer(const TargetUrl& target, const HttpOptions& options, const SteadyClock& clock);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  /// Reads the trusted certificates and looks the name up. Errors: bad_input, unreachable.
  Result<void> prepare();
  /// Opens `channel`, TLS included. `done` runs once, inside the io_context; errors: unreachable, with the cure.
  void connect(Channel& channel, Done done);
  /// The same for the first connection: returns when it stands, at the latest after the options' connect_patience.
  Result<void> connect_now(Channel& channel);
  /// Runs handlers until `ready` or until the clock says so; returns ready().
  bool run_until(std::chrono::nanoseconds until, const std::function<bool()>& ready);
  /// Runs what is ready and then at most one more handler, waiting for it no longer than until `at`.
  void wait(std::chrono::nanoseconds at);

  [[nodiscard]] asio::io_context& io() { return io_; }
  [[nodiscard]] const TargetUrl& target() const { return target_; }
  [[nodiscard]] const SteadyClock& clock() const { return clock_; }
  /// Host and port as the Host line and :authority have it.
  [[nodiscard]] const std::string& authority() const { return authority_; }
  /// Error of this target; `what` follows its URL.
  [[nodiscard]] tl::unexpected<Error> error(ErrorKind kind, const std::string& what) const;

  /// Of OpenSSL's callback: keeps the session for the next connection.
  void keep(SSL_SESSION* session);

 private:
  struct SessionFree {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  Result<void> prepare_tls();
  void start_tls(Channel& channel);
  [[nodiscard]] tl::unexpected<Error> handshake_error(const error_code& error, Channel& channel) const;

  TargetUrl target_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::string authority_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  bool armed_ = false;
  std::chrono::nanoseconds armed_for_{};
  tcp::resolver::results_type endpoints_;
  std::optional<asio::ssl::context> context_;
  std::unique_ptr<SSL_SESSION, SessionFree> session_;
};

/// Seconds of a Retry-After line; nothing for a date.
std::optional<std::chrono::seconds> retry_after_of(std::string_view text);

/// HTTP/1.1 over `dialer`; `first` is connected and serves first.
std::unique_ptr<Transport> make_http1(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                      const HttpOptions& options);
/// HTTP/2 over `dialer`; `first` is connected. Errors: unreachable, when what answers does not speak it.
Result<std::unique_ptr<Transport>> make_http2(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                              const HttpOptions& options);

}  // namespace peakstorm
