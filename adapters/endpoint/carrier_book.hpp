/// What carriers know of a run's parcels, and since when. Immutable once read: any thread.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/pull_format.hpp"
#include "engine/replay.hpp"

namespace peakstorm::endpoint {

struct BookedParcel {
  ParcelFacts facts;
  std::string number;
  std::uint64_t key = 0;    ///< scan.hpp, parcel_key.
  std::uint64_t from = 0;   ///< Of its scans.
  std::uint32_t scans = 0;  ///< At least one.
  std::array<bool, wire::pull_api_count> known_to{};
};

class CarrierBook {
 public:
  /// As `Carriers::start`. Errors: the source's own, and bad_input for a parcel without facts.
  static Result<CarrierBook> read(const World& world, ReplaySource& source,
                                  const std::function<void(std::vector<Scan>&)>& amend);
  CarrierBook(CarrierBook&&) = default;
  CarrierBook& operator=(CarrierBook&&) = default;
  CarrierBook(const CarrierBook&) = delete;
  CarrierBook& operator=(const CarrierBook&) = delete;
  ~CarrierBook() = default;

  /// With at least one published scan, ascending by (ordered, key).
  [[nodiscard]] std::span<const BookedParcel> parcels() const { return parcels_; }
  /// Null when nobody has the number. O(1).
  [[nodiscard]] const BookedParcel* by_number(std::string_view number) const;
  [[nodiscard]] const BookedParcel* by_key(std::uint64_t key) const;
  /// True when the parcel's first scan is published by `at`.
  [[nodiscard]] bool is_known(const BookedParcel& parcel, SimTime at) const {
    return scans_[parcel.from].reported <= at;
  }

  struct History {
    std::vector<Scan>
        scans;    ///< Published by then, ascending by (at, sequence); of a re-used number the last parcel's.
    Scan newest;  ///< Published last.
    std::uint32_t published = 0;  ///< Of all scans of the number.
  };
  /// False, and an empty history, when nothing is published by `at`.
  bool history(const BookedParcel& parcel, SimTime at, History& out) const;

 private:
  CarrierBook() = default;
  std::vector<BookedParcel> parcels_;
  std::vector<Scan> scans_;                                               // By parcel, then (reported, sequence).
  boost::unordered_flat_map<std::string_view, std::uint32_t> by_number_;  // Texts are the parcels' own.
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_key_;
};

}  // namespace peakstorm::endpoint
