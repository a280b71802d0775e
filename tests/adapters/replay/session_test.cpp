#include "adapters/replay/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "adapters/replay/pacer.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::Fated;
using ::testing::HasSubstr;
using testing::no_reply;

Reply reply(unsigned status, std::string body = {}) {
  return {status, std::move(body), std::nullopt};
}

constexpr const char* empty_page = R"({"status":"accepted","scans":[{"at":"2013-10-28T00:00:00Z","kind":"accepted"}]})";

class Replay : public ::testing::Test {
 protected:
  using Server = testing::FakeTransport::Server;

  Replay() {
    options.target = "http://127.0.0.1:1";
    options.speed = 1;
    options.track_pages = false;
  }

  ParcelId add_parcel(std::uint32_t serial) {
    const ParcelId id = make_parcel_id(ShipNodeId{0}, 1, serial);
    source.all.push_back(testing::facts_of(id, 0));
    return id;
  }
  void add_scan(ParcelId id, SimTime at, std::uint8_t sequence, ScanKind kind = ScanKind::arrived) {
    ReplayItem item;
    item.at = at;
    item.parcel = id;
    item.scan.at = at;
    item.scan.reported = at;
    item.scan.parcel = id;
    item.scan.sequence = sequence;
    item.scan.kind = kind;
    item.scan.place = PlaceId{0};
    source.items.push_back(item);
  }
  void add_check(ParcelId id, SimTime at) {
    ReplayItem item;
    item.at = at;
    item.parcel = id;
    item.is_check = true;
    source.items.push_back(item);
  }

  Result<ReplaySummary> run(const Server& server, std::size_t connections = 64) {
    const auto easypost = wire::make_format("easypost", world, {"secret", ""});
    testing::FakeTransport transport(clock, connections, server);
    start = clock.now();
    auto summary = run_session(world, source, options, {format != nullptr ? *format : **easypost, transport, clock},
                               recorder, stop.get_token(), progress);
    polls = transport.polls;
    return summary;
  }
  /// Server that takes everything after a service time.
  static Server takes(nanoseconds service = 1ms) {
    return [service](const Request& r, nanoseconds at) {
      return Fated{at + service, reply(200, r.method == "GET" ? empty_page : "")};
    };
  }

  World world = testing::tiny_world();
  testing::MemorySource source;
  testing::MemoryRecorder recorder;
  testing::FakeClock clock;
  ReplayOptions options;
  wire::WireFormat* format = nullptr;  // Null: EasyPost.
  std::stop_source stop;
  std::function<void(const ReplayProgress&)> progress;
  nanoseconds start{};
  std::uint64_t polls = 0;
};

// ---- pacing ----

TEST(Pacer, CompressesTime) {
  const Pacer pacer = Pacer::by_time(day_zero + hours(3), 3600);
  EXPECT_EQ(pacer.intended(day_zero + hours(3), 0), 0ns);
  EXPECT_EQ(pacer.intended(day_zero + hours(4), 99), 1s);
  EXPECT_EQ(pacer.intended(day_zero + hours(3) + SimDuration{1}, 0), 277ns);
  EXPECT_EQ(Pacer::by_time(day_zero, 0.5).intended(day_zero + days(100), 0), std::chrono::hours(4800));
}

TEST(Pacer, SpreadsAFixedRateEvenly) {
  const Pacer pacer = Pacer::by_rates(RateProfile::constant(2000));
  EXPECT_EQ(pacer.intended(never, 0), 0ns);
  EXPECT_EQ(pacer.intended(day_zero, 1), 500us);
  EXPECT_EQ(pacer.intended(day_zero, 44'000), 22s);
}

TEST_F(Replay, FollowsStepsAndRamps) {
  for (std::uint32_t i = 0; i < 90; ++i) add_scan(add_parcel(i), day_zero + SimDuration{i}, 0);
  options.rates = *RateProfile::parse("10:2s,20-60:1s,30");
  const auto summary = run(takes());
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->rates, "10:2s,20-60:1s,30");
  ASSERT_EQ(recorder.requests.size(), 90U);
  EXPECT_EQ(recorder.requests[19].sent, 1900ms);
  EXPECT_EQ(recorder.requests[20].sent, 2s);
  EXPECT_EQ(recorder.requests[60].sent, 3s);
  EXPECT_EQ(recorder.requests[75].sent, 3500ms);
  for (const RequestRecord& r : recorder.requests) EXPECT_EQ(r.sent, r.intended);
  EXPECT_NEAR(recorder.environment.rate, 90 / 4.0, 1e-9);
}

TEST_F(Replay, SendsEachItemAtItsIntendedInstant) {
  const ParcelId a = add_parcel(1);
  const ParcelId b = add_parcel(2);
  add_scan(a, day_zero + hours(10), 0);
  add_scan(b, day_zero + hours(10) + SimDuration{1}, 0);
  add_scan(a, day_zero + hours(12), 1);
  options.speed = 3600;
  const auto summary = run(takes());
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(recorder.requests.size(), 3U);
  EXPECT_EQ(recorder.requests[0].sent, 0ns);
  EXPECT_EQ(recorder.requests[1].sent, 277ns);
  EXPECT_EQ(recorder.requests[2].sent, 2s);
  EXPECT_EQ(recorder.requests[2].done, 2s + 1ms);
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->accepted, 3U);
  EXPECT_EQ(summary->late, 0U);
  EXPECT_EQ(summary->wall, 2s + 1ms);
  EXPECT_EQ(summary->cpu, 200ms + 100us);
  EXPECT_EQ(recorder.ends, 1);
  EXPECT_TRUE(recorder.complete);
  EXPECT_EQ(recorder.environment.speed, 3600);
  EXPECT_LT(polls, 60U) << "it waits for what comes next, it does not spin";
}

/// Latencies from the intended instant, ascending.
std::vector<nanoseconds> latencies(const testing::MemoryRecorder& recorder) {
  std::vector<nanoseconds> all;
  for (const RequestRecord& r : recorder.requests) all.push_back(r.done - r.intended);
  std::sort(all.begin(), all.end());
  return all;
}
nanoseconds nearest_rank(const std::vector<nanoseconds>& sorted, std::uint64_t per_thousand) {
  return sorted[(sorted.size() * per_thousand + 999) / 1000 - 1];
}

// Goal: a stalled server cannot hide what it did to the items that were due meanwhile.
// Method: 22 s at 2,000/s, service 1 ms, nothing leaves the server from 10 s to 11.5 s. With a sender for everyone the
// truth is a formula: of 44,000 items 3,000 fall into the stall, the j-th of them waits 1.5 s - j * 0.5 ms.
TEST_F(Replay, AStallIsFeltByEverythingThatWasDueDuringIt) {
  for (std::uint32_t i = 0; i < 44'000; ++i) {
    source.items.push_back({});
    source.items.back().parcel = ParcelId{1};
    source.items.back().is_check = true;
  }
  source.all.push_back(testing::facts_of(ParcelId{1}, 0));
  options.speed = 0;
  options.rate = 2000;
  options.track_pages = true;
  const auto stalls = [&](const Request&, nanoseconds at) {
    const nanoseconds since = at - start;
    const bool stalled = since >= 10s && since < 11'500ms;
    return Fated{(stalled ? start + 11'500ms : at) + 1ms, reply(404)};
  };
  const auto summary = run(stalls, 4000);
  ASSERT_TRUE(summary) << summary.error().message;
  recorder.requests.pop_back();  // The read-back of the one parcel.
  const auto all = latencies(recorder);
  ASSERT_EQ(all.size(), 44'000U);
  EXPECT_EQ(nearest_rank(all, 500), 1ms);
  EXPECT_EQ(nearest_rank(all, 990), 1501ms - 440 * 500us);
  EXPECT_EQ(nearest_rank(all, 999), 1501ms - 44 * 500us);
  EXPECT_EQ(all.back(), 1501ms);
  EXPECT_EQ(summary->late, 0U);
  EXPECT_EQ(summary->dropped, 0U);
}

// The same with 64 senders: the queue behind them is drained in order, and the truth is a recursion (each item takes
// the sender that is free first, but not before its instant).
TEST_F(Replay, AStallIsFeltThroughTheQueueForSendersToo) {
  for (std::uint32_t i = 0; i < 44'000; ++i) {
    source.items.push_back({});
    source.items.back().parcel = ParcelId{1};
    source.items.back().is_check = true;
  }
  source.all.push_back(testing::facts_of(ParcelId{1}, 0));
  options.speed = 0;
  options.rate = 2000;
  options.track_pages = true;
  const auto leaves = [](nanoseconds since) {
    return (since >= 10s && since < 11'500ms ? nanoseconds(11'500ms) : since) + 1ms;
  };
  const auto summary = run(
      [&](const Request&, nanoseconds at) {
        return Fated{start + leaves(at - start), reply(404)};
      },
      64);
  ASSERT_TRUE(summary) << summary.error().message;
  recorder.requests.pop_back();

  std::multiset<nanoseconds> free_at;
  for (int i = 0; i < 64; ++i) free_at.insert(0ns);
  std::vector<nanoseconds> expected;
  std::uint64_t late = 0;
  for (std::int64_t i = 0; i < 44'000; ++i) {
    const nanoseconds intended = i * 500us;
    const nanoseconds sent = std::max(intended, *free_at.begin());
    free_at.erase(free_at.begin());
    free_at.insert(leaves(sent));
    expected.push_back(leaves(sent) - intended);
    late += sent - intended >= 10ms ? 1 : 0;
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(latencies(recorder), expected);
  EXPECT_EQ(summary->late, late);
  EXPECT_GT(late, 2900U);
  EXPECT_EQ(summary->dropped, 0U);
  // What a closed-loop tester would have called latency hides the stall: only 64 of 44,000 were in it.
  std::vector<nanoseconds> service;
  for (const RequestRecord& r : recorder.requests) service.push_back(r.done - r.sent);
  std::sort(service.begin(), service.end());
  EXPECT_EQ(nearest_rank(service, 990), 1ms);
}

// ---- order ----

// Goal: a parcel's scans reach the endpoint one after the other, in their order, whatever fails.
// Method: random service times and failures; the server watches every parcel.
TEST_F(Replay, ScansOfAParcelKeepTheirOrderUnderFaults) {
  constexpr std::uint32_t parcels = 40;
  for (std::uint32_t p = 0; p < parcels; ++p) add_parcel(p);
  for (std::uint8_t s = 0; s < 10; ++s) {
    for (std::uint32_t p = 0; p < parcels; ++p) {
      add_scan(source.all[p].id, day_zero + SimDuration{s * 20 + static_cast<int>(p % 7)}, s);
    }
  }
  std::stable_sort(source.items.begin(), source.items.end(),
                   [](const ReplayItem& a, const ReplayItem& b) { return a.at < b.at; });
  std::uint32_t draw = 0;
  const auto server = [&](const Request&, nanoseconds at) -> Fated {
    const Draws d({7, 0}, Purpose::test, ++draw);
    const nanoseconds done = at + nanoseconds{1 + d.below(0, 50'000'000)};
    switch (d.below(1, 6)) {
      case 0:
        return {done, reply(503)};
      case 1:
        return {done, fail(ErrorKind::malformed_reply, "lost")};
      case 2:
        return {no_reply, reply(200)};
      default:
        return {done, reply(200)};
    }
  };
  options.patience = 200ms;
  const auto summary = run(server, 32);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->scans, parcels * 10);
  EXPECT_GT(summary->given_up, 0U) << "the faults are strong enough to exhaust some scans' attempts";
  EXPECT_EQ(summary->accepted + summary->given_up, parcels * 10);
  EXPECT_EQ(summary->attempts, recorder.requests.size());
  std::map<ParcelId, std::vector<RequestRecord>> by_parcel;
  for (const RequestRecord& r : recorder.requests) by_parcel[r.parcel].push_back(r);
  ASSERT_EQ(by_parcel.size(), parcels);
  for (const auto& [id, records] : by_parcel) {
    for (std::size_t i = 1; i < records.size(); ++i) {
      EXPECT_GE(records[i].sent, records[i - 1].done);
      EXPECT_GE(records[i].sequence, records[i - 1].sequence);
      EXPECT_LE(records[i].sequence, records[i - 1].sequence + 1);
    }
    EXPECT_EQ(records.back().sequence, 9);
  }
}

// ---- retries ----

TEST_F(Replay, AFailedScanIsSentAgainTheSameAfterGrowingPauses) {
  const ParcelId a = add_parcel(1);
  add_scan(a, day_zero, 0);
  std::vector<std::string> bodies;
  const auto summary = run([&](const Request& r, nanoseconds at) {
    bodies.push_back(std::string(r.headers) + std::string(r.body));
    return Fated{at + 1ms, reply(bodies.size() < 4 ? 503 : 200)};
  });
  ASSERT_TRUE(summary);
  ASSERT_EQ(recorder.requests.size(), 4U);
  EXPECT_EQ(recorder.requests[1].sent, 1ms + 100ms);
  EXPECT_EQ(recorder.requests[2].sent, 2ms + 300ms);
  EXPECT_EQ(recorder.requests[3].sent, 3ms + 700ms);
  EXPECT_EQ(recorder.requests[3].intended, 0ns) << "the pauses count: the shopper waited through them";
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 1U) << "a redelivery is the same bytes";
  EXPECT_EQ(summary->accepted, 1U);
  EXPECT_EQ(summary->refused, 3U);
  EXPECT_EQ(summary->given_up, 0U);
  EXPECT_EQ(summary->late, 0U) << "it left in time the first time";
}

TEST_F(Replay, RetryAfterIsObeyedAndBounded) {
  const ParcelId a = add_parcel(1);
  add_scan(a, day_zero, 0);
  int n = 0;
  options.retry_after_max = 10s;
  const auto summary = run([&](const Request&, nanoseconds at) {
    Reply r = reply(n < 2 ? 429 : 200);
    r.retry_after = n++ == 0 ? 2s : 3600s;
    return Fated{at, r};
  });
  ASSERT_TRUE(summary);
  ASSERT_EQ(recorder.requests.size(), 3U);
  EXPECT_EQ(recorder.requests[1].sent, 2s);
  EXPECT_EQ(recorder.requests[2].sent, 12s);
}

TEST_F(Replay, AClearNoIsNotAskedAgainAndEndlessFailureIsGivenUp) {
  const ParcelId a = add_parcel(1);
  const ParcelId b = add_parcel(2);
  add_scan(a, day_zero, 0);
  add_scan(b, day_zero, 0);
  const auto summary = run([&, n = 0](const Request&, nanoseconds at) mutable {
    return Fated{at, reply(n++ == 0 ? 400 : 500)};
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::refused), 1 + options.attempts_max);
  EXPECT_EQ(summary->given_up, 2U);
  EXPECT_TRUE(summary->complete);
}

/// A format whose platform documents when it repeats, what it takes for success, and how long it waits.
class Documented final : public wire::WireFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "documented"; }
  void encode(const wire::ParcelView& parcel, wire::Message& out) override {
    out.clear();
    out.path = "/hook";
    out.body = std::to_string(parcel.scan.sequence);
  }
  void sign(std::int64_t unix_ms, wire::Message& message) override {
    message.headers += "X-Sent: " + std::to_string(unix_ms) + "\r\n";
  }
  [[nodiscard]] bool accepts(unsigned status) const override { return status == 200 || status == 202; }
  [[nodiscard]] bool carries_history() const override { return false; }
  [[nodiscard]] const wire::ShownKinds& shown() const override { return wire::identity_shown(); }
  [[nodiscard]] wire::RetryPolicy retries() const override { return policy; }
  [[nodiscard]] wire::DeliveryLimits limits() const override { return delivery; }
  wire::RetryPolicy policy;
  wire::DeliveryLimits delivery;
};

std::vector<nanoseconds> sent_of(const testing::MemoryRecorder& recorder) {
  std::vector<nanoseconds> all;
  for (const RequestRecord& r : recorder.requests) all.push_back(r.sent);
  return all;
}

TEST_F(Replay, ADocumentedScheduleIsKeptAndEachAttemptSignedAtItsOwnInstant) {
  add_scan(add_parcel(1), day_zero, 0);
  Documented documented;
  documented.policy = {
      .documented = true, .attempts_max = 4, .first = 5min, .repeats = wire::RetryPolicy::Repeats::all_not_success};
  format = &documented;
  options.drain_max = 1h;
  std::vector<std::string> headers;
  std::set<std::string> bodies;
  // 204 is no success there, and is therefore repeated: three times and no more.
  const auto summary = run([&](const Request& r, nanoseconds at) {
    headers.emplace_back(r.headers);
    bodies.emplace(r.body);
    return Fated{at, reply(204)};
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(sent_of(recorder), (std::vector<nanoseconds>{0s, 5min, 10min, 15min}));
  EXPECT_EQ(bodies.size(), 1U);
  const auto at_zero = std::chrono::duration_cast<std::chrono::milliseconds>(testing::FakeClock::wall_at_zero + start);
  EXPECT_EQ(headers[0], "X-Sent: " + std::to_string(at_zero.count()) + "\r\n");
  EXPECT_EQ(headers[2], "X-Sent: " + std::to_string((at_zero + 10min).count()) + "\r\n");
  EXPECT_EQ(summary->given_up, 1U);
}

TEST_F(Replay, ADocumentedScheduleIsCompressedWithTheScansButNotBelowTheBackOff) {
  add_scan(add_parcel(1), day_zero, 0);
  add_scan(add_parcel(2), day_zero + minutes(60), 0);
  Documented documented;
  documented.policy = {.documented = true, .attempts_max = 5, .first = 30s, .growth = 2};
  format = &documented;
  options.speed = 60;
  options.back_off = 800ms;
  const auto summary = run([&](const Request& r, nanoseconds at) {
    return Fated{at, reply(at - start < 30s && r.method == "POST" ? 503 : 200)};
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(sent_of(recorder), (std::vector<nanoseconds>{0s, 800ms, 1800ms, 3800ms, 7800ms, 60s}));
}

TEST_F(Replay, APlatformsOwnPatienceBoundsTheWait) {
  add_scan(add_parcel(1), day_zero, 0);
  Documented documented;
  documented.policy = {.documented = true};
  documented.delivery.patience = 3s;
  format = &documented;
  const auto summary = run([&](const Request&, nanoseconds at) { return Fated{at + 4s, reply(200)}; });
  EXPECT_EQ(recorder.requests.at(0).fate, RequestFate::timed_out);
  EXPECT_EQ(recorder.requests.at(0).done, 3s);
  // Nothing was answered at all, so that there is nothing to judge the target by; the records are kept.
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(summary.error().message, HasSubstr("none of 1 requests was answered (1 timed out, 0 broke)"));
  EXPECT_EQ(recorder.ends, 1);
}

// ---- drops ----

TEST_F(Replay, WhatFindsNoSenderIsDroppedAndCounted) {
  for (std::uint32_t p = 0; p < 100; ++p) {
    add_parcel(p);
    add_scan(source.all[p].id, day_zero + SimDuration{p * 10}, 0);
  }
  options.patience = 60s;
  options.drop_after = 1s;
  const auto summary = run([&](const Request&, nanoseconds) { return Fated{start + 20s, reply(200)}; }, 4);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->dropped, 96U);
  EXPECT_EQ(summary->accepted, 4U);
  EXPECT_EQ(summary->attempts, 4U);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::dropped), 96U);
  for (const RequestRecord& r : recorder.requests) {
    if (r.fate == RequestFate::dropped) {
      EXPECT_EQ(r.done - r.intended, 1s);
    }
  }
}

TEST_F(Replay, TheNextMessageTellsWhatADroppedOneCouldNot) {
  const ParcelId a = add_parcel(1);
  const ParcelId b = add_parcel(2);
  add_scan(a, day_zero, 0, ScanKind::accepted);
  add_scan(b, day_zero, 0, ScanKind::departed);
  add_scan(b, day_zero + SimDuration{5000}, 1, ScanKind::arrived);
  options.drop_after = 1s;
  std::string last;
  const auto summary = run(
      [&](const Request& r, nanoseconds at) {
        last = r.body;
        return Fated{std::max(at, start + 3s), reply(200)};
      },
      1);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->dropped, 1U);
  EXPECT_THAT(last, HasSubstr("departed_facility"));
  EXPECT_THAT(last, HasSubstr("arrived_at_facility"));
}

TEST_F(Replay, AnEndpointThatNeverAnswersCannotHoldTheReplayForever) {
  const ParcelId a = add_parcel(1);
  for (std::uint8_t s = 0; s < 50; ++s) add_scan(a, day_zero + SimDuration{s}, s);
  const auto summary = run([](const Request&, nanoseconds) { return Fated{no_reply, reply(200)}; });
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::unreachable);
  EXPECT_EQ(recorder.ends, 1);
  EXPECT_FALSE(recorder.complete);
  std::set<std::uint8_t> told;  // Each scan, as dropped or as tried in vain.
  for (const RequestRecord& r : recorder.requests) told.insert(r.sequence);
  EXPECT_EQ(told.size(), 50U);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::accepted), 0U);
  EXPECT_GT(recorder.count(RequestKind::scan, RequestFate::timed_out), 0U);
  EXPECT_LE(recorder.wall, options.drain_max + options.patience + 1s);
}

// ---- checks and read-back ----

TEST_F(Replay, ChecksTellWhatWasShownWhen) {
  options.track_pages = true;
  const ParcelId a = add_parcel(1);
  add_check(a, day_zero);
  add_scan(a, day_zero + SimDuration{100}, 0);
  add_check(a, day_zero + SimDuration{200});
  bool known = false;
  const auto summary = run([&](const Request& r, nanoseconds at) {
    if (r.method == "POST") {
      known = true;
      return Fated{at + 1ms, reply(202)};
    }
    EXPECT_THAT(std::string(r.path), HasSubstr("/track/1Z"));
    EXPECT_THAT(std::string(r.headers), HasSubstr("Accept: application/json"));
    return Fated{at + 2ms, known ? reply(200, empty_page) : reply(404)};
  });
  ASSERT_TRUE(summary);
  ASSERT_EQ(recorder.statuses.size(), 2U);
  EXPECT_FALSE(recorder.statuses[0].found);
  EXPECT_EQ(recorder.statuses[0].at, 2ms);
  EXPECT_TRUE(recorder.statuses[1].found);
  EXPECT_EQ(recorder.statuses[1].scans_shown, 1U);
  EXPECT_EQ(recorder.statuses[1].simulated, day_zero + SimDuration{200});
  EXPECT_EQ(summary->checks, 2U);
  EXPECT_EQ(recorder.count(RequestKind::check, RequestFate::accepted), 2U);
  ASSERT_EQ(recorder.parcels.size(), 1U);
  EXPECT_TRUE(recorder.parcels[0].found);
  EXPECT_EQ(summary->read, 1U);
}

TEST_F(Replay, AGarbagePageIsBrokenAndOnlyTheReadBackAsksAgain) {
  options.track_pages = true;
  add_check(add_parcel(1), day_zero);
  int asked = 0;
  const auto summary = run([&](const Request&, nanoseconds at) {
    return Fated{at + 1ms, reply(200, ++asked <= 2 ? "<html>oops" : empty_page)};
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(recorder.count(RequestKind::check, RequestFate::broken), 1U);
  EXPECT_EQ(recorder.statuses.size(), 0U);
  EXPECT_EQ(recorder.count(RequestKind::read_back, RequestFate::broken), 1U);
  EXPECT_EQ(recorder.parcels.size(), 1U);
  EXPECT_EQ(summary->read, 1U);
  EXPECT_EQ(summary->unread, 0U);
}

TEST_F(Replay, APageThatIsNeverReadableIsUnreadNotMissing) {
  options.track_pages = true;
  add_parcel(1);
  const auto summary = run([&](const Request&, nanoseconds at) { return Fated{at + 1ms, reply(500)}; });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->unread, 1U);
  EXPECT_EQ(recorder.parcels.size(), 0U);
  EXPECT_EQ(recorder.count(RequestKind::read_back, RequestFate::refused), options.attempts_max);
}

// ---- promises, stop, errors, memory ----

TEST_F(Replay, PromisesAreRegisteredFirst) {
  for (std::uint32_t p = 0; p < 1201; ++p) add_parcel(p);
  add_scan(source.all[0].id, day_zero, 0);
  options.register_promises = true;
  options.secret = "secret";
  std::size_t told = 0;
  int failures = 2;
  const auto summary = run([&](const Request& r, nanoseconds at) {
    if (r.method == "POST") {
      EXPECT_EQ(told, 1201U);
      return Fated{at + 1ms, reply(200)};
    }
    EXPECT_EQ(r.method, "PUT");
    EXPECT_EQ(r.path, "/parcels");
    EXPECT_THAT(std::string(r.headers), HasSubstr("X-Hmac-Signature"));
    if (failures-- > 0) return Fated{at + 1ms, reply(503)};
    for (auto i = r.body.find("promise_date"); i != std::string_view::npos; i = r.body.find("promise_date", i + 1)) {
      ++told;
    }
    return Fated{at + 1ms, reply(200)};
  });
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->registered, 1201U);
  EXPECT_EQ(summary->accepted, 1U);
  EXPECT_EQ(recorder.requests.size(), 1U) << "promises are no measurement";
}

TEST_F(Replay, PromisesThatAreNotTakenEndItWithTheCure) {
  add_parcel(1);
  options.register_promises = true;
  options.secret = "secret";
  const auto taken = run(takes());
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->registered, 1U);
  const auto refused = run([](const Request&, nanoseconds at) { return Fated{at, reply(404)}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(refused.error().message, HasSubstr("Peakstorm endpoint"));
  const auto unauthorised = run([](const Request&, nanoseconds at) { return Fated{at, reply(401)}; });
  EXPECT_THAT(unauthorised.error().message, HasSubstr("same secret"));
}

TEST_F(Replay, AStopKeepsWhatWasMeasured) {
  options.track_pages = true;
  for (std::uint32_t p = 0; p < 100; ++p) {
    add_parcel(p);
    add_scan(source.all[p].id, day_zero + SimDuration{p * 100}, 0);
  }
  int seen = 0;
  const auto summary = run([&](const Request&, nanoseconds at) {
    if (++seen == 10) stop.request_stop();
    return Fated{at + 50ms, reply(200)};
  });
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->complete);
  EXPECT_EQ(summary->accepted, 10U);
  EXPECT_EQ(recorder.requests.size(), 10U);
  EXPECT_EQ(recorder.parcels.size(), 0U);
  EXPECT_EQ(recorder.ends, 1);
  EXPECT_FALSE(recorder.complete);
}

TEST_F(Replay, AnErrorOfTheSourceIsToldAfterWhatWasMeasuredIsKept) {
  const ParcelId a = add_parcel(1);
  for (std::uint8_t s = 0; s < 10; ++s) add_scan(a, day_zero + SimDuration{s * 100}, s);
  source.fails_at = 10;
  const auto summary = run(takes());
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message, HasSubstr("torn"));
  EXPECT_EQ(recorder.ends, 1);
  EXPECT_FALSE(recorder.complete);
  EXPECT_EQ(recorder.requests.size(), 10U);
}

TEST_F(Replay, AParcelWithoutFactsIsAnErrorNotACrash) {
  add_scan(ParcelId{99}, day_zero, 0);
  const auto summary = run(takes());
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(summary.error().message, HasSubstr("99"));
}

TEST_F(Replay, TheHistoryOfAFinishedParcelIsForgottenAfterThreeDays) {
  const ParcelId a = add_parcel(1);
  const ParcelId b = add_parcel(2);
  add_scan(a, day_zero, 0, ScanKind::out_for_delivery);
  add_scan(a, day_zero + hours(1), 1, ScanKind::delivered);
  add_scan(a, day_zero + days(2), 2, ScanKind::retracted);
  add_scan(b, day_zero + days(6), 0, ScanKind::accepted);
  add_scan(a, day_zero + days(6) + hours(1), 3, ScanKind::delivered);
  add_scan(b, day_zero + days(7), 1, ScanKind::departed);
  std::stable_sort(source.items.begin(), source.items.end(),
                   [](const ReplayItem& x, const ReplayItem& y) { return x.at < y.at; });
  options.speed = 86'400;
  std::vector<std::size_t> details;
  const auto summary = run([&](const Request& r, nanoseconds at) {
    std::size_t n = 0;
    for (auto i = r.body.find("\"datetime\""); i != std::string_view::npos; i = r.body.find("\"datetime\"", i + 1)) ++n;
    details.push_back(n);
    return Fated{at + 1ms, reply(200)};
  });
  ASSERT_TRUE(summary);
  EXPECT_THAT(details, ::testing::ElementsAre(1, 2, 3, 1, 4, 2)) << "a retracted delivery is not an end";
}

TEST_F(Replay, ProgressIsToldOverTheWholeLength) {
  for (std::uint32_t p = 0; p < 1000; ++p) {
    add_parcel(p);
    add_scan(source.all[p].id, day_zero + SimDuration{p * 10}, 0);
  }
  std::vector<ReplayProgress> told;
  progress = [&](const ReplayProgress& p) { told.push_back(p); };
  ASSERT_TRUE(run(takes()));
  ASSERT_GE(told.size(), 90U);
  EXPECT_LE(told.size(), 110U);
  EXPECT_EQ(told.back().sent, 1000U);
  EXPECT_EQ(told.back().total, 1000U);
  EXPECT_NEAR(told[50].rate, 100, 15);
}

TEST(ReplayPlan, BoundsRatesAndDurations) {
  ReplaySource::Totals totals{100'000, 20'000, day_zero, day_zero + days(10)};
  ReplayOptions options;
  options.seconds = 24;
  ASSERT_TRUE(plan_replay(options, totals));
  EXPECT_EQ(plan_replay(options, totals)->speed, 36'000);
  const auto message = [&] {
    const auto plan = plan_replay(options, totals);
    if (plan) return std::string("taken");
    EXPECT_EQ(plan.error().kind, ErrorKind::bad_input);
    return plan.error().message;
  };
  options.seconds = 1;
  EXPECT_THAT(message(), HasSubstr("120000 requests/s"));
  options.speed = 1;
  EXPECT_THAT(message(), HasSubstr("864000 s"));
  options.rate = 60'000;
  EXPECT_THAT(message(), HasSubstr("60000 requests/s"));
  options.rate = 10'000;
  EXPECT_EQ(message(), "taken");
  options.rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(), HasSubstr("rate"));
  options.rate = 0;
  options.speed = -1;
  EXPECT_THAT(message(), HasSubstr("speed"));
  options.speed = 0;
  options.seconds = 0;
  EXPECT_THAT(message(), HasSubstr("rate, a speed or a length"));
  options.seconds = 30;
  totals = {1, 0, day_zero, day_zero};
  EXPECT_EQ(message(), "taken");
}

// ---- taken in is not kept ----

/// An EPCIS repository: takes documents in, and tells later what became of them.
struct Repository {
  /// What GET of a job says when it has been asked `asked` times before.
  std::function<Reply(std::size_t job, unsigned asked)> tells;
  std::string location = "/capture/";
  std::vector<unsigned> asked;
  std::vector<nanoseconds> instants;  ///< Of all questions.
  std::vector<std::string> paths;
  std::vector<std::string> documents;

  Fated operator()(const Request& request, nanoseconds at) {
    if (request.method == "POST") {
      documents.emplace_back(request.body);
      Reply taken = reply(202);
      if (!location.empty()) taken.location = location + std::to_string(asked.size());
      asked.push_back(0);
      return {at + 1ms, taken};
    }
    instants.push_back(at);
    paths.emplace_back(request.path);
    const std::size_t job = std::stoul(paths.back().substr(paths.back().find_last_of('/') + 1));
    return {at + 1ms, tells(job, asked.at(job)++)};
  }
};

constexpr const char* job_runs = R"({"running":true,"success":true,"captureErrorBehaviour":"rollback","errors":[]})";
constexpr const char* job_kept = R"({"running":false,"success":true,"captureErrorBehaviour":"rollback","errors":[]})";
constexpr const char* job_lost =
    R"({"running":false,"success":false,"captureErrorBehaviour":"rollback","errors":[{"title":"no such place"}]})";
constexpr const char* job_partly =
    R"({"running":false,"success":true,"captureErrorBehaviour":"proceed","errors":[{"title":"no such place"}]})";

class Capture : public Replay {
 protected:
  Result<ReplaySummary> capture(const char* name = "epcis") {
    const auto epcis = wire::make_format(name, world, {"token", ""});
    format = epcis->get();
    auto summary = run([this](const Request& r, nanoseconds at) { return repository(r, at); });
    format = nullptr;
    return summary;
  }
  Repository repository;
};

TEST_F(Capture, AScanIsAcknowledgedWhenItsJobHasSucceeded) {
  const ParcelId id = add_parcel(0);
  add_scan(id, day_zero, 0);
  add_scan(id, day_zero, 1, ScanKind::departed);
  repository.tells = [](std::size_t, unsigned asked) { return reply(200, asked < 3 ? job_runs : job_kept); };
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->accepted, 2U);
  EXPECT_EQ(summary->attempts, 2U);
  EXPECT_EQ(summary->asked, 8U);
  ASSERT_EQ(recorder.requests.size(), 2U);
  EXPECT_EQ(recorder.requests[0].fate, RequestFate::accepted);
  EXPECT_EQ(recorder.requests[0].status, 202);
  // 1 ms for the document, then pauses of 20, 40, 80 and 160 ms with an answer of 1 ms behind each.
  EXPECT_EQ(recorder.requests[0].done - recorder.requests[0].sent, 305ms);
  EXPECT_GE(recorder.requests[1].sent, recorder.requests[0].done) << "the parcel's next scan waits";
  EXPECT_THAT(repository.paths, ::testing::Contains("/capture/1"));
}

TEST_F(Capture, AJobThatFailsIsAFailedSendAndIsNotRepeated) {
  for (const char* const job : {job_lost, job_partly}) {
    SCOPED_TRACE(job);
    repository = {};
    recorder = {};
    source = {};
    add_scan(add_parcel(0), day_zero, 0);
    add_scan(add_parcel(1), day_zero, 0);
    repository.tells = [job](std::size_t i, unsigned) { return reply(200, i == 0 ? job : job_kept); };
    const auto summary = capture(job == job_lost ? "epcis" : "epcis-proceed");
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->accepted, 1U);
    EXPECT_EQ(summary->refused, 1U);
    EXPECT_EQ(summary->given_up, 1U);
    EXPECT_EQ(repository.documents.size(), 2U);
    EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::refused), 1U);
  }
}

TEST_F(Capture, AsksWithinBoundsAndThenGivesUp) {
  add_scan(add_parcel(0), day_zero, 0);
  // Not known yet, an error of its own, no JSON, and for ever running.
  repository.tells = [](std::size_t, unsigned asked) {
    return asked == 0 ? reply(404) : asked == 1 ? reply(500) : asked == 2 ? reply(200, "<html>") : reply(200, job_runs);
  };
  options.ask_patience = 10s;
  auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->timed_out, 1U);
  EXPECT_EQ(summary->given_up, 1U);
  EXPECT_LE(repository.instants.back() - repository.instants.front(), 10s);
  EXPECT_GT(repository.instants.back() - repository.instants.front(), 6s);
  for (std::size_t i = 1; i < repository.instants.size(); ++i) {
    EXPECT_LE(repository.instants[i] - repository.instants[i - 1], options.ask_longest + 1ms);
  }

  options.asks_max = 3;
  repository.asked.clear();
  repository.instants.clear();
  recorder = {};
  source = {};
  add_scan(add_parcel(0), day_zero, 0);
  summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->asked, 3U);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::timed_out), 1U);
}

TEST_F(Capture, A202ThatDoesNotSayWhereToAskIsSentAgainWithTheSameEvent) {
  add_scan(add_parcel(0), day_zero, 0);
  repository.location.clear();
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 0U);
  EXPECT_EQ(summary->given_up, 1U);
  ASSERT_EQ(repository.documents.size(), options.attempts_max);
  EXPECT_EQ(repository.documents.front(), repository.documents.back());
}

TEST_F(Capture, AnEventThatIsTooLongIsRefusedAtOnce) {
  add_scan(add_parcel(0), day_zero, 0);
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run([](const Request&, nanoseconds at) { return Fated{at + 1ms, reply(413)}; });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->attempts, 1U);
  EXPECT_EQ(summary->refused, 1U);
  EXPECT_EQ(summary->given_up, 1U);
}

TEST_F(Capture, AJobBelowThePrefixOfTheTargetIsAskedThere) {
  options.target = "http://127.0.0.1:1/epcis/v2";
  repository.location = "http://127.0.0.1:1/epcis/v2/capture/";
  repository.tells = [](std::size_t, unsigned) { return reply(200, job_kept); };
  add_scan(add_parcel(0), day_zero, 0);
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 1U);
  EXPECT_THAT(repository.paths, ::testing::ElementsAre("/capture/0"));  // The transport puts the prefix before it.
}

TEST_F(Capture, AStopCountsWhatWasTakenInAsNeverTold) {
  add_scan(add_parcel(0), day_zero, 0);
  repository.tells = [this](std::size_t, unsigned asked) {
    if (asked == 2) stop.request_stop();
    return reply(200, job_runs);
  };
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->complete);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::timed_out), 1U);
}

// ---- scans that share a request ----

constexpr const char* job_names = R"({"running":false,"success":false,"captureErrorBehaviour":"proceed","errors":[)";

/// What a document tells: eventIDs in its order.
std::vector<std::string> ids_of(const std::string& document) {
  std::vector<std::string> ids;
  constexpr std::string_view before = R"("eventID":")";
  for (std::size_t at = document.find(before); at != std::string::npos; at = document.find(before, at + 1)) {
    ids.push_back(document.substr(at + before.size(), std::string_view("urn:uuid:").size() + 36));
  }
  return ids;
}

class Batches : public Capture {
 protected:
  Batches() {
    options.batch = 4;
    options.batch_wait = 50ms;
    repository.tells = [](std::size_t, unsigned) { return reply(200, job_kept); };
  }
  /// One scan of each of `count` parcels, `apart` of simulated time; the speed is 1.
  void tell(std::uint32_t count, SimDuration apart) {
    for (std::uint32_t i = 0; i < count; ++i) add_scan(add_parcel(i), day_zero + apart * i, 0);
  }
  std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> all;
    for (const std::string& document : repository.documents) all.push_back(ids_of(document).size());
    return all;
  }
};

TEST_F(Batches, LeaveWhenFullOrWhenTheOldestScanHasWaitedLongEnough) {
  tell(7, SimDuration{10});  // Intended at 0, 10 ... 60 ms: the fourth fills the first batch, time closes the second.
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_THAT(sizes(), ::testing::ElementsAre(4, 3));
  EXPECT_EQ(summary->accepted, 7U);
  EXPECT_EQ(summary->attempts, 7U);
  EXPECT_EQ(summary->requests, 2U);
  EXPECT_EQ(summary->asked, 2U);
  EXPECT_EQ(summary->late, 0U) << "the wait for the others is declared";
  ASSERT_EQ(recorder.requests.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) {
    const RequestRecord& r = recorder.requests[i];
    EXPECT_EQ(r.intended, i * 10ms) << "each its own";
    EXPECT_EQ(r.sent, i < 4 ? 30ms : 90ms);
    EXPECT_EQ(r.held, r.sent - r.intended);
    EXPECT_EQ(r.done, r.sent + 1ms + 20ms + 1ms) << "the document, the pause, the question";
    EXPECT_EQ(r.status, 202);
    EXPECT_TRUE(r.by_job);
  }
}

TEST_F(Batches, AWaitForASenderIsLateAndNoPartOfTheDeclaredOne) {
  tell(8, SimDuration{0});
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run(
      [this](const Request& r, nanoseconds at) {
        Fated fated = repository(r, at);
        fated.done = at + 300ms;
        return fated;
      },
      1);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->late, 4U) << "the second four had to wait for the only connection";
  EXPECT_EQ(recorder.requests.back().held, 0ms);
}

TEST_F(Batches, ScansOfOneParcelNeverShareOne) {
  const ParcelId id = add_parcel(0);
  for (std::uint8_t i = 0; i < 3; ++i) add_scan(id, day_zero + SimDuration{i}, i, ScanKind::departed);
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_THAT(sizes(), ::testing::ElementsAre(1, 1, 1));
  EXPECT_EQ(summary->accepted, 3U);
  for (std::size_t i = 1; i < 3; ++i) EXPECT_GE(recorder.requests[i].sent, recorder.requests[i - 1].done);
}

TEST_F(Batches, OfAJobThatRollsBackNoScanIsAcknowledged) {
  tell(8, SimDuration{0});
  repository.tells = [](std::size_t job, unsigned) { return reply(200, job == 0 ? job_lost : job_kept); };
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 4U);
  EXPECT_EQ(summary->refused, 4U);
  EXPECT_EQ(summary->given_up, 4U);
  EXPECT_EQ(repository.documents.size(), 2U);
  for (const RequestRecord& r : recorder.requests) EXPECT_TRUE(r.by_job);
}

TEST_F(Batches, OfAJobThatProceedsThoseAreUnacknowledgedThatItNames) {
  tell(4, SimDuration{0});
  repository.tells = [this](std::size_t, unsigned) {
    const auto ids = ids_of(repository.documents.front());
    return reply(200, job_names + (R"({"title":"no","instance":")" + ids[1] + R"("},{"detail":"event )" + ids[3] +
                                   R"( has no place"}]})"));
  };
  const auto summary = capture("epcis-proceed");
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 2U);
  EXPECT_EQ(summary->given_up, 2U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(recorder.requests[i].fate, i % 2 == 0 ? RequestFate::accepted : RequestFate::refused) << i;
  }
}

TEST_F(Batches, AnErrorThatNamesNobodyAcknowledgesNobody) {
  tell(4, SimDuration{0});
  repository.tells = [this](std::size_t, unsigned) {
    const auto ids = ids_of(repository.documents.front());
    return reply(200, job_names + (R"({"instance":")" + ids[1] + R"("},{"title":"and one more"}]})"));
  };
  const auto summary = capture("epcis-proceed");
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 0U);
  EXPECT_EQ(summary->refused, 4U);
}

TEST_F(Batches, OneThatIsTooLongGoesInHalves) {
  options.batch = 16;
  tell(40, SimDuration{0});
  std::size_t too_long = 0;
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run([&](const Request& r, nanoseconds at) {
    if (r.method == "POST" && ids_of(std::string(r.body)).size() > 5) {
      ++too_long;
      return Fated{at + 1ms, reply(413)};
    }
    return repository(r, at);
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 40U);
  EXPECT_EQ(summary->attempts, 40U) << "what was too long for the receiver is no attempt at a scan";
  EXPECT_EQ(summary->split, too_long);
  EXPECT_EQ(summary->requests, repository.documents.size() + too_long);
  EXPECT_EQ(summary->refused, 0U);
  std::set<std::string> told;
  for (const std::string& document : repository.documents) {
    for (const std::string& id : ids_of(document)) EXPECT_TRUE(told.insert(id).second) << "twice";
  }
  EXPECT_EQ(told.size(), 40U);
  const auto all = sizes();
  EXPECT_LE(*std::max_element(all.begin(), all.end()), 5U);
}

TEST_F(Batches, KeepToWhatTheReceiverSaysThatItTakes) {
  options.batch = 16;
  tell(64, SimDuration{20});
  std::size_t too_long = 0;
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  options.batch_wait = 400ms;
  const auto limited = [&](const Request& r, nanoseconds at) {
    Fated fated = repository(r, at);
    if (r.method == "POST" && ids_of(std::string(r.body)).size() > 3) {
      repository.documents.pop_back();
      ++too_long;
      fated.reply = reply(413);
    }
    fated.reply->events_max = 3;
    return fated;
  };
  const auto summary = run(limited);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 64U);
  EXPECT_EQ(too_long, 1U);
  const auto all = sizes();
  EXPECT_GT(std::count(all.begin(), all.end(), 3U), 12);
}

TEST_F(Batches, KeepToTheBytesThatTheReceiverTakes) {
  options.batch = 8;
  tell(32, SimDuration{20});
  options.batch_wait = 400ms;
  std::size_t longest = 0;
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run([&](const Request& r, nanoseconds at) {
    if (r.method == "POST" && !repository.documents.empty()) longest = std::max(longest, r.body.size());
    Fated fated = repository(r, at);
    fated.reply->bytes_max = 2000;
    return fated;
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 32U);
  EXPECT_LE(longest, 2000U);
  EXPECT_GT(longest, 1000U);
  EXPECT_EQ(summary->split, 0U) << "nothing was sent in vain";
}

TEST_F(Batches, AreSentAgainWholeWhenTheReceiverWasBusy) {
  tell(4, SimDuration{0});
  std::size_t posts = 0;
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run([&](const Request& r, nanoseconds at) {
    if (r.method == "POST" && ++posts < 3) return Fated{at + 1ms, reply(503)};
    return repository(r, at);
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->accepted, 4U);
  EXPECT_EQ(summary->attempts, 12U);
  EXPECT_EQ(summary->requests, 3U);
  EXPECT_EQ(summary->refused, 8U);
  EXPECT_EQ(summary->given_up, 0U);
}

TEST_F(Batches, WhoseJobNeverEndsAreGivenUpWithinBounds) {
  tell(4, SimDuration{0});
  options.ask_patience = 5s;
  repository.tells = [](std::size_t, unsigned) { return reply(200, job_runs); };
  const auto summary = capture();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->timed_out, 4U);
  EXPECT_EQ(summary->given_up, 4U);
  EXPECT_LE(repository.instants.back() - repository.instants.front(), 5s);
}

TEST_F(Batches, AreDroppedScanByScanWhenNoSenderIsEverFree) {
  tell(8, SimDuration{0});
  options.drop_after = 1s;
  options.drain_max = 20s;
  options.patience = 60s;
  const auto epcis = wire::make_format("epcis", world, {"", ""});
  format = epcis->get();
  const auto summary = run([](const Request&, nanoseconds at) { return Fated{at + 30s, reply(503)}; }, 1);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->dropped, 4U);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::dropped), 4U);
  EXPECT_EQ(summary->dropped + summary->given_up, 8U);
}

TEST_F(Batches, AreRefusedWhereTheyCannotBe) {
  const auto message = [&] {
    const auto fits = check_batch(options);
    return fits ? std::string() : fits.error().message;
  };
  options.format = "epcis";
  options.batch = 501;
  EXPECT_THAT(message(), HasSubstr("at most 500 scans"));
  options.batch = 500;
  EXPECT_EQ(message(), "");
  options.format = "easypost";
  EXPECT_THAT(message(), HasSubstr("tells 1 scan; use epcis"));
  options.format = "cloudevents-batch";
  options.batch = 100;
  EXPECT_EQ(message(), "");
  options.target = "nats://127.0.0.1/scans";
  EXPECT_THAT(message(), HasSubstr("broker"));
  options.batch = 0;
  EXPECT_THAT(message(), HasSubstr("1 scan or more"));
}

}  // namespace
}  // namespace peakstorm
