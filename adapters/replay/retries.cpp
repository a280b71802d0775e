#include "adapters/replay/retries.hpp"

#include <algorithm>

#include "engine/random.hpp"

namespace peakstorm {

using std::chrono::nanoseconds;

void Retries::pace(double replay_speed) {
  speed_ = options_.retry_speed > 0 ? options_.retry_speed : std::max(replay_speed, 1.0);
}

bool Retries::may_help(const Result<Reply>& reply) {
  if (reply && reply->acknowledgement != Acknowledgement::by_status) {
    return reply->acknowledgement == Acknowledgement::refused_now;
  }
  return !reply || reply->status >= 500 || reply->status == 429 || reply->status == 408;
}

bool Retries::as_documented(const Work& work) const {
  return work.kind == RequestKind::scan && !work.extra && documented_.documented;
}

bool Retries::follow(const Work& work, RequestFate fate, bool again) const {
  if (work.kind == RequestKind::check) return false;
  const unsigned attempts_max = as_documented(work) ? documented_.attempts_max : options_.attempts_max;
  if (work.attempts >= attempts_max) return false;
  // A page that cannot be understood may be a torn one; only a clear "no" (4xx) is final.
  return again || fate == RequestFate::broken ||
         (as_documented(work) && documented_.repeats == wire::RetryPolicy::Repeats::all_not_success);
}

nanoseconds Retries::pause(const Work& work, const Result<Reply>& reply) const {
  const bool wishes = reply && reply->retry_after;
  return as_documented(work) && !wishes ? documented_pause(work) : back_off(work.attempts, reply);
}

nanoseconds Retries::back_off(unsigned attempts, const Result<Reply>& reply) const {
  if (reply && reply->retry_after) {
    return std::min<nanoseconds>(*reply->retry_after, options_.retry_after_max);
  }
  nanoseconds wait = options_.back_off;
  for (unsigned i = 1; i < attempts && wait < options_.back_off_max; ++i) wait *= 2;
  return std::min<nanoseconds>(wait, options_.back_off_max);
}

/// Compressed like the simulated time it stands beside, but not below `back_off`.
nanoseconds Retries::documented_pause(const Work& work) const {
  const std::uint64_t draw = hash64(work.order, work.attempts);
  const nanoseconds wait = documented_.pause(work.attempts, static_cast<std::uint32_t>(draw >> 32U));
  const nanoseconds compressed{static_cast<std::int64_t>(static_cast<double>(wait.count()) / speed_)};
  return std::max<nanoseconds>(compressed, options_.back_off);
}

}  // namespace peakstorm
