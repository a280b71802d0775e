/// The events of one partition that are still to come, in order. One thread at a time.
///
/// A hierarchical calendar (timing wheel) with a sorted front. Time is cut into buckets of 2^shift ticks; a
/// bucket's number is written in base 1024, and an event waits at the level of the highest digit in which its
/// bucket differs from the present one, unsorted, in chunks from a pool. When everything earlier has been
/// handled, the first bucket of the lowest level becomes the front: a counting sort by time within the
/// bucket, then an insertion pass in EventOrder. A bucket of a higher level is first dealt out to the levels
/// below it. What is pushed into the span of the present front goes to a small heap beside it.
///
/// So push is O(1), every event moves at most once per level (in practice one to three times), and the order
/// never depends on the bucket width, which follows the number and density of events: a bucket is sorted within
/// the first-level cache, and little is pushed into the span of the front. Measurements: README.md.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "engine/kernel/event.hpp"
#include "engine/kernel/prefetch.hpp"

namespace peakstorm::kernel {

template <class Payload>
class PendingEvents {
 public:
  explicit PendingEvents(EventOrder before) : before_(before) { levels_[0] = std::make_unique<Level>(); }
  PendingEvents(const PendingEvents&) = delete;
  PendingEvents& operator=(const PendingEvents&) = delete;

  [[nodiscard]] std::size_t size() const { return waiting_ + (front_size_ - cursor_) + late_.size(); }

  // By value and inlined all the way: a caller that has just computed the fields keeps them in registers. Read
  // back from a temporary as one wide load, they would have to wait for every earlier store to reach the
  // cache, which was 40 % of the time of PHOLD.
  [[gnu::always_inline]] void push(Event<Payload> event) {
    if (event.at < floor_) [[unlikely]] {
      push_late(event);
    } else {
      if (event.at < waiting_next_) waiting_next_ = event.at;
      wait(event);
      ++waiting_;
    }
  }

  /// Instant of the first event; `never` when there is none.
  [[nodiscard]] SimTime next() const {
    const SimTime front = cursor_ < front_size_ ? front_[cursor_].at : never;
    const SimTime late = late_.empty() ? never : late_.front().at;
    return front == never && late == never ? waiting_next_ : std::min(front, late);
  }

  /// Calls visit(event) for every event with at < `until`, in order, those pushed meanwhile included; and
  /// soon(target) a few events before it is the turn of one for `target`. Returns how many were visited.
  template <class Visit, class Soon>
  std::size_t pop_until(SimTime until, Visit&& visit, Soon&& soon) {
    const std::uint64_t before = popped_;
    for (;;) {
      pop_front(until, visit, soon);
      if (cursor_ < front_size_ || !late_.empty() || !open_bucket(until)) break;
    }
    return popped_ - before;
  }
  template <class Visit>
  std::size_t pop_until(SimTime until, Visit&& visit) {
    return pop_until(until, visit, [](LpId) {});
  }

  /// In no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = cursor_; i < front_size_; ++i) visit(front_[i]);
    for (const Event<Payload>& event : late_) visit(event);
    for (const auto& level : levels_) {
      if (!level) continue;
      for (const Bucket& bucket : level->buckets) {
        for_each_in(bucket, visit);
      }
    }
  }

 private:
  static constexpr unsigned digit_bits = 10;
  static constexpr unsigned digits = 1U << digit_bits;
  static constexpr unsigned level_count = 7;  // 7 x 10 bits cover all 64.
  static constexpr std::size_t chunk_events = std::max<std::size_t>(4, 1000 / sizeof(Event<Payload>));
  static constexpr std::size_t most_per_bucket = 512;
  static constexpr std::size_t fewest_per_bucket = 16;
  static constexpr std::size_t look_ahead = 4;
  static constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63U;

  struct Chunk {
    Chunk* previous;
    alignas(Event<Payload>) std::array<std::byte, chunk_events * sizeof(Event<Payload>)> bytes;
    Event<Payload>* events() { return reinterpret_cast<Event<Payload>*>(bytes.data()); }
    const Event<Payload>* events() const { return reinterpret_cast<const Event<Payload>*>(bytes.data()); }
  };
  /// Events in no order: `used` of the chunk `last`, and all of those before it.
  struct Bucket {
    Chunk* last = nullptr;
    std::uint32_t used = chunk_events;
    std::uint32_t full_chunks = 0;  ///< Before `last`.
    [[nodiscard]] std::size_t size() const { return last == nullptr ? 0 : full_chunks * chunk_events + used; }
  };
  struct Level {
    std::array<Bucket, digits> buckets;
    std::array<std::uint64_t, digits / 64> filled{};  ///< Bit set of the buckets that have events.
    std::uint64_t filled_words = 0;                   ///< Bit set of the words of `filled` that are not 0.
  };
  struct After {
    EventOrder before;
    bool operator()(const Event<Payload>& a, const Event<Payload>& b) const { return before(b, a); }
  };

  /// Instants as unsigned numbers of the same order.
  static std::uint64_t unsigned_of(SimTime at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count()) ^ sign_bit;
  }
  static SimTime instant_of(std::uint64_t ticks) {
    return SimTime{SimDuration{static_cast<std::int64_t>(ticks ^ sign_bit)}};
  }
  [[nodiscard]] std::uint64_t bucket_of(SimTime at) const { return unsigned_of(at) >> shift_; }
  /// First instant after a bucket.
  [[nodiscard]] SimTime end_of(std::uint64_t bucket) const {
    const std::uint64_t last = std::numeric_limits<std::uint64_t>::max() >> shift_;
    return bucket >= last ? never : instant_of((bucket + 1) << shift_);
  }

  // --- Buckets.

  [[gnu::noinline]] void push_late(Event<Payload> event) {
    late_.push_back(event);
    std::push_heap(late_.begin(), late_.end(), After{before_});
  }

  [[gnu::always_inline]] void wait(Event<Payload> event) {
    const std::uint64_t number = bucket_of(event.at);
    const std::uint64_t difference = number ^ present_;
    if (difference < digits) [[likely]] {
      put(*levels_[0], number & (digits - 1), event);
    } else {
      wait_far(number, event);
    }
  }
  [[gnu::noinline]] void wait_far(std::uint64_t number, Event<Payload> event) {
    const auto level = (63U - static_cast<unsigned>(std::countl_zero(number ^ present_))) / digit_bits;
    if (!levels_[level]) levels_[level] = std::make_unique<Level>();
    put(*levels_[level], (number >> (level * digit_bits)) & (digits - 1), event);
  }
  [[gnu::always_inline]] void put(Level& level, std::size_t digit, Event<Payload> event) {
    Bucket& bucket = level.buckets[digit];
    if (bucket.used == chunk_events) [[unlikely]]
      add_chunk(level, digit);
    Event<Payload>* place = bucket.last->events() + bucket.used;
    prefetch_line_after(place);
    std::construct_at(place, event);
    ++bucket.used;
  }

  [[gnu::noinline]] void add_chunk(Level& level, std::size_t digit) {
    level.filled[digit / 64] |= std::uint64_t{1} << (digit % 64);
    level.filled_words |= std::uint64_t{1} << (digit / 64);
    Bucket& bucket = level.buckets[digit];
    if (free_.empty()) add_slab();
    Chunk* chunk = free_.back();
    free_.pop_back();
    // To be written soon, wherever it goes: put() asks for a line at a time from there on.
    if (free_.size() >= 2) prefetch_for_write(free_[free_.size() - 2], 128);
    chunk->previous = bucket.last;
    bucket.full_chunks += bucket.last != nullptr ? 1 : 0;
    bucket.last = chunk;
    bucket.used = 0;
  }

  void add_slab() {
    const std::size_t count = std::clamp<std::size_t>(slab_chunks_, 16, 2048);
    slab_chunks_ = count * 2;
    slabs_.push_back(std::make_unique_for_overwrite<Chunk[]>(count));
    for (std::size_t i = count; i > 0; --i) free_.push_back(&slabs_.back()[i - 1]);
  }

  template <class Visit>
  static void for_each_in(const Bucket& bucket, Visit&& visit) {
    std::size_t used = bucket.used;
    for (const Chunk* chunk = bucket.last; chunk != nullptr; chunk = chunk->previous) {
      const Event<Payload>* events = chunk->events();
      if (chunk->previous != nullptr) prefetch_for_read(chunk->previous, sizeof(Chunk));  // Before this one is read.
      for (std::size_t i = 0; i < used; ++i) visit(events[i]);
      used = chunk_events;
    }
  }

  /// Empties a bucket of a level and returns what it held; the chunks are still to be freed.
  Bucket take(Level& level, std::size_t digit) {
    std::uint64_t& word = level.filled[digit / 64];
    word &= ~(std::uint64_t{1} << (digit % 64));
    if (word == 0) level.filled_words &= ~(std::uint64_t{1} << (digit / 64));
    return std::exchange(level.buckets[digit], Bucket{});
  }
  void free_chunks(const Bucket& bucket) {
    for (Chunk* chunk = bucket.last; chunk != nullptr;) {
      Chunk* previous = chunk->previous;
      free_.push_back(chunk);
      chunk = previous;
    }
  }

  /// Requires: the level has events.
  static std::size_t first_filled(const Level& level) {
    const auto word = static_cast<std::size_t>(std::countr_zero(level.filled_words));
    return word * 64 + static_cast<std::size_t>(std::countr_zero(level.filled[word]));
  }
  static SimTime earliest_in(const Bucket& bucket) {
    SimTime first = never;
    for_each_in(bucket, [&first](const Event<Payload>& event) { first = std::min(first, event.at); });
    return first;
  }

  // --- The front.

  template <class Visit, class Soon>
  void pop_front(SimTime until, Visit& visit, Soon& soon) {
    for (;;) {
      // Most of the time nothing falls into the span of the front any more: only the sorted run.
      while (late_.empty() && cursor_ < front_size_ && front_[cursor_].at < until) {
        if (cursor_ + look_ahead < front_size_) soon(front_[cursor_ + look_ahead].target);
        ++popped_;
        visit(std::as_const(front_[cursor_++]));  // visit() pushes, but never into front_.
      }
      if (late_.empty()) return;
      if (cursor_ < front_size_ && before_(front_[cursor_], late_.front())) {
        if (front_[cursor_].at >= until) return;
        ++popped_;
        visit(std::as_const(front_[cursor_++]));
      } else {
        if (late_.front().at >= until) return;
        std::pop_heap(late_.begin(), late_.end(), After{before_});
        const Event<Payload> event = late_.back();
        late_.pop_back();
        ++popped_;
        visit(event);
      }
    }
  }

  /// Makes the first waiting bucket the front if it has events before `until`; else false, and next() is
  /// exact. Requires: front and late heap are empty.
  bool open_bucket(SimTime until) {
    if (waiting_ == 0) {
      waiting_next_ = never;
      return false;
    }
    unsigned level = 0;
    while (!levels_[level] || levels_[level]->filled_words == 0) ++level;
    std::size_t digit = first_filled(*levels_[level]);
    const std::uint64_t number = (present_ & ~std::uint64_t{digits - 1}) | digit;
    if (level > 0 || end_of(number) > until) {
      if (waiting_next_ == unknown) waiting_next_ = earliest_in(levels_[level]->buckets[digit]);
      if (waiting_next_ >= until) return false;
    }
    if (should_retune()) {
      retune();
      return open_bucket(until);
    }
    if (level > 0) {
      deal_out(level, digit);
      digit = first_filled(*levels_[0]);
    }
    present_ = (present_ & ~std::uint64_t{digits - 1}) | digit;
    floor_ = end_of(present_);
    const Bucket bucket = take(*levels_[0], digit);
    sort_into_front(bucket);
    free_chunks(bucket);
    waiting_ -= front_size_;
    waiting_next_ = waiting_ == 0 ? never : unknown;
    ++opened_;
    return true;
  }

  /// Moves a bucket of a higher level down. Requires: the levels below are empty, and it is first in time.
  void deal_out(unsigned level, std::size_t digit) {
    present_ = bucket_of(waiting_next_);
    floor_ = instant_of(present_ << shift_);
    const Bucket bucket = take(*levels_[level], digit);
    for_each_in(bucket, [this](const Event<Payload>& event) { wait(event); });
    free_chunks(bucket);
  }

  void sort_into_front(const Bucket& bucket) {
    const std::size_t count = bucket.size();
    cursor_ = 0;
    front_size_ = count;
    if (front_.size() < count) front_.resize(count);
    if (count <= 8) {
      std::size_t i = 0;
      for_each_in(bucket, [this, &i](const Event<Payload>& event) { front_[i++] = event; });
    } else {
      const unsigned bits = std::min(shift_, static_cast<unsigned>(std::bit_width(count)));
      const unsigned drop = shift_ - bits;
      const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
      const auto cell_of = [drop, mask](const Event<Payload>& event) {
        return static_cast<std::size_t>((static_cast<std::uint64_t>(event.at.time_since_epoch().count()) >> drop) &
                                        mask);
      };
      cells_.assign((std::size_t{1} << bits) + 1, 0);
      for_each_in(bucket, [&](const Event<Payload>& event) { ++cells_[cell_of(event) + 1]; });
      std::uint32_t largest = 0;
      for (std::size_t cell = 1; cell < cells_.size(); ++cell) {
        largest = std::max(largest, cells_[cell]);
        cells_[cell] += cells_[cell - 1];
      }
      for_each_in(bucket, [&](const Event<Payload>& event) { front_[cells_[cell_of(event)]++] = event; });
      // Many events in one cell (all at one instant, for instance): the insertion pass would be quadratic.
      // cells_[c] is now the end of cell c.
      for (std::size_t cell = 0, from = 0; largest > 32 && cell + 1 < cells_.size(); from = cells_[cell++]) {
        if (cells_[cell] - from > 32) std::sort(front_.data() + from, front_.data() + cells_[cell], before_);
      }
    }
    for (std::size_t i = 1; i < count; ++i) {
      if (!before_(front_[i], front_[i - 1])) continue;
      const Event<Payload> event = front_[i];
      std::size_t j = i;
      do {
        front_[j] = front_[j - 1];
        --j;
      } while (j > 0 && before_(event, front_[j - 1]));
      front_[j] = event;
    }
  }

  // --- The bucket width.

  /// Wide buckets are cheaper per event, but what is pushed into the span of the front goes to the heap: with a quarter
  /// of the events in a bucket that stays rare enough. Where very many wait, buckets leave the first-level cache, or
  /// most events would wait above the lowest level and be moved once more.
  [[nodiscard]] std::uint64_t wanted_per_bucket() const {
    return std::clamp<std::uint64_t>(waiting_ / 4, fewest_per_bucket, std::max(most_per_bucket, waiting_ / 256));
  }
  /// True when buckets have long been far from the wanted size, and enough work was done since the last
  /// change to pay for moving everything.
  [[nodiscard]] bool should_retune() const {
    if (opened_ - tuned_opened_ < 32 || popped_ - tuned_popped_ < waiting_ / 4) return false;
    const std::uint64_t per_bucket = (popped_ - tuned_popped_) / (opened_ - tuned_opened_);
    const std::uint64_t wanted = wanted_per_bucket();
    return per_bucket > 2 * wanted ? shift_ > 0 : per_bucket < wanted / 4 && shift_ < max_shift;
  }

  /// Requires: front and late heap are empty.
  void retune() {
    const std::uint64_t per_bucket = (popped_ - tuned_popped_) / (opened_ - tuned_opened_);
    const std::uint64_t wanted = wanted_per_bucket();
    if (per_bucket > wanted) {
      const auto narrower = static_cast<unsigned>(std::bit_width(per_bucket / wanted) - 1);
      shift_ -= std::min(shift_, narrower);
    } else {
      const std::uint64_t times = wanted / std::max<std::uint64_t>(1, per_bucket);
      shift_ = std::min(max_shift, shift_ + static_cast<unsigned>(std::bit_width(times) - 1));
    }
    tuned_popped_ = popped_;
    tuned_opened_ = opened_;

    std::vector<Bucket> all;
    for (auto& level : levels_) {
      while (level && level->filled_words != 0) all.push_back(take(*level, first_filled(*level)));
    }
    // Nothing waits before floor_, which stays: events in its bucket that come before it go to the heap.
    present_ = bucket_of(floor_);
    for (const Bucket& bucket : all) {
      for_each_in(bucket, [this](const Event<Payload>& event) { wait(event); });
      free_chunks(bucket);
    }
  }

  static constexpr SimTime unknown = SimTime::min();  ///< No event is at it, and none is before it.
  static constexpr unsigned max_shift = 40;           ///< 35 years.

  EventOrder before_;
  // Everything before floor_ is in front_ or late_, everything else waits in the levels.
  SimTime floor_ = SimTime::min();
  std::vector<Event<Payload>> front_;  ///< Sorted; [cursor_, front_size_) are still to come.
  std::size_t cursor_ = 0;
  std::size_t front_size_ = 0;
  std::vector<Event<Payload>> late_;  ///< Heap.

  unsigned shift_ = 8;
  std::uint64_t present_ = 0;  ///< Number of the bucket in which floor_ is, or of the one that it ends.
  std::array<std::unique_ptr<Level>, level_count> levels_;
  std::size_t waiting_ = 0;
  SimTime waiting_next_ = never;  ///< Earliest of the waiting events, or unknown.

  std::vector<std::unique_ptr<Chunk[]>> slabs_;
  std::vector<Chunk*> free_;
  std::size_t slab_chunks_ = 0;
  std::vector<std::uint32_t> cells_;  ///< Scratch of the counting sort.

  std::uint64_t popped_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t tuned_popped_ = 0;  ///< As they were when the width was last chosen.
  std::uint64_t tuned_opened_ = 0;
};

}  // namespace peakstorm::kernel
