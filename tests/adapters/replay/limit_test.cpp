// Goal: the search finds the limit of a target whose limit is known, and its interval holds it as often as it says.
// Method: arithmetic alone against thresholds and against targets that fail by chance; then the whole search over the
// embedded endpoint behind a server of a known capacity, on simulated time.
#include "adapters/limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "adapters/replay/limit_trials.hpp"
#include "adapters/wire/text.hpp"
#include "tests/adapters/replay/endpoint_in_process.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;

// ---- the search ----

unsigned search_by(LimitSearch& search, const std::function<bool(double)>& holds) {
  unsigned trials = 0;
  while (const auto rate = search.next()) {
    search.tell(holds(*rate));
    ++trials;
    if (trials > 10'000) break;
  }
  return trials;
}

TEST(LimitSearch, FindsAThresholdWithinThePrecision) {
  for (const double start : {1.0, 100.0, 3'333.0, 50'000.0}) {
    for (double limit = 1.5; limit < 40'000; limit *= 1.37) {
      SCOPED_TRACE(std::to_string(start) + " " + std::to_string(limit));
      LimitSearch search({start, 1, 50'000, 0.05});
      const unsigned trials = search_by(search, [&](double rate) { return rate <= limit; });
      ASSERT_TRUE(search.low() && search.high());
      EXPECT_LE(*search.low(), limit);
      EXPECT_GT(*search.high(), limit);
      EXPECT_LE(*search.high() / *search.low(), 1.05);
      EXPECT_NEAR(search.confidence(), 1 - 2.0 / 64, 1e-12);
      EXPECT_EQ(search.low_trials(), 6U);
      EXPECT_EQ(search.high_trials(), 6U);
      EXPECT_LE(trials, 17 + 4 + 12U);
    }
  }
}

TEST(LimitSearch, SaysWhenTheLimitIsBeyondWhatMayBeTried) {
  LimitSearch above({100, 10, 1'000, 0.05});
  search_by(above, [](double) { return true; });
  EXPECT_EQ(above.low(), 1'000);
  EXPECT_FALSE(above.high());
  LimitSearch below({100, 10, 1'000, 0.05});
  search_by(below, [](double) { return false; });
  EXPECT_FALSE(below.low());
  EXPECT_EQ(below.high(), 10);
}

// Goal: 95 of 100 intervals, at least, hold the limit, also when chance decides over a wide range of rates.
// Method: the share of trials that hold falls along a logistic curve through 1/2 at the limit; 3,000 searches each.
TEST(LimitSearch, IntervalsHoldTheLimitAsOftenAsTheySay) {
  for (const double width : {0.001, 0.02, 0.1, 0.4}) {
    std::mt19937_64 random(17);
    std::uniform_real_distribution<double> draw(0, 1);
    unsigned missed = 0;
    unsigned proved = 0;
    for (int i = 0; i < 3'000; ++i) {
      const double limit = 200 * std::exp2(4 * draw(random));
      LimitSearch search({100, 1, 1'000'000, 0.05});
      const unsigned trials = search_by(search, [&](double rate) {
        return draw(random) < 1 / (1 + std::exp((std::log(rate) - std::log(limit)) / width));
      });
      EXPECT_LT(trials, 400U);
      EXPECT_GE(search.confidence(), 0.95);
      if (search.low() && search.high()) ++proved;
      if ((search.low() && *search.low() > limit) || (search.high() && *search.high() < limit)) ++missed;
    }
    EXPECT_LE(missed, 150U) << width;
    EXPECT_GE(proved, 2'990U) << width;
  }
}

// ---- over the endpoint ----

/// The embedded endpoint behind one server that takes `service` for each message, first come first served.
class SlowedEndpoint final : public Transport {
 public:
  SlowedEndpoint(testing::FakeClock& clock, std::size_t connections, nanoseconds service, EndpointOptions options)
      : clock_(clock), connections_(connections), service_(service), endpoint_(own_clock_, 1, std::move(options)) {}

  [[nodiscard]] std::size_t idle() const override { return connections_ - pending_.size(); }
  [[nodiscard]] std::size_t in_flight() const override { return pending_.size(); }
  void submit(const Request& request, nanoseconds patience, Completion done) override {
    std::optional<Result<Reply>> answer;
    endpoint_.submit(request, patience, [&](Result<Reply> reply) { answer = std::move(reply); });
    endpoint_.poll({});
    free_at_ = std::max(free_at_, clock_.now()) + service_;
    pending_.emplace(free_at_, Answer{std::move(*answer), std::move(done)});
  }
  void poll(nanoseconds until) override {
    if (pending_.empty() || pending_.begin()->first > std::max(until, clock_.now())) return clock_.advance_to(until);
    clock_.advance_to(pending_.begin()->first);
    Answer answer = std::move(pending_.extract(pending_.begin()).mapped());
    answer.done(std::move(answer.reply));
  }

 private:
  struct Answer {
    Result<Reply> reply;
    Completion done;
  };
  testing::FakeClock& clock_;
  testing::FakeClock own_clock_;
  std::size_t connections_;
  nanoseconds service_;
  nanoseconds free_at_{};
  testing::EndpointTransport endpoint_;
  std::multimap<nanoseconds, Answer> pending_;
};

/// One scan of each of so many parcels.
class OneScanEach final : public ReplaySource {
 public:
  explicit OneScanEach(std::uint32_t parcels) {
    for (std::uint32_t p = 0; p < parcels; ++p) {
      facts_.push_back(testing::facts_of(make_parcel_id(ShipNodeId{0}, 1, p), 0));
    }
  }
  Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override {
    for (; limit > 0 && position_ < facts_.size(); --limit, ++position_) {
      ReplayItem item;
      item.parcel = facts_[position_].id;
      item.at = day_zero + hours(1) + SimDuration{static_cast<std::int64_t>(position_)};
      item.scan.at = item.at;
      item.scan.reported = item.at;
      item.scan.parcel = item.parcel;
      item.scan.kind = ScanKind::accepted;
      item.scan.place = PlaceId{0};
      items.push_back(item);
    }
    return {};
  }
  [[nodiscard]] Totals totals() const override {
    return {facts_.size(), 0, day_zero + hours(1),
            day_zero + hours(1) + SimDuration{static_cast<std::int64_t>(facts_.size())}};
  }
  [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override {
    const auto serial = static_cast<std::uint32_t>(static_cast<std::uint64_t>(parcel));
    return serial < facts_.size() ? &facts_[serial] : nullptr;
  }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return facts_; }

 private:
  std::vector<ParcelFacts> facts_;
  std::size_t position_ = 0;
};

/// Holds when 99 of 100 answers came within `p99_max`, counted from the intended instant, and all were good.
class P99Judge final : public LimitJudge {
 public:
  explicit P99Judge(nanoseconds p99_max) : p99_max_(p99_max) {}
  ReplayRecorder& begin(double /*rate*/) override {
    recorder_ = testing::MemoryRecorder();
    return recorder_;
  }
  std::optional<std::string> fault(const ReplaySummary& summary) override {
    if (summary.accepted != summary.scans) return "not all were taken";
    std::size_t slow = 0;
    for (const RequestRecord& r : recorder_.requests) slow += r.done - r.intended > p99_max_ ? 1 : 0;
    return slow * 100 > recorder_.requests.size() ? std::optional<std::string>("slow") : std::nullopt;
  }

 private:
  nanoseconds p99_max_;
  testing::MemoryRecorder recorder_;
};

class Limit : public ::testing::Test {
 protected:
  Limit() {
    options_.format = "easypost";
    options_.secret = "secret";
    options_.track_pages = false;
  }
  Result<LimitResult> find(nanoseconds service, std::uint32_t messages, const LimitOptions& limit,
                           nanoseconds p99_max = 50ms) {
    EndpointOptions endpoint;
    endpoint.secret = "secret";
    SlowedEndpoint transport(clock_, 64, service, endpoint);
    const auto format = wire::make_format("easypost", world_, {"secret", ""});
    OneScanEach source(messages);
    P99Judge judge(p99_max);
    return run_limit_search(world_, source, options_, limit, {**format, transport, clock_}, judge, stop_.get_token(),
                            {});
  }
  World world_ = testing::tiny_world();
  testing::FakeClock clock_;
  ReplayOptions options_;
  std::stop_source stop_;
};

// Goal: the interval holds the rate that queueing theory gives, for any capacity.
// Method: one server with service time s and even arrivals at r > 1 / s for T: the n-th answer is late by n (s - 1 /
// r), plus s. With the p99 at most g that makes the limit (1 + (g - s) / (0.99 T)) / s.
TEST_F(Limit, IsTheCapacityOfASlowedEndpoint) {
  for (const nanoseconds service : {nanoseconds{10ms}, nanoseconds{2ms}, nanoseconds{700us}}) {
    SCOPED_TRACE(service.count());
    LimitOptions limit;
    limit.trial = 2s;
    const auto result = find(service, 60'000, limit);
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_TRUE(result->complete) << result->incomplete;
    const double s = std::chrono::duration<double>(service).count();
    const double expected = (1 + (0.050 - s) / (0.99 * 2)) / s;
    ASSERT_TRUE(result->low && result->high);
    EXPECT_LE(*result->low, expected * 1.001);
    EXPECT_GE(*result->high, expected * 0.999);
    EXPECT_LE(*result->high / *result->low, 1.05);
    EXPECT_LT(*result->low * s, 1.06);
    EXPECT_GT(*result->high * s, 1.0);
    EXPECT_GE(result->confidence, 0.95);
    EXPECT_TRUE(result->trials.front().summary.complete);
  }
}

TEST_F(Limit, AMessageIsSentOnceInAllTrialsTogether) {
  LimitOptions limit;
  limit.trial = 1s;
  const auto result = find(2ms, 20'000, limit);
  ASSERT_TRUE(result && result->complete);
  std::uint64_t scans = 0;
  for (const LimitTrial& trial : result->trials) {
    EXPECT_EQ(trial.summary.scans, static_cast<std::uint64_t>(std::llround(trial.rate)));
    EXPECT_EQ(trial.summary.attempts, trial.summary.scans);
    scans += trial.summary.scans;
  }
  EXPECT_LE(scans, 20'000U);
}

TEST_F(Limit, ARunThatIsTooShortSaysSo) {
  LimitOptions limit;
  limit.trial = 2s;
  const auto result = find(2ms, 3'000, limit);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->complete);
  EXPECT_FALSE(result->low);
  EXPECT_THAT(result->incomplete, HasSubstr("no more messages"));
  EXPECT_THAT(result->incomplete, HasSubstr("held at 400/s and one failed at 800/s"));
}

TEST_F(Limit, AStopEndsTheSearch) {
  stop_.request_stop();
  const auto result = find(2ms, 3'000, {});
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->complete);
  EXPECT_THAT(result->incomplete, HasSubstr("stopped"));
}

TEST_F(Limit, ATargetThatNeverAnswersIsUnreachable) {
  options_.patience = 10ms;
  options_.attempts_max = 1;
  testing::FakeTransport transport(clock_, 8, [](const Request&, nanoseconds) {
    return testing::Fated{testing::no_reply, Reply()};
  });
  const auto format = wire::make_format("easypost", world_, {"secret", ""});
  OneScanEach source(100'000);
  P99Judge judge(50ms);
  LimitOptions limit;
  limit.trial = 1s;
  const auto result =
      run_limit_search(world_, source, options_, limit, {**format, transport, clock_}, judge, stop_.get_token(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unreachable);
}

}  // namespace
}  // namespace peakstorm
