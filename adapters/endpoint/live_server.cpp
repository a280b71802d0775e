#include "adapters/live_server.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "adapters/endpoint/http_server.hpp"

namespace peakstorm {
namespace {

using SteadyClock = std::chrono::steady_clock;
// A page asks once a second; one in the background of a browser may be slowed to once in several.
constexpr std::chrono::seconds lately{5};

/// What the serving thread and the others share.
struct Shared {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::string state = "{}";
  std::filesystem::path report;
  SteadyClock::time_point asked = SteadyClock::time_point::min();
  bool state_told = false;   ///< Since it last changed.
  bool report_told = false;  ///< Likewise.
};

/// The host of a Host header, without its port.
std::string_view host_of(std::string_view header) {
  if (header.starts_with('[')) return header.substr(0, header.find(']') + 1);
  return header.substr(0, header.rfind(':'));
}

class LivePage final : public endpoint::Service {
 public:
  LivePage(std::string page, std::shared_ptr<Shared> shared) : page_(std::move(page)), shared_(std::move(shared)) {}

  void handle(const endpoint::Request& request, endpoint::Reply& reply) override {
    static constexpr std::array<std::string_view, 3> hosts{"127.0.0.1", "localhost", "[::1]"};
    if (std::find(hosts.begin(), hosts.end(), host_of(request.header("Host"))) == hosts.end()) {
      return refuse(reply, 403, "this page is for this machine; ask 127.0.0.1");
    }
    if (!only_reads(request, reply)) return;
    reply.headers = "Cache-Control: no-store\r\n";
    const std::string_view path = endpoint::split_target(request.target).path;
    if (path == "/") {
      reply.content_type = "text/html; charset=utf-8";
      reply.body = page_;
    } else if (path == "/state.json") {
      const std::lock_guard lock(shared_->mutex);
      reply.body = shared_->state;
      shared_->asked = SteadyClock::now();
      shared_->state_told = true;
      shared_->changed.notify_all();
    } else if (path == "/report.html") {
      send_report(reply);
    } else {
      refuse(reply, 404, "no such path; the page is at /");
    }
  }

 private:
  void send_report(endpoint::Reply& reply) {
    std::filesystem::path file;
    {
      const std::lock_guard lock(shared_->mutex);
      file = shared_->report;
    }
    std::ifstream stream(file, std::ios::binary);
    if (file.empty() || !stream) return refuse(reply, 404, "there is no report yet");
    reply.content_type = "text/html; charset=utf-8";
    reply.body.assign(std::istreambuf_iterator<char>(stream), {});
    const std::lock_guard lock(shared_->mutex);
    shared_->report_told = true;
    shared_->changed.notify_all();
  }

  std::string page_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

class LiveServer::Impl {
 public:
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::unique_ptr<endpoint::HttpServer> server;
};

Result<std::unique_ptr<LiveServer>> LiveServer::start(std::string page, std::uint16_t port) {
  auto impl = std::make_unique<Impl>();
  auto started = endpoint::HttpServer::start(endpoint::options_for_reading("live page", port),
                                             std::make_unique<LivePage>(std::move(page), impl->shared));
  if (!started) return fail(ErrorKind::bad_input, "--live: " + started.error().message);
  impl->server = std::move(*started);
  return std::unique_ptr<LiveServer>(new LiveServer(std::move(impl)));
}

LiveServer::LiveServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveServer::~LiveServer() = default;

std::uint16_t LiveServer::port() const {
  return impl_->server->port();
}
std::string LiveServer::url() const {
  return impl_->server->url() + "/";
}

void LiveServer::state(std::string json) {
  const std::lock_guard lock(impl_->shared->mutex);
  impl_->shared->state = std::move(json);
  impl_->shared->state_told = false;
}

void LiveServer::report(std::filesystem::path file) {
  const std::lock_guard lock(impl_->shared->mutex);
  impl_->shared->report = std::move(file);
  impl_->shared->report_told = false;
}

void LiveServer::farewell(std::chrono::milliseconds patience, const std::stop_token& stop) {
  Shared& shared = *impl_->shared;
  std::unique_lock lock(shared.mutex);
  const bool watched = shared.asked != SteadyClock::time_point::min() && SteadyClock::now() - shared.asked < lately;
  if (!watched) return;
  shared.changed.wait_for(lock, stop, patience,
                          [&] { return shared.state_told && (shared.report.empty() || shared.report_told); });
}

}  // namespace peakstorm
