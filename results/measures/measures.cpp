#include "results/measures.hpp"

#include <algorithm>

#include "engine/check.hpp"
#include "results/measures/state.hpp"

namespace peakstorm {

using measuring::Counts;
using measuring::Shard;

namespace {

std::int64_t hour_of_instant(SimTime at) {
  return floor_div(at.time_since_epoch().count(), hours(1).count());
}

}  // namespace

Day horizon_of(const World& world, const Outcome& outcome) {
  const TimeZone& zone = world.zones[index(world.destinations[index(outcome.destination)].zone)];
  const SimTime planned_end = day_zero + days(world.day_count + world.drain_days);
  const SimTime end = outcome.fate == Fate::inside ? std::min(outcome.at, planned_end) : planned_end;
  // The day on which the run stops is not a whole day.
  return zone.local_day(end) - 1;
}

Measures::Measures(const World& world, const MeasuresOptions& options)
    : impl_(std::make_unique<Impl>(world, options)) {}
Measures::~Measures() = default;

RecorderShard& Measures::shard(std::size_t partition) {
  auto& shards = impl_->shards;
  if (partition >= shards.size()) shards.resize(partition + 1);
  if (!shards[partition]) shards[partition] = std::make_unique<Shard>(impl_->world, impl_->options);
  return *shards[partition];
}

bool Measures::wants_streams() const {
  return impl_->options.streams;
}
bool Measures::wants_background() const {
  return impl_->options.background;
}

void Measures::parcels(std::span<const ParcelFacts> facts) {
  Impl& m = *impl_;
  for (const ParcelFacts& fact : facts) {
    const auto [entry, is_new] = m.index_of.try_emplace(fact.id, static_cast<std::uint32_t>(m.tracked.size()));
    PEAKSTORM_CHECK(is_new, static_cast<std::uint64_t>(fact.id));
    const TimeZone& zone = m.world.zones[index(m.world.destinations[index(fact.destination)].zone)];
    const Day order_day = zone.local_day(fact.ordered);
    TrackedParcel parcel;
    parcel.facts = fact;
    parcel.measured = order_day >= m.world.measure_from && order_day < m.world.measure_to;
    if (parcel.measured) {
      m.shipping[index(fact.shipper)] += fact.shipping_cost;
      ++m.tables.measured_tracked;
    }
    m.tracked.push_back(parcel);
    m.status.push_back(0);
    m.status_at.push_back(SimTime::min());
  }
}

void Measures::scans(std::span<const Scan> scans) {
  Impl& m = *impl_;
  if (!m.options.hours) return;
  // Every act before the end of the last batch has come, so what was published by then can be applied.
  m.publish(m.streamed_to);
  for (const Scan& scan : scans) {
    if (m.options.background && !m.is_tracked(scan.parcel)) continue;
    const bool published = scan.reported != never;
    ++m.scan_hour(hour_of_instant(scan.at))[static_cast<std::size_t>(scan.kind)][static_cast<std::size_t>(published)];
    m.streamed_to = std::max(m.streamed_to, scan.at);
    if (!published) continue;
    const auto found = m.index_of.find(scan.parcel);
    PEAKSTORM_CHECK(found != m.index_of.end(), static_cast<std::uint64_t>(scan.parcel));
    m.pending.push({scan.reported, scan.at, found->second, scan.sequence, scan.kind});
  }
}

void Measures::acts(std::span<const ShopperAct> acts) {
  Impl& m = *impl_;
  for (const ShopperAct& act : acts) {
    if (m.options.hours) m.publish(act.at);
    const auto found = m.index_of.find(act.parcel);
    PEAKSTORM_CHECK(found != m.index_of.end(), static_cast<std::uint64_t>(act.parcel));
    if (m.options.hours) ++m.act_hours[{hour_of_instant(act.at), act.kind, m.status[found->second]}];
    TrackedParcel& parcel = m.tracked[found->second];
    m.recover(parcel, act);
    if (!parcel.measured) continue;
    ++m.tables.measured_acts[static_cast<std::size_t>(act.kind)];
    if (act.kind == ActKind::contact) ++m.contacts[index(parcel.facts.shipper)];
  }
}

void Measures::load_series(PlaceId place, SimDuration step, std::span<const PlaceLoad> loads) {
  PEAKSTORM_CHECK(step > SimDuration{0}, step);
  const SimDuration wanted = std::max(hours(impl_->options.load_step_hours), step);
  const auto per_row = static_cast<std::size_t>(wanted / step);
  const SimDuration row_step = step * static_cast<std::int64_t>(per_row);
  Tables::PeakRow peak{place, 0, day_zero};
  for (std::size_t begin = 0; begin < loads.size(); begin += per_row) {
    Tables::LoadRow row;
    row.place = place;
    row.from_hour = hour_of_instant(day_zero + step * static_cast<std::int64_t>(begin));
    row.step_hours = std::max<std::int64_t>(1, row_step / hours(1));
    const std::size_t end = std::min(loads.size(), begin + per_row);
    std::array<std::uint64_t, 3> sums{};
    for (std::size_t i = begin; i < end; ++i) {
      const std::array<std::uint32_t, 3> sample{loads[i].sorting, loads[i].docked, loads[i].delivering};
      std::uint64_t pieces = 0;
      for (std::size_t queue = 0; queue < 3; ++queue) {
        sums[queue] += sample[queue];
        row.max[queue] = std::max(row.max[queue], sample[queue]);
        pieces += sample[queue];
      }
      if (pieces > peak.pieces) peak = {place, pieces, day_zero + step * static_cast<std::int64_t>(i)};
    }
    if (sums[0] + sums[1] + sums[2] == 0) continue;
    for (std::size_t queue = 0; queue < 3; ++queue) {
      row.mean[queue] = static_cast<double>(sums[queue]) / static_cast<double>(end - begin);
    }
    impl_->tables.loads.push_back(row);
  }
  if (peak.pieces > 0) impl_->tables.peaks.push_back(peak);
}

void Measures::place_days(std::span<const PlaceDay> days) {
  impl_->tables.place_days.insert(impl_->tables.place_days.end(), days.begin(), days.end());
}

void Measures::census(CarrierId carrier, std::span<const Census> census) {
  for (std::size_t day = 0; day < census.size(); ++day) {
    impl_->tables.census.push_back({carrier, static_cast<Day>(day), census[day]});
  }
}

void Measures::queues(std::span<const QueueAccount> queues) {
  impl_->tables.queues.insert(impl_->tables.queues.end(), queues.begin(), queues.end());
}

void Measures::leg_work(std::span<const LegWork> work) {
  for (const LegWork& of : work) impl_->legs.add(of);
}

std::array<VerdictCounts, role_count> Measures::so_far() const {
  std::array<VerdictCounts, role_count> totals;
  for (const auto& shard : impl_->shards) {
    if (!shard) continue;
    for (std::size_t role = 0; role < role_count; ++role) totals[role] += shard->counts.totals[role];
  }
  return totals;
}

void Measures::finish() {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(!m.finished, m.finished);
  m.finished = true;
  Counts all(m.world);
  for (const auto& shard : m.shards) {
    if (!shard) continue;
    all.merge(shard->counts);
    shard->counts = Counts(m.world);
  }
  m.tabulate(all);
  m.tabulate_tracked(all.kept);
  if (m.options.streams) {
    m.tabulate_recovery();
    m.tabulate_loyalty();
    m.tabulate_sourcing();
  }
  for (std::size_t i = 0; i < m.scan_hours.size(); ++i) {
    for (std::size_t kind = 1; kind < scan_kind_end; ++kind) {
      const auto [missed, published] = m.scan_hours[i][kind];
      if (missed + published == 0) continue;
      m.tables.scan_hours.push_back(
          {m.first_hour + static_cast<std::int64_t>(i), static_cast<ScanKind>(kind), missed + published, published});
    }
  }
  for (const auto& [key, acts] : m.act_hours) {
    const auto& [hour, act, status] = key;
    std::optional<ScanKind> shown;
    if (status != 0) shown = static_cast<ScanKind>(status);
    m.tables.act_hours.push_back({hour, act, shown, acts});
  }
  const auto by = [](auto& rows, auto key) {
    std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  };
  by(m.tables.loads, [](const auto& r) { return std::tuple(r.place, r.from_hour); });
  by(m.tables.peaks, [](const auto& r) { return r.place; });
  by(m.tables.place_days, [](const auto& r) { return std::tuple(r.place, r.day); });
  by(m.tables.census, [](const auto& r) { return std::tuple(r.carrier, r.day); });
  by(m.tables.queues, [](const auto& r) { return std::tuple(r.place, r.queue); });
}

const Tables& Measures::tables() const {
  PEAKSTORM_CHECK(impl_->finished, impl_->finished);
  return impl_->tables;
}

std::span<const TrackedParcel> Measures::tracked() const {
  PEAKSTORM_CHECK(impl_->finished, impl_->finished);
  return impl_->tracked;
}

}  // namespace peakstorm
