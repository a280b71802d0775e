// What the replay costs and how true it is, against nginx on another core (bench/README.md has the table and the
// peers):
//
//   BM_Replay_Cpu      processor time per request, unique and signed, beside wrk's with one static body, in turns
//   BM_Replay_Pacing   sent minus intended, and its cost, at a rate that leaves both machines idle for most of the time
//   BM_Replay_Stall    latencies of a run in whose middle the server is stopped for 1.5 s, against what they must be
//   BM_Replay_Memory   peak memory of a short and of a long run
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/replay.hpp"
#include "adapters/wire_format.hpp"
#include "bench/message_world.hpp"
#include "bench/servers.hpp"
#include "engine/check.hpp"
#include "results/histogram.hpp"
#include "results/reconcile.hpp"

namespace peakstorm {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;

constexpr int server_core = 0;
constexpr int client_core = 1;

/// So many messages, each of another scan: parcels of two scans, made as they are needed and forgotten after, so that
/// their number costs no memory. One every 30 simulated seconds: parcels' histories, kept for three days beyond the
/// end, come to about four thousand. A parcel's second scan comes `apart` messages after its first: closer together, it
/// would wait for the answer to the first, and the server's time would be taken for the sender's.
class EndlessParcels final : public ReplaySource {
 public:
  static constexpr std::uint64_t apart = 512;

  explicit EndlessParcels(std::uint64_t messages) : messages_(messages), facts_(ring) {}

  Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override {
    for (; limit > 0 && made_ < messages_; --limit, ++made_) {
      const bool first = made_ % (2 * apart) < apart;
      const std::uint64_t parcel = made_ / (2 * apart) * apart + made_ % apart;
      ReplayItem item;
      item.at = instant(made_);
      item.parcel = make_parcel_id(ShipNodeId{0}, 5, static_cast<std::uint32_t>(parcel));
      Scan& scan = item.scan;
      scan.parcel = item.parcel;
      scan.sequence = first ? 0 : 1;
      scan.kind = first ? ScanKind::label_created : ScanKind::delivered;
      scan.at = item.at;
      scan.reported = item.at;
      scan.place = first ? PlaceId{static_cast<std::uint16_t>(parcel % 3)} : no_place;
      scan.eta_day = static_cast<std::uint16_t>(3 + parcel % 5);
      items.push_back(item);
      if (!first) continue;
      ParcelFacts& facts = facts_[parcel % ring];
      facts.id = item.parcel;
      facts.service = ServiceId{static_cast<std::uint8_t>(parcel % 3)};
      facts.ordered = item.at;
      facts.promise_day = 9;
    }
    return {};
  }
  [[nodiscard]] Totals totals() const override { return {messages_, 0, instant(0), instant(messages_ - 1)}; }
  [[nodiscard]] const ParcelFacts* facts(ParcelId id) const override {
    const ParcelFacts& facts = facts_[(static_cast<std::uint64_t>(id) & 0xffff'ffffULL) % ring];
    return facts.id == id ? &facts : nullptr;
  }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return {}; }

 private:
  static constexpr std::uint64_t ring = 1 << 17;
  static SimTime instant(std::uint64_t message) {
    return day_zero + SimDuration{static_cast<std::int64_t>(message * 30'000)};
  }
  std::uint64_t messages_;
  std::uint64_t made_ = 0;
  std::vector<ParcelFacts> facts_;
};

/// What a drill keeps of its requests, and by how much each left late.
class BenchRecorder final : public ReplayRecorder {
 public:
  explicit BenchRecorder(const World& world) : kept_(world, {}, plain_rules(world)) {}
  void begin(const ReplayEnvironment& environment) override { kept_.begin(environment); }
  void request(const RequestRecord& record) override {
    kept_.request(record);
    late.record(record.sent - record.intended);
    latency.record(record.done - record.intended);
    if (record.fate != RequestFate::accepted) ++failed;
  }
  void shown(const ShownStatus& status) override { kept_.shown(status); }
  void read_back(const ShownParcel& parcel) override { kept_.read_back(parcel); }
  void stored(const StoredMessage& message) override { kept_.stored(message); }
  void stored_all() override { kept_.stored_all(); }
  void end(nanoseconds wall, nanoseconds cpu, bool complete) override { kept_.end(wall, cpu, complete); }

  LatencyHistogram late;
  LatencyHistogram latency;
  std::uint64_t failed = 0;

 private:
  Reconciliation kept_;
};

constexpr const char* secret = "peakstorm-secret-0123456789abcdef";

ReplayOptions options_for(const std::string& url, double rate, const char* format = "cloudevents") {
  ReplayOptions options;
  options.target = url;
  options.format = format;
  options.secret = secret;
  options.track_pages = false;
  options.rate = rate;
  options.rate_max = 1e9;
  options.drop_after = std::chrono::minutes{10};  // At a rate beyond what can be sent, everything waits.
  return options;
}

ReplaySummary send(const World& world, const ReplayOptions& options, std::uint64_t messages, BenchRecorder& recorder) {
  const bench::OnCore bound(client_core);
  EndlessParcels source(messages);
  const auto summary = replay(world, source, options, recorder, {}, {});
  PEAKSTORM_CHECK(summary.has_value(), summary ? std::string() : summary.error().message);
  PEAKSTORM_CHECK(summary->accepted == messages, summary->accepted, messages);
  return *summary;
}

bool left_out(benchmark::State& state, const bench::Nginx& nginx) {
  const bool can = nginx.running() && std::thread::hardware_concurrency() >= 2;
  if (!can) {
    for (auto _ : state) state.SetIterationTime(1e-9);
    state.SetLabel("left out: needs nginx (./dev bench installs it) and two processors");
  }
  return !can;
}

/// Mean of what a parcel's two messages have.
double body_bytes(const World& world, const char* format) {
  EndlessParcels source(2 * EndlessParcels::apart);
  std::vector<ReplayItem> items;
  PEAKSTORM_CHECK(source.next(2 * EndlessParcels::apart, items).has_value(), format);
  const auto made = wire::make_format(format, world, {secret, ""});
  PEAKSTORM_CHECK(made.has_value(), format);
  std::vector<Scan> history;
  wire::Message message;
  double bytes = 0;
  for (const ReplayItem& item : {items.front(), items[EndlessParcels::apart]}) {
    history.push_back(item.scan);
    (*made)->encode({*source.facts(item.parcel), "1Z9990000000000000", history, item.scan}, message);
    bytes += static_cast<double>(message.body.size()) / 2;
  }
  return bytes;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Sizes the run of a test that only asks whether the bench still works.
std::uint64_t scaled(std::uint64_t messages) {
  const char* const events = std::getenv("PEAKSTORM_BENCH_EVENTS");
  return events == nullptr ? messages : std::min<std::uint64_t>(messages, std::strtoull(events, nullptr, 10));
}

struct WrkCost {
  double cpu_s_per_million = 0;
  double per_second = 0;
};

WrkCost measure_wrk(const bench::Nginx& nginx, const std::string& wrk, std::size_t body_bytes) {
  const std::string script = nginx.folder() + "/post.lua";
  std::ofstream(script)
      << "wrk.method = 'POST'\nwrk.body = string.rep('x', " << body_bytes
      << ")\nwrk.headers['Content-Type'] = 'application/json'\n"
         "done = function(s, l, r) io.write(string.format('requests=%d errors=%d\\n', s.requests, "
         "s.errors.connect + s.errors.read + s.errors.write + s.errors.status + s.errors.timeout)) end\n";
  const auto ran = bench::run_program({wrk, "-t1", "-c64", "-d3s", "-s", script, nginx.url()}, client_core);
  const auto at = ran.out.find("requests=");
  PEAKSTORM_CHECK(at != std::string::npos, ran.out);
  const double requests = std::strtod(ran.out.c_str() + at + 9, nullptr);
  return {ran.cpu_s * 1e6 / requests, requests / 3};
}

// In turns, three of each, because a machine's speed changes: the medians are compared.
void BM_Replay_Cpu(benchmark::State& state, const char* format) {
  const bench::Nginx nginx(server_core);
  const auto wrk = bench::find_program("wrk");
  if (left_out(state, nginx)) return;
  const World world = bench::message_world();
  const std::uint64_t messages = scaled(400'000);
  std::vector<double> ours;
  std::vector<double> theirs;
  double per_second = 0;
  double wrk_per_second = 0;
  for (auto _ : state) {
    nanoseconds took{};
    for (int turn = 0; turn < 3; ++turn) {
      BenchRecorder recorder(world);
      const ReplaySummary summary = send(world, options_for(nginx.url(), 1e6, format), messages, recorder);
      ours.push_back(duration<double>(summary.cpu).count() * 1e6 / static_cast<double>(messages));
      per_second = static_cast<double>(messages) / duration<double>(summary.sending).count();
      took += summary.wall;
      if (wrk) {
        const WrkCost cost = measure_wrk(nginx, *wrk, 600);
        theirs.push_back(cost.cpu_s_per_million);
        wrk_per_second = cost.per_second;
      }
    }
    state.SetIterationTime(duration<double>(took).count());
  }
  state.counters["body_bytes"] = body_bytes(world, format);
  state.counters["cpu_s_per_million"] = median(ours);
  state.counters["requests_per_second"] = per_second;
  if (theirs.empty()) {
    state.SetLabel("without wrk, which ./dev bench installs");
  } else {
    state.counters["wrk_cpu_s_per_million"] = median(theirs);
    state.counters["wrk_requests_per_second"] = wrk_per_second;
    state.counters["times_wrk"] = median(ours) / median(theirs);
  }
}
BENCHMARK_CAPTURE(BM_Replay_Cpu, cloudevents, "cloudevents")
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Replay_Cpu, easypost, "easypost")->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

/// What this machine takes from a sender that has nothing to do: a thread that only reads the clock and counts by how
/// much each of its instants is met late, as the replay's are. Time stolen by the host is told by /proc/stat.
struct HostPacing {
  LatencyHistogram late;
  double stolen_share = 0;  ///< Of the client's core, meanwhile.
};

/// Ticks of the core that the host gave to others, and all its ticks.
std::pair<double, double> ticks_of(int core) {
  std::ifstream stat("/proc/stat");
  const std::string name = "cpu" + std::to_string(core);
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first != name) continue;
    std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
    for (double& one : ticks) words >> one;
    return {ticks[7], std::accumulate(ticks.begin(), ticks.end(), 0.0)};
  }
  return {0, 1};
}

/// Seconds in which this thread could have run while others did.
double waited_for_processor() {
  double ran_ns = 0;
  double waited_ns = 0;
  std::ifstream("/proc/thread-self/schedstat") >> ran_ns >> waited_ns;
  return waited_ns / 1e9;
}

HostPacing pace_nothing(double rate, double seconds) {
  const bench::OnCore bound(client_core);
  HostPacing host;
  const auto before = ticks_of(client_core);
  const auto began = std::chrono::steady_clock::now();
  const auto instants = static_cast<std::int64_t>(rate * seconds);
  for (std::int64_t i = 0; i < instants; ++i) {
    const auto intended = began + nanoseconds{static_cast<std::int64_t>(static_cast<double>(i) / rate * 1e9)};
    auto now = std::chrono::steady_clock::now();
    while (now < intended) now = std::chrono::steady_clock::now();
    host.late.record(now - intended);
  }
  const auto after = ticks_of(client_core);
  host.stolen_share = (after.first - before.first) / std::max(1.0, after.second - before.second);
  return host;
}

// Against nginx, which sleeps between requests, and against a server that never does: to wake another processor costs a
// sender in a virtual machine tens of microseconds, which are neither the replay's nor those of a real machine.
void pace(benchmark::State& state, const std::string& url) {
  const World world = bench::message_world();
  const auto rate = static_cast<double>(state.range(0));
  const auto messages = scaled(static_cast<std::uint64_t>(rate * 8));
  BenchRecorder recorder(world);
  ReplaySummary summary;
  const HostPacing host = pace_nothing(rate, std::min(4.0, static_cast<double>(messages) / rate));
  const double waited_before = waited_for_processor();
  for (auto _ : state) {
    summary = send(world, options_for(url, rate), messages, recorder);
    state.SetIterationTime(duration<double>(summary.wall).count());
  }
  state.counters["waited_percent"] =
      100 * (waited_for_processor() - waited_before) / duration<double>(summary.wall).count();
  state.counters["host_p99_us"] = host.late.quantile_ms(0.99) * 1000;
  state.counters["host_stolen_percent"] = 100 * host.stolen_share;
  state.counters["host_max_us"] = host.late.quantile_ms(1) * 1000;
  const auto us = [&](double q) { return recorder.late.quantile_ms(q) * 1000; };
  state.counters["late_p50_us"] = us(0.5);
  state.counters["late_p99_us"] = us(0.99);
  state.counters["late_p99_9_us"] = us(0.999);
  state.counters["late_max_us"] = us(1);
  state.counters["latency_p99_us"] = recorder.latency.quantile_ms(0.99) * 1000;
  state.counters["cpu_s_per_million"] = duration<double>(summary.cpu).count() * 1e6 / static_cast<double>(messages);
}

void BM_Replay_Pacing(benchmark::State& state) {
  const bench::AwakeServer server(server_core);
  pace(state, server.url());
}
BENCHMARK(BM_Replay_Pacing)
    ->ArgName("rate")
    ->Arg(1'000)
    ->Arg(20'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void BM_Replay_PacingNginx(benchmark::State& state) {
  const bench::Nginx nginx(server_core);
  if (left_out(state, nginx)) return;
  pace(state, nginx.url());
}
BENCHMARK(BM_Replay_PacingNginx)
    ->ArgName("rate")
    ->Arg(1'000)
    ->Arg(20'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// 22 s at 2,000/s, the server stopped for 1.5 s in the middle. Whatever was meant to leave while it stood still can be
// answered no sooner than it goes on: those 3,000 of 44,000 requests wait for the rest of the stop, evenly between
// 1,500 and 0 ms. So the latency is at least 1500 - 44,000 (1 - q) / 2 ms for a share q beyond 41/44, and what the
// server takes anyway (well below 1 ms) comes on top.
void BM_Replay_Stall(benchmark::State& state) {
  const bench::Nginx nginx(server_core);
  if (left_out(state, nginx)) return;
  const World world = bench::message_world();
  constexpr double rate = 2'000;
  const auto messages = scaled(44'000);
  const double length = static_cast<double>(messages) / rate;
  const double stop = 1.5 * length / 22;
  BenchRecorder recorder(world);
  ReplaySummary summary;
  double stopped_ms = 0;
  for (auto _ : state) {
    std::thread stopping([&] {
      std::this_thread::sleep_for(duration<double>(length / 2));
      const auto began = std::chrono::steady_clock::now();
      kill(nginx.pid(), SIGSTOP);
      std::this_thread::sleep_until(began + duration<double>(stop));
      kill(nginx.pid(), SIGCONT);
      stopped_ms = duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    });
    summary = send(world, options_for(nginx.url(), rate), messages, recorder);
    stopping.join();
    state.SetIterationTime(duration<double>(summary.wall).count());
  }
  double off_worst = 0;
  for (const auto& [name, q] : {std::pair("p99", 0.99), {"p99_9", 0.999}, {"max", 1.0}}) {
    const double truth = stop * 1000 - static_cast<double>(messages) * (1 - q) / rate * 1000;
    const double seen = recorder.latency.quantile_ms(q);
    off_worst = std::max(off_worst, std::abs(seen / truth - 1));
    state.counters[std::string(name) + "_ms"] = seen;
    state.counters[std::string(name) + "_true_ms"] = truth;
  }
  state.counters["p50_ms"] = recorder.latency.quantile_ms(0.5);
  state.counters["off_worst_percent"] = off_worst * 100;
  state.counters["stopped_ms"] = stopped_ms;
  state.counters["sent"] = static_cast<double>(summary.attempts);
  state.counters["dropped"] = static_cast<double>(summary.dropped);
}
BENCHMARK(BM_Replay_Stall)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

// In a process of its own, whose peak is its own too.
void BM_Replay_Memory(benchmark::State& state) {
  const bench::Nginx nginx(server_core);
  if (left_out(state, nginx)) return;
  const World world = bench::message_world();
  const auto messages = scaled(static_cast<std::uint64_t>(state.range(0)));
  double peak = 0;
  for (auto _ : state) {
    const auto began = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
      BenchRecorder recorder(world);
      send(world, options_for(nginx.url(), 40'000), messages, recorder);
      _exit(0);
    }
    int status = 0;
    rusage used{};
    wait4(child, &status, 0, &used);
    PEAKSTORM_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, status);
    peak = static_cast<double>(used.ru_maxrss) / 1024;
    state.SetIterationTime(duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  state.counters["peak_mib"] = peak;
}
BENCHMARK(BM_Replay_Memory)
    ->ArgName("messages")
    ->Arg(100'000)
    ->Arg(800'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peakstorm

BENCHMARK_MAIN();
