#include "results/store/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <tuple>

#include "results/store/stream.hpp"

namespace peakstorm::store {
namespace {

/// One stream, item by item.
template <class T>
class Cursor {
 public:
  Cursor(std::filesystem::path path, std::unique_ptr<StreamReader<T>> reader)
      : path_(std::move(path)), reader_(std::move(reader)) {}

  /// Null at the end.
  Result<const T*> peek() {
    while (next_ == frame_.size() && !ended_) {
      next_ = 0;
      if (auto got = reader_->next_frame(frame_); !got) return tl::unexpected(got.error());
      ended_ = frame_.empty();
    }
    if (ended_) return nullptr;
    const T& item = frame_[next_];
    if (item.at < last_) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: its items are not in the order of time; run the scenario again", path_.string()));
    }
    return &item;
  }
  void pop() { last_ = frame_[next_++].at; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<StreamReader<T>> reader_;
  std::vector<T> frame_;
  std::size_t next_ = 0;
  bool ended_ = false;
  SimTime last_ = SimTime::min();
};

struct Due {
  SimTime at;
  std::uint64_t key;
  bool is_check;
  std::uint8_t sequence;
  Scan scan;
  ParcelId parcel;

  [[nodiscard]] auto order() const { return std::tie(at, key, is_check, sequence); }
  bool operator<(const Due& other) const { return other.order() < order(); }  // The queue yields the earliest first.
};

class FolderSource final : public ReplaySource {
 public:
  FolderSource(Cursor<Scan> scans, Cursor<ShopperAct> acts, std::vector<ParcelFacts> parcels,
               std::vector<std::uint64_t> node_hashes, const Totals& totals)
      : scans_(std::move(scans)),
        acts_(std::move(acts)),
        parcels_(std::move(parcels)),
        node_hashes_(std::move(node_hashes)),
        totals_(totals) {
    std::sort(parcels_.begin(), parcels_.end(), [](const ParcelFacts& a, const ParcelFacts& b) { return a.id < b.id; });
  }

  Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override {
    for (std::size_t taken = 0; taken < limit; ++taken) {
      if (auto filled = fill(); !filled) return filled;
      if (pending_.empty()) return {};
      const Due& due = pending_.top();
      items.push_back({due.at, due.is_check, due.scan, due.parcel});
      pending_.pop();
    }
    return {};
  }

  [[nodiscard]] Totals totals() const override { return totals_; }
  [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override {
    const auto found = std::lower_bound(parcels_.begin(), parcels_.end(), parcel,
                                        [](const ParcelFacts& facts, ParcelId id) { return facts.id < id; });
    return found != parcels_.end() && found->id == parcel ? &*found : nullptr;
  }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return parcels_; }

 private:
  /// Reads on until the earliest pending item cannot be overtaken. A scan is published at or after the instant at
  /// which it happens, and scans and acts come in the order of that instant: what is still unread is not earlier.
  Result<void> fill() {
    for (;;) {
      auto scan = scans_.peek();
      if (!scan) return tl::unexpected(scan.error());
      auto act = acts_.peek();
      if (!act) return tl::unexpected(act.error());
      if (*scan == nullptr && *act == nullptr) return {};
      SimTime unread = SimTime::max();
      if (*scan != nullptr) unread = (*scan)->at;
      if (*act != nullptr) unread = std::min(unread, (*act)->at);
      if (!pending_.empty() && pending_.top().at < unread) return {};
      if (*scan != nullptr && (*scan)->at == unread) {
        const Scan& item = **scan;
        // A stream of everybody's scans holds parcels that no shopper asks for: they are not replayed.
        if (item.reported != never && facts(item.parcel) != nullptr) {
          auto key = key_of(item.parcel);
          if (!key) return tl::unexpected(key.error());
          pending_.push({item.reported, *key, false, item.sequence, item, item.parcel});
        }
        scans_.pop();
      } else {
        const ShopperAct& item = **act;
        if (item.kind == ActKind::check) {
          auto key = key_of(item.parcel);
          if (!key) return tl::unexpected(key.error());
          pending_.push({item.at, *key, true, item.sequence, Scan{}, item.parcel});
        }
        acts_.pop();
      }
    }
  }

  Result<std::uint64_t> key_of(ParcelId parcel) const {
    const std::size_t node = index(node_of(parcel));
    if (node >= node_hashes_.size()) {
      return fail(ErrorKind::bad_input,
                  fmt::format("the scan stream names ship node {}, which the run does not have; the folder's files do "
                              "not belong together: run the scenario again",
                              node));
    }
    return parcel_key(node_hashes_[node], parcel);
  }

  Cursor<Scan> scans_;
  Cursor<ShopperAct> acts_;
  std::vector<ParcelFacts> parcels_;
  std::vector<std::uint64_t> node_hashes_;
  Totals totals_;
  std::priority_queue<Due> pending_;
};

}  // namespace

Result<std::unique_ptr<ReplaySource>> open_source(const std::filesystem::path& folder, std::vector<ParcelFacts> parcels,
                                                  std::vector<std::uint64_t> node_hashes,
                                                  const ReplaySource::Totals& totals) {
  const auto scan_path = folder / "scans.pb.zst";
  const auto act_path = folder / "acts.pb.zst";
  auto scans = StreamReader<Scan>::open(scan_path);
  if (!scans) return tl::unexpected(scans.error());
  auto acts = StreamReader<ShopperAct>::open(act_path);
  if (!acts) return tl::unexpected(acts.error());
  return std::make_unique<FolderSource>(Cursor<Scan>(scan_path, std::move(*scans)),
                                        Cursor<ShopperAct>(act_path, std::move(*acts)), std::move(parcels),
                                        std::move(node_hashes), totals);
}

}  // namespace peakstorm::store
