#include "results/polls.hpp"

#include <algorithm>
#include <numeric>

#include "engine/check.hpp"

namespace peakstorm {

std::uint64_t PollCounts::polls() const {
  return std::accumulate(by_fate.begin(), by_fate.end(), std::uint64_t{0});
}

void PollLedger::polled(const PollRecord& record) {
  PEAKSTORM_CHECK(record.api < counts_.size(), record.api);
  PollCounts& counts = counts_[record.api];
  ++counts.by_fate[static_cast<std::size_t>(record.fate)];
  counts.slowed += record.slowed ? 1 : 0;
  if (record.fate != PollFate::told) return;
  counts.stale += record.stale ? 1 : 0;
  const LatencyHistogram::Duration age{record.age.count()};
  counts.age.record(age);
  if (record.news) {
    ++counts.news;
    counts.news_age.record(age);
  }
  auto& parcels = parcels_[record.api];
  const std::uint64_t polls = ++parcels[static_cast<std::uint64_t>(record.parcel)];
  counts.parcels = parcels.size();
  counts.polls_max = std::max(counts.polls_max, polls);
}

}  // namespace peakstorm
