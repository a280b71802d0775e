/// Values in Protobuf's binary form. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

namespace peakstorm::wire {

/// How a number, boolean or enumeration is written.
enum class NumberForm : std::uint8_t { varint, zigzag, fixed32, fixed64, float32, float64, boolean, enumeration };

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7fU) | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

/// The lowest `bytes` of a value, lowest first.
inline void append_fixed(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

/// Requires: not a form of real numbers.
inline void append_whole(std::string& out, std::int64_t value, NumberForm form) {
  const auto bits = static_cast<std::uint64_t>(value);
  switch (form) {
    case NumberForm::zigzag:
      return append_varint(out, (bits << 1U) ^ static_cast<std::uint64_t>(value >> 63));
    case NumberForm::fixed32:
      return append_fixed(out, bits, 4);
    case NumberForm::fixed64:
      return append_fixed(out, bits, 8);
    default:
      return append_varint(out, bits);
  }
}

inline void append_real(std::string& out, double value, NumberForm form) {
  if (form == NumberForm::float32) {
    append_fixed(out, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
  } else {
    append_fixed(out, std::bit_cast<std::uint64_t>(value), 8);
  }
}

}  // namespace peakstorm::wire
