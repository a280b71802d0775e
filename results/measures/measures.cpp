#include "results/measures.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <queue>
#include <tuple>

#include "engine/check.hpp"
#include "engine/geo.hpp"
#include "engine/loyalty.hpp"
#include "engine/recovery.hpp"
#include "engine/satisfaction.hpp"
#include "results/measures/names.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {
namespace {

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};

constexpr auto at(OnTimeDefinition definition) {
  return static_cast<std::size_t>(definition);
}

/// Grows on demand; cells that no parcel touched cost one pointer.
class Cube {
 public:
  VerdictCounts& operator[](std::size_t cell) {
    if (cell >= cells_.size()) cells_.resize(cell + 1);
    if (!cells_[cell]) cells_[cell] = std::make_unique<VerdictCounts>();
    return *cells_[cell];
  }
  void merge(const Cube& other) {
    other.for_each([&](std::size_t cell, const VerdictCounts& counts) { (*this)[cell] += counts; });
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      if (cells_[cell]) visit(cell, *cells_[cell]);
    }
  }
  template <class Archive>
  void transfer(Archive& archive) {
    std::vector<std::uint64_t> numbers;
    std::vector<VerdictCounts> counts;
    for_each([&](std::size_t cell, const VerdictCounts& cell_counts) {
      numbers.push_back(cell);
      counts.push_back(cell_counts);
    });
    archive(numbers, counts);
    if constexpr (Archive::is_reading) {
      cells_.clear();
      if (numbers.size() != counts.size()) archive.fail();
      for (std::size_t i = 0; archive.ok() && i < numbers.size(); ++i) {
        // Worlds have far fewer cells than this; a number beyond is damage and must not ask for memory.
        if (numbers[i] >= cells_max) return archive.fail();
        (*this)[numbers[i]] = counts[i];
      }
    }
  }
  /// One more than the highest cell.
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

 private:
  static constexpr std::uint64_t cells_max = std::uint64_t{1} << 28U;
  std::vector<std::unique_ptr<VerdictCounts>> cells_;
};

struct CauseKey {
  PlaceId place;
  Cause cause;
  ShipperRole role;
  CarrierId carrier;
  auto operator<=>(const CauseKey&) const = default;
};
/// Written member by member: the structs have padding, whose bytes belong to nobody.
template <class Archive>
void transfer(Archive& archive, Outcome& o) {
  archive(o.id, o.at, o.reported, o.destination, o.shipper, o.service, o.fate, o.cause, o.culprit, o.excess_minutes,
          o.order_day, o.tender_day, o.delivered_day, o.reported_day, o.first_attempt_day, o.promise_day, o.revised_day,
          o.commit_day, o.delivered_time, o.attempts, o.weather);
}
template <class Archive>
void transfer(Archive& archive, ParcelFacts& f) {
  archive(f.id, f.ordered, f.node, f.shipper, f.service, f.destination, f.tier, f.size, f.promise_day, f.window_from,
          f.window_to, f.shipping_cost, f.second_choice);
}
/// A vector of something that has no transfer() of its own.
template <class Archive, class T, class Each>
void transfer_all(Archive& archive, std::vector<T>& values, const Each& each) {
  std::uint64_t size = values.size();
  archive(size);
  if constexpr (Archive::is_reading) {
    values.clear();
    for (std::uint64_t i = 0; i < size && archive.ok(); ++i) each(values.emplace_back());
    if (!archive.ok()) values.clear();
  } else {
    for (T& value : values) each(value);
  }
}

struct CauseCounts {
  std::uint64_t promises = 0;
  std::uint64_t commits = 0;
  std::uint64_t minutes = 0;
};

constexpr std::size_t lateness_cells = Tables::latest_days - Tables::earliest_days + 2;  // The last: undelivered.
constexpr std::size_t lateness_bases = 2;                                                // promise, commit.
constexpr std::array<OnTimeDefinition, lateness_bases> lateness_definitions{OnTimeDefinition::promise,
                                                                            OnTimeDefinition::commit};

// A trillion parcels, or contacts: no run has more. A number beyond is damage, and money made of it would overflow.
constexpr std::uint64_t count_max = std::uint64_t{1} << 40U;
bool are_counts(const std::vector<std::uint64_t>& counts) {
  return std::all_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count <= count_max; });
}

bool is_place(const World& world, PlaceId place) {
  return place == no_place || index(place) < world.facilities.size() + world.nodes.size();
}

/// Of retailers' measured orders, over all of them.
struct PromiseSums {
  std::uint64_t declined = 0;  ///< Not taken: no carrier had room, or no node had it.
  std::uint64_t quoted = 0;    ///< With a promise, cancelled ones aside.
  std::uint64_t days = 0;      ///< From order to promise, summed.
  std::uint64_t early = 0;     ///< Delivered two days or more before the promised one.
  std::uint64_t no_stock = 0;  ///< Of the declined: no node had it.

  void add(const Outcome& outcome) {
    if (outcome.fate == Fate::cancelled) {
      declined += outcome.cause != Cause::none ? 1 : 0;  // One that the customer cancels has waited for nothing.
      no_stock += outcome.cause == Cause::out_of_stock ? 1 : 0;
      return;
    }
    if (outcome.promise_day == no_day) return;
    ++quoted;
    days += static_cast<std::uint64_t>(std::max(0, int{outcome.promise_day} - int{outcome.order_day}));
    early += outcome.fate == Fate::delivered && outcome.delivered_day + 2 <= outcome.promise_day ? 1 : 0;
  }
  void add(const PromiseSums& other) {
    declined += other.declined;
    quoted += other.quoted;
    days += other.days;
    early += other.early;
    no_stock += other.no_stock;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(declined, quoted, days, early, no_stock);
  }
};

/// Everything one partition counts.
struct Counts {
  std::array<VerdictCounts, role_count> totals;
  Cube due;  ///< (day * services + service) * roles + role
  Cube ordered;
  Cube regions;                                                     ///< (region * carriers + carrier) * roles + role
  Cube destinations;                                                ///< destination * roles + role
  std::vector<std::array<std::uint64_t, lateness_cells>> lateness;  ///< (carrier * roles + role) * bases + basis
  std::vector<std::array<std::uint64_t, fate_names.size()>> fates;  ///< carrier * roles + role
  std::map<CauseKey, CauseCounts> causes;
  std::vector<std::uint64_t> parcels;  ///< By shipper.
  std::vector<std::uint64_t> broken;   ///< Promises, by shipper.
  /// Attempts beyond the first, by shipper and service: shipper * services + service.
  std::vector<std::uint64_t> extra_attempts;
  PromiseSums promises;
  std::vector<Outcome> kept;  ///< Of tracked parcels.

  explicit Counts(const World& world)
      : lateness(world.carriers.size() * role_count * lateness_bases),
        fates(world.carriers.size() * role_count),
        parcels(world.shippers.size()),
        broken(world.shippers.size()),
        extra_attempts(world.shippers.size() * world.services.size()) {}

  void merge(Counts& other) {
    for (std::size_t role = 0; role < role_count; ++role) totals[role] += other.totals[role];
    due.merge(other.due);
    ordered.merge(other.ordered);
    regions.merge(other.regions);
    destinations.merge(other.destinations);
    const auto add = [](auto& mine, const auto& theirs) {
      for (std::size_t i = 0; i < mine.size(); ++i) mine[i] += theirs[i];
    };
    for (std::size_t i = 0; i < lateness.size(); ++i) add(lateness[i], other.lateness[i]);
    for (std::size_t i = 0; i < fates.size(); ++i) add(fates[i], other.fates[i]);
    for (const auto& [key, counts] : other.causes) {
      CauseCounts& mine = causes[key];
      mine.promises += counts.promises;
      mine.commits += counts.commits;
      mine.minutes += counts.minutes;
    }
    add(parcels, other.parcels);
    add(broken, other.broken);
    add(extra_attempts, other.extra_attempts);
    promises.add(other.promises);
    kept.insert(kept.end(), other.kept.begin(), other.kept.end());
  }

  template <class Archive>
  void transfer(Archive& archive) {
    archive(totals, due, ordered, regions, destinations, lateness, fates);
    std::vector<std::pair<CauseKey, CauseCounts>> rows(causes.begin(), causes.end());
    transfer_all(archive, rows, [&](auto& row) {
      auto& [key, count] = row;
      archive(key.place, key.cause, key.role, key.carrier, count.promises, count.commits, count.minutes);
    });
    archive(parcels, broken, extra_attempts, promises);
    transfer_all(archive, kept, [&](Outcome& outcome) { peakstorm::transfer(archive, outcome); });
    if constexpr (Archive::is_reading) causes = {rows.begin(), rows.end()};
  }
  /// Every name that was read is one of this world, and every tracked parcel ended at most once.
  [[nodiscard]] bool fits(const World& world) const {
    const auto ids = [](const auto& values, std::size_t end) { return values.size() <= end; };
    const std::size_t services = world.services.size();
    const std::size_t days = std::size_t{no_day} * services * role_count;
    bool fits = lateness.size() == world.carriers.size() * role_count * lateness_bases &&
                fates.size() == world.carriers.size() * role_count && parcels.size() == world.shippers.size() &&
                broken.size() == world.shippers.size() && are_counts(parcels) && are_counts(broken) &&
                extra_attempts.size() == world.shippers.size() * services && are_counts(extra_attempts) &&
                are_counts({promises.declined, promises.quoted, promises.days, promises.early, promises.no_stock}) &&
                ids(due, days) && ids(ordered, days) &&
                ids(regions, world.regions.size() * world.carriers.size() * role_count) &&
                ids(destinations, world.destinations.size() * role_count);
    for (const auto& [key, counts] : causes) {
      fits = fits && is_place(world, key.place) && static_cast<std::size_t>(key.cause) < cause_names.size() &&
             static_cast<std::size_t>(key.role) < role_count && index(key.carrier) < world.carriers.size();
    }
    // save() writes them ascending; a parcel ends once.
    fits = fits && std::adjacent_find(kept.begin(), kept.end(),
                                      [](const Outcome& a, const Outcome& b) { return a.id >= b.id; }) == kept.end();
    for (const Outcome& o : kept) {
      fits = fits && index(o.destination) < world.destinations.size() && index(o.shipper) < world.shippers.size() &&
             index(o.service) < services && static_cast<std::size_t>(o.fate) < fate_names.size() &&
             static_cast<std::size_t>(o.cause) < cause_names.size() && is_place(world, o.culprit);
    }
    return fits;
  }
};

bool is_measured(const World& world, std::uint16_t order_day) {
  return order_day != no_day && Day{order_day} >= world.measure_from && Day{order_day} < world.measure_to;
}

class Shard final : public RecorderShard {
 public:
  Shard(const World& world, const MeasuresOptions& options) : counts(world), world_(world), options_(options) {}

  void outcomes(std::span<const Outcome> outcomes) override {
    for (const Outcome& outcome : outcomes) count(outcome);
  }

  Counts counts;

 private:
  void count(const Outcome& outcome) {
    const ShipperRole role = world_.shippers[index(outcome.shipper)].role;
    if (options_.streams && role == ShipperRole::retailer) counts.kept.push_back(outcome);
    if (!is_measured(world_, outcome.order_day)) return;

    const auto r = static_cast<std::size_t>(role);
    const auto service = index(outcome.service);
    const auto carrier = index(world_.services[service].carrier);
    const auto verdicts = judge(world_, outcome, horizon_of(world_, outcome));
    counts.totals[r].add(verdicts);
    const auto day_cell = [&](std::uint16_t day) {
      return (std::size_t{day} * world_.services.size() + service) * role_count + r;
    };
    counts.ordered[day_cell(outcome.order_day)].add(verdicts);
    count_due(outcome, verdicts, day_cell);
    const auto region = index(world_.destinations[index(outcome.destination)].region);
    counts.regions[(region * world_.carriers.size() + carrier) * role_count + r].add(verdicts);
    counts.destinations[index(outcome.destination) * role_count + r].add(verdicts);
    ++counts.fates[carrier * role_count + r][static_cast<std::size_t>(outcome.fate)];
    ++counts.parcels[index(outcome.shipper)];
    counts.extra_attempts[index(outcome.shipper) * world_.services.size() + service] +=
        static_cast<std::uint64_t>(std::max(0, outcome.attempts - 1));
    if (role == ShipperRole::retailer) counts.promises.add(outcome);

    count_lateness(outcome, verdicts[at(OnTimeDefinition::promise)], outcome.promise_day,
                   (carrier * role_count + r) * lateness_bases);
    count_lateness(outcome, verdicts[at(OnTimeDefinition::commit)], outcome.commit_day,
                   (carrier * role_count + r) * lateness_bases + 1);

    const bool promise_broken = verdicts[at(OnTimeDefinition::promise)] == Verdict::broken;
    const bool commit_broken = verdicts[at(OnTimeDefinition::commit)] == Verdict::broken;
    if (promise_broken) ++counts.broken[index(outcome.shipper)];
    if (promise_broken || commit_broken) {
      CauseCounts& cause =
          counts.causes[{outcome.culprit, outcome.cause, role, CarrierId{static_cast<std::uint8_t>(carrier)}}];
      cause.promises += static_cast<std::uint64_t>(promise_broken);
      cause.commits += static_cast<std::uint64_t>(commit_broken);
      cause.minutes += outcome.excess_minutes;
    }
  }

  /// Each definition has its own day, so that "due 24 December" means what the definition means by it.
  template <class DayCell>
  void count_due(const Outcome& outcome, const std::array<Verdict, on_time_definitions>& verdicts,
                 const DayCell& day_cell) {
    const auto add = [&](std::uint16_t day, std::initializer_list<OnTimeDefinition> definitions) {
      if (day == no_day) return;
      VerdictCounts& cell = counts.due[day_cell(day)];
      for (const OnTimeDefinition definition : definitions) cell.add(definition, verdicts[at(definition)]);
    };
    add(outcome.promise_day, {OnTimeDefinition::promise, OnTimeDefinition::first_attempt, OnTimeDefinition::window,
                              OnTimeDefinition::reported});
    if (outcome.promise_day != no_day) {
      add(outcome.revised_day == no_day ? outcome.promise_day : outcome.revised_day, {OnTimeDefinition::revised});
    }
    add(outcome.commit_day, {OnTimeDefinition::commit, OnTimeDefinition::commit_lenient});
  }

  void count_lateness(const Outcome& outcome, Verdict verdict, std::uint16_t due, std::size_t cell) {
    if (verdict == Verdict::not_counted) return;
    auto& cells = counts.lateness[cell];
    if (outcome.fate == Fate::delivered) {
      const int late = std::clamp(int{outcome.delivered_day} - int{due}, Tables::earliest_days, Tables::latest_days);
      ++cells[static_cast<std::size_t>(late - Tables::earliest_days)];
    } else {
      ++cells.back();
    }
  }

  const World& world_;
  const MeasuresOptions& options_;
};

std::int64_t hour_of_instant(SimTime at) {
  return floor_div(at.time_since_epoch().count(), hours(1).count());
}

/// A published status that becomes visible at `reported`; the queue yields the earliest first.
struct Publication {
  SimTime reported;
  SimTime at;
  std::uint32_t parcel;
  std::uint8_t sequence;
  ScanKind kind;
  bool operator<(const Publication& other) const {
    return std::tie(other.reported, other.at, other.parcel, other.sequence) < std::tie(reported, at, parcel, sequence);
  }
};

}  // namespace

Day horizon_of(const World& world, const Outcome& outcome) {
  const TimeZone& zone = world.zones[index(world.destinations[index(outcome.destination)].zone)];
  const SimTime planned_end = day_zero + days(world.day_count + world.drain_days);
  const SimTime end = outcome.fate == Fate::inside ? std::min(outcome.at, planned_end) : planned_end;
  // The day on which the run stops is not a whole day.
  return zone.local_day(end) - 1;
}

struct Measures::Impl {
  const World& world;
  MeasuresOptions options;
  std::vector<std::unique_ptr<Shard>> shards;
  Tables tables;
  PromiseSums promises;
  LegWork legs;  ///< Of all carriers.
  bool finished = false;

  // Streams.
  boost::unordered_flat_map<ParcelId, std::uint32_t, ParcelHash> index_of;
  std::vector<TrackedParcel> tracked;
  std::vector<std::uint8_t> status;     ///< Last published ScanKind by tracked index; 0: none.
  std::vector<SimTime> status_at;       ///< When that scan happened: late news does not replace newer facts.
  std::vector<std::uint64_t> contacts;  ///< Of measured parcels, by shipper.
  std::vector<Cents> shipping;          ///< Likewise.
  std::priority_queue<Publication> pending;
  SimTime streamed_to = SimTime::min();                                             ///< Every scan before it has come.
  std::vector<std::array<std::array<std::uint64_t, 2>, scan_kind_end>> scan_hours;  ///< [hour][kind][published]
  std::map<std::tuple<std::int64_t, ActKind, std::uint8_t>, std::uint64_t> act_hours;
  std::int64_t first_hour = 0;
  bool has_first_hour = false;

  Impl(const World& w, const MeasuresOptions& o)
      : world(w), options(o), contacts(w.shippers.size()), shipping(w.shippers.size()) {}

  auto& scan_hour(std::int64_t hour) {
    if (!has_first_hour) {
      first_hour = hour;
      has_first_hour = true;
    }
    if (hour < first_hour) {
      scan_hours.insert(scan_hours.begin(), static_cast<std::size_t>(first_hour - hour), {});
      first_hour = hour;
    }
    const auto i = static_cast<std::size_t>(hour - first_hour);
    if (i >= scan_hours.size()) scan_hours.resize(i + 1);
    return scan_hours[i];
  }

  [[nodiscard]] bool is_tracked(ParcelId parcel) const {
    return world.shippers[index(world.nodes[index(node_of(parcel))].shipper)].role == ShipperRole::retailer;
  }

  /// Applies every publication at or before `until`.
  void publish(SimTime until) {
    while (!pending.empty() && pending.top().reported <= until) {
      const Publication p = pending.top();
      pending.pop();
      if (p.kind == ScanKind::eta_changed || p.at < status_at[p.parcel]) continue;
      status[p.parcel] = static_cast<std::uint8_t>(p.kind);
      status_at[p.parcel] = p.at;
    }
  }

  /// What the streams brought.
  template <class Archive>
  void transfer_streams(Archive& archive);
  [[nodiscard]] bool streams_fit() const;
  void tabulate(Counts& counts);
  void tabulate_tracked(std::vector<Outcome>& outcomes);
  /// Notes what the plan gives for an act of recovery.
  void recover(TrackedParcel& parcel, const ShopperAct& act) const;
  void tabulate_recovery();
  void tabulate_loyalty();
  void tabulate_sourcing();
  /// Mean expected review of measured delivered orders with a promise.
  [[nodiscard]] std::optional<double> expected_review_score() const;
};

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

template <class Archive>
void Measures::Impl::transfer_streams(Archive& archive) {
  transfer_all(archive, tracked, [&](TrackedParcel& parcel) {
    peakstorm::transfer(archive, parcel.facts);
    archive(parcel.measured, parcel.grade, parcel.grade_when_asked, parcel.recovery_refused);
  });
  archive(status, status_at, contacts, shipping, streamed_to, tables.measured_tracked, tables.measured_acts);
  archive(scan_hours, first_hour, has_first_hour);
  std::vector<Publication> publications;
  for (auto queue = pending; !queue.empty(); queue.pop()) publications.push_back(queue.top());
  transfer_all(archive, publications, [&](Publication& p) { archive(p.reported, p.at, p.parcel, p.sequence, p.kind); });
  struct ActHour {
    std::int64_t hour = 0;
    ActKind act{};
    std::uint8_t status = 0;
    std::uint64_t acts = 0;
  };
  std::vector<ActHour> hours;
  for (const auto& [key, acts] : act_hours) {
    hours.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), acts});
  }
  transfer_all(archive, hours, [&](ActHour& h) { archive(h.hour, h.act, h.status, h.acts); });
  if constexpr (Archive::is_reading) {
    index_of.clear();
    for (std::size_t i = 0; i < tracked.size(); ++i) {
      if (!index_of.try_emplace(tracked[i].facts.id, static_cast<std::uint32_t>(i)).second) archive.fail();
    }
    pending = {};
    for (const Publication& p : publications) pending.push(p);
    act_hours.clear();
    for (const ActHour& h : hours) act_hours[{h.hour, h.act, h.status}] = h.acts;
    if (archive.ok() && !streams_fit()) archive.fail();
  }
}

bool Measures::Impl::streams_fit() const {
  const auto is_kind = [](std::size_t kind) { return kind < scan_kind_end; };
  bool fits = status.size() == tracked.size() && status_at.size() == tracked.size() &&
              contacts.size() == world.shippers.size() && are_counts(contacts) &&
              shipping.size() == world.shippers.size();
  for (const TrackedParcel& parcel : tracked) {
    const ParcelFacts& f = parcel.facts;
    fits = fits && index(f.node) < world.nodes.size() && index(f.shipper) < world.shippers.size() &&
           index(f.service) < world.services.size() && index(f.destination) < world.destinations.size() &&
           static_cast<std::size_t>(f.tier) < tier_count &&
           parcel.grade <= world.shippers[index(f.shipper)].recovery.grades.size() &&
           parcel.grade_when_asked <= parcel.grade;
  }
  for (const std::uint8_t kind : status) fits = fits && is_kind(kind);
  for (auto queue = pending; !queue.empty(); queue.pop()) {
    fits = fits && queue.top().parcel < tracked.size() && is_kind(static_cast<std::size_t>(queue.top().kind));
  }
  for (const auto& [key, acts] : act_hours) {
    fits = fits && static_cast<std::size_t>(std::get<1>(key)) < act_kind_names.size() && is_kind(std::get<2>(key));
  }
  return fits;
}

void Measures::save(ArchiveWriter& archive) const {
  Impl& m = *impl_;
  Counts all(m.world);
  for (const auto& shard : m.shards) {
    if (shard) all.merge(shard->counts);
  }
  std::sort(all.kept.begin(), all.kept.end(), [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  // Only rank 0 has them.
  const bool has_streams = !m.tracked.empty() || m.has_first_hour;
  archive(all, m.options.streams, has_streams);
  if (has_streams) m.transfer_streams(archive);
}

void Measures::absorb(ArchiveReader& archive) {
  Impl& m = *impl_;
  Counts all(m.world);
  bool kept_outcomes = false;
  bool has_streams = false;
  archive(all, kept_outcomes, has_streams);
  if (!all.fits(m.world)) archive.fail();
  if (archive.ok()) {
    // Verdicts that are wanted here and were not kept there cannot be made up.
    if (m.options.streams && !kept_outcomes) archive.fail();
    if (!m.options.streams) all.kept.clear();
    static_cast<Shard&>(shard(0)).counts.merge(all);
  }
  if (!has_streams || !archive.ok()) return;
  if (m.options.streams) {
    PEAKSTORM_CHECK(m.tracked.empty(), m.tracked.size());
    m.transfer_streams(archive);
  } else {
    // Read past it.
    Impl other(m.world, m.options);
    other.transfer_streams(archive);
  }
}

void Measures::Impl::tabulate(Counts& counts) {
  tables.totals = counts.totals;
  promises = counts.promises;
  const auto role_of = [](std::size_t cell) { return static_cast<ShipperRole>(cell % role_count); };
  const auto day_rows = [&](const Cube& cube, std::vector<Tables::DayRow>& rows) {
    cube.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
      const std::size_t day_service = cell / role_count;
      rows.push_back({static_cast<Day>(day_service / world.services.size()),
                      ServiceId{static_cast<std::uint8_t>(day_service % world.services.size())}, role_of(cell),
                      verdicts});
    });
  };
  day_rows(counts.due, tables.due);
  day_rows(counts.ordered, tables.ordered);
  counts.regions.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
    const std::size_t region_carrier = cell / role_count;
    tables.regions.push_back({RegionId{static_cast<std::uint8_t>(region_carrier / world.carriers.size())},
                              CarrierId{static_cast<std::uint8_t>(region_carrier % world.carriers.size())},
                              role_of(cell), verdicts});
  });
  counts.destinations.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
    tables.destinations.push_back(
        {DestinationId{static_cast<std::uint16_t>(cell / role_count)}, role_of(cell), verdicts});
  });
  for (std::size_t cell = 0; cell < counts.lateness.size(); ++cell) {
    const std::size_t carrier_role = cell / lateness_bases;
    for (std::size_t i = 0; i < lateness_cells; ++i) {
      if (counts.lateness[cell][i] == 0) continue;
      std::optional<int> late;
      if (i + 1 < lateness_cells) late = static_cast<int>(i) + Tables::earliest_days;
      tables.lateness.push_back({CarrierId{static_cast<std::uint8_t>(carrier_role / role_count)}, role_of(carrier_role),
                                 lateness_definitions[cell % lateness_bases], late, counts.lateness[cell][i]});
    }
  }
  for (const auto& [key, cause] : counts.causes) {
    tables.causes.push_back(
        {key.place, key.cause, key.role, key.carrier, cause.promises, cause.commits, cause.minutes});
  }
  for (std::size_t cell = 0; cell < counts.fates.size(); ++cell) {
    for (std::size_t fate = 0; fate < fate_names.size(); ++fate) {
      if (counts.fates[cell][fate] == 0) continue;
      tables.fates.push_back({CarrierId{static_cast<std::uint8_t>(cell / role_count)}, role_of(cell),
                              static_cast<Fate>(fate), counts.fates[cell][fate]});
    }
  }
  for (std::size_t s = 0; s < world.shippers.size(); ++s) {
    const Shipper& shipper = world.shippers[s];
    if (shipper.role != ShipperRole::retailer) continue;
    Tables::CostRow row;
    row.shipper = ShipperId{static_cast<std::uint8_t>(s)};
    row.parcels = counts.parcels[s];
    row.broken_promises = counts.broken[s];
    row.credit = shipper.recovery_credit * static_cast<Cents>(counts.broken[s]);
    for (std::size_t service = 0; service < world.services.size(); ++service) {
      const std::uint64_t attempts = counts.extra_attempts[s * world.services.size() + service];
      row.extra_attempts += attempts;
      row.extra_attempt_cost += world.services[service].extra_attempt * static_cast<Cents>(attempts);
    }
    if (options.streams) {
      row.shipping = shipping[s];
      row.refund = 0;
      row.contacts = contacts[s];
      row.contact_cost = world.shopper.contact_cost * static_cast<Cents>(contacts[s]);
    } else if (!shipper.recovery_refunds_shipping && shipper.recovery.grades.empty()) {
      row.refund = 0;
    }
    tables.costs.push_back(row);
  }
}

std::optional<double> Measures::Impl::expected_review_score() const {
  if (!world.shopper.enabled || !world.shopper.reviews) return std::nullopt;
  double sum = 0;
  std::uint64_t delivered = 0;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || !parcel.outcome || parcel.outcome->fate != Fate::delivered) continue;
    if (parcel.outcome->promise_day == no_day) continue;
    sum += expected_review(int{parcel.outcome->delivered_day} - int{parcel.outcome->promise_day});
    ++delivered;
  }
  if (delivered == 0) return std::nullopt;
  return sum / static_cast<double>(delivered);
}

void Measures::Impl::tabulate_tracked(std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    const auto found = index_of.find(outcome.id);
    if (found == index_of.end()) continue;  // Its label was never made (cancelled before), so it was never tracked.
    TrackedParcel& parcel = tracked[found->second];
    PEAKSTORM_CHECK(!parcel.outcome, static_cast<std::uint64_t>(outcome.id));
    parcel.outcome = outcome;
    parcel.verdicts = judge(world, outcome, horizon_of(world, outcome));
    const Shipper& shipper = world.shippers[index(outcome.shipper)];
    if (is_measured(world, outcome.order_day) && shipper.recovery_refunds_shipping &&
        parcel.verdicts[at(OnTimeDefinition::promise)] == Verdict::broken) {
      for (Tables::CostRow& row : tables.costs) {
        if (row.shipper == outcome.shipper) *row.refund += parcel.facts.shipping_cost;
      }
    }
  }
  // The index refers to the order of arrival; nothing asks it any more.
  index_of.clear();
  std::sort(tracked.begin(), tracked.end(),
            [](const TrackedParcel& a, const TrackedParcel& b) { return a.facts.id < b.facts.id; });
}

void Measures::Impl::recover(TrackedParcel& parcel, const ShopperAct& act) const {
  if (act.kind == ActKind::recovery_refused) parcel.recovery_refused = true;
  if (act.kind != ActKind::recovery) return;
  const ParcelFacts& f = parcel.facts;
  const RecoveryPlan& plan = world.shippers[index(f.shipper)].recovery;
  const SimDuration late = act.at - promise_end(world, f.destination, f.promise_day);
  const RecoveryGrade* grade = grade_at(plan, f.tier, late);
  PEAKSTORM_CHECK(grade != nullptr, static_cast<std::uint64_t>(f.id));
  parcel.grade = static_cast<std::uint8_t>(grade - plan.grades.data() + 1);
  const LoyaltyModel& model = world.loyalty;
  if (model.survey == SurveyClock::delivery || late <= model.survey_wait) parcel.grade_when_asked = parcel.grade;
}

void Measures::Impl::tabulate_recovery() {
  std::map<std::pair<ShipperId, std::uint8_t>, Tables::RecoveryRow> rows;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || (parcel.grade == 0 && !parcel.recovery_refused)) continue;
    const ShipperId shipper = parcel.facts.shipper;
    Tables::RecoveryRow& row = rows[{shipper, parcel.grade}];
    row.shipper = shipper;
    row.grade = parcel.grade;
    ++row.parcels;
    if (parcel.grade == 0) continue;
    const RecoveryGrade& grade = world.shippers[index(shipper)].recovery.grades[parcel.grade - 1U];
    row.credit += grade.credit;
    if (grade.refunds_shipping) row.refund += parcel.facts.shipping_cost;
  }
  for (const auto& [key, row] : rows) {
    tables.recoveries.push_back(row);
    for (Tables::CostRow& cost : tables.costs) {
      if (cost.shipper != row.shipper) continue;
      cost.credit += row.credit;
      *cost.refund += row.refund;
    }
  }
}

/// The grade that the flat recovery of a shipper amounts to: everybody whose promise is broken gets it, at once.
RecoveryGrade flat_grade(const Shipper& shipper) {
  RecoveryGrade grade;
  grade.credit = shipper.recovery_credit;
  grade.refunds_shipping = shipper.recovery_refunds_shipping;
  return grade;
}

void Measures::Impl::tabulate_loyalty() {
  const LoyaltyModel& model = world.loyalty;
  if (!model.enabled) return;
  const RecoveryGrade apology;
  std::vector<RecoveryGrade> flat;
  for (const Shipper& shipper : world.shippers) flat.push_back(flat_grade(shipper));
  Tables::LoyaltySums sums;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || !parcel.outcome) continue;
    const Outcome& outcome = *parcel.outcome;
    const Verdict verdict = parcel.verdicts[at(OnTimeDefinition::promise)];
    if (verdict == Verdict::not_counted) continue;
    const Shipper& shipper = world.shippers[index(outcome.shipper)];
    Experience experience;
    experience.failed = verdict == Verdict::broken;
    const bool is_delivered = outcome.fate == Fate::delivered;
    const int last = is_delivered ? int{outcome.delivered_day} : int{horizon_of(world, outcome)};
    experience.days_late = last - int{outcome.promise_day};
    if (experience.failed) {
      experience.days_late = std::max(experience.days_late, 1);
      const SimTime asked = promise_end(world, outcome.destination, outcome.promise_day) + model.survey_wait;
      experience.asked_before_delivery = !is_delivered || outcome.at >= asked;
      const auto given = [&](std::uint8_t grade) -> const RecoveryGrade* {
        if (grade > 0) return &shipper.recovery.grades[grade - 1U];
        return parcel.recovery_refused ? &apology : nullptr;
      };
      if (shipper.recovery.grades.empty()) {
        const RecoveryGrade& all = flat[index(outcome.shipper)];
        if (all.credit > 0 || all.refunds_shipping) experience.given = experience.given_when_asked = &all;
      } else {
        experience.given = given(parcel.grade);
        experience.given_when_asked = given(parcel.grade_when_asked);
      }
    }
    const SurveyAnswer answer = survey_answer(model, experience);
    ++sums.orders;
    sums.score += answer.score;
    sums.happy += answer.happy;
    sums.unhappy += model.unhappy_answer * answer.unhappy;
    sums.answers += 1 + (model.unhappy_answer - 1) * answer.unhappy;
    const auto cents = [&](double delay) {
      return next_year(model, repurchase_factor(model, experience, delay)).cents;
    };
    const NextYear year = next_year(model, repurchase_factor(model, experience, model.failure_delay));
    sums.again += year.again;
    sums.cents += year.cents;
    sums.cents_low += cents(model.failure_delay_high);
    sums.cents_high += cents(model.failure_delay_low);
    if (experience.failed) {
      ++sums.failed;
      sums.cents_failed += year.cents;
    }
  }
  tables.loyalty = sums;
}

namespace {

/// A carrier's zone by distance, 2 to 8: the bands in miles of the United States' carriers.
std::uint64_t zone_of_distance(double km) {
  constexpr double km_per_mile = 1.609344;
  constexpr std::array<double, 6> miles{150, 300, 600, 1'000, 1'400, 1'800};
  std::uint64_t zone = 2;
  for (const double band : miles) zone += km > band * km_per_mile ? 1 : 0;
  return zone;
}

}  // namespace

void Measures::Impl::tabulate_sourcing() {
  Tables::SourcingSums sums;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured) continue;
    const ParcelFacts& f = parcel.facts;
    const double km =
        great_circle_km(world.nodes[index(f.node)].position, world.destinations[index(f.destination)].position);
    ++sums.orders;
    sums.second_choice += f.second_choice ? 1 : 0;
    sums.zones += zone_of_distance(km);
    sums.km += km;
  }
  tables.sourcing = sums;
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

namespace {

std::optional<double> mean_of(double sum, std::uint64_t n) {
  return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
}

void add_recovery(MeasureMap& map, const World& world, const Tables& t, std::uint64_t broken) {
  std::uint64_t given = 0;
  std::uint64_t apologies = 0;
  std::uint64_t refused = 0;
  for (const Tables::RecoveryRow& row : t.recoveries) {
    const bool has_money = row.credit > 0 || row.refund > 0;
    (row.grade == 0 ? refused : has_money ? given : apologies) += row.parcels;
  }
  bool known = true;
  for (const Tables::CostRow& row : t.costs) {
    const Shipper& shipper = world.shippers[index(row.shipper)];
    known = known && row.refund;
    if (shipper.recovery_credit > 0 || shipper.recovery_refunds_shipping) given += row.broken_promises;
  }
  const auto put = [&](const char* name, Unit unit, std::optional<double> value) {
    map[name] = {known ? value : std::nullopt, unit, std::nullopt, std::nullopt};
  };
  put("recovery.given", Unit::count, static_cast<double>(given));
  put("recovery.apologies", Unit::count, static_cast<double>(apologies));
  put("recovery.refused", Unit::count, static_cast<double>(refused));
  put("recovery.share", Unit::share, mean_of(static_cast<double>(given), broken));
}

void add_loyalty(MeasureMap& map, const Tables& t) {
  const Tables::LoyaltySums sums = t.loyalty.value_or(Tables::LoyaltySums{});
  const auto put = [&](const char* name, Unit unit, std::optional<double> value) {
    map[name] = {value, unit, std::nullopt, std::nullopt};
  };
  put("survey_score", Unit::count, mean_of(sums.score, sums.orders));
  put("nps", Unit::count,
      sums.orders == 0 ? std::nullopt : std::optional(100 * (sums.happy - sums.unhappy) / sums.answers));
  put("repeat_rate", Unit::share, mean_of(sums.again, sums.orders));
  put("lifetime_value", Unit::cents, mean_of(sums.cents, sums.orders));
  put("lifetime_value.low", Unit::cents, mean_of(sums.cents_low, sums.orders));
  put("lifetime_value.high", Unit::cents, mean_of(sums.cents_high, sums.orders));
  put("lifetime_value.failed", Unit::cents, mean_of(sums.cents_failed, sums.failed));
}

void add_sourcing(MeasureMap& map, const Tables& t) {
  const Tables::SourcingSums sums = t.sourcing.value_or(Tables::SourcingSums{});
  const auto put = [&](const char* name, Unit unit, double sum) {
    map[name] = {mean_of(sum, sums.orders), unit, std::nullopt, std::nullopt};
  };
  put("ship_from.second_choice", Unit::share, static_cast<double>(sums.second_choice));
  put("ship_from.zone", Unit::count, static_cast<double>(sums.zones));
  put("ship_from.km", Unit::count, sums.km);
}

}  // namespace

MeasureMap Measures::measures() const {
  const World& world = impl_->world;
  const Tables& t = tables();
  MeasureMap map;
  const auto put = [&](const std::string& name, Unit unit, std::optional<double> value) {
    map[name] = {value, unit, std::nullopt, std::nullopt};
  };
  const auto count = [&](const std::string& name, std::uint64_t value) {
    put(name, Unit::count, static_cast<double>(value));
  };

  const VerdictCounts& retail = t.totals[static_cast<std::size_t>(ShipperRole::retailer)];
  VerdictCounts everyone = retail;
  everyone += t.totals[static_cast<std::size_t>(ShipperRole::background)];
  std::vector<std::array<VerdictCounts, 2>> carriers(world.carriers.size());  // Retailers', all.
  for (const Tables::RegionRow& row : t.regions) {
    if (row.role == ShipperRole::retailer) carriers[index(row.carrier)][0] += row.counts;
    carriers[index(row.carrier)][1] += row.counts;
  }
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const auto definition = static_cast<OnTimeDefinition>(d);
    put(names::on_time(definition), Unit::share, retail.rate(definition));
    const bool all = names::has_population_all(definition);
    if (all) put(names::on_time_all(definition), Unit::share, everyone.rate(definition));
    for (std::size_t c = 0; c < carriers.size(); ++c) {
      const std::string& carrier = world.carriers[c].name;
      put(names::on_time(definition) + "." + carrier, Unit::share, carriers[c][0].rate(definition));
      if (all) put(names::on_time_all(definition) + "." + carrier, Unit::share, carriers[c][1].rate(definition));
    }
  }
  put("promise_kept", Unit::share, retail.rate(OnTimeDefinition::promise));
  count("late_parcels", retail.broken(OnTimeDefinition::promise));
  count("late_commits", everyone.broken(OnTimeDefinition::commit));

  std::array<std::uint64_t, fate_names.size()> fates{};
  for (const Tables::FateRow& row : t.fates) fates[static_cast<std::size_t>(row.fate)] += row.parcels;
  std::uint64_t measured = 0;
  for (std::size_t f = 0; f < fates.size(); ++f) {
    count(std::string("parcels.") + fate_names[f], fates[f]);
    measured += fates[f];
  }
  count("parcels.measured", measured);

  Cents shipping = 0;
  Cents recovery = 0;
  Cents contact_cost = 0;
  Cents credit = 0;
  Cents extra_attempt_cost = 0;
  std::uint64_t extra_attempts = 0;
  std::uint64_t retail_parcels = 0;
  bool has_shipping = true;
  bool has_recovery = true;
  for (const Tables::CostRow& row : t.costs) {
    retail_parcels += row.parcels;
    has_shipping = has_shipping && row.shipping;
    has_recovery = has_recovery && row.refund;
    shipping += row.shipping.value_or(0);
    recovery += row.credit + row.refund.value_or(0);
    contact_cost += row.contact_cost.value_or(0);
    extra_attempts += row.extra_attempts;
    extra_attempt_cost += row.extra_attempt_cost;
    credit += row.credit;
  }
  const auto money = [](bool known, Cents cents) {
    return known ? std::optional<double>(static_cast<double>(cents)) : std::nullopt;
  };
  if (retail_parcels > 0) {
    put("recovery_cost", Unit::cents, money(has_recovery, recovery));
    put("recovery.credit_cost", Unit::cents, money(has_recovery, credit));
    put("recovery.refund_cost", Unit::cents, money(has_recovery, recovery - credit));
    put("extra_attempt_cost", Unit::cents, money(true, extra_attempt_cost));
    put("shipping_cost", Unit::cents, money(has_shipping, shipping));
    put("contact_cost", Unit::cents, money(has_shipping, contact_cost));
  } else {
    for (const char* name : {"recovery_cost", "recovery.credit_cost", "recovery.refund_cost", "shipping_cost",
                             "contact_cost", "extra_attempt_cost"}) {
      put(name, Unit::cents, std::nullopt);
    }
  }
  const PromiseSums& promises = impl_->promises;
  const bool has_total = t.measured_tracked > 0 && has_shipping && has_recovery;
  const Cents total = shipping + extra_attempt_cost + recovery + contact_cost;
  put("cost.total", Unit::cents, money(has_total, total));
  put("cost.per_order", Unit::cents,
      has_total ? std::optional(static_cast<double>(total) / static_cast<double>(t.measured_tracked)) : std::nullopt);
  count("extra_attempts", extra_attempts);
  count("orders_declined", promises.declined);
  count("orders_out_of_stock", promises.no_stock);
  const auto per_promise = [&](std::uint64_t sum) {
    return promises.quoted == 0 ? std::nullopt
                                : std::optional(static_cast<double>(sum) / static_cast<double>(promises.quoted));
  };
  put("promised_days", Unit::count, per_promise(promises.days));
  put("early_share", Unit::share, per_promise(promises.early));
  const CarbonModel& carbon = world.carbon;
  const auto kg = [&](double grams) { return carbon.enabled ? std::optional(grams / 1000) : std::nullopt; };
  constexpr double g_km_per_t_km = 1e6;
  const double road_g = carbon.road_g_per_tkm * static_cast<double>(impl_->legs.road_g_km) / g_km_per_t_km;
  const double air_g = carbon.air_g_per_tkm * static_cast<double>(impl_->legs.air_g_km) / g_km_per_t_km;
  const double stops_g = carbon.stop_g * static_cast<double>(impl_->legs.stops);
  put("carbon.road_kg", Unit::count, kg(road_g));
  put("carbon.air_kg", Unit::count, kg(air_g));
  put("carbon.last_mile_kg", Unit::count, kg(stops_g));
  put("carbon.total_kg", Unit::count, kg(road_g + air_g + stops_g));
  put("carbon.per_parcel_kg", Unit::count,
      promises.quoted > 0 ? kg((road_g + air_g + stops_g) / static_cast<double>(promises.quoted)) : std::nullopt);
  const auto per_order = [&](ActKind act) -> std::optional<double> {
    if (t.measured_tracked == 0) return std::nullopt;
    return static_cast<double>(t.measured_acts[static_cast<std::size_t>(act)]) /
           static_cast<double>(t.measured_tracked);
  };
  put("checks_per_order", Unit::count, per_order(ActKind::check));
  put("contacts_per_order", Unit::count, per_order(ActKind::contact));
  put("review_score", Unit::count, impl_->expected_review_score());
  add_recovery(map, world, t, retail.broken(OnTimeDefinition::promise));
  add_loyalty(map, t);
  add_sourcing(map, t);

  std::uint64_t rollovers = 0;
  std::uint64_t missed_sorts = 0;
  for (const PlaceDay& day : t.place_days) {
    rollovers += day.rollovers;
    missed_sorts += day.missed_sorts;
  }
  count("rollovers", rollovers);
  count("missed_sorts", missed_sorts);
  std::uint64_t peak = 0;
  for (const Tables::PeakRow& row : t.peaks) peak = std::max(peak, row.pieces);
  count("peak_place_load", peak);
  return map;
}

MeasureCatalogue measure_catalogue(const World& world) {
  MeasureCatalogue catalogue;
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const auto definition = static_cast<OnTimeDefinition>(d);
    const bool all = names::has_population_all(definition);
    catalogue[names::on_time(definition)] = Unit::share;
    if (all) catalogue[names::on_time_all(definition)] = Unit::share;
    for (const Carrier& carrier : world.carriers) {
      catalogue[names::on_time(definition) + "." + carrier.name] = Unit::share;
      if (all) catalogue[names::on_time_all(definition) + "." + carrier.name] = Unit::share;
    }
  }
  for (const auto& [name, unit] : names::simulated) catalogue[name] = unit;
  for (const char* fate : fate_names) catalogue[std::string("parcels.") + fate] = Unit::count;
  for (const auto& [name, unit] : names::replayed) catalogue[name] = unit;
  for (const char* oracle : oracle_names) catalogue[names::findings_of(oracle)] = Unit::count;
  for (const char* scope : names::latency_scopes) {
    for (const char* statistic : names::latency_statistics) {
      catalogue[std::string("endpoint.") + scope + statistic] = Unit::ms;
    }
  }
  return catalogue;
}

}  // namespace peakstorm
