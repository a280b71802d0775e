#include <algorithm>

#include "results/measures/names.hpp"
#include "results/measures/state.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {

using measuring::PromiseSums;

namespace {

void put(MeasureMap& map, const std::string& name, Unit unit, std::optional<double> value) {
  map[name] = {value, unit, std::nullopt, std::nullopt};
}

void add_count(MeasureMap& map, const std::string& name, std::uint64_t value) {
  put(map, name, Unit::count, static_cast<double>(value));
}

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
  const auto count = [&](std::uint64_t parcels) {
    return known ? std::optional(static_cast<double>(parcels)) : std::nullopt;
  };
  put(map, "recovery.given", Unit::count, count(given));
  put(map, "recovery.apologies", Unit::count, count(apologies));
  put(map, "recovery.refused", Unit::count, count(refused));
  put(map, "recovery.share", Unit::share, known ? mean_of(static_cast<double>(given), broken) : std::nullopt);
}

void add_loyalty(MeasureMap& map, const Tables& t) {
  const Tables::LoyaltySums sums = t.loyalty.value_or(Tables::LoyaltySums{});
  put(map, "survey_score", Unit::count, mean_of(sums.score, sums.orders));
  put(map, "nps", Unit::count,
      sums.orders == 0 ? std::nullopt : std::optional(100 * (sums.happy - sums.unhappy) / sums.answers));
  put(map, "repeat_rate", Unit::share, mean_of(sums.again, sums.orders));
  put(map, "lifetime_value", Unit::cents, mean_of(sums.cents, sums.orders));
  put(map, "lifetime_value.low", Unit::cents, mean_of(sums.cents_low, sums.orders));
  put(map, "lifetime_value.high", Unit::cents, mean_of(sums.cents_high, sums.orders));
  put(map, "lifetime_value.failed", Unit::cents, mean_of(sums.cents_failed, sums.failed));
}

void add_sourcing(MeasureMap& map, const Tables& t) {
  const Tables::SourcingSums sums = t.sourcing.value_or(Tables::SourcingSums{});
  put(map, "ship_from.second_choice", Unit::share, mean_of(static_cast<double>(sums.second_choice), sums.orders));
  put(map, "ship_from.zone", Unit::count, mean_of(static_cast<double>(sums.zones), sums.orders));
  put(map, "ship_from.km", Unit::count, mean_of(sums.km, sums.orders));
}

/// Shares of kept promises: retailers' parcels, everybody's, and by carrier.
void add_on_time(MeasureMap& map, const World& world, const Tables& t) {
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
    put(map, names::on_time(definition), Unit::share, retail.rate(definition));
    const bool all = names::has_population_all(definition);
    if (all) put(map, names::on_time_all(definition), Unit::share, everyone.rate(definition));
    for (std::size_t c = 0; c < carriers.size(); ++c) {
      const std::string& carrier = world.carriers[c].name;
      put(map, names::on_time(definition) + "." + carrier, Unit::share, carriers[c][0].rate(definition));
      if (all) put(map, names::on_time_all(definition) + "." + carrier, Unit::share, carriers[c][1].rate(definition));
    }
  }
  put(map, "promise_kept", Unit::share, retail.rate(OnTimeDefinition::promise));
  add_count(map, "late_parcels", retail.broken(OnTimeDefinition::promise));
  add_count(map, "late_commits", everyone.broken(OnTimeDefinition::commit));
}

void add_fates(MeasureMap& map, const Tables& t) {
  std::array<std::uint64_t, fate_names.size()> fates{};
  for (const Tables::FateRow& row : t.fates) fates[static_cast<std::size_t>(row.fate)] += row.parcels;
  std::uint64_t measured = 0;
  for (std::size_t f = 0; f < fates.size(); ++f) {
    add_count(map, std::string("parcels.") + fate_names[f], fates[f]);
    measured += fates[f];
  }
  add_count(map, "parcels.measured", measured);
}

/// Money is unknown, rather than nothing, where a run kept no streams to count it by.
void add_costs(MeasureMap& map, const Tables& t) {
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
    put(map, "recovery_cost", Unit::cents, money(has_recovery, recovery));
    put(map, "recovery.credit_cost", Unit::cents, money(has_recovery, credit));
    put(map, "recovery.refund_cost", Unit::cents, money(has_recovery, recovery - credit));
    put(map, "extra_attempt_cost", Unit::cents, money(true, extra_attempt_cost));
    put(map, "shipping_cost", Unit::cents, money(has_shipping, shipping));
    put(map, "contact_cost", Unit::cents, money(has_shipping, contact_cost));
  } else {
    for (const char* name : {"recovery_cost", "recovery.credit_cost", "recovery.refund_cost", "shipping_cost",
                             "contact_cost", "extra_attempt_cost"}) {
      put(map, name, Unit::cents, std::nullopt);
    }
  }
  const bool has_total = t.measured_tracked > 0 && has_shipping && has_recovery;
  const Cents total = shipping + extra_attempt_cost + recovery + contact_cost;
  put(map, "cost.total", Unit::cents, money(has_total, total));
  put(map, "cost.per_order", Unit::cents,
      has_total ? mean_of(static_cast<double>(total), t.measured_tracked) : std::nullopt);
  add_count(map, "extra_attempts", extra_attempts);
}

void add_promises(MeasureMap& map, const PromiseSums& promises) {
  add_count(map, "orders_declined", promises.declined);
  add_count(map, "orders_out_of_stock", promises.no_stock);
  put(map, "promised_days", Unit::count, mean_of(static_cast<double>(promises.days), promises.quoted));
  put(map, "early_share", Unit::share, mean_of(static_cast<double>(promises.early), promises.quoted));
}

void add_carbon(MeasureMap& map, const CarbonModel& carbon, const LegWork& legs, std::uint64_t orders) {
  const auto kg = [&](double grams) { return carbon.enabled ? std::optional(grams / 1000) : std::nullopt; };
  constexpr double g_km_per_t_km = 1e6;
  const double road_g = carbon.road_g_per_tkm * static_cast<double>(legs.road_g_km) / g_km_per_t_km;
  const double air_g = carbon.air_g_per_tkm * static_cast<double>(legs.air_g_km) / g_km_per_t_km;
  const double stops_g = carbon.stop_g * static_cast<double>(legs.stops);
  put(map, "carbon.road_kg", Unit::count, kg(road_g));
  put(map, "carbon.air_kg", Unit::count, kg(air_g));
  put(map, "carbon.last_mile_kg", Unit::count, kg(stops_g));
  put(map, "carbon.total_kg", Unit::count, kg(road_g + air_g + stops_g));
  put(map, "carbon.per_parcel_kg", Unit::count,
      orders > 0 ? kg((road_g + air_g + stops_g) / static_cast<double>(orders)) : std::nullopt);
}

void add_acts(MeasureMap& map, const Tables& t) {
  const auto per_order = [&](ActKind act) {
    return mean_of(static_cast<double>(t.measured_acts[static_cast<std::size_t>(act)]), t.measured_tracked);
  };
  put(map, "checks_per_order", Unit::count, per_order(ActKind::check));
  put(map, "contacts_per_order", Unit::count, per_order(ActKind::contact));
}

void add_places(MeasureMap& map, const Tables& t) {
  std::uint64_t rollovers = 0;
  std::uint64_t missed_sorts = 0;
  for (const PlaceDay& day : t.place_days) {
    rollovers += day.rollovers;
    missed_sorts += day.missed_sorts;
  }
  add_count(map, "rollovers", rollovers);
  add_count(map, "missed_sorts", missed_sorts);
  std::uint64_t peak = 0;
  for (const Tables::PeakRow& row : t.peaks) peak = std::max(peak, row.pieces);
  add_count(map, "peak_place_load", peak);
}

}  // namespace

MeasureMap Measures::measures() const {
  const World& world = impl_->world;
  const Tables& t = tables();
  MeasureMap map;
  add_on_time(map, world, t);
  add_fates(map, t);
  add_costs(map, t);
  add_promises(map, impl_->promises);
  add_carbon(map, world.carbon, impl_->legs, impl_->promises.quoted);
  add_acts(map, t);
  put(map, "review_score", Unit::count, impl_->expected_review_score());
  const VerdictCounts& retail = t.totals[static_cast<std::size_t>(ShipperRole::retailer)];
  add_recovery(map, world, t, retail.broken(OnTimeDefinition::promise));
  add_loyalty(map, t);
  add_sourcing(map, t);
  add_places(map, t);
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
