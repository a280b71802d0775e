/// Names and units of the measures, in one place: what is written, what a gate may name, and what the tests compare.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "engine/on_time.hpp"
#include "results/measure_map.hpp"

namespace peakstorm::names {

/// "on_time.promise": retailers' parcels.
inline std::string on_time(OnTimeDefinition definition) {
  return std::string("on_time.") + on_time_names[static_cast<std::size_t>(definition)];
}
/// "on_time_all.commit": every parcel, background included.
inline std::string on_time_all(OnTimeDefinition definition) {
  return std::string("on_time_all.") + on_time_names[static_cast<std::size_t>(definition)];
}
/// Background parcels carry no promise, so only the carrier's commitment covers everybody.
inline bool has_population_all(OnTimeDefinition definition) {
  return definition == OnTimeDefinition::commit || definition == OnTimeDefinition::commit_lenient;
}

inline constexpr std::pair<const char*, Unit> simulated[] = {
    {"promise_kept", Unit::share},
    {"late_parcels", Unit::count},
    {"late_commits", Unit::count},
    {"parcels", Unit::count},
    {"parcels.tracked", Unit::count},
    {"parcels.measured", Unit::count},
    {"scans", Unit::count},
    {"recovery_cost", Unit::cents},
    {"recovery.credit_cost", Unit::cents},
    {"recovery.refund_cost", Unit::cents},
    {"recovery.given", Unit::count},
    {"recovery.apologies", Unit::count},
    {"recovery.refused", Unit::count},
    {"recovery.share", Unit::share},
    {"shipping_cost", Unit::cents},
    {"contact_cost", Unit::cents},
    {"extra_attempts", Unit::count},
    {"extra_attempt_cost", Unit::cents},
    {"cost.total", Unit::cents},
    {"cost.per_order", Unit::cents},
    {"orders_declined", Unit::count},
    {"orders_out_of_stock", Unit::count},
    {"ship_from.second_choice", Unit::share},
    {"ship_from.zone", Unit::count},
    {"ship_from.km", Unit::count},
    {"promised_days", Unit::count},
    {"early_share", Unit::share},
    {"carbon.road_kg", Unit::count},
    {"carbon.air_kg", Unit::count},
    {"carbon.last_mile_kg", Unit::count},
    {"carbon.total_kg", Unit::count},
    {"carbon.per_parcel_kg", Unit::count},
    {"checks_per_order", Unit::count},
    {"contacts_per_order", Unit::count},
    {"review_score", Unit::count},
    {"survey_score", Unit::count},
    {"nps", Unit::count},
    {"repeat_rate", Unit::share},
    {"lifetime_value", Unit::cents},
    {"lifetime_value.low", Unit::cents},
    {"lifetime_value.high", Unit::cents},
    {"lifetime_value.failed", Unit::cents},
    {"rollovers", Unit::count},
    {"missed_sorts", Unit::count},
    {"peak_place_load", Unit::count},
};

/// Latencies: endpoint.p99 is scans and checks together; endpoint.scan.p99 and so on by kind; endpoint.service.p99
/// counts from the real send instead of the intended one.
inline constexpr const char* latency_scopes[] = {"", "scan.", "check.", "read_back.", "service."};
inline constexpr const char* latency_statistics[] = {"p50", "p90", "p99", "p999", "max", "mean"};

/// "findings.no_lost_scan": what one of `oracle_names` found.
inline std::string findings_of(const char* oracle) {
  return std::string("findings.") + oracle;
}

inline constexpr std::pair<const char*, Unit> replayed[] = {
    {"findings", Unit::count},
    {"lost_scans", Unit::count},
    {"phantom_scans", Unit::count},
    {"duplicated_scans", Unit::count},
    {"wrong_scans", Unit::count},
    {"late_scans", Unit::count},
    {"unacknowledged_scans", Unit::count},
    {"not_sent_scans", Unit::count},
    {"wrong_status", Unit::count},
    {"wrong_promise", Unit::count},
    {"wrong_delivery", Unit::count},
    {"parcels_not_found", Unit::count},
    {"parcels_not_read", Unit::count},
    {"endpoint.throughput", Unit::per_second},
    {"endpoint.error_share", Unit::share},
    {"sent", Unit::count},
    {"sent.late_share", Unit::share},
    {"sent.dropped_share", Unit::share},
    {"staleness.stale_share", Unit::share},
    {"staleness.p50", Unit::minutes},
    {"staleness.p99", Unit::minutes},
    {"staleness.max", Unit::minutes},
    {"staleness.replay.p50", Unit::ms},
    {"staleness.replay.p99", Unit::ms},
    {"staleness.replay.max", Unit::ms},
    {"on_time_shown.promise", Unit::share},
    {"on_time_true.promise", Unit::share},
};

}  // namespace peakstorm::names
