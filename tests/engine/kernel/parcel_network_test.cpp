// Goal: the model of the parcel benchmark is the one it says it is, and its results do not depend on threads.
// Method: in equilibrium it is a Jackson network whose legs are infinite-server stations, so every hub is an M/M/8
// queue with utilisation 0.8, and a parcel's mean time in the system is 4.5 legs and 3.5 times the mean sojourn.
#include "bench/parcel_network.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/theory.hpp"

namespace peakstorm {
namespace {

constexpr double per_hour = 200;
constexpr std::int64_t warm_up = 50;
constexpr std::int64_t end = 250;

ParcelNetwork run(std::uint32_t replication, unsigned threads) {
  const RunKey key{4711, replication};
  ParcelNetwork model(std::uint64_t{1} << 40U, per_hour, key, SimTime{SimDuration{warm_up * ParcelNetwork::hour}});
  kernel::Engine<ParcelNetwork> engine(
      model, {.run = key, .threads = threads, .end = SimTime{SimDuration{end * ParcelNetwork::hour}}});
  model.start(engine);
  engine.run();
  return model;
}

/// Mean wait of M/M/c in units of the mean service time (Erlang's C over c (1 - load)).
double mean_wait(std::uint32_t servers, double load) {
  const double offered = servers * load;
  double term = 1;  // offered^k / k!
  double sum = 0;
  for (std::uint32_t k = 0; k < servers; ++k) {
    sum += term;
    term *= offered / (k + 1);
  }
  const double all_busy = term / (1 - load);
  return all_busy / (sum + all_busy) / (servers * (1 - load));
}

TEST(ParcelNetwork, AgreesWithTheTheoryOfOpenNetworks) {
  std::vector<double> utilisation;
  std::vector<double> hours_in_system;
  for (std::uint32_t replication = 0; replication < 12 * test::precision(); ++replication) {
    const ParcelNetwork model = run(replication, 1);
    double busy = 0;
    double in_system = 0;
    double measured = 0;
    for (const ParcelNetwork::Account& account : model.accounts) {
      busy += static_cast<double>(account.busy);
      in_system += static_cast<double>(account.in_system);
      measured += static_cast<double>(account.measured);
    }
    const double server_hours = static_cast<double>(end - warm_up) * ParcelNetwork::hubs * ParcelNetwork::servers;
    utilisation.push_back(busy / ParcelNetwork::hour / server_hours);
    hours_in_system.push_back(in_system / ParcelNetwork::hour / measured);
  }
  const double load = ParcelNetwork::load;
  const double service = load * ParcelNetwork::hubs * ParcelNetwork::servers / (per_hour * 3.5);
  test::expect_theory("utilisation", utilisation, load);
  test::expect_theory("hours in system", hours_in_system,
                      4.5 * 2 + 3.5 * service * (1 + mean_wait(ParcelNetwork::servers, load)));
}

TEST(ParcelNetwork, DoesNotDependOnThreads) {
  const ParcelNetwork one = run(99, 1);
  const ParcelNetwork two = run(99, 2);
  for (std::size_t lp = 0; lp < one.accounts.size(); ++lp) {
    EXPECT_EQ(one.accounts[lp].digest, two.accounts[lp].digest) << "of process " << lp;
  }
}

}  // namespace
}  // namespace peakstorm
