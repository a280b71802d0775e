/// Events on their way from one partition to another: an array that only grows and is emptied as a whole.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "engine/kernel/event.hpp"
#include "engine/kernel/prefetch.hpp"

namespace peakstorm::kernel {

/// Written by the thread of the sending partition in one window, read by that of the receiver in the next.
template <class Payload>
class Mail {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// By value and inlined, for the reason given at PendingEvents::push; std::vector takes a reference.
  [[gnu::always_inline]] void push(Event<Payload> event) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    prefetch_line_after(events_.get() + size_);
    std::construct_at(events_.get() + size_, event);
    ++size_;
  }
  /// Keeps the memory.
  void clear() { size_ = 0; }
  [[nodiscard]] const Event<Payload>* begin() const { return events_.get(); }
  [[nodiscard]] const Event<Payload>* end() const { return events_.get() + size_; }

 private:
  [[gnu::noinline]] void grow() {
    const std::size_t capacity = std::max<std::size_t>(16, 2 * capacity_);
    auto events = std::make_unique_for_overwrite<Event<Payload>[]>(capacity);
    std::copy(begin(), end(), events.get());
    events_ = std::move(events);
    capacity_ = capacity;
  }
  std::unique_ptr<Event<Payload>[]> events_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace peakstorm::kernel
