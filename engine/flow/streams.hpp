/// Puts scans into their total order and passes them on, hour by hour, with what the shoppers do about them. Used by
/// the thread that runs the simulation, between windows; sorting is shared with the other threads.
///
/// Scans wait in buckets of a minute until no earlier one can come: what is held is the scans of rounds that have
/// left, which are known hours ahead, and the last window's. Buckets are put in order, several at a time, and passed on
/// one after the other, so that no more than a few minutes exist twice.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/flow/ledger.hpp"
#include "engine/shopper/shoppers.hpp"

namespace peakstorm::flow {

class Streams {
 public:
  Streams(const Context& context, Recorder& recorder, unsigned threads);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Takes what a ledger wrote since the last time, and empties it.
  void collect(std::vector<ParcelFacts>& fresh_facts, Chain<KeyedScan>& fresh_scans);
  /// Passes on every hour that lies wholly before `until`: nothing earlier can come any more.
  void release(SimTime until);
  /// Scans that wait for their turn.
  [[nodiscard]] std::uint64_t waiting() const { return waiting_; }

  /// What was collected and not yet passed on, and the shoppers.
  template <class Archive>
  void transfer(Archive& archive) {
    archive(facts_, released_, shoppers_, waiting_);
    std::uint64_t count = minutes_.size();
    archive(count);
    if constexpr (Archive::is_reading) {
      minutes_.clear();
      for (; count > 0 && archive.ok(); --count) {
        std::int64_t minute = 0;
        archive(minute);
        archive(minutes_[minute]);
      }
    } else {
      for (auto& [minute, scans] : minutes_) archive(minute, scans);
    }
  }

 private:
  using Minutes = std::map<std::int64_t, Chain<KeyedScan>>;
  struct Threads;
  struct Group;
  /// Passes on the buckets [first, last).
  void pass_on(Minutes::iterator first, Minutes::iterator last);
  /// sort_bucket() as a task of another thread.
  void sort_elsewhere(Chain<KeyedScan>& bucket, std::vector<Scan>& sorted) const;
  void sort_bucket(Chain<KeyedScan>& bucket, std::vector<Scan>& sorted) const;
  const Context& context_;
  Recorder& recorder_;
  shopper::Shoppers shoppers_;
  std::vector<ParcelFacts> facts_;
  Minutes minutes_;
  std::uint64_t waiting_ = 0;
  std::unique_ptr<Threads> threads_;
  SimTime released_ = day_zero;
};

}  // namespace peakstorm::flow
