/// Where a value stands in its TOML file.
#pragma once

#include <toml++/toml.h>

namespace peakstorm::scenarios {

/// Counted from 1; 0 for a value that the program made itself.
inline int line_of(const toml::node& node) {
  return static_cast<int>(node.source().begin.line);
}

}  // namespace peakstorm::scenarios
