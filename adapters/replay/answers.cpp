#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/replay/faults.hpp"
#include "adapters/replay/sender.hpp"
#include "adapters/track_page.hpp"

namespace peakstorm {

using std::chrono::nanoseconds;

void Sender::answered(std::size_t slot, const Result<Reply>& reply) {
  Work work = std::move(flights_[slot].work);
  const nanoseconds sent = flights_[slot].sent;
  const std::uint32_t beside = flights_[slot].beside;
  free_slots_.push_back(slot);
  --flying_;
  const nanoseconds done = time_.now();
  tally_.answered = tally_.answered || reply.has_value();
  if (work.pending) {
    told(std::move(work), reply, done);
    return;
  }

  RequestFate fate = RequestFate::accepted;
  bool again = Retries::may_help(reply);
  if (!reply) {
    fate = reply.error().kind == ErrorKind::timed_out ? RequestFate::timed_out : RequestFate::broken;
    tally_.last_failure = reply.error().message;
  } else if (work.kind == RequestKind::scan && reply->acknowledgement != Acknowledgement::by_status) {
    if (reply->acknowledgement == Acknowledgement::confirmed) {
      ++tally_.confirmed;
    } else {
      fate = RequestFate::refused;
    }
  } else if (work.kind == RequestKind::scan && !(work.extra && work.extra->is_promise)) {
    if (work.batch) heed_limits(*reply);
    std::string job;
    switch (format_.receipt(reply->status, reply->location, reply->body, job)) {
      case wire::Receipt::kept:
        break;
      case wire::Receipt::pending:
        taken_in(std::move(work), *reply, std::move(job), sent, done, beside);
        return;
      case wire::Receipt::again:
        fate = RequestFate::refused;
        again = true;
        break;
      case wire::Receipt::split:
        if (work.batch && work.batch->works.size() > 1) return too_long(work, *reply);
        fate = RequestFate::refused;
        again = false;
        break;
      case wire::Receipt::refused:
      case wire::Receipt::partly:
        fate = RequestFate::refused;
        break;
    }
  } else if (work.kind == RequestKind::scan) {
    if (reply->status / 100 != 2) fate = RequestFate::refused;
  } else {
    fate = page(work, *reply, done);
  }
  settled(std::move(work), fate, reply, again, sent, beside);
}

void Sender::too_long(const Work& work, const Reply& reply) {
  const std::size_t scans = work.batch->works.size();
  tally_.summary.attempts -= scans;
  ++tally_.summary.split;
  if (!reply.events_max && !reply.bytes_max) events_max_ = std::min(events_max_, (scans + 1) / 2);
  halve(work);
}

void Sender::settled(Work work, RequestFate fate, const Result<Reply>& reply, bool again, nanoseconds sent,
                     std::uint32_t beside, bool by_job) {
  if (work.batch) return batch_settled(std::move(work), fate, reply, again, sent, beside, by_job, {});
  const nanoseconds done = time_.now();
  const auto status = static_cast<std::uint16_t>(reply ? reply->status : 0);
  if (work.extra) return extra_answered(std::move(work), fate, reply, sent, beside, by_job);
  if (work.ghost) return;
  recorder_.request({work.kind, fate, status, work.parcel, work.scan.sequence, work.intended, sent, done, beside,
                     FaultKind::none, work.held, by_job});
  tally_.count(work.kind, fate);

  if (fate == RequestFate::accepted) {
    if (work.kind == RequestKind::scan) {
      composer_.follow_up(work, *source_.facts(work.parcel), parcels_.at(work.parcel), tally_.summary.speed,
                          [this](Work further) { again_.push(std::move(further)); });
      release(work.parcel);
    }
    return;
  }
  if (!closing_ && retries_.follow(work, fate, again)) {
    work.again = done + retries_.pause(work, reply);
    again_.push(std::move(work));
  } else if (work.kind == RequestKind::scan) {
    ++tally_.summary.given_up;
    release(work.parcel);
  } else if (work.kind == RequestKind::read_back) {
    ++tally_.summary.unread;
  }
}

void Sender::extra_answered(Work work, RequestFate fate, const Result<Reply>& reply, nanoseconds sent,
                            std::uint32_t beside, bool by_job) {
  const nanoseconds done = time_.now();
  if (!work.extra->is_promise) {
    recorder_.request({work.kind,
                       fate,
                       static_cast<std::uint16_t>(reply ? reply->status : 0),
                       work.parcel,
                       work.scan.sequence,
                       work.intended,
                       sent,
                       done,
                       beside,
                       work.extra->fault,
                       {},
                       by_job});
  }
  // A sender of forgeries has no reason to come again after an answer.
  const bool repeats = !reply || (Retries::may_help(reply) && !must_be_refused(work.extra->fault)) ||
                       (reply->status == 503 || reply->status == 429);
  if (fate != RequestFate::accepted && repeats && work.attempts < options_.attempts_max && !closing_) {
    work.again = done + retries_.pause(work, reply);
    again_.push(std::move(work));
  } else if (work.extra->is_promise) {
    release(work.parcel);
  }
}

RequestFate Sender::page(const Work& work, const Reply& reply, nanoseconds done) {
  auto shown =
      wire::read_page(wire::page_or_own(options_.page), work.parcel, reply.status, reply.body, world_.first_day_unix);
  if (!shown) {
    if (tally_.summary.unreadable.empty()) tally_.summary.unreadable = shown.error().message;
    return reply.status == 200 ? RequestFate::broken : RequestFate::refused;
  }
  if (work.kind == RequestKind::check) {
    recorder_.shown({work.parcel, done, work.at, shown->found, shown->status,
                     static_cast<std::uint32_t>(shown->scans.size()), shown->promise_day, shown->estimated_day});
  } else {
    if (!work.ghost) ++tally_.summary.read;
    shown->ghost = work.ghost;
    recorder_.read_back(*shown);
  }
  return RequestFate::accepted;
}

void Sender::taken_in(Work work, const Reply& reply, std::string job, nanoseconds sent, nanoseconds done,
                      std::uint32_t beside) {
  auto pending = std::make_shared<Pending>();
  pending->path = below_prefix(std::move(job));
  pending->sent = sent;
  pending->since = done;
  pending->pause = options_.ask_first;
  pending->beside = beside;
  pending->status = static_cast<std::uint16_t>(reply.status);
  work.pending = std::move(pending);
  wait_and_ask(std::move(work), done);
}

/// A job may be named below the target's own prefix, which the transport puts before every path.
std::string Sender::below_prefix(std::string path) const {
  if (!prefix_.empty() && path.starts_with(prefix_ + "/")) path.erase(0, prefix_.size());
  return path;
}

void Sender::wait_and_ask(Work work, nanoseconds done) {
  Pending& pending = *work.pending;
  if (closing_ || pending.asked >= options_.asks_max || done + pending.pause > pending.since + options_.ask_patience) {
    never_told(std::move(work));
    return;
  }
  work.again = done + pending.pause;
  pending.pause = std::min<nanoseconds>(pending.pause * 2, options_.ask_longest);
  again_.push(std::move(work));
}

void Sender::told(Work work, const Result<Reply>& reply, nanoseconds done) {
  std::vector<std::string> own;
  if (!work.batch && !work.extra) {
    const OpenParcel& parcel = parcels_.at(work.parcel);
    own.push_back(format_.event_id({*source_.facts(work.parcel), parcel.number, parcel.history, work.scan}));
  }
  std::vector<bool> refused;
  const auto receipt =
      reply ? format_.job_receipt(reply->status, reply->body, work.batch ? work.batch->ids : own, refused)
            : wire::Receipt::pending;
  if (receipt == wire::Receipt::pending || receipt == wire::Receipt::again) {
    if (reply && reply->retry_after) {
      const nanoseconds wish = std::min<nanoseconds>(*reply->retry_after, options_.retry_after_max);
      work.pending->pause = std::max(work.pending->pause, wish);
    }
    wait_and_ask(std::move(work), done);
    return;
  }
  const std::shared_ptr<Pending> pending = std::exchange(work.pending, nullptr);
  Reply first;
  first.status = pending->status;
  const bool partly = receipt == wire::Receipt::partly;
  if (partly && work.batch) {
    batch_settled(std::move(work), RequestFate::accepted, first, false, pending->sent, pending->beside, true, refused);
    return;
  }
  const bool kept = receipt == wire::Receipt::kept || (partly && !refused.front());
  settled(std::move(work), kept ? RequestFate::accepted : RequestFate::refused, first, false, pending->sent,
          pending->beside, true);
}

void Sender::never_told(Work work) {
  const std::shared_ptr<Pending> pending = std::exchange(work.pending, nullptr);
  Reply first;
  first.status = pending->status;
  settled(std::move(work), RequestFate::timed_out, first, false, pending->sent, pending->beside);
}

}  // namespace peakstorm
