#include "adapters/replay/open_parcels.hpp"

#include <algorithm>

#include "adapters/replay/faults.hpp"
#include "engine/tracking_number.hpp"

namespace peakstorm {
namespace {

// A delivery may be taken back, and an offline scanner may report late, but not after this long.
constexpr SimDuration history_kept_after_end = days(3);
constexpr SimDuration history_kept_in_silence = days(30);

bool ends_parcel(ScanKind kind) {
  return kind == ScanKind::delivered || kind == ScanKind::lost || kind == ScanKind::returned ||
         kind == ScanKind::cancelled;
}

}  // namespace

std::string OpenParcels::number_of(const ParcelFacts& facts) const {
  return tracking_number(world_, world_.services[index(facts.service)].carrier, facts.id);
}

OpenParcel& OpenParcels::admit(const ParcelFacts& facts, const Scan& scan, SimTime at) {
  forget_old(at);
  OpenParcel& parcel = parcels_[facts.id];
  if (parcel.number.empty()) {
    parcel.number = number_of(facts);
    silent_.push_back({at + history_kept_in_silence, facts.id});
  }
  parcel.last = at;
  parcel.ended = ends_parcel(scan.kind);
  if (parcel.ended) ended_.push_back({at + history_kept_after_end, facts.id});
  return parcel;
}

std::optional<Work> OpenParcels::queue(OpenParcel& parcel, Work work) {
  if (parcel.busy) {
    parcel.waiting.push_back(std::move(work));
    return std::nullopt;
  }
  parcel.busy = true;
  return work;
}

std::optional<Work> OpenParcels::release(ParcelId id) {
  OpenParcel& parcel = parcels_.at(id);
  if (parcel.waiting.empty()) {
    parcel.busy = false;
    return std::nullopt;
  }
  std::optional<Work> next = std::move(parcel.waiting.front());
  parcel.waiting.erase(parcel.waiting.begin());
  return next;
}

void OpenParcels::remember(ParcelId id, const Scan& scan) {
  if (!with_history_) return;
  std::vector<Scan>& history = parcels_.at(id).history;
  if (starts_reuse(scan)) history.clear();
  const auto before = [](const Scan& a, const Scan& b) {
    return std::pair(a.at, a.sequence) < std::pair(b.at, b.sequence);
  };
  history.insert(std::upper_bound(history.begin(), history.end(), scan, before), scan);
}

void OpenParcels::forget_old(SimTime at) {
  while (!ended_.empty() && ended_.front().first <= at) {
    const ParcelId id = ended_.front().second;
    ended_.pop_front();
    const auto parcel = parcels_.find(id);
    if (parcel != parcels_.end() && parcel->second.ended && !parcel->second.busy &&
        parcel->second.last + history_kept_after_end <= at) {
      parcels_.erase(parcel);
    }
  }
  while (!silent_.empty() && silent_.front().first <= at) {
    const ParcelId id = silent_.front().second;
    silent_.pop_front();
    const auto parcel = parcels_.find(id);
    if (parcel == parcels_.end()) continue;
    if (!parcel->second.busy && parcel->second.last + history_kept_in_silence <= at) {
      parcels_.erase(parcel);
    } else {
      silent_.push_back({at + history_kept_in_silence, id});
    }
  }
}

}  // namespace peakstorm
