/// EasyPost's webhook "tracker.updated": one event per scan, the tracker with its full history in each.
///
/// Envelope and field names follow EasyPost's API reference (Event, Tracker, TrackingDetail). Instants are UTC
/// with milliseconds. The event's id is a hash of the parcel's stable key and the scan's number, so a redelivery
/// keeps it. The weight (ounces) always has one decimal: EasyPost's own verifier turns "weight":17 into 17.0
/// before it checks the signature. The signature is `X-Hmac-Signature: hmac-sha256-hex=` + HMAC-SHA256(secret, body).
#pragma once

#include <memory>

#include "adapters/wire_format.hpp"

namespace peakstorm::wire {

/// Errors: bad_input for an empty secret, or one that is not ASCII (the receiver would normalise it by NFKD).
Result<std::unique_ptr<WireFormat>> make_easypost(const World& world, const FormatOptions& options);

}  // namespace peakstorm::wire
