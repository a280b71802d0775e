// Goal: a template of a Protobuf message writes what Protobuf's own library would, or is refused by place and cure.
// Method: twin: the same text as a JSON template, read by Protobuf's JSON reader, gives the same message.
#include "adapters/wire/template/proto.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/wire/profile.hpp"
#include "adapters/wire/template_file.hpp"
#include "tests/adapters/wire/tiny_world.hpp"
#include "tests/temporary_folder.hpp"

namespace peakstorm::wire {
namespace {

namespace pb = google::protobuf;
using ::testing::HasSubstr;

constexpr const char* schema = R"(syntax = "proto3";
package acme.v1;
import "google/protobuf/timestamp.proto";
import "common/states.proto";
message Event {
  google.protobuf.Timestamp at = 1;
  State state = 2;
  string place = 3;
  sint32 offset = 4;
  fixed64 reported_ms = 5;
}
message Parcel {
  string number = 1;
  State state = 2;
  repeated Event events = 3;
  optional double weight_oz = 4;
  int64 at_ms = 5;
  fixed32 sequence = 6;
  bool is_new = 7;
  map<string, string> labels = 8;
  repeated sint32 codes = 9;
  oneof sender { string shop = 10; int32 shop_id = 11; }
  bytes raw = 12;
  Parcel inner = 13;
  uint32 weight_g = 14;
  optional string eta = 15;
  float factor = 16;
  repeated State states = 17;
  map<int32, bool> flags = 18;
  uint64 big = 19;
  repeated string places = 20;
  google.protobuf.Timestamp delivered_at = 21;
  double price = 22;
}
)";
constexpr const char* states = R"(syntax = "proto3";
package acme.v1;
enum State { UNKNOWN = 0; NEW = 1; MOVING = 2; DONE = 3; LOST = -1; }
)";

class ProtoTemplates : public ::testing::Test {
 protected:
  ProtoTemplates() {
    std::filesystem::create_directories(folder_ / "common");
    write("parcel.proto", schema);
    write("common/states.proto", states);
    for (std::size_t i = 1; i < scan_kind_end; ++i) words_[i] = {"MOVING", "", "", static_cast<ScanKind>(i)};
    words_[index(ScanKind::label_created)].status = "NEW";
    words_[index(ScanKind::delivered)].status = "DONE";
    Scan scan;
    scan.parcel = facts_.id;
    for (const auto& [kind, at] : {std::pair(ScanKind::label_created, hours(1)),
                                   {ScanKind::departed, hours(30)},
                                   {ScanKind::delivered, days(6) + hours(6) + minutes(30) + SimDuration(7)}}) {
      scan.kind = kind;
      scan.at = day_zero + at;
      scan.reported = scan.at + minutes(1);
      scan.place = PlaceId{static_cast<std::uint16_t>(scan.sequence + 1)};
      history_.push_back(scan);
      ++scan.sequence;
    }
  }
  void write(const std::string& name, const std::string& text) const { (void)folder_.file(name, text); }
  [[nodiscard]] ProtoMessage parcel(std::string_view name = "acme.v1.Parcel") const {
    auto message = ProtoMessage::read((folder_ / "parcel.proto").string(), folder_.path().string(), name);
    EXPECT_TRUE(message) << message.error().message;
    return std::move(*message);
  }
  [[nodiscard]] std::string render(const Program& program) const {
    const WorldTexts texts(world_, words_, {});
    Renderer renderer(texts);
    std::string out;
    const ParcelView view{facts_, "1Z \"é\"", history_, history_.back()};
    renderer.begin(view);
    renderer.append(program, out);
    return out;
  }
  [[nodiscard]] std::string fault(std::string_view text) const {
    const auto program = parcel().compile(text, "t", 1, words_);
    return program ? "taken" : program.error().message;
  }
  /// Compares the binary form with what Protobuf reads of the JSON form, and gives the message back as JSON.
  std::string both_ways(std::string_view text) {
    const ProtoMessage message = parcel();
    const auto binary = message.compile(text, "t", 1, words_);
    const auto json = compile_json(text, "t");
    if (!binary || !json) return (binary ? json : binary).error().message;
    pb::DynamicMessageFactory factory;
    const std::unique_ptr<pb::Message> ours(factory.GetPrototype(&message.descriptor())->New());
    const std::unique_ptr<pb::Message> theirs(factory.GetPrototype(&message.descriptor())->New());
    EXPECT_TRUE(ours->ParseFromString(render(*binary)));
    const auto read = pb::util::JsonStringToMessage(render(*json), theirs.get());
    EXPECT_TRUE(read.ok()) << read.ToString() << render(*json);
    pb::util::MessageDifferencer differencer;
    std::string difference;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(*theirs, *ours)) << difference;
    EXPECT_TRUE(ours->GetReflection()->GetUnknownFields(*ours).empty());
    std::string out;
    (void)pb::util::MessageToJsonString(*ours, &out);
    return out;
  }

  testing::TemporaryFolder folder_;
  World world_ = testing::tiny_world();
  ParcelFacts facts_ = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 0);
  Vocabulary words_{};
  std::vector<Scan> history_;
};

TEST_F(ProtoTemplates, WriteWhatProtobufReadsOfTheSameJson) {
  const std::string all = both_ways(R"({
    "number": {{tracking_number}}, "state": {{status.status}},
    "events": [ {"place": "before"}, {{#history}} {"at": {{scan.at}}, "state": {{scan.status}}, "place": "at {{scan.place}}!",
      "offset": {{scan.at|offset_minutes}}, "reportedMs": {{scan.reported|unix_ms}}} {{/history}}, {} ],
    "weight_oz": {{weight_oz}}, "at_ms": {{scan.at|unix_ms}}, "sequence": {{scan.sequence}}, "is_new": {{status.is_new}},
    "labels": {"kind": {{scan.kind}}, "é\n": "\u00e9\ud83d\ude00", "": ""},
    "codes": [1, -1, {{#history|newest_first}} {{scan.at|offset_minutes}} {{/history}}, 2147483647, -2147483648],
    "shop_id": -7, "raw": "AAEC/w==", "inner": {"inner": {"number": "x"}}, "weight_g": {{weight_g}}, "eta": {{eta?}},
    "factor": 1.5e3, "states": ["NEW", 2, "LOST", {{scan.status}}], "flags": {"-3": true, "4": false},
    "big": "18446744073709551615", "places": [{{#history}} {{scan.place}} {{/history}}, "\"\\\/"],
    "delivered_at": {{delivered_at}}, "price": "-0.25"
  })");
  EXPECT_THAT(all, HasSubstr(R"("number":"1Z \"é\"")"));
  EXPECT_THAT(all, HasSubstr(R"("state":"DONE")"));
  EXPECT_THAT(all, HasSubstr("2147483647,-2147483648"));
  EXPECT_EQ(both_ways("{}"), "{}");
  EXPECT_EQ(both_ways(R"({"codes": [], "events": [], "labels": {}, "inner": {}, "number": null})"), R"({"inner":{}})");
  EXPECT_EQ(both_ways(R"({"number": "{{scan.sequence}}{{carrier}}"})").substr(0, 12), R"({"number":"2)");
}

TEST_F(ProtoTemplates, LongPartsHaveLongLengths) {
  for (const std::size_t size : {126U, 127U, 128U, 16'383U, 16'384U, 300'000U}) {
    const std::string text =
        R"({"inner": {"inner": {"number": ")" + std::string(size, 'x') + R"({{scan.sequence}}"}}})";
    EXPECT_GT(both_ways(text).size(), size);
  }
}

TEST_F(ProtoTemplates, WhatHasNothingToTellIsLeftOut) {
  history_.resize(1);
  EXPECT_EQ(both_ways(R"({"delivered_at": {{delivered_at}}, "eta": {{eta}}, "codes": [1]})"), R"({"codes":[1]})");
  history_.back().kind = ScanKind::eta_changed;  // Not yet a status.
  EXPECT_EQ(both_ways(R"({"state": {{status.status}}})"), "{}");
}

TEST_F(ProtoTemplates, FaultsAreRefusedWithTheirPlaceAndCure) {
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "t:1:1: the template is empty"},
           {"[]", "t:1:1: '[' where message acme.v1.Parcel should begin"},
           {R"({"numbr": 1})", "t:1:2: message acme.v1.Parcel has no field \"numbr\"; do you mean \"number\"?"},
           {"{\n \"number\": 1}", "t:2:12: field \"number\" (string) is text; put it in quotes"},
           {R"({"number": "a", "number": "b"})", "stands twice"},
           {R"({"shop": "a", "shop_id": 1})", "exclude each other (oneof sender)"},
           {R"({"sequence": -1})", "use a whole number from 0 to 4294967295"},
           {R"({"sequence": 1.5})", "use a whole number"},
           {R"({"sequence": {{tracking_number}}})",
            "t:1:14: field \"sequence\" (fixed32) cannot be 'tracking_number', which is no number"},
           {R"({"sequence": {{scan.at}}})", "|unix"},
           {R"({"weight_g": {{scan.at|unix_ms}}})", "milliseconds need 64 bits"},
           {R"({"weight_g": {{scan.at|offset_minutes}}})", "make it signed"},
           {R"({"weight_g": {{weight_oz}}})", "need a double or a string"},
           {R"({"is_new": 1})", "is true or false"},
           {R"({"is_new": "true"})", "without quotes"},
           {R"({"is_new": {{scan.sequence}}})", "status.is_new"},
           {R"({"weight_g": true})", "cannot be true"},
           {R"({"state": "MOVIN"})", "has no value 'MOVIN'; do you mean MOVING?"},
           {R"({"state": {{scan.kind}}})", "the enumeration has no 'label_created'; give the words of your own"},
           {R"({"state": {{tracking_number}}})", "it takes scan.status"},
           {R"({"events": {}})", "is repeated; write its values in an array"},
           {R"({"events": [{{#history}} {"at": {{scan.place}}} {{/history}}]})", "a Timestamp takes an instant"},
           {R"({"events": [{{#history}} {"at": {{scan.at|unix}}} {{/history}}]})", "without a filter"},
           {R"({"events": [{{#history}} {} ]})", "where {{/history}} should be"},
           {R"({"events": [{{#history}} {{#history}} {} {{/history}} {{/history}}]})", "history"},
           {R"({"inner": {{tracking_number}}})", "write its fields as"},
           {R"({"labels": []})", "is a map"},
           {R"({"labels": {"{{carrier}}": "x"}})", "cannot have a placeholder"},
           {R"({"labels": {"a": "x", "a": "y"}})", "stands twice"},
           {R"({"flags": {"a": true}})", "use a whole number"},
           {R"({"raw": "AA=A"})", "is not Base64"},
           {R"({"raw": {{scan.id}}})", "only a string takes it"},
           {R"({"number": "\ud83d"})", "half of a surrogate pair"},
           {R"({"number": "a)", "t:1:12: this string has no end"},
           {R"({"inner": {"number": "a")", "t:1:11: this message has no end; close it with '}'"},
           {R"({"codes": [1, 2)", "t:1:11: this array has no end; close it with ']'"},
           {R"({"labels": {"a": "x")", "t:1:12: this map has no end; close it with '}'"},
           {R"({"codes": [1, 2, ]})", "t:1:18: ']' behind a comma; take the last comma away"},
           {R"({"labels": {"a": "x" "b": "y"}})", "t:1:22: '\"' behind a value; a comma or '}' is missing"},
           {R"({"number": "a"} x)", "more behind the end"},
           {R"({"number": {{trackin_number}}})", "do you mean 'tracking_number'?"},
           {R"({"price": "x"})", "use a number"},
           {R"({"weight_g": [1]})", "is a single value"},
       }) {
    EXPECT_THAT(fault(text), HasSubstr(why)) << text;
  }
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += R"({"inner": )";
  EXPECT_THAT(fault(deep), HasSubstr("64 levels"));
}

TEST_F(ProtoTemplates, RequiredFieldsOfProto2AreAskedFor) {
  write("parcel.proto",
        "syntax = \"proto2\";\npackage acme.v1;\nmessage Parcel { required string number = 1; optional group G "
        "= 2 { } }");
  EXPECT_THAT(fault("{}"), HasSubstr("requires the field \"number\""));
  EXPECT_THAT(fault(R"({"number": {{tracking_number?}}})"), HasSubstr("is required"));
  EXPECT_THAT(fault(R"({"number": "", "g": {}})"), HasSubstr("is a group"));
  EXPECT_EQ(fault(R"({"number": ""})"), "taken");
}

TEST_F(ProtoTemplates, FaultsOfTheProtoAreNamed) {
  const auto read = [&](const std::string& name, std::string_view message = "acme.v1.Parcel") {
    const auto result = ProtoMessage::read((folder_ / name).string(), folder_.path().string(), message);
    return result ? "taken" : result.error().message;
  };
  EXPECT_THAT(read("none.proto"), HasSubstr("there is no such file"));
  EXPECT_THAT(read("parcel.proto", "acme.v1.Parcels"),
              HasSubstr("has no message 'acme.v1.Parcels'; it has acme.v1.Event acme.v1.Parcel"));
  write("bad.proto", "syntax = \"proto3\";\nmessage A {\n  string x 1;\n}");
  EXPECT_THAT(read("bad.proto"), HasSubstr("bad.proto:3:12: "));
  write("lacks.proto", "syntax = \"proto3\";\nimport \"elsewhere.proto\";\nmessage A {}");
  EXPECT_THAT(read("lacks.proto"), HasSubstr("elsewhere.proto"));
  write("bad.bin", "\xff\xff");
  EXPECT_THAT(read("bad.bin"), HasSubstr("protoc --include_imports"));
}

TEST_F(ProtoTemplates, ADescriptorSetServesAsWell) {
  const ProtoMessage message = parcel();
  pb::FileDescriptorSet set;
  message.descriptor().file()->dependency(1)->CopyTo(set.add_file());
  message.descriptor().file()->CopyTo(set.add_file());
  write("parcel.bin", set.SerializeAsString());
  const auto read = ProtoMessage::read((folder_ / "parcel.bin").string(), folder_.path().string(), "acme.v1.Parcel");
  ASSERT_TRUE(read) << read.error().message;
  const auto program = read->compile(R"({"state": "DONE"})", "t", 1, words_);
  ASSERT_TRUE(program);
  EXPECT_EQ(render(*program), "\x10\x03");
}

TEST_F(ProtoTemplates, AFileSaysWhichMessageItIs) {
  const auto profile_of = [&](const std::string& text) {
    write("t.tmpl", text);
    return read_template_file((folder_ / "t.tmpl").string());
  };
  const auto taken = profile_of(
      "POST /hooks\nPeakstorm-Words: label_created=NEW delivered=DONE\n"
      "Peakstorm-Protobuf: parcel.proto acme.v1.Parcel\n\n{\"state\": {{scan.status}}}");
  ASSERT_TRUE(taken) << taken.error().message;
  const auto format = make_webhook(*taken, world_, {"", ""});
  ASSERT_TRUE(format);
  Message message;
  (*format)->encode({facts_, "1Z", history_, history_.back()}, message);
  EXPECT_EQ(message.body, "\x10\x03");
  EXPECT_THAT(message.headers, HasSubstr("Content-Type: application/x-protobuf\r\n"));
  EXPECT_FALSE(body_is_text("template:" + (folder_ / "t.tmpl").string()));
  EXPECT_TRUE(body_is_text("easypost"));

  const auto refused = [&](const std::string& text) {
    const auto profile = profile_of(text);
    return profile ? "taken" : profile.error().message;
  };
  EXPECT_THAT(refused("POST /\nPeakstorm-Protobuf: parcel.proto\n\n{}"), HasSubstr("t.tmpl:2:21: name the .proto"));
  EXPECT_THAT(refused("POST /\nPeakstorm-Protobuf: no.proto A\n\n{}"), HasSubstr("t.tmpl:2:21: "));
  EXPECT_THAT(refused("POST /\nPeakstorm-Protobuf: parcel.proto acme.v1.Parcel\n\n\n{\"x\": 1}"),
              HasSubstr("t.tmpl:5:2: message acme.v1.Parcel has no field \"x\""));
}

}  // namespace
}  // namespace peakstorm::wire
