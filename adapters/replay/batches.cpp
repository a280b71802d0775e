#include <algorithm>
#include <memory>
#include <utility>

#include "adapters/replay/sender.hpp"

namespace peakstorm {

using std::chrono::nanoseconds;

bool Sender::may_share(const Work& work) const {
  return options_.batch > 1 && work.kind == RequestKind::scan && !work.extra && !work.pending && !work.batch &&
         work.attempts == 0 && !composer_.stands_alone(work.scan);
}

void Sender::gather(Work work) {
  work.ready = time_.now();
  gathering_.push_back(std::move(work));
  if (gathering_.size() >= events_max_) close_batch();
}

void Sender::close_batch() {
  if (gathering_.empty()) return;
  const nanoseconds now = time_.now();
  for (Work& work : gathering_) work.held = now - work.ready;
  // Scans that were behind others of their parcels may have joined before earlier ones.
  std::stable_sort(gathering_.begin(), gathering_.end(), [](const Work& a, const Work& b) {
    return std::pair(a.intended, a.order) < std::pair(b.intended, b.order);
  });
  ready_batch(std::exchange(gathering_, {}));
}

void Sender::ready_batch(std::vector<Work> works) {
  Work work;
  work.parcel = works.front().parcel;
  work.at = works.front().at;
  work.scan = works.front().scan;
  work.intended = works.front().intended;
  work.order = works.front().order;
  work.ready = time_.now();
  work.batch = std::make_shared<ScanBatch>(ScanBatch{std::move(works), {}});
  ready_.push(std::move(work));
}

void Sender::send_batch(Work work) {
  ScanBatch& batch = *work.batch;
  const bool several = batch.works.size() > 1;
  if (several && batch.works.size() > events_max_) return halve(work);
  for (Work& one : batch.works) {
    if (!std::exchange(one.remembered, true)) parcels_.remember(one.parcel, one.scan);
  }
  const wire::Message& message = composer_.write(batch, source_, parcels_);
  if (several && message.body.size() > bytes_max_) return halve(work);
  const nanoseconds at = time_.now();
  for (Work& one : batch.works) {
    if (one.attempts == 0) {
      ++tally_.phase_sent;
      if (at - one.intended - one.held >= options_.late_after) ++tally_.summary.late;
    }
    ++one.attempts;
  }
  tally_.summary.attempts += batch.works.size();
  ++tally_.summary.requests;
  ++work.attempts;
  submit(std::move(work), message, at);
}

void Sender::halve(const Work& work) {
  std::vector<Work>& works = work.batch->works;
  const auto middle = works.begin() + static_cast<std::ptrdiff_t>((works.size() + 1) / 2);
  std::vector<Work> second(std::make_move_iterator(middle), std::make_move_iterator(works.end()));
  works.erase(middle, works.end());
  ready_batch(std::move(works));
  ready_batch(std::move(second));
}

void Sender::heed_limits(const Reply& reply) {
  if (reply.events_max) events_max_ = std::min<std::size_t>(options_.batch, *reply.events_max);
  if (reply.bytes_max) bytes_max_ = *reply.bytes_max;
}

void Sender::batch_settled(Work work, RequestFate fate, const Result<Reply>& reply, bool again, nanoseconds sent,
                           std::uint32_t beside, bool by_job, const std::vector<bool>& refused) {
  const nanoseconds done = time_.now();
  const auto status = static_cast<std::uint16_t>(reply ? reply->status : 0);
  const bool repeats = fate != RequestFate::accepted && !closing_ && retries_.follow(work, fate, again);
  std::vector<Work>& works = work.batch->works;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& one = works[i];
    const RequestFate own = i < refused.size() && refused[i] ? RequestFate::refused : fate;
    recorder_.request({RequestKind::scan, own, status, one.parcel, one.scan.sequence, one.intended, sent, done, beside,
                       FaultKind::none, one.held, by_job});
    tally_.count(RequestKind::scan, own);
    if (own == RequestFate::accepted) {
      composer_.follow_up(one, *source_.facts(one.parcel), parcels_.at(one.parcel), tally_.summary.speed,
                          [this](Work further) { again_.push(std::move(further)); });
    } else if (repeats) {
      continue;
    } else {
      ++tally_.summary.given_up;
    }
    release(one.parcel);
  }
  if (!repeats) return;
  work.again = done + retries_.pause(work, reply);
  again_.push(std::move(work));
}

}  // namespace peakstorm
