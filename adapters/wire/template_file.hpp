/// The user's own message as a file: either the JSON template of the body alone, or a whole request as HTTP writes it.
///
///   POST /hooks/tracking
///   Content-Type: application/json
///   X-Event-Id: {{scan.id}}
///   Peakstorm-Words: label_created=NEW accepted=MOVING departed=MOVING delivered=DONE
///   Peakstorm-Signature: header=X-Signature encoding=hex prefix=sha256= over={t}.{body} time=unix time-header=X-Time
///   Peakstorm-Accept: 200 202
///
///   {"number": {{tracking_number}}, "state": {{scan.status}}}
///
/// Lines that begin with Peakstorm- are instructions and never sent:
///   Words      what `scan.status` and `status.status` say for each kind. A kind that is not listed is left out of the
///              history, and the reconciliation does not expect it; kinds that share a word come back as the first of
///              them. Without the line the kinds' own names are used. The message of a scan without a word is sent all
///              the same, its words null: it may tell a new estimate.
///   Signature  HMAC-SHA256 with the webhook secret. encoding: hex or base64; prefix: in front of it, {t} in it is the
///              time; over: pieces {body}, {t}, {method}, {path}, as here {body} alone unless given; time: unix or
///              rfc3339.
///   Protobuf   the body is the JSON form of a Protobuf message and sent in binary (template/proto.hpp): the .proto, or
///   a
///              FileDescriptorSet, beside the template, and the message's full name, "tracking.proto acme.v1.Scan".
///   Accept     the status codes that mean "taken"; without the line every 2xx.
#pragma once

#include <memory>
#include <string_view>

#include "adapters/wire/profile.hpp"
#include "engine/result.hpp"

namespace peakstorm::wire {

/// Errors: io (the file cannot be read), bad_input as "FILE:LINE:COLUMN: what; cure".
Result<std::shared_ptr<const Profile>> read_template_file(std::string_view path);
/// The same for a text at hand; `file` is for messages.
Result<std::shared_ptr<const Profile>> parse_template(std::string_view text, std::string_view file);

}  // namespace peakstorm::wire
