#include "adapters/cluster/party.hpp"

#include <array>
#include <thread>
#include <utility>

namespace peakstorm::cluster {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds nap = std::chrono::milliseconds{1};
constexpr nanoseconds first_margin = std::chrono::milliseconds{20};

}  // namespace

RankParty::RankParty(Job& job, HostClock clock) : job_(job), clock_(std::move(clock)) {
  if (!clock_) clock_ = [] { return nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}; };
}

bool RankParty::called_off(bool mine) {
  mine_off_ = mine_off_ || mine;
  if (const auto all = job_.vote({mine_off_, true})) off_ = off_ || all->ends;
  return off_;
}

bool RankParty::meet(bool well) {
  mine_off_ = mine_off_ || !well;
  while (true) {
    // The first vote may be one that began while this rank was busy.
    const auto all = job_.vote({mine_off_, false});
    if (all) {
      off_ = off_ || all->ends;
      if (!all->busy) return !off_;
    } else {
      std::this_thread::sleep_for(nap);
    }
  }
}

nanoseconds RankParty::until_start() {
  offset_ = compare_clocks(job_, clock_);
  started_ = true;
  for (nanoseconds margin = first_margin;; margin *= 2) {
    std::array<std::uint64_t, 1> start{};
    if (job_.rank() == 0) start[0] = static_cast<std::uint64_t>((clock_() + margin).count());
    job_.sum(start);
    const nanoseconds mine = nanoseconds{static_cast<std::int64_t>(start[0])} + offset_.offset;
    // For some it may be over already, if word of it took its time.
    const bool in_time = job_.minimum((mine - clock_()).count()) > 0;
    if (in_time) return mine - clock_();
  }
}

std::uint64_t RankParty::sum(std::uint64_t mine) {
  std::array<std::uint64_t, 1> values{mine};
  job_.sum(values);
  return values[0];
}

nanoseconds RankParty::drift() {
  return started_ ? compare_clocks(job_, clock_).offset - offset_.offset : nanoseconds{};
}

}  // namespace peakstorm::cluster
