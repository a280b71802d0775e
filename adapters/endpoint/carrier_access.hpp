/// Who may poll: credentials, tokens, limits. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/carriers.hpp"
#include "adapters/endpoint/service.hpp"
#include "adapters/endpoint/signature.hpp"

namespace peakstorm::endpoint {

/// What a token is asked for with.
struct TokenRequest {
  std::string grant_type;
  std::string id;
  std::string secret;
};
/// From the Authorization header (Basic), a form or a JSON object in the body; what is in none of them stays empty.
TokenRequest read_token_request(const Request& request);

/// None for text that is no Base64 (RFC 4648, with or without padding).
std::optional<std::string> base64_decoded(std::string_view text);
/// Value of a name in "name=value&...", decoded; none when it is absent or badly encoded.
std::optional<std::string> form_value(std::string_view form, std::string_view name);

class CarrierAccess {
 public:
  /// `options` must outlive this.
  explicit CarrierAccess(const CarriersOptions& options);

  /// A token for these credentials; none when they were not declared.
  std::optional<std::string> issue(wire::PullApi api, const TokenRequest& asked, std::chrono::milliseconds now);
  [[nodiscard]] std::int64_t token_life_s(wire::PullApi api) const;
  /// Who asks, by the token or key in the header; none: somebody without a right to.
  std::optional<std::size_t> who(wire::PullApi api, std::string_view authorization, std::chrono::milliseconds now);
  /// Counts a request of theirs. The pause until the next one is welcome; zero when this one was.
  std::chrono::seconds throttled(wire::PullApi api, std::size_t who, std::chrono::milliseconds now);

 private:
  std::optional<std::size_t> find(wire::PullApi api, std::string_view id, std::string_view secret) const;

  const CarriersOptions& options_;
  Signature signature_;
  struct Window {
    std::int64_t number = -1;
    std::uint32_t requests = 0;
  };
  std::map<std::pair<wire::PullApi, std::size_t>, Window> windows_;
};

}  // namespace peakstorm::endpoint
