/// Hashes of texts, for manifests.
#pragma once

#include <string>
#include <string_view>

namespace peakstorm::scenarios {

/// XXH3 with 128 bits and seed 0, in its canonical form: 32 lower-case digits, as `xxhsum -H2` prints them.
std::string xxh128_hex(std::string_view text);

}  // namespace peakstorm::scenarios
