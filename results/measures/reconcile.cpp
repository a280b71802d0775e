#include "results/measures/reconciliation.hpp"

#include <algorithm>

namespace peakstorm {

using namespace reconciliation;

namespace {

/// Finished seconds keep only their percentiles. A reply can be this late and still count in them.
constexpr std::size_t open_seconds = 120;

}  // namespace

Reconciliation::Reconciliation(const World& world, std::vector<TruthParcel> parcels, ShownRules rules,
                               const ReconcileOptions& options)
    : impl_(std::make_unique<Impl>(world, std::move(parcels), std::move(rules), options)) {}
Reconciliation::~Reconciliation() = default;

void Reconciliation::truth(std::span<const Scan> scans) {
  std::vector<Scan> amended;
  if (impl_->options.amend) {
    amended.assign(scans.begin(), scans.end());
    impl_->options.amend(amended);
    scans = amended;
  }
  for (const Scan& scan : scans) {
    if (scan.reported == never) continue;
    const auto found = impl_->index_of.find(scan.parcel);
    if (found == impl_->index_of.end()) continue;
    impl_->gathered.emplace_back(found->second, scan);
    if (starts_reuse(scan)) impl_->reused[found->second] = std::min(impl_->reused[found->second], scan.at);
  }
}

void Reconciliation::begin(const ReplayEnvironment& environment) {
  Impl& m = *impl_;
  m.results.environment = environment;
  m.results.late_after = m.options.late_after;
  m.results.shown_within = m.options.shown_within;
  if (environment.broker) m.newest_stored.assign(m.parcels.size(), nanoseconds::min());
  std::sort(m.gathered.begin(), m.gathered.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.reported, a.second.sequence) <
           std::tie(b.first, b.second.reported, b.second.sequence);
  });
  m.first_scan.assign(m.parcels.size() + 1, 0);
  m.scans.reserve(m.gathered.size());
  for (const auto& [parcel, scan] : m.gathered) {
    ++m.first_scan[parcel + 1];
    m.scans.push_back({scan, not_yet, not_yet, false, false, not_yet, 0, 0, 0, 0, 0, 0, 0, false});
  }
  for (std::size_t i = 0; i < m.parcels.size(); ++i) m.first_scan[i + 1] += m.first_scan[i];
  m.gathered = {};
}

void Reconciliation::request(const RequestRecord& record) {
  Impl& m = *impl_;
  ReplayResults& r = m.results;
  const auto kind = static_cast<std::size_t>(record.kind);
  ++r.requests[{record.kind, record.fate, record.status}];
  const bool dropped = record.fate == RequestFate::dropped;

  // Repeated attempts of a scan carry the first intended instant; they are sent, but not intended again.
  bool first_attempt = true;
  if (record.fault != FaultKind::none && r.environment.broker) {
    m.count_extra(record);
  } else if (record.fault != FaultKind::none) {
    m.judge_messages(record);
  } else if (record.kind == RequestKind::scan) {
    if (TruthScan* scan = m.find(record.parcel, record.sequence)) {
      first_attempt = scan->intended == not_yet;
      scan->intended = std::min(scan->intended, record.intended);
      scan->tried = scan->tried || !dropped;
      if (!dropped) {
        scan->sent = std::min(scan->sent, record.sent);
        ++scan->attempts;
        scan->last_status = record.status;
        scan->turned_down = record.by_job && record.fate == RequestFate::refused;
      }
      if (record.fate == RequestFate::accepted) {
        if (scan->accepted == not_yet) {
          scan->beside = record.in_flight;
          scan->rank = ++m.accepted;
          m.accepted_beside += record.in_flight;
        }
        scan->accepted = std::min(scan->accepted, record.done);
        m.told.push_back({m.index_of.at(record.parcel), record.sequence, false, record.done});
      }
    }
  }
  auto& seconds = r.seconds[kind];
  if (first_attempt) {
    ReplaySecond& planned = grown(seconds, second_of(record.intended));
    ++planned.intended;
    if (!dropped && record.sent - record.intended - record.held > m.options.late_after) ++planned.late;
  }
  // A scan may also be given up between two attempts; either way its fate belongs to the second it was planned for.
  if (dropped) {
    ++grown(seconds, second_of(record.intended)).dropped;
    return;
  }
  ++grown(seconds, second_of(record.sent)).sent;
  const std::size_t done_second = second_of(record.done);
  ReplaySecond& done = grown(seconds, done_second);
  ++done.done;
  if (record.fate != RequestFate::accepted) ++done.errors;
  const nanoseconds latency = record.done - record.intended;
  done.max_ms = std::max(done.max_ms, to_ms(latency));
  if (done_second >= m.closed[kind]) grown(m.coarse[kind], done_second).record(latency);
  if (done_second > open_seconds) m.close_seconds(kind, done_second - open_seconds);
  r.latency[kind].record(latency);
  r.service[kind].record(record.done - record.sent);
  if (record.kind != RequestKind::read_back) r.last_done = std::max(r.last_done, record.done);
}

void Reconciliation::shown(const ShownStatus& status) {
  Impl& m = *impl_;
  const auto found = m.index_of.find(status.parcel);
  if (found == m.index_of.end()) return;
  const TruthParcel& parcel = m.parcels[found->second];
  const std::uint32_t visible = status.found ? status.scans_shown : 0;
  std::int32_t& first_look = m.first_shown[found->second];
  if (first_look < 0) first_look = static_cast<std::int32_t>(visible);
  m.checks.push_back({found->second, visible, status.at, status.simulated,
                      status.found ? std::optional(status.status) : std::nullopt, status.promise_day,
                      status.estimated_day});
  // Once the number is another parcel's, the page is about that one.
  if (m.reused[found->second] <= status.simulated) return;

  // Published scans stand in the order of their publication, and a page that is behind lacks the newest ones.
  std::uint32_t expected = 0;
  std::uint32_t acknowledged = 0;
  const TruthScan* first_missing = nullptr;
  for (TruthScan& scan : m.scans_of(found->second)) {
    if (scan.scan.reported > status.simulated) break;
    if (!m.rules.scan(parcel.facts, scan.scan)) continue;
    if (++expected == visible + 1) first_missing = &scan;
    // Whether a page that took a scan still hides it is asked only after a decent while, on the endpoint's own clock.
    if (scan.accepted != not_yet && scan.accepted + m.options.shown_within < status.at && ++acknowledged > visible) {
      scan.missed = true;
    }
  }
  nanoseconds simulated_age{0};  // One tick is one simulated millisecond.
  nanoseconds replay_age{0};
  if (first_missing != nullptr) {
    simulated_age = nanoseconds{(status.simulated - first_missing->scan.reported).count()};
    const double speed = m.results.environment.speed;
    if (first_missing->intended != not_yet) {
      replay_age = std::max(nanoseconds{0}, status.at - first_missing->intended);
    } else if (speed > 0) {
      replay_age = nanoseconds{static_cast<std::int64_t>(static_cast<double>(simulated_age.count()) * 1e6 / speed)};
    }
  }
  ReplayResults& r = m.results;
  ++r.checks;
  r.stale += static_cast<std::uint64_t>(first_missing != nullptr);
  r.stale_simulated.record(simulated_age);
  r.stale_replay.record(replay_age);
  StaleSecond& second = grown(r.stale_seconds, second_of(status.at));
  ++second.checks;
  second.stale += static_cast<std::uint64_t>(first_missing != nullptr);
  second.sum_ms += to_ms(replay_age);
  second.max_ms = std::max(second.max_ms, to_ms(replay_age));
}

void Reconciliation::read_back(const ShownParcel& parcel) {
  const auto found = impl_->index_of.find(parcel.parcel);
  if (found == impl_->index_of.end()) return;
  if (parcel.ghost) {
    ++impl_->results.oracle[static_cast<std::size_t>(Oracle::no_phantom)].judged;
    if (!parcel.found) return;
    std::string page;
    for (const ShownScan& scan : parcel.scans) page += line_of(scan, true);
    impl_->found(FindingKind::ghost_shown, parcel.parcel, std::nullopt, [&] {
      return FindingExample{{}, {}, {}, "a number beside this parcel's, never shipped, has a page", "", page, 0};
    });
    return;
  }
  if (impl_->was_read[found->second]) return;
  impl_->was_read[found->second] = true;
  ++impl_->results.read;
  impl_->compare(found->second, parcel);
  impl_->compare_promise(found->second, parcel);
}

void Reconciliation::injected(const InjectedFault& fault) {
  Impl& m = *impl_;
  ++m.results.injected_count[static_cast<std::size_t>(fault.kind)];
  m.results.injected.push_back(fault);
  const auto found = m.index_of.find(fault.parcel);
  if (found == m.index_of.end()) return;
  m.faults[found->second] |= bit(fault.kind);
  if (TruthScan* scan = m.find(fault.parcel, fault.sequence)) scan->faults |= bit(fault.kind);
}

void Reconciliation::senders(std::span<const ReplaySender> senders) {
  impl_->results.senders.assign(senders.begin(), senders.end());
}

void Reconciliation::end(nanoseconds wall, nanoseconds cpu, bool complete) {
  Impl& m = *impl_;
  ReplayResults& r = m.results;
  PEAKSTORM_CHECK(!m.ended, m.ended);
  m.ended = true;
  r.wall = wall;
  r.cpu = cpu;
  r.complete = complete;
  for (std::size_t kind = 0; kind < r.seconds.size(); ++kind) m.close_seconds(kind, r.seconds[kind].size());
  for (std::uint32_t i = 0; i < m.parcels.size(); ++i) {
    if (m.was_read[i]) continue;
    m.found(FindingKind::parcel_not_read, m.parcels[i].facts.id, std::nullopt,
            [] { return FindingExample{{}, {}, {}, "the read-back got no answer for it", "", ""}; });
  }
  m.judge_refusals();
  m.judge_checks();
  m.judge_outages();
  m.sum_up();
  for (auto& kind : m.examples) {
    for (auto& [key, example] : kind) r.examples.push_back(std::move(example));
  }
}

const ReplayResults& Reconciliation::results() const {
  PEAKSTORM_CHECK(impl_->ended, impl_->ended);
  return impl_->results;
}
const ReplayResults& Reconciliation::so_far() const {
  return impl_->results;
}
std::vector<Reconciliation::LatestFinding> Reconciliation::latest() const {
  return {impl_->latest.rbegin(), impl_->latest.rend()};
}

}  // namespace peakstorm
