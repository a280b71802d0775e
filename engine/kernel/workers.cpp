#include "engine/kernel/workers.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/hand_over.hpp"

namespace peakstorm::kernel {

namespace {

/// How often a thread looks again before it gives its processor to others: some 100 microseconds.
constexpr unsigned patience = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// From callers to the helpers they call.
HandOver crews;

}  // namespace

/// What the caller and its helpers share. One step is one call of for_each.
///
/// The items are dealt into one share per thread; each thread takes the items of its own share, the same
/// partitions in every window, so that their events stay in its cache, and then helps with the others. A share
/// is one word, next item and end: it is claimed from in one operation, so a helper that comes after the end of
/// its step finds either nothing or an item of the step that is running now, never one of the past.
class Workers::Crew {
 public:
  explicit Crew(unsigned threads) : shares_(threads) {}

  /// On the caller's thread.
  void run(std::span<const std::uint32_t> items, void (*call)(void*, std::uint32_t), void* context) {
    items_ = items.data();
    call_ = call;
    context_ = context;
    left_.store(items.size(), std::memory_order_relaxed);
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      const std::uint64_t from = items.size() * i / shares_.size();
      const std::uint64_t to = items.size() * (i + 1) / shares_.size();
      shares_[i].claim.store(to << 32U | from, std::memory_order_release);  // Pairs with the claim in work().
    }
    step_.fetch_add(1, std::memory_order_release);  // Pairs with the look of help().
    work(0);
    for (unsigned looks = 0; left_.load(std::memory_order_acquire) != 0; ++looks) {  // Pairs with work().
      looks < patience ? pause() : std::this_thread::yield();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  /// On a helper's thread: takes part in steps until none has come for a while.
  void help(std::size_t share) {
    std::uint32_t seen = step_.load(std::memory_order_acquire) - 1;
    for (unsigned looks = 0; looks < patience && !over_.load(std::memory_order_relaxed); ++looks) {
      const std::uint32_t step = step_.load(std::memory_order_acquire);
      if (step == seen) {
        pause();
        continue;
      }
      seen = step;
      work(share);
      looks = 0;
    }
    helpers_.fetch_sub(1, std::memory_order_relaxed);
  }

  /// How many helpers are to be called, which are then counted as being there.
  unsigned missing() {
    const auto wanted = static_cast<unsigned>(shares_.size() - 1);
    const unsigned there = helpers_.load(std::memory_order_relaxed);
    if (there < wanted) helpers_.fetch_add(wanted - there, std::memory_order_relaxed);
    return wanted - there;
  }
  /// No step comes any more.
  void dismiss() { over_.store(true, std::memory_order_relaxed); }

 private:
  struct alignas(64) Share {
    std::atomic<std::uint64_t> claim{0};  ///< End of the share in the upper half, next item in the lower.
  };

  void work(std::size_t own) {
    std::size_t done = 0;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      std::atomic<std::uint64_t>& claim = shares_[(own + i) % shares_.size()].claim;
      for (;;) {
        // A look first: taking the cache line for writing costs more, and mostly there is nothing left.
        const auto is_over = [](std::uint64_t c) { return static_cast<std::uint32_t>(c) >= c >> 32U; };
        if (is_over(claim.load(std::memory_order_relaxed))) break;
        const std::uint64_t got = claim.fetch_add(1, std::memory_order_acq_rel);
        if (is_over(got)) break;
        perform(items_[static_cast<std::uint32_t>(got)]);
        ++done;
      }
    }
    // Until here the step cannot end, so all of them were of the step that is running.
    if (done > 0) left_.fetch_sub(done, std::memory_order_release);
  }
  void perform(std::uint32_t item) {
    try {
      call_(context_, item);
    } catch (...) {
      const std::lock_guard lock(error_guard_);
      error_ = std::current_exception();
    }
  }

  // Of the step; read only by who has claimed an item of it.
  const std::uint32_t* items_ = nullptr;
  void (*call_)(void*, std::uint32_t) = nullptr;
  void* context_ = nullptr;
  std::mutex error_guard_;
  std::exception_ptr error_;

  std::vector<Share> shares_;  ///< The caller's first.
  alignas(64) std::atomic<std::uint32_t> step_{0};
  std::atomic<bool> over_{false};
  alignas(64) std::atomic<std::size_t> left_{0};  ///< Items not yet done.
  alignas(64) std::atomic<unsigned> helpers_{0};
};

struct Workers::Arena {
  explicit Arena(unsigned threads) : arena(static_cast<int>(threads)), crew(std::make_shared<Crew>(threads)) {
    // oneTBB makes no more threads than cores unless told so; tests ask for more.
    if (static_cast<int>(threads) > tbb::info::default_concurrency()) {
      more.emplace(tbb::global_control::max_allowed_parallelism, threads);
    }
  }
  std::optional<tbb::global_control> more;
  tbb::task_arena arena;       ///< Its first slot is the caller's.
  std::shared_ptr<Crew> crew;  ///< Shared with the helpers, which may find out late that all is over.
};

void Workers::help(std::shared_ptr<Crew>* crew) {
  crews.take();
  const std::unique_ptr<std::shared_ptr<Crew>> owned(crew);
  const int slot = tbb::this_task_arena::current_thread_index();
  (*owned)->help(slot > 0 ? static_cast<std::size_t>(slot) : 0);
}

Workers::Workers(unsigned threads) : arena_(threads > 1 ? std::make_unique<Arena>(threads) : nullptr) {}
Workers::~Workers() {
  if (arena_) arena_->crew->dismiss();
}

void Workers::run(std::span<const std::uint32_t> items, void (*call)(void*, std::uint32_t), void* context) {
  if (!arena_ || items.size() < 2) {
    for (const std::uint32_t item : items) call(context, item);
    return;
  }
  for (unsigned missing = arena_->crew->missing(); missing > 0; --missing) {
    auto* crew = new std::shared_ptr<Crew>(arena_->crew);  // NOLINT(cppcoreguidelines-owning-memory): help() owns it.
    crews.give();
    arena_->arena.enqueue([crew]() __attribute__((no_sanitize("thread"))) { help(crew); });
  }
  arena_->crew->run(items, call, context);
}

}  // namespace peakstorm::kernel
