// Structures for pending events, compared on the hold model: N events wait; the first is taken and another put in,
// a drawn delay later, so that N stays. Delays are exponential; bimodal (nine of ten short, one a hundred times
// longer); or clustered (whole hundredths of the mean, as of a timetable: many events at one instant).
//
//   calendar  the one in production, engine/kernel/pending_events.hpp
//   heap      binary heap in an array
//   skew      skew heap (Sleator & Tarjan 1986) of nodes from a pool
//   tree      red-black tree, std::set
#include <benchmark/benchmark.h>

#include <algorithm>
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

enum class Delays : std::uint8_t { exponential, bimodal, clustered };

SimDuration delay(Delays delays, std::uint64_t bits) {
  const double drawn = exponential(static_cast<std::uint32_t>(bits));
  switch (delays) {
    case Delays::exponential:
      break;
    case Delays::bimodal:
      return SimDuration{static_cast<std::int64_t>(drawn * mean * ((bits >> 32U) % 10 == 0 ? 100 : 1))};
    case Delays::clustered:
      return SimDuration{(1 + static_cast<std::int64_t>(drawn * 100)) * (mean / 100)};
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
  const auto step = [&] {
    now += SimDuration{mean / 100};
    events.pop_until(now, [&](const Waiting& event) {
      digest = mix64(digest ^ event.sequence);
      ++held;
      push(event.at);
    });
  };
  for (int i = 0; i < 25; ++i) step();
  const std::uint64_t wanted = quick ? 1000 : std::max<std::uint64_t>(1'000'000, pending / 2);
  const std::uint64_t before = held;
  for (auto _ : state) {
    while (held - before < wanted) step();
  }
  state.counters["events_per_second"] =
      benchmark::Counter(static_cast<double>(held - before), benchmark::Counter::kIsRate);

  // Whatever the structure, the order is the same, and so is the digest after the same number of events.
  static std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> digests[3];
  const auto [found, is_new] = digests[static_cast<std::size_t>(delays)].try_emplace({pending, held}, digest);
  if (found->second != digest) state.SkipWithError("the order depends on the structure");
}

template <class Structure>
void add(const std::string& name) {
  for (const auto& [word, delays] :
       {std::pair{"exponential", Delays::exponential}, std::pair{"bimodal", Delays::bimodal},
        std::pair{"clustered", Delays::clustered}}) {
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
  add<BinaryHeap>("heap");
  add<SkewHeap>("skew");
  add<Tree>("tree");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
