// Goal: what a platform gets when it polls is the published form, in the same words as what is pushed to it.
#include "adapters/pull_format.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>

#include "engine/tracking_number.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

using testing::facts_of;
using testing::tiny_world;
namespace dom = simdjson::dom;

struct Told {
  ParcelFacts facts;
  std::string number;
  std::vector<Scan> scans;
};

Scan scan_of(ParcelId parcel, ScanKind kind, SimTime at, std::uint8_t sequence, std::uint16_t place = 0) {
  Scan scan;
  scan.parcel = parcel;
  scan.at = at;
  scan.reported = at + minutes(2);
  scan.kind = kind;
  scan.sequence = sequence;
  scan.place = PlaceId{place};
  return scan;
}

/// A parcel of one of the tiny world's carriers: 0 ups, 1 fedex, 2 usps, 3 and 4 others.
Told parcel(const World& world, std::uint8_t service, std::initializer_list<ScanKind> kinds) {
  Told told;
  told.facts = facts_of(make_parcel_id(ShipNodeId{1}, 30, 7), service);
  told.number = tracking_number(world, world.services[service].carrier, told.facts.id);
  std::uint8_t sequence = 0;
  for (const ScanKind kind : kinds) {
    told.scans.push_back(scan_of(told.facts.id, kind, day_zero + hours(30 + sequence), sequence,
                                 static_cast<std::uint16_t>(sequence % 8)));
    ++sequence;
  }
  return told;
}

wire::ParcelView view(const Told& told) {
  return {told.facts, told.number, told.scans, told.scans.back()};
}

std::string record(const World& world, wire::PullApi api, const Told& told) {
  wire::PullFormat format(api, world);
  std::string out;
  format.append_record(view(told), out);
  return out;
}

dom::element parsed(dom::parser& parser, const std::string& text) {
  dom::element element;
  EXPECT_EQ(parser.parse(text).get(element), simdjson::SUCCESS) << text;
  return element;
}

std::string_view text_at(dom::element element, std::string_view pointer) {
  std::string_view text;
  EXPECT_EQ(element.at_pointer(pointer).get(text), simdjson::SUCCESS) << pointer;
  return text;
}

std::size_t size_at(dom::element element, std::string_view pointer) {
  dom::array array;
  EXPECT_EQ(element.at_pointer(pointer).get(array), simdjson::SUCCESS) << pointer;
  return array.size();
}

wire::Message pushed(const World& world, std::string_view format, const Told& told) {
  const auto encoder = wire::make_format(format, world, {"peakstorm-secret-0123456789abcdef", ""});
  EXPECT_TRUE(encoder) << format;
  wire::Message message;
  (*encoder)->encode(view(told), message);
  return message;
}

TEST(PullRecord, IsThePartOfTheWebhookThatTellsOfTheParcel) {
  const World world = tiny_world();
  for (std::uint8_t kind = 1; kind < scan_kind_end; ++kind) {
    const Told told = parcel(world, 0, {ScanKind::label_created, ScanKind::delivered, static_cast<ScanKind>(kind)});
    SCOPED_TRACE(scan_kind_names[kind]);
    for (const auto& [api, format] :
         {std::pair(wire::PullApi::easypost, "easypost"), std::pair(wire::PullApi::fedex, "fedex-aiv")}) {
      EXPECT_NE(pushed(world, format, told).body.find(record(world, api, told)), std::string::npos) << format;
    }
    dom::parser parser;
    const std::string body = pushed(world, "usps-tracking-v3", told).body;
    EXPECT_EQ(text_at(parsed(parser, body), "/payload"), record(world, wire::PullApi::usps, told));
  }
}

TEST(PullRecord, OfUpsHasTheWordsOfItsTrackAlerts) {
  const World world = tiny_world();
  for (std::uint8_t kind = 1; kind < scan_kind_end; ++kind) {
    SCOPED_TRACE(scan_kind_names[kind]);
    const Told told = parcel(world, 0, {ScanKind::label_created, static_cast<ScanKind>(kind)});
    dom::parser alert_parser;
    dom::parser reply_parser;
    const std::string alert_text = pushed(world, "ups-track-alert", told).body;
    const std::string reply_text = record(world, wire::PullApi::ups, told);
    const dom::element alert = parsed(alert_parser, alert_text);
    const dom::element reply = parsed(reply_parser, reply_text);
    const std::string newest = "/trackResponse/shipment/0/package/0/activity/0";
    for (const std::string member : {"type", "code", "description"}) {
      EXPECT_EQ(text_at(reply, newest + "/status/" + member), text_at(alert, "/activityStatus/" + member));
    }
    EXPECT_EQ(text_at(reply, newest + "/date"), text_at(alert, "/localActivityDate"));
    EXPECT_EQ(text_at(reply, newest + "/gmtTime"), text_at(alert, "/gmtActivityTime"));
    std::string dotted(text_at(reply, newest + "/gmtOffset"));
    dotted[dotted.find(':')] = '.';
    EXPECT_EQ(dotted, text_at(alert, "/gmtOffset"));
  }
}

TEST(PullRecord, OfUpsTellsOfTheDeliveryWhatIsKnown) {
  const World world = tiny_world();
  const std::string package = "/trackResponse/shipment/0/package/0";
  dom::parser parser;
  Told told = parcel(world, 0, {ScanKind::label_created, ScanKind::out_for_delivery});
  dom::element nothing;
  std::string text = record(world, wire::PullApi::ups, told);
  EXPECT_NE(parsed(parser, text).at_pointer(package + "/deliveryDate").get(nothing), simdjson::SUCCESS);

  told.scans[1].eta_day = 9;
  text = record(world, wire::PullApi::ups, told);
  EXPECT_EQ(text_at(parsed(parser, text), package + "/deliveryDate/0/type"), "SDD");
  EXPECT_EQ(text_at(parsed(parser, text), package + "/deliveryDate/0/date"), "20131106");

  told.scans.push_back(scan_of(told.facts.id, ScanKind::delivered, day_zero + days(3), 2, index(no_place)));
  text = record(world, wire::PullApi::ups, told);
  EXPECT_EQ(text_at(parsed(parser, text), package + "/deliveryDate/0/type"), "DEL");
  EXPECT_EQ(text_at(parsed(parser, text), package + "/currentStatus/code"), "FS");

  // A delivery that was a mistake is none.
  told.scans.push_back(scan_of(told.facts.id, ScanKind::retracted, day_zero + days(4), 3));
  text = record(world, wire::PullApi::ups, told);
  EXPECT_EQ(text_at(parsed(parser, text), package + "/deliveryDate/0/type"), "SDD");
}

TEST(PullRecord, OfUspsEndsAtItsSchemasBounds) {
  const World world = tiny_world();
  Told told = parcel(world, 2, {});
  for (std::uint8_t i = 0; i < 120; ++i) {
    told.scans.push_back(scan_of(told.facts.id, ScanKind::processed, day_zero + hours(i), i));
  }
  dom::parser parser;
  std::string text = record(world, wire::PullApi::usps, told);
  EXPECT_EQ(size_at(parsed(parser, text), "/trackingEvents"), 99U);
  EXPECT_EQ(text_at(parsed(parser, text), "/trackingEvents/0/GMTTimestamp"), "2013-11-01T23:00:00Z");
  wire::PullFormat format(wire::PullApi::usps, world);
  text.clear();
  format.append_summary(view(told), text);
  EXPECT_EQ(size_at(parsed(parser, text), "/eventSummaries"), 99U);
}

TEST(PullRecord, OfANumberThatNobodyKnowsSaysSo) {
  const World world = tiny_world();
  dom::parser parser;
  const auto unknown = [&](wire::PullApi api) {
    wire::PullFormat format(api, world);
    std::string out;
    format.append_unknown("12\"3", 5, out);
    return out;
  };
  std::string text = unknown(wire::PullApi::easypost);
  EXPECT_EQ(text_at(parsed(parser, text), "/status"), "unknown");
  EXPECT_EQ(text_at(parsed(parser, text), "/tracking_code"), "12\"3");
  text = unknown(wire::PullApi::usps);
  EXPECT_EQ(text_at(parsed(parser, text), "/error/code"), "404");
  text = unknown(wire::PullApi::fedex);
  EXPECT_EQ(text_at(parsed(parser, text), "/trackResults/0/error/code"), "TRACKING.TRACKINGNUMBER.NOTFOUND");
}

TEST(PullRefusal, IsJsonWithTheStatusThatItsApiDocuments) {
  dom::parser parser;
  for (std::size_t a = 0; a < wire::pull_api_count; ++a) {
    const auto api = static_cast<wire::PullApi>(a);
    SCOPED_TRACE(wire::pull_api_names[a]);
    EXPECT_EQ(wire::pull_api_named(wire::pull_api_names[a]), api);
    for (std::size_t r = 0; r < wire::pull_refusal_count; ++r) {
      const auto why = static_cast<wire::PullRefusal>(r);
      std::string text;
      wire::append_refusal(api, why, "because \"so\"", text);
      std::string again;
      wire::append_refusal(api, why, "because \"so\"", again);
      EXPECT_EQ(text, again);
      static_cast<void>(parsed(parser, text));
      EXPECT_GE(wire::pull_status(api, why), 400U);
    }
    EXPECT_EQ(wire::pull_status(api, wire::PullRefusal::unauthorized), 401U);
    EXPECT_EQ(wire::pull_status(api, wire::PullRefusal::not_found), 404U);
    EXPECT_EQ(wire::pull_status(api, wire::PullRefusal::too_many_requests), 429U);
  }
  EXPECT_FALSE(wire::pull_api_named("dhl"));
}

TEST(PullToken, TellsItsLifeAsItsApiWritesNumbers) {
  dom::parser parser;
  for (const auto api : {wire::PullApi::ups, wire::PullApi::usps, wire::PullApi::fedex}) {
    std::string text;
    wire::append_token(api, {"client", "abc", 1'795'184'100'000, wire::documented_token_life_s(api)}, text);
    const dom::element reply = parsed(parser, text);
    EXPECT_EQ(text_at(reply, "/access_token"), "abc");
    if (api == wire::PullApi::ups) {
      EXPECT_EQ(text_at(reply, "/expires_in"), "14399");
    } else {
      std::int64_t life = 0;
      EXPECT_EQ(reply.at_pointer("/expires_in").get(life), simdjson::SUCCESS);
      EXPECT_EQ(life, wire::documented_token_life_s(api));
    }
  }
}

TEST(PullApi, KnowsItsOwnParcelsAndEasyPostAll) {
  const World world = tiny_world();
  constexpr std::array<std::array<bool, 5>, wire::pull_api_count> knows{{{true, false, false, false, false},
                                                                         {false, false, true, false, false},
                                                                         {true, true, true, true, true},
                                                                         {false, true, false, false, false}}};
  for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
    for (std::uint8_t service = 0; service < 5; ++service) {
      EXPECT_EQ(wire::pull_api_knows(static_cast<wire::PullApi>(api), world,
                                     facts_of(make_parcel_id(ShipNodeId{0}, 1, 1), service)),
                knows[api][service])
          << wire::pull_api_names[api] << ' ' << int{service};
    }
  }
}

}  // namespace
}  // namespace peakstorm
