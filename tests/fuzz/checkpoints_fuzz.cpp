// Goal: no damage to a checkpoint crashes the program, makes it ask for absurd memory, or passes for a state: a run
// goes on from the very bytes that were saved, or says what is wrong with them. Method: the input is a list of edits to
// a saved state. By its first byte they go to the state of a whole run, which has a sum over its bytes, so that every
// change must be refused, though everything is read before the sum is known; to the measures' own part of it, which has
// none, so that what is accepted must be good for a report; or to a manifest.
//
// An edit is a byte that says what to do (modulo 4: write over, insert, remove, cut off), three bytes that say where
// (the lowest first, modulo the length), and, but for a cut, a byte that says how many follow or go (modulo 16).
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "engine/archive.hpp"
#include "engine/check.hpp"
#include "engine/simulation.hpp"
#include "results/checkpoint.hpp"
#include "results/measures.hpp"
#include "tests/engine/reference/random_world.hpp"

namespace {

using namespace peakstorm;
namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr std::size_t edits_max = 16;

Bytes edited(Bytes bytes, std::span<const std::uint8_t> input) {
  const auto next = [&]() -> std::size_t {
    if (input.empty()) return 0;
    const std::size_t value = input.front();
    input = input.subspan(1);
    return value;
  };
  for (std::size_t edit = 0; edit < edits_max && !input.empty() && !bytes.empty(); ++edit) {
    const std::size_t kind = next() % 4;
    std::size_t where = next();
    where += next() << 8U;
    where += next() << 16U;
    where %= bytes.size();
    const auto at = [&](std::size_t i) { return bytes.begin() + static_cast<std::ptrdiff_t>(i); };
    if (kind == 3) {
      bytes.resize(where);
      continue;
    }
    const std::size_t count = next() % 16;
    if (kind == 2) {
      bytes.erase(at(where), at(std::min(bytes.size(), where + count)));
      continue;
    }
    for (std::size_t i = where; i < where + count; ++i) {
      const auto value = static_cast<std::byte>(next());
      if (kind == 1 || i == bytes.size()) {
        bytes.insert(at(i), value);
      } else {
        bytes[i] = value;
      }
    }
  }
  return bytes;
}

/// Keeps the last checkpoint in memory.
class MemoryStore final : public CheckpointStore {
 public:
  ByteSink& begin(SimTime) override {
    bytes.clear();
    return sink_;
  }
  Result<void> finish() override { return {}; }
  Result<void> commit() override { return {}; }
  Bytes bytes;

 private:
  BytesSink sink_{bytes};
};

/// A run of a small world with everything in it, saved in its middle.
struct Saved {
  World world = test::random_world(3);
  SimTime at = day_zero + hours(40);
  Digest digest;
  Bytes state;     ///< Of the whole run at `at`.
  Bytes measures;  ///< At its end.
  fs::path folder;
  Bytes manifest;

  Saved() {
    SimulationOptions options;
    options.threads = 1;
    MemoryStore store;
    options.checkpoints = &store;
    options.checkpoint_every = at - day_zero;
    options.progress = [&](const SimulationProgress& progress) {
      if (state.empty() && progress.now > at) state = store.bytes;
    };
    Measures recorder(world, {.streams = true});
    const auto summary = simulate(world, options, recorder);
    PEAKSTORM_CHECK(summary.has_value());
    PEAKSTORM_CHECK(!state.empty());
    digest = summary->digest;
    BytesSink sink(measures);
    ArchiveWriter archive(sink);
    recorder.save(archive);
    save_files();
  }
  ~Saved() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;

 private:
  void save_files() {
    std::string name = (fs::temp_directory_path() / "peakstorm-fuzz-XXXXXX").string();
    PEAKSTORM_CHECK(mkdtemp(name.data()) != nullptr, name);
    folder = name;
    CheckpointPlan plan;
    plan.folder = folder;
    plan.facts.scenario = "small";
    plan.facts.version = "1";
    plan.fingerprint = [](SimTime) { return Digest{}; };
    auto writer = CheckpointWriter::create(plan);
    PEAKSTORM_CHECK(writer.has_value());
    (*writer)->begin(at).write(std::as_bytes(std::span("state")));
    PEAKSTORM_CHECK((*writer)->finish().has_value());
    PEAKSTORM_CHECK((*writer)->commit().has_value());
    std::ifstream in(folder / "000001.json", std::ios::binary);
    for (const char c : std::string(std::istreambuf_iterator<char>(in), {})) {
      manifest.push_back(static_cast<std::byte>(c));
    }
    PEAKSTORM_CHECK(!manifest.empty());
  }
};

const Saved& saved() {
  static const Saved saved;
  return saved;
}

void resume(std::span<const std::uint8_t> input) {
  const Bytes bytes = edited(saved().state, input);
  BytesSource source(bytes);
  ResumePoint point{saved().at, {&source}};
  SimulationOptions options;
  options.threads = 1;
  options.resume = &point;
  Measures recorder(saved().world, {.streams = true});
  const auto summary = simulate(saved().world, options, recorder);
  if (bytes == saved().state) {
    PEAKSTORM_CHECK(summary.has_value());
    PEAKSTORM_CHECK(summary->digest == saved().digest);
    return;
  }
  PEAKSTORM_CHECK(!summary.has_value(), bytes.size());
  PEAKSTORM_CHECK(summary.error().kind == ErrorKind::bad_input);
  PEAKSTORM_CHECK(!summary.error().message.empty());
}

void absorb(std::span<const std::uint8_t> input) {
  const Bytes bytes = edited(saved().measures, input);
  BytesSource source(bytes);
  ArchiveReader archive(source);
  Measures recorder(saved().world, {.streams = true});
  recorder.shard(0);
  recorder.absorb(archive);
  if (!archive.ok()) {
    PEAKSTORM_CHECK(bytes != saved().measures, bytes.size());
    return;
  }
  recorder.finish();
  PEAKSTORM_CHECK(!recorder.measures().empty());
  for (const TrackedParcel& parcel : recorder.tracked()) {
    PEAKSTORM_CHECK(static_cast<std::size_t>(parcel.facts.node) < saved().world.nodes.size());
  }
}

void read_manifest(std::span<const std::uint8_t> input) {
  const Bytes bytes = edited(saved().manifest, input);
  std::ofstream out(saved().folder / "000001.json", std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  PEAKSTORM_CHECK(out.good(), saved().folder.string());
  const auto reader = CheckpointReader::open(saved().folder, "1");
  if (!reader) {
    PEAKSTORM_CHECK(bytes != saved().manifest, reader.error().message);
    PEAKSTORM_CHECK(reader.error().kind == ErrorKind::bad_input, reader.error().message);
    return;
  }
  PEAKSTORM_CHECK(!instant_text((*reader)->facts().first_day_unix, (*reader)->at()).empty());
  auto parts = (*reader)->parts();
  PEAKSTORM_CHECK(parts.has_value());
  std::vector<std::byte> state(100);
  for (ByteSource* const part : parts->parts) PEAKSTORM_CHECK(part->read(state) == sizeof("state"));
  PEAKSTORM_CHECK((*reader)->status().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> edits(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      resume(edits);
      break;
    case 1:
      absorb(edits);
      break;
    default:
      read_manifest(edits);
      break;
  }
  return 0;
}
