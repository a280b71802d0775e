/// The obvious simulator: one std::set, always the first event. Shares the model and hash64 with the kernel,
/// nothing else.
#pragma once

#include <cstdint>
#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "engine/kernel/event.hpp"

namespace peakstorm::kernel {

template <class M>
class Reference {
 public:
  using Payload = typename M::Payload;

  Reference(M& model, RunKey run) : model_(model), run_(hash64(run.seed, run.replication)), sent_(model.lp_count()) {}

  void schedule(LpId target, SimTime at, const Payload& payload, std::uint8_t priority = 0) {
    source_ = target;
    add(target, at, payload, priority);
  }
  // The outbox.
  void send(LpId target, SimTime at, const Payload& payload, std::uint8_t priority = 0) {
    if (at < now_) throw std::logic_error("an event in the past");
    if (target != source_ && at < now_ + model_.lookahead(source_)) throw std::logic_error("lookahead");
    add(target, at, payload, priority);
  }
  void send_after(LpId target, SimDuration delay, const Payload& payload, std::uint8_t priority = 0) {
    send(target, now_ + delay, payload, priority);
  }

  /// Returns the number of events before `end`.
  std::uint64_t run(SimTime end) {
    std::uint64_t events = 0;
    while (!pending_.empty() && pending_.begin()->event.at < end) {
      const Event<Payload> event = pending_.begin()->event;
      pending_.erase(pending_.begin());
      now_ = event.at;
      source_ = event.target;
      model_.handle(event, *this);
      ++events;
    }
    return events;
  }

 private:
  struct Entry {
    std::tuple<SimTime, std::uint8_t, std::uint64_t, std::uint64_t, std::uint32_t> key;
    Event<Payload> event;
    bool operator<(const Entry& other) const { return key < other.key; }
  };
  void add(LpId target, SimTime at, const Payload& payload, std::uint8_t priority) {
    const std::uint32_t sequence = sent_[index(source_)]++;
    const std::uint64_t name = model_.name_hash(source_);
    pending_.insert({{at, priority, hash64(hash64(run_, name), sequence), name, sequence},
                     {at, target, source_, sequence, priority, payload}});
  }

  M& model_;
  std::uint64_t run_;
  std::vector<std::uint32_t> sent_;
  std::set<Entry> pending_;
  SimTime now_ = SimTime::min();
  LpId source_{};
};

}  // namespace peakstorm::kernel
