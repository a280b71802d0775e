/// The endpoint's gRPC side (adapters/transport/tracking.proto): calls become requests of the same handler, and its
/// replies become codes. The only place that knows gRPC's library, whose threads receive and send.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/service.hpp"
#include "engine/result.hpp"

namespace peakstorm::endpoint {

class GrpcServer {
 public:
  /// Told the reply, complete, from any thread.
  using Done = std::function<void(const Reply&)>;
  /// Takes a request, on one of gRPC's threads. Each `Done` runs once, also after `stop` was called.
  using Serve = std::function<void(std::shared_ptr<const OwnedRequest>, Done)>;

  /// Listens on the options' address and `grpc_port`, which must be given. Errors: io, when the port is taken.
  static Result<std::unique_ptr<GrpcServer>> start(const EndpointOptions& options, Serve serve);
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer();
  [[nodiscard]] std::uint16_t port() const;
  /// Takes no more calls and waits for those under way, which must be answered meanwhile. Idempotent.
  void stop();

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::endpoint
