#include "engine/flow/streams.hpp"

#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <utility>

namespace peakstorm::flow {

struct Streams::Threads {
  tbb::task_arena arena;
};

Streams::Streams(const Context& context, Recorder& recorder, unsigned threads)
    : context_(context),
      recorder_(recorder),
      shoppers_(context.world, context.run),
      threads_(std::make_unique<Threads>(Threads{tbb::task_arena(static_cast<int>(threads), 1)})) {}
Streams::~Streams() = default;

void Streams::collect(std::vector<ParcelFacts>& fresh_facts, Chain<KeyedScan>& fresh_scans) {
  facts_.insert(facts_.end(), fresh_facts.begin(), fresh_facts.end());
  fresh_facts.clear();
  waiting_ += fresh_scans.size();
  // Scans of one event share their instant, so neighbours mostly share their bucket.
  std::int64_t minute = 0;
  Chain<KeyedScan>* bucket = nullptr;
  fresh_scans.consume([&](const KeyedScan& scan) {
    const std::int64_t its = floor_div(scan.scan.at.time_since_epoch().count(), minutes(1).count());
    if (bucket == nullptr || its != minute) {
      minute = its;
      bucket = &minutes_[minute];
    }
    bucket->push_back(scan);
  });
}

void Streams::release(SimTime until) {
  const SimTime through = day_zero + hours(floor_div(until.time_since_epoch().count(), hours(1).count()));
  if (through <= released_) return;
  // Facts of one hour's orders come from many partitions; their order is by instant and key.
  std::sort(facts_.begin(), facts_.end(), [&](const ParcelFacts& a, const ParcelFacts& b) {
    return std::pair(a.ordered, context_.key(a.id)) < std::pair(b.ordered, context_.key(b.id));
  });
  for (const ParcelFacts& facts : facts_) shoppers_.meet(facts, context_.key(facts.id));
  if (!facts_.empty()) recorder_.parcels(facts_);
  facts_.clear();

  while (released_ < through) {
    released_ += hours(1);
    const auto last = minutes_.lower_bound(floor_div(released_.time_since_epoch().count(), minutes(1).count()));
    pass_on(minutes_.begin(), last);
    minutes_.erase(minutes_.begin(), last);
    std::vector<ShopperAct> acts;
    shoppers_.advance(released_, acts);
    if (!acts.empty()) recorder_.acts(acts);
  }
}

/// Some buckets on their way out.
struct Streams::Group {
  std::vector<Chain<KeyedScan>*> buckets;
  std::vector<std::vector<Scan>> sorted;
};

void Streams::pass_on(Minutes::iterator first, Minutes::iterator last) {
  // Groups are small, so that few scans exist twice, and one is put in order while the one before is passed on.
  const auto take = [&] {
    Group group;
    for (std::size_t scans = 0; first != last && scans < 200'000; ++first) {
      group.buckets.push_back(&first->second);
      scans += first->second.size();
    }
    group.sorted.resize(group.buckets.size());
    return group;
  };
  threads_->arena.execute([&] {
    tbb::task_group sorting;
    const auto begin_sorting = [&](Group& group) {
      for (std::size_t i = 0; i < group.buckets.size(); ++i) {
        sorting.run([this, &group, i] { sort_bucket(*group.buckets[i], group.sorted[i]); });
      }
    };
    Group current = take();
    begin_sorting(current);
    sorting.wait();
    while (!current.buckets.empty()) {
      Group next = take();
      begin_sorting(next);
      for (std::vector<Scan>& bucket : current.sorted) {
        for (const Scan& scan : bucket) {
          if (context_.is_tracked(scan.parcel)) shoppers_.notice(scan);
        }
        recorder_.scans(bucket);
        waiting_ -= bucket.size();
        std::vector<Scan>().swap(bucket);
      }
      sorting.wait();
      current = std::move(next);
    }
  });
}

void Streams::sort_bucket(Chain<KeyedScan>& bucket, std::vector<Scan>& sorted) const {
  // The order is that of (at, tie, key, sequence). Sorting 16-byte handles moves less than sorting scans.
  struct Handle {
    std::uint64_t tie = 0;
    std::uint32_t at = 0;     // Within the bucket's minute.
    std::uint32_t index = 0;  // Into `scans`.
  };
  std::vector<Scan> scans;
  std::vector<Handle> handles;
  scans.reserve(bucket.size());
  handles.reserve(bucket.size());
  bucket.consume([&](const KeyedScan& scan) {
    const std::int64_t ticks = scan.scan.at.time_since_epoch().count();
    const std::int64_t begin = floor_div(ticks, minutes(1).count()) * minutes(1).count();
    handles.push_back({scan.tie, static_cast<std::uint32_t>(ticks - begin), static_cast<std::uint32_t>(scans.size())});
    scans.push_back(scan.scan);
  });
  std::sort(handles.begin(), handles.end(), [&](const Handle& a, const Handle& b) {
    if (a.at != b.at) return a.at < b.at;
    if (a.tie != b.tie) return a.tie < b.tie;
    const Scan& x = scans[a.index];
    const Scan& y = scans[b.index];
    if (x.parcel != y.parcel) return context_.key(x.parcel) < context_.key(y.parcel);
    return x.sequence < y.sequence;
  });
  sorted.reserve(scans.size());
  for (const Handle& handle : handles) sorted.push_back(scans[handle.index]);
}

}  // namespace peakstorm::flow
