#include "adapters/cli/secret.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace peakstorm::cli {

namespace {

Result<std::string> secret_of(const std::string& file, const char* variable, const char* flag) {
  if (file.empty()) {
    const char* value = std::getenv(variable);
    return value == nullptr ? std::string() : std::string(value);
  }
  std::ifstream stream(file);
  std::string secret;
  if (!stream || !std::getline(stream, secret)) {
    return fail(ErrorKind::bad_input, file + ": cannot read a secret from its first line; check " + flag);
  }
  if (secret.starts_with("-----BEGIN ")) {  // A key in PEM has many lines.
    secret += '\n';
    secret.append(std::istreambuf_iterator<char>(stream), {});
    return secret;
  }
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) return fail(ErrorKind::bad_input, file + ":1: the secret is empty; write it on the first line");
  return secret;
}

}  // namespace

Result<std::string> webhook_secret(const std::string& file) {
  return secret_of(file, secret_variable, "--secret-file");
}

Result<std::string> broker_password(const std::string& file) {
  return secret_of(file, broker_password_variable, "--broker-password-file");
}

Result<std::string> carrier_credentials(const std::string& file) {
  if (file.empty()) {
    const char* value = std::getenv(carrier_credentials_variable);
    return value == nullptr ? std::string() : std::string(value);
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorKind::bad_input, file + ": cannot be read; check --carrier-credentials");
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::string random_secret() {
  std::random_device chance;
  std::string secret;
  for (int i = 0; i < 8; ++i) secret += fmt::format("{:08x}", chance());
  return secret;
}

}  // namespace peakstorm::cli
