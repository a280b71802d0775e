#include "adapters/endpoint/instant.hpp"

#include <array>
#include <chrono>

namespace peakstorm::endpoint {
namespace {

/// Reads `count` digits at `at`; -1 when there are not as many.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool is(std::string_view text, std::size_t at, char c) {
  return at < text.size() && text[at] == c;
}

void append_padded(std::int64_t value, int width, std::string& out) {
  std::array<char, 20> buffer{};
  std::size_t n = 0;
  while (value > 0 || n < static_cast<std::size_t>(width)) {
    buffer[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  while (n > 0) out += buffer[--n];
}

std::optional<Date> date_at_front(std::string_view text) {
  const int y = digits(text, 0, 4);
  const int m = digits(text, 5, 2);
  const int d = digits(text, 8, 2);
  if (y < 1 || m < 1 || d < 1 || !is(text, 4, '-') || !is(text, 7, '-')) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(m)},
                                         std::chrono::day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  return static_cast<Date>(std::chrono::sys_days{date}.time_since_epoch().count());
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) {
  const std::optional<Date> date = date_at_front(text);
  if (!date || text.size() < 20) return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  const int h = digits(text, 11, 2);
  const int m = digits(text, 14, 2);
  const int s = digits(text, 17, 2);
  if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 || text[13] != ':' || text[16] != ':') return std::nullopt;
  std::size_t at = 19;
  std::int64_t ms = 0;
  if (is(text, at, '.')) {
    const std::size_t first = ++at;
    std::int64_t unit = 100;
    for (; digits(text, at, 1) >= 0; ++at, unit /= 10) ms += digits(text, at, 1) * unit;
    if (at == first) return std::nullopt;
  }
  int offset = 0;
  if (is(text, at, 'Z') || is(text, at, 'z')) {
    ++at;
  } else if (is(text, at, '+') || is(text, at, '-')) {
    const int oh = digits(text, at + 1, 2);
    const int om = digits(text, at + 4, 2);
    if (oh < 0 || oh > 23 || om < 0 || om > 59 || !is(text, at + 3, ':')) return std::nullopt;
    offset = (oh * 60 + om) * (text[at] == '-' ? -1 : 1);
    at += 6;
  } else {
    return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  const std::int64_t local = ((*date * std::int64_t{24} + h) * 60 + m) * 60 + s;
  return Instant{(local - offset * std::int64_t{60}) * 1000 + ms, static_cast<std::int16_t>(offset)};
}

void append_instant(std::int64_t unix_ms, std::string& out) {
  constexpr std::int64_t day_ms = 86'400'000;
  std::int64_t day = unix_ms / day_ms;
  if (unix_ms % day_ms < 0) --day;
  const std::int64_t ms = unix_ms - day * day_ms;
  append_date(static_cast<Date>(day), out);
  out += 'T';
  append_padded(ms / 3'600'000, 2, out);
  out += ':';
  append_padded(ms / 60'000 % 60, 2, out);
  out += ':';
  append_padded(ms / 1000 % 60, 2, out);
  out += '.';
  append_padded(ms % 1000, 3, out);
  out += 'Z';
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() > 10 && text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  return date_at_front(text);
}

void append_date(Date date, std::string& out) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{date}}};
  append_padded(static_cast<int>(ymd.year()), 4, out);
  out += '-';
  append_padded(static_cast<unsigned>(ymd.month()), 2, out);
  out += '-';
  append_padded(static_cast<unsigned>(ymd.day()), 2, out);
}

std::optional<std::int16_t> parse_time_of_day(std::string_view text) {
  const int h = digits(text, 0, 2);
  const int m = digits(text, 3, 2);
  if (text.size() != 5 || text[2] != ':' || h < 0 || m < 0 || m > 59 || h * 60 + m > 24 * 60) return std::nullopt;
  return static_cast<std::int16_t>(h * 60 + m);
}

void append_time_of_day(std::int16_t minutes, std::string& out) {
  append_padded(minutes / 60, 2, out);
  out += ':';
  append_padded(minutes % 60, 2, out);
}

}  // namespace peakstorm::endpoint
