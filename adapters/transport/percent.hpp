/// Percent-encoding of URLs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peakstorm {

/// Percent-decoded; none for a "%" without two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace peakstorm
