// UPS Track Alert: one scan per message, no id, no history, no signature; a token proves the sender.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr const char* headers = "Content-Type: application/json\nUser-Agent: UPSPubSubTrackingService\n";

constexpr std::string_view body =
    R"({"trackingNumber": {{tracking_number}}, "localActivityDate": {{scan.at|yyyymmdd}},
        "localActivityTime": {{scan.at|hhmmss}}, "gmtActivityDate": {{scan.at|utc_yyyymmdd}},
        "gmtActivityTime": {{scan.at|utc_hhmmss}}, "gmtOffset": {{scan.at|offset_dot}}, @rest@})";

constexpr std::string_view strict_rest =
    R"("activityLocation": {"city": {{scan.place?}}, "stateProvince": {{scan.state?}}},
       "activityStatus": {"type": {{scan.status}}, "code": {{scan.detail}}, "description": {{scan.text}}},
       "scheduledDeliveryDate": {{scan.eta|yyyymmdd?}},
       "actualDeliveryDate": {{scan.delivered_at|yyyymmdd?}}, "actualDeliveryTime": {{scan.delivered_at|hhmmss?}})";

// Empty text for whatever is not known, which the published schema refuses.
constexpr std::string_view wired_rest =
    R"("activityLocation": {"city": "{{scan.place}}", "stateProvince": "{{scan.state}}", "postalCode": "",
         "country": ""},
       "activityStatus": {"type": {{scan.status}}, "code": {{scan.detail}}, "description": {{scan.text}},
         "descriptionCode": "{{scan.code}}"},
       "scheduledDeliveryDate": "{{scan.eta|yyyymmdd}}", "actualDeliveryDate": "{{scan.delivered_at|yyyymmdd}}",
       "actualDeliveryTime": "{{scan.delivered_at|hhmmss}}", "deliveryStartTime": "", "deliveryEndTime": "",
       "deliveryTimeDescription": "", "deliveryPhoto": "", "receivedBy": "")";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  const auto put = [&](K kind, std::string_view type, std::string_view code, std::string_view number, K shown) {
    words[index(kind)] = {type, code, number, shown};
  };
  put(K::label_created, "M", "MP", "003", K::label_created);
  put(K::accepted, "I", "OR", "038", K::accepted);
  put(K::departed, "I", "DP", "", K::departed);
  put(K::arrived, "I", "AR", "", K::arrived);
  put(K::processed, "I", "LC", "", K::processed);
  put(K::customs_in, "I", "EP", "012", K::customs_in);
  put(K::customs_held, "X", "5", "058", K::customs_held);
  put(K::customs_cleared, "I", "014", "014", K::customs_cleared);
  put(K::out_for_delivery, "I", "OT", "021", K::out_for_delivery);
  put(K::attempted, "X", "48", "022", K::attempted);
  put(K::ready_pickup, "D", "2Q", "040", K::ready_pickup);
  put(K::delivered, "D", "FS", "011", K::delivered);
  put(K::delay_weather, "X", "7W", "032", K::delay_weather);
  put(K::delay_other, "X", "16", "046", K::delay_other);
  put(K::held, "X", "083", "083", K::held);
  put(K::misrouted, "X", "6", "050", K::misrouted);
  put(K::damaged, "X", "45", "059", K::damaged);
  put(K::lost, "X", "S9", "068", K::lost);
  put(K::returning, "X", "DL", "035", K::returning);
  put(K::returned, "X", "034", "034", K::returned);
  put(K::cancelled, "MV", "VP", "007", K::cancelled);
  put(K::eta_changed, "U", "UP", "154", K::eta_changed);
  put(K::retracted, "I", "LC", "", K::processed);
  return words;
}

}  // namespace

std::vector<Profile> ups_profiles() {
  Profile strict{.name = "ups-track-alert", .headers = headers, .body = filled(body, {{"rest", strict_rest}})};
  strict.needs_secret = false;
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::token, .header = "Authorization", .before = "Bearer "};
  strict.success = {200};
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "ups-track-alert/as-wired";
  wired.body = filled(body, {{"rest", wired_rest}});
  return {strict, wired};
}

}  // namespace peakstorm::wire
