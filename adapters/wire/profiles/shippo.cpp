// Shippo: the whole track at each update, no event id; signed over time and body.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view strict_body =
    R"({"event": "track_updated", "test": true, "data": {"carrier": {{carrier.slug}},
        "tracking_number": {{tracking_number}}, "eta": {{eta|midnight_z?}},
        "original_eta": {{eta.first|midnight_z?}}, "servicelevel": {"token": {{service}}, "name": {{service}}},
        "metadata": "Peakstorm",
        "messages": [], "transaction": {{key}},
        "tracking_status": {"object_id": {{scan.id}}, "object_created": {{scan.reported}},
          "object_updated": {{scan.reported}}, "status": {{status.status}},
          "substatus": {"code": {{status.detail}}, "text": {{status.text}}, "action_required": {{status.action}}},
          "status_details": {{status.text}}, "status_date": {{last.at}},
          "location": {"city": {{last.place?}}, "state": {{last.region?}}}},
        "tracking_history": [{{#history}}
          {"object_id": {{scan.id}}, "object_created": {{scan.reported}}, "object_updated": {{scan.reported}},
           "status": {{scan.status}},
           "substatus": {"code": {{scan.detail}}, "text": {{scan.text}}, "action_required": {{scan.action}}},
           "status_details": {{scan.text}}, "status_date": {{scan.at}},
           "location": {"city": {{scan.place?}}, "state": {{scan.region?}}}} {{/history}}]}})";

// What Shippo's own client refuses and integrations report: null for what is not known, an object_updated that was
// never set, readings without a zone, places of empty text.
constexpr std::string_view wired_body =
    R"({"event": "track_updated", "test": false, "data": {"carrier": {{carrier.slug}},
        "tracking_number": {{tracking_number}}, "eta": {{eta|midnight_z}},
        "original_eta": {{eta.first|midnight_z}}, "servicelevel": {"token": {{service}}, "name": {{service}}},
        "metadata": "Peakstorm",
        "address_from": null, "address_to": null, "messages": [], "transaction": null,
        "tracking_status": {"object_id": {{scan.id}}, "object_created": {{scan.reported}},
          "object_updated": null, "status": {{status.status}},
          "substatus": {"code": {{status.detail}}, "text": {{status.text}}, "action_required": {{status.action}}},
          "status_details": {{status.text}}, "status_date": {{last.at|naive_utc}},
          "location": {"city": "{{last.place}}", "state": "{{last.region}}", "zip": "", "country": ""}},
        "tracking_history": [{{#history}}
          {"object_id": {{scan.id}}, "object_created": {{scan.reported}}, "object_updated": null,
           "status": {{scan.status}}, "substatus": null, "status_details": {{scan.text}},
           "status_date": {{scan.at|naive_utc}},
           "location": {"city": "{{scan.place}}", "state": "{{scan.region}}", "zip": "", "country": ""}}
           {{/history}}]}})";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  words[0] = {"UNKNOWN", "other", "", std::nullopt};
  const auto put = [&](K kind, std::string_view status, std::string_view code, std::optional<K> shown) {
    words[index(kind)] = {status, code, "", shown};
  };
  put(K::label_created, "PRE_TRANSIT", "information_received", K::label_created);
  put(K::accepted, "TRANSIT", "package_accepted", K::accepted);
  put(K::departed, "TRANSIT", "package_departed", K::departed);
  put(K::arrived, "TRANSIT", "package_arrived", K::arrived);
  put(K::processed, "TRANSIT", "package_processed", K::processed);
  put(K::customs_in, "TRANSIT", "package_processing", K::processed);
  put(K::customs_held, "TRANSIT", "package_held", K::held);
  put(K::customs_cleared, "TRANSIT", "package_processed", K::processed);
  put(K::out_for_delivery, "TRANSIT", "out_for_delivery", K::out_for_delivery);
  put(K::attempted, "TRANSIT", "delivery_attempted", K::attempted);
  put(K::ready_pickup, "TRANSIT", "pickup_available", K::ready_pickup);
  put(K::delivered, "DELIVERED", "delivered", K::delivered);
  put(K::delay_weather, "TRANSIT", "delayed", K::delay_other);
  put(K::delay_other, "TRANSIT", "delayed", K::delay_other);
  put(K::held, "TRANSIT", "package_held", K::held);
  put(K::misrouted, "TRANSIT", "address_issue", K::misrouted);
  put(K::damaged, "TRANSIT", "package_damaged", K::damaged);
  put(K::lost, "FAILURE", "package_lost", K::lost);
  put(K::returning, "RETURNED", "return_to_sender", K::returning);
  put(K::returned, "RETURNED", "return_to_sender", K::returning);
  put(K::cancelled, "UNKNOWN", "other", std::nullopt);
  put(K::retracted, "TRANSIT", "package_processing", K::processed);
  words[index(K::eta_changed)] = {"", "", "", std::nullopt};
  return words;
}

}  // namespace

std::vector<Profile> shippo_profiles() {
  using namespace std::chrono_literals;
  Profile strict{.name = "shippo", .headers = "Content-Type: application/json\n", .body = std::string(strict_body)};
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::hmac_sha256,
                          .header = "Shippo-Auth-Signature",
                          .before = "t={t},v1=",
                          .canonical = "{t}.{body}"};
  strict.limits.patience = 3s;
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "shippo/as-wired";
  wired.body = wired_body;
  return {strict, wired};
}

}  // namespace peakstorm::wire
