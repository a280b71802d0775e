// Goal: a platform that is pushed to and polls in the same run sees one truth, whatever happens to what is published.
// Method: a replay on simulated time against a platform that, pushed a message, polls EasyPost's API about the same
// parcel at once. The carriers' handler is asked without sockets.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>

#include "adapters/endpoint/carrier_handler.hpp"
#include "adapters/replay/session.hpp"
#include "tests/adapters/replay/journeys.hpp"

namespace peakstorm {
namespace {

using testing::FakeClock;
using testing::FakeTransport;
using testing::Fated;
using testing::MemorySource;
namespace dom = simdjson::dom;

struct Silent final : ReplayRecorder {
  void begin(const ReplayEnvironment&) override {}
  void request(const RequestRecord&) override {}
  void shown(const ShownStatus&) override {}
  void read_back(const ShownParcel&) override {}
  void stored(const StoredMessage&) override {}
  void stored_all() override {}
  void end(std::chrono::nanoseconds, std::chrono::nanoseconds, bool) override {}
};

struct EasyPostKey final : endpoint::Headers {
  [[nodiscard]] std::string_view value(std::string_view name) const override {
    return name == "Authorization" ? "Basic a2V5Og==" : "";
  }
};

std::multiset<std::string> details(dom::element tracker) {
  std::multiset<std::string> all;
  for (const dom::element detail : tracker["tracking_details"].get_array()) all.insert(simdjson::minify(detail));
  return all;
}

struct Seen {
  int messages = 0;
  int same = 0;  ///< The poll told what the message told, to the byte.
};

Seen replayed(bool by_rate, const FaultRates& faults) {
  const World world = testing::tiny_world();
  FakeClock clock;
  MemorySource source;
  MemorySource known;
  testing::tell_journeys(source, 200, 5);
  testing::tell_journeys(known, 200, 5);
  ReplayOptions options;
  options.target = "http://127.0.0.1";
  options.secret = "secret";
  options.register_promises = true;
  options.track_pages = false;
  options.faults = faults;
  options.running = std::make_shared<RunningInstant>(source.totals().first, [&clock] { return clock.now(); });
  by_rate ? options.rate = 50 : options.seconds = 60;

  CarriersOptions carriers;
  carriers.any_credentials = true;
  carriers.token_key = "key";
  carriers.unix_time = [] { return std::chrono::milliseconds{0}; };
  const auto book = endpoint::CarrierBook::read(world, known, amend_truth(world, faults_of(options)));
  EXPECT_TRUE(book);
  endpoint::CarrierHandler handler(world, carriers, *book, options.running, nullptr);

  Seen seen;
  FakeTransport transport(clock, 64, [&](const Request& request, std::chrono::nanoseconds at) {
    Reply fine;
    fine.status = 200;
    const Fated answer{at + std::chrono::milliseconds{1}, fine};
    if (request.method != "POST") return answer;
    dom::parser pushed_parser;
    dom::parser polled_parser;
    const dom::element pushed = pushed_parser.parse(std::string(request.body))["result"];
    const EasyPostKey key;
    const std::string target = "/v2/trackers/" + std::string(std::string_view(pushed["id"]));
    endpoint::Request poll;
    poll.method = "GET";
    poll.target = target;
    poll.others = &key;
    endpoint::Reply reply;
    handler.handle(poll, reply);
    EXPECT_EQ(reply.status, 200U) << request.body;
    const dom::element polled = polled_parser.parse(reply.body);
    // What is pushed is known to the carrier; it may know more, of which the message is still to come.
    const auto told = details(pushed);
    const auto asked = details(polled);
    if (told.size() == asked.size()) {
      EXPECT_EQ(simdjson::minify(pushed), simdjson::minify(polled));
      ++seen.same;
    } else {
      EXPECT_TRUE(std::includes(asked.begin(), asked.end(), told.begin(), told.end())) << request.body << reply.body;
    }
    ++seen.messages;
    return answer;
  });
  const auto format = wire::make_format("easypost", world, {options.secret, ""});
  EXPECT_TRUE(format);
  Silent recorder;
  const auto summary = run_session(world, source, options, {**format, transport, clock}, recorder, {}, {});
  EXPECT_TRUE(summary);
  return seen;
}

/// Faults that change what is published, and when.
FaultRates facts() {
  FaultRates faults;
  faults.seed = 3;
  for (const FaultKind kind :
       {FaultKind::disorder, FaultKind::late_batch, FaultKind::regression, FaultKind::retraction}) {
    faults.rate[static_cast<std::size_t>(kind)] = 150'000;
  }
  return faults;
}

TEST(BothEnds, SeeOneTruthWhileTimeRuns) {
  const Seen seen = replayed(false, {});
  EXPECT_GT(seen.messages, 1'000);
  EXPECT_GT(seen.same, seen.messages * 9 / 10);
}

TEST(BothEnds, SeeOneTruthThoughItComesLateAndIsTakenBack) {
  const Seen seen = replayed(false, facts());
  EXPECT_GT(seen.messages, 1'000);
  EXPECT_GT(seen.same, seen.messages * 9 / 10);
}

TEST(BothEnds, SeeOneTruthAtAFixedRate) {
  const Seen seen = replayed(true, facts());
  EXPECT_GT(seen.messages, 1'000);
  EXPECT_GT(seen.same, seen.messages * 9 / 10);
}

}  // namespace
}  // namespace peakstorm
