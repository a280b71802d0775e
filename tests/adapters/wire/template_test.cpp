#include "adapters/wire/template/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "adapters/wire/profile.hpp"
#include "adapters/wire/template_file.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm::wire {
namespace {

using ::testing::HasSubstr;

class Templates : public ::testing::Test {
 protected:
  Templates() : profile_(all_profiles().front()), texts_(world_, profile_.words, profile_.carriers) {}

  Scan scan(std::uint8_t sequence, ScanKind kind, SimTime at) const {
    Scan s;
    s.parcel = facts_.id;
    s.sequence = sequence;
    s.kind = kind;
    s.at = at;
    s.reported = at + minutes(1);
    s.place = PlaceId{1};  // In New York.
    return s;
  }
  std::string render(std::string_view text) {
    const auto program = compile_json(text, "t.json");
    if (!program) return program.error().message;
    return run(*program);
  }
  std::string run(const Program& program) {
    Renderer renderer(texts_);
    std::string out;
    const ParcelView view{facts_, "1Z999AA10123456784", history_, history_.back()};
    renderer.begin(view);
    renderer.append(program, out);
    return out;
  }

  World world_ = testing::tiny_world();
  ParcelFacts facts_ = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 0);
  const Profile& profile_;
  WorldTexts texts_;
  std::vector<Scan> history_{scan(0, ScanKind::label_created, day_zero + hours(1)),
                             scan(1, ScanKind::delivered, day_zero + days(6) + hours(6) + minutes(30))};
};

TEST_F(Templates, FillPlaceholdersAsValuesAndWithinStrings) {
  EXPECT_EQ(render(R"( { "a" : {{tracking_number}} , "b" : [ 1 , -2.5e3 , true , null ] } )"),
            R"({"a":"1Z999AA10123456784","b":[1,-2.5e3,true,null]})");
  EXPECT_EQ(render(R"({"a": "at {{ scan.place }}!", "n": {{scan.sequence}}, "t": "{{scan.sequence}}"})"),
            R"({"a":"at Köln/Bonn!","n":1,"t":"1"})");
  history_.back().place = PlaceId{3};
  EXPECT_EQ(render(R"({"a": {{scan.place}}, "u": {{scan.place|url}}})"),
            R"({"a":"back\\slash \"quoted\"","u":"back%5Cslash%20%22quoted%22"})");
}

TEST_F(Templates, TellNothingAsNullAsEmptyTextOrNotAtAll) {
  EXPECT_EQ(render(R"({"eta": {{eta}}, "text": "{{eta}}"})"), R"({"eta":null,"text":""})");
  EXPECT_EQ(render(R"({"eta": {{eta?}}, "a": 1})"), R"({"a":1})");
  EXPECT_EQ(render(R"({"a": 1, "eta": {{eta?}}, "b": 2})"), R"({"a":1,"b":2})");
  EXPECT_EQ(render(R"({"eta": {{eta?}}, "n": {{scan.eta?}}})"), "{}");
  EXPECT_EQ(render(R"([{{eta?}}, 1, {{eta?}}])"), "[1]");
  history_.back().eta_day = 3;
  EXPECT_EQ(render(R"({"eta": {{eta?}}, "a": 1})"), R"({"eta":"2013-10-31","a":1})");
  EXPECT_EQ(render(R"({"n": {{scan.eta|midnight_z?}}, "eta": {{eta|yyyymmdd?}}})"),
            R"({"n":"2013-10-31T00:00:00Z","eta":"20131031"})");
}

TEST_F(Templates, RepeatTheHistoryEitherWay) {
  EXPECT_EQ(render("[ {{#history}} {{scan.kind}} {{/history}} ]"), R"(["label_created","delivered"])");
  EXPECT_EQ(render("[0, {{#history|newest_first}}[{{scan.sequence}}]{{/history}}, 9]"), "[0,[1],[0],9]");
}

// The scan happened in New York's second 01:30 of that night.
TEST_F(Templates, WriteInstantsInEveryWayPlatformsDo) {
  const auto as = [&](std::string_view filter) { return render("[{{scan.at|" + std::string(filter) + "}}]"); };
  EXPECT_EQ(render("[{{scan.at}}]"), R"(["2013-11-03T06:30:00.000Z"])");
  EXPECT_EQ(as("rfc3339_s"), R"(["2013-11-03T06:30:00Z"])");
  EXPECT_EQ(as("local"), R"(["2013-11-03T01:30:00.000-05:00"])");
  EXPECT_EQ(as("local_s"), R"(["2013-11-03T01:30:00-05:00"])");
  EXPECT_EQ(as("naive"), R"(["2013-11-03T01:30:00"])");
  EXPECT_EQ(as("naive_utc"), R"(["2013-11-03T06:30:00"])");
  EXPECT_EQ(as("unix"), "[1383460200]");
  EXPECT_EQ(as("unix_ms"), "[1383460200000]");
  EXPECT_EQ(as("date"), R"(["2013-11-03"])");
  EXPECT_EQ(as("time"), R"(["01:30:00"])");
  EXPECT_EQ(as("yyyymmdd"), R"(["20131103"])");
  EXPECT_EQ(as("hhmmss"), R"(["013000"])");
  EXPECT_EQ(as("utc_hhmmss"), R"(["063000"])");
  EXPECT_EQ(as("offset"), R"(["-05:00"])");
  EXPECT_EQ(as("offset_dot"), R"(["-05.00"])");
  EXPECT_EQ(as("offset_minutes"), "[-300]");
}

TEST_F(Templates, KnowTheParcelsStatusWithAndWithoutTheNewScan) {
  EXPECT_EQ(render("[{{status.kind}}, {{status.status}}, {{before.status}}, {{status.is_new}}]"),
            R"(["delivered","delivered","pre_transit",true])");
  EXPECT_EQ(render("[{{delivered_at|local_s}}]"), R"(["2013-11-03T01:30:00-05:00"])");
  history_.push_back(scan(2, ScanKind::retracted, day_zero + days(7)));
  EXPECT_EQ(render("[{{status.kind}}, {{delivered_at}}]"), R"(["label_created",null])");
}

TEST_F(Templates, EscapeHeadersByPercent) {
  const auto program = compile_text("X-Place: {{scan.place}}\r\n", Escape::percent, "headers");
  ASSERT_TRUE(program);
  EXPECT_EQ(run(*program), "X-Place: K%C3%B6ln%2FBonn\r\n");
}

TEST_F(Templates, AreRefusedWithLineColumnAndCure) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "t.json:1:1: the template is empty"},
           {"{\n  \"a\": {{scan.plcae}}\n}", "t.json:2:8: unknown field 'scan.plcae'; do you mean 'scan.place'?"},
           {"{\"ä\": {{scan.at|rfc}}}", "t.json:1:7: 'scan.at' cannot be written as 'rfc'; use one of: rfc3339 "},
           {"{\"a\": {{scan.kind|unix}}}", "use one of: url"},
           {"{\"a\": 1,}", "t.json:1:9: '}' where the \"name\" of a member should be; take the last comma away"},
           {"{\"a\": 1 \"b\": 2}", "t.json:1:9: '\"' behind a member; a comma or '}' is missing"},
           {"{\"a\": 1, \"a\": 2}", "t.json:1:10: member \"a\" stands twice"},
           {"{\"a\": 01}", "t.json:1:7: a number begins with a superfluous 0"},
           {"{\"a\": yes}", "t.json:1:7: 'y' begins no JSON value; text needs \"quotes\""},
           {"{\"a\": \"x}", "t.json:1:7: this string has no end"},
           {"{\"a\": \"\\x\"}", "t.json:1:8: this escape is not JSON"},
           {"{\"a\": [1, 2}", "t.json:1:12: '}' behind an array element; a comma or ']' is missing"},
           {"{\"a\": {{scan.at}", "t.json:1:7: this placeholder has no end"},
           {"{\"a\": \"{{eta?}}\"}", "t.json:1:8: only a whole member can be left out"},
           {"{\"{{eta}}\": 1}", "t.json:1:3: the name of a member cannot have a placeholder"},
           {"{{#history}}1{{/history}}", "t.json:1:1: history stands within an array"},
           {"[{{#history}} 1, 2 {{/history}}]",
            "t.json:1:16: ',' where {{/history}} should be; one element stands in the loop"},
           {"[{{#history}} {{/history}}]", "t.json:1:15: the history is empty; put the array element"},
           {"[1, [2", "t.json:1:5: this array has no end; close it with ']'"},
           {"{\"a\": {\"b\": 1", "t.json:1:7: this object has no end; close it with '}'"},
           {"[1, 2, ]", "t.json:1:8: ']' behind a comma; take the last comma away"},
           {"[{{#history}}[{{#history}}1{{/history}}]{{/history}}]", "t.json:1:15: history within history"},
           {"[{{#scans}}1{{/scans}}]", "t.json:1:2: only the history can be repeated"},
           {"[1] 2", "t.json:1:5: there is more behind the end of the document"},
           {"[\"\xff\"]", "not UTF-8"},
           {"[\n\n\t\"a\tb\"]", "t.json:3:4: a control character in a string"}}) {
    const auto program = compile_json(c.text, "t.json");
    ASSERT_FALSE(program) << c.text;
    EXPECT_EQ(program.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(program.error().message, HasSubstr(c.message)) << c.text;
  }
  EXPECT_THAT(compile_json(std::string(100, '['), "t.json").error().message, HasSubstr("64 levels"));
}

// ---- files ----

constexpr std::string_view request = R"(POST /hooks/tracking
X-Event-Id: {{scan.id}}
Peakstorm-Words: label_created=NEW departed=MOVING accepted=MOVING delivered=DONE
Peakstorm-Signature: header=X-Signature prefix=sha256= over={t}.{body} time-header=X-Time
Peakstorm-Accept: 202

{"number": {{tracking_number}}, "state": {{status.status}},
 "events": [{{#history}} {{scan.status}} {{/history}}]}
)";

TEST_F(Templates, MakeAFormatOfAWholeRequest) {
  const auto profile = parse_template(request, "t.http");
  ASSERT_TRUE(profile) << profile.error().message;
  history_.push_back(scan(2, ScanKind::eta_changed, day_zero + days(7)));
  const auto format = make_webhook(*profile, world_, {"key", ""});
  ASSERT_TRUE(format) << format.error().message;
  Message message;
  (*format)->encode({facts_, "1Z", history_, history_.back()}, message);
  (*format)->sign(1'795'184'100'000, message);
  EXPECT_EQ(message.path, "/hooks/tracking");
  EXPECT_EQ(message.body, R"({"number":"1Z","state":"DONE","events":["NEW","DONE"]})");
  EXPECT_THAT(message.headers, HasSubstr("Content-Type: application/json\r\nX-Event-Id: "));
  EXPECT_THAT(message.headers, HasSubstr("X-Time: 1795184100\r\nX-Signature: sha256="));
  EXPECT_THAT(message.headers, ::testing::Not(HasSubstr("Peakstorm")));
  EXPECT_TRUE((*format)->accepts(202));
  EXPECT_FALSE((*format)->accepts(200));
  EXPECT_EQ((*format)->shown()[index(ScanKind::accepted)], ScanKind::departed) << "the first with that word";
  EXPECT_EQ((*format)->shown()[index(ScanKind::lost)], std::nullopt);
  EXPECT_THAT(make_webhook(*profile, world_, {"", ""}).error().message, HasSubstr("set the webhook secret"));
}

TEST_F(Templates, MakeAFormatOfABodyAlone) {
  const auto profile = parse_template("\n  [{{scan.kind}}]", "t.json");
  ASSERT_TRUE(profile);
  const auto format = make_webhook(*profile, world_, {"", ""});
  ASSERT_TRUE(format);
  Message message;
  (*format)->encode({facts_, "1Z", {}, history_.back()}, message);
  EXPECT_EQ(message.body, R"(["delivered"])");
  EXPECT_FALSE((*format)->carries_history());
  EXPECT_EQ((*format)->shown(), identity_shown());
}

TEST_F(Templates, FaultsOfFilesAreNamedByLine) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"POST /x\n\n{\n \"a\": {{nix}}}", "f:4:7: unknown field 'nix'"},
           {"GET /x\n\n{}", "f:1:1: the first line is no request"},
           {"POST x\n\n{}", "f:1:6: the path begins with '/'"},
           {"POST /x\nX-A: 1\nX-B {{scan.id}}\n\n{}", "f:3:1: this is no header"},
           {"POST /x\nX-A: {{scan.idd}}\n\n{}", "f:2:6: unknown field 'scan.idd'; do you mean 'scan.id'?"},
           {"POST /x\nContent-Length: 3\n\n{}", "f:2:1: Content-Length is written by the sender"},
           {"POST /x\nX-A: 1\n", "f:3:1: the body is missing"},
           {"POST /x\nPeakstorm-Word: a=b\n\n{}", "f:2:1: unknown instruction 'Peakstorm-Word'"},
           {"POST /x\nPeakstorm-Words: arrivd=X\n\n{}", "f:2:1: 'arrivd=X' is not KIND=WORD"},
           {"POST /x\nPeakstorm-Words: lost=X lost=Y\n\n{}", "f:2:1: kind lost has two words"},
           {"POST /x\nPeakstorm-Accept: 404\n\n{}", "f:2:1: '404' is no status code of success"},
           {"POST /x\nPeakstorm-Signature: over={key}\n\n{}", "f:2:1: 'over={key}' is no part of a signature"},
           {"POST /x\nPeakstorm-Signature: encoding=hex\n\n{}", "f:2:1: the signature needs a header"}}) {
    const auto profile = parse_template(c.text, "f");
    ASSERT_FALSE(profile) << c.text;
    EXPECT_EQ(profile.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(profile.error().message, HasSubstr(c.message)) << c.text;
  }
  EXPECT_THAT(make_format("template:/nowhere/at/all.json", world_, {}).error().message, HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace peakstorm::wire
