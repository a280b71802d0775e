/// A fresh RSA key for benches and tests, so that none lies about.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace peakstorm::testing {

/// A private key in PEM; the same for the whole process.
inline const std::string& signing_key() {
  static const std::string pem = [] {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &text));
    std::string out(text, size);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return out;
  }();
  return pem;
}

/// The secret that a format of this name signs with.
inline std::string secret_for(std::string_view format) {
  return format.starts_with("shipengine") ? signing_key() : "peakstorm-secret-0123456789abcdef";
}

}  // namespace peakstorm::testing
