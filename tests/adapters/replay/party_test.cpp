// Goal: several senders send what one sends, each thing once and at the same instant, and end together.
// Method: as many sessions, one after the other, on simulated clocks; the party between them is a fake.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "adapters/replay/session.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::Fated;

class FakeParty final : public ReplayParty {
 public:
  explicit FakeParty(ParcelShare share) : share_(share) {}
  [[nodiscard]] ParcelShare share() const override { return share_; }
  bool called_off(bool mine) override {
    ++asked;
    off = off || mine || asked > calm;
    return off;
  }
  bool meet(bool well) override {
    ++meetings;
    off = off || !well;
    return !off;
  }
  nanoseconds until_start() override { return 250ms; }
  std::uint64_t sum(std::uint64_t mine) override { return mine; }

  int asked = 0;
  int calm = 1'000'000;  ///< So often nobody has called it off yet.
  int meetings = 0;
  bool off = false;

 private:
  ParcelShare share_;
};

constexpr const char* page = R"({"status":"accepted","scans":[{"at":"2013-10-28T00:00:00Z","kind":"accepted"}]})";

class Party : public ::testing::Test {
 protected:
  Party() {
    options.target = "http://127.0.0.1:1";
    options.rate = 100;
    options.faults.rate[static_cast<std::size_t>(FaultKind::disorder)] = 200'000;
    options.faults.rate[static_cast<std::size_t>(FaultKind::redelivery)] = 200'000;
    for (std::uint32_t serial = 0; serial < 40; ++serial) {
      all.push_back(testing::facts_of(make_parcel_id(ShipNodeId{0}, 1, serial), 0));
    }
    for (std::uint8_t sequence = 0; sequence < 4; ++sequence) {
      for (const ParcelFacts& facts : all) {
        ReplayItem item;
        item.at = day_zero + hours(sequence) + minutes(static_cast<std::int64_t>(items.size() % 50));
        item.parcel = facts.id;
        item.is_check = sequence == 2;
        if (!item.is_check) {
          item.scan.at = item.scan.reported = item.at;
          item.scan.parcel = facts.id;
          item.scan.sequence = sequence;
          item.scan.kind = ScanKind::arrived;
          item.scan.place = PlaceId{0};
        }
        items.push_back(item);
      }
    }
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  }

  Result<ReplaySummary> send(ReplayParty* party, testing::MemoryRecorder& recorder) {
    testing::FakeClock clock;
    testing::FakeTransport transport(clock, 64, [](const Request& r, nanoseconds at) {
      return Fated{at + 1ms, Reply{200, r.method == "GET" ? page : "", std::nullopt}};
    });
    testing::MemorySource source;
    source.items = items;
    source.all = all;
    const auto format = wire::make_format("easypost", world, {"secret", ""});
    return run_session(world, source, options, {**format, transport, clock, false, nullptr, false, party}, recorder,
                       stop.get_token(), {});
  }

  /// What was intended when; redeliveries aside, whose instants follow answers.
  using Planned = std::map<std::tuple<RequestKind, ParcelId, int>, nanoseconds>;
  static void add_planned(const testing::MemoryRecorder& recorder, Planned& planned) {
    for (const RequestRecord& r : recorder.requests) {
      if (r.fault != FaultKind::none || r.kind == RequestKind::read_back) continue;
      const bool is_new = planned.try_emplace({r.kind, r.parcel, r.sequence}, r.intended).second;
      EXPECT_TRUE(is_new) << "sent twice";
    }
  }

  World world = testing::tiny_world();
  ReplayOptions options;
  std::vector<ParcelFacts> all;
  std::vector<ReplayItem> items;
  std::stop_source stop;
};

TEST_F(Party, SendsEverythingOnceAtTheInstantsOfOneSender) {
  testing::MemoryRecorder one;
  const auto alone = send(nullptr, one);
  ASSERT_TRUE(alone);
  Planned expected;
  add_planned(one, expected);
  ASSERT_EQ(expected.size(), 160U);
  for (const std::size_t count : {2U, 5U}) {
    Planned planned;
    std::uint64_t attempts = 0;
    std::uint64_t read = 0;
    for (std::size_t index = 0; index < count; ++index) {
      FakeParty party({index, count});
      testing::MemoryRecorder recorder;
      const auto summary = send(&party, recorder);
      ASSERT_TRUE(summary) << summary.error().message;
      EXPECT_TRUE(summary->complete);
      EXPECT_EQ(party.meetings, 3);
      EXPECT_GT(summary->scans, 0U);
      add_planned(recorder, planned);
      attempts += summary->attempts;
      read += summary->read;
      for (const RequestRecord& r : recorder.requests) {
        EXPECT_TRUE(party.share().owns(r.parcel));
        EXPECT_GE(r.sent, r.intended);
      }
    }
    EXPECT_EQ(planned, expected) << count;
    EXPECT_EQ(attempts, alone->attempts);
    EXPECT_EQ(read, 40U);
  }
}

TEST_F(Party, EndsWhenAnotherCallsItOff) {
  FakeParty party({0, 2});
  party.calm = 3;
  testing::MemoryRecorder recorder;
  const auto summary = send(&party, recorder);
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->complete);
  EXPECT_EQ(recorder.ends, 1);
  EXPECT_FALSE(recorder.complete);
  EXPECT_LT(recorder.requests.size(), 80U);
  EXPECT_TRUE(recorder.parcels.empty()) << "nothing is read back";
  EXPECT_EQ(party.meetings, 2) << "after the sending; then nobody is asked again";
}

TEST_F(Party, SendsNothingWhenOneIsUnwellFromTheStart) {
  FakeParty party({0, 2});
  party.off = true;
  testing::MemoryRecorder recorder;
  const auto summary = send(&party, recorder);
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->complete);
  EXPECT_EQ(summary->attempts, 0U);
  EXPECT_EQ(party.meetings, 1);
}

}  // namespace
}  // namespace peakstorm
