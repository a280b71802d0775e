/// The embedded tracking endpoint: a retailer's tracking platform in small, and a drill's default target.
/// Signed webhooks in, tracking pages out, SQLite beneath; correct under duplicates and disorder.
///
///   POST /webhooks/easypost     a Tracker event with its whole history; X-Hmac-Signature
///   POST /webhooks/cloudevents  CloudEvents 1.0, structured or binary (batch when allowed), one scan each
///   POST /capture               an EPCIS 2.0 document of ObjectEvents, taken in with 202: its capture job says what
///   became
///                               of it, GET /capture/ID; Authorization: Bearer SECRET
///   PUT  /parcels, POST /parcels  the shop's own record: promises, so that the page can show them
///   GET  /track/NUMBER          JSON for "Accept: application/json" or "?format=json", else a page for people
///   GET  /healthz, GET /metrics OpenMetrics text
///
/// The same over gRPC where a port for it is given, without TLS (adapters/transport/tracking.proto): one store, one
/// set of rules.
///
/// Promises it keeps:
/// - An acknowledged message is stored: 2xx is written after the commit of the SQLite transaction that
///   holds it. Requests that are ready at the same moment share one commit.
/// - A message delivered twice, or a milestone told again in other words, changes nothing.
/// - What a page shows depends on the set of scans received, never on the order of their arrival
///   (endpoint/history.hpp has the rules).
/// - Every POST and PUT is authenticated over its raw bytes: `X-Hmac-Signature: hmac-sha256-hex=HEX`, or
///   the same in `X-Peakstorm-Signature` (EasyPost's scheme, version 1). In binary CloudEvents the ce-*
///   headers stand outside the signature, as in the standard. EPCIS has no signature: a bearer token proves the sender.
/// - Of an EPCIS document whose sender asks for rollback (the default) every event is kept or none; with proceed the
/// good
///   ones are, and the job's errors name the others by their eventID (`instance`).
/// - Bad input gets a 4xx that names the field; overload gets 503 with Retry-After; memory is bounded.
/// - An instant without an offset is refused with 400: guessing a zone would shift it by hours, silently.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/result.hpp"

namespace peakstorm {

/// Misbehaviour on request, to see whether a drill notices. Which messages it meets depends on their event
/// id or their count, not on chance.
struct EndpointFaults {
  std::uint32_t forget_ppm = 0;      ///< Messages acknowledged and not stored; a redelivery is forgotten as well.
  std::uint32_t refuse_every = 0;    ///< Answer every n-th webhook with 503; 0: none.
  std::uint32_t throttle_every = 0;  ///< Answer every n-th webhook with 429 and Retry-After: 1; 0: none.
  std::uint32_t outage_after = 0;    ///< After so many webhooks ...
  std::uint32_t outage_for = 0;      ///< ... answer this many with 503: an outage, and the retry storm behind it.
  std::uint32_t stall_every = 0;     ///< After every n-th webhook ...
  std::uint32_t stall_ms = 0;        ///< ... the whole endpoint stands still for so long.
  /// EPCIS events per million that their capture job refuses; a redelivery is refused as well.
  std::uint32_t capture_refuse_ppm = 0;
  std::uint32_t capture_stuck_every = 0;  ///< Every n-th capture job runs for ever, and keeps nothing; 0: none.
  bool operator==(const EndpointFaults&) const = default;
};

/// Mistakes that real tracking systems make, each to be had on request, to see whether a drill notices and names it.
/// `endpoint_bugs` says of each what it does and where it was seen. They change what is shown, never the wire.
enum class EndpointBug : std::uint8_t {
  last_write_wins,
  never_go_back,
  delivered_is_final,
  naive_local_time,
  whole_second_instants,
  whole_body_dedup,
  no_dedup,
  retry_counted_twice,
  drop_under_load,
  ack_before_store,
  drops_late_scans,
  first_entry_only,
  reused_number_keeps_history,
  skips_signature_check,
  missing_signature_passes,
  int_weight_signature,
  server_error_on_bad_signature,
  date_only_eta,
  case_sensitive_status,
  rejects_unknown_fields,
  takes_ghosts,
  stale_cache,
};
inline constexpr std::size_t endpoint_bug_count = 22;
using EndpointBugs = std::bitset<endpoint_bug_count>;  ///< By EndpointBug number.

struct EndpointBugInfo {
  EndpointBug bug{};
  std::string_view name;  ///< As on the command line.
  std::string_view does;  ///< One sentence.
  std::string_view seen;  ///< Where such a mistake was seen.
};
/// All of them, by number.
std::span<const EndpointBugInfo> endpoint_bugs();
/// None for a name that is not one of `endpoint_bugs`.
std::optional<EndpointBug> endpoint_bug(std::string_view name);

struct EndpointOptions {
  std::string address = "127.0.0.1";       ///< Numeric IPv4 or IPv6 address to listen on.
  bool allow_any_address = false;          ///< Otherwise only loopback addresses are accepted.
  std::uint16_t port = 0;                  ///< 0: a free one; see TrackingEndpoint::port.
  std::optional<std::uint16_t> grpc_port;  ///< Serve gRPC as well; 0: a free port, see TrackingEndpoint::grpc_port.
  std::string database;                    ///< File, created when absent; empty: in memory, gone with the endpoint.
  /// False: an acknowledged message survives the end of the process (kill -9) but the last ones not a
  /// power cut. True: it survives both; every commit waits for the disk.
  bool survive_power_loss = false;
  std::string secret;           ///< Of the signatures; printable ASCII. From the environment or a file.
  bool allow_unsigned = false;  ///< With an empty `secret`: take messages from anybody. Never signed ones then.
  /// Messages about numbers that PUT /parcels never told get 404: a shop's platform has no business with them.
  bool registered_only = false;
  bool allow_batches = false;  ///< CloudEvents batches, which the standard forbids unless solicited.
  std::string promises_file;   ///< JSON as for PUT /parcels, read at the start; empty: none.
  /// Of one EPCIS document; more get 413. Told in GS1-EPCIS-Capture-Limit, as body_bytes_max is in -File-Size-Limit.
  std::size_t capture_events_max = 500;
  std::size_t body_bytes_max = 4U << 20U;       ///< Of one request; longer ones get 413.
  std::size_t pending_bytes_max = 128U << 20U;  ///< Bodies being received, all connections; beyond: 503.
  std::size_t connections_max = 1024;           ///< Beyond: 503 and closed.
  std::size_t cached_scans_max = 1'000'000;     ///< Scans kept in memory, about 120 B each; the rest is read back.
  std::uint32_t patience_ms = 30'000;           ///< To receive a request or send a reply; ten times that between
                                                ///< two requests. Then the connection is closed.
  EndpointFaults faults;
  EndpointBugs bugs;  ///< None: correct.
};

/// Counts since the start. Each is exact; together they may be torn by a message in between.
struct EndpointStats {
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;             ///< Answered with 4xx.
  std::uint64_t overloaded = 0;          ///< Answered with 503.
  std::uint64_t messages = 0;            ///< Webhook messages acknowledged, duplicates included.
  std::uint64_t duplicate_messages = 0;  ///< Of which known by their event id.
  std::uint64_t scans_stored = 0;        ///< New milestones.
  std::uint64_t scans_repeated = 0;      ///< Milestones that were already known.
  std::uint64_t scans_unmapped = 0;      ///< History entries whose status is not in the vocabulary; skipped.
  std::uint64_t promises = 0;            ///< Records of PUT and POST /parcels.
  std::uint64_t pages = 0;               ///< GET /track, found or not.
  std::uint64_t commits = 0;
  std::uint64_t connections = 0;  ///< Open now.
};

/// Serves from its own thread from `start` until `stop` or destruction. All members may be called from
/// any thread, `stop` by one at a time.
class TrackingEndpoint {
 public:
  /// Opens the database, listens, serves. Errors: bad_input (address, secret, promises file), io (the
  /// database cannot be opened, or the port is taken).
  static Result<std::unique_ptr<TrackingEndpoint>> start(EndpointOptions options);
  TrackingEndpoint(const TrackingEndpoint&) = delete;
  TrackingEndpoint& operator=(const TrackingEndpoint&) = delete;
  TrackingEndpoint(TrackingEndpoint&&) = delete;
  TrackingEndpoint& operator=(TrackingEndpoint&&) = delete;
  ~TrackingEndpoint();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;          ///< "http://127.0.0.1:41234", no slash at the end.
  [[nodiscard]] std::uint16_t grpc_port() const;  ///< 0 when gRPC is not served.
  [[nodiscard]] std::string grpc_url() const;     ///< "grpc://127.0.0.1:41235". Requires: gRPC is served.
  /// Closes every connection, commits what is pending and joins the thread. Idempotent.
  void stop();
  [[nodiscard]] EndpointStats stats() const;

 private:
  class Impl;
  explicit TrackingEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
