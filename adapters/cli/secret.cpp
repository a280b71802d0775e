#include "adapters/cli/secret.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <random>

namespace peakstorm::cli {

Result<std::string> webhook_secret(const std::string& file) {
  if (file.empty()) {
    const char* value = std::getenv(secret_variable);
    return value == nullptr ? std::string() : std::string(value);
  }
  std::ifstream stream(file);
  std::string secret;
  if (!stream || !std::getline(stream, secret)) {
    return fail(ErrorKind::bad_input, file + ": cannot read a secret from its first line; check --secret-file");
  }
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) return fail(ErrorKind::bad_input, file + ":1: the secret is empty; write it on the first line");
  return secret;
}

std::string random_secret() {
  std::random_device chance;
  std::string secret;
  for (int i = 0; i < 8; ++i) secret += fmt::format("{:08x}", chance());
  return secret;
}

}  // namespace peakstorm::cli
