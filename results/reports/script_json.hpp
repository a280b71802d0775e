/// JSON that may stand inside a <script> element of an HTML page.
#pragma once

#include <string>
#include <string_view>

namespace peakstorm::reports {

/// Escapes what would end the element or start a comment in it (<, >, &), and the two line ends that JSON
/// allows in strings and old scripts do not (U+2028, U+2029). In valid JSON all five occur inside strings only,
/// so the value stays the same.
inline std::string for_script(std::string_view json) {
  std::string safe;
  safe.reserve(json.size() + json.size() / 64);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<') {
      safe += "\\u003c";
    } else if (c == '>') {
      safe += "\\u003e";
    } else if (c == '&') {
      safe += "\\u0026";
    } else if (json.substr(i, 3) == "\xe2\x80\xa8" || json.substr(i, 3) == "\xe2\x80\xa9") {
      safe += json[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace peakstorm::reports
