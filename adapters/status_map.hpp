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

/// CBV 2.0 words of an EPCIS event.
struct EpcisStep {
  std::string_view biz_step;     ///< A CBV word, or what stands behind `epcis_own_prefix`.
  std::string_view disposition;  ///< A CBV word; empty: none is told.
  bool own = false;              ///< CBV has no such business step.
};
/// Of business steps of our own, which are URIs.
inline constexpr std::string_view epcis_own_prefix = "https://peakstorm.example/bizstep/";

/// Which words a carrier's scan deserves is our reading, since the standard tells of supply chains. Requires: a named
/// kind.
EpcisStep epcis_step(ScanKind kind);
/// The kind that these words stand for; a CBV word may also come as the URI or URN of the standard. None for others.
std::optional<ScanKind> kind_of_epcis(std::string_view biz_step, std::string_view disposition);
/// kind_of_epcis(epcis_step(kind)), tabulated: customs_held and both delays come back as held, the rest as themselves.
const ShownKinds& epcis_shown();

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
