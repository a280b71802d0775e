/// Memory in large pieces. Pieces of 2 MiB and more are asked of the system in huge pages: with 4 KiB pages every
/// second access to a calendar of a hundred megabytes costs a walk through the page tables.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace peakstorm::kernel {

struct FreePages {
  void operator()(std::byte* bytes) const { std::free(bytes); }  // NOLINT(cppcoreguidelines-no-malloc): see below.
};
using Pages = std::unique_ptr<std::byte[], FreePages>;

/// Uninitialised memory, aligned for every type and from 2 MiB on to 2 MiB. Throws std::bad_alloc.
inline Pages allocate_pages(std::size_t bytes) {
  constexpr std::size_t huge = std::size_t{1} << 21U;
  const std::size_t alignment = bytes >= huge ? huge : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);  // NOLINT(cppcoreguidelines-no-malloc): madvise needs pages.
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  // Only advice: where huge pages are switched off nothing changes.
  if (rounded >= huge) static_cast<void>(madvise(memory, rounded, MADV_HUGEPAGE));
#endif
  return Pages(static_cast<std::byte*>(memory));
}

}  // namespace peakstorm::kernel
