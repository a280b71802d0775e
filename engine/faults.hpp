/// Faults of real carriers' messages, injected by a replay on purpose, and how often.
///
/// Which scan meets which fault is drawn from (seed, kind, parcel, scan) alone, so it is the same for every pace,
/// target and machine. Values; no threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/random.hpp"
#include "engine/scan.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// Sequence numbers from here on belong to scans that a fault added; a run's own scans stay below.
inline constexpr std::uint8_t injected_sequence = 128;

/// True for the first scan of another parcel that was given the number of one that has ended.
inline bool starts_reuse(const Scan& scan) {
  return scan.kind == ScanKind::label_created && scan.sequence >= injected_sequence;
}

/// True for messages that nobody may take: what they tell never happened, or their sender is not who he says.
constexpr bool must_be_refused(FaultKind kind) {
  return kind == FaultKind::forged || kind == FaultKind::unsigned_message || kind == FaultKind::stale_signature ||
         kind == FaultKind::ghost;
}

/// A fault as it happened.
struct InjectedFault {
  FaultKind kind = FaultKind::none;
  ParcelId parcel{};
  std::uint8_t sequence = 0;  ///< Of the scan it was done to.
  SimTime at;                 ///< Simulated instant at which the scan was published.
  std::string detail;         ///< What was done, for people.
};

}  // namespace peakstorm
