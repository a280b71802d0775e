#include "adapters/endpoint/history.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace peakstorm::endpoint {
namespace {

/// Rank within a journey, by ScanKind number; decides only between scans of the same instant.
constexpr std::array<std::uint8_t, scan_kind_end> rank{
    0,   // unused
    0,   // label_created
    1,   // accepted
    12,  // departed
    2,   // arrived
    6,   // processed
    3,   // customs_in
    4,   // customs_held
    5,   // customs_cleared
    13,  // out_for_delivery
    14,  // attempted
    15,  // ready_pickup
    16,  // delivered
    10,  // delay_weather
    11,  // delay_other
    8,   // held
    7,   // misrouted
    9,   // damaged
    20,  // lost
    18,  // returning
    19,  // returned
    21,  // cancelled
    22,  // eta_changed
    17,  // retracted
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Equal but for ASCII case and spaces.
bool same_words(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    while (i < a.size() && is_space(a[i])) ++i;
    while (j < b.size() && is_space(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (lower(a[i++]) != lower(b[j++])) return false;
  }
}

/// Keeps the longer text, of equal length the greater one ("Memphis", not "MEMPHIS"): any rule would do
/// that does not depend on which came first.
bool take_better(std::string_view& known, std::string_view told) {
  if (std::tuple(told.size(), told) <= std::tuple(known.size(), known)) return false;
  known = told;
  return true;
}

bool is_delay(ScanKind kind) {
  return kind == ScanKind::delay_weather || kind == ScanKind::delay_other;
}

ScanKind next_status(ScanKind status, ScanKind kind) {
  switch (status) {
    case ScanKind::delivered:
      return kind == ScanKind::returning || kind == ScanKind::returned ? kind : status;
    case ScanKind::returned:
      return status;
    case ScanKind::returning:
      return kind == ScanKind::delivered || kind == ScanKind::returned || kind == ScanKind::lost ? kind : status;
    default:
      return kind == ScanKind::label_created ? status : kind;
  }
}

}  // namespace

bool same_milestone(const Milestone& a, const Milestone& b) {
  if (a.at_ms != b.at_ms || a.kind != b.kind) return false;
  return a.place.empty() || b.place.empty() || same_words(a.place, b.place);
}

bool milestone_before(const Milestone& a, const Milestone& b) {
  const std::uint8_t ra = rank[static_cast<std::size_t>(a.kind)];
  const std::uint8_t rb = rank[static_cast<std::size_t>(b.kind)];
  return std::tie(a.at_ms, ra, a.place) < std::tie(b.at_ms, rb, b.place);
}

bool refine(Milestone& known, const Milestone& told) {
  bool changed = take_better(known.place, told.place);
  changed |= take_better(known.region, told.region);
  changed |= take_better(known.country, told.country);
  changed |= take_better(known.message, told.message);
  // "Z" says nothing about the place's own time, so any other offset is better.
  const auto better = [](std::int16_t offset) { return std::tuple(offset != 0, offset); };
  if (better(told.offset_minutes) > better(known.offset_minutes)) {
    known.offset_minutes = told.offset_minutes;
    changed = true;
  }
  if (told.eta != no_date &&
      (known.eta == no_date || std::tie(told.eta_stamp_ms, told.eta) > std::tie(known.eta_stamp_ms, known.eta))) {
    known.eta = told.eta;
    known.eta_stamp_ms = told.eta_stamp_ms;
    changed = true;
  }
  return changed;
}

Standing standing(std::span<const Milestone> history) {
  // Which deliveries were taken back. Retractions are rare, so the search costs nothing in practice.
  std::vector<std::size_t> taken_back;
  for (const Milestone& m : history) {
    if (m.kind != ScanKind::retracted) continue;
    std::optional<std::size_t> before;
    std::optional<std::size_t> same_instant;
    for (std::size_t i = 0; i < history.size() && history[i].at_ms <= m.at_ms; ++i) {
      if (history[i].kind != ScanKind::delivered) continue;
      if (std::find(taken_back.begin(), taken_back.end(), i) != taken_back.end()) continue;
      (history[i].at_ms < m.at_ms ? before : same_instant) = i;
    }
    if (before || same_instant) taken_back.push_back(before ? *before : *same_instant);
  }

  Standing now;
  std::int64_t eta_stamp_ms = INT64_MIN;
  std::optional<ScanKind> delay;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Milestone& m = history[i];
    if (m.eta != no_date && std::tie(m.eta_stamp_ms, m.eta) > std::tie(eta_stamp_ms, now.estimated)) {
      now.estimated = m.eta;
      eta_stamp_ms = m.eta_stamp_ms;
    }
    if (m.kind == ScanKind::eta_changed) continue;
    now.delayed = is_delay(m.kind);
    if (now.delayed) {
      delay = m.kind;
      continue;
    }
    if (m.kind == ScanKind::retracted) {
      now.retracted = true;
      continue;
    }
    if (std::find(taken_back.begin(), taken_back.end(), i) != taken_back.end()) continue;
    const std::optional<ScanKind> was = now.status;
    now.status = was ? next_status(*was, m.kind) : m.kind;
    if (now.status != ScanKind::delivered) {
      now.delivered_at_ms.reset();
    } else if (was != ScanKind::delivered) {
      now.delivered_at_ms = m.at_ms;
      now.retracted = false;
    }
  }
  if (!now.status) now.status = delay;
  if (!now.status && !history.empty()) now.status = ScanKind::label_created;
  if (now.status == ScanKind::delivered) {
    now.retracted = false;
    now.delayed = false;
  }
  return now;
}

}  // namespace peakstorm::endpoint
