// Makes the first connection and with it the choice of the protocol.
#include "adapters/transport.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <charconv>

#include "adapters/transport/channel.hpp"

namespace peakstorm {
namespace {

/// Remembers how the first connection went.
struct FirstContact final : Channel::Owner {
  void opened(const Result<void>& r) override { result = r; }
  void moved() override {}
  std::optional<Result<void>> result;
};

/// Returns when the connection stands, at the latest after the options' connect_patience.
Result<void> connect_now(Dialer& dialer, Channel& channel, std::chrono::nanoseconds patience) {
  FirstContact contact;
  channel.belongs_to(contact);
  const std::chrono::nanoseconds give_up = dialer.clock().now() + patience;
  channel.open();
  while (!contact.result && dialer.clock().now() < give_up) dialer.loop().run(give_up);
  if (contact.result) return *contact.result;
  const Error why = channel.delay();
  channel.close();
  return tl::unexpected(why);
}

}  // namespace

std::optional<std::chrono::seconds> retry_after_of(std::string_view text) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds{value};
}

std::optional<std::size_t> limit_of(std::string_view text) {
  std::size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

Result<void> check_ca_file(const TargetUrl& target, const std::string& path) {
  if (path.empty()) return {};
  if (!target.tls) {
    return fail(ErrorKind::bad_input, "--ca-file: " + target.text() + " has no TLS; use " +
                                          (target.grpc ? "grpcs://" : "https://") + " or drop the file");
  }
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  X509* const found = file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr;
  ERR_clear_error();
  if (!file) return fail(ErrorKind::bad_input, "--ca-file " + path + ": cannot be read; name an existing file");
  if (found == nullptr) {
    return fail(ErrorKind::bad_input,
                "--ca-file " + path + ": holds no certificate; give the authority's certificate in PEM");
  }
  X509_free(found);
  return {};
}

namespace {

/// gRPC needs nothing of its own of the connection but HTTP/2; its method is no prefix of paths.
HttpOptions suited(const TargetUrl& target, HttpOptions options) {
  if (!target.grpc) return options;
  options.version = HttpVersion::two;
  // The stream that is being filled is not to be in the way of other calls.
  if (options.call == GrpcCall::stream && options.streams == 1) options.streams = 2;
  return options;
}

TargetUrl suited(TargetUrl target) {
  if (target.grpc) target.prefix.clear();
  return target;
}

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(const TargetUrl& target, const HttpOptions& given,
                                                       const SteadyClock& clock) {
  const HttpOptions options = suited(target, given);
  if (options.connections < 1 || options.connections > 4096) {
    return fail(ErrorKind::bad_input,
                "connections: " + std::to_string(options.connections) + " is out of range; use 1 to 4096");
  }
  if (options.http2_connections < 1 || options.http2_connections > 64 || options.streams > 4096) {
    return fail(ErrorKind::bad_input, "HTTP/2: 1 to 64 connections and at most 4096 streams of each can be had");
  }
  if (auto file = check_ca_file(target, options.ca_file); !file) return tl::unexpected(file.error());
  auto dialer = std::make_unique<Dialer>(suited(target), options, clock);
  if (auto ready = dialer->prepare(); !ready) return tl::unexpected(ready.error());
  auto first = std::make_unique<Channel>(*dialer);
  if (auto connected = connect_now(*dialer, *first, options.connect_patience); !connected) {
    return tl::unexpected(connected.error());
  }
  const bool two = first->alpn() == "h2";
  if (options.version == HttpVersion::two && target.tls && !two) {
    return dialer->error(ErrorKind::unreachable,
                         std::string("the server does not offer HTTP/2 (ALPN); ") +
                             (target.grpc ? "check that a gRPC server listens there" : "use --http 1.1"));
  }
  if (two || options.version == HttpVersion::two) {
    auto http = make_http2(std::move(dialer), std::move(first), options);
    if (!http) return tl::unexpected(http.error());
    if (target.grpc) return make_grpc(std::move(*http), target, options, clock);
    return std::move(*http);
  }
  return make_http1(std::move(dialer), std::move(first), options);
}

}  // namespace peakstorm
