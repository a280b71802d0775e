/// EPCIS 2.0 (GS1; CBV 2.0 words): scans as ObjectEvents of an EPCISDocument for POST /capture, and what a repository's
/// answers mean.
///
///   eventID    a UUID URN made from the parcel's stable key and the scan's number. Optional in the standard, but a
///              repository that mints one takes a redelivery for a new event
///   eventTime  UTC, with eventTimeZoneOffset the place's own offset ("+00:00", never "Z")
///   epcList    https://peakstorm.example/parcel/NUMBER: ids must be URIs, and no GS1 prefix is ours to use
///   bizStep, disposition  as tabulated in status_map.cpp. CBV has no word for "out for delivery" and a few others;
///   those are
///              URIs of our own, which the standard allows
/// A retraction tells the delivered event again, the same id and all, with an errorDeclaration (did_not_occur); one
/// without a delivery before it is told like any other scan.
///
/// 202 means that the repository has taken the batch in, not that it keeps it: the capture job named by Location says
/// that, when it has run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

/// What the repository does with the rest of a batch when one event is wrong: GS1-Capture-Error-Behaviour.
enum class CaptureErrors : std::uint8_t {
  rollback,  ///< It keeps nothing of the batch.
  proceed,   ///< It keeps the good ones.
};

/// EPCIS has no signature; with a secret, messages carry it as a bearer token. Errors: bad_input for a secret beyond
/// printable ASCII.
Result<std::unique_ptr<WireFormat>> make_epcis(const World& world, const FormatOptions& options, CaptureErrors errors);
/// In one document. What a repository admits is in its GS1-EPCIS-Capture-Limit; more gets 413.
inline constexpr unsigned epcis_batch_max = 500;

/// What to do about a batch after the answer to POST /capture.
enum class CaptureStep : std::uint8_t {
  poll,    ///< Taken in; ask the job at `job`.
  stored,  ///< Kept (201 of POST /events).
  split,   ///< Too long (413): send halves; a single event that is too long is refused.
  again,   ///< Not now (408, 429, 5xx, or 202 without a Location): send it again later.
  refuse,  ///< Never (other 4xx): `problem` says why.
};
struct CaptureReply {
  CaptureStep step = CaptureStep::again;
  std::string job;      ///< Path of the capture job.
  std::string problem;  ///< Title or detail of an RFC 7807 problem document; empty when there is none.
};
/// Never fails: an answer that makes no sense is `again`. `location` is that header, absolute or a path.
CaptureReply read_capture_reply(unsigned status, std::string_view location, std::string_view body);

/// GET /capture/ID, a CaptureJob.
struct CaptureJob {
  bool running = false;
  bool success = false;
  CaptureErrors on_error = CaptureErrors::rollback;
  std::vector<std::string> errors;  ///< Titles of the problems, in the order given.
  std::vector<std::string> whole;   ///< The problems whole, likewise: one may name its event in any member.
};
/// Errors: malformed_reply, naming the member.
Result<CaptureJob> read_capture_job(std::string_view body);

/// What a job's answer means for its batch.
enum class CaptureFate : std::uint8_t {
  pending,  ///< Ask again.
  kept,     ///< All events are stored.
  partly,   ///< Some were refused and the others are stored; `name_refused` finds which.
  lost,     ///< None is stored.
};
constexpr CaptureFate fate_of(const CaptureJob& job) {
  if (job.running) return CaptureFate::pending;
  if (job.success && job.errors.empty()) return CaptureFate::kept;
  return job.on_error == CaptureErrors::proceed ? CaptureFate::partly : CaptureFate::lost;
}

/// Which events of a job that kept others were refused: those whose id stands in one of its errors. The standard has no
/// member for it; repositories put it into `instance`, `detail` or `title`. False, `refused` being empty, when an error
/// names none of `ids`: then nothing is known of any event.
bool name_refused(const CaptureJob& job, std::span<const std::string> ids, std::vector<bool>& refused);

}  // namespace peakstorm::wire
