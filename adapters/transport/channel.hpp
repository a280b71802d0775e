/// One connection to the target, over TCP or over TLS on TCP, and the dialer that opens it: what HTTP/1.1 and HTTP/2
/// have in common. One thread.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/transport.hpp"
#include "adapters/transport/loop.hpp"

namespace peakstorm {

class Dialer;

/// What became of an attempt to move bytes.
struct Moved {
  enum class State : std::uint8_t {
    some,     ///< `bytes` were moved, at least one.
    blocked,  ///< None now; ready() tells when to try again.
    ended,    ///< The other side closed in good order: over TLS with a farewell.
    broken,   ///< Reset, cut off, or not TLS any more.
  };
  State state = State::blocked;
  std::size_t bytes = 0;
};

class Channel final : Loop::Watcher {
 public:
  /// Whom a channel tells, inside Loop::run. All may close it; none may destroy it.
  class Owner {
   public:
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    /// `open` has come to its end. Errors: unreachable, with the cure; the channel is closed then.
    virtual void opened(const Result<void>& result) = 0;
    /// The open channel may be readable, writable or broken.
    virtual void moved() = 0;
    virtual ~Owner() = default;
  };

  /// `dialer` must outlive it.
  explicit Channel(Dialer& dialer) : dialer_(dialer) {}
  ~Channel() override;
  /// Whom to tell from now on; must be said before `open`, and outlive the connection.
  void belongs_to(Owner& owner) { owner_ = &owner; }

  /// Connects, TLS included; the owner is told when that is done or has failed, which may be inside this call.
  /// Requires: closed.
  void open();
  [[nodiscard]] bool connected() const { return stage_ == Stage::open; }
  [[nodiscard]] bool opening() const { return stage_ == Stage::connecting || stage_ == Stage::shaking_hands; }
  /// Neither waits nor raises SIGPIPE. Requires: connected, room or bytes.
  Moved read(char* room, std::size_t size);
  Moved write(std::string_view bytes);
  /// True when a connection that should be silent is: nothing to read, not closed by the other side. A reply that
  /// nobody asked for would otherwise be taken for the next request's. Requires: connected.
  [[nodiscard]] bool silent();
  /// The other side is known to have ended the connection, or its half of it; there may be something to read.
  [[nodiscard]] bool hung_up() const { return hung_up_; }
  /// The protocol that ALPN settled; empty without TLS and when the peer left it open.
  [[nodiscard]] std::string alpn() const;
  /// The owner hears nothing more of this connection. No farewell is said.
  void close();
  /// Why `open` is taking so long, for who gives it up. Requires: opening.
  [[nodiscard]] Error delay() const;

 private:
  enum class Stage : std::uint8_t { closed, connecting, shaking_hands, open };
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  void ready(std::uint32_t events) override;
  void connect_next();
  void connect_ended();
  void shake_hands();
  void give_up(const Error& why);
  [[nodiscard]] Moved tls_outcome(int result);

  Dialer& dialer_;
  Owner* owner_ = nullptr;
  Stage stage_ = Stage::closed;
  bool hung_up_ = false;
  int socket_ = -1;
  std::size_t next_address_ = 0;
  int connect_error_ = 0;              // Of the last address tried.
  std::unique_ptr<SSL, SslFree> tls_;  // A session cannot be used twice: made anew for each connection.
};

/// Knows where the target is and whom to trust there. Keeps the last TLS session, which the next connection resumes.
/// Must outlive the channels; stays where it is.
class Dialer {
 public:
  Dialer(const TargetUrl& target, const HttpOptions& options, const SteadyClock& clock);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  /// Reads the trusted certificates and looks the name up. Errors: bad_input, unreachable, io.
  Result<void> prepare();

  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] const TargetUrl& target() const { return target_; }
  [[nodiscard]] const SteadyClock& clock() const { return clock_; }
  /// Host and port as the Host line and :authority have it.
  [[nodiscard]] const std::string& authority() const { return authority_; }
  /// The URL scheme of the same without TLS.
  [[nodiscard]] std::string without_tls() const { return target_.grpc ? "grpc://" : "http://"; }
  /// Error of this target; `what` follows its URL.
  [[nodiscard]] tl::unexpected<Error> error(ErrorKind kind, const std::string& what) const;

  /// Of OpenSSL's callback: keeps the session for the next connection.
  void keep(SSL_SESSION* session);

 private:
  friend class Channel;
  struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
  };
  struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct SessionFree {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  Result<void> prepare_tls();
  Result<void> look_up();
  /// TLS for a connected socket, with what is to be checked of the peer; null when there is no memory for it.
  SSL* make_tls(int socket);
  [[nodiscard]] Error handshake_error(const SSL* tls, int result) const;

  TargetUrl target_;
  HttpOptions options_;
  const SteadyClock& clock_;
  std::string authority_;
  Loop loop_;
  std::vector<Address> addresses_;
  std::unique_ptr<SSL_CTX, ContextFree> context_;
  std::unique_ptr<SSL_SESSION, SessionFree> session_;
};

/// Seconds of a Retry-After line; nothing for a date.
std::optional<std::chrono::seconds> retry_after_of(std::string_view text);
/// A limit that a header states: a whole number above 0.
std::optional<std::size_t> limit_of(std::string_view text);

/// HTTP/1.1 over `dialer`; `first` is connected and serves first.
std::unique_ptr<Transport> make_http1(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                      const HttpOptions& options);

/// HTTP/2 with requests whose body is not known at once.
class Http2Calls : public Transport {
 public:
  /// As `submit`, but the body goes on until `end_body`; it is kept until then, since it may have to be sent again. The
  /// number names the exchange until `done` has run.
  virtual std::size_t begin(const Request& request, std::chrono::nanoseconds patience, Completion done) = 0;
  virtual void more_body(std::size_t exchange, std::string_view bytes) = 0;
  virtual void end_body(std::size_t exchange) = 0;
};
/// HTTP/2 over `dialer`; `first` is connected. Errors: unreachable, when what answers does not speak it.
Result<std::unique_ptr<Http2Calls>> make_http2(std::unique_ptr<Dialer> dialer, std::unique_ptr<Channel> first,
                                               const HttpOptions& options);

/// gRPC over HTTP/2. `http` knows nothing of the target's prefix.
std::unique_ptr<Transport> make_grpc(std::unique_ptr<Http2Calls> http, const TargetUrl& target,
                                     const HttpOptions& options, const SteadyClock& clock);

}  // namespace peakstorm
