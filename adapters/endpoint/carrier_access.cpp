#include "adapters/endpoint/carrier_access.hpp"

#include <openssl/crypto.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace peakstorm::endpoint {
namespace {

constexpr std::size_t anybody = SIZE_MAX;  // Where everybody may ask, all share one limit.

/// The rest of a header behind its scheme, whose case does not matter; none for another scheme.
std::optional<std::string_view> behind_scheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  const bool same = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
  if (!same) return std::nullopt;
  header.remove_prefix(scheme.size());
  const std::size_t text = header.find_first_not_of(' ');
  return text == std::string_view::npos ? std::string_view() : header.substr(text);
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::string member(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

std::optional<std::string> base64_decoded(std::string_view text) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xffU);
  }
  return out;
}

std::optional<std::string> form_value(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::size_t end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form = end == std::string_view::npos ? "" : form.substr(end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    std::string value(pair.substr(equals + 1));
    std::replace(value.begin(), value.end(), '+', ' ');
    return percent_decoded(value);
  }
  return std::nullopt;
}

TokenRequest read_token_request(const Request& request) {
  TokenRequest asked;
  if (request.content_type.starts_with("application/json")) {
    thread_local simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(request.body.data(), request.body.size()).get(object) == simdjson::SUCCESS) {
      asked = {member(object, "grant_type"), member(object, "client_id"), member(object, "client_secret")};
    }
  } else {
    asked = {form_value(request.body, "grant_type").value_or(""), form_value(request.body, "client_id").value_or(""),
             form_value(request.body, "client_secret").value_or("")};
  }
  const auto basic = behind_scheme(request.header("Authorization"), "basic");
  if (!basic) return asked;
  const std::string pair = base64_decoded(*basic).value_or("");
  const std::size_t colon = pair.find(':');
  if (colon != std::string::npos) {
    asked.id = pair.substr(0, colon);
    asked.secret = pair.substr(colon + 1);
  }
  return asked;
}

CarrierAccess::CarrierAccess(const CarriersOptions& options) : options_(options), signature_(options.token_key) {}

std::optional<std::size_t> CarrierAccess::find(wire::PullApi api, std::string_view id, std::string_view secret) const {
  std::optional<std::size_t> found;
  // All are looked at, so that the time taken tells nothing.
  for (std::size_t i = 0; i < options_.credentials.size(); ++i) {
    const CarrierCredential& credential = options_.credentials[i];
    if (credential.api == api && credential.id == id && equal(credential.secret, secret)) found = i;
  }
  return found;
}

std::int64_t CarrierAccess::token_life_s(wire::PullApi api) const {
  return options_.token_life_s.value_or(wire::documented_token_life_s(api));
}

std::optional<std::string> CarrierAccess::issue(wire::PullApi api, const TokenRequest& asked,
                                                std::chrono::milliseconds now) {
  auto client = find(api, asked.id, asked.secret);
  if (!client && options_.any_credentials) client = anybody;
  if (!client) return std::nullopt;
  // The API, whose it is and its end, signed: nothing needs to be kept of a token.
  std::string token(wire::pull_api_names[static_cast<std::size_t>(api)]);
  token.append(".").append(std::to_string(*client)).append(".");
  token += std::to_string(now.count() + token_life_s(api) * 1000);
  const std::string signature = signature_.sign(token);
  return token + "." + signature.substr(signature.find('=') + 1);
}

std::optional<std::size_t> CarrierAccess::who(wire::PullApi api, std::string_view authorization,
                                              std::chrono::milliseconds now) {
  if (api == wire::PullApi::easypost) {
    const auto basic = behind_scheme(authorization, "basic");
    if (!basic) return std::nullopt;
    const std::string pair = base64_decoded(*basic).value_or("");
    if (const auto found = find(api, pair.substr(0, pair.find(':')), ""); found) return found;
    return options_.any_credentials && pair.size() > 1 ? std::optional(anybody) : std::nullopt;
  }
  const auto token = behind_scheme(authorization, "bearer");
  if (!token) return std::nullopt;
  if (options_.any_credentials) return anybody;
  // API.CLIENT.END.SIGNATURE
  const std::size_t dot = token->rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view told = token->substr(0, dot);
  std::string header = "hmac-sha256-hex=";
  header += token->substr(dot + 1);
  if (!signature_.verify(told, header)) return std::nullopt;
  const std::size_t first = told.find('.');
  const std::size_t second = told.rfind('.');
  if (told.substr(0, first) != wire::pull_api_names[static_cast<std::size_t>(api)]) return std::nullopt;
  std::size_t client = 0;
  std::int64_t end_ms = 0;
  std::from_chars(told.data() + first + 1, told.data() + second, client);
  std::from_chars(told.data() + second + 1, told.data() + told.size(), end_ms);
  if (now.count() >= end_ms) return std::nullopt;
  return client;
}

std::chrono::seconds CarrierAccess::throttled(wire::PullApi api, std::size_t who, std::chrono::milliseconds now) {
  if (options_.troubles.limit == 0) return {};
  const std::chrono::milliseconds length = options_.troubles.limit_window;
  const std::int64_t number = now / length;
  Window& window = windows_[{api, who}];
  if (window.number != number) window = {number, 0};
  if (++window.requests <= options_.troubles.limit) return {};
  return std::chrono::ceil<std::chrono::seconds>((number + 1) * length - now);
}

}  // namespace peakstorm::endpoint
