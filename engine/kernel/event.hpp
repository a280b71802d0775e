/// Events and their total order. Values: safe to use from any thread.
#pragma once

#include <cstdint>
#include <tuple>

#include "engine/ids.hpp"
#include "engine/random.hpp"
#include "engine/time.hpp"

namespace peakstorm::kernel {

/// A logical process: state changed only by its own events. Dense from 0 within one model.
enum class LpId : std::uint32_t {};

/// Something that happens to `target` at `at`. `sequence` counts what `source` has sent, from 0, so
/// (source, sequence) names the event for ever: a good key for random draws that belong to it.
template <class Payload>
struct Event {
  SimTime at;
  LpId target{};
  LpId source{};
  std::uint32_t sequence = 0;
  std::uint8_t priority = 0;  ///< Class at equal instants: lower goes first.
  [[no_unique_address]] Payload payload{};
};

/// Order of events: instant, priority, a hash that favours nobody, and to make it total the sender's stable
/// name and its own counter. No thread, rank, partition, pointer or row number is in it; ordering ties by
/// identity would let the same process win every time. The hash is computed only for a real tie.
class EventOrder {
 public:
  using NameHash = std::uint64_t (*)(const void* model, LpId lp);

  EventOrder(RunKey run, const void* model, NameHash name_hash)
      : run_(hash64(run.seed, run.replication)), model_(model), name_hash_(name_hash) {}

  /// True when `a` is to be handled before `b`.
  template <class Payload>
  [[nodiscard]] bool operator()(const Event<Payload>& a, const Event<Payload>& b) const {
    if (a.at != b.at) return a.at < b.at;
    if (a.priority != b.priority) return a.priority < b.priority;
    return breaks_tie(a.source, a.sequence, b.source, b.sequence);
  }

 private:
  [[nodiscard]] bool breaks_tie(LpId a, std::uint32_t a_sequence, LpId b, std::uint32_t b_sequence) const {
    const std::uint64_t a_name = name_hash_(model_, a);
    const std::uint64_t b_name = name_hash_(model_, b);
    const std::uint64_t a_tie = hash64(hash64(run_, a_name), a_sequence);
    const std::uint64_t b_tie = hash64(hash64(run_, b_name), b_sequence);
    return std::tie(a_tie, a_name, a_sequence) < std::tie(b_tie, b_name, b_sequence);
  }

  std::uint64_t run_;
  const void* model_;
  NameHash name_hash_;
};

}  // namespace peakstorm::kernel
