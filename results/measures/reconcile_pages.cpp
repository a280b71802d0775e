#include "results/measures/reconciliation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace peakstorm {

using namespace reconciliation;

namespace {

/// "2013-12-05 12:00:03Z", with milliseconds where there are any.
std::string utc_text(std::int64_t unix_ms) {
  const std::int64_t day = floor_div(unix_ms, 86'400'000);
  const std::int64_t ms = unix_ms - day * 86'400'000;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::string text = fmt::format("{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                                 ms / 60'000 % 60, ms / 1000 % 60);
  if (ms % 1000 != 0) text += fmt::format(".{:03d}", ms % 1000);
  return text + "Z";
}

bool same_place(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

auto key_of(const ShownScan& scan) {
  return std::tie(scan.unix_ms, scan.kind, scan.place);
}

}  // namespace

namespace reconciliation {

std::string line_of(const ShownScan& scan, bool marked) {
  return fmt::format("{} {} {}{}{}\n", marked ? '>' : ' ', utc_text(scan.unix_ms),
                     scan_kind_names[static_cast<std::size_t>(scan.kind)], scan.place.empty() ? "" : " ", scan.place);
}

}  // namespace reconciliation

void Reconciliation::Impl::compare(std::uint32_t index, const ShownParcel& page) {
  const TruthParcel& parcel = parcels[index];
  const ParcelId id = parcel.facts.id;

  struct Expected {
    ShownScan shown;
    TruthScan* truth;
    bool matched = false;
  };
  std::vector<Expected> expected;
  for (TruthScan& scan : scans_of(index)) {
    // Once its number belongs to another parcel, nothing of this one may be shown.
    if (reused[index] != never && scan.scan.at < reused[index]) continue;
    if (auto shown = rules.scan(parcel.facts, scan.scan)) expected.push_back({std::move(*shown), &scan});
  }
  // In the order in which they happened, as a page would list them.
  std::sort(expected.begin(), expected.end(), [](const Expected& a, const Expected& b) {
    return std::tie(a.shown.unix_ms, a.truth->scan.at, a.truth->scan.sequence) <
           std::tie(b.shown.unix_ms, b.truth->scan.at, b.truth->scan.sequence);
  });

  std::vector<const ShownScan*> extra;  // Shown, without a counterpart so far.
  std::vector<const ShownScan*> duplicates;
  std::vector<bool> taken(page.scans.size());
  // 1. Exact matches. A group of identical expectations may be shown once or as often as it has members.
  for (std::size_t s = 0; s < page.scans.size(); ++s) {
    const ShownScan& shown = page.scans[s];
    bool any = false;
    for (Expected& e : expected) {
      if (key_of(e.shown) != key_of(shown)) continue;
      any = true;
      if (!e.matched) {
        e.matched = true;
        taken[s] = true;
        break;
      }
    }
    if (taken[s]) continue;
    // A milestone told in capitals is still the same.
    any = any || std::any_of(expected.begin(), expected.end(), [&](const Expected& e) {
            return e.shown.unix_ms == shown.unix_ms && e.shown.kind == shown.kind &&
                   same_place(e.shown.place, shown.place) && e.shown.place != shown.place;
          });
    (any ? duplicates : extra).push_back(&shown);
  }
  for (Expected& e : expected) {
    if (e.matched) continue;
    e.matched = std::any_of(expected.begin(), expected.end(), [&](const Expected& other) {
      return other.matched && key_of(other.shown) == key_of(e.shown);
    });
  }
  // 2. What is left on both sides and agrees in two of instant, kind and place is one scan shown wrongly.
  struct Wrong {
    Expected* expected;
    const ShownScan* shown;
  };
  std::vector<Wrong> wrong;
  for (Expected& e : expected) {
    if (e.matched) continue;
    for (std::size_t x = 0; x < extra.size(); ++x) {
      const int agree = static_cast<int>(extra[x]->unix_ms == e.shown.unix_ms) +
                        static_cast<int>(extra[x]->kind == e.shown.kind) +
                        static_cast<int>(extra[x]->place == e.shown.place);
      if (agree < 2) continue;
      wrong.push_back({&e, extra[x]});
      e.matched = true;
      extra.erase(extra.begin() + static_cast<std::ptrdiff_t>(x));
      break;
    }
  }

  const auto truth_story = [&](const std::set<const Expected*>& marked) {
    std::string text;
    for (const Expected& e : expected) text += line_of(e.shown, marked.contains(&e));
    return text;
  };
  const auto shown_story = [&](const std::set<const ShownScan*>& marked) {
    std::string text;
    if (!page.found) return std::string("(no such parcel)\n");
    for (const ShownScan& scan : page.scans) text += line_of(scan, marked.contains(&scan));
    return text;
  };
  const auto name_of = [](const ShownScan& scan) {
    return fmt::format("{} at {}{}{}", scan_kind_names[static_cast<std::size_t>(scan.kind)], utc_text(scan.unix_ms),
                       scan.place.empty() ? "" : ", ", scan.place);
  };

  bool any_accepted = false;
  for (const Expected& e : expected) {
    any_accepted = any_accepted || e.truth->accepted != not_yet;
    const std::uint8_t sequence = e.truth->scan.sequence;
    if (e.matched) {
      if (e.truth->missed) {
        found(FindingKind::late_to_show, id, sequence, [&] {
          return FindingExample{{},
                                {},
                                {},
                                name_of(e.shown) + " was missing from a check long after it was accepted",
                                truth_story({&e}),
                                shown_story({})};
        });
      }
      continue;
    }
    const FindingKind kind = e.truth->accepted != not_yet ? FindingKind::lost
                             : e.truth->tried             ? FindingKind::unacknowledged
                                                          : FindingKind::not_sent;
    found(kind, id, sequence, [&] {
      return FindingExample{{}, {}, {}, name_of(e.shown) + " is not shown", truth_story({&e}), shown_story({})};
    });
    if (kind != FindingKind::lost) continue;
    LostScan lost;
    lost.rank = e.truth->rank;
    lost.beside = e.truth->beside;
    lost.stale_page = first_shown[index] >= 0 && static_cast<std::size_t>(first_shown[index]) == page.scans.size();
    lost.only_first_shown = page.scans.size() == 1 && expected.size() > 1 && expected.front().matched;
    for (const Expected& other : expected) {
      if (other.truth->accepted >= e.truth->accepted) continue;
      lost.late = lost.late || other.shown.unix_ms > e.shown.unix_ms;
      lost.after_delivery = lost.after_delivery || other.shown.kind == ScanKind::delivered;
    }
    symptoms.lost.push_back(lost);
  }
  for (const Wrong& w : wrong) {
    const bool instant = w.expected->shown.kind == w.shown->kind && w.expected->shown.place == w.shown->place;
    if (instant) {
      const std::int64_t shift = w.shown->unix_ms - w.expected->shown.unix_ms;
      ++symptoms.wrong_instants;
      symptoms.cut_seconds += static_cast<std::uint64_t>(shift < 0 && shift > -1000);
      // Offsets of zones are quarter hours up to fourteen hours. Who cuts the offset off may have cut the fraction of
      // the second with it.
      constexpr std::int64_t quarter = 900'000;
      const std::int64_t beyond = (shift % quarter + quarter) % quarter;
      const std::int64_t offset = beyond > quarter - 1000 ? shift - beyond + quarter : shift;
      symptoms.zone_shifts +=
          static_cast<std::uint64_t>(offset != 0 && offset % quarter == 0 && std::abs(offset) <= 56 * quarter);
    }
    found(instant ? FindingKind::wrong_instant : FindingKind::wrong, id, w.expected->truth->scan.sequence, [&] {
      return FindingExample{{},
                            {},
                            {},
                            name_of(w.expected->shown) + " is shown as " + name_of(*w.shown),
                            truth_story({w.expected}),
                            shown_story({w.shown})};
    });
  }
  for (const ShownScan* scan : extra) {
    ++symptoms.phantoms;
    symptoms.forged_phantoms +=
        static_cast<std::uint64_t>(std::any_of(expected.begin(), expected.end(), [&](const auto& e) {
          const std::int64_t moved = scan->unix_ms - e.shown.unix_ms;
          return e.shown.kind == scan->kind &&
                 (moved == std::int64_t{13} * 60'000 || moved == std::int64_t{17} * 60'000);
        }));
    symptoms.cut_seconds +=
        static_cast<std::uint64_t>(std::any_of(expected.begin(), expected.end(), [&](const auto& e) {
          return e.shown.kind == scan->kind && scan->unix_ms % 1000 == 0 && e.shown.unix_ms > scan->unix_ms &&
                 e.shown.unix_ms - scan->unix_ms < 1000;
        }));
    if (reused[index] != never) {
      const auto before = parcel_scans(index);
      symptoms.old_journeys +=
          static_cast<std::uint64_t>(std::any_of(before.begin(), before.end(), [&](const TruthScan& t) {
            const auto was = rules.scan(parcel.facts, t.scan);
            return was && t.scan.at < reused[index] && key_of(*was) == key_of(*scan);
          }));
    }
    found(FindingKind::phantom, id, std::nullopt, [&] {
      return FindingExample{
          {}, {}, {}, name_of(*scan) + " is shown and never happened", truth_story({}), shown_story({scan})};
    });
  }
  for (const ShownScan* scan : duplicates) {
    ++symptoms.duplicates;
    std::uint32_t met = 0;
    std::uint16_t attempts = 0;
    for (const Expected& e : expected) {
      if (e.shown.unix_ms != scan->unix_ms || e.shown.kind != scan->kind) continue;
      met |= e.truth->faults;
      attempts = std::max(attempts, e.truth->attempts);
    }
    if (attempts > 1) {
      ++symptoms.duplicates_retried;
    } else if ((met & bit(FaultKind::redelivery)) != 0) {
      ++symptoms.duplicates_redelivered;
    } else if ((met & bit(FaultKind::near_duplicate)) != 0) {
      ++symptoms.duplicates_near;
    } else {
      ++symptoms.duplicates_plain;
    }
    found(FindingKind::duplicated, id, std::nullopt, [&] {
      return FindingExample{
          {}, {}, {}, name_of(*scan) + " is shown more than once", truth_story({}), shown_story({scan})};
    });
  }
  if (!page.found) {
    if (any_accepted) {
      found(FindingKind::parcel_not_found, id, std::nullopt, [&] {
        return FindingExample{
            {}, {}, {}, "its scans were accepted, and the page does not know it", truth_story({}), shown_story({})};
      });
    }
    return;
  }

  // 3. What the page concludes, judged by the scans it took or shows: refused ones must not count against it.
  std::vector<ShownScan> basis;
  std::optional<std::int64_t> delivered;
  for (const Expected& e : expected) {
    if (e.truth->accepted != not_yet || e.matched) basis.push_back(e.shown);
  }
  const std::optional<ScanKind> status = rules.status(basis);
  if (status && *status != page.status) {
    status_symptom(index, page.status, basis, not_yet);
    found(FindingKind::wrong_status, id, std::nullopt, [&] {
      return FindingExample{
          {},
          {},
          {},
          fmt::format("status {} instead of {}", scan_kind_names[static_cast<std::size_t>(page.status)],
                      scan_kind_names[static_cast<std::size_t>(*status)]),
          truth_story({}),
          shown_story({})};
    });
  }
  if (status == ScanKind::delivered) {
    // The delivery that stands: the last one that no retraction takes back leaves the status delivered.
    for (std::size_t i = basis.size(); i-- > 0 && !delivered;) {
      if (basis[i].kind != ScanKind::delivered) continue;
      std::vector<ShownScan> without(basis);
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      const bool decides = rules.status(without) != status;
      const bool only = std::count_if(basis.begin(), basis.end(),
                                      [](const ShownScan& s) { return s.kind == ScanKind::delivered; }) == 1;
      if (decides || only) delivered = basis[i].unix_ms;
    }
  }
  // Two deliveries that both stand leave it open which instant a page shows; then none is demanded.
  if (page.delivered_unix_ms != delivered && (delivered || status != ScanKind::delivered)) {
    found(FindingKind::wrong_delivery, id, std::nullopt, [&] {
      return FindingExample{{},
                            {},
                            {},
                            fmt::format("delivered {} instead of {}",
                                        page.delivered_unix_ms ? utc_text(*page.delivered_unix_ms) : "never",
                                        delivered ? utc_text(*delivered) : "never"),
                            truth_story({}),
                            shown_story({})};
    });
  }
  if (page.promise_day) {
    const Day shown_day = *page.promise_day;
    ++results.oracle[static_cast<std::size_t>(Oracle::promise_shown)].judged;
    bool known = parcel.facts.promise_day != no_day && shown_day == Day{parcel.facts.promise_day};
    for (const TruthScan& scan : scans_of(index)) {
      known = known || (scan.scan.eta_day != no_day && shown_day == Day{scan.scan.eta_day});
    }
    if (!known) {
      ++symptoms.wrong_dates;
      symptoms.day_early += static_cast<std::uint64_t>(shown_day + 1 == Day{parcel.facts.promise_day});
      found(FindingKind::wrong_promise, id, std::nullopt, [&] {
        return FindingExample{{},
                              {},
                              {},
                              fmt::format("promised for day {}, shown for day {}", parcel.facts.promise_day, shown_day),
                              truth_story({}),
                              shown_story({})};
      });
    }
  }
}

void Reconciliation::Impl::compare_promise(std::uint32_t index, const ShownParcel& page) {
  const TruthParcel& parcel = parcels[index];
  // A fault gave it another ending than the one that its true verdict is about.
  if (altered(index)) return;
  if (!parcel.measured || parcel.promise == Verdict::not_counted) return;
  const bool truly = parcel.promise == Verdict::kept;
  bool shown = false;
  if (page.found && page.delivered_unix_ms) {
    const TimeZone& zone =
        world.zones[::peakstorm::index(world.destinations[::peakstorm::index(parcel.facts.destination)].zone)];
    const SimTime delivered = day_zero + SimDuration{*page.delivered_unix_ms - world.first_day_unix * 1000};
    shown = zone.local_day(delivered) <= Day{parcel.facts.promise_day};
  }
  ++(truly ? results.true_kept : results.true_broken);
  ++(shown ? results.shown_kept : results.shown_broken);
  results.hidden_kept += static_cast<std::uint64_t>(truly && !shown);
  results.hidden_broken += static_cast<std::uint64_t>(!truly && shown);
}

}  // namespace peakstorm
