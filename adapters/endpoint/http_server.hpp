/// An HTTP/1.1 server on a thread of its own, for a `Service`. Memory is bounded: bodies, connections, headers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "adapters/endpoint/service.hpp"
#include "engine/result.hpp"

namespace peakstorm::endpoint {

struct ServerOptions {
  std::string name = "endpoint";         ///< In messages.
  std::string address = "127.0.0.1";     ///< Numeric.
  bool allow_any_address = false;        ///< Otherwise only loopback addresses are accepted.
  std::uint16_t port = 0;                ///< 0: a free one.
  std::size_t body_bytes_max = 0;        ///< Of one request; longer ones get 413.
  std::size_t pending_bytes_max = 0;     ///< Bodies being received, all connections; beyond: 503.
  std::size_t connections_max = 0;       ///< Beyond: 503 and closed.
  std::chrono::milliseconds patience{};  ///< As EndpointOptions::patience_ms.
};

/// For a service that is only read, by few. `name` is for messages.
ServerOptions options_for_reading(std::string name, std::uint16_t port);

/// All members may be called from any thread, `stop` by one at a time.
class HttpServer {
 public:
  /// Listens and serves. Errors: bad_input (address), io (the port is taken).
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, std::unique_ptr<Service> service);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:41234", no slash at the end.
  /// Serves a request that came by another way, as part of the same groups; `done` is told the reply on the serving
  /// thread. Before `stop`.
  void serve(std::shared_ptr<const OwnedRequest> request, std::function<void(const Reply&)> done);
  /// Closes every connection, commits what is pending and joins the thread. Idempotent.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::endpoint
