// How many messages a second one core writes and signs, per format: BM_Encode/format:NAME; template:protobuf is
// parcel.http, a user's own Protobuf message. The parcels are those of a
// small world, each with the first scans of its story, so that bodies are of the size that a drill sends most (bytes
// stands beside the rate). The digest covers every byte but the RSA signatures' keys: a faster wrong answer shows.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "adapters/wire_format.hpp"
#include "bench/message_world.hpp"
#include "bench/signing_key.hpp"
#include "engine/check.hpp"

namespace peakstorm {
namespace {

struct Story {
  ParcelFacts facts;
  std::string number;
  std::vector<Scan> scans;
};

/// Parcels whose newest scan is their first or second.
std::vector<Story> stories() {
  std::vector<Story> all;
  for (std::uint32_t i = 0; i < 1024; ++i) {
    Story story;
    story.facts.id = make_parcel_id(ShipNodeId{0}, 5, i);
    story.facts.service = ServiceId{static_cast<std::uint8_t>(i % 3)};
    story.facts.ordered = day_zero + hours(5);
    story.facts.promise_day = 9;
    story.number = "1Z" + std::to_string(9'990'000'000'000'000 + i);
    for (std::uint32_t s = 0; s < 1 + i % 2; ++s) {
      Scan scan;
      scan.parcel = story.facts.id;
      scan.sequence = static_cast<std::uint8_t>(s);
      scan.kind = s == 0 ? ScanKind::label_created : static_cast<ScanKind>(2 + i % 15);
      scan.at = day_zero + hours(5 + s) + SimDuration{i * 1000};
      scan.reported = scan.at + SimDuration{500};
      scan.place = PlaceId{static_cast<std::uint16_t>(i % 3)};
      scan.eta_day = static_cast<std::uint16_t>(3 + i % 5);
      story.scans.push_back(scan);
    }
    all.push_back(std::move(story));
  }
  return all;
}

void encode_and_sign(benchmark::State& state, std::string_view name) {
  const World world = bench::message_world();
  const std::vector<Story> all = stories();
  auto format = wire::make_format(name, world, {testing::secret_for(name), ""});
  PEAKSTORM_CHECK(format.has_value(), std::string(name));
  wire::Message message;
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::int64_t sent_unix_ms = 1'795'184'100'000;
  while (state.KeepRunningBatch(static_cast<std::int64_t>(all.size()))) {
    for (const Story& story : all) {
      (*format)->encode({story.facts, story.number, story.scans, story.scans.back()}, message);
      (*format)->sign(++sent_unix_ms, message);
      bytes += message.body.size();
      benchmark::DoNotOptimize(message.headers.data());
    }
    messages += all.size();
  }
  std::uint64_t digest = 0;
  for (const Story& story : all) {
    (*format)->encode({story.facts, story.number, story.scans, story.scans.back()}, message);
    digest = hash64(digest, hash64(message.body));
  }
  state.SetLabel("digest " + std::to_string(digest));
  state.counters["messages_per_second"] =
      benchmark::Counter(static_cast<double>(messages), benchmark::Counter::kIsRate);
  state.counters["body_bytes"] = static_cast<double>(bytes) / static_cast<double>(messages);
}

}  // namespace
}  // namespace peakstorm

int main(int argc, char** argv) {
  for (const std::string_view name : peakstorm::wire::format_names()) {
    benchmark::RegisterBenchmark(("BM_Encode/format:" + std::string(name)).c_str(),
                                 [name](benchmark::State& state) { peakstorm::encode_and_sign(state, name); });
  }
  benchmark::RegisterBenchmark("BM_Encode/format:template:protobuf", [](benchmark::State& state) {
    peakstorm::encode_and_sign(state, "template:" PEAKSTORM_SOURCE_DIR "/bench/parcel.http");
  });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
