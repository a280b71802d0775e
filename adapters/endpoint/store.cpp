#include "adapters/endpoint/store.hpp"

#include <sqlite3.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <list>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "adapters/endpoint/bugs.hpp"
#include "engine/check.hpp"

namespace peakstorm::endpoint {
namespace {

constexpr int schema_version = 1;
constexpr std::size_t events_remembered = 1U << 19U;
// Distinct places and messages. A drill has thousands; beyond this somebody invents them.
constexpr std::size_t pool_bytes_max = 64U << 20U;

// Instants are Unix milliseconds, dates are days since 1970-01-01, times of day are minutes; kinds are
// numbers of engine/scan.hpp.
constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS parcels(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, carrier TEXT NOT NULL DEFAULT '',
  order_number TEXT NOT NULL DEFAULT '', time_zone TEXT NOT NULL DEFAULT '', promise_date INTEGER,
  window_from INTEGER, window_to INTEGER, begins_after_ms INTEGER);
CREATE TABLE IF NOT EXISTS scans(
  parcel INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  offset_minutes INTEGER NOT NULL, eta_date INTEGER, eta_stamp_ms INTEGER,
  place TEXT NOT NULL, region TEXT NOT NULL, country TEXT NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY(parcel, at_ms, kind, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY, key BLOB NOT NULL);
)sql";

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

/// A prepared statement. Texts bound to it must live until `run` or `reset`.
class Statement {
 public:
  Statement() = default;
  Result<void> prepare(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw,
                           nullptr) != SQLITE_OK) {
      return fail(ErrorKind::io, std::string("database: ") + sqlite3_errmsg(database));
    }
    statement_.reset(raw);
    return {};
  }
  void integer(int parameter, std::int64_t value) { sqlite3_bind_int64(statement_.get(), parameter, value); }
  void integer_or_null(int parameter, std::int64_t value, std::int64_t none) {
    if (value == none) {
      sqlite3_bind_null(statement_.get(), parameter);
    } else {
      integer(parameter, value);
    }
  }
  void text(int parameter, std::string_view value) {
    // A null pointer would bind NULL; an empty view may have one.
    sqlite3_bind_text(statement_.get(), parameter, value.empty() ? "" : value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
  }
  void blob(int parameter, const void* data, std::size_t size) {
    sqlite3_bind_blob(statement_.get(), parameter, data, static_cast<int>(size), SQLITE_STATIC);
  }
  /// The next row, false at the end; at the end or on an error the statement is reset.
  Result<bool> row() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    sqlite3* database = sqlite3_db_handle(statement_.get());
    std::string message = code == SQLITE_DONE ? "" : std::string("database: ") + sqlite3_errmsg(database);
    sqlite3_reset(statement_.get());
    if (code != SQLITE_DONE) return fail(ErrorKind::io, std::move(message));
    return false;
  }
  Result<void> run() {
    const Result<bool> more = row();
    if (!more) return tl::unexpected(more.error());
    return {};
  }
  void reset() { sqlite3_reset(statement_.get()); }
  [[nodiscard]] std::int64_t integer_at(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  [[nodiscard]] std::int64_t integer_at(int column, std::int64_t none) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL ? none : integer_at(column);
  }
  [[nodiscard]] std::string_view text_at(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return text == nullptr
               ? std::string_view{}
               : std::string_view{text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }
  [[nodiscard]] std::string_view blob_at(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    return {data, data == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Hash of an event's key. 128 bits, so that two events among billions do not pass for one.
struct EventHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const EventHash&) const = default;
};
static_assert(sizeof(EventHash) == 16);
struct HashOfEventHash {
  std::size_t operator()(const EventHash& hash) const { return hash.low; }
};
EventHash hash_of(std::string_view key) {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  return {hash.low64, hash.high64};
}

/// Lets a string set be searched by view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

bool has_ended(const ParcelRecord& parcel) {
  const std::optional<ScanKind> status = standing(parcel.history()).status;
  return status == ScanKind::delivered || status == ScanKind::returned || status == ScanKind::lost ||
         status == ScanKind::cancelled;
}

}  // namespace

std::span<const Milestone> ParcelRecord::history() const {
  if (begins_after_ms == INT64_MIN) return milestones;
  const auto first = std::find_if(milestones.begin(), milestones.end(),
                                  [this](const Milestone& m) { return m.at_ms > begins_after_ms; });
  return std::span(milestones).subspan(static_cast<std::size_t>(first - milestones.begin()));
}

Standing ParcelRecord::standing() const {
  Standing now = endpoint::standing(history());
  if (decisive) {
    now.status = decisive->kind;
    now.delivered_at_ms.reset();
    if (decisive->kind == ScanKind::delivered) now.delivered_at_ms = decisive->at_ms;
  }
  return now;
}

class Store::Impl {
 public:
  Result<void> open(const StoreOptions& options) {
    cached_scans_max_ = options.cached_scans_max;
    bugs_ = options.bugs;
    sqlite3* raw = nullptr;
    const std::string& path = options.path.empty() ? ":memory:" : options.path;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(raw);
    path_ = path;
    if (code != SQLITE_OK) return refused("cannot be opened");
    sqlite3_extended_result_codes(raw, 1);
    // One process per file: its cache would not see what another one writes.
    for (const char* pragma : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA temp_store=MEMORY",
                               "PRAGMA cache_size=-65536", "PRAGMA wal_autocheckpoint=4000"}) {
      if (!execute(pragma)) return refused("cannot be used; is another endpoint running on it?");
    }
    execute(options.survive_power_loss ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    Statement version;
    if (!version.prepare(raw, "PRAGMA user_version") || !version.row().value_or(false))
      return refused("is not readable");
    const std::int64_t found = version.integer_at(0);
    version.reset();
    if (found != 0 && found != schema_version) {
      return refused("has schema version " + std::to_string(found) + ", this program knows 1; name another file");
    }
    if (!execute("BEGIN IMMEDIATE") || !execute(schema) || !execute("PRAGMA user_version=1") || !execute("COMMIT")) {
      return refused("cannot be written; is another endpoint running on it?");
    }
    return prepare_all();
  }

  Result<Applied> apply(const Delivery& delivery, bool as_new) {
    Applied applied;
    as_new = as_new || has(bugs_, EndpointBug::no_dedup);
    const EventHash event = hash_of(delivery.event_key);
    if (!as_new && events_.contains(event)) {
      applied.duplicate = true;
      return applied;
    }
    const Result<ParcelRecord*> parcel = obtain(delivery.tracking_number, delivery.carrier);
    if (!parcel) return tl::unexpected(parcel.error());
    for (const Milestone& told : delivery.milestones) {
      const Result<bool> added = merge(**parcel, told, as_new);
      if (!added) return tl::unexpected(added.error());
      ++(*added ? applied.added : applied.repeated);
    }
    decide(**parcel, delivery);
    insert_event_.blob(1, &event, sizeof event);
    if (auto done = insert_event_.run(); !done) return tl::unexpected(done.error());
    remember(event);
    return applied;
  }

  Result<void> promise(const Promise& promise) {
    const Result<ParcelRecord*> found = obtain(promise.tracking_number, {});
    if (!found) return tl::unexpected(found.error());
    ParcelRecord& parcel = **found;
    if (!promise.order_number.empty()) {
      const bool another = !parcel.order_number.empty() && parcel.order_number != promise.order_number;
      if (another && has_ended(parcel) && !has(bugs_, EndpointBug::reused_number_keeps_history)) {
        parcel.begins_after_ms = parcel.milestones.back().at_ms;
        parcel.carrier.clear();
        parcel.decisive.reset();
      }
      parcel.order_number = promise.order_number;
    }
    parcel.promise = promise.date;
    parcel.window_from = promise.window_from;
    parcel.window_to = promise.window_to;
    parcel.time_zone = promise.time_zone;
    return update(parcel);
  }

  Result<const ParcelRecord*> find(std::string_view number) {
    const Result<ParcelRecord*> found = look_up(number);
    if (!found) return tl::unexpected(found.error());
    return *found;
  }

  [[nodiscard]] bool dirty() const { return dirty_; }

  Result<void> commit() {
    if (dirty_) {
      if (auto done = commit_.run(); !done) return done;
      dirty_ = false;
    }
    while (cached_scans_ > cached_scans_max_ && cache_.size() > 1) drop(std::prev(cache_.end()));
    if (pool_bytes_ > pool_bytes_max) forget();
    return {};
  }

  void rollback() {
    execute("ROLLBACK");
    dirty_ = false;
    forget();
    // The ids of the lost group must not count as seen.
    events_.clear();
    event_order_.clear();
    if (!load_events()) events_.clear();
  }

 private:
  using Cache = std::list<ParcelRecord>;  // Most recently used first.

  tl::unexpected<Error> refused(const std::string& what) const {
    std::string message = "database " + path_ + ": " + what;
    if (database_ && sqlite3_errcode(database_.get()) != SQLITE_OK) {
      message += std::string(" (") + sqlite3_errmsg(database_.get()) + ')';
    }
    return fail(ErrorKind::io, std::move(message));
  }

  bool execute(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

  Result<void> prepare_all() {
    const std::array<std::pair<Statement*, std::string_view>, 9> statements{{
        {&begin_, "BEGIN"},
        {&commit_, "COMMIT"},
        {&select_parcel_,
         "SELECT id, carrier, order_number, time_zone, promise_date, window_from, window_to, begins_after_ms "
         "FROM parcels WHERE number = ?1"},
        {&insert_parcel_, "INSERT INTO parcels(number, carrier) VALUES(?1, ?2)"},
        {&update_parcel_,
         "UPDATE parcels SET carrier = ?2, order_number = ?3, time_zone = ?4, promise_date = ?5, window_from = ?6, "
         "window_to = ?7, begins_after_ms = ?8 WHERE id = ?1"},
        {&select_scans_,
         "SELECT at_ms, kind, ordinal, offset_minutes, eta_date, eta_stamp_ms, place, region, country, message "
         "FROM scans WHERE parcel = ?1"},
        {&put_scan_, "INSERT OR REPLACE INTO scans VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
        {&insert_event_, "INSERT INTO events(key) VALUES(?1)"},
        {&select_events_, "SELECT key FROM events ORDER BY seq DESC LIMIT ?1"},
    }};
    for (const auto& [statement, sql] : statements) {
      if (auto done = statement->prepare(database_.get(), sql); !done) return done;
    }
    execute(("DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - " + std::to_string(events_remembered))
                .c_str());
    return load_events();
  }

  Result<void> load_events() {
    select_events_.integer(1, events_remembered);
    std::vector<EventHash> newest_first;
    while (true) {
      const Result<bool> more = select_events_.row();
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      const std::string_view key = select_events_.blob_at(0);
      if (key.size() != sizeof(EventHash)) continue;
      EventHash hash;
      std::copy(key.begin(), key.end(), reinterpret_cast<char*>(&hash));
      newest_first.push_back(hash);
    }
    for (auto hash = newest_first.rbegin(); hash != newest_first.rend(); ++hash) remember(*hash);
    return {};
  }

  void remember(const EventHash& event) {
    if (!events_.insert(event).second) return;
    event_order_.push_back(event);
    if (event_order_.size() > events_remembered) {
      events_.erase(event_order_.front());
      event_order_.pop_front();
    }
  }

  Result<void> begin() {
    if (dirty_) return {};
    if (auto done = begin_.run(); !done) return done;
    dirty_ = true;
    return {};
  }

  /// From the cache or the database; nullptr when unknown.
  Result<ParcelRecord*> look_up(std::string_view number) {
    if (const auto known = by_number_.find(number); known != by_number_.end()) {
      cache_.splice(cache_.begin(), cache_, known->second);
      return &cache_.front();
    }
    select_parcel_.text(1, number);
    const Result<bool> found = select_parcel_.row();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return nullptr;
    ParcelRecord parcel;
    parcel.number = number;
    parcel.id = select_parcel_.integer_at(0);
    parcel.carrier = select_parcel_.text_at(1);
    parcel.order_number = select_parcel_.text_at(2);
    parcel.time_zone = select_parcel_.text_at(3);
    parcel.promise = static_cast<Date>(select_parcel_.integer_at(4, no_date));
    parcel.window_from = static_cast<std::int16_t>(select_parcel_.integer_at(5, -1));
    parcel.window_to = static_cast<std::int16_t>(select_parcel_.integer_at(6, -1));
    parcel.begins_after_ms = select_parcel_.integer_at(7, INT64_MIN);
    select_parcel_.reset();
    select_scans_.integer(1, parcel.id);
    while (true) {
      const Result<bool> more = select_scans_.row();
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      Milestone& m = parcel.milestones.emplace_back();
      m.at_ms = select_scans_.integer_at(0);
      m.kind = static_cast<ScanKind>(std::clamp<std::int64_t>(select_scans_.integer_at(1), 1, scan_kind_end - 1));
      m.ordinal = static_cast<std::uint8_t>(select_scans_.integer_at(2));
      m.offset_minutes = static_cast<std::int16_t>(select_scans_.integer_at(3));
      m.eta = static_cast<Date>(select_scans_.integer_at(4, no_date));
      m.eta_stamp_ms = select_scans_.integer_at(5);
      m.place = intern(select_scans_.text_at(6));
      m.region = intern(select_scans_.text_at(7));
      m.country = intern(select_scans_.text_at(8));
      m.message = intern(select_scans_.text_at(9));
    }
    std::sort(parcel.milestones.begin(), parcel.milestones.end(), milestone_before);
    return &insert_cached(std::move(parcel));
  }

  ParcelRecord& insert_cached(ParcelRecord&& parcel) {
    cached_scans_ += parcel.milestones.size() + 1;
    cache_.push_front(std::move(parcel));
    by_number_.emplace(cache_.front().number, cache_.begin());
    return cache_.front();
  }

  void drop(Cache::iterator parcel) {
    cached_scans_ -= parcel->milestones.size() + 1;
    by_number_.erase(parcel->number);
    cache_.erase(parcel);
  }

  void forget() {
    by_number_.clear();
    cache_.clear();
    cached_scans_ = 0;
    pool_.clear();
    pool_bytes_ = 0;
  }

  /// Looked up or created, inside the transaction.
  Result<ParcelRecord*> obtain(std::string_view number, std::string_view carrier) {
    if (auto done = begin(); !done) return tl::unexpected(done.error());
    const Result<ParcelRecord*> found = look_up(number);
    if (!found) return tl::unexpected(found.error());
    if (*found != nullptr) {
      ParcelRecord& parcel = **found;
      if (!parcel.carrier.empty() || carrier.empty()) return &parcel;
      parcel.carrier = carrier;
      if (auto done = update(parcel); !done) return tl::unexpected(done.error());
      return &parcel;
    }
    insert_parcel_.text(1, number);
    insert_parcel_.text(2, carrier);
    if (auto done = insert_parcel_.run(); !done) return tl::unexpected(done.error());
    ParcelRecord parcel;
    parcel.id = sqlite3_last_insert_rowid(database_.get());
    parcel.number = number;
    parcel.carrier = carrier;
    return &insert_cached(std::move(parcel));
  }

  Result<void> update(const ParcelRecord& parcel) {
    update_parcel_.integer(1, parcel.id);
    update_parcel_.text(2, parcel.carrier);
    update_parcel_.text(3, parcel.order_number);
    update_parcel_.text(4, parcel.time_zone);
    update_parcel_.integer_or_null(5, parcel.promise, no_date);
    update_parcel_.integer_or_null(6, parcel.window_from, -1);
    update_parcel_.integer_or_null(7, parcel.window_to, -1);
    update_parcel_.integer_or_null(8, parcel.begins_after_ms, INT64_MIN);
    return update_parcel_.run();
  }

  /// last-write-wins and never-go-back: the milestone that is taken for the status.
  void decide(ParcelRecord& parcel, const Delivery& delivery) const {
    const bool last = has(bugs_, EndpointBug::last_write_wins);
    if (!last && !has(bugs_, EndpointBug::never_go_back)) return;
    const Milestone* newest = nullptr;
    for (const Milestone& m : delivery.milestones) {
      if (m.kind == ScanKind::eta_changed || m.kind == ScanKind::retracted || m.kind == ScanKind::delay_weather ||
          m.kind == ScanKind::delay_other) {
        continue;
      }
      if (newest == nullptr || milestone_before(*newest, m)) newest = &m;
    }
    if (newest == nullptr) return;
    const auto progress = [](ScanKind kind) {
      // Every scan between acceptance and the round is as far as any other.
      return kind == ScanKind::label_created                                                       ? 0
             : kind == ScanKind::delivered || kind == ScanKind::returned || kind == ScanKind::lost ? 3
             : kind == ScanKind::out_for_delivery || kind == ScanKind::returning                   ? 2
                                                                                                   : 1;
    };
    if (last || !parcel.decisive || progress(newest->kind) > progress(parcel.decisive->kind) ||
        (progress(newest->kind) == progress(parcel.decisive->kind) && newest->at_ms > parcel.decisive->at_ms)) {
      parcel.decisive = *newest;
    }
  }

  /// True: a new milestone. False: a known one, perhaps now better told.
  Result<bool> merge(ParcelRecord& parcel, const Milestone& told, bool as_new) {
    Milestone* known = nullptr;
    int ordinal = 0;
    for (Milestone& m : parcel.milestones) {
      if (m.at_ms != told.at_ms || m.kind != told.kind) continue;
      ordinal = std::max(ordinal, m.ordinal + 1);
      // The one of the same place is meant, before one that has no place yet.
      if (as_new || !same_milestone(m, told)) continue;
      if (has(bugs_, EndpointBug::whole_body_dedup) &&
          std::tie(m.place, m.message) != std::tie(told.place, told.message)) {
        continue;
      }
      if (known == nullptr || known->place.empty()) known = &m;
    }
    if (known != nullptr) {
      Milestone better = *known;
      if (!refine(better, told)) return false;
      own_texts(better);
      *known = better;
      const auto done = put(parcel, better);
      std::sort(parcel.milestones.begin(), parcel.milestones.end(), milestone_before);
      if (!done) return tl::unexpected(done.error());
      return false;
    }
    // 256 places claim the same kind of scan at the same millisecond: no carrier does that.
    if (ordinal > UINT8_MAX) return false;
    Milestone fresh = told;
    fresh.ordinal = static_cast<std::uint8_t>(ordinal);
    own_texts(fresh);
    const auto place = std::upper_bound(parcel.milestones.begin(), parcel.milestones.end(), fresh, milestone_before);
    parcel.milestones.insert(place, fresh);
    ++cached_scans_;
    if (auto done = put(parcel, fresh); !done) return tl::unexpected(done.error());
    return true;
  }

  Result<void> put(const ParcelRecord& parcel, const Milestone& m) {
    put_scan_.integer(1, parcel.id);
    put_scan_.integer(2, m.at_ms);
    put_scan_.integer(3, static_cast<std::int64_t>(m.kind));
    put_scan_.integer(4, m.ordinal);
    put_scan_.integer(5, m.offset_minutes);
    put_scan_.integer_or_null(6, m.eta, no_date);
    put_scan_.integer_or_null(7, m.eta == no_date ? INT64_MIN : m.eta_stamp_ms, INT64_MIN);
    put_scan_.text(8, m.place);
    put_scan_.text(9, m.region);
    put_scan_.text(10, m.country);
    put_scan_.text(11, m.message);
    return put_scan_.run();
  }

  void own_texts(Milestone& m) {
    m.place = intern(m.place);
    m.region = intern(m.region);
    m.country = intern(m.country);
    m.message = intern(m.message);
  }

  std::string_view intern(std::string_view text) {
    if (text.empty()) return {};
    auto known = pool_.find(text);
    if (known == pool_.end()) {
      known = pool_.emplace(text).first;
      pool_bytes_ += text.size() + 64;
    }
    return *known;
  }

  std::string path_;
  Database database_{nullptr, &sqlite3_close};
  Statement begin_, commit_, select_parcel_, insert_parcel_, update_parcel_, select_scans_, put_scan_, insert_event_,
      select_events_;
  EndpointBugs bugs_;
  bool dirty_ = false;
  Cache cache_;
  std::unordered_map<std::string_view, Cache::iterator> by_number_;  // Keys are views of the cached numbers.
  std::size_t cached_scans_ = 0;
  std::size_t cached_scans_max_ = 0;
  std::unordered_set<std::string, TextHash, std::equal_to<>> pool_;
  std::size_t pool_bytes_ = 0;
  std::unordered_set<EventHash, HashOfEventHash> events_;
  std::deque<EventHash> event_order_;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open(options); !opened) return tl::unexpected(opened.error());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<Store::Applied> Store::apply(const Delivery& delivery, bool as_new) {
  return impl_->apply(delivery, as_new);
}
Result<void> Store::promise(const Promise& promise) {
  return impl_->promise(promise);
}
Result<const ParcelRecord*> Store::find(std::string_view number) {
  return impl_->find(number);
}
bool Store::dirty() const {
  return impl_->dirty();
}
Result<void> Store::commit() {
  return impl_->commit();
}
void Store::rollback() {
  impl_->rollback();
}

}  // namespace peakstorm::endpoint
