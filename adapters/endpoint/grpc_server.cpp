#include "adapters/endpoint/grpc_server.hpp"

#include <google/protobuf/util/json_util.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <string_view>
#include <utility>

#include "adapters/wire_format.hpp"
#include "tracking.grpc.pb.h"

namespace peakstorm::endpoint {
namespace {

namespace service = ::peakstorm::tracking::v1;

/// Of one stream: read and not yet answered. As many as make a group worth its commit.
constexpr std::size_t stream_window = 64;
/// What a message has besides its body.
constexpr std::size_t envelope_bytes_max = 64U << 10U;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

template <class Message>
std::shared_ptr<OwnedRequest> request_of(const Message& message) {
  auto request = std::make_shared<OwnedRequest>();
  request->body = message.body();
  std::string other_signature;
  const std::array<std::pair<std::string_view, std::string*>, 9> known{{{"accept", &request->accept},
                                                                        {"content-type", &request->content_type},
                                                                        {"x-hmac-signature", &request->signature},
                                                                        {"x-peakstorm-signature", &other_signature},
                                                                        {"ce-specversion", &request->ce_specversion},
                                                                        {"ce-id", &request->ce_id},
                                                                        {"ce-source", &request->ce_source},
                                                                        {"ce-type", &request->ce_type},
                                                                        {"ce-time", &request->ce_time}}};
  for (const service::Header& header : message.headers()) {
    for (const auto& [name, into] : known) {
      if (same_name(header.name(), name)) *into = header.value();
    }
  }
  if (request->signature.empty()) request->signature = other_signature;
  return request;
}

std::shared_ptr<OwnedRequest> request_of(const service::ScanMessage& message) {
  auto request = request_of<service::ScanMessage>(message);
  request->method = "POST";
  request->target = message.path();
  return request;
}

/// The code that says what HTTP's status says.
grpc::StatusCode code_of(unsigned status) {
  switch (status) {
    case 401:
      return grpc::StatusCode::UNAUTHENTICATED;
    case 404:
      return grpc::StatusCode::NOT_FOUND;
    case 405:
      return grpc::StatusCode::UNIMPLEMENTED;
    case 429:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 500:
      return grpc::StatusCode::INTERNAL;
    case 503:
      return grpc::StatusCode::UNAVAILABLE;
    default:
      return status / 100 == 2 ? grpc::StatusCode::OK : grpc::StatusCode::INVALID_ARGUMENT;
  }
}

grpc::Status status_of(const Reply& reply) {
  return {code_of(reply.status), reply.why};
}

/// The reply's Retry-After in milliseconds; 0 without one.
std::uint32_t retry_after_ms(const Reply& reply) {
  constexpr std::string_view name = "Retry-After: ";
  const std::size_t at = reply.headers.find(name);
  if (at == std::string::npos) return 0;
  std::uint32_t seconds = 0;
  std::from_chars(reply.headers.data() + at + name.size(), reply.headers.data() + reply.headers.size(), seconds);
  return seconds * 1000;
}

/// Ends a call of its own.
void finish(grpc::CallbackServerContext& context, grpc::ServerUnaryReactor& reactor, const Reply& reply) {
  if (const std::uint32_t ms = retry_after_ms(reply); ms > 0) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(ms));
  }
  reactor.Finish(status_of(reply));
}

/// One client stream. Lives until gRPC is done with it.
class PublishStream final : public grpc::ServerReadReactor<service::ScanMessage> {
 public:
  PublishStream(const GrpcServer::Serve& serve, service::PublishSummary& summary) : serve_(serve), summary_(summary) {
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    std::uint64_t position = 0;
    bool finishes = false;
    {
      const std::lock_guard lock(mutex_);
      if (ok) {
        position = read_++;
        ++open_;
      } else {
        ended_ = true;
        finishes = open_ == 0;
      }
    }
    if (finishes) Finish(grpc::Status::OK);
    if (!ok) return;
    serve_(request_of(message_), [this, position](const Reply& reply) { answered(position, reply); });
    {
      const std::lock_guard lock(mutex_);
      paused_ = open_ >= stream_window;
      if (paused_) return;
    }
    StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  void answered(std::uint64_t position, const Reply& reply) {
    bool resumes = false;
    bool finishes = false;
    {
      const std::lock_guard lock(mutex_);
      if (code_of(reply.status) == grpc::StatusCode::OK) {
        summary_.set_stored(summary_.stored() + 1);
      } else {
        service::Refusal& refused = *summary_.add_refused();
        refused.set_position(position);
        refused.set_code(static_cast<std::uint32_t>(code_of(reply.status)));
        refused.set_message(reply.why);
        refused.set_retry_after_ms(retry_after_ms(reply));
      }
      --open_;
      resumes = std::exchange(paused_, false);
      finishes = ended_ && open_ == 0;
    }
    // Who finishes has nothing more to do here: gRPC may delete this from another thread at once.
    if (finishes) return Finish(grpc::Status::OK);
    if (resumes) StartRead(&message_);
  }

  const GrpcServer::Serve& serve_;
  service::PublishSummary& summary_;
  service::ScanMessage message_;
  std::mutex mutex_;  // Of all below, and of the summary.
  std::uint64_t read_ = 0;
  std::size_t open_ = 0;  // Read and not yet answered.
  bool paused_ = false;   // The next message is not read before one was answered.
  bool ended_ = false;    // Nothing more is to be read.
};

class TrackingService final : public service::Tracking::CallbackService {
 public:
  explicit TrackingService(GrpcServer::Serve serve) : serve_(std::move(serve)) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context, const service::ScanMessage* message,
                                    service::Ack* /*ack*/) override {
    return serve(*context, request_of(*message));
  }

  grpc::ServerReadReactor<service::ScanMessage>* PublishStream(grpc::CallbackServerContext* /*context*/,
                                                               service::PublishSummary* summary) override {
    return new endpoint::PublishStream(serve_, *summary);  // Deletes itself in OnDone, as gRPC wants it.
  }

  grpc::ServerUnaryReactor* PutParcels(grpc::CallbackServerContext* context, const service::Parcels* parcels,
                                       service::Ack* /*ack*/) override {
    auto request = request_of(*parcels);
    request->method = "PUT";
    request->target = "/parcels";
    return serve(*context, std::move(request));
  }

  grpc::ServerUnaryReactor* GetTracking(grpc::CallbackServerContext* context, const service::TrackingRequest* asked,
                                        service::TrackingPage* page) override {
    auto request = std::make_shared<OwnedRequest>();
    request->method = "GET";
    request->target = wire::track_path(asked->tracking_number());
    request->accept = "application/json";
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    serve_(std::move(request), [context, reactor, page](const Reply& reply) {
      if (reply.status != 200) return finish(*context, *reactor, reply);
      google::protobuf::util::JsonParseOptions options;
      options.ignore_unknown_fields = true;
      const bool read = google::protobuf::util::JsonStringToMessage(reply.body, page, options).ok();
      reactor->Finish(read ? grpc::Status::OK
                           : grpc::Status(grpc::StatusCode::INTERNAL, "the page has texts that are not UTF-8"));
    });
    return reactor;
  }

 private:
  grpc::ServerUnaryReactor* serve(grpc::CallbackServerContext& context, std::shared_ptr<OwnedRequest> request) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    serve_(std::move(request), [&context, reactor](const Reply& reply) { finish(context, *reactor, reply); });
    return reactor;
  }

  GrpcServer::Serve serve_;
};

}  // namespace

class GrpcServer::Impl {
 public:
  explicit Impl(Serve serve) : service(std::move(serve)) {}
  TrackingService service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const EndpointOptions& options, Serve serve) {
  auto impl = std::make_unique<Impl>(std::move(serve));
  const bool six = options.address.find(':') != std::string::npos;
  const std::string where =
      (six ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.grpc_port.value_or(0));
  // The library would write to standard error; what matters is in our own errors.
  gpr_set_log_function([](gpr_log_func_args* /*line*/) {});
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota;
  quota.Resize(options.pending_bytes_max);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.body_bytes_max + envelope_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // Two servers on one port would share its calls, silently.
  builder.AddListeningPort(where, grpc::InsecureServerCredentials(), &impl->port);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  if (!impl->server || impl->port == 0) {
    return fail(ErrorKind::io, "endpoint " + where +
                                   ": gRPC cannot listen there; choose another --grpc port, or 0 for "
                                   "a free one");
  }
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GrpcServer::~GrpcServer() {
  stop();
}
std::uint16_t GrpcServer::port() const {
  return static_cast<std::uint16_t>(impl_->port);
}
void GrpcServer::stop() {
  if (!impl_->server) return;
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server.reset();
}

}  // namespace peakstorm::endpoint
