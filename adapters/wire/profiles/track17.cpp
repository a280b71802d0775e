// 17TRACK: the parcel with all its events; the sign is a plain SHA-256 over body and key.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

// The numbers by which 17TRACK knows carriers.
constexpr std::array<CarrierName, 4> carriers{
    {{"ups", "UPS", 100'002}, {"fedex", "FedEx", 100'003}, {"usps", "USPS", 21'051}, {"dhl", "DHL Express", 100'001}}};

constexpr std::string_view body =
    R"({"event": "TRACKING_UPDATED", "data": {"number": {{tracking_number}}, "carrier": {{carrier.number}},
        "param": null, "tag": "", "track_info": {
          "latest_status": {"status": {{status.status}}, "sub_status": {{status.detail}}, "sub_status_descr": null},
          "latest_event": {"time_iso": {{last.at|@iso@}}, "time_utc": @last_utc@,
            "time_raw": {"date": {{last.at|date}}, "time": {{last.at|time}}, "timezone": @last_zone@},
            "description": {{status.text}}, "location": {{last.place}}, "stage": {{status.status}},
            "sub_status": {{status.detail}}},
          "tracking": {"providers": [{"provider": {"key": {{carrier.number}}, "name": {{carrier}}}, "events": [
            {{#history|newest_first}}
              {"time_iso": {{scan.at|@iso@}}, "time_utc": @utc@,
               "time_raw": {"date": {{scan.at|date}}, "time": {{scan.at|time}}, "timezone": @zone@},
               "description": {{scan.text}}, "location": {{scan.place}}, "stage": {{scan.status}},
               "sub_status": {{scan.detail}}} {{/history}}]}]}}}})";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  words[0] = {"NotFound", "NotFound_Other", "", std::nullopt};
  const auto put = [&](K kind, std::string_view status, std::string_view sub_status, K shown) {
    words[index(kind)] = {status, sub_status, "", shown};
  };
  put(K::label_created, "InfoReceived", "InfoReceived", K::label_created);
  put(K::accepted, "InTransit", "InTransit_PickedUp", K::accepted);
  put(K::departed, "InTransit", "InTransit_Departure", K::departed);
  put(K::arrived, "InTransit", "InTransit_Arrival", K::arrived);
  put(K::processed, "InTransit", "InTransit_Other", K::processed);
  put(K::customs_in, "InTransit", "InTransit_CustomsProcessing", K::customs_in);
  put(K::customs_held, "InTransit", "InTransit_CustomsRequiringInformation", K::customs_held);
  put(K::customs_cleared, "InTransit", "InTransit_CustomsReleased", K::customs_cleared);
  put(K::out_for_delivery, "OutForDelivery", "OutForDelivery_Other", K::out_for_delivery);
  put(K::attempted, "DeliveryFailure", "DeliveryFailure_Other", K::attempted);
  put(K::ready_pickup, "AvailableForPickup", "AvailableForPickup_Other", K::ready_pickup);
  put(K::delivered, "Delivered", "Delivered_Other", K::delivered);
  put(K::delay_weather, "Exception", "Exception_Delayed", K::delay_other);
  put(K::delay_other, "Exception", "Exception_Delayed", K::delay_other);
  put(K::held, "Exception", "Exception_Other", K::held);
  put(K::misrouted, "Exception", "Exception_Other", K::held);
  put(K::damaged, "Exception", "Exception_Damage", K::damaged);
  put(K::lost, "Exception", "Exception_Lost", K::lost);
  put(K::returning, "Exception", "Exception_Returning", K::returning);
  put(K::returned, "Exception", "Exception_Returned", K::returned);
  put(K::cancelled, "Exception", "Exception_Cancel", K::cancelled);
  put(K::retracted, "InTransit", "InTransit_Other", K::processed);
  words[index(K::eta_changed)] = {"", "", "", std::nullopt};
  return words;
}

}  // namespace

std::vector<Profile> track17_profiles() {
  Profile strict{.name = "17track", .headers = "Content-Type: application/json\n"};
  strict.body = filled(body, {{"iso", "local_s"},
                              {"utc", "{{scan.at|rfc3339_s}}"},
                              {"zone", "{{scan.at|offset}}"},
                              {"last_utc", "{{last.at|rfc3339_s}}"},
                              {"last_zone", "{{last.at|offset}}"}});
  strict.signatures[0] = {
      .algorithm = SignatureRule::Algorithm::sha256_with_key, .header = "sign", .canonical = "{body}/{key}"};
  strict.words = vocabulary();
  strict.carriers = carriers;
  Profile wired = strict;
  wired.name = "17track/as-wired";
  // Carriers that give no zone: the reading stands alone.
  wired.body =
      filled(body, {{"iso", "naive"}, {"utc", "null"}, {"zone", "null"}, {"last_utc", "null"}, {"last_zone", "null"}});
  return {strict, wired};
}

}  // namespace peakstorm::wire
