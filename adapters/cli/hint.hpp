/// "Did you mean": the nearest known word to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peakstorm::cli {

/// The candidate fewest edits away (insert, delete, replace, swap neighbours), when that is at most two
/// and less than half of the word; empty otherwise.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace peakstorm::cli
