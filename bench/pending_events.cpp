// Structures for pending events, compared on the hold model: N events wait; the first is taken and another put in,
// a drawn delay later, so that N stays. Delays are exponential; bimodal (nine of ten short, one a hundred times
// longer); clustered (whole hundredths of the mean, as of a timetable: many events at one instant); or those of PHOLD
// (a lookahead of a tenth of the mean, and the exponential).
//
//   calendar  the one in production, engine/kernel/pending_events.hpp
//   ladder    ladder queue (Tang, Goh & Thng 2005), with its authors' threshold of 50 and at most 8 rungs
//   heap      binary heap in an array
//   skew      skew heap (Sleator & Tarjan 1986) of nodes from a pool
//   tree      red-black tree, std::set
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernel/exponential.hpp"
#include "engine/kernel/pending_events.hpp"

namespace {

using namespace peakstorm;
using namespace peakstorm::kernel;

struct Nothing {};
using Waiting = Event<Nothing>;

constexpr std::int64_t mean = 1'000'000;

EventOrder order() {
  return {RunKey{}, nullptr, [](const void*, LpId lp) { return mix64(index(lp)); }};
}

class Calendar {
 public:
  void push(const Waiting& event) { events_.push(event); }
  void pop_until(SimTime until, auto&& visit) { events_.pop_until(until, visit); }

 private:
  PendingEvents<Nothing> events_{order()};
};

/// Far events wait unsorted in the top. When everything before it is gone they are dealt out to the buckets of a first
/// rung, about one event each; a bucket that got more than the threshold is dealt out to a rung of its own, any other
/// is sorted and becomes the bottom, from which events are taken. Lists of nodes from a pool, so that an event changes
/// its place by a link and is not copied before the bottom.
class Ladder {
 public:
  void push(const Waiting& event) {
    if (event.at >= top_from_) {
      top_first_ = std::min(top_first_, event.at);
      top_last_ = std::max(top_last_, event.at);
      top_.add(nodes_, make_node(event));
      return;
    }
    for (std::size_t i = 0; i < rung_count_; ++i) {
      if (event.at < rungs_[i].next) continue;
      rungs_[i].add(nodes_, make_node(event));
      return;
    }
    if (bottom_.size() > threshold && rung_count_ < rungs_max) {
      // The bottom has become long: it is cheaper as a rung.
      List all;
      SimTime first = event.at;
      for (const Waiting& sorted : bottom_) {
        first = std::min(first, sorted.at);
        all.add(nodes_, make_node(sorted));
      }
      all.add(nodes_, make_node(event));
      bottom_.clear();
      settle(all, first, rung_count_ > 0 ? rungs_[rung_count_ - 1].next : top_from_);
    } else {
      bottom_.insert(std::upper_bound(bottom_.begin(), bottom_.end(), event, after_), event);
    }
  }
  void pop_until(SimTime until, auto&& visit) {
    while (refill() && bottom_.back().at < until) {
      const Waiting event = bottom_.back();
      bottom_.pop_back();
      visit(event);
    }
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::size_t threshold = 50;
  static constexpr std::size_t rungs_max = 8;
  struct Node {
    Waiting event;
    std::uint32_t next = none;
  };
  struct List {
    std::uint32_t first = none;
    std::uint32_t size = 0;
    void add(std::vector<Node>& nodes, std::uint32_t node) {
      nodes[node].next = std::exchange(first, node);
      ++size;
    }
  };
  /// Buckets of equal width from `from` on; those before `next` are spent.
  struct Rung {
    SimTime from, next;
    SimDuration width;
    std::vector<List> buckets;
    void add(std::vector<Node>& nodes, std::uint32_t node) {
      buckets[static_cast<std::size_t>((nodes[node].event.at - from) / width)].add(nodes, node);
    }
  };
  struct After {
    EventOrder before = order();
    bool operator()(const Waiting& a, const Waiting& b) const { return before(b, a); }
  };

  std::uint32_t make_node(const Waiting& event) {
    if (free_ == none) {
      nodes_.push_back({event});
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t node = std::exchange(free_, nodes_[free_].next);
    nodes_[node].event = event;
    return node;
  }
  /// Makes a list of events of [from, to) the last rung, or the bottom. Requires: the bottom is empty.
  void settle(const List& list, SimTime from, SimTime to) {
    const bool as_rung = list.size > threshold && rung_count_ < rungs_max && to - from > SimDuration{1};
    if (as_rung) {
      Rung& rung = rungs_[rung_count_++];
      rung.from = rung.next = from;
      rung.width = (to - from - SimDuration{1}) / list.size + SimDuration{1};
      rung.buckets.assign(static_cast<std::size_t>((to - from - SimDuration{1}) / rung.width + 1), {});
      for (std::uint32_t node = list.first; node != none;) {
        const std::uint32_t after = nodes_[node].next;
        rung.add(nodes_, node);
        node = after;
      }
    } else {
      for (std::uint32_t node = list.first; node != none;) {
        bottom_.push_back(nodes_[node].event);
        const std::uint32_t after = std::exchange(nodes_[node].next, free_);
        free_ = std::exchange(node, after);
      }
      std::sort(bottom_.begin(), bottom_.end(), after_);
    }
  }
  /// Sees to it that the bottom has the first events; false: there are none.
  bool refill() {
    while (bottom_.empty()) {
      if (rung_count_ == 0) {
        if (top_.size == 0) return false;
        top_from_ = top_last_ + SimDuration{1};
        settle(std::exchange(top_, {}), std::exchange(top_first_, never), top_from_);
        continue;
      }
      Rung& rung = rungs_[rung_count_ - 1];
      auto bucket = static_cast<std::size_t>((rung.next - rung.from) / rung.width);
      while (bucket < rung.buckets.size() && rung.buckets[bucket].size == 0) ++bucket;
      if (bucket == rung.buckets.size()) {
        --rung_count_;
        continue;
      }
      const SimTime from = rung.from + rung.width * static_cast<std::int64_t>(bucket);
      rung.next = from + rung.width;
      settle(std::exchange(rung.buckets[bucket], {}), from, rung.next);
    }
    return true;
  }

  After after_;
  std::vector<Node> nodes_;
  std::uint32_t free_ = none;
  List top_;
  SimTime top_first_ = never;  ///< Of the events in the top.
  SimTime top_last_ = SimTime::min();
  SimTime top_from_ = SimTime::min();  ///< Events from here on go to the top.
  std::array<Rung, rungs_max> rungs_;
  std::size_t rung_count_ = 0;
  std::vector<Waiting> bottom_;  ///< Sorted, the first event at the end.
};

class BinaryHeap {
 public:
  void push(const Waiting& event) {
    events_.push_back(event);
    std::push_heap(events_.begin(), events_.end(), after_);
  }
  void pop_until(SimTime until, auto&& visit) {
    while (!events_.empty() && events_.front().at < until) {
      std::pop_heap(events_.begin(), events_.end(), after_);
      const Waiting event = events_.back();
      events_.pop_back();
      visit(event);
    }
  }

 private:
  struct After {
    EventOrder before = order();
    bool operator()(const Waiting& a, const Waiting& b) const { return before(b, a); }
  } after_;
  std::vector<Waiting> events_;
};

class SkewHeap {
 public:
  void push(const Waiting& event) {
    std::uint32_t node = free_;
    if (node == none) {
      node = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({event});
    } else {
      free_ = nodes_[node].left;
      nodes_[node] = {event};
    }
    root_ = merge(root_, node);
  }
  void pop_until(SimTime until, auto&& visit) {
    while (root_ != none && nodes_[root_].event.at < until) {
      const Waiting event = nodes_[root_].event;
      const std::uint32_t rest = merge(nodes_[root_].left, nodes_[root_].right);
      nodes_[root_].left = free_;
      free_ = std::exchange(root_, rest);
      visit(event);
    }
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Node {
    Waiting event;
    std::uint32_t left = none;
    std::uint32_t right = none;
  };
  /// Top down: walks the right spines and swaps the children of every node on the way.
  std::uint32_t merge(std::uint32_t a, std::uint32_t b) {
    std::uint32_t root = none;
    std::uint32_t* place = &root;
    while (a != none && b != none) {
      if (before_(nodes_[b].event, nodes_[a].event)) std::swap(a, b);
      *place = a;
      place = &nodes_[a].left;
      a = std::exchange(nodes_[a].right, *place);
    }
    *place = a != none ? a : b;
    return root;
  }
  EventOrder before_ = order();
  std::vector<Node> nodes_;
  std::uint32_t root_ = none;
  std::uint32_t free_ = none;
};

class Tree {
 public:
  void push(const Waiting& event) { events_.insert(event); }
  void pop_until(SimTime until, auto&& visit) {
    while (!events_.empty() && events_.begin()->at < until) {
      auto first = events_.extract(events_.begin());
      visit(std::as_const(first.value()));
    }
  }

 private:
  struct Before {
    EventOrder before = order();
    bool operator()(const Waiting& a, const Waiting& b) const { return before(a, b); }
  };
  std::set<Waiting, Before> events_;
};

enum class Delays : std::uint8_t { exponential, bimodal, clustered, phold };

SimDuration delay(Delays delays, std::uint64_t bits) {
  const double drawn = exponential(static_cast<std::uint32_t>(bits));
  switch (delays) {
    case Delays::exponential:
      break;
    case Delays::bimodal:
      return SimDuration{static_cast<std::int64_t>(drawn * mean * ((bits >> 32U) % 10 == 0 ? 100 : 1))};
    case Delays::clustered:
      return SimDuration{(1 + static_cast<std::int64_t>(drawn * 100)) * (mean / 100)};
    case Delays::phold:
      return SimDuration{mean / 10 + static_cast<std::int64_t>(drawn * mean)};
  }
  return SimDuration{static_cast<std::int64_t>(drawn * mean)};
}

template <class Structure>
void hold(benchmark::State& state, Delays delays) {
  // PEAKSTORM_BENCH_EVENTS asks for a quick check that nothing rots.
  const bool quick = std::getenv("PEAKSTORM_BENCH_EVENTS") != nullptr;
  const auto pending =
      static_cast<std::uint32_t>(quick ? std::min<std::int64_t>(state.range(0), 10'000) : state.range(0));
  Structure events;
  std::uint32_t sequence = 0;
  const auto push = [&](SimTime now) {
    events.push({now + delay(delays, mix64(sequence)), LpId{0}, LpId{0}, sequence, 0, {}});
    ++sequence;
  };
  for (std::uint32_t i = 0; i < pending; ++i) push(SimTime{});
  // In steps of a hundredth of the mean, as windows do; a quarter of a mean of them comes before the clock starts.
  SimTime now{};
  std::uint64_t held = 0;
  std::uint64_t digest = 0;
  const auto step = [&] {  // Returns how many have been held in all.
    now += SimDuration{mean / 100};
    events.pop_until(now, [&](const Waiting& event) {
      digest = mix64(digest ^ event.sequence);
      ++held;
      push(event.at);
    });
    return held;
  };
  for (int i = 0; i < 25; ++i) step();
  const std::uint64_t wanted = quick ? 1000 : std::max<std::uint64_t>(1'000'000, pending / 2);
  const std::uint64_t before = held;
  for (auto _ : state) {
    while (step() - before < wanted) {
    }
  }
  state.counters["events_per_second"] =
      benchmark::Counter(static_cast<double>(held - before), benchmark::Counter::kIsRate);

  // Whatever the structure, the order is the same, and so is the digest after the same number of events.
  static std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> digests[4];
  const auto [found, is_new] = digests[static_cast<std::size_t>(delays)].try_emplace({pending, held}, digest);
  if (found->second != digest) state.SkipWithError("the order depends on the structure");
}

template <class Structure>
void add(const std::string& name) {
  for (const auto& [word, delays] :
       {std::pair{"exponential", Delays::exponential}, std::pair{"bimodal", Delays::bimodal},
        std::pair{"clustered", Delays::clustered}, std::pair{"phold", Delays::phold}}) {
    benchmark::RegisterBenchmark(("BM_PendingEvents_Hold/structure:" + name + "/delays:" + word).c_str(),
                                 hold<Structure>, delays)
        ->ArgName("pending")
        ->Arg(100)
        ->Arg(10'000)
        ->Arg(1'000'000)
        ->Arg(10'000'000)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace

int main(int argc, char** argv) {
  add<Calendar>("calendar");
  add<Ladder>("ladder");
  add<BinaryHeap>("heap");
  add<SkewHeap>("skew");
  add<Tree>("tree");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
