#include <algorithm>
#include <array>

#include "adapters/broker/link.hpp"

namespace peakstorm {
namespace {

struct Scheme {
  std::string_view name;
  BrokerKind kind;
  bool tls;
  const char* port;
  std::string_view path;  // The form of what follows the host.
};
constexpr std::array<Scheme, 9> schemes{{
    {"nats", BrokerKind::nats, false, "4222", "/SUBJECT"},
    {"nats+tls", BrokerKind::nats, true, "4222", "/SUBJECT"},
    {"amqp", BrokerKind::amqp, false, "5672", "/VHOST/EXCHANGE?key=KEY"},
    {"amqps", BrokerKind::amqp, true, "5671", "/VHOST/EXCHANGE?key=KEY"},
    {"mqtt", BrokerKind::mqtt, false, "1883", "/TOPIC"},
    {"mqtts", BrokerKind::mqtt, true, "8883", "/TOPIC"},
    {"redis", BrokerKind::redis, false, "6379", "/STREAM"},
    {"kafka", BrokerKind::kafka, false, "9092", "/TOPIC"},
    {"kafka+tls", BrokerKind::kafka, true, "9093", "/TOPIC"},
}};

const Scheme* scheme_of(std::string_view url) {
  const auto end = url.find("://");
  if (end == std::string_view::npos) return nullptr;
  const auto* const found = std::find_if(schemes.begin(), schemes.end(),
                                         [&](const Scheme& scheme) { return scheme.name == url.substr(0, end); });
  return found == schemes.end() ? nullptr : found;
}

const Scheme& scheme_of(BrokerKind kind, bool tls) {
  return *std::find_if(schemes.begin(), schemes.end(),
                       [&](const Scheme& scheme) { return scheme.kind == kind && scheme.tls == tls; });
}

/// What is wrong with the place within the broker; empty when nothing is.
std::string place_fault(const BrokerUrl& url) {
  const std::string& name = url.name;
  const auto has = [&](std::string_view any) { return name.find_first_of(any) != std::string::npos; };
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), control) || std::any_of(url.key.begin(), url.key.end(), control) ||
      std::any_of(url.vhost.begin(), url.vhost.end(), control)) {
    return "has a control character; leave it out";
  }
  switch (url.kind) {
    case BrokerKind::nats:
      if (name.empty()) return "has no subject; write nats://HOST/SUBJECT";
      if (has(" */>")) return "the subject '" + name + "' must be one subject, without blanks, '/', '*' or '>'";
      if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string::npos) {
        return "the subject '" + name + "' has an empty token; take out the superfluous '.'";
      }
      if (name.starts_with('$')) return "the subject '" + name + "' is the server's own; use another one";
      break;
    case BrokerKind::amqp:
      if (url.vhost.empty()) return "has no virtual host; write amqp://HOST/%2F/EXCHANGE?key=KEY for the default one";
      if (name.empty() && url.key.empty()) {
        return "has neither an exchange nor a routing key; the default exchange needs ?key=QUEUE";
      }
      if (name.size() > 255 || url.key.size() > 255) return "an exchange or routing key has at most 255 bytes";
      break;
    case BrokerKind::mqtt:
      if (name.empty()) return "has no topic; write mqtt://HOST/TOPIC";
      if (has("+#")) return "the topic '" + name + "' must be one topic, without '+' or '#'";
      if (name.starts_with('$')) return "the topic '" + name + "' is the broker's own; use another one";
      break;
    case BrokerKind::redis:
      if (name.empty()) return "has no stream; write redis://HOST/STREAM";
      break;
    case BrokerKind::kafka: {
      if (name.empty()) return "has no topic; write kafka://HOST/TOPIC";
      const auto legal = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
               c == '-';
      };
      if (name.size() > 249 || !std::all_of(name.begin(), name.end(), legal)) {
        return "the topic '" + name + "' must be at most 249 letters, digits, '.', '_' or '-'";
      }
      break;
    }
  }
  return {};
}

/// Reads "/VHOST/EXCHANGE?key=KEY" or "/NAME" into `parts`; what is wrong with it, empty when nothing is.
std::string read_place(std::string_view place, BrokerUrl& parts) {
  const auto question = place.find('?');
  const std::string_view query = question == std::string_view::npos ? std::string_view() : place.substr(question + 1);
  std::string_view path = place.substr(0, question);
  if (!path.empty()) path.remove_prefix(1);
  std::string_view key;
  if (!query.empty()) {
    if (parts.kind != BrokerKind::amqp) return "must not have a query";
    if (!query.starts_with("key=") || query.find('&') != std::string_view::npos) {
      return "the query must be ?key=ROUTING_KEY and nothing else";
    }
    key = query.substr(4);
  }
  std::string_view vhost;
  if (parts.kind == BrokerKind::amqp) {
    const auto slash = path.find('/');
    vhost = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (path.find('/') != std::string_view::npos) {
      return "has more than a virtual host and an exchange; write a '/' within a name as %2F";
    }
  }
  for (const auto& [text, into] :
       {std::pair(vhost, &parts.vhost), std::pair(path, &parts.name), std::pair(key, &parts.key)}) {
    const auto decoded = percent_decoded(text);
    if (!decoded) return "has a '%' that is not followed by two hex digits; write a '%' itself as %25";
    *into = *decoded;
  }
  return place_fault(parts);
}

}  // namespace

std::string percent_encoded(std::string_view text, std::string_view kept) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       kept.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

std::string BrokerUrl::text() const {
  const Scheme& scheme = scheme_of(kind, tls);
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string url = std::string(scheme.name) + "://" + (ipv6 ? "[" + host + "]" : host) + ":" + port + "/";
  if (kind == BrokerKind::amqp) url += percent_encoded(vhost, "._-~") + "/";
  url += percent_encoded(name, kind == BrokerKind::mqtt ? "._-~/:" : "._-~:");
  if (kind == BrokerKind::amqp && !key.empty()) url += "?key=" + percent_encoded(key, "._-~:");
  return url;
}

bool names_broker(std::string_view url) {
  // What others call it counts too, so that the error can say how it is written here.
  return scheme_of(url) != nullptr || url.starts_with("rediss://") || url.starts_with("tls://") ||
         url.starts_with("kafkas://");
}

Result<BrokerUrl> parse_broker_url(std::string_view url) {
  const auto bad = [&](const std::string& what) {
    return fail(ErrorKind::bad_input, "target '" + std::string(url) + "': " + what);
  };
  if (url.find('@') != std::string_view::npos) {
    // The URL is not repeated here: it may hold a password.
    return fail(ErrorKind::bad_input,
                "target: a URL with user or password; give --broker-user, and the password by environment "
                "(PEAKSTORM_BROKER_PASSWORD) or --broker-password-file; write an '@' in a name as %40");
  }
  if (url.starts_with("rediss://")) {
    return bad(
        "Redis is spoken without TLS only (Debian's hiredis has none); put a TLS tunnel on this machine before "
        "it, and use redis://");
  }
  if (url.starts_with("tls://")) return bad("write nats+tls:// for NATS over TLS");
  if (url.starts_with("kafkas://")) return bad("write kafka+tls:// for Kafka over TLS");
  const Scheme* const scheme = scheme_of(url);
  if (scheme == nullptr) return bad("must be nats://, amqp://, mqtt://, redis:// or kafka://");
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    return bad("has blanks or characters beyond ASCII; percent-encode them");
  }
  if (url.find('#') != std::string_view::npos) return bad("must not have a fragment; write a '#' in a name as %23");

  // Host and port are HTTP's, and so are their errors.
  const std::string_view rest = url.substr(scheme->name.size() + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const auto http = parse_target("http://" + std::string(authority));
  if (!http) {
    const std::string& message = http.error().message;
    return bad(message.substr(message.find("': ") + 3));
  }
  BrokerUrl parts;
  parts.kind = scheme->kind;
  parts.tls = scheme->tls;
  parts.host = http->host;
  const auto bracket = authority.rfind(']');
  const bool has_port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  parts.port = has_port ? http->port : scheme->port;
  const std::string fault = read_place(rest.substr(authority.size()), parts);
  if (!fault.empty()) return bad(fault);
  return parts;
}

}  // namespace peakstorm
