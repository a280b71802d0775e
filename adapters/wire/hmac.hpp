/// HMAC-SHA256 (RFC 2104, FIPS 180-4) for many short messages under one key.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace peakstorm::wire {

/// Keeps the hash states after the key's inner and outer block, so that a signature costs two state copies
/// and the message's own blocks. Values; `sign` may be called from several threads at once.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  using Digest = std::array<char, SHA256_DIGEST_LENGTH>;
  /// The signature of the pieces, one behind the other.
  [[nodiscard]] Digest of(std::span<const std::string_view> pieces) const;
  /// Appends the 64 lower-case hex digits of the signature of `message`.
  void append_hex(std::string_view message, std::string& out) const;

 private:
  SHA256_CTX inner_{};
  SHA256_CTX outer_{};
};

/// SHA-256 of the pieces, one behind the other.
HmacSha256::Digest sha256(std::span<const std::string_view> pieces);

/// Appends bytes as lower-case hex digits.
void append_hex_bytes(std::string& out, std::string_view bytes);

/// True when both are equal; the time taken does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace peakstorm::wire
