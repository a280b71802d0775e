#include "adapters/jwks_server.hpp"

#include <utility>

#include "adapters/endpoint/http_server.hpp"

namespace peakstorm {
namespace {

class KeySet final : public endpoint::Service {
 public:
  explicit KeySet(std::string jwks) : jwks_(std::move(jwks)) {}

  void handle(const endpoint::Request& request, endpoint::Reply& reply) override {
    if (endpoint::split_target(request.target).path != "/jwks") {
      return refuse(reply, 404, "no such path; the key set is at /jwks");
    }
    if (!only_reads(request, reply)) return;
    reply.headers = "Cache-Control: max-age=3600\r\n";
    reply.body = jwks_;
  }

 private:
  std::string jwks_;
};

}  // namespace

class JwksServer::Impl {
 public:
  std::unique_ptr<endpoint::HttpServer> server;
};

Result<std::unique_ptr<JwksServer>> JwksServer::start(std::string jwks, std::uint16_t port) {
  auto started = endpoint::HttpServer::start(endpoint::options_for_reading("key server", port),
                                             std::make_unique<KeySet>(std::move(jwks)));
  if (!started) return fail(ErrorKind::bad_input, "--jwks-port: " + started.error().message);
  auto impl = std::make_unique<Impl>();
  impl->server = std::move(*started);
  return std::unique_ptr<JwksServer>(new JwksServer(std::move(impl)));
}

JwksServer::JwksServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JwksServer::~JwksServer() = default;
std::uint16_t JwksServer::port() const {
  return impl_->server->port();
}
std::string JwksServer::url() const {
  return impl_->server->url() + "/jwks";
}

}  // namespace peakstorm
