#include "results/measures/reconciliation.hpp"

#include <optional>
#include <set>
#include <string_view>

#include "results/measures.hpp"
#include "results/measures/names.hpp"

namespace peakstorm {

using namespace reconciliation;

bool is_defect(FindingKind kind) {
  switch (kind) {
    case FindingKind::lost:
    case FindingKind::phantom:
    case FindingKind::duplicated:
    case FindingKind::wrong:
    case FindingKind::wrong_status:
    case FindingKind::wrong_promise:
    case FindingKind::wrong_delivery:
    case FindingKind::parcel_not_found:
    case FindingKind::wrong_instant:
    case FindingKind::impossible_status:
    case FindingKind::forgery_taken:
    case FindingKind::forgery_error:
    case FindingKind::ghost_shown:
    case FindingKind::refused:
    case FindingKind::not_recovered:
    case FindingKind::reordered:
      return true;
    case FindingKind::unacknowledged:
    case FindingKind::not_sent:
    case FindingKind::late_to_show:
    case FindingKind::parcel_not_read:
      return false;
  }
  return false;
}

bool counts_scans(FindingKind kind) {
  return kind <= FindingKind::late_to_show || kind == FindingKind::wrong_instant ||
         kind == FindingKind::forgery_taken || kind == FindingKind::forgery_error || kind == FindingKind::refused ||
         kind == FindingKind::reordered;
}

std::optional<Oracle> oracle_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::lost:
    case FindingKind::parcel_not_found:
    case FindingKind::refused:
      return Oracle::no_lost_scan;
    case FindingKind::phantom:
    case FindingKind::duplicated:
    case FindingKind::wrong:
    case FindingKind::forgery_taken:
    case FindingKind::forgery_error:
    case FindingKind::ghost_shown:
      return Oracle::no_phantom;
    case FindingKind::wrong_status:
    case FindingKind::wrong_delivery:
      return Oracle::final_status;
    case FindingKind::impossible_status:
    case FindingKind::reordered:
      return Oracle::prefix_consistency;
    case FindingKind::late_to_show:
      return Oracle::visibility_latency;
    case FindingKind::wrong_instant:
      return Oracle::timestamp_fidelity;
    case FindingKind::wrong_promise:
      return Oracle::promise_shown;
    case FindingKind::not_recovered:
      return Oracle::liveness;
    case FindingKind::unacknowledged:
    case FindingKind::not_sent:
    case FindingKind::parcel_not_read:
      break;
  }
  return std::nullopt;
}

std::optional<ScanKind> status_of(std::span<const ShownScan> history) {
  // A retraction takes back the last delivery before it, so the walk leaves that one out.
  std::vector<bool> taken_back(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].kind != ScanKind::retracted) continue;
    for (std::size_t j = i; j-- > 0;) {
      if (history[j].kind == ScanKind::delivered && !taken_back[j]) {
        taken_back[j] = true;
        break;
      }
    }
  }
  std::optional<ScanKind> status;
  bool only_news = false;  // Nothing but delays so far.
  for (std::size_t i = 0; i < history.size(); ++i) {
    const ScanKind kind = history[i].kind;
    if (taken_back[i] || kind == ScanKind::retracted || kind == ScanKind::eta_changed) continue;
    if (kind == ScanKind::delay_weather || kind == ScanKind::delay_other) {
      if (!status || only_news) {
        status = kind;
        only_news = true;
      }
      continue;
    }
    if (status && !only_news) {
      if (kind == ScanKind::label_created || *status == ScanKind::returned) continue;
      const bool back = kind == ScanKind::returning || kind == ScanKind::returned;
      if (*status == ScanKind::delivered && !back) continue;
      if (*status == ScanKind::returning && kind != ScanKind::delivered && kind != ScanKind::returned &&
          kind != ScanKind::lost) {
        continue;
      }
    }
    status = kind;
    only_news = false;
  }
  // Only estimates or retractions: the weakest thing that must be true.
  if (!status && !history.empty()) return ScanKind::label_created;
  return status;
}

ShownRules plain_rules(const World& world) {
  ShownRules rules;
  rules.scan = [&world](const ParcelFacts&, const Scan& scan) -> std::optional<ShownScan> {
    return ShownScan{world.first_day_unix * 1000 + scan.at.time_since_epoch().count(), scan.kind,
                     scan.place == no_place ? std::string() : world.place_name(scan.place)};
  };
  rules.status = status_of;
  return rules;
}

std::size_t ReplayResults::hosts() const {
  std::set<std::string_view> names;
  for (const ReplaySender& sender : senders) names.insert(sender.host);
  return std::max<std::size_t>(1, names.size());
}

std::uint64_t ReplayResults::defects() const {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    if (is_defect(static_cast<FindingKind>(kind))) sum += findings[kind];
  }
  return sum;
}

void ReplayResults::add_to(MeasureMap& measures) const {
  const auto put = [&](const std::string& name, Unit unit, std::optional<double> value) {
    measures[name] = {value, unit, std::nullopt, std::nullopt};
  };
  const auto count = [&](const std::string& name, std::uint64_t value) {
    put(name, Unit::count, static_cast<double>(value));
  };
  const auto share = [&](const std::string& name, std::uint64_t part, std::uint64_t whole) {
    put(name, Unit::share,
        whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole)));
  };

  // A page that was not read may hide anything: as long as one is missing, no count of findings is known.
  const std::uint64_t unread = findings[static_cast<std::size_t>(FindingKind::parcel_not_read)];
  const bool judged = complete && unread == 0;
  const auto finding = [&](const std::string& name, FindingKind kind) {
    auto value = static_cast<double>(findings[static_cast<std::size_t>(kind)]);
    if (kind == FindingKind::wrong)
      value += static_cast<double>(findings[static_cast<std::size_t>(FindingKind::wrong_instant)]);
    put(name, Unit::count, judged ? std::optional(value) : std::nullopt);
  };
  put("findings", Unit::count, judged ? std::optional(static_cast<double>(defects())) : std::nullopt);
  for (std::size_t i = 0; i < oracles; ++i) {
    put(names::findings_of(oracle_names[i]), Unit::count,
        judged ? std::optional(static_cast<double>(oracle[i].findings)) : std::nullopt);
  }
  finding("lost_scans", FindingKind::lost);
  finding("phantom_scans", FindingKind::phantom);
  finding("duplicated_scans", FindingKind::duplicated);
  finding("wrong_scans", FindingKind::wrong);
  finding("late_scans", FindingKind::late_to_show);
  finding("unacknowledged_scans", FindingKind::unacknowledged);
  finding("not_sent_scans", FindingKind::not_sent);
  finding("wrong_status", FindingKind::wrong_status);
  finding("wrong_promise", FindingKind::wrong_promise);
  finding("wrong_delivery", FindingKind::wrong_delivery);
  finding("parcels_not_found", FindingKind::parcel_not_found);
  put("parcels_not_read", Unit::count, complete ? std::optional(static_cast<double>(unread)) : std::nullopt);

  LatencyHistogram both = latency[0];
  both.merge(latency[1]);
  LatencyHistogram both_service = service[0];
  both_service.merge(service[1]);
  const auto percentiles = [&](const std::string& scope, const LatencyHistogram& histogram) {
    const auto at = [&](double q) {
      return histogram.empty() ? std::nullopt : std::optional(histogram.quantile_ms(q));
    };
    put("endpoint." + scope + "p50", Unit::ms, at(0.5));
    put("endpoint." + scope + "p90", Unit::ms, at(0.9));
    put("endpoint." + scope + "p99", Unit::ms, at(0.99));
    put("endpoint." + scope + "p999", Unit::ms, at(0.999));
    put("endpoint." + scope + "max", Unit::ms, at(1));
    put("endpoint." + scope + "mean", Unit::ms, histogram.empty() ? std::nullopt : std::optional(histogram.mean_ms()));
  };
  percentiles("", both);
  percentiles("scan.", latency[0]);
  percentiles("check.", latency[1]);
  percentiles("read_back.", latency[2]);
  percentiles("service.", both_service);

  std::uint64_t sent = 0;
  std::uint64_t errors = 0;
  std::uint64_t accepted = 0;
  std::uint64_t dropped = 0;
  std::uint64_t intended = 0;
  std::uint64_t late = 0;
  for (const auto& [key, requests_made] : requests) {
    const auto& [kind, fate, status] = key;
    if (kind == RequestKind::read_back) continue;
    if (fate == RequestFate::dropped) {
      dropped += requests_made;
      continue;
    }
    sent += requests_made;
    (fate == RequestFate::accepted ? accepted : errors) += requests_made;
  }
  for (const std::size_t kind : {0U, 1U}) {
    for (const ReplaySecond& second : seconds[kind]) {
      intended += second.intended;
      late += second.late;
    }
  }
  count("sent", sent);
  share("sent.late_share", late, intended);
  share("sent.dropped_share", dropped, intended);
  share("endpoint.error_share", errors, sent);
  const double sending_s = to_ms(last_done) / 1000;
  put("endpoint.throughput", Unit::per_second,
      sending_s > 0 ? std::optional(static_cast<double>(accepted) / sending_s) : std::nullopt);

  share("staleness.stale_share", stale, checks);
  const auto age = [&](const LatencyHistogram& histogram, double q, double scale) {
    return histogram.empty() ? std::nullopt : std::optional(static_cast<double>(histogram.quantile(q).count()) / scale);
  };
  for (const auto& [name, q] : {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("max", 1.0)}) {
    put(std::string("staleness.") + name, Unit::minutes, age(stale_simulated, q, 60'000));
    put(std::string("staleness.replay.") + name, Unit::ms, age(stale_replay, q, 1e6));
  }
  share("on_time_shown.promise", shown_kept, shown_kept + shown_broken);
  share("on_time_true.promise", true_kept, true_kept + true_broken);
}

}  // namespace peakstorm
