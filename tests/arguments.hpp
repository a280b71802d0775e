/// For tests that start programs.
#pragma once

#include <string>
#include <vector>

namespace peakstorm::testing {

/// What posix_spawn takes as argv or envp; valid as long as `texts` is not changed.
inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace peakstorm::testing
