/// Serves the public key of signed messages where receivers look for it: GET /jwks, as ShipEngine does at
/// https://api.shipengine.com/jwks. Of this machine alone, without TLS.
///
/// The document is a JWKS (RFC 7517) that does not change: receivers may keep it for an hour. Other paths get 404,
/// other methods 405.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/result.hpp"

namespace peakstorm {

/// From `start` to destruction, by a thread of its own.
class JwksServer {
 public:
  /// `port` on 127.0.0.1; 0: a free one. Errors: bad_input, when the port cannot be had.
  static Result<std::unique_ptr<JwksServer>> start(std::string jwks, std::uint16_t port);
  JwksServer(const JwksServer&) = delete;
  JwksServer& operator=(const JwksServer&) = delete;
  JwksServer(JwksServer&&) = delete;
  JwksServer& operator=(JwksServer&&) = delete;
  /// Closes every connection and joins the thread.
  ~JwksServer();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:41234/jwks".

 private:
  class Impl;
  explicit JwksServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
