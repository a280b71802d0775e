#include "engine/flow/companion_stream.hpp"

#include <algorithm>
#include <utility>

namespace peakstorm::flow {

CompanionStream::CompanionStream(const World& world, RunKey run, double scale, Recorder& recorder)
    : recorder_(recorder), shard_(recorder.shard(0)), shoppers_(world, run, scale) {
  for (const ShipNode& node : world.nodes) node_hash_.push_back(hash64(node.name));
}

void CompanionStream::collect(CompanionLedger& ledger) {
  facts_.insert(facts_.end(), ledger.fresh_facts.begin(), ledger.fresh_facts.end());
  scans_.insert(scans_.end(), ledger.fresh_scans.begin(), ledger.fresh_scans.end());
  if (!ledger.fresh_outcomes.empty()) shard_.outcomes(ledger.fresh_outcomes);
  ledger.fresh_facts.clear();
  ledger.fresh_scans.clear();
  ledger.fresh_outcomes.clear();
}

void CompanionStream::release(SimTime until) {
  const SimTime through = day_zero + hours(floor_div(until.time_since_epoch().count(), hours(1).count()));
  if (through <= released_) return;
  std::sort(facts_.begin(), facts_.end(), [&](const ParcelFacts& a, const ParcelFacts& b) {
    return std::pair(a.ordered, key(a.id)) < std::pair(b.ordered, key(b.id));
  });
  for (const ParcelFacts& facts : facts_) shoppers_.meet(facts, key(facts.id));
  if (!facts_.empty()) recorder_.parcels(facts_);
  facts_.clear();

  const auto later =
      std::partition(scans_.begin(), scans_.end(), [&](const KeyedScan& scan) { return scan.scan.at < through; });
  std::sort(scans_.begin(), later, [&](const KeyedScan& a, const KeyedScan& b) {
    if (a.scan.at != b.scan.at) return a.scan.at < b.scan.at;
    if (a.tie != b.tie) return a.tie < b.tie;
    if (a.scan.parcel != b.scan.parcel) return key(a.scan.parcel) < key(b.scan.parcel);
    return a.scan.sequence < b.scan.sequence;
  });
  std::vector<Scan> hour;
  std::vector<ShopperAct> acts;
  for (auto next = scans_.begin(); released_ < through;) {
    released_ += hours(1);
    hour.clear();
    for (; next != later && next->scan.at < released_; ++next) {
      hour.push_back(next->scan);
      shoppers_.notice(next->scan);
    }
    if (!hour.empty()) recorder_.scans(hour);
    acts.clear();
    shoppers_.advance(released_, acts);
    if (!acts.empty()) recorder_.acts(acts);
  }
  scans_.erase(scans_.begin(), later);
}

}  // namespace peakstorm::flow
