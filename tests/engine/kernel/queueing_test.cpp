// Goal: models written on the kernel give the numbers of queueing theory.
// Method: many independent copies of a queue in one model; the mean over copies against the theoretical
// value, |z| < 4, with a standard error small enough to notice a wrong digit. Theory: Erlang C with offered
// load a = lambda / mu, c servers: P(wait) = C(c, a), Wq = C / (c - a) service times, Lq = lambda Wq.
#include "tests/engine/kernel/queueing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace peakstorm::kernel {
namespace {

constexpr double unit = Queueing::unit;

SimTime at(double units) {
  return SimTime{SimDuration{static_cast<std::int64_t>(units * unit)}};
}

Queueing run_queues(Queueing::Shape shape, double warm_up, double end) {
  const RunKey run{20131223, 1};
  Queueing model(shape, run);
  Engine engine(model, Settings{.run = run, .threads = 2, .end = at(end)});
  model.start(engine, at(warm_up));
  engine.run();
  model.finish(at(end));
  return model;
}

/// Expects the mean over copies of value(account) to be `theory`, with a standard error of at most 1 %.
void expect_mean(const char* what, const Queueing& model, double theory,
                 const std::function<double(const StationAccount&)>& value) {
  const auto n = static_cast<double>(model.accounts.size());
  double sum = 0;
  for (const StationAccount& account : model.accounts) sum += value(account);
  const double mean = sum / n;
  double squares = 0;
  for (const StationAccount& account : model.accounts) squares += (value(account) - mean) * (value(account) - mean);
  const double error = std::sqrt(squares / (n - 1) / n);
  EXPECT_LT(error, 0.01 * theory) << what;
  EXPECT_LT(std::abs(mean - theory) / error, 4) << what << ": mean " << mean << ", theory " << theory;
}

double per(double a, std::uint64_t b) {
  return a / static_cast<double>(b);
}

TEST(Mm1, HasTheTheoreticalMeansAndTail) {
  constexpr double warm_up = 2'000;
  constexpr double end = 32'000;
  const Queueing model = run_queues({.copies = 128, .servers = 1, .arrivals = 0.8}, warm_up, end);
  constexpr double span = (end - warm_up) * unit;
  expect_mean("Lq", model, 3.2, [](const auto& a) { return static_cast<double>(a.waiting_area) / span; });
  expect_mean("L", model, 4.0, [](const auto& a) { return static_cast<double>(a.present_area) / span; });
  expect_mean("Wq", model, 4.0, [](const auto& a) { return per(static_cast<double>(a.wait) / unit, a.begun); });
  expect_mean("P(W > 10)", model, std::exp(-2.0),
              [](const auto& a) { return per(static_cast<double>(a.long_sojourns), a.left); });
  expect_mean("P(wait)", model, 0.8, [](const auto& a) { return per(static_cast<double>(a.had_to_wait), a.begun); });
}

struct Servers {
  std::uint32_t servers;
  double arrivals;
  double p_wait;
  double wq;
  double lq;
};
class Mmc : public ::testing::TestWithParam<Servers> {};

TEST_P(Mmc, HasErlangsWaits) {
  const Servers s = GetParam();
  constexpr double warm_up = 1'000;
  constexpr double end = 7'000;
  const Queueing model = run_queues({.copies = 128, .servers = s.servers, .arrivals = s.arrivals}, warm_up, end);
  constexpr double span = (end - warm_up) * unit;
  expect_mean("P(wait)", model, s.p_wait,
              [](const auto& a) { return per(static_cast<double>(a.had_to_wait), a.begun); });
  expect_mean("Wq", model, s.wq, [](const auto& a) { return per(static_cast<double>(a.wait) / unit, a.begun); });
  expect_mean("Lq", model, s.lq, [](const auto& a) { return static_cast<double>(a.waiting_area) / span; });
}
INSTANTIATE_TEST_SUITE_P(Table, Mmc,
                         ::testing::Values(Servers{3, 2, 0.444444, 0.444444, 0.888889},
                                           Servers{10, 9, 0.668732, 0.668732, 6.018584},
                                           Servers{10, 8, 0.409180, 0.204590, 1.636720}));

TEST(Little, HoldsExactlyOnEverySamplePath) {
  // From an empty start, with no warm-up: integral of the number present == sum of sojourns, in ticks.
  for (const std::uint32_t servers : {1U, 4U}) {
    const Queueing model = run_queues({.copies = 40, .servers = servers, .arrivals = 0.95 * servers}, 0, 500);
    for (const StationAccount& account : model.accounts) {
      EXPECT_GT(account.left, 100U);
      EXPECT_EQ(account.present_area, account.sojourn);
    }
  }
}

TEST(Little, HoldsOnAPathThatOneCanFollowByHand) {
  // Waits 0 11 8 7 2 5 6 0 within 25 time units: mean 4.875, rate 8/25, 1.56 waiting on average.
  constexpr double arrivals[] = {0, 1, 5, 7, 13, 14, 15, 23};
  constexpr double services[] = {12, 1, 1, 1, 4, 2, 2, 2};
  Queueing model({}, {});
  Engine engine(model, Settings{.end = at(25) + SimDuration{1}});
  for (std::size_t i = 0; i < 8; ++i) {
    engine.schedule(model.station(0), at(arrivals[i]), {.service = at(services[i]).time_since_epoch()});
  }
  engine.run();
  model.finish(at(25));
  const StationAccount& account = model.accounts[0];
  EXPECT_EQ(account.left, 8U);
  EXPECT_EQ(static_cast<double>(account.wait) / unit / 8, 4.875);
  EXPECT_EQ(static_cast<double>(account.waiting_area) / unit / 25, 1.56);
  EXPECT_EQ(account.waiting_area, account.wait);
  EXPECT_EQ(account.present_area, account.sojourn);
}

}  // namespace
}  // namespace peakstorm::kernel
