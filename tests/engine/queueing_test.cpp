// The parcel network against queueing theory: the production docks, sorters, limits and rounds, fed so that theory
// knows the answer (values 14 to 20 and 23 of the validation table). Statistical tests use fixed seeds and
// tests/theory.hpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/flow/load_limit.hpp"
#include "engine/flow/variates.hpp"
#include "engine/kernel/exponential.hpp"
#include "tests/engine/fed_hubs.hpp"
#include "tests/engine/small_world.hpp"
#include "tests/theory.hpp"

namespace peakstorm {
namespace {

using test::estimate;
using test::expect_theory;
using test::FedHubs;
using test::hub_world;
using test::KeepingRecorder;
using test::small_world;
using Trailer = test::FedHubs::Trailer;

SimDuration in_hours(double count) {
  return SimDuration{static_cast<std::int64_t>(count * 3'600'000)};
}

/// FedHubs holds up to 256 copies.
std::size_t hub_precision() {
  return std::min(8U, test::precision());
}

/// Poisson arrivals of `pieces` each at `per_hour(t)` trailers an hour, at most `most`, within [from, to): by thinning.
class PoissonFeed {
 public:
  PoissonFeed(std::size_t copies, std::uint32_t pieces, double most, std::function<double(double)> per_hour,
              double from, double to)
      : pieces_(pieces), most_(most), per_hour_(std::move(per_hour)), to_(to), clock_(copies, from), draws_(copies) {}
  Trailer operator()(std::size_t copy, std::uint32_t /*number*/) {
    for (;;) {
      const Draws draws({16, 1}, Purpose::test, copy, draws_[copy]++);
      clock_[copy] += kernel::exponential(draws.word(0)) / most_;
      if (clock_[copy] >= to_) return {};
      if (draws.unit(1) * most_ < per_hour_(clock_[copy])) return {day_zero + in_hours(clock_[copy]), pieces_};
    }
  }

 private:
  std::uint32_t pieces_;
  double most_;
  std::function<double(double)> per_hour_;
  double to_;
  std::vector<double> clock_;
  std::vector<std::uint32_t> draws_;
};

/// One departure an hour, at half past.
std::vector<Departure> hourly() {
  std::vector<Departure> departures;
  for (std::int64_t hour = 0; hour < 24; ++hour) departures.push_back({hours(hour) + minutes(30)});
  return departures;
}

/// Bailey's bulk queue Q' = (Q + A - C)^+ out of the production counts and limits: every "hour" A parcels come to a
/// dock and a departure of C takes what it can. One process per copy, on the kernel.
class BulkDocks {
 public:
  struct Payload {};
  struct Dock {
    std::int64_t waiting = 0;
    flow::LoadLimit limit;
    double left = 0;
    double none = 0;
    double come = 0;
  };
  /// mean(copy, n): mean of the n-th Poisson count.
  BulkDocks(std::size_t copies, std::uint32_t capacity, std::uint32_t departures, std::uint32_t warm_up,
            std::function<double(std::size_t, std::uint32_t)> mean)
      : docks(copies), capacity_(capacity), departures_(departures), warm_up_(warm_up), mean_(std::move(mean)) {
    kernel::Engine engine(*this, kernel::Settings{.threads = 2});
    for (std::size_t copy = 0; copy < copies; ++copy) {
      engine.schedule(kernel::LpId{static_cast<std::uint32_t>(copy)}, day_zero, {});
    }
    engine.run();
  }
  std::size_t lp_count() const { return docks.size(); }
  std::string name(kernel::LpId lp) const { return "dock " + std::to_string(index(lp)); }
  std::uint64_t name_hash(kernel::LpId lp) const { return mix64(index(lp)); }
  SimDuration lookahead(kernel::LpId) const { return SimDuration::max(); }
  void handle(const kernel::Event<Payload>& event, auto& outbox) {
    Dock& dock = docks[index(event.target)];
    const double mean = mean_(index(event.target), event.sequence);
    const auto come = static_cast<std::int64_t>(
        flow::poisson(run_, Purpose::test, hash64(index(event.target), event.sequence), mean));
    dock.waiting += come;
    dock.limit.open({std::int64_t{1000} * capacity_, 0, 0}, true);
    while (dock.waiting > 0 && dock.limit.take(1500, 10'000)) --dock.waiting;
    if (event.sequence >= warm_up_) {
      dock.left += static_cast<double>(dock.waiting);
      dock.none += dock.waiting == 0 ? 1 : 0;
      dock.come += static_cast<double>(come);
    }
    if (event.sequence + 1 < departures_) outbox.send_after(event.target, hours(1), {});
  }
  std::vector<Dock> docks;

 private:
  DrawKey run_{RunKey{14, 0}};
  std::uint32_t capacity_;
  std::uint32_t departures_;
  std::uint32_t warm_up_;
  std::function<double(std::size_t, std::uint32_t)> mean_;
};

struct Rollover {
  double a;
  std::uint32_t capacity;
  std::uint32_t departures;  ///< Per copy.
  double left;
  double none;
  double missed;  ///< Departures per parcel.
  double share;   ///< Largest standard error of `left`.
};

void expect_rollover(const BulkDocks& bulk, const Rollover& c) {
  std::vector<double> left;
  std::vector<double> none;
  std::vector<double> missed;
  const double counted = c.departures - 200;
  for (const BulkDocks::Dock& dock : bulk.docks) {
    left.push_back(dock.left / counted);
    none.push_back(dock.none / counted);
    missed.push_back(dock.left / dock.come);
  }
  const std::string name = std::to_string(static_cast<int>(c.a)) + " in " + std::to_string(c.capacity);
  expect_theory(name + ": left", left, c.left, c.share);
  expect_theory(name + ": none left", none, c.none, c.share);
  expect_theory(name + ": missed departures", missed, c.missed, c.share);
}

// Poisson arrivals; Spitzer's identity gives the exact values.
TEST(TrailerRollover, PoissonCountsMatchSpitzersIdentity) {
  for (Rollover c : {Rollover{0.8, 1, 30'000, 1.600000, 0.445108, 2.0, 0.01},
                     Rollover{9, 10, 20'000, 3.101238, 0.446500, 0.344582, 0.012},
                     Rollover{95, 100, 5'000, 5.077374, 0.557782, 0.053446, 0.02},
                     Rollover{950, 1000, 1'500, 0.812714, 0.943500, 0.000855, 0.08},
                     Rollover{980, 1000, 1'500, 10.838986, 0.630472, 0.011060, 0.06}}) {
    c.departures *= test::precision();
    expect_rollover(BulkDocks(64, c.capacity, c.departures, 200, [&](std::size_t, std::uint32_t) { return c.a; }), c);
  }
}

// The same with the production day factor of CV 0.1: over-dispersion, not the mean, is what leaves parcels behind.
TEST(TrailerRollover, GammaMixedCountsMatchTheirExactValues) {
  World world = small_world();
  world.day_count = 2700;
  world.calendars[0].open.assign(2900, true);
  world.shippers[0].day_cv = 100'000;
  std::vector<std::vector<double>> factors;
  for (std::uint32_t copy = 0; copy < 64 * test::precision(); ++copy) {
    SimulationOptions options;
    options.run = {15, copy};
    factors.push_back(flow::Context(world, options, false, false).day_factor[0]);
  }
  for (const Rollover& c : {Rollover{95, 100, 2700, 12.1369, 0.4370, 0.12776, 0.03},
                            Rollover{950, 1000, 1200, 55.3519, 0.5360, 0.05827, 0.04},
                            Rollover{900, 1000, 1200, 11.7694, 0.8170, 0.01308, 0.04}}) {
    expect_rollover(BulkDocks(factors.size(), c.capacity, c.departures, 200,
                              [&](std::size_t copy, std::uint32_t n) { return c.a * factors[copy][n]; }),
                    c);
  }
}

// The factor itself: gamma of mean 1 and CV 0.1, shape 100. Its third central moment is 2 cv^4.
TEST(DayFactor, HasTheMomentsOfAGamma) {
  World world = small_world();
  world.day_count = 2700;
  world.calendars[0].open.assign(2900, true);
  world.shippers[0].day_cv = 100'000;
  std::vector<double> mean;
  std::vector<double> variance;
  std::vector<double> skew;
  for (std::uint32_t copy = 0; copy < 40; ++copy) {
    SimulationOptions options;
    options.run = {23, copy};
    const flow::Context context(world, options, false, false);
    for (const double factor : context.day_factor[0]) {
      mean.push_back(factor);
      variance.push_back((factor - 1) * (factor - 1));
      skew.push_back((factor - 1) * (factor - 1) * (factor - 1));
    }
  }
  expect_theory("mean", mean, 1);
  expect_theory("variance", variance, 0.01, 0.01);
  expect_theory("third moment", skew, 0.0002, 0.1);
}

// The whole hub against the same identity: trailers to docks to departures, parcel by parcel. Samples at full hours,
// half an hour after a departure. A parcel waits 10 min + E[left] / a hours on the dock.
TEST(TrailerRollover, AHubsDockMatchesSpitzersIdentity) {
  const std::size_t copies = 32 * hub_precision();
  struct Case {
    double a;
    std::uint32_t capacity;
    Day days;
    double left;
    double none;
    double share;
  };
  for (const Case& c : {Case{0.8, 1, 500, 1.600000, 0.445108, 0.02}, Case{9, 10, 250, 3.101238, 0.446500, 0.03}}) {
    const auto trailers = static_cast<std::uint32_t>(c.days) * 24;
    const DrawKey run(RunKey{14, 3});
    const FedHubs fed(hub_world(copies, c.days, 0, hourly(), c.capacity), {},
                      [&](std::size_t copy, std::uint32_t n) -> Trailer {
                        if (n + 2 >= trailers) return {};
                        return {day_zero + hours(n + 1) + minutes(10),
                                static_cast<std::uint32_t>(flow::poisson(run, Purpose::test, hash64(copy, n), c.a))};
                      });
    std::vector<double> left;
    std::vector<double> none;
    for (const auto& hub : fed.hubs) {
      const std::vector<PlaceLoad> loads = hub->loads();
      double sum = 0;
      double empty = 0;
      for (std::size_t hour = 200; hour < trailers; ++hour) {
        sum += loads[hour].docked;
        empty += loads[hour].docked == 0 ? 1 : 0;
      }
      left.push_back(sum / (trailers - 200));
      none.push_back(empty / (trailers - 200));
    }
    expect_theory("left", left, c.left, c.share);
    expect_theory("none left", none, c.none, c.share);
    std::vector<double> waits = fed.mean_hours({1});
    for (double& wait : waits) wait -= 1.0 / 6;
    expect_theory("departures missed", waits, c.left / c.a, c.share + 0.01);
  }
}

// Trailers of 500 pieces, Poisson 1.6 an hour, into a sorter of 1,000 an hour: M/D/1 for trailers (wait 1 h) and half a
// trailer more for the mean piece: 1.2505 h, and 5 min more until the next wave takes it to its dock. With 5 pieces and
// 10 an hour the queue of trailers is the same and 100 times cheaper: 1 h + 3 / 10 h.
TEST(Sorter, TrailersComeInBatches) {
  struct Case {
    std::uint32_t pieces;
    Day days;
    double sojourn;
    double share;
  };
  const std::size_t copies = 32 * hub_precision();
  for (const Case& c : {Case{500, 15, 1.2505, 0.04}, Case{5, 500, 1.3, 0.01}}) {
    const double to = 24.0 * c.days - 2;
    const FedHubs fed(hub_world(copies, c.days, 2 * c.pieces, hourly(), 1'000'000), {},
                      PoissonFeed(
                          copies, c.pieces, 1.6, [](double) { return 1.6; }, 1, to));
    expect_theory(std::to_string(c.pieces) + " pieces", fed.mean_hours({0}), c.sojourn + 1.0 / 12, c.share);
  }
}

// Uneven headways {6, 2, 6, 10} h: a parcel that comes at any time waits sum h^2 / (2 sum h) = 3.6667 h, not 3.
TEST(Headways, UnevenDeparturesMakeParcelsWaitLonger) {
  const std::size_t copies = 32 * hub_precision();
  const std::vector<Departure> departures{{hours(3)}, {hours(9)}, {hours(11)}, {hours(17)}};
  // From a departure to a departure, whole days.
  const FedHubs fed(hub_world(copies, 41, 0, departures, 1'000'000), {},
                    PoissonFeed(
                        copies, 1, 10, [](double) { return 10.0; }, 3, 3 + 40 * 24));
  expect_theory("wait", fed.mean_hours({0, 1}), 11.0 / 3);
}

// Fluid limit of a surge: sorter 100 an hour, arrivals 80, then 140 for 48 h, then 80 again; here ten times as many of
// everything. The backlog grows to 1,920, is gone 96 h later, and costs 138,240 parcel-hours, 9.6 h for each of the
// 14,400 who meet it; the longest wait, of who comes last in the surge, is 1,920 / 100 = 19.2 h. What is sorted stays
// up to ten minutes until its wave: 100 / 6 at full hours while the sorter is busy, 5 min in the mean.
TEST(Surge, BacklogFollowsTheFluid) {
  const std::size_t copies = 16 * hub_precision();
  constexpr double n = 10;
  const auto per_hour = [](double t) { return t >= 48 && t < 96 ? 140 * n : 80 * n; };
  const FedHubs fed(hub_world(copies, 11, static_cast<std::uint32_t>(100 * n), hourly(), 1'000'000), {},
                    PoissonFeed(copies, 1, 140 * n, per_hour, 1, 262));
  std::vector<double> peak;
  std::vector<double> clear;
  std::vector<double> area;
  for (const auto& hub : fed.hubs) {
    const std::vector<PlaceLoad> loads = hub->loads();
    const auto backlog = [&](std::size_t hour) { return loads[hour].sorting / n - 100.0 / 6; };
    peak.push_back(backlog(96));
    std::size_t hour = 96;
    while (backlog(hour) > 0) ++hour;
    clear.push_back(static_cast<double>(hour - 96) - backlog(hour) / (backlog(hour) - backlog(hour - 1)));
    const QueueAccount sorter = hub->queues()[0];
    area.push_back(static_cast<double>(sorter.sojourn) / 3'600'000 / n - static_cast<double>(sorter.pieces) / n / 12);
  }
  expect_theory("peak", peak, 1920, 0.01);
  expect_theory("hours to clear", clear, 96, 0.015);
  expect_theory("parcel-hours", area, 138'240, 0.015);
  for (double& hours_lost : area) hours_lost /= 14'400;
  expect_theory("mean delay", area, 9.6, 0.015);
}

/// A closure of 24 h on the fifth day.
World closed_hub(std::size_t copies, Day day_count, std::uint32_t rate) {
  World world = hub_world(copies, day_count, rate, hourly(), 1'000'000);
  Disruption closure;
  closure.name = "closure";
  closure.kind = DisruptionKind::closure;
  closure.from = day_zero + days(4);
  closure.to = closure.from + hours(24);
  closure.facilities.assign(2 * copies, false);
  for (std::size_t copy = 0; copy < copies; ++copy) closure.facilities[copy] = true;
  closure.destinations.assign(copies, false);
  closure.nodes = {false};
  closure.closed = true;
  world.disruptions = {closure};
  return world;
}

/// Hours after reopening until the backlog is what it would have been without the closure, by copy: common random
/// numbers, and the two paths meet when the idle time of the undisturbed sorter has worked the closure off.
std::vector<double> recovery(const World& world, const FedHubs::Feed& feed) {
  const FedHubs disturbed(world, {}, feed);
  SimulationOptions options;
  options.without[static_cast<std::size_t>(DisruptionKind::closure)] = true;
  const FedHubs calm(world, options, feed);
  std::vector<double> took;
  for (std::size_t copy = 0; copy < calm.hubs.size(); ++copy) {
    const std::vector<PlaceLoad> loads = disturbed.hubs[copy]->loads();
    const std::vector<PlaceLoad> ordinary = calm.hubs[copy]->loads();
    std::size_t recovered = 0;
    for (std::size_t hour = std::size_t{5} * 24; hour < loads.size(); ++hour) {
      if (loads[hour].sorting > ordinary[hour].sorting) recovered = hour + 1 - std::size_t{5} * 24;
    }
    took.push_back(static_cast<double>(recovered));
  }
  return took;
}

// Fluid limit: a sorter closed for tau hours at load rho needs tau rho / (1 - rho) hours after it reopens: 2.33, 4, 9
// and 19 closures. A trailer every hour, on the half hour: exact but for the hour of the samples.
TEST(Closure, RecoveryTakesRhoOverOneMinusRhoTimesTheClosure) {
  for (const auto& [rho, closures] : std::map<double, double>{{0.7, 2.3333}, {0.8, 4}, {0.9, 9}, {0.95, 19}}) {
    const auto pieces = static_cast<std::uint32_t>(std::lround(100 * rho));
    const Day days = 8 + static_cast<Day>(closures);
    const auto took = recovery(closed_hub(1, days, 100), [&](std::size_t, std::uint32_t n) -> Trailer {
      return n + 2 < static_cast<std::uint32_t>(days) * 24 ? Trailer{day_zero + hours(n + 1) + minutes(30), pieces}
                                                           : Trailer{};
    });
    EXPECT_GE(took[0], 24 * closures - 1) << rho;
    EXPECT_LE(took[0], 24 * closures + 1.5) << rho;
  }
}

// The same with Poisson arrivals: by Wald's identity the mean is that of the fluid. Samples are hourly: half an hour
// late.
TEST(Closure, RecoveryUnderPoissonArrivalsHasTheMeanOfTheFluid) {
  const std::size_t copies = 32 * hub_precision();
  auto took =
      recovery(closed_hub(copies, 22, 100), [feed = PoissonFeed(
                                                 copies, 1, 80, [](double) { return 80.0; }, 1, 520)](
                                                std::size_t copy, std::uint32_t n) mutable { return feed(copy, n); });
  for (double& hours_taken : took) hours_taken -= 0.5;
  expect_theory("recovery", took, 96, 0.03);
}

/// Nothing limits, nobody asks; every attempt succeeds with probability p.
World attempts_world(Ppm p, double orders_per_day) {
  World world = small_world(orders_per_day);
  world.carriers[0].first_attempt_success = p;
  world.carriers[0].held_for_pickup = 0;
  world.facilities[0].sorts[0].pieces_per_hour = world.facilities[1].sorts[0].pieces_per_hour = 1'000'000;
  for (Lane& lane : world.lanes) lane.pieces = 1'000'000;
  for (Facility& facility : world.facilities) facility.stops_per_day = 1'000'000;
  world.shopper.enabled = false;
  return world;
}

// Three attempts at most: mean (1 - q^3) / p, returned q^3.
TEST(Attempts, NumberAndReturnsAreGeometric) {
  struct Case {
    Ppm p;
    double mean;
    double returned;
  };
  for (const Case& c : {Case{972'000, 1.028784, 2.195e-5}, Case{937'000, 1.066969, 2.50e-4},
                        Case{880'700, 1.133532, 1.698e-3}, Case{700'000, 1.39, 0.027}}) {
    KeepingRecorder recorder(false);
    const double orders = 20'000 * std::min(8U, test::precision());
    const SimulationSummary summary = test::run(attempts_world(c.p, orders), recorder);
    double attempts = 0;
    double returned = 0;
    double squares = 0;
    const auto n = static_cast<double>(summary.parcels);
    for (const Outcome& outcome : recorder.all_outcomes()) {
      attempts += outcome.attempts;
      squares += (outcome.attempts - c.mean) * (outcome.attempts - c.mean);
      returned += outcome.fate == Fate::returned ? 1 : 0;
    }
    const double error = std::sqrt(squares / n / n);
    EXPECT_LT(std::abs(attempts / n - c.mean), 4 * error) << c.p << ": " << attempts / n;
    EXPECT_LT(error, 0.005 * c.mean);
    // The count of returns is binomial, nearly Poisson; half a count is its continuity.
    EXPECT_LT(std::abs(returned - n * c.returned), 4 * std::sqrt(n * c.returned) + 0.5) << c.p << ": " << returned;
  }
}

/// Orders of whole days, drawn by the production ship node.
World orders_world(double per_day, Day days, Ppm day_cv) {
  World world = attempts_world(ppm_one, per_day);
  world.day_count = days;
  world.measure_to = days;
  world.calendars[0].open.assign(static_cast<std::size_t>(days) + 100, true);
  world.shippers[0].day_cv = day_cv;
  return world;
}

/// Samples (N_d - m)^2 / m of the daily counts; their mean is the index of dispersion.
std::vector<double> dispersion(const World& world, double m) {
  std::vector<double> samples;
  KeepingRecorder recorder(false);
  test::run(world, recorder);
  std::vector<double> counts(static_cast<std::size_t>(world.day_count));
  for (const Outcome& outcome : recorder.all_outcomes()) ++counts[outcome.order_day];
  for (const double count : counts) samples.push_back((count - m) * (count - m) / m);
  return samples;
}

TEST(Arrivals, DispersionIsOneForPoissonAndElevenForGammaDays) {
  expect_theory("Poisson", dispersion(orders_world(1000, 1000, 0), 1000), 1, 0.06);
  expect_theory("gamma, CV .1", dispersion(orders_world(1000, 1000, 100'000), 1000), 11, 0.06);
}

/// Chi-squared statistic of counts against Poisson means, less its degrees of freedom, in standard deviations.
double chi_squared_z(const std::vector<std::pair<double, double>>& counts_and_means) {
  double sum = 0;
  double variance = 0;
  for (const auto& [count, mean] : counts_and_means) {
    sum += (count - mean) * (count - mean) / mean;
    variance += 2 + 1 / mean;
  }
  return (sum - static_cast<double>(counts_and_means.size())) / std::sqrt(variance);
}

// A surge of 1.8 in the east and 1.2 in the west for two days: candidates come at the larger rate and the west keeps
// two thirds of its own. Counts per hour and destination are Poisson with the rates of the scenario, hour factors
// included, and given their number the instants within an hour are uniform.
TEST(Arrivals, ThinnedCountsArePoissonAndInstantsUniform) {
  World world = orders_world(20'000, 6, 0);
  for (std::size_t hour = 0; hour < 24; ++hour) world.shippers[0].hours[hour] = hour < 12 ? 600'000 : 1'400'000;
  const auto surge = [&](const char* name, std::size_t destination, Ppm demand) {
    Disruption d;
    d.name = name;
    d.kind = DisruptionKind::surge;
    d.from = day_zero + days(2);
    d.to = day_zero + days(4);
    d.facilities.assign(4, false);
    d.destinations.assign(2, false);
    d.destinations[destination] = true;
    d.nodes = {false};
    d.demand = demand;
    world.disruptions.push_back(d);
  };
  surge("west", 0, 1'200'000);
  surge("east", 1, 1'800'000);
  KeepingRecorder recorder(true);
  test::run(world, recorder);
  std::vector<std::pair<double, double>> counts(std::size_t{2} * 6 * 24);
  for (std::size_t hour = 0; hour < std::size_t{6} * 24; ++hour) {
    const bool storm = hour >= 48 && hour < 96;
    const double usual = 20'000.0 / 48 * (hour % 24 < 12 ? 0.6 : 1.4);
    counts[2 * hour].second = usual * (storm ? 1.2 : 1);
    counts[2 * hour + 1].second = usual * (storm ? 1.8 : 1);
  }
  std::vector<double> phases;
  for (const ParcelFacts& facts : recorder.kept_facts) {
    const std::int64_t ms = (facts.ordered - day_zero).count();
    ++counts[2 * static_cast<std::size_t>(ms / 3'600'000) + index(facts.destination)].first;
    phases.push_back((static_cast<double>(ms % 3'600'000) + 0.5) / 3'600'000);
  }
  EXPECT_LT(std::abs(chi_squared_z(counts)), 4);
  // In all, where the surges are: chi-squared spreads a small shift over many cells.
  for (const std::size_t destination : {0U, 1U}) {
    double count = 0;
    double mean = 0;
    for (std::size_t hour = 48; hour < 96; ++hour) {
      count += counts[2 * hour + destination].first;
      mean += counts[2 * hour + destination].second;
    }
    EXPECT_LT(std::abs(count - mean), 4 * std::sqrt(mean)) << destination;
  }
  // Kolmogorov & Smirnov: sqrt(n) D exceeds 2.05 with probability 4.5e-4.
  std::sort(phases.begin(), phases.end());
  double distance = 0;
  const auto n = static_cast<double>(phases.size());
  for (std::size_t i = 0; i < phases.size(); ++i) {
    distance = std::max({distance, phases[i] - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - phases[i]});
  }
  EXPECT_LT(std::sqrt(n) * distance, 2.05);
}

// Common random numbers: one hash over who ordered what, where and when, whatever carriers, buffers and storms do.
TEST(Arrivals, DemandIsTheSameWhateverThePolicy) {
  const auto demand_of = [](const World& world) {
    KeepingRecorder recorder(true);
    test::run(world, recorder);
    std::uint64_t hash = 0;
    for (const ParcelFacts& facts : recorder.kept_facts) {
      hash +=
          hash64(hash64(static_cast<std::uint64_t>(facts.id),
                        static_cast<std::uint64_t>(facts.ordered.time_since_epoch().count())),
                 index(facts.destination) * 256 + facts.size * std::size_t{4} + static_cast<std::size_t>(facts.tier));
    }
    return hash;
  };
  const World world = orders_world(500, 10, 100'000);
  World other = world;
  other.shippers[0].policy = CarrierPolicy::cheapest_published;
  other.shippers[0].buffer_days = 3;
  other.nodes[0].cut_off = hours(9);
  other.lanes[0].pieces = 20;
  other.carriers[0].first_attempt_success = 500'000;
  EXPECT_EQ(demand_of(world), demand_of(other));
  World more = world;
  more.shippers[0].orders_per_day = 501;
  EXPECT_NE(demand_of(world), demand_of(more));
}

}  // namespace
}  // namespace peakstorm
