/// What GET /track/NUMBER answers: JSON for programs, HTML for people. Pure; everything that came from
/// outside is escaped.
#pragma once

#include <string>
#include <string_view>

#include "adapters/endpoint/store.hpp"

namespace peakstorm::endpoint {

/// Appends a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string_view text, std::string& out);

/// Appends text for HTML, in elements and in quoted attributes. Control characters and bytes that are
/// not UTF-8 become U+FFFD.
void append_html(std::string_view text, std::string& out);

/// True when the time-zone database knows the IANA name.
bool is_time_zone(std::string_view name);

/// A parcel counts as found from its first scan; `parcel` may be nullptr.
bool is_found(const ParcelRecord* parcel);

/// {"tracking_number", "found", "status", "promise_date", "window_from", "window_to", "estimated_date",
/// "delivered_at", "delayed", "delivery_retracted", "carrier", "scans_count", "scans":[{"at", "local",
/// "kind", "place", "region", "country", "message"}]}. Status and kinds are canonical names, instants
/// UTC with milliseconds, dates local to the destination; what is not known is null.
void append_track_json(std::string_view number, const ParcelRecord* parcel, std::string& out);

/// A page that needs no script and no network. Times of scans are local to their place where the
/// sender told its offset, else to the destination, else UTC, and say so.
/// `language`: the tag of a catalogue (page_words.hpp).
void append_track_html(std::string_view number, const ParcelRecord* parcel, std::string_view language,
                       std::string& out);

}  // namespace peakstorm::endpoint
