/// Names that look like a misspelled one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peakstorm::scenarios {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (restricted
/// Damerau-Levenshtein distance), without regard to case; more than `limit` is reported as `limit` + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// Up to `count` of `known` nearest to `wanted`, best first: a third of its letters may differ.
std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string_view>& known,
                                    std::size_t count = 3);

/// "did you mean 'a' or 'b'?" when near names exist; otherwise `otherwise`.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known,
                         const std::string& otherwise);

}  // namespace peakstorm::scenarios
