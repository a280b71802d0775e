/// Hexadecimal numbers in text. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace peakstorm {

/// Appends a 64-bit number as 16 lower-case hex digits.
inline void append_hex64(std::string& out, std::uint64_t value) {
  std::array<char, 16> digits;
  for (unsigned i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15U];
  out.append(digits.data(), digits.size());
}

}  // namespace peakstorm
