// The tracking endpoint over real loopback sockets: what it stores, shows, refuses and survives.
#include "adapters/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/wire_format.hpp"
#include "tests/adapters/endpoint/http_client.hpp"
#include "tests/adapters/endpoint/messages.hpp"

namespace peakstorm {
namespace {

using testing::cloudevent;
using testing::easypost;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::HttpReply;
using ::testing::Not;
using testing::signature;
using testing::Told;
using enum ScanKind;

constexpr std::string_view json_content = "Content-Type: application/json\r\n";
constexpr std::string_view wants_json = "Accept: application/json\r\n";

EndpointOptions signed_options() {
  EndpointOptions options;
  options.secret = testing::secret;
  return options;
}

class Endpoint : public ::testing::Test {
 protected:
  void start(EndpointOptions options = signed_options()) {
    auto started = TrackingEndpoint::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    endpoint_ = std::move(*started);
    client_ = std::make_unique<HttpClient>(endpoint_->port());
    ASSERT_TRUE(client_->connected());
  }
  HttpReply post(std::string_view path, const std::string& body, std::string_view headers = json_content) {
    return client_->exchange("POST", path, std::string(headers) + signature(body), body);
  }
  HttpReply post_easypost(const std::string& body) { return post("/webhooks/easypost", body); }
  HttpReply post_cloudevent(const std::string& body) {
    return post("/webhooks/cloudevents", body, "Content-Type: application/cloudevents+json; charset=UTF-8\r\n");
  }
  HttpReply page(const std::string& number) { return client_->exchange("GET", "/track/" + number, wants_json); }
  std::string html(const std::string& number) {
    return client_->exchange("GET", "/track/" + number, "Accept: text/html\r\n").body;
  }
  ShownParcel shown(const std::string& number) {
    const HttpReply reply = page(number);
    const auto parcel =
        wire::decode_track_page(ParcelId{1}, static_cast<unsigned>(reply.status), reply.body, 1385337600);
    EXPECT_TRUE(parcel) << reply.body;
    return parcel.value_or(ShownParcel{});
  }

  std::unique_ptr<TrackingEndpoint> endpoint_;
  std::unique_ptr<HttpClient> client_;
};

const std::vector<Told>& journey() {
  static const std::vector<Told> scans{{label_created, "2013-12-20T15:00:00Z", "omaha"},
                                       {accepted, "2013-12-20T23:10:00Z", "omaha"},
                                       {arrived, "2013-12-22T04:00:00Z", "dallas"},
                                       {out_for_delivery, "2013-12-23T14:00:00Z", "dallas"},
                                       {delivered, "2013-12-23T19:30:00Z", ""}};
  return scans;
}

TEST_F(Endpoint, ShowsAJourneyToldByEasyPost) {
  start();
  const std::string body = easypost("evt_1", "1Z999AA10123456784", journey(), "2013-12-23T00:00:00Z");
  EXPECT_EQ(post_easypost(body).status, 200);
  const ShownParcel parcel = shown("1Z999AA10123456784");
  ASSERT_TRUE(parcel.found);
  EXPECT_EQ(parcel.status, delivered);
  EXPECT_EQ(parcel.delivered_unix_ms, 1387827000000);
  ASSERT_EQ(parcel.scans.size(), 5U);
  EXPECT_EQ(parcel.scans[0].kind, label_created);
  EXPECT_EQ(parcel.scans[2].place, "dallas");
  EXPECT_EQ(parcel.scans[2].unix_ms, 1387684800000);
  EXPECT_THAT(page("1Z999AA10123456784").body, HasSubstr("\"estimated_date\":\"2013-12-23\""));
}

TEST_F(Endpoint, ShowsAScanToldByCloudEventsInBothModes) {
  start();
  EXPECT_EQ(post_cloudevent(cloudevent("a", "PS1", journey()[0], "2013-12-24")).status, 200);
  const std::string data = testing::scan_data("PS1", journey()[1]);
  EXPECT_EQ(
      post("/webhooks/cloudevents", data,
           "Content-Type: application/json\r\nce-specversion: 1.0\r\nce-id: b\r\nce-source: /carriers/ups%20us\r\n"
           "ce-type: scan\r\nce-time: 2013-12-20T17:10:00-06:00\r\n")
          .status,
      200);
  const ShownParcel parcel = shown("PS1");
  EXPECT_EQ(parcel.status, accepted);
  ASSERT_EQ(parcel.scans.size(), 2U);
  EXPECT_THAT(page("PS1").body, HasSubstr("\"offset_minutes\":-360"));
  EXPECT_THAT(page("PS1").body, HasSubstr("\"estimated_date\":\"2013-12-24\""));
}

TEST_F(Endpoint, TakesCloudEventsBatchesOnlyWhenSolicited) {
  const std::string batch =
      "[" + cloudevent("a", "PS1", journey()[0]) + "," + cloudevent("b", "PS1", journey()[1]) + "]";
  const std::string_view content = "Content-Type: application/cloudevents-batch+json\r\n";
  start();
  EXPECT_EQ(post("/webhooks/cloudevents", batch, content).status, 415);
  EXPECT_EQ(page("PS1").status, 404);
  EndpointOptions options = signed_options();
  options.allow_batches = true;
  start(options);
  EXPECT_EQ(post("/webhooks/cloudevents", batch, content).status, 200);
  EXPECT_EQ(shown("PS1").scans.size(), 2U);
}

// Goal: the page is a function of the set of scans. Method: every order of five scans, each as its own
// CloudEvent, must give the same page to the byte.
TEST_F(Endpoint, AllOrdersOfAHistoryGiveTheSamePage) {
  start();
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::string first;
  int orders = 0;
  do {
    const std::string number = "P" + std::to_string(1000 + orders++);
    for (const std::size_t i : order) {
      const auto eta = i == 3 ? "2013-12-23" : i == 1 ? "2013-12-22" : "";
      ASSERT_EQ(post_cloudevent(cloudevent(number + std::to_string(i), number, journey()[i], eta)).status, 200);
    }
    std::string body = page(number).body + html(number);
    for (std::size_t at = body.find(number); at != std::string::npos; at = body.find(number)) {
      body.replace(at, number.size(), "NUMBER");
    }
    if (first.empty()) first = body;
    ASSERT_EQ(body, first) << "order " << orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 120);
  EXPECT_THAT(first, HasSubstr("\"status\":\"delivered\""));
  EXPECT_THAT(first, HasSubstr("\"estimated_date\":\"2013-12-23\""));
}

TEST_F(Endpoint, ARedeliveryChangesNothing) {
  start();
  const std::string body = easypost("evt_1", "PS1", journey());
  post_easypost(body);
  const std::string before = page("PS1").body;
  const HttpReply again = post_easypost(body);
  EXPECT_EQ(again.status, 200);
  EXPECT_THAT(again.body, HasSubstr("duplicate"));
  EXPECT_EQ(page("PS1").body, before);
  EXPECT_EQ(endpoint_->stats().duplicate_messages, 1U);
  EXPECT_EQ(endpoint_->stats().scans_stored, 5U);
}

TEST_F(Endpoint, ANearDuplicateIsTheSameMilestone) {
  start();
  post_cloudevent(cloudevent("a", "PS1", {arrived, "2013-12-22T04:00:00Z", "DALLAS"}));
  // Another id, another source's spelling, the same instant with another offset.
  post_cloudevent(cloudevent("b", "PS1", {arrived, "2013-12-21T22:00:00-06:00", "Dallas"}));
  post_cloudevent(cloudevent("c", "PS1", {arrived, "2013-12-22T04:00:00.000Z", " dallas "}));
  const ShownParcel parcel = shown("PS1");
  EXPECT_EQ(parcel.scans.size(), 1U);
  EXPECT_EQ(endpoint_->stats().scans_repeated, 2U);
  // Another place is another milestone.
  post_cloudevent(cloudevent("d", "PS1", {arrived, "2013-12-22T04:00:00Z", "memphis"}));
  EXPECT_EQ(shown("PS1").scans.size(), 2U);
}

TEST_F(Endpoint, AGrowingHistoryAddsOnlyItsNewScans) {
  start();
  for (std::size_t n = 1; n <= journey().size(); ++n) {
    const std::vector<Told> sofar(journey().begin(), journey().begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_THAT(post_easypost(easypost("evt_" + std::to_string(n), "PS1", sofar)).body, HasSubstr("\"stored\":1"));
  }
  EXPECT_EQ(shown("PS1").scans.size(), 5U);
  // An old snapshot that arrives last takes nothing away.
  post_easypost(easypost("evt_9", "PS1", {journey()[0]}));
  EXPECT_EQ(shown("PS1").status, delivered);
  EXPECT_EQ(shown("PS1").scans.size(), 5U);
}

TEST_F(Endpoint, ARetractedDeliveryIsShownAsSuch) {
  start();
  post_easypost(easypost("evt_1", "PS1", journey()));
  post_cloudevent(cloudevent("r", "PS1", {retracted, "2013-12-23T21:00:00Z", "dallas"}));
  ShownParcel parcel = shown("PS1");
  EXPECT_EQ(parcel.status, out_for_delivery);
  EXPECT_FALSE(parcel.delivered_unix_ms);
  EXPECT_THAT(html("PS1"), HasSubstr("taken back"));
  post_cloudevent(cloudevent("s", "PS1", {delivered, "2013-12-24T16:00:00Z", ""}));
  parcel = shown("PS1");
  EXPECT_EQ(parcel.status, delivered);
  EXPECT_EQ(parcel.delivered_unix_ms, 1387900800000);
  EXPECT_EQ(parcel.scans.size(), 7U);
}

TEST_F(Endpoint, ShowsThePromiseOnceTheParcelIsFound) {
  start();
  const std::string body =
      R"({"parcels":[{"tracking_number":"PS1","promise_date":"2013-12-24","window_from":"08:00","window_to":"20:00",)"
      R"("destination":"752","time_zone":"America/Chicago"},{"tracking_number":"PS2","promise_date":null,"time_zone":null}]})";
  EXPECT_EQ(client_->exchange("PUT", "/parcels", signature(body), body).status, 200);
  EXPECT_EQ(page("PS1").status, 404);
  EXPECT_THAT(page("PS1").body, HasSubstr("\"promise_date\":\"2013-12-24\""));
  post_easypost(easypost("evt_1", "PS1", journey()));
  EXPECT_EQ(shown("PS1").promise_day, Day{29});
  const std::string text = html("PS1");
  EXPECT_THAT(text, HasSubstr("Promised for Tuesday 24 December, 08:00\xE2\x80\x93"
                              "20:00"));
  EXPECT_THAT(text, HasSubstr("Monday 23 December at 13:30"));  // Central time.
  EXPECT_THAT(text, HasSubstr("13:30 CST"));
}

TEST_F(Endpoint, TakesPromisesAsAnArrayAndOneByOne) {
  start();
  const std::string array = R"([{"tracking_number":"PS1","promise_date":"2013-12-24"}])";
  EXPECT_EQ(client_->exchange("PUT", "/parcels", signature(array), array).status, 200);
  const std::string one = R"({"tracking_number":"PS2","promise_date":"2013-12-25"})";
  EXPECT_EQ(post("/parcels", one).status, 200);
  EXPECT_EQ(endpoint_->stats().promises, 2U);
  EXPECT_THAT(page("PS2").body, HasSubstr("2013-12-25"));
  const std::string unsigned_body = R"([{"tracking_number":"PS3","promise_date":"2013-12-24"}])";
  EXPECT_EQ(client_->exchange("PUT", "/parcels", "", unsigned_body).status, 401);
  const std::string zone = R"([{"tracking_number":"PS3","time_zone":"Mars/Olympus"}])";
  const HttpReply refused = client_->exchange("PUT", "/parcels", signature(zone), zone);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("Mars/Olympus"));
}

TEST_F(Endpoint, AReusedNumberDoesNotShowTheOldJourney) {
  start();
  const auto order = [&](const char* name) {
    const std::string body = std::string(R"({"tracking_number":"PS1","order_number":")") + name + R"("})";
    return client_->exchange("PUT", "/parcels", signature(body), body).status;
  };
  EXPECT_EQ(order("first"), 200);
  post_easypost(easypost("evt_1", "PS1", journey()));
  EXPECT_EQ(order("second"), 200);
  EXPECT_EQ(page("PS1").status, 404);
  // EasyPost's history of the number goes on; its old part belongs to the old parcel.
  std::vector<Told> all = journey();
  all.push_back({label_created, "2014-03-01T10:00:00Z", "reno"});
  post_easypost(easypost("evt_2", "PS1", all));
  const ShownParcel parcel = shown("PS1");
  EXPECT_EQ(parcel.status, label_created);
  EXPECT_EQ(parcel.scans.size(), 1U);
}

TEST_F(Endpoint, RefusesForgedMessages) {
  start();
  const std::string body = easypost("evt_1", "PS1", journey());
  std::string tampered = body;
  tampered.replace(tampered.find("PS1"), 3, "PS2");
  std::string upper = signature(body);
  const auto status = [&](const std::string& headers, const std::string& text) {
    return client_->exchange("POST", "/webhooks/easypost", headers, text).status;
  };
  EXPECT_EQ(status("", body), 401);
  EXPECT_EQ(status(signature(body), tampered), 401);
  EXPECT_EQ(status(signature(body, "another secret"), body), 401);
  EXPECT_EQ(status("X-Hmac-Signature: hmac-sha256-hex=\r\n", body), 401);
  EXPECT_EQ(status("X-Hmac-Signature: " + std::string(16, 'f') + "\r\n", body), 401);
  EXPECT_EQ(status("X-Hmac-Signature: hmac-sha256-hex=" + std::string(64, 'z') + "\r\n", body), 401);
  EXPECT_EQ(page("PS1").status, 404);
  EXPECT_EQ(page("PS2").status, 404);
  EXPECT_EQ(endpoint_->stats().refused, 6U);
  std::string other_name = signature(body);
  other_name.replace(0, std::string_view("X-Hmac-Signature").size(), "x-peakstorm-signature");
  EXPECT_EQ(status(other_name, body), 200);
}

TEST_F(Endpoint, MalformedMessagesGetAReasonAndChangeNothing) {
  start();
  struct Case {
    std::string body;
    const char* reason;
  };
  const std::string good = easypost("evt_1", "PS1", journey());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::vector<Case> cases{
      {"", "empty"},
      {"{", "not JSON"},
      {"[]", "must be a JSON object"},
      {"null", "must be a JSON object"},
      {good + "x", "not JSON"},
      {good.substr(0, good.size() / 2), "not JSON"},
      {with("omaha", "\xff\xfe"), "not JSON"},
      {with("\"id\":\"evt_1\"", "\"id\":\"\""), "id: missing"},
      {with("\"id\":\"evt_1\"", "\"id\":7"), "id: must be a string"},
      {with("\"result\":{", "\"result\":[],\"was\":{"), "result: missing"},
      {with("PS1", ""), "result.tracking_code"},
      {with("PS1", std::string(65, '1')), "result.tracking_code"},
      {with("PS1", "a\\u0000b"), "result.tracking_code"},
      {with("2013-12-20T23:10:00Z", "2013-12-20T23:10:00"), "result.tracking_details[1].datetime"},
      {with("2013-12-20T23:10:00Z", "yesterday"), "result.tracking_details[1].datetime"},
      {with("\"tracking_details\":[", "\"tracking_details\":[7,"), "result.tracking_details[0]"},
      {with("\"tracking_details\":[", "\"tracking_details\":{},\"was\":["), "must be an array"},
      {with("\"est_delivery_date\":null", "\"est_delivery_date\":\"soon\""), "est_delivery_date"},
      {with("\"city\":\"omaha\"", "\"city\":" + std::string(600, '1')), "not JSON"},
      {with("omaha", std::string(600, 'o')), "longer than 512"},
      {std::string(2000, '['), "not JSON"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.body.substr(0, 200));
    const HttpReply reply = post_easypost(one.body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr(one.reason));
  }
  EXPECT_EQ(page("PS1").status, 404);
  EXPECT_EQ(endpoint_->stats().scans_stored, 0U);
  // Nulls and empty strings where vendors send them are fine.
  EXPECT_EQ(post_easypost(with("\"city\":\"omaha\"", "\"city\":null")).status, 200);
}

TEST_F(Endpoint, MalformedCloudEventsGetAReason) {
  start();
  const std::string good = cloudevent("a", "PS1", journey()[0]);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {with("\"specversion\":\"1.0\",", ""), "specversion"},
           {with("\"specversion\":\"1.0\"", "\"specversion\":\"0.3\""), "specversion"},
           {with("\"id\":\"a\",", ""), "id: missing"},
           {with("/carriers/ups", ""), "source: missing"},
           {with("\"data\":", "\"datum\":"), "data: missing"},
           {with("label_created", "teleported"), "data.kind"},
           {with("\"occurred_at\":\"2013-12-20T15:00:00Z\"", "\"occurred_at\":\"2013-12-20T15:00:00\""),
            "data.occurred_at"},
       }) {
    SCOPED_TRACE(body);
    const HttpReply reply = post_cloudevent(body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr(why));
  }
  EXPECT_EQ(post("/webhooks/cloudevents", good, "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(post("/webhooks/cloudevents", good, json_content).status, 400);
  EXPECT_EQ(page("PS1").status, 404);
}

TEST_F(Endpoint, SkipsStatusesOutsideTheVocabularyAndCountsThem) {
  start();
  std::string body = easypost("evt_1", "PS1", journey());
  body.replace(body.find("\"status\":\"pre_transit\""), 22, "\"status\":\"teleported\"");
  EXPECT_EQ(post_easypost(body).status, 200);
  EXPECT_EQ(shown("PS1").scans.size(), 4U);
  EXPECT_EQ(endpoint_->stats().scans_unmapped, 1U);
}

TEST_F(Endpoint, AcceptsEventsAboutOtherObjectsWithoutAnEffect) {
  start();
  EXPECT_EQ(post_easypost(R"({"object":"Event","id":"evt_2","result":{"object":"Batch","id":"batch_1"}})").status, 200);
  EXPECT_EQ(endpoint_->stats().scans_stored, 0U);
}

TEST_F(Endpoint, WrongPathsAndMethodsAreNamed) {
  start();
  EXPECT_EQ(client_->exchange("GET", "/").status, 404);
  EXPECT_EQ(client_->exchange("POST", "/webhooks/unknown", "", "{}").status, 404);
  const HttpReply wrong = client_->exchange("GET", "/webhooks/easypost");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_TRUE(wrong.has_header("Allow: POST\r\n"));
  EXPECT_EQ(client_->exchange("DELETE", "/track/PS1").status, 405);
  EXPECT_EQ(client_->exchange("BREW", "/track/PS1").status, 405);
  const HttpReply handshake = client_->exchange("OPTIONS", "/webhooks/cloudevents", "WebHook-Request-Origin: a\r\n");
  EXPECT_EQ(handshake.status, 200);
  EXPECT_TRUE(handshake.has_header("WebHook-Allowed-Origin: "));
  EXPECT_EQ(client_->exchange("HEAD", "/track/PS1").status, 404);
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
}

TEST_F(Endpoint, PageSpeaksTheLanguageTheBrowserLikesBest) {
  start();
  const auto page = [&](const std::string& path, const std::string& languages) {
    return client_->exchange("GET", path, "Accept: text/html\r\n" + languages);
  };
  const std::string spanish = "Accept-Language: fr;q=0.9, en;q=0.4, es-MX;q=0.8\r\n";
  EXPECT_THAT(page("/track/1Z999", spanish).body,
              AllOf(HasSubstr("<html lang=\"es\">"), HasSubstr("Aún no encontrado")));
  EXPECT_THAT(page("/track/1Z999", spanish).head, HasSubstr("Content-Language: es\r\n"));
  EXPECT_THAT(page("/track/1Z999?lang=en", spanish).body, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page("/track/1Z999?lang=es", "").body, HasSubstr("lang=\"es\""));
  for (const char* const odd : {"", "Accept-Language: ,;q=,es;q=x\r\n", "Accept-Language: fr\r\n"})
    EXPECT_THAT(page("/track/1Z999", odd).body, HasSubstr("Not found yet"));
}

// Goal: the page lists what a shop writes to its customer, newest first, in the page's language, and nothing that a
// sender wrote becomes markup in it.
TEST_F(Endpoint, ListsTheNoticesInTheLanguageOfThePage) {
  start();
  const std::string body =
      R"({"parcels":[{"tracking_number":"PS1","order_number":"A<1>","promise_date":"2013-12-22","time_zone":"America/Chicago"}]})";
  EXPECT_EQ(client_->exchange("PUT", "/parcels", signature(body), body).status, 200);
  EXPECT_THAT(html("PS1"), Not(HasSubstr("Messages to you")));
  post_easypost(easypost("evt_1", "PS1", journey()));
  const auto notices = [&](const char* language) {
    const std::string text = html(std::string("PS1?lang=") + language);
    const std::size_t from = text.find("id=\"notices\"");
    return from == std::string::npos ? std::string() : text.substr(from);
  };
  const std::string english = notices("en");
  EXPECT_THAT(english, AllOf(HasSubstr("Messages to you"), HasSubstr("Your order A&lt;1&gt; is on its way"),
                             HasSubstr("It is promised for Sunday 22 December."), HasSubstr("Tracking number: PS1")));
  EXPECT_LT(english.find("has been delivered"), english.find("comes today"));
  EXPECT_LT(english.find("comes today"), english.find("is on its way"));
  EXPECT_EQ(english.find("is on its way"), english.rfind("is on its way"));
  EXPECT_THAT(english, Not(HasSubstr("A<1>")));
  const std::string spanish = notices("es");
  EXPECT_THAT(spanish, AllOf(HasSubstr("Mensajes para usted"), HasSubstr("Su pedido A&lt;1&gt; ha sido entregado"),
                             HasSubstr("prometido para el domingo 22 de diciembre.")));
  EXPECT_THAT(spanish, Not(HasSubstr("Your order")));
}

TEST_F(Endpoint, AnUnknownNumberGetsAFriendlyPage) {
  start();
  const HttpReply reply = client_->exchange("GET", "/track/1Z999", "Accept: text/html\r\n");
  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(reply.body, HasSubstr("Not found yet"));
  const HttpReply json = client_->exchange("GET", "/track/1Z999?format=json");
  EXPECT_EQ(json.status, 404);
  EXPECT_THAT(json.body, HasSubstr("\"found\":false"));
}

TEST_F(Endpoint, OddNumbersAreSafe) {
  start();
  for (const char* path : {"/track/", "/track/%00", "/track/%ff%fe", "/track/a%0d%0ab", "/track/..%2f..%2fetc",
                           "/track/%3Cscript%3E", "/track/'%20OR%201=1--", "/track/%22%3E"}) {
    SCOPED_TRACE(path);
    const HttpReply reply = client_->exchange("GET", path, "Accept: text/html\r\n");
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.body, Not(HasSubstr("<script")));
    const HttpReply json = client_->exchange("GET", path, wants_json);
    EXPECT_EQ(json.status, 404);
    simdjson::dom::parser parser;
    EXPECT_EQ(parser.parse(json.body).error(), simdjson::SUCCESS) << json.body;
  }
  EXPECT_EQ(client_->exchange("GET", "/track/%").status, 400);
  EXPECT_EQ(client_->exchange("GET", "/track/%zz").status, 400);
  EXPECT_EQ(client_->exchange("GET", "/track/" + std::string(8000, 'a')).status, 404);
  // Stored under a number with a slash and umlauts, found under it.
  post_cloudevent(cloudevent("a", "A/B \xC3\xBC", journey()[0]));
  EXPECT_EQ(page("A%2FB%20%C3%BC").status, 200);
  // People type blanks and small letters.
  post_cloudevent(cloudevent("b", "1Z999AA1", journey()[0]));
  EXPECT_EQ(page("1z%20999-aa1").status, 200);
}

TEST_F(Endpoint, EscapesWhatSendersWrite) {
  start();
  post_cloudevent(cloudevent("a", "<b>&'X", {arrived, "2013-12-22T04:00:00Z", "<script>alert(1)</script>"}));
  const std::string text = html("%3Cb%3E%26%27X");
  EXPECT_THAT(text, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(text, HasSubstr("&lt;b&gt;&amp;&#39;X"));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, Not(HasSubstr("<b>&")));
}

TEST_F(Endpoint, TooLongABodyIsRefusedBeforeItIsRead) {
  start();
  HttpClient sender(endpoint_->port());
  sender.send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n");
  // Whether or not the whole body still leaves, the answer must arrive.
  const std::string chunk(1U << 20U, 'x');
  for (int i = 0; i < 10 && sender.send(chunk); ++i) {
  }
  const HttpReply reply = sender.receive();
  EXPECT_EQ(reply.status, 413);
  EXPECT_TRUE(reply.has_header("Connection: close"));
  HttpClient chunked(endpoint_->port());
  chunked.send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10 && chunked.send("100000\r\n" + chunk + "\r\n"); ++i) {
  }
  EXPECT_EQ(chunked.receive().status, 413);
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
}

TEST_F(Endpoint, TruncatedAndBrokenRequestsGetAnAnswer) {
  start();
  struct Case {
    std::string bytes;
    int status;
  };
  for (const Case& one :
       {Case{"POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"id\":", 400},
        Case{"POST /webhooks/easypost HTTP/1.1\r\nHost", 400}, Case{"\x16\x03\x01\x02 TLS, by mistake\r\n\r\n", 400},
        Case{"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        Case{"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        Case{"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400},
        Case{"GET /x HTTP/1.1\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n", 431}}) {
    SCOPED_TRACE(one.bytes.substr(0, 80));
    HttpClient sender(endpoint_->port());
    sender.send(one.bytes);
    sender.finish_sending();
    EXPECT_EQ(sender.receive().status, one.status);
    EXPECT_TRUE(sender.ended());
  }
  HttpClient silent(endpoint_->port());
  silent.finish_sending();
  EXPECT_TRUE(silent.ended());
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
}

TEST_F(Endpoint, PipelinedRequestsAreAnsweredInOrder) {
  start();
  std::string all;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string body = cloudevent(std::to_string(i), "PS1", journey()[i]);
    all += HttpClient::request("POST", "/webhooks/cloudevents",
                               "Content-Type: application/cloudevents+json\r\n" + signature(body), body);
    all += HttpClient::request("GET", "/track/PS1", wants_json, "");
  }
  client_->send(all);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(client_->receive().status, 200);
    EXPECT_THAT(client_->receive().body, HasSubstr("\"scans_count\":" + std::to_string(i + 1)));
  }
}

TEST_F(Endpoint, ContinuesWhenASenderAsks) {
  start();
  const std::string body = easypost("evt_1", "PS1", journey());
  client_->send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + signature(body) +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client_->receive().status, 100);
  client_->send(body);
  EXPECT_EQ(client_->receive().status, 200);
}

TEST_F(Endpoint, TooManyConnectionsAreTurnedAway) {
  EndpointOptions options = signed_options();
  options.connections_max = 2;
  start(options);
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
  HttpClient second(endpoint_->port());
  EXPECT_EQ(second.exchange("GET", "/healthz").status, 200);
  HttpClient third(endpoint_->port());
  const HttpReply reply = third.receive();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.has_header("Retry-After: "));
  EXPECT_EQ(second.exchange("GET", "/healthz").status, 200);
  EXPECT_EQ(endpoint_->stats().overloaded, 1U);
}

TEST_F(Endpoint, BodiesInFlightAreBounded) {
  EndpointOptions options = signed_options();
  options.pending_bytes_max = 1500;
  start(options);
  HttpClient slow(endpoint_->port());
  slow.send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(slow.receive().status, 100);
  HttpClient next(endpoint_->port());
  next.send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  const HttpReply reply = next.receive();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.has_header("Retry-After: "));
}

TEST_F(Endpoint, SlowSendersAreCutOff) {
  EndpointOptions options = signed_options();
  options.patience_ms = 50;
  start(options);
  HttpClient slow(endpoint_->port());
  slow.send("POST /webhooks/easypost HTTP/1.1\r\nHost: x\r\nContent-Le");
  EXPECT_TRUE(slow.ended());
}

TEST_F(Endpoint, AnIdleSenderMayComeBack) {
  EndpointOptions options = signed_options();
  options.patience_ms = 200;
  start(options);
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
  // A sender that never finishes its first request is cut off after the patience. By then the idle one
  // has waited longer than that and is still welcome.
  HttpClient slow(endpoint_->port());
  slow.send("GET /hea");
  EXPECT_TRUE(slow.ended());
  EXPECT_EQ(client_->exchange("GET", "/healthz").status, 200);
}

TEST_F(Endpoint, PicksTheFormTheReaderPrefers) {
  start();
  post_easypost(easypost("evt_1", "PS1", journey()));
  const auto type = [&](const std::string& accept, const std::string& query = "") {
    return client_->exchange("GET", "/track/PS1" + query, accept.empty() ? "" : "Accept: " + accept + "\r\n").head;
  };
  EXPECT_THAT(type("application/json"), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(type("application/json, text/html;q=0.5"), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(type("", "?format=json"), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(type("text/html,application/json;q=0.9"), HasSubstr("Content-Type: text/html"));
  EXPECT_THAT(type("*/*"), HasSubstr("Content-Type: text/html"));
  EXPECT_THAT(type(""), HasSubstr("Content-Type: text/html"));
}

TEST_F(Endpoint, MisbehavesOnRequest) {
  EndpointOptions options = signed_options();
  options.faults.forget_ppm = 500'000;
  options.faults.refuse_every = 10;
  start(options);
  int acknowledged = 0;
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string id = std::to_string(i);
    const int status = post_cloudevent(cloudevent(id, "PS" + id, journey()[0])).status;
    acknowledged += status == 200 ? 1 : 0;
    refused += status == 503 ? 1 : 0;
  }
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(acknowledged, 90);
  EXPECT_GT(endpoint_->stats().scans_stored, 20U);
  EXPECT_LT(endpoint_->stats().scans_stored, 70U);
}

TEST_F(Endpoint, ManySendersAtOnceLoseNothing) {
  start();
  constexpr int senders = 8;
  constexpr int parcels = 40;
  std::vector<std::thread> threads;
  std::atomic<int> acknowledged = 0;
  threads.reserve(senders);
  for (int s = 0; s < senders; ++s) {
    threads.emplace_back([&, s] {
      HttpClient sender(endpoint_->port());
      // All senders tell of the same parcels, so that they meet; each message goes out twice.
      for (int p = 0; p < parcels; ++p) {
        const std::string number = "PS" + std::to_string(p);
        const std::string body = cloudevent(number + "-" + std::to_string(s), number,
                                            {arrived, "2013-12-22T04:0" + std::to_string(s) + ":00Z", "dallas"});
        for (int twice = 0; twice < 2; ++twice) {
          const HttpReply reply =
              sender.exchange("POST", "/webhooks/cloudevents",
                              "Content-Type: application/cloudevents+json\r\n" + signature(body), body);
          acknowledged += reply.status == 200 ? 1 : 0;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(acknowledged, senders * parcels * 2);
  for (int p = 0; p < parcels; ++p) EXPECT_EQ(shown("PS" + std::to_string(p)).scans.size(), std::size_t{senders});
  EXPECT_EQ(endpoint_->stats().messages, std::uint64_t{senders * parcels * 2});
  EXPECT_EQ(endpoint_->stats().scans_stored, std::uint64_t{senders * parcels});
}

TEST_F(Endpoint, AnswersTheSameWithAlmostNoCache) {
  EndpointOptions options = signed_options();
  options.cached_scans_max = 4;
  start(options);
  for (std::size_t i = 0; i < 5; ++i) {
    for (const char* number : {"PS1", "PS2", "PS3"}) {
      post_cloudevent(cloudevent(number + std::to_string(i), number, journey()[4 - i], "2013-12-23"));
    }
  }
  for (const char* number : {"PS1", "PS2", "PS3"}) {
    EXPECT_EQ(shown(number).scans.size(), 5U);
    EXPECT_EQ(shown(number).status, delivered);
  }
  EXPECT_EQ(endpoint_->stats().scans_stored, 15U);
}

TEST_F(Endpoint, CountsInOpenMetrics) {
  start();
  post_easypost(easypost("evt_1", "PS1", journey()));
  client_->exchange("POST", "/webhooks/easypost", "", "{}");
  page("PS1");
  const HttpReply reply = client_->exchange("GET", "/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has_header("application/openmetrics-text"));
  EXPECT_THAT(reply.body, HasSubstr("peakstorm_endpoint_requests_total{path=\"/webhooks/easypost\",code=\"200\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("peakstorm_endpoint_requests_total{path=\"/webhooks/easypost\",code=\"401\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("peakstorm_endpoint_scans_stored_total 5\n"));
  EXPECT_THAT(reply.body, HasSubstr("peakstorm_endpoint_request_seconds_count{path=\"/track\"} 1\n"));
  EXPECT_THAT(reply.body, ::testing::EndsWith("# EOF\n"));
}

TEST(EndpointStart, RefusesWhatIsUnsafeOrImpossible) {
  const auto refusal = [](auto change) {
    EndpointOptions options = signed_options();
    change(options);
    const auto started = TrackingEndpoint::start(options);
    return started ? std::string("started") : started.error().message;
  };
  EXPECT_THAT(refusal([](auto& o) { o.address = "0.0.0.0"; }), HasSubstr("outside this machine"));
  EXPECT_THAT(refusal([](auto& o) { o.address = "localhost"; }), HasSubstr("not numeric"));
  EXPECT_THAT(refusal([](auto& o) { o.secret = ""; }), HasSubstr("secret"));
  EXPECT_THAT(refusal([](auto& o) { o.secret = "caf\xC3\xA9"; }), HasSubstr("ASCII"));
  EXPECT_THAT(refusal([](auto& o) { o.database = "/nonexistent/folder/x.db"; }), HasSubstr("/nonexistent/folder/x.db"));
  EXPECT_THAT(refusal([](auto& o) { o.promises_file = "/nonexistent.json"; }), HasSubstr("/nonexistent.json"));
  const auto first = TrackingEndpoint::start(signed_options());
  ASSERT_TRUE(first);
  EXPECT_THAT(refusal([&](auto& o) { o.port = (*first)->port(); }), HasSubstr("choose another port"));
}

TEST(EndpointStart, StopIsIdempotentAndFreesThePort) {
  auto first = TrackingEndpoint::start(signed_options());
  ASSERT_TRUE(first);
  HttpClient client((*first)->port());
  EXPECT_EQ(client.exchange("GET", "/healthz").status, 200);
  (*first)->stop();
  (*first)->stop();
  EXPECT_TRUE(client.ended());
  EndpointOptions again = signed_options();
  again.port = (*first)->port();
  EXPECT_TRUE(TrackingEndpoint::start(again));
}

TEST(EndpointStart, AllowsUnsignedMessagesOnlyOnRequest) {
  EndpointOptions options;
  options.allow_unsigned = true;
  const auto endpoint = TrackingEndpoint::start(options);
  ASSERT_TRUE(endpoint);
  HttpClient client((*endpoint)->port());
  EXPECT_EQ(client.exchange("POST", "/webhooks/easypost", "", easypost("e", "PS1", journey())).status, 200);
}

// ---- EPCIS ----

std::string object_event(std::string_view id, std::string_view number, std::string_view step,
                         std::string_view time = "2013-12-20T23:10:00Z", std::string_view further = "") {
  return R"({"type":"ObjectEvent","action":"OBSERVE","eventID":")" + std::string(id) + R"(","eventTime":")" +
         std::string(time) + R"(","eventTimeZoneOffset":"-06:00","epcList":["https://carrier.example/parcel/)" +
         std::string(number) + R"("],"bizStep":")" + std::string(step) +
         R"(,"readPoint":{"id":"https://carrier.example/place/TX/fort%20worth"})" + std::string(further) + "}";
}
constexpr std::string_view departing = R"(departing","disposition":"in_transit")";
constexpr std::string_view accepting = R"(accepting")";

std::string document(const std::vector<std::string>& events) {
  std::string body = R"({"@context":[],"type":"EPCISDocument","schemaVersion":"2.0",)"
                     R"("creationDate":"2013-12-24T00:00:00Z","epcisBody":{"eventList":[)";
  for (const std::string& event : events) body += (&event == &events.front() ? "" : ",") + event;
  return body + "]}}";
}

class EpcisRepository : public Endpoint {
 protected:
  HttpReply capture(const std::string& body, std::string_view further = "") {
    return client_->exchange("POST", "/capture", token + std::string(json_content) + std::string(further), body);
  }
  /// What the job of a document says.
  std::string job(const HttpReply& reply) {
    EXPECT_EQ(reply.status, 202) << reply.body;
    const std::size_t from = reply.head.find("Location: ") + 10;
    return client_->exchange("GET", reply.head.substr(from, reply.head.find("\r\n", from) - from), token).body;
  }
  const std::string token = "Authorization: Bearer " + std::string(testing::secret) + "\r\n";
};

TEST_F(EpcisRepository, KeepsADocumentsEventsAndItsJobSaysSo) {
  start();
  const auto reply = capture(document({object_event("urn:uuid:1", "A%2F1", departing),
                                       object_event("urn:uuid:2", "B2", accepting, "2013-12-23T13:30:00-06:00")}));
  EXPECT_TRUE(reply.has_header("GS1-EPCIS-Capture-Limit: 500\r\n"));
  EXPECT_THAT(job(reply),
              HasSubstr(R"("running":false,"success":true,"captureErrorBehaviour":"rollback","errors":[])"));
  const ShownParcel one = shown("A%2F1");
  ASSERT_EQ(one.scans.size(), 1U);
  EXPECT_EQ(one.scans[0].kind, departed);
  EXPECT_EQ(one.scans[0].place, "fort worth");
  EXPECT_EQ(shown("B2").status, delivered);
  // Told again, the same events change nothing; a repository that keeps its promise about ids says success again.
  EXPECT_THAT(job(capture(document({object_event("urn:uuid:1", "A%2F1", departing)}))), HasSubstr("\"success\":true"));
  EXPECT_EQ(shown("A%2F1").scans.size(), 1U);
  EXPECT_EQ(endpoint_->stats().scans_stored, 2U);
}

TEST_F(EpcisRepository, AnErrorDeclarationTakesADeliveryBack) {
  start();
  job(capture(document({object_event("urn:uuid:1", "A1", departing),
                        object_event("urn:uuid:2", "A1", accepting, "2013-12-23T19:30:00Z")})));
  EXPECT_EQ(shown("A1").status, delivered);
  job(capture(document({object_event("urn:uuid:2", "A1", accepting, "2013-12-23T19:30:00Z",
                                     R"(,"errorDeclaration":{"declarationTime":"2013-12-23T20:00:00Z",)"
                                     R"("reason":"did_not_occur"})")})));
  EXPECT_EQ(shown("A1").status, departed);
  EXPECT_EQ(shown("A1").scans.size(), 3U);
}

TEST_F(EpcisRepository, RollbackKeepsNothingAndProceedTheGoodOnes) {
  start();
  const auto bad = document({object_event("urn:uuid:1", "A1", departing),
                             object_event("urn:uuid:2", "B2", departing, "2013-12-20T23:10:00")});
  const std::string rolled_back = job(capture(bad));
  EXPECT_THAT(rolled_back, HasSubstr(R"("success":false,"captureErrorBehaviour":"rollback")"));
  EXPECT_THAT(rolled_back, HasSubstr(R"(eventList[1].eventTime: '2013-12-20T23:10:00' is not)"));
  EXPECT_THAT(rolled_back, HasSubstr(R"("instance":"urn:uuid:2"})"));
  EXPECT_FALSE(shown("A1").found);
  const std::string proceeded = job(capture(bad, "GS1-Capture-Error-Behaviour: proceed\r\n"));
  EXPECT_THAT(proceeded, HasSubstr(R"("captureErrorBehaviour":"proceed","errors":[{)"));
  EXPECT_THAT(proceeded, Not(HasSubstr("urn:uuid:1")));
  EXPECT_TRUE(shown("A1").found);
  EXPECT_FALSE(shown("B2").found);
}

TEST_F(EpcisRepository, RefusesWhatIsNoDocumentAtOnce) {
  EndpointOptions options = signed_options();
  options.capture_events_max = 2;
  start(std::move(options));
  const std::string event = object_event("urn:uuid:1", "A1", departing);
  EXPECT_EQ(client_->exchange("POST", "/capture", json_content, document({event})).status, 401);
  EXPECT_EQ(client_->exchange("POST", "/capture", "Authorization: Bearer x\r\n", document({event})).status, 401);
  for (const std::string& body :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string(R"({"type":"EPCISQueryDocument"})"),
        std::string(R"({"type":"EPCISDocument","epcisBody":{}})")}) {
    const auto reply = capture(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, HasSubstr("error"));
  }
  EXPECT_EQ(capture(document({event}), "GS1-Capture-Error-Behaviour: shrug\r\n").status, 400);
  const auto too_long = capture(document({event, event, event}));
  EXPECT_EQ(too_long.status, 413);
  EXPECT_TRUE(too_long.has_header("GS1-EPCIS-Capture-Limit: 2\r\n"));
  EXPECT_EQ(client_->exchange("GET", "/capture", token).status, 405);
  for (const char* path : {"/capture/1", "/capture/0", "/capture/x", "/capture/", "/capture/99999999999999999999"}) {
    EXPECT_EQ(client_->exchange("GET", path, token).status, 404) << path;
  }
  EXPECT_EQ(capture(document({event, event})).status, 202);
  EXPECT_EQ(client_->exchange("GET", "/capture/1", token).status, 200);
  EXPECT_EQ(client_->exchange("GET", "/capture/1").status, 401);
}

TEST_F(EpcisRepository, NamesWhatIsWrongWithAnEvent) {
  start();
  const auto said = [&](std::string event, std::string_view from, std::string_view to) {
    event.replace(event.find(from), from.size(), to);
    return job(capture(document({event})));
  };
  const std::string event = object_event("urn:uuid:1", "A1", departing);
  EXPECT_THAT(said(event, "ObjectEvent", "AggregationEvent"), HasSubstr("send ObjectEvents"));
  EXPECT_THAT(said(event, "-06:00", "Z"), HasSubstr("eventTimeZoneOffset"));
  EXPECT_THAT(said(event, "bizStep", "bizStop"), HasSubstr("bizStep: missing"));
  EXPECT_THAT(said(event, "epcList", "quantityList"), HasSubstr("epcList: missing"));
  EXPECT_THAT(said(event, "/parcel/A1", "/parcel/"), HasSubstr("does not end in a number"));
  EXPECT_THAT(said(event, "/parcel/A1", "/parcel/%zz"), HasSubstr("percent-encoded"));
  // A word that it does not know is no error of the sender's.
  EXPECT_THAT(said(event, "departing", "picking"), HasSubstr("\"success\":true"));
  EXPECT_EQ(endpoint_->stats().scans_unmapped, 1U);
  EXPECT_FALSE(shown("A1").found);
  EXPECT_THAT(said(event, "departing", "https://ref.gs1.org/cbv/BizStep-departing"), HasSubstr("\"success\":true"));
}

}  // namespace
}  // namespace peakstorm
