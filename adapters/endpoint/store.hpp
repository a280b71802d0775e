/// Parcels, their histories and the events seen, in SQLite, with a write-through cache of the parcels in
/// use. One thread at a time; one process at a time per file (the lock is exclusive while it is open).
///
/// `apply` and `promise` join one open transaction; nothing is durable before `commit`, and nothing may
/// be acknowledged or shown before it. After an error the caller must `rollback`: the whole group of
/// messages since the last commit is then forgotten, in the cache too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/history.hpp"
#include "adapters/endpoint/message.hpp"
#include "engine/result.hpp"

namespace peakstorm::endpoint {

/// A parcel as cached. Valid until the store's next non-const call.
struct ParcelRecord {
  std::int64_t id = 0;
  std::string number;
  std::string carrier;
  std::string order_number;
  std::string time_zone;  ///< IANA name of the destination; empty: unknown.
  Date promise = no_date;
  std::int16_t window_from = -1;  ///< Minutes since local midnight; -1: none.
  std::int16_t window_to = -1;
  /// Milestones up to this instant belong to an earlier parcel of the same number; INT64_MIN: none do.
  std::int64_t begins_after_ms = INT64_MIN;
  std::vector<Milestone> milestones;  ///< Ascending; those of earlier parcels first.
  /// Status by last-write-wins or never-go-back; kept in memory alone.
  std::optional<Milestone> decisive;

  /// The history of the present parcel.
  [[nodiscard]] std::span<const Milestone> history() const;
  /// What its page says: of the history, but for the bugs that decide otherwise.
  [[nodiscard]] Standing standing() const;
};

struct StoreOptions {
  std::string path;  ///< Empty: in memory.
  bool survive_power_loss = false;
  std::size_t cached_scans_max = 1'000'000;
  EndpointBugs bugs;
};

class Store {
 public:
  /// Errors: io, when the file cannot be opened, is in use by another process, or is no such database.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  Store(Store&&) = delete;
  Store& operator=(Store&&) = delete;
  ~Store();

  struct Applied {
    bool duplicate = false;      ///< Its event id is known: nothing was looked at.
    std::uint32_t added = 0;     ///< New milestones.
    std::uint32_t repeated = 0;  ///< Known ones.
  };
  /// The last half million event ids are remembered, over restarts too; an older redelivery is still
  /// harmless, because its milestones are known. Errors: io.
  /// `as_new`: by mistake, as if nothing of it were known.
  Result<Applied> apply(const Delivery& delivery, bool as_new = false);
  /// Creates or replaces the shop's record. Another order number for a parcel whose journey has ended
  /// means that the carrier uses the number again: the old history is set aside. Errors: io.
  Result<void> promise(const Promise& promise);
  /// The parcel of this exact number; nullptr when it is unknown. Errors: io.
  Result<const ParcelRecord*> find(std::string_view number);

  /// True between a first change and the next commit or rollback.
  [[nodiscard]] bool dirty() const;
  /// Errors: io (disk full): then nothing since the last commit is stored; call rollback.
  Result<void> commit();
  void rollback();

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::endpoint
