/// The page as built from results/reports/page, with the marker where the data goes.
#pragma once

#include <span>
#include <string_view>

namespace peakstorm::reports {

inline constexpr std::string_view data_marker = "PEAKSTORM_DATA";

/// The template in pieces, in order: compilers limit the length of one literal.
std::span<const std::string_view> template_pieces();

}  // namespace peakstorm::reports
