/// The words of the tracking page, one catalogue a language. The page itself (page.cpp) has none of its own.
#pragma once

#include <array>
#include <string_view>

#include "engine/date_words.hpp"
#include "engine/scan.hpp"

namespace peakstorm::endpoint {

/// One language. UTF-8 without markup; where two words surround a value, they are two members.
struct PageWords {
  std::string_view tag;   ///< BCP 47, "en".
  std::string_view name;  ///< Of the language, in itself.
  struct Status {
    std::string_view headline;
    std::string_view line;  ///< In the history.
  };
  std::array<Status, scan_kind_end> status;  ///< By ScanKind.
  DateWords dates;
  std::array<std::string_view, 4> steps;
  std::string_view progress;
  std::string_view ready_for_pickup;
  std::string_view done;
  std::string_view on;
  std::string_view at;
  std::string_view expected;
  std::string_view later_than_promised;
  std::string_view promised_for;
  std::string_view retracted;
  std::string_view delayed;
  std::string_view history;
  std::string_view notices;      ///< Heading.
  std::string_view notices_why;  ///< Under it.
  std::string_view parcel;       ///< Before its number.
  std::string_view not_found;
  std::string_view not_found_why;
  std::string_view clocks;
};

/// By its tag; English when there is no such catalogue.
const PageWords& page_words(std::string_view tag);
/// The tag of the catalogue that an Accept-Language header (RFC 9110, 12.5.4) likes best, with its weights; "en" when
/// it names none of ours.
std::string_view preferred_language(std::string_view accept_language);

}  // namespace peakstorm::endpoint
