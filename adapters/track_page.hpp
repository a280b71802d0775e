/// How a platform tells of a parcel: which request asks for it, where its answer has what, and what its words mean.
/// The embedded endpoint's own page (wire_format.hpp) is one such description; a user describes his platform's in a
/// TOML file, which `--track-page FILE` names:
///
///   words = "easypost"                    # or [words] below; without either, the canonical names of scan kinds
///
///   [request]
///   method = "GET"                        # or POST; GET unless given
///   path = "/v1/parcels/{number}"         # below the target's URL; {number} is percent-encoded
///   body = '{"number": "{number}"}'       # of a POST: {number} as within a JSON string
///   not_found = [404]                     # status codes that mean "no such parcel"; 404 unless given
///   headers = { Authorization = "Bearer {env:TRACK_TOKEN}" }   # {env:NAME}: from the environment
///
///   [parcel]                              # JSON pointers (RFC 6901)
///   root = "/results/0"                   # the parcel within the answer; nothing there: no such parcel
///   status = "/status"                    # within the parcel, as are the next four. Several pointers in brackets:
///   scans = "/events"                     #   their texts, joined by "/"
///   delivered_at = "/delivered/at"        # optional; without it, the last shown delivery that no retraction takes
///   back promise_date = "/promise"             # optional: a date, or an instant whose date counts as it is written
///   estimated_date = "/eta"               # likewise
///
///   [scan]                                # within each entry of scans
///   at = "/time"
///   kind = ["/code", "/detail"]
///   place = "/city"                       # optional; without it, places are not compared
///   instants = "rfc3339"                  # or unix_s, unix_ms (numbers); also for delivered_at
///   precision = "millisecond"             # or second, minute: what the page tells at most; finer truth is cut
///
///   [words]                               # what `kind` says, and which kinds of scan that is
///   "OUT" = "out_for_delivery"
///   "MOVING" = ["accepted", "departed", "arrived", "processed"]   # read back as the first of them
///   "ORDERED" = []                        # an entry of the platform's own: passed over
///
///   [status_words]                        # what `status` says, where that has other words than the scans
///   "DONE" = "delivered"
///
/// A kind that no word stands for is not shown on this page, and the reconciliation does not expect it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/status_map.hpp"
#include "adapters/wire_format.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"

namespace peakstorm::wire {

/// A vocabulary of a page. Immutable once made.
struct PageWords {
  /// By word; no kind: the entry is passed over.
  std::vector<std::pair<std::string, std::optional<ScanKind>>> kinds;
  ShownKinds shown{};     ///< What a scan of each kind reads back as.
  bool easypost = false;  ///< "status/detail" in EasyPost's own words instead of `kinds`.
};

/// Immutable once made; safe from any thread.
struct TrackPage {
  enum class Instants : std::uint8_t { rfc3339, unix_s, unix_ms };
  using Pointer = std::string;  ///< RFC 6901.

  std::string method = "GET";
  std::string path = "/track/{number}";
  std::string headers = "Accept: application/json\r\n";  ///< Complete lines.
  std::string body;
  std::vector<unsigned> not_found{404};
  Pointer root;
  std::vector<Pointer> status{"/status"};
  Pointer scans = "/scans";
  std::optional<Pointer> delivered_at;
  std::optional<Pointer> promise_date;
  std::optional<Pointer> estimated_date;
  Pointer scan_at = "/at";
  std::vector<Pointer> scan_kind{"/kind"};
  std::optional<Pointer> scan_place;
  Instants instants = Instants::rfc3339;
  std::int64_t precision_ms = 1;
  PageWords scan_words;
  PageWords status_words;
};

/// GET /track/NUMBER of the embedded endpoint, as wire_format.hpp has it.
const TrackPage& own_track_page();
/// `page`, or the own one where there is none.
inline const TrackPage& page_or_own(const std::shared_ptr<const TrackPage>& page) {
  return page ? *page : own_track_page();
}

/// Errors: bad_input as "FILE:LINE:COLUMN: key: what; cure"; a header's variable that is not set.
Result<std::shared_ptr<const TrackPage>> read_track_page_file(const std::string& path);
/// The same for a text at hand; `file` is for messages.
Result<std::shared_ptr<const TrackPage>> parse_track_page(std::string_view text, std::string_view file);

/// Writes the request for a parcel's page; the buffers of `out` are reused.
void ask_for_page(const TrackPage& page, std::string_view tracking_number, Message& out);

/// What the page answered. `found` is false where it says so, and when it knows the parcel but no status yet (null).
/// Errors: malformed_reply, naming the request and what is wrong with the answer. `first_day_unix` turns dates into
/// days of the run.
Result<ShownParcel> read_page(const TrackPage& page, ParcelId parcel, unsigned status, std::string_view body,
                              std::int64_t first_day_unix);

/// A scan as such a page shows it at best, of one as the format carries it; none: not at all.
std::optional<ShownScan> as_on_page(const TrackPage& page, ShownScan scan);
/// A status likewise.
std::optional<ScanKind> status_on_page(const TrackPage& page, ScanKind status);

}  // namespace peakstorm::wire
