#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "adapters/status_map.hpp"
#include "adapters/wire/hmac.hpp"
#include "adapters/wire/profile.hpp"
#include "adapters/wire/text.hpp"
#include "adapters/wire_format.hpp"
#include "bench/signing_key.hpp"
#include "engine/message_formats.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// ---- status_map ----

TEST(StatusMap, HasTheWordsOfEasyPost) {
  const auto words = [](ScanKind kind) {
    const EasyPostStatus s = easypost_status(kind);
    return std::string(s.status) + "/" + std::string(s.detail);
  };
  EXPECT_EQ(words(ScanKind::label_created), "pre_transit/label_created");
  EXPECT_EQ(words(ScanKind::accepted), "in_transit/received_at_origin_facility");
  EXPECT_EQ(words(ScanKind::departed), "in_transit/departed_facility");
  EXPECT_EQ(words(ScanKind::arrived), "in_transit/arrived_at_facility");
  EXPECT_EQ(words(ScanKind::attempted), "failure/delivery_exception");
  EXPECT_EQ(words(ScanKind::delivered), "delivered/arrived_at_destination");
  EXPECT_EQ(words(ScanKind::delay_weather), "in_transit/weather_delay");
  EXPECT_EQ(words(ScanKind::damaged), "failure/damaged");
  EXPECT_EQ(words(ScanKind::returning), "return_to_sender/return");
}

TEST(StatusMap, LosesThreeCustomsKindsAndNothingElse) {
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    const auto kind = static_cast<ScanKind>(i);
    ScanKind expected = kind;
    if (kind == ScanKind::customs_in || kind == ScanKind::customs_cleared) expected = ScanKind::processed;
    if (kind == ScanKind::customs_held) expected = ScanKind::held;
    EXPECT_EQ(easypost_shown()[i], expected) << scan_kind_names[i];
    EXPECT_EQ(identity_shown()[i], kind);
    EXPECT_EQ(kind_of_name(scan_kind_names[i]), kind);
  }
  EXPECT_EQ(easypost_shown()[0], std::nullopt);
  EXPECT_EQ(kind_of_name(""), std::nullopt);
}

TEST(StatusMap, FallsBackToTheStatusWhenItDoesNotKnowTheDetail) {
  EXPECT_EQ(kind_of_easypost("delivered", "signed_for_by_the_dog"), ScanKind::delivered);
  EXPECT_EQ(kind_of_easypost("in_transit", ""), ScanKind::processed);
  EXPECT_EQ(kind_of_easypost("unknown", "unknown"), std::nullopt);
  EXPECT_EQ(kind_of_easypost("", ""), std::nullopt);
}

TEST(StatusMap, ARetractionTakesBackTheDeliveryBeforeIt) {
  using K = ScanKind;
  const auto after = [](std::vector<K> kinds) { return status_after(kinds); };
  EXPECT_EQ(after({}), std::nullopt);
  EXPECT_EQ(after({K::eta_changed}), std::nullopt);
  EXPECT_EQ(after({K::arrived, K::eta_changed}), K::arrived);
  EXPECT_EQ(after({K::out_for_delivery, K::delivered, K::retracted}), K::out_for_delivery);
  EXPECT_EQ(after({K::out_for_delivery, K::delivered, K::retracted, K::delivered}), K::delivered);
  EXPECT_EQ(after({K::out_for_delivery, K::delivered, K::retracted, K::arrived}), K::arrived);
}

// ---- text ----

TEST(JsonString, EscapesWhatJsonNeedsAndRepairsWhatIsNoUtf8) {
  const auto json = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  EXPECT_EQ(json(""), "\"\"");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json(std::string_view("\0\n\x1f\x7f", 4)), "\"\\u0000\\u000a\\u001f\x7f\"");
  EXPECT_EQ(json("Köln 東京 🗼"), "\"Köln 東京 🗼\"");
  EXPECT_EQ(json("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(json("\xc3"), "\"\xef\xbf\xbd\"") << "cut off in the middle";
  EXPECT_EQ(json("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"") << "over-long slash";
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") << "surrogate";
  EXPECT_EQ(json("\xf4\x90\x80\x80").size(), 2 + 4 * 3U) << "beyond U+10FFFF";
}

TEST(Instants, AreReadAndWritten) {
  struct Case {
    const char* text;
    std::optional<std::int64_t> unix_ms;
  };
  for (const Case& c : std::initializer_list<Case>{{"1970-01-01T00:00:00Z", 0},
                                                   {"2013-12-24T18:03:00.000Z", 1'387'908'180'000},
                                                   {"2013-12-24T12:03:00-06:00", 1'387'908'180'000},
                                                   {"2013-12-25T00:48:00.5+06:45", 1'387'908'180'500},
                                                   {"2013-11-03T01:30:00.123456-04:00", 1'383'456'600'123},
                                                   {"2013-11-03T01:30:00.123456-05:00", 1'383'460'200'123},
                                                   {"2012-02-29T00:00:00Z", 1'330'473'600'000},
                                                   {"1969-12-31T23:59:59.999Z", -1},
                                                   {"2013-02-29T00:00:00Z", std::nullopt},
                                                   {"2013-12-24T18:03:00", std::nullopt},
                                                   {"2013-12-24T24:00:00Z", std::nullopt},
                                                   {"2013-12-24T18:60:00Z", std::nullopt},
                                                   {"2013-12-24T18:03:00.Z", std::nullopt},
                                                   {"2013-12-24T18:03:00ZZ", std::nullopt},
                                                   {"2013-12-24T18:03:00+6:00", std::nullopt},
                                                   {"2013-12-24", std::nullopt},
                                                   {"", std::nullopt}}) {
    EXPECT_EQ(parse_instant(c.text), c.unix_ms) << c.text;
  }
  for (const std::int64_t ms : {0LL, -1LL, 1'387'908'180'000LL, 951'782'399'999LL, 253'402'300'799'999LL}) {
    std::string utc;
    append_utc(utc, ms);
    EXPECT_EQ(parse_instant(utc), ms) << utc;
    std::string local;
    append_local(local, ms > 253'402'000'000'000LL ? 0 : ms, minutes(-210));
    EXPECT_THAT(local, HasSubstr("-03:30"));
  }
  EXPECT_EQ(parse_date("2013-12-24"), 16'063);
  EXPECT_EQ(parse_date("2013-13-01"), std::nullopt);
  EXPECT_EQ(parse_date("2013-12-24T"), std::nullopt);
}

TEST(Instants, TheOffsetTellsTheTwoReadingsOfAFoldApart) {
  std::string first;
  std::string second;
  append_local(first, 1'383'456'600'000, hours(-4));
  append_local(second, 1'383'460'200'000, hours(-5));
  EXPECT_EQ(first, "2013-11-03T01:30:00.000-04:00");
  EXPECT_EQ(second, "2013-11-03T01:30:00.000-05:00");
}

// ---- hmac ----

TEST(Hmac, HasTheValuesOfRfc4231AndOfEasyPost) {
  const auto hex = [](std::string_view key, std::string_view message) {
    std::string out;
    HmacSha256(key).append_hex(message, out);
    return out;
  };
  EXPECT_EQ(hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex("peakstorm-secret-0123456789abcdef", R"({"trackingNumber":"1Z999AA10123456784","status":"delivered"})"),
            "3b7fe5c59817e0f82541f46777a73dc8b7ae958913448a850e3b9da41237352d");
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

// ---- formats ----

std::vector<std::int64_t> pauses_s(const RetryPolicy& policy, std::uint32_t draw = 1U << 31U) {
  std::vector<std::int64_t> all;
  for (unsigned made = 1; made < policy.attempts_max; ++made) {
    all.push_back(std::chrono::duration_cast<std::chrono::seconds>(policy.pause(made, draw)).count());
  }
  return all;
}

constexpr const char* secret = "peakstorm-secret-0123456789abcdef";

class Formats : public ::testing::Test {
 protected:
  Scan scan(std::uint8_t sequence, ScanKind kind, SimTime at) const {
    Scan s;
    s.parcel = facts.id;
    s.sequence = sequence;
    s.kind = kind;
    s.at = at;
    s.reported = at;
    s.place = PlaceId{0};
    return s;
  }
  Message encode(std::string_view name, std::span<const Scan> history, const Scan& newest) const {
    auto format = make_format(name, world, {testing::secret_for(name), ""});
    EXPECT_TRUE(format.has_value()) << name;
    Message message;
    (*format)->encode({facts, "1Z999AA10123456784", history, newest}, message);
    (*format)->sign(1'795'184'100'000, message);
    return message;
  }
  World world = testing::tiny_world();
  ParcelFacts facts = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 0);
};

TEST_F(Formats, AreThoseOfTheTableAndNoOthers) {
  for (const std::string_view name : message_formats) {
    EXPECT_TRUE(shown_kinds(name)) << name;
    const auto format = make_format(name, world, {testing::secret_for(name), ""});
    ASSERT_TRUE(format) << name << ": " << format.error().message;
    EXPECT_EQ((*format)->name(), name);
  }
  for (const Profile& profile : all_profiles()) {
    EXPECT_EQ(std::count(message_formats.begin(), message_formats.end(), profile.name), 1) << profile.name;
  }
}

TEST_F(Formats, ARedeliveryIsTheSameBytes) {
  const std::vector<Scan> scans{scan(0, ScanKind::label_created, day_zero + hours(1)),
                                scan(1, ScanKind::accepted, day_zero + hours(2))};
  for (const std::string_view name : format_names()) {
    const Message a = encode(name, scans, scans[1]);
    const Message b = encode(name, scans, scans[1]);
    EXPECT_EQ(a.body, b.body);
    EXPECT_EQ(a.headers, b.headers);
    const Message other = encode(name, std::span(scans).first(1), scans[0]);
    EXPECT_NE(a.body, other.body);
  }
}

TEST_F(Formats, EasyPostCarriesTheHistoryAndTheStatusBefore) {
  const std::vector<Scan> scans{scan(0, ScanKind::label_created, day_zero + hours(1)),
                                scan(2, ScanKind::accepted, day_zero + hours(2)),
                                scan(1, ScanKind::departed, day_zero + hours(3))};
  // The accepted scan came late: it stands second in the history, and the status is still "departed".
  const Message message = encode("easypost", scans, scans[1]);
  EXPECT_EQ(message.path, "/webhooks/easypost");
  EXPECT_THAT(message.body, HasSubstr(R"("previous_attributes":{"status":"in_transit"})"));
  EXPECT_THAT(message.body, HasSubstr(R"("status":"in_transit","status_detail":"departed_facility","created_at")"));
  EXPECT_THAT(message.body, HasSubstr(R"("weight":17.0,)"));
  EXPECT_THAT(message.body, HasSubstr(R"("carrier":"UPS")"));
  const auto first = message.body.find("label_created\",\"datetime\":\"2013-10-28T01:00:00.000Z");
  const auto second = message.body.find("received_at_origin_facility\",\"datetime\":\"2013-10-28T02:00:00.000Z");
  const auto third = message.body.find("departed_facility\",\"datetime\":\"2013-10-28T03:00:00.000Z");
  EXPECT_NE(first, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST_F(Formats, AreJsonWithoutTheSecretForEveryKindOfScan) {
  simdjson::dom::parser parser;
  for (const std::string_view name : format_names()) {
    SCOPED_TRACE(name);
    for (std::size_t kind = 1; kind < scan_kind_end; ++kind) {
      std::vector<Scan> scans{scan(0, ScanKind::label_created, day_zero + hours(1)),
                              scan(1, static_cast<ScanKind>(kind), day_zero + hours(2))};
      scans[1].place = kind % 5 == 0 ? no_place : PlaceId{static_cast<std::uint16_t>(kind % 8)};
      const Message message = encode(name, scans, scans[1]);
      EXPECT_EQ(parser.parse(message.body).error(), simdjson::SUCCESS) << message.body;
      EXPECT_THAT(message.headers, HasSubstr("Content-Type: application/"));
      EXPECT_TRUE(message.headers.ends_with("\r\n"));
      if (name.starts_with("ups") || name.starts_with("epcis")) continue;  // Its proof is the token itself.
      EXPECT_THAT(message.headers + message.body, Not(HasSubstr(secret)));
    }
  }
}

TEST_F(Formats, ShowKindsThatTheyShowAsThemselves) {
  for (const Profile& profile : all_profiles()) {
    SCOPED_TRACE(profile.name);
    const auto shown = shown_kinds(profile.name);
    ASSERT_TRUE(shown);
    for (std::size_t i = 1; i < scan_kind_end; ++i) {
      const auto kind = (*shown)[i];
      if (kind) {
        EXPECT_EQ((*shown)[index(*kind)], kind) << scan_kind_names[i] << ": what it shows shows otherwise";
      }
      // Two kinds told in the same words cannot be told apart.
      for (std::size_t k = 1; k < i; ++k) {
        const Words& a = profile.words[i];
        const Words& b = profile.words[k];
        if (a.status == b.status && a.detail == b.detail) {
          EXPECT_EQ(a.shown, b.shown) << scan_kind_names[i] << " and " << scan_kind_names[k];
        }
      }
    }
  }
}

// The arithmetic of each documented rule over one body, one key and one instant; made with `openssl dgst`.
TEST_F(Formats, SignAsDocumented) {
  constexpr const char* body = R"({"trackingNumber":"1Z999AA10123456784","status":"delivered"})";
  constexpr std::int64_t unix_ms = 1'795'184'100'000;
  struct Case {
    const char* format;
    const char* header;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"aftership", "aftership-hmac-sha256: O3/lxZgX4PglQfRnd6c9yLeulYkTRIqFDjudpBI3NS0=\r\n"},
           {"fedex-aiv", "fdx-signature: O3/lxZgX4PglQfRnd6c9yLeulYkTRIqFDjudpBI3NS0=\r\n"},
           {"easypost",
            "X-Hmac-Signature: "
            "hmac-sha256-hex=3b7fe5c59817e0f82541f46777a73dc8b7ae958913448a850e3b9da41237352d\r\n"},
           {"easypost/as-wired",
            "X-Timestamp: 2026-11-20T14:15:00Z\r\nX-Path: /hook\r\nX-Hmac-Signature-V2: "
            "hmac-sha256-hex=981f6205d69b9bc40054c4f4827f483079e73654c0ecfd9bbca5823f2f208964\r\n"},
           {"shippo",
            "Shippo-Auth-Signature: "
            "t=1795184100,v1=b9b9bc4fbc9525ba126a5fa3a68e9132d56a14a6ff09904d7e4abf4678ef50fa\r\n"},
           {"usps-tracking-v3", "X-HMAC: NbsfBfuM1epNeYkzOGOg9upGGERz+d8a7HG+uFeWYZo=\r\n"},
           {"17track", "sign: 2aeb40ed0146055001d1fd3f6d19551c801e5c049dd2f9c89efafe8bec5d3b87\r\n"},
           {"ups-track-alert", "Authorization: Bearer peakstorm-secret-0123456789abcdef\r\n"}}) {
    const auto format = make_format(c.format, world, {secret, ""});
    ASSERT_TRUE(format);
    Message message;
    message.path = "/hook";
    message.body = body;
    message.covered = std::string_view(c.format).starts_with("usps") ? "2026-11-20T14:15:00Z" + message.body : body;
    (*format)->sign(unix_ms, message);
    EXPECT_THAT(message.headers, HasSubstr(c.header)) << c.format;
  }
}

TEST_F(Formats, RsaSignaturesNameTheirKeyAndItsPublicHalfAlone) {
  const auto format = make_format("shipengine", world, {testing::signing_key(), ""});
  ASSERT_TRUE(format) << format.error().message;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  ASSERT_EQ(parser.parse(std::string((*format)->jwks())).get(document), simdjson::SUCCESS);
  const std::string_view id = document.at_pointer("/keys/0/kid").get_string();
  EXPECT_EQ(std::string_view(document.at_pointer("/keys/0/alg").get_string()), "RS256");
  EXPECT_EQ(std::string_view(document.at_pointer("/keys/0/e").get_string()), "AQAB");
  EXPECT_NE(document.at_pointer("/keys/0/d").error(), simdjson::SUCCESS);
  Message message;
  message.body = "{}";
  (*format)->sign(1'795'184'100'000, message);
  EXPECT_THAT(message.headers, HasSubstr("x-shipengine-timestamp: 2026-11-20T14:15:00Z\r\n"));
  EXPECT_THAT(message.headers, HasSubstr("x-shipengine-rsa-sha256-key-id: " + std::string(id) + "\r\n"));
  const auto no_key = make_format("shipengine", world, {"peakstorm-secret", ""});
  ASSERT_FALSE(no_key);
  EXPECT_THAT(no_key.error().message, HasSubstr("openssl genpkey"));
  EXPECT_THAT(no_key.error().message, Not(HasSubstr("peakstorm-secret")));
}

TEST_F(Formats, FedExTakesOnly200And202ForSuccessAndDocumentsItsRetries) {
  using namespace std::chrono_literals;
  const auto format = make_format("fedex-aiv", world, {secret, ""});
  ASSERT_TRUE(format);
  EXPECT_TRUE((*format)->accepts(200));
  EXPECT_TRUE((*format)->accepts(202));
  EXPECT_FALSE((*format)->accepts(201));
  EXPECT_FALSE((*format)->accepts(204));
  EXPECT_EQ(pauses_s((*format)->retries()), (std::vector<std::int64_t>{300, 300, 300}));
  const auto aftership = make_format("aftership", world, {secret, ""});
  EXPECT_EQ(pauses_s((*aftership)->retries()).size(), 14U);
  EXPECT_EQ(pauses_s((*aftership)->retries()).back(), 30 << 13);
  EXPECT_EQ((*make_format("shippo", world, {secret, ""}))->limits().patience, 3s);
  EXPECT_FALSE((*make_format("easypost", world, {secret, ""}))->retries().documented);
}

TEST_F(Formats, WrongNamesAndSecretsAreRefusedWithTheCure) {
  const auto message = [&](std::string_view name, std::string key) {
    const auto format = make_format(name, world, {std::move(key), ""});
    return format ? std::string("taken") : format.error().message;
  };
  EXPECT_THAT(message("easypots", "x"), HasSubstr("use one of easypost easypost/as-wired cloudevents"));
  EXPECT_THAT(message("easypost", ""), HasSubstr("set the webhook secret"));
  EXPECT_THAT(message("easypost", "schlüssel"), HasSubstr("ASCII"));
  EXPECT_THAT(message("easypost", "schlüssel"), Not(HasSubstr("schl")));
  EXPECT_EQ(message("cloudevents", ""), "taken");
}

// ---- retries ----

TEST(Retries, FollowTheDocumentedSchedule) {
  using namespace std::chrono_literals;
  RetryPolicy fixed;
  fixed.attempts_max = 4;
  fixed.first = 5min;
  EXPECT_EQ(pauses_s(fixed), (std::vector<std::int64_t>{300, 300, 300}));
  RetryPolicy doubling;
  doubling.attempts_max = 15;
  doubling.first = 30s;
  doubling.growth = 2;
  doubling.longest = 3600s;
  EXPECT_EQ(pauses_s(doubling),
            (std::vector<std::int64_t>{30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600, 3600, 3600}));
  EXPECT_EQ(doubling.pause(4'000'000'000, 0), 3600s) << "no overflow";
  EXPECT_EQ(pauses_s({}), std::vector<std::int64_t>{});
}

TEST(Retries, JitterIsDrawnEvenlyAroundThePause) {
  using namespace std::chrono_literals;
  RetryPolicy policy;
  policy.first = 1000s;
  policy.jitter_ppm = 250'000;
  EXPECT_EQ(policy.pause(1, 0), 750s);
  EXPECT_EQ(policy.pause(1, 1U << 31U), 1000s);
  EXPECT_NEAR(static_cast<double>(policy.pause(1, 0xffff'ffff).count()), 1'250'000, 1);
}

// ---- tracking pages ----

TEST(TrackPage, IsRead) {
  constexpr std::string_view body =
      R"({"tracking_number":"1Z","status":"delivered","promise_date":"2013-10-30","estimated_date":null,
          "delivered_at":"2013-10-29T17:00:00-01:00","new_member":[1],
          "scans":[{"at":"2013-10-28T00:00:00Z","kind":"label_created","place":null},
                   {"at":"2013-10-29T18:00:00Z","kind":"delivered","place":"Köln"}]})";
  const auto shown = decode_track_page(ParcelId{7}, 200, body, testing::first_day_unix);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_TRUE(shown->found);
  EXPECT_EQ(shown->parcel, ParcelId{7});
  EXPECT_EQ(shown->status, ScanKind::delivered);
  EXPECT_EQ(shown->promise_day, 2);
  EXPECT_EQ(shown->delivered_unix_ms, (testing::first_day_unix + 42 * 3600) * 1000);
  ASSERT_EQ(shown->scans.size(), 2U);
  EXPECT_EQ(shown->scans[0].place, "");
  EXPECT_EQ(shown->scans[1].place, "Köln");
}

TEST(TrackPage, NotFoundAndNothingScannedYetAreAnswers) {
  const auto missing = decode_track_page(ParcelId{7}, 404, "<html>", 0);
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing->found);
  const auto registered =
      decode_track_page(ParcelId{7}, 200, R"({"status":null,"promise_date":"1970-01-03","scans":[]})", 0);
  ASSERT_TRUE(registered);
  EXPECT_FALSE(registered->found);
  EXPECT_EQ(registered->promise_day, 2);
}

TEST(TrackPage, GarbageIsNamed) {
  const auto error = [](unsigned status, std::string_view body) {
    const auto shown = decode_track_page(ParcelId{1}, status, body, 0);
    EXPECT_FALSE(shown) << body;
    if (shown) return std::string();
    EXPECT_EQ(shown.error().kind, ErrorKind::malformed_reply);
    return shown.error().message;
  };
  EXPECT_THAT(error(503, ""), HasSubstr("503"));
  EXPECT_THAT(error(200, ""), HasSubstr("JSON"));
  EXPECT_THAT(error(200, "[]"), HasSubstr("JSON"));
  EXPECT_THAT(error(200, R"({"status":"delivered")"), HasSubstr("JSON"));
  EXPECT_THAT(error(200, R"({"status":"flying","scans":[]})"), HasSubstr("flying"));
  EXPECT_THAT(error(200, R"({"status":7,"scans":[]})"), HasSubstr("'status'"));
  EXPECT_THAT(error(200, R"({"status":"lost"})"), HasSubstr("'scans'"));
  EXPECT_THAT(error(200, R"({"status":"lost","scans":[1]})"), HasSubstr("'scans'"));
  EXPECT_THAT(error(200, R"({"status":"lost","scans":[{"kind":"lost","at":"2013-12-24T10:00:00"}]})"),
              HasSubstr("'at'"));
  EXPECT_THAT(error(200, R"({"status":"lost","promise_date":"24.12.2013","scans":[]})"), HasSubstr("promise_date"));
}

TEST(Promises, AreWrittenForTheEndpoint) {
  const World world = testing::tiny_world();
  ParcelFacts facts = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 0);
  std::string out;
  append_promise(world, facts, "1Z", out);
  EXPECT_EQ(out, R"({"tracking_number":"1Z","order_number":"0001000500000007","promise_date":"2013-11-06",)"
                 R"("window_from":"08:00","window_to":"20:00","destination":"100","time_zone":"America/New_York"})");
  EXPECT_EQ(promises_message(out, "").body, "{\"parcels\":[" + out + "]}");
  facts.promise_day = no_day;
  out.clear();
  append_promise(world, facts, "1Z", out);
  EXPECT_THAT(out, HasSubstr(R"("promise_date":null,"window_from":null)"));
  EXPECT_EQ(track_path("a/b ä"), "/track/a%2Fb%20%C3%A4");
}

}  // namespace
}  // namespace peakstorm::wire
