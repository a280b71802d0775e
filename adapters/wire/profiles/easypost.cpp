// EasyPost: one Event per change, with the parcel's whole history, signed over the body.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::array<CarrierName, 6> carriers{{{"ups", "UPS"},
                                               {"usps", "USPS"},
                                               {"fedex", "FedEx"},
                                               {"dhl", "DHLExpress"},
                                               {"ontrac", "OnTrac"},
                                               {"lasership", "LaserShipV2"}}};

constexpr std::string_view body =
    R"({"id": "evt_{{scan.id}}", "object": "Event", "mode": "test", "description": "tracker.updated",
        "previous_attributes": {"status": {{before.status?}}}, "created_at": {{scan.reported}}, "result": @tracker@})";

// One parcel, as pushed and as polled.
constexpr std::string_view tracker =
    R"({"id": "trk_{{key}}", "object": "Tracker", "mode": "test", "tracking_code": {{tracking_number}},
          "status": {{status.status}}, "status_detail": {{status.detail}}, "created_at": {{ordered}},
          "updated_at": {{scan.reported}}, "signed_by": null, "weight": @weight@,
          "est_delivery_date": {{eta|midnight_z}}, "shipment_id": null, "carrier": {{carrier}},
          "carrier_detail": null, "fees": [], "tracking_details": [{{#history}}
            {"object": "TrackingDetail", "message": {{scan.text}}, "description": null, "status": {{scan.status}},
             "status_detail": {{scan.detail}}, "datetime": {{scan.at}}, "source": {{carrier}}, "carrier_code": null,
             "tracking_location": {"object": "TrackingLocation", "city": {{scan.place}}, "state": {{scan.region}},
               "country": null, "zip": null}} {{/history}}]})";

constexpr const char* headers = "Content-Type: application/json\nUser-Agent: EasyPost/v2 (Peakstorm)\n";

Vocabulary vocabulary() {
  Vocabulary words;
  words[0] = {"unknown", "unknown", "", std::nullopt};
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    const EasyPostStatus status = easypost_status(static_cast<ScanKind>(i));
    words[i] = {status.status, status.detail, "", easypost_shown()[i]};
  }
  return words;
}

std::string event_with(std::string_view weight) {
  return filled(body, {{"tracker", filled(tracker, {{"weight", weight}})}});
}

}  // namespace

std::string easypost_tracker() {
  return filled(tracker, {{"weight", "{{weight_oz}}"}});
}

std::vector<Profile> easypost_profiles() {
  constexpr SignatureRule signature{
      .algorithm = SignatureRule::Algorithm::hmac_sha256, .header = "X-Hmac-Signature", .before = "hmac-sha256-hex="};
  Profile strict{.name = "easypost", .headers = headers, .body = event_with("{{weight_oz}}")};
  strict.signatures[0] = signature;
  strict.words = vocabulary();
  strict.carriers = carriers;

  Profile wired = strict;
  wired.name = "easypost/as-wired";
  // Whole ounces without the decimal, as integrations see them; EasyPost's own verifier puts it back before it checks.
  wired.body = event_with("{{weight_oz|shortest}}");
  wired.covered = strict.body;
  wired.signatures[0].canonical = "{covered}";
  wired.signatures[1] = {.algorithm = SignatureRule::Algorithm::hmac_sha256,
                         .header = "X-Hmac-Signature-V2",
                         .before = "hmac-sha256-hex=",
                         .canonical = "{t}{method}{path}{body}",
                         .time = SignatureRule::Time::rfc3339,
                         .time_header = "X-Timestamp",
                         .path_header = "X-Path"};
  return {strict, wired};
}

}  // namespace peakstorm::wire
