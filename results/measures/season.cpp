#include "results/season.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace peakstorm {
namespace {

Blame blame_of(const Outcome& outcome) {
  switch (outcome.cause) {
    case Cause::none:
      return outcome.weather ? Blame::storm : Blame::own_promise;
    case Cause::own_handling:
      return Blame::own_handling;
    case Cause::lane_weather:
    case Cause::closure:
      return Blame::storm;
    case Cause::pickup_cap:
    case Cause::embargo:
    case Cause::sort_backlog:
    case Cause::dock_rollover:
    case Cause::round_overflow:
    case Cause::attempt_failed:
    case Cause::missort:
    case Cause::linehaul:
    case Cause::out_of_stock:  // Not an order that is late.
      break;
  }
  return Blame::network;
}

}  // namespace

SeasonRecord season_of(const World& world, const Measures& measures) {
  SeasonRecord record;
  SeasonSums& sums = record.sums;
  const Tables& tables = measures.tables();
  sums.orders = tables.measured_tracked;
  for (const Tables::CostRow& row : tables.costs) {
    sums.shipping_cents += row.shipping.value_or(0);
    sums.recovery_cents += row.credit + row.refund.value_or(0);
    sums.contact_cents += row.contact_cost.value_or(0);
    sums.contacts += row.contacts.value_or(0);
    sums.extra_attempt_cents += row.extra_attempt_cost;
  }
  if (tables.loyalty) {
    const Tables::LoyaltySums& loyalty = *tables.loyalty;
    sums.loyal_orders = loyalty.orders;
    sums.happy_millionths = std::llround(loyalty.happy * 1e6);
    sums.unhappy_millionths = std::llround(loyalty.unhappy * 1e6);
    sums.answers_millionths = std::llround(loyalty.answers * 1e6);
    sums.lifetime_cents = std::llround(loyalty.cents);
  }
  const VerdictCounts& retail = tables.totals[static_cast<std::size_t>(ShipperRole::retailer)];
  sums.kept = retail.kept(OnTimeDefinition::promise);
  sums.broken = retail.broken(OnTimeDefinition::promise);

  const Day middle = world.measure_from + (world.measure_to - world.measure_from) / 2;
  std::map<std::pair<ServiceId, RegionId>, LeagueRow> league;
  for (const TrackedParcel& parcel : measures.tracked()) {
    if (!parcel.measured || !parcel.outcome) continue;
    const Outcome& outcome = *parcel.outcome;
    if (outcome.promise_day != no_day) {
      ++sums.promised;
      sums.promised_days += std::int64_t{outcome.promise_day} - std::int64_t{outcome.order_day};
    }
    if (outcome.fate == Fate::delivered) {
      ++sums.delivered;
      sums.delivered_days += std::int64_t{outcome.delivered_day} - std::int64_t{outcome.order_day};
    }
    const Verdict verdict = parcel.verdicts[static_cast<std::size_t>(OnTimeDefinition::promise)];
    if (verdict == Verdict::not_counted) continue;
    const RegionId region = world.destinations[index(outcome.destination)].region;
    LeagueRow& row = league[{outcome.service, region}];
    row.service = outcome.service;
    row.region = region;
    const bool is_early = Day{outcome.order_day} < middle;
    if (verdict == Verdict::kept) {
      ++row.kept;
      row.early_kept += is_early ? 1 : 0;
    } else {
      ++row.broken;
      row.early_broken += is_early ? 1 : 0;
      ++row.blame[static_cast<std::size_t>(blame_of(outcome))];
    }
  }
  for (const auto& [key, row] : league) record.league.push_back(row);
  return record;
}

}  // namespace peakstorm
