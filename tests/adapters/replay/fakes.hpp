/// A replay without machines: simulated wall clock, a transport whose server is a function, a source from a vector,
/// a recorder that keeps everything.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/clock.hpp"
#include "adapters/transport.hpp"
#include "engine/check.hpp"
#include "engine/replay.hpp"

namespace peakstorm::testing {

using std::chrono::nanoseconds;

class FakeClock final : public Clock {
 public:
  static constexpr nanoseconds wall_at_zero = std::chrono::seconds{1'795'000'000};
  [[nodiscard]] nanoseconds now() const override { return now_; }
  [[nodiscard]] nanoseconds unix_time() const override { return wall_at_zero + now_; }
  [[nodiscard]] nanoseconds processor() const override { return now_ / 10; }
  void advance_to(nanoseconds at) { now_ = std::max(now_, at); }

 private:
  nanoseconds now_{std::chrono::hours{5}};  // Not zero, so that forgetting the start shows.
};

/// What the server makes of a request: when the reply is there (`never`: not at all), and which.
struct Fated {
  nanoseconds done{};
  Result<Reply> reply;
};
inline constexpr nanoseconds no_reply = nanoseconds::max();

/// Stalls, drops and repeats as its server function says. Time passes only in `poll`.
class FakeTransport final : public Transport {
 public:
  /// Told the instant at which the request arrives (on the clock's scale).
  using Server = std::function<Fated(const Request&, nanoseconds)>;
  FakeTransport(FakeClock& clock, std::size_t connections, Server server)
      : clock_(clock), connections_(connections), server_(std::move(server)) {}

  [[nodiscard]] std::size_t idle() const override { return connections_ - events_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return events_.size(); }

  void submit(const Request& request, nanoseconds patience, Completion done) override {
    PEAKSTORM_CHECK(idle() > 0, connections_);
    Fated fated = server_(request, clock_.now());
    const nanoseconds limit = clock_.now() + patience;
    if (fated.done > limit) fated = {limit, fail(ErrorKind::timed_out, "no reply in time")};
    events_.emplace(fated.done, Event{std::move(fated.reply), std::move(done)});
  }

  void poll(nanoseconds until) override {
    ++polls;
    if (!events_.empty() && events_.begin()->first <= std::max(until, clock_.now())) {
      clock_.advance_to(events_.begin()->first);
      while (!events_.empty() && events_.begin()->first <= clock_.now()) {
        Event event = std::move(events_.extract(events_.begin()).mapped());
        event.done(std::move(event.reply));
      }
      return;
    }
    clock_.advance_to(until);
  }

  std::uint64_t polls = 0;

 private:
  struct Event {
    Result<Reply> reply;
    Completion done;
  };
  FakeClock& clock_;
  std::size_t connections_;
  Server server_;
  std::multimap<nanoseconds, Event> events_;
};

class MemorySource final : public ReplaySource {
 public:
  Result<void> next(std::size_t limit, std::vector<ReplayItem>& into) override {
    if (fails_at && position_ >= *fails_at) return fail(ErrorKind::io, "scans.pb.zst: torn");
    for (; limit > 0 && position_ < items.size(); --limit) into.push_back(items[position_++]);
    return {};
  }
  [[nodiscard]] Totals totals() const override {
    Totals t;
    for (const ReplayItem& item : items) ++(item.is_check ? t.checks : t.scans);
    if (!items.empty()) {
      t.first = items.front().at;
      t.last = items.back().at;
    }
    return t;
  }
  [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override {
    for (const ParcelFacts& facts : all) {
      if (facts.id == parcel) return &facts;
    }
    return nullptr;
  }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return all; }

  std::vector<ReplayItem> items;
  std::vector<ParcelFacts> all;
  std::optional<std::size_t> fails_at;

 private:
  std::size_t position_ = 0;
};

class MemoryRecorder final : public ReplayRecorder {
 public:
  void begin(const ReplayEnvironment& e) override { environment = e; }
  void request(const RequestRecord& record) override { requests.push_back(record); }
  void shown(const ShownStatus& status) override { statuses.push_back(status); }
  void read_back(const ShownParcel& parcel) override { parcels.push_back(parcel); }
  void stored(const StoredMessage& message) override { messages.push_back(message); }
  void stored_all() override { all_stored = true; }
  void end(nanoseconds w, nanoseconds c, bool is_complete) override {
    ++ends;
    wall = w;
    cpu = c;
    complete = is_complete;
  }
  [[nodiscard]] std::size_t count(RequestKind kind, RequestFate fate) const {
    return static_cast<std::size_t>(std::count_if(
        requests.begin(), requests.end(), [&](const RequestRecord& r) { return r.kind == kind && r.fate == fate; }));
  }

  ReplayEnvironment environment;
  std::vector<RequestRecord> requests;
  std::vector<ShownStatus> statuses;
  std::vector<ShownParcel> parcels;
  std::vector<StoredMessage> messages;
  bool all_stored = false;
  int ends = 0;
  nanoseconds wall{};
  nanoseconds cpu{};
  bool complete = false;
};

}  // namespace peakstorm::testing
