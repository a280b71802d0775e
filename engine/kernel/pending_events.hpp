/// The events of one partition that are still to come, in order. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/kernel/event.hpp"

namespace peakstorm::kernel {

template <class Payload>
class PendingEvents {
 public:
  explicit PendingEvents(EventOrder before) : before_(before) {}

  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  void push(const Event<Payload>& event) {
    heap_.push_back(event);
    std::push_heap(heap_.begin(), heap_.end(), After{before_});
  }
  /// Instant of the first event; `never` when there is none.
  [[nodiscard]] SimTime next() const { return heap_.empty() ? never : heap_.front().at; }
  /// Calls visit(event) for every event with at < `until`, in order, those pushed meanwhile included.
  template <class Visit>
  std::size_t pop_until(SimTime until, Visit&& visit) {
    std::size_t count = 0;
    while (!heap_.empty() && heap_.front().at < until) {
      std::pop_heap(heap_.begin(), heap_.end(), After{before_});
      const Event<Payload> event = heap_.back();
      heap_.pop_back();
      visit(event);
      ++count;
    }
    return count;
  }
  /// In no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Event<Payload>& event : heap_) visit(event);
  }

 private:
  struct After {
    EventOrder before;
    bool operator()(const Event<Payload>& a, const Event<Payload>& b) const { return before(b, a); }
  };
  EventOrder before_;
  std::vector<Event<Payload>> heap_;
};

}  // namespace peakstorm::kernel
