/// Whether a sanitizer watches this build: tests that repeat the same motions then repeat them less often, since each
/// costs ten to twenty times as much.
#pragma once

// gcc says it by macros, clang by features.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAKSTORM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEAKSTORM_SANITIZED 1
#endif
#endif

namespace peakstorm::test {

#ifdef PEAKSTORM_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace peakstorm::test
