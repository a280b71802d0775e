// AfterShip: the parcel with all its checkpoints at each update; nine tags, so much is lost.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view body =
    R"({"ts": {{scan.reported|unix}}, "event": "{{scan.code}}", "event_id": {{scan.id|uuid}},
        "is_tracking_first_tag": {{status.is_new}}, "msg": {"id": {{key}}, "tracking_number": {{tracking_number}},
          "title": {{tracking_number}}, "slug": {{carrier.slug}}, "tag": {{status.status}},
          "subtag": {{status.detail}}, "subtag_message": {{status.text}}, "active": true,
          "created_at": {{ordered|local_s}}, "updated_at": {{scan.reported|local_s}},
          "expected_delivery": {{eta}}, "checkpoints": [{{#history}}
            {"slug": {{carrier.slug}}, "created_at": {{scan.reported|local_s}}, "checkpoint_time": {{scan.at|@time@}},
             "city": @city@, "state": @state@, "zip": null, "country_region": null, "message": {{scan.text}},
             "tag": {{scan.status}}, "subtag": {{scan.detail}}, "raw_tag": {{scan.kind}}} {{/history}}]}})";

constexpr const char* update = "tracking_update";

Vocabulary vocabulary() {
  using K = ScanKind;
  Vocabulary words;
  const auto put = [&](K kind, std::string_view tag, std::string_view subtag, std::optional<K> shown) {
    words[index(kind)] = {tag, subtag, update, shown};
  };
  words[0] = {"Pending", "Pending_001", update, std::nullopt};
  put(K::label_created, "InfoReceived", "InfoReceived_001", K::label_created);
  for (const K kind :
       {K::accepted, K::departed, K::arrived, K::processed, K::customs_in, K::customs_cleared, K::retracted}) {
    put(kind, "InTransit", "InTransit_001", K::processed);
  }
  put(K::out_for_delivery, "OutForDelivery", "OutForDelivery_001", K::out_for_delivery);
  put(K::attempted, "AttemptFail", "AttemptFail_001", K::attempted);
  put(K::ready_pickup, "AvailableForPickup", "AvailableForPickup_001", K::ready_pickup);
  put(K::delivered, "Delivered", "Delivered_001", K::delivered);
  for (const K kind : {K::customs_held, K::delay_weather, K::delay_other, K::held, K::misrouted, K::damaged, K::lost,
                       K::returning, K::returned, K::cancelled}) {
    put(kind, "Exception", "Exception_001", K::delay_other);
  }
  words[index(K::eta_changed)] = {"", "", "edd_revise", std::nullopt};
  return words;
}

}  // namespace

std::vector<Profile> aftership_profiles() {
  using namespace std::chrono_literals;
  Profile strict{.name = "aftership", .headers = "Content-Type: application/json\n"};
  strict.body = filled(body, {{"time", "local_s"}, {"city", "{{scan.place}}"}, {"state", "{{scan.region}}"}});
  strict.signatures[0] = {.algorithm = SignatureRule::Algorithm::hmac_sha256,
                          .header = "aftership-hmac-sha256",
                          .encoding = SignatureRule::Encoding::base64};
  strict.retries = {.documented = true,
                    .attempts_max = 15,
                    .first = 30s,
                    .growth = 2,
                    .repeats = RetryPolicy::Repeats::all_not_success};
  strict.words = vocabulary();
  Profile wired = strict;
  wired.name = "aftership/as-wired";
  // The carrier's own reading, without a zone; empty text where there is no place.
  wired.body = filled(body, {{"time", "naive"}, {"city", R"("{{scan.place}}")"}, {"state", R"("{{scan.region}}")"}});
  return {strict, wired};
}

}  // namespace peakstorm::wire
