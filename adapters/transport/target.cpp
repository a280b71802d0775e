#include <charconv>

#include "adapters/transport.hpp"

namespace peakstorm {
namespace {

tl::unexpected<Error> bad(std::string_view url, std::string_view what) {
  return fail(ErrorKind::bad_input, "target '" + std::string(url) + "': " + std::string(what));
}

bool decimal(std::string_view text, unsigned max, unsigned& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size() && value <= max;
}

bool plain_visible(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

/// "/package.Service/Method".
bool is_method(std::string_view path) {
  const auto slash = path.find('/', 1);
  if (slash == std::string_view::npos) return false;
  const auto is_name = [](std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") ==
               std::string_view::npos;
  };
  return is_name(path.substr(1, slash - 1)) && is_name(path.substr(slash + 1));
}

}  // namespace

std::string TargetUrl::text() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return std::string(grpc ? "grpc" : "http") + (tls ? "s://" : "://") + (ipv6 ? "[" + host + "]" : host) + ":" + port +
         prefix;
}

Result<TargetUrl> parse_target(std::string_view url) {
  const bool grpc = url.starts_with("grpc://") || url.starts_with("grpcs://");
  const bool tls = url.starts_with("https://") || url.starts_with("grpcs://");
  if (url.find('@') != std::string_view::npos) {
    // The URL is not repeated here: it may hold a password.
    return fail(ErrorKind::bad_input, "target: a URL with user or password; give secrets by environment or file");
  }
  if (!tls && !grpc && !url.starts_with("http://")) {
    return bad(url, "must be http://HOST[:PORT][/PREFIX], or https, or grpc://HOST:PORT, or grpcs");
  }
  if (!plain_visible(url)) return bad(url, "has blanks or characters beyond ASCII; percent-encode them");
  if (url.find_first_of("?#") != std::string_view::npos) return bad(url, "must not have a query or a fragment");
  const std::string_view rest = url.substr(url.find("//") + 2);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  std::string_view prefix = rest.substr(authority.size());
  while (prefix.ends_with('/')) prefix.remove_suffix(1);

  std::string_view host = authority;
  std::string_view port = grpc ? "" : tls ? "443" : "80";
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return bad(url, "has '[' without ']'");
    host = authority.substr(1, close - 1);
    const std::string_view after = authority.substr(close + 1);
    if (!after.empty() && after.front() != ':') return bad(url, "has text between ']' and the port");
    if (!after.empty()) port = after.substr(1);
  } else if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) return bad(url, "an IPv6 address needs brackets: http://[::1]:8080");
  }
  unsigned number = 0;
  if (host.empty()) return bad(url, "has no host");
  if (grpc && port.empty()) return bad(url, "has no port; gRPC has no usual one, so name it: grpc://HOST:50051");
  if (grpc && !prefix.empty() && !is_method(prefix)) {
    return bad(url, "a method of your own is named as grpc://HOST:PORT/PACKAGE.SERVICE/METHOD");
  }
  if (!decimal(port, 65'535, number) || number == 0) return bad(url, "the port must be a number from 1 to 65535");
  return TargetUrl{std::string(host), std::to_string(number), std::string(prefix), tls, grpc};
}

bool is_loopback_name(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  // Four decimal parts, so that "127.example.org" is no loopback.
  std::size_t parts = 0;
  while (true) {
    const auto dot = host.find('.');
    unsigned value = 0;
    if (!decimal(host.substr(0, dot), 255, value)) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace peakstorm
