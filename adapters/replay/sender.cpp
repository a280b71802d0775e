#include "adapters/replay/sender.hpp"

#include <algorithm>
#include <utility>

#include "engine/check.hpp"

namespace peakstorm {

using std::chrono::nanoseconds;

namespace {

/// A platform that waits no longer than it says gets no more of our patience.
nanoseconds patience_of(const ReplayOptions& options, const wire::WireFormat& format) {
  const std::chrono::milliseconds own = format.limits().patience;
  return own.count() > 0 ? std::min(own, options.patience) : options.patience;
}

std::string prefix_of(const ReplayOptions& options) {
  const auto target = parse_target(options.target);
  return target ? target->prefix : std::string();
}

}  // namespace

Sender::Sender(const Parts& parts)
    : world_(parts.world),
      source_(parts.source),
      options_(parts.options),
      format_(parts.ports.format),
      transport_(parts.ports.transport),
      broker_(parts.ports.broker),
      named_(parts.ports.named),
      prefix_(broker_ ? std::string() : prefix_of(options_)),
      scan_patience_(broker_ ? options_.patience : patience_of(options_, format_)),
      recorder_(parts.recorder),
      time_(parts.time),
      retries_(parts.retries),
      composer_(parts.composer),
      parcels_(parts.parcels),
      tally_(parts.tally),
      events_max_(options_.batch) {}

void Sender::start(Work work) {
  if (may_share(work)) {
    gather(std::move(work));
  } else if (transport_.idle() > 0) {
    send(std::move(work));
  } else {
    ready_.push(std::move(work));
  }
}

void Sender::queue(OpenParcel& parcel, Work work) {
  if (auto free = OpenParcels::queue(parcel, std::move(work))) start(std::move(*free));
}

void Sender::repeat_due() {
  if (!gathering_.empty() && gathering_.front().ready + options_.batch_wait <= time_.now()) close_batch();
  while (!again_.empty() && again_.top().again <= time_.now()) {
    ready_.push(again_.top());
    again_.pop();
  }
}

void Sender::send_ready() {
  while (!ready_.empty() && transport_.idle() > 0) {
    Work work = ready_.top();
    ready_.pop();
    send(std::move(work));
  }
}

bool Sender::send_first_before(nanoseconds intended, std::uint64_t order, bool always) {
  if (ready_.empty()) return false;
  if (!always && std::pair(ready_.top().intended, ready_.top().order) >= std::pair(intended, order)) return false;
  Work work = ready_.top();
  ready_.pop();
  send(std::move(work));
  return true;
}

void Sender::send(Work work) {
  const ParcelFacts* facts = source_.facts(work.parcel);
  PEAKSTORM_CHECK(facts != nullptr, static_cast<std::uint64_t>(work.parcel));
  if (work.pending) {
    const wire::Message& question = composer_.write(work, *facts, nullptr);
    ++work.pending->asked;
    ++tally_.summary.asked;
    submit(std::move(work), question, time_.now());
    return;
  }
  if (work.batch) {
    send_batch(std::move(work));
    return;
  }
  const OpenParcel* parcel = nullptr;
  if (work.extra) {
    if (work.attempts == 0) ++tally_.summary.injected;
  } else if (work.kind == RequestKind::scan) {
    if (work.attempts == 0) parcels_.remember(work.parcel, work.scan);
    parcel = &parcels_.at(work.parcel);
  }
  const wire::Message& message = composer_.write(work, *facts, parcel);
  const nanoseconds at = time_.now();
  if (work.attempts == 0 && !work.extra && !work.ghost) {
    ++tally_.phase_sent;
    if (work.kind != RequestKind::read_back && at - work.intended >= options_.late_after) ++tally_.summary.late;
  }
  ++work.attempts;
  if (work.kind != RequestKind::read_back) {
    ++tally_.summary.attempts;
    ++tally_.summary.requests;
  }
  submit(std::move(work), message, at);
}

void Sender::submit(Work work, const wire::Message& message, nanoseconds at) {
  std::size_t slot = flights_.size();
  if (free_slots_.empty()) {
    flights_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  ++flying_;
  const bool is_scan = work.kind == RequestKind::scan && !work.pending;
  Request request{message.method, message.path, message.headers, message.body};
  if (named_ && is_scan) {
    request.id = composer_.write_id(work);
    request.key = parcels_.at(work.parcel).number;
  }
  flights_[slot] = {std::move(work), at, static_cast<std::uint32_t>(flying_)};
  transport_.submit(request, is_scan ? scan_patience_ : options_.patience,
                    [this, slot](const Result<Reply>& reply) { answered(slot, reply); });
}

nanoseconds Sender::drop_instant(const Work& work) const {
  return std::max(work.intended, work.ready) + options_.drop_after;
}

void Sender::drop_overdue() {
  while (!ready_.empty() && transport_.idle() == 0 && ready_.top().attempts == 0 &&
         drop_instant(ready_.top()) <= time_.now()) {
    const Work work = ready_.top();
    ready_.pop();
    drop(work);
  }
}

void Sender::drop(const Work& work) {
  if (work.kind == RequestKind::read_back) return;
  if (work.pending) {
    never_told(work);
    return;
  }
  if (work.batch) {
    for (const Work& one : work.batch->works) drop(one);
    return;
  }
  if (work.extra) {
    if (work.extra->is_promise) release(work.parcel);
    return;
  }
  const nanoseconds at = time_.now();
  if (work.attempts == 0) {
    ++tally_.summary.dropped;
    recorder_.request({work.kind, RequestFate::dropped, 0, work.parcel, work.scan.sequence, work.intended, at, at});
  } else {
    ++tally_.summary.given_up;
  }
  if (work.kind != RequestKind::scan) return;
  // The carrier knows of it all the same: a format with history tells it with the next scan.
  if (work.attempts == 0 && !work.remembered) parcels_.remember(work.parcel, work.scan);
  release(work.parcel);
}

void Sender::drop_everything() {
  while (true) {
    close_batch();
    if (ready_.empty() && again_.empty()) break;
    while (!again_.empty()) {
      ready_.push(again_.top());
      again_.pop();
    }
    const Work work = ready_.top();
    ready_.pop();
    drop(work);
  }
  parcels_.give_up_waiting([this](const Work& work) {
    if (work.extra) return;
    const nanoseconds at = time_.now();
    ++tally_.summary.dropped;
    recorder_.request({work.kind, RequestFate::dropped, 0, work.parcel, work.scan.sequence, work.intended, at, at});
  });
}

void Sender::release(ParcelId id) {
  if (auto next = parcels_.release(id)) {
    next->ready = time_.now();
    if (may_share(*next)) {
      gather(std::move(*next));
    } else {
      ready_.push(std::move(*next));
    }
  }
}

void Sender::settle() {
  closing_ = true;
  while (flying_ > 0) {
    transport_.poll(time_.clock().now() + Tally::every);
    tally_.report(flying_, ready_.size());
  }
  const auto give_up = [this](auto& queue) {
    while (!queue.empty()) {
      Work work = queue.top();
      queue.pop();
      if (work.pending) never_told(std::move(work));
    }
  };
  give_up(ready_);
  give_up(again_);
  ready_ = {};  // What was waiting behind those scans.
  gathering_.clear();
}

nanoseconds Sender::next_instant() const {
  nanoseconds next = again_.empty() ? ReplayTime::forever : again_.top().again;
  if (!ready_.empty() && ready_.top().attempts == 0) next = std::min(next, drop_instant(ready_.top()));
  if (!gathering_.empty()) next = std::min(next, gathering_.front().ready + options_.batch_wait);
  return next;
}

}  // namespace peakstorm
