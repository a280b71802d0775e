/// What one partition writes down: scans, outcomes, counts and their digest. No other thread touches it
/// while a window runs; the streams are collected between windows.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/flow/context.hpp"
#include "engine/flow/parcel.hpp"
#include "engine/recorder.hpp"

namespace peakstorm::flow {

/// Order-independent sum of 128-bit hashes. A record's place in the total order is part of what is hashed, so the
/// sum over a set determines the sequence, and it can be formed in any order on any thread.
class DigestSum {
 public:
  void add(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    const std::uint64_t x = mix64(a + 0x9e3779b97f4a7c15ULL * b);
    const std::uint64_t y = mix64(x ^ (c + 0xd1b54a32d192ed03ULL));
    sum_.low += y;
    sum_.high += mix64(y + x);
  }
  void add(const Digest& other) {
    sum_.low += other.low;
    sum_.high += other.high;
  }
  [[nodiscard]] const Digest& sum() const { return sum_; }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(sum_.high, sum_.low);
  }

 private:
  Digest sum_;
};

/// A scan with the hash that breaks ties between equal instants: of the run and the parcel's key.
struct KeyedScan {
  Scan scan;
  std::uint64_t tie = 0;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(scan, tie);
  }
};

/// What is counted of a run besides its places. Belongs to the run, not to a partition: the sum over all ledgers is
/// what matters.
struct LedgerCounts {
  std::uint64_t parcels = 0;
  std::uint64_t ended = 0;  ///< Outcomes written.
  std::uint64_t tracked = 0;
  std::uint64_t scans = 0;
  std::array<std::uint64_t, scan_kind_end> scans_by_kind{};
  DigestSum digest;
  std::vector<LegWork> legs;  ///< By CarrierId; not in the digest, which it follows from.

  /// Parcels that began here less those that ended here: of one partition it may be negative.
  [[nodiscard]] std::int64_t in_flight() const { return static_cast<std::int64_t>(parcels - ended); }
  void add(const LedgerCounts& other) {
    parcels += other.parcels;
    ended += other.ended;
    tracked += other.tracked;
    scans += other.scans;
    for (std::size_t k = 0; k < scan_kind_end; ++k) scans_by_kind[k] += other.scans_by_kind[k];
    digest.add(other.digest.sum());
    if (legs.size() < other.legs.size()) legs.resize(other.legs.size());
    for (std::size_t c = 0; c < other.legs.size(); ++c) legs[c].add(other.legs[c]);
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(parcels, ended, tracked, scans, scans_by_kind, digest, legs);
  }
};

/// What one partition writes down of one companion, with the ids of its own world.
struct CompanionLedger {
  LedgerCounts counts;
  // Collected between windows.
  std::vector<ParcelFacts> fresh_facts;
  std::vector<KeyedScan> fresh_scans;
  std::vector<Outcome> fresh_outcomes;
};

/// What belongs to a companion's parcel goes to the companion's part, and nothing of it into the counts of the run.
class Ledger : public LedgerCounts {
 public:
  Ledger(const Context& context, RecorderShard& shard) : context_(context), shard_(shard) {
    legs.resize(context.world.carriers.size());
    if (context.companions != nullptr) companions_.resize(context.companions->size());
    for (CompanionLedger& companion : companions_) companion.counts.legs.resize(context.world.carriers.size());
  }

  /// The counts that a parcel belongs to.
  LedgerCounts& counts_of(const Parcel& parcel) {
    return parcel.is(Parcel::companion) ? companion_of(parcel.id).counts : *this;
  }

  /// Writes a scan of `parcel`. Whether and when the carrier reports it is drawn for tracked parcels; the
  /// rest of the volume is taken as reported at once.
  void scan(Parcel& parcel, ScanKind kind, PlaceId place, SimTime at, std::uint16_t eta_day = no_day);
  /// Like scan(), returns the instant at which it is reported.
  SimTime reported_scan(Parcel& parcel, ScanKind kind, PlaceId place, SimTime at, std::uint16_t eta_day = no_day);
  void facts(const ParcelFacts& facts);
  /// Writes how `parcel` ended, or stands at the end of the run.
  void outcome(const Parcel& parcel, Fate fate, SimTime at, SimTime reported);
  void flush();

  // Collected between windows by the thread that runs the simulation.
  Chain<KeyedScan> fresh_scans;
  std::vector<ParcelFacts> fresh_facts;
  [[nodiscard]] std::vector<CompanionLedger>& companions() { return companions_; }
  [[nodiscard]] const std::vector<CompanionLedger>& companions() const { return companions_; }

 private:
  CompanionLedger& companion_of(ParcelId id) { return companions_[context_.companions->of(node_of(id))]; }

  const Context& context_;
  RecorderShard& shard_;
  std::vector<Outcome> outcomes_;
  std::vector<CompanionLedger> companions_;
};

}  // namespace peakstorm::flow
