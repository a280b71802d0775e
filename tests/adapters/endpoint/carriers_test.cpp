// The carriers over real loopback sockets: who may ask, what they tell at which instant, what they refuse and how they
// misbehave on request.
#include "adapters/carriers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/endpoint/carrier_access.hpp"
#include "adapters/endpoint/carrier_handler.hpp"
#include "engine/tracking_number.hpp"
#include "tests/adapters/endpoint/http_client.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;
using testing::HttpReply;
using testing::MemorySource;
using ::testing::Not;
using wire::PullApi;
namespace dom = simdjson::dom;

constexpr std::uint8_t ups = 0;
constexpr std::uint8_t fedex = 1;
constexpr std::uint8_t usps = 2;
constexpr std::uint8_t bike = 4;

struct Ledger final : PollRecorder {
  void polled(const PollRecord& record) override { records.push_back(record); }
  [[nodiscard]] std::size_t count(PollFate fate) const {
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [fate](const PollRecord& r) { return r.fate == fate; }));
  }
  std::vector<PollRecord> records;
};

/// A run of some parcels of each service; scan s of parcel i happens at hour 10 + i + 2 s and is published 30 min
/// later.
class PolledRun {
 public:
  explicit PolledRun(std::uint32_t parcels_per_service = 3) {
    constexpr std::array kinds{ScanKind::label_created, ScanKind::accepted, ScanKind::out_for_delivery,
                               ScanKind::delivered};
    for (std::uint32_t i = 0; i < parcels_per_service * 5; ++i) {
      const ParcelFacts facts = testing::facts_of(
          make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(i % 3)}, static_cast<std::uint16_t>(10 + i / 5), i),
          static_cast<std::uint8_t>(i % 5));
      source.all.push_back(facts);
      for (std::uint8_t s = 0; s < kinds.size(); ++s) {
        Scan scan;
        scan.parcel = facts.id;
        scan.at = day_zero + hours(10 + i / 5 + 2 * s);
        scan.reported = scan.at + minutes(30);
        scan.kind = kinds[s];
        scan.sequence = s;
        scan.place = s == 3 ? no_place : PlaceId{static_cast<std::uint16_t>(i % 8)};
        scan.eta_day = 2;
        source.items.push_back({scan.reported, false, scan, facts.id});
      }
    }
    std::sort(source.items.begin(), source.items.end(),
              [](const ReplayItem& a, const ReplayItem& b) { return a.at < b.at; });
  }

  /// The i-th parcel of a service.
  [[nodiscard]] std::string number(std::uint8_t service, std::uint32_t i = 0) const {
    return tracking_number(world, world.services[service].carrier, source.all[i * 5 + service].id);
  }

  World world = testing::tiny_world();
  MemorySource source;
};

CarriersOptions declared() {
  CarriersOptions options;
  options.credentials = {{PullApi::ups, "ups-id", "ups-secret"},
                         {PullApi::usps, "usps-id", "usps-secret"},
                         {PullApi::easypost, "EZTK1", ""},
                         {PullApi::fedex, "fedex-id", "fedex-secret"}};
  options.token_key = "0123456789abcdef0123456789abcdef";
  return options;
}

class CarriersTest : public ::testing::Test {
 protected:
  void start(CarriersOptions options = declared()) {
    options.unix_time = [this] { return std::chrono::milliseconds{unix_ms_.load()}; };
    auto started = Carriers::start(run_.world, run_.source, {}, instant_, &ledger_, std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    carriers_ = std::move(*started);
    client_ = std::make_unique<HttpClient>(carriers_->port());
    ASSERT_TRUE(client_->connected());
  }
  void reach(SimTime at) { instant_->reach(at); }

  HttpReply token_reply(PullApi api, const std::string& id, const std::string& secret) {
    constexpr std::string_view form = "Content-Type: application/x-www-form-urlencoded\r\n";
    switch (api) {
      case PullApi::ups: {
        // ups-id:ups-secret
        const std::string basic = id == "ups-id" ? "dXBzLWlkOnVwcy1zZWNyZXQ=" : "dXBzLWlkOndyb25n";
        return client_->exchange("POST", "/security/v1/oauth/token",
                                 std::string(form) + "Authorization: Basic " + basic + "\r\n",
                                 "grant_type=client_credentials");
      }
      case PullApi::usps:
        return client_->exchange(
            "POST", "/oauth2/v3/token", "Content-Type: application/json\r\n",
            R"({"grant_type":"client_credentials","client_id":")" + id + R"(","client_secret":")" + secret + R"("})");
      default:
        return client_->exchange("POST", "/oauth/token", form,
                                 "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret);
    }
  }
  std::string token(PullApi api) {
    const std::string name(wire::pull_api_names[static_cast<std::size_t>(api)]);
    const HttpReply reply = token_reply(api, name + "-id", name + "-secret");
    EXPECT_EQ(reply.status, 200) << reply.body;
    dom::parser parser;
    std::string_view text;
    EXPECT_EQ(parser.parse(reply.body)["access_token"].get(text), simdjson::SUCCESS) << reply.body;
    return std::string(text);
  }
  std::string rights(PullApi api) {
    if (api == PullApi::easypost) return "Authorization: Basic RVpUSzE6\r\n";  // EZTK1:
    return "Authorization: Bearer " + token(api) +
           "\r\ntransId: 1\r\ntransactionSrc: test\r\nContent-Type: application/json\r\n";
  }
  HttpReply get(const std::string& target, const std::string& headers) {
    return client_->exchange("GET", target, headers);
  }
  HttpReply post(const std::string& target, const std::string& headers, const std::string& body) {
    return client_->exchange("POST", target, headers, body);
  }
  /// One poll of a number.
  HttpReply poll(PullApi api, const std::string& number, const std::string& headers) {
    switch (api) {
      case PullApi::ups:
        return get("/api/track/v1/details/" + number + "?locale=en_US", headers);
      case PullApi::usps:
        return get("/tracking/v3/tracking/" + number + "?expand=DETAIL", headers);
      case PullApi::easypost:
        return post("/v2/trackers", headers, R"({"tracker":{"tracking_code":")" + number + R"("}})");
      default:
        return post("/track/v1/trackingnumbers", headers, fedex_body({number}));
    }
  }
  static std::string fedex_body(const std::vector<std::string>& numbers) {
    std::string body = R"({"includeDetailedScans":true,"trackingInfo":[)";
    for (const std::string& number : numbers) {
      if (&number != &numbers.front()) body += ',';
      body += R"({"trackingNumberInfo":{"trackingNumber":")" + number + R"("}})";
    }
    return body + "]}";
  }
  struct Page {
    std::vector<std::string> ids;
    std::vector<std::string> codes;
    bool more = false;
  };
  Page page(const std::string& query) {
    const HttpReply reply = get("/v2/trackers" + query, rights(PullApi::easypost));
    EXPECT_EQ(reply.status, 200) << reply.body;
    dom::parser parser;
    const dom::element list = parser.parse(reply.body);
    Page page;
    EXPECT_EQ(list["has_more"].get(page.more), simdjson::SUCCESS);
    for (const dom::element tracker : list["trackers"].get_array()) {
      page.ids.emplace_back(std::string_view(tracker["id"]));
      page.codes.emplace_back(std::string_view(tracker["tracking_code"]));
    }
    return page;
  }

  PolledRun run_;
  std::shared_ptr<RunningInstant> instant_ = std::make_shared<RunningInstant>(day_zero);
  Ledger ledger_;
  std::atomic<std::int64_t> unix_ms_ = 1'795'184'100'000;
  std::unique_ptr<Carriers> carriers_;
  std::unique_ptr<HttpClient> client_;
};

constexpr std::array<std::pair<PullApi, std::uint8_t>, 4> own_service{
    {{PullApi::ups, ups}, {PullApi::usps, usps}, {PullApi::easypost, bike}, {PullApi::fedex, fedex}}};

TEST_F(CarriersTest, TellWhatIsPublishedByTheRunningInstantAndNothingElse) {
  start();
  for (const auto& [api, service] : own_service) {
    SCOPED_TRACE(wire::pull_api_names[static_cast<std::size_t>(api)]);
    EXPECT_EQ(carriers_->parcels(api), api == PullApi::easypost ? 15U : 3U);
  }
  // The label is made at 10:00 and published at 10:30.
  const std::string ups_rights = rights(PullApi::ups);
  reach(day_zero + hours(10) + minutes(29));
  EXPECT_EQ(poll(PullApi::ups, run_.number(ups), ups_rights).status, 404);
  reach(day_zero + hours(10) + minutes(30));
  const HttpReply first = poll(PullApi::ups, run_.number(ups), ups_rights);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.body, HasSubstr(R"("code":"MP")"));
  EXPECT_THAT(first.body, Not(HasSubstr(R"("code":"OR")")));
  EXPECT_EQ(poll(PullApi::ups, run_.number(ups), ups_rights).body, first.body) << "the same instant, the same bytes";

  reach(day_zero + hours(17));
  for (const auto& [api, service] : own_service) {
    const HttpReply reply = poll(api, run_.number(service), rights(api));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(run_.number(service)));
    EXPECT_THAT(reply.body, HasSubstr("Delivered"));
  }
  EXPECT_EQ(ledger_.count(PollFate::unknown), 1U);
  ASSERT_EQ(ledger_.count(PollFate::told), 6U);
  EXPECT_EQ(ledger_.records[1].age, SimDuration{});
  EXPECT_TRUE(ledger_.records[1].news);
  EXPECT_FALSE(ledger_.records[2].news) << "told before";
  EXPECT_EQ(ledger_.records[3].age, minutes(30));
}

TEST_F(CarriersTest, AnswerOnlyWhoHasARightToAsk) {
  start();
  reach(day_zero + hours(17));
  for (const auto& [api, service] : own_service) {
    SCOPED_TRACE(wire::pull_api_names[static_cast<std::size_t>(api)]);
    const std::string headers = "transId: 1\r\ntransactionSrc: test\r\n";
    std::string refusal;
    wire::append_refusal(api, wire::PullRefusal::unauthorized, "", refusal);
    for (const std::string& wrong :
         {std::string(), std::string("Authorization: Bearer nonsense\r\n"), std::string("Authorization: Basic !!!\r\n"),
          std::string("Authorization: Bearer ups.0.99999999999999.00\r\n"),
          std::string("Authorization: Basic Og==\r\n")}) {
      const HttpReply reply = poll(api, run_.number(service), headers + wrong);
      EXPECT_EQ(reply.status, 401) << wrong;
      EXPECT_EQ(reply.body, refusal);
    }
    if (api == PullApi::easypost) continue;
    const HttpReply denied = token_reply(api, "else", "wrong");
    EXPECT_EQ(denied.status, 401) << denied.body;
    // A token is good for its own API and for its own time.
    const std::string mine = rights(api);
    EXPECT_EQ(poll(api, run_.number(service), mine).status, 200);
    const std::string others = rights(api == PullApi::ups ? PullApi::fedex : PullApi::ups);
    EXPECT_EQ(poll(api, run_.number(service), others).status, 401);
    unix_ms_ += wire::documented_token_life_s(api) * 1000 - 1;
    EXPECT_EQ(poll(api, run_.number(service), mine).status, 200);
    unix_ms_ += 1;
    EXPECT_EQ(poll(api, run_.number(service), mine).status, 401);
  }
  const HttpReply grant = client_->exchange("POST", "/oauth/token", "", "grant_type=password");
  EXPECT_EQ(grant.status, 400);
}

TEST_F(CarriersTest, MayTakeEverybody) {
  CarriersOptions options;
  options.token_key = "key";
  options.any_credentials = true;
  start(std::move(options));
  reach(day_zero + hours(17));
  EXPECT_EQ(token_reply(PullApi::fedex, "who", "ever").status, 200);
  EXPECT_EQ(poll(PullApi::fedex, run_.number(fedex), "Authorization: Bearer x\r\n").status, 200);
  EXPECT_EQ(poll(PullApi::easypost, run_.number(bike), "Authorization: Basic eDo=\r\n").status, 200);
  EXPECT_EQ(poll(PullApi::easypost, run_.number(bike), "").status, 401);
}

TEST_F(CarriersTest, RefuseNumbersThatAreNotTheirsInTheirOwnForm) {
  start();
  reach(day_zero + hours(17));
  const std::string ups_rights = rights(PullApi::ups);
  for (const std::string& number : {run_.number(fedex), std::string("1Z999AA10123456784")}) {
    const HttpReply reply = poll(PullApi::ups, number, ups_rights);
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.body, HasSubstr("TW0001"));
  }
  EXPECT_EQ(poll(PullApi::ups, "123", ups_rights).status, 400);
  const std::string bearer_only = ups_rights.substr(0, ups_rights.find("transId"));
  const HttpReply headless = poll(PullApi::ups, run_.number(ups), bearer_only);
  EXPECT_EQ(headless.status, 400);
  EXPECT_THAT(headless.body, HasSubstr("transId"));
  const HttpReply usps_reply = poll(PullApi::usps, "9400100000000000000000", rights(PullApi::usps));
  EXPECT_EQ(usps_reply.status, 404);
  EXPECT_THAT(usps_reply.body, HasSubstr(R"("apiVersion":"/tracking/v3")"));
  EXPECT_EQ(get("/tracking/v3/tracking/" + run_.number(usps) + "?expand=ALL", rights(PullApi::usps)).status, 400);
  EXPECT_EQ(client_->exchange("POST", "/api/track/v1/details/1Z", ups_rights, "{}").status, 405);
  EXPECT_EQ(get("/nothing", "").status, 404);
  EXPECT_EQ(get("/healthz", "").status, 200);
}

TEST_F(CarriersTest, OfUspsHasASummaryAndABatch) {
  start();
  reach(day_zero + hours(17));
  const std::string headers = rights(PullApi::usps);
  const HttpReply summary = get("/tracking/v3/tracking/" + run_.number(usps), headers);
  EXPECT_EQ(summary.status, 200);
  EXPECT_THAT(summary.body, HasSubstr("eventSummaries"));
  const auto batch = [&](const std::vector<std::string>& numbers) {
    std::string body = "[";
    for (const std::string& number : numbers) {
      body += (body.size() > 1 ? "," : "") + (R"({"trackingNumber":")" + number + R"("})");
    }
    return post("/tracking/v3r2/tracking", headers, body + "]");
  };
  EXPECT_EQ(batch({run_.number(usps)}).status, 200);
  const HttpReply partial = batch({run_.number(usps), "9400100000000000000000"});
  EXPECT_EQ(partial.status, 207);
  EXPECT_THAT(partial.body, HasSubstr(R"({"trackingNumber":"9400100000000000000000","error":{"code":"404")"));
  EXPECT_EQ(batch({"9400100000000000000000"}).status, 404);
  EXPECT_EQ(batch(std::vector<std::string>(35, run_.number(usps))).status, 200);
  EXPECT_EQ(batch(std::vector<std::string>(36, run_.number(usps))).status, 400);
  EXPECT_EQ(batch({}).status, 400);
  EXPECT_EQ(post("/tracking/v3r2/tracking", headers, "{").status, 400);
}

TEST_F(CarriersTest, OfFedExTakesThirtyNumbersAndTellsOfEach) {
  start();
  reach(day_zero + hours(17));
  const std::string headers = rights(PullApi::fedex) + "x-customer-transaction-id: mine\r\n";
  const auto ask = [&](const std::vector<std::string>& numbers) {
    return post("/track/v1/trackingnumbers", headers, fedex_body(numbers));
  };
  const HttpReply mixed = ask({run_.number(fedex), run_.number(ups), run_.number(fedex, 1)});
  EXPECT_EQ(mixed.status, 200);
  dom::parser parser;
  const dom::element reply = parser.parse(mixed.body);
  EXPECT_EQ(std::string_view(reply["customerTransactionId"]), "mine");
  std::vector<std::string> states;
  for (const dom::element result : reply.at_pointer("/output/completeTrackResults").get_array()) {
    std::string_view code;
    const bool failed = result.at_pointer("/trackResults/0/error/code").get(code) == simdjson::SUCCESS;
    if (!failed) code = std::string_view(result.at_pointer("/trackResults/0/latestStatusDetail/code"));
    states.emplace_back(code);
  }
  EXPECT_THAT(states, ::testing::ElementsAre("DL", "TRACKING.TRACKINGNUMBER.NOTFOUND", "OD"));
  EXPECT_EQ(ask(std::vector<std::string>(30, run_.number(fedex))).status, 200);
  const HttpReply many = ask(std::vector<std::string>(31, run_.number(fedex)));
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.body, HasSubstr("TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED"));
  const HttpReply brief =
      post("/track/v1/trackingnumbers", headers,
           R"({"trackingInfo":[{"trackingNumberInfo":{"trackingNumber":")" + run_.number(fedex) + "\"}}]}");
  EXPECT_EQ(brief.status, 200);
  EXPECT_THAT(brief.body, HasSubstr(R"("scanEvents":[])"));
  EXPECT_EQ(post("/track/v1/trackingnumbers", headers, R"({"trackingInfo":[{}]})").status, 400);
}

TEST_F(CarriersTest, OfEasyPostPagesThroughAllTrackersOnce) {
  run_ = PolledRun(10);
  start();
  reach(day_zero + hours(40));
  std::vector<std::string> seen;
  Page now = page("?page_size=7");
  while (true) {
    seen.insert(seen.end(), now.ids.begin(), now.ids.end());
    if (!now.more) break;
    now = page("?page_size=7&before_id=" + now.ids.back());
    ASSERT_FALSE(now.ids.empty());
  }
  EXPECT_EQ(seen.size(), 50U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 50U);
  EXPECT_EQ(page("").ids.size(), 20U);

  // Towards the newest: the page just above the fifth from the top.
  const Page above = page("?page_size=3&after_id=" + seen[4]);
  EXPECT_EQ(above.ids, std::vector<std::string>(seen.begin() + 1, seen.begin() + 4));
  EXPECT_TRUE(above.more);
  EXPECT_FALSE(page("?page_size=4&after_id=" + seen[4]).more);

  EXPECT_EQ(page("?tracking_code=" + run_.number(usps, 2)).codes, std::vector<std::string>{run_.number(usps, 2)});
  // Ordered in the hours 2 and 3 of the run's days: ten of fifty.
  const std::string from = "2013-10-28T12%3A00%3A00Z";
  const std::string to = "2013-10-28T13%3A00%3A00Z";
  EXPECT_EQ(page("?page_size=100&start_datetime=" + from + "&end_datetime=" + to).ids.size(), 10U);
  const std::string headers = rights(PullApi::easypost);
  for (const std::string query : {"?page_size=0", "?page_size=101", "?page_size=x", "?before_id=trk_1", "?carrier=UPS",
                                  "?start_datetime=yesterday"}) {
    EXPECT_EQ(get("/v2/trackers" + query, headers).status, 400) << query;
  }
}

TEST_F(CarriersTest, OfEasyPostListsATrackerAsSoonAsItsFirstScanIsPublished) {
  start();
  reach(day_zero + hours(10) + minutes(30));
  EXPECT_EQ(page("").ids.size(), 5U);
  reach(day_zero + hours(11) + minutes(30));
  EXPECT_EQ(page("").ids.size(), 10U);
}

TEST_F(CarriersTest, OfEasyPostFindsATrackerByItsId) {
  start();
  const std::string headers = rights(PullApi::easypost);
  dom::parser parser;
  const auto create = [&](const std::string& number) {
    const HttpReply reply = poll(PullApi::easypost, number, headers);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const dom::element tracker = parser.parse(reply.body);
    return std::pair(std::string(std::string_view(tracker["id"])), std::string(std::string_view(tracker["status"])));
  };
  const auto [id, before] = create(run_.number(ups));
  EXPECT_EQ(before, "unknown") << "nothing is published yet";
  reach(day_zero + hours(17));
  EXPECT_EQ(create(run_.number(ups)), std::pair(id, std::string("delivered")));
  EXPECT_THAT(get("/v2/trackers/" + id, headers).body, HasSubstr(R"("status":"delivered")"));
  const auto stranger = create("HELLO\\u00fc");
  EXPECT_EQ(stranger.second, "unknown");
  EXPECT_EQ(get("/v2/trackers/" + stranger.first, headers).status, 200);
  EXPECT_EQ(get("/v2/trackers/trk_00000000000000010000000000000001", headers).status, 404);
  EXPECT_EQ(get("/v2/trackers/x", headers).status, 404);
  const HttpReply batch = post("/v2/trackers/batch", headers,
                               R"({"tracking_codes":[")" + run_.number(ups) + R"(",")" + run_.number(usps) + R"("]})");
  EXPECT_EQ(batch.status, 200);
  EXPECT_THAT(batch.body, HasSubstr(run_.number(usps)));
  EXPECT_EQ(post("/v2/trackers", headers, "{}").status, 400);
}

TEST_F(CarriersTest, LimitEachCredentialByItself) {
  CarriersOptions options = declared();
  options.credentials.push_back({PullApi::easypost, "EZTK2", ""});
  options.troubles.limit = 3;
  options.troubles.limit_window = std::chrono::seconds{60};
  start(std::move(options));
  reach(day_zero + hours(17));
  const std::string one = rights(PullApi::easypost);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/v2/trackers", one).status, 200);
  const HttpReply limited = get("/v2/trackers", one);
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(limited.body, HasSubstr("RATE_LIMITED"));
  EXPECT_TRUE(limited.has_header("Retry-After: 60\r\n")) << limited.head;
  EXPECT_EQ(get("/v2/trackers", "Authorization: Basic RVpUSzI6\r\n").status, 200);  // EZTK2:
  unix_ms_ += 59'999;
  EXPECT_TRUE(get("/v2/trackers", one).has_header("Retry-After: 1\r\n"));
  unix_ms_ += 1;
  EXPECT_EQ(get("/v2/trackers", one).status, 200);
  EXPECT_EQ(ledger_.count(PollFate::throttled), 2U);
}

TEST_F(CarriersTest, KeepOthersGoingWhileSomeWait) {
  CarriersOptions options = declared();
  options.troubles.slow = 1'000'000;
  options.troubles.slow_by = std::chrono::hours{1};
  start(std::move(options));
  reach(day_zero + hours(17));
  const std::string headers = rights(PullApi::easypost);
  HttpClient slow(carriers_->port());
  ASSERT_TRUE(slow.send(HttpClient::request("GET", "/v2/trackers", headers, "")));
  // Answered within this test although the other waits; and the end does not wait for it either.
  EXPECT_EQ(get("/healthz", "").status, 200);
  EXPECT_EQ(get("/v2/trackers", "").status, 401);
  carriers_->stop();
  EXPECT_EQ(slow.receive().status, 0);
}

TEST_F(CarriersTest, AnswerLateOnRequest) {
  CarriersOptions options = declared();
  options.troubles.slow = 1'000'000;
  options.troubles.slow_by = std::chrono::milliseconds{5};
  start(std::move(options));
  reach(day_zero + hours(17));
  const std::string headers = rights(PullApi::easypost);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/v2/trackers", headers).status, 200);
  ASSERT_FALSE(ledger_.records.empty());
  EXPECT_TRUE(ledger_.records.front().slowed);
}

/// What the n-th poll of each parcel met, whatever the order in which the parcels were asked for.
std::vector<std::string> troubles_met(std::uint64_t seed, bool backwards) {
  PolledRun run(100);
  Ledger ledger;
  CarriersOptions options = declared();
  options.any_credentials = true;
  options.unix_time = [] { return std::chrono::milliseconds{0}; };
  options.troubles = {.seed = seed, .slow = 200'000, .error = 100'000, .stale = 300'000};
  auto instant = std::make_shared<RunningInstant>(day_zero);
  const auto book = endpoint::CarrierBook::read(run.world, run.source, {});
  EXPECT_TRUE(book);
  instant->reach(day_zero + days(20));
  endpoint::CarrierHandler handler(run.world, options, *book, instant, &ledger);
  struct Bearer final : endpoint::Headers {
    [[nodiscard]] std::string_view value(std::string_view name) const override {
      return name == "Authorization" ? "Bearer x" : "1";
    }
  } const bearer;
  std::vector<std::string> met(200);
  for (std::size_t k = 0; k < met.size(); ++k) {
    const std::size_t i = backwards ? met.size() - 1 - k : k;
    const std::string target = "/track/v1/details/" + run.number(ups, static_cast<std::uint32_t>(i / 2));
    endpoint::Request request;
    request.method = "GET";
    request.target = target;
    request.others = &bearer;
    endpoint::Reply reply;
    handler.handle(request, reply);
    const PollRecord& record = ledger.records.back();
    // The first and the second poll of a parcel change places when asked backwards.
    met[backwards ? i ^ 1U : i] =
        std::to_string(reply.status) + (record.slowed ? " slow" : "") + (record.stale ? " stale" : "");
    EXPECT_EQ(reply.delay.count() > 0, record.slowed);
  }
  return met;
}

TEST(CarrierTroubles, AreDrawnFromSeedNumberAndPollAlone) {
  const std::vector<std::string> met = troubles_met(7, false);
  EXPECT_EQ(troubles_met(7, false), met);
  EXPECT_EQ(troubles_met(7, true), met);
  EXPECT_NE(troubles_met(8, false), met);
  const auto share = [&met](std::string_view what) {
    return static_cast<double>(std::count_if(met.begin(), met.end(),
                                             [&](const std::string& m) { return m.find(what) != std::string::npos; })) /
           static_cast<double>(met.size());
  };
  // Within four standard deviations of 200 draws.
  EXPECT_NEAR(share("slow"), 0.2, 0.12);
  EXPECT_NEAR(share("500") + share("503"), 0.1, 0.09);
  EXPECT_GT(share("500"), 0);
  EXPECT_GT(share("503"), 0);
  EXPECT_NEAR(share("stale"), 0.3 * 0.9, 0.14);
}

TEST(CarrierTroubles, AStaleCacheTellsWhatWasKnownThen) {
  PolledRun run;
  Ledger ledger;
  CarriersOptions options = declared();
  options.unix_time = [] { return std::chrono::milliseconds{0}; };
  options.troubles.stale = 1'000'000;
  options.troubles.stale_by = hours(2);
  auto instant = std::make_shared<RunningInstant>(day_zero);
  instant->reach(day_zero + hours(14));
  const auto book = endpoint::CarrierBook::read(run.world, run.source, {});
  ASSERT_TRUE(book);
  endpoint::CarrierHandler handler(run.world, options, *book, instant, &ledger);
  struct Key final : endpoint::Headers {
    [[nodiscard]] std::string_view value(std::string_view name) const override {
      return name == "Authorization" ? "Basic RVpUSzE6" : "";
    }
  } const key;
  const std::string body = R"({"tracker":{"tracking_code":")" + run.number(usps) + R"("}})";
  endpoint::Request request;
  request.method = "POST";
  request.target = "/v2/trackers";
  request.body = body;
  request.others = &key;
  endpoint::Reply reply;
  handler.handle(request, reply);
  // At 14:00 three scans are published but for the last half hour's; at 12:00 only the label of 10:00 was.
  EXPECT_THAT(reply.body, HasSubstr(R"("status":"pre_transit")"));
  EXPECT_THAT(reply.body, Not(HasSubstr("in_transit")));
  ASSERT_EQ(ledger.records.size(), 1U);
  EXPECT_TRUE(ledger.records.front().stale);
  EXPECT_EQ(ledger.records.front().age, hours(3) + minutes(30));
}

TEST(CarrierCredentials, AreReadLineByLine) {
  const auto read = parse_credentials("# ours\n\nups a:b:c\r\neasypost KEY\n  \nusps x:y", "file");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].id, "a");
  EXPECT_EQ((*read)[0].secret, "b:c");
  EXPECT_EQ((*read)[1].id, "KEY");
  EXPECT_EQ((*read)[2].api, PullApi::usps);
  for (const std::string wrong :
       {"dhl a:b", "ups", "ups hush", "ups :hush", "ups a:", "easypost KEY:hush", "ups a b:hush"}) {
    const auto refused = parse_credentials("ups a:b\n" + wrong, "file");
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(refused.error().message, HasSubstr("file:2: "));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hush")));
  }
}

TEST(CarrierOptions, OutOfRangeAreRefused) {
  PolledRun run;
  const auto refused = [&run](auto&& change) {
    CarriersOptions options = declared();
    change(options);
    const auto started = Carriers::start(run.world, run.source, {}, std::make_shared<RunningInstant>(day_zero), nullptr,
                                         std::move(options));
    return !started && started.error().kind == ErrorKind::bad_input;
  };
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.credentials.pop_back(); }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.apis = {}; }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.token_key.clear(); }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.token_life_s = 0; }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.troubles.slow = 1'000'001; }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.troubles.stale_by = SimDuration{}; }));
  EXPECT_TRUE(refused([](CarriersOptions& o) { o.address = "0.0.0.0"; }));
  EXPECT_FALSE(refused([](CarriersOptions&) {}));
}

TEST(CarrierBook, HasAReusedNumbersLastParcelAlone) {
  PolledRun run;
  const ParcelId parcel = run.source.all[0].id;
  const auto reuse = [parcel](std::vector<Scan>& scans) {
    if (scans.front().parcel != parcel || scans.front().kind != ScanKind::delivered) return;
    Scan label = scans.front();
    label.kind = ScanKind::label_created;
    label.sequence = injected_sequence;
    label.at += hours(1);
    label.reported += hours(1);
    scans.push_back(label);
  };
  const auto book = endpoint::CarrierBook::read(run.world, run.source, reuse);
  ASSERT_TRUE(book);
  endpoint::CarrierBook::History history;
  const endpoint::BookedParcel* booked = book->by_number(run.number(ups));
  ASSERT_NE(booked, nullptr);
  EXPECT_EQ(book->by_key(booked->key), booked);
  ASSERT_TRUE(book->history(*booked, day_zero + hours(17), history));
  EXPECT_EQ(history.scans.size(), 4U);
  ASSERT_TRUE(book->history(*booked, day_zero + hours(18), history));
  EXPECT_EQ(history.scans.size(), 1U);
  EXPECT_EQ(history.published, 5U);
  EXPECT_EQ(history.newest.kind, ScanKind::label_created);
  EXPECT_FALSE(book->history(*booked, day_zero, history));
  EXPECT_EQ(book->by_number("nobody's"), nullptr);
}

TEST(RunningInstantTest, RunsWithTheWallAndNeverFallsBehindWhatWasReached) {
  std::chrono::nanoseconds wall{5'000'000'000};
  RunningInstant instant(day_zero + hours(1), [&wall] { return wall; });
  EXPECT_EQ(instant.now(), day_zero + hours(1));
  instant.reach(day_zero + hours(2));
  instant.reach(day_zero);
  EXPECT_EQ(instant.now(), day_zero + hours(2));
  instant.start(3600);
  EXPECT_EQ(instant.now(), day_zero + hours(2));
  wall += std::chrono::seconds{3};
  EXPECT_EQ(instant.now(), day_zero + hours(4));
  wall += std::chrono::hours{24 * 365 * 100};
  EXPECT_GT(instant.now(), day_zero + days(36'500));
}

TEST(FormValue, IsDecoded) {
  EXPECT_EQ(endpoint::form_value("a=1&b=x+y%21&c", "b"), "x y!");
  EXPECT_EQ(endpoint::form_value("a=1", "b"), std::nullopt);
  EXPECT_EQ(endpoint::form_value("b=%zz", "b"), std::nullopt);
  EXPECT_EQ(endpoint::base64_decoded("aGk6"), "hi:");
  EXPECT_EQ(endpoint::base64_decoded("aGk"), "hi");
  EXPECT_EQ(endpoint::base64_decoded("a"), std::nullopt);
  EXPECT_EQ(endpoint::base64_decoded("a*=="), std::nullopt);
}

}  // namespace
}  // namespace peakstorm
