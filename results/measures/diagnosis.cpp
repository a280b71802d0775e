#include "results/measures/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peakstorm {
namespace {

/// Nearly all of it: a few may have other reasons.
bool most(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 && part * 10 >= whole * 8;
}

template <class Claim>
std::uint64_t count_of(const std::vector<LostScan>& lost, const Claim& claim) {
  return static_cast<std::uint64_t>(std::count_if(lost.begin(), lost.end(), claim));
}

/// Mean length of runs of lost scans that were acknowledged one after the other.
double mean_run(const std::vector<LostScan>& lost) {
  std::vector<std::uint32_t> ranks;
  ranks.reserve(lost.size());
  for (const LostScan& scan : lost) ranks.push_back(scan.rank);
  std::sort(ranks.begin(), ranks.end());
  std::size_t runs = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i == 0 || ranks[i] > ranks[i - 1] + 1) ++runs;
  }
  return runs == 0 ? 0 : static_cast<double>(ranks.size()) / static_cast<double>(runs);
}

class Findings {
 public:
  explicit Findings(const Symptoms& symptoms) : s_(symptoms) {}

  std::vector<Diagnosis> all() {
    // What is refused cannot be lost, and explains more than what follows from it.
    refusals();
    lost();
    duplicates();
    phantoms();
    instants();
    statuses();
    if (most(s_.day_early, s_.wrong_dates)) {
      add("date-only-eta", fmt::format("{} of {} wrong dates are one day early", s_.day_early, s_.wrong_dates));
    }
    return std::move(found_);
  }

 private:
  void add(std::string bug, std::string why) { found_.push_back({std::move(bug), std::move(why)}); }

  void lost() {
    const auto n = static_cast<std::uint64_t>(s_.lost.size());
    if (n == 0) return;
    const auto many = [&](auto claim) { return count_of(s_.lost, claim); };
    const std::uint64_t only_first = many([](const LostScan& l) { return l.only_first_shown; });
    const std::uint64_t stale = many([](const LostScan& l) { return l.stale_page; });
    const std::uint64_t late = many([](const LostScan& l) { return l.late; });
    const std::uint64_t closed = many([](const LostScan& l) { return l.after_delivery; });
    if (most(only_first, n) && n * 2 > s_.accepted) {
      return add("first-entry-only", fmt::format("{} of {} lost scans are all but the parcel's first", only_first, n));
    }
    if (most(closed, n)) {
      return add("delivered-is-final", fmt::format("{} of {} lost scans came after a delivery", closed, n));
    }
    if (most(late, n)) {
      return add("drops-late-scans", fmt::format("{} of {} lost scans came after later ones", late, n));
    }
    if (most(stale, n)) {
      return add("stale-cache",
                 fmt::format("{} of {} lost scans are on pages as their first visitor saw them", stale, n));
    }
    double beside = 0;
    for (const LostScan& scan : s_.lost) beside += scan.beside;
    beside /= static_cast<double>(n);
    const double usual =
        static_cast<double>(s_.accepted_beside) / static_cast<double>(std::max<std::uint64_t>(1, s_.accepted));
    if (const double run = mean_run(s_.lost); run < 3 || beside > 2 * usual) {
      if (beside >= 1.3 * usual && beside >= 4) {
        add("drop-under-load",
            fmt::format("with a lost scan {:.1f} requests were under way, usually {:.1f}", beside, usual));
      }
    } else {
      add("ack-before-store", fmt::format("{} lost scans in runs of {:.1f} acknowledged one after the other", n, run));
    }
  }

  void duplicates() {
    if (s_.duplicates == 0) return;
    if (most(s_.duplicates_near, s_.duplicates)) {
      add("whole-body-dedup",
          fmt::format("{} of {} duplicates were told again in other words", s_.duplicates_near, s_.duplicates));
    } else if (most(s_.duplicates_retried, s_.duplicates)) {
      add("retry-counted-twice", fmt::format("{} of {} duplicates had been answered with an error first",
                                             s_.duplicates_retried, s_.duplicates));
    } else if (s_.duplicates_redelivered + s_.duplicates_plain > 0) {
      add("no-dedup",
          fmt::format("{} of {} duplicates were sent again unchanged", s_.duplicates_redelivered, s_.duplicates));
    }
  }

  void phantoms() {
    if (s_.tampered_taken > 0) {
      add("skips-signature-check",
          fmt::format("{} messages changed after they were signed were taken", s_.tampered_taken));
    } else if (s_.unsigned_taken > 0) {
      add("missing-signature-passes", fmt::format("{} messages without a signature were taken", s_.unsigned_taken));
    }
    if (s_.forgery_errors > 0) {
      add("500-on-bad-signature", fmt::format("{} forgeries were answered with 500", s_.forgery_errors));
    }
    if (s_.ghosts > 0) add("takes-ghosts", fmt::format("{} numbers that were never shipped have a page", s_.ghosts));
    if (s_.old_journeys > 0) {
      add("reused-number-keeps-history",
          fmt::format("{} scans of the number's former parcel are shown", s_.old_journeys));
    }
  }

  void instants() {
    if (s_.cut_seconds > 0 && most(s_.cut_seconds, s_.wrong_instants + s_.phantoms - s_.forged_phantoms)) {
      add("whole-second-instants", fmt::format("{} instants lost their fraction of a second", s_.cut_seconds));
    } else if (most(s_.zone_shifts, s_.wrong_instants)) {
      add("naive-local-time",
          fmt::format("{} of {} wrong instants are off by a zone's offset", s_.zone_shifts, s_.wrong_instants));
    }
  }

  void statuses() {
    // Instants that are wrong change the order of a history, and what is lost changes its end.
    if (s_.wrong_statuses_examined == 0 || s_.zone_shifts > 0 || !s_.lost.empty() || s_.cut_seconds > 0) return;
    if (s_.status_told_last >= s_.status_furthest && most(s_.status_told_last, s_.wrong_statuses_examined)) {
      add("last-write-wins", fmt::format("{} of {} wrong statuses are those of the message that came last",
                                         s_.status_told_last, s_.wrong_statuses_examined));
    } else if (most(s_.status_furthest, s_.wrong_statuses_examined)) {
      add("never-go-back", fmt::format("{} of {} wrong statuses are the furthest of the journey", s_.status_furthest,
                                       s_.wrong_statuses_examined));
    }
  }

  void refusals() {
    if (s_.refused_unsigned > 0 && most(s_.refused_unsigned, s_.refused)) {
      add("int-weight-signature",
          fmt::format("{} messages were refused for a signature that was right", s_.refused_unsigned));
    } else if (s_.refused_drift > 0 && most(s_.refused_drift, s_.refused)) {
      add("rejects-unknown-fields",
          fmt::format("{} messages with members of their own were refused", s_.refused_drift));
    }
    if (s_.refused_capitals > 0) {
      add("case-sensitive-status", fmt::format("{} milestones told in capitals were refused", s_.refused_capitals));
    }
  }

  const Symptoms& s_;
  std::vector<Diagnosis> found_;
};

}  // namespace

int progress_of(ScanKind kind) {
  switch (kind) {
    case ScanKind::label_created:
      return 0;
    case ScanKind::delivered:
    case ScanKind::returned:
    case ScanKind::lost:
      return 3;
    case ScanKind::out_for_delivery:
    case ScanKind::returning:
      return 2;
    default:
      return 1;
  }
}

std::vector<Diagnosis> diagnose(const Symptoms& symptoms) {
  return Findings(symptoms).all();
}

}  // namespace peakstorm
