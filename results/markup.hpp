/// Text that goes into XML or HTML, between tags or in a quoted attribute. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace peakstorm {

/// Ampersands, angle brackets and double quotes as entities. Control characters other than tab and line feed become
/// '?', as XML 1.0 knows no others, escaped or not.
inline std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' ? '?' : c;
    }
  }
  return out;
}

}  // namespace peakstorm
