// CloudEvents 1.0 over HTTP: one event per scan; structured (one JSON document), binary (attributes as headers, the
// data as body) or batched (an array of events). `source` + `id` is the receiver's key for duplicates. The standard
// has no signature; with a secret, messages carry the one of EasyPost.
#include "adapters/wire/profile.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::string_view data =
    R"({"tracking_number": {{tracking_number}}, "carrier": {{carrier}}, "kind": {{scan.kind}},
        "sequence": {{scan.sequence}}, "occurred_at": {{scan.at|@time@}}, "reported_at": {{scan.reported}},
        "place": {{scan.place}}, "region": {{scan.region}}, "eta_date": {{scan.eta}}, "weight_g": {{weight_g}}})";

constexpr std::string_view event =
    R"({"specversion": "1.0", "id": {{scan.id}}, "source": "/carriers/{{carrier|url}}",
        "type": "peakstorm.scan.{{scan.kind}}", "subject": {{tracking_number}}, "time": {{scan.at|@time@}},
        "datacontenttype": "application/json", "data": @data@})";

constexpr std::string_view attributes =
    "Content-Type: application/json; charset=utf-8\nce-specversion: 1.0\nce-id: {{scan.id}}\n"
    "ce-source: /carriers/{{carrier}}\nce-type: peakstorm.scan.{{scan.kind}}\nce-subject: {{tracking_number}}\n"
    "ce-time: {{scan.at|@time@}}\n";

Vocabulary vocabulary() {
  Vocabulary words;
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    words[i] = {scan_kind_names[i], "", "", static_cast<ScanKind>(i)};
  }
  return words;
}

Profile profile(std::string_view name, std::string headers, std::string body) {
  Profile p{.name = name, .path = "/webhooks/cloudevents", .headers = std::move(headers), .body = std::move(body)};
  p.needs_secret = false;
  p.signatures[0] = {
      .algorithm = SignatureRule::Algorithm::hmac_sha256, .header = "X-Hmac-Signature", .before = "hmac-sha256-hex="};
  p.words = vocabulary();
  return p;
}

}  // namespace

std::vector<Profile> cloudevents_profiles() {
  std::vector<Profile> all;
  // As wired: a character set in capitals, and readings without a zone, which a receiver takes for its own.
  for (const bool wired : {false, true}) {
    const std::string_view time = wired ? "naive" : "local";
    const std::string_view charset = wired ? "; charset=UTF-8\n" : "; charset=utf-8\n";
    const std::string binary = filled(data, {{"time", time}});
    const std::string structured = filled(event, {{"time", time}, {"data", binary}});
    const std::string type = "Content-Type: application/cloudevents";
    all.push_back(
        profile(wired ? "cloudevents/as-wired" : "cloudevents", type + "+json" + std::string(charset), structured));
    all.push_back(profile(wired ? "cloudevents-binary/as-wired" : "cloudevents-binary",
                          filled(attributes, {{"time", time}}), binary));
    all.push_back(profile(wired ? "cloudevents-batch/as-wired" : "cloudevents-batch",
                          type + "-batch+json" + std::string(charset), "[" + structured + "]"));
    all.back().limits.batch_max = 100;  // Ours; the standard leaves it to the two sides.
  }
  return all;
}

}  // namespace peakstorm::wire
