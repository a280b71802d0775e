#include "adapters/replay/session.hpp"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <queue>
#include <utility>

#include "adapters/replay/faults.hpp"
#include "adapters/replay/message_id.hpp"
#include "adapters/replay/pacer.hpp"
#include "engine/check.hpp"
#include "engine/random.hpp"
#include "engine/tracking_number.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds forever = nanoseconds::max();
constexpr std::size_t chunk = 1024;  // Items fetched at a time.
constexpr std::size_t promises_per_message = 500;
constexpr std::size_t ghosts_max = 10'000;
constexpr nanoseconds progress_every = std::chrono::milliseconds{100};
// A delivery may be taken back, and an offline scanner may report late, but not after this long.
constexpr SimDuration history_kept_after_end = days(3);
constexpr SimDuration history_kept_in_silence = days(30);

/// A message that exists only by a fault.
struct Extra {
  FaultKind fault = FaultKind::none;
  wire::Message message;
  bool sign = false;  // At the instant of sending, as the format does.
  std::chrono::milliseconds signed_ago{0};
  bool is_promise = false;  // PUT /parcels that hands the number on; the parcel waits for it.
};

/// A message that was taken in, of which nobody knows yet whether it is kept.
struct Pending {
  std::string path;  // Where that is told.
  nanoseconds sent{};
  nanoseconds since{};  // Taken in.
  nanoseconds pause{};  // Before the next question.
  unsigned asked = 0;
  std::uint32_t beside = 0;
  std::uint16_t status = 0;
};

/// One thing to send, on its way from its intended instant to its last answer.
struct Work {
  RequestKind kind = RequestKind::scan;
  unsigned attempts = 0;  // Made so far.
  ParcelId parcel{};
  SimTime at;
  Scan scan;
  nanoseconds intended{};
  nanoseconds ready{};      // Since when it might have been sent.
  nanoseconds again{};      // Not before, when it is waiting for a further attempt.
  std::uint64_t order = 0;  // Breaks ties, so that equal instants leave in the order of the source.
  std::shared_ptr<const Extra> extra;
  std::shared_ptr<Pending> pending;  // Set: what is to be sent is the question.
  bool ghost = false;                // Read-back of a number that was made up.
};
struct IntendedLater {
  bool operator()(const Work& a, const Work& b) const {
    return std::pair(a.intended, a.order) > std::pair(b.intended, b.order);
  }
};
struct AgainLater {
  bool operator()(const Work& a, const Work& b) const {
    return std::pair(a.again, a.order) > std::pair(b.again, b.order);
  }
};

/// What is kept of a parcel while scans of it may still come.
struct OpenParcel {
  std::string number;
  std::vector<Scan> history;  // Ascending by (at, sequence); empty when the format does not carry it.
  std::vector<Work> waiting;  // Scans that are due behind the one under way, the next one first.
  bool busy = false;          // A scan is ready, in flight, or waiting for a further attempt.
  SimTime last;               // Reported instant of its newest scan.
  bool ended = false;
};

struct ParcelHash {
  using is_avalanching = void;
  std::size_t operator()(ParcelId id) const { return mix64(static_cast<std::uint64_t>(id)); }
};

bool ends_parcel(ScanKind kind) {
  return kind == ScanKind::delivered || kind == ScanKind::lost || kind == ScanKind::returned ||
         kind == ScanKind::cancelled;
}

class Session final : public Trials {
 public:
  Session(const World& world, ReplaySource& source, const ReplayOptions& options, const ReplayPorts& ports,
          ReplayRecorder& recorder, const std::stop_token& stop,
          const std::function<void(const ReplayProgress&)>& progress)
      : world_(world),
        faults_(world, faults_of(options)),
        faulty_(source, faults_, recorder),
        source_(faults_.any() ? static_cast<ReplaySource&>(faulty_) : source),
        options_(options),
        format_(ports.format),
        transport_(ports.transport),
        clock_(ports.clock),
        broker_(ports.broker),
        stored_(ports.stored),
        prefix_(ports.broker ? std::string() : prefix_of(options)),
        // What a platform does about its webhooks says nothing of how a broker is fed.
        retries_(ports.broker ? wire::RetryPolicy{} : ports.format.retries()),
        scan_patience_(ports.broker ? options.patience : patience_of(options, ports.format)),
        recorder_(recorder),
        stop_(stop),
        progress_(progress) {}

  Result<ReplaySummary> run(const ReplayPlan& plan) {
    const ReplaySource::Totals totals = source_.totals();
    const nanoseconds cpu_before = clock_.processor();
    if (auto done = register_promises(); !done) return tl::unexpected(done.error());
    recorder_.begin({options_.target, std::string(format_.name()), plan.speed, plan.rate, broker_});
    name_replay();
    summary_.speed = plan.speed;
    if (!plan.rates.empty()) summary_.rates = plan.rates.text();
    retry_speed_ = options_.retry_speed > 0 ? options_.retry_speed : std::max(plan.speed, 1.0);
    start_ = clock_.now();
    enter(ReplayPhase::sending, totals.scans + (options_.track_pages ? totals.checks : 0));

    const Pacer pacer = plan.rates.empty() ? Pacer::by_time(totals.first, plan.speed) : Pacer::by_rates(plan.rates);
    auto sent = send_all(pacer, std::numeric_limits<std::uint64_t>::max());
    summary_.sending = now();
    bool complete = sent.has_value() && *sent;
    Result<void> read;
    if (complete && options_.track_pages) complete = read_back();
    if (complete && stored_ != nullptr) {
      read = read_stored();
      complete = read.has_value() && !stop_.stop_requested();
    }
    summary_.complete = complete;
    summary_.wall = now();
    summary_.cpu = clock_.processor() - cpu_before;
    recorder_.end(summary_.wall, summary_.cpu, complete);
    report(true);
    if (!sent) return tl::unexpected(sent.error());
    if (!read) return tl::unexpected(read.error());
    if (!stop_.stop_requested() && summary_.attempts > 0 && !answered_) return nothing_answered();
    return summary_;
  }

  /// The shop's word, where the options ask for it.
  Result<void> register_promises() override {
    if (!options_.register_promises) return {};
    start_ = clock_.now();
    return put_promises();
  }

  Result<ReplaySummary> trial(double rate, std::uint64_t items) override {
    const std::uint64_t registered = summary_.registered;
    summary_ = {};
    summary_.registered = registered;
    failed_ = 0;
    closing_ = false;
    const nanoseconds cpu_before = clock_.processor();
    recorder_.begin({options_.target, std::string(format_.name()), 0, rate, broker_});
    name_replay();
    retry_speed_ = std::max(options_.retry_speed, 1.0);
    start_ = clock_.now();
    enter(ReplayPhase::sending, items);
    auto sent = send_all(Pacer::by_rates(RateProfile::constant(rate)), items);
    summary_.sending = now();
    summary_.wall = now();
    summary_.complete = sent.has_value() && *sent;
    summary_.cpu = clock_.processor() - cpu_before;
    recorder_.end(summary_.wall, summary_.cpu, summary_.complete);
    if (!sent) return tl::unexpected(sent.error());
    return summary_;
  }

  [[nodiscard]] bool exhausted() override {
    fetch();
    return next_ == upcoming_.size();
  }

 private:
  struct InFlight {
    Work work;
    nanoseconds sent{};
    std::uint32_t beside = 0;  // In flight then, itself included.
  };

  [[nodiscard]] nanoseconds now() const { return clock_.now() - start_; }

  // ---- before ----

  Result<void> put_promises() {
    const auto parcels = source_.parcels();
    enter(ReplayPhase::registering, parcels.size());
    struct Batch {
      std::size_t from = 0;
      unsigned attempts = 0;
      nanoseconds again{};
    };
    std::vector<Batch> open;
    for (std::size_t from = 0; from < parcels.size(); from += promises_per_message) open.push_back({from});
    std::reverse(open.begin(), open.end());  // Taken from the back.
    std::size_t in_flight = 0;
    std::optional<Error> failure;
    std::string elements;

    while ((!open.empty() || in_flight > 0) && !failure && !stop_.stop_requested()) {
      while (!open.empty() && open.back().again <= now() && transport_.idle() > 0 && in_flight < 8) {
        Batch batch = open.back();
        open.pop_back();
        const std::size_t to = std::min(batch.from + promises_per_message, parcels.size());
        elements.clear();
        for (std::size_t i = batch.from; i < to; ++i) {
          if (i > batch.from) elements += ',';
          wire::append_promise(world_, parcels[i], number_of(parcels[i]), elements);
        }
        const wire::Message message = wire::promises_message(elements, options_.secret);
        ++batch.attempts;
        ++in_flight;
        transport_.submit({message.method, message.path, message.headers, message.body}, options_.patience,
                          [&, batch, to](const Result<Reply>& reply) mutable {
                            --in_flight;
                            if (reply && reply->status / 100 == 2) {
                              summary_.registered += to - batch.from;
                              phase_sent_ += to - batch.from;
                            } else if (may_retry(reply) && batch.attempts < options_.attempts_max) {
                              batch.again = now() + pause(batch.attempts, reply);
                              open.push_back(batch);
                            } else {
                              failure = refusal(reply);
                            }
                          });
      }
      nanoseconds wake = now() + progress_every;
      if (!open.empty() && open.back().again > now()) wake = std::min(wake, open.back().again);
      transport_.poll(start_ + wake);
      report(false);
    }
    // Completions refer to this frame: none may outlive it.
    while (in_flight > 0) transport_.poll(clock_.now() + progress_every);
    if (failure) return tl::unexpected(*failure);
    return {};
  }

  /// A target that was there at the start and never answered: there is nothing to judge it by.
  [[nodiscard]] tl::unexpected<Error> nothing_answered() const {
    return fail(ErrorKind::unreachable, options_.target + ": none of " + std::to_string(summary_.attempts) +
                                            " requests was answered (" + std::to_string(summary_.timed_out) +
                                            " timed out, " + std::to_string(summary_.broken) +
                                            " broke); the last one: " + last_failure_);
  }

  [[nodiscard]] Error refusal(const Result<Reply>& reply) const {
    if (!reply) return Error{ErrorKind::unreachable, "PUT /parcels: " + reply.error().message};
    std::string message = options_.target + ": PUT /parcels answered " + std::to_string(reply->status);
    if (reply->status == 401 || reply->status == 403) {
      return Error{ErrorKind::bad_input, message + "; give the endpoint and the replay the same secret"};
    }
    return Error{ErrorKind::unreachable,
                 message + "; is it a Peakstorm endpoint? Others take no promises: do not register them there"};
  }

  // ---- sending ----

  /// Looks one item ahead; none is left when next_ is the end of upcoming_ afterwards.
  void fetch() {
    while (true) {
      while (next_ < upcoming_.size() && upcoming_[next_].is_check && !options_.track_pages) ++next_;
      if (next_ < upcoming_.size() || exhausted_) return;
      upcoming_.clear();
      next_ = 0;
      if (auto more = source_.next(chunk, upcoming_); !more) source_error_ = more.error();
      exhausted_ = upcoming_.empty() || source_error_;
    }
  }

  /// Sends at most `items`. True when everything was sent and answered; false when stopped or out of time.
  Result<bool> send_all(const Pacer& pacer, std::uint64_t items) {
    nanoseconds last_intended{};
    std::uint64_t item = 0;
    while (true) {
      if (stop_.stop_requested()) {
        settle();
        return false;
      }
      repeat_due();
      // The next item, when there is one, and when it is due. It is taken up only when a sender is free for it, or
      // when it has waited too long: a backlog costs no memory.
      bool more = false;
      nanoseconds intended = forever;
      while (true) {
        fetch();
        more = next_ < upcoming_.size() && item < items;
        intended = more ? pacer.intended(upcoming_[next_].at, item) : forever;
        const bool free = transport_.idle() > 0;
        const nanoseconds at = now();
        if (free && !ready_.empty() &&
            (intended > at || std::pair(ready_.top().intended, ready_.top().order) < std::pair(intended, item))) {
          Work work = ready_.top();
          ready_.pop();
          send(std::move(work));
          continue;
        }
        if (intended > at || (!free && intended + options_.drop_after > at)) break;
        if (auto admitted = admit(upcoming_[next_], intended, item); !admitted) {
          settle();
          return tl::unexpected(admitted.error());
        }
        last_intended = intended;
        ++item;
        ++next_;
        if (!free) drop_overdue();
      }
      drop_overdue();
      report(false);

      if (!more && ready_.empty() && again_.empty() && flying_ == 0) {
        if (source_error_) return tl::unexpected(*source_error_);  // What was read before it has been sent.
        return true;
      }
      const nanoseconds give_up = more ? forever : last_intended + options_.drain_max;
      if (now() >= give_up) {
        drop_everything();
        settle();
        if (source_error_) return tl::unexpected(*source_error_);
        return false;
      }
      nanoseconds wake = std::min(give_up, now() + progress_every);
      if (more) wake = std::min(wake, transport_.idle() > 0 ? intended : intended + options_.drop_after);
      if (!again_.empty()) wake = std::min(wake, again_.top().again);
      if (!ready_.empty() && ready_.top().attempts == 0) wake = std::min(wake, drop_instant(ready_.top()));
      transport_.poll(start_ + wake);
    }
  }

  Result<void> admit(const ReplayItem& item, nanoseconds intended, std::uint64_t order) {
    Work work;
    work.parcel = item.parcel;
    work.at = item.at;
    work.intended = intended;
    work.ready = intended;
    work.order = order;
    const ParcelFacts* facts = source_.facts(item.parcel);
    if (facts == nullptr) {
      return fail(ErrorKind::bad_input, "the run tells of parcel " +
                                            std::to_string(static_cast<std::uint64_t>(item.parcel)) +
                                            " but has no facts of it; simulate it again");
    }
    if (item.is_check) {
      ++summary_.checks;
      work.kind = RequestKind::check;
      start(std::move(work));
      return {};
    }
    ++summary_.scans;
    work.scan = item.scan;
    forget_old(item.at);
    OpenParcel& parcel = open_[item.parcel];
    if (parcel.number.empty()) {
      parcel.number = number_of(*facts);
      silent_.push_back({item.at + history_kept_in_silence, item.parcel});
    }
    parcel.last = item.at;
    parcel.ended = ends_parcel(item.scan.kind);
    if (starts_reuse(item.scan)) {
      Work handed_on = work;
      auto extra = std::make_shared<Extra>();
      std::string element;
      wire::append_promise(world_, *facts, parcel.number, element, true);
      extra->fault = FaultKind::number_reuse;
      extra->message = wire::promises_message(element, options_.secret);
      extra->is_promise = true;
      handed_on.extra = std::move(extra);
      queue(parcel, std::move(handed_on));
    }
    if (parcel.ended) ended_.push_back({item.at + history_kept_after_end, item.parcel});
    queue(parcel, std::move(work));
    return {};
  }

  /// Behind the parcel's other scans.
  void queue(OpenParcel& parcel, Work work) {
    if (parcel.busy) {
      parcel.waiting.push_back(std::move(work));
    } else {
      parcel.busy = true;
      start(std::move(work));
    }
  }

  /// Goes at once when a sender is free: what is ready and was due before it has gone already.
  void start(Work work) {
    if (transport_.idle() > 0) {
      send(std::move(work));
    } else {
      ready_.push(std::move(work));
    }
  }

  void repeat_due() {
    while (!again_.empty() && again_.top().again <= now()) {
      ready_.push(again_.top());
      again_.pop();
    }
  }

  [[nodiscard]] nanoseconds drop_instant(const Work& work) const {
    return std::max(work.intended, work.ready) + options_.drop_after;
  }

  void drop_overdue() {
    while (!ready_.empty() && transport_.idle() == 0 && ready_.top().attempts == 0 &&
           drop_instant(ready_.top()) <= now()) {
      const Work work = ready_.top();
      ready_.pop();
      drop(work);
    }
  }

  void drop(const Work& work) {
    if (work.kind == RequestKind::read_back) return;
    if (work.pending) {
      never_told(work);
      return;
    }
    if (work.extra) {
      if (work.extra->is_promise) release(work.parcel);
      return;
    }
    const nanoseconds at = now();
    if (work.attempts == 0) {
      ++summary_.dropped;
      recorder_.request({work.kind, RequestFate::dropped, 0, work.parcel, work.scan.sequence, work.intended, at, at});
    } else {
      ++summary_.given_up;
    }
    if (work.kind != RequestKind::scan) return;
    // The carrier knows of it all the same: a format with history tells it with the next scan.
    if (work.attempts == 0) remember(open_[work.parcel], work.scan);
    release(work.parcel);
  }

  /// The drain is over: what could not be sent is dropped, scans behind others included.
  void drop_everything() {
    while (!ready_.empty() || !again_.empty()) {
      while (!again_.empty()) {
        ready_.push(again_.top());
        again_.pop();
      }
      const Work work = ready_.top();
      ready_.pop();
      drop(work);
    }
    for (auto& [id, parcel] : open_) {
      for (const Work& work : std::exchange(parcel.waiting, {})) {
        if (work.extra) continue;
        const nanoseconds at = now();
        ++summary_.dropped;
        recorder_.request({work.kind, RequestFate::dropped, 0, id, work.scan.sequence, work.intended, at, at});
      }
    }
  }

  void send_ready() {
    while (!ready_.empty() && transport_.idle() > 0) {
      Work work = ready_.top();
      ready_.pop();
      send(std::move(work));
    }
  }

  void send(Work work) {
    const ParcelFacts* facts = source_.facts(work.parcel);
    PEAKSTORM_CHECK(facts != nullptr, static_cast<std::uint64_t>(work.parcel));
    if (work.pending) {
      ask(std::move(work));
      return;
    }
    if (work.extra) {
      message_ = work.extra->message;
      if (work.extra->sign) {
        format_.sign(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.unix_time()).count() -
                         work.extra->signed_ago.count(),
                     message_);
      }
      if (work.attempts == 0) ++summary_.injected;
    } else if (work.kind == RequestKind::scan) {
      OpenParcel& parcel = open_.at(work.parcel);
      if (work.attempts == 0) remember(parcel, work.scan);
      compose(*facts, parcel, work.scan, work.attempts == 0);
      format_.sign(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.unix_time()).count(), message_);
    } else {
      message_.method = "GET";
      message_.path = wire::track_path(work.ghost ? ghost_number(number_of(*facts)) : number_of(*facts));
      message_.headers = "Accept: application/json\r\n";
      message_.body.clear();
    }
    const nanoseconds at = now();
    if (work.attempts == 0 && !work.extra && !work.ghost) {
      ++phase_sent_;
      if (work.kind != RequestKind::read_back && at - work.intended >= options_.late_after) ++summary_.late;
    }
    ++work.attempts;
    if (work.kind != RequestKind::read_back) ++summary_.attempts;
    submit(std::move(work), at);
  }

  /// What became of a message that was taken in.
  void ask(Work work) {
    message_.method = "GET";
    message_.path = work.pending->path;
    message_.headers = "Accept: application/json\r\n";
    message_.body.clear();
    format_.sign(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.unix_time()).count(), message_);
    ++work.pending->asked;
    ++summary_.asked;
    submit(std::move(work), now());
  }

  /// Sends `message_`.
  void submit(Work work, nanoseconds at) {
    std::size_t slot = flights_.size();
    if (free_slots_.empty()) {
      flights_.emplace_back();
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    ++flying_;
    const bool is_scan = work.kind == RequestKind::scan && !work.pending;
    Request request{message_.method, message_.path, message_.headers, message_.body};
    if (broker_) {
      write_message_id(message_id(work), message_id_);
      request.id = message_id_;
      request.key = open_.at(work.parcel).number;
    }
    flights_[slot] = {std::move(work), at, static_cast<std::uint32_t>(flying_)};
    transport_.submit(request, is_scan ? scan_patience_ : options_.patience,
                      [this, slot](const Result<Reply>& reply) { answered(slot, reply); });
  }

  void name_replay() {
    replay_id_ = hash64(static_cast<std::uint64_t>(clock_.unix_time().count()),
                        static_cast<std::uint64_t>(clock_.processor().count()));
  }

  /// Of `message_`, which is the work's. A redelivery is the scan's own message, told again.
  [[nodiscard]] MessageId message_id(const Work& work) const {
    const FaultKind fault = work.extra ? work.extra->fault : FaultKind::none;
    return {replay_id_, work.parcel, work.scan.sequence, fault == FaultKind::redelivery ? FaultKind::none : fault,
            hash64(message_.body)};
  }

  /// The scan's message, with the faults that it carries itself.
  void compose(const ParcelFacts& facts, const OpenParcel& parcel, const Scan& scan, bool tell) {
    format_.encode({facts, parcel.number, parcel.history, scan}, message_);
    if (!faults_.any()) return;
    if (faults_.happens(FaultKind::other_zone, scan.parcel, scan.sequence)) {
      constexpr std::array<std::int64_t, 6> offsets{-600, -300, 60, 330, 345, 780};
      const std::int64_t offset =
          offsets[faults_.draw(FaultKind::other_zone, scan.parcel, scan.sequence, 1) % offsets.size()];
      alter::zone(message_, minutes(offset));
      if (tell) injected(FaultKind::other_zone, scan, "instants told at " + std::to_string(offset) + " minutes of UTC");
    }
    if (faults_.happens(FaultKind::schema_drift, scan.parcel, scan.sequence)) {
      alter::drift(message_);
      if (tell) injected(FaultKind::schema_drift, scan, "three members that nobody documented");
    }
  }

  void injected(FaultKind kind, const Scan& scan, std::string detail) {
    recorder_.injected({kind, scan.parcel, scan.sequence, scan.reported, std::move(detail)});
  }

  /// What follows a scan that was taken: messages that exist only by a fault.
  void follow_up(const Work& work) {
    if (!faults_.any()) return;
    const Scan& scan = work.scan;
    const ParcelFacts& facts = *source_.facts(work.parcel);
    const OpenParcel& parcel = open_.at(work.parcel);
    const auto follows = [&](FaultKind kind, std::string detail, auto&& change) {
      if (!faults_.happens(kind, scan.parcel, scan.sequence)) return;
      compose(facts, parcel, scan, false);
      Work further;
      further.kind = RequestKind::scan;
      further.parcel = work.parcel;
      further.at = work.at;
      further.scan = scan;
      further.intended = now();
      further.ready = further.intended;
      further.order = work.order;
      auto extra = std::make_shared<Extra>();
      extra->fault = kind;
      extra->sign = true;
      extra->message = message_;
      if (!change(*extra, further)) return;
      further.extra = std::move(extra);
      injected(kind, scan, std::move(detail));
      further.again = further.intended;
      again_.push(std::move(further));
    };
    const auto drawn = [&](FaultKind kind) { return faults_.draw(kind, scan.parcel, scan.sequence, 1); };
    const bool later = drawn(FaultKind::redelivery) % 2 == 0;
    follows(FaultKind::redelivery, later ? "the same message again, later" : "the same message again, at once",
            [&](Extra&, Work& further) {
              if (later) {
                const double share = faults_.draw(FaultKind::redelivery, scan.parcel, scan.sequence, 2) * 0x1p-32;
                const double seconds = summary_.speed > 0 ? std::min(5.0, 12 * 3600 / summary_.speed) : 2;
                further.intended += nanoseconds{static_cast<std::int64_t>(share * seconds * 1e9)};
              }
              return true;
            });
    const bool vocabulary = drawn(FaultKind::near_duplicate) % 2 == 0;
    follows(FaultKind::near_duplicate,
            vocabulary ? "told again under another id, all in capitals"
                       : "told again under another id and with "
                         "other words",
            [&](Extra& extra, Work&) {
              alter::identity(extra.message);
              alter::capitals(extra.message, vocabulary);
              return true;
            });
    follows(FaultKind::naive_time, "told besides without offsets", [](Extra& extra, Work&) {
      alter::identity(extra.message);
      alter::drop_offsets(extra.message);
      return true;
    });
    const bool is_signed = [&] {
      wire::Message bare = message_;
      bare.headers.clear();
      format_.sign(0, bare);
      return !bare.headers.empty();
    }();
    const auto forge = [&](Extra& extra, bool with_signature) {
      if (!is_signed) return false;
      if (with_signature) {
        format_.sign(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.unix_time()).count(), extra.message);
      }
      extra.sign = false;
      alter::identity(extra.message);
      alter::move_instants(extra.message, with_signature ? minutes(13) : minutes(17));
      return true;
    };
    follows(FaultKind::forged, "changed after it was signed", [&](Extra& extra, Work&) { return forge(extra, true); });
    follows(FaultKind::unsigned_message, "changed and not signed",
            [&](Extra& extra, Work&) { return forge(extra, false); });
    follows(FaultKind::stale_signature, "signed an hour ago", [&](Extra& extra, Work&) {
      wire::Message then = extra.message;
      wire::Message now_signed = extra.message;
      format_.sign(0, then);
      format_.sign(3'600'000, now_signed);
      extra.signed_ago = std::chrono::hours{1};
      alter::identity(extra.message);
      return then.headers != now_signed.headers;
    });
    follows(FaultKind::ghost, "a number that was never shipped", [&](Extra& extra, Work&) {
      alter::identity(extra.message);
      alter::number(extra.message, parcel.number, ghost_number(parcel.number));
      if (ghosts_.size() < ghosts_max) ghosts_.push_back(scan.parcel);
      return true;
    });
  }

  void remember(OpenParcel& parcel, const Scan& scan) const {
    if (!format_.carries_history()) return;
    if (starts_reuse(scan)) parcel.history.clear();
    const auto before = [](const Scan& a, const Scan& b) {
      return std::pair(a.at, a.sequence) < std::pair(b.at, b.sequence);
    };
    parcel.history.insert(std::upper_bound(parcel.history.begin(), parcel.history.end(), scan, before), scan);
  }

  // ---- answers ----

  void answered(std::size_t slot, const Result<Reply>& reply) {
    Work work = std::move(flights_[slot].work);
    const nanoseconds sent = flights_[slot].sent;
    const std::uint32_t beside = flights_[slot].beside;
    free_slots_.push_back(slot);
    --flying_;
    const nanoseconds done = now();
    answered_ = answered_ || reply.has_value();
    if (work.pending) {
      told(std::move(work), reply, done);
      return;
    }

    RequestFate fate = RequestFate::accepted;
    bool again = may_retry(reply);
    if (!reply) {
      fate = reply.error().kind == ErrorKind::timed_out ? RequestFate::timed_out : RequestFate::broken;
      last_failure_ = reply.error().message;
    } else if (work.kind == RequestKind::scan && reply->acknowledgement != Acknowledgement::by_status) {
      if (reply->acknowledgement == Acknowledgement::confirmed) {
        ++confirmed_;
      } else {
        fate = RequestFate::refused;
      }
    } else if (work.kind == RequestKind::scan && !(work.extra && work.extra->is_promise)) {
      std::string job;
      switch (format_.receipt(reply->status, reply->location, reply->body, job)) {
        case wire::Receipt::kept:
          break;
        case wire::Receipt::pending: {
          auto pending = std::make_shared<Pending>();
          pending->path = below_prefix(std::move(job));
          pending->sent = sent;
          pending->since = done;
          pending->pause = options_.ask_first;
          pending->beside = beside;
          pending->status = static_cast<std::uint16_t>(reply->status);
          work.pending = std::move(pending);
          wait_and_ask(std::move(work), done);
          return;
        }
        case wire::Receipt::again:
          fate = RequestFate::refused;
          again = true;
          break;
        case wire::Receipt::refused:
          fate = RequestFate::refused;
          break;
      }
    } else if (work.kind == RequestKind::scan) {
      if (reply->status / 100 != 2) fate = RequestFate::refused;
    } else {
      fate = page(work, *reply, done);
    }
    settled(std::move(work), fate, reply, again, sent, beside);
  }

  // A job may be named below the target's own prefix, which the transport puts before every path.
  [[nodiscard]] std::string below_prefix(std::string path) const {
    if (!prefix_.empty() && path.starts_with(prefix_ + "/")) path.erase(0, prefix_.size());
    return path;
  }

  /// Asks later, or gives up: `pending` bounds it in time and number.
  void wait_and_ask(Work work, nanoseconds done) {
    Pending& pending = *work.pending;
    if (closing_ || pending.asked >= options_.asks_max ||
        done + pending.pause > pending.since + options_.ask_patience) {
      never_told(work);
      return;
    }
    work.again = done + pending.pause;
    pending.pause = std::min<nanoseconds>(pending.pause * 2, options_.ask_longest);
    again_.push(std::move(work));
  }

  /// The answer to a question.
  void told(Work work, const Result<Reply>& reply, nanoseconds done) {
    const auto receipt = reply ? format_.job_receipt(reply->status, reply->body) : wire::Receipt::pending;
    if (receipt == wire::Receipt::pending || receipt == wire::Receipt::again) {
      if (reply && reply->retry_after) {
        const nanoseconds wish = std::min<nanoseconds>(*reply->retry_after, options_.retry_after_max);
        work.pending->pause = std::max(work.pending->pause, wish);
      }
      wait_and_ask(std::move(work), done);
      return;
    }
    const std::shared_ptr<Pending> pending = std::exchange(work.pending, nullptr);
    Reply first;
    first.status = pending->status;
    settled(std::move(work), receipt == wire::Receipt::kept ? RequestFate::accepted : RequestFate::refused, first,
            false, pending->sent, pending->beside);
  }

  /// Taken in, and nobody said what became of it.
  void never_told(Work work) {
    const std::shared_ptr<Pending> pending = std::exchange(work.pending, nullptr);
    Reply first;
    first.status = pending->status;
    settled(std::move(work), RequestFate::timed_out, first, false, pending->sent, pending->beside);
  }

  /// `reply` is the first answer where there were several. `again`: another attempt may help.
  void settled(Work work, RequestFate fate, const Result<Reply>& reply, bool again, nanoseconds sent,
               std::uint32_t beside) {
    const nanoseconds done = now();
    const auto status = static_cast<std::uint16_t>(reply ? reply->status : 0);
    if (work.extra) return extra_answered(std::move(work), fate, reply, sent, beside);
    if (work.ghost) return;
    recorder_.request(
        {work.kind, fate, status, work.parcel, work.scan.sequence, work.intended, sent, done, beside, FaultKind::none});
    count(work.kind, fate);

    if (fate == RequestFate::accepted) {
      if (work.kind == RequestKind::scan) {
        follow_up(work);
        release(work.parcel);
      }
      return;
    }
    // A page that cannot be understood may be a torn one; only a clear "no" (4xx) is final.
    // The platform's own schedule governs its messages, the sender's everything else.
    const bool as_documented = work.kind == RequestKind::scan && retries_.documented;
    const bool worth_it = again || fate == RequestFate::broken ||
                          (as_documented && retries_.repeats == wire::RetryPolicy::Repeats::all_not_success);
    const unsigned attempts_max = as_documented ? retries_.attempts_max : options_.attempts_max;
    if (work.kind != RequestKind::check && work.attempts < attempts_max && !closing_ && worth_it) {
      work.again = done + (as_documented ? documented_pause(work, reply) : pause(work.attempts, reply));
      again_.push(std::move(work));
    } else if (work.kind == RequestKind::scan) {
      ++summary_.given_up;
      release(work.parcel);
    } else if (work.kind == RequestKind::read_back) {
      ++summary_.unread;
    }
  }

  void extra_answered(Work work, RequestFate fate, const Result<Reply>& reply, nanoseconds sent, std::uint32_t beside) {
    const nanoseconds done = now();
    if (!work.extra->is_promise) {
      recorder_.request({work.kind, fate, static_cast<std::uint16_t>(reply ? reply->status : 0), work.parcel,
                         work.scan.sequence, work.intended, sent, done, beside, work.extra->fault});
    }
    // A sender of forgeries has no reason to come again after an answer.
    const bool repeats = !reply || (may_retry(reply) && !must_be_refused(work.extra->fault)) ||
                         (reply->status == 503 || reply->status == 429);
    if (fate != RequestFate::accepted && repeats && work.attempts < options_.attempts_max && !closing_) {
      work.again = done + pause(work.attempts, reply);
      again_.push(std::move(work));
    } else if (work.extra->is_promise) {
      release(work.parcel);
    }
  }

  /// Reads a tracking page: a "not found" is an answer too.
  RequestFate page(const Work& work, const Reply& reply, nanoseconds done) {
    if (reply.status != 200 && reply.status != 404) return RequestFate::refused;
    auto shown = wire::decode_track_page(work.parcel, reply.status, reply.body, world_.first_day_unix);
    if (!shown) return RequestFate::broken;
    if (work.kind == RequestKind::check) {
      recorder_.shown({work.parcel, done, work.at, shown->found, shown->status,
                       static_cast<std::uint32_t>(shown->scans.size()), shown->promise_day, shown->estimated_day});
    } else {
      if (!work.ghost) ++summary_.read;
      shown->ghost = work.ghost;
      recorder_.read_back(*shown);
    }
    return RequestFate::accepted;
  }

  void count(RequestKind kind, RequestFate fate) {
    if (fate != RequestFate::accepted) ++failed_;
    if (kind == RequestKind::read_back) return;
    switch (fate) {
      case RequestFate::accepted:
        ++summary_.accepted;
        break;
      case RequestFate::refused:
        ++summary_.refused;
        break;
      case RequestFate::timed_out:
        ++summary_.timed_out;
        break;
      case RequestFate::broken:
        ++summary_.broken;
        break;
      case RequestFate::dropped:
        break;
    }
  }

  /// A platform that waits no longer than it says gets no more of our patience.
  static nanoseconds patience_of(const ReplayOptions& options, const wire::WireFormat& format) {
    const std::chrono::milliseconds own = format.limits().patience;
    return own.count() > 0 ? std::min(own, options.patience) : options.patience;
  }

  static std::string prefix_of(const ReplayOptions& options) {
    const auto target = parse_target(options.target);
    return target ? target->prefix : std::string();
  }

  static bool may_retry(const Result<Reply>& reply) {
    if (reply && reply->acknowledgement != Acknowledgement::by_status)
      return reply->acknowledgement == Acknowledgement::refused_now;
    return !reply || reply->status >= 500 || reply->status == 429 || reply->status == 408;
  }

  /// Before the next attempt: the endpoint's own wish, else doubling from `back_off`.
  [[nodiscard]] nanoseconds pause(unsigned attempts, const Result<Reply>& reply) const {
    if (reply && reply->retry_after) {
      return std::min<nanoseconds>(*reply->retry_after, options_.retry_after_max);
    }
    nanoseconds wait = options_.back_off;
    for (unsigned i = 1; i < attempts && wait < options_.back_off_max; ++i) wait *= 2;
    return std::min<nanoseconds>(wait, options_.back_off_max);
  }

  /// Before the next attempt: the endpoint's own wish, else what the platform documents, compressed like the
  /// simulated time it stands beside, but not below `back_off`.
  [[nodiscard]] nanoseconds documented_pause(const Work& work, const Result<Reply>& reply) const {
    if (reply && reply->retry_after) {
      return std::min<nanoseconds>(*reply->retry_after, options_.retry_after_max);
    }
    const std::uint64_t draw = hash64(work.order, work.attempts);
    const nanoseconds wait = retries_.pause(work.attempts, static_cast<std::uint32_t>(draw >> 32U));
    const nanoseconds compressed{static_cast<std::int64_t>(static_cast<double>(wait.count()) / retry_speed_)};
    return std::max<nanoseconds>(compressed, options_.back_off);
  }

  /// The parcel's scan is done with; the next one may go.
  void release(ParcelId id) {
    OpenParcel& parcel = open_.at(id);
    if (parcel.waiting.empty()) {
      parcel.busy = false;
      return;
    }
    Work work = std::move(parcel.waiting.front());
    parcel.waiting.erase(parcel.waiting.begin());
    work.ready = now();
    ready_.push(std::move(work));
  }

  /// Drops what is kept of parcels whose story is over, so that memory does not grow with the length of the run.
  void forget_old(SimTime at) {
    while (!ended_.empty() && ended_.front().first <= at) {
      const ParcelId id = ended_.front().second;
      ended_.pop_front();
      const auto parcel = open_.find(id);
      if (parcel != open_.end() && parcel->second.ended && !parcel->second.busy &&
          parcel->second.last + history_kept_after_end <= at) {
        open_.erase(parcel);
      }
    }
    while (!silent_.empty() && silent_.front().first <= at) {
      const ParcelId id = silent_.front().second;
      silent_.pop_front();
      const auto parcel = open_.find(id);
      if (parcel == open_.end()) continue;
      if (!parcel->second.busy && parcel->second.last + history_kept_in_silence <= at) {
        open_.erase(parcel);
      } else {
        silent_.push_back({at + history_kept_in_silence, id});
      }
    }
  }

  /// Waits for what is in flight; patience bounds it. Nothing new is sent.
  void settle() {
    closing_ = true;
    while (flying_ > 0) {
      transport_.poll(clock_.now() + progress_every);
      report(false);
    }
    const auto give_up = [this](auto& queue) {
      while (!queue.empty()) {
        Work work = queue.top();
        queue.pop();
        if (work.pending) never_told(std::move(work));
      }
    };
    give_up(ready_);
    give_up(again_);
    ready_ = {};  // What was waiting behind those scans.
  }

  // ---- after ----

  bool read_back() {
    const auto parcels = source_.parcels();
    std::sort(ghosts_.begin(), ghosts_.end());
    ghosts_.erase(std::unique(ghosts_.begin(), ghosts_.end()), ghosts_.end());
    const std::size_t pages = parcels.size() + ghosts_.size();
    enter(ReplayPhase::reading_back, parcels.size());
    open_.clear();
    const nanoseconds give_up = now() + std::chrono::nanoseconds{static_cast<std::int64_t>(options_.seconds_max * 1e9)};
    std::size_t next = 0;
    while (true) {
      if (stop_.stop_requested() || now() >= give_up) {
        settle();
        return false;
      }
      repeat_due();
      send_ready();
      while (next < pages && transport_.idle() > 0) {
        Work work;
        work.kind = RequestKind::read_back;
        work.ghost = next >= parcels.size();
        work.parcel = work.ghost ? ghosts_[next - parcels.size()] : parcels[next].id;
        work.intended = now();
        work.order = next++;
        send(std::move(work));
      }
      if (next == pages && ready_.empty() && again_.empty() && flying_ == 0) return true;
      nanoseconds wake = now() + progress_every;
      if (!again_.empty()) wake = std::min(wake, again_.top().again);
      transport_.poll(start_ + wake);
      report(false);
    }
  }

  /// What the broker has of this replay, and what else has come to the same place.
  Result<void> read_stored() {
    enter(ReplayPhase::reading_back, confirmed_);
    const nanoseconds give_up = now() + std::chrono::nanoseconds{static_cast<std::int64_t>(options_.seconds_max * 1e9)};
    bool to_the_end = true;
    auto read = stored_->read(confirmed_, options_.patience, [&](std::string_view text, std::string_view body) {
      StoredMessage message;
      const auto id = read_message_id(text);
      if (id && id->replay == replay_id_) {
        message = {true, id->parcel, id->sequence, id->fault, id->body == hash64(body)};
      }
      recorder_.stored(message);
      ++phase_sent_;
      ++summary_.read;
      report(false);
      to_the_end = !stop_.stop_requested() && now() < give_up;
      return to_the_end;
    });
    if (!read) return read;
    if (!to_the_end && !stop_.stop_requested()) {
      return fail(ErrorKind::timed_out, options_.target + ": reading back takes too long; replay less at a time");
    }
    if (to_the_end) recorder_.stored_all();
    return {};
  }

  // ---- telling ----

  void enter(ReplayPhase phase, std::uint64_t total) {
    phase_ = phase;
    total_ = total;
    phase_sent_ = 0;
    reported_sent_ = 0;
    reported_at_ = now();
  }

  void report(bool last) {
    const nanoseconds at = now();
    if (!progress_ || (!last && at - reported_at_ < progress_every)) return;
    const double seconds = std::chrono::duration<double>(at - reported_at_).count();
    ReplayProgress p;
    p.phase = phase_;
    p.sent = phase_sent_;
    p.total = total_;
    p.rate = seconds > 0 ? static_cast<double>(phase_sent_ - reported_sent_) / seconds : 0;
    p.late = summary_.late;
    p.dropped = summary_.dropped;
    p.failed = failed_;
    p.in_flight = flying_;
    p.waiting = ready_.size();
    p.elapsed = at;
    progress_(p);
    reported_at_ = at;
    reported_sent_ = phase_sent_;
  }

  [[nodiscard]] std::string number_of(const ParcelFacts& facts) const {
    return tracking_number(world_, world_.services[index(facts.service)].carrier, facts.id);
  }

  const World& world_;
  FaultPlan faults_;
  FaultySource faulty_;
  std::vector<ParcelId> ghosts_;  // Whose made-up numbers are to be looked at.
  ReplaySource& source_;
  const ReplayOptions& options_;
  wire::WireFormat& format_;
  Transport& transport_;
  const Clock& clock_;
  bool broker_ = false;
  StoredMessages* stored_ = nullptr;
  std::string prefix_;         // Of the target.
  wire::RetryPolicy retries_;  // Of scans, where the platform documents one.
  nanoseconds scan_patience_{};
  double retry_speed_ = 1;
  ReplayRecorder& recorder_;
  const std::stop_token& stop_;
  const std::function<void(const ReplayProgress&)>& progress_;

  nanoseconds start_{};
  std::vector<ReplayItem> upcoming_;
  std::size_t next_ = 0;  // Of upcoming_.
  bool exhausted_ = false;
  std::optional<Error> source_error_;
  std::priority_queue<Work, std::vector<Work>, IntendedLater> ready_;
  std::priority_queue<Work, std::vector<Work>, AgainLater> again_;
  boost::unordered_flat_map<ParcelId, OpenParcel, ParcelHash> open_;
  std::deque<std::pair<SimTime, ParcelId>> ended_;
  std::deque<std::pair<SimTime, ParcelId>> silent_;
  std::vector<InFlight> flights_;
  std::vector<std::size_t> free_slots_;
  std::size_t flying_ = 0;
  bool closing_ = false;  // No further attempts.
  wire::Message message_;
  std::string message_id_;
  std::uint64_t replay_id_ = 0;  // Tells this replay's messages from those that others leave at the same place.
  std::uint64_t confirmed_ = 0;

  ReplaySummary summary_;
  ReplayPhase phase_ = ReplayPhase::registering;
  std::uint64_t phase_sent_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t failed_ = 0;
  bool answered_ = false;     // Any request, with anything.
  std::string last_failure_;  // Why the last request that got no answer got none.
  std::uint64_t reported_sent_ = 0;
  nanoseconds reported_at_{};
};

}  // namespace

Result<ReplaySummary> run_session(const World& world, ReplaySource& source, const ReplayOptions& options,
                                  const ReplayPorts& ports, ReplayRecorder& recorder, const std::stop_token& stop,
                                  const std::function<void(const ReplayProgress&)>& progress) {
  const auto plan = plan_replay(options, source.totals());
  if (!plan) return tl::unexpected(plan.error());
  Session session(world, source, options, ports, recorder, stop, progress);
  return session.run(*plan);
}

std::unique_ptr<Trials> make_trials(const World& world, ReplaySource& source, const ReplayOptions& options,
                                    const ReplayPorts& ports, ReplayRecorder& recorder, const std::stop_token& stop,
                                    const std::function<void(const ReplayProgress&)>& progress) {
  return std::make_unique<Session>(world, source, options, ports, recorder, stop, progress);
}

}  // namespace peakstorm
