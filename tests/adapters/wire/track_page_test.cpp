// Goal: a platform's own page is read as its description says, and a description that cannot be meant is refused with
// its place and a cure.
#include "adapters/track_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace peakstorm::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t first_day_unix = 1'385'337'600;  // 2013-11-25.

constexpr std::string_view description = R"(
[request]
method = "POST"
path = "/find/{number}"
body = '{"n": "{number}"}'
not_found = [404, 410]
headers = { Authorization = "Bearer {env:PEAKSTORM_TEST_TOKEN}!", X-App = "shop" }

[parcel]
root = "/results/0"
status = "/state"
scans = "/history/events"
promise_date = "/due"
estimated_date = "/eta"

[scan]
at = "/t"
kind = ["/code", "/sub"]
place = "/where/city"
instants = "unix_s"
precision = "minute"

[words]
"MOVE/HUB" = ["departed", "arrived"]
"MOVE/" = "accepted"
"END/7" = "delivered"
"OOPS/" = "retracted"
"NOTE/" = []

[status_words]
OPEN = ["accepted", "departed", "retracted"]
CLOSED = "delivered"
)";

std::shared_ptr<const TrackPage> page_of(std::string_view text) {
  setenv("PEAKSTORM_TEST_TOKEN", "abc", 1);
  auto page = parse_track_page(text, "page.toml");
  if (!page) throw std::runtime_error(page.error().message);
  return *page;
}

std::string fault_of(std::string_view text) {
  const auto page = parse_track_page(text, "page.toml");
  if (page) return "none";
  EXPECT_EQ(page.error().kind, ErrorKind::bad_input);
  return page.error().message;
}

/// The description with one piece of it replaced.
std::string with(std::string_view piece, std::string_view other) {
  std::string text(description);
  const std::size_t at = text.find(piece);
  if (at == std::string::npos) throw std::runtime_error("no such piece");
  return text.replace(at, piece.size(), other);
}

TEST(TrackPageFile, SaysHowAParcelIsAskedFor) {
  Message message;
  ask_for_page(*page_of(description), "A \"7\"", message);
  EXPECT_EQ(message.method, "POST");
  EXPECT_EQ(message.path, "/find/A%20%227%22");
  EXPECT_EQ(message.body, R"({"n": "A \"7\""})");
  EXPECT_THAT(message.headers, HasSubstr("Authorization: Bearer abc!\r\n"));
  EXPECT_THAT(message.headers, HasSubstr("X-App: shop\r\n"));
  EXPECT_THAT(message.headers, HasSubstr("Accept: application/json\r\n"));
  EXPECT_THAT(message.headers, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(TrackPageFile, SaysWhereAnAnswerHasWhat) {
  const auto page = page_of(description);
  const auto shown = read_page(*page, ParcelId{7}, 200,
                               R"({"results": [{"state": "CLOSED", "due": "2013-11-27T10:00:00+05:00", "eta": null,
                                 "history": {"events": [
                                   {"t": 1385456399, "code": "MOVE", "sub": "HUB", "where": {"city": "Köln"}},
                                   {"t": 1385456400.75, "code": "MOVE"},
                                   {"t": 1385460000, "code": "NOTE", "sub": null},
                                   {"t": 1385463600, "code": "END", "sub": 7}]}}]})",
                               first_day_unix);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_TRUE(shown->found);
  EXPECT_EQ(shown->status, ScanKind::delivered);
  EXPECT_EQ(shown->promise_day, 2);
  EXPECT_FALSE(shown->estimated_day);
  ASSERT_EQ(shown->scans.size(), 3U) << "the platform's own note is passed over";
  EXPECT_EQ(shown->scans[0].kind, ScanKind::departed);
  EXPECT_EQ(shown->scans[0].unix_ms, 1'385'456'340'000) << "cut to the minute";
  EXPECT_EQ(shown->scans[0].place, "Köln");
  EXPECT_EQ(shown->scans[1].kind, ScanKind::accepted);
  EXPECT_EQ(shown->scans[1].place, "");
  EXPECT_EQ(shown->delivered_unix_ms, 1'385'463'600'000) << "told by the scans";
}

TEST(TrackPageFile, ADeliveryThatWasTakenBackIsNotTheOneThatStands) {
  const auto page = page_of(description);
  const auto delivered = [&](std::string_view events) {
    const auto shown = read_page(
        *page, ParcelId{7}, 200,
        R"({"results": [{"state": "CLOSED", "history": {"events": [)" + std::string(events) + "]}}]}", first_day_unix);
    return shown ? shown->delivered_unix_ms : std::nullopt;
  };
  constexpr std::string_view first = R"({"t": 1385463600, "code": "END", "sub": 7})";
  constexpr std::string_view second = R"({"t": 1385463720, "code": "END", "sub": 7})";
  constexpr std::string_view retracted = R"({"t": 1385463660, "code": "OOPS"})";
  const auto list = [](auto... events) {
    std::string text;
    ((text += text.empty() ? "" : ",", text += events), ...);
    return text;
  };
  EXPECT_EQ(delivered(list(first, second)), 1'385'463'720'000);
  EXPECT_EQ(delivered(list(second, retracted, first)), 1'385'463'720'000) << "in whatever order it is shown";
  EXPECT_EQ(delivered(list(first, retracted)), std::nullopt);
}

TEST(TrackPageFile, SaysWhatNoSuchParcelLooksLike) {
  const auto page = page_of(description);
  for (const auto& [status, body] : {std::pair(410U, "gone"),
                                     {404U, ""},
                                     {200U, R"({"results": []})"},
                                     {200U, R"({"results": [null]})"},
                                     {200U, R"({"error": "unknown"})"}}) {
    const auto shown = read_page(*page, ParcelId{7}, status, body, first_day_unix);
    ASSERT_TRUE(shown) << body;
    EXPECT_FALSE(shown->found) << body;
  }
  const auto error = [&](unsigned status, std::string_view body) {
    const auto shown = read_page(*page, ParcelId{7}, status, body, first_day_unix);
    return shown ? std::string("none") : shown.error().message;
  };
  EXPECT_THAT(error(403, ""), HasSubstr("POST /find: answered 403"));
  EXPECT_THAT(error(200, "7"), HasSubstr("no object"));
  EXPECT_THAT(error(200, R"({"results": [7]})"), HasSubstr("no object"));
  EXPECT_THAT(error(200, R"({"results": [{"state": "HALF"}]})"), HasSubstr("unknown word 'HALF'"));
  EXPECT_THAT(error(200, R"({"results": [{"state": "OPEN"}]})"), HasSubstr("'history/events' is not an array"));
  const auto event = [&](std::string_view text) {
    return error(200, R"({"results": [{"state": "OPEN", "history": {"events": [)" + std::string(text) + "]}}]}");
  };
  EXPECT_THAT(event(R"({"code": "MOVE", "t": "2013"})"), HasSubstr("'t' is not a number"));
  EXPECT_THAT(event(R"({"code": "MOVE", "t": 1e300})"), HasSubstr("no Unix time"));
  EXPECT_THAT(event(R"({"code": "MOVE"})"), HasSubstr("'t' is missing"));
  EXPECT_THAT(event(R"({"t": 7})"), HasSubstr("'code' is missing"));
  EXPECT_THAT(event(R"({"code": "MOVE", "sub": "AIR", "t": 7})"), HasSubstr("unknown word 'MOVE/AIR'"));
}

TEST(TrackPageFile, SaysWhatATrueScanLooksLikeThere) {
  const auto page = page_of(description);
  const auto scan = as_on_page(*page, {1'385'456'399'999, ScanKind::arrived, "Köln"});
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->kind, ScanKind::departed) << "the first of its word";
  EXPECT_EQ(scan->unix_ms, 1'385'456'340'000);
  EXPECT_EQ(scan->place, "Köln");
  EXPECT_FALSE(as_on_page(*page, {0, ScanKind::held, ""})) << "no word stands for it";
  EXPECT_EQ(status_on_page(*page, ScanKind::departed), ScanKind::accepted);
  EXPECT_EQ(status_on_page(*page, ScanKind::held), std::nullopt);
  EXPECT_EQ(as_on_page(*page_of(with("place = \"/where/city\"\n", "")), {0, ScanKind::arrived, "Köln"})->place, "");
}

TEST(TrackPageFile, KnowsEasyPostsWordsAndTheCanonicalOnes) {
  const std::string plain =
      "[request]\npath = \"/p/{number}\"\n[parcel]\nstatus = \"/s\"\nscans = \"/e\"\n"
      "[scan]\nat = \"/at\"\nkind = [\"/s\", \"/d\"]\n";
  const auto easypost = page_of("words = \"easypost\"\n" + plain);
  const auto shown = read_page(*easypost, ParcelId{7}, 200,
                               R"({"s": "in_transit", "e": [{"at": "2013-11-26T01:00:00-06:00", "s": "delivered",
                                   "d": "arrived_at_destination"}]})",
                               first_day_unix);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->status, ScanKind::processed);
  EXPECT_EQ(shown->scans.at(0).kind, ScanKind::delivered);
  EXPECT_FALSE(read_page(*easypost, ParcelId{7}, 200, R"({"s": "flying", "e": []})", first_day_unix));
  EXPECT_EQ(as_on_page(*easypost, {0, ScanKind::customs_in, ""})->kind, ScanKind::processed);
  const auto canonical = page_of(plain);
  EXPECT_EQ(as_on_page(*canonical, {0, ScanKind::customs_in, ""})->kind, ScanKind::customs_in);
}

TEST(TrackPageFile, FaultsAreNamedWithPlaceAndCure) {
  unsetenv("PEAKSTORM_TEST_TOKEN");
  EXPECT_THAT(fault_of(description), HasSubstr("PEAKSTORM_TEST_TOKEN; set it"));
  setenv("PEAKSTORM_TEST_TOKEN", "one\r\nX-Other: two", 1);
  EXPECT_THAT(fault_of(description), HasSubstr("one line"));
  EXPECT_THAT(fault_of(description), Not(HasSubstr("X-Other"))) << "it may be a secret";
  setenv("PEAKSTORM_TEST_TOKEN", "abc", 1);
  EXPECT_EQ(fault_of(description), "none");

  const auto fault = [](std::string_view piece, std::string_view other) { return fault_of(with(piece, other)); };
  EXPECT_THAT(fault_of("[request"), HasSubstr("page.toml:1:"));
  EXPECT_THAT(fault_of(""), HasSubstr("[request]: the table is missing"));
  EXPECT_THAT(fault("method", "methods"), HasSubstr("page.toml:3:1: request.methods: unknown; use one of body"));
  EXPECT_THAT(fault("\"POST\"", "\"PUT\""), HasSubstr("neither GET nor POST"));
  EXPECT_THAT(fault("method = \"POST\"", ""), HasSubstr("request.body: GET has none"));
  EXPECT_THAT(fault("path = \"/find/{number}\"", ""), HasSubstr("request.path: the key is missing"));
  EXPECT_THAT(fault("/find/{number}", "find/{number}"), HasSubstr("begins with '/'"));
  EXPECT_THAT(fault("/find/{number}", "/find a/{number}"), HasSubstr("percent-encode"));
  EXPECT_THAT(fault_of("[request]\npath = \"/p\"\n"), HasSubstr("{number} is missing"));
  EXPECT_THAT(fault("[404, 410]", "404"), HasSubstr("write [404]"));
  EXPECT_THAT(fault("[404, 410]", "[200]"), HasSubstr("400 to 499"));
  EXPECT_THAT(fault("\"shop\"", "7"), HasSubstr("request.headers.X-App: this is not a text"));
  EXPECT_THAT(fault("X-App", "\"X App\""), HasSubstr("a header's name"));
  EXPECT_THAT(fault("{env:PEAKSTORM_TEST_TOKEN}!", "{env:PEAKSTORM"), HasSubstr("not closed"));
  EXPECT_THAT(fault("\"/results/0\"", "\"results\""), HasSubstr("parcel.root: 'results' is no JSON pointer"));
  EXPECT_THAT(fault("\"/state\"", "[]"), HasSubstr("parcel.status: the list is empty"));
  EXPECT_THAT(fault("\"/state\"", "[7]"), HasSubstr("write the pointer in quotes"));
  EXPECT_THAT(fault("\"/t\"", "\"/t~2\""), HasSubstr("scan.at"));
  EXPECT_THAT(fault("scans = \"/history/events\"", ""), HasSubstr("parcel.scans: the key is missing"));
  EXPECT_THAT(fault("\"unix_s\"", "\"unix\""), HasSubstr("rfc3339, unix_s or unix_ms"));
  EXPECT_THAT(fault("\"minute\"", "\"hour\""), HasSubstr("millisecond, second or minute"));
  EXPECT_THAT(fault("= \"accepted\"", "= \"acepted\""), HasSubstr("words.MOVE/: 'acepted' is no kind of scan"));
  EXPECT_THAT(fault("= \"accepted\"", "= \"arrived\""), HasSubstr("stands in another word too"));
  EXPECT_THAT(fault("= \"accepted\"", "= 7"), HasSubstr("this is no kind of scan"));
  EXPECT_THAT(fault_of("words = \"ups\"\n" + std::string(description.substr(0, description.find("[words]")))),
              HasSubstr("use \"easypost\""));
  EXPECT_THAT(fault("OPEN = [\"accepted\", \"departed\", \"retracted\"]\nCLOSED = \"delivered\"", ""),
              HasSubstr("status_words: the table is empty"));
  EXPECT_THAT(read_track_page_file("/nonexistent/page.toml").error().message, HasSubstr("check the path"));
}

}  // namespace
}  // namespace peakstorm::wire
