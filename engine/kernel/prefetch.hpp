/// Advice to the cache. Events go to hundreds of places in turn and come back to each much later: without advice nearly
/// every second store of an event waits for memory. Measured in README.md.
#pragma once

#include <cstddef>

namespace peakstorm::kernel {

inline constexpr std::size_t cache_line = 64;

/// Asks for the `bytes` from `begin` on, to be read soon. They need not exist.
inline void prefetch_for_read(const void* begin, std::size_t bytes) {
  const auto* at = static_cast<const std::byte*>(begin);
  for (std::size_t line = 0; line < bytes; line += cache_line) __builtin_prefetch(at + line);
}
inline void prefetch_for_write(const void* begin, std::size_t bytes) {
  const auto* at = static_cast<const std::byte*>(begin);
  for (std::size_t line = 0; line < bytes; line += cache_line) __builtin_prefetch(at + line, 1);
}
/// Asks for the line after the one of `place`, to be written when an array has grown so far.
template <class T>
[[gnu::always_inline]] inline void prefetch_line_after(const T* place) {
  __builtin_prefetch(reinterpret_cast<const std::byte*>(place) + cache_line, 1);
}

}  // namespace peakstorm::kernel
