// ShipStation and ShipEngine: the tracking resource of their API, signed with RSA over time and body.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view body =
    R"({"resource_url": "https://api.shipengine.com/v1/tracking?carrier_code={{carrier.slug}}&tracking_number={{tracking_number|url}}",
        "resource_type": "@type@",
        "data": {"tracking_number": {{tracking_number}}, "status_code": {{status.status}},
          "status_detail_code": {{status.detail}}, "status_description": {{status.text}},
          "status_detail_description": {{status.text}}, "carrier_code": {{carrier.slug}},
          "carrier_status_code": {{status.code}}, "carrier_detail_code": {{status.code}},
          "carrier_status_description": {{status.text}}, "ship_date": {{ordered|@utc@}},
          "estimated_delivery_date": {{eta|midnight_z?}}, "actual_delivery_date": {{delivered_at|@utc@?}},
          "events": [{{#history|newest_first}}
            {"occurred_at": {{scan.at|@utc@}}, "carrier_occurred_at": {{scan.at|@local@}},
             "description": {{scan.text}}, "city_locality": "{{scan.place}}", "state_province": {{scan.region}},
             "postal_code": "", "event_code": {{scan.code}}, "carrier_detail_code": {{scan.code}},
             "status_code": {{scan.status}}, "status_detail_code": {{scan.detail}},
             "status_description": {{scan.text}}, "carrier_status_code": {{scan.code}},
             "carrier_status_description": {{scan.text}}} {{/history}}]}})";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  words[0] = {"UN", "CARRIER_STATUS_NOT_MAPPED", "NA", std::nullopt};
  const auto put = [&](K kind, std::string_view status, std::string_view detail, std::string_view code) {
    words[index(kind)] = {status, detail, code, kind};
  };
  put(K::label_created, "NY", "SHIPMENT_CREATED", "MP");
  put(K::accepted, "AC", "PICKED_UP", "PU");
  put(K::departed, "IT", "HUB_SCAN_OUT", "DP");
  put(K::arrived, "IT", "HUB_SCAN_IN", "AR");
  put(K::processed, "IT", "HUB_PROCESSING", "IT");
  put(K::customs_in, "IT", "CUSTOMS_PROCESSING", "CP");
  put(K::customs_held, "EX", "HELD_BY_CUSTOMS", "CD");
  put(K::customs_cleared, "IT", "CUSTOMS_CLEARED", "CC");
  put(K::out_for_delivery, "IT", "OUT_FOR_DELIVERY", "OT");
  put(K::attempted, "AT", "ATTEMPTED_DELIVERY", "DE");
  put(K::ready_pickup, "SP", "AWAITING_COLLECTION_FROM_PICKUP_POINT", "HL");
  put(K::delivered, "DE", "DELIVERED", "DL");
  put(K::delay_weather, "EX", "DELAYED_NOT_CARRIER", "DW");
  put(K::delay_other, "EX", "CARRIER_DELAYS", "DY");
  put(K::held, "EX", "HELD_BY_CARRIER", "HD");
  put(K::misrouted, "EX", "MISROUTED", "MR");
  put(K::damaged, "EX", "PARCEL_DAMAGED", "DM");
  put(K::lost, "EX", "PARCEL_LOST", "LO");
  put(K::returning, "EX", "RETURN_TO_SENDER", "RS");
  put(K::returned, "EX", "UNDELIVERABLE_RETURNED_TO_SENDER", "RT");
  put(K::cancelled, "EX", "CANCELLED", "CA");
  put(K::eta_changed, "IT", "DELIVERY_RESCHEDULED", "UP");
  put(K::retracted, "IT", "PARCEL_UPDATE_NOTIFICATION", "UN");
  return words;
}

}  // namespace

std::vector<Profile> shipengine_profiles() {
  Profile strict{.name = "shipengine", .headers = "Content-Type: application/json\n"};
  strict.body = filled(body, {{"type", "API_TRACK"}, {"utc", "rfc3339"}, {"local", "local"}});
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::rsa_sha256,
                          .header = "x-shipengine-rsa-sha256-signature",
                          .encoding = SignatureRule::Encoding::base64,
                          .canonical = "{t}.{body}",
                          .time = SignatureRule::Time::rfc3339,
                          .time_header = "x-shipengine-timestamp",
                          .key_id_header = "x-shipengine-rsa-sha256-key-id"};
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "shipengine/as-wired";
  // Readings without a zone, as in the platform's own sample of a webhook.
  wired.body = filled(body, {{"type", "TRACK_EVENT_V2"}, {"utc", "naive_utc"}, {"local", "naive"}});
  return {strict, wired};
}

}  // namespace peakstorm::wire
