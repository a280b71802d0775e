/// HMAC-SHA256 over a request's raw bytes, EasyPost's scheme version 1.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace peakstorm::endpoint {

/// One per thread: it keeps a keyed context.
class Signature {
 public:
  /// Requires: printable ASCII, for which EasyPost's NFKD normalisation of the secret is the identity.
  explicit Signature(std::string_view secret);
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;
  Signature(Signature&&) = delete;
  Signature& operator=(Signature&&) = delete;
  ~Signature();

  /// "hmac-sha256-hex=" and 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string sign(std::string_view body);
  /// Compares in constant time. Hexadecimal digits may be of either case.
  [[nodiscard]] bool verify(std::string_view body, std::string_view header);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::endpoint
