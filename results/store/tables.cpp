#include "results/store/tables.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "results/interval.hpp"
#include "results/measures/names.hpp"
#include "results/store/database.hpp"
#include "results/store/ticks.hpp"

namespace peakstorm::store {
namespace {

constexpr std::array<const char*, 3> facility_kind_names{"hub", "air_hub", "depot"};
constexpr std::array<const char*, 2> mode_names{"road", "air"};
constexpr std::array<const char*, 3> queue_names{"sorter", "docks", "rounds"};
constexpr std::array<const char*, 3> verdict_names{"not_counted", "kept", "broken"};
constexpr std::array<const char*, 7> weekday_names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

template <std::size_t n, class E>
const char* name_of(const std::array<const char*, n>& names, E value) {
  return names[static_cast<std::size_t>(value)];
}

double factor(Ppm ppm) {
  return static_cast<double>(ppm) / ppm_one;
}
std::optional<std::int64_t> day_or_null(std::uint16_t day) {
  return day == no_day ? std::nullopt : std::optional<std::int64_t>(day);
}
std::string date_text(std::int64_t first_day_unix, Day day) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{floor_div(first_day_unix, 86'400) + day}}};
  return fmt::format("{:04d}-{:02d}-{:02d}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}
int set_days(std::uint8_t weekdays) {
  return __builtin_popcount(weekdays & 0x7fU);
}

void write_run(Database& db, const RunFacts& facts, const RunTables& t) {
  Statement row(db, "INSERT INTO run VALUES (?, ?)");
  const World& w = t.world;
  std::string without;
  for (std::size_t kind = 0; kind < facts.without.size(); ++kind) {
    if (facts.without[kind]) without += (without.empty() ? "" : " ") + std::string(disruption_kind_names[kind]);
  }
  row.insert("scenario", w.name);
  row.insert("title", w.title);
  row.insert("description", w.description);
  row.insert("seed", std::to_string(facts.seed));
  row.insert("replications", std::to_string(facts.replications));
  row.insert("scale", fmt::format("{}", facts.scale));
  row.insert("without", without);
  row.insert("version", facts.version);
  row.insert("digest", t.summary.digest.hex());
  row.insert("command_line", facts.command_line);
  row.insert("first_day_unix_s", std::to_string(w.first_day_unix));
  row.insert("first_date", date_text(w.first_day_unix, 0));
  row.insert("day_count", std::to_string(w.day_count));
  row.insert("drain_days", std::to_string(w.drain_days));
  row.insert("measure_from_day", std::to_string(w.measure_from));
  row.insert("measure_to_day", std::to_string(w.measure_to));
  row.insert("partial", t.partial ? "1" : "0");
  row.insert("parcels", std::to_string(t.summary.parcels));
  row.insert("tracked", std::to_string(t.summary.tracked));
  row.insert("scans", std::to_string(t.summary.scans));
  row.insert("events", std::to_string(t.summary.events));
  row.insert("windows", std::to_string(t.summary.windows));
  row.insert("end_ms", std::to_string(ticks(t.summary.end)));
  row.insert("wall_s", fmt::format("{:.3f}", t.simulation_wall_s));
  row.insert("threads", std::to_string(facts.threads));
}

void write_verdict(Database& db, const MeasureMap& named, std::span<const GateResult> gates) {
  Statement measure(db, "INSERT INTO measure VALUES (?, ?, ?, ?, ?)");
  for (const auto& [name, m] : named) measure.insert(name, m.value, name_of(unit_names, m.unit), m.low, m.high);

  Statement gate(db, "INSERT INTO gate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  int id = 0;
  for (const GateResult& g : gates) {
    gate.insert(id++, g.gate.expression, g.gate.measure, name_of(relation_names, g.gate.relation), g.gate.limit,
                g.actual, name_of(unit_names, g.gate.unit), name_of(gate_verdict_names, g.verdict), g.message,
                g.gate.file, g.gate.line);
  }
}

std::int64_t sort_pieces_per_day(const Facility& facility) {
  std::int64_t best = 0;
  for (unsigned weekday = 0; weekday < 7; ++weekday) {
    std::int64_t pieces = 0;
    for (const SortWindow& window : facility.sorts) {
      if ((window.weekdays >> weekday & 1U) == 0) continue;
      pieces += (window.to - window.from).count() * window.pieces_per_hour / hours(1).count();
    }
    best = std::max(best, pieces);
  }
  return best;
}

void write_world(Database& db, const RunFacts& facts, const World& w) {
  {
    Statement row(db, "INSERT INTO day VALUES (?, ?, ?)");
    // Promises may fall due some weeks after the last order.
    for (Day day = -31; day <= w.day_count + w.drain_days + 60; ++day) {
      row.insert(day, date_text(w.first_day_unix, day),
                 weekday_names[static_cast<std::size_t>(weekday_of(w.first_day_unix, day))]);
    }
  }
  Statement carrier(db, "INSERT INTO carrier VALUES (?, ?)");
  for (std::size_t i = 0; i < w.carriers.size(); ++i) carrier.insert(i, w.carriers[i].name);
  Statement service(db, "INSERT INTO service VALUES (?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < w.services.size(); ++i) {
    const Service& s = w.services[i];
    service.insert(i, s.name, s.carrier, name_of(tier_names, s.tier), name_of(mode_names, s.mode),
                   s.commit_time / minutes(1));
  }
  Statement region(db, "INSERT INTO region VALUES (?, ?)");
  for (std::size_t i = 0; i < w.regions.size(); ++i) region.insert(i, w.regions[i].name);
  Statement destination(db, "INSERT INTO destination VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < w.destinations.size(); ++i) {
    const Destination& d = w.destinations[i];
    destination.insert(i, d.name, d.region, w.zones[index(d.zone)].name, d.position.lat, d.position.lon, d.weight);
  }
  Statement shipper(db, "INSERT INTO shipper VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < w.shippers.size(); ++i) {
    shipper.insert(i, w.shippers[i].name, name_of(role_names, w.shippers[i].role));
  }
  Statement place(db, "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < w.facilities.size(); ++i) {
    const Facility& f = w.facilities[i];
    place.insert(w.place(FacilityId{static_cast<std::uint16_t>(i)}), f.name, name_of(facility_kind_names, f.kind),
                 f.carrier, std::nullopt, f.region, w.zones[index(f.zone)].name, f.position.lat, f.position.lon,
                 sort_pieces_per_day(f), f.stops_per_day);
  }
  for (std::size_t i = 0; i < w.nodes.size(); ++i) {
    const ShipNode& n = w.nodes[i];
    place.insert(w.place(ShipNodeId{static_cast<std::uint16_t>(i)}), n.name, "node", std::nullopt, n.shipper, n.region,
                 w.zones[index(n.zone)].name, n.position.lat, n.position.lon, 0, 0);
  }
  Statement lane(db, "INSERT INTO lane VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < w.lanes.size(); ++i) {
    const Lane& l = w.lanes[i];
    int per_week = 0;
    for (const Departure& departure : l.departures) per_week += set_days(departure.weekdays);
    lane.insert(i, w.place(l.from), w.place(l.to), name_of(mode_names, l.mode), l.km, l.transit / minutes(1), l.pieces,
                per_week);
  }
  Statement disruption(db,
                       "INSERT INTO disruption VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement in_region(db, "INSERT INTO disruption_region VALUES (?, ?)");
  Statement at_place(db, "INSERT INTO disruption_place VALUES (?, ?)");
  for (std::size_t i = 0; i < w.disruptions.size(); ++i) {
    const Disruption& d = w.disruptions[i];
    const auto touched = [](const std::vector<bool>& area) { return std::count(area.begin(), area.end(), true); };
    disruption.insert(i, d.name, name_of(disruption_kind_names, d.kind),
                      !facts.without[static_cast<std::size_t>(d.kind)], ticks(d.from), ticks(d.to), d.carrier,
                      d.shipper, d.centre.lat, d.centre.lon, d.radius_km, factor(d.speed), factor(d.staffing),
                      factor(d.demand), d.closed, d.embargo, d.scan_delay / minutes(1), touched(d.facilities),
                      touched(d.destinations), touched(d.nodes));
    for (const RegionId r : d.regions) in_region.insert(i, r);
    for (std::size_t f = 0; f < d.facilities.size(); ++f) {
      if (d.facilities[f]) at_place.insert(i, w.place(FacilityId{static_cast<std::uint16_t>(f)}));
    }
    for (std::size_t n = 0; n < d.nodes.size(); ++n) {
      if (d.nodes[n]) at_place.insert(i, w.place(ShipNodeId{static_cast<std::uint16_t>(n)}));
    }
  }
}

/// Calls `insert(definition name, kept, broken, not_counted)` for each definition with anything in it.
template <class Insert>
void each_definition(const VerdictCounts& counts, const Insert& insert) {
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const auto [not_counted, kept, broken] = counts.counts[d];
    if (kept + broken + not_counted != 0) insert(on_time_names[d], kept, broken, not_counted);
  }
}

void write_on_time(Database& db, const RunTables& t) {
  const Tables& tables = t.measures.tables();
  Statement headline(db, "INSERT INTO on_time VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement replication(db, "INSERT INTO on_time_replication VALUES (?, ?, ?, ?, ?, ?, ?)");
  const auto population_counts = [](const std::array<VerdictCounts, role_count>& totals, bool all) {
    VerdictCounts counts = totals[0];
    if (all) counts += totals[1];
    return counts;
  };
  for (const bool all : {false, true}) {
    const char* population = all ? "all" : "retailer";
    const VerdictCounts counts = population_counts(tables.totals, all);
    for (std::size_t d = 0; d < on_time_definitions; ++d) {
      const auto definition = static_cast<OnTimeDefinition>(d);
      if (all && !names::has_population_all(definition)) continue;
      const auto named = t.named.find(all ? names::on_time_all(definition) : names::on_time(definition));
      const Measure measure = named == t.named.end() ? Measure{} : named->second;
      headline.insert(on_time_names[d], population, counts.kept(definition), counts.broken(definition),
                      counts.of(definition, Verdict::not_counted), measure.value, measure.low, measure.high,
                      std::max<std::size_t>(1, t.replications.size()));
      for (const ReplicationRates& r : t.replications) {
        const VerdictCounts own = population_counts(r.totals, all);
        replication.insert(r.replication, population, on_time_names[d], own.kept(definition), own.broken(definition),
                           own.rate(definition), r.digest);
      }
    }
  }
  Statement due(db, "INSERT INTO on_time_due VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.due) {
    each_definition(r.counts, [&](const char* definition, auto kept, auto broken, auto not_counted) {
      due.insert(r.day, r.service, name_of(role_names, r.role), definition, kept, broken, not_counted);
    });
  }
  Statement ordered(db, "INSERT INTO on_time_ordered VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.ordered) {
    each_definition(r.counts, [&](const char* definition, auto kept, auto broken, auto not_counted) {
      ordered.insert(r.day, r.service, name_of(role_names, r.role), definition, kept, broken, not_counted);
    });
  }
  Statement region(db, "INSERT INTO on_time_region VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.regions) {
    each_definition(r.counts, [&](const char* definition, auto kept, auto broken, auto not_counted) {
      region.insert(r.region, r.carrier, name_of(role_names, r.role), definition, kept, broken, not_counted);
    });
  }
  Statement destination(db, "INSERT INTO on_time_destination VALUES (?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.destinations) {
    each_definition(r.counts, [&](const char* definition, auto kept, auto broken, auto not_counted) {
      destination.insert(r.destination, name_of(role_names, r.role), definition, kept, broken, not_counted);
    });
  }
  Statement lateness(db, "INSERT INTO lateness VALUES (?, ?, ?, ?, ?)");
  for (const auto& r : tables.lateness) {
    lateness.insert(r.carrier, name_of(role_names, r.role), name_of(on_time_names, r.definition), r.days_late,
                    r.parcels);
  }
  Statement cause(db, "INSERT INTO cause VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.causes) {
    cause.insert(r.place == no_place ? std::nullopt : std::optional(r.place), name_of(cause_names, r.cause),
                 name_of(role_names, r.role), r.carrier, r.broken_promises, r.broken_commits, r.minutes_lost);
  }
  Statement fate(db, "INSERT INTO fate VALUES (?, ?, ?, ?)");
  for (const auto& r : tables.fates) {
    fate.insert(r.carrier, name_of(role_names, r.role), name_of(fate_names, r.fate), r.parcels);
  }
  Statement cost(db, "INSERT INTO cost VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.costs) {
    cost.insert(r.shipper, r.parcels, r.shipping, r.broken_promises, r.credit, r.refund, r.contacts, r.contact_cost,
                r.extra_attempts, r.extra_attempt_cost);
  }
  Statement recovery(db, "INSERT INTO recovery VALUES (?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.recoveries) {
    std::optional<std::int64_t> after;
    if (r.grade > 0) after = t.world.shippers[index(r.shipper)].recovery.grades[r.grade - 1U].after / minutes(1);
    recovery.insert(r.shipper, r.grade, after, r.parcels, r.credit, r.refund);
  }
}

void write_network(Database& db, const Tables& tables) {
  Statement load(db, "INSERT INTO place_load VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.loads) {
    load.insert(r.place, r.from_hour, r.step_hours, r.mean[0], r.mean[1], r.mean[2], r.max[0], r.max[1], r.max[2]);
  }
  Statement peak(db, "INSERT INTO place_peak VALUES (?, ?, ?)");
  for (const auto& r : tables.peaks) peak.insert(r.place, r.pieces, ticks(r.at));
  Statement day(db, "INSERT INTO place_day VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const PlaceDay& r : tables.place_days) {
    day.insert(r.place, r.day, r.arrived, r.departed, r.missed_sorts, r.rollovers, r.wait_minutes, r.excess_minutes);
  }
  Statement census(db, "INSERT INTO census VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& r : tables.census) {
    census.insert(r.carrier, r.day, r.census.injected, r.census.delivered, r.census.lost, r.census.returned,
                  r.census.inside);
  }
  Statement queue(db, "INSERT INTO queue VALUES (?, ?, ?, ?, ?)");
  for (const QueueAccount& r : tables.queues) {
    queue.insert(r.place, name_of(queue_names, r.queue), r.pieces, r.area, r.sojourn);
  }
}

void write_tracked(Database& db, const RunTables& t) {
  const Tables& tables = t.measures.tables();
  Statement scan_hour(db, "INSERT INTO scan_hour VALUES (?, ?, ?, ?)");
  for (const auto& r : tables.scan_hours) {
    scan_hour.insert(r.hour, name_of(scan_kind_names, r.kind), r.scans, r.published);
  }
  Statement act_hour(db, "INSERT INTO act_hour VALUES (?, ?, ?, ?)");
  for (const auto& r : tables.act_hours) {
    act_hour.insert(r.hour, name_of(act_kind_names, r.act), r.status ? name_of(scan_kind_names, *r.status) : "",
                    r.acts);
  }
  Statement parcel(
      db,
      "INSERT INTO parcel VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
      " ?, ?, ?, ?, ?)");
  for (const TrackedParcel& p : t.measures.tracked()) {
    const ParcelFacts& f = p.facts;
    const Outcome o = p.outcome.value_or(Outcome{});
    // Nothing is known of how a parcel without an outcome ended, so those columns stay empty.
    const auto known = [&](auto value) { return p.outcome ? std::optional(value) : std::nullopt; };
    const auto known_day = [&](std::uint16_t day) { return p.outcome ? day_or_null(day) : std::nullopt; };
    const bool delivered = p.outcome && o.fate == Fate::delivered;
    std::optional<std::int64_t> reported;
    if (p.outcome && o.reported != never && o.reported_day != no_day) reported = ticks(o.reported);
    std::optional<std::int64_t> delivered_minute;
    if (delivered) delivered_minute = o.delivered_time / minutes(1);
    std::optional<PlaceId> culprit;
    if (p.outcome && o.culprit != no_place) culprit = o.culprit;
    parcel.insert(f.id, ticks(f.ordered), f.node, f.shipper, f.service, f.destination, name_of(tier_names, f.tier),
                  f.size, day_or_null(f.promise_day), f.window_from / minutes(1), f.window_to / minutes(1),
                  f.shipping_cost, p.measured, known(name_of(fate_names, o.fate)), known(ticks(o.at)), reported,
                  known(name_of(cause_names, o.cause)), culprit, known(o.excess_minutes), known_day(o.tender_day),
                  known_day(o.delivered_day), delivered_minute, known_day(o.reported_day),
                  known_day(o.first_attempt_day), known_day(o.revised_day), known_day(o.commit_day), known(o.attempts),
                  known(o.weather), known(name_of(verdict_names, p.verdicts[0])),
                  known(name_of(verdict_names, p.verdicts[static_cast<std::size_t>(OnTimeDefinition::commit)])));
  }
}

void write_latency(Database& db, const ReplayResults& r) {
  Statement latency(db, "INSERT INTO replay_latency VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement cell(db, "INSERT INTO replay_histogram VALUES (?, ?, ?, ?)");
  const auto write = [&](const char* kind, const char* measure, const LatencyHistogram& h) {
    if (h.empty()) return;
    const auto at = [&](double q) { return h.quantile_ms(q); };
    latency.insert(kind, measure, h.count(), h.mean_ms(), static_cast<double>(h.min().count()) / 1e6, at(0.5), at(0.9),
                   at(0.99), at(0.999), static_cast<double>(h.max().count()) / 1e6);
    h.for_each_cell([&](LatencyHistogram::Duration upper, std::uint64_t count) {
      cell.insert(kind, measure, static_cast<double>(upper.count()) / 1e6, count);
    });
  };
  const auto both = [](const std::array<LatencyHistogram, 3>& by_kind) {
    LatencyHistogram all = by_kind[0];
    all.merge(by_kind[1]);
    return all;
  };
  write("all", "latency", both(r.latency));
  write("all", "service", both(r.service));
  for (std::size_t kind = 0; kind < request_kind_names.size(); ++kind) {
    write(request_kind_names[kind], "latency", r.latency[kind]);
    write(request_kind_names[kind], "service", r.service[kind]);
  }
}

void write_oracles(Database& db, const ReplayResults& r) {
  Statement oracle(db, "INSERT INTO oracle VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < oracles; ++i) oracle.insert(oracle_names[i], r.oracle[i].judged, r.oracle[i].findings);
  Statement injected(db, "INSERT INTO injected VALUES (?, ?, ?, ?, ?)");
  for (const InjectedFault& f : r.injected) {
    injected.insert(f.parcel, f.sequence, name_of(fault_names, f.kind), ticks(f.at), f.detail);
  }
  Statement visibility(db, "INSERT INTO visibility VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    const Visibility& v = r.visibility[kind];
    if (v.scans == 0) continue;
    visibility.insert(fault_names[kind], v.scans, v.latency.quantile_ms(0.5), v.latency.quantile_ms(0.99),
                      v.latency.quantile_ms(1), v.gap.quantile_ms(0.5), v.gap.quantile_ms(1));
  }
  Statement eta(db, "INSERT INTO eta_error VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const auto write_eta = [&](const char* date, const std::array<EtaError, eta_horizons>& errors) {
    for (std::size_t days_to_go = 0; days_to_go < eta_horizons; ++days_to_go) {
      const EtaError& e = errors[days_to_go];
      if (e.checks == 0) continue;
      const auto n = static_cast<double>(e.checks);
      eta.insert(date, days_to_go, e.checks, e.early, e.exact, e.late, static_cast<double>(e.sum_days) / n,
                 static_cast<double>(e.sum_abs_days) / n);
    }
  };
  write_eta("estimated", r.eta_estimated);
  write_eta("promised", r.eta_promised);
  Statement outage(db, "INSERT INTO outage VALUES (?, ?, ?, ?)");
  for (const Outage& o : r.outages) outage.insert(o.from_second, o.to_second, o.caught_up, o.backlog_max);
  Statement diagnosis(db, "INSERT INTO diagnosis VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < r.diagnosis.size(); ++i) diagnosis.insert(i, r.diagnosis[i].bug, r.diagnosis[i].why);
}

void write_replay(Database& db, const ReplayResults& r) {
  Statement fact(db, "INSERT INTO replay VALUES (?, ?)");
  const auto seconds = [](std::chrono::nanoseconds t) {
    return fmt::format("{:.6f}", static_cast<double>(t.count()) / 1e9);
  };
  const auto ms = [](std::chrono::nanoseconds t) { return fmt::format("{}", static_cast<double>(t.count()) / 1e6); };
  fact.insert("target", r.environment.target);
  fact.insert("format", r.environment.format);
  fact.insert("speed", fmt::format("{}", r.environment.speed));
  fact.insert("rate", fmt::format("{}", r.environment.rate));
  fact.insert("wall_s", seconds(r.wall));
  fact.insert("cpu_s", seconds(r.cpu));
  fact.insert("complete", r.complete ? "1" : "0");
  fact.insert("late_after_ms", ms(r.late_after));
  fact.insert("shown_within_ms", ms(r.shown_within));
  fact.insert("hosts", std::to_string(r.hosts()));
  if (r.stored_read) {
    fact.insert("stored_messages", std::to_string(r.stored));
    fact.insert("stored_again", std::to_string(r.stored_again));
    fact.insert("stored_foreign", std::to_string(r.stored_foreign));
  }
  Statement sender(db, "INSERT INTO replay_sender VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const auto us = [](std::chrono::nanoseconds t) { return static_cast<double>(t.count()) / 1e3; };
  for (const ReplaySender& s : r.senders) {
    sender.insert(s.rank, s.host, s.scans, s.checks, s.attempts, s.late, static_cast<double>(s.cpu.count()) / 1e9,
                  us(s.clock_offset), us(s.clock_uncertainty), us(s.clock_drift));
  }

  Statement request(db, "INSERT INTO replay_request VALUES (?, ?, ?, ?)");
  for (const auto& [key, count] : r.requests) {
    const auto& [kind, fate, status] = key;
    request.insert(name_of(request_kind_names, kind), name_of(request_fate_names, fate), status, count);
  }
  write_latency(db, r);
  Statement second(db, "INSERT INTO replay_second VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t kind = 0; kind < r.seconds.size(); ++kind) {
    for (std::size_t s = 0; s < r.seconds[kind].size(); ++s) {
      const ReplaySecond& row = r.seconds[kind][s];
      const auto of_done = [&](double value) { return row.done == 0 ? std::nullopt : std::optional(value); };
      if (row.intended + row.sent + row.done + row.dropped == 0) continue;
      second.insert(s, request_kind_names[kind], row.intended, row.sent, row.done, row.errors, row.late, row.dropped,
                    of_done(row.p50_ms), of_done(row.p99_ms), of_done(row.max_ms));
    }
  }
  Statement staleness(db, "INSERT INTO staleness VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const auto ages = [&](const char* clock, const LatencyHistogram& h, double ticks_per_unit) {
    const auto at = [&](double q) { return static_cast<double>(h.quantile(q).count()) / ticks_per_unit; };
    staleness.insert(clock, r.checks, r.stale, h.mean_ms() * 1e6 / ticks_per_unit, at(0.5), at(0.9), at(0.99),
                     at(0.999), at(1));
  };
  if (r.checks > 0) {
    ages("simulated", r.stale_simulated, 60'000);
    ages("replay", r.stale_replay, 1e6);
  }
  Statement stale_second(db, "INSERT INTO staleness_second VALUES (?, ?, ?, ?, ?)");
  for (std::size_t s = 0; s < r.stale_seconds.size(); ++s) {
    const StaleSecond& row = r.stale_seconds[s];
    if (row.checks == 0) continue;
    stale_second.insert(s, row.checks, row.stale, row.sum_ms / static_cast<double>(row.checks), row.max_ms);
  }
  Statement finding(db, "INSERT INTO finding VALUES (?, ?, ?, ?)");
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    const auto k = static_cast<FindingKind>(kind);
    finding.insert(finding_names[kind], counts_scans(k) ? "scan" : "parcel", is_defect(k), r.findings[kind]);
  }
  Statement example(db, "INSERT INTO finding_example VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const FindingExample& e : r.examples) {
    const auto oracle = oracle_of(e.kind);
    std::string met;
    for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
      if ((e.faults >> kind & 1U) != 0) met += (met.empty() ? "" : " ") + std::string(fault_names[kind]);
    }
    example.insert(name_of(finding_names, e.kind), e.parcel, e.sequence, e.detail, e.truth, e.shown,
                   oracle ? std::optional<std::string>(name_of(oracle_names, *oracle)) : std::nullopt, met);
  }
  write_oracles(db, r);
  Statement shown(db, "INSERT INTO on_time_shown VALUES (?, ?, ?, ?, ?, ?)");
  const auto rate = [](std::uint64_t kept, std::uint64_t broken) {
    return kept + broken == 0 ? std::nullopt
                              : std::optional(static_cast<double>(kept) / static_cast<double>(kept + broken));
  };
  shown.insert("true", r.true_kept, r.true_broken, rate(r.true_kept, r.true_broken), 0, 0);
  shown.insert("shown", r.shown_kept, r.shown_broken, rate(r.shown_kept, r.shown_broken), r.hidden_kept,
               r.hidden_broken);
}

void write_published(Database& db, std::span<const PublishedFigure> published) {
  Statement figure(db, "INSERT INTO published VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < published.size(); ++i) {
    const PublishedFigure& p = published[i];
    std::string services;
    for (const std::string& name : p.services) services += (services.empty() ? "" : " ") + name;
    std::optional<std::int64_t> due;
    if (p.due) due = *p.due;
    figure.insert(i, p.figure, p.fitted ? "fitted" : "predicted", p.measure, services, due, p.published, p.source,
                  p.note);
  }
}

/// What a replay writes anew.
constexpr std::array<const char*, 19> replay_tables{
    "measure",          "gate",          "replay",    "replay_sender",    "replay_request", "replay_latency",
    "replay_histogram", "replay_second", "staleness", "staleness_second", "finding",        "oracle",
    "injected",         "visibility",    "eta_error", "outage",           "diagnosis",      "finding_example",
    "on_time_shown"};

/// "kind, parcels": its columns; empty when there is no such table.
std::string columns_of(Database& db, const std::string& table) {
  Statement columns(db, "SELECT coalesce(group_concat(name, ', '), '') FROM pragma_table_info('" + table + "')");
  return columns.step() ? columns.text(0) : std::string();
}

}  // namespace

Result<void> check_takes_replay(const std::filesystem::path& path) {
  auto opened = Database::open_read_only(path);
  if (!opened) return tl::unexpected(opened.error());
  auto made = Database::create(":memory:");
  if (!made) return tl::unexpected(made.error());
  (*made)->run(schema_sql);
  for (const char* table : replay_tables) {
    const std::string wanted = columns_of(**made, table);
    const std::string there = columns_of(**opened, table);
    if (auto status = (*opened)->status(); !status) return status;
    if (there == wanted) continue;
    return fail(ErrorKind::bad_input,
                fmt::format("{}: table '{}' {}: another version of Peakstorm made this run; simulate it again (its "
                            "inputs/ are the scenario) and replay that",
                            path.string(), table, there.empty() ? "is not there" : "has other columns"));
  }
  return (*made)->status();
}

Result<void> write_tables(const std::filesystem::path& path, const RunFacts& facts, const RunTables& tables,
                          std::span<const PublishedFigure> published) {
  auto opened = Database::create(path);
  if (!opened) return tl::unexpected(opened.error());
  Database& db = **opened;
  db.run(schema_sql);
  write_run(db, facts, tables);
  write_verdict(db, tables.named, tables.gates);
  write_world(db, facts, tables.world);
  write_on_time(db, tables);
  write_published(db, published);
  write_network(db, tables.measures.tables());
  write_tracked(db, tables);
  if (tables.replay != nullptr) write_replay(db, *tables.replay);
  if (auto status = db.status(); !status) return status;
  return db.close();
}

Result<void> replace_replay(const std::filesystem::path& path, const ReplayResults& results, const MeasureMap& named,
                            std::span<const GateResult> gates, const std::string& command_line, bool partial) {
  auto opened = Database::create(path);
  if (!opened) return tl::unexpected(opened.error());
  Database& db = **opened;
  for (const char* table : replay_tables) {
    db.run(("DELETE FROM " + std::string(table)).c_str());
  }
  db.run("DELETE FROM run WHERE key IN ('command_line', 'partial')");
  {
    Statement fact(db, "INSERT INTO run VALUES (?, ?)");
    fact.insert("command_line", command_line);
    fact.insert("partial", partial ? "1" : "0");
  }
  write_verdict(db, named, gates);
  write_replay(db, results);
  if (auto status = db.status(); !status) return status;
  return db.close();
}

}  // namespace peakstorm::store
