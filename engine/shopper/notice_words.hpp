/// The words of the notices, one catalogue a language. Code has none of its own.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "engine/date_words.hpp"

namespace peakstorm::shopper {

/// The places for values: {order}, {retailer}, {carrier}, {tracking_number}, {link}, {promised}, {expected}.
struct NoticeText {
  std::string_view subject;
  std::array<std::string_view, 6> lines;  ///< Empty ones end it. One whose value is not known is left out.
};

/// One language. UTF-8 without markup.
struct NoticeWords {
  std::string_view tag;  ///< BCP 47, "en".
  DateWords dates;
  std::array<NoticeText, 4> notices;  ///< From ActKind::notice_shipped on.
};

/// English first.
std::span<const NoticeWords> notice_catalogues();

}  // namespace peakstorm::shopper
