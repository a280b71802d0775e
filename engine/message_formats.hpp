/// The names of the messages that a replay can send: what a scenario's `format` and the command line's --format take,
/// besides "template:FILE". The one table of them: what each is stands in adapters/wire/README.md.
#pragma once

#include <array>
#include <string_view>

namespace peakstorm {

/// A name alone is the published schema to the letter; "/as-wired" has the quirks that receivers meet.
inline constexpr auto message_formats = std::to_array<std::string_view>({
    "easypost",
    "easypost/as-wired",
    "cloudevents",
    "cloudevents-binary",
    "cloudevents-batch",
    "cloudevents/as-wired",
    "cloudevents-binary/as-wired",
    "cloudevents-batch/as-wired",
    "aftership",
    "aftership/as-wired",
    "shippo",
    "shippo/as-wired",
    "shipengine",
    "shipengine/as-wired",
    "ups-track-alert",
    "ups-track-alert/as-wired",
    "fedex-aiv",
    "fedex-aiv/as-wired",
    "usps-tracking-v3",
    "usps-tracking-v3/as-wired",
    "17track",
    "17track/as-wired",
    "epcis",
    "epcis-proceed",
});

/// Before the name of a file with a message of the user's own.
inline constexpr std::string_view template_prefix = "template:";

}  // namespace peakstorm
