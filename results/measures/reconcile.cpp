#include "results/reconcile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <set>

#include "engine/check.hpp"
#include "results/measures.hpp"
#include "results/measures/diagnosis.hpp"
#include "results/measures/names.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};

constexpr nanoseconds not_yet = nanoseconds::max();

/// One published scan and how its sending went.
struct TruthScan {
  Scan scan;
  nanoseconds intended = not_yet;  ///< Of its first attempt.
  nanoseconds accepted = not_yet;  ///< When it was acknowledged.
  bool tried = false;              ///< Really sent at least once.
  bool missed = false;             ///< A check should have shown it and did not.
  nanoseconds sent = not_yet;      ///< First attempt.
  std::uint32_t faults = 0;        ///< Injected; bit i is FaultKind i.
  std::uint32_t beside = 0;        ///< Requests in flight when it was sent and accepted.
  std::uint32_t rank = 0;          ///< In the order of acknowledgements, from 1.
  std::uint16_t attempts = 0;
  std::uint16_t last_status = 0;
  std::uint16_t again = 0;   ///< Times it was told once more on purpose (redelivery).
  std::uint16_t copies = 0;  ///< That a broker has stored.
};

constexpr std::uint32_t bit(FaultKind kind) {
  return std::uint32_t{1} << static_cast<unsigned>(kind);
}

/// A message that exists only by a fault, on its way to a broker.
struct ExtraKey {
  ParcelId parcel{};
  std::uint8_t sequence = 0;
  FaultKind fault = FaultKind::none;
  bool operator==(const ExtraKey&) const = default;
};
struct ExtraHash {
  using is_avalanching = void;
  std::size_t operator()(const ExtraKey& key) const {
    return hash64(static_cast<std::uint64_t>(key.parcel),
                  std::uint64_t{key.sequence} << 8U | static_cast<std::uint64_t>(key.fault));
  }
};
struct ExtraFate {
  std::uint16_t attempts = 0;
  std::uint16_t copies = 0;
  bool accepted = false;
};

/// What a check saw; judged at the end, when it is known what had been sent by then.
struct Check {
  std::uint32_t parcel = 0;
  std::uint32_t scans_shown = 0;
  nanoseconds at{};
  SimTime simulated;
  std::optional<ScanKind> status;  ///< None: not found.
  std::optional<Day> promised;
  std::optional<Day> estimated;
};

/// An acknowledged message of a parcel, faults' ones included.
struct Told {
  std::uint32_t parcel = 0;
  std::uint8_t sequence = 0;
  bool again = false;  ///< A redelivery: many a system knows it by its id and looks no further.
  nanoseconds done{};
};

bool same_place(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

/// Latencies of one second, 32 cells per octave (2 % wide): small enough to keep one per second.
class CoarseHistogram {
 public:
  void record(nanoseconds value) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 1));
    const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
    const std::uint64_t mantissa = octave >= 5 ? (ns >> (octave - 5)) - 32 : (ns << (5 - octave)) - 32;
    const std::size_t cell = octave * std::size_t{32} + static_cast<std::size_t>(mantissa);
    if (cell >= cells_.size()) cells_.resize(cell + 1);
    ++cells_[cell];
    ++count_;
  }
  [[nodiscard]] double quantile_ms(double q) const {
    const auto rank =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(q * static_cast<double>(count_) + 0.999999));
    std::uint64_t seen = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      seen += cells_[cell];
      if (seen < rank) continue;
      const double octave = static_cast<double>(std::uint64_t{1} << (cell / 32));
      return octave * (1 + (static_cast<double>(cell % 32) + 0.5) / 32) / 1e6;
    }
    return 0;
  }

 private:
  std::vector<std::uint32_t> cells_;
  std::uint64_t count_ = 0;
};

/// Finished seconds keep only their percentiles. A reply can be this late and still count in them.
constexpr std::size_t open_seconds = 120;

double to_ms(nanoseconds value) {
  return static_cast<double>(value.count()) / 1e6;
}

std::size_t second_of(nanoseconds at) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, at.count()) / 1'000'000'000);
}

template <class T>
T& grown(std::vector<T>& items, std::size_t i) {
  if (i >= items.size()) items.resize(i + 1);
  return items[i];
}

/// "2013-12-05 12:00:03Z", with milliseconds where there are any.
std::string utc_text(std::int64_t unix_ms) {
  const std::int64_t day = floor_div(unix_ms, 86'400'000);
  const std::int64_t ms = unix_ms - day * 86'400'000;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::string text = fmt::format("{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                                 ms / 60'000 % 60, ms / 1000 % 60);
  if (ms % 1000 != 0) text += fmt::format(".{:03d}", ms % 1000);
  return text + "Z";
}

std::string line_of(const ShownScan& scan, bool marked) {
  return fmt::format("{} {} {}{}{}\n", marked ? '>' : ' ', utc_text(scan.unix_ms),
                     scan_kind_names[static_cast<std::size_t>(scan.kind)], scan.place.empty() ? "" : " ", scan.place);
}

auto key_of(const ShownScan& scan) {
  return std::tie(scan.unix_ms, scan.kind, scan.place);
}

}  // namespace

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

struct Reconciliation::Impl {
  const World& world;
  ShownRules rules;
  ReconcileOptions options;
  std::vector<TruthParcel> parcels;
  boost::unordered_flat_map<ParcelId, std::uint32_t, ParcelHash> index_of;

  std::vector<std::pair<std::uint32_t, Scan>> gathered;  ///< Truth before begin().
  std::vector<TruthScan> scans;                          ///< By parcel, then (reported, sequence).
  std::vector<std::uint32_t> first_scan;                 ///< By parcel, one more at the end.
  std::vector<bool> was_read;
  std::vector<std::uint32_t> faults;      ///< By parcel, as in TruthScan.
  std::vector<bool> defective;            ///< Parcels with any defect.
  std::vector<SimTime> reused;            ///< From when its number is another parcel's; `never`.
  std::vector<std::int32_t> first_shown;  ///< Scans that its first check showed; -1: never checked.
  std::vector<Check> checks;
  std::vector<Told> told;
  std::vector<nanoseconds> newest_stored;  ///< By parcel: when the newest scan stored so far was sent; brokers only.
  boost::unordered_flat_map<ExtraKey, ExtraFate, ExtraHash> extras;  ///< Likewise.
  std::uint32_t accepted = 0;
  std::uint64_t accepted_beside = 0;
  Symptoms symptoms;

  ReplayResults results;
  std::array<std::vector<CoarseHistogram>, 3> coarse;
  std::array<std::size_t, 3> closed{};  ///< Seconds before it have their percentiles.
  bool ended = false;

  using ExampleKey = std::tuple<std::uint64_t, int>;  ///< Parcel, sequence (-1: none).
  std::array<std::map<ExampleKey, FindingExample>, finding_kinds> examples;

  Impl(const World& w, std::vector<TruthParcel> p, ShownRules r, const ReconcileOptions& o)
      : world(w),
        rules(std::move(r)),
        options(o),
        parcels(std::move(p)),
        was_read(parcels.size()),
        faults(parcels.size()),
        defective(parcels.size()),
        reused(parcels.size(), never),
        first_shown(parcels.size(), -1) {
    PEAKSTORM_CHECK(static_cast<bool>(rules.scan), parcels.size());
    PEAKSTORM_CHECK(static_cast<bool>(rules.status), parcels.size());
    index_of.reserve(parcels.size());
    for (std::size_t i = 0; i < parcels.size(); ++i) {
      const bool is_new = index_of.try_emplace(parcels[i].facts.id, static_cast<std::uint32_t>(i)).second;
      PEAKSTORM_CHECK(is_new, static_cast<std::uint64_t>(parcels[i].facts.id));
    }
  }

  [[nodiscard]] std::span<const TruthScan> parcel_scans(std::uint32_t parcel) const {
    return {scans.data() + first_scan[parcel], scans.data() + first_scan[parcel + 1]};
  }
  std::span<TruthScan> scans_of(std::uint32_t parcel) {
    return {scans.data() + first_scan[parcel], scans.data() + first_scan[parcel + 1]};
  }
  TruthScan* find(ParcelId id, std::uint8_t sequence) {
    const auto found = index_of.find(id);
    if (found == index_of.end()) return nullptr;
    for (TruthScan& scan : scans_of(found->second)) {
      if (scan.scan.sequence == sequence) return &scan;
    }
    return nullptr;
  }

  void close_seconds(std::size_t kind, std::size_t before) {
    auto& seconds = results.seconds[kind];
    for (std::size_t& s = closed[kind]; s < before && s < seconds.size(); ++s) {
      if (s >= coarse[kind].size()) continue;
      seconds[s].p50_ms = coarse[kind][s].quantile_ms(0.5);
      seconds[s].p99_ms = coarse[kind][s].quantile_ms(0.99);
      coarse[kind][s] = CoarseHistogram();
    }
  }

  /// Keeps the examples with the lowest parcels, whatever the order in which they turn up.
  template <class MakeExample>
  void found(FindingKind kind, ParcelId parcel, std::optional<std::uint8_t> sequence, const MakeExample& make) {
    ++results.findings[static_cast<std::size_t>(kind)];
    std::uint32_t parcel_faults = 0;
    if (const auto known = index_of.find(parcel); known != index_of.end()) {
      if (is_defect(kind)) defective[known->second] = true;
      parcel_faults = faults[known->second];
    }
    auto& kept = examples[static_cast<std::size_t>(kind)];
    const ExampleKey key{static_cast<std::uint64_t>(parcel), sequence ? int{*sequence} : -1};
    if (options.examples_max == 0 || kept.contains(key)) return;
    if (kept.size() >= options.examples_max) {
      if (!(key < kept.rbegin()->first)) return;
      kept.erase(std::prev(kept.end()));
    }
    FindingExample example = make();
    example.kind = kind;
    example.parcel = parcel;
    example.sequence = sequence;
    example.faults = parcel_faults;
    kept.emplace(key, std::move(example));
  }

  void compare(std::uint32_t index, const ShownParcel& page);
  void compare_promise(std::uint32_t index, const ShownParcel& page);
  void judge_messages(const RequestRecord& record);
  void count_extra(const RequestRecord& record);
  void keep_order(std::uint32_t index, TruthScan& scan);
  FindingExample stored_example(const TruthScan& scan, const std::string& what) const;
  void judge_refusals();
  void judge_checks();
  void judge_status(const Check& check, std::span<const TruthScan> scans);
  void judge_visibility(std::uint32_t index, std::span<const Check> seen);
  void judge_eta(const Check& check);
  void judge_outages();
  void sum_up();
  [[nodiscard]] bool altered(std::uint32_t index) const {
    return (faults[index] & (bit(FaultKind::regression) | bit(FaultKind::retraction) | bit(FaultKind::number_reuse))) !=
           0;
  }
  [[nodiscard]] std::optional<ScanKind> last_told(std::uint32_t index, nanoseconds before, bool redeliveries) const;
  void status_symptom(std::uint32_t index, ScanKind shown, std::span<const ShownScan> basis, nanoseconds before);
};

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
    m.scans.push_back({scan, not_yet, not_yet, false, false, not_yet, 0, 0, 0, 0, 0, 0, 0});
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
    if (!dropped && record.sent - record.intended > m.options.late_after) ++planned.late;
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

// ---- brokers ----

/// A broker judges no signature and may store a forgery; but what it has acknowledged must be there.
void Reconciliation::Impl::count_extra(const RequestRecord& record) {
  if (record.fault == FaultKind::redelivery) {
    if (TruthScan* scan = find(record.parcel, record.sequence)) ++scan->again;
    return;
  }
  ExtraFate& extra = extras[{record.parcel, record.sequence, record.fault}];
  ++extra.attempts;
  extra.accepted = extra.accepted || record.fate == RequestFate::accepted;
}

FindingExample Reconciliation::Impl::stored_example(const TruthScan& about, const std::string& what) const {
  const auto plain = [this](const Scan& scan) {
    return ShownScan{world.first_day_unix * 1000 + scan.at.time_since_epoch().count(), scan.kind,
                     scan.place == no_place ? std::string() : world.place_name(scan.place)};
  };
  std::string truth;
  std::string stored;
  for (const TruthScan& scan : parcel_scans(index_of.at(about.scan.parcel))) {
    truth += line_of(plain(scan.scan), &scan == &about);
    for (unsigned copy = 0; copy < scan.copies; ++copy) stored += line_of(plain(scan.scan), &scan == &about);
  }
  return {{},    {},     {}, fmt::format("{} {}", scan_kind_names[static_cast<std::size_t>(about.scan.kind)], what),
          truth, stored, 0};
}

void Reconciliation::stored(const StoredMessage& message) {
  Impl& m = *impl_;
  ReplayResults& r = m.results;
  if (!message.known) {
    ++r.stored_foreign;
    return;
  }
  ++r.stored;
  ++r.oracle[static_cast<std::size_t>(Oracle::no_phantom)].judged;
  const auto bare = [&](FindingKind kind, const char* what) {
    m.found(kind, message.parcel, message.sequence, [&] {
      const std::string fault = fault_names[static_cast<std::size_t>(message.fault)];
      return FindingExample{{}, {}, {}, std::string(what) + " (" + fault + ")", "", "", 0};
    });
  };
  if (message.fault != FaultKind::none) {
    const auto extra = m.extras.find({message.parcel, message.sequence, message.fault});
    if (extra == m.extras.end()) return bare(FindingKind::phantom, "is stored and was never sent");
    if (++extra->second.copies > extra->second.attempts) {
      bare(FindingKind::duplicated, "is stored more often than it was sent");
    } else if (extra->second.copies > 1) {
      ++r.stored_again;
    }
    if (!message.intact) bare(FindingKind::wrong, "is stored with another body");
    return;
  }
  TruthScan* const scan = m.find(message.parcel, message.sequence);
  if (scan == nullptr || !scan->tried) return bare(FindingKind::phantom, "is stored and was never sent");
  ++scan->copies;
  const auto told = [&](FindingKind kind, const std::string& what) {
    m.found(kind, message.parcel, message.sequence, [&] { return m.stored_example(*scan, what); });
  };
  const unsigned times_sent = unsigned{scan->attempts} + scan->again;
  if (scan->copies > times_sent) {
    told(FindingKind::duplicated, fmt::format("is stored {} times and was sent {}", scan->copies, times_sent));
  } else if (scan->copies > 1) {
    ++r.stored_again;
  }
  if (!message.intact) told(FindingKind::wrong, "is stored with another body");
  if (scan->copies == 1) m.keep_order(m.index_of.at(message.parcel), *scan);
}

/// The next scan of a parcel is sent when the one before was answered, so acknowledged ones are stored in the order of
/// their sending. One that was given up may still arrive at any time.
void Reconciliation::Impl::keep_order(std::uint32_t index, TruthScan& scan) {
  if (scan.accepted == not_yet) return;
  ++results.oracle[static_cast<std::size_t>(Oracle::prefix_consistency)].judged;
  if (scan.sent < newest_stored[index]) {
    found(FindingKind::reordered, scan.scan.parcel, scan.scan.sequence,
          [&] { return stored_example(scan, "is stored behind a later one of the same parcel"); });
  }
  newest_stored[index] = std::max(newest_stored[index], scan.sent);
}

void Reconciliation::stored_all() {
  Impl& m = *impl_;
  m.results.stored_read = true;
  m.was_read.assign(m.parcels.size(), true);
  for (const TruthScan& scan : m.scans) {
    if (scan.copies > 0) continue;
    const bool accepted = scan.accepted != not_yet;
    const FindingKind kind = accepted     ? FindingKind::lost
                             : scan.tried ? FindingKind::unacknowledged
                                          : FindingKind::not_sent;
    m.found(kind, scan.scan.parcel, scan.scan.sequence, [&] {
      return m.stored_example(scan, accepted     ? "was acknowledged and is not stored"
                                    : scan.tried ? "was sent, never acknowledged, and is not stored"
                                                 : "was never sent");
    });
  }
  for (const auto& [key, extra] : m.extras) {
    if (!extra.accepted || extra.copies > 0) continue;
    m.found(FindingKind::lost, key.parcel, key.sequence, [&, fault = key.fault] {
      return FindingExample{{},
                            {},
                            {},
                            fmt::format("the message that is a {} was acknowledged and is not stored",
                                        fault_names[static_cast<std::size_t>(fault)]),
                            "",
                            "",
                            0};
    });
  }
}

// ---- pages ----

void Reconciliation::Impl::compare(std::uint32_t index, const ShownParcel& page) {
  const TruthParcel& parcel = parcels[index];
  const ParcelId id = parcel.facts.id;

  struct Expected {
    ShownScan shown;
    TruthScan* truth;
    bool matched = false;
  };
  std::vector<Expected> expected;
  for (TruthScan& scan : scans_of(index)) {
    // Once its number belongs to another parcel, nothing of this one may be shown.
    if (reused[index] != never && scan.scan.at < reused[index]) continue;
    if (auto shown = rules.scan(parcel.facts, scan.scan)) expected.push_back({std::move(*shown), &scan});
  }
  // In the order in which they happened, as a page would list them.
  std::sort(expected.begin(), expected.end(), [](const Expected& a, const Expected& b) {
    return std::tie(a.shown.unix_ms, a.truth->scan.at, a.truth->scan.sequence) <
           std::tie(b.shown.unix_ms, b.truth->scan.at, b.truth->scan.sequence);
  });

  std::vector<const ShownScan*> extra;  // Shown, without a counterpart so far.
  std::vector<const ShownScan*> duplicates;
  std::vector<bool> taken(page.scans.size());
  // 1. Exact matches. A group of identical expectations may be shown once or as often as it has members.
  for (std::size_t s = 0; s < page.scans.size(); ++s) {
    const ShownScan& shown = page.scans[s];
    bool any = false;
    for (Expected& e : expected) {
      if (key_of(e.shown) != key_of(shown)) continue;
      any = true;
      if (!e.matched) {
        e.matched = true;
        taken[s] = true;
        break;
      }
    }
    if (taken[s]) continue;
    // A milestone told in capitals is still the same.
    any = any || std::any_of(expected.begin(), expected.end(), [&](const Expected& e) {
            return e.shown.unix_ms == shown.unix_ms && e.shown.kind == shown.kind &&
                   same_place(e.shown.place, shown.place) && e.shown.place != shown.place;
          });
    (any ? duplicates : extra).push_back(&shown);
  }
  for (Expected& e : expected) {
    if (e.matched) continue;
    e.matched = std::any_of(expected.begin(), expected.end(), [&](const Expected& other) {
      return other.matched && key_of(other.shown) == key_of(e.shown);
    });
  }
  // 2. What is left on both sides and agrees in two of instant, kind and place is one scan shown wrongly.
  struct Wrong {
    Expected* expected;
    const ShownScan* shown;
  };
  std::vector<Wrong> wrong;
  for (Expected& e : expected) {
    if (e.matched) continue;
    for (std::size_t x = 0; x < extra.size(); ++x) {
      const int agree = static_cast<int>(extra[x]->unix_ms == e.shown.unix_ms) +
                        static_cast<int>(extra[x]->kind == e.shown.kind) +
                        static_cast<int>(extra[x]->place == e.shown.place);
      if (agree < 2) continue;
      wrong.push_back({&e, extra[x]});
      e.matched = true;
      extra.erase(extra.begin() + static_cast<std::ptrdiff_t>(x));
      break;
    }
  }

  const auto truth_story = [&](const std::set<const Expected*>& marked) {
    std::string text;
    for (const Expected& e : expected) text += line_of(e.shown, marked.contains(&e));
    return text;
  };
  const auto shown_story = [&](const std::set<const ShownScan*>& marked) {
    std::string text;
    if (!page.found) return std::string("(no such parcel)\n");
    for (const ShownScan& scan : page.scans) text += line_of(scan, marked.contains(&scan));
    return text;
  };
  const auto name_of = [](const ShownScan& scan) {
    return fmt::format("{} at {}{}{}", scan_kind_names[static_cast<std::size_t>(scan.kind)], utc_text(scan.unix_ms),
                       scan.place.empty() ? "" : ", ", scan.place);
  };

  bool any_accepted = false;
  for (const Expected& e : expected) {
    any_accepted = any_accepted || e.truth->accepted != not_yet;
    const std::uint8_t sequence = e.truth->scan.sequence;
    if (e.matched) {
      if (e.truth->missed) {
        found(FindingKind::late_to_show, id, sequence, [&] {
          return FindingExample{{},
                                {},
                                {},
                                name_of(e.shown) + " was missing from a check long after it was accepted",
                                truth_story({&e}),
                                shown_story({})};
        });
      }
      continue;
    }
    const FindingKind kind = e.truth->accepted != not_yet ? FindingKind::lost
                             : e.truth->tried             ? FindingKind::unacknowledged
                                                          : FindingKind::not_sent;
    found(kind, id, sequence, [&] {
      return FindingExample{{}, {}, {}, name_of(e.shown) + " is not shown", truth_story({&e}), shown_story({})};
    });
    if (kind != FindingKind::lost) continue;
    LostScan lost;
    lost.rank = e.truth->rank;
    lost.beside = e.truth->beside;
    lost.stale_page = first_shown[index] >= 0 && static_cast<std::size_t>(first_shown[index]) == page.scans.size();
    lost.only_first_shown = page.scans.size() == 1 && expected.size() > 1 && expected.front().matched;
    for (const Expected& other : expected) {
      if (other.truth->accepted >= e.truth->accepted) continue;
      lost.late = lost.late || other.shown.unix_ms > e.shown.unix_ms;
      lost.after_delivery = lost.after_delivery || other.shown.kind == ScanKind::delivered;
    }
    symptoms.lost.push_back(lost);
  }
  for (const Wrong& w : wrong) {
    const bool instant = w.expected->shown.kind == w.shown->kind && w.expected->shown.place == w.shown->place;
    if (instant) {
      const std::int64_t shift = w.shown->unix_ms - w.expected->shown.unix_ms;
      ++symptoms.wrong_instants;
      symptoms.cut_seconds += static_cast<std::uint64_t>(shift < 0 && shift > -1000);
      // Offsets of zones are quarter hours up to fourteen hours.
      symptoms.zone_shifts +=
          static_cast<std::uint64_t>(shift % 900'000 == 0 && shift >= -50'400'000 && shift <= 50'400'000);
    }
    found(instant ? FindingKind::wrong_instant : FindingKind::wrong, id, w.expected->truth->scan.sequence, [&] {
      return FindingExample{{},
                            {},
                            {},
                            name_of(w.expected->shown) + " is shown as " + name_of(*w.shown),
                            truth_story({w.expected}),
                            shown_story({w.shown})};
    });
  }
  for (const ShownScan* scan : extra) {
    ++symptoms.phantoms;
    symptoms.forged_phantoms +=
        static_cast<std::uint64_t>(std::any_of(expected.begin(), expected.end(), [&](const auto& e) {
          const std::int64_t moved = scan->unix_ms - e.shown.unix_ms;
          return e.shown.kind == scan->kind &&
                 (moved == std::int64_t{13} * 60'000 || moved == std::int64_t{17} * 60'000);
        }));
    symptoms.cut_seconds +=
        static_cast<std::uint64_t>(std::any_of(expected.begin(), expected.end(), [&](const auto& e) {
          return e.shown.kind == scan->kind && scan->unix_ms % 1000 == 0 && e.shown.unix_ms > scan->unix_ms &&
                 e.shown.unix_ms - scan->unix_ms < 1000;
        }));
    if (reused[index] != never) {
      const auto before = parcel_scans(index);
      symptoms.old_journeys +=
          static_cast<std::uint64_t>(std::any_of(before.begin(), before.end(), [&](const TruthScan& t) {
            const auto was = rules.scan(parcel.facts, t.scan);
            return was && t.scan.at < reused[index] && key_of(*was) == key_of(*scan);
          }));
    }
    found(FindingKind::phantom, id, std::nullopt, [&] {
      return FindingExample{
          {}, {}, {}, name_of(*scan) + " is shown and never happened", truth_story({}), shown_story({scan})};
    });
  }
  for (const ShownScan* scan : duplicates) {
    ++symptoms.duplicates;
    std::uint32_t met = 0;
    std::uint16_t attempts = 0;
    for (const Expected& e : expected) {
      if (e.shown.unix_ms != scan->unix_ms || e.shown.kind != scan->kind) continue;
      met |= e.truth->faults;
      attempts = std::max(attempts, e.truth->attempts);
    }
    if (attempts > 1) {
      ++symptoms.duplicates_retried;
    } else if ((met & bit(FaultKind::redelivery)) != 0) {
      ++symptoms.duplicates_redelivered;
    } else if ((met & bit(FaultKind::near_duplicate)) != 0) {
      ++symptoms.duplicates_near;
    } else {
      ++symptoms.duplicates_plain;
    }
    found(FindingKind::duplicated, id, std::nullopt, [&] {
      return FindingExample{
          {}, {}, {}, name_of(*scan) + " is shown more than once", truth_story({}), shown_story({scan})};
    });
  }
  if (!page.found) {
    if (any_accepted) {
      found(FindingKind::parcel_not_found, id, std::nullopt, [&] {
        return FindingExample{
            {}, {}, {}, "its scans were accepted, and the page does not know it", truth_story({}), shown_story({})};
      });
    }
    return;
  }

  // 3. What the page concludes, judged by the scans it took or shows: refused ones must not count against it.
  std::vector<ShownScan> basis;
  std::optional<std::int64_t> delivered;
  for (const Expected& e : expected) {
    if (e.truth->accepted != not_yet || e.matched) basis.push_back(e.shown);
  }
  const std::optional<ScanKind> status = rules.status(basis);
  if (status && *status != page.status) {
    status_symptom(index, page.status, basis, not_yet);
    found(FindingKind::wrong_status, id, std::nullopt, [&] {
      return FindingExample{
          {},
          {},
          {},
          fmt::format("status {} instead of {}", scan_kind_names[static_cast<std::size_t>(page.status)],
                      scan_kind_names[static_cast<std::size_t>(*status)]),
          truth_story({}),
          shown_story({})};
    });
  }
  if (status == ScanKind::delivered) {
    // The delivery that stands: the last one that no retraction takes back leaves the status delivered.
    for (std::size_t i = basis.size(); i-- > 0 && !delivered;) {
      if (basis[i].kind != ScanKind::delivered) continue;
      std::vector<ShownScan> without(basis);
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      const bool decides = rules.status(without) != status;
      const bool only = std::count_if(basis.begin(), basis.end(),
                                      [](const ShownScan& s) { return s.kind == ScanKind::delivered; }) == 1;
      if (decides || only) delivered = basis[i].unix_ms;
    }
  }
  // Two deliveries that both stand leave it open which instant a page shows; then none is demanded.
  if (page.delivered_unix_ms != delivered && (delivered || status != ScanKind::delivered)) {
    found(FindingKind::wrong_delivery, id, std::nullopt, [&] {
      return FindingExample{{},
                            {},
                            {},
                            fmt::format("delivered {} instead of {}",
                                        page.delivered_unix_ms ? utc_text(*page.delivered_unix_ms) : "never",
                                        delivered ? utc_text(*delivered) : "never"),
                            truth_story({}),
                            shown_story({})};
    });
  }
  if (page.promise_day) {
    const Day shown_day = *page.promise_day;
    ++results.oracle[static_cast<std::size_t>(Oracle::promise_shown)].judged;
    bool known = parcel.facts.promise_day != no_day && shown_day == Day{parcel.facts.promise_day};
    for (const TruthScan& scan : scans_of(index)) {
      known = known || (scan.scan.eta_day != no_day && shown_day == Day{scan.scan.eta_day});
    }
    if (!known) {
      ++symptoms.wrong_dates;
      symptoms.day_early += static_cast<std::uint64_t>(shown_day + 1 == Day{parcel.facts.promise_day});
      found(FindingKind::wrong_promise, id, std::nullopt, [&] {
        return FindingExample{{},
                              {},
                              {},
                              fmt::format("promised for day {}, shown for day {}", parcel.facts.promise_day, shown_day),
                              truth_story({}),
                              shown_story({})};
      });
    }
  }
}

void Reconciliation::Impl::compare_promise(std::uint32_t index, const ShownParcel& page) {
  const TruthParcel& parcel = parcels[index];
  // A fault gave it another ending than the one that its true verdict is about.
  if (altered(index)) return;
  if (!parcel.measured || parcel.promise == Verdict::not_counted) return;
  const bool truly = parcel.promise == Verdict::kept;
  bool shown = false;
  if (page.found && page.delivered_unix_ms) {
    const TimeZone& zone =
        world.zones[::peakstorm::index(world.destinations[::peakstorm::index(parcel.facts.destination)].zone)];
    const SimTime delivered = day_zero + SimDuration{*page.delivered_unix_ms - world.first_day_unix * 1000};
    shown = zone.local_day(delivered) <= Day{parcel.facts.promise_day};
  }
  ++(truly ? results.true_kept : results.true_broken);
  ++(shown ? results.shown_kept : results.shown_broken);
  results.hidden_kept += static_cast<std::uint64_t>(truly && !shown);
  results.hidden_broken += static_cast<std::uint64_t>(!truly && shown);
}

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
    const bool refused = scan.accepted == not_yet && scan.last_status >= 400 && scan.last_status < 500 &&
                         scan.last_status != 408 && scan.last_status != 429;
    if (!refused) continue;
    ++symptoms.refused;
    symptoms.refused_drift += static_cast<std::uint64_t>((scan.faults & bit(FaultKind::schema_drift)) != 0);
    symptoms.refused_unsigned += static_cast<std::uint64_t>(scan.last_status == 401 || scan.last_status == 403);
    found(FindingKind::refused, scan.scan.parcel, scan.scan.sequence, [&] {
      return FindingExample{
          {},
          {},
          {},
          fmt::format("{} was answered with {}", scan_kind_names[static_cast<std::size_t>(scan.scan.kind)], scan.last_status),
          "",
          "",
          0};
    });
  }
}

std::optional<ScanKind> Reconciliation::Impl::last_told(std::uint32_t index, nanoseconds before,
                                                        bool redeliveries) const {
  // `told` is sorted by parcel, then instant, once the replay is over; until then a walk finds the newest.
  const Told* last = nullptr;
  for (const Told& message : told) {
    if (message.parcel == index && (redeliveries || !message.again) && message.done <= before &&
        (last == nullptr || message.done >= last->done)) {
      last = &message;
    }
  }
  if (last == nullptr) return std::nullopt;
  for (const TruthScan& scan : parcel_scans(index)) {
    if (scan.scan.sequence != last->sequence) continue;
    const auto shown = rules.scan(parcels[index].facts, scan.scan);
    if (shown) return shown->kind;
  }
  return std::nullopt;
}

/// Which mistake a wrong status looks like.
void Reconciliation::Impl::status_symptom(std::uint32_t index, ScanKind shown, std::span<const ShownScan> basis,
                                          nanoseconds before) {
  ++symptoms.wrong_statuses;
  // A walk over all messages; enough of them tell which mistake it is.
  if (symptoms.wrong_statuses > 300) return;
  ++symptoms.wrong_statuses_examined;
  symptoms.status_told_last +=
      static_cast<std::uint64_t>(last_told(index, before, false) == shown || last_told(index, before, true) == shown);
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

void Reconciliation::injected(const InjectedFault& fault) {
  Impl& m = *impl_;
  ++m.results.injected_count[static_cast<std::size_t>(fault.kind)];
  m.results.injected.push_back(fault);
  const auto found = m.index_of.find(fault.parcel);
  if (found == m.index_of.end()) return;
  m.faults[found->second] |= bit(fault.kind);
  if (TruthScan* scan = m.find(fault.parcel, fault.sequence)) scan->faults |= bit(fault.kind);
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

}  // namespace peakstorm
