#include <algorithm>

#include "engine/archive.hpp"
#include "engine/check.hpp"
#include "results/measures/state.hpp"

namespace peakstorm {

using measuring::are_counts;
using measuring::Counts;
using measuring::Publication;
using measuring::Shard;
using measuring::transfer_all;

template <class Archive>
void Measures::Impl::transfer_streams(Archive& archive) {
  transfer_all(archive, tracked, [&](TrackedParcel& parcel) {
    measuring::transfer(archive, parcel.facts);
    archive(parcel.measured, parcel.grade, parcel.grade_when_asked, parcel.recovery_refused);
  });
  archive(status, status_at, contacts, shipping, streamed_to, tables.measured_tracked, tables.measured_acts);
  archive(scan_hours, first_hour, has_first_hour);
  std::vector<Publication> publications;
  for (auto queue = pending; !queue.empty(); queue.pop()) publications.push_back(queue.top());
  transfer_all(archive, publications, [&](Publication& p) { archive(p.reported, p.at, p.parcel, p.sequence, p.kind); });
  struct ActHour {
    std::int64_t hour = 0;
    ActKind act{};
    std::uint8_t status = 0;
    std::uint64_t acts = 0;
  };
  std::vector<ActHour> hours;
  for (const auto& [key, acts] : act_hours) {
    hours.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), acts});
  }
  transfer_all(archive, hours, [&](ActHour& h) { archive(h.hour, h.act, h.status, h.acts); });
  if constexpr (Archive::is_reading) {
    index_of.clear();
    for (std::size_t i = 0; i < tracked.size(); ++i) {
      if (!index_of.try_emplace(tracked[i].facts.id, static_cast<std::uint32_t>(i)).second) archive.fail();
    }
    pending = {};
    for (const Publication& p : publications) pending.push(p);
    act_hours.clear();
    for (const ActHour& h : hours) act_hours[{h.hour, h.act, h.status}] = h.acts;
    if (archive.ok() && !streams_fit()) archive.fail();
  }
}

bool Measures::Impl::streams_fit() const {
  const auto is_kind = [](std::size_t kind) { return kind < scan_kind_end; };
  bool fits = status.size() == tracked.size() && status_at.size() == tracked.size() &&
              contacts.size() == world.shippers.size() && are_counts(contacts) &&
              shipping.size() == world.shippers.size();
  for (const TrackedParcel& parcel : tracked) {
    const ParcelFacts& f = parcel.facts;
    fits = fits && index(f.node) < world.nodes.size() && index(f.shipper) < world.shippers.size() &&
           index(f.service) < world.services.size() && index(f.destination) < world.destinations.size() &&
           static_cast<std::size_t>(f.tier) < tier_count &&
           parcel.grade <= world.shippers[index(f.shipper)].recovery.grades.size() &&
           parcel.grade_when_asked <= parcel.grade;
  }
  for (const std::uint8_t kind : status) fits = fits && is_kind(kind);
  for (auto queue = pending; !queue.empty(); queue.pop()) {
    fits = fits && queue.top().parcel < tracked.size() && is_kind(static_cast<std::size_t>(queue.top().kind));
  }
  for (const auto& [key, acts] : act_hours) {
    fits = fits && static_cast<std::size_t>(std::get<1>(key)) < act_kind_names.size() && is_kind(std::get<2>(key));
  }
  return fits;
}

void Measures::save(ArchiveWriter& archive) const {
  Impl& m = *impl_;
  Counts all(m.world);
  for (const auto& shard : m.shards) {
    if (shard) all.merge(shard->counts);
  }
  std::sort(all.kept.begin(), all.kept.end(), [](const Outcome& a, const Outcome& b) { return a.id < b.id; });
  // Only rank 0 has them.
  const bool has_streams = !m.tracked.empty() || m.has_first_hour;
  archive(all, m.options.streams, has_streams);
  if (has_streams) m.transfer_streams(archive);
}

void Measures::absorb(ArchiveReader& archive) {
  Impl& m = *impl_;
  Counts all(m.world);
  bool kept_outcomes = false;
  bool has_streams = false;
  archive(all, kept_outcomes, has_streams);
  if (!all.fits(m.world)) archive.fail();
  if (archive.ok()) {
    // Verdicts that are wanted here and were not kept there cannot be made up.
    if (m.options.streams && !kept_outcomes) archive.fail();
    if (!m.options.streams) all.kept.clear();
    static_cast<Shard&>(shard(0)).counts.merge(all);
  }
  if (!has_streams || !archive.ok()) return;
  if (m.options.streams) {
    PEAKSTORM_CHECK(m.tracked.empty(), m.tracked.size());
    m.transfer_streams(archive);
  } else {
    // Read past it.
    Impl other(m.world, m.options);
    other.transfer_streams(archive);
  }
}

}  // namespace peakstorm
