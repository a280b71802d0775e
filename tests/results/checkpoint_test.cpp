#include "results/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <set>

#include "engine/random.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"
#include "tests/results/faulty_calls.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
using test::Faulty;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr const char* version = "0.1.0";

CheckpointPlan plan_for(const fs::path& folder, store::FileCalls* calls = nullptr) {
  CheckpointPlan plan;
  plan.folder = folder;
  plan.facts.scenario = "small";
  plan.facts.run = {18'446'744'073'709'551'615U, 3};
  plan.facts.scale = 0.25;
  plan.facts.without[1] = true;
  plan.facts.streams = true;
  plan.facts.background = true;
  plan.facts.run_folder = "/runs/small";
  plan.facts.version = version;
  plan.facts.command_line = "peakstorm simulate small";
  plan.facts.first_day_unix = 1'385'337'600;  // 2013-11-25
  plan.fingerprint = [](SimTime at) { return Digest{1, static_cast<std::uint64_t>(at.time_since_epoch().count())}; };
  plan.calls = calls;
  return plan;
}

/// The state of a rank at an instant: some of it packs well, some does not.
std::vector<std::byte> state_of(SimTime at, std::size_t rank, std::size_t size = 300'000) {
  const std::uint64_t seed = hash64(static_cast<std::uint64_t>(at.time_since_epoch().count()), rank);
  std::vector<std::byte> state(size + rank);
  for (std::size_t i = 0; i < state.size(); ++i) {
    state[i] = static_cast<std::byte>(i % 3 == 0 ? mix64(seed + i) : i / 1000);
  }
  return state;
}

/// Writes one checkpoint, in pieces of many sizes.
Result<void> write_checkpoint(CheckpointStore& store, SimTime at, std::size_t rank = 0, std::size_t size = 300'000) {
  ByteSink& sink = store.begin(at);
  const auto state = state_of(at, rank, size);
  std::size_t piece = 1;
  for (std::size_t from = 0; from < state.size(); from += piece, piece = piece * 3 % 200'003) {
    sink.write(std::span(state).subspan(from, std::min(piece, state.size() - from)));
  }
  if (auto finished = store.finish(); !finished) return finished;
  return store.commit();
}

std::vector<std::byte> all_of(ByteSource& source) {
  std::vector<std::byte> bytes;
  std::vector<std::byte> piece(70'001);
  for (std::size_t got = 1; got > 0;) {
    got = source.read(piece);
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
  }
  return bytes;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

/// What a reader finds is whole: the state at its instant, from every rank.
void expect_whole(CheckpointReader& reader, std::size_t ranks, std::size_t size = 300'000) {
  auto point = reader.parts();
  ASSERT_TRUE(point) << point.error().message;
  ASSERT_EQ(point->parts.size(), ranks);
  EXPECT_EQ(point->at, reader.at());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    EXPECT_TRUE(all_of(*point->parts[rank]) == state_of(reader.at(), rank, size)) << rank;
  }
  EXPECT_TRUE(reader.status());
}

TEST(Checkpoints, RoundTrip) {
  const TemporaryFolder scratch;
  auto writer = CheckpointWriter::create(plan_for(scratch / "states"));
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE(write_checkpoint(**writer, day_zero + hours(36)));
  const auto reader = CheckpointReader::open(scratch / "states", version);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->at(), day_zero + hours(36));
  const CheckpointFacts& facts = (*reader)->facts();
  const CheckpointFacts& want = plan_for("").facts;
  EXPECT_EQ(facts.scenario, want.scenario);
  EXPECT_EQ(facts.run.seed, want.run.seed);
  EXPECT_EQ(facts.run.replication, want.run.replication);
  EXPECT_EQ(facts.scale, want.scale);
  EXPECT_EQ(facts.without, want.without);
  EXPECT_EQ(facts.streams, want.streams);
  EXPECT_EQ(facts.background, want.background);
  EXPECT_EQ(facts.run_folder, want.run_folder);
  EXPECT_EQ(facts.command_line, want.command_line);
  EXPECT_EQ(facts.first_day_unix, want.first_day_unix);
  EXPECT_EQ((*reader)->fingerprint(), (Digest{1, 129'600'000}).hex());
  EXPECT_EQ(instant_text(facts.first_day_unix, (*reader)->at()), "2013-11-26 12:00 UTC");
  EXPECT_EQ(instant_text(0, day_zero + hours(25) + SimDuration{1'250}), "1970-01-02 01:00:01.250 UTC");
  expect_whole(**reader, 1);
  expect_whole(**reader, 1);  // Several futures read one past.
}

TEST(Checkpoints, TheLastTwoAreKept) {
  const TemporaryFolder scratch;
  auto writer = CheckpointWriter::create(plan_for(scratch / "states"));
  for (int day = 1; day <= 4; ++day) ASSERT_TRUE(write_checkpoint(**writer, day_zero + days(day), 0, 100));
  EXPECT_THAT(names_in(scratch / "states"),
              ElementsAre("000003.json", "000003.rank-0000.zst", "000004.json", "000004.rank-0000.zst"));
  // A later writer counts on: it never writes over what is valid.
  writer = CheckpointWriter::create(plan_for(scratch / "states"));
  ASSERT_TRUE(write_checkpoint(**writer, day_zero + days(4), 0, 100));
  EXPECT_THAT(names_in(scratch / "states"),
              ElementsAre("000004.json", "000004.rank-0000.zst", "000005.json", "000005.rank-0000.zst"));
  ASSERT_TRUE((*writer)->discard());
  EXPECT_FALSE(fs::exists(scratch / "states"));
}

TEST(Checkpoints, EveryRankWritesItsPart) {
  const TemporaryFolder scratch;
  const fs::path folder = scratch / "states";
  std::mutex lock;
  int committed = 0;
  kernel::ThreadRanks(3).run([&](kernel::Exchange& exchange) {
    CheckpointPlan plan = plan_for(folder);
    plan.exchange = &exchange;
    plan.committed = [&](SimTime) {
      const std::scoped_lock guard(lock);
      ++committed;
    };
    auto writer = CheckpointWriter::create(plan);
    ASSERT_TRUE(writer) << writer.error().message;
    ASSERT_TRUE(write_checkpoint(**writer, day_zero + days(1), exchange.rank()));
    ASSERT_TRUE(write_checkpoint(**writer, day_zero + days(2), exchange.rank()));
  });
  EXPECT_EQ(committed, 6);
  const auto reader = CheckpointReader::open(folder, version);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->at(), day_zero + days(2));
  expect_whole(**reader, 3);
}

TEST(Checkpoints, ACommitThatFailsOnOneRankFailsOnAll) {
  const TemporaryFolder scratch;
  const fs::path folder = scratch / "states";
  std::mutex lock;
  std::vector<std::string> messages;
  kernel::ThreadRanks(2).run([&](kernel::Exchange& exchange) {
    CheckpointPlan plan = plan_for(folder);
    plan.exchange = &exchange;
    auto writer = CheckpointWriter::create(plan);
    ASSERT_TRUE(writer);
    (*writer)->begin(day_zero + days(1));
    ASSERT_TRUE((*writer)->finish());
    exchange.minimum(0);
    // What storage that is not shared looks like to rank 0.
    if (exchange.rank() == 1) fs::remove(folder / "000001.rank-0001.zst");
    exchange.minimum(0);
    const auto done = (*writer)->commit();
    ASSERT_FALSE(done);
    const std::scoped_lock guard(lock);
    messages.push_back(done.error().message);
  });
  EXPECT_THAT(messages, ::testing::UnorderedElementsAre(AllOf(HasSubstr("rank 1"), HasSubstr("all ranks share")),
                                                        HasSubstr("rank 0 could not commit")));
  EXPECT_FALSE(CheckpointReader::open(folder, version));
}

// Goal: at whatever step the writer is killed, the folder holds a whole checkpoint: the one before, or the new one.
// Method: a child process that ends itself at step n, half of a write done, for every n.
TEST(TornCheckpoint, KilledAtAnyStepTheLastValidOneStays) {
  const auto write_two = [](const fs::path& folder, store::FileCalls* calls) {
    auto writer = CheckpointWriter::create(plan_for(folder, calls));
    return writer && write_checkpoint(**writer, day_zero + days(2), 0, 1000) &&
           write_checkpoint(**writer, day_zero + days(3), 0, 1000);
  };
  long steps = 0;
  {
    const TemporaryFolder scratch;
    auto before = CheckpointWriter::create(plan_for(scratch / "states"));
    ASSERT_TRUE(write_checkpoint(**before, day_zero + days(1), 0, 1000));
    Faulty counting;
    ASSERT_TRUE(write_two(scratch / "states", &counting));
    steps = counting.count();
  }
  ASSERT_GT(steps, 20);
  std::set<std::int64_t> found;
  for (long step = 0; step < steps; ++step) {
    const TemporaryFolder scratch;
    auto before = CheckpointWriter::create(plan_for(scratch / "states"));
    ASSERT_TRUE(write_checkpoint(**before, day_zero + days(1), 0, 1000));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Faulty deadly(step, Faulty::Act::die);
      ::_exit(write_two(scratch / "states", &deadly) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 9) << "step " << step;
    const auto reader = CheckpointReader::open(scratch / "states", version);
    ASSERT_TRUE(reader) << "step " << step << ": " << reader.error().message;
    EXPECT_TRUE((*reader)->skipped().empty()) << "step " << step;
    expect_whole(**reader, 1, 1000);
    found.insert(((*reader)->at() - day_zero) / days(1));
    // Whoever comes next can write, and clears away what was left behind.
    auto after = CheckpointWriter::create(plan_for(scratch / "states"));
    ASSERT_TRUE(after) << "step " << step << ": " << after.error().message;
    ASSERT_TRUE(write_checkpoint(**after, day_zero + days(4), 0, 1000)) << "step " << step;
    for (const std::string& name : names_in(scratch / "states")) EXPECT_FALSE(name.ends_with(".tmp")) << name;
  }
  EXPECT_THAT(found, ElementsAre(1, 2, 3));
}

TEST(TornCheckpoint, AFullDiskIsReportedAtEveryStepAndTheLastValidOneStays) {
  long steps = 0;
  for (long step = -1; step < std::max(steps, 1L); ++step) {
    const TemporaryFolder scratch;
    auto before = CheckpointWriter::create(plan_for(scratch / "states"));
    ASSERT_TRUE(write_checkpoint(**before, day_zero + days(1), 0, 1000));
    Faulty full(step);
    Result<void> done;
    if (auto writer = CheckpointWriter::create(plan_for(scratch / "states", &full)); writer) {
      done = write_checkpoint(**writer, day_zero + days(2), 0, 1000);
    } else {
      done = tl::unexpected(writer.error());
    }
    if (step < 0) {
      ASSERT_TRUE(done);
      steps = full.count();
      ASSERT_GT(steps, 5);
      continue;
    }
    ASSERT_FALSE(done) << "step " << step;
    EXPECT_EQ(done.error().kind, ErrorKind::io);
    EXPECT_THAT(done.error().message, AllOf(HasSubstr("No space left"), HasSubstr("free some space")));
    const auto reader = CheckpointReader::open(scratch / "states", version);
    ASSERT_TRUE(reader) << "step " << step;
    expect_whole(**reader, 1, 1000);
  }
}

TEST(TornCheckpoint, ShortWritesAreContinued) {
  const TemporaryFolder scratch;
  Faulty stingy(0, Faulty::Act::write_less);
  auto writer = CheckpointWriter::create(plan_for(scratch / "states", &stingy));
  ASSERT_TRUE(writer);
  ASSERT_TRUE(write_checkpoint(**writer, day_zero + days(1), 0, 20'000));
  const auto reader = CheckpointReader::open(scratch / "states", version);
  ASSERT_TRUE(reader) << reader.error().message;
  expect_whole(**reader, 1, 20'000);
}

/// Two checkpoints, the newer one then damaged.
class DamagedCheckpoint : public ::testing::Test {
 protected:
  DamagedCheckpoint() {
    auto writer = CheckpointWriter::create(plan_for(folder_));
    EXPECT_TRUE(write_checkpoint(**writer, day_zero + days(1)));
    EXPECT_TRUE(write_checkpoint(**writer, day_zero + days(2)));
    std::ifstream in(part_, std::ios::binary);
    bytes_ = {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  /// The reader goes back to the first day, and says why.
  void expect_passed_over(const std::string& reason) const {
    const auto reader = CheckpointReader::open(folder_, version);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ((*reader)->at(), day_zero + days(1));
    EXPECT_THAT((*reader)->skipped(), ElementsAre(AllOf(HasSubstr("000002"), HasSubstr(reason))));
    expect_whole(**reader, 1);
  }

  TemporaryFolder scratch_;
  fs::path folder_ = scratch_ / "states";
  fs::path part_ = folder_ / "000002.rank-0000.zst";
  std::string bytes_;
};

TEST_F(DamagedCheckpoint, AMissingPart) {
  fs::remove(part_);
  expect_passed_over("is missing");
}
TEST_F(DamagedCheckpoint, ATruncatedPart) {
  write(part_, bytes_.substr(0, bytes_.size() / 2));
  expect_passed_over("cut short");
}
TEST_F(DamagedCheckpoint, AFlippedByte) {
  bytes_[bytes_.size() / 3] = static_cast<char>(bytes_[bytes_.size() / 3] ^ 4);
  write(part_, bytes_);
  expect_passed_over("checksum");
}
TEST_F(DamagedCheckpoint, ATornManifest) {
  write(folder_ / "000002.json", "{\"format\":1,\"archive_ver");
  expect_passed_over("not a checkpoint's manifest");
}
// Found by tests/fuzz/checkpoints_fuzz.cpp: milliseconds of such a day overflowed.
TEST_F(DamagedCheckpoint, AManifestWithTimesOfNoRun) {
  std::ifstream in(folder_ / "000002.json");
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  for (const auto& [key, value] : {std::pair{"first_day_unix_s", "9999999999999990"},
                                   {"first_day_unix_s", "-1e17"},
                                   {"at_ms", "-1"},
                                   {"at_ms", "9223372036854775807"},
                                   {"every_ms", "-1"},
                                   {"every_ms", "9223372036854775807"}}) {
    std::string text = good;
    const auto from = text.find(std::string("\"") + key + "\":") + std::string(key).size() + 3;
    text.replace(from, text.find(',', from) - from, value);
    write(folder_ / "000002.json", text);
    SCOPED_TRACE(text);
    expect_passed_over("not a checkpoint's manifest");
  }
}
TEST_F(DamagedCheckpoint, AManifestThatNamesForeignFiles) {
  std::ifstream in(folder_ / "000002.json");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  text.replace(text.find("000002.rank-0000.zst"), 20, "../../../etc/passwd_");
  write(folder_ / "000002.json", text);
  expect_passed_over("no part of a checkpoint");
}
TEST_F(DamagedCheckpoint, WhenNoneIsWholeEachIsNamed) {
  fs::remove(part_);
  fs::remove(folder_ / "000001.rank-0000.zst");
  const auto reader = CheckpointReader::open(folder_, version);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(reader.error().message, AllOf(HasSubstr("000001.rank-0000.zst: is missing"),
                                            HasSubstr("000002.rank-0000"), HasSubstr("run the scenario again")));
}
TEST_F(DamagedCheckpoint, AnotherVersionsIsRefusedAndNotPassedOver) {
  const auto reader = CheckpointReader::open(folder_, "0.2.0");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(reader.error().message,
              AllOf(HasSubstr("000002.json"), HasSubstr("peakstorm 0.1.0"), HasSubstr("this is 0.2.0")));
}
// Goal: a state of an older format is called that, not damage.
TEST_F(DamagedCheckpoint, AnOlderFormatsIsRefusedAndNotPassedOver) {
  std::ifstream in(folder_ / "000002.json");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto replace = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
  };
  replace("\"archive_version\":3", "\"archive_version\":1");
  replace("\"background\":true,", "");
  write(folder_ / "000002.json", text);
  const auto reader = CheckpointReader::open(folder_, version);
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message, AllOf(HasSubstr("state format 1"), HasSubstr("state format 3")));
}
TEST_F(DamagedCheckpoint, AnEmptyFolderHoldsNone) {
  fs::create_directory(scratch_ / "empty");
  const auto reader = CheckpointReader::open(scratch_ / "empty", version);
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message, HasSubstr("holds no checkpoint"));
  EXPECT_THAT(CheckpointReader::open(scratch_ / "nowhere", version).error().message, HasSubstr("no such folder"));
}

}  // namespace
}  // namespace peakstorm
