/// Bytes there and back. Knows no parcel. One class per protocol; many requests in flight on one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/clock.hpp"
#include "engine/result.hpp"

namespace peakstorm {

/// A request as views; the transport copies what it needs before `submit` returns.
struct Request {
  std::string_view method;
  std::string_view path;
  std::string_view headers;  ///< Complete lines with "\r\n"; no Host, Content-Length or Connection.
  std::string_view body;
  // For brokers and gRPC; HTTP has no use for them.
  std::string_view id = {};   ///< Of the message; the same at every attempt.
  std::string_view key = {};  ///< What must keep its order: the tracking number.
};

/// A broker's answer. HTTP's is in the status, and what it means is the format's to say.
enum class Acknowledgement : std::uint8_t {
  by_status,
  confirmed,    ///< The broker has it.
  refused_now,  ///< It may take it later.
  refused,      ///< It never will.
};

struct Reply {
  unsigned status = 0;  ///< HTTP's; of a broker its own code for why it refused, 0 when it has none.
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< Of 429 and 503, when given in seconds (dates are not read).
  Acknowledgement acknowledgement = Acknowledgement::by_status;
  std::string location = {};  ///< As given; empty when it is not.
  /// Of gRPC: the code that the call ended with; `status` is what HTTP would have said (transport/README.md).
  std::optional<unsigned> grpc_status = {};
  std::string grpc_message = {};
  // What an EPCIS repository says it takes in one document; none: it does not say.
  std::optional<std::size_t> events_max = {};  ///< GS1-EPCIS-Capture-Limit.
  std::optional<std::size_t> bytes_max = {};   ///< GS1-EPCIS-Capture-File-Size-Limit.
};

/// Runs once per request, inside `poll`. Errors: unreachable (no connection), timed_out (patience ran out),
/// malformed_reply (the answer is not the protocol, is too long, or the connection broke).
using Completion = std::function<void(Result<Reply>)>;

/// A fixed number of senders, each with at most one request in flight. Everything happens on the caller's thread
/// inside `poll`; there is no other thread.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Senders without a request.
  [[nodiscard]] virtual std::size_t idle() const = 0;
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
  /// Starts one exchange; `done` runs in a later `poll`. Requires: idle() > 0.
  virtual void submit(const Request& request, std::chrono::nanoseconds patience, Completion done) = 0;
  /// Moves bytes until at least one completion has run or the clock says `until`, whichever comes first;
  /// returns at once, after moving what is ready, when `until` has passed. A completion may call `submit`.
  virtual void poll(std::chrono::nanoseconds until) = 0;
};

/// Where to send: "http://HOST[:PORT][/PREFIX]", or https; or "grpc://HOST:PORT[/PACKAGE.SERVICE/METHOD]", or grpcs.
struct TargetUrl {
  std::string host;                        ///< Without the brackets of an IPv6 address.
  std::string port;                        ///< Decimal.
  std::string prefix;                      ///< Put before every path; empty or "/..." without a slash at the end. Of
                                           ///< gRPC the user's own method; empty: our service (tracking.proto).
  bool tls = false;                        ///< https, grpcs.
  bool grpc = false;                       ///< grpc, grpcs.
  [[nodiscard]] std::string text() const;  ///< The URL again, never with credentials.
};
/// Errors: bad_input, with the cure, for anything but the form above; user:password@ is refused.
Result<TargetUrl> parse_target(std::string_view url);
/// True for "localhost", 127.0.0.0/8 and ::1, by the text alone: no name is looked up.
bool is_loopback_name(std::string_view host);

enum class HttpVersion : std::uint8_t {
  settled,  ///< By ALPN over TLS, where HTTP/2 is preferred; without TLS HTTP/1.1.
  one,      ///< HTTP/1.1.
  two,      ///< HTTP/2; without TLS with prior knowledge, no upgrade.
};

/// How messages go over gRPC.
enum class GrpcCall : std::uint8_t {
  unary,   ///< A call each.
  stream,  ///< Many in one client-streaming call, which is answered at its end.
};

struct HttpOptions {
  HttpVersion version = HttpVersion::settled;
  std::size_t connections = 64;       ///< [1, 4096], of HTTP/1.1.
  std::size_t http2_connections = 1;  ///< [1, 64], of HTTP/2.
  std::size_t streams = 0;            ///< [0, 4096] of each HTTP/2 connection; 0: what the peer allows, at most 128.
  std::chrono::milliseconds connect_patience{3000};  ///< Of the first connection, at the start.
  std::size_t reply_bytes_max = 4U << 20U;           ///< A longer body ends the exchange as malformed_reply.
  bool allow_any_address = false;                    ///< Otherwise every address of the host must be loopback.
  std::string ca_file;              ///< PEM file of the authorities to trust instead of the system's; TLS only.
  GrpcCall call = GrpcCall::unary;  ///< Of gRPC, whose calls are streams of HTTP/2: `version` does not count.
};

/// Whether `path`, when not empty, can serve as HttpOptions::ca_file for `target`. Errors: bad_input, for a target
/// without TLS, a file that cannot be read, or one without a certificate in PEM.
Result<void> check_ca_file(const TargetUrl& target, const std::string& path);

inline constexpr std::chrono::milliseconds grpc_stream_age{10};
inline constexpr std::size_t grpc_stream_messages = 64;

/// HTTP with kept connections, over TCP or TLS. A connection that is lost is opened again by the next
/// request it gets; one that the server closed while idle is noticed beforehand and costs that request nothing.
///
/// TLS is 1.2 or newer, the peer's certificate and its name are always checked, and later connections resume the
/// session of earlier ones.
///
/// HTTP/1.1 has one request in flight on each connection, no pipelining: a sender is a connection. HTTP/2 has many, and
/// a sender is a stream: as many as the options say, at most what the peer's settings allow. A request that the server
/// certainly did not begin (refused stream, or numbered beyond its GOAWAY) is sent again, three times in all; what else
/// was on a stream that is reset or a connection that is lost ends as malformed_reply.
///
/// gRPC (a target whose `grpc` is set) is a protocol over HTTP/2, with all of the above. What would be posted goes to
/// the service of tracking.proto, or as the bare message to the user's own method; `patience` is the call's deadline.
/// A call that ended with DEADLINE_EXCEEDED ends as timed_out. In streams a message's sender is taken until its
/// stream's summary is there: a stream takes messages for `grpc_stream_age`, or `grpc_stream_messages` of them, and is
/// then ended. Messages that a summary does not name as refused are confirmed; without a summary, or with one that does
/// not account for each, none is.
///
/// Opens one connection to see that somebody is there. Errors: unreachable (the name does not resolve, nobody
/// answers, the certificate is refused, no TLS or not the HTTP of the options is spoken), bad_input (an address that is
/// not loopback without `allow_any_address`; options out of range; `ca_file`). `clock` must outlive the transport.
Result<std::unique_ptr<Transport>> make_http_transport(const TargetUrl& target, const HttpOptions& options,
                                                       const SteadyClock& clock);

}  // namespace peakstorm
