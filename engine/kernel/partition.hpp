/// The kernel's half of one partition: its pending events, its outbox and its mail. Not for models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "engine/kernel/event.hpp"
#include "engine/kernel/model.hpp"
#include "engine/kernel/outbox.hpp"
#include "engine/kernel/pending_events.hpp"
#include "engine/kernel/probe.hpp"

namespace peakstorm::kernel {

/// a + b, or `never` where that is beyond the clock.
inline SimTime saturating_add(SimTime a, SimDuration b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a.time_since_epoch().count(), b.count(), &sum) ? never : SimTime{SimDuration{sum}};
}

/// Handled by one thread at a time; on its own cache lines, because its neighbours belong to other threads.
template <class Payload>
class alignas(128) Partition {
 public:
  Partition(std::uint32_t id, std::uint32_t partitions, EventOrder order)
      : pending_(order), mail_{std::vector<Mail<Payload>>(partitions), std::vector<Mail<Payload>>(partitions)} {
    outbox_.partition_ = id;
    outbox_.pending_ = &pending_;
  }
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  /// Tells the outbox what belongs to the engine.
  template <class M>
  void wire(const M& model, std::uint32_t* sequences, const Layout& layout) {
    outbox_.lps_ = model.lp_count();
    outbox_.sequences_ = sequences;
    outbox_.layout_ = layout;
    outbox_.model_ = &model;
    outbox_.name_ = [](const void* m, LpId lp) { return std::string(static_cast<const M*>(m)->name(lp)); };
  }

  void push(const Event<Payload>& event) { pending_.push(event); }

  /// Earliest instant among the pending events; not counting mail.
  [[nodiscard]] SimTime next() const { return pending_.next(); }
  /// Earliest instant among the mail sent in the last window.
  [[nodiscard]] SimTime earliest_mail() const { return outbox_.earliest_mail_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// Handled in the last window that this partition took part in.
  [[nodiscard]] std::uint64_t window_events() const { return window_events_; }

  /// Handles all events before `until`. What is sent to other partitions goes to the mail of `side`.
  template <class M>
  void run_window(M& model, SimTime until, unsigned side) {
    outbox_.mail_ = mail_[side].data();
    outbox_.mailed_ = &mailed_;
    if (tally_ == nullptr) [[likely]] {
      pop_until(model, until, [this, &model](const Event<Payload>& event) { handle(model, event); });
    } else {
      run_counted(model, until);
    }
    events_ += window_events_;
  }
  /// From now on counts the work of each process in tally[LpId]; only those of this partition are written.
  void count_in(ProcessWork* tally) { tally_ = tally; }
  /// Moves the window's counts to `work` and begins anew.
  void take_counts(std::vector<ProcessWork>& work) {
    for (const LpId process : active_processes_) {
      ProcessWork& counted = tally_[index(process)];
      work.push_back({process, outbox_.partition_, counted.events, counted.units});
      counted = {};
    }
    active_processes_.clear();
  }
  /// Partitions that got mail from here in the last window.
  [[nodiscard]] const std::vector<std::uint32_t>& mailed() const { return mailed_; }
  void forget_mailed() {
    mailed_.clear();
    outbox_.earliest_mail_ = never;
  }
  [[nodiscard]] Mail<Payload>& mail(unsigned side, std::uint32_t to) { return mail_[side][to]; }
  [[nodiscard]] const Mail<Payload>& mail(unsigned side, std::uint32_t to) const { return mail_[side][to]; }

  /// Who sent mail to here in the last window, as partitions; filled by the engine between windows.
  std::vector<std::uint32_t> senders;
  /// Mail from other ranks.
  std::vector<Event<Payload>> from_afar;

  template <class Visit>
  void for_each_pending(Visit&& visit) const {
    pending_.for_each(visit);
    for (const Event<Payload>& event : from_afar) visit(event);
  }

 private:
  template <class M, class Handle>
  void pop_until(M& model, SimTime until, Handle&& handle) {
    if constexpr (PrefetchesState<M>) {
      window_events_ = pending_.pop_until(until, handle, [&model](LpId lp) { model.prefetch(lp); });
    } else {
      window_events_ = pending_.pop_until(until, handle);
    }
  }

  template <class M>
  void handle(M& model, const Event<Payload>& event) {
    outbox_.now_ = event.at;
    outbox_.source_ = event.target;
    outbox_.open_ = saturating_add(event.at, model.lookahead(event.target));
    model.handle(event, outbox_);
  }
  /// Apart, so that counting costs nothing where nobody asks.
  template <class M>
  [[gnu::noinline, gnu::cold]] void run_counted(M& model, SimTime until) {
    pop_until(model, until, [this, &model](const Event<Payload>& event) {
      ProcessWork& work = tally_[index(event.target)];
      if (work.events++ == 0) active_processes_.push_back(event.target);
      if constexpr (CountsItsWork<M>) {
        const std::uint64_t before = std::as_const(model).work_done(outbox_.partition_);
        handle(model, event);
        work.units += std::as_const(model).work_done(outbox_.partition_) - before;
      } else {
        handle(model, event);
      }
    });
  }

  PendingEvents<Payload> pending_;
  Outbox<Payload> outbox_;
  std::array<std::vector<Mail<Payload>>, 2> mail_;
  std::vector<std::uint32_t> mailed_;
  std::uint64_t events_ = 0;
  std::uint64_t window_events_ = 0;
  ProcessWork* tally_ = nullptr;          ///< By LpId; none: nobody asks.
  std::vector<LpId> active_processes_{};  ///< Of the present window; only when somebody asks.
};

}  // namespace peakstorm::kernel
