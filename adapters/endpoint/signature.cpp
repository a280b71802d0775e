#include "adapters/endpoint/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "engine/check.hpp"

namespace peakstorm::endpoint {
namespace {

constexpr std::string_view prefix = "hmac-sha256-hex=";
constexpr std::size_t digest_bytes = 32;
constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

class Signature::Impl {
 public:
  explicit Impl(std::string_view secret)
      : mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free),
        keyed_(EVP_MAC_CTX_new(mac_.get()), &EVP_MAC_CTX_free) {
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
    const int ok = keyed_ ? EVP_MAC_init(keyed_.get(), key, secret.size(), parameters.data()) : 0;
    PEAKSTORM_CHECK(ok == 1, ok);
  }

  std::array<unsigned char, digest_bytes> digest(std::string_view body) {
    // Initialising without a key takes the one set before: no key schedule per message.
    std::array<unsigned char, digest_bytes> out{};
    std::size_t size = 0;
    const bool ok =
        EVP_MAC_init(keyed_.get(), nullptr, 0, nullptr) == 1 &&
        EVP_MAC_update(keyed_.get(), reinterpret_cast<const unsigned char*>(body.data()), body.size()) == 1 &&
        EVP_MAC_final(keyed_.get(), out.data(), &size, out.size()) == 1;
    PEAKSTORM_CHECK(ok && size == digest_bytes, size);
    return out;
  }

 private:
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac_;
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> keyed_;
};

Signature::Signature(std::string_view secret) : impl_(std::make_unique<Impl>(secret)) {}
Signature::~Signature() = default;

std::string Signature::sign(std::string_view body) {
  std::string out{prefix};
  for (const unsigned char byte : impl_->digest(body)) {
    out += hex_digits[byte >> 4U];
    out += hex_digits[byte & 15U];
  }
  return out;
}

bool Signature::verify(std::string_view body, std::string_view header) {
  if (!header.starts_with(prefix) || header.size() != prefix.size() + 2 * digest_bytes) return false;
  header.remove_prefix(prefix.size());
  std::array<unsigned char, digest_bytes> told{};
  for (std::size_t i = 0; i < digest_bytes; ++i) {
    const int high = hex_value(header[2 * i]);
    const int low = hex_value(header[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    told[i] = static_cast<unsigned char>(high * 16 + low);
  }
  const auto true_digest = impl_->digest(body);
  return CRYPTO_memcmp(told.data(), true_digest.data(), digest_bytes) == 0;
}

}  // namespace peakstorm::endpoint
