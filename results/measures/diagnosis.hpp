/// From what was found to the mistake that explains it. Pure counting; the rules are in MEASURES.md.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/scan.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {

/// An acknowledged scan that the page does not show, and what is special about it.
struct LostScan {
  std::uint32_t rank = 0;         ///< In the order of acknowledgements.
  std::uint32_t beside = 0;       ///< Requests in flight when it was sent.
  bool late = false;              ///< A scan that happened after it had been acknowledged before.
  bool after_delivery = false;    ///< A delivery had been acknowledged before.
  bool stale_page = false;        ///< The page shows as many scans as its first check did.
  bool only_first_shown = false;  ///< The page shows the parcel's first scan and nothing else.
};

struct Symptoms {
  std::uint64_t accepted = 0;
  std::uint64_t accepted_beside = 0;  ///< Sum over the accepted scans.
  std::vector<LostScan> lost;
  std::uint64_t duplicates = 0;
  std::uint64_t duplicates_retried = 0;  ///< Each duplicate counts in the first of these that applies.
  std::uint64_t duplicates_redelivered = 0;
  std::uint64_t duplicates_near = 0;
  std::uint64_t duplicates_plain = 0;
  std::uint64_t phantoms = 0;
  std::uint64_t forged_phantoms = 0;  ///< Of which told by a forged message alone.
  std::uint64_t old_journeys = 0;     ///< Of which scans of the number's former parcel.
  std::uint64_t wrong_instants = 0;
  std::uint64_t zone_shifts = 0;  ///< Of which by an offset of zones.
  std::uint64_t cut_seconds = 0;  ///< Shown at the full second before.
  std::uint64_t wrong_statuses = 0;
  std::uint64_t wrong_statuses_examined = 0;
  std::uint64_t status_told_last = 0;  ///< Of the examined.
  std::uint64_t status_furthest = 0;
  std::uint64_t wrong_deliveries = 0;
  std::uint64_t wrong_dates = 0;
  std::uint64_t day_early = 0;
  std::uint64_t tampered_taken = 0;
  std::uint64_t unsigned_taken = 0;
  std::uint64_t forgery_errors = 0;
  std::uint64_t ghosts = 0;
  std::uint64_t refused = 0;
  std::uint64_t refused_drift = 0;
  std::uint64_t refused_unsigned = 0;  ///< With 401 or 403, though the signature was right.
  std::uint64_t refused_capitals = 0;  ///< Near duplicates.
};

/// How far along a journey a status is; several are equally far.
int progress_of(ScanKind kind);

std::vector<Diagnosis> diagnose(const Symptoms& symptoms);

}  // namespace peakstorm
