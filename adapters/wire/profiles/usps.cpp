// USPS Subscriptions-Tracking v3: the tracking record as JSON text within JSON, signed over the message's time and
// that text.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view body =
    R"({"subscriptionId": "b7a4d2c0-0000-4000-8000-7065616b7374", "timestamp": {{scan.reported|rfc3339_s}},
        "payload": {{payload}}})";

// One parcel, as pushed and as polled: members and types of the published TrackingDetails. The mail class is left out,
// because a scenario's services are none of the schema's classes.
constexpr std::string_view strict_payload =
    R"({"trackingNumber": {{tracking_number}}, "destinationZIP": {{destination}},
        "statusCategory": {{status.status}}, "status": {{status.text}}, "statusSummary": {{status.text}},
        "predictedDeliveryDate": {{eta?}}, "trackingEvents": [{{#history|newest_first}}
          {"eventType": {{scan.text}}, "eventTimestamp": {{scan.at|local_s}}, "GMTTimestamp": {{scan.at|rfc3339_s}},
           "GMTOffset": {{scan.at|offset}}, "eventCity": {{scan.place?}}, "eventState": {{scan.region?}},
           "eventCode": {{scan.detail}}} {{/history}}]})";

// As captured: readings without a zone, booleans as text, null for what is not known.
constexpr std::string_view wired_payload =
    R"({"trackingNumber": {{tracking_number}}, "mailClass": {{service}}, "destinationZIP": {{destination}},
        "statusCategory": {{status.status}}, "status": {{status.text}}, "statusSummary": {{status.text}},
        "expectedDeliveryDate": {{eta}}, "trackingEvents": [{{#history|newest_first}}
          {"eventType": {{scan.text}}, "eventTimestamp": {{scan.at|naive}}, "GMTTimestamp": {{scan.at|rfc3339_s}},
           "GMTOffset": {{scan.at|offset}}, "eventCountry": null, "eventCity": {{scan.place}},
           "eventState": {{scan.region}}, "eventZIP": null, "firm": null, "name": null, "authorizedAgent": "false",
           "eventCode": {{scan.detail}}, "additionalProp": null} {{/history}}]})";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  words[0] = {"Not Available", "", "", std::nullopt};
  const auto put = [&](K kind, std::string_view category, std::string_view code, std::optional<K> shown) {
    words[index(kind)] = {category, code, "", shown};
  };
  put(K::label_created, "Pre-Shipment", "MA", K::label_created);
  put(K::accepted, "Accepted", "03", K::accepted);
  put(K::departed, "In Transit", "EF", K::departed);
  put(K::arrived, "In Transit", "07", K::arrived);
  for (const K kind : {K::processed, K::customs_in, K::customs_cleared, K::retracted}) {
    put(kind, "In Transit", "10", K::processed);
  }
  put(K::out_for_delivery, "Out for Delivery", "OF", K::out_for_delivery);
  put(K::attempted, "Delivery Attempt", "02", K::attempted);
  put(K::ready_pickup, "Available for Pickup", "14", K::ready_pickup);
  put(K::delivered, "Delivered", "01", K::delivered);
  for (const K kind : {K::customs_held, K::delay_weather, K::delay_other, K::held, K::damaged, K::cancelled}) {
    put(kind, "Alert", "DX", K::delay_other);
  }
  put(K::misrouted, "Alert", "08", K::misrouted);
  put(K::lost, "Alert", "11", K::lost);
  put(K::returning, "Return to Sender", "09", K::returning);
  put(K::returned, "Return to Sender", "09", K::returning);
  words[index(K::eta_changed)] = {"", "", "", std::nullopt};
  return words;
}

}  // namespace

std::string_view usps_tracking_record() {
  return strict_payload;
}

std::vector<Profile> usps_profiles() {
  Profile strict{.name = "usps-tracking-v3", .headers = "Content-Type: application/json\n", .body = std::string(body)};
  strict.payload = strict_payload;
  strict.covered = "{{scan.reported|rfc3339_s}}";
  strict.covers_payload = true;
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::hmac_sha256,
                          .header = "X-HMAC",
                          .encoding = SignatureRule::Encoding::base64,
                          .canonical = "{covered}"};
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "usps-tracking-v3/as-wired";
  wired.payload = wired_payload;
  return {strict, wired};
}

}  // namespace peakstorm::wire
