#include "adapters/endpoint/page.hpp"

#include <date/tz.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "adapters/endpoint/page_words.hpp"
#include "engine/notices.hpp"

namespace peakstorm::endpoint {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view hex_digits = "0123456789abcdef";

/// Length of the well-formed UTF-8 sequence at the front (RFC 3629), 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // Overlong forms, surrogates and beyond U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) >= 0xa0)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) >= 0x90)) return 0;
  return length;
}

/// Copies well-formed UTF-8, with `escape` for each ASCII character.
template <class Escape>
void append_utf8(std::string_view text, std::string& out, Escape escape) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 1) {
      escape(text.front());
    } else if (length == 0) {
      out += replacement;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_long_date(const PageWords& words, Date date, bool year, std::string& out) {
  peakstorm::append_long_date(words.dates, std::chrono::sys_days{std::chrono::days{date}}, year, out);
}

struct Local {
  Date date = 0;
  std::int16_t time = 0;  ///< Minutes since midnight.
  std::string zone;       ///< "CST" or "UTC-6".
};

Local local_of(std::int64_t unix_ms, std::int64_t offset_minutes, std::string zone) {
  std::int64_t minutes = unix_ms / 60'000 - (unix_ms % 60'000 < 0 ? 1 : 0) + offset_minutes;
  std::int64_t day = minutes / 1440 - (minutes % 1440 < 0 ? 1 : 0);
  return {static_cast<Date>(day), static_cast<std::int16_t>(minutes - day * 1440), std::move(zone)};
}

/// "UTC-5", "UTC+5:30".
std::string offset_name(std::int64_t offset) {
  if (offset == 0) return "UTC";
  const std::int64_t minutes = offset < 0 ? -offset : offset;
  std::string name = (offset < 0 ? "UTC-" : "UTC+") + std::to_string(minutes / 60);
  if (minutes % 60 != 0) name += (minutes % 60 < 10 ? ":0" : ":") + std::to_string(minutes % 60);
  return name;
}

const date::time_zone* zone_of(std::string_view name) {
  if (name.empty()) return nullptr;
  try {
    const date::time_zone* const zone = date::locate_zone(std::string(name));
    // The zone's file is read at its first use, and that may throw, too.
    (void)zone->get_info(date::sys_seconds{});
    return zone;
  } catch (const std::exception&) {
    return nullptr;  // Unknown, or no database on this machine: the page falls back to UTC.
  }
}

/// The destination's clock, read from the database once a page.
class Clock {
 public:
  explicit Clock(std::string_view zone_name) : zone_(zone_of(zone_name)) {}
  [[nodiscard]] Local at(std::int64_t unix_ms, std::int16_t told_offset) const {
    const bool told = told_offset != 0;
    if (zone_ == nullptr) return local_of(unix_ms, told_offset, offset_name(told_offset));
    const auto info =
        zone_->get_info(std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{unix_ms}});
    const auto offset = std::chrono::duration_cast<std::chrono::minutes>(info.offset).count();
    // A place on another clock than the destination shows its own.
    if (told && told_offset != offset) return local_of(unix_ms, told_offset, offset_name(told_offset));
    // Zones without an abbreviation of their own have a number there ("+04").
    const bool named = !info.abbrev.empty() && info.abbrev[0] != '+' && info.abbrev[0] != '-';
    return local_of(unix_ms, offset, named ? info.abbrev : offset_name(offset));
  }

 private:
  const date::time_zone* zone_;
};

/// The step of the journey that a status stands for; -1 when it has left the usual path.
int step_of(ScanKind status) {
  switch (status) {
    case ScanKind::label_created:
      return 0;
    case ScanKind::out_for_delivery:
    case ScanKind::attempted:
    case ScanKind::ready_pickup:
      return 2;
    case ScanKind::delivered:
      return 3;
    case ScanKind::lost:
    case ScanKind::returning:
    case ScanKind::returned:
    case ScanKind::cancelled:
      return -1;
    default:
      return 1;
  }
}

void append_json_text_or_null(std::string_view text, std::string& out) {
  if (text.empty()) {
    out += "null";
  } else {
    append_json(text, out);
  }
}

void append_json_date(Date date, std::string& out) {
  if (date == no_date) {
    out += "null";
    return;
  }
  out += '"';
  append_date(date, out);
  out += '"';
}

void append_json_time_of_day(std::int16_t minutes, std::string& out) {
  if (minutes < 0) {
    out += "null";
    return;
  }
  out += '"';
  append_time_of_day(minutes, out);
  out += '"';
}

constexpr std::string_view html_head =
    R"html("><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>)html";

constexpr std::string_view html_style = R"html(</title><style>
:root{color-scheme:light dark;--ink:#16202c;--soft:#5b6775;--line:#d9dfe6;--page:#f3f5f8;--card:#fff;--go:#0b6bcb;--good:#15803d;--warn:#a3420a;--warnback:#fff4e5}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#9fadbc;--line:#2f3a47;--page:#10161d;--card:#19222c;--go:#5fb0ff;--good:#54d07f;--warn:#ffb06a;--warnback:#33240f}}
*,*::before,*::after{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:40rem;margin:0 auto;padding:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem;margin-bottom:1rem}
.number{margin:0;color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
h1{margin:.15rem 0 .5rem;font-size:1.75rem;line-height:1.2}
h2{margin:0 0 .75rem;font-size:1.05rem}
.good{color:var(--good)}.warn{color:var(--warn)}
.when{margin:0;font-size:1.05rem}.when strong{font-weight:650}
.promise{margin:.25rem 0 0;color:var(--soft)}.promise.warn{color:var(--warn)}
.note{margin:.9rem 0 0;padding:.6rem .8rem;border-left:4px solid var(--warn);border-radius:6px;background:var(--warnback)}
.steps{display:flex;list-style:none;margin:1.4rem 0 0;padding:0}
.steps li{flex:1;position:relative;padding-top:1.6rem;text-align:center;font-size:.8rem;line-height:1.25;color:var(--soft)}
.steps li::before{content:"";position:absolute;z-index:1;top:0;left:50%;width:1.25rem;height:1.25rem;margin-left:-.625rem;border-radius:50%;background:var(--card);border:3px solid var(--line)}
.steps li::after{content:"";position:absolute;top:.53rem;right:50%;width:100%;height:3px;background:var(--line)}
.steps li:first-child::after{display:none}
.steps .done,.steps .now{color:var(--ink)}.steps .now{font-weight:650}
.steps .done::before,.steps .now::before{background:var(--go);border-color:var(--go)}
.steps .done::after,.steps .now::after{background:var(--go)}
.log{list-style:none;margin:0;padding:0}
.log li{position:relative;padding:0 0 .9rem 1.4rem;border-left:2px solid var(--line);margin-left:.4rem}
.log li:last-child{border-color:transparent;padding-bottom:0}
.log li::before{content:"";position:absolute;left:-.42rem;top:.35rem;width:.7rem;height:.7rem;border-radius:50%;background:var(--line)}
.log .newest::before{background:var(--go)}
.log b{display:block;font-weight:600}.log p{margin:0;color:var(--soft);font-size:.9rem}
.day{margin:1rem 0 .5rem;font-size:.95rem;font-weight:650}.day:first-of-type{margin-top:0}
.why{margin:-.5rem 0 .5rem;color:var(--soft);font-size:.9rem}
.mail{padding:.5rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}.mail summary{cursor:pointer}.mail time{display:block;color:var(--soft);font-size:.85rem}.mail p{margin:.4rem 0 0}
footer{color:var(--soft);font-size:.85rem;padding:0 .25rem 1rem}
.skip{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
</style></head><body><main>
)html";

void append_note(std::string_view text, std::string& out) {
  out += "<p class=\"note\">";
  out += text;
  out += "</p>\n";
}

/// Headline, dates and notes of a found parcel.
void append_summary(const PageWords& words, const ParcelRecord& parcel, const Standing& now, const Clock& clock,
                    std::string& out) {
  const ScanKind status = *now.status;
  const bool delivered = status == ScanKind::delivered;
  const bool trouble = step_of(status) < 0 || status == ScanKind::attempted || status == ScanKind::damaged ||
                       status == ScanKind::held || status == ScanKind::customs_held || now.delayed;
  out += delivered ? "<h1 class=\"good\">" : trouble ? "<h1 class=\"warn\">" : "<h1>";
  out += words.status[static_cast<std::size_t>(status)].headline;
  out += "</h1>\n";
  bool late = false;
  if (delivered && now.delivered_at_ms) {
    const auto& history = parcel.history();
    std::int16_t offset = 0;
    for (const Milestone& m : history) {
      if (m.kind == ScanKind::delivered && m.at_ms == *now.delivered_at_ms) offset = m.offset_minutes;
    }
    const Local at = clock.at(*now.delivered_at_ms, offset);
    out += "<p class=\"when\">";
    out += words.on;
    out += " <strong>";
    append_long_date(words, at.date, false, out);
    out += ' ';
    out += words.at;
    out += ' ';
    append_time_of_day(at.time, out);
    out += "</strong></p>\n";
    late = parcel.promise != no_date && at.date > parcel.promise;
  } else if (now.estimated != no_date && step_of(status) >= 0) {
    out += "<p class=\"when\">";
    out += words.expected;
    out += " <strong>";
    append_long_date(words, now.estimated, false, out);
    out += "</strong></p>\n";
    late = parcel.promise != no_date && now.estimated > parcel.promise;
  }
  if (parcel.promise != no_date) {
    out += late ? "<p class=\"promise warn\">" : "<p class=\"promise\">";
    out += late ? words.later_than_promised : words.promised_for;
    out += ' ';
    append_long_date(words, parcel.promise, false, out);
    if (parcel.window_from >= 0 && parcel.window_to >= 0) {
      out += ", ";
      append_time_of_day(parcel.window_from, out);
      out += "\xE2\x80\x93";
      append_time_of_day(parcel.window_to, out);
    }
    out += "</p>\n";
  }
  if (now.retracted) {
    append_note(words.retracted, out);
  } else if (now.delayed) {
    append_note(words.delayed, out);
  }
}

void append_steps(const PageWords& words, ScanKind status, std::string& out) {
  const int now = step_of(status);
  if (now < 0) return;
  out += "<ol class=\"steps\" aria-label=\"";
  out += words.progress;
  out += "\">";
  for (int step = 0; step < 4; ++step) {
    const bool last = now == 3;
    out += step < now || (step == now && last) ? "<li class=\"done\"" : step == now ? "<li class=\"now\"" : "<li";
    if (step == now) out += " aria-current=\"step\"";
    out += '>';
    const bool at_counter = step == 2 && status == ScanKind::ready_pickup;
    out += at_counter ? words.ready_for_pickup : words.steps[static_cast<std::size_t>(step)];
    if (step < now) {
      out += "<span class=\"skip\"> ";
      out += words.done;
      out += "</span>";
    }
    out += "</li>";
  }
  out += "</ol>\n";
}

void append_place(const Milestone& m, std::string& out) {
  std::string_view before = " \xC2\xB7 ";
  for (const std::string_view part : {m.place, m.region, m.country}) {
    if (part.empty()) continue;
    out += before;
    append_html(part, out);
    before = ", ";
  }
}

/// Newest first, under a heading a day.
void append_log(const PageWords& words, std::span<const Milestone> history, const Clock& clock, std::string& out) {
  out += "<section class=\"card\" aria-labelledby=\"log\"><h2 id=\"log\">";
  out += words.history;
  out += "</h2>\n";
  std::optional<Date> day;
  for (auto m = history.rbegin(); m != history.rend(); ++m) {
    const Local at = clock.at(m->at_ms, m->offset_minutes);
    if (day != at.date) {
      if (day) out += "</ul>\n";
      out += "<h3 class=\"day\">";
      append_long_date(words, at.date, true, out);
      out += "</h3>\n<ul class=\"log\">";
      day = at.date;
    }
    out += m == history.rbegin() ? "<li class=\"newest\"><b>" : "<li><b>";
    out += words.status[static_cast<std::size_t>(m->kind)].line;
    if (m->kind == ScanKind::eta_changed && m->eta != no_date) {
      out += ": ";
      append_long_date(words, m->eta, false, out);
    }
    out += "</b><p><time datetime=\"";
    append_instant(m->at_ms, out);
    out += "\">";
    append_time_of_day(at.time, out);
    out += ' ';
    append_html(at.zone, out);
    out += "</time>";
    append_place(*m, out);
    out += "</p></li>\n";
  }
  if (day) out += "</ul>\n";
  out += "</section>\n";
}

/// The notices of the parcel, newest first. The instant of each is that of its scan: when the shop was told is not
/// kept.
void append_notices(const PageWords& words, std::string_view number, const ParcelRecord& parcel, const Clock& clock,
                    std::string& out) {
  std::vector<std::pair<const Milestone*, ActKind>> notices;
  bool shipped = false;
  for (const Milestone& m : parcel.history()) {
    if (const auto notice = notice_of(m.kind, shipped)) notices.emplace_back(&m, *notice);
    shipped = shipped || m.kind == ScanKind::accepted;
  }
  if (notices.empty()) return;
  const auto day_of = [](Date date) -> std::optional<std::chrono::sys_days> {
    if (date == no_date) return std::nullopt;
    return std::chrono::sys_days{std::chrono::days{date}};
  };
  NoticeFields fields;
  fields.order = parcel.order_number.empty() ? number : std::string_view(parcel.order_number);
  fields.carrier = parcel.carrier;
  fields.tracking_number = number;
  fields.promised = day_of(parcel.promise);
  out += "<section class=\"card\" aria-labelledby=\"notices\"><h2 id=\"notices\">";
  out += words.notices;
  out += "</h2>\n<p class=\"why\">";
  out += words.notices_why;
  out += "</p>\n";
  for (auto n = notices.rbegin(); n != notices.rend(); ++n) {
    const auto& [m, kind] = *n;
    fields.expected = day_of(m->eta);
    const Notice notice = write_notice(kind, fields, words.tag);
    const Local at = clock.at(m->at_ms, m->offset_minutes);
    out += "<details class=\"mail\"><summary>";
    append_html(notice.subject, out);
    out += " <time datetime=\"";
    append_instant(m->at_ms, out);
    out += "\">";
    append_long_date(words, at.date, false, out);
    out += ' ';
    append_time_of_day(at.time, out);
    out += "</time></summary>\n";
    for (std::string_view rest = notice.text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      out += "<p>";
      append_html(rest.substr(0, end), out);
      out += "</p>\n";
      rest.remove_prefix(end + 1);
    }
    out += "</details>\n";
  }
  out += "</section>\n";
}

}  // namespace

void append_json(std::string_view text, std::string& out) {
  out += '"';
  append_utf8(text, out, [&out](char c) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += hex_digits[static_cast<unsigned char>(c) >> 4U];
      out += hex_digits[static_cast<unsigned char>(c) & 15U];
    } else {
      out += c;
    }
  });
  out += '"';
}

void append_html(std::string_view text, std::string& out) {
  append_utf8(text, out, [&out](char c) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += replacement;
        } else {
          out += c;
        }
    }
  });
}

bool is_time_zone(std::string_view name) {
  return zone_of(name) != nullptr;
}

bool is_found(const ParcelRecord* parcel) {
  return parcel != nullptr && !parcel->history().empty();
}

void append_track_json(std::string_view number, const ParcelRecord* parcel, std::string& out) {
  const ParcelRecord unknown;
  const ParcelRecord& p = parcel == nullptr ? unknown : *parcel;
  const std::span<const Milestone> history = p.history();
  const Standing now = p.standing();
  out += "{\"tracking_number\":";
  append_json(number, out);
  out += history.empty() ? ",\"found\":false" : ",\"found\":true";
  out += ",\"status\":";
  append_json_text_or_null(now.status ? scan_kind_names[static_cast<std::size_t>(*now.status)] : "", out);
  out += ",\"promise_date\":";
  append_json_date(p.promise, out);
  out += ",\"window_from\":";
  append_json_time_of_day(p.window_from, out);
  out += ",\"window_to\":";
  append_json_time_of_day(p.window_to, out);
  out += ",\"estimated_date\":";
  append_json_date(now.estimated, out);
  out += ",\"delivered_at\":";
  if (now.delivered_at_ms) {
    out += '"';
    append_instant(*now.delivered_at_ms, out);
    out += '"';
  } else {
    out += "null";
  }
  out += now.delayed ? ",\"delayed\":true" : ",\"delayed\":false";
  out += now.retracted ? ",\"delivery_retracted\":true" : ",\"delivery_retracted\":false";
  out += ",\"carrier\":";
  append_json_text_or_null(p.carrier, out);
  out += ",\"scans_count\":";
  out += std::to_string(history.size());
  out += ",\"scans\":[";
  bool first = true;
  for (const Milestone& m : history) {
    out += first ? "{\"at\":\"" : ",{\"at\":\"";
    first = false;
    append_instant(m.at_ms, out);
    out += "\",\"offset_minutes\":";
    out += std::to_string(m.offset_minutes);
    out += ",\"kind\":\"";
    out += scan_kind_names[static_cast<std::size_t>(m.kind)];
    out += "\",\"place\":";
    append_json_text_or_null(m.place, out);
    out += ",\"region\":";
    append_json_text_or_null(m.region, out);
    out += ",\"country\":";
    append_json_text_or_null(m.country, out);
    out += ",\"message\":";
    append_json_text_or_null(m.message, out);
    out += '}';
  }
  out += "]}\n";
}

void append_track_html(std::string_view number, const ParcelRecord* parcel, std::string_view language,
                       std::string& out) {
  const PageWords& words = page_words(language);
  const bool found = is_found(parcel);
  const Standing now = found ? parcel->standing() : Standing{};
  const std::string_view headline =
      found ? words.status[static_cast<std::size_t>(*now.status)].headline : words.not_found;
  out += "<!doctype html>\n<html lang=\"";
  out += words.tag;
  out += html_head;
  out += headline;
  out += " - ";
  append_html(number, out);
  out += html_style;
  out += "<section class=\"card\"><p class=\"number\">";
  if (found && !parcel->carrier.empty()) {
    append_html(parcel->carrier, out);
    out += " \xC2\xB7 ";
  }
  out += words.parcel;
  out += ' ';
  append_html(number, out);
  out += "</p>\n";
  if (found) {
    const Clock clock(parcel->time_zone);
    append_summary(words, *parcel, now, clock, out);
    append_steps(words, *now.status, out);
    out += "</section>\n";
    append_log(words, parcel->history(), clock, out);
    append_notices(words, number, *parcel, clock, out);
    out += "<footer>";
    out += words.clocks;
    out += "</footer>\n";
  } else {
    out += "<h1>";
    out += words.not_found;
    out += "</h1>\n<p class=\"when\">";
    out += words.not_found_why;
    out += "</p>\n";
    if (parcel != nullptr && parcel->promise != no_date) {
      out += "<p class=\"promise\">";
      out += words.promised_for;
      out += ' ';
      append_long_date(words, parcel->promise, false, out);
      out += "</p>\n";
    }
    out += "</section>\n";
  }
  out += "</main></body></html>\n";
}

}  // namespace peakstorm::endpoint
