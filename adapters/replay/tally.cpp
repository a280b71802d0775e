#include "adapters/replay/tally.hpp"

namespace peakstorm {

using std::chrono::nanoseconds;

void Tally::restart() {
  const std::uint64_t registered = summary.registered;
  summary = {};
  summary.registered = registered;
  failed_ = 0;
}

void Tally::enter(ReplayPhase phase, std::uint64_t total) {
  phase_ = phase;
  total_ = total;
  phase_sent = 0;
  reported_sent_ = 0;
  reported_at_ = time_.now();
}

void Tally::count(RequestKind kind, RequestFate fate) {
  if (fate != RequestFate::accepted) ++failed_;
  if (kind == RequestKind::read_back) return;
  switch (fate) {
    case RequestFate::accepted:
      ++summary.accepted;
      break;
    case RequestFate::refused:
      ++summary.refused;
      break;
    case RequestFate::timed_out:
      ++summary.timed_out;
      break;
    case RequestFate::broken:
      ++summary.broken;
      break;
    case RequestFate::dropped:
      break;
  }
}

void Tally::report(std::size_t in_flight, std::size_t waiting, bool last) {
  const nanoseconds at = time_.now();
  if (!progress_ || (!last && at - reported_at_ < every)) return;
  const double seconds = std::chrono::duration<double>(at - reported_at_).count();
  ReplayProgress p;
  p.phase = phase_;
  p.sent = phase_sent;
  p.total = total_;
  p.rate = seconds > 0 ? static_cast<double>(phase_sent - reported_sent_) / seconds : 0;
  p.late = summary.late;
  p.dropped = summary.dropped;
  p.failed = failed_;
  p.in_flight = in_flight;
  p.waiting = waiting;
  p.elapsed = at;
  progress_(p);
  reported_at_ = at;
  reported_sent_ = phase_sent;
}

}  // namespace peakstorm
