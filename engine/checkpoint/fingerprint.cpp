// One function per struct of the World, in the order of world.hpp. Each names all members of its struct, so that one
// that is added there does not compile until somebody has decided about it here.
#include "engine/archive.hpp"
#include "engine/checkpoint/byte_hash.hpp"
#include "engine/simulation.hpp"

namespace peakstorm {
namespace {

class WorldHash {
 public:
  WorldHash() : archive_(sink_) {}
  [[nodiscard]] Digest value() const { return sink_.value(); }

  // Left out: texts, factors that only results use, the defaults of a drill, gates, and the seed, which is the run's.
  void add(const World& world, SimTime before) {
    const auto& [name, title, description, first_day_unix, day_count, drain_days, measure_from, measure_to, seed,
                 calendar_from, zones, calendars, regions, destinations, carriers, services, facilities, lanes,
                 coverage, capacity, sizes, shippers, nodes, orders, disruptions, shopper, loyalty, carbon, replay,
                 gates] = world;
    put(first_day_unix, day_count, drain_days, measure_from, measure_to, calendar_from, zones, calendars, regions,
        destinations, carriers, services, facilities, lanes, coverage, capacity, sizes, shippers, nodes, orders,
        shopper);
    for (const Disruption& disruption : disruptions) {
      if (disruption.from < before) put(disruption);
    }
  }

 private:
  template <class... Ts>
  void put(const Ts&... values) {
    (put_one(values), ...);
  }
  template <class T>
  void put_one(const T& value) {
    if constexpr (requires { add(value); }) {
      add(value);
    } else {
      archive_(value);
    }
  }
  template <class T>
  void put_one(const std::vector<T>& values) {
    if constexpr (requires(const T& value) { add(value); }) {
      archive_(std::uint64_t{values.size()});
      for (const T& value : values) add(value);
    } else {
      archive_(values);
    }
  }

  void add(const TimeZone::Span& value) {
    const auto& [from, offset] = value;
    put(from, offset);
  }
  void add(const TimeZone& value) {
    const auto& [name, spans] = value;
    put(name, spans);
  }
  void add(const Position& value) {
    const auto& [lat, lon] = value;
    put(lat, lon);
  }
  void add(const Calendar& value) {
    const auto& [name, open] = value;
    put(name, open);
  }
  void add(const Region& value) {
    const auto& [name] = value;
    put(name);
  }
  void add(const Destination& value) {
    const auto& [name, region, zone, position, weight] = value;
    put(name, region, zone, position, weight);
  }
  void add(const Carrier& value) {
    const auto& [name, number_format, pickup, first_attempt_success, bad_address, attempts_max, held_for_pickup,
                 missort, loss, damage, held, held_minutes, missed_scan, late_scan, late_scan_minutes, replan_after,
                 regional, false_delivery] = value;
    put(name, number_format, pickup, first_attempt_success, bad_address, attempts_max, held_for_pickup, missort, loss,
        damage, held, held_minutes, missed_scan, late_scan, late_scan_minutes, replan_after, regional, false_delivery);
  }
  void add(const TransitBand& value) {
    const auto& [km_max, days] = value;
    put(km_max, days);
  }
  void add(const RateBand& value) {
    const auto& [km_max, base, per_kg] = value;
    put(km_max, base, per_kg);
  }
  void add(const PeakSurcharge& value) {
    const auto& [from, to, amount] = value;
    put(from, to, amount);
  }
  void add(const Service& value) {
    const auto& [name, carrier, tier, mode, transit, delivery, commit_time, published, rates, residential, fuel,
                 dim_divisor, extra_attempt, peaks] = value;
    put(name, carrier, tier, mode, transit, delivery, commit_time, published, rates, residential, fuel, dim_divisor,
        extra_attempt, peaks);
  }
  void add(const SortWindow& value) {
    const auto& [from, to, weekdays, pieces_per_hour] = value;
    put(from, to, weekdays, pieces_per_hour);
  }
  void add(const Facility& value) {
    const auto& [name, carrier, kind, zone, region, position, sorts, handling, stops_per_day, load_out, round_length,
                 area_km2, customs_minutes, customs_held] = value;
    put(name, carrier, kind, zone, region, position, sorts, handling, stops_per_day, load_out, round_length, area_km2,
        customs_minutes, customs_held);
  }
  void add(const Departure& value) {
    const auto& [time, weekdays] = value;
    put(time, weekdays);
  }
  void add(const Lane& value) {
    const auto& [from, to, mode, customs, km, transit, departures, cut_off, pieces, weight_kg, volume_m3, transit_p10,
                 transit_p90] = value;
    put(from, to, mode, customs, km, transit, transit_p10, transit_p90, departures, cut_off, pieces, weight_kg,
        volume_m3);
  }
  void add(const PlannedCapacity& value) {
    const auto& [carrier, from, to, sort, linehaul, rounds] = value;
    put(carrier, from, to, sort, linehaul, rounds);
  }
  void add(const SizeClass& value) {
    const auto& [share, weight_g, volume_cm3] = value;
    put(share, weight_g, volume_cm3);
  }
  void add(const Tariff& value) {
    const auto& [tier, service, share, cap] = value;
    put(tier, service, share, cap);
  }
  void add(const Bar& value) {
    const auto& [carrier, regions, tiers] = value;
    put(carrier, regions, tiers);
  }
  void add(const Learning& value) {
    const auto& [shrinkage, news_delay, strained_above] = value;
    put(shrinkage, news_delay, strained_above);
  }
  void add(const Hedge& value) {
    const auto& [from, to, days] = value;
    put(from, to, days);
  }
  void add(const PromiseRule& value) {
    const auto& [kind, quantile, conformal, step, day_cost, late_cost, late_cost_per_day, hedges] = value;
    put(kind, quantile, conformal, step, day_cost, late_cost, late_cost_per_day, hedges);
  }
  void add(const Guarantee& value) {
    const auto& [until_time, until_day, date, upgrade_to] = value;
    put(until_time, until_day, date, upgrade_to);
  }
  void add(const RecoveryGrade& value) {
    const auto& [after, tiers, credit, refunds_shipping] = value;
    put(after, tiers, credit, refunds_shipping);
  }
  void add(const RecoveryPlan& value) {
    const auto& [when, budget, grades] = value;
    put(when, budget, grades);
  }
  void add(const Shipper& value) {
    const auto& [name, role, orders_per_day, hours, weekdays, season, day_cv, day_correlation, tiers, tier_choice,
                 day_weight, fee_weight, tier_fees, target_days, policy, tariffs, bars, late_penalty, reliability_slack,
                 overflow, zone_skip, learning, cancelled, promise, buffer_days, window_from, window_to, guarantees,
                 recovery_credit, recovery_refunds_shipping, recovery, ship_from] = value;
    put(name, role, orders_per_day, hours, weekdays, season, day_cv, day_correlation, tiers, tier_choice, day_weight,
        fee_weight, tier_fees, target_days, policy, tariffs, late_penalty, reliability_slack, overflow, zone_skip,
        learning, cancelled, promise, buffer_days, window_from, window_to, guarantees, recovery_credit,
        recovery_refunds_shipping, recovery, ship_from);
    // Worlds without any keep the fingerprint that their checkpoints and comparisons carry.
    if (!bars.empty()) put(bars);
  }
  void add(const Pickup& value) {
    const auto& [carrier, facility, time, drive, pieces_per_day, destinations, piece_cost] = value;
    put(carrier, facility, time, drive, pieces_per_day, destinations, piece_cost);
  }
  void add(const StockLot& value) {
    const auto& [from, size, units] = value;
    put(from, size, units);
  }
  void add(const ShipNode& value) {
    const auto& [name, shipper, zone, region, position, calendar, cut_off, handling_min, handling_max, demand, pickups,
                 stock] = value;
    put(name, shipper, zone, region, position, calendar, cut_off, handling_min, handling_max, demand, pickups, stock);
  }
  void add(const GivenOrder& value) {
    const auto& [at, node, destination, tier, size, promise_day] = value;
    put(at, node, destination, tier, size, promise_day);
  }
  // Left out: the name, and what is drawn on the map.
  void add(const Disruption& value) {
    const auto& [name, kind, from, to, facilities, destinations, nodes, carrier, shipper, speed, staffing, closed,
                 embargo, demand, scan_delay, centre, radius_km, regions] = value;
    put(kind, from, to, facilities, destinations, nodes, carrier, shipper, speed, staffing, closed, embargo, demand,
        scan_delay);
  }
  void add(const ShopperModel& value) {
    const auto& [enabled, checks_per_order, past_promise_factor, silence_factor, silence, contacts_on_time,
                 contact_cost, notices, notice_effect, reviews, recovery_effect] = value;
    put(enabled, checks_per_order, past_promise_factor, silence_factor, silence, contacts_on_time, contact_cost,
        notices, notice_effect, reviews, recovery_effect);
  }

  checkpoint::HashSink sink_;
  ArchiveWriter archive_;
};

}  // namespace

Digest fingerprint(const World& world, SimTime before) {
  WorldHash hash;
  hash.add(world, before);
  return hash.value();
}

}  // namespace peakstorm
