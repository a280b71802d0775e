// Goal: models written on the kernel give the numbers of queueing theory (values 2 and 4 to 13 of the validation
// table). Method: many independent copies of a queue in one model; the mean over copies against the theoretical value
// by tests/theory.hpp. Values are from closed forms, never from runs.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/engine/kernel/queues/in_transit.hpp"
#include "tests/engine/kernel/queues/open_network.hpp"
#include "tests/engine/kernel/queues/priority.hpp"
#include "tests/engine/kernel/queues/station.hpp"
#include "tests/theory.hpp"

namespace peakstorm::kernel {
namespace {

using Law = Times::Law;
using test::expect_theory;

constexpr double unit = ticks_per_unit;
constexpr RunKey run_key{20131223, 1};

SimTime at(double time) {
  return SimTime{units(time)};
}

/// A run of many copies of a model, with the accounts of [warm_up, warm_up + span), in time units; `span` grows with
/// the precision asked for.
template <class M>
struct Trial {
  Trial(const typename M::Shape& shape, double warm_up, double usual_span)
      : span(usual_span * test::precision()), copies(shape.copies), model(shape, run_key, at(warm_up)) {
    Engine<M> engine(model, Settings{.run = run_key, .threads = 2, .end = at(warm_up + span)});
    model.start(engine);
    engine.run();
    for (StationAccount& account : model.accounts) account.finish(at(warm_up + span));
  }
  /// One value per copy, from its account `s` of so many.
  std::vector<double> each(const std::function<double(const StationAccount&)>& value, std::size_t s = 0) {
    std::vector<double> values;
    const std::size_t width = model.accounts.size() / copies;
    for (std::size_t copy = 0; copy < copies; ++copy) values.push_back(value(model.accounts[copy * width + s]));
    return values;
  }
  std::vector<double> present(std::size_t s = 0) {
    return each([&](const auto& a) { return static_cast<double>(a.present_area) / unit / span; }, s);
  }
  std::vector<double> waiting() {
    return each([&](const auto& a) { return static_cast<double>(a.waiting_area) / unit / span; });
  }
  std::vector<double> wait(std::size_t rank = 0) {
    return each(
        [&](const auto& a) { return static_cast<double>(a.wait[rank]) / unit / static_cast<double>(a.begun[rank]); });
  }
  double span;
  std::size_t copies;
  M model;
};

double per(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(a) / static_cast<double>(b);
}

Times rate(double per_unit) {
  return {.mean = 1 / per_unit};
}

// The variance of a long time average of L is 2 rho (1 + rho) / (1 - rho)^4 / span: 1,800 / span here, which also says
// how long a run must be: 128 x 35,000 units for 0.5 % of L, and 128 x 25,000 here for 0.6 %.
TEST(Mm1, HasTheTheoreticalMeansTailAndAsymptoticVariance) {
  Trial<Stations> mm1({.gap = rate(0.8)}, 2'000, 25'000);
  expect_theory("Lq", mm1.waiting(), 3.2, 0.01);
  const std::vector<double> l = mm1.present();
  expect_theory("L", l, 4, 0.01);
  expect_theory("Wq", mm1.wait(), 4, 0.01);
  expect_theory(
      "W", mm1.each([](const auto& a) { return static_cast<double>(a.sojourn) / unit / static_cast<double>(a.left); }),
      5, 0.01);
  expect_theory("P(W > 10)", mm1.each([](const auto& a) { return per(a.long_sojourns, a.left); }), 0.135335, 0.015);
  expect_theory("P(wait)", mm1.each([](const auto& a) { return per(a.had_to_wait, a.begun[0]); }), 0.8);
  std::vector<double> squares;
  squares.reserve(l.size());
  for (const double mean : l) squares.push_back((mean - 4) * (mean - 4) * mm1.span);
  const test::Estimate variance = test::estimate(squares);
  EXPECT_LT(std::abs(variance.mean - 1800) / variance.error, 4) << variance.mean << " +- " << variance.error;
  EXPECT_LT(variance.error, 0.2 * 1800);
}

struct Servers {
  std::uint32_t servers;
  double arrivals;
  double p_wait;
  double wq;
  double lq;
};
class Mmc : public ::testing::TestWithParam<Servers> {};

// Erlang C with offered load a, c servers: P(wait) = C(c, a), Wq = C / (c - a) service times, Lq = lambda Wq.
TEST_P(Mmc, HasErlangsWaits) {
  const Servers s = GetParam();
  Trial<Stations> mmc({.gap = rate(s.arrivals), .servers = s.servers}, 500, 20'000 / s.arrivals);
  expect_theory("P(wait)", mmc.each([](const auto& a) { return per(a.had_to_wait, a.begun[0]); }), s.p_wait, 0.01);
  expect_theory("Wq", mmc.wait(), s.wq, 0.02);
  expect_theory("Lq", mmc.waiting(), s.lq, 0.02);
}
INSTANTIATE_TEST_SUITE_P(Table, Mmc,
                         ::testing::Values(Servers{3, 2, 0.444444, 0.444444, 0.888889},
                                           Servers{10, 9, 0.668732, 0.668732, 6.018584},
                                           Servers{10, 8, 0.409180, 0.204590, 1.636720}));

// Pollaczek & Khinchine: Wq = rho (1 + scv) / (2 (1 - rho)) service times.
struct Service {
  const char* what;
  double arrivals;
  Times service;
  double wq;
  double share;
};
class Mg1 : public ::testing::TestWithParam<Service> {};

TEST_P(Mg1, WaitsAsPollaczekAndKhinchineSay) {
  const Service& s = GetParam();
  Trial<Stations> mg1({.gap = rate(s.arrivals), .service = s.service}, 3'000, 18'000);
  expect_theory(s.what, mg1.wait(), s.wq, s.share);
}
INSTANTIATE_TEST_SUITE_P(Table, Mg1,
                         ::testing::Values(Service{"M/D/1 .8", 0.8, {Law::constant}, 2, 0.015},
                                           Service{"M/D/1 .9", 0.9, {Law::constant}, 4.5, 0.02},
                                           Service{"lognormal, scv 4", 0.8, {Law::lognormal, 1, 4}, 10, 0.04},
                                           Service{"gamma, scv 4", 0.8, {Law::gamma, 1, 4}, 10, 0.04},
                                           Service{"lognormal, scv 1/4", 0.8, {Law::lognormal, 1, 0.25}, 2.5, 0.015},
                                           Service{"gamma, scv 1/4", 0.8, {Law::gamma, 1, 0.25}, 2.5, 0.015}));

// D/M/1: Wq = sigma / (1 - sigma) with sigma = exp(-(1 - sigma) / rho), which is also P(wait).
TEST(Dm1, WaitsByTheRootOfItsEquation) {
  struct Case {
    double rho;
    double sigma;
    double wq;
  };
  for (const Case& c : {Case{0.8, 0.628630, 1.692731}, Case{0.9, 0.806900, 4.178659}}) {
    Trial<Stations> dm1({.gap = {Law::constant, 1 / c.rho}}, 2'000, 18'000);
    expect_theory("Wq", dm1.wait(), c.wq, 0.015);
    expect_theory("P(wait)", dm1.each([](const auto& a) { return per(a.had_to_wait, a.begun[0]); }), c.sigma);
  }
}

// Erlang's loss formula does not ask for the law of service times: 10 servers, 8 erlangs.
TEST(ErlangB, BlocksTheSameShareWhateverTheServiceTimes) {
  for (const Times& service : {Times{}, Times{Law::constant}, Times{Law::lognormal, 1, 2}}) {
    Trial<Stations> loss({.gap = rate(8), .service = service, .servers = 10, .room = 10}, 100, 1'000);
    expect_theory("blocked", loss.each([](const auto& a) { return per(a.refused, a.offered); }), 0.121661, 0.0075);
  }
}

TEST(FiniteQueue, BlocksAndHoldsAsTruncatedGeometric) {
  Trial<Stations> finite({.gap = rate(0.9), .room = 10}, 200, 10'000);
  expect_theory("blocked", finite.each([](const auto& a) { return per(a.refused, a.offered); }), 0.050814, 0.015);
  expect_theory("L", finite.present(), 3.969441);
}

// Non-preemptive, rates .2 and .6, service 1: sojourns 2 and 6, and the work that waits, sum rho_i Wq_i = 3.2, is that
// of first come, first served.
TEST(Priority, SojournsAndTheConservationLaw) {
  Trial<PriorityStations> queue({.gap = {rate(0.2), rate(0.6)}}, 2'000, 20'000);
  const std::vector<double> urgent = queue.wait(0);
  const std::vector<double> patient = queue.wait(1);
  std::vector<double> work;
  std::vector<double> sojourn0;
  std::vector<double> sojourn1;
  for (std::size_t i = 0; i < urgent.size(); ++i) {
    work.push_back(0.2 * urgent[i] + 0.6 * patient[i]);
    sojourn0.push_back(urgent[i] + 1);
    sojourn1.push_back(patient[i] + 1);
  }
  expect_theory("T of rank 0", sojourn0, 2);
  expect_theory("T of rank 1", sojourn1, 6, 0.012);
  expect_theory("sum rho Wq", work, 3.2, 0.012);
}

// Rates .8, then service rates 1 and 1.25. Burke: departures are Poisson, and sojourns at the two stations independent:
// T = 5 + 1 / .45, Var = 25 + 1 / .45^2.
TEST(Tandem, SojournsAddUpAndDeparturesArePoisson) {
  Trial<OpenNetworks> tandem(
      {.gap = rate(0.8), .stations = {{.service = {}, .onward = {0, 1}}, {.service = rate(1.25)}}}, 2'000, 15'000);
  std::vector<double> means;
  std::vector<double> variances;
  for (const Sojourns& t : tandem.model.gone) {
    means.push_back(t.sum / t.count);
    variances.push_back(t.squares / t.count - 2 * 7.222222 * t.sum / t.count + 7.222222 * 7.222222);
  }
  expect_theory("T", means, 7.2222, 0.01);
  expect_theory("Var T", variances, 29.9383, 0.04);
  // Counts per 100 units have mean and variance 80: index of dispersion 1. The last window is not full.
  for (const std::size_t station : {1U, 2U}) {
    expect_theory("dispersion",
                  tandem.each(
                      [&](const auto& a) {
                        double squares = 0;
                        for (std::size_t w = 0; w + 1 < a.left_by_window.size(); ++w)
                          squares += std::pow(a.left_by_window[w] - 80.0, 2);
                        return squares / 80 / static_cast<double>(a.left_by_window.size() - 1);
                      },
                      station),
                  1, 0.015);
  }
}

// gamma = .5 into station 1; 1 to 2 .6, to 3 .4; 2 to 3 .5; 3 to 1 .1: product form whatever the feedback.
TEST(Jackson, FeedbackKeepsTheProductForm) {
  Trial<OpenNetworks> network({.gap = rate(0.5),
                               .stations = {{.service = {}, .onward = {0, 0.6, 0.4}},
                                            {.service = {}, .onward = {0, 0, 0.5}},
                                            {.service = {}, .onward = {0.1}}}},
                              1'000, 15'000);
  const double lambda[] = {0.537634, 0.322581, 0.376344};
  const double l[] = {1.162791, 0.476190, 0.603448};
  std::vector<double> total(network.copies);
  for (const std::size_t s : {1U, 2U, 3U}) {
    const std::string which = std::to_string(s);
    expect_theory("rate " + which,
                  network.each([&](const auto& a) { return static_cast<double>(a.left) / network.span; }, s),
                  lambda[s - 1]);
    const std::vector<double> present = network.present(s);
    expect_theory("L " + which, present, l[s - 1], 0.008);
    for (std::size_t copy = 0; copy < network.copies; ++copy) total[copy] += present[copy];
  }
  expect_theory("L", total, 2.242429, 0.006);
  std::vector<double> sojourn;
  for (const Sojourns& w : network.model.gone) sojourn.push_back(w.sum / w.count);
  expect_theory("W", sojourn, 4.484859, 0.006);
}

// In transit: lambda(t) = 100 (1 + .8 sin(2 pi t / 24)) an hour, on the road for S = 6 h. Poisson with
// m(t) = integral of lambda(t - u) P(S > u) (Eick, Massey & Whitt 1993). From the fifth day on; a customer walks an
// hour to the station, so everything there is an hour later.
TEST(InTransit, FollowsThePeakWithTheLagOfTheory) {
  struct Case {
    Law law;
    double hour;
    double mean;
  };
  for (const Law law : {Law::constant, Law::exponential}) {
    std::vector<Case> cases{{Law::constant, 6, 905.577}, {Law::constant, 9, 1032.152}};
    if (law == Law::exponential) cases = {{law, 9.835, 857.774}};
    InTransit::Shape shape{.gap = rate(100 * 1.8), .way = {law, 6}, .swing = 0.8, .period = 24};
    const unsigned end = 4 + 25 * test::precision();
    for (unsigned day = 4; day < end; ++day) {
      for (const Case& c : cases) shape.looks.push_back(at(24.0 * day + c.hour + 1));
    }
    InTransit road(shape, run_key);
    Engine engine(road, Settings{.run = run_key, .threads = 2, .end = at(24.0 * end)});
    road.start(engine);
    engine.run();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      // Days of one copy are a day apart: with transit of 6 h they share nothing, or a fiftieth.
      std::vector<double> counts;
      std::vector<double> squares;
      for (const std::vector<std::int64_t>& seen : road.seen) {
        ASSERT_EQ(seen.size(), shape.looks.size());
        for (std::size_t look = i; look < seen.size(); look += cases.size()) {
          const auto count = static_cast<double>(seen[look]);
          counts.push_back(count);
          squares.push_back((count - cases[i].mean) * (count - cases[i].mean));
        }
      }
      expect_theory("m(" + std::to_string(cases[i].hour) + ")", counts, cases[i].mean);
      expect_theory("variance", squares, cases[i].mean, 0.1);
    }
  }
}

TEST(Little, HoldsExactlyOnEverySamplePath) {
  // From an empty start, with no warm-up: integral of the number present == sum of sojourns, in ticks.
  for (const std::uint32_t servers : {1U, 4U}) {
    Trial<Stations> busy({.gap = rate(0.95 * servers), .servers = servers}, 0, 500);
    for (const StationAccount& account : busy.model.accounts) {
      EXPECT_GT(account.left, 100U);
      EXPECT_EQ(account.present_area, account.sojourn + account.unfinished);
    }
  }
}

TEST(Little, HoldsOnAPathThatOneCanFollowByHand) {
  // Waits 0 11 8 7 2 5 6 0 within 25 time units: mean 4.875, rate 8/25, 1.56 waiting on average.
  constexpr double arrivals[] = {0, 1, 5, 7, 13, 14, 15, 23};
  constexpr double services[] = {12, 1, 1, 1, 4, 2, 2, 2};
  Stations model({.copies = 1}, {}, SimTime{});
  Engine engine(model, Settings{.end = at(25) + SimDuration{1}});
  for (std::size_t i = 0; i < 8; ++i) {
    engine.schedule(Stations::station(0), at(arrivals[i]), {.service = units(services[i])});
  }
  engine.run();
  StationAccount& account = model.accounts[0];
  account.finish(at(25));
  EXPECT_EQ(account.left, 8U);
  EXPECT_EQ(static_cast<double>(account.wait[0]) / unit / 8, 4.875);
  EXPECT_EQ(static_cast<double>(account.waiting_area) / unit / 25, 1.56);
  EXPECT_EQ(account.waiting_area, account.wait[0]);
  EXPECT_EQ(account.present_area, account.sojourn);
}

}  // namespace
}  // namespace peakstorm::kernel
