#include "scenarios/text/hash.hpp"

#include <xxhash.h>

namespace peakstorm::scenarios {

std::string xxh128_hex(std::string_view text) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
  constexpr std::string_view digit = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : canonical.digest) {
    hex += digit[byte >> 4U];
    hex += digit[byte & 0xfU];
  }
  return hex;
}

}  // namespace peakstorm::scenarios
