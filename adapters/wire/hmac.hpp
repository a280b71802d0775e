/// HMAC-SHA256 (RFC 2104, FIPS 180-4) for many short messages under one key.
#pragma once

#include <openssl/sha.h>

#include <string>
#include <string_view>

namespace peakstorm::wire {

/// Keeps the hash states after the key's inner and outer block, so that a signature costs two state copies
/// and the message's own blocks. Values; `sign` may be called from several threads at once.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  /// Appends the 64 lower-case hex digits of the signature of `message`.
  void append_hex(std::string_view message, std::string& out) const;

 private:
  SHA256_CTX inner_{};
  SHA256_CTX outer_{};
};

/// True when both are equal; the time taken does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace peakstorm::wire
