#include "adapters/wire/epcis/epcis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EpcisCapture : public ::testing::Test {
 protected:
  Scan scan(std::uint8_t sequence, ScanKind kind, SimTime at) const {
    Scan s;
    s.parcel = facts.id;
    s.sequence = sequence;
    s.kind = kind;
    s.at = at;
    s.reported = at;
    s.place = PlaceId{1};  // In New York.
    return s;
  }
  World world = testing::tiny_world();
  ParcelFacts facts = testing::facts_of(make_parcel_id(ShipNodeId{1}, 5, 7), 0);
  std::unique_ptr<WireFormat> format = *make_epcis(world, {"token", ""}, CaptureErrors::rollback);
};

TEST_F(EpcisCapture, TellsAScanAsAnObjectEventWithItsOwnOffset) {
  const std::vector<Scan> scans{scan(0, ScanKind::departed, day_zero + days(6) + hours(6) + minutes(30))};
  Message message;
  format->encode({facts, "1Z999AA10123456784", scans, scans[0]}, message);
  format->sign(0, message);
  EXPECT_EQ(message.path, "/capture");
  EXPECT_THAT(message.headers, HasSubstr("GS1-Capture-Error-Behaviour: rollback\r\n"));
  EXPECT_THAT(message.headers, HasSubstr("Authorization: Bearer token\r\n"));
  EXPECT_THAT(message.body, HasSubstr(R"("eventTime":"2013-11-03T06:30:00.000Z","eventTimeZoneOffset":"-05:00")"));
  EXPECT_THAT(message.body, HasSubstr(R"("bizStep":"departing","disposition":"in_transit")"));
  EXPECT_THAT(message.body, HasSubstr(R"("epcList":["https://peakstorm.example/parcel/1Z999AA10123456784"])"));
}

TEST_F(EpcisCapture, ARetractionTellsTheWrongDeliveryAgainAsAnError) {
  const std::vector<Scan> scans{
      scan(0, ScanKind::delivered, day_zero + hours(1)), scan(1, ScanKind::retracted, day_zero + hours(2)),
      scan(2, ScanKind::delivered, day_zero + hours(3)), scan(3, ScanKind::retracted, day_zero + hours(4))};
  simdjson::dom::parser parser;
  const auto id_of = [&](const Scan& s) {
    Message message;
    format->encode({facts, "1Z", scans, s}, message);
    simdjson::dom::element document = parser.parse(message.body);
    return std::string(document.at_pointer("/epcisBody/eventList/0/eventID").get_string().value());
  };
  Message message;
  format->encode({facts, "1Z", scans, scans[3]}, message);
  EXPECT_THAT(message.body, HasSubstr(R"("bizStep":"accepting")"));
  EXPECT_THAT(message.body, HasSubstr(R"("errorDeclaration":{"declarationTime":"2013-10-28T04:00:00.000Z",)"
                                      R"("reason":"did_not_occur"})"));
  EXPECT_EQ(id_of(scans[3]), id_of(scans[2])) << "the same event";
  EXPECT_EQ(id_of(scans[1]), id_of(scans[0]));
  EXPECT_NE(id_of(scans[0]), id_of(scans[2]));
  // A delivery that nobody published cannot be taken back.
  const std::vector<Scan> alone{scan(1, ScanKind::retracted, day_zero)};
  format->encode({facts, "1Z", alone, alone[0]}, message);
  EXPECT_THAT(message.body, Not(HasSubstr("errorDeclaration")));
  EXPECT_THAT(message.body, HasSubstr("bizstep/delivery_retracted"));
}

TEST_F(EpcisCapture, BatchesShareOneDocument) {
  const std::vector<Scan> scans{scan(0, ScanKind::accepted, day_zero), scan(1, ScanKind::departed, day_zero)};
  std::vector<ParcelView> views;
  for (const Scan& s : scans) views.push_back({facts, "1Z", scans, s});
  Message message;
  format->encode_batch(views, message);
  simdjson::dom::parser parser;
  simdjson::dom::element document = parser.parse(message.body);
  EXPECT_EQ(document.at_pointer("/epcisBody/eventList").get_array().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string at = "/epcisBody/eventList/" + std::to_string(i) + "/eventID";
    EXPECT_EQ(document.at_pointer(at).get_string().value(), format->event_id(views[i]));
  }
  const auto batched = make_format("cloudevents-batch", world, {"", ""});
  ASSERT_TRUE(batched);
  (*batched)->encode_batch(views, message);
  document = parser.parse(message.body);
  EXPECT_EQ(document.get_array().size(), 2U);
}

TEST(CaptureReplies, TakenInIsNotStored) {
  const auto step = [](unsigned status, std::string_view location = {}) {
    return read_capture_reply(status, location, "").step;
  };
  EXPECT_EQ(step(202, "/capture/7"), CaptureStep::poll);
  EXPECT_EQ(read_capture_reply(202, "https://host:1/epcis/capture/7?x=1", "").job, "/epcis/capture/7?x=1");
  EXPECT_EQ(step(202), CaptureStep::again) << "nobody can ask after it";
  EXPECT_EQ(step(202, "capture/7"), CaptureStep::again);
  EXPECT_EQ(step(202, "/capture/7 HTTP/1.1"), CaptureStep::again) << "it would end the request line";
  EXPECT_EQ(step(201), CaptureStep::stored);
  EXPECT_EQ(step(413), CaptureStep::split);
  EXPECT_EQ(step(400), CaptureStep::refuse);
  EXPECT_EQ(step(408), CaptureStep::again);
  EXPECT_EQ(step(429), CaptureStep::again);
  EXPECT_EQ(step(503), CaptureStep::again);
  EXPECT_EQ(step(200), CaptureStep::again);
  EXPECT_EQ(read_capture_reply(400, "", R"({"type":"epcisException:ValidationException","title":"bad event"})").problem,
            "bad event");
  EXPECT_EQ(read_capture_reply(400, "", "<html>").problem, "");
}

TEST(CaptureReplies, AJobSaysWhatBecameOfItsBatch) {
  const auto fate = [](std::string_view body) {
    const auto job = read_capture_job(body);
    EXPECT_TRUE(job) << body;
    return job ? fate_of(*job) : CaptureFate::pending;
  };
  EXPECT_EQ(fate(R"({"running":true,"success":false})"), CaptureFate::pending);
  EXPECT_EQ(fate(R"({"running":true})"), CaptureFate::pending);
  EXPECT_EQ(fate(R"({"running":false,"success":true,"errors":[]})"), CaptureFate::kept);
  EXPECT_EQ(fate(R"({"running":false,"success":false,"captureErrorBehaviour":"rollback","errors":[{"title":"x"}]})"),
            CaptureFate::lost);
  EXPECT_EQ(fate(R"({"running":false,"success":true,"captureErrorBehaviour":"proceed","errors":[{"title":"x"}]})"),
            CaptureFate::partly);
  const auto job = read_capture_job(R"({"running":false,"success":false,"errors":[{"title":"a"},{"detail":"b"},{}]})");
  ASSERT_TRUE(job);
  EXPECT_THAT(job->errors, ElementsAre("a", "b", "a problem without a title"));
  const auto refused = [](std::string_view body) {
    const std::vector<std::string> ids{"urn:uuid:1", "urn:uuid:2", ""};
    std::vector<bool> which;
    const auto read = read_capture_job(body);
    return read && name_refused(*read, ids, which) ? which : std::vector<bool>();
  };
  const std::string start = R"({"running":false,"success":false,"captureErrorBehaviour":"proceed","errors":[)";
  EXPECT_THAT(refused(start + R"({"title":"x","instance":"urn:uuid:2"}]})"), ElementsAre(false, true, false));
  EXPECT_THAT(refused(start + R"({"detail":"urn:uuid:2 and urn:uuid:1 are bad"}]})"), ElementsAre(true, true, false));
  EXPECT_THAT(refused(start + R"({"instance":"urn:uuid:2"},{"title":"x"}]})"), ElementsAre()) << "one is anybody's";
  EXPECT_THAT(refused(start + "]}"), ElementsAre()) << "it failed, and does not say where";
}

TEST(CaptureReplies, GarbageIsNamed) {
  const auto message = [](std::string_view body) {
    const auto job = read_capture_job(body);
    EXPECT_FALSE(job) << body;
    return job ? std::string() : job.error().message;
  };
  EXPECT_THAT(message(""), HasSubstr("JSON"));
  EXPECT_THAT(message("[]"), HasSubstr("JSON"));
  EXPECT_THAT(message(R"({"running":1})"), HasSubstr("'running'"));
  EXPECT_THAT(message(R"({"running":false})"), HasSubstr("'success'"));
  EXPECT_THAT(message(R"({"running":false,"success":true,"captureErrorBehaviour":"shrug"})"),
              HasSubstr("'captureErrorBehaviour'"));
  EXPECT_THAT(message(R"({"running":false,"success":true,"errors":[1]})"), HasSubstr("'errors'"));
}

}  // namespace
}  // namespace peakstorm::wire
