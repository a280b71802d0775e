#include "results/measures/reconciliation.hpp"

#include <fmt/format.h>

namespace peakstorm {

using namespace reconciliation;

/// A broker judges no signature and may store a forgery; but what it has acknowledged must be there.
void Reconciliation::Impl::count_extra(const RequestRecord& record) {
  if (record.fault == FaultKind::redelivery) {
    if (TruthScan* scan = find(record.parcel, record.sequence)) ++scan->again;
    return;
  }
  ExtraFate& extra = extras[{record.parcel, record.sequence, record.fault}];
  ++extra.attempts;
  extra.accepted = extra.accepted || record.fate == RequestFate::accepted;
}

FindingExample Reconciliation::Impl::stored_example(const TruthScan& about, const std::string& what) const {
  const auto plain = [this](const Scan& scan) {
    return ShownScan{world.first_day_unix * 1000 + scan.at.time_since_epoch().count(), scan.kind,
                     scan.place == no_place ? std::string() : world.place_name(scan.place)};
  };
  std::string truth;
  std::string stored;
  for (const TruthScan& scan : parcel_scans(index_of.at(about.scan.parcel))) {
    truth += line_of(plain(scan.scan), &scan == &about);
    for (unsigned copy = 0; copy < scan.copies; ++copy) stored += line_of(plain(scan.scan), &scan == &about);
  }
  return {{},    {},     {}, fmt::format("{} {}", scan_kind_names[static_cast<std::size_t>(about.scan.kind)], what),
          truth, stored, 0};
}

void Reconciliation::stored(const StoredMessage& message) {
  Impl& m = *impl_;
  ReplayResults& r = m.results;
  if (!message.known) {
    ++r.stored_foreign;
    return;
  }
  ++r.stored;
  ++r.oracle[static_cast<std::size_t>(Oracle::no_phantom)].judged;
  const auto bare = [&](FindingKind kind, const char* what) {
    m.found(kind, message.parcel, message.sequence, [&] {
      const std::string fault = fault_names[static_cast<std::size_t>(message.fault)];
      return FindingExample{{}, {}, {}, std::string(what) + " (" + fault + ")", "", "", 0};
    });
  };
  if (message.fault != FaultKind::none) {
    const auto extra = m.extras.find({message.parcel, message.sequence, message.fault});
    if (extra == m.extras.end()) return bare(FindingKind::phantom, "is stored and was never sent");
    if (++extra->second.copies > extra->second.attempts) {
      bare(FindingKind::duplicated, "is stored more often than it was sent");
    } else if (extra->second.copies > 1) {
      ++r.stored_again;
    }
    if (!message.intact) bare(FindingKind::wrong, "is stored with another body");
    return;
  }
  TruthScan* const scan = m.find(message.parcel, message.sequence);
  if (scan == nullptr || !scan->tried) return bare(FindingKind::phantom, "is stored and was never sent");
  ++scan->copies;
  const auto told = [&](FindingKind kind, const std::string& what) {
    m.found(kind, message.parcel, message.sequence, [&] { return m.stored_example(*scan, what); });
  };
  const unsigned times_sent = unsigned{scan->attempts} + scan->again;
  if (scan->copies > times_sent) {
    told(FindingKind::duplicated, fmt::format("is stored {} times and was sent {}", scan->copies, times_sent));
  } else if (scan->copies > 1) {
    ++r.stored_again;
  }
  if (!message.intact) told(FindingKind::wrong, "is stored with another body");
  if (scan->copies == 1) m.keep_order(m.index_of.at(message.parcel), *scan);
}

/// The next scan of a parcel is sent when the one before was answered, so acknowledged ones are stored in the order of
/// their sending. One that was given up may still arrive at any time.
void Reconciliation::Impl::keep_order(std::uint32_t index, TruthScan& scan) {
  if (scan.accepted == not_yet) return;
  ++results.oracle[static_cast<std::size_t>(Oracle::prefix_consistency)].judged;
  if (scan.sent < newest_stored[index]) {
    found(FindingKind::reordered, scan.scan.parcel, scan.scan.sequence,
          [&] { return stored_example(scan, "is stored behind a later one of the same parcel"); });
  }
  newest_stored[index] = std::max(newest_stored[index], scan.sent);
}

void Reconciliation::stored_all() {
  Impl& m = *impl_;
  m.results.stored_read = true;
  m.was_read.assign(m.parcels.size(), true);
  for (const TruthScan& scan : m.scans) {
    if (scan.copies > 0) continue;
    const bool accepted = scan.accepted != not_yet;
    const FindingKind kind = accepted     ? FindingKind::lost
                             : scan.tried ? FindingKind::unacknowledged
                                          : FindingKind::not_sent;
    m.found(kind, scan.scan.parcel, scan.scan.sequence, [&] {
      return m.stored_example(scan, accepted     ? "was acknowledged and is not stored"
                                    : scan.tried ? "was sent, never acknowledged, and is not stored"
                                                 : "was never sent");
    });
  }
  for (const auto& [key, extra] : m.extras) {
    if (!extra.accepted || extra.copies > 0) continue;
    m.found(FindingKind::lost, key.parcel, key.sequence, [&, fault = key.fault] {
      return FindingExample{{},
                            {},
                            {},
                            fmt::format("the message that is a {} was acknowledged and is not stored",
                                        fault_names[static_cast<std::size_t>(fault)]),
                            "",
                            "",
                            0};
    });
  }
}

}  // namespace peakstorm
