/// peakstorm(1), the manual page, in the man(7) language of roff. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "adapters/cli/described.hpp"

namespace peakstorm::cli {

/// `version`: of the program, for the page's foot.
std::string manual_page(std::span<const DescribedVerb> verbs, std::string_view version);

}  // namespace peakstorm::cli
