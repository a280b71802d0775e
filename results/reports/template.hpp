/// The pages as built from results/reports/page; the report's has a marker where the data goes.
#pragma once

#include <span>
#include <string_view>

namespace peakstorm::reports {

inline constexpr std::string_view data_marker = "PEAKSTORM_DATA";

enum class Page { report, live };

/// The page in pieces, in order: compilers limit the length of one literal.
std::span<const std::string_view> template_pieces(Page page);

}  // namespace peakstorm::reports
