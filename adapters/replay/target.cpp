#include "adapters/replay/target.hpp"

#include <algorithm>

namespace peakstorm {
namespace {

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::bad_input, std::move(message));
}

/// What a broker has no use for.
Result<void> check_broker(const ReplayOptions& options, const BrokerUrl& url) {
  if (options.register_promises) {
    return bad("target '" + url.text() + "': a broker takes no promises; leave --register-promises out");
  }
  if (!options.webhook_path.empty()) {
    return bad("target '" + url.text() + "': a broker has no paths; leave --webhook-path out and name the place in " +
               "the URL");
  }
  if (options.http != HttpVersion::settled || options.streams > 0) {
    return bad("target '" + url.text() + "': a broker does not speak HTTP; leave --http and --streams out");
  }
  if (!options.ca_file.empty() && !url.tls) {
    return bad("--ca-file: " + url.text() + " has no TLS; use the scheme with TLS or drop the file");
  }
  return check_ca_file({url.host, url.port, "", true}, options.ca_file);
}

/// What gRPC has no use for, and what the user's own method cannot do.
Result<void> check_grpc(const ReplayOptions& options, const TargetUrl& url) {
  const std::string target = "target '" + url.text() + "': ";
  if (options.http != HttpVersion::settled) return bad(target + "gRPC always speaks HTTP/2; leave --http out");
  if (url.prefix.empty()) return {};
  if (options.track_pages) {
    return bad(target + "a method of your own takes messages and shows no pages; add --write-only");
  }
  if (options.register_promises) {
    return bad(target + "a method of your own takes no promises; leave --register-promises out");
  }
  if (!options.webhook_path.empty()) {
    return bad(target + "a method of your own gets the bare message; leave --webhook-path out");
  }
  return {};
}

}  // namespace

Result<TargetFacts> check_target(const ReplayOptions& options) {
  TargetFacts facts;
  facts.is_broker = names_broker(options.target);
  BrokerUrl broker;
  TargetUrl http;
  if (facts.is_broker) {
    auto url = parse_broker_url(options.target);
    if (!url) return tl::unexpected(url.error());
    broker = std::move(*url);
    facts.host = broker.host;
    facts.text = broker.text();
  } else {
    auto url = parse_target(options.target);
    if (!url) return tl::unexpected(url.error());
    http = std::move(*url);
    facts.host = http.host;
    facts.text = http.text();
    facts.is_grpc = http.grpc;
  }
  const auto& allowed = options.allow_hosts;
  facts.off_machine = std::find(allowed.begin(), allowed.end(), facts.host) != allowed.end();
  if (!facts.off_machine && !is_loopback_name(facts.host)) {
    return bad("target '" + facts.text + "' is not this machine; if you may load it, spell it out with --allow-host " +
               facts.host);
  }
  if (!facts.is_broker && !options.broker_user.empty()) {
    return bad("--broker-user: " + facts.text + " is no broker; leave it out, or use a broker's URL");
  }
  if (!facts.is_grpc && options.call != GrpcCall::unary) {
    return bad("--grpc-call: " + facts.text + " is not gRPC; leave it out, or use grpc://HOST:PORT");
  }
  if (facts.is_grpc) {
    if (auto fits = check_grpc(options, http); !fits) return tl::unexpected(fits.error());
  }
  const auto fits = facts.is_broker ? check_broker(options, broker) : check_ca_file(http, options.ca_file);
  if (!fits) return tl::unexpected(fits.error());
  return facts;
}

Result<OpenTarget> open_target(const ReplayOptions& options, const TargetFacts& facts, bool read_back,
                               const SteadyClock& clock) {
  if (facts.is_broker) {
    const auto url = parse_broker_url(options.target);
    if (!url) return tl::unexpected(url.error());
    BrokerOptions broker;
    broker.in_flight = options.connections;
    broker.allow_any_address = facts.off_machine;
    broker.ca_file = options.ca_file;
    broker.user = options.broker_user;
    broker.password = options.broker_password;
    auto opened = open_broker(*url, broker, read_back, clock);
    if (!opened) return tl::unexpected(opened.error());
    return OpenTarget{std::move(opened->transport), std::move(opened->stored)};
  }
  const auto url = parse_target(options.target);
  if (!url) return tl::unexpected(url.error());
  HttpOptions http;
  http.connections = options.connections;
  http.allow_any_address = facts.off_machine;
  http.version = options.http;
  http.streams = options.streams;
  http.call = options.call;
  http.ca_file = options.ca_file;
  auto transport = make_http_transport(*url, http, clock);
  if (!transport) return tl::unexpected(transport.error());
  return OpenTarget{std::move(*transport), nullptr};
}

}  // namespace peakstorm
