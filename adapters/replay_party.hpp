/// Several processes, on one or several hosts, that send one replay together. Every one of them reads the whole run
/// and sends the items of the parcels that fall to it, each at the instant at which a single process would send it: all
/// go by one start, and by an item's place in the whole run. So the order of a parcel's scans holds, and nothing is
/// sent twice.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/ids.hpp"
#include "engine/random.hpp"

namespace peakstorm {

/// Which parcels are whose. The same in every run, on every machine.
struct ParcelShare {
  std::size_t index = 0;  ///< In [0, count).
  std::size_t count = 1;
  [[nodiscard]] bool owns(ParcelId parcel) const {
    constexpr std::uint64_t salt = 0x7061'7263'656c'7321;  // Other hashes of parcels must not divide them alike.
    return count == 1 || hash64(static_cast<std::uint64_t>(parcel), salt) % count == index;
  }
};

/// The way to the others. Used from the sending thread; all of them call the collective functions in the same order.
class ReplayParty {
 public:
  virtual ~ReplayParty() = default;
  [[nodiscard]] virtual ParcelShare share() const = 0;
  /// True once any of them has called for the end, or has met the others unwell. Takes microseconds; to be called about
  /// every 100 ms. Not between `meet` and the collective functions that follow it.
  virtual bool called_off(bool mine) = 0;
  /// Waits until all are here. True when the replay is not called off and all are `well`. Collective.
  virtual bool meet(bool well) = 0;
  /// How long from now the instant is at which all begin; agrees on the time first. Collective, after `meet`.
  virtual std::chrono::nanoseconds until_start() = 0;
  /// The sum of all values. Collective, after `meet`.
  virtual std::uint64_t sum(std::uint64_t mine) = 0;
};

}  // namespace peakstorm
