#include "results/measures/reconciliation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peakstorm {

using namespace reconciliation;

/// A message that exists only by a fault: forgeries must be refused, and everything true must be taken.
void Reconciliation::Impl::judge_messages(const RequestRecord& record) {
  const bool answered = record.status != 0;
  auto& phantom = results.oracle[static_cast<std::size_t>(Oracle::no_phantom)];
  const auto told_of = [&](FindingKind kind, const std::string& what) {
    found(kind, record.parcel, record.sequence, [&] {
      return FindingExample{{}, {}, {}, what + " (" + fault_names[static_cast<std::size_t>(record.fault)] + ")",
                            "", "", 0};
    });
  };
  switch (record.fault) {
    case FaultKind::forged:
    case FaultKind::unsigned_message:
    case FaultKind::stale_signature:
      phantom.judged += static_cast<std::uint64_t>(answered);
      if (record.fate == RequestFate::accepted) {
        ++(record.fault == FaultKind::forged ? symptoms.tampered_taken : symptoms.unsigned_taken);
        told_of(FindingKind::forgery_taken, "a message that its sender did not sign was acknowledged");
      } else if (record.status == 500) {
        told_of(FindingKind::forgery_error, "answered with 500 instead of 4xx");
      }
      return;
    case FaultKind::redelivery:
    case FaultKind::near_duplicate:
      if (record.fate == RequestFate::accepted) {
        if (const auto known = index_of.find(record.parcel); known != index_of.end()) {
          told.push_back({known->second, record.sequence, record.fault == FaultKind::redelivery, record.done});
        }
      } else if (record.by_job && record.fate == RequestFate::refused) {
        told_of(FindingKind::refused, "a true message was taken in, and refused by its capture job");
      } else if (record.status >= 400 && record.status < 500 && record.status != 408 && record.status != 429) {
        symptoms.refused_capitals += static_cast<std::uint64_t>(record.fault == FaultKind::near_duplicate);
        told_of(FindingKind::refused, fmt::format("a true message was answered with {}", record.status));
      }
      return;
    default:
      // A ghost is judged by its page. A time without an offset may be refused, or read rightly.
      return;
  }
}

/// Scans that were never taken because the endpoint would not have them.
void Reconciliation::Impl::judge_refusals() {
  for (const TruthScan& scan : scans) {
    if (scan.tried) ++results.oracle[static_cast<std::size_t>(Oracle::no_lost_scan)].judged;
    if (results.environment.broker) continue;  // Its codes are not HTTP's, and it may refuse for want of space.
    const bool said_no =
        scan.last_status >= 400 && scan.last_status < 500 && scan.last_status != 408 && scan.last_status != 429;
    if (scan.accepted != not_yet || !(said_no || scan.turned_down)) continue;
    ++symptoms.refused;
    symptoms.refused_drift += static_cast<std::uint64_t>((scan.faults & bit(FaultKind::schema_drift)) != 0);
    symptoms.refused_unsigned += static_cast<std::uint64_t>(scan.last_status == 401 || scan.last_status == 403);
    found(FindingKind::refused, scan.scan.parcel, scan.scan.sequence, [&] {
      return FindingExample{
          {},
          {},
          {},
          scan.turned_down ? fmt::format("{} was taken in, and refused by its capture job",
                                         scan_kind_names[static_cast<std::size_t>(scan.scan.kind)])
                           : fmt::format("{} was answered with {}",
                                         scan_kind_names[static_cast<std::size_t>(scan.scan.kind)], scan.last_status),
          "",
          "",
          0};
    });
  }
}

std::optional<ShownScan> Reconciliation::Impl::last_told(std::uint32_t index, nanoseconds before,
                                                         bool redeliveries) const {
  // `told` is sorted by parcel, then instant, once the replay is over; until then a walk finds the newest. What the
  // page does not show, such as a new estimate, has no status to leave behind.
  std::optional<ShownScan> last;
  nanoseconds last_done{};
  for (const Told& message : told) {
    if (message.parcel != index || (message.again && !redeliveries) || message.done > before) continue;
    if (last && message.done < last_done) continue;
    const auto scans_told = parcel_scans(index);
    const auto scan = std::find_if(scans_told.begin(), scans_told.end(),
                                   [&](const TruthScan& s) { return s.scan.sequence == message.sequence; });
    if (scan == scans_told.end()) continue;
    if (auto shown = rules.scan(parcels[index].facts, scan->scan)) {
      last = std::move(shown);
      last_done = message.done;
    }
  }
  return last;
}

/// Which mistake a wrong status looks like.
void Reconciliation::Impl::status_symptom(std::uint32_t index, ScanKind shown, std::span<const ShownScan> basis,
                                          nanoseconds before) {
  ++symptoms.wrong_statuses;
  // A walk over all messages; enough of them tell which mistake it is.
  if (symptoms.wrong_statuses > 300) return;
  ++symptoms.wrong_statuses_examined;
  // A status may have coarser words than the scans.
  const auto leaves = [&](bool redeliveries) {
    const auto last = last_told(index, before, redeliveries);
    return last && (last->kind == shown || rules.status(std::span(&*last, 1)) == shown);
  };
  symptoms.status_told_last += static_cast<std::uint64_t>(leaves(false) || leaves(true));
  const auto furthest = std::max_element(basis.begin(), basis.end(), [](const ShownScan& a, const ShownScan& b) {
    return progress_of(a.kind) < progress_of(b.kind);
  });
  symptoms.status_furthest +=
      static_cast<std::uint64_t>(furthest != basis.end() && progress_of(furthest->kind) == progress_of(shown));
}

void Reconciliation::Impl::judge_checks() {
  std::stable_sort(checks.begin(), checks.end(),
                   [](const Check& a, const Check& b) { return std::tie(a.parcel, a.at) < std::tie(b.parcel, b.at); });
  for (std::size_t from = 0; from < checks.size();) {
    std::size_t to = from;
    while (to < checks.size() && checks[to].parcel == checks[from].parcel) ++to;
    const std::uint32_t index = checks[from].parcel;
    if (reused[index] == never) {
      for (std::size_t i = from; i < to; ++i) {
        judge_status(checks[i], parcel_scans(index));
        judge_eta(checks[i]);
      }
      judge_visibility(index, std::span(checks).subspan(from, to - from));
    }
    from = to;
  }
}

/// A status is explained when some set of as many of the scans sent by then as the page shows leads to it.
void Reconciliation::Impl::judge_status(const Check& check, std::span<const TruthScan> all) {
  if (!check.status) return;
  ++results.oracle[static_cast<std::size_t>(Oracle::prefix_consistency)].judged;
  struct Candidate {
    ShownScan shown;
    SimTime at;
    std::uint8_t sequence = 0;
  };
  std::vector<Candidate> sent;
  for (const TruthScan& scan : all) {
    // A message with history brings what was dropped before it; so whatever was due may be known.
    const bool known = scan.sent < check.at || (scan.intended < check.at && scan.intended != not_yet);
    if (!known) continue;
    if (auto shown = rules.scan(parcels[check.parcel].facts, scan.scan)) {
      sent.push_back({std::move(*shown), scan.scan.at, scan.scan.sequence});
    }
  }
  std::sort(sent.begin(), sent.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.at, a.sequence) < std::tie(b.at, b.sequence);
  });
  const std::size_t wanted = std::min<std::size_t>(check.scans_shown, sent.size());
  std::vector<ShownScan> part;
  const auto leads_there = [&](const std::vector<bool>& chosen) {
    part.clear();
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (chosen[i]) part.push_back(sent[i].shown);
    }
    return rules.status(part) == check.status;
  };
  // Sets of that size, the usual one (the newest are missing) first. Beyond some thousands the benefit of the doubt.
  std::vector<bool> chosen(sent.size(), false);
  std::fill(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(wanted), true);
  constexpr int tries_max = 4096;
  int tries = 0;
  do {
    if (leads_there(chosen) || ++tries == tries_max) return;
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  part.clear();
  for (const Candidate& c : sent) part.push_back(c.shown);
  status_symptom(check.parcel, *check.status, part, check.at);
  found(FindingKind::impossible_status, parcels[check.parcel].facts.id, std::nullopt, [&] {
    std::string truth;
    for (const Candidate& c : sent) truth += line_of(c.shown, false);
    return FindingExample{
        {},
        {},
        {},
        fmt::format("{:.3f} s into the replay a check showed {} with {} of these scans", to_ms(check.at) / 1000,
                    scan_kind_names[static_cast<std::size_t>(*check.status)], check.scans_shown),
        truth,
        "",
        0};
  });
}

void Reconciliation::Impl::judge_visibility(std::uint32_t index, std::span<const Check> seen) {
  std::uint32_t position = 0;
  for (const TruthScan& scan : parcel_scans(index)) {
    if (!rules.scan(parcels[index].facts, scan.scan)) continue;
    ++position;
    if (scan.accepted == not_yet) continue;
    // Pages list as many scans as they know; the one at this place in the order of publication is there.
    nanoseconds before = scan.accepted;
    for (const Check& check : seen) {
      if (check.at <= scan.accepted) continue;
      if (check.scans_shown < position) {
        before = check.at;
        continue;
      }
      ++results.oracle[static_cast<std::size_t>(Oracle::visibility_latency)].judged;
      const auto record = [&](FaultKind kind) {
        Visibility& v = results.visibility[static_cast<std::size_t>(kind)];
        ++v.scans;
        v.latency.record(check.at - scan.accepted);
        v.gap.record(check.at - before);
      };
      if (scan.faults == 0) record(FaultKind::none);
      for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
        if ((scan.faults & bit(static_cast<FaultKind>(kind))) != 0) record(static_cast<FaultKind>(kind));
      }
      break;
    }
  }
}

void Reconciliation::Impl::judge_eta(const Check& check) {
  const TruthParcel& parcel = parcels[check.parcel];
  if (altered(check.parcel)) return;
  const TruthScan* delivered = nullptr;
  for (const TruthScan& scan : parcel_scans(check.parcel)) {
    if (scan.scan.kind == ScanKind::delivered) delivered = &scan;
  }
  if (delivered == nullptr || check.simulated >= delivered->scan.at) return;
  const TimeZone& zone =
      world.zones[::peakstorm::index(world.destinations[::peakstorm::index(parcel.facts.destination)].zone)];
  const Day true_day = zone.local_day(delivered->scan.at);
  const auto to_go = static_cast<std::size_t>(std::max<Day>(0, true_day - zone.local_day(check.simulated)));
  const auto record = [&](std::array<EtaError, eta_horizons>& errors, const std::optional<Day>& day) {
    if (!day) return;
    EtaError& e = errors[std::min(to_go, eta_horizons - 1)];
    const std::int64_t off = std::int64_t{*day} - std::int64_t{true_day};
    ++e.checks;
    ++(off < 0 ? e.early : off == 0 ? e.exact : e.late);
    e.sum_days += off;
    e.sum_abs_days += static_cast<std::uint64_t>(off < 0 ? -off : off);
  };
  record(results.eta_estimated, check.estimated);
  record(results.eta_promised, check.promised);
}

/// Seconds in which requests were under way and at least half of those that ended failed, or none ended at all.
void Reconciliation::Impl::judge_outages() {
  std::vector<ReplaySecond> all;
  for (const std::size_t kind : {0U, 1U}) {
    for (std::size_t s = 0; s < results.seconds[kind].size(); ++s) {
      ReplaySecond& sum = grown(all, s);
      const ReplaySecond& one = results.seconds[kind][s];
      sum.intended += one.intended;
      sum.done += one.done;
      sum.errors += one.errors;
      sum.dropped += one.dropped;
    }
  }
  std::uint64_t due = 0;
  std::uint64_t good = 0;
  std::uint64_t dropped = 0;
  std::optional<Outage> open;
  auto& liveness = results.oracle[static_cast<std::size_t>(Oracle::liveness)];
  for (std::size_t s = 0; s < all.size(); ++s) {
    due += all[s].intended;
    good += all[s].done - all[s].errors;
    dropped += all[s].dropped;
    const std::uint64_t backlog = due > good + dropped ? due - good - dropped : 0;
    const bool down = (all[s].done > 0 && all[s].errors * 2 >= all[s].done) || (all[s].done == 0 && backlog > 0);
    if (down && !open) open = Outage{s, s, std::nullopt, 0};
    if (!open) continue;
    if (down) open->to_second = s + 1;
    open->backlog_max = std::max(open->backlog_max, backlog);
    // Requests of this very second may still be under way.
    if (down || backlog > all[s].intended) continue;
    open->caught_up = s;
    results.outages.push_back(*open);
    open.reset();
  }
  if (open) results.outages.push_back(*open);
  liveness.judged = results.outages.size();
  for (const Outage& outage : results.outages) {
    if (outage.caught_up || outage.backlog_max == 0) continue;
    // Messages refused for good are no backlog; a scan that nobody took in the end is.
    const bool left = std::any_of(scans.begin(), scans.end(), [](const TruthScan& scan) {
      return scan.tried && scan.accepted == not_yet && (scan.last_status < 400 || scan.last_status >= 500);
    });
    if (left) ++results.findings[static_cast<std::size_t>(FindingKind::not_recovered)];
  }
}

void Reconciliation::Impl::sum_up() {
  const auto of = [&](Oracle oracle) -> OracleResult& { return results.oracle[static_cast<std::size_t>(oracle)]; };
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    if (const auto oracle = oracle_of(static_cast<FindingKind>(kind))) of(*oracle).findings += results.findings[kind];
  }
  of(Oracle::no_phantom).judged += results.read;
  of(Oracle::final_status).judged = results.read;
  of(Oracle::timestamp_fidelity).judged = results.environment.broker ? 0 : accepted;
  const bool any_injected = !results.injected.empty();
  for (std::uint32_t i = 0; i < parcels.size() && any_injected; ++i) {
    if (faults[i] != 0) continue;
    ++of(Oracle::isolation).judged;
    of(Oracle::isolation).findings += static_cast<std::uint64_t>(defective[i]);
  }
  symptoms.accepted = accepted;
  symptoms.accepted_beside = accepted_beside;
  symptoms.forgery_errors = results.findings[static_cast<std::size_t>(FindingKind::forgery_error)];
  symptoms.ghosts = results.findings[static_cast<std::size_t>(FindingKind::ghost_shown)];
  symptoms.wrong_deliveries = results.findings[static_cast<std::size_t>(FindingKind::wrong_delivery)];
  results.diagnosis = diagnose(symptoms);
}

}  // namespace peakstorm
