// The parcel model at the scale of a nation: the library's us-peak-day with all measures, without streams and with
// everybody's scans written to a run folder, and the speed of this machine's memory beside it (README.md says how they
// belong together). Loading the scenario is not counted; of a run folder, the streams are, its tables are not.
// Cases that differ in threads only must end with the same digest, or the case fails.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/simulation.hpp"
#include "results/measures.hpp"
#include "results/run_recorder.hpp"
#include "scenarios/library.hpp"
#include "scenarios/loader.hpp"

namespace {

using namespace peakstorm;

/// A line of /proc/self/status, in bytes; 0 where there is none.
double status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}
/// Lets VmHWM, the peak of resident memory, begin anew.
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

/// Null when it cannot be loaded.
const World* peak_day() {
  static const std::optional<World> world = []() -> std::optional<World> {
    const auto folder = library_folder();
    if (!folder) return std::nullopt;
    auto loaded = load_scenario(*folder / "us-peak-day");
    if (!loaded) return std::nullopt;
    return std::move(*loaded);
  }();
  return world ? &*world : nullptr;
}

/// The case's scale and threads. PEAKSTORM_BENCH_EVENTS asks for a quick check that nothing rots.
SimulationOptions options_of(const benchmark::State& state) {
  SimulationOptions options;
  options.run = {1, 0};
  options.scale = std::getenv("PEAKSTORM_BENCH_EVENTS") != nullptr ? 0.001 : static_cast<double>(state.range(0)) / 1000;
  options.threads = static_cast<unsigned>(state.range(1));
  return options;
}

/// Runs that differ in threads, or in who listens, have one digest.
bool has_the_digest(const SimulationOptions& options, const Digest& digest) {
  static std::map<double, Digest> digests;
  return digests.try_emplace(options.scale, digest).first->second == digest;
}

void BM_PeakDay(benchmark::State& state) {
  const World* const world = peak_day();
  if (world == nullptr) {
    state.SkipWithError("the library's us-peak-day cannot be loaded");
    return;
  }
  const SimulationOptions options = options_of(state);
  double parcels = 0;
  double scans = 0;
  double seconds = 0;
  double bytes_per_parcel = 0;
  for (auto _ : state) {
    const double before = status_bytes("VmRSS");
    forget_peak();
    Measures measures(*world, {});
    const auto from = std::chrono::steady_clock::now();
    const auto summary = simulate(*world, options, measures);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    if (!summary) {
      state.SkipWithError(summary.error().message.c_str());
      return;
    }
    parcels += static_cast<double>(summary->parcels);
    scans += static_cast<double>(summary->scans);
    bytes_per_parcel = (status_bytes("VmHWM") - before) / static_cast<double>(summary->in_flight_max);
    if (!has_the_digest(options, summary->digest)) state.SkipWithError("the digest depends on the number of threads");
  }
  state.counters["parcels_per_second"] = parcels / seconds;
  state.counters["scans_per_second"] = scans / seconds;
  state.counters["bytes_per_parcel_in_flight"] = bytes_per_parcel;
}

BENCHMARK(BM_PeakDay)
    ->ArgNames({"scale_permille", "threads"})
    ->ArgsProduct({{1, 10, 100, 1000}, {1, 2}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// A fresh folder, removed with all it holds; empty when there can be none.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "peakstorm-bench-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void BM_PeakDayStream(benchmark::State& state) {
  const World* const world = peak_day();
  if (world == nullptr) {
    state.SkipWithError("the library's us-peak-day cannot be loaded");
    return;
  }
  const SimulationOptions options = options_of(state);
  double scans = 0;
  double seconds = 0;
  double bytes = 0;
  for (auto _ : state) {
    const TemporaryFolder home;
    RunRecorderOptions recording;
    recording.background = true;
    recording.folder.emplace();
    recording.folder->folder = home.path() / "run";
    recording.folder->facts.scale = options.scale;
    recording.folder->facts.threads = options.threads;
    const auto from = std::chrono::steady_clock::now();
    auto recorder = RunRecorder::create(*world, recording);
    if (!recorder) {
      state.SkipWithError(recorder.error().message.c_str());
      return;
    }
    const auto summary = simulate(*world, options, (*recorder)->replication(0));
    if (!summary) {
      state.SkipWithError(summary.error().message.c_str());
      return;
    }
    // Flushes the file to the disk, which is part of writing it.
    if (const auto written = (*recorder)->simulated(0, *summary, 0); !written) {
      state.SkipWithError(written.error().message.c_str());
      return;
    }
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    scans += static_cast<double>(summary->scans);
    bytes += static_cast<double>(std::filesystem::file_size(home.path() / "run" / "scans.pb.zst"));
    if (!has_the_digest(options, summary->digest)) state.SkipWithError("the digest depends on who listens");
  }
  state.counters["scans_per_second"] = scans / seconds;
  state.counters["bytes_per_scan"] = bytes / scans;
}

BENCHMARK(BM_PeakDayStream)
    ->ArgNames({"scale_permille", "threads"})
    ->ArgsProduct({{1, 10, 100}, {1, 2}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// Copies arrays that fit into no cache, each thread its own: what moves counts once read and once written.
void BM_MemoryCopy(benchmark::State& state) {
  constexpr std::size_t bytes = std::size_t{256} << 20U;
  const auto threads = static_cast<std::size_t>(state.range(0));
  std::vector<std::vector<char>> from(threads, std::vector<char>(bytes, 1));
  std::vector<std::vector<char>> to(threads, std::vector<char>(bytes, 2));
  double moved = 0;
  double seconds = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        std::memcpy(to[t].data(), from[t].data(), bytes);
        benchmark::DoNotOptimize(to[t].data());
      });
    }
    for (std::thread& worker : workers) worker.join();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    moved += 2.0 * static_cast<double>(bytes) * static_cast<double>(threads);
  }
  state.counters["gigabytes_per_second"] = moved / seconds / 1e9;
}

BENCHMARK(BM_MemoryCopy)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
