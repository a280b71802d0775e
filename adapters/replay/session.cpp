#include "adapters/replay/session.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "adapters/replay/composer.hpp"
#include "adapters/replay/faults.hpp"
#include "adapters/replay/open_parcels.hpp"
#include "adapters/replay/pacer.hpp"
#include "adapters/replay/promises.hpp"
#include "adapters/replay/retries.hpp"
#include "adapters/replay/sender.hpp"
#include "adapters/replay/tally.hpp"
#include "adapters/replay/work.hpp"
#include "engine/random.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;
constexpr std::size_t chunk = 1024;  // Items fetched at a time.

/// Says what is due when, and so what the sender gets: first the source's items, then the read-back.
class Session final : public Trials {
 public:
  Session(const World& world, ReplaySource& source, const ReplayOptions& options, const ReplayPorts& ports,
          ReplayRecorder& recorder, const std::stop_token& stop,
          const std::function<void(const ReplayProgress&)>& progress)
      : world_(world),
        party_(ports.party),
        share_(party_ == nullptr ? ParcelShare() : party_->share()),
        faults_(world, faults_of(options)),
        faulty_(source, faults_, share_, recorder),
        source_(faults_.any() ? static_cast<ReplaySource&>(faulty_) : source),
        options_(options),
        format_(ports.format),
        transport_(ports.transport),
        broker_(ports.broker),
        stored_(ports.stored),
        recorder_(recorder),
        stop_(stop),
        time_(ports.clock),
        tally_(time_, progress),
        // What a platform does about its webhooks says nothing of how a broker is fed.
        retries_(options, ports.broker ? wire::RetryPolicy{} : ports.format.retries()),
        parcels_(world, ports.format.carries_history()),
        composer_(world, options, ports.format, faults_, recorder, time_),
        sender_({world, source_, options, ports, recorder, time_, retries_, composer_, parcels_, tally_}) {}

  Result<ReplaySummary> run(const ReplayPlan& plan) {
    const ReplaySource::Totals totals = source_.totals();
    const nanoseconds cpu_before = time_.clock().processor();
    if (auto done = register_promises(); !done) return tl::unexpected(done.error());
    recorder_.begin({options_.target, std::string(format_.name()), plan.speed, plan.rate, broker_});
    name_replay();
    ReplaySummary& summary = tally_.summary;
    summary.speed = plan.speed;
    if (!plan.rates.empty()) summary.rates = plan.rates.text();
    retries_.pace(plan.speed);
    begin_together();
    if (options_.running) options_.running->start(plan.speed);
    // What falls to this one of several is known only afterwards.
    tally_.enter(ReplayPhase::sending, (totals.scans + (options_.track_pages ? totals.checks : 0)) / share_.count);

    const Pacer pacer = plan.rates.empty() ? Pacer::by_time(totals.first, plan.speed) : Pacer::by_rates(plan.rates);
    auto sent = send_all(pacer, std::numeric_limits<std::uint64_t>::max());
    summary.sending = time_.now();
    // What one reads back is no load on what another still sends.
    bool complete = meet(sent.has_value() && *sent);
    Result<void> read;
    if (complete && party_ != nullptr) tally_.confirmed = party_->sum(tally_.confirmed);
    if (complete && options_.track_pages) complete = read_back();
    if (complete && stored_ != nullptr) {
      read = read_stored();
      complete = read.has_value() && !stopping();
    }
    complete = meet(complete);
    summary.complete = complete;
    summary.wall = time_.now();
    summary.cpu = time_.clock().processor() - cpu_before;
    recorder_.end(summary.wall, summary.cpu, complete);
    report(true);
    if (!sent) return tl::unexpected(sent.error());
    if (!read) return tl::unexpected(read.error());
    if (!stopping() && summary.attempts > 0 && !tally_.answered) return nothing_answered();
    return summary;
  }

  /// The shop's word, where the options ask for it.
  Result<void> register_promises() override {
    Result<void> done;
    if (options_.register_promises) {
      time_.begin();
      done = put_promises({world_, options_, own_parcels(), parcels_, retries_, transport_, time_, tally_}, stop_);
    }
    meet(done.has_value());
    return done;
  }

  Result<ReplaySummary> trial(double rate, std::uint64_t items) override {
    tally_.restart();
    sender_.open();
    const nanoseconds cpu_before = time_.clock().processor();
    recorder_.begin({options_.target, std::string(format_.name()), 0, rate, broker_});
    name_replay();
    retries_.pace(1);
    begin_together();
    tally_.enter(ReplayPhase::sending, items / share_.count);
    auto sent = send_all(Pacer::by_rates(RateProfile::constant(rate)), items);
    meet(sent.has_value() && !stop_.stop_requested());
    ReplaySummary& summary = tally_.summary;
    summary.sending = time_.now();
    summary.wall = time_.now();
    summary.complete = sent.has_value() && *sent;
    summary.cpu = time_.clock().processor() - cpu_before;
    recorder_.end(summary.wall, summary.cpu, summary.complete);
    if (!sent) return tl::unexpected(sent.error());
    return summary;
  }

  [[nodiscard]] bool exhausted() override {
    fetch();
    // What is left for one of several says nothing of the others.
    return share_.count == 1 && next_ == upcoming_.size();
  }

  [[nodiscard]] bool stopping() override {
    if (party_ != nullptr && !called_off_) {
      const nanoseconds at = time_.clock().now();
      if (at - asked_others_ >= Tally::every) {
        asked_others_ = at;
        called_off_ = party_->called_off(stop_.stop_requested());
      }
    }
    return called_off_ || stop_.stop_requested();
  }

 private:
  // ---- the others ----

  /// True when this one is well, and all others are. Once they are not, nobody asks them again.
  bool meet(bool well) {
    if (party_ == nullptr || parted_) return well && !called_off_;
    parted_ = !party_->meet(well && !stop_.stop_requested());
    called_off_ = called_off_ || parted_;
    return !parted_;
  }

  void begin_together() { time_.begin(party_ != nullptr && !parted_ ? party_->until_start() : nanoseconds{}); }

  /// All of several send under one name.
  void name_replay() {
    composer_.name_replay();
    if (party_ != nullptr && !parted_)
      composer_.name_replay(party_->sum(share_.index == 0 ? composer_.replay_id() : 0));
  }

  [[nodiscard]] std::span<const ParcelFacts> own_parcels() {
    if (share_.count == 1) return source_.parcels();
    if (own_parcels_.empty()) {
      for (const ParcelFacts& facts : source_.parcels()) {
        if (share_.owns(facts.id)) own_parcels_.push_back(facts);
      }
    }
    return own_parcels_;
  }

  /// A target that was there at the start and never answered: there is nothing to judge it by.
  [[nodiscard]] tl::unexpected<Error> nothing_answered() const {
    const ReplaySummary& summary = tally_.summary;
    return fail(ErrorKind::unreachable, options_.target + ": none of " + std::to_string(summary.attempts) +
                                            " requests was answered (" + std::to_string(summary.timed_out) +
                                            " timed out, " + std::to_string(summary.broken) +
                                            " broke); the last one: " + tally_.last_failure);
  }

  void report(bool last = false) { tally_.report(sender_.in_flight(), sender_.ready(), last); }

  // ---- sending ----

  /// Looks one item ahead; none is left when next_ is the end of upcoming_ afterwards. Others' items keep their places.
  void fetch() {
    while (true) {
      for (; next_ < upcoming_.size(); ++next_) {
        if (upcoming_[next_].is_check && !options_.track_pages) continue;
        if (share_.owns(upcoming_[next_].parcel)) return;
        ++place_;
      }
      if (exhausted_) return;
      upcoming_.clear();
      next_ = 0;
      if (auto more = source_.next(chunk, upcoming_); !more) source_error_ = more.error();
      exhausted_ = upcoming_.empty() || source_error_;
    }
  }

  /// Sends what is ours of at most `items`. True when everything was sent and answered; false when stopped or out of
  /// time.
  Result<bool> send_all(const Pacer& pacer, std::uint64_t items) {
    nanoseconds last_intended{};
    const std::uint64_t first = std::exchange(next_place_, next_place_ + items);
    while (true) {
      if (stopping()) {
        sender_.settle();
        return false;
      }
      sender_.repeat_due();
      // The next item, when there is one, and when it is due. It is taken up only when a sender is free for it, or
      // when it has waited too long: a backlog costs no memory.
      bool more = false;
      nanoseconds intended = ReplayTime::forever;
      while (true) {
        fetch();
        more = next_ < upcoming_.size() && place_ - first < items;
        intended = more ? pacer.intended(upcoming_[next_].at, place_ - first) : ReplayTime::forever;
        const bool free = transport_.idle() > 0;
        const nanoseconds at = time_.now();
        if (free && sender_.send_first_before(intended, place_ - first, intended > at)) continue;
        if (intended > at || (!free && intended + options_.drop_after > at)) break;
        if (auto admitted = admit(upcoming_[next_], intended, place_ - first); !admitted) {
          sender_.settle();
          return tl::unexpected(admitted.error());
        }
        last_intended = intended;
        ++place_;
        ++next_;
        if (!free) sender_.drop_overdue();
      }
      sender_.drop_overdue();
      report();

      if (!more && sender_.nothing_left()) {
        if (source_error_) return tl::unexpected(*source_error_);  // What was read before it has been sent.
        return true;
      }
      const nanoseconds give_up = more ? ReplayTime::forever : last_intended + options_.drain_max;
      if (time_.now() >= give_up) {
        sender_.drop_everything();
        sender_.settle();
        if (source_error_) return tl::unexpected(*source_error_);
        return false;
      }
      nanoseconds wake = std::min({give_up, time_.now() + Tally::every, sender_.next_instant()});
      if (more) wake = std::min(wake, transport_.idle() > 0 ? intended : intended + options_.drop_after);
      transport_.poll(time_.on_clock(wake));
    }
  }

  Result<void> admit(const ReplayItem& item, nanoseconds intended, std::uint64_t order) {
    // Whoever is pushed a scan can be told of it at once when it asks.
    if (options_.running) options_.running->reach(item.at);
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
      ++tally_.summary.checks;
      work.kind = RequestKind::check;
      sender_.start(std::move(work));
      return {};
    }
    ++tally_.summary.scans;
    work.scan = item.scan;
    OpenParcel& parcel = parcels_.admit(*facts, item.scan, item.at);
    if (starts_reuse(item.scan)) {
      Work handed_on = work;
      handed_on.extra = composer_.hand_on(*facts, parcel.number);
      sender_.queue(parcel, std::move(handed_on));
    }
    sender_.queue(parcel, std::move(work));
    return {};
  }

  // ---- after ----

  [[nodiscard]] nanoseconds read_back_over() const {
    return time_.now() + nanoseconds{static_cast<std::int64_t>(options_.seconds_max * 1e9)};
  }

  bool read_back() {
    const auto parcels = own_parcels();
    const std::vector<ParcelId> ghosts = composer_.ghosts();
    const std::size_t pages = parcels.size() + ghosts.size();
    tally_.enter(ReplayPhase::reading_back, parcels.size());
    parcels_.clear();
    const nanoseconds give_up = read_back_over();
    std::size_t next = 0;
    while (true) {
      if (stopping() || time_.now() >= give_up) {
        sender_.settle();
        return false;
      }
      sender_.repeat_due();
      sender_.send_ready();
      while (next < pages && transport_.idle() > 0) {
        Work work;
        work.kind = RequestKind::read_back;
        work.ghost = next >= parcels.size();
        work.parcel = work.ghost ? ghosts[next - parcels.size()] : parcels[next].id;
        work.intended = time_.now();
        work.order = next++;
        sender_.send(std::move(work));
      }
      if (next == pages && sender_.nothing_left()) return true;
      transport_.poll(time_.on_clock(std::min(time_.now() + Tally::every, sender_.next_instant())));
      report();
    }
  }

  /// What the broker has of this replay, and what else has come to the same place.
  Result<void> read_stored() {
    tally_.enter(ReplayPhase::reading_back, tally_.confirmed);
    const nanoseconds give_up = read_back_over();
    bool to_the_end = true;
    auto read = stored_->read(tally_.confirmed, options_.patience, [&](std::string_view text, std::string_view body) {
      StoredMessage message;
      const auto id = read_message_id(text);
      if (id && id->replay == composer_.replay_id()) {
        message = {true, id->parcel, id->sequence, id->fault, id->body == hash64(body)};
      }
      recorder_.stored(message);
      ++tally_.phase_sent;
      ++tally_.summary.read;
      report();
      to_the_end = !stopping() && time_.now() < give_up;
      return to_the_end;
    });
    if (!read) return read;
    if (!to_the_end && !stopping()) {
      return fail(ErrorKind::timed_out, options_.target + ": reading back takes too long; replay less at a time");
    }
    if (to_the_end) recorder_.stored_all();
    return {};
  }

  const World& world_;
  ReplayParty* party_;
  ParcelShare share_;
  FaultPlan faults_;
  FaultySource faulty_;
  ReplaySource& source_;
  const ReplayOptions& options_;
  wire::WireFormat& format_;
  Transport& transport_;
  bool broker_ = false;
  StoredMessages* stored_ = nullptr;
  ReplayRecorder& recorder_;
  const std::stop_token& stop_;

  ReplayTime time_;
  Tally tally_;
  Retries retries_;
  OpenParcels parcels_;
  Composer composer_;
  Sender sender_;

  bool parted_ = false;      // Some others may have left: no collective function is to be called.
  bool called_off_ = false;  // By others.
  nanoseconds asked_others_{};
  std::vector<ParcelFacts> own_parcels_;  // Of several; read once.
  std::vector<ReplayItem> upcoming_;
  std::size_t next_ = 0;          // Of upcoming_.
  std::uint64_t place_ = 0;       // Of that item in the whole run.
  std::uint64_t next_place_ = 0;  // Where what is sent next begins.
  bool exhausted_ = false;
  std::optional<Error> source_error_;
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
