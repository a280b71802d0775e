/// RSA-SHA256 signatures (PKCS #1 v1.5, RFC 8017) and the public key as a JWKS document (RFC 7517), by OpenSSL.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/result.hpp"

struct evp_pkey_st;

namespace peakstorm::wire {

class RsaKey {
 public:
  /// Reads a private key in PEM. Errors: bad_input, never quoting the text, for anything but an RSA key of at least
  /// 2048 bits without a passphrase.
  static Result<RsaKey> from_pem(std::string_view pem);
  /// The signature of the pieces, one behind the other; about 0.3 ms for 2048 bits. Any thread.
  [[nodiscard]] std::string sign(std::span<const std::string_view> pieces) const;
  /// RFC 7638 thumbprint of the public key, Base64 for URLs: the same key has the same id everywhere.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// {"keys":[...]} with the public half alone.
  [[nodiscard]] const std::string& jwks() const { return jwks_; }

 private:
  RsaKey() = default;
  std::shared_ptr<evp_pkey_st> key_;
  std::string id_;
  std::string jwks_;
};

}  // namespace peakstorm::wire
