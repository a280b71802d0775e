// Goal: what several senders kept is told as one would have told it.
#include "adapters/replay_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/replay/fakes.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<ReplayLog> new_log() {
  auto log = ReplayLog::create();
  EXPECT_TRUE(log) << log.error().message;
  return std::move(*log);
}

RequestRecord sent(std::uint64_t parcel, nanoseconds done, RequestKind kind = RequestKind::scan) {
  RequestRecord record;
  record.kind = kind;
  record.parcel = ParcelId{parcel};
  record.sequence = 7;
  record.status = 200;
  record.intended = done - 3ms;
  record.sent = done - 1ms;
  record.done = done;
  record.in_flight = 5;
  record.fault = FaultKind::redelivery;
  return record;
}

std::vector<std::uint64_t> parcels_of(const std::vector<RequestRecord>& records) {
  std::vector<std::uint64_t> parcels;
  for (const RequestRecord& record : records) parcels.push_back(static_cast<std::uint64_t>(record.parcel));
  return parcels;
}

TEST(ReplayLog, TellsEverythingAsItWasTold) {
  std::vector<std::unique_ptr<ReplayLog>> logs;
  logs.push_back(new_log());
  ReplayLog& log = *logs[0];
  log.begin({"http://there", "easypost", 2, 0, false});
  log.request(sent(1, 5ms));
  ShownStatus status{ParcelId{1}, 6ms, day_zero + minutes(4), true, ScanKind::arrived, 3, Day{4}, std::nullopt};
  log.shown(status);
  ShownParcel page;
  page.parcel = ParcelId{1};
  page.found = true;
  page.delivered_unix_ms = 123'456;
  page.promise_day = 9;
  page.scans = {{1, ScanKind::arrived, "memphis"}, {2, ScanKind::delivered, ""}};
  log.read_back(page);
  log.stored({true, ParcelId{1}, 2, FaultKind::ghost, false});
  log.stored_all();
  log.end(9s, 1s, true);
  EXPECT_EQ(log.frame().environment.target, "http://there");
  EXPECT_EQ(log.frame().wall, 9s);
  EXPECT_TRUE(log.frame().complete);

  testing::MemoryRecorder heard;
  ASSERT_TRUE(tell(logs, heard));
  ASSERT_EQ(heard.requests.size(), 1U);
  const RequestRecord& r = heard.requests[0];
  EXPECT_EQ(r.sequence, 7);
  EXPECT_EQ(r.intended, 2ms);
  EXPECT_EQ(r.sent, 4ms);
  EXPECT_EQ(r.in_flight, 5U);
  EXPECT_EQ(r.fault, FaultKind::redelivery);
  ASSERT_EQ(heard.statuses.size(), 1U);
  EXPECT_EQ(heard.statuses[0].simulated, status.simulated);
  EXPECT_EQ(heard.statuses[0].promise_day, Day{4});
  EXPECT_FALSE(heard.statuses[0].estimated_day);
  ASSERT_EQ(heard.parcels.size(), 1U);
  ASSERT_EQ(heard.parcels[0].scans.size(), 2U);
  EXPECT_EQ(heard.parcels[0].scans[0].place, "memphis");
  EXPECT_EQ(heard.parcels[0].delivered_unix_ms, 123'456);
  ASSERT_EQ(heard.messages.size(), 1U);
  EXPECT_FALSE(heard.messages[0].intact);
  EXPECT_TRUE(heard.all_stored);
  EXPECT_EQ(heard.ends, 0);
}

TEST(ReplayLog, IsToldInTheOrderOfInstantsAndWhatIsReadBackComesLast) {
  std::vector<std::unique_ptr<ReplayLog>> logs;
  for (int i = 0; i < 3; ++i) logs.push_back(new_log());
  logs[0]->request(sent(1, 10ms));
  logs[0]->request(sent(4, 40ms));
  logs[1]->request(sent(2, 20ms));
  logs[1]->request(sent(6, 25ms, RequestKind::read_back));  // Before another has sent all it has.
  logs[2]->request(sent(3, 30ms));
  logs[2]->request(sent(5, 50ms));
  testing::MemoryRecorder heard;
  ASSERT_TRUE(tell(logs, heard));
  EXPECT_THAT(parcels_of(heard.requests), ElementsAre(1, 2, 3, 4, 5, 6));
}

// In pieces of a size that fits no event, and far more than is written at once.
TEST(ReplayLog, ComesWholeOutOfPieces) {
  const auto log = new_log();
  for (std::uint64_t i = 0; i < 20'000; ++i) log->request(sent(i, std::chrono::microseconds{i}));
  std::vector<std::unique_ptr<ReplayLog>> elsewhere;
  elsewhere.push_back(new_log());
  while (true) {
    const auto piece = log->take(10'007);
    ASSERT_TRUE(piece);
    if (piece->empty()) break;
    ASSERT_TRUE(elsewhere[0]->append(*piece));
  }
  testing::MemoryRecorder heard;
  ASSERT_TRUE(tell(elsewhere, heard));
  ASSERT_EQ(heard.requests.size(), 20'000U);
  for (std::uint64_t i = 0; i < 20'000; ++i) ASSERT_EQ(static_cast<std::uint64_t>(heard.requests[i].parcel), i);
}

TEST(ReplayLog, RefusesBytesThatAreNone) {
  const auto log = new_log();
  log->request(sent(1, 1ms));
  const auto bytes = log->take(1000);
  ASSERT_TRUE(bytes);
  std::vector<std::unique_ptr<ReplayLog>> torn;
  torn.push_back(new_log());
  ASSERT_TRUE(torn[0]->append(std::span(*bytes).first(bytes->size() - 1)));
  testing::MemoryRecorder heard;
  const auto told = tell(torn, heard);
  ASSERT_FALSE(told);
  EXPECT_THAT(told.error().message, HasSubstr("damaged"));
  std::vector<std::unique_ptr<ReplayLog>> foreign;
  foreign.push_back(new_log());
  ASSERT_TRUE(foreign[0]->append(std::vector<std::byte>(500, std::byte{0xEE})));
  EXPECT_FALSE(tell(foreign, heard));
}

}  // namespace
}  // namespace peakstorm
