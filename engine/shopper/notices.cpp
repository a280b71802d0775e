#include "engine/notices.hpp"

#include <algorithm>

#include "engine/check.hpp"
#include "engine/hex.hpp"
#include "engine/shopper/notice_words.hpp"

namespace peakstorm {
namespace {

using shopper::NoticeText;
using shopper::NoticeWords;

constexpr std::size_t characters_max = 80;

/// `text` on one line, of at most `limit` characters (UTF-8 sequences).
std::string tidy(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool begins = (byte & 0xc0U) != 0x80U;
    if (begins && ++characters > limit) return out + "\xE2\x80\xA6";
    out += byte < 0x20 || byte == 0x7f ? ' ' : text[i];
  }
  return out;
}

std::string written_date(const DateWords& words, const std::optional<std::chrono::sys_days>& day) {
  std::string out;
  if (day) append_long_date(words, *day, false, out);
  return out;
}

std::string value_of(std::string_view name, const NoticeFields& fields, const DateWords& dates) {
  if (name == "order") return tidy(fields.order, characters_max);
  if (name == "retailer") return tidy(fields.retailer, characters_max);
  if (name == "carrier") return tidy(fields.carrier, characters_max);
  if (name == "tracking_number") return tidy(fields.tracking_number, characters_max);
  if (name == "link") return tidy(fields.link, fields.link.size());
  if (name == "promised") return written_date(dates, fields.promised);
  return written_date(dates, fields.expected);
}

/// `pattern` with its values; nothing when one of them is not known.
std::optional<std::string> filled(std::string_view pattern, const NoticeFields& fields, const DateWords& dates) {
  std::string out;
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
    const std::size_t close = pattern.find('}', open);
    const std::string value = value_of(pattern.substr(open + 1, close - open - 1), fields, dates);
    if (value.empty()) return std::nullopt;
    out.append(pattern.substr(0, open)).append(value);
    pattern.remove_prefix(close + 1);
  }
  return out.append(pattern);
}

}  // namespace

std::vector<std::string_view> notice_languages() {
  std::vector<std::string_view> tags;
  for (const NoticeWords& words : shopper::notice_catalogues()) tags.push_back(words.tag);
  return tags;
}

Notice write_notice(ActKind kind, const NoticeFields& fields, std::string_view language) {
  PEAKSTORM_CHECK(is_notice(kind), static_cast<int>(kind));
  const auto catalogues = shopper::notice_catalogues();
  const auto found = std::find_if(catalogues.begin(), catalogues.end(),
                                  [&](const NoticeWords& words) { return words.tag == language; });
  const NoticeWords& words = found == catalogues.end() ? catalogues.front() : *found;
  const NoticeText& text =
      words.notices[static_cast<std::size_t>(kind) - static_cast<std::size_t>(ActKind::notice_shipped)];
  Notice notice;
  notice.subject = filled(text.subject, fields, words.dates).value_or(std::string());
  for (const std::string_view pattern : text.lines) {
    if (pattern.empty()) break;
    if (const auto line = filled(pattern, fields, words.dates)) notice.text += *line + '\n';
  }
  return notice;
}

std::string order_number(ParcelId parcel) {
  std::string text;
  append_hex64(text, static_cast<std::uint64_t>(parcel));
  return text;
}

}  // namespace peakstorm
