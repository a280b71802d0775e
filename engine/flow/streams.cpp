#include "engine/flow/streams.hpp"

#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "engine/hand_over.hpp"

namespace peakstorm::flow {

namespace {

/// Of buckets given away to be sorted, and of those sorted.
HandOver unsorted;
HandOver in_order;

}  // namespace

struct Streams::Threads {
  tbb::task_arena arena;
};

Streams::Streams(const Context& context, Recorder& recorder, unsigned threads)
    : context_(context),
      recorder_(recorder),
      shoppers_(context.world, context.run, context.scale),
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
        Chain<KeyedScan>* const bucket = group.buckets[i];
        std::vector<Scan>* const sorted = &group.sorted[i];
        unsorted.give();
        sorting.run([ this, bucket, sorted ]()
                        __attribute__((no_sanitize("thread"))) { sort_elsewhere(*bucket, *sorted); });
      }
    };
    const auto wait_for_sorting = [&] {
      sorting.wait();
      in_order.take();
    };
    Group current = take();
    begin_sorting(current);
    wait_for_sorting();
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
      wait_for_sorting();
      current = std::move(next);
    }
  });
}

namespace {

/// A scan's place in the order of its minute, as far as 16 bytes tell. Sorting handles moves less than sorting scans.
struct Handle {
  std::uint64_t order = 0;  ///< Instant within the minute (16 bits), then the upper part of the tie.
  std::uint32_t index = 0;  ///< Into the bucket's scans.
};
constexpr unsigned tie_bits = 48;
static_assert(minutes(1).count() < 1 << (64 - tie_bits));

/// Orders by the upper 48 bits of Handle::order, the lowest digit first: few enough scans share them that comparing
/// neighbours does the rest. A comparison sort spends most of its time on branches that nobody can predict.
void sort_roughly(std::vector<Handle>& handles) {
  constexpr unsigned digits = 6;
  constexpr unsigned lowest = 16;
  std::array<std::array<std::uint32_t, 256>, digits> starts{};
  for (const Handle& handle : handles) {
    for (unsigned d = 0; d < digits; ++d) ++starts[d][(handle.order >> (lowest + 8 * d)) & 0xffU];
  }
  std::vector<Handle> other(handles.size());
  for (unsigned d = 0; d < digits; ++d) {
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts[d]) start = std::exchange(sum, sum + start);
    for (const Handle& handle : handles) other[starts[d][(handle.order >> (lowest + 8 * d)) & 0xffU]++] = handle;
    handles.swap(other);
  }
}

}  // namespace

void Streams::sort_elsewhere(Chain<KeyedScan>& bucket, std::vector<Scan>& sorted) const {
  unsorted.take();
  sort_bucket(bucket, sorted);
  in_order.give();
}

void Streams::sort_bucket(Chain<KeyedScan>& bucket, std::vector<Scan>& sorted) const {
  // The order is that of (at, tie, key, sequence).
  std::vector<KeyedScan> scans;
  std::vector<Handle> handles;
  scans.reserve(bucket.size());
  handles.reserve(bucket.size());
  bucket.consume([&](const KeyedScan& scan) {
    const std::int64_t ticks = scan.scan.at.time_since_epoch().count();
    const auto within = static_cast<std::uint64_t>(ticks - floor_div(ticks, minutes(1).count()) * minutes(1).count());
    handles.push_back({within << tie_bits | scan.tie >> (64 - tie_bits), static_cast<std::uint32_t>(scans.size())});
    scans.push_back(scan);
  });
  const auto before = [&](const Handle& a, const Handle& b) {
    if (a.order != b.order) return a.order < b.order;
    const KeyedScan& x = scans[a.index];
    const KeyedScan& y = scans[b.index];
    if (x.tie != y.tie) return x.tie < y.tie;
    if (x.scan.parcel != y.scan.parcel) return context_.key(x.scan.parcel) < context_.key(y.scan.parcel);
    return x.scan.sequence < y.scan.sequence;
  };
  constexpr std::size_t few = 512;  // Below, counting digits costs more than it saves.
  if (handles.size() < few) {
    std::sort(handles.begin(), handles.end(), before);
  } else {
    sort_roughly(handles);
    for (std::size_t i = 1; i < handles.size(); ++i) {
      const Handle handle = handles[i];
      std::size_t to = i;
      for (; to > 0 && before(handle, handles[to - 1]); --to) handles[to] = handles[to - 1];
      handles[to] = handle;
    }
  }
  sorted.reserve(scans.size());
  for (const Handle& handle : handles) sorted.push_back(scans[handle.index].scan);
}

}  // namespace peakstorm::flow
