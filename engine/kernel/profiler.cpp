#include "engine/kernel/profiler.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <queue>

namespace peakstorm::kernel {
namespace {

using Work = ParallelismProfile::Work;

ParallelismProfile::Distribution distribution(std::vector<std::uint64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  // The smallest value that at least `share` of all do not exceed.
  const auto at = [&](double share) {
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0,
                                     [](double s, std::uint64_t v) { return s + static_cast<double>(v); });
  return {sum / static_cast<double>(values.size()), values.front(), at(0.5), at(0.9), at(0.99), values.back()};
}

void add(Work& to, std::uint64_t events, std::uint64_t units, double ns) {
  to.events += events;
  to.units += units;
  to.ns += ns;
}

/// The most of each, added to the path.
void add_most(Work& path, std::span<const Work> of) {
  Work most;
  for (const Work& work : of) {
    most.events = std::max(most.events, work.events);
    most.units = std::max(most.units, work.units);
    most.ns = std::max(most.ns, work.ns);
  }
  add(path, most.events, most.units, most.ns);
}

}  // namespace

Profiler::Profiler(std::size_t processes, std::size_t partitions, WorkCosts costs) {
  profile_.by_process.resize(processes);
  profile_.by_partition.resize(partitions);
  profile_.costs = costs;
}

double Profiler::cost(std::uint64_t events, std::uint64_t units) const {
  return static_cast<double>(events) * profile_.costs.event_ns + static_cast<double>(units) * profile_.costs.unit_ns;
}

void Profiler::add_spans(std::vector<double>& items, Spans& spans) {
  std::sort(items.begin(), items.end(), std::greater<>());
  for (std::size_t c = 0; c < spans.size(); ++c) {
    const unsigned cores = profile_cores[c];
    if (cores >= items.size()) {
      spans[c] += items.empty() ? 0 : items.front();
      continue;
    }
    const std::vector<double> idle(cores);
    std::priority_queue<double, std::vector<double>, std::greater<>> loads(std::greater<>{}, idle);
    double longest = 0;
    for (const double item : items) {
      const double load = loads.top() + item;
      loads.pop();
      loads.push(load);
      longest = std::max(longest, load);
    }
    spans[c] += longest;
  }
}

void Profiler::window(SimTime from, SimTime until, std::span<const ProcessWork> work) {
  ++profile_.windows;
  span_ticks_ += (until - from).count();
  window_.assign(profile_.by_partition.size(), {});
  std::vector<Work> processes;
  std::vector<double> process_items;
  Work sum;
  for (const ProcessWork& one : work) {
    const double ns = cost(one.events, one.units);
    add(profile_.by_process[index(one.process)], one.events, one.units, ns);
    add(window_[one.partition], one.events, one.units, ns);
    add(sum, one.events, one.units, ns);
    processes.push_back({one.events, one.units, ns});
    process_items.push_back(ns);
  }
  std::vector<double> partition_items;
  for (std::size_t p = 0; p < window_.size(); ++p) {
    const Work& mine = window_[p];
    add(profile_.by_partition[p], mine.events, mine.units, mine.ns);
    if (mine.events > 0) partition_items.push_back(mine.ns);
  }
  add(profile_.total, sum.events, sum.units, sum.ns);
  events_.push_back(sum.events);
  units_.push_back(sum.units);
  add_most(profile_.critical_partition, window_);
  add_most(profile_.critical_process, processes);
  add_spans(partition_items, partition_spans_);
  add_spans(process_items, process_spans_);
}

ParallelismProfile Profiler::profile() const {
  ParallelismProfile done = profile_;
  done.events_per_window = distribution(events_);
  done.units_per_window = distribution(units_);
  const auto windows = static_cast<double>(done.windows);
  if (done.windows > 0) done.span_mean = SimDuration{span_ticks_ / static_cast<std::int64_t>(done.windows)};
  double most = 0;
  for (const Work& work : done.by_partition) most = std::max(most, work.ns);
  if (done.total.ns > 0) done.balance = most * static_cast<double>(done.by_partition.size()) / done.total.ns;
  for (std::size_t c = 0; c < std::size(profile_cores); ++c) {
    const double barriers = windows * done.costs.barrier_ns * std::log2(static_cast<double>(profile_cores[c]));
    const double by_partition = partition_spans_[c] + barriers;
    const double by_process = process_spans_[c] + barriers;
    done.speed_up.push_back({profile_cores[c], by_partition > 0 ? done.total.ns / by_partition : 1,
                             by_process > 0 ? done.total.ns / by_process : 1,
                             by_partition > 0 ? barriers / by_partition : 0});
  }
  return done;
}

}  // namespace peakstorm::kernel
