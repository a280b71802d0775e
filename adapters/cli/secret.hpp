/// The webhook secret and the broker's password: from the environment or a file, never from the command line, where
/// every user of the machine could read it; never stored, never printed.
#pragma once

#include <string>

#include "engine/result.hpp"

namespace peakstorm::cli {

inline constexpr const char* secret_variable = "PEAKSTORM_WEBHOOK_SECRET";

/// First line of `file` when one is given (all of it when it is a key in PEM), else PEAKSTORM_WEBHOOK_SECRET, else
/// empty. Errors: bad_input when the file cannot be read or its first line is empty.
Result<std::string> webhook_secret(const std::string& file);

inline constexpr const char* broker_password_variable = "PEAKSTORM_BROKER_PASSWORD";

/// Likewise, of the environment variable above.
Result<std::string> broker_password(const std::string& file);

inline constexpr const char* carrier_credentials_variable = "PEAKSTORM_CARRIER_CREDENTIALS";

/// All of `file` when one is given, else the environment variable above: who may poll the carriers, a line each
/// (adapters/carriers.hpp). Errors: bad_input when the file cannot be read.
Result<std::string> carrier_credentials(const std::string& file);

/// A new one, for an endpoint that lives as long as one drill: 256 bits from the operating system, in hex.
std::string random_secret();

}  // namespace peakstorm::cli
