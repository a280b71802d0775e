/// Status vocabularies: the canonical `ScanKind` to a platform's words and back. Pure tables; safe from
/// any thread. Used by the encoders (adapters/wire) and by the embedded endpoint that reads them.
///
/// A platform has fewer words than carriers have facts, so a mapping loses something. What comes back
/// for a kind is asked with `easypost_shown(kind)`: compare an endpoint with that, never with raw truth.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "engine/scan.hpp"

namespace peakstorm::wire {

/// What each kind looks like after a platform's mapping, by ScanKind number; none: it is not shown.
using ShownKinds = std::array<std::optional<ScanKind>, scan_kind_end>;

/// EasyPost's two-level status, as in a Tracker and in each of its tracking_details.
struct EasyPostStatus {
  std::string_view status;   ///< One of EasyPost's ten statuses, for instance "in_transit".
  std::string_view detail;   ///< One of its status_details, for instance "departed_facility".
  std::string_view message;  ///< What the carrier prints, for people.
};

/// EasyPost's words for a kind. Three kinds have none of their own there and take the nearest that no
/// other kind uses: eta_changed is in_transit/status_update, retracted is in_transit/transit_exception
/// ("not delivered after all"), returned is return_to_sender/arrived_at_destination.
/// Requires: a named kind.
EasyPostStatus easypost_status(ScanKind kind);

/// The kind an EasyPost status and detail stand for. An unknown or empty detail falls back to what its
/// status alone says; none for "unknown", "error" and words EasyPost does not have.
std::optional<ScanKind> kind_of_easypost(std::string_view status, std::string_view detail);

/// kind_of_easypost(easypost_status(kind)), tabulated: customs_in and customs_cleared come back as
/// processed, customs_held as held, the rest as themselves.
const ShownKinds& easypost_shown();

/// The kind of a canonical name ("out_for_delivery"), as CloudEvents data and /track pages carry it.
std::optional<ScanKind> kind_of_name(std::string_view name);
/// Every kind as itself: the mapping of a format that carries canonical names.
const ShownKinds& identity_shown();

/// True when a scan of this kind changes what the parcel's status is. eta_changed moves only the date;
/// retracted takes a delivery back, so the status is again the last milestone before it.
constexpr bool is_milestone(ScanKind kind) {
  return kind != ScanKind::eta_changed && kind != ScanKind::retracted;
}

/// The status after these kinds, in the order in which they happened: the last milestone, where each retraction
/// takes back the last delivery before it. None when nothing is left.
std::optional<ScanKind> status_after(std::span<const ScanKind> kinds);

}  // namespace peakstorm::wire
