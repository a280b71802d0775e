// The whole replay over loopback against a small server: real sockets, real clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "adapters/replay.hpp"
#include "adapters/wire/text.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/transport/test_server.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using ::testing::HasSubstr;
using testing::ServedRequest;
using testing::TestServer;

/// A source whose facts are found by id at once, for runs of tens of thousands of parcels.
class LargeSource final : public ReplaySource {
 public:
  LargeSource(std::uint32_t parcels, std::uint8_t scans) {
    for (std::uint32_t p = 0; p < parcels; ++p) {
      facts_.push_back(testing::facts_of(make_parcel_id(ShipNodeId{0}, 1, p), 0));
    }
    for (std::uint8_t s = 0; s < scans; ++s) {
      for (std::uint32_t p = 0; p < parcels; ++p) {
        ReplayItem item;
        item.at = day_zero + hours(s) + SimDuration{p * 3'600'000ULL / parcels};
        item.parcel = facts_[p].id;
        item.is_check = s + 1 == scans;  // The last round: shoppers look.
        item.scan.at = item.at;
        item.scan.reported = item.at;
        item.scan.parcel = item.parcel;
        item.scan.sequence = s;
        item.scan.kind = s == 0 ? ScanKind::accepted : ScanKind::arrived;
        item.scan.place = PlaceId{0};
        items_.push_back(item);
      }
    }
    totals_ = {std::uint64_t{parcels} * (scans - 1U), parcels, items_.front().at, items_.back().at};
  }
  Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override {
    for (; limit > 0 && position_ < items_.size(); --limit) items.push_back(items_[position_++]);
    return {};
  }
  [[nodiscard]] Totals totals() const override { return totals_; }
  [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override {
    const auto serial = static_cast<std::uint32_t>(static_cast<std::uint64_t>(parcel));
    return serial < facts_.size() ? &facts_[serial] : nullptr;
  }
  [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return facts_; }

 private:
  std::vector<ParcelFacts> facts_;
  std::vector<ReplayItem> items_;
  std::size_t position_ = 0;
  Totals totals_;
};

ReplayOptions options_for(const std::string& url) {
  ReplayOptions options;
  options.target = url;
  options.secret = "secret";
  options.register_promises = true;
  return options;
}

// Goal: everything arrives once, in order per parcel, and is read back as the server has it.
TEST(ReplayOverLoopback, TellsTheEndpointEverythingAndReadsItBack) {
  const World world = testing::tiny_world();
  std::map<std::string, std::size_t> scans;  // By number; the server's thread alone until it is destroyed.
  std::size_t promises = 0;
  auto server = std::make_unique<TestServer>([&](const ServedRequest& r) {
    if (r.method == "PUT") {
      for (auto i = r.body.find("promise_date"); i != std::string::npos; i = r.body.find("promise_date", i + 1)) {
        ++promises;
      }
      return answer(200);
    }
    if (r.method == "POST") {
      const auto begin = r.body.find("\"tracking_code\":\"") + 17;
      const std::string number = r.body.substr(begin, r.body.find('"', begin) - begin);
      std::size_t details = 0;
      for (auto i = r.body.find("\"datetime\""); i != std::string::npos; i = r.body.find("\"datetime\"", i + 1))
        ++details;
      std::size_t& known = scans[number];
      if (details != known + 1) return answer(400, "out of order");
      ++known;
      return answer(200);
    }
    const auto known = scans.find(r.path.substr(7));
    if (known == scans.end()) return answer(404);
    std::string body = R"({"status":"arrived","scans":[)";
    for (std::size_t i = 0; i < known->second; ++i) {
      body +=
          (i > 0 ? "," : "") + std::string(R"({"at":"2013-10-28T00:00:00Z","kind":"arrived","place":"louisville"})");
    }
    return answer(200, body + "]}");
  });
  LargeSource source(2000, 4);
  testing::MemoryRecorder recorder;
  ReplayOptions options = options_for(server->url());
  options.seconds = 0.5;
  const auto summary = replay(world, source, options, recorder, {}, {});
  server.reset();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(promises, 2000U);
  EXPECT_EQ(summary->registered, 2000U);
  EXPECT_EQ(summary->accepted, 8000U);
  EXPECT_EQ(summary->refused, 0U);
  EXPECT_EQ(scans.size(), 2000U);
  EXPECT_EQ(summary->read, 2000U);
  ASSERT_EQ(recorder.parcels.size(), 2000U);
  for (const ShownParcel& parcel : recorder.parcels) {
    EXPECT_TRUE(parcel.found);
    EXPECT_EQ(parcel.scans.size(), 3U);
  }
  EXPECT_EQ(recorder.statuses.size(), 2000U);
  for (const RequestRecord& r : recorder.requests) {
    EXPECT_GE(r.sent, r.intended);
    EXPECT_GE(r.done, r.sent);
  }
  std::printf("sending %.0f requests took %.3f s (planned 0.5 s), late %llu, cpu %.3f s\n", 8000.0,
              std::chrono::duration<double>(summary->sending).count(), static_cast<unsigned long long>(summary->late),
              std::chrono::duration<double>(summary->cpu).count());
}

TEST(ReplayOverLoopback, AServerThatLosesConnectionsLosesNoScan) {
  const World world = testing::tiny_world();
  std::uint64_t n = 0;
  std::uint64_t posts = 0;
  auto server = std::make_unique<TestServer>([&](const ServedRequest& r) {
    if (r.method != "POST") return answer(404);
    ++posts;
    switch (n++ % 10) {
      case 0:
        return testing::Served{"", true, {}};
      case 1:
        return testing::Served{"garbage\r\n\r\n", true, {}};
      case 2:
        return answer(503);
      default:
        return answer(200);
    }
  });
  LargeSource source(300, 3);
  testing::MemoryRecorder recorder;
  ReplayOptions options = options_for(server->url());
  options.register_promises = false;
  options.seconds = 0.2;
  options.back_off = 1ms;
  options.attempts_max = 20;
  const auto summary = replay(world, source, options, recorder, {}, {});
  server.reset();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->given_up, 0U);
  EXPECT_GT(summary->broken, 50U);
  EXPECT_GT(summary->refused, 20U);
  EXPECT_EQ(posts, recorder.count(RequestKind::scan, RequestFate::accepted) + summary->broken + summary->refused);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::accepted), 600U);
}

// Goal: an EPCIS repository that takes everything in and keeps all but every seventh document is told apart from one
// that keeps them. Method: its capture jobs run for two questions before they say so.
TEST(ReplayOverLoopback, FollowsTheCaptureJobsOfARepository) {
  const World world = testing::tiny_world();
  std::vector<unsigned> jobs;  // Questions by job; the server's thread alone until it is destroyed.
  auto server = std::make_unique<TestServer>([&](const ServedRequest& r) {
    if (r.method == "POST" && r.path == "/epcis/capture") {
      jobs.push_back(0);
      return answer(202, {}, "Location: /epcis/capture/" + std::to_string(jobs.size() - 1) + "\r\n");
    }
    if (r.method != "GET" || !r.path.starts_with("/epcis/capture/")) return answer(404);
    const std::size_t job = std::stoul(r.path.substr(15));
    if (jobs.at(job)++ == 0) return answer(200, R"({"running":true,"success":true,"errors":[]})");
    return answer(200, job % 7 == 0 ? R"({"running":false,"success":false,"errors":[{"title":"no"}]})"
                                    : R"({"running":false,"success":true,"errors":[]})");
  });
  LargeSource source(200, 3);
  testing::MemoryRecorder recorder;
  ReplayOptions options;
  options.target = server->url() + "/epcis";
  options.format = "epcis";
  options.track_pages = false;
  options.seconds = 0.2;
  const auto summary = replay(world, source, options, recorder, {}, {});
  server.reset();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->complete);
  ASSERT_EQ(jobs.size(), 400U);
  EXPECT_EQ(summary->attempts, 400U);
  EXPECT_EQ(summary->asked, 800U);
  EXPECT_EQ(summary->refused, 58U);  // 0, 7, ... 399.
  EXPECT_EQ(summary->accepted, 342U);
  EXPECT_EQ(recorder.count(RequestKind::scan, RequestFate::accepted), 342U);
}

TEST(ReplaySafety, AForeignTargetNeedsToBeSpelledOutAndNobodyIsLookedUp) {
  const World world = testing::tiny_world();
  LargeSource source(1, 2);
  testing::MemoryRecorder recorder;
  const auto refused = replay(world, source, options_for("http://tracking.example.org/x"), recorder, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(refused.error().message, HasSubstr("--allow-host tracking.example.org"));
  EXPECT_EQ(recorder.ends, 0);
}

TEST(ReplaySafety, NobodyThereIsUnreachable) {
  const World world = testing::tiny_world();
  std::string url;
  {
    url = TestServer([](const ServedRequest&) { return answer(200); }).url();
  }
  LargeSource source(1, 2);
  testing::MemoryRecorder recorder;
  const auto refused = replay(world, source, options_for(url), recorder, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unreachable);
}

}  // namespace
}  // namespace peakstorm
