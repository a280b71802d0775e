// Speed of the kernel on PHOLD. Parameters of each case are in its name: R in percent, lookahead in
// hundredths of the mean. Start-up (building the model, scheduling the first events) is not counted.
// Cases that differ in threads only must end with the same digest, or the case fails.
#include "bench/phold.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

namespace {

using namespace peakstorm;

constexpr RunKey run_key{20131223, 0};

/// PEAKSTORM_BENCH_EVENTS asks for so many events per case: a quick check that nothing rots.
const char* quick() {
  return std::getenv("PEAKSTORM_BENCH_EVENTS");
}
double wanted_events() {
  return quick() != nullptr ? std::max(1.0, std::strtod(quick(), nullptr)) : 40e6;
}

void BM_Phold(benchmark::State& state) {
  const Phold::Shape shape{.lps = static_cast<std::uint32_t>(state.range(0)),
                           .population = static_cast<std::uint32_t>(state.range(1)),
                           .remote = static_cast<double>(state.range(2)) / 100,
                           .lookahead = static_cast<double>(state.range(3)) / 100};
  const double population = static_cast<double>(shape.lps) * shape.population;
  // Many times the population, or the first touch of the memory would be a part of what is measured. A quick check
  // handles each event about once, for the first come after the lookahead only.
  const double events_wanted = std::max(wanted_events(), (quick() != nullptr ? 1 : 16) * population);
  const double means = (1 + shape.lookahead) * events_wanted / population;
  kernel::Settings settings{.run = run_key, .threads = static_cast<unsigned>(state.range(4))};
  settings.end = SimTime{SimDuration{static_cast<std::int64_t>(means * Phold::mean)}};
  settings.expected_pending = static_cast<std::size_t>(population);
  if (const char* text = std::getenv("PEAKSTORM_BENCH_PARTITIONS"); text != nullptr) {
    const auto parts = static_cast<std::uint64_t>(std::max(1LL, std::atoll(text)));
    for (std::uint32_t lp = 0; lp < shape.lps; ++lp) {
      settings.partition_of_lp.push_back(static_cast<std::uint32_t>(lp * parts / shape.lps));
    }
  }

  static std::map<std::vector<std::int64_t>, std::uint64_t> digests;
  double events = 0;
  double seconds = 0;
  double windows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Phold model(shape, run_key);
    kernel::Engine<Phold> engine(model, settings);
    model.start(engine);
    state.ResumeTiming();
    const auto from = std::chrono::steady_clock::now();
    const auto totals = engine.run();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    state.PauseTiming();
    events += static_cast<double>(totals.events);
    windows += static_cast<double>(totals.windows);
    const auto [first, is_new] =
        digests.try_emplace({state.range(0), state.range(1), state.range(2), state.range(3)}, model.digest());
    if (first->second != model.digest()) state.SkipWithError("the digest depends on the number of threads");
    state.ResumeTiming();
  }
  state.counters["events_per_second"] = events / seconds;
  state.counters["events_per_window"] = events / windows;
}

BENCHMARK(BM_Phold)
    ->ArgNames({"lps", "population", "remote", "lookahead", "threads"})
    ->ArgsProduct({{1024}, {1}, {10, 100}, {10}, {1, 2}})
    ->ArgsProduct({{16384}, {1, 16}, {10}, {10}, {1, 2}})
    ->ArgsProduct({{262144}, {1}, {10, 100}, {10}, {1, 2}})
    ->ArgsProduct({{1048576}, {16}, {50}, {100}, {1, 2}})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
