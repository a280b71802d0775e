/// What a handler may do to the world outside its own process: send an event for later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/kernel/event.hpp"
#include "engine/kernel/faults.hpp"
#include "engine/kernel/layout.hpp"
#include "engine/kernel/mail.hpp"
#include "engine/kernel/pending_events.hpp"

namespace peakstorm::kernel {

template <class Payload>
class Partition;

/// Belongs to one partition; handed to `Model::handle`, on that thread, for the time of the call.
template <class Payload>
class Outbox {
 public:
  /// Sends an event from the process whose event is being handled.
  /// To itself: at >= now; it comes after the event being handled, whatever its priority. To another
  /// process: at >= now + lookahead(source). Anything else is a bug of the model and stops the run with the
  /// names and the instants, in every build. Lower priorities go first at equal instants.
  void send(LpId target, SimTime at, const Payload& payload, std::uint8_t priority = 0) {
    check_send(target, at);
    const std::uint32_t sequence = sequences_[index(source_)]++;
    if (sequence == UINT32_MAX) [[unlikely]]
      stop(Fault::sequence_overflow, target, at, now_);
    post({at, target, source_, sequence, priority, payload});
  }
  /// As send(), for an event that must not change the numbers of others: it is numbered by `identity`, not by the
  /// sender's counter, in the upper half of numbers, which no counter may reach while this is used. Two of one sender
  /// with equal identities at one instant come in any order.
  void send_aside(LpId target, SimTime at, const Payload& payload, std::uint64_t identity, std::uint8_t priority = 0) {
    check_send(target, at);
    const auto number = static_cast<std::uint32_t>(mix64(identity)) | 0x8000'0000U;
    post({at, target, source_, number, priority, payload});
  }
  /// As send(), `delay` from now.
  void send_after(LpId target, SimDuration delay, const Payload& payload, std::uint8_t priority = 0) {
    std::int64_t at = 0;
    if (__builtin_add_overflow(now_.time_since_epoch().count(), delay.count(), &at)) [[unlikely]] {
      stop(Fault::time_overflow, target, never, now_);
    }
    send(target, SimTime{SimDuration{at}}, payload, priority);
  }
  /// The partition that runs the handler: an index for the model's per-partition statistics.
  [[nodiscard]] std::size_t partition() const { return partition_; }

 private:
  template <class P>
  friend class Partition;

  [[gnu::always_inline]] void check_send(LpId target, SimTime at) const {
    if (index(target) >= lps_) [[unlikely]]
      stop(Fault::no_such_process, target, at, now_);
    if (at == never) [[unlikely]]
      stop(Fault::time_overflow, target, at, now_);
    if (target == source_) {
      if (at < now_) [[unlikely]]
        stop(Fault::past, target, at, now_);
    } else if (at < open_) [[unlikely]] {
      stop(at < now_ ? Fault::past : Fault::lookahead, target, at, open_);
    }
  }
  [[gnu::always_inline]] void post(const Event<Payload>& event) {
    const std::uint32_t partition = layout_(event.target);
    if (partition == partition_) {
      pending_->push(event);
    } else {
      Mail<Payload>& mail = mail_[partition];
      if (mail.empty()) mailed_->push_back(partition);
      mail.push(event);
      if (event.at < earliest_mail_) earliest_mail_ = event.at;
    }
  }
  [[noreturn, gnu::noinline, gnu::cold]] void stop(Fault fault, LpId target, SimTime at, SimTime limit) const {
    const auto name = [this](LpId lp) { return index(lp) < lps_ ? name_(model_, lp) : std::to_string(index(lp)); };
    stop_model(fault, {name(source_), name(target), now_, at, limit});
  }

  // Of the event being handled.
  SimTime now_;
  SimTime open_;  ///< Earliest instant that it may send to another process.
  LpId source_{};
  // Of the partition.
  std::uint32_t partition_ = 0;
  PendingEvents<Payload>* pending_ = nullptr;
  Mail<Payload>* mail_ = nullptr;                 ///< By receiving partition, of the present window.
  std::vector<std::uint32_t>* mailed_ = nullptr;  ///< Receivers whose mail is not empty.
  SimTime earliest_mail_ = never;
  // Of the engine.
  std::size_t lps_ = 0;
  std::uint32_t* sequences_ = nullptr;
  Layout layout_;
  const void* model_ = nullptr;
  std::string (*name_)(const void* model, LpId lp) = nullptr;
};

}  // namespace peakstorm::kernel
