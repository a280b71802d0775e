// Speed of the kernel on the plain parcel model: N parcels within ten hours, and until the last is delivered. Cases
// that differ in threads only must end with the same digest, or the case fails.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>

#include "bench/parcel_network.hpp"

namespace {

using namespace peakstorm;

constexpr RunKey run_key{20131223, 0};

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void BM_ParcelBenchmark(benchmark::State& state) {
  // PEAKSTORM_BENCH_EVENTS asks for a quick check that nothing rots.
  const char* quick = std::getenv("PEAKSTORM_BENCH_EVENTS");
  const std::uint64_t wanted = quick != nullptr ? std::strtoull(quick, nullptr, 10) / 5 : UINT64_MAX;
  const std::uint64_t parcels =
      std::max(std::uint64_t{640}, std::min(wanted, static_cast<std::uint64_t>(state.range(0))));
  kernel::Settings settings{.run = run_key, .threads = static_cast<unsigned>(state.range(1))};
  for (std::uint32_t lp = 0; lp < ParcelNetwork::hubs + ParcelNetwork::depots; ++lp) {
    settings.partition_of_lp.push_back(lp % ParcelNetwork::hubs);  // A hub and two depots each.
  }

  static std::map<std::uint64_t, std::uint64_t> digests;
  double seconds = 0;
  double delivered = 0;
  double scans = 0;
  double bytes_in_flight = 0;
  for (auto _ : state) {
    state.PauseTiming();
    malloc_trim(0);
    const double before = resident_bytes();
    ParcelNetwork model(parcels, static_cast<double>(parcels) / 10, run_key);
    kernel::Engine<ParcelNetwork> engine(model, settings);
    model.start(engine);
    std::int64_t most_in_flight = 1;
    double most_bytes = 0;
    state.ResumeTiming();
    const auto from = std::chrono::steady_clock::now();
    engine.run([&](SimTime) {
      std::int64_t in_flight = 0;
      for (const auto& a : model.accounts) in_flight += static_cast<std::int64_t>(a.created - a.delivered);
      most_in_flight = std::max(most_in_flight, in_flight);
      most_bytes = std::max(most_bytes, resident_bytes() - before);
      return true;
    });
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    state.PauseTiming();
    bytes_in_flight = most_bytes / static_cast<double>(most_in_flight);
    std::uint64_t digest = 0;
    std::uint64_t at_the_door = 0;
    for (const ParcelNetwork::Account& account : model.accounts) {
      at_the_door += account.delivered;
      scans += static_cast<double>(account.scans);
      digest = hash64(digest, account.digest);
    }
    delivered += static_cast<double>(at_the_door);
    if (at_the_door != parcels / ParcelNetwork::depots * ParcelNetwork::depots) state.SkipWithError("parcels are lost");
    if (digests.try_emplace(parcels, digest).first->second != digest) {
      state.SkipWithError("the digest depends on the number of threads");
    }
    state.ResumeTiming();
  }
  state.counters["parcels_per_second"] = delivered / seconds;
  state.counters["scans_per_second"] = scans / seconds;
  state.counters["bytes_per_parcel_in_flight"] = bytes_in_flight;
}

BENCHMARK(BM_ParcelBenchmark)
    ->ArgNames({"parcels", "threads"})
    ->ArgsProduct({{200'000, 2'000'000, 20'000'000}, {1, 2}})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
