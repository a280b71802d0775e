/// The embedded endpoint without sockets: its request handler behind a transport on simulated time, so that a whole
/// replay with all its faults takes milliseconds. What arrives between two polls is one group, as in the server.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/endpoint/handler.hpp"
#include "engine/check.hpp"
#include "tests/adapters/replay/fakes.hpp"

namespace peakstorm::testing {

class EndpointTransport final : public Transport {
 public:
  EndpointTransport(FakeClock& clock, std::size_t connections, EndpointOptions options)
      : clock_(clock), connections_(connections) {
    auto store = endpoint::Store::open({.path = {}, .bugs = options.bugs});
    PEAKSTORM_CHECK(store.has_value(), connections);
    handler_ = std::make_unique<endpoint::Handler>(options, std::move(*store), std::make_shared<endpoint::Metrics>());
  }

  [[nodiscard]] std::size_t idle() const override { return connections_ - pending_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return pending_.size(); }
  void submit(const Request& request, nanoseconds, Completion done) override {
    pending_.push_back({std::string(request.method), std::string(request.path), std::string(request.headers),
                        std::string(request.body), std::move(done)});
  }
  void poll(nanoseconds until) override {
    if (pending_.empty()) return clock_.advance_to(until);
    clock_.advance_to(clock_.now() + std::chrono::milliseconds{1});
    std::vector<Pending> group = std::exchange(pending_, {});
    std::vector<endpoint::Reply> replies(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Pending& p = group[i];
      endpoint::Request request;
      request.method = p.method;
      request.target = p.path;
      request.body = p.body;
      for (const auto& [name, into] : {std::pair{"Accept: ", &request.accept},
                                       {"Content-Type: ", &request.content_type},
                                       {"X-Hmac-Signature: ", &request.signature},
                                       {"ce-specversion: ", &request.ce_specversion},
                                       {"ce-id: ", &request.ce_id},
                                       {"ce-source: ", &request.ce_source},
                                       {"ce-type: ", &request.ce_type},
                                       {"ce-time: ", &request.ce_time}}) {
        *into = header(p.headers, name);
      }
      const OtherHeaders others(p.headers);
      request.others = &others;
      handler_->handle(request, replies[i]);
    }
    handler_->commit();
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (replies[i].pending) handler_->answer(replies[i]);
      Reply reply;
      reply.status = replies[i].status;
      reply.body = replies[i].body;
      if (replies[i].headers.find("Retry-After: 1\r\n") != std::string::npos)
        reply.retry_after = std::chrono::seconds{1};
      reply.location = header(replies[i].headers, "Location: ");
      if (const auto events = header(replies[i].headers, "GS1-EPCIS-Capture-Limit: "); !events.empty()) {
        reply.events_max = std::stoul(std::string(events));
      }
      group[i].done(std::move(reply));
    }
  }

 private:
  struct Pending {
    std::string method;
    std::string path;
    std::string headers;
    std::string body;
    Completion done;
  };
  class OtherHeaders final : public endpoint::Headers {
   public:
    explicit OtherHeaders(const std::string& lines) : lines_(lines) {}
    [[nodiscard]] std::string_view value(std::string_view name) const override {
      return header(lines_, std::string(name) + ": ");
    }

   private:
    const std::string& lines_;
  };
  static std::string_view header(const std::string& headers, std::string_view name) {
    std::size_t at = 0;
    while (at != std::string::npos && headers.compare(at, name.size(), name) != 0) {
      at = headers.find("\r\n", at);
      if (at != std::string::npos) at += 2;
    }
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size();
    return std::string_view(headers).substr(from, headers.find("\r\n", from) - from);
  }

  FakeClock& clock_;
  std::size_t connections_;
  std::unique_ptr<endpoint::Handler> handler_;
  std::vector<Pending> pending_;
};

}  // namespace peakstorm::testing
