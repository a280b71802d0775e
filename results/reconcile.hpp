/// What a replay did to the endpoint and what the endpoint made of it: latency, throughput, staleness, and the
/// read-back compared scan by scan with the truth.
///
/// Truth is the set of published scans of the tracked parcels. A format and a page may know fewer words than the
/// carrier, so truth goes through `ShownRules` first: the endpoint is compared with what it could have shown, never
/// with raw truth. Scans that the mapping makes identical count as one group: a page may show the group once or as
/// often as it has members.
///
/// Called from one thread. Memory: about 48 bytes per published scan.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "engine/faults.hpp"
#include "engine/on_time.hpp"
#include "engine/replay.hpp"
#include "engine/world.hpp"
#include "results/histogram.hpp"
#include "results/measure_map.hpp"

namespace peakstorm {

/// How truth appears on a correct page.
struct ShownRules {
  /// A published scan as shown; none: this format or page does not show its kind.
  std::function<std::optional<ShownScan>(const ParcelFacts&, const Scan&)> scan;
  /// Status after these scans, in the order in which they happened; none when nothing is left.
  std::function<std::optional<ScanKind>(std::span<const ShownScan>)> status;
};

/// Status of a history (ascending by instant): the last milestone. Estimates and delays never change it, a label
/// replaces nothing, delivered stays unless the parcel is returned afterwards, a retraction takes back the delivery
/// before it, returning stays until delivered, returned or lost, and returned stays.
std::optional<ScanKind> status_of(std::span<const ShownScan> history);

/// Canonical names, milliseconds and the world's place names ("" for the doorstep), `status_of`. `world` must outlive
/// the rules.
ShownRules plain_rules(const World& world);

/// A parcel whose tracking is read back.
struct TruthParcel {
  ParcelFacts facts;
  Verdict promise = Verdict::not_counted;  ///< True verdict by OnTimeDefinition::promise.
  bool measured = false;                   ///< Its order day counts in the headline.
};

enum class FindingKind : std::uint8_t {
  lost,               ///< Accepted, not shown.
  unacknowledged,     ///< Tried, never accepted, not shown: the endpoint said so, hence no defect.
  not_sent,           ///< Never tried (dropped, or the replay was stopped), not shown.
  phantom,            ///< Shown, never published.
  duplicated,         ///< Shown more often than it happened.
  wrong,              ///< Shown with another instant, kind or place.
  late_to_show,       ///< Shown in the end, but a check long after its acknowledgement missed it.
  wrong_status,       ///< The page's status does not follow from what was accepted or shown.
  wrong_promise,      ///< The date shown is neither the promise nor any estimate the carrier published.
  wrong_delivery,     ///< Delivery instant shown but not true, or true and not shown.
  parcel_not_found,   ///< Scans were accepted, and the page knows nothing of the parcel.
  parcel_not_read,    ///< The read-back got no answer: nothing is known about it.
  wrong_instant,      ///< Shown, of the right kind and place, at another instant.
  impossible_status,  ///< A check showed a status that follows from no part of what had been sent by then.
  forgery_taken,      ///< A message whose sender is not who he says was acknowledged.
  forgery_error,      ///< Such a message was answered with 500: its sender will come again for days.
  ghost_shown,        ///< A page for a number that the shop never shipped.
  refused,            ///< A true message, rightly signed, was answered with 4xx, or refused by its capture job.
  not_recovered,      ///< After an outage the backlog was never worked off.
  reordered,          ///< A broker stored it before one of the same parcel that had been acknowledged earlier.
};
inline constexpr std::size_t finding_kinds = 20;
inline constexpr std::array<const char*, finding_kinds> finding_names{
    "lost",          "unacknowledged",    "not_sent",      "phantom",        "duplicated",       "wrong",
    "late_to_show",  "wrong_status",      "wrong_promise", "wrong_delivery", "parcel_not_found", "parcel_not_read",
    "wrong_instant", "impossible_status", "forgery_taken", "forgery_error",  "ghost_shown",      "refused",
    "not_recovered", "reordered"};

/// What is proved about an endpoint; MEASURES.md has the exact rules.
enum class Oracle : std::uint8_t {
  no_lost_scan,
  no_phantom,
  final_status,
  prefix_consistency,
  visibility_latency,
  timestamp_fidelity,
  promise_shown,
  isolation,
  liveness,
};
inline constexpr std::size_t oracles = 9;
inline constexpr std::array<const char*, oracles> oracle_names{
    "no_lost_scan",  "no_phantom", "final_status", "prefix_consistency", "visibility_latency", "timestamp_fidelity",
    "promise_shown", "isolation",  "liveness"};
/// The oracle that a finding speaks against; none for what is no defect of the endpoint.
std::optional<Oracle> oracle_of(FindingKind kind);
/// Defects make up the measure `findings`: what a page, having taken the scans, shows wrongly in the end.
bool is_defect(FindingKind kind);
/// True for kinds that count scans, false for those that count parcels.
bool counts_scans(FindingKind kind);

struct FindingExample {
  FindingKind kind{};
  ParcelId parcel{};
  std::optional<std::uint8_t> sequence;  ///< Of the scan, where one is meant.
  std::string detail;                    ///< One line.
  std::string truth;                     ///< The whole story: one scan per line, those in question marked by '>'.
  std::string shown;
  std::uint32_t faults = 0;  ///< Injected into the parcel: bit i is FaultKind i.
};

/// What an oracle looked at and found.
struct OracleResult {
  std::uint64_t judged = 0;    ///< Scans, parcels, checks or messages, as the oracle counts.
  std::uint64_t findings = 0;  ///< Not a sum over disjoint things: isolation counts parcels that others count too.
};

/// Acknowledgement to the first check that showed the scan, of scans that met a fault (`none`: of the others).
struct Visibility {
  std::uint64_t scans = 0;
  LatencyHistogram latency;  ///< Upper bound: the first check that showed it.
  LatencyHistogram gap;      ///< By how much it may be too high: since the check before, or the acknowledgement.
};

/// Date shown by checks against the day of delivery, by days to go.
struct EtaError {
  std::uint64_t checks = 0;
  std::uint64_t early = 0;  ///< The shown date is before the true one.
  std::uint64_t exact = 0;
  std::uint64_t late = 0;
  std::int64_t sum_days = 0;
  std::uint64_t sum_abs_days = 0;
};
inline constexpr std::size_t eta_horizons = 11;  ///< 0 to 9 days to go, and 10 or more.

struct Outage {
  std::size_t from_second = 0;
  std::size_t to_second = 0;             ///< First second without.
  std::optional<std::size_t> caught_up;  ///< First second at whose end everything due had been accepted or refused.
  std::uint64_t backlog_max = 0;         ///< Requests due and not done.
};

/// A known mistake of tracking systems whose signature the findings bear.
struct Diagnosis {
  std::string bug;  ///< Name as in `peakstorm endpoint --list-bugs`.
  std::string why;  ///< One sentence with the counts that speak for it.
};

struct ReplaySecond {
  std::uint64_t intended = 0;
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  std::uint64_t errors = 0;
  std::uint64_t late = 0;
  std::uint64_t dropped = 0;
  // Of the requests done in this second, within 2 %; 0 when none.
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

struct StaleSecond {
  std::uint64_t checks = 0;
  std::uint64_t stale = 0;
  double sum_ms = 0;  ///< Of ages.
  double max_ms = 0;
};

inline constexpr std::array<const char*, 3> request_kind_names{"scan", "check", "read_back"};

struct ReplayResults {
  ReplayEnvironment environment;
  std::chrono::nanoseconds wall{};
  std::chrono::nanoseconds cpu{};
  bool complete = false;
  std::chrono::nanoseconds late_after{};
  std::chrono::nanoseconds shown_within{};
  std::vector<ReplaySender> senders;  ///< By rank; empty: one process.
  /// Machines that sent; 1 where that was one process.
  [[nodiscard]] std::size_t hosts() const;

  std::map<std::tuple<RequestKind, RequestFate, std::uint16_t>, std::uint64_t> requests;
  std::array<LatencyHistogram, 3> latency;  ///< By RequestKind: intended to done. Dropped requests have none.
  std::array<LatencyHistogram, 3> service;  ///< Sent to done.
  std::array<std::vector<ReplaySecond>, 3> seconds;
  std::chrono::nanoseconds last_done{};  ///< Of scans and checks.

  std::uint64_t checks = 0;  ///< With an answer.
  std::uint64_t stale = 0;
  LatencyHistogram stale_simulated;  ///< Ages of all answered checks, fresh ones as 0; one ns is one ms.
  LatencyHistogram stale_replay;
  std::vector<StaleSecond> stale_seconds;

  std::array<std::uint64_t, finding_kinds> findings{};
  std::vector<FindingExample> examples;  ///< By kind, then parcel.
  std::uint64_t read = 0;                ///< Parcels read back.

  // Of a broker that was read back; MEASURES.md, "Brokers".
  bool stored_read = false;
  std::uint64_t stored = 0;          ///< Messages of this replay.
  std::uint64_t stored_again = 0;    ///< Copies of them beyond the first that repeated sending explains.
  std::uint64_t stored_foreign = 0;  ///< Messages that others left at the same place meanwhile.

  std::array<OracleResult, oracles> oracle;
  std::array<Visibility, fault_kinds> visibility;
  std::array<EtaError, eta_horizons> eta_estimated;  ///< The estimate that the page shows.
  std::array<EtaError, eta_horizons> eta_promised;   ///< The promised date that the page shows.
  std::vector<Outage> outages;
  std::vector<Diagnosis> diagnosis;  ///< Likeliest first; empty when nothing was found or nothing fits.
  std::vector<InjectedFault> injected;
  std::array<std::uint64_t, fault_kinds> injected_count{};

  // Tracked, measured, read-back parcels whose promise counts.
  std::uint64_t true_kept = 0;
  std::uint64_t true_broken = 0;
  std::uint64_t shown_kept = 0;
  std::uint64_t shown_broken = 0;
  std::uint64_t hidden_kept = 0;    ///< Kept in truth, not as shown.
  std::uint64_t hidden_broken = 0;  ///< Broken in truth, kept as shown.

  [[nodiscard]] std::uint64_t defects() const;
  /// Named (results/measures/names.hpp): endpoint.*, sent.*, staleness.*, findings, lost_scans ...
  void add_to(MeasureMap& measures) const;
};

struct ReconcileOptions {
  std::chrono::nanoseconds late_after = std::chrono::milliseconds{10};
  std::chrono::nanoseconds shown_within = std::chrono::seconds{1};  ///< Wall time from acknowledgement to page.
  std::size_t examples_max = 200;                                   ///< Per kind.
  /// What the replay publishes besides, or later than, the scans of the run; may be empty.
  std::function<void(std::vector<Scan>&)> amend = nullptr;
};

class Reconciliation final : public ReplayRecorder {
 public:
  /// `world` must outlive this. `parcels` in any order, each once.
  Reconciliation(const World& world, std::vector<TruthParcel> parcels, ShownRules rules,
                 const ReconcileOptions& options = {});
  ~Reconciliation() override;
  Reconciliation(const Reconciliation&) = delete;
  Reconciliation& operator=(const Reconciliation&) = delete;

  /// The truth, before begin(); any order, missed scans and strangers' scans are skipped. May be called repeatedly.
  void truth(std::span<const Scan> scans);

  void begin(const ReplayEnvironment& environment) override;
  void request(const RequestRecord& record) override;
  void injected(const InjectedFault& fault) override;
  void shown(const ShownStatus& status) override;
  void read_back(const ShownParcel& parcel) override;
  void stored(const StoredMessage& message) override;
  void stored_all() override;
  void senders(std::span<const ReplaySender> senders) override;
  void end(std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu, bool complete) override;

  /// Valid after end().
  [[nodiscard]] const ReplayResults& results() const;
  /// The same while it goes on: requests, latency, seconds and findings so far. What is judged at the end (checks,
  /// oracles, outages) is still empty. On the recorder's thread.
  [[nodiscard]] const ReplayResults& so_far() const;
  struct LatestFinding {
    FindingKind kind{};
    ParcelId parcel{};
  };
  /// The last few defects, newest first. Likewise.
  [[nodiscard]] std::vector<LatestFinding> latest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
