/// Words: scans to requests, replies to meaning. Pure: no socket, no clock, no thread of its own. One
/// class per carrier or platform format; any format goes over any `Transport`.
///
/// What both the replay and the embedded endpoint build on:
///
///   POST /webhooks/FORMAT          a scan, in FORMAT ("easypost", "cloudevents"), signed where the format signs
///   PUT  /parcels                  the shop's side: promises, so that the page can show them; signed like EasyPost.
///   Body
///                                  {"parcels":[{"tracking_number":"1Z...","order_number":"...","promise_date":"2013-12-24",
///                                  "window_from":"08:00","window_to":"20:00","destination":"752",
///                                  "time_zone":"America/Chicago"}]}; promise_date, window_* and time_zone may be null.
///   GET  /track/NUMBER             with "Accept: application/json": 200 or 404 and
///                                  {"tracking_number":"1Z...","status":"out_for_delivery","promise_date":"2013-12-24",
///                                  "estimated_date":"2013-12-24","delivered_at":"2013-12-24T18:03:00.000Z",
///                                  "scans":[{"at":"2013-12-24T18:03:00.000Z","kind":"delivered","place":"dallas"}]}
///                                  with canonical kind names; dates are local to the destination; what is not known is
///                                  null; unknown members are ignored.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/status_map.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"
#include "engine/scan.hpp"
#include "engine/world.hpp"

namespace peakstorm::wire {

/// An HTTP request without its connection. Buffers are reused: `clear` keeps their memory.
struct Message {
  std::string method = "POST";
  std::string path;
  std::string headers;  ///< Complete lines, "Name: value\r\n" each; Host and Content-Length are the transport's.
  std::string body;
  std::string covered;  ///< What a signature is over where that is not the body; never sent.
  void clear() {
    path.clear();
    headers.clear();
    body.clear();
    covered.clear();
  }
};

/// The parcel a scan belongs to, as far as messages tell of it.
struct ParcelView {
  const ParcelFacts& facts;
  std::string_view tracking_number;
  /// The parcel's scans published so far, the new one among them, ascending by (at, sequence): a late scan
  /// stands where it happened, not where it was published.
  std::span<const Scan> history;
  const Scan& scan;  ///< The new one.
};

/// How a platform repeats a message that was not taken: as it documents it, in wall time of real life. Values.
/// Attempt n + 1 follows the n-th after `first` * `growth`^(n - 1), at most `longest`.
struct RetryPolicy {
  /// Which answers are worth another attempt; no answer at all always is.
  enum class Repeats : std::uint8_t {
    transient,        ///< 5xx, 429 and 408: what most senders do.
    all_not_success,  ///< Everything that `accepts` does not take, as some platforms say.
  };
  bool documented = false;    ///< False: the platform says nothing, and the sender's own back-off holds.
  unsigned attempts_max = 1;  ///< The first included; >= 1.
  std::chrono::milliseconds first{0};
  unsigned growth = 1;  ///< 1: always the same pause; 2: doubling.
  std::chrono::milliseconds longest = std::chrono::milliseconds::max();
  std::uint32_t jitter_ppm = 0;  ///< A pause is drawn evenly from [1 - j, 1 + j] times its length.
  Repeats repeats = Repeats::transient;

  /// Pause before the next attempt when `made` >= 1 have been made. `draw` in [0, 2^32) chooses within the jitter.
  [[nodiscard]] std::chrono::milliseconds pause(unsigned made, std::uint32_t draw) const;
  bool operator==(const RetryPolicy&) const = default;
};

/// What a platform documents about receivers of its messages. 0: it says nothing.
struct DeliveryLimits {
  std::chrono::milliseconds patience{0};  ///< For an answer; a slower one counts as none.
  unsigned batch_max = 1;                 ///< Scans in one message.
  std::size_t body_bytes_max = 0;
  unsigned failures_before_disabled = 0;  ///< Failed messages in a row, after which the platform stops sending.
};

/// What an answer says of a message, for formats whose receivers take messages in before they keep them.
enum class Receipt : std::uint8_t {
  kept,     ///< The receiver has it.
  pending,  ///< Taken in: ask for the path of the receipt later.
  again,    ///< Not now: worth another attempt.
  refused,  ///< Never.
  split,    ///< Too long: worth an attempt in halves, where there are two.
  partly,   ///< The receiver has some of its scans and never will have the others.
};

/// Encodes one scan per call. Not thread-safe (buffers are reused); one instance per sending thread.
class WireFormat {
 public:
  virtual ~WireFormat() = default;
  /// One of `format_names`.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Writes the message that announces `parcel.scan`, without its signature. The same scan with the same
  /// history gives the same bytes: a redelivery keeps its ids.
  virtual void encode(const ParcelView& parcel, Message& out) = 0;
  /// Writes one message for several scans. Requires: 1 to `limits().batch_max` parcels.
  virtual void encode_batch(std::span<const ParcelView> parcels, Message& out);
  /// Appends the headers that prove the sender, to a message that `encode` wrote. They may tell the instant of
  /// sending (`unix_ms`, wall time), so that each attempt is signed anew. Nothing for formats that do not sign.
  virtual void sign(std::int64_t unix_ms, Message& message) = 0;
  /// True when the receiver's answer means that it took the message.
  [[nodiscard]] virtual bool accepts(unsigned status) const { return status >= 200 && status < 300; }
  /// What the receiver's answer says. `job` is set to the path to ask where that is `pending`; `location` is the
  /// answer's header, absolute or a path. Unless a format says more: `kept` where it accepts the status, `again` for
  /// 5xx, 429 and 408, `split` for 413.
  [[nodiscard]] virtual Receipt receipt(unsigned status, std::string_view location, std::string_view body,
                                        std::string& job) const;
  /// What the answer to GET of that path says of a message of scans with these `event_id`s. On `partly` alone `refused`
  /// has, for each of them, whether it is not kept. Never fails: an answer that makes no sense is `pending`.
  [[nodiscard]] virtual Receipt job_receipt(unsigned status, std::string_view body, std::span<const std::string> ids,
                                            std::vector<bool>& refused) const;
  /// Under which the receiver speaks of the scan that `encode` tells; empty for formats without such ids.
  [[nodiscard]] virtual std::string event_id(const ParcelView& /*parcel*/) const { return {}; }
  /// True when encode reads `history`; otherwise it reads `scan` alone and `history` may be empty.
  [[nodiscard]] virtual bool carries_history() const = 0;
  /// What a scan of each kind is shown as at best, once through this format.
  [[nodiscard]] virtual const ShownKinds& shown() const = 0;
  [[nodiscard]] virtual RetryPolicy retries() const { return {}; }
  [[nodiscard]] virtual DeliveryLimits limits() const { return {}; }
  /// The JWKS document by which receivers check this format's signatures; empty where those take no public key. A
  /// platform serves it; who replays serves it in its place.
  [[nodiscard]] virtual std::string_view jwks() const { return {}; }
};

/// Formats by name, for messages of errors and help: "easypost", "shippo", "ups-track-alert/as-wired" ... A name alone
/// is the published schema to the letter; "/as-wired" has the quirks that receivers meet (adapters/wire/README.md).
std::span<const std::string_view> format_names();

/// What a scan of each kind is shown as at best, once through the format of this name: WireFormat::shown without a
/// World or a secret. Errors: bad_input for an unknown name.
Result<ShownKinds> shown_kinds(std::string_view name);

/// False for templates of Protobuf messages, whose bytes cannot be searched for instants and numbers. Reads the file.
bool body_is_text(std::string_view name);

/// How many scans one message of the format of this name may tell. Errors: as `shown_kinds`.
Result<unsigned> batch_max(std::string_view name);

/// True when the embedded endpoint understands what this format sends.
bool embedded_endpoint_reads(std::string_view name);

struct FormatOptions {
  std::string secret;  ///< Of the signature; from the environment or a file. Never printed or stored.
  std::string path;    ///< Where to post; empty: the embedded endpoint's path of the format.
};
/// `name` is one of `format_names`, or "template:FILE" with the user's own message (adapters/wire/README.md).
/// Errors: bad_input for an unknown name, a secret missing where one is needed, or a template with a fault, which is
/// named by file, line and column; io for a file that cannot be read.
/// `world` must outlive the format.
Result<std::unique_ptr<WireFormat>> make_format(std::string_view name, const World& world,
                                                const FormatOptions& options);

/// What GET /track/NUMBER answered. `found` is false on 404, and when the page knows the promise but no scan yet
/// (status null). Errors: malformed_reply, naming what is wrong.
/// `first_day_unix` turns dates into days of the run.
Result<ShownParcel> decode_track_page(ParcelId parcel, unsigned status, std::string_view body,
                                      std::int64_t first_day_unix);

/// Path of the tracking page of a number, percent-encoded.
std::string track_path(std::string_view tracking_number);

/// Appends the JSON element of PUT /parcels for one parcel.
/// `another_order`: the number now belongs to another parcel, of which nothing is promised.
void append_promise(const World& world, const ParcelFacts& facts, std::string_view tracking_number, std::string& out,
                    bool another_order = false);

/// PUT /parcels with these elements (joined by commas), signed with the secret when there is one.
Message promises_message(std::string_view elements, std::string_view secret);

}  // namespace peakstorm::wire
