/// Whether a sanitizer watches this build: tests that repeat the same motions then repeat them less often, since each
/// costs ten to twenty times as much.
#pragma once

namespace peakstorm::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace peakstorm::test
