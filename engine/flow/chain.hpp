/// A first-in first-out sequence in memory blocks, for the places where a nation's parcels wait.
///
/// A vector that grows by doubling holds up to twice what is in it, three times while it grows, and keeps it all until
/// its last element has gone. A chain gives each block back as soon as it has been read: what is held is what is in
/// flight, and the same blocks, warm in the cache, serve the next container. Short chains start with small blocks,
/// because most docks of a scaled run hold a handful of parcels.
///
/// One thread at a time per chain; the store of blocks is shared by all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace peakstorm::flow {

/// Full-size blocks, kept for reuse by any thread. Taking one costs a lock: once per 16 KiB.
class BlockStore {
 public:
  static constexpr std::size_t block_bytes = std::size_t{16} << 10U;

  static void* take();
  static void give(void* block);
  /// Returns unused blocks to the system.
  static void release();
};

template <class T>
class Chain {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  struct Block;

 public:
  using value_type = T;

  Chain() = default;
  Chain(Chain&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        first_(std::exchange(other.first_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Chain& operator=(Chain&& other) noexcept {
    if (this != &other) {
      clear();
      head_ = std::exchange(other.head_, nullptr);
      tail_ = std::exchange(other.tail_, nullptr);
      first_ = std::exchange(other.first_, 0);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  ~Chain() { clear(); }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  void push_back(const T& item) {
    if (tail_ == nullptr || tail_->end == tail_->capacity) grow();
    items(tail_)[tail_->end++] = item;
    ++size_;
  }
  /// Requires: not empty.
  [[nodiscard]] T& front() { return items(head_)[first_]; }
  /// Requires: not empty.
  void pop_front() {
    --size_;
    if (++first_ == head_->end) drop_head();
  }
  /// Calls visit(item) on every item, front to back, and keeps them.
  template <class Visit>
  void for_each(Visit&& visit) {
    std::uint32_t from = first_;
    for (Block* block = head_; block != nullptr; block = block->next) {
      T* const data = items(block);
      for (std::uint32_t i = from; i < block->end; ++i) visit(data[i]);
      from = 0;
    }
  }
  /// Calls visit(item) on every item, front to back, giving blocks back on the way; the chain is empty afterwards.
  /// `visit` may not touch this chain.
  template <class Visit>
  void consume(Visit&& visit) {
    while (head_ != nullptr) {
      T* const data = items(head_);
      for (; first_ < head_->end; ++first_) visit(data[first_]);
      drop_head();
    }
    size_ = 0;
  }
  void clear() {
    while (head_ != nullptr) drop_head();
    size_ = 0;
  }

  /// A place in a chain that is only read and changed, not moved, meanwhile.
  class Cursor {
   public:
    explicit Cursor(Chain& chain) : block_(chain.head_), at_(chain.first_) {}
    /// Requires: `count` items are left.
    void skip(std::size_t count) {
      while (count > 0) {
        const auto step = static_cast<std::uint32_t>(std::min<std::size_t>(count, block_->end - at_));
        at_ += step;
        count -= step;
        if (at_ == block_->end) enter(block_->next);
      }
    }
    /// Requires: an item is left.
    T& next() {
      T& item = items(block_)[at_];
      if (++at_ == block_->end) enter(block_->next);
      return item;
    }

   private:
    void enter(Block* block) {
      block_ = block;
      at_ = 0;
    }
    Block* block_;
    std::uint32_t at_;
  };

  /// As a vector of T would be: the length, then the items.
  template <class Archive>
  void transfer(Archive& archive) {
    auto count = static_cast<std::uint64_t>(size_);
    archive(count);
    if constexpr (Archive::is_reading) {
      clear();
      T item{};
      for (std::uint64_t i = 0; i < count && archive.ok(); ++i) {
        archive(item);
        if (archive.ok()) push_back(item);
      }
    } else {
      for_each([&](const T& item) { archive(item); });
    }
  }

 private:
  struct alignas(alignof(T) > alignof(void*) ? alignof(T) : alignof(void*)) Block {
    Block* next = nullptr;
    std::uint32_t end = 0;
    std::uint32_t capacity = 0;
  };
  static constexpr std::uint32_t full = (BlockStore::block_bytes - sizeof(Block)) / sizeof(T);
  static_assert(full >= 64);

  static T* items(Block* block) { return reinterpret_cast<T*>(block + 1); }

  void grow() {
    const std::uint32_t capacity = size_ < 8 ? 8 : (size_ < 64 ? 56 : full);
    void* const memory = capacity == full ? BlockStore::take() : ::operator new(sizeof(Block) + capacity * sizeof(T));
    auto* const block = new (memory) Block;
    block->capacity = capacity;
    if (tail_ == nullptr) {
      head_ = block;
      first_ = 0;
    } else {
      tail_->next = block;
    }
    tail_ = block;
  }
  void drop_head() {
    Block* const block = head_;
    head_ = block->next;
    if (head_ == nullptr) tail_ = nullptr;
    first_ = 0;
    if (block->capacity == full) {
      BlockStore::give(block);
    } else {
      ::operator delete(block);
    }
  }

  Block* head_ = nullptr;
  Block* tail_ = nullptr;
  std::uint32_t first_ = 0;  ///< Index in the head block.
  std::size_t size_ = 0;
};

}  // namespace peakstorm::flow
