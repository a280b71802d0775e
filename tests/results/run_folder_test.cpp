#include "results/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <set>

#include "results/run_recorder.hpp"
#include "results/store/file_calls.hpp"
#include "results/store/stream.hpp"
#include "tests/results/faulty_calls.hpp"
#include "tests/results/small_world.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using test::Faulty;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A made-up but consistent run: `count` parcels of the retailer with four scans each, some reported late, some never,
/// and a few shoppers' acts.
struct Story {
  std::vector<ParcelFacts> facts;
  std::vector<Scan> scans;
  std::vector<ShopperAct> acts;
  std::vector<Outcome> outcomes;
};

Story tell(const World& world, std::uint32_t count) {
  Story story;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Draws draws({11, 0}, Purpose::test, i);
    ParcelFacts f;
    f.id = make_parcel_id(ShipNodeId{0}, static_cast<std::uint16_t>(48 + i % 24), i);
    f.ordered = day_zero + hours(54 + i % 12);  // Day 2 in both zones.
    f.destination = DestinationId{static_cast<std::uint16_t>(i % 2)};
    f.service = ServiceId{static_cast<std::uint8_t>(i % 3)};
    f.tier = static_cast<Tier>(i % 3);
    f.promise_day = 5;
    f.window_from = hours(8);
    f.window_to = hours(18);
    f.shipping_cost = 500 + i % 100;
    story.facts.push_back(f);
    const auto scan = [&](SimTime at, PlaceId place, ScanKind kind, std::uint8_t sequence) {
      Scan s{at, at, f.id, place, static_cast<std::uint16_t>(kind == ScanKind::delivered ? no_day : 5), kind, sequence};
      const auto fate = Draws({12, 0}, Purpose::test, i, sequence).below(0, 100);
      if (fate < 3) s.reported = never;
      if (fate >= 3 && fate < 8) s.reported = at + hours(4 + fate);
      story.scans.push_back(s);
    };
    const SimTime start = f.ordered + minutes(draws.below(0, 600));
    scan(start, world.place(ShipNodeId{0}), ScanKind::label_created, 0);
    scan(start + hours(8), PlaceId{0}, ScanKind::arrived, 1);
    scan(start + hours(20), PlaceId{1}, ScanKind::out_for_delivery, 2);
    const bool late = i % 10 == 0;
    const SimTime delivered = start + hours(late ? 120 : 40);
    scan(delivered, no_place, ScanKind::delivered, 3);
    story.acts.push_back({start + hours(30), f.id, ActKind::check, 0});
    if (late) story.acts.push_back({start + hours(110), f.id, ActKind::contact, 1});
    Outcome o;
    o.id = f.id;
    o.at = delivered;
    o.destination = f.destination;
    o.service = f.service;
    o.fate = Fate::delivered;
    o.order_day = 2;
    o.tender_day = 3;
    o.promise_day = o.revised_day = o.commit_day = 5;
    const TimeZone& zone = world.zones[index(world.destinations[index(f.destination)].zone)];
    o.delivered_day = o.first_attempt_day = static_cast<std::uint16_t>(zone.local_day(delivered));
    o.delivered_time = zone.time_of_day(delivered);
    o.attempts = 1;
    if (story.scans.back().reported != never) {
      o.reported = story.scans.back().reported;
      o.reported_day = static_cast<std::uint16_t>(zone.local_day(o.reported));
    } else {
      o.reported = never;
    }
    if (late) {
      o.cause = Cause::dock_rollover;
      o.culprit = PlaceId{0};
      o.excess_minutes = 4000;
    }
    story.outcomes.push_back(o);
  }
  const auto by_time = [](const auto& a, const auto& b) {
    return std::tie(a.at, a.parcel, a.sequence) < std::tie(b.at, b.parcel, b.sequence);
  };
  std::sort(story.scans.begin(), story.scans.end(), by_time);
  std::sort(story.acts.begin(), story.acts.end(), by_time);
  return story;
}

SimulationSummary summary_of(const Story& story) {
  SimulationSummary summary;
  summary.digest = {0x0123456789abcdef, 0xfedcba9876543210};
  summary.parcels = summary.tracked = story.facts.size();
  summary.scans = story.scans.size();
  return summary;
}

void play(const Story& story, Recorder& recorder) {
  recorder.shard(0).outcomes(story.outcomes);
  if (!recorder.wants_streams()) return;
  recorder.parcels(story.facts);
  recorder.scans(story.scans);
  recorder.acts(story.acts);
  recorder.load_series(PlaceId{0}, hours(1), std::vector<PlaceLoad>(48, PlaceLoad{5, 7, 0}));
  recorder.census(CarrierId{0}, std::vector<Census>(3));
}

RunRecorderOptions options_for(const fs::path& folder, const fs::path& scenario = {},
                               store::FileCalls* calls = nullptr) {
  RunRecorderOptions options;
  RunFolderPlan plan;
  plan.folder = folder;
  plan.facts.seed = 7;
  plan.facts.version = "0.1.0";
  plan.facts.command_line = "peakstorm drill small";
  plan.world_text = "name = \"small\"\n";
  plan.scenario = scenario;
  plan.calls = calls;
  options.folder = plan;
  return options;
}

/// A whole run; the first error, or nothing.
Result<void> run(const World& world, const Story& story, const RunRecorderOptions& options) {
  auto recorder = RunRecorder::create(world, options);
  if (!recorder) return tl::unexpected(recorder.error());
  play(story, (*recorder)->replication(0));
  if (auto done = (*recorder)->simulated(0, summary_of(story), 1.5); !done) return done;
  if (auto written = (*recorder)->write_tables({}); !written) return written;
  return (*recorder)->seal();
}

std::string query(const fs::path& database, const char* sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  std::string text;
  char* error = nullptr;
  sqlite3_exec(
      handle, sql,
      [](void* into, int columns, char** values, char**) {
        auto& out = *static_cast<std::string*>(into);
        for (int c = 0; c < columns; ++c)
          out += (c > 0 ? "|" : "") + std::string(values[c] != nullptr ? values[c] : "NULL");
        out += "\n";
        return 0;
      },
      &text, &error);
  EXPECT_EQ(error, nullptr) << error << " in " << sql;
  sqlite3_free(error);
  sqlite3_close(handle);
  return text;
}

// Goal: a stream file reads back as it was written, and is the same, byte for byte, however many threads packed it.
// Method: scans with every field at its ends and in between, several frames of them, appended in uneven portions.
TEST(StreamFile, ReadsBackEqualForAnyNumberOfThreads) {
  std::vector<Scan> scans;
  SimTime at = day_zero - hours(3);
  for (std::uint32_t i = 0; i < 300'000; ++i) {
    const Draws draws({5, 0}, Purpose::test, i);
    at += SimDuration{draws.below(0, 3)};
    Scan scan;
    scan.at = at;
    scan.reported = i % 7 == 0 ? never : at + SimDuration{i % 5 == 0 ? draws.word(1) : 0U};
    scan.parcel = ParcelId{i % 11 == 0 ? 0 : (std::uint64_t{draws.word(2)} << 32U) | draws.word(3)};
    scan.place = i % 3 == 0 ? no_place : PlaceId{static_cast<std::uint16_t>(draws.below(2, 0xffff))};
    scan.eta_day = i % 4 == 0 ? no_day : static_cast<std::uint16_t>(draws.below(3, 0xffff));
    scan.kind = static_cast<ScanKind>(1 + i % (scan_kind_end - 1));
    scan.sequence = static_cast<std::uint8_t>(i);
    scans.push_back(scan);
  }
  const TemporaryFolder scratch;
  std::vector<std::string> files;
  for (const unsigned threads : {1U, 2U, 6U}) {
    const fs::path path = scratch / std::to_string(threads).c_str();
    auto writer = store::StreamWriter<Scan>::create(path, store::system_calls(), threads);
    ASSERT_TRUE(writer);
    std::span<const Scan> left(scans);
    for (std::size_t portion = 1; !left.empty(); portion = portion * 3 + 1) {
      const std::size_t count = std::min(portion, left.size());
      ASSERT_TRUE((*writer)->append(left.first(count)));
      left = left.subspan(count);
    }
    ASSERT_TRUE((*writer)->finish());
    std::ifstream in(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    EXPECT_EQ((*writer)->facts().size, files.back().size());
    auto reader = store::StreamReader<Scan>::open(path);
    ASSERT_TRUE(reader);
    std::vector<Scan> back;
    for (std::vector<Scan> frame;;) {
      ASSERT_TRUE((*reader)->next_frame(frame));
      if (frame.empty()) break;
      back.insert(back.end(), frame.begin(), frame.end());
    }
    EXPECT_TRUE(back == scans);
  }
  EXPECT_TRUE(files[0] == files[1]);
  EXPECT_TRUE(files[0] == files[2]);
}

TEST(RunFolder, RoundTripsStreamsParcelsAndMeasures) {
  const TemporaryFolder scratch;
  fs::create_directory(scratch / "scenario");
  write_text(scratch / "scenario" / "scenario.toml", "[scenario]\n");
  write_text(scratch / "scenario" / "lanes.csv", "from,to\n");
  const World world = test::small_world();
  const Story story = tell(world, 1000);
  const auto done = run(world, story, options_for(scratch / "run", scratch / "scenario"));
  ASSERT_TRUE(done) << done.error().message;

  const auto reader = RunReader::open(scratch / "run");
  ASSERT_TRUE(reader) << reader.error().message;
  const Manifest& manifest = (*reader)->manifest();
  EXPECT_EQ(manifest.scenario, "small");
  EXPECT_EQ(manifest.seed, 7U);
  EXPECT_EQ(manifest.digest, "0123456789abcdeffedcba9876543210");
  EXPECT_FALSE(manifest.partial);
  std::vector<std::string> names;
  for (const Manifest::File& file : manifest.files) names.push_back(file.name);
  EXPECT_THAT(names, ::testing::ElementsAre("acts.pb.zst", "inputs/lanes.csv", "inputs/scenario.toml", "run.sqlite",
                                            "scans.pb.zst", "world.toml"));

  std::vector<Scan> scans;
  ASSERT_TRUE(
      (*reader)->for_each_scan([&](std::span<const Scan> s) { scans.insert(scans.end(), s.begin(), s.end()); }));
  EXPECT_EQ(scans, story.scans);
  std::vector<ShopperAct> acts;
  ASSERT_TRUE(
      (*reader)->for_each_act([&](std::span<const ShopperAct> a) { acts.insert(acts.end(), a.begin(), a.end()); }));
  EXPECT_EQ(acts, story.acts);

  const auto parcels = (*reader)->parcels();
  ASSERT_TRUE(parcels);
  ASSERT_EQ(parcels->size(), story.facts.size());
  std::map<ParcelId, ParcelFacts> facts;
  for (const ParcelFacts& f : story.facts) facts[f.id] = f;
  for (const TruthParcel& p : *parcels) {
    const ParcelFacts& f = facts.at(p.facts.id);
    EXPECT_EQ(p.facts.ordered, f.ordered);
    EXPECT_EQ(p.facts.service, f.service);
    EXPECT_EQ(p.facts.tier, f.tier);
    EXPECT_EQ(p.facts.promise_day, f.promise_day);
    EXPECT_EQ(p.facts.window_to, f.window_to);
    EXPECT_EQ(p.facts.shipping_cost, f.shipping_cost);
    EXPECT_TRUE(p.measured);
  }
  const auto measures = (*reader)->measures();
  ASSERT_TRUE(measures);
  const auto broken = std::count_if(story.outcomes.begin(), story.outcomes.end(),
                                    [](const Outcome& o) { return o.delivered_day > o.promise_day; });
  EXPECT_GT(broken, 0);
  EXPECT_EQ(measures->at("late_parcels").value, static_cast<double>(broken));
  EXPECT_EQ(measures->at("on_time.promise").value, 1 - static_cast<double>(broken) / 1000);
  EXPECT_EQ(measures->at("recovery_cost").unit, Unit::cents);

  const fs::path sqlite = scratch / "run" / "run.sqlite";
  EXPECT_EQ(query(sqlite, "SELECT broken FROM on_time WHERE definition = 'promise' AND population = 'retailer'"),
            std::to_string(broken) + "\n");
  EXPECT_EQ(query(sqlite, "SELECT count(*) FROM parcel WHERE verdict_promise = 'broken'"),
            std::to_string(broken) + "\n");
  EXPECT_EQ(query(sqlite, "SELECT date, weekday FROM day WHERE day = 0"), "2013-11-25|Mon\n");
  EXPECT_EQ(query(sqlite, "SELECT place, cause FROM worst_causes LIMIT 1"), "dallas-hub|dock_rollover\n");
  EXPECT_EQ(query(sqlite, "SELECT sort_pieces_per_day, stops_per_day FROM place WHERE place_id < 2"),
            "4000|0\n0|500\n");
  EXPECT_EQ(query(sqlite, "SELECT departures_per_week FROM lane"), "12\n");
  EXPECT_EQ(query(sqlite,
                  "SELECT sum(kept + broken) FROM on_time_due_by_date WHERE definition = 'promise' AND date = "
                  "'2013-11-30'"),
            "1000\n");
  EXPECT_EQ(query(sqlite, "SELECT value FROM run WHERE key = 'digest'"), manifest.digest + "\n");
  EXPECT_EQ(query(sqlite, "PRAGMA integrity_check"), "ok\n");
}

/// Hands over what happens in [from, to), as the engine does between windows; outcomes go to `partitions` shards.
void play_span(const Story& story, Recorder& recorder, SimTime from, SimTime to, std::size_t partitions) {
  const auto within = [&](SimTime at) { return at >= from && at < to; };
  const auto part = [&](const auto& items) {
    auto some = items;
    std::erase_if(some, [&](const auto& item) { return !within(item.at); });
    return some;
  };
  std::vector<ParcelFacts> facts = story.facts;
  std::erase_if(facts, [&](const ParcelFacts& f) { return !within(f.ordered); });
  recorder.parcels(facts);
  recorder.scans(part(story.scans));
  recorder.acts(part(story.acts));
  const auto outcomes = part(story.outcomes);
  for (std::size_t p = 0; p < partitions; ++p) {
    std::vector<Outcome> own;
    for (std::size_t i = p; i < outcomes.size(); i += partitions) own.push_back(outcomes[i]);
    recorder.shard(p).outcomes(own);
  }
}

std::vector<std::byte> saved(const Recorder& recorder) {
  std::vector<std::byte> bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  recorder.save(archive);
  return bytes;
}

/// True when the recorder could take in all of it.
bool absorbed(Recorder& recorder, std::span<const std::byte> bytes) {
  BytesSource source(bytes);
  ArchiveReader archive(source);
  recorder.absorb(archive);
  std::byte more{};
  return archive.ok() && source.read({&more, 1}) == 0;
}

constexpr SimTime story_begin = SimTime::min();
constexpr SimTime story_end = SimTime::max();
constexpr SimTime half_time = day_zero + hours(108);

Result<void> complete(RunRecorder& recorder, const Story& story) {
  if (auto done = recorder.simulated(0, summary_of(story), 1.5); !done) return done;
  if (auto written = recorder.write_tables({}); !written) return written;
  return recorder.seal();
}

std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().lexically_relative(folder).string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

/// A run that is saved at half time and interrupted some time later: finished as partial, or just left.
std::vector<std::byte> interrupted(const World& world, const Story& story, const fs::path& folder, bool finishes) {
  const auto recorder = RunRecorder::create(world, options_for(folder)).value();
  Recorder& first = recorder->replication(0);
  play_span(story, first, story_begin, half_time, 3);
  EXPECT_TRUE(recorder->sync());
  auto bytes = saved(first);
  play_span(story, first, half_time, half_time + hours(9), 3);
  if (finishes) {
    SimulationSummary summary = summary_of(story);
    summary.partial = true;
    EXPECT_TRUE(recorder->simulated(0, summary, 1));
    EXPECT_TRUE(recorder->write_tables({}));
    EXPECT_TRUE(recorder->seal());
    write_text(folder / "report.html", "<p>partial</p>");
  }
  return bytes;
}

// Goal: a run that goes on from a checkpoint leaves the folder that it would have left without interruption, byte for
// byte. Method: 80,000 scans, so that the cut lies within a frame and after a whole one; other partitions afterwards.
TEST(ResumedRun, LeavesTheSameFolder) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 20'000);
  const auto whole = RunRecorder::create(world, options_for(scratch / "whole")).value();
  play_span(story, whole->replication(0), story_begin, story_end, 1);
  ASSERT_TRUE(complete(*whole, story));
  const auto want = files_of(scratch / "whole");
  ASSERT_EQ(want.count("scans.pb.zst"), 1U);

  for (const bool finishes : {false, true}) {
    const fs::path folder = scratch / (finishes ? "finished" : "left");
    const auto checkpoint = interrupted(world, story, folder, finishes);
    EXPECT_EQ(fs::exists(folder / "manifest.json"), finishes);
    auto options = options_for(folder);
    options.folder->resumes = folder;
    const auto resumed = RunRecorder::create(world, options);
    ASSERT_TRUE(resumed) << resumed.error().message;
    EXPECT_FALSE(fs::exists(folder / "manifest.json"));
    EXPECT_FALSE(fs::exists(folder / "report.html"));
    Recorder& recorder = (*resumed)->replication(0);
    for (std::size_t p = 0; p < 2; ++p) recorder.shard(p);
    ASSERT_TRUE(absorbed(recorder, checkpoint)) << (*resumed)->status().error().message;
    play_span(story, recorder, half_time, story_end, 2);
    const auto done = complete(**resumed, story);
    ASSERT_TRUE(done) << done.error().message;
    for (const auto& [name, bytes] : want) {
      EXPECT_TRUE(files_of(folder).at(name) == bytes) << name << " differs, finished: " << finishes;
    }
    EXPECT_EQ(files_of(folder).size(), want.size());
  }
}

TEST(ResumedRun, MayGoOnInAnotherFolderAndLeavesTheFirstAlone) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 2000);
  const auto checkpoint = interrupted(world, story, scratch / "past", true);
  const auto past = files_of(scratch / "past");
  const auto whole = RunRecorder::create(world, options_for(scratch / "whole")).value();
  play_span(story, whole->replication(0), story_begin, story_end, 1);
  ASSERT_TRUE(complete(*whole, story));
  for (const char* name : {"future-a", "future-b"}) {
    auto options = options_for(scratch / name);
    options.folder->resumes = scratch / "past";
    const auto future = RunRecorder::create(world, options);
    ASSERT_TRUE(future) << future.error().message;
    Recorder& recorder = (*future)->replication(0);
    ASSERT_TRUE(absorbed(recorder, checkpoint));
    play_span(story, recorder, half_time, story_end, 1);
    ASSERT_TRUE(complete(**future, story));
    EXPECT_TRUE(files_of(scratch / name) == files_of(scratch / "whole")) << name;
  }
  EXPECT_TRUE(files_of(scratch / "past") == past);
}

// Ranks other than 0 only count; rank 0 adds their counts to its own at the end.
TEST(ResumedRun, CountsOfOtherRanksAddUp) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 2000);
  const auto rank0 = RunRecorder::create(world, options_for(scratch / "run")).value();
  RunRecorderOptions only_counts;
  const auto rank1 = RunRecorder::create(world, only_counts).value();
  Story streams = story;
  streams.outcomes.clear();
  Recorder& first = rank0->replication(0);
  Recorder& second = rank1->replication(0);
  play_span(streams, first, story_begin, story_end, 1);
  first.shard(1).outcomes(std::span(story.outcomes).first(700));
  second.shard(0).outcomes(std::span(story.outcomes).subspan(700));
  ASSERT_TRUE(absorbed(first, saved(second)));
  ASSERT_TRUE(complete(*rank0, story));
  const auto whole = RunRecorder::create(world, options_for(scratch / "whole")).value();
  play_span(story, whole->replication(0), story_begin, story_end, 1);
  ASSERT_TRUE(complete(*whole, story));
  EXPECT_TRUE(files_of(scratch / "run") == files_of(scratch / "whole"));
}

TEST(ResumedRun, NamesTheStreamThatDoesNotFitTheCheckpoint) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 20'000);
  const auto checkpoint = interrupted(world, story, scratch / "run", false);
  const auto resume = [&]() -> std::string {
    auto options = options_for(scratch / "run");
    options.folder->resumes = scratch / "run";
    const auto recorder = RunRecorder::create(world, options);
    if (!recorder) return recorder.error().message;
    EXPECT_FALSE(absorbed((*recorder)->replication(0), checkpoint));
    return (*recorder)->status().error().message;
  };
  const fs::path scans = scratch / "run" / "scans.pb.zst";
  const std::string bytes = files_of(scratch / "run").at("scans.pb.zst");
  ASSERT_GT(bytes.size(), 1000U);
  std::string flipped = bytes;
  flipped[500] = static_cast<char>(flipped[500] ^ 1);
  write_text(scans, flipped);
  EXPECT_THAT(resume(), AllOf(HasSubstr("scans.pb.zst"), HasSubstr("changed or damaged"), HasSubstr("restore it")));
  write_text(scans, bytes.substr(0, 900));
  EXPECT_THAT(resume(), AllOf(HasSubstr("scans.pb.zst"), HasSubstr("has 900 bytes")));
  fs::remove(scans);
  EXPECT_THAT(resume(), AllOf(HasSubstr("scans.pb.zst"), HasSubstr("cannot open")));
}

// Every cut of a saved state is refused without a crash; the sanitizer builds watch.
TEST(ResumedRun, ATornStateIsRefused) {
  const World world = test::small_world();
  const Story story = tell(world, 40);
  Measures measures(world, {.streams = true});
  play_span(story, measures, story_begin, half_time, 2);
  const auto bytes = saved(measures);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    Measures other(world, {.streams = true});
    EXPECT_FALSE(absorbed(other, std::span(bytes).first(size))) << size;
  }
  // Any single byte changed: taken in or refused, but never out of bounds.
  for (std::size_t i = 0; i < bytes.size(); i += 5) {
    auto changed = bytes;
    changed[i] ^= std::byte{0xff};
    Measures other(world, {.streams = true});
    if (absorbed(other, changed)) other.finish();
  }
}

TEST(ResumedRun, TheSavedStateDoesNotDependOnPartitions) {
  const World world = test::small_world();
  const Story story = tell(world, 500);
  Measures one(world, {.streams = true});
  Measures many(world, {.streams = true});
  play_span(story, one, story_begin, half_time, 1);
  play_span(story, many, story_begin, half_time, 5);
  EXPECT_TRUE(saved(one) == saved(many));
}

TEST(RunFolder, TheSourceYieldsPublishedScansAndChecksInOrderOfTheirInstants) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 1000);
  ASSERT_TRUE(run(world, story, options_for(scratch / "run")));
  const auto reader = RunReader::open(scratch / "run");
  ASSERT_TRUE(reader);
  const auto source = (*reader)->replay_source();
  ASSERT_TRUE(source) << source.error().message;

  std::vector<ReplayItem> items;
  for (std::size_t before = items.size();; before = items.size()) {
    ASSERT_TRUE((*source)->next(137, items));
    if (items.size() == before) break;
    EXPECT_LE(items.size() - before, 137U);
  }
  // The same list by sorting everything at once.
  const std::uint64_t node = hash64("node-a");
  std::vector<std::tuple<SimTime, std::uint64_t, bool, int>> want;
  for (const Scan& s : story.scans) {
    if (s.reported != never) want.emplace_back(s.reported, parcel_key(node, s.parcel), false, s.sequence);
  }
  const std::size_t published = want.size();
  for (const ShopperAct& a : story.acts) {
    if (a.kind == ActKind::check) want.emplace_back(a.at, parcel_key(node, a.parcel), true, a.sequence);
  }
  std::sort(want.begin(), want.end());
  decltype(want) got;
  for (const ReplayItem& item : items) {
    got.emplace_back(item.at, parcel_key(node, item.parcel), item.is_check, item.is_check ? 0 : item.scan.sequence);
    if (!item.is_check) {
      EXPECT_EQ(item.at, item.scan.reported);
      EXPECT_EQ(item.parcel, item.scan.parcel);
    }
  }
  EXPECT_EQ(got, want);
  EXPECT_LT(published, story.scans.size());
  const auto totals = (*source)->totals();
  EXPECT_EQ(totals.scans, published);
  EXPECT_EQ(totals.checks, want.size() - published);
  EXPECT_EQ(totals.first, std::get<0>(want.front()));
  EXPECT_EQ(totals.last, std::get<0>(want.back()));
  ASSERT_NE((*source)->facts(story.facts[5].id), nullptr);
  EXPECT_EQ((*source)->facts(story.facts[5].id)->shipping_cost, story.facts[5].shipping_cost);
  EXPECT_EQ((*source)->facts(ParcelId{12345}), nullptr);
  EXPECT_EQ((*source)->parcels().size(), 1000U);
}

TEST(RunFolder, AFolderThatIsThereAndNotEmptyIsLeftAlone) {
  const TemporaryFolder scratch;
  fs::create_directory(scratch / "run");
  write_text(scratch / "run" / "precious.txt", "mine");
  const World world = test::small_world();
  const auto recorder = RunRecorder::create(world, options_for(scratch / "run"));
  ASSERT_FALSE(recorder);
  EXPECT_EQ(recorder.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(recorder.error().message, HasSubstr("not an empty folder"));
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch / "run"), {}), 1);
}

TEST(ReplayFolder, IsNotMadeOfARunOfAnotherVersion) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  ASSERT_TRUE(run(world, tell(world, 50), options_for(scratch / "run")));
  const auto reader = RunReader::open(scratch / "run");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(ReplayFolder::create(**reader, scratch / "whole"));
  const auto refusal = [&](const char* change) {
    query(scratch / "run" / "run.sqlite", change);
    const auto refused = ReplayFolder::create(**reader, scratch / "replayed");
    EXPECT_FALSE(fs::exists(scratch / "replayed"));
    return refused ? "taken" : refused.error().message;
  };
  EXPECT_THAT(refusal("ALTER TABLE outage ADD COLUMN further"),
              AllOf(HasSubstr("table 'outage' has other columns"), HasSubstr("simulate it again")));
  EXPECT_THAT(refusal("DROP TABLE replay_sender"), HasSubstr("table 'replay_sender' is not there"));
}

TEST(RunReader, NamesWhatIsWrong) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const auto missing = RunReader::open(scratch / "nowhere");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("no such run folder"));

  ASSERT_TRUE(run(world, tell(world, 50), options_for(scratch / "run")));
  const fs::path manifest = scratch / "run" / "manifest.json";
  std::ifstream in(manifest);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});

  fs::remove(manifest);
  const auto unfinished = RunReader::open(scratch / "run");
  ASSERT_FALSE(unfinished);
  EXPECT_THAT(unfinished.error().message, HasSubstr("an unfinished run"));

  for (const char* broken : {"", "{", "[]", "{\"format\": 99}", "{\"format\": 1}", "{\"format\": 1, \"files\": 3}"}) {
    write_text(manifest, broken);
    const auto bad = RunReader::open(scratch / "run");
    ASSERT_FALSE(bad) << broken;
    EXPECT_EQ(bad.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(bad.error().message, HasSubstr("not a manifest")) << broken;
  }
  write_text(manifest, whole);
  ASSERT_TRUE(RunReader::open(scratch / "run"));
}

TEST(RunReader, FindsTheFileWithAWrongChecksum) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  ASSERT_TRUE(run(world, tell(world, 50), options_for(scratch / "run")));
  for (const char* name : {"scans.pb.zst", "run.sqlite", "world.toml"}) {
    const fs::path path = scratch / "run" / name;
    std::string bytes;
    {
      std::ifstream in(path, std::ios::binary);
      bytes.assign((std::istreambuf_iterator<char>(in)), {});
    }
    std::string changed = bytes;
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
    write_text(path, changed);
    const auto flipped = RunReader::open(scratch / "run");
    ASSERT_FALSE(flipped) << name;
    EXPECT_THAT(flipped.error().message, AllOf(HasSubstr(name), HasSubstr("checksum")));
    EXPECT_TRUE(RunReader::open(scratch / "run", false)) << "not asked to verify";
    write_text(path, bytes + "x");
    EXPECT_THAT(RunReader::open(scratch / "run").error().message, AllOf(HasSubstr(name), HasSubstr("bytes")));
    fs::remove(path);
    EXPECT_THAT(RunReader::open(scratch / "run").error().message, AllOf(HasSubstr(name), HasSubstr("is missing")));
    write_text(path, bytes);
    EXPECT_TRUE(RunReader::open(scratch / "run"));
  }
}

// Goal: a damaged stream is an error or the truth, never a crash. Method: flip and cut at every few bytes, without the
// checksums' help.
TEST(RunReader, ADamagedStreamIsAnErrorNotACrash) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  ASSERT_TRUE(run(world, tell(world, 200), options_for(scratch / "run")));
  const fs::path path = scratch / "run" / "scans.pb.zst";
  std::string bytes;
  {
    std::ifstream in(path, std::ios::binary);
    bytes.assign((std::istreambuf_iterator<char>(in)), {});
  }
  std::size_t errors = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 13) {
    for (const bool cut : {false, true}) {
      std::string damaged = cut ? bytes.substr(0, i) : bytes;
      if (!cut) damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
      write_text(path, damaged);
      const auto reader = RunReader::open(scratch / "run", false);
      ASSERT_TRUE(reader);
      const auto read = (*reader)->for_each_scan([](std::span<const Scan>) {});
      if (!read) {
        ++errors;
        EXPECT_THAT(read.error().message, HasSubstr("scans.pb.zst"));
      }
      const auto source = (*reader)->replay_source();
      if (!source) continue;
      std::vector<ReplayItem> items;
      for (std::size_t before = 1; before != items.size();) {
        before = items.size();
        if (!(*source)->next(1000, items)) break;
      }
    }
  }
  EXPECT_GT(errors, bytes.size() / 13);  // Every cut and most flips.
}

// Goal: killed anywhere, a run folder is unfinished or whole, never something between. Method: the same run in a child
// process that dies at its n-th system call, for every n.
TEST(TornRun, KilledAtAnyStepIsUnfinishedOrWhole) {
  const World world = test::small_world();
  const Story story = tell(world, 40);
  long steps = 0;
  {
    const TemporaryFolder scratch;
    Faulty counting;
    ASSERT_TRUE(run(world, story, options_for(scratch / "run", {}, &counting)));
    steps = counting.count();
  }
  ASSERT_GT(steps, 15);
  int unfinished = 0;
  int whole = 0;
  for (long step = 0; step < steps; ++step) {
    const TemporaryFolder scratch;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Faulty deadly(step, Faulty::Act::die);
      const auto done = run(world, story, options_for(scratch / "run", {}, &deadly));
      ::_exit(done ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 9) << "step " << step;
    const auto reader = RunReader::open(scratch / "run");
    if (reader) {
      ++whole;
      EXPECT_EQ((*reader)->parcels()->size(), 40U);
    } else {
      ++unfinished;
      EXPECT_THAT(reader.error().message, ::testing::AnyOf(HasSubstr("unfinished"), HasSubstr("no such run")))
          << "step " << step;
    }
  }
  // Only the last step, flushing the folder after the rename, comes after the run is whole.
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(unfinished, steps - 1);
}

TEST(TornRun, AFullDiskIsReportedAtEveryStepAndNeverSealed) {
  const World world = test::small_world();
  const Story story = tell(world, 40);
  long steps = 0;
  {
    const TemporaryFolder scratch;
    Faulty counting;
    ASSERT_TRUE(run(world, story, options_for(scratch / "run", {}, &counting)));
    steps = counting.count();
  }
  for (long step = 0; step < steps; ++step) {
    const TemporaryFolder scratch;
    Faulty full(step, Faulty::Act::fail, ENOSPC);
    const auto done = run(world, story, options_for(scratch / "run", {}, &full));
    ASSERT_FALSE(done) << "step " << step;
    EXPECT_EQ(done.error().kind, ErrorKind::io);
    EXPECT_THAT(done.error().message, AllOf(HasSubstr("No space left"), HasSubstr("free some space")));
    if (step + 1 < steps) {
      EXPECT_FALSE(RunReader::open(scratch / "run")) << "step " << step;
    }
  }
}

TEST(TornRun, ShortWritesAreContinued) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  Faulty stingy(0, Faulty::Act::write_less);
  ASSERT_TRUE(run(world, tell(world, 100), options_for(scratch / "run", {}, &stingy)));
  EXPECT_TRUE(RunReader::open(scratch / "run"));
}

// The database has no injected calls: a file size limit makes its own writes fail.
TEST(TornRun, ADatabaseThatDoesNotFitIsReported) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 3000);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{200'000, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto done = run(world, story, options_for(scratch / "run"));
    if (done) ::_exit(1);
    ::_exit(done.error().message.find("run.sqlite") != std::string::npos &&
                    done.error().message.find("free some space") != std::string::npos
                ? 0
                : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(RunReader::open(scratch / "run"));
}

TEST(RunRecorder, WithoutAFolderMeasuresAllTheSame) {
  const World world = test::small_world();
  const Story story = tell(world, 500);
  auto recorder = RunRecorder::create(world, {});
  ASSERT_TRUE(recorder);
  play(story, (*recorder)->replication(0));
  ASSERT_TRUE((*recorder)->simulated(0, summary_of(story), 1));
  EXPECT_EQ((*recorder)->folder(), nullptr);
  EXPECT_EQ((*recorder)->measures().at("parcels").value, 500);
  const HeadlineNumbers headline = (*recorder)->headline();
  EXPECT_EQ(headline.parcels, 500U);
  EXPECT_EQ(headline.on_time[0].kept + headline.on_time[0].broken, 500U);
  EXPECT_FALSE(headline.on_time[0].interval);
  EXPECT_EQ(headline.carriers.size(), 3U);
  ASSERT_FALSE(headline.causes.empty());
  EXPECT_EQ(headline.causes[0].cause, Cause::dock_rollover);
  EXPECT_EQ(headline.causes[0].place, PlaceId{0});
  const auto due = (*recorder)->due_on(5, OnTimeDefinition::promise);
  ASSERT_EQ(due.size(), 3U);
  EXPECT_EQ(due[0].rate.kept + due[0].rate.broken + due[1].rate.kept + due[1].rate.broken + due[2].rate.kept +
                due[2].rate.broken,
            500U);
  EXPECT_TRUE((*recorder)->due_on(6, OnTimeDefinition::promise).empty());
  EXPECT_TRUE((*recorder)->write_tables({}));
  EXPECT_TRUE((*recorder)->seal());
}

TEST(RunRecorder, ReplicationsGiveIntervals) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  auto recorder = RunRecorder::create(world, options_for(scratch / "run"));
  ASSERT_TRUE(recorder);
  std::vector<double> kept;
  std::vector<double> counted;
  for (std::uint32_t r = 0; r < 4; ++r) {
    Story story = tell(world, 400);
    for (std::size_t i = 0; i < 20 * r; ++i) story.outcomes[i].delivered_day = 9;
    play(story, (*recorder)->replication(r));
    ASSERT_TRUE((*recorder)->simulated(r, summary_of(story), 1));
    kept.push_back(
        static_cast<double>(std::count_if(story.outcomes.begin(), story.outcomes.end(),
                                          [](const Outcome& o) { return o.delivered_day <= o.promise_day; })));
    counted.push_back(400);
  }
  const Measure promise = (*recorder)->measures().at("on_time.promise");
  const auto interval = ratio_interval(kept, counted);
  EXPECT_DOUBLE_EQ(*promise.value, interval->mean);
  EXPECT_DOUBLE_EQ(*promise.low, interval->low);
  EXPECT_DOUBLE_EQ(*promise.high, interval->high);
  EXPECT_LT(*promise.low, *promise.high);
  ASSERT_TRUE((*recorder)->write_tables({}));
  ASSERT_TRUE((*recorder)->seal());
  EXPECT_EQ(query(scratch / "run" / "run.sqlite",
                  "SELECT count(*) FROM on_time_replication WHERE definition = 'promise' AND population = 'retailer'"),
            "4\n");
  // The streams and tables are replication 0's alone.
  EXPECT_EQ((*RunReader::open(scratch / "run"))->manifest().scans, 1600U);
}

TEST(RunRecorder, ADrillEndsInTheTables) {
  const TemporaryFolder scratch;
  const World world = test::small_world();
  const Story story = tell(world, 300);
  auto recorder = RunRecorder::create(world, options_for(scratch / "run"));
  ASSERT_TRUE(recorder);
  play(story, (*recorder)->replication(0));
  ASSERT_TRUE((*recorder)->simulated(0, summary_of(story), 1));
  const ShownRules rules = plain_rules(world);
  auto replayed = (*recorder)->replay_recorder(rules);
  ASSERT_TRUE(replayed);
  auto source = (*recorder)->replay_source();
  ASSERT_TRUE(source);
  EXPECT_EQ((*recorder)->replay_results(), nullptr);

  // A perfect endpoint that answers in two milliseconds, but shows nothing of one parcel.
  ReplayRecorder& sink = **replayed;
  sink.begin({"http://127.0.0.1:8080", "plain", 3600, 0});
  std::map<ParcelId, ShownParcel> pages;
  std::vector<ReplayItem> items;
  ASSERT_TRUE((*source)->next(1'000'000, items));
  for (const ReplayItem& item : items) {
    const std::chrono::nanoseconds at{(item.at - day_zero).count() * 1'000'000 / 3600};
    const auto done = at + std::chrono::milliseconds{2};
    ShownParcel& page = pages[item.parcel];
    if (!item.is_check) {
      sink.request({RequestKind::scan, RequestFate::accepted, 200, item.parcel, item.scan.sequence, at, at, done});
      page.scans.push_back(*rules.scan({}, item.scan));
    } else {
      sink.request({RequestKind::check, RequestFate::accepted, 200, item.parcel, 0, at, at, done});
      sink.shown({item.parcel, done, item.at, true, ScanKind::arrived, static_cast<std::uint32_t>(page.scans.size())});
    }
  }
  for (const ParcelFacts& f : (*source)->parcels()) {
    ShownParcel page = pages[f.id];
    page.parcel = f.id;
    page.found = f.id != story.facts[3].id && !page.scans.empty();
    if (!page.found) page.scans.clear();
    std::sort(page.scans.begin(), page.scans.end(),
              [](const ShownScan& a, const ShownScan& b) { return a.unix_ms < b.unix_ms; });
    page.status = status_of(page.scans).value_or(ScanKind::label_created);
    for (const ShownScan& s : page.scans) {
      if (s.kind == ScanKind::delivered) page.delivered_unix_ms = s.unix_ms;
    }
    sink.read_back(page);
  }
  using std::chrono::microseconds;
  const std::vector<ReplaySender> senders{
      {0, "here", 5, 1, 7, 2, std::chrono::seconds{1}, {}, {}, {}},
      {1, "there", 6, 0, 6, 0, std::chrono::seconds{2}, microseconds{-40}, microseconds{3}, microseconds{1}}};
  sink.senders(senders);
  sink.end(std::chrono::seconds{30}, std::chrono::seconds{3}, true);
  ASSERT_NE((*recorder)->replay_results(), nullptr);
  EXPECT_EQ((*recorder)->replay_results()->hosts(), 2U);
  const MeasureMap measures = (*recorder)->measures();
  EXPECT_EQ(measures.at("phantom_scans").value, 0);
  EXPECT_EQ(measures.at("wrong_status").value, 0);
  EXPECT_EQ(measures.at("parcels_not_found").value, 1);
  EXPECT_GE(*measures.at("lost_scans").value, 3);
  EXPECT_NEAR(*measures.at("endpoint.p99").value, 2, 0.01);
  EXPECT_EQ(measures.at("staleness.max").value, 0);
  // Deliveries the carrier never reported are kept in truth and not as shown.
  EXPECT_LT(*measures.at("on_time_shown.promise").value, *measures.at("on_time_true.promise").value);

  const auto gate = parse_gate({"lost_scans == 0", "", 0}, measure_catalogue(world));
  ASSERT_TRUE(gate);
  const std::vector<GateResult> gates{evaluate(*gate, measures, (*recorder)->partial())};
  EXPECT_EQ(gates[0].verdict, GateVerdict::failed);
  ASSERT_TRUE((*recorder)->write_tables(gates));
  ASSERT_TRUE((*recorder)->seal());
  const fs::path sqlite = scratch / "run" / "run.sqlite";
  EXPECT_EQ(query(sqlite, "SELECT verdict FROM gate"), "failed\n");
  EXPECT_EQ(query(sqlite, "SELECT count FROM finding WHERE kind = 'parcel_not_found'"), "1\n");
  EXPECT_EQ(query(sqlite, "SELECT count(*) FROM finding_example WHERE kind = 'parcel_not_found'"), "1\n");
  EXPECT_EQ(query(sqlite,
                  "SELECT requests > 0, p99_ms < 3 FROM replay_latency WHERE kind = 'all' AND measure = "
                  "'latency'"),
            "1|1\n");
  EXPECT_EQ(query(sqlite,
                  "SELECT sum(requests) = (SELECT requests FROM replay_latency WHERE kind = 'scan' AND measure = "
                  "'service') FROM replay_histogram WHERE kind = 'scan' AND measure = 'service'"),
            "1\n");
  EXPECT_EQ(query(sqlite, "SELECT count(*) > 0 FROM replay_second"), "1\n");
  EXPECT_EQ(query(sqlite, "SELECT value FROM replay WHERE key = 'complete'"), "1\n");
  EXPECT_EQ(query(sqlite, "SELECT value FROM replay WHERE key = 'hosts'"), "2\n");
  EXPECT_EQ(query(sqlite, "SELECT count(*) FROM replay WHERE key LIKE 'stored%'"), "0\n") << "it is no broker";
  EXPECT_EQ(query(sqlite, "SELECT host, scans, late, clock_offset_us, clock_uncertainty_us FROM replay_sender"),
            "here|5|2|0.0|0.0\nthere|6|0|-40.0|3.0\n");
}

}  // namespace
}  // namespace peakstorm
