#include "engine/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace peakstorm::detail {

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "peakstorm: internal error: %s:%d: %s does not hold (%s)\n", file, line, condition,
               values.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace peakstorm::detail
