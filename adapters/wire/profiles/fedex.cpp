// FedEx Advanced Integrated Visibility: results in the shape of the Track API, signed over the body. Only 200 and 202
// count as taken.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view body = R"({"output": {"completeTrackResults": [@result@]}})";

// One parcel, as pushed and as polled.
constexpr std::string_view result =
    R"({"trackingNumber": {{tracking_number}}, "trackResults": [
         {"trackingNumberInfo": {"trackingNumber": {{tracking_number}}, "trackingNumberUniqueId": {{key}},
            "carrierCode": "FDXE"},
          "latestStatusDetail": {"code": {{status.status}}, "derivedCode": {{status.detail}},
            "statusByLocale": {{status.text}}, "description": {{status.text}},
            "scanLocation": {"city": @q@{{last.place}}@q@, "stateOrProvinceCode": @q@{{last.state}}@q@}},
          "dateAndTimes": [{"type": "SHIP", "dateTime": {{ordered|@time@}}},
            {"type": "ESTIMATED_DELIVERY", "dateTime": @q@{{eta|midnight_z}}@q@},
            {"type": "ACTUAL_DELIVERY", "dateTime": @q@{{delivered_at|@time@}}@q@}],
          "scanEvents": [@events@]}]})";

constexpr std::string_view events =
    R"({{#history|newest_first}}
            {"date": {{scan.at|local_s}}, "eventType": {{scan.status}}, "eventDescription": {{scan.text}},
             "exceptionCode": @q@{{scan.code}}@q@, "exceptionDescription": "",
             "scanLocation": {"city": @q@{{scan.place}}@q@, "stateOrProvinceCode": @q@{{scan.state}}@q@},
             "derivedStatus": {{scan.text}}, "derivedStatusCode": {{scan.detail}}} {{/history}})";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  words[0] = {"IN", "IN", "", std::nullopt};
  const auto put = [&](K kind, std::string_view event, std::string_view derived, std::optional<K> shown) {
    words[index(kind)] = {event, derived, "", shown};
  };
  put(K::label_created, "OC", "OC", K::label_created);
  put(K::accepted, "PU", "PU", K::accepted);
  put(K::departed, "DP", "IT", K::departed);
  put(K::arrived, "AR", "IT", K::arrived);
  put(K::processed, "IT", "IT", K::processed);
  put(K::customs_in, "CP", "IT", K::customs_in);
  put(K::customs_held, "CD", "DE", K::customs_held);
  put(K::customs_cleared, "CC", "IT", K::customs_cleared);
  put(K::out_for_delivery, "OD", "IT", K::out_for_delivery);
  put(K::attempted, "DE", "DE", K::attempted);
  put(K::ready_pickup, "HP", "HP", K::ready_pickup);
  put(K::delivered, "DL", "DL", K::delivered);
  put(K::delay_weather, "DY", "DY", K::delay_other);
  put(K::delay_other, "DY", "DY", K::delay_other);
  put(K::held, "HL", "HL", K::held);
  put(K::misrouted, "CH", "IT", K::misrouted);
  put(K::damaged, "SE", "SE", K::delay_other);
  put(K::lost, "SE", "SE", K::delay_other);
  put(K::returning, "RS", "RS", K::returning);
  put(K::returned, "RS", "DL", K::returned);
  put(K::cancelled, "CA", "CA", K::cancelled);
  put(K::retracted, "IT", "IT", K::processed);
  words[index(K::eta_changed)] = {"", "", "", std::nullopt};
  return words;
}

std::string result_with(std::string_view time, std::string_view quote, bool detailed) {
  return filled(result, {{"time", time}, {"q", quote}, {"events", detailed ? filled(events, {{"q", quote}}) : ""}});
}

}  // namespace

std::string fedex_track_result(bool detailed) {
  return result_with("local_s", "\"", detailed);
}

std::vector<Profile> fedex_profiles() {
  using namespace std::chrono_literals;
  Profile strict{.name = "fedex-aiv", .headers = "Content-Type: application/json\n"};
  strict.body = filled(body, {{"result", fedex_track_result(true)}});
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::hmac_sha256,
                          .header = "fdx-signature",
                          .encoding = SignatureRule::Encoding::base64};
  strict.success = {200, 202};
  strict.retries = {
      .documented = true, .attempts_max = 4, .first = 5min, .repeats = RetryPolicy::Repeats::all_not_success};
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "fedex-aiv/as-wired";
  // Dates beside the scans without a zone, as in the specification's own example, and null for what is not known.
  wired.body = filled(body, {{"result", result_with("naive", "", true)}});
  return {strict, wired};
}

}  // namespace peakstorm::wire
