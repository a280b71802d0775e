/// Words: scans to requests, replies to meaning. Pure: no socket, no clock, no thread of its own. One
/// class per carrier or platform format; any format goes over any `Transport`.
///
/// What both the replay and the embedded endpoint build on:
///
///   POST /webhooks/FORMAT          a scan, in FORMAT ("easypost", "cloudevents"), signed where the format signs
///   PUT  /parcels                  the shop's side: promises, so that the page can show them; signed like EasyPost.
///   Body
///                                  {"parcels":[{"tracking_number":"1Z...","promise_date":"2013-12-24",
///                                  "window_from":"08:00","window_to":"20:00","destination":"752",
///                                  "time_zone":"America/Chicago"}]}; promise_date, window_* and time_zone may be null.
///   GET  /track/NUMBER             with "Accept: application/json": 200 or 404 and
///                                  {"tracking_number":"1Z...","status":"out_for_delivery","promise_date":"2013-12-24",
///                                  "estimated_date":"2013-12-24","delivered_at":"2013-12-24T18:03:00.000Z",
///                                  "scans":[{"at":"2013-12-24T18:03:00.000Z","kind":"delivered","place":"dallas"}]}
///                                  with canonical kind names; dates are local to the destination; what is not known is
///                                  null; unknown members are ignored.
#pragma once

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
  void clear() {
    path.clear();
    headers.clear();
    body.clear();
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

/// Encodes one scan per call. Not thread-safe (buffers are reused); one instance per sending thread.
class WireFormat {
 public:
  virtual ~WireFormat() = default;
  /// "easypost" or "cloudevents"; also in the path of the embedded endpoint.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Writes the message that announces `parcel.scan`. The same scan with the same
  /// history gives the same bytes: a redelivery keeps its ids and its signature.
  virtual void encode(const ParcelView& parcel, Message& out) = 0;
  /// True when the receiver's answer means that it took the message.
  [[nodiscard]] virtual bool accepts(unsigned status) const { return status >= 200 && status < 300; }
  /// True when encode reads `history`; otherwise it reads `scan` alone and `history` may be empty.
  [[nodiscard]] virtual bool carries_history() const = 0;
  /// What a scan of each kind is shown as at best, once through this format.
  [[nodiscard]] virtual const ShownKinds& shown() const = 0;
};

/// Formats by name, for messages of errors and help: "easypost", "cloudevents", "cloudevents-binary".
std::span<const std::string_view> format_names();

struct FormatOptions {
  std::string secret;  ///< Of the signature; from the environment or a file. Never printed or stored.
  std::string path;    ///< Where to post; empty: the embedded endpoint's path of the format.
};
/// Errors: bad_input for a name that is not one of `format_names`, or a secret missing where one is needed.
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
void append_promise(const World& world, const ParcelFacts& facts, std::string_view tracking_number, std::string& out);

/// PUT /parcels with these elements (joined by commas), signed with the secret when there is one.
Message promises_message(std::string_view elements, std::string_view secret);

}  // namespace peakstorm::wire
