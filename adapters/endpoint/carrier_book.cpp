#include "adapters/endpoint/carrier_book.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/tracking_number.hpp"

namespace peakstorm::endpoint {
namespace {

constexpr std::size_t chunk = 4096;

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};
using Places = boost::unordered_flat_map<ParcelId, std::uint32_t, ParcelHash>;

/// The source's published scans, as amended, in any order; of each parcel at least one.
Result<std::vector<Scan>> published(ReplaySource& source, const std::function<void(std::vector<Scan>&)>& amend) {
  std::vector<Scan> scans;
  scans.reserve(source.totals().scans);
  std::vector<ReplayItem> items;
  std::vector<Scan> amended;
  while (true) {
    items.clear();
    if (auto more = source.next(chunk, items); !more) return tl::unexpected(more.error());
    if (items.empty()) return scans;
    for (const ReplayItem& item : items) {
      if (item.is_check) continue;
      amended.assign(1, item.scan);
      if (amend) amend(amended);
      std::copy_if(amended.begin(), amended.end(), std::back_inserter(scans),
                   [](const Scan& scan) { return scan.reported != never; });
    }
  }
}

}  // namespace

Result<CarrierBook> CarrierBook::read(const World& world, ReplaySource& source,
                                      const std::function<void(std::vector<Scan>&)>& amend) {
  auto scans = published(source, amend);
  if (!scans) return tl::unexpected(scans.error());
  CarrierBook book;
  book.scans_ = std::move(*scans);

  Places places;
  std::vector<std::uint64_t> nodes;
  for (const ShipNode& node : world.nodes) nodes.push_back(hash64(node.name));
  for (const Scan& scan : book.scans_) {
    const auto [place, fresh] = places.try_emplace(scan.parcel, static_cast<std::uint32_t>(book.parcels_.size()));
    if (!fresh) continue;
    const ParcelFacts* facts = source.facts(scan.parcel);
    if (facts == nullptr) {
      return fail(ErrorKind::bad_input, "the run tells of parcel " +
                                            std::to_string(static_cast<std::uint64_t>(scan.parcel)) +
                                            " but has no facts of it; simulate it again");
    }
    BookedParcel parcel;
    parcel.facts = *facts;
    parcel.number = tracking_number(world, world.services[index(facts->service)].carrier, facts->id);
    parcel.key = parcel_key(nodes[index(node_of(facts->id))], facts->id);
    for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
      parcel.known_to[api] = wire::pull_api_knows(static_cast<wire::PullApi>(api), world, *facts);
    }
    book.parcels_.push_back(std::move(parcel));
  }
  std::sort(book.parcels_.begin(), book.parcels_.end(), [](const BookedParcel& a, const BookedParcel& b) {
    return std::pair(a.facts.ordered, a.key) < std::pair(b.facts.ordered, b.key);
  });
  for (std::uint32_t i = 0; i < book.parcels_.size(); ++i) {
    const BookedParcel& parcel = book.parcels_[i];
    places[parcel.facts.id] = i;
    book.by_number_.emplace(parcel.number, i);
    book.by_key_.emplace(parcel.key, i);
  }
  std::sort(book.scans_.begin(), book.scans_.end(), [&places](const Scan& a, const Scan& b) {
    return std::tuple(places.find(a.parcel)->second, a.reported, a.sequence) <
           std::tuple(places.find(b.parcel)->second, b.reported, b.sequence);
  });
  for (std::uint64_t i = 0; i < book.scans_.size(); ++i) {
    BookedParcel& parcel = book.parcels_[places.find(book.scans_[i].parcel)->second];
    if (parcel.scans++ == 0) parcel.from = i;
  }
  return book;
}

const BookedParcel* CarrierBook::by_number(std::string_view number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : &parcels_[found->second];
}

const BookedParcel* CarrierBook::by_key(std::uint64_t key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &parcels_[found->second];
}

bool CarrierBook::history(const BookedParcel& parcel, SimTime at, History& out) const {
  out.scans.clear();
  const std::span<const Scan> all(&scans_[parcel.from], parcel.scans);
  const auto end =
      std::upper_bound(all.begin(), all.end(), at, [](SimTime t, const Scan& scan) { return t < scan.reported; });
  out.published = static_cast<std::uint32_t>(end - all.begin());
  if (out.published == 0) return false;
  const std::span<const Scan> told = all.first(out.published);
  out.newest = told.back();
  // As the pushes have it: a number that is given to another parcel begins anew.
  for (const Scan& scan : told) {
    if (starts_reuse(scan)) out.scans.clear();
    out.scans.push_back(scan);
  }
  std::sort(out.scans.begin(), out.scans.end(),
            [](const Scan& a, const Scan& b) { return std::pair(a.at, a.sequence) < std::pair(b.at, b.sequence); });
  return true;
}

}  // namespace peakstorm::endpoint
