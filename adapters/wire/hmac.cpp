// OpenSSL 3 discourages the SHA256_* calls in favour of EVP, whose contexts allocate on every copy: two
// allocations a signature. The calls stay in OpenSSL and use the same assembly.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "adapters/wire/hmac.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace peakstorm::wire {
namespace {

constexpr std::size_t block = SHA256_CBLOCK;
using Digest256 = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

SHA256_CTX keyed(const std::array<unsigned char, block>& key, unsigned char pad) {
  std::array<unsigned char, block> padded = key;
  for (unsigned char& byte : padded) byte = static_cast<unsigned char>(byte ^ pad);
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, padded.data(), padded.size());
  return state;
}

}  // namespace

HmacSha256::HmacSha256(std::string_view key) {
  std::array<unsigned char, block> short_key{};
  if (key.size() > block) {
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), short_key.data());
  } else {
    std::copy(key.begin(), key.end(), short_key.begin());
  }
  inner_ = keyed(short_key, 0x36);
  outer_ = keyed(short_key, 0x5c);
}

HmacSha256::Digest HmacSha256::of(std::span<const std::string_view> pieces) const {
  Digest256 digest;
  SHA256_CTX state = inner_;
  for (const std::string_view piece : pieces) SHA256_Update(&state, piece.data(), piece.size());
  SHA256_Final(digest.data(), &state);
  state = outer_;
  SHA256_Update(&state, digest.data(), digest.size());
  SHA256_Final(digest.data(), &state);
  Digest out;
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

void HmacSha256::append_hex(std::string_view message, std::string& out) const {
  const Digest digest = of({&message, 1});
  append_hex_bytes(out, {digest.data(), digest.size()});
}

HmacSha256::Digest sha256(std::span<const std::string_view> pieces) {
  SHA256_CTX state;
  SHA256_Init(&state);
  for (const std::string_view piece : pieces) SHA256_Update(&state, piece.data(), piece.size());
  Digest256 digest;
  SHA256_Final(digest.data(), &state);
  HmacSha256::Digest out;
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

void append_hex_bytes(std::string& out, std::string_view bytes) {
  std::size_t at = out.size();
  out.resize(at + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out[at++] = "0123456789abcdef"[byte >> 4U];
    out[at++] = "0123456789abcdef"[byte & 15U];
  }
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace peakstorm::wire
