#include "adapters/endpoint/bugs.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <exception>

#include "engine/time.hpp"

namespace peakstorm {
namespace {

constexpr std::array<EndpointBugInfo, endpoint_bug_count> all{{
    {EndpointBug::last_write_wins, "last-write-wins", "The status is that of the message which arrived last.",
     "open-source shipping platforms and flow-based receivers that store 'status' as it comes"},
    {EndpointBug::never_go_back, "never-go-back", "The status only ever moves forward in the usual order of a journey.",
     "receivers with a forward-only guard against late scans"},
    {EndpointBug::delivered_is_final, "delivered-is-final", "Nothing told after a delivery is stored.",
     "shops that close a shipment on delivery; a delivery taken back never shows"},
    {EndpointBug::naive_local_time, "naive-local-time", "Offsets are cut off and the local reading is taken for UTC.",
     "carrier plug-ins of shop systems; estimates were off by the zone's offset"},
    {EndpointBug::whole_second_instants, "whole-second-instants", "Fractions of a second are cut off.",
     "databases whose column type keeps no fraction; two scans of one second change places"},
    {EndpointBug::whole_body_dedup, "whole-body-dedup", "Two tellings are the same only when every byte is.",
     "aggregators that compare an event's whole JSON; a milestone told in other words stands twice"},
    {EndpointBug::no_dedup, "no-dedup", "Whatever arrives is appended.",
     "receivers of mail and carrier webhooks whose senders repeat messages as documented"},
    {EndpointBug::retry_counted_twice, "retry-counted-twice",
     "Now and then a message is stored and 503 answered; the retry is stored again.",
     "receivers that time out after their insert, behind proxies with a short patience"},
    {EndpointBug::drop_under_load, "drop-under-load", "Of messages at the same moment only the first four are stored.",
     "bounded queues that shed silently once they are full"},
    {EndpointBug::ack_before_store, "ack-before-store",
     "2xx is answered from memory; when the process dies, as after every 97th message here, the last eight are gone.",
     "receivers that answer first and work later"},
    {EndpointBug::drops_late_scans, "drops-late-scans", "A scan older than the newest known one is thrown away.",
     "stream processors with a watermark, stores that refuse an id below the last"},
    {EndpointBug::first_entry_only, "first-entry-only", "Of the entries of a message only the first is read.",
     "receivers written against a sample with one event"},
    {EndpointBug::reused_number_keeps_history, "reused-number-keeps-history",
     "A number that is used again shows the old parcel's scans as well.",
     "shops keyed by tracking number alone; new orders looked delivered at once"},
    {EndpointBug::skips_signature_check, "skips-signature-check", "Signatures are not looked at.",
     "receivers whose check was switched off for a test"},
    {EndpointBug::missing_signature_passes, "missing-signature-passes", "A message without a signature is taken.",
     "receivers that verify 'if the header is there'"},
    {EndpointBug::int_weight_signature, "int-weight-signature",
     "The signature is checked over the body parsed and printed again, where 17.0 became 17.",
     "verifiers behind a JSON middleware; an official one turns 17 into 17.0"},
    {EndpointBug::server_error_on_bad_signature, "500-on-bad-signature", "A bad signature is answered with 500.",
     "a widely used webhook runner; the sender repeats a forgery for days"},
    {EndpointBug::date_only_eta, "date-only-eta", "A promised date is read as midnight UTC and shown in local time.",
     "shop front ends; every date west of Greenwich is a day early"},
    {EndpointBug::case_sensitive_status, "case-sensitive-status", "A status in other letters' case is unknown.",
     "mapping tables keyed by the exact text of the documentation"},
    {EndpointBug::rejects_unknown_fields, "rejects-unknown-fields", "A member that is not in the documentation is 400.",
     "strict schema validation at the door; the day the carrier adds a field, tracking stops"},
    {EndpointBug::takes_ghosts, "takes-ghosts", "Numbers that the shop never shipped get a page.",
     "receivers that create what they do not find"},
    {EndpointBug::stale_cache, "stale-cache", "Pages are served from a cache that nothing refreshes.",
     "content delivery networks in front of tracking pages"},
}};

}  // namespace

std::span<const EndpointBugInfo> endpoint_bugs() {
  return all;
}

std::optional<EndpointBug> endpoint_bug(std::string_view name) {
  const auto* const found = std::find_if(all.begin(), all.end(), [&](const auto& bug) { return bug.name == name; });
  if (found == all.end()) return std::nullopt;
  return found->bug;
}

namespace endpoint {

void misread(const EndpointBugs& bugs, Delivery& delivery) {
  if (has(bugs, EndpointBug::first_entry_only) && delivery.milestones.size() > 1) delivery.milestones.resize(1);
  for (Milestone& m : delivery.milestones) {
    if (has(bugs, EndpointBug::naive_local_time)) {
      m.at_ms += m.offset_minutes * std::int64_t{60'000};
      m.offset_minutes = 0;
    }
    if (has(bugs, EndpointBug::whole_second_instants)) m.at_ms = floor_div(m.at_ms, 1000) * 1000;
  }
}

Date misdated(Date date, std::string_view time_zone) {
  if (date == no_date || time_zone.empty()) return date;
  try {
    const auto midnight = date::sys_days{date::days{date}};
    const auto info = date::locate_zone(std::string(time_zone))->get_info(midnight);
    return static_cast<Date>(
        floor_div((midnight.time_since_epoch() + info.offset) / std::chrono::seconds{1}, std::int64_t{86'400}));
  } catch (const std::exception&) {
    return date;
  }
}

std::string reserialised(std::string_view body) {
  constexpr std::string_view weight = "\"weight\":";
  std::string out{body};
  const std::size_t at = out.find(weight);
  if (at == std::string::npos) return out;
  const std::size_t end = out.find_first_not_of("0123456789", at + weight.size());
  if (end != std::string::npos && out.compare(end, 3, ".0,") == 0) out.erase(end, 2);
  return out;
}

}  // namespace endpoint
}  // namespace peakstorm
