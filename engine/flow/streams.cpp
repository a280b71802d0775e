#include "engine/flow/streams.hpp"

#include <algorithm>
#include <tuple>

namespace peakstorm::flow {

void Streams::collect(std::vector<ParcelFacts>& fresh_facts, std::vector<KeyedScan>& fresh_scans) {
  facts_.insert(facts_.end(), fresh_facts.begin(), fresh_facts.end());
  fresh_facts.clear();
  for (const KeyedScan& scan : fresh_scans) {
    hours_[floor_div(scan.scan.at.time_since_epoch().count(), hours(1).count())].push_back(scan);
  }
  fresh_scans.clear();
}

void Streams::release(SimTime until) {
  const SimTime through = day_zero + hours(floor_div(until.time_since_epoch().count(), hours(1).count()));
  if (through <= released_) return;
  // Facts of one hour's orders come from many partitions; their order is by instant and key.
  std::sort(facts_.begin(), facts_.end(), [&](const ParcelFacts& a, const ParcelFacts& b) {
    return std::pair(a.ordered, context_.key(a.id)) < std::pair(b.ordered, context_.key(b.id));
  });
  for (const ParcelFacts& facts : facts_) shoppers_.meet(facts, context_.key(facts.id));
  if (!facts_.empty()) recorder_.parcels(facts_);
  facts_.clear();

  const std::uint64_t run = hash64(context_.run.seed, context_.run.replication);
  while (released_ < through) {
    std::vector<Scan> scans;
    const auto hour = hours_.find(floor_div(released_.time_since_epoch().count(), hours(1).count()));
    if (hour != hours_.end()) {
      std::vector<KeyedScan>& keyed = hour->second;
      std::sort(keyed.begin(), keyed.end(), [run](const KeyedScan& a, const KeyedScan& b) {
        if (a.scan.at != b.scan.at) return a.scan.at < b.scan.at;
        if (a.key != b.key) return std::pair(hash64(run, a.key), a.key) < std::pair(hash64(run, b.key), b.key);
        return a.scan.sequence < b.scan.sequence;
      });
      for (const KeyedScan& scan : keyed) {
        scans.push_back(scan.scan);
        shoppers_.notice(scan.scan);
      }
      hours_.erase(hour);
    }
    released_ += hours(1);
    if (!scans.empty()) recorder_.scans(scans);
    std::vector<ShopperAct> acts;
    shoppers_.advance(released_, acts);
    if (!acts.empty()) recorder_.acts(acts);
  }
}

}  // namespace peakstorm::flow
