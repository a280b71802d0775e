#include "adapters/wire/rsa.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <vector>

#include "adapters/wire/hmac.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"

namespace peakstorm::wire {
namespace {

constexpr int bits_min = 2048;

tl::unexpected<Error> bad(const char* what) {
  return fail(ErrorKind::bad_input,
              std::string("the signing key ") + what +
                  "; make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048");
}

/// A part of the public key, big endian, as JWKS wants it.
std::string part(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  const int got = EVP_PKEY_get_bn_param(key, name, &number);
  PEAKSTORM_CHECK(got == 1, name);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_free(number);
  std::string text;
  append_base64url(text, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return text;
}

/// No key that would ask for a passphrase on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return 0;
}

}  // namespace

Result<RsaKey> RsaKey::from_pem(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  PEAKSTORM_CHECK(bio != nullptr, pem.size());
  EVP_PKEY* read = PEM_read_bio_PrivateKey(bio, nullptr, no_passphrase, nullptr);
  BIO_free(bio);
  if (read == nullptr) return bad("is no private key in PEM without a passphrase");
  RsaKey key;
  key.key_ = std::shared_ptr<EVP_PKEY>(read, EVP_PKEY_free);
  if (EVP_PKEY_get_base_id(read) != EVP_PKEY_RSA) return bad("is not an RSA key");
  if (EVP_PKEY_get_bits(read) < bits_min) return bad("has less than 2048 bits");
  const std::string n = part(read, OSSL_PKEY_PARAM_RSA_N);
  const std::string e = part(read, OSSL_PKEY_PARAM_RSA_E);
  const std::string canonical = R"({"e":")" + e + R"(","kty":"RSA","n":")" + n + R"("})";
  const std::string_view piece = canonical;
  const auto digest = sha256({&piece, 1});
  append_base64url(key.id_, {digest.data(), digest.size()});
  key.jwks_ = R"({"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":")" + key.id_ + R"(","n":")" + n + R"(","e":")" +
              e + R"("}]})";
  return key;
}

std::string RsaKey::sign(std::span<const std::string_view> pieces) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  int good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
  for (const std::string_view piece : pieces) {
    if (good == 1) good = EVP_DigestSignUpdate(context.get(), piece.data(), piece.size());
  }
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  if (good == 1) good = EVP_DigestSignFinal(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size);
  PEAKSTORM_CHECK(good == 1, size);
  signature.resize(size);
  return signature;
}

}  // namespace peakstorm::wire
