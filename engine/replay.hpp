/// Where replay and results meet without knowing each other: `results` offers what to replay
/// (`ReplaySource`) and keeps what happened (`ReplayRecorder`); `adapters/replay` uses both.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/faults.hpp"
#include "engine/result.hpp"
#include "engine/scan.hpp"

namespace peakstorm {

/// One thing to send: a scan the carrier publishes, or a shopper's look at the tracking page.
struct ReplayItem {
  SimTime at;  ///< Intended simulated instant: Scan::reported, or the act's instant.
  bool is_check = false;
  Scan scan;  ///< When not a check.
  ParcelId parcel{};
};

/// What to replay, ascending by (at, parcel_key, sequence). Single reader.
class ReplaySource {
 public:
  virtual ~ReplaySource() = default;
  /// Appends up to `limit` further items; nothing appended means the end. Errors: bad_input, io (a run that was stored
  /// and is damaged or gone).
  virtual Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) = 0;
  /// Totals, known beforehand: published scans and checks, and the span of their instants.
  struct Totals {
    std::uint64_t scans = 0;
    std::uint64_t checks = 0;
    SimTime first;
    SimTime last;
  };
  [[nodiscard]] virtual Totals totals() const = 0;
  /// Facts of a tracked parcel; nullptr when unknown. Valid as long as the source.
  [[nodiscard]] virtual const ParcelFacts* facts(ParcelId parcel) const = 0;
  /// All tracked parcels, for the read-back.
  [[nodiscard]] virtual std::span<const ParcelFacts> parcels() const = 0;
};

enum class RequestKind : std::uint8_t { scan, check, read_back };
enum class RequestFate : std::uint8_t {
  accepted,  ///< The endpoint took it (its profile's success codes).
  refused,   ///< It answered, but not with success.
  timed_out,
  broken,   ///< Connection refused or lost, or the reply was no reply.
  dropped,  ///< No sender was free before its patience ran out: never sent.
};
inline constexpr std::array<const char*, 5> request_fate_names{"accepted", "refused", "timed_out", "broken", "dropped"};

/// An attempt at a scan, a check or a page. Scans that share a request have a record each. Times are wall clock since
/// the replay began, from the injected Clock.
struct RequestRecord {
  RequestKind kind = RequestKind::scan;
  RequestFate fate = RequestFate::accepted;
  std::uint16_t status = 0;  ///< HTTP status; 0 when there was none.
  ParcelId parcel{};
  std::uint8_t sequence = 0;  ///< Of the scan.
  std::chrono::nanoseconds intended{};
  std::chrono::nanoseconds sent{};
  std::chrono::nanoseconds done{};
  std::uint32_t in_flight = 0;        ///< Requests under way when it was sent, itself included.
  FaultKind fault = FaultKind::none;  ///< Message faults: this request is the fault, not the scan's own.
  /// Held back on purpose, until its batch was sent: neither late nor its sender's fault, but part of the latency.
  std::chrono::nanoseconds held{};
  bool by_job = false;  ///< Taken in with `status`; the fate is what was said of it afterwards.
};

/// A scan as the endpoint shows it.
struct ShownScan {
  std::int64_t unix_ms = 0;
  ScanKind kind = ScanKind::label_created;
  std::string place;
};

/// What a shopper would see for a parcel, after the replay.
struct ShownParcel {
  ParcelId parcel{};
  bool found = false;
  ScanKind status = ScanKind::label_created;
  std::optional<Day> promise_day;  ///< Shown date, local to the destination.
  std::optional<Day> estimated_day;
  std::optional<std::int64_t> delivered_unix_ms;
  std::vector<ShownScan> scans;  ///< In the order shown.
  /// The page of a number that was made up beside this parcel's (FaultKind::ghost).
  bool ghost = false;
};

/// A check's view: what the page showed at an instant, for staleness.
struct ShownStatus {
  ParcelId parcel{};
  std::chrono::nanoseconds at{};  ///< When the reply came.
  SimTime simulated;              ///< The check's own simulated instant.
  bool found = false;
  ScanKind status = ScanKind::label_created;
  std::uint32_t scans_shown = 0;
  std::optional<Day> promise_day = std::nullopt;
  std::optional<Day> estimated_day = std::nullopt;
};

/// A message that a broker has stored, as it gives it back after the replay.
struct StoredMessage {
  bool known = false;  ///< One that this replay sent; the rest is meaningless otherwise.
  ParcelId parcel{};
  std::uint8_t sequence = 0;          ///< Of the scan.
  FaultKind fault = FaultKind::none;  ///< The message is this fault; a redelivery is the scan's own message again.
  bool intact = true;                 ///< The body is the one that was sent.
};

struct ReplayEnvironment {
  std::string target;  ///< URL without credentials.
  std::string format;
  double speed = 0;     ///< Simulated seconds per wall second; 0 when a fixed rate.
  double rate = 0;      ///< Requests per second; 0 when by time.
  bool broker = false;  ///< The target keeps messages; it shows no pages and judges no signatures.
};

/// One of several processes that sent a replay together.
struct ReplaySender {
  std::uint32_t rank = 0;
  std::string host;  ///< Its name.
  std::uint64_t scans = 0;
  std::uint64_t checks = 0;
  std::uint64_t attempts = 0;
  std::uint64_t late = 0;
  std::chrono::nanoseconds cpu{};
  // Of its clock against rank 0's: what it showed beyond it at the start, how true that is, and by how much the two ran
  // apart until the end.
  std::chrono::nanoseconds clock_offset{};
  std::chrono::nanoseconds clock_uncertainty{};
  std::chrono::nanoseconds clock_drift{};
};

/// Keeps what happened. Called from one thread.
class ReplayRecorder {
 public:
  virtual ~ReplayRecorder() = default;
  virtual void begin(const ReplayEnvironment& environment) = 0;
  virtual void request(const RequestRecord& record) = 0;
  /// A fault is about to be done to a scan; before the requests it concerns.
  virtual void injected(const InjectedFault& /*fault*/) {}
  virtual void shown(const ShownStatus& status) = 0;
  virtual void read_back(const ShownParcel& parcel) = 0;
  /// A message that the broker has stored, in the broker's order; after the last request.
  virtual void stored(const StoredMessage& message) = 0;
  /// The broker has been read to its end: what was not told to `stored` is not there.
  virtual void stored_all() = 0;
  /// Who sent it, by rank, when they were several; before end.
  virtual void senders(std::span<const ReplaySender> /*senders*/) {}
  /// Processor time of the sending process and whether the replay ran to its end.
  virtual void end(std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu, bool complete) = 0;
};

/// How a carrier that stands in for a real one took a question about a number.
enum class PollFate : std::uint8_t {
  told,       ///< With what the carrier knew.
  unknown,    ///< A number that it did not know, or not yet.
  refused,    ///< No right to ask, or no question (4xx).
  throttled,  ///< Asked too often (429).
  failed,     ///< A server's error, made on purpose (5xx).
};
inline constexpr std::array<const char*, 5> poll_fate_names{"told", "unknown", "refused", "throttled", "failed"};

/// One number in one request of a platform that polls. A request that is turned away as a whole is one record of
/// whatever number.
struct PollRecord {
  std::uint8_t api = 0;  ///< By the order in which the APIs are listed where the ledger is made.
  PollFate fate = PollFate::told;
  bool slowed = false;  ///< Answered late on purpose.
  bool stale = false;   ///< Told what stood in an old cache.
  bool news = false;    ///< Told: a scan was among it that this API had not told of this parcel before.
  ParcelId parcel{};    ///< When told.
  SimTime at;           ///< How far simulated time had come.
  SimDuration age{};    ///< When told: since the newest scan in it was published.
};

/// Keeps how a platform polled. Called from one thread.
class PollRecorder {
 public:
  virtual ~PollRecorder() = default;
  virtual void polled(const PollRecord& record) = 0;
};

}  // namespace peakstorm
