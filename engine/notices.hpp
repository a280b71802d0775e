/// What a retailer writes to a shopper: the three notices of a delivery (shipped, out for delivery, delivered) and the
/// one that tells a new date before the promised one has passed. In every language of the catalogue
/// (shopper/notice_words.hpp); the same words wherever a notice is shown. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scan.hpp"

namespace peakstorm {

/// The notice that a published scan is worth: none for most kinds. Of several `accepted` scans the first alone has one;
/// `shipped`: there was one before.
constexpr std::optional<ActKind> notice_of(ScanKind kind, bool shipped) {
  switch (kind) {
    case ScanKind::accepted:
      if (shipped) return std::nullopt;
      return ActKind::notice_shipped;
    case ScanKind::out_for_delivery:
      return ActKind::notice_out_for_delivery;
    case ScanKind::delivered:
      return ActKind::notice_delivered;
    case ScanKind::eta_changed:
      return ActKind::notice_delay;
    default:
      return std::nullopt;
  }
}
constexpr bool is_notice(ActKind kind) {
  return kind == ActKind::notice_shipped || kind == ActKind::notice_out_for_delivery ||
         kind == ActKind::notice_delivered || kind == ActKind::notice_delay;
}

/// What a notice speaks of. What is empty is not known: the line that needs it is left out. Names are UTF-8.
struct NoticeFields {
  std::string_view order;  ///< Required.
  std::string_view retailer;
  std::string_view carrier;
  std::string_view tracking_number;
  std::string_view link;                          ///< To the parcel's page.
  std::optional<std::chrono::sys_days> promised;  ///< The first date promised, local to the destination.
  std::optional<std::chrono::sys_days> expected;  ///< The new date of notice_delay, likewise.
};

/// Plain text, no markup: whoever puts it into a page escapes it.
struct Notice {
  std::string subject;  ///< One line.
  std::string text;     ///< Lines, each with its line end.
};

/// Languages with notices, by their BCP 47 tags; English first.
std::vector<std::string_view> notice_languages();

/// The notice in the language of that tag, in English when there is no such catalogue. A control character in a field
/// becomes a blank, so that no name can add a line of its own; of a field other than the link, what is longer than 80
/// characters is cut, with an ellipsis. Requires: is_notice(kind).
Notice write_notice(ActKind kind, const NoticeFields& fields, std::string_view language);

/// The order number under which a parcel is known to the shop: its id as 16 hexadecimal digits.
std::string order_number(ParcelId parcel);

}  // namespace peakstorm
