#include "results/measures/counts.hpp"

#include "results/measures.hpp"

namespace peakstorm::measuring {
namespace {

// Money made of more would overflow.
constexpr std::uint64_t count_max = std::uint64_t{1} << 40U;

bool is_place(const World& world, PlaceId place) {
  return place == no_place || index(place) < world.facilities.size() + world.nodes.size();
}

}  // namespace

bool are_counts(const std::vector<std::uint64_t>& counts) {
  return std::all_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count <= count_max; });
}

bool is_measured(const World& world, std::uint16_t order_day) {
  return order_day != no_day && Day{order_day} >= world.measure_from && Day{order_day} < world.measure_to;
}

void Counts::merge(const Counts& other) {
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

bool Counts::fits(const World& world) const {
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

void Shard::count(const Outcome& outcome) {
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

template <class DayCell>
void Shard::count_due(const Outcome& outcome, const std::array<Verdict, on_time_definitions>& verdicts,
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

void Shard::count_lateness(const Outcome& outcome, Verdict verdict, std::uint16_t due, std::size_t cell) {
  if (verdict == Verdict::not_counted) return;
  auto& cells = counts.lateness[cell];
  if (outcome.fate == Fate::delivered) {
    const int late = std::clamp(int{outcome.delivered_day} - int{due}, Tables::earliest_days, Tables::latest_days);
    ++cells[static_cast<std::size_t>(late - Tables::earliest_days)];
  } else {
    ++cells.back();
  }
}

}  // namespace peakstorm::measuring
