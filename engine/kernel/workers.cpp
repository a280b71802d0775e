#include "engine/kernel/workers.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <optional>
#include <vector>

namespace peakstorm::kernel {

struct Workers::Arena {
  explicit Arena(unsigned threads) : slots(threads), arena(static_cast<int>(threads)), cursors(threads) {
    // oneTBB makes no more threads than cores unless told so; tests ask for more.
    if (static_cast<int>(threads) > tbb::info::default_concurrency()) {
      more.emplace(tbb::global_control::max_allowed_parallelism, threads);
    }
  }

  /// Next item of one share of the work. On its own cache line: every thread writes it.
  struct alignas(64) Cursor {
    std::atomic<std::uint32_t> next{0};
    std::uint32_t end = 0;
  };

  std::uint32_t slots;
  std::optional<tbb::global_control> more;
  tbb::task_arena arena;
  std::vector<Cursor> cursors;
  alignas(64) std::atomic<std::uint32_t> left{0};
};

Workers::Workers(unsigned threads) : arena_(threads > 1 ? std::make_unique<Arena>(threads) : nullptr) {}
Workers::~Workers() = default;

void Workers::run(std::span<const std::uint32_t> items, void (*call)(void*, std::uint32_t), void* context) {
  if (!arena_ || items.size() < 2) {
    for (const std::uint32_t item : items) call(context, item);
    return;
  }
  Arena& arena = *arena_;
  const std::uint32_t slots = arena.slots;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    arena.cursors[slot].end = static_cast<std::uint32_t>(items.size() * (slot + 1) / slots);
    arena.cursors[slot].next.store(static_cast<std::uint32_t>(items.size() * slot / slots), std::memory_order_release);
  }
  // Each thread begins with its own share, the same partitions in every window, so that their events stay
  // in its cache; then it helps the others.
  const auto work = [&arena, items, slots, call, context](std::uint32_t) {
    const int here = tbb::this_task_arena::current_thread_index();
    const std::uint32_t first = here < 0 ? 0 : static_cast<std::uint32_t>(here) % slots;
    for (std::uint32_t i = 0; i < slots; ++i) {
      Arena::Cursor& cursor = arena.cursors[(first + i) % slots];
      for (;;) {
        const std::uint32_t item = cursor.next.fetch_add(1, std::memory_order_acq_rel);
        if (item >= cursor.end) break;
        call(context, items[item]);
      }
    }
    arena.left.fetch_add(1, std::memory_order_release);  // Pairs with the load below.
  };
  arena.arena.execute([&work, slots] {
    tbb::parallel_for(std::uint32_t{0}, slots, std::uint32_t{1}, work, tbb::simple_partitioner{});
  });
  static_cast<void>(arena.left.load(std::memory_order_acquire));
}

}  // namespace peakstorm::kernel
