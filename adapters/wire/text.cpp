#include "adapters/wire/text.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "engine/check.hpp"
#include "engine/hex.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::int64_t day_ms = 86'400'000;

/// Length of the well-formed UTF-8 sequence that starts at text[i] (Unicode 15, table 3-7); 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;   // Over-long forms.
    if (first == 0xed) high = 0x9f;  // Surrogates.
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;  // Beyond U+10FFFF.
  } else {
    return 0;
  }
  if (i + length > text.size()) return 0;
  if (byte(i + 1) < low || byte(i + 1) > high) return 0;
  for (std::size_t k = i + 2; k < i + length; ++k) {
    if (byte(k) < 0x80 || byte(k) > 0xbf) return 0;
  }
  return length;
}

void put_digits(char* at, std::size_t width, std::int64_t value) {
  for (std::size_t i = width; i > 0; --i) {
    at[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

void put_date(char* at, std::int64_t unix_day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{unix_day}}};
  const int year = static_cast<int>(date.year());
  PEAKSTORM_CHECK(year >= 0, year);
  PEAKSTORM_CHECK(year <= 9999, year);
  put_digits(at, 4, year);
  at[4] = '-';
  put_digits(at + 5, 2, static_cast<unsigned>(date.month()));
  at[7] = '-';
  put_digits(at + 8, 2, static_cast<unsigned>(date.day()));
}

/// "2013-12-24T18:03:00", 19 characters.
void put_seconds(char* at, std::int64_t unix_ms) {
  const std::int64_t day = floor_div(unix_ms, day_ms);
  const std::int64_t ms = unix_ms - day * day_ms;
  put_date(at, day);
  at[10] = 'T';
  put_digits(at + 11, 2, ms / 3'600'000);
  at[13] = ':';
  put_digits(at + 14, 2, ms / 60'000 % 60);
  at[16] = ':';
  put_digits(at + 17, 2, ms / 1000 % 60);
}

/// "2013-12-24T18:03:00.000", 23 characters.
void put_reading(char* at, std::int64_t unix_ms) {
  put_seconds(at, unix_ms);
  at[19] = '.';
  put_digits(at + 20, 3, unix_ms - floor_div(unix_ms, 1000) * 1000);
}

/// Characters that stand for themselves in a JSON string.
constexpr std::array<bool, 256> plain_in_json = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void append_base64_with(std::string& out, std::string_view bytes, std::string_view digits, bool padded) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    const std::array<char, 4> text{digits[group >> 18U], digits[(group >> 12U) & 63U], digits[(group >> 6U) & 63U],
                                   digits[group & 63U]};
    out.append(text.data(), text.size());
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return;
  const std::uint32_t group = byte(i) << 16U | (rest == 2 ? byte(i + 1) << 8U : 0U);
  out += digits[(group >> 18U) & 63U];
  out += digits[(group >> 12U) & 63U];
  if (rest == 2) out += digits[(group >> 6U) & 63U];
  if (padded) out.append(3 - rest, '=');
}

/// Exactly `width` decimal digits at the front of `text`, which are taken off it.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

/// "hh:mm" with hh < 24; minutes of the day.
std::optional<int> take_hours_minutes(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return *hour * 60 + *minute;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_content(out, text);
  out += '"';
}

void append_json_content(std::string& out, std::string_view text) {
  std::size_t plain_from = 0;  // Characters that need nothing are copied in runs.
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (plain_in_json[c]) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t length = utf8_length(text, i); length > 0) {
        i += length;
        continue;
      }
    }
    out.append(text, plain_from, i - plain_from);
    if (c >= 0x80) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else {
      out += "\\u00";
      out += hex[c >> 4U];
      out += hex[c & 15U];
    }
    plain_from = ++i;
  }
  out.append(text, plain_from, i - plain_from);
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), written.ptr);
}

void append_utc(std::string& out, std::int64_t unix_ms) {
  std::array<char, 24> text;
  put_reading(text.data(), unix_ms);
  text[23] = 'Z';
  out.append(text.data(), text.size());
}

void append_local(std::string& out, std::int64_t unix_ms, SimDuration offset) {
  std::array<char, 29> text;
  const std::int64_t minutes = offset.count() / 60'000;
  const std::int64_t size = minutes < 0 ? -minutes : minutes;
  put_reading(text.data(), unix_ms + minutes * 60'000);
  text[23] = minutes < 0 ? '-' : '+';
  put_digits(&text[24], 2, size / 60);
  text[26] = ':';
  put_digits(&text[27], 2, size % 60);
  out.append(text.data(), text.size());
}

void append_date(std::string& out, std::int64_t unix_day) {
  std::array<char, 10> text;
  put_date(text.data(), unix_day);
  out.append(text.data(), text.size());
}

void append_reading(std::string& out, std::int64_t unix_ms) {
  std::array<char, 19> text;
  put_seconds(text.data(), unix_ms);
  out.append(text.data(), text.size());
}

void append_compact_date(std::string& out, std::int64_t unix_day) {
  std::array<char, 10> text;
  put_date(text.data(), unix_day);
  out.append(text.data(), 4).append(&text[5], 2).append(&text[8], 2);
}

void append_compact_time(std::string& out, std::int64_t ms) {
  ms -= floor_div(ms, day_ms) * day_ms;
  std::array<char, 6> text;
  put_digits(text.data(), 2, ms / 3'600'000);
  put_digits(&text[2], 2, ms / 60'000 % 60);
  put_digits(&text[4], 2, ms / 1000 % 60);
  out.append(text.data(), text.size());
}

void append_time_of_day(std::string& out, std::int64_t ms, bool with_seconds) {
  ms -= floor_div(ms, day_ms) * day_ms;
  std::array<char, 8> text;
  put_digits(text.data(), 2, ms / 3'600'000);
  text[2] = ':';
  put_digits(&text[3], 2, ms / 60'000 % 60);
  text[5] = ':';
  put_digits(&text[6], 2, ms / 1000 % 60);
  out.append(text.data(), with_seconds ? 8 : 5);
}

void append_offset(std::string& out, std::int64_t minutes, char separator) {
  const std::int64_t size = minutes < 0 ? -minutes : minutes;
  std::array<char, 6> text;
  text[0] = minutes < 0 ? '-' : '+';
  put_digits(&text[1], 2, size / 60);
  text[3] = separator;
  put_digits(&text[4], 2, size % 60);
  out.append(text.data(), text.size());
}

void append_base64(std::string& out, std::string_view bytes) {
  append_base64_with(out, bytes, base64_digits, true);
}

void append_base64url(std::string& out, std::string_view bytes) {
  append_base64_with(out, bytes, base64url_digits, false);
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto day = take_date(text);
  return text.empty() ? day : std::nullopt;
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
  const auto day = take_date(text);
  if (!day || text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' ')) return std::nullopt;
  text.remove_prefix(1);
  const auto minute = take_hours_minutes(text);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second, counted as the next minute's first.
  std::int64_t ms = 0;
  if (take(text, '.')) {
    std::int64_t weight = 100;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    while (const auto digit = take_digits(text, 1)) {
      ms += *digit * weight;
      weight /= 10;
    }
  }
  std::int64_t offset_minutes = 0;
  if (!text.empty() && (text.front() == 'Z' || text.front() == 'z')) {
    text.remove_prefix(1);
  } else {
    if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
    const bool west = text.front() == '-';
    text.remove_prefix(1);
    const auto size = take_hours_minutes(text);
    if (!size) return std::nullopt;
    offset_minutes = west ? -*size : *size;
  }
  if (!text.empty()) return std::nullopt;
  return *day * day_ms + (*minute - offset_minutes) * std::int64_t{60'000} + *second * std::int64_t{1000} + ms;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4U];
      out += "0123456789ABCDEF"[byte & 15U];
    }
  }
}

void append_uuid(std::string& out, std::uint64_t high, std::uint64_t low) {
  high = (high & ~std::uint64_t{0xf000}) | std::uint64_t{4} << 12U;
  low = (low & ~(std::uint64_t{3} << 62U)) | std::uint64_t{2} << 62U;
  const std::size_t begin = out.size();
  append_hex64(out, high);
  append_hex64(out, low);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) out.insert(begin + dash, 1, '-');
}

}  // namespace peakstorm::wire
