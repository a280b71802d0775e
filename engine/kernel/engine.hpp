/// Runs a model: parallel discrete-event simulation with conservative windows.
///
/// The processes are spread over partitions. With T the earliest pending event anywhere and L the least
/// lookahead, all partitions handle their events of [T, T + L) without talking: nothing sent to another
/// process in that window can fall into it. Events for other partitions are delivered at its end. Idle time
/// costs nothing, because the next window begins at the next event.
///
/// Every process sees its own events in EventOrder, exactly as if one thread had always handled the first
/// pending event of the whole model. So the result depends on the model and the run key: not on threads,
/// partitions or ranks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/archive.hpp"
#include "engine/check.hpp"
#include "engine/exchange.hpp"
#include "engine/kernel/event.hpp"
#include "engine/kernel/layout.hpp"
#include "engine/kernel/model.hpp"
#include "engine/kernel/outbox.hpp"
#include "engine/kernel/partition.hpp"
#include "engine/kernel/prefetch.hpp"
#include "engine/kernel/probe.hpp"
#include "engine/kernel/workers.hpp"
#include "engine/result.hpp"

namespace peakstorm::kernel {

inline constexpr std::size_t default_partitions = 64;
inline constexpr std::size_t max_partitions = 1024;

/// How many partitions a model gets that does not say itself. As few as keep the threads busy, for events between
/// partitions cost more than events within one, but so many that the events of one fit a core's second-level cache.
/// Measured in README.md. `threads`: of all ranks together.
inline std::size_t partitions_for(std::size_t lps, std::size_t pending, std::size_t threads) {
  constexpr std::size_t most_events = 65536;  ///< Of 24 bytes: 1.5 MiB.
  constexpr std::size_t fewest_processes = 512;
  const std::size_t fair = std::min(4 * threads, std::max(threads, lps / fewest_processes));
  return std::min({std::max(fair, pending / most_events), lps, max_partitions});
}

struct Settings {
  RunKey run{};
  unsigned threads = 1;  ///< 1 to 1024, the calling thread included.
  SimTime end = never;   ///< Events before it are handled, later ones stay pending.
  /// Partition of each process, dense from 0; at most max_partitions. Empty: partitions_for(...) contiguous parts of
  /// equal size. Speed depends on it, results do not.
  std::vector<std::uint32_t> partition_of_lp{};
  /// About how many events are pending at a time, for partitions_for; 0: one per process.
  std::size_t expected_pending = 0;
  /// The other ranks; none: there is one. Must outlive the engine. Rank r holds a contiguous range of the
  /// partitions. Every rank has the whole model and makes the same calls; it handles its own partitions'
  /// events only.
  Exchange* exchange = nullptr;
  Probe* probe = nullptr;  ///< Told of every window; must outlive the engine.
};

/// Used from one thread. The model must outlive it.
template <class M>
class Engine {
  static_assert(Model<M>);  // Here, not as a constraint, so that a model can name its own engine in its class.

 public:
  using Payload = typename M::Payload;

  struct Totals {
    std::uint64_t events = 0;      ///< Handled so far, on all ranks.
    std::uint64_t windows = 0;     ///< So far.
    SimTime now = SimTime::min();  ///< Every event before it has been handled.
    bool stopped = false;          ///< Some rank's after_window said so.
  };

  /// Errors (bad_input): no process, too many; a lookahead that is not positive; a partition table of the
  /// wrong length or with too large a number; no threads.
  static Result<void> validate(const M& model, const Settings& settings);

  /// Requires validate() to be satisfied.
  Engine(M& model, Settings settings);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Drops the payloads of events that are still to come.
  ~Engine();

  /// Adds an event from outside, as if `target` had sent it to itself: before the run or between windows,
  /// at an instant that is not over. Every rank makes the same calls in the same order.
  void schedule(LpId target, SimTime at, const Payload& payload, std::uint8_t priority = 0);

  /// Runs until no event before Settings::end and `until` is left; whatever the lookahead, a window ends there. After
  /// each window calls `after_window(window_end)` on the calling thread, when all workers are quiescent and every event
  /// before window_end has been handled; false stops the run there (on all ranks, if any rank says so). run() may be
  /// called again to go on.
  template <class F>
  Totals run(F&& after_window, SimTime until = never);
  Totals run() {
    return run([](SimTime) { return true; });
  }

  /// Writes this rank's part of the state: the clock, the counts, its processes with their event counters, and its
  /// events to come, mail under way included. Where no window is running. The bytes depend on which processes the
  /// rank has, not on threads or partitions.
  void save(ArchiveWriter& archive) const requires SavesItsState<M>;
  /// Reads one part that save() wrote and keeps what belongs to this rank. To be called for every part in turn, on
  /// every rank, before anything is scheduled or run. The number of ranks, partitions and threads may be another than
  /// the writer's. When the bytes make no sense the archive fails, and the engine may only be destroyed.
  void load(ArchiveReader& archive) requires SavesItsState<M>;
  /// Whether the parts that load() has read held all of this rank's processes.
  [[nodiscard]] bool loaded() const;

  [[nodiscard]] std::size_t partition_count() const { return partitions_.size(); }
  /// By LpId.
  [[nodiscard]] const std::vector<std::uint32_t>& partitions() const { return partition_of_; }
  /// Whether this rank handles the events of the partition.
  [[nodiscard]] bool is_local(std::size_t partition) const { return partition >= first_ && partition < last_; }
  [[nodiscard]] bool is_local(LpId lp) const { return is_local(partition_of_[index(lp)]); }

  /// Visits this rank's events that are still to come, in no order. When no window is running.
  template <class Visit>
  void for_each_pending(Visit&& visit) const;
  /// Hands this rank's events that are still to come to visit(event), which may change them, and takes them back in.
  /// Sorted by target, instant, source and sequence. When no window is running. `visit` must not move one before now.
  template <class Visit>
  void change_pending(Visit&& visit);
  /// Gives them away for good, payloads included, in the same order.
  template <class Visit>
  void take_pending(Visit&& visit);

 private:
  static constexpr SimTime stopped = SimTime::min();
  /// After a window with fewer events than this the calling thread handles the next one alone: another thread
  /// would need longer to fetch the events from this one's cache.
  static constexpr std::uint64_t few_events = 48;

  [[nodiscard]] std::size_t rank_of(std::size_t partition) const {
    return partition * exchange_->ranks() / partitions_.size();
  }
  [[nodiscard]] SimTime earliest() const;
  void run_window(SimTime until);
  void take_in(const Event<Payload>& event);
  void sort_mail();
  void send_afar();
  void receive(std::span<const std::byte> bytes);
  void write(const Event<Payload>& event, ArchiveWriter& archive) const;
  Event<Payload> read(ArchiveReader& archive);
  void drop(const Event<Payload>& event);
  [[nodiscard]] std::unique_ptr<Partition<Payload>> make_partition(std::size_t number);
  [[nodiscard]] std::vector<Event<Payload>> pending() const;

  void tell_probe(SimTime from, SimTime until);

  M& model_;
  Settings settings_;
  SingleRank alone_;
  Exchange* exchange_;
  SimDuration lookahead_ = SimDuration::max();
  std::vector<std::uint32_t> partition_of_;
  Layout layout_;                         ///< The same.
  std::vector<std::uint32_t> sequences_;  ///< Events sent so far, by LpId.
  std::vector<std::unique_ptr<Partition<Payload>>> partitions_;
  std::size_t first_ = 0;  ///< Local partitions are [first_, last_).
  std::size_t last_ = 0;
  Workers workers_;
  unsigned side_ = 0;  ///< Mail of the coming window; the other side holds the mail to be delivered in it.
  SimTime now_ = SimTime::min();
  std::uint64_t windows_ = 0;
  std::uint64_t events_before_ = 0;  ///< Handled by partitions that are no more; of loaded parts: on rank 0.
  std::vector<bool> loaded_;         ///< By LpId: found in a part.
  std::uint64_t window_events_ = 0;  ///< Of the last window, on this rank.
  // What the engine asks of every partition in every window, side by side: asking the partitions themselves
  // costs a cache miss each.
  std::vector<SimTime> next_;                     ///< Earliest event of each local partition, not counting mail.
  std::vector<std::uint8_t> has_mail_;            ///< Of each local partition: there is some to be taken in.
  std::vector<std::uint32_t> active_;             ///< Partitions of the present or last window.
  std::vector<std::vector<std::byte>> outgoing_;  ///< By rank.
  std::vector<ProcessWork> tally_;                ///< Of the present window, by LpId; empty without a probe.
  std::vector<ProcessWork> window_work_;
};

template <class M>
Result<void> Engine<M>::validate(const M& model, const Settings& settings) {
  const auto bad = [](std::string message) { return fail(ErrorKind::bad_input, "kernel: " + std::move(message)); };
  const std::size_t lps = model.lp_count();
  if (lps == 0) return bad("the model has no process; add at least one");
  if (lps > UINT32_MAX) return bad(std::to_string(lps) + " processes; at most 2^32 - 1 have a number");
  if (settings.threads == 0 || settings.threads > 1024) {
    return bad(std::to_string(settings.threads) + " threads; give 1 to 1024");
  }
  for (std::size_t lp = 0; lp < lps; ++lp) {
    const auto id = static_cast<LpId>(lp);
    const SimDuration lookahead = model.lookahead(id);
    if (lookahead <= SimDuration::zero()) {
      return bad("process '" + std::string(model.name(id)) + "' has a lookahead of " +
                 std::to_string(lookahead.count()) +
                 " ms; whatever it sends to another process must take at least 1 ms");
    }
  }
  const std::vector<std::uint32_t>& table = settings.partition_of_lp;
  if (!table.empty() && table.size() != lps) {
    return bad("the partition table has " + std::to_string(table.size()) + " entries for " + std::to_string(lps) +
               " processes");
  }
  for (std::size_t lp = 0; lp < table.size(); ++lp) {
    if (table[lp] >= max_partitions) {
      return bad("process '" + std::string(model.name(static_cast<LpId>(lp))) + "' is in partition " +
                 std::to_string(table[lp]) + "; partitions count from 0 to " + std::to_string(max_partitions - 1));
    }
  }
  return {};
}

template <class M>
Engine<M>::Engine(M& model, Settings settings)
    : model_(model),
      settings_(std::move(settings)),
      exchange_(settings_.exchange != nullptr ? settings_.exchange : &alone_),
      partition_of_(std::move(settings_.partition_of_lp)),
      workers_(std::clamp(settings_.threads, 1U, 1024U)) {
  settings_.partition_of_lp = partition_of_;
  const Result<void> valid = validate(model_, settings_);
  PEAKSTORM_CHECK(valid.has_value(), valid.has_value() ? std::string() : valid.error().message);

  const std::size_t lps = model_.lp_count();
  std::size_t count = 0;
  if (partition_of_.empty()) {
    const std::size_t pending = settings_.expected_pending != 0 ? settings_.expected_pending : lps;
    count = partitions_for(lps, pending, settings_.threads * exchange_->ranks());
    // Ranks with different numbers of threads take the largest wish.
    count = static_cast<std::size_t>(-exchange_->minimum(-static_cast<std::int64_t>(count)));
    partition_of_.resize(lps);
    layout_ = Layout(count, lps);
    for (std::size_t lp = 0; lp < lps; ++lp) partition_of_[lp] = layout_(static_cast<LpId>(lp));
  } else {
    layout_ = Layout(partition_of_);
    count = std::size_t{*std::max_element(partition_of_.begin(), partition_of_.end())} + 1;
  }
  for (std::size_t lp = 0; lp < lps; ++lp) lookahead_ = std::min(lookahead_, model_.lookahead(static_cast<LpId>(lp)));
  sequences_.assign(lps, 0);
  outgoing_.resize(exchange_->ranks());

  partitions_.resize(count);
  first_ = count;
  for (std::size_t p = 0; p < count; ++p) {
    if (rank_of(p) != exchange_->rank()) continue;
    first_ = std::min(first_, p);
    last_ = p + 1;
    partitions_[p] = make_partition(p);
  }
  first_ = std::min(first_, last_);
  next_.assign(count, never);
  has_mail_.assign(count, 0);
}

template <class M>
Engine<M>::~Engine() {
  if constexpr (OwnsItsPayloads<M>) {
    for_each_pending([this](const Event<Payload>& event) { drop(event); });
  }
}

template <class M>
auto Engine<M>::make_partition(std::size_t number) -> std::unique_ptr<Partition<Payload>> {
  const EventOrder order(settings_.run, &model_, [](const void* m, LpId lp) -> std::uint64_t {
    return static_cast<const M*>(m)->name_hash(lp);
  });
  auto partition = std::make_unique<Partition<Payload>>(static_cast<std::uint32_t>(number),
                                                        static_cast<std::uint32_t>(partitions_.size()), order);
  partition->wire(model_, sequences_.data(), layout_);
  if (settings_.probe != nullptr) {
    tally_.resize(model_.lp_count());
    partition->count_in(tally_.data());
  }
  return partition;
}

template <class M>
void Engine<M>::schedule(LpId target, SimTime at, const Payload& payload, std::uint8_t priority) {
  PEAKSTORM_CHECK(index(target) < partition_of_.size(), index(target), partition_of_.size());
  PEAKSTORM_CHECK(at > stopped, at);
  PEAKSTORM_CHECK(at < never, at);
  if (at < now_) stop_model(Fault::past, {"outside", std::string(model_.name(target)), now_, at, now_});
  std::uint32_t& sequence = sequences_[index(target)];
  const Event<Payload> event{at, target, target, sequence, priority, payload};
  ++sequence;
  PEAKSTORM_CHECK(sequence != 0, index(target));
  if (is_local(target)) take_in(event);
}

template <class M>
void Engine<M>::take_in(const Event<Payload>& event) {
  const std::uint32_t partition = partition_of_[index(event.target)];
  partitions_[partition]->push(event);
  next_[partition] = std::min(next_[partition], event.at);
}

template <class M>
SimTime Engine<M>::earliest() const {
  // Mail under way counts where it was sent, also when it is for another rank.
  SimTime first = never;
  for (const SimTime next : next_) first = std::min(first, next);
  for (const std::uint32_t p : active_) first = std::min(first, partitions_[p]->earliest_mail());
  return first;
}

template <class M>
template <class F>
auto Engine<M>::run(F&& after_window, SimTime until) -> Totals {
  const SimTime end = std::min(settings_.end, until);
  bool go_on = true;
  bool is_stopped = false;
  for (;;) {
    const SimTime mine = go_on ? earliest() : stopped;
    const SimTime first{SimDuration{exchange_->minimum(mine.time_since_epoch().count())}};
    is_stopped = first == stopped;
    if (is_stopped) break;
    if (first >= end) {
      now_ = std::max(now_, end);
      break;
    }
    now_ = std::min(saturating_add(first, lookahead_), end);
    run_window(now_);
    if (settings_.probe != nullptr) tell_probe(first, now_);
    ++windows_;
    go_on = after_window(now_);
  }
  std::uint64_t events = events_before_;
  for (std::size_t p = first_; p < last_; ++p) events += partitions_[p]->events();
  exchange_->sum({&events, 1});
  return {events, windows_, now_, is_stopped};
}

template <class M>
void Engine<M>::run_window(SimTime until) {
  sort_mail();
  active_.clear();
  for (std::size_t p = first_; p < last_; ++p) {
    if (next_[p] < until || has_mail_[p] != 0) active_.push_back(static_cast<std::uint32_t>(p));
    has_mail_[p] = 0;
  }
  const unsigned out = side_;
  const unsigned in = 1 - side_;
  auto run_partition = [this, until, in, out](std::uint32_t p) {
    Partition<Payload>& partition = *partitions_[p];
    const std::vector<std::uint32_t>& senders = partition.senders;
    for (std::size_t i = 0; i < senders.size(); ++i) {
      // The cache sees an array that is read from its start only after some misses.
      if (i + 1 < senders.size()) prefetch_for_read(partitions_[senders[i + 1]]->mail(in, p).begin(), 4 * cache_line);
      auto& mail = partitions_[senders[i]]->mail(in, p);
      for (const Event<Payload>& event : mail) partition.push(event);
      mail.clear();
    }
    partition.senders.clear();
    for (const Event<Payload>& event : partition.from_afar) partition.push(event);
    partition.from_afar.clear();
    partition.run_window(model_, until, out);
    next_[p] = partition.next();
  };
  if (window_events_ < few_events) {
    for (const std::uint32_t p : active_) run_partition(p);
  } else {
    workers_.for_each(active_, run_partition);
  }
  window_events_ = 0;
  for (const std::uint32_t p : active_) window_events_ += partitions_[p]->window_events();
  if (exchange_->ranks() > 1) send_afar();
  side_ = in;
}

template <class M>
void Engine<M>::tell_probe(SimTime from, SimTime until) {
  window_work_.clear();
  for (const std::uint32_t p : active_) partitions_[p]->take_counts(window_work_);
  settings_.probe->window(from, until, window_work_);
}

/// Tells the receivers of the last window's mail who has some for them.
template <class M>
void Engine<M>::sort_mail() {
  for (const std::uint32_t p : active_) {
    Partition<Payload>& partition = *partitions_[p];
    for (const std::uint32_t to : partition.mailed()) {
      if (!is_local(to)) continue;
      partitions_[to]->senders.push_back(p);
      has_mail_[to] = 1;
    }
    partition.forget_mailed();
  }
}

template <class M>
void Engine<M>::send_afar() {
  for (const std::uint32_t p : active_) {
    for (const std::uint32_t to : partitions_[p]->mailed()) {
      if (is_local(to)) continue;
      auto& mail = partitions_[p]->mail(side_, to);
      std::vector<std::byte>& bytes = outgoing_[rank_of(to)];
      for (const Event<Payload>& event : mail) {
        if constexpr (OwnsItsPayloads<M>) {
          BytesSink sink(bytes);
          ArchiveWriter archive(sink);
          write(event, archive);
          drop(event);
        } else {
          const auto* raw = reinterpret_cast<const std::byte*>(&event);
          bytes.insert(bytes.end(), raw, raw + sizeof event);
        }
      }
      mail.clear();
    }
  }
  for (const std::vector<std::byte>& bytes : exchange_->swap(outgoing_)) receive(bytes);
}

template <class M>
void Engine<M>::receive(std::span<const std::byte> bytes) {
  const auto keep = [this](const Event<Payload>& event) {
    PEAKSTORM_CHECK(index(event.target) < partition_of_.size(), index(event.target), partition_of_.size());
    const std::uint32_t partition = partition_of_[index(event.target)];
    PEAKSTORM_CHECK(is_local(partition), partition, first_, last_);
    partitions_[partition]->from_afar.push_back(event);
    has_mail_[partition] = 1;
  };
  if constexpr (OwnsItsPayloads<M>) {
    BytesSource source(bytes);
    ArchiveReader archive(source);
    while (source.left() > 0) {
      const Event<Payload> event = read(archive);
      PEAKSTORM_CHECK(archive.ok(), bytes.size(), source.left());
      keep(event);
    }
  } else {
    for (; !bytes.empty(); bytes = bytes.subspan(sizeof(Event<Payload>))) {
      Event<Payload> event;
      PEAKSTORM_CHECK(bytes.size() >= sizeof event, bytes.size(), sizeof event);
      std::memcpy(&event, bytes.data(), sizeof event);
      keep(event);
    }
  }
}

template <class M>
void Engine<M>::write(const Event<Payload>& event, ArchiveWriter& archive) const {
  archive(event.at, event.target, event.source, event.sequence, event.priority);
  if constexpr (OwnsItsPayloads<M>) {
    model_.save_payload(event.payload, archive);
  } else if constexpr (!std::is_empty_v<Payload>) {
    archive(event.payload);
  }
}

template <class M>
auto Engine<M>::read(ArchiveReader& archive) -> Event<Payload> {
  Event<Payload> event{};
  archive(event.at, event.target, event.source, event.sequence, event.priority);
  if constexpr (OwnsItsPayloads<M>) {
    event.payload = model_.load_payload(archive);
  } else if constexpr (!std::is_empty_v<Payload>) {
    archive(event.payload);
  }
  return event;
}

template <class M>
void Engine<M>::drop(const Event<Payload>& event) {
  if constexpr (OwnsItsPayloads<M>) model_.drop_payload(event.payload);
}

template <class M>
void Engine<M>::save(ArchiveWriter& archive) const requires SavesItsState<M> {
  std::uint64_t events = events_before_;
  for (std::size_t p = first_; p < last_; ++p) events += partitions_[p]->events();
  std::uint64_t lps = 0;
  for (std::size_t lp = 0; lp < partition_of_.size(); ++lp) lps += is_local(static_cast<LpId>(lp)) ? 1 : 0;
  archive(now_, windows_, events, lps);
  std::vector<std::byte> state;
  for (std::size_t lp = 0; lp < partition_of_.size(); ++lp) {
    const auto id = static_cast<LpId>(lp);
    if (!is_local(id)) continue;
    // Each state is kept apart, with its length, so that a rank can pass over what is not its own.
    state.clear();
    BytesSink sink(state);
    ArchiveWriter record(sink);
    model_.save_state(id, record);
    archive(id, sequences_[lp], state);
  }
  const std::vector<Event<Payload>> events_to_come = pending();
  archive(std::uint64_t{events_to_come.size()});
  for (const Event<Payload>& event : events_to_come) write(event, archive);
}

template <class M>
void Engine<M>::load(ArchiveReader& archive) requires SavesItsState<M> {
  SimTime now{};
  std::uint64_t windows = 0;
  std::uint64_t events = 0;
  std::uint64_t lps = 0;
  archive(now, windows, events, lps);
  const bool is_first = loaded_.empty();
  if (is_first) {
    loaded_.assign(partition_of_.size(), false);
    now_ = now;
    windows_ = windows;
  }
  if (now != now_ || windows != windows_) archive.fail();
  if (exchange_->rank() == 0) events_before_ += events;
  std::vector<std::byte> state;
  for (std::uint64_t i = 0; i < lps && archive.ok(); ++i) {
    LpId lp{};
    std::uint32_t sequence = 0;
    archive(lp, sequence, state);
    if (index(lp) >= partition_of_.size() || loaded_[index(lp)]) archive.fail();
    if (!archive.ok()) break;
    loaded_[index(lp)] = true;
    if (!is_local(lp)) continue;
    sequences_[index(lp)] = sequence;
    BytesSource source(state);
    ArchiveReader record(source);
    model_.load_state(lp, record);
    if (!record.ok() || source.left() > 0) archive.fail();
  }
  std::uint64_t count = 0;
  archive(count);
  for (std::uint64_t i = 0; i < count && archive.ok(); ++i) {
    const Event<Payload> event = read(archive);
    const bool is_sound = index(event.target) < partition_of_.size() && index(event.source) < partition_of_.size() &&
                          event.at >= now_ && event.at < never;
    if (!is_sound) archive.fail();
    if (archive.ok() && is_local(event.target)) {
      take_in(event);
    } else {
      drop(event);
    }
  }
}

template <class M>
bool Engine<M>::loaded() const {
  for (std::size_t lp = 0; lp < partition_of_.size(); ++lp) {
    if (is_local(static_cast<LpId>(lp)) && (loaded_.empty() || !loaded_[lp])) return false;
  }
  return true;
}

template <class M>
auto Engine<M>::pending() const -> std::vector<Event<Payload>> {
  std::vector<Event<Payload>> events;
  for_each_pending([&events](const Event<Payload>& event) { events.push_back(event); });
  std::sort(events.begin(), events.end(), [](const Event<Payload>& a, const Event<Payload>& b) {
    return std::tie(a.target, a.at, a.source, a.sequence) < std::tie(b.target, b.at, b.source, b.sequence);
  });
  return events;
}

template <class M>
template <class Visit>
void Engine<M>::take_pending(Visit&& visit) {
  const std::vector<Event<Payload>> events = pending();
  for (std::size_t p = first_; p < last_; ++p) {
    events_before_ += partitions_[p]->events();
    partitions_[p] = make_partition(p);
  }
  next_.assign(next_.size(), never);
  for (const Event<Payload>& event : events) visit(event);
}

template <class M>
template <class Visit>
void Engine<M>::change_pending(Visit&& visit) {
  take_pending([this, &visit](Event<Payload> event) {
    visit(event);
    PEAKSTORM_CHECK(event.at >= now_, event.at, now_);
    PEAKSTORM_CHECK(is_local(event.target), index(event.target));
    take_in(event);
  });
}

template <class M>
template <class Visit>
void Engine<M>::for_each_pending(Visit&& visit) const {
  for (std::size_t p = first_; p < last_; ++p) {
    const Partition<Payload>& partition = *partitions_[p];
    partition.for_each_pending(visit);
    for (const std::uint32_t to : partition.mailed()) {
      for (const Event<Payload>& event : partition.mail(1 - side_, to)) visit(event);
    }
  }
}

}  // namespace peakstorm::kernel
