#include "tests/engine/reference/sorters.hpp"

#include <algorithm>

namespace peakstorm::test::plain {

SimTime Sorters::accept(std::size_t f, SimTime ready) {
  if (world_.facilities[f].sorts.empty()) return ready;
  std::int64_t& level = accepted_[f];
  level = std::max(level, work_by(f, ready)) + 360'000'000;
  return done_at(f, level);
}

const Window* Sorters::open_at_or_after(std::size_t f, SimTime at) const {
  auto& known = windows_[f];
  if (known.empty()) {
    for (const auto& [window, rate] : windows_of(f)) known.push_back(window);
  }
  for (const Window& window : known) {
    if (window.to > at) return &window;
  }
  return nullptr;
}

SimTime Sorters::ordinarily_docked(std::size_t f, SimTime came) const {
  const SimTime ready = came + world_.facilities[f].handling;
  if (world_.facilities[f].sorts.empty()) return mark(ready);
  const Window* window = open_at_or_after(f, ready);
  return window == nullptr ? never : mark(std::max(ready, window->from) + minutes(1));
}

void Sorters::lay_out_sorter(std::size_t f) {
  const auto open = windows_of(f);
  for (const auto& [window, pieces_per_hour] : open) {
    const Ppm plan = setting_.planned(world_.facilities[f].carrier, setting_.zone_of(f).local_day(window.from)).sort;
    std::vector<SimTime> changes{window.from, window.to};
    for (const Disruption& d : world_.disruptions) {
      for (const SimTime at : {d.from, d.to}) {
        if (setting_.touches(d, f) && at > window.from && at < window.to) changes.push_back(at);
      }
    }
    std::sort(changes.begin(), changes.end());
    for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
      const Effect effect = setting_.facility_at(f, changes[i]);
      const std::int64_t rate = effect.closed ? 0 : setting_.milli(pieces_per_hour, plan, effect.staffing) / 10;
      rates_[f].push_back({changes[i], changes[i + 1], rate});
    }
  }
}

std::vector<std::pair<Window, std::uint32_t>> Sorters::windows_of(std::size_t f) const {
  std::vector<std::pair<Window, std::uint32_t>> open;
  for (Day day = -4; day < world_.day_count + world_.drain_days + 12; ++day) {
    for (const SortWindow& sort : world_.facilities[f].sorts) {
      const Window window{setting_.zone_of(f).to_instant(day, sort.from), setting_.zone_of(f).to_instant(day, sort.to)};
      if (setting_.runs_on(sort.weekdays, day) && window.from < window.to)
        open.emplace_back(window, sort.pieces_per_hour);
    }
  }
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.first.from < b.first.from; });
  // Where a change of the clocks makes two overlap, the earlier one gives way.
  for (std::size_t i = 0; i + 1 < open.size(); ++i) {
    open[i].first.to = std::min(open[i].first.to, open[i + 1].first.from);
  }
  return open;
}

std::int64_t Sorters::work_by(std::size_t f, SimTime at) const {
  std::int64_t work = 0;
  for (const Rate& r : rates_.at(f)) {
    if (at > r.from) work += r.per_ms * (std::min(at, r.to) - r.from).count();
  }
  return work;
}

SimTime Sorters::done_at(std::size_t f, std::int64_t work) const {
  for (const Rate& r : rates_.at(f)) {
    const std::int64_t here = r.per_ms * (r.to - r.from).count();
    if (work > here) {
      work -= here;
    } else if (here > 0) {
      return r.from + SimDuration{(work + r.per_ms - 1) / r.per_ms};
    }
  }
  return never;
}

}  // namespace peakstorm::test::plain
