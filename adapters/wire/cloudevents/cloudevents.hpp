/// CloudEvents 1.0 over HTTP: one event per scan, structured (one JSON document) or binary (attributes as `ce-`
/// headers, the data as body).
///
///   id      hash of the parcel's stable key and the scan's number: `source` + `id` is the receiver's key for
///           duplicates, and a redelivery keeps it
///   source  "/carriers/NAME"      type  "peakstorm.scan.KIND"      subject  the tracking number
///   time    when the scan happened, local reading with its offset; in a fold the offset decides
///   data    {"tracking_number","carrier","kind","sequence","occurred_at" (as `time`),"reported_at"
///           (UTC),"place" (null at the doorstep),"region","eta_date" (null: unknown),"weight_g" (null: unknown)}
/// CloudEvents has no signature of its own; with a secret, messages carry the same X-Hmac-Signature as EasyPost's.
#pragma once

#include <memory>

#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

enum class CloudEventsMode { structured, binary };
std::unique_ptr<WireFormat> make_cloudevents(const World& world, const FormatOptions& options, CloudEventsMode mode);

}  // namespace peakstorm::wire
