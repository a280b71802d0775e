// The tracking endpoint: its store and its handler behind an HTTP server.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/grpc_server.hpp"
#include "adapters/endpoint/handler.hpp"
#include "adapters/endpoint/http_server.hpp"

namespace peakstorm {

class TrackingEndpoint::Impl {
 public:
  std::shared_ptr<endpoint::Metrics> metrics = std::make_shared<endpoint::Metrics>();
  std::unique_ptr<endpoint::HttpServer> server;
  std::unique_ptr<endpoint::GrpcServer> grpc;  // Ends before the server, which answers its calls.
};

Result<std::unique_ptr<TrackingEndpoint>> TrackingEndpoint::start(EndpointOptions options) {
  if (options.secret.empty() && !options.allow_unsigned) {
    return fail(ErrorKind::bad_input, "endpoint secret: empty; give one, or allow unsigned messages explicitly");
  }
  if (std::any_of(options.secret.begin(), options.secret.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
    return fail(ErrorKind::bad_input, "endpoint secret: has characters that are not printable ASCII; choose another");
  }
  if (options.patience_ms == 0 || options.connections_max == 0 || options.body_bytes_max == 0) {
    return fail(ErrorKind::bad_input, "endpoint limits: patience, connections and body size must be above 0");
  }
  auto store =
      endpoint::Store::open({options.database, options.survive_power_loss, options.cached_scans_max, options.bugs});
  if (!store) return tl::unexpected(store.error());
  auto impl = std::make_unique<Impl>();
  auto handler = std::make_unique<endpoint::Handler>(options, std::move(*store), impl->metrics);
  if (!options.promises_file.empty()) {
    std::ifstream file(options.promises_file, std::ios::binary);
    if (!file) return fail(ErrorKind::bad_input, options.promises_file + ": cannot be read");
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    if (auto loaded = handler->load_promises(json); !loaded) {
      return fail(loaded.error().kind, options.promises_file + ": " + loaded.error().message);
    }
  }
  endpoint::ServerOptions server;
  server.address = options.address;
  server.allow_any_address = options.allow_any_address;
  server.port = options.port;
  server.body_bytes_max = options.body_bytes_max;
  server.pending_bytes_max = options.pending_bytes_max;
  server.connections_max = options.connections_max;
  server.patience = std::chrono::milliseconds{options.patience_ms};
  auto started = endpoint::HttpServer::start(std::move(server), std::move(handler));
  if (!started) return tl::unexpected(started.error());
  impl->server = std::move(*started);
  if (options.grpc_port) {
    auto grpc = endpoint::GrpcServer::start(
        options, [&server = *impl->server](std::shared_ptr<const endpoint::OwnedRequest> request,
                                           endpoint::GrpcServer::Done done) {
          server.serve(std::move(request), std::move(done));
        });
    if (!grpc) return tl::unexpected(grpc.error());
    impl->grpc = std::move(*grpc);
  }
  return std::unique_ptr<TrackingEndpoint>(new TrackingEndpoint(std::move(impl)));
}

TrackingEndpoint::TrackingEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrackingEndpoint::~TrackingEndpoint() = default;
std::uint16_t TrackingEndpoint::port() const {
  return impl_->server->port();
}
std::string TrackingEndpoint::url() const {
  return impl_->server->url();
}
std::uint16_t TrackingEndpoint::grpc_port() const {
  return impl_->grpc ? impl_->grpc->port() : std::uint16_t{0};
}
std::string TrackingEndpoint::grpc_url() const {
  const std::string http = url();
  return "grpc" + http.substr(4, http.rfind(':') - 3) + std::to_string(grpc_port());
}
void TrackingEndpoint::stop() {
  if (impl_->grpc) impl_->grpc->stop();
  impl_->server->stop();
}
EndpointStats TrackingEndpoint::stats() const {
  return impl_->metrics->stats();
}

}  // namespace peakstorm
